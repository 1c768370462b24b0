// SPDX-License-Identifier: BSD-2-Clause
// The timeline's bars: packed into tracks, drawn into a pixel buffer.
//
// A track holds lives that do not overlap, in order, so what is visible is found by binary search
// and what is narrower than a pixel is merged by jumping to the next pixel: the work of a frame is
// bounded by the pixels, not by the processes.

const FAIL_CAP = 3;
const LEAST_WITH_SPECKS = 3; // pixels of a bar that can spare one

export class Lanes {
	constructor(trace) {
		const { track } = trace.c;
		this.trace = trace;
		let tracks = 0;
		for (let i = 0; i < trace.count; i++) if (trace.isRun(i) && track[i] >= tracks) tracks = track[i] + 1;
		this.tracks = tracks;
		this.first = new Uint32Array(tracks + 2);
		for (let i = 0; i < trace.count; i++) if (trace.isRun(i)) this.first[track[i] + 2]++;
		for (let t = 2; t < tracks + 2; t++) this.first[t] += this.first[t - 1];
		this.items = new Uint32Array(this.first[tracks + 1]);
		for (let i = 0; i < trace.count; i++) if (trace.isRun(i)) this.items[this.first[track[i] + 1]++] = i;
		const n = this.items.length;
		this.start = new Float64Array(n);
		this.end = new Float64Array(n);
		this.busy = new Float64Array(n + 1);
		this.fails = new Uint32Array(n + 1);
		for (let k = 0; k < n; k++) {
			const i = this.items[k];
			this.start[k] = trace.c.start[i];
			this.end[k] = trace.end[i];
			this.busy[k + 1] = this.busy[k] + trace.c.wall[i];
			this.fails[k + 1] = this.fails[k] + (trace.hasFailed(i) ? 1 : 0);
		}
		this.slots = new Uint8Array(n);
		this.lit = null; // prefix counts of what is not dimmed; null = everything is lit
	}

	recolour(slotOfProcess) {
		for (let k = 0; k < this.items.length; k++) this.slots[k] = slotOfProcess[this.items[k]];
	}

	// matches: one byte a process, or null.
	light(matches) {
		if (!matches) {
			this.lit = null;
			return;
		}
		const lit = new Uint32Array(this.items.length + 1);
		for (let k = 0; k < this.items.length; k++) lit[k + 1] = lit[k] + matches[this.items[k]];
		this.lit = lit;
	}

	// The first item of [low, high) that starts at or after t.
	#startsAt(t, low, high) {
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.start[middle] < t) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	// The process at time t in a track, or the nearest within slack; -1 if there is none.
	find(track, t, slack) {
		if (track < 0 || track >= this.tracks) return -1;
		const low = this.first[track];
		const high = this.first[track + 1];
		const k = this.#startsAt(t, low, high);
		let best = -1;
		let distance = slack;
		for (const c of [k - 1, k]) {
			if (c < low || c >= high) continue;
			const d = t < this.start[c] ? this.start[c] - t : t > this.end[c] ? t - this.end[c] : -1;
			if (d <= distance) {
				best = this.items[c];
				distance = d;
			}
		}
		return best;
	}

	neighbour(i, step) {
		const track = this.trace.c.track[i];
		const k = this.#startsAt(this.trace.c.start[i], this.first[track], this.first[track + 1]);
		const to = k + step;
		return to >= this.first[track] && to < this.first[track + 1] ? this.items[to] : -1;
	}

	/*
	 * Draws tracks [top, ...) of height laneHeight (device pixels) for times from t0 at scale
	 * pixels a ns into pixels (Uint32, width x height). Calls onBar(i, x, y, width, lit) for bars
	 * that are wide enough to be written on.
	 */
	draw(pixels, width, height, t0, scale, laneHeight, top, palette, labelWidth, onBar) {
		const pack = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;
		const full = palette.colours.map(pack);
		const faded = palette.faded.map(pack);
		const seams = palette.seams.map(pack);
		const fail = pack(palette.fail);
		const ratio = Math.round(devicePixelRatio || 1);
		const gap = laneHeight >= 6 ? Math.max(1, Math.round(laneHeight / 12)) : laneHeight >= 3 ? 1 : 0;
		const firstTrack = Math.max(0, Math.floor(top / laneHeight));
		for (let track = firstTrack; track < this.tracks; track++) {
			const y0 = Math.round(track * laneHeight - top);
			if (y0 >= height) break;
			const y1 = Math.min(height, Math.round((track + 1) * laneHeight - top) - gap);
			this.#drawTrack(pixels, width, track, Math.max(0, y0), Math.max(y1, y0 + 1), t0, scale, {
				full, faded, seams, fail, palette, labelWidth, onBar, ratio,
			});
		}
	}

	/*
	 * Lives in a track do not overlap: of those that start in one pixel, only the last can reach
	 * beyond it. The rest are one speck, and the last is drawn as what it is.
	 */
	#drawTrack(pixels, width, track, y0, y1, t0, scale, how) {
		const low = this.first[track];
		const high = this.first[track + 1];
		const t1 = t0 + width / scale;
		let k = this.#startsAt(t0, low, high);
		if (k > low && this.end[k - 1] > t0) k--;
		while (k < high && this.start[k] < t1) {
			const pixel = Math.max(0, Math.floor((this.start[k] - t0) * scale));
			const next = Math.max(k + 1, this.#startsAt(t0 + (pixel + 1) / scale, k + 1, high));
			const isWide = (this.end[next - 1] - this.start[next - 1]) * scale >= 1;
			const specks = isWide ? next - 1 : next;
			const bar = isWide ? this.#drawBar(pixels, width, specks, low, t0, y0, y1, scale, how) : 0;
			// A short bar would vanish below the specks, specks vanish in a long one.
			if (specks > k && (!isWide || bar >= LEAST_WITH_SPECKS * how.ratio))
				this.#drawMerged(pixels, width, k, specks, pixel, t0, y0, y1, scale, how);
			k = next;
		}
	}

	// Returns its width in pixels. Each pixel that the life touches is painted; where it follows
	// another one closely, a seam of a pale colour tells them apart.
	#drawBar(pixels, width, k, low, t0, y0, y1, scale, how) {
		const x0 = (this.start[k] - t0) * scale;
		const x1 = (this.end[k] - t0) * scale;
		const from = Math.max(0, Math.floor(x0));
		const to = Math.min(width, Math.max(Math.ceil(x1), from + 1));
		const isLit = !this.lit || this.lit[k + 1] > this.lit[k];
		const fill = (a, b, value) => {
			for (let y = y0; y < y1 && a < b; y++) pixels.fill(value, y * width + a, y * width + b);
		};
		fill(from, to, (isLit ? how.full : how.faded)[this.slots[k]]);
		if (x0 >= 0 && x1 - x0 > 4 * how.ratio && k > low && x0 - (this.end[k - 1] - t0) * scale < 1.5)
			fill(from, from + how.ratio, how.seams[this.slots[k]]);
		if (this.fails[k + 1] > this.fails[k] && x1 <= width) fill(Math.max(to - FAIL_CAP * how.ratio, from), to, how.fail);
		if (x1 - x0 >= how.labelWidth) how.onBar(this.items[k], from, y0, to - from, isLit);
		return to - from;
	}

	#drawMerged(pixels, width, k, next, pixel, t0, y0, y1, scale, how) {
		if (pixel >= width) return;
		const covered = Math.min(1, (this.busy[next] - this.busy[k]) * scale);
		const isLit = !this.lit || this.lit[next] > this.lit[k];
		const failed = (this.fails[next] - this.fails[k]) / (next - k);
		const c = (isLit ? how.palette.colours : how.palette.faded)[this.slots[k]];
		const p = how.palette.paper;
		const f = how.palette.fail;
		const part = 0.45 + 0.55 * covered;
		const red = failed ? 0.4 + 0.6 * failed : 0;
		const mix = (n) => Math.round((c[n] * part + p[n] * (1 - part)) * (1 - red) + f[n] * red);
		const colour = (255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0);
		// The last may reach into the next pixel.
		const to = Math.min(width, Math.max(pixel + 1, Math.ceil((this.end[next - 1] - t0) * scale)));
		for (let y = y0; y < y1; y++) pixels.fill(colour, y * width + pixel, y * width + to);
	}
}
