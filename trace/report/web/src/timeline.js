// SPDX-License-Identifier: BSD-2-Clause
// The timeline: one time axis over the concurrency chart, the critical path and the bars.

import { axisTop } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import { zoom, zoomIdentity } from 'd3-zoom';
import { css } from './colour.js';
import { Concurrency, drawConcurrency } from './concurrency.js';
import { $, debounce, el } from './dom.js';
import { cores, duration, moment, plural, tickStep } from './format.js';
import { Lanes } from './lanes.js';

const CHART = 92;
const STRIP = 14;
const LANES_MOST = 460;
const LABEL_LEAST = 11; // height of a lane that can hold text
const MANY = 300000; // above this, the chart waits until the view rests

export class Timeline {
	constructor(trace, palette, onSelect) {
		this.trace = trace;
		this.palette = palette;
		this.onSelect = onSelect;
		this.lanes = new Lanes(trace);
		this.concurrency = new Concurrency(trace);
		this.frames = 0;
		this.selected = -1;
		this.hover = null;
		this.showsPath = true;
		this.isCompact = this.lanes.tracks * 18 > LANES_MOST;
		this.scale = scaleLinear([0, trace.span || 1], [0, 1]);
		this.view = this.scale;
		this.canvas = { chart: $('chart'), strip: $('strip'), lanes: $('lanes') };
		this.scroller = $('lanes-scroll');
		this.stage = $('stage');
		this.#listen();
		this.recolour();
		this.restChart = debounce(90, () => this.#drawChart());
		new ResizeObserver(() => this.resize()).observe(this.stage);
		this.resize();
	}

	#listen() {
		const least = 50; // nanoseconds across the whole width
		this.zoom = zoom()
			.scaleExtent([1, Math.max(1, (this.trace.span || 1) / least)])
			.filter((e) => (e.type === 'wheel' ? e.ctrlKey || e.metaKey : !e.button && !e.ctrlKey && !(e.pointerType === 'touch')))
			.wheelDelta((e) => -e.deltaY * (e.deltaMode === 1 ? 0.05 : e.deltaMode ? 1 : 0.004))
			.on('start', (e) => this.#dragStart(e))
			.on('zoom', (e) => this.#zoomed(e));
		this.selection = select(this.stage).call(this.zoom).on('dblclick.zoom', null);
		this.stage.addEventListener('wheel', (e) => this.#wheel(e), { passive: false });
		this.stage.addEventListener('pointermove', (e) => this.#move(e));
		this.stage.addEventListener('pointerleave', () => this.#leave());
		this.stage.addEventListener('click', (e) => this.#click(e));
		this.stage.addEventListener('dblclick', (e) => this.#zoomInto(this.#hit(e)));
		this.stage.addEventListener('keydown', (e) => this.#key(e));
		this.scroller.addEventListener('scroll', () => this.schedule());
		$('zoom-in').addEventListener('click', () => this.zoomBy(2));
		$('zoom-out').addEventListener('click', () => this.zoomBy(0.5));
		$('zoom-fit').addEventListener('click', () => this.fit());
	}

	resize() {
		const width = this.stage.clientWidth;
		const ratio = devicePixelRatio || 1;
		if (!width || (width === this.width && ratio === this.ratio)) return;
		const old = this.width;
		this.ratio = ratio;
		this.width = width;
		this.scale.range([0, width]);
		this.zoom.translateExtent([[0, 0], [width, 0]]).extent([[0, 0], [width, 1]]);
		this.#layout();
		const t = this.transform ?? zoomIdentity;
		this.selection.call(this.zoom.transform, old ? zoomIdentity.translate((t.x * width) / old, 0).scale(t.k) : t);
		this.draw();
	}

	#layout() {
		const ratio = devicePixelRatio || 1;
		const { tracks } = this.lanes;
		const fit = Math.min(18, Math.max(2, LANES_MOST / Math.max(1, tracks)));
		this.laneHeight = this.isCompact ? fit : 18;
		const all = Math.ceil(this.laneHeight * Math.max(1, tracks));
		this.lanesHeight = Math.min(LANES_MOST, all);
		this.scroller.style.height = `${this.lanesHeight}px`;
		$('lanes-size').style.height = `${all}px`;
		for (const [name, height] of [['chart', CHART], ['strip', STRIP], ['lanes', this.lanesHeight]]) {
			const canvas = this.canvas[name];
			canvas.width = Math.round(this.width * ratio);
			canvas.height = Math.round(height * ratio);
			canvas.style.height = `${height}px`;
		}
		const lanes = this.canvas.lanes;
		this.image = new ImageData(lanes.width, lanes.height);
		this.pixels = new Uint32Array(this.image.data.buffer);
	}

	recolour() {
		this.lanes.recolour(this.palette.slotOfEach());
		this.schedule();
	}

	light(matches) {
		this.lanes.light(matches);
		this.schedule();
	}

	setCompact(isCompact) {
		this.isCompact = isCompact;
		this.#layout();
		this.schedule();
	}

	schedule() {
		if (this.frame) return;
		this.frame = requestAnimationFrame(() => {
			this.frame = 0;
			this.draw();
		});
	}

	// --- what is visible

	get domain() {
		return this.view.domain();
	}

	#dragStart(e) {
		const source = e.sourceEvent;
		this.drag = source && source.clientY !== undefined && source.type !== 'wheel' ? { y: source.clientY, top: this.scroller.scrollTop } : null;
	}

	#zoomed(e) {
		const t = e.transform;
		this.transform = t;
		this.view = t.rescaleX(this.scale);
		if (this.drag && e.sourceEvent?.type === 'mousemove') this.scroller.scrollTop = this.drag.top + this.drag.y - e.sourceEvent.clientY;
		this.schedule();
	}

	zoomBy(factor) {
		this.selection.call(this.zoom.scaleBy, factor);
	}

	panBy(part) {
		this.selection.call(this.zoom.translateBy, (-part * this.width) / this.transform.k, 0);
	}

	fit() {
		this.selection.call(this.zoom.transform, zoomIdentity);
	}

	show(from, to) {
		const margin = Math.max((to - from) * 0.1, 25);
		const a = Math.max(0, from - margin);
		const b = Math.min(this.trace.span, to + margin);
		const k = Math.min((this.trace.span || 1) / Math.max(b - a, 1), this.zoom.scaleExtent()[1]);
		this.selection.call(this.zoom.transform, zoomIdentity.scale(k).translate(-this.scale(a), 0));
	}

	// Scrolls and, if it is too thin to be seen, zooms so that process i shows.
	reveal(i) {
		const { c, end } = this.trace;
		const [t0, t1] = this.domain;
		const y = c.track[i] * this.laneHeight;
		if (y < this.scroller.scrollTop || y + this.laneHeight > this.scroller.scrollTop + this.lanesHeight)
			this.scroller.scrollTop = y - this.lanesHeight / 2;
		const isOut = end[i] < t0 || c.start[i] > t1;
		const isThin = this.view(end[i]) - this.view(c.start[i]) < 4;
		if (isOut || isThin) {
			const length = Math.max(c.wall[i] * 12, (t1 - t0) / 50, 1000);
			const middle = (c.start[i] + end[i]) / 2;
			this.show(isThin ? middle - length / 2 : middle - (t1 - t0) / 2.5, isThin ? middle + length / 2 : middle + (t1 - t0) / 2.5);
		}
	}

	select(i) {
		this.selected = i;
		this.schedule();
	}

	// --- pointer and keys

	#hit(e) {
		const box = this.canvas.lanes.getBoundingClientRect();
		const x = e.clientX - box.left;
		const y = e.clientY - box.top;
		if (y < 0) return -1;
		const slack = 3 / Math.abs(this.view(1) - this.view(0));
		return this.lanes.find(Math.floor((y + this.scroller.scrollTop) / this.laneHeight), this.view.invert(x), slack);
	}

	#wheel(e) {
		if (e.ctrlKey || e.metaKey) return;
		const across = e.shiftKey ? e.deltaY || e.deltaX : Math.abs(e.deltaX) > Math.abs(e.deltaY) ? e.deltaX : 0;
		if (!across) return;
		e.preventDefault();
		this.selection.call(this.zoom.translateBy, -across / this.transform.k, 0);
	}

	#move(e) {
		const box = this.stage.getBoundingClientRect();
		this.hover = { x: e.clientX - box.left, y: e.clientY - box.top, i: this.#hit(e) };
		this.#readout();
		this.#tip(e);
		this.#cross();
	}

	#leave() {
		this.hover = null;
		$('tip').hidden = true;
		$('cross').hidden = true;
		this.#readout();
	}

	#cross() {
		const cross = $('cross');
		cross.hidden = !this.hover;
		if (this.hover) cross.style.transform = `translateX(${Math.round(this.hover.x)}px)`;
	}

	#tip(e) {
		const tip = $('tip');
		const { i } = this.hover;
		tip.hidden = i < 0;
		this.stage.classList.toggle('pointing', i >= 0);
		if (i < 0) return;
		const { trace } = this;
		tip.replaceChildren(
			el('div', { class: 'tip-command' }, trace.command(i, 180, true)),
			el('div', { class: 'tip-facts' },
				`${trace.isRun(i) ? `${moment(trace.c.start[i], 1e5)}${trace.clock.isKnown ? ` (${trace.clock.time(trace.c.start[i])} UTC)` : ''} · ` : ''}${duration(trace.c.wall[i])} wall · ${duration(trace.cpu(i))} CPU · pid ${trace.c.pid[i]}`,
				trace.hasFailed(i) && el('span', { class: 'bad' }, ` · ${trace.c.signal[i] ? trace.exit(i) : `exit ${trace.exit(i)}`}`)),
		);
		const width = tip.offsetWidth;
		const x = Math.min(e.clientX + 14, document.documentElement.clientWidth - width - 8);
		const below = e.clientY + 18 + tip.offsetHeight < innerHeight;
		tip.style.transform = `translate(${Math.max(8, x)}px, ${below ? e.clientY + 18 : e.clientY - 12 - tip.offsetHeight}px)`;
	}

	#click(e) {
		if (e.defaultPrevented) return;
		const i = this.#hit(e);
		if (i >= 0) this.onSelect(i, 'timeline');
	}

	#zoomInto(i) {
		if (i >= 0) this.show(this.trace.c.start[i], this.trace.end[i]);
	}

	#key(e) {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		const has = this.selected >= 0;
		const actions = {
			ArrowLeft: () => (e.shiftKey && has ? this.#go(this.lanes.neighbour(this.selected, -1)) : this.panBy(-0.2)),
			ArrowRight: () => (e.shiftKey && has ? this.#go(this.lanes.neighbour(this.selected, 1)) : this.panBy(0.2)),
			ArrowUp: () => this.#vertical(-1),
			ArrowDown: () => this.#vertical(1),
			'+': () => this.zoomBy(1.6),
			'=': () => this.zoomBy(1.6),
			'-': () => this.zoomBy(1 / 1.6),
			0: () => this.fit(),
			Home: () => this.fit(),
			Enter: () => has && this.#zoomInto(this.selected),
		};
		if (!actions[e.key]) return;
		e.preventDefault();
		actions[e.key]();
	}

	// Down from a process: what ran below it at the middle of the part of it that is visible.
	#vertical(step) {
		const [t0, t1] = this.domain;
		if (this.selected < 0) {
			this.#go(this.lanes.find(0, (t0 + t1) / 2, t1 - t0));
			return;
		}
		const { c, end } = this.trace;
		const t = (Math.max(t0, c.start[this.selected]) + Math.min(t1, end[this.selected])) / 2;
		for (let track = c.track[this.selected] + step; track >= 0 && track < this.lanes.tracks; track += step) {
			const i = this.lanes.find(track, t, (t1 - t0) / 20);
			if (i >= 0) {
				this.#go(i);
				return;
			}
		}
	}

	#go(i) {
		if (i < 0) return;
		this.onSelect(i, 'keys');
		this.reveal(i);
	}

	// --- drawing

	draw() {
		if (!this.width) return;
		const before = performance.now();
		cancelAnimationFrame(this.frame);
		this.frame = 0;
		this.#drawAxis();
		if (this.trace.count <= MANY) this.#drawChart();
		else this.restChart();
		this.#drawStrip();
		this.#drawLanes();
		this.#readout();
		this.lastFrame = performance.now() - before;
		this.frames++;
	}

	#ink() {
		const style = getComputedStyle(document.documentElement);
		const get = (name) => style.getPropertyValue(name).trim();
		return { area: get('--chart-area'), line: get('--chart-line'), rule: get('--chart-rule'), text: get('--bar-text'), path: get('--path'), select: get('--accent'), faint: get('--faint') };
	}

	#drawAxis() {
		const [t0, t1] = this.domain;
		const step = tickStep(t1 - t0, this.width / 110);
		const ticks = [];
		for (let t = Math.ceil(t0 / step) * step; t <= t1; t += step) ticks.push(t);
		const axis = axisTop(this.view).tickValues(ticks).tickFormat((t) => moment(t, step)).tickSize(5).tickPadding(5);
		const g = select('#axis').attr('width', this.width).attr('viewBox', `0 0 ${this.width} 40`).select('g').call(axis);
		g.selectAll('text').attr('text-anchor', (t) => (this.view(t) < 34 ? 'start' : this.view(t) > this.width - 34 ? 'end' : 'middle'))
			.attr('dx', (t) => (this.view(t) < 34 ? 4 : this.view(t) > this.width - 34 ? -4 : 0));
		this.#drawClock(g, t0, step);
	}

	// The wall clock above each tick; the zone is named at the left.
	#drawClock(g, t0, step) {
		const { clock } = this.trace;
		if (!clock.isKnown) return;
		g.selectAll('.tick').each(function put(t) {
			const text = select(this).select('text');
			const above = select(this).selectAll('.clock').data([t]).join('text').attr('class', 'clock').attr('y', -22);
			above.attr('text-anchor', text.attr('text-anchor')).attr('dx', text.attr('dx')).attr('fill', 'currentColor').text(clock.time(t, step));
		});
		$('axis-zone').textContent = `${clock.day(t0)}, UTC`;
	}

	#context(name) {
		const canvas = this.canvas[name];
		const ratio = devicePixelRatio || 1;
		const g = canvas.getContext('2d');
		g.setTransform(ratio, 0, 0, ratio, 0, 0);
		return g;
	}

	#drawChart() {
		const [t0, t1] = this.domain;
		this.chartData = this.concurrency.fill(t0, t1, Math.max(1, Math.round(this.width)));
		const { cpus } = this.trace.analysis.trace;
		const { y } = drawConcurrency(this.#context('chart'), this.width, CHART, this.chartData, cpus, this.#ink());
		const label = $('cpus-label');
		label.hidden = !cpus;
		label.textContent = cpus ? plural(cpus, 'core') : '';
		label.style.top = `${Math.max(0, y(cpus) - 15)}px`;
	}

	// The index of the first segment that ends after t.
	#segmentAt(t) {
		const { seg_to: to } = this.trace.c;
		let low = 0;
		let high = to.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (to[middle] <= t) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	// Calls fn(x0, x1, process) for each visible segment; those below a pixel are joined.
	#eachSegment(fn) {
		const { seg_from: from, seg_to: to, seg_process: of } = this.trace.c;
		const [t0, t1] = this.domain;
		for (let k = this.#segmentAt(t0); k < to.length && from[k] < t1; ) {
			const x0 = this.view(from[k]);
			let next = k + 1;
			const x1 = this.view(to[k]);
			if (x1 - x0 < 0.5) next = Math.max(next, this.#segmentAt(this.view.invert(x0 + 0.5)));
			fn(x0, Math.max(x1, this.view(to[next - 1])), of[k] - 1);
			k = next;
		}
	}

	#drawStrip() {
		const g = this.#context('strip');
		g.clearRect(0, 0, this.width, STRIP);
		this.#eachSegment((x0, x1, i) => {
			if (i < 0) return;
			g.fillStyle = this.palette.colour(i);
			g.fillRect(x0, 0, Math.max(0.5, x1 - x0 - (x1 - x0 > 4 ? 1 : 0)), STRIP);
		});
	}

	#drawLanes() {
		const canvas = this.canvas.lanes;
		const ratio = devicePixelRatio || 1;
		const [t0, t1] = this.domain;
		const scale = canvas.width / (t1 - t0);
		const top = this.scroller.scrollTop;
		const labels = [];
		const laneHeight = this.laneHeight * ratio;
		const labelWidth = this.laneHeight >= LABEL_LEAST ? 26 * ratio : Infinity;
		this.pixels.fill(0);
		this.lanes.draw(this.pixels, canvas.width, canvas.height, t0, scale, laneHeight, Math.round(top * ratio), this.palette, labelWidth,
			(...bar) => labels.length < 3000 && labels.push(bar));
		const g = canvas.getContext('2d');
		g.setTransform(1, 0, 0, 1, 0, 0);
		g.putImageData(this.image, 0, 0);
		g.setTransform(ratio, 0, 0, ratio, 0, 0);
		this.#drawLabels(g, labels, ratio);
		if (this.showsPath) this.#drawPath(g, top);
		this.#drawSelected(g, top);
	}

	#drawLabels(g, labels, ratio) {
		const ink = this.#ink();
		g.font = '11px system-ui, "Liberation Sans", sans-serif';
		g.textBaseline = 'middle';
		this.letter ??= g.measureText('the quick -o brown/fox.c jumps_over').width / 35;
		for (const [i, x, y, width, isLit] of labels) {
			const room = Math.floor((width / ratio - 7) / this.letter);
			if (room < 3) continue;
			const whole = this.label(i);
			let text = whole.length > room ? `${whole.slice(0, room - 1)}…` : whole;
			const excess = g.measureText(text).width / (width / ratio - 6);
			if (excess > 1) text = `${text.slice(0, Math.floor(text.length / excess) - 1)}…`;
			g.fillStyle = isLit ? ink.text : ink.faint;
			g.fillText(text, x / ratio + 4, (y / ratio) + (this.laneHeight - 1) / 2 + 0.5);
		}
	}

	label(i) {
		this.labels ??= new Map();
		let text = this.labels.get(i);
		if (text === undefined) {
			text = this.trace.label(i, 120);
			if (this.labels.size > 20000) this.labels.clear();
			this.labels.set(i, text);
		}
		return text;
	}

	// A line along the bottom of each bar while the path is in it; thin ones lead from bar to bar.
	#drawPath(g, top) {
		const ink = this.#ink();
		const thick = this.laneHeight >= 8 ? 2.5 : 1.5;
		const bottom = (i) => this.trace.c.track[i] * this.laneHeight - top + this.laneHeight - 0.5 - thick / 2;
		let lastY = null;
		let lastX = -10;
		const links = [];
		// A crowd of specks says nothing: then only what can be seen is drawn; the strip has the rest.
		let segments = 0;
		this.#eachSegment(() => segments++);
		const least = segments > 500 ? 2 : 0;
		g.strokeStyle = ink.path;
		g.lineWidth = thick;
		g.beginPath();
		this.#eachSegment((x0, x1, i) => {
			if (i < 0 || x1 - x0 < least) {
				lastY = null;
				return;
			}
			const y = bottom(i);
			if (lastY !== null && y !== lastY && x0 - lastX >= 5) {
				links.push([x0, lastY, y]);
				lastX = x0;
			}
			g.moveTo(x0, y);
			g.lineTo(Math.max(x1, x0 + 0.75), y);
			lastY = y;
		});
		g.stroke();
		g.globalAlpha = 0.4;
		g.lineWidth = 1;
		g.beginPath();
		for (const [x, y0, y1] of links) {
			g.moveTo(Math.round(x) + 0.5, y0);
			g.lineTo(Math.round(x) + 0.5, y1);
		}
		g.stroke();
		g.globalAlpha = 1;
	}

	#drawSelected(g, top) {
		const i = this.selected;
		if (i < 0 || !this.trace.isRun(i)) return;
		const x0 = Math.max(-4, this.view(this.trace.c.start[i]));
		const x1 = Math.min(this.width + 4, this.view(this.trace.end[i]));
		const y = this.trace.c.track[i] * this.laneHeight - top;
		if (x1 < 0 || x0 > this.width) return;
		g.strokeStyle = this.#ink().select;
		g.lineWidth = 2;
		g.strokeRect(x0 - 0.5, y - 0.5, Math.max(3, x1 - x0 + 1), Math.max(3, this.laneHeight));
	}

	#readout() {
		const [t0, t1] = this.domain;
		const out = $('readout');
		if (!this.hover || !this.chartData) {
			const step = (t1 - t0) / 100;
			out.textContent = `${moment(t0, step)} – ${moment(t1, step)}${this.#clock(t0, step, ` – ${this.trace.clock.time(t1, step)}`)}`;
			return;
		}
		const x = Math.min(this.chartData.cores.length - 1, Math.max(0, Math.floor(this.hover.x)));
		const at = moment(this.view.invert(this.hover.x), (t1 - t0) / 1000);
		out.textContent = `${at}${this.#clock(this.view.invert(this.hover.x), (t1 - t0) / 1000)} · ${cores(this.chartData.cores[x])} cores busy · ${this.chartData.active[x].toFixed(1)} active`;
	}

	// " (10:00:00.250 UTC)" or, without a wall clock, "".
	#clock(ns, step, more = '') {
		const { clock } = this.trace;
		return clock.isKnown ? ` (${clock.time(ns, step)}${more} UTC)` : '';
	}

	legendColour(slot) {
		return css(this.palette.colours[slot]);
	}
}
