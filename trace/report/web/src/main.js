// SPDX-License-Identifier: BSD-2-Clause
// Opens the report: unpacks the data, builds the parts, lets them know of one another.

import { Palette } from './colour.js';
import { load } from './data.js';
import { Details } from './details.js';
import { $, debounce, el } from './dom.js';
import { plural } from './format.js';
import * as sections from './sections.js';
import { Timeline } from './timeline.js';
import { Tree } from './tree.js';

const dark = matchMedia('(prefers-color-scheme: dark)');

class Report {
	constructor(trace) {
		this.trace = trace;
		this.palette = new Palette(trace);
		this.palette.setTheme(this.theme);
		this.tree = new Tree(trace);
		const select = (i, from) => this.select(i, from);
		sections.header(trace);
		this.timeline = new Timeline(trace, this.palette, select);
		this.details = new Details(trace, this.palette, {
			onSelect: select,
			onClose: () => this.#deselect(),
			onShow: (i, where) => this.showIn(i, where),
		});
		this.fill();
		this.#controls();
		this.#keys();
		this.#print();
		dark.addEventListener('change', () => this.retheme());
	}

	get theme() {
		return document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light');
	}

	fill() {
		const select = (i, from) => this.select(i, from);
		const { trace, palette } = this;
		this.tables = {
			path: sections.pathTable(trace, palette, select),
			tree: sections.treeTable(trace, this.tree, select),
			programs: sections.programTable(trace, palette, select),
			churn: sections.churnTable(trace, palette, select),
			failures: sections.failureTable(trace, select),
		};
		this.paint();
	}

	// What is made once in a colour of the palette.
	paint() {
		const { trace, palette } = this;
		sections.verdict(trace, palette);
		sections.legend(trace, palette, (program, button) => this.pick(program, button));
		sections.pathParts(trace, palette);
		this.picked = null;
		$('theme').setAttribute('aria-pressed', String(this.theme === 'dark'));
	}

	retheme() {
		this.palette.setTheme(this.theme);
		this.timeline.recolour();
		this.paint();
		this.#light();
		for (const t of Object.values(this.tables)) t.render();
		if (this.details.shown >= 0) this.details.show(this.details.shown);
	}

	select(i, from) {
		this.timeline.select(i);
		this.details.show(i);
		if (from !== 'table') this.tables.tree.selected = i;
		if (from !== 'table') this.tables.tree.render();
		if (from === 'table' || from === 'details') this.timeline.schedule();
	}

	#deselect() {
		this.timeline.select(-1);
		for (const t of Object.values(this.tables)) {
			t.selected = null;
			t.render();
		}
	}

	showIn(i, where) {
		if (where === 'timeline') {
			this.timeline.reveal(i);
			$('timeline').scrollIntoView({ block: 'nearest' });
			this.timeline.stage.focus({ preventScroll: true });
			return;
		}
		this.search('');
		$('search').value = '';
		this.tree.reveal(i);
		this.tables.tree.setRows([]);
		this.tables.tree.select(i);
		$('tree').scrollIntoView({ block: 'nearest' });
	}

	// One byte a process: its command, program, pid or working directory has the text.
	matches(text) {
		const { trace } = this;
		const { c } = trace;
		const found = trace.strings.search(text);
		const out = new Uint8Array(trace.count);
		const pid = /^\d+$/.test(text) ? Number(text) : -1;
		for (let i = 0; i < trace.count; i++) {
			const image = trace.image[i];
			out[i] = found[c.exe[i]] | (image >= 0 ? found[c.exec_argv[image]] | found[c.exec_cwd[image]] : found[c.comm[i]]) | (c.pid[i] === pid ? 1 : 0);
		}
		return out;
	}

	search(text) {
		const want = text.trim();
		const found = want ? this.matches(want) : null;
		this.found = found;
		this.tree.search(found);
		this.tables.tree.setRows([]);
		this.#light();
		let n = 0;
		if (found) for (const v of found) n += v;
		$('search-count').textContent = found ? plural(n, 'process', 'processes') : '';
	}

	// In the timeline, what was searched for and what was picked in the legend stands out.
	pick(program, button) {
		this.picked = this.picked === program ? null : program;
		for (const b of $('legend').querySelectorAll('button')) b.setAttribute('aria-pressed', String(b === button && this.picked !== null));
		this.#light();
	}

	#light() {
		const { trace, found, picked } = this;
		if (picked === null || picked === undefined) {
			this.timeline.light(found);
			return;
		}
		const lit = new Uint8Array(trace.count);
		for (let i = 0; i < lit.length; i++) lit[i] = trace.c.program[i] === picked + 1 && (!found || found[i]) ? 1 : 0;
		this.timeline.light(lit);
	}

	#controls() {
		$('search').addEventListener('input', debounce(this.trace.count > 50000 ? 160 : 40, () => this.search($('search').value)));
		$('colour-by').addEventListener('change', (e) => {
			this.palette.by = e.target.value;
			this.timeline.recolour();
			$('legend').classList.toggle('off', e.target.value !== 'program');
		});
		$('show-path').addEventListener('change', (e) => {
			this.timeline.showsPath = e.target.checked;
			this.timeline.schedule();
		});
		const compact = $('compact');
		compact.checked = this.timeline.isCompact;
		compact.addEventListener('change', () => this.timeline.setCompact(compact.checked));
		$('expand').addEventListener('click', () => this.#openAll(true));
		$('collapse').addEventListener('click', () => this.#openAll(false));
		$('theme').addEventListener('click', () => {
			document.documentElement.dataset.theme = this.theme === 'dark' ? 'light' : 'dark';
			this.retheme();
		});
		$('help-open').addEventListener('click', () => $('help').showModal());
		$('help-close').addEventListener('click', () => $('help').close());
	}

	#openAll(isOpen) {
		this.tree.openAll(isOpen);
		this.tables.tree.setRows([]);
	}

	#keys() {
		addEventListener('keydown', (e) => {
			const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
			if (e.key === 'Escape') {
				if (isTyping && e.target.id === 'search' && e.target.value) {
					e.target.value = '';
					this.search('');
				} else {
					this.details.close();
				}
				return;
			}
			if (isTyping || e.ctrlKey || e.metaKey || e.altKey) return;
			if (e.key === '/') {
				e.preventDefault();
				$('search').focus();
			} else if (e.key === '?') {
				$('help').showModal();
			} else if (e.key === 't') {
				$('theme').click();
			}
		});
	}

	// Paper is light, and has no rows out of view.
	#print() {
		let theme;
		addEventListener('beforeprint', () => {
			theme = document.documentElement.dataset.theme;
			document.documentElement.dataset.theme = 'light';
			this.retheme();
			this.timeline.draw();
			for (const t of Object.values(this.tables)) t.print(true);
		});
		addEventListener('afterprint', () => {
			if (theme) document.documentElement.dataset.theme = theme;
			else delete document.documentElement.dataset.theme;
			for (const t of Object.values(this.tables)) t.print(false);
			this.retheme();
		});
	}
}

async function main() {
	const trace = await load();
	const report = new Report(trace);
	report.timeline.draw();
	document.body.classList.remove('loading');
	performance.mark('begat-ready');
	window.begat = report; // for the tests, and for the curious
}

main().catch((error) => {
	document.body.classList.remove('loading');
	$('verdict').replaceChildren(el('span', { class: 'bad' }, `This report cannot be shown: ${error.message}. It needs a browser of 2023 or later.`));
	throw error;
});
