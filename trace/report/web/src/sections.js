// SPDX-License-Identifier: BSD-2-Clause
// Header, verdict and the tables: what the analysis says, in the order in which one asks.

import { errnoName, FLAG, signalName } from './data.js';
import { $, el } from './dom.js';
import { basename, bytes, cores, count, duration, moment, percent, plural } from './format.js';
import { Table } from './table.js';
import { shellLines } from './text.js';

const dash = () => el('span', { class: 'quiet' }, '–');

// A figure with the bar of its share behind it.
function bar(text, part, colour) {
	return el('span', { class: 'bar' }, el('span', { class: 'bar-fill', style: { width: `${Math.max(0, Math.min(1, part)) * 100}%`, background: colour ?? '' } }), el('span', {}, text));
}

// The name in front, the folder after it, quiet.
function programCell(path, colour) {
	const text = path || '(unknown)';
	const name = basename(text);
	const folder = text.length > name.length ? text.slice(0, text.length - name.length) : '';
	return el('span', { class: 'program', title: text }, colour && el('span', { class: 'swatch', style: { background: colour } }), name, folder && [' ', el('span', { class: 'folder' }, folder)]);
}

const TAIL = 22; // characters of a command that stay in sight: gcc ... -o main.o main.c

// A command line that gives way in its middle: what tells compilers from each other stands at the
// end, or is taken to the front and the rest follows, quiet.
function commandCell(trace, i, before, indent) {
	const text = trace.label(i, 400);
	const whole = trace.command(i, 400);
	const cell = (...parts) => el('span', { class: 'command', title: trace.command(i, 400, true), style: { paddingLeft: `${indent}px` } }, before, ...parts);
	if (trace.subject(i)) return cell(el('span', { class: 'head' }, text, el('span', { class: 'folder' }, `  ${whole.slice(whole.indexOf(' ') + 1)}`)));
	let at = text.length > 2 * TAIL ? text.length - TAIL : text.length;
	if (/[\udc00-\udfff]/.test(text[at] ?? '')) at++; // not between the halves of a character
	return cell(el('span', { class: 'head' }, text.slice(0, at)), at < text.length && el('span', { class: 'tail' }, text.slice(at)));
}

const showJson = (s) => (s ?? '').replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/g, (c) => (c < '\u0100' ? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`));

// How much of what the machine did is in the recording: its figure is counted in ticks, ours is exact.
function account({ cpu_ns: cpu, machine_cpu_ns: machine }) {
	const s = (ns) => (ns / 1e9).toFixed(1);
	if (!machine) return '';
	return cpu >= machine ? `accounts for all ${s(cpu)} CPU seconds that this machine used` : `accounts for ${s(cpu)} of ${s(machine)} CPU seconds that this machine used`;
}

export function header(trace) {
	const { trace: t, totals } = trace.analysis;
	const command = t.command.map((w) => shellLines(new TextEncoder().encode(w))).join(' ');
	$('command').classList.toggle('plain', !command);
	$('command').textContent = command ? (command.length > 300 ? `${command.slice(0, 300)}…` : command) : 'The whole machine';
	if (t.ending?.sentence) $('command').prepend(el('span', { class: `ending ${t.ending.failed ? 'bad' : ''}` }, showJson(t.ending.sentence)));
	const facts = [t.host, t.kernel && `Linux ${t.kernel}`, t.begin_time && `${trace.clock.whole(0)} to ${trace.clock.day(0) === trace.clock.day(t.span_ns) ? `${trace.clock.time(t.span_ns)} UTC` : trace.clock.whole(t.span_ns)}`,
		t.backend && `${t.backend}${t.transport ? ` over ${t.transport}` : ''}`].filter(Boolean).map(showJson);
	$('provenance').textContent = facts.join('  ·  ');
	$('narrowed').hidden = !t.narrowed;
	$('narrowed').textContent = t.narrowed ? `Narrowed to ${showJson(t.narrowed.sentence)}: ${count(trace.count)} of ${plural(t.narrowed.of_processes, 'process', 'processes')}.` : '';
	const failed = totals.failed_exits + totals.signalled;
	const realExecs = trace.analysis.failures.reduce((sum, f) => sum + (f.kind === 'exec' ? f.count : 0), 0);
	const figures = [
		['Wall', duration(totals.wall_ns), totals.running_at_end ? `${plural(totals.running_at_end, 'process', 'processes')} ran on` : ''],
		['CPU', totals.with_cpu ? duration(totals.cpu_ns) : '–', totals.with_cpu ? [`${duration(totals.utime_ns)} user, ${duration(totals.stime_ns)} system`, account(totals)].filter(Boolean).join('; ') : 'not recorded'],
		['Busy cores', totals.with_cpu ? cores(totals.parallelism) : '–', !totals.with_cpu ? 'not recorded' : t.cpus ? `of ${t.cpus} · ${percent(totals.parallelism, t.cpus)}` : ''],
		['Processes', count(totals.processes), `at most ${count(totals.peak_active)} active at once`],
		['Execs', count(totals.execs), totals.fork_only ? `${plural(totals.fork_only, 'fork')} ran none` : totals.processes ? 'every process ran one' : ''],
		['Failed', failed + realExecs || totals.with_status ? count(failed + realExecs) : '–', !(failed + realExecs) && !totals.with_status ? (totals.processes || totals.older ? 'no end is known' : 'nothing ran') : [totals.failed_exits && `${plural(totals.failed_exits, 'exit')}`, totals.signalled && plural(totals.signalled, 'signal'), realExecs && `${count(realExecs)} not run`].filter(Boolean).join(', ') || 'nothing', failed + realExecs ? 'bad' : ''],
		['Lost', count(totals.lost), totals.lost ? 'the recording has gaps' : t.complete ? 'complete' : 'cut short', totals.lost ? 'bad' : ''],
	];
	if (t.ending?.failed || t.ending?.running)
		figures.unshift(['Ended', t.ending.running ? 'still ran' : t.ending.signal ? signalName(t.ending.signal) : `status ${t.ending.exit_code}`, showJson(t.ending.sentence), t.ending.failed ? 'bad' : '']);
	$('figures').classList.toggle('with-ending', figures.length > 7);
	$('figures').replaceChildren(...figures.map(([label, value, note, mood]) => el('div', { class: `figure ${mood ?? ''}`, 'data-figure': label.toLowerCase() },
		el('dt', {}, label), el('dd', {}, el('span', { class: 'value' }, value), el('span', { class: 'note' }, note)))));
	const warnings = [];
	if (!t.complete) warnings.push('The recording was cut short: what happened after its last commit is missing.');
	if (totals.lost) warnings.push(`${plural(totals.lost, 'event')} could not be delivered (${Object.entries(t.lost).map(([k, n]) => `${count(n)} ${k}`).join(', ')}): figures are lower bounds.`);
	if (t.corrected_times) warnings.push(`${plural(t.corrected_times, 'time or parent', 'times or parents')} in the recording contradicted others and had to be corrected.`);
	$('warnings').replaceChildren(...warnings.map((w) => el('p', {}, w)));
}

function share(part, whole) {
	return percent(part, whole);
}

// Two or three sentences for a reader who has never seen a report.
export function verdict(trace, palette) {
	const { programs, totals, critical_path: path, trace: t } = trace.analysis;
	const ending = t.ending?.sentence ? el('span', { class: t.ending.failed ? 'bad' : '' }, `${showJson(t.ending.sentence)}. `) : '';
	if (!programs.length) {
		$('verdict').replaceChildren(ending, showJson(totals.none_started ?? 'No program is known.'));
		return;
	}
	const name = (p) => el('b', { class: 'name' }, el('span', { class: 'swatch', style: { background: palette.ofName(programs.indexOf(p)) } }), basename(showJson(p.exe) || '(unknown)'));
	const top = programs[0];
	const out = [ending];
	if (totals.with_cpu && top.cpu_ns) out.push(name(top), ` cost most: ${duration(top.cpu_ns)} of CPU, ${share(top.cpu_ns, totals.cpu_ns)} of the run, in ${plural(top.runs + top.forks, 'run')}. `);
	const length = path.to_ns - path.from_ns;
	const onPath = programs.filter((p) => p.path_ns / length > 0.04).sort((a, b) => b.path_ns - a.path_ns).slice(0, 3);
	if (!t.root && totals.short_lived > totals.processes / 2)
		out.push(`${count(totals.short_lived)} of ${plural(totals.processes, 'process', 'processes')} lived less than 10 ms; together they took ${share(totals.short_cpu_ns, totals.cpu_ns)} of the CPU time. `);
	// What bounded a command is its story; a machine just goes on.
	if (t.root && length && onPath.length) {
		out.push(`A chain of ${plural(path.processes, 'process', 'processes')} bounded the wall time: `);
		onPath.forEach((p, k) => out.push(k ? (k === onPath.length - 1 ? ' and ' : ', ') : '', name(p), ` took ${share(p.path_ns, length)} of it`));
		out.push(path.idle_ns / length > 0.02 ? `; ${share(path.idle_ns, length)} of it nothing ran. ` : '. ');
	}
	if (totals.with_cpu && t.root && t.cpus && totals.wall_ns) {
		const use = totals.parallelism / t.cpus;
		out.push(use > 0.85 ? `It kept ${cores(totals.parallelism)} of ${t.cpus} cores busy: less work, or more cores, would make it shorter.`
			: use < 0.5 && t.cpus > 1 && totals.wall_ns > 1e8 ? `It kept only ${cores(totals.parallelism)} of ${t.cpus} cores busy: that chain, and the waiting in it, set the pace.` : '');
	}
	$('verdict').replaceChildren(...out);
}

export function legend(trace, palette, onPick) {
	const { programs } = trace.analysis;
	$('legend').replaceChildren(el('span', { class: 'legend-rest by-parent' }, 'Children of one parent share a colour.'), ...palette.legend.map(({ program, slot }) => {
		const p = programs[program];
		return el('button', { type: 'button', class: 'legend-item', 'aria-pressed': 'false', 'data-program': program, title: `${showJson(p.exe)}: show only these`, onclick: (e) => onPick(program, e.currentTarget) },
			el('span', { class: 'swatch', style: { background: `rgb(${palette.colours[slot]})` } }), basename(showJson(p.exe) || '(unknown)'));
	}), programs.length > palette.legend.length ? el('span', { class: 'legend-rest by-program' }, el('span', { class: 'swatch', style: { background: `rgb(${palette.colours.at(-1)})` } }), 'others') : '',
	el('span', { class: 'legend-rest' }, el('span', { class: 'swatch', style: { background: `rgb(${palette.fail})` } }), 'failed'),
	el('span', { class: 'legend-rest' }, el('span', { class: 'path-mark' }), 'critical path'));
}

export function pathParts(trace, palette) {
	const { programs, totals, critical_path: path } = trace.analysis;
	const length = path.to_ns - path.from_ns || 1;
	const part = (name, value, bar) => el('div', { class: 'part' }, el('span', { class: 'part-name' }, name),
		el('span', { class: 'part-track' }, bar), el('span', { class: 'part-value' }, duration(value)), el('span', { class: 'part-share' }, percent(value, length)));
	const line = (value, colour) => el('span', { class: `part-bar ${colour ? '' : 'idle'}`, style: { width: `${(100 * value) / length}%`, background: colour ?? '' } });
	const order = Array.from(programs.keys()).filter((k) => programs[k].path_ns > 0).sort((a, b) => programs[b].path_ns - programs[a].path_ns);
	const shown = Math.max(1, order.filter((k) => programs[k].path_ns >= length * LEAST_SHARE).slice(0, 8).length);
	const parts = order.slice(0, shown).map((k) => part(programCell(showJson(programs[k].exe), palette.ofName(k)), programs[k].path_ns, line(programs[k].path_ns, palette.ofName(k))));
	const rest = order.slice(shown).reduce((sum, k) => sum + programs[k].path_ns, 0);
	if (rest) parts.push(part(el('span', { class: 'quiet' }, plural(order.length - shown, 'other program')), rest, line(rest)));
	if (path.idle_ns) parts.push(part(el('span', { class: 'quiet' }, 'nothing was running'), path.idle_ns, line(path.idle_ns)));
	if (!totals.processes) parts.splice(0, parts.length, el('p', { class: 'quiet' }, showJson(totals.none_started ?? '')));
	$('path-parts').replaceChildren(...parts);
}

export function pathTable(trace, palette, onSelect) {
	const { c } = trace;
	const { critical_path: path } = trace.analysis;
	const length = path.to_ns - path.from_ns || 1;
	const all = visits(c);
	const folded = foldVisits(all, length);
	const of = (r) => (r.folded ? -1 : c.visit_process[r.visit] - 1);
	const process = (r) => {
		// The depth means something only below what was entered before.
		const indent = table?.sort.key === 'from' ? Math.min(r.depth, 24) * 14 : 0;
		if (r.folded || of(r) < 0)
			return el('span', { class: 'quiet', style: { paddingLeft: `${indent}px` } }, r.folded ? `${plural(r.folded, 'shorter one')}, each under 1 %: show ${r.folded === 1 ? 'it' : 'them'}` : el('i', {}, 'the run as a whole'));
		return commandCell(trace, of(r), null, indent);
	};
	let table = null;
	table = new Table($('path-table'), {
		label: 'Processes on the critical path', rows: folded, most: 14, sort: { key: 'own', down: true }, empty: 'Nothing is on the path.',
		onSelect: (r) => (r.folded ? table.setRows(all) : of(r) >= 0 && onSelect(of(r), 'table')),
		columns: [
			{ key: 'from', label: 'Process', title: 'Sort by time', width: 'minmax(var(--first, 220px), 1fr)', first: 'up', value: (r) => r.order, cell: process },
			{ key: 'own', label: 'On the path', title: 'Time that the path spends in this process itself', width: '112px', align: 'right', value: (r) => (r.folded ? -1 : r.own), cell: (r) => bar(duration(r.own), r.own / length, of(r) >= 0 ? palette.colour(of(r)) : null) },
			{ key: 'share', label: 'Share', width: '68px', align: 'right', value: (r) => (r.folded ? -1 : r.own), cell: (r) => percent(r.own, length) },
			{ key: 'below', label: 'With below', title: 'Time that the path spends in it and in what it begot', width: '92px', align: 'right', value: (r) => (r.folded ? -1 : r.to - r.from), cell: (r) => (r.folded ? dash() : duration(r.to - r.from)) },
			{ key: 'at', label: 'From', title: 'When the path enters it; by the clock in UTC', width: '186px', align: 'right', first: 'up', value: (r) => r.from, cell: (r) => (r.folded ? dash() : when(trace, r.from, length / 1000)) },
			{ key: 'cpu', label: 'CPU', title: 'Of the process: little CPU in a long stretch means that it waited for something else', width: '78px', align: 'right', value: (r) => (of(r) < 0 ? -1 : trace.cpu(of(r))), cell: (r) => (of(r) < 0 ? dash() : duration(trace.cpu(of(r)))) },
		],
	});
	return table;
}

// A time after the start of the report, and by the clock.
function when(trace, ns, step = 1e5) {
	const clock = trace.clock.time(ns, step);
	return el('span', { title: trace.clock.whole(ns, step) }, moment(ns, step), clock && el('span', { class: 'quiet clock' }, ` ${clock}`));
}

const LEAST_SHARE = 0.01; // of the path: what takes less is folded

// The visits of the path, in order of time.
function visits(c) {
	return Array.from(c.visit_own, (own, k) => ({ visit: k, order: k, depth: c.visit_depth[k], own, from: c.visit_from[k], to: c.visit_to[k], folded: 0 }));
}

// Those in which the path spends little are one row, the last whatever the order is by length.
function foldVisits(all, length) {
	const rows = all.filter((r) => r.own >= length * LEAST_SHARE);
	const folded = all.length - rows.length;
	const own = all.reduce((sum, r) => sum + (r.own >= length * LEAST_SHARE ? 0 : r.own), 0);
	if (folded < 2) return all;
	return [...rows, { visit: -1, order: all.length, depth: 0, own, from: length, to: length, folded }];
}

export function treeTable(trace, tree, onSelect) {
	const { c } = trace;
	const wall = (i) => c.wall[i] + c.sub_wall[i];
	const known = (i, flag, text) => (trace.has(i, flag) ? text : dash());
	const most = trace.analysis.totals.cpu_ns || 1;
	const name = (i) => {
		const twisty = tree.hasChildren(i)
			? el('span', { class: `twisty ${tree.isOpen(i) ? 'open' : ''}`, 'aria-hidden': 'true' }) : el('span', { class: 'twisty none', 'aria-hidden': 'true' });
		return commandCell(trace, i, twisty, Math.min(c.depth[i], 40) * 14);
	};
	return new Table($('tree-table'), {
		label: 'Process tree', tree, rows: [], onSelect: (i) => onSelect(i, 'table'), most: 20, sort: { key: 'start', down: false }, empty: () => (tree.kept ? 'No process matches.' : showJson(trace.analysis.totals.none_started ?? 'No process.')),
		columns: [
			{ key: 'start', label: 'Process', title: 'Sort by start', width: 'minmax(var(--first, 220px), 1fr)', first: 'up', value: (i) => c.start[i], cell: name },
			{ key: 'wall', label: 'Wall', title: 'From fork to exit', width: '78px', align: 'right', value: (i) => c.wall[i], cell: (i) => (trace.isRun(i) ? duration(c.wall[i]) : dash()) },
			{ key: 'own', label: 'Own', title: 'Wall time without a living child', width: '78px', align: 'right', value: (i) => c.own[i], cell: (i) => (trace.isRun(i) ? duration(c.own[i]) : dash()) },
			{ key: 'cpu', label: 'CPU', width: '78px', align: 'right', value: (i) => trace.cpu(i), cell: (i) => known(i, FLAG.HAS_CPU, duration(trace.cpu(i))) },
			{ key: 'subcpu', label: 'CPU below', title: 'CPU time of the process and of all that it begot', width: '96px', align: 'right', value: (i) => c.sub_cpu[i], cell: (i) => bar(duration(c.sub_cpu[i]), c.sub_cpu[i] / most) },
			{ key: 'subwall', label: 'Until last', title: 'From its start to the last end below it', width: '82px', align: 'right', value: wall, cell: (i) => (trace.isRun(i) ? duration(wall(i)) : dash()) },
			{ key: 'rss', label: 'Max RSS', title: 'Largest resident memory, of it or below it', width: '74px', align: 'right', value: (i) => c.sub_rss[i], cell: (i) => (c.sub_rss[i] ? bytes(c.sub_rss[i]) : dash()) },
			{ key: 'io', label: 'I/O', title: 'Read and written, with all below', width: '70px', align: 'right', value: (i) => c.sub_io[i], cell: (i) => (c.sub_io[i] ? bytes(c.sub_io[i]) : dash()) },
			{ key: 'exit', label: 'Exit', width: '74px', align: 'right', value: (i) => (trace.hasFailed(i) ? 1000 + c.signal[i] * 256 + (c.exit[i] | 0) : 0), cell: (i) => (!trace.isRun(i) && !trace.has(i, FLAG.ENDED) ? dash() : el('span', { class: trace.hasFailed(i) ? 'bad' : 'quiet' }, trace.exit(i))) },
			{ key: 'begin', label: 'Started', title: 'After the start of the report, and by the clock in UTC', width: '176px', align: 'right', first: 'up', value: (i) => c.start[i], cell: (i) => (trace.isRun(i) ? when(trace, c.start[i]) : 'before') },
		],
	});
}

export function programTable(trace, palette, onSelect) {
	const { programs, totals, critical_path: path } = trace.analysis;
	const length = path.to_ns - path.from_ns || 1;
	return new Table($('program-table'), {
		label: 'Programs', rows: Array.from(programs.keys()), most: 14, sort: { key: 'cpu', down: true }, empty: 'No program ran.', onSelect: (k) => programs[k].longest && onSelect(programs[k].longest.index, 'table'),
		columns: [
			{ key: 'name', label: 'Program', width: 'minmax(var(--first, 200px), 1fr)', first: 'up', value: (k) => basename(programs[k].exe ?? ''), cell: (k) => programCell(showJson(programs[k].exe), palette.ofName(k)) },
			{ key: 'runs', label: 'Runs', title: 'Images of it, and forks that stayed it', width: '74px', align: 'right', value: (k) => programs[k].runs + programs[k].forks, cell: (k) => count(programs[k].runs + programs[k].forks) },
			{ key: 'cpu', label: 'CPU', width: '104px', align: 'right', value: (k) => programs[k].cpu_ns, cell: (k) => bar(duration(programs[k].cpu_ns), programs[k].cpu_ns / (totals.cpu_ns || 1), palette.ofName(k)) },
			{ key: 'share', label: 'Share', title: 'Of all CPU time', width: '66px', align: 'right', value: (k) => programs[k].cpu_ns, cell: (k) => percent(programs[k].cpu_ns, totals.cpu_ns) },
			{ key: 'wall', label: 'Wall', title: 'Sum over its runs', width: '82px', align: 'right', value: (k) => programs[k].wall_ns, cell: (k) => duration(programs[k].wall_ns) },
			{ key: 'median', label: 'Median', width: '78px', align: 'right', value: (k) => programs[k].median_wall_ns, cell: (k) => duration(programs[k].median_wall_ns) },
			{ key: 'max', label: 'Longest', width: '78px', align: 'right', value: (k) => programs[k].max_wall_ns, cell: (k) => duration(programs[k].max_wall_ns) },
			{ key: 'path', label: 'On path', title: 'Its part of the critical path', width: '78px', align: 'right', value: (k) => programs[k].path_ns, cell: (k) => (programs[k].path_ns ? percent(programs[k].path_ns, length) : dash()) },
			{ key: 'rss', label: 'Max RSS', width: '74px', align: 'right', value: (k) => programs[k].max_rss_bytes, cell: (k) => (programs[k].max_rss_bytes ? bytes(programs[k].max_rss_bytes) : dash()) },
			{ key: 'failed', label: 'Failed', width: '62px', align: 'right', value: (k) => programs[k].failures, cell: (k) => (programs[k].failures ? el('span', { class: 'bad' }, count(programs[k].failures)) : dash()) },
		],
	});
}

export function churnTable(trace, palette, onSelect) {
	const { programs, totals } = trace.analysis;
	const rows = Array.from(programs.keys()).filter((k) => programs[k].short_runs);
	$('churn-lead').textContent = totals.short_lived
		? `${count(totals.short_lived)} of ${plural(totals.processes, 'process', 'processes')} lived less than 10 ms. Together they took ${duration(totals.short_cpu_ns)} of CPU, ${percent(totals.short_cpu_ns, totals.cpu_ns)} of the run.`
		: showJson(totals.none_started ?? (totals.processes === totals.running_at_end ? 'No process ended during the recording: how long they live is not known.'
			: totals.running_at_end ? `None of the ${plural(totals.processes - totals.running_at_end, 'process', 'processes')} that ended lived less than 10 ms.` : 'Every process lived 10 ms or longer.'));
	$('churn-table').hidden = !rows.length;
	return new Table($('churn-table'), {
		label: 'Short-lived programs', rows, most: 10, sort: { key: 'times', down: true }, onSelect: (k) => programs[k].longest && onSelect(programs[k].longest.index, 'table'),
		columns: [
			{ key: 'name', label: 'Program', width: 'minmax(var(--first, 180px), 1fr)', first: 'up', value: (k) => basename(programs[k].exe ?? ''), cell: (k) => programCell(showJson(programs[k].exe), palette.ofName(k)) },
			{ key: 'times', label: 'Times', title: 'Processes that lived less than 10 ms', width: '96px', align: 'right', value: (k) => programs[k].short_runs, cell: (k) => bar(count(programs[k].short_runs), programs[k].short_runs / (totals.short_lived || 1), palette.ofName(k)) },
			{ key: 'cpu', label: 'CPU', width: '82px', align: 'right', value: (k) => programs[k].short_cpu_ns, cell: (k) => duration(programs[k].short_cpu_ns) },
			{ key: 'wall', label: 'Wall', width: '82px', align: 'right', value: (k) => programs[k].short_wall_ns, cell: (k) => duration(programs[k].short_wall_ns) },
			{ key: 'peak', label: 'Peak', title: 'Most starts in any one second', width: '82px', align: 'right', value: (k) => programs[k].peak_per_second, cell: (k) => `${count(programs[k].peak_per_second)} /s` },
			{ key: 'by', label: 'Mostly started by', width: 'minmax(140px, 0.6fr)', first: 'up', value: (k) => programs[k].started_by ?? '', cell: (k) => (programs[k].started_by ? programCell(showJson(programs[k].started_by)) : dash()) },
		],
	});
}

const KINDS = { exit: 'Exit', signal: 'Signal', exec: 'Not run', path_miss: 'PATH miss' };

export function failureTable(trace, onSelect) {
	const { failures, totals } = trace.analysis;
	const real = Array.from(failures.keys()).filter((k) => failures[k].kind !== 'path_miss');
	const value = (f) => (f.kind === 'exit' ? `status ${f.value}` : f.kind === 'signal' ? signalName(f.value) : f.name ?? errnoName(f.value));
	const more = (f) => {
		if (f.kind === 'path_miss') return `found as ${showJson(f.found)}`;
		if (f.kind === 'exec') return f.directories > 1 ? `searched ${count(f.directories)} directories` : `asked for ${showJson(f.filename)}`;
		if (f.oom) return 'out of memory';
		if (!f.killed_by) return f.core_dumped ? 'core dumped' : '';
		return `${f.killed_by.pid ? `sent by ${showJson(f.killed_by.comm)} (${f.killed_by.pid})` : 'sent by the kernel'}${f.core_dumped ? ', core dumped' : ''}`;
	};
	const at = (k) => (!failures[k].first ? -1 : failures[k].kind === 'exit' || failures[k].kind === 'signal' ? trace.end[failures[k].first.index] : trace.c.start[failures[k].first.index]);
	const table = new Table($('failure-table'), {
		label: 'Failures', rows: real, most: 14, empty: showJson(totals.none_failed ?? 'None.'), onSelect: (k) => failures[k].first && onSelect(failures[k].first.index, 'table'),
		columns: [
			{ key: 'count', label: 'Count', width: '74px', align: 'right', value: (k) => failures[k].count, cell: (k) => count(failures[k].count) },
			{ key: 'kind', label: 'Kind', width: '104px', first: 'up', value: (k) => failures[k].kind, cell: (k) => KINDS[failures[k].kind] },
			{ key: 'value', label: 'Result', width: '104px', first: 'up', value: (k) => value(failures[k]), cell: (k) => el('span', { class: failures[k].kind === 'path_miss' ? '' : 'bad' }, value(failures[k])) },
			{ key: 'program', label: 'Program', width: 'minmax(180px, 1fr)', first: 'up', value: (k) => basename(failures[k].program ?? ''), cell: (k) => programCell(showJson(failures[k].program)) },
			{ key: 'processes', label: 'Processes', width: '88px', align: 'right', value: (k) => failures[k].processes, cell: (k) => count(failures[k].processes) },
			{ key: 'at', label: 'First', title: 'The end of the first of them, for execs its start; by the clock in UTC', width: '176px', align: 'right', first: 'up', value: at, cell: (k) => (at(k) < 0 ? dash() : when(trace, at(k))) },
			{ key: 'more', label: '', width: 'minmax(140px, 0.9fr)', cell: (k) => el('span', { class: 'quiet' }, more(failures[k])) },
		],
	});
	const toggle = $('show-misses');
	toggle.closest('label').hidden = !totals.path_misses;
	$('misses-count').textContent = count(totals.path_misses);
	toggle.addEventListener('change', () => table.setRows(toggle.checked ? Array.from(failures.keys()) : real));
	return table;
}
