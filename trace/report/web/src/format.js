// SPDX-License-Identifier: BSD-2-Clause
// Numbers as people read them: what base/units.c writes, and more for the page alone.

// Rounded down: 999.99 ms must not become "1000 ms".
export function duration(ns) {
	const down = (unit, digits) => (Math.floor((ns / unit) * 10 ** digits + 1e-6) / 10 ** digits).toFixed(digits);
	if (ns < 1e3) return `${Math.floor(ns)} ns`;
	if (ns < 1e4) return `${down(1e3, 1)} us`;
	if (ns < 1e6) return `${down(1e3, 0)} us`;
	if (ns < 1e9) return `${down(1e6, 1)} ms`;
	if (ns < 1e11) return `${down(1e9, 3)} s`;
	const s = Math.floor(ns / 1e9);
	const pad = (n) => String(n).padStart(2, '0');
	if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
	return `${Math.floor(s / 3600)}h ${pad(Math.floor(s / 60) % 60)}m`;
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

export function bytes(n) {
	if (n < 1000) return `${n} B`;
	let unit = 0;
	for (n /= 1000; n >= 999.5 && unit < UNITS.length - 1; unit++) n /= 1000;
	return `${n < 9.95 ? n.toFixed(1) : Math.round(n)} ${UNITS[unit]}`;
}

const grouped = new Intl.NumberFormat('en-US');

export const count = (n) => grouped.format(n);

export function percent(part, whole) {
	if (!whole || !part) return '0 %';
	const p = (100 * part) / whole;
	if (p < 0.1) return '< 0.1 %';
	return `${p < 9.95 ? p.toFixed(1) : Math.round(p)} %`;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function cores(n) {
	return n < 9.995 ? n.toFixed(2) : n.toFixed(1);
}

// A point in time: as many digits as tell two neighbours apart that lie stepNs from each other.
export function moment(ns, stepNs) {
	const [unit, name] = stepNs >= 1e8 ? [1e9, 's'] : stepNs >= 1e5 ? [1e6, 'ms'] : stepNs >= 100 ? [1e3, 'us'] : [1, 'ns'];
	if (Math.abs(ns) >= 60e9 && unit === 1e9) {
		const sign = ns < 0 ? '-' : '';
		const digits = stepNs >= 1e9 ? 0 : 1;
		const whole = Math.abs(ns) / 1e9;
		const minutes = Math.floor(whole / 60);
		const seconds = (whole - minutes * 60).toFixed(digits).padStart(digits ? 4 : 2, '0');
		if (minutes < 60) return `${sign}${minutes}:${seconds}`;
		return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${seconds}`;
	}
	if (ns === 0) return '0';
	const digits = Math.max(0, Math.ceil(-Math.log10(stepNs / unit) - 1e-9));
	return `${grouped.format(Number((ns / unit).toFixed(digits)))} ${name}`;
}

const STEPS = [15e9, 30e9, 60e9, 120e9, 300e9, 600e9, 900e9, 1800e9, 3600e9, 7200e9, 14400e9, 43200e9, 86400e9];

// The distance of ticks so that about n of them fill a span.
export function tickStep(span, n) {
	const rough = span / Math.max(1, n);
	if (rough <= 10e9) {
		const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
		return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
	}
	return STEPS.find((s) => s >= rough) ?? Math.ceil(rough / 86400e9) * 86400e9;
}

export function basename(path) {
	const at = path.lastIndexOf('/');
	return at >= 0 && at < path.length - 1 ? path.slice(at + 1) : path;
}

const pad2 = (n, digits = 2) => String(n).padStart(digits, '0');

// The wall clock of a recording: its times are nanoseconds after a moment in UTC.
export class Clock {
	// begin: RFC 3339 with nine digits, or null where the recording has no wall clock.
	constructor(begin) {
		const match = /^(.*T.*)\.(\d{9})Z$/.exec(begin ?? '');
		this.seconds = match ? Date.parse(`${match[1]}Z`) / 1000 : null;
		this.ns = match ? Number(match[2]) : 0;
	}

	get isKnown() {
		return this.seconds !== null;
	}

	// "10:00:00.250"; stepNs says how many digits of the second matter.
	time(ns, stepNs = 1e6) {
		if (!this.isKnown) return '';
		const [date, part] = this.#at(ns);
		const digits = stepNs >= 1e9 ? 0 : Math.min(9, Math.max(3, Math.ceil(-Math.log10(stepNs / 1e9) - 1e-9)));
		const fraction = digits ? `.${pad2(part, 9).slice(0, digits)}` : '';
		return `${pad2(date.getUTCHours())}:${pad2(date.getUTCMinutes())}:${pad2(date.getUTCSeconds())}${fraction}`;
	}

	day(ns) {
		if (!this.isKnown) return '';
		const [date] = this.#at(ns);
		return `${date.getUTCFullYear()}-${pad2(date.getUTCMonth() + 1)}-${pad2(date.getUTCDate())}`;
	}

	// "2026-11-26 10:00:00.250 UTC"
	whole(ns, stepNs) {
		return this.isKnown ? `${this.day(ns)} ${this.time(ns, stepNs)} UTC` : '';
	}

	#at(ns) {
		const all = this.ns + Math.floor(ns);
		const carry = Math.floor(all / 1e9);
		return [new Date((this.seconds + carry) * 1000), all - carry * 1e9];
	}
}
