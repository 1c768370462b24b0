// SPDX-License-Identifier: BSD-2-Clause
// Bundles src/ into dist/report.html, one file with its own content-security policy, and collects
// the licences of what was bundled into dist/LICENSES. The output depends on nothing but its input.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'dist');
const target = ['chrome109', 'firefox115', 'safari16.4'];
const common = { absWorkingDir: here, bundle: true, minify: true, write: false, target, charset: 'utf8', legalComments: 'none' };

const js = await build({ ...common, entryPoints: ['src/main.js'], format: 'iife', metafile: true });
const css = await build({ ...common, entryPoints: ['src/style.css'] });
const text = (result) => result.outputFiles[0].text.trim();
// A script must not end early, whatever a string in it says.
const script = text(js).replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
const style = text(css);
const hash = (s) => `sha256-${createHash('sha256').update(s).digest('base64')}`;

const page = readFileSync(join(here, 'src/index.html'), 'utf8')
	.replace('@SCRIPT_HASH@', () => hash(script))
	.replace('@STYLE_HASH@', () => hash(style))
	.replace('@STYLE@', () => style)
	.replace('@SCRIPT@', () => script);

for (const mark of ['@BEGAT_TITLE@', '@BEGAT_ANALYSIS@', '@BEGAT_COLUMNS@'])
	if (page.split(mark).length !== 2) throw new Error(`${mark} must be in the page once`);

const used = new Set(Object.keys(js.metafile.inputs).map((f) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(f)?.[1]).filter(Boolean));
const licences = [...used].sort().map((name) => {
	const folder = join(here, 'node_modules', name);
	const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
	const file = readdirSync(folder).find((f) => /^licen[sc]e/i.test(f));
	if (!file || !existsSync(join(folder, file))) throw new Error(`${name} has no licence file`);
	return `${name} ${about.version} (${about.license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
});

mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'report.html'), page);
writeFileSync(join(out, 'LICENSES'), `Parts of report.html that others wrote, and their licences.\n\n${licences.join(`\n${'-'.repeat(80)}\n\n`)}`);
