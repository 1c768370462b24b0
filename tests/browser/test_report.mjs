// SPDX-License-Identifier: BSD-2-Clause
// What a reader does with a report, and what a hostile process tries to do with its reader.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { subjectOf } from '../../trace/report/web/src/text.js';
import { equal, newPage, ok, open, report, Skip } from './harness.mjs';

const SIZE = 600;
const json = (kind = 'build', size = SIZE) => JSON.parse(readFileSync(report(kind, size, 'json'), 'utf8'));
const figure = (page, name) => page.locator(`[data-figure="${name}"] .value`).innerText();
const domain = (page) => page.evaluate(() => window.begat.timeline.domain);
const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const grouped = (n) => n.toLocaleString('en-US');

// Where process i is on the screen, after the timeline scrolled to it.
const place = (page, i) => page.evaluate((k) => {
	const { timeline, trace } = window.begat;
	timeline.show(trace.c.start[k] - trace.c.wall[k] * 2, trace.end[k] + trace.c.wall[k] * 2);
	timeline.scroller.scrollTop = trace.c.track[k] * timeline.laneHeight - 100;
	timeline.draw();
	const box = document.getElementById('lanes').getBoundingClientRect();
	const x = timeline.view((trace.c.start[k] + trace.end[k]) / 2);
	const y = (trace.c.track[k] + 0.5) * timeline.laneHeight - timeline.scroller.scrollTop;
	return { x: box.left + x, y: box.top + y };
}, i);

const rows = (page, table) => page.locator(`#${table} .vt-row`).evaluateAll((list) => list.map((r) => Array.from(r.querySelectorAll('.vt-cell'), (c) => c.innerText)));

export default {
	async 'the committed page is what its source gives'() {
		const run = spawnSync('scripts/build-report.sh', ['--check'], { encoding: 'utf8' });
		const isStale = run.stderr.includes('is not what its source gives');
		if (run.status !== 0 && !isStale) throw new Skip(`esbuild cannot be had: ${run.stderr.trim().split('\n').at(-1)}`);
		equal(run.status, 0, run.stderr.trim());
	},

	async 'picks the file that a command is about as the text does'() {
		const lines = readFileSync('tests/golden/subjects.txt', 'utf8').trimEnd().split('\n');
		for (const line of lines) {
			const [want, ...argv] = line.split('\t');
			equal(subjectOf(argv.map((w) => new TextEncoder().encode(w))), want, argv.join(' '));
		}
	},

	async 'shows the totals of the analysis'() {
		const { totals: t, failures } = json();
		const down = (ns) => `${(Math.floor(ns / 1e6) / 1e3).toFixed(3)} s`;
		const page = await open(report('build', SIZE));
		// A search along PATH that found nothing is one failure, whatever it tried.
		const notRun = failures.filter((f) => f.kind === 'exec').reduce((sum, f) => sum + f.count, 0);
		equal(await figure(page, 'processes'), grouped(t.processes), 'processes');
		equal(await figure(page, 'execs'), grouped(t.execs), 'execs');
		equal(await figure(page, 'wall'), down(t.wall_ns), 'wall');
		equal(await figure(page, 'cpu'), down(t.cpu_ns), 'cpu');
		equal(await figure(page, 'busy cores'), t.parallelism.toFixed(2), 'busy cores');
		equal(await figure(page, 'failed'), grouped(t.failed_exits + t.signalled + notRun), 'failed');
		equal(await figure(page, 'lost'), '0', 'lost');
		ok((await page.locator('#verdict').innerText()).startsWith('cc1 cost most'), 'the verdict names the program that cost most');
		equal(await page.title(), 'make -j4 linux - begat', 'title');
		await page.done();
	},

	async 'unpacks what the analysis says of each process'() {
		const { tree, critical_path: path } = json();
		const page = await open(report('build', SIZE));
		const seen = await page.evaluate(() => {
			const { trace } = window.begat;
			return Array.from({ length: trace.count }, (_, i) => [trace.c.pid[i], trace.id(i), trace.parent[i], trace.c.start[i], trace.c.wall[i],
				trace.c.own[i], trace.c.sub_cpu[i], trace.c.sub_wall[i] + trace.c.wall[i], trace.c.sub_rss[i], trace.c.depth[i], trace.c.exit[i], trace.c.signal[i]]);
		});
		equal(seen.length, tree.length, 'processes');
		for (const row of tree) {
			const want = [row.pid, row.id, row.parent, row.start_ns, row.wall_ns, row.own_wall_ns, row.subtree_cpu_ns, row.subtree_wall_ns,
				row.subtree_max_rss_bytes, row.depth, row.exit_code ?? 0, row.signal];
			equal(JSON.stringify(seen[row.index]), JSON.stringify(want), `process ${row.index}`);
		}
		const segments = await page.evaluate(() => {
			const { c } = window.begat.trace;
			return Array.from(c.seg_from, (from, k) => [from, c.seg_to[k], c.seg_process[k] - 1]);
		});
		equal(JSON.stringify(segments), JSON.stringify(path.segments), 'critical path');
		await page.done();
	},

	async 'draws the same concurrency as the analysis'() {
		const { concurrency } = json();
		const page = await open(report('build', SIZE));
		const seen = await page.evaluate(() => {
			const { timeline, trace } = window.begat;
			const { cores, active } = timeline.concurrency.fill(0, trace.span, 240);
			return { cores: Array.from(cores), active: Array.from(active) };
		});
		for (const key of ['cores', 'active'])
			concurrency[key].forEach((want, k) => ok(Math.abs(seen[key][k] - want) <= 0.006 * Math.max(1, want), `${key} in bucket ${k}: ${seen[key][k]}, not ${want}`));
		await page.done();
	},

	async 'zooms and pans'() {
		const page = await open(report('build', SIZE));
		const all = await domain(page);
		const box = await page.locator('#lanes').boundingBox();
		const at = Math.round(box.width / 4); // events have whole pixels
		await page.mouse.move(box.x + at, box.y + 60);
		const under = all[0] + ((all[1] - all[0]) * at) / box.width;
		await page.keyboard.down('Control');
		for (let k = 0; k < 5; k++) await page.mouse.wheel(0, -300);
		await page.keyboard.up('Control');
		await frames(page);
		const near = await domain(page);
		ok(near[1] - near[0] < (all[1] - all[0]) / 3, 'Ctrl and the wheel zoom in');
		const part = (under - near[0]) / (near[1] - near[0]);
		ok(Math.abs(part - at / box.width) < 0.01, `what is under the pointer stays there: ${part}`);
		await page.mouse.down();
		await page.mouse.move(box.x + at - 200, box.y + 60, { steps: 4 });
		await page.mouse.up();
		const moved = await domain(page);
		ok(Math.abs((moved[0] - near[0]) / (near[1] - near[0]) - 200 / box.width) < 0.02, 'dragging pans by what was dragged');
		const before = await page.evaluate(() => scrollY);
		await page.mouse.wheel(0, 200);
		await page.waitForFunction((y) => scrollY > y, before);
		equal(JSON.stringify(await domain(page)), JSON.stringify(moved), 'the plain wheel scrolls the page and does not zoom');
		await page.locator('#zoom-fit').click();
		equal(JSON.stringify(await domain(page)), JSON.stringify(all), 'Fit shows everything');
		await page.done();
	},

	async 'selects a process by a click and shows its details'() {
		const { tree } = json();
		const cc1 = tree.find((p) => p.argv[0]?.endsWith('/cc1') && p.exit_code === 0);
		const page = await open(report('build', SIZE));
		const { x, y } = await place(page, cc1.index);
		await page.mouse.move(x, y);
		ok((await page.locator('#tip').innerText()).includes(`pid ${cc1.pid}`), 'the tip names the process under the pointer');
		await page.mouse.click(x, y);
		const details = page.locator('#details');
		await details.waitFor({ state: 'visible' });
		const text = await details.innerText();
		for (const part of ['builder (1000), group users (1000)', 'cc1', String(cc1.pid), cc1.id, '/home/build/lua-5.4.6/src', 'exit 0', 'LUA_USE_LINUX', 'session-4.scope', '4026531836', 'pts/3'])
			ok(text.includes(part), `the details show ${part}`);
		await page.locator('#details summary').click();
		await details.getByText('LANG=C.UTF-8').waitFor({ timeout: 5000 });
		await page.getByRole('button', { name: 'Copy as shell command' }).click();
		const copied = await page.evaluate(() => window.copied[0]);
		equal(copied, cc1.argv.join(' '), 'the command as copied');
		await page.getByRole('button', { name: 'Show in tree' }).click();
		equal(await page.locator('#tree-table .vt-row.selected').count(), 1, 'the row in the tree');
		await page.keyboard.press('Escape');
		ok(await details.isHidden(), 'Escape closes the details');
		await page.done();
	},

	async 'searches'() {
		const { tree } = json();
		const matching = tree.filter((p) => p.argv.join(' ').toLowerCase().includes('lparser.c')).length;
		const page = await open(report('build', SIZE));
		await page.keyboard.press('/');
		await page.keyboard.type('LParser.c');
		await page.waitForFunction((n) => document.getElementById('search-count').textContent.startsWith(`${n} `), matching);
		const shown = await rows(page, 'tree-table');
		ok(shown.length >= 3 && shown.some((r) => r[0].includes('lparser.c')) && !shown.some((r) => r[0].includes('lvm.c')), 'the tree holds the matches and their ancestors only');
		await page.keyboard.press('Escape');
		await page.waitForFunction(() => document.getElementById('search-count').textContent === '');
		await page.locator('#search').fill('no such thing anywhere');
		await page.waitForFunction(() => document.getElementById('search-count').textContent === '0 processes');
		await page.locator('#search').fill(String(tree[10].pid));
		await page.waitForFunction(() => document.getElementById('search-count').textContent === '1 process');
		await page.done();
	},

	async 'sorts the tables'() {
		const { programs, tree } = json();
		const page = await open(report('build', SIZE));
		const first = async () => (await rows(page, 'program-table'))[0][0].split(/\s/)[0];
		const base = (p) => p.exe.split('/').at(-1);
		equal(await first(), base(programs[0]), 'by CPU at first');
		const sort = (table, name) => page.locator(`#${table} .vt-sort`, { hasText: new RegExp(`^${name}$`) }).click();
		await sort('program-table', 'Runs');
		const most = programs.reduce((a, b) => (b.runs + b.forks > a.runs + a.forks ? b : a));
		equal(await first(), base(most), 'by runs');
		equal(await page.locator('#program-table [aria-sort="descending"]').innerText(), 'Runs', 'the heading says so');
		await sort('program-table', 'Runs');
		const least = Math.min(...programs.map((p) => p.runs + p.forks));
		equal((await rows(page, 'program-table'))[0][1], grouped(least), 'turned around');
		await sort('tree-table', 'CPU below');
		const top = tree.filter((p) => p.parent === 0).sort((a, b) => b.subtree_cpu_ns - a.subtree_cpu_ns)[0];
		equal(await page.evaluate(() => window.begat.tables.tree.rows[1]), top.index, 'the heaviest branch comes first');
		await page.done();
	},

	async 'can be used from the keyboard'() {
		const page = await open(report('build', SIZE));
		await page.locator('#stage').focus();
		const all = await domain(page);
		await page.keyboard.press('+');
		const near = await domain(page);
		ok(near[1] - near[0] < all[1] - all[0], '+ zooms in');
		await page.keyboard.press('ArrowRight');
		ok((await domain(page))[0] > near[0], 'the right arrow pans');
		await page.keyboard.press('0');
		equal(JSON.stringify(await domain(page)), JSON.stringify(all), '0 shows everything');
		await page.keyboard.press('ArrowDown');
		ok(await page.locator('#details').isVisible(), 'the down arrow chooses a process');
		await page.keyboard.press('ArrowDown');
		ok(await page.evaluate(() => window.begat.timeline.selected) > 0, 'and the one below it');
		await page.keyboard.press('Escape');
		await page.locator('#tree-table .vt-scroll').focus();
		for (const key of ['Home', 'ArrowDown', 'ArrowLeft']) await page.keyboard.press(key);
		ok(!(await rows(page, 'tree-table'))[2][0].includes('conftest'), 'the left arrow closes a branch');
		await page.keyboard.press('ArrowRight');
		ok((await rows(page, 'tree-table'))[2][0].includes('conftest'), 'the right arrow opens it');
		await page.keyboard.press('Enter');
		ok((await page.locator('#details').innerText()).includes('./configure'), 'Enter shows the details');
		await page.keyboard.press('?');
		ok(await page.locator('#help').isVisible(), '? shows the keys');
		const unnamed = await page.locator('button').evaluateAll((list) => list.filter((b) => !(b.innerText || b.getAttribute('aria-label') || '').trim() && b.offsetParent).length);
		equal(unnamed, 0, 'buttons without a name');
		await page.done();
	},

	async 'folds PATH searches and shows them when asked'() {
		const { failures } = json();
		const misses = failures.filter((f) => f.kind === 'path_miss').length;
		const page = await open(report('build', SIZE));
		const before = await page.evaluate(() => window.begat.tables.failures.rows.length);
		equal(before, failures.length - misses, 'failures without misses');
		ok((await page.locator('#failure-table').innerText()).includes('sent by timeout (41111)'), 'who sent a signal');
		await page.locator('#show-misses').check();
		equal(await page.evaluate(() => window.begat.tables.failures.rows.length), failures.length, 'with misses');
		await page.done();
	},

	async 'is light and dark, by the system and by hand'() {
		const page = await open(report('build', SIZE), { colorScheme: 'dark' });
		const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
		const pixel = () => page.evaluate(() => document.getElementById('lanes').toDataURL());
		const [dark, darkPixel] = [await ground(), await pixel()];
		await page.locator('#theme').click();
		await frames(page);
		ok((await ground()) !== dark && (await pixel()) !== darkPixel, 'the button turns the page and the canvas light');
		await page.keyboard.press('t');
		await frames(page);
		equal(await ground(), dark, 't turns it back');
		await page.done();
	},

	async 'fits narrow windows'() {
		for (const path of [report('build', SIZE), report('hostile'), report('empty')]) {
			const page = await open(path);
			for (const width of [1280, 1240, 1200, 1100, 1024, 960, 800, 720, 640, 500, 400, 360]) {
				await page.setViewportSize({ width, height: 800 });
				equal(await page.evaluate(() => document.documentElement.scrollWidth), width, `width of ${path} at ${width}`);
			}
			await page.done();
		}
	},

	async 'prints'() {
		const page = await open(report('build', SIZE), { colorScheme: 'dark' });
		const pdf = await page.pdf({ format: 'A4' });
		ok(pdf.length > 30000, 'a PDF with something in it');
		ok(!(await page.evaluate(() => document.documentElement.dataset.theme)), 'the theme is what it was');
		equal(await page.locator('.vt.printing').count(), 0, 'tables in print');
		await page.done();
	},

	async 'shows hostile text as text'() {
		const page = await open(report('hostile'));
		equal(await page.evaluate(() => [document.images.length, document.querySelectorAll('b.x, i.x, main script').length].join()), '0,0', 'elements that a recording made');
		ok((await page.title()).includes("</script><img src=x onerror="), 'the title is the command, as text');
		ok((await page.locator('#command').innerText()).includes('</script><img src=x onerror='), 'the heading is the command');
		ok((await page.locator('#provenance').innerText()).includes('<b>host</b>'), 'the host');
		const raw = JSON.parse(JSON.stringify(await page.evaluate(() => {
			const { trace } = window.begat;
			return Array.from({ length: trace.count }, (_, i) => Array.from(trace.strings.bytes(trace.argv(i))));
		})));
		const expectations = ['</script><img', '</script><img', '\\x1b[31mred\\x1b[0m\\x1b]0;title\\x07\\rback', 'caf\\xe9 \\xff\\xfe \\xed\\xa0\\x80 \\u202eabc <!--', 'AAAA', 'empty', '$(reboot)'];
		for (let i = 0; i < raw.length; i++) {
			await page.evaluate((k) => window.begat.select(k, 'timeline'), i);
			const text = await page.locator('#details').innerText();
			ok(text.includes(expectations[i]), `details of process ${i} show ${expectations[i]}`);
			ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/.test(text), `details of process ${i} hold a control character`);
			await page.getByRole('button', { name: 'Copy' }).click();
			const command = await page.evaluate(() => window.copied.at(-1));
			const back = spawnSync('bash', ['-c', 'eval "set -- $COMMAND"; printf "%s\\0" "$@"'], { env: { ...process.env, COMMAND: command, LC_ALL: 'C' }, maxBuffer: 1e7 });
			equal(back.error?.code === 'E2BIG' ? 'too long for one variable' : Buffer.compare(back.stdout, Buffer.from(raw[i])), 0, `process ${i}: bash reads back what was copied`);
		}
		await page.evaluate(() => window.begat.select(4, 'timeline'));
		await page.getByRole('button', { name: 'all 100,000 bytes' }).click();
		ok((await page.locator('#details .words').innerText()).includes('A'.repeat(100000)), '100 KB can be seen in full');
		await page.done();
	},

	async 'opens an empty recording'() {
		const page = await open(report('empty'));
		equal(await page.locator('#verdict').innerText(), 'No process started during this recording.', 'verdict');
		equal(await figure(page, 'processes'), '0', 'processes');
		await page.done();
	},

	async 'brings hits into view, whatever is folded'() {
		const { tree } = json('build', 5000);
		const want = tree.filter((p) => p.argv.join(' ').includes('lvm.c')).map((p) => p.index);
		const page = await open(report('build', 5000));
		await page.locator('#collapse').click();
		const seen = () => page.evaluate(() => {
			const row = document.querySelector('#tree-table .vt-row.selected');
			const table = document.querySelector('#tree-table .vt-scroll').getBoundingClientRect();
			const box = row?.getBoundingClientRect();
			const { timeline, trace, hit } = window.begat;
			const [t0, t1] = timeline.domain;
			const y = trace.c.track[hit] * timeline.laneHeight - timeline.scroller.scrollTop;
			return {
				hit, text: row?.innerText ?? '',
				isInTable: !!box && box.top >= table.top - 1 && box.bottom <= table.bottom + 1,
				isInWindow: !!box && box.top >= 0 && box.bottom <= innerHeight,
				isInTimeline: trace.end[hit] >= t0 && trace.c.start[hit] <= t1 && y >= -1 && y + timeline.laneHeight <= timeline.lanesHeight + 1,
				selected: timeline.selected,
			};
		});
		const check = async (what) => {
			await frames(page);
			const s = await seen();
			ok(want.includes(s.hit), `${what}: ${s.hit} is a hit`);
			ok(s.text.includes('lvm.c'), `${what}: its row is there: ${s.text}`);
			for (const key of ['isInTable', 'isInWindow', 'isInTimeline']) ok(s[key], `${what}: ${key}`);
			equal(s.selected, s.hit, `${what}: selected in the timeline`);
			return s.hit;
		};
		await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
		await page.keyboard.press('/');
		await page.keyboard.type('lvm.c');
		await page.waitForFunction((n) => document.getElementById('search-count').textContent.startsWith(`${n} `), want.length);
		const order = [await check('typed')];
		await page.keyboard.press('Enter');
		order.push(await check('Enter'));
		await page.keyboard.press('Shift+Enter');
		equal(await check('Shift and Enter'), order[0], 'Shift and Enter go back');
		await page.locator('#search').evaluate((input) => input.blur());
		await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
		await page.keyboard.press('n');
		equal(await check('n'), order[1], 'n is the next one');
		await page.keyboard.press('N');
		await page.keyboard.press('N');
		const last = await check('N');
		ok(!order.includes(last), 'N before the first goes to the last');
		ok((await page.locator('#search-count').innerText()).endsWith(`${want.length} of ${want.length}`), 'and the count says so');
		await page.keyboard.press('n');
		equal(await check('n after the last'), order[0], 'n goes round');
		// Every hit is visited once.
		const visited = new Set();
		for (let k = 0; k < want.length; k++) {
			visited.add(await page.evaluate(() => window.begat.hit));
			await page.locator('#search-next').click();
		}
		equal(visited.size, want.length, 'hits that n visits');
		await page.locator('#search').focus();
		await page.keyboard.press('Escape');
		await frames(page);
		ok((await page.locator('#tree-table .vt-row.selected').innerText()).includes('lvm.c'), 'the last hit stays in sight when the search ends');
		await page.done();
	},

	async 'a phone shows the column that a table is sorted by, and that there are more'() {
		const page = await open(report('build', SIZE), { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
		equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, 'width of the page');
		const state = (table) => page.evaluate((id) => {
			const root = document.querySelector(`#${id} .vt`);
			const box = root.getBoundingClientRect();
			const heading = root.querySelector('.vt-head [aria-sort]:not([aria-sort="none"])');
			const at = heading.getBoundingClientRect();
			const cell = root.querySelector(`.vt-row > :nth-child(${Array.from(heading.parentNode.children).indexOf(heading) + 1})`).getBoundingClientRect();
			const first = root.querySelector('.vt-head > :first-child').getBoundingClientRect();
			const name = root.querySelector('.vt-row > :first-child').getBoundingClientRect();
			const isFirst = heading === heading.parentNode.firstElementChild;
			const inside = (b) => b.left >= (isFirst ? box.left : first.right) - 1 && b.right <= box.right + 1 && b.width > 20;
			return { sorted: heading.innerText, isHeadingSeen: inside(at), isCellSeen: inside(cell), isNameSeen: name.left >= box.left - 1 && name.right <= box.right,
				hint: root.parentNode.querySelector('.vt-hint:not([hidden])')?.innerText ?? '', isMore: root.scrollWidth > root.clientWidth };
		}, table);
		for (const [table, names] of [['path-table', ['On the path', 'CPU', 'Process']], ['program-table', ['CPU', 'Failed', 'Program', 'Runs']], ['tree-table', ['Process', 'Exit', 'Wall', 'Max RSS']], ['churn-table', ['Times', 'Peak']]]) {
			let isClicked = false;
			for (const name of names) {
				if (isClicked) await page.evaluate(([id, label]) => Array.from(document.querySelectorAll(`#${id} .vt-sort`)).find((b) => b.innerText === label).click(), [table, name]);
				isClicked = true;
				await frames(page);
				const s = await state(table);
				equal(s.sorted, name, `${table}: sorted by`);
				for (const key of ['isHeadingSeen', 'isCellSeen', 'isNameSeen']) ok(s[key], `${table}, sorted by ${name}: ${key}`);
				ok(s.isMore && s.hint.includes('Scroll sideways'), `${table}, sorted by ${name}: a hint that there are more columns: "${s.hint}"`);
			}
		}
		await page.done();
		const wide = await open(report('build', SIZE), { viewport: { width: 1400, height: 900 } });
		equal(await wide.locator('.vt-hint:visible').count(), 0, 'hints where everything fits');
		await wide.done();
	},

	async 'the critical path is longest first, what is under 1 % folded'() {
		const page = await open(report('build', SIZE));
		const seen = await page.evaluate(() => {
			const { tables, trace } = window.begat;
			const { to_ns: to, from_ns: from } = trace.analysis.critical_path;
			return { rows: tables.path.rows.map((r) => [r.own, r.folded]), length: to - from, visits: trace.c.visit_own.length, sum: trace.c.visit_own.reduce((a, b) => a + b, 0) };
		});
		const shown = seen.rows.filter(([, folded]) => !folded);
		const folds = seen.rows.filter(([, folded]) => folded);
		ok(shown.length > 2 && shown.every(([own]) => own >= seen.length / 100), 'no row is under 1 %');
		ok(shown.every(([own], k) => !k || own <= shown[k - 1][0]), 'longest first');
		equal(folds.length, 1, 'folds');
		equal(folds[0], seen.rows.at(-1), 'the fold is the last row');
		equal(shown.length + folds[0][1], seen.visits, 'every visit is shown or folded');
		ok(Math.abs(seen.rows.reduce((a, [own]) => a + own, 0) - seen.sum) < 1, 'nothing of the path is missing');
		await page.locator('#path-table .vt-scroll').evaluate((s) => (s.scrollTop = s.scrollHeight));
		await page.getByText(`${grouped(folds[0][1])} shorter ones`).click();
		equal(await page.evaluate(() => window.begat.tables.path.rows.length), seen.visits, 'a click on the fold shows them');
		const parts = await page.locator('#path-parts .part').evaluateAll((list) => list.map((p) => p.innerText));
		ok(parts.filter((p) => !/other program|nothing was/.test(p)).every((p) => !p.includes('< ') && Number(/([\d.]+) %/.exec(p)[1]) >= 1), `no program under 1 % has a bar of its own: ${parts.join('; ')}`);
		await page.done();
	},

	async 'shows the wall clock beside relative times, in UTC wherever it is read'() {
		const page = await open(report('build', SIZE), { timezoneId: 'America/New_York', locale: 'de-DE' });
		const { trace: t, tree } = json();
		const utc = (ns) => { // to the millisecond, from the nine digits
			const [, head, part] = /^(.*)\.(\d{9})Z$/.exec(t.begin_time);
			const all = BigInt(Date.parse(`${head}Z`)) * 1000000n + BigInt(part) + BigInt(ns);
			return new Date(Number(all / 1000000n)).toISOString().replace('T', ' ').replace('Z', '');
		};
		const provenance = await page.locator('#provenance').innerText();
		ok(provenance.includes(`${utc(0)} UTC to`) && provenance.includes(`${utc(t.span_ns).slice(11)} UTC`), `begin and end: ${provenance}`);
		ok(t.end_time.startsWith(utc(t.span_ns).replace(' ', 'T')), 'the JSON has the end');
		const cc1 = tree.find((p) => p.argv[0]?.endsWith('/cc1') && p.exit_code === 0);
		const { x, y } = await place(page, cc1.index);
		await page.mouse.move(x, y);
		ok((await page.locator('#tip').innerText()).includes(`(${utc(cc1.start_ns).slice(11)} UTC)`), 'the tip');
		ok(/\(\d\d:\d\d:\d\d\.\d+ UTC\)/.test(await page.locator('#readout').innerText()), 'the readout under the pointer');
		await page.mouse.click(x, y);
		const details = await page.locator('#details').innerText();
		for (const ns of [cc1.start_ns, cc1.start_ns + cc1.wall_ns]) ok(details.includes(`${utc(ns)} UTC`), `the details have ${utc(ns)}`);
		await page.getByRole('button', { name: 'Show in tree' }).click();
		ok(await page.locator('#tree-table .vt-row.selected').innerText().then((row) => row.includes(utc(cc1.start_ns).slice(11))), 'the tree');
		ok(/\d\d:\d\d:\d\d\.\d{3}/.test(await page.locator('#path-table .vt-row').first().innerText()), 'the critical path');
		ok(/\d\d:\d\d:\d\d\.\d{3}/.test(await page.locator('#failure-table .vt-row').first().innerText()), 'the failures');
		const ticks = await page.locator('#axis .tick').evaluateAll((list) => list.map((g) => Array.from(g.querySelectorAll('text'), (n) => n.textContent)));
		ok(ticks.length > 2 && ticks.every(([relative, clock]) => /\d/.test(relative) && /^\d\d:\d\d:\d\d/.test(clock)), `the axis: ${JSON.stringify(ticks)}`);
		equal(await page.locator('#axis-zone').innerText(), `${utc(0).slice(0, 10)}, UTC`, 'the zone');
		await page.done();
	},

	async 'newlines in commands are lines'() {
		const page = await open(report('failed'), { viewport: { width: 1280, height: 900 } });
		ok((await page.locator('#command').innerText()).includes('set -e\nfirst <b>line</b>\n'), 'in the heading');
		await page.evaluate(() => window.begat.select(0, 'timeline'));
		const words = await page.locator('#details .words').innerText();
		ok(words.includes("set -e\nfirst <b>line</b>\n\\tsecond 'line'\\rx\\x1b[1m"), `in the details, and only newlines: ${JSON.stringify(words)}`);
		equal(await page.locator('#details .words li').count(), 3, 'a line is no argument');
		const { x, y } = await place(page, 0);
		await page.mouse.move(x, y);
		ok((await page.locator('#tip').innerText()).includes('set -e\nfirst'), 'in the tip');
		const row = page.locator('#tree-table .vt-row').first();
		ok((await row.innerText()).includes('set -e\\nfirst'), 'a row of a table stays one line');
		ok((await row.locator('.command').getAttribute('title')).includes('set -e\nfirst'), 'and its title has the lines');
		await page.getByRole('button', { name: 'Copy as shell' }).click();
		const copied = await page.evaluate(() => window.copied.at(-1));
		const back = spawnSync('bash', ['-c', 'eval "set -- $COMMAND"; printf "%s\\0" "$@"'], { env: { ...process.env, COMMAND: copied, LC_ALL: 'C' } });
		equal(back.stdout.toString('latin1'), "/bin/sh\0-c\0set -e\nfirst <b>line</b>\n\tsecond 'line'\rx\x1b[1m\0", 'bash reads back what was copied');
		equal(await page.evaluate(() => document.querySelectorAll('#command b, .words b, .tip b').length), 0, 'elements that a command made');
		await page.done();
	},

	async 'empty states are true'() {
		const of = async (kind, checks) => {
			const page = await open(report(kind));
			for (const [where, want] of Object.entries(checks)) {
				const text = await (where.startsWith('figure ') ? page.locator(`[data-figure="${where.slice(7)}"]`) : page.locator(where)).innerText();
				ok(want instanceof RegExp ? want.test(text) : text.includes(want), `${kind}: ${where} says ${JSON.stringify(text)}`);
			}
			await page.done();
		};
		await of('empty', { '#verdict': 'No process started during this recording.', '#failure-table': 'No process is in this recording', '#churn-lead': 'No process started', '#path-parts': 'No process started', '#tree-table': 'No process started', '#program-table': 'No program ran.', 'figure cpu': 'not recorded', 'figure execs': /^Execs\s+0\s*$/, 'figure failed': /–\s+nothing ran/ });
		await of('snapshot', { '#verdict': '3 were there before it', '#failure-table': 'Not known: how processes ended', '#tree-table': '3 were there before it', '#churn-lead': '3 were there before it', 'figure failed': 'no end is known', 'figure cpu': 'not recorded' });
		await of('unended', { '#failure-table': 'Not known: how processes ended', 'figure failed': /–\s+no end is known/, '#churn-lead': 'No process ended during the recording', 'figure cpu': 'not recorded' });
		await of('cut', { '#failure-table': 'was cut short', 'figure lost': 'cut short' });
		await of('killed', { '#failure-table': 'SIGSEGV' });
	},

	async 'begins with how the command ended'() {
		for (const [kind, sentence, value] of [['failed', 'sh ended with status 2', 'status 2'], ['killed', 'sh was killed by SIGSEGV', 'SIGSEGV'],
			['not-run-126', 'nosuch could not be run: EACCES', 'status 126'], ['not-run-127', 'nosuch could not be run: ENOENT', 'status 127'],
			['cut', 'sh still ran when the recording was cut short', 'still ran'], ['unended', 'how sh ended is not in the recording', null]]) {
			const page = await open(report(kind));
			ok((await page.title()).startsWith(`${sentence} - `), `${kind}: the title begins so: ${await page.title()}`);
			ok((await page.locator('#command').innerText()).startsWith(sentence), `${kind}: the heading`);
			ok((await page.locator('#verdict').innerText()).startsWith(`${sentence}. `), `${kind}: the verdict: ${await page.locator('#verdict').innerText()}`);
			if (value) equal(await figure(page, 'ended'), value, `${kind}: the first figure`);
			if (value) equal(await page.locator('.figure').first().getAttribute('data-figure'), 'ended', `${kind}: is the first`);
			await page.done();
			ok(readFileSync(report(kind, 0, 'text'), 'utf8').startsWith(`${sentence}\n`), `${kind}: the text begins so`);
			equal(json(kind, 0).trace.ending.sentence, sentence, `${kind}: the JSON`);
		}
	},

	async 'a narrowed report says so, and holds no more'() {
		const page = async (...args) => {
			const html = resolve(process.env.OUT, 'narrowed.html');
			const run = spawnSync(process.env.BEGAT, ['report', 'tests/golden/build.db', '-o', html, ...args], { encoding: 'utf8' });
			equal(run.status, 0, run.stderr);
			return open(html);
		};
		const hostile = 'exe ~ "*/cc1" and argv != "</script><img src=x onerror=alert(1)>"';
		const p = await page('-w', hostile);
		const narrowed = await p.locator('#narrowed').innerText();
		ok(narrowed.includes(hostile) && narrowed.includes('12 of 52 processes'), narrowed);
		equal(await figure(p, 'processes'), '12', 'processes');
		equal(await p.evaluate(() => document.images.length), 0, 'elements that an expression made');
		await p.done();
		const q = await page('-p', '1000', '--since', '2026-11-26T08:50:15.400', '--until', '2026-11-26 08:50:15.600 UTC');
		ok((await q.locator('#narrowed').innerText()).includes('process 1000 and all that it begot; what lived from 2026-11-26 08:50:15.400 UTC until 2026-11-26 08:50:15.600 UTC'), 'pid and span');
		equal(await figure(q, 'wall'), '200.0 ms', 'the span');
		await q.done();
		const none = await page('-p', '99999');
		equal(await none.locator('#verdict').innerText(), 'No process of this recording is among what the report was narrowed to.', 'nothing is left');
		await none.done();
	},

	// Work is counted, not timed: how often each block of the page's script ran, each element that it
	// made, each call on a canvas. The counts are the same on any machine, however busy.
	async '100,000 processes cost no more each than 10,000, and a frame is bounded by its pixels'() {
		const [small, large] = [await workOf(10000), await workOf(100000)];
		const each = (w) => w.opening.blocks / w.processes;
		ok(each(large) < 1.15 * each(small), `opening costs ${each(large).toFixed(1)} blocks a process, with a tenth of them ${each(small).toFixed(1)}`);
		ok(each(large) < MOST_BLOCKS, `opening costs ${each(large).toFixed(1)} blocks a process, not below ${MOST_BLOCKS}`);
		for (const key of ['elements', 'canvas'])
			ok(large.opening[key] < MOST_OPENING[key], `opening 100,000 processes: ${large.opening[key]} ${key}, not below ${MOST_OPENING[key]}`);
		ok(large.opening.frames <= 2, `the timeline was drawn ${large.opening.frames} times before it could be used`);
		for (const [name, frame] of Object.entries(large.frames)) {
			for (const key of ['elements', 'canvas'])
				ok(frame[key] < MOST_FRAME[key], `${name}: ${frame[key]} ${key} a frame, not below ${MOST_FRAME[key]}`);
			// The chart sums up the lives in view: a few blocks for each; the rest goes by pixels.
			const most = MOST_FRAME.blocks + MOST_FRAME.blocksALife * frame.lives;
			ok(frame.blocks < most, `${name}: ${frame.blocks} blocks a frame with ${frame.lives} lives in view, not below ${most}`);
		}
		const last = Object.values(large.frames).at(-1);
		return `${each(large).toFixed(0)} blocks a process, ${large.opening.elements} elements; a frame zoomed in ${last.blocks} blocks; opened in ${large.openedIn.toFixed(0)} ms`;
	},

	async '1,000,000 processes open and can be used'() {
		const page = await open(report('build', 1000000));
		equal(await figure(page, 'processes'), '1,000,000', 'processes');
		const frame = await panTime(page);
		const before = performance.now();
		await page.locator('#search').fill('lvm.c');
		await page.waitForFunction(() => document.getElementById('search-count').textContent !== '');
		const search = performance.now() - before;
		await page.evaluate(() => window.begat.select(777777, 'timeline'));
		ok((await page.locator('#details').innerText()).includes('Pid'), 'details of one of them');
		const opened = page.openedIn;
		await page.done();
		return `opened after ${(opened / 1000).toFixed(1)} s, a frame takes ${frame.toFixed(0)} ms, a search ${search.toFixed(0)} ms`;
	},
};

// About one and a half times what it was when this was written: 254 blocks a process, 2,500 elements, 7,000 calls
// on canvases; a frame of 100,000 lives 2,000,000 blocks, one that is zoomed in 70,000.
const MOST_BLOCKS = 400;
const MOST_OPENING = { elements: 4000, canvas: 11000 };
const MOST_FRAME = { elements: 100, canvas: 11000, blocks: 1100000, blocksALife: 15 };

// What opening a build of so many processes takes, and what single frames of it take.
async function workOf(processes) {
	const page = await newPage('about:blank');
	await page.addInitScript(() => {
		const counts = (window.counts = { elements: 0, canvas: 0 });
		const counted = (of, name, key) => {
			const inner = of[name];
			of[name] = function (...args) {
				counts[key]++;
				return inner.apply(this, args);
			};
		};
		for (const name of ['createElement', 'createElementNS', 'createTextNode']) counted(Document.prototype, name, 'elements');
		const canvas = CanvasRenderingContext2D.prototype;
		for (const name of Object.getOwnPropertyNames(canvas))
			if (typeof Object.getOwnPropertyDescriptor(canvas, name).value === 'function' && name !== 'constructor') counted(canvas, name, 'canvas');
	});
	const session = await page.context().newCDPSession(page);
	await session.send('Profiler.enable');
	await session.send('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
	const take = async () => {
		const { result } = await session.send('Profiler.takePreciseCoverage');
		const own = result.filter((s) => s.url.startsWith('file:')).flatMap((s) => s.functions);
		const counts = await page.evaluate(() => {
			const now = { ...window.counts };
			window.counts.elements = window.counts.canvas = 0;
			return now;
		});
		return { ...counts, blocks: own.flatMap((f) => f.ranges).reduce((sum, r) => sum + r.count, 0) };
	};
	const before = performance.now();
	await page.goto(`file://${report('build', processes)}`, { timeout: 120000 });
	await page.waitForFunction(() => window.begat, null, { timeout: 120000, polling: 'raf' });
	const openedIn = performance.now() - before;
	await frames(page);
	const opening = { ...(await take()), frames: await page.evaluate(() => window.begat.timeline.frames) };
	equal(await figure(page, 'processes'), grouped(json('build', processes).totals.processes), 'processes');
	const of = {};
	for (const factor of [1, 4, 30, 3000]) {
		of[`zoomed by ${factor}`] = await page.evaluate((by) => window.begat.timeline.zoomBy(by), factor).then(() => frames(page)).then(take);
		of[`zoomed by ${factor}`].lives = await page.evaluate(() => {
			const { timeline, trace } = window.begat;
			const [t0, t1] = timeline.domain;
			return trace.c.start.reduce((n, from, i) => n + (from < t1 && trace.end[i] > t0 ? 1 : 0), 0);
		});
		await take();
	}
	await session.detach();
	await page.context().close();
	return { processes, opening, frames: of, openedIn };
}

// The median time of a frame while panning at several depths.
function panTime(page) {
	return page.evaluate(() => {
		const { timeline } = window.begat;
		const times = [];
		for (let k = 0; k < 15; k++) {
			if (k % 5 === 0) timeline.zoomBy(3);
			timeline.panBy(0.05);
			const before = performance.now();
			timeline.draw();
			times.push(performance.now() - before);
		}
		return times.sort((a, b) => a - b)[7];
	});
}
