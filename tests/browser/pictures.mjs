// SPDX-License-Identifier: BSD-2-Clause
// pictures.mjs FROM TO - FROM/report.html and FROM/run.ansi as PNGs in TO. scripts/make-pictures.sh runs it.

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
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

async function shoot(page, name, options) {
	await page.screenshot({ path: `${to}/${name}.png`, ...options });
	await page.done();
}

for (const colorScheme of ['light', 'dark']) {
	const page = await open(`${from}/report.html`, { colorScheme, viewport: { width: 1360, height: 800 }, deviceScaleFactor: 1.4 });
	await page.waitForTimeout(1000); // the canvas is drawn in the next frames
	await shoot(page, colorScheme === 'light' ? 'report' : 'report-dark');
}
writeFileSync(`${from}/run.html`, terminal);
const page = await newPage(`file://${from}/run.html`, { viewport: { width: 1000, height: 1000 }, deviceScaleFactor: 1.5 });
await page.goto(`file://${from}/run.html`);
await page.locator('figure').screenshot({ path: `${to}/run.png`, omitBackground: true });
const browser = page.context().browser();
await page.done();
await browser.close();
