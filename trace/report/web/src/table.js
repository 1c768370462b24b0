// SPDX-License-Identifier: BSD-2-Clause
// A table of any length: only the rows in view exist. Sorting, keys and printing are the same for all.
//
// columns: { key, label, title, width, align, value(row), cell(row) -> text or node, first: 'down' }
// source:  { rows: array of row ids, level(row), isOpen(row), hasChildren(row), toggle(row) }

import { el } from './dom.js';

const ROW = 27;
const TALLEST = 8e6; // browsers stop at some height: beyond, scrolling is scaled
const PRINTED = 40;
const EDGE = 16; // pixels between the column sorted by and the edge

export class Table {
	constructor(host, { columns, rows, onSelect, sort, label, tree = null, most = 15, empty = 'None.' }) {
		Object.assign(this, { host, columns, onSelect, tree, most, empty });
		this.source = rows;
		this.rows = rows;
		this.sort = sort ?? null;
		this.active = -1;
		this.selected = null;
		this.body = el('div', { class: 'vt-body', role: 'rowgroup' });
		this.sizer = el('div', { class: 'vt-sizer', role: 'presentation' }, this.body);
		this.scroller = el('div', { class: 'vt-scroll', tabindex: 0, role: 'presentation', 'aria-label': `${label}, rows` }, this.sizer);
		this.head = el('div', { class: 'vt-head', role: 'row' }, columns.map((c) => this.#heading(c)));
		this.root = el('div', { class: 'vt', role: tree ? 'treegrid' : 'grid', 'aria-label': label },
			el('div', { class: 'vt-inner', role: 'presentation' }, el('div', { role: 'rowgroup' }, this.head), this.scroller));
		this.root.style.setProperty('--columns', columns.map((c) => c.width).join(' '));
		this.hint = el('p', { class: 'vt-hint', hidden: true });
		host.replaceChildren(this.root, this.hint);
		this.root.addEventListener('scroll', () => this.#sides());
		// Kept here: asking the browser while the page is being made costs a layout each time.
		this.top = 0;
		this.scroller.addEventListener('scroll', () => {
			this.top = this.scroller.scrollTop;
			this.render();
		});
		this.scroller.addEventListener('keydown', (e) => this.#key(e));
		this.body.addEventListener('click', (e) => this.#click(e));
		new ResizeObserver(() => {
			this.head.style.paddingRight = `${14 + this.scroller.offsetWidth - this.scroller.clientWidth}px`;
			this.render();
		}).observe(this.scroller);
		new ResizeObserver(() => this.showSorted()).observe(this.root);
		this.setRows(rows);
	}

	#heading(c) {
		const button = el('button', { type: 'button', class: 'vt-sort', title: c.title, onclick: () => this.sortBy(c) }, c.label);
		const cell = el('div', { class: `vt-cell ${c.align ?? ''}`, role: 'columnheader', 'aria-sort': 'none' }, c.value ? button : c.label);
		c.heading = cell;
		return cell;
	}

	sortBy(c) {
		const isSame = this.sort?.key === c.key;
		const down = isSame ? !this.sort.down : c.first !== 'up';
		this.sort = { key: c.key, down };
		this.setRows(this.source);
		this.showSorted();
	}

	// In a narrow window the table scrolls sideways under its first column: what it is sorted by shows.
	showSorted() {
		const { root } = this;
		const heading = this.columns.find((c) => c.key === this.sort?.key)?.heading;
		if (heading && root.scrollWidth > root.clientWidth) {
			const box = root.getBoundingClientRect();
			const cell = heading.getBoundingClientRect();
			const first = this.columns[0].heading.getBoundingClientRect();
			// What is under the first column is not seen, where that stays.
			const left = Math.max(box.left, Math.min(first.right, box.right));
			if (heading === this.columns[0].heading) root.scrollLeft = 0;
			else if (cell.right > box.right - EDGE) root.scrollLeft += cell.right - box.right + EDGE;
			else if (cell.left < left) root.scrollLeft -= left - cell.left;
		}
		this.#sides();
	}

	// Says that there is more to the left or right, if there is.
	#sides() {
		const { scrollLeft, scrollWidth, clientWidth } = this.root;
		this.root.style.setProperty('--shift', `${scrollLeft}px`);
		const isLeft = scrollLeft > 1;
		const isRight = scrollLeft + clientWidth < scrollWidth - 1;
		this.root.classList.toggle('more-left', isLeft);
		this.root.classList.toggle('more-right', isRight);
		this.hint.hidden = !isLeft && !isRight;
		this.hint.textContent = `${isLeft ? '← ' : ''}Scroll sideways for more columns${isRight ? ' →' : ''}`;
	}

	get order() {
		const c = this.columns.find((x) => x.key === this.sort?.key);
		if (!c) return null;
		const sign = this.sort.down ? -1 : 1;
		return (a, b) => {
			const x = c.value(a);
			const y = c.value(b);
			return (x < y ? -1 : x > y ? 1 : 0) * sign;
		};
	}

	setRows(rows) {
		this.source = rows;
		for (const c of this.columns)
			c.heading.setAttribute('aria-sort', this.sort?.key !== c.key ? 'none' : this.sort.down ? 'descending' : 'ascending');
		const order = this.order;
		this.rows = this.tree ? this.tree.flatten(order) : order ? Array.from(rows).sort(order) : rows;
		const all = Math.max(1, this.rows.length) * ROW;
		this.height = Math.min(all, TALLEST);
		this.sizer.style.height = `${this.height}px`;
		// Half a row at the lower edge says that there are more.
		const shown = this.rows.length > this.most ? this.most + 0.5 : Math.max(1, this.rows.length);
		this.room = shown * ROW + 1;
		this.top = Math.max(0, Math.min(this.top, this.height - this.room));
		this.scroller.style.height = `${this.room}px`;
		this.root.setAttribute('aria-rowcount', this.rows.length + 1);
		if (this.active >= this.rows.length) this.active = this.rows.length - 1;
		this.render();
	}

	#firstRow() {
		const { room } = this;
		const all = this.rows.length * ROW;
		const part = this.height > room ? this.top / (this.height - room) : 0;
		return Math.max(0, (part * Math.max(0, all - room)) / ROW);
	}

	scrollTo(at) {
		const { room } = this;
		const all = this.rows.length * ROW;
		const first = this.#firstRow();
		const seen = room / ROW;
		if (at >= first && at + 1 <= first + seen) return;
		const want = at < first ? at : at + 1 - seen;
		const free = Math.max(1, all - room);
		this.scroller.scrollTop = (Math.min(free, want * ROW) / free) * Math.max(0, this.height - room);
		this.top = this.scroller.scrollTop;
		this.render();
	}

	render(isPrinting = false) {
		const exact = isPrinting ? 0 : this.#firstRow();
		const first = Math.floor(exact);
		const room = isPrinting ? PRINTED : Math.ceil(this.room / ROW) + 1;
		const last = Math.min(this.rows.length, first + room);
		const rows = [];
		for (let at = first; at < last; at++) rows.push(this.#row(at));
		if (!this.rows.length) rows.push(el('div', { class: 'vt-empty' }, typeof this.empty === 'function' ? this.empty() : this.empty));
		if (isPrinting && this.rows.length > last)
			rows.push(el('div', { class: 'vt-empty' }, `… and ${this.rows.length - last} more`));
		this.body.style.transform = isPrinting ? '' : `translateY(${this.top - (exact - first) * ROW}px)`;
		this.body.replaceChildren(...rows);
		this.scroller.setAttribute('aria-activedescendant', this.active >= first && this.active < last ? this.#rowId(this.active) : '');
	}

	#rowId(at) {
		return `${this.host.id}-${at}`;
	}

	#row(at) {
		const row = this.rows[at];
		const classes = ['vt-row'];
		if (at === this.active) classes.push('active');
		if (row === this.selected) classes.push('selected');
		const extra = this.tree?.rowClass?.(row);
		if (extra) classes.push(extra);
		const level = this.tree ? this.tree.level(row) : null;
		return el('div', {
			class: classes.join(' '), role: 'row', id: this.#rowId(at), 'data-at': at, 'aria-rowindex': at + 2,
			'aria-selected': row === this.selected ? 'true' : null,
			'aria-level': level === null ? null : level + 1,
			'aria-expanded': this.tree?.hasChildren(row) ? String(this.tree.isOpen(row)) : null,
		}, this.columns.map((c) => el('div', { class: `vt-cell ${c.align ?? ''}`, role: 'gridcell' }, c.cell(row))));
	}

	select(row) {
		this.selected = row;
		const at = this.rows.indexOf(row);
		if (at >= 0) {
			this.active = at;
			this.scrollTo(at);
		}
		this.render();
	}

	#click(e) {
		const node = e.target.closest('.vt-row');
		if (!node) return;
		const at = Number(node.dataset.at);
		this.active = at;
		if (e.target.closest('.twisty') && this.tree) this.#toggle(at);
		else this.#choose(at);
	}

	#toggle(at, want) {
		const row = this.rows[at];
		if (!this.tree?.hasChildren(row) || this.tree.isOpen(row) === want) return false;
		this.tree.toggle(row);
		this.setRows(this.source);
		return true;
	}

	#choose(at) {
		if (at < 0 || at >= this.rows.length) return;
		this.selected = this.rows[at];
		this.render();
		this.onSelect?.(this.rows[at]);
	}

	#key(e) {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		const page = Math.max(1, Math.floor(this.room / ROW) - 1);
		const to = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page, Home: 0, End: this.rows.length - 1 }[e.key];
		if (to !== undefined) {
			this.active = Math.max(0, Math.min(this.rows.length - 1, to));
			this.scrollTo(this.active);
			this.render();
		} else if (e.key === 'Enter' || e.key === ' ') {
			this.#choose(this.active);
		} else if (e.key === 'ArrowRight' && this.tree && this.active >= 0) {
			if (!this.#toggle(this.active, true) && this.tree.isOpen(this.rows[this.active])) this.active++;
			this.render();
		} else if (e.key === 'ArrowLeft' && this.tree && this.active >= 0) {
			if (!this.#toggle(this.active, false)) {
				const up = this.rows.indexOf(this.tree.parent(this.rows[this.active]));
				if (up >= 0) this.active = up;
				this.scrollTo(this.active);
				this.render();
			}
		} else {
			return;
		}
		e.preventDefault();
	}

	print(isPrinting) {
		this.root.classList.toggle('printing', isPrinting);
		this.render(isPrinting);
	}
}
