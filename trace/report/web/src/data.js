// SPDX-License-Identifier: BSD-2-Clause
// Unpacks what report/columns.c packed: typed arrays by name, and strings by number.

import { Clock } from './format.js';
import { show, showCommand, splitVector, subjectOf } from './text.js';

export const FLAG = {
	ENDED: 1, OLDER: 2, HAS_CPU: 4, HAS_RSS: 8, HAS_IO: 16, CORE: 32, OOM: 64,
	HAS_KILLER: 128, SYNTHETIC: 256, HAS_STATUS: 512, FORK_ONLY: 1024, ODD_CLOCK: 2048, OLDER_CPU: 4096,
};

function fromBase64(text) {
	if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
	const binary = atob(text);
	const out = new Uint8Array(binary.length);
	for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
	return out;
}

async function inflate(packed) {
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

function readNarrow(b, count) {
	const out = new Uint32Array(count);
	let at = 0;
	for (let i = 0; i < count; i++) {
		let c = b[at++];
		let value = c & 0x7f;
		for (let shift = 7; c & 0x80; shift += 7) {
			c = b[at++];
			value |= (c & 0x7f) << shift;
		}
		out[i] = value;
	}
	return out;
}

// Values up to 2^53: the low 28 bits by shifts, the rest by multiplication.
function readWide(b, count, isDelta) {
	const out = new Float64Array(count);
	let at = 0;
	let last = 0;
	for (let i = 0; i < count; i++) {
		let c = b[at++];
		let value = c & 0x7f;
		let shift = 7;
		for (; c & 0x80 && shift < 28; shift += 7) {
			c = b[at++];
			value |= (c & 0x7f) << shift;
		}
		for (let scale = 2 ** 28; c & 0x80; scale *= 128) {
			c = b[at++];
			value += (c & 0x7f) * scale;
		}
		if (isDelta) {
			last += value % 2 ? -(value + 1) / 2 : value / 2;
			out[i] = last;
		} else {
			out[i] = value;
		}
	}
	return out;
}

function readColumns(all) {
	const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
	const columns = {};
	let at = 0;
	while (at < all.length) {
		const nameLength = all[at];
		const name = String.fromCharCode(...all.subarray(at + 1, at + 1 + nameLength));
		at += 1 + nameLength;
		const kind = String.fromCharCode(all[at]);
		const count = view.getUint32(at + 1, true);
		const size = view.getUint32(at + 5, true);
		const data = all.subarray(at + 9, at + 9 + size);
		at += 9 + size;
		if (kind === 'b') columns[name] = data;
		else columns[name] = kind === 'u' ? readNarrow(data, count) : readWide(data, count, kind === 'd');
		if (name === 'string_length') break; // the strings' bytes are the rest
	}
	return [columns, all.subarray(at)];
}

class Strings {
	constructor(lengths, data) {
		this.data = data;
		this.from = new Float64Array(lengths.length + 1);
		for (let i = 0; i < lengths.length; i++) this.from[i + 1] = this.from[i] + lengths[i];
		this.count = lengths.length;
		this.cache = new Map();
	}

	bytes(number) {
		return this.data.subarray(this.from[number], this.from[number + 1]);
	}

	text(number) {
		let text = this.cache.get(number);
		if (text === undefined) {
			text = show(this.bytes(number));
			if (text.length < 300) this.cache.set(number, text);
		}
		return text;
	}

	// Which strings hold this text, upper and lower case alike: 1 for each that does.
	search(text) {
		const found = new Uint8Array(this.count);
		const needle = new TextEncoder().encode(text.toLowerCase());
		const fold = new Uint8Array(256);
		for (let i = 0; i < 256; i++) fold[i] = i >= 65 && i <= 90 ? i + 32 : i;
		fold[0] = 32; // between the words of a command
		const { data, from } = this;
		const end = data.length - needle.length;
		const first = needle[0];
		let number = 0;
		for (let i = 0; i <= end; i++) {
			if (fold[data[i]] !== first) continue;
			let k = 1;
			while (k < needle.length && fold[data[i + k]] === needle[k]) k++;
			if (k < needle.length) continue;
			if (i >= from[number + 1]) number = this.#at(i, number);
			if (i + k <= from[number + 1]) {
				found[number] = 1;
				i = Math.max(i, from[number + 1] - 1);
			}
		}
		return found;
	}

	#at(offset, low) {
		let high = this.count;
		while (low + 1 < high) {
			const middle = (low + high) >> 1;
			if (this.from[middle] <= offset) low = middle;
			else high = middle;
		}
		return low;
	}
}

const CONTEXT_WORDS = 23;
const NS_NAMES = ['pid', 'mnt', 'net', 'user', 'uts', 'ipc', 'cgroup'];

export class Trace {
	constructor(analysis, columns, strings) {
		this.analysis = analysis;
		this.c = columns;
		this.strings = strings;
		this.count = columns.start.length;
		this.span = analysis.trace.span_ns;
		this.clock = new Clock(analysis.trace.begin_time);
		this.end = new Float64Array(this.count);
		for (let i = 0; i < this.count; i++) this.end[i] = columns.start[i] + columns.wall[i];
		this.#linkExecs();
		this.#linkChildren();
	}

	// Images and attempts of process i are execs [first[i], first[i + 1]); image[i] is the last.
	#linkExecs() {
		const { exec_process: of, exec_error: error } = this.c;
		this.execFirst = new Uint32Array(this.count + 1);
		this.image = new Int32Array(this.count).fill(-1);
		for (let k = 0; k < of.length; k++) {
			this.execFirst[of[k] + 1]++;
			if (!error[k]) this.image[of[k]] = k;
		}
		for (let i = 0; i < this.count; i++) this.execFirst[i + 1] += this.execFirst[i];
	}

	#linkChildren() {
		const { parent } = this.c;
		this.parent = new Int32Array(this.count);
		this.childFirst = new Uint32Array(this.count + 2);
		this.children = new Uint32Array(this.count);
		for (let i = 0; i < this.count; i++) {
			this.parent[i] = parent[i] - 1;
			if (parent[i]) this.childFirst[parent[i] + 1]++;
		}
		for (let i = 2; i < this.count + 2; i++) this.childFirst[i] += this.childFirst[i - 1];
		for (let i = 0; i < this.count; i++) if (parent[i]) this.children[this.childFirst[parent[i]]++] = i;
	}

	has(i, flag) {
		return (this.c.flags[i] & flag) !== 0;
	}

	isRun(i) {
		return !(this.c.flags[i] & FLAG.OLDER);
	}

	// What it used within the recording is known, though it was there before.
	hasOlderCpu(i) {
		return (this.c.flags[i] & FLAG.OLDER_CPU) !== 0;
	}

	hasFailed(i) {
		return (this.c.flags[i] & FLAG.HAS_STATUS) !== 0 && (this.c.exit[i] | this.c.signal[i]) !== 0;
	}

	cpu(i) {
		return this.c.utime[i] + this.c.stime[i];
	}

	program(i) {
		return this.strings.text(this.c.exe[i]);
	}

	argv(i) {
		return this.image[i] < 0 ? 0 : this.c.exec_argv[this.image[i]];
	}

	// hasLines: newlines in arguments break the line, where there is room for more than one.
	command(i, most, hasLines = false) {
		const argv = this.argv(i);
		if (argv) return showCommand(this.strings.bytes(argv), most, hasLines);
		const name = this.program(i) || this.strings.text(this.c.comm[i]);
		return this.has(i, FLAG.FORK_ONLY) ? `${name.slice(name.lastIndexOf('/') + 1)} (fork)` : name;
	}

	// The command with its program's name only: what tells one from another in little room.
	label(i, most) {
		const text = this.command(i, most);
		const space = text.indexOf(' ');
		const head = space < 0 ? text : text.slice(0, space);
		const name = head.slice(head.lastIndexOf('/') + 1);
		const subject = this.subject(i);
		return subject ? `${name} … ${subject}` : name + (space < 0 ? '' : text.slice(space));
	}

	// The file that a long command line is about, if one has to look for it; or ''.
	subject(i) {
		const argv = this.argv(i);
		return argv ? subjectOf(splitVector(this.strings.bytes(argv).subarray(0, 16384))) : '';
	}

	id(i) {
		return Array.from(this.c.id.subarray(i * 8, i * 8 + 8), (b) => b.toString(16).padStart(2, '0')).join('');
	}

	context(i) {
		const row = this.c.context[i] * CONTEXT_WORDS;
		const w = this.c.contexts.subarray(row, row + CONTEXT_WORDS);
		const text = (k) => this.strings.text(w[13 + k]);
		return {
			uid: w[0] & 1 ? w[1] : null, gid: w[0] & 8 ? w[2] : null,
			euid: w[0] & 16 ? w[3] : null, egid: w[0] & 32 ? w[4] : null,
			loginuid: w[0] & 2 ? w[5] : null,
			ns: w[0] & 4 ? NS_NAMES.map((name, k) => [name, w[6 + k]]) : null,
			tty: text(0), cgroup: text(1), container: text(2), runtime: text(3), pod: text(4),
			user: text(5), group: text(6), euser: text(7), egroup: text(8), login: text(9),
		};
	}

	exit(i) {
		if (!this.has(i, FLAG.ENDED)) return 'running';
		if (!this.has(i, FLAG.HAS_STATUS)) return '?';
		return this.c.signal[i] ? signalName(this.c.signal[i]) : String(this.c.exit[i]);
	}
}

const SIGNALS = ('HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN ' +
	'TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS').split(' ');

export function signalName(number) {
	if (SIGNALS[number - 1]) return `SIG${SIGNALS[number - 1]}`;
	return number >= 34 ? `SIGRTMIN+${number - 34}` : `signal ${number}`;
}

const ERRNOS = {
	1: 'EPERM', 2: 'ENOENT', 5: 'EIO', 7: 'E2BIG', 8: 'ENOEXEC', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES', 14: 'EFAULT',
	20: 'ENOTDIR', 21: 'EISDIR', 22: 'EINVAL', 23: 'ENFILE', 24: 'EMFILE', 26: 'ETXTBSY', 36: 'ENAMETOOLONG', 40: 'ELOOP', 80: 'ELIBBAD',
};

export const errnoName = (number) => ERRNOS[number] ?? `errno ${number}`;

export async function load() {
	const analysis = JSON.parse(document.getElementById('begat-analysis').textContent);
	const holder = document.getElementById('begat-columns');
	const [columns, bytes] = readColumns(await inflate(fromBase64(holder.textContent.trim())));
	holder.remove();
	return new Trace(analysis, columns, new Strings(columns.string_length, bytes));
}
