// SPDX-License-Identifier: BSD-2-Clause
// Busy cores and active processes over the visible time, a bucket a pixel; docs/analysis.md defines both.

// Part of each child's life in which it alone keeps its parent waiting: these do not overlap.
function coverOfParents(trace) {
	const from = new Float64Array(trace.count);
	const to = new Float64Array(trace.count);
	const until = new Float64Array(trace.count);
	const { start } = trace.c;
	for (let i = 0; i < trace.count; i++) until[i] = start[i];
	for (let i = 0; i < trace.count; i++) {
		const p = trace.parent[i];
		if (p < 0 || !trace.isRun(p)) continue;
		const a = Math.max(start[i], until[p]);
		const b = Math.min(trace.end[i], trace.end[p]);
		if (b <= a) continue;
		from[i] = a;
		to[i] = b;
		until[p] = b;
	}
	return { from, to };
}

export class Concurrency {
	constructor(trace) {
		this.trace = trace;
		this.cover = coverOfParents(trace);
		this.rate = new Float64Array(trace.count);
		// Of what was there before only the CPU time within the recording is known.
		this.from = Float64Array.from(trace.c.start, (start, i) => (trace.hasOlderCpu(i) ? Math.max(0, start) : start));
		for (let i = 0; i < trace.count; i++) {
			const life = trace.end[i] - this.from[i];
			if (life > 0) this.rate[i] = trace.cpu(i) / life;
		}
		this.key = '';
	}

	// Means over each of width pixels from t0: { cores, active, mostCores, mostActive }.
	fill(t0, t1, width) {
		const key = `${t0} ${t1} ${width}`;
		if (key === this.key) return this.result;
		const { trace, cover, rate } = this;
		const { start } = trace.c;
		const scale = width / (t1 - t0);
		const add = (edge, inner, from, to, weight) => {
			const a = Math.max(0, (from - t0) * scale);
			const b = Math.min(width, (to - t0) * scale);
			if (b <= a) return;
			const ia = a | 0;
			const ib = b | 0;
			if (ia === ib) {
				edge[ia] += weight * (b - a);
				return;
			}
			edge[ia] += weight * (ia + 1 - a);
			inner[ia + 1] += weight;
			inner[ib] -= weight;
			edge[ib] += weight * (b - ib);
		};
		const edge = [new Float64Array(width + 2), new Float64Array(width + 2)];
		const inner = [new Float64Array(width + 2), new Float64Array(width + 2)];
		for (let i = 0; i < trace.count; i++) {
			if (start[i] >= t1) break; // by start
			if (trace.end[i] <= t0 || !(trace.isRun(i) || trace.hasOlderCpu(i))) continue;
			if (rate[i]) add(edge[0], inner[0], this.from[i], trace.end[i], rate[i]);
			if (!trace.isRun(i)) continue;
			add(edge[1], inner[1], start[i], trace.end[i], 1);
			if (cover.to[i] > cover.from[i]) add(edge[1], inner[1], cover.from[i], cover.to[i], -1);
		}
		const sum = (e, f) => {
			const out = new Float64Array(width);
			let level = 0;
			for (let x = 0; x < width; x++) {
				level += f[x];
				out[x] = Math.max(0, level + e[x]);
			}
			return out;
		};
		const cores = sum(edge[0], inner[0]);
		const active = sum(edge[1], inner[1]);
		this.key = key;
		this.result = { cores, active, mostCores: most(cores), mostActive: most(active) };
		return this.result;
	}
}

function most(list) {
	let m = 0;
	for (const v of list) if (v > m) m = v;
	return m;
}

// Draws into a canvas context of width x height CSS pixels. Returns the value at its top.
export function drawConcurrency(g, width, height, data, cpus, ink) {
	const top = Math.max(cpus || 0, data.mostCores, data.mostActive, 1) * 1.22;
	const y = (v) => height - 0.5 - (v / top) * (height - 4);
	const n = data.cores.length;
	const step = width / n;
	g.clearRect(0, 0, width, height);
	g.beginPath();
	g.moveTo(0, height);
	for (let x = 0; x < n; x++) {
		g.lineTo(x * step, y(data.cores[x]));
		g.lineTo((x + 1) * step, y(data.cores[x]));
	}
	g.lineTo(width, height);
	g.fillStyle = ink.area;
	g.fill();
	g.beginPath();
	for (let x = 0; x < n; x++) {
		g.lineTo(x * step, y(data.active[x]));
		g.lineTo((x + 1) * step, y(data.active[x]));
	}
	g.strokeStyle = ink.line;
	g.lineWidth = 1;
	g.stroke();
	if (cpus) {
		g.setLineDash([3, 3]);
		g.strokeStyle = ink.rule;
		g.beginPath();
		g.moveTo(0, Math.round(y(cpus)) + 0.5);
		g.lineTo(width, Math.round(y(cpus)) + 0.5);
		g.stroke();
		g.setLineDash([]);
	}
	return { top, y };
}
