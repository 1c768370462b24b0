// SPDX-License-Identifier: BSD-2-Clause
// Colours of programs: one lightness and one chroma, hues far apart and clear of the red of failures.

// Blue, amber, green, violet, teal, magenta, lime, indigo, brown, sky.
const HUES = [252, 72, 152, 302, 196, 338, 122, 275, 52, 222];
const CHROMA = [1, 1, 0.9, 0.95, 0.8, 0.9, 1, 1.1, 0.55, 0.6];

const TONES = {
	light: { lightness: 0.8, chroma: 0.085, rest: [0.85, 0.008, 80], fail: [0.58, 0.21, 27], paper: [255, 255, 255] },
	dark: { lightness: 0.52, chroma: 0.085, rest: [0.4, 0.01, 80], fail: [0.64, 0.21, 27], paper: [27, 27, 29] },
};

export function oklch(l, c, h) {
	const a = c * Math.cos((h * Math.PI) / 180);
	const b = c * Math.sin((h * Math.PI) / 180);
	const x = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
	const y = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
	const z = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
	return [
		4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z,
		-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z,
		-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z,
	].map((v) => Math.round(255 * Math.min(1, Math.max(0, v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055))));
}

export const css = ([r, g, b]) => `rgb(${r},${g},${b})`;

export class Palette {
	constructor(trace) {
		this.trace = trace;
		this.theme = 'light';
		this.by = 'program';
		this.rank();
		this.setTheme('light');
	}

	// The programs that a reader will look for get a hue: by CPU time, or by time on the path.
	rank() {
		const { programs, totals } = this.trace.analysis;
		const cpu = totals.cpu_ns || 1;
		const path = totals.wall_ns || 1;
		const weight = programs.map((p, i) => [i, p.cpu_ns / cpu + p.path_ns / path + (p.runs + p.forks) / (totals.processes || 1) / 4]);
		weight.sort((a, b) => b[1] - a[1]);
		this.ofProgram = new Uint8Array(programs.length + 1).fill(HUES.length);
		this.legend = weight.slice(0, HUES.length).map(([i], slot) => {
			this.ofProgram[i + 1] = slot;
			return { program: i, slot };
		});
	}

	setTheme(theme) {
		const tone = TONES[theme];
		this.theme = theme;
		this.colours = HUES.map((h, k) => oklch(tone.lightness, tone.chroma * CHROMA[k], h));
		this.colours.push(oklch(...tone.rest));
		this.fail = oklch(...tone.fail);
		this.paper = tone.paper;
		const mix = (c, p) => c.map((v, k) => Math.round(v * p + tone.paper[k] * (1 - p)));
		this.faded = this.colours.map((c) => mix(c, 0.28));
		this.seams = this.colours.map((c) => mix(c, 0.4));
	}

	slot(i) {
		if (this.by === 'program') return this.ofProgram[this.trace.c.program[i]];
		const parent = this.trace.parent[i];
		if (parent < 0) return HUES.length;
		return ((parent * 2654435761) >>> 8) % HUES.length;
	}

	slotOfEach() {
		const out = new Uint8Array(this.trace.count);
		for (let i = 0; i < out.length; i++) out[i] = this.slot(i);
		return out;
	}

	colour(i) {
		return css(this.colours[this.slot(i)]);
	}

	ofName(programIndex) {
		return css(this.colours[this.ofProgram[programIndex + 1]]);
	}
}
