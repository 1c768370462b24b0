// SPDX-License-Identifier: BSD-2-Clause
// Each moment of each life is painted: the pixels of the timeline against the lives themselves.
//
// The recordings are made here, of real programs, where begat can trace (root); the made-up ones
// hold what real ones hold seldom: lives shorter than a pixel beside long ones, thousands of them.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { equal, ok, open, report, Skip } from './harness.mjs';

const begat = resolve(process.env.BEGAT);
const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

// A folder with a small build and a small configure script in it; removed at the end.
function inFolder(fn) {
	const folder = mkdtempSync(join(tmpdir(), 'begat-browser-'));
	const done = () => rmSync(folder, { recursive: true, force: true });
	const files = Array.from({ length: 6 }, (_, k) => `f${k}`);
	for (const name of files) writeFileSync(join(folder, `${name}.c`), `#include <stdio.h>\n#include <stdlib.h>\nint ${name}(void) { return puts("${name}"); }\n`);
	writeFileSync(join(folder, 'Makefile'), `all: ${files.map((f) => `${f}.o`).join(' ')}\n\tld -r -o all.o $^\n%.o: %.c configured\n\tsh -c 'echo $< | sed s/c/d/ >/dev/null; $(CC) -O1 -c $<'\nconfigured:\n\tsh ./configure && touch $@\n`);
	writeFileSync(join(folder, 'configure'), 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do x=$(echo "a$i" | sed "s/a/b/"); expr "$x" : b >/dev/null; (cat /dev/null; true); rm -f "conf$i"; done\necho "int main(void) { return 0; }" >t.c && ${CC:-cc} t.c -o t && ./t\n');
	return Promise.resolve(fn(folder)).finally(done);
}

function needTracer() {
	const probe = spawnSync(begat, ['run', '-q', '--', 'true'], { encoding: 'utf8' });
	if (probe.status !== 0) throw new Skip(`begat cannot trace here: ${probe.stderr.trim().split('\n')[0]}`);
}

function page(folder, trace) {
	const html = join(folder, 'page.html');
	const run = spawnSync(begat, ['report', trace, '-o', html], { encoding: 'utf8' });
	equal(run.status, 0, run.stderr);
	return html;
}

function record(folder, ...command) {
	const trace = join(folder, 'trace.db');
	const run = spawnSync(begat, ['record', '-f', '-o', trace, '--', ...command], { cwd: folder, encoding: 'utf8' });
	equal(run.status, 0, `begat record ${command.join(' ')}: ${run.stderr}`);
	return page(folder, trace);
}

// The machine while the build runs: the recording begins when its file is there, and ends by a signal.
async function recordMachine(folder) {
	const trace = join(folder, 'machine.db');
	const tracer = spawn(begat, ['record', '-f', '-v', '-o', trace], { stdio: ['ignore', 'ignore', 'pipe'] });
	const ended = new Promise((done) => tracer.on('exit', done));
	// -v reports how the recording is made once all hooks are attached.
	await new Promise((done) => { tracer.stderr.once('data', done); tracer.once('exit', done); });
	tracer.stderr.resume();
	equal(spawnSync('make', ['-s', '-j2'], { cwd: folder }).status, 0, 'make');
	tracer.kill('SIGINT');
	await ended;
	return page(folder, trace);
}

/*
 * How many of a grid of points (every third pixel of every row in view) lie over a life, and how
 * many of these are not painted. A point lies over a life if its moment does: begin <= t < end.
 */
const unpainted = (p) => p.evaluate(() => {
	const { timeline, trace } = window.begat;
	const { track, start, wall } = trace.c;
	timeline.draw();
	const canvas = document.getElementById('lanes');
	const { width, height } = canvas;
	// A copy, so that the page's own canvas stays where the browser has it.
	const copy = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', { willReadFrequently: true });
	copy.drawImage(canvas, 0, 0);
	const { data } = copy.getImageData(0, 0, width, height);
	const [t0, t1] = timeline.domain;
	const rowHeight = (timeline.laneHeight * width) / timeline.width;
	const top = (document.getElementById('lanes-scroll').scrollTop * width) / timeline.width;
	const out = { points: 0, missing: 0, where: [] };
	for (let i = 0; i < trace.count; i++) {
		if (!trace.isRun(i)) continue;
		const y = Math.floor((track[i] + 0.45) * rowHeight - top);
		if (y < 0 || y >= height) continue;
		const a = ((start[i] - t0) / (t1 - t0)) * width;
		const b = ((start[i] + wall[i] - t0) / (t1 - t0)) * width;
		for (let x = Math.max(0, Math.ceil((a - 0.5) / 3) * 3); x + 0.5 < b && x < width; x += 3) {
			if (x + 0.5 < a) continue;
			out.points++;
			if (data[(y * width + x) * 4 + 3] > 0) continue;
			out.missing++;
			if (out.where.length < 3) out.where.push(`pixel ${x} of ${width}, row ${track[i]}, process ${i} (${a.toFixed(2)}..${b.toFixed(2)})`);
		}
	}
	return out;
});

async function check(html, what) {
	let points = 0;
	for (const [width, deviceScaleFactor] of [[1280, 1], [800, 2], [390, 1.5]]) {
		const p = await open(html, { viewport: { width, height: 900 }, deviceScaleFactor });
		for (const isCompact of [false, true]) {
			await p.locator('#compact').setChecked(isCompact);
			await p.locator('#zoom-fit').click();
			for (let step = 0; step < 4; step++) {
				await frames(p);
				const seen = await unpainted(p);
				points += seen.points;
				equal(seen.missing, 0, `${what}, ${width} px, zoom ${step}${isCompact ? ', compact' : ''}: points without paint of ${seen.points}: ${seen.where.join('; ')}`);
				await p.evaluate(() => window.begat.timeline.zoomBy(2.7));
				if (step % 2) await p.evaluate(() => window.begat.timeline.panBy(0.37));
			}
		}
		await p.done();
	}
	ok(points > 1000, `${what}: only ${points} points lay over a life`);
	return `${points} points`;
}

export default {
	async 'paints each moment of each life: made-up builds'() {
		return [await check(report('build', 600), 'build of 600'), await check(report('build', 5000), 'build of 5,000')].join(', ');
	},

	async 'paints each moment of each life: a recorded build, a configure run and a machine'() {
		needTracer();
		return inFolder(async (folder) => {
			const notes = [await check(record(folder, 'sh', './configure'), 'configure')];
			notes.push(await check(record(folder, 'make', '-s', '-j2'), 'build'));
			spawnSync('sh', ['-c', 'rm -f *.o configured'], { cwd: folder });
			notes.push(await check(await recordMachine(folder), 'machine'));
			return notes.join(', ');
		});
	},
};
