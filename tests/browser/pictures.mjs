// SPDX-License-Identifier: BSD-2-Clause
// pictures.mjs FROM TO - FROM/report.html and FROM/run.ansi as PNGs of 256 colours in TO.
// scripts/make-pictures.sh runs it.

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { deflateSync } from 'node:zlib';
import { newPage, open } from './harness.mjs';

const [from, to] = process.argv.slice(2).map((folder) => resolve(folder));
const COMMAND = 'sudo begat run --record build.db -- make -s -j2';

// What begat writes: bold, dim, red, green, yellow and their end.
const STYLES = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow' };

function htmlOf(ansi) {
	let styles = [];
	return ansi
		.replaceAll('\r', '')
		.split(/\x1b\[([\d;]*)m/)
		.map((part, i) => {
			if (i % 2) {
				for (const code of part.split(';')) styles = STYLES[code] ? [...styles, STYLES[code]] : [];
				return '';
			}
			const text = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
			return `<span class="${styles.join(' ')}">${text}</span>`;
		})
		.join('');
}

// The recorder's last line names the folder of this run.
const screen = readFileSync(`${from}/run.ansi`, 'utf8').replaceAll(`${from}/`, '');
const terminal = `<!doctype html><meta charset="utf-8"><style>
	body { margin: 0; background: transparent }
	figure { display: inline-block; margin: 0; border-radius: 10px; overflow: hidden; background: #16181d }
	header { padding: 11px 14px; background: #23262d; line-height: 0 }
	i { display: inline-block; width: 12px; height: 12px; margin-right: 8px; border-radius: 6px; background: #4a4f5a }
	pre { margin: 0; padding: 16px 20px 20px; color: #d7dae0; font: 13.5px/1.42 'DejaVu Sans Mono', monospace }
	.bold { font-weight: bold; color: #f4f5f7 } .dim { color: #7d8590 } .red { color: #ff7b72 }
	.green { color: #7ee787 } .yellow { color: #e3b341 }
	</style><figure><header><i></i><i></i><i></i></header><pre><span class="dim">$</span> <span class="bold">${COMMAND}</span>\n${htmlOf(screen).trimEnd()}</pre></figure>`;

// The pixels of a screenshot, as numbers 0xAABBGGRR.
async function pixels(page, png) {
	const base64 = await page.evaluate(async (url) => {
		const bitmap = await createImageBitmap(await (await fetch(url)).blob());
		const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
		context.drawImage(bitmap, 0, 0);
		const blob = new Blob([new Uint32Array([bitmap.width, bitmap.height]), context.getImageData(0, 0, bitmap.width, bitmap.height).data]);
		const reader = new FileReader();
		await new Promise((done) => ((reader.onload = done), reader.readAsDataURL(blob)));
		return reader.result.split(',')[1];
	}, `data:image/png;base64,${png.toString('base64')}`);
	const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
	const [width, height] = new Uint32Array(bytes.buffer, 0, 2);
	return { width, height, colours: new Uint32Array(bytes.buffer, 8) };
}

const channels = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255, colour >>> 24];

// The 256 most frequent colours, and for every other one the nearest of them.
function paletteOf(colours) {
	const counts = new Map();
	for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
	const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([colour]) => channels(colour));
	const distance = (a, b) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
	const indexOf = new Map();
	for (const colour of counts.keys()) {
		const own = channels(colour);
		let best = 0;
		for (let i = 1; i < palette.length; i++) if (distance(own, palette[i]) < distance(own, palette[best])) best = i;
		indexOf.set(colour, best);
	}
	return { palette, indexOf };
}

// As PNG has it.
function crc32(bytes) {
	let crc = ~0;
	for (const byte of bytes) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc >>> 0;
}

function chunk(type, data) {
	const body = Buffer.concat([Buffer.from(type), Buffer.from(data)]);
	const ends = Buffer.alloc(8);
	ends.writeUInt32BE(body.length - 4, 0);
	ends.writeUInt32BE(crc32(body), 4);
	return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

async function write(page, name, png) {
	const { width, height, colours } = await pixels(page, png);
	const { palette, indexOf } = paletteOf(colours);
	const rows = Buffer.alloc(height * (width + 1)); // each begins with its filter: 0, none
	colours.forEach((colour, i) => (rows[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = indexOf.get(colour)));
	const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0]);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	const parts = [
		Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
		chunk('IHDR', header),
		chunk('PLTE', palette.flatMap((colour) => colour.slice(0, 3))),
		chunk('tRNS', palette.map((colour) => colour[3])),
		chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
		chunk('IEND', []),
	];
	writeFileSync(`${to}/${name}.png`, Buffer.concat(parts));
}

const blank = await newPage('about:blank');
for (const colorScheme of ['light', 'dark']) {
	const page = await open(`${from}/report.html`, { colorScheme, viewport: { width: 1360, height: 800 }, deviceScaleFactor: 1.5 });
	await page.waitForTimeout(1000); // the canvas is drawn in the next frames
	await write(blank, colorScheme === 'light' ? 'report' : 'report-dark', await page.screenshot());
	await page.done();
}
writeFileSync(`${from}/run.html`, terminal);
const page = await newPage(`file://${from}/run.html`, { viewport: { width: 1000, height: 1000 }, deviceScaleFactor: 2 });
await page.goto(`file://${from}/run.html`);
await write(blank, 'run', await page.locator('figure').screenshot({ omitBackground: true }));
await page.done();
await blank.context().browser().close();
