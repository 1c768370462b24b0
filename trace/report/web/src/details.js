// SPDX-License-Identifier: BSD-2-Clause
// All that the recording knows of one process, at the side of the page.

import { errnoName, FLAG } from './data.js';
import { $, el } from './dom.js';
import { basename, bytes, count, duration, moment, percent, plural } from './format.js';
import { shellWord, show, splitVector } from './text.js';

const LONG = 1500; // characters of one argument shown before one asks for more

export class Details {
	constructor(trace, palette, { onSelect, onClose, onShow }) {
		Object.assign(this, { trace, palette, onSelect, onClose, onShow });
		this.panel = $('details');
		this.shown = -1;
		$('details-close').addEventListener('click', () => this.close());
		this.panel.addEventListener('keydown', (e) => e.key === 'Escape' && this.close());
	}

	close() {
		if (this.panel.hidden) return;
		this.panel.hidden = true;
		document.body.classList.remove('with-details');
		const back = this.opener;
		this.shown = -1;
		this.onClose();
		back?.focus?.({ preventScroll: true });
	}

	show(i) {
		const { trace } = this;
		if (this.panel.hidden) this.opener = document.activeElement;
		this.shown = i;
		const name = basename(trace.program(i) || trace.strings.text(trace.c.comm[i]));
		$('details-title').replaceChildren(el('span', { class: 'swatch', style: { background: this.palette.colour(i) } }), name);
		$('details-status').replaceChildren(...this.#status(i));
		$('details-body').replaceChildren(
			this.#actions(i), this.#command(i), this.#time(i), this.#cost(i), this.#who(i), this.#images(i), this.#env(i), this.#family(i),
		);
		this.panel.hidden = false;
		document.body.classList.add('with-details');
		this.panel.scrollTop = 0;
	}

	#status(i) {
		const { trace } = this;
		const { c } = trace;
		if (!trace.has(i, FLAG.ENDED)) return [el('span', { class: 'badge' }, 'still running at the end')];
		if (!trace.has(i, FLAG.HAS_STATUS)) return [el('span', { class: 'badge' }, 'exit not known')];
		if (!c.signal[i]) return [el('span', { class: `badge ${c.exit[i] ? 'bad' : 'good'}` }, `exit ${c.exit[i] | 0}`)];
		const by = trace.has(i, FLAG.OOM) ? 'out of memory' : !trace.has(i, FLAG.HAS_KILLER) ? '' : c.killer[i]
			? `sent by ${trace.strings.text(c.killer_comm[i]) || 'a process'} (${c.killer[i]})` : 'sent by the kernel';
		return [el('span', { class: 'badge bad' }, trace.exit(i), trace.has(i, FLAG.CORE) && ', core dumped'), by && el('span', { class: 'quiet' }, by)].filter(Boolean);
	}

	#actions(i) {
		const buttons = [];
		if (this.trace.isRun(i)) buttons.push(el('button', { type: 'button', onclick: () => this.onShow(i, 'timeline') }, 'Show in timeline'));
		buttons.push(el('button', { type: 'button', onclick: () => this.onShow(i, 'tree') }, 'Show in tree'));
		return el('div', { class: 'actions' }, buttons);
	}

	#section(title, ...children) {
		return el('section', {}, el('h3', {}, title), ...children);
	}

	#facts(rows) {
		const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false);
		return el('dl', { class: 'facts' }, known.map(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]));
	}

	#vector(words, isNumbered) {
		return el('ol', { class: isNumbered ? 'words' : 'words plain' }, words.map((w) => {
			const text = show(w, true);
			if (text.length <= LONG) return el('li', {}, text || el('i', { class: 'quiet' }, 'empty'));
			const item = el('li', {}, text.slice(0, LONG), '… ');
			item.append(el('button', { type: 'button', class: 'link', onclick: () => item.replaceChildren(text) }, `all ${count(w.length)} bytes`));
			return item;
		}));
	}

	#copy(text) {
		const button = el('button', { type: 'button', class: 'copy' }, 'Copy as shell command');
		button.addEventListener('click', async () => {
			button.textContent = (await copyText(text)) ? 'Copied' : 'Press Ctrl-C to copy';
			setTimeout(() => (button.textContent = 'Copy as shell command'), 1800);
		});
		return button;
	}

	#command(i) {
		const { trace } = this;
		const image = trace.image[i];
		if (image < 0) return this.#section('Command', el('p', { class: 'quiet' }, trace.has(i, FLAG.FORK_ONLY) ? 'A fork that never ran a program of its own.' : 'Not in the recording.'));
		const block = trace.strings.bytes(trace.c.exec_argv[image]);
		const words = splitVector(block);
		const shell = words.map(shellWord).join(' ');
		const whole = trace.c.exec_argv_bytes[image];
		return this.#section('Command',
			this.#vector(words, true),
			whole > block.length && el('p', { class: 'quiet' }, `The recording has the first ${bytes(block.length)} of ${bytes(whole)}.`),
			words.length > 0 && this.#copy(shell),
			this.#facts([
				['Program', trace.program(i)],
				['Interpreter', trace.strings.text(trace.c.exec_interpreter[image])],
				['Working directory', trace.strings.text(trace.c.exec_cwd[image])],
			]));
	}

	#time(i) {
		const { trace } = this;
		const { c } = trace;
		const on = this.#onPath(i);
		const wall = trace.analysis.totals.wall_ns;
		return this.#section('Time', this.#facts([
			['Started', trace.isRun(i) ? this.#moment(c.start[i]) : 'before the recording'],
			['Ended', trace.has(i, FLAG.ENDED) ? this.#moment(trace.end[i]) : 'still running at the end'],
			['Wall', `${duration(c.wall[i])} (${percent(c.wall[i], wall)} of the run)`],
			['Own', trace.childFirst[i + 1] > trace.childFirst[i] && `${duration(c.own[i])} without a living child`],
			['CPU', trace.has(i, FLAG.HAS_CPU) && `${duration(trace.cpu(i))} (${duration(c.utime[i])} user, ${duration(c.stime[i])} system)`],
			['On the critical path', on > 0 && `${duration(on)} (${percent(on, wall)})`],
		]));
	}

	// Relative to the start of the report, and by the clock.
	#moment(ns) {
		const clock = this.trace.clock.whole(ns);
		return el('span', {}, moment(ns, 1e5), clock && el('span', { class: 'quiet clock' }, ` ${clock}`));
	}

	#onPath(i) {
		const { seg_process: of, seg_from: from, seg_to: to } = this.trace.c;
		let sum = 0;
		for (let k = 0; k < of.length; k++) if (of[k] === i + 1) sum += to[k] - from[k];
		return sum;
	}

	#cost(i) {
		const { trace } = this;
		const { c } = trace;
		const has = (flag) => trace.has(i, flag);
		const below = c.sub_count[i] > 1;
		return this.#section('Cost', this.#facts([
			['Largest memory', has(FLAG.HAS_RSS) && bytes(c.rss[i])],
			['Read', has(FLAG.HAS_IO) && bytes(c.read[i])],
			['Written', has(FLAG.HAS_IO) && bytes(c.write[i])],
			['Page faults', has(FLAG.HAS_CPU) && `${count(c.minflt[i])} minor, ${count(c.majflt[i])} major`],
			['Context switches', has(FLAG.HAS_CPU) && `${count(c.vcsw[i])} voluntary, ${count(c.ivcsw[i])} involuntary`],
			['With all below it', below && `${plural(c.sub_count[i], 'process', 'processes')}, ${duration(c.sub_cpu[i])} CPU`],
		]));
	}

	#who(i) {
		const { trace } = this;
		const { c } = trace;
		const x = trace.context(i);
		const same = x.uid === x.euid && x.gid === x.egid;
		const unset = 0xffffffff;
		const named = (number, name) => (name ? `${name} (${number})` : String(number));
		const user = named(x.uid, x.user), group = named(x.gid, x.group);
		return this.#section('Identity', this.#facts([
			['Pid', el('span', {}, String(c.pid[i]), c.sid[i] ? el('span', { class: 'quiet' }, ` session ${c.sid[i]}, group ${c.pgid[i]}`) : null)],
			['Id', el('code', {}, trace.id(i))],
			['User', x.uid === null ? null : same ? `${user}, group ${group}`
				: `${user} as ${named(x.euid, x.euser)}, group ${group} as ${named(x.egid, x.egroup)}`],
			['Login user', x.loginuid === null || x.loginuid === unset ? null : named(x.loginuid, x.login)],
			['Terminal', x.tty],
			['Container', x.container && `${x.container}${x.runtime ? ` (${x.runtime})` : ''}`],
			['Pod', x.pod],
			['Control group', x.cgroup],
			['Namespaces', x.ns && el('span', { class: 'namespaces' }, x.ns.filter(([, n]) => n).map(([name, n]) => el('span', {}, `${name} ${n}`)))],
		]));
	}

	#images(i) {
		const { trace } = this;
		const { c } = trace;
		const from = trace.execFirst[i];
		const to = trace.execFirst[i + 1];
		if (to - from < 2) return null;
		const rows = [];
		for (let k = from; k < Math.min(to, from + 200); k++) {
			const failed = c.exec_error[k];
			const at = c.exec_ts[k] - c.start[i];
			rows.push(el('li', { class: failed ? 'missed' : '' },
				el('span', { class: 'when', title: trace.clock.whole(c.exec_ts[k]) }, c.exec_was_there[k] ? 'from before' : `+${duration(Math.max(0, at))}`),
				el('span', {}, trace.strings.text(c.exec_filename[k]) || trace.strings.text(c.exec_exe[k])),
				failed ? el('span', { class: 'quiet' }, `${errnoName(failed)}${c.exec_repeats[k] ? ` ×${count(c.exec_repeats[k] + 1)}` : ''}`) : null));
		}
		if (to - from > 200) rows.push(el('li', { class: 'quiet' }, `… and ${to - from - 200} more`));
		return this.#section('Images and attempts', el('ol', { class: 'images' }, rows));
	}

	#env(i) {
		const image = this.trace.image[i];
		if (image < 0 || !this.trace.c.exec_env[image]) return null;
		const words = splitVector(this.trace.strings.bytes(this.trace.c.exec_env[image]));
		const body = el('div');
		const fold = el('details', { class: 'env' }, el('summary', {}, `Environment (${words.length})`), body);
		fold.addEventListener('toggle', () => fold.open && !body.firstChild && body.append(this.#vector(words, false)), { once: false });
		return fold;
	}

	#family(i) {
		const { trace } = this;
		const link = (p) => el('button', { type: 'button', class: 'link', onclick: () => this.onSelect(p, 'details') }, trace.command(p, 80));
		const p = trace.parent[i];
		const kids = Array.from(trace.children.subarray(trace.childFirst[i], trace.childFirst[i + 1]));
		const most = kids.length > 5000 ? kids.slice(0, 5000) : kids;
		most.sort((a, b) => trace.c.sub_cpu[b] - trace.c.sub_cpu[a]);
		return this.#section('Family',
			this.#facts([['Parent', p >= 0 ? link(p) : `pid ${trace.c.ppid[i]}, not in the recording`]]),
			kids.length > 0 && el('p', { class: 'quiet' }, kids.length > 8 ? `${plural(kids.length, 'child', 'children')}; those with the most CPU below:` : plural(kids.length, 'child', 'children')),
			kids.length > 0 && el('ul', { class: 'kids' }, most.slice(0, 8).map((k) => el('li', {}, el('span', { class: 'when' }, duration(trace.c.sub_cpu[k])), link(k)))));
	}
}

async function copyText(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		const area = el('textarea', { class: 'offscreen' });
		area.value = text;
		document.body.append(area);
		area.select();
		const isDone = document.execCommand('copy');
		area.remove();
		return isDone;
	}
}
