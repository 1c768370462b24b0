// SPDX-License-Identifier: BSD-2-Clause
// Opens the report: unpacks the data, builds the parts, lets them know of one another.

import { Palette } from './colour.js';
import { load } from './data.js';
import { Details } from './details.js';
import { $, debounce, el } from './dom.js';
import { count, plural } from './format.js';
import * as sections from './sections.js';
import { Timeline } from './timeline.js';
import { Tree } from './tree.js';

const dark = matchMedia('(prefers-color-scheme: dark)');

class Report {
	constructor(trace) {
		this.trace = trace;
		this.found = null; // one byte a process, while there is a search
		this.hit = -1;
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
		const last = this.hit;
		this.found = found;
		this.hits = 0;
		this.hit = -1;
		if (found) for (const v of found) this.hits += v;
		this.tree.search(found);
		// Where a search ends, its last hit stays in sight, whatever was folded around it.
		if (!found && last >= 0) this.tree.reveal(last);
		this.tables.tree.setRows([]);
		this.#light();
		if (found) this.goToHit(1);
		else if (last >= 0) this.tables.tree.select(last);
		this.#count();
	}

	#count() {
		const { found, hits, hit } = this;
		$('search-steps').hidden = !found || hits < 2;
		$('search-count').textContent = !found ? '' : `${plural(hits, 'process', 'processes')}${hit >= 0 && hits > 1 ? `, ${count(this.#rank())} of ${count(hits)}` : ''}`;
	}

	// Hits are visited in the order of the tree's rows.
	#rank() {
		let rank = 0;
		for (const row of this.tables.tree.rows) {
			rank += this.found[row] === 1 ? 1 : 0;
			if (row === this.hit) break;
		}
		return rank;
	}

	// The next hit (step 1) or the one before (-1): in the tree, whatever was folded, and in the timeline.
	goToHit(step) {
		if (!this.found || !this.hits) return;
		if (this.tree.closed.size) {
			this.tree.closed.clear();
			this.tables.tree.setRows([]);
		}
		const { tree } = this.tables;
		const { rows } = tree;
		let at = this.hit < 0 ? (step > 0 ? -1 : 0) : rows.indexOf(this.hit);
		do at = (at + step + rows.length) % rows.length;
		while (this.found[rows[at]] !== 1);
		this.hit = rows[at];
		tree.select(this.hit);
		this.timeline.select(this.hit);
		if (this.trace.isRun(this.hit)) this.timeline.reveal(this.hit);
		if (this.details.shown >= 0) this.details.show(this.hit);
		// In the window, not only in its table; again in the next frame, when the table has drawn its rows.
		const show = () => document.querySelector('#tree-table .vt-row.selected')?.scrollIntoView({ block: 'nearest', behavior: 'instant' });
		show();
		requestAnimationFrame(show);
		this.#count();
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
		$('search').addEventListener('keydown', (e) => {
			if (e.key !== 'Enter') return;
			e.preventDefault();
			this.goToHit(e.shiftKey ? -1 : 1);
		});
		$('search-next').addEventListener('click', () => this.goToHit(1));
		$('search-previous').addEventListener('click', () => this.goToHit(-1));
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
			} else if (e.key === 'n' || e.key === 'N') {
				this.goToHit(e.key === 'n' ? 1 : -1);
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
	document.body.classList.remove('loading');
	performance.mark('begat-ready');
	window.begat = report; // for the tests, and for the curious
}

main().catch((error) => {
	document.body.classList.remove('loading');
	$('verdict').replaceChildren(el('span', { class: 'bad' }, `This report cannot be shown: ${error.message}. It needs a browser of 2023 or later.`));
	throw error;
});
