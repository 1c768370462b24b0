// SPDX-License-Identifier: BSD-2-Clause
// Bytes that somebody else chose, as text: nothing in it can act, and nothing is hidden.

const strict = new TextDecoder('utf-8', { fatal: true });
const latin = new TextDecoder('latin1');

// Controls, line separators, what reorders a line, what takes no room.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const NAMES = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const hex = (n, digits) => n.toString(16).padStart(digits, '0');

// hasLines: a newline stays one, where the place is made for it.
function escapeUnseen(s, hasLines) {
	return s.replace(UNSEEN, (c) => (hasLines && c === '\n') ? c : NAMES[c] ?? (c < '\u0100' ? `\\x${hex(c.charCodeAt(0), 2)}` : `\\u${hex(c.charCodeAt(0), 4)}`));
}

// Length of the valid UTF-8 character at i, or 0.
function characterLength(b, i) {
	const c = b[i];
	const n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
	if (!n || i + n > b.length) return 0;
	for (let k = 1; k < n; k++) if (b[i + k] >> 6 !== 2) return 0;
	const d = b[i + 1];
	if ((c === 0xe0 && d < 0xa0) || (c === 0xed && d > 0x9f) || (c === 0xf0 && d < 0x90) || (c === 0xf4 && d > 0x8f)) return 0;
	return n;
}

export function isPlain(b) {
	for (let i = 0; i < b.length; i++) if (b[i] < 0x20 || b[i] > 0x7e) return false;
	return true;
}

// What people see of these bytes; invalid ones as \xff.
export function show(b, hasLines = false) {
	if (isPlain(b)) return latin.decode(b);
	try {
		return escapeUnseen(strict.decode(b), hasLines);
	} catch {
		let out = '';
		for (let i = 0; i < b.length; ) {
			const n = characterLength(b, i);
			out += n ? escapeUnseen(strict.decode(b.subarray(i, i + n)), hasLines) : `\\x${hex(b[i], 2)}`;
			i += n || 1;
		}
		return out;
	}
}

// A word for bash, exact to the byte whatever it holds.
export function shellWord(b, hasLines = false) {
	if (isPlain(b)) {
		const s = latin.decode(b);
		if (/^[\w@%+=:,./-]+$/.test(s)) return s;
		return `'${s.replaceAll("'", "'\\''")}'`;
	}
	let out = "$'";
	for (let i = 0; i < b.length; ) {
		const n = characterLength(b, i);
		if (n > 1) {
			const c = strict.decode(b.subarray(i, i + n));
			out += c.search(UNSEEN) < 0 ? c : [...b.subarray(i, i + n)].map((x) => `\\x${hex(x, 2)}`).join('');
		} else if (b[i] === 0x27 || b[i] === 0x5c) {
			out += `\\${String.fromCharCode(b[i])}`;
		} else if (b[i] < 0x20 || b[i] > 0x7e) {
			out += hasLines && b[i] === 10 ? '\n' : NAMES[String.fromCharCode(b[i])] ?? `\\x${hex(b[i], 2)}`;
		} else {
			out += String.fromCharCode(b[i]);
		}
		i += n || 1;
	}
	return `${out}'`;
}

// The same for people: newlines within quotes are lines.
export function shellLines(b) {
	const text = isPlain(b.filter((c) => c !== 10)) && b.includes(10) ? latin.decode(b) : null;
	return text === null ? shellWord(b, true) : `'${text.replaceAll("'", "'\\''")}'`;
}

// A block of NUL-terminated strings as a list of byte arrays.
export function splitVector(b) {
	const list = [];
	for (let from = 0; from < b.length; ) {
		let to = b.indexOf(0, from);
		if (to < 0) to = b.length;
		list.push(b.subarray(from, to));
		from = to + 1;
	}
	return list;
}

const SOURCE = /^[^\s-]\S*\.(asm|c|cc|cpp|cu|cxx|erl|f|f90|go|hs|i|ii|java|jl|js|kt|l|lua|m|md|mjs|ml|mm|nim|php|pl|proto|py|rb|rs|s|scala|sh|swift|tex|ts|tsx|v|vala|y|zig)$/i;
const TEMPORARY = /^\/tmp\/cc\w{6}\./; // the compiler's own
const AHEAD = 24; // bytes of arguments: what stands there is seen anyway

// The source, else what is made (-o), of a command line that begins with options; '' if that is
// near its front or there is none. trace/report/subject.c does the same.
export function subjectOf(words) {
	let made = '';
	let ahead = 0; // bytes before this word
	for (let k = 1; k < words.length; k++) {
		const word = words[k].length <= 256 && isPlain(words[k]) ? latin.decode(words[k]) : '';
		const isSource = SOURCE.test(word) && !TEMPORARY.test(word);
		const isMade = !made && k > 1 && /^[^\s-]\S*$/.test(word) && !TEMPORARY.test(word) && latin.decode(words[k - 1]) === '-o';
		if (isSource || isMade) {
			if (ahead < AHEAD) return '';
			if (isSource) return word;
			made = word;
		}
		ahead += words[k].length + 1;
	}
	return made;
}

// A vector on one line, at most about `most` characters of it.
export function showCommand(b, most = 400, hasLines = false) {
	const cut = b.length > most * 2 ? b.subarray(0, most * 2) : b;
	const words = splitVector(cut).map((w) => (w.length ? show(w, hasLines) : "''"));
	const line = words.join(' ');
	return line.length > most || cut !== b ? `${line.slice(0, most)}…` : line;
}
