// SPDX-License-Identifier: BSD-2-Clause
// A page, its complaints, and the counting of tests.

import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium } from 'playwright-core';

const out = process.env.OUT;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

// The report of a made-up trace; made once for each set of arguments.
const made = new Map();

export function report(kind, processes = 0, format = 'html') {
	const path = resolve(out, `${kind}-${processes}.${format}`);
	if (!made.has(path)) {
		const fd = openSync(path, 'w');
		const run = spawnSync(resolve(out, 'make_page'), [kind, String(processes), format], { stdio: ['ignore', fd, 'inherit'] });
		closeSync(fd);
		if (run.status !== 0) throw new Error(`make_page ${kind} ${processes} ${format} failed`);
		made.set(path, path);
	}
	return path;
}

let browser;

// A page; done() throws if it complained or asked for anything but the address, or, if that ends
// in a slash, what is below it.
export async function newPage(address, options = {}) {
	browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
	const page = await context.newPage();
	const complaints = [];
	page.on('console', (m) => {
		// Drawing without a GPU is slow, says WebGL.
		if (['error', 'warning'].includes(m.type()) && !m.text().includes('GL Driver Message (OpenGL, Performance')) complaints.push(`console: ${m.text()}`);
	});
	page.on('pageerror', (e) => complaints.push(`exception: ${e.stack}`));
	page.on('dialog', (d) => (complaints.push(`dialog: ${d.message()}`), d.dismiss()));
	page.on('request', (r) => {
		const isOwn = address.endsWith('/') ? r.url().startsWith(address) : r.url() === address;
		if (!isOwn && r.url() !== 'data:,') complaints.push(`request: ${r.url()}`);
	});
	page.done = async () => {
		await context.close();
		if (complaints.length) throw new Error(complaints.join('\n'));
	};
	return page;
}

// Opens a report.
export async function open(path, options = {}) {
	const page = await newPage(`file://${path}`, options);
	await page.addInitScript(() => {
		window.copied = [];
		Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (t) => void window.copied.push(t) } });
	});
	const before = performance.now();
	await page.goto(`file://${path}`, { timeout: 120000 });
	await page.waitForFunction(() => window.begat, null, { timeout: 120000, polling: 'raf' });
	page.openedIn = performance.now() - before;
	return page;
}

export function equal(actual, expected, what) {
	if (!Object.is(actual, expected)) throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

export function ok(value, what) {
	if (!value) throw new Error(what);
}

// Thrown by a test that cannot run here.
export class Skip extends Error {}

export async function runTests(tests) {
	const count = { passed: 0, failed: 0, skipped: 0 };
	for (const [name, test] of Object.entries(tests)) {
		if (process.env.ONLY && !name.includes(process.env.ONLY)) continue;
		try {
			const note = await test();
			console.log(`ok: browser: ${name}${note ? ` (${note})` : ''}`);
			count.passed++;
		} catch (error) {
			if (error instanceof Skip) {
				console.log(`skip browser: ${name}: ${error.message}`);
				count.skipped++;
				continue;
			}
			console.log(`FAIL browser: ${name}: ${error.message}`);
			count.failed++;
		}
	}
	await browser?.close();
	console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
	process.exit(count.failed ? 1 : 0);
}
