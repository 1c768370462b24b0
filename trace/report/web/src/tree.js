// SPDX-License-Identifier: BSD-2-Clause
// The tree of processes as rows: what is open, what a search leaves, siblings in the order asked for.

export class Tree {
	constructor(trace) {
		this.trace = trace;
		this.open = new Uint8Array(trace.count);
		this.kept = null; // search: 1 = matches, 2 = is on the way to a match
		this.tops = [];
		for (let i = 0; i < trace.count; i++) if (trace.parent[i] < 0) this.tops.push(i);
		this.openSome();
	}

	// As many levels as fit a screen or two.
	openSome() {
		const { depth } = this.trace.c;
		const levels = [];
		for (let i = 0; i < this.trace.count; i++) if (this.trace.c.sub_count[i]) levels[depth[i]] = (levels[depth[i]] ?? 0) + 1;
		let rows = levels[0] ?? 0;
		let until = 0;
		while (until + 1 < levels.length && rows + levels[until + 1] <= 400) rows += levels[++until];
		for (let i = 0; i < this.trace.count; i++) this.open[i] = depth[i] < until ? 1 : 0;
		// One branch that leads further is followed, so that a tree is not just its root.
		if (until === 0 && this.tops.length === 1) this.open[this.tops[0]] = 1;
	}

	openAll(isOpen) {
		this.open.fill(isOpen ? 1 : 0);
	}

	// matches: one byte a process, or null for all.
	search(matches) {
		if (!matches) {
			this.kept = null;
			return;
		}
		const kept = new Uint8Array(this.trace.count);
		for (let i = 0; i < kept.length; i++) {
			if (!matches[i]) continue;
			kept[i] = 1;
			for (let p = this.trace.parent[i]; p >= 0 && !kept[p]; p = this.trace.parent[p]) kept[p] = 2;
		}
		this.kept = kept;
		this.closed = new Set();
	}

	reveal(i) {
		for (let p = this.trace.parent[i]; p >= 0; p = this.trace.parent[p]) {
			this.open[p] = 1;
			this.closed?.delete(p);
		}
	}

	level(i) {
		return this.trace.c.depth[i];
	}

	parent(i) {
		return this.trace.parent[i];
	}

	hasChildren(i) {
		return this.trace.childFirst[i + 1] > this.trace.childFirst[i] && this.trace.c.sub_count[i] > 0;
	}

	isOpen(i) {
		return this.kept ? !this.closed.has(i) : this.open[i] === 1;
	}

	toggle(i) {
		if (!this.kept) this.open[i] ^= 1;
		else if (!this.closed.delete(i)) this.closed.add(i);
	}

	rowClass(i) {
		return this.kept && this.kept[i] === 2 ? 'context' : this.trace.isRun(i) ? null : 'context';
	}

	flatten(order) {
		const { childFirst, children } = this.trace;
		const rows = [];
		const stack = [];
		const push = (list) => {
			// Ancestors from before the recording are shown for what they begot, not for themselves.
			const kept = list.filter((i) => (this.kept ? this.kept[i] : this.trace.c.sub_count[i]));
			const sorted = order ? Array.from(kept).sort(order) : kept;
			for (let k = sorted.length - 1; k >= 0; k--) stack.push(sorted[k]);
		};
		push(this.tops);
		while (stack.length) {
			const i = stack.pop();
			rows.push(i);
			if (this.isOpen(i) && this.hasChildren(i)) push(children.subarray(childFirst[i], childFirst[i + 1]));
		}
		return rows;
	}
}
