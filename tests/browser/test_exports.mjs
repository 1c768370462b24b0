// SPDX-License-Identifier: BSD-2-Clause
// Exports, each read by what others wrote: the field lists of the Elastic Common Schema and of
// OpenTelemetry, and speedscope itself. The traces are the golden ones.

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { equal, newPage, ok } from './harness.mjs';

const require = createRequire(import.meta.url);
const { EcsFlat: fields, EcsVersion } = require('@elastic/ecs');
const speedscope = resolve(dirname(require.resolve('speedscope/package.json')), 'dist/release/index.html');
const golden = resolve(import.meta.dirname, '../golden');
const TRACES = readdirSync(golden).filter((name) => name.endsWith('.db')).map((name) => name.slice(0, -3));

// What `begat export` wrote, in a file of its own.
function exported(trace, format, ...options) {
	const path = resolve(process.env.OUT, `${trace}${options.join('')}.${format}`);
	const run = spawnSync(process.env.BEGAT, ['export', resolve(golden, `${trace}.db`), '--to', format, '-o', path, ...options], { encoding: 'utf8' });
	equal(run.status, 0, `begat export ${trace} --to ${format} ended with "${run.stderr.trim()}"`);
	return path;
}

const lines = (path) => readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));

const ECS_TYPES = {
	keyword: (v) => typeof v === 'string',
	wildcard: (v) => typeof v === 'string',
	date: (v) => typeof v === 'string' && !Number.isNaN(Date.parse(v)),
	long: Number.isInteger,
};

function checkEcs(name, value) {
	const field = fields[name];
	if (name === 'begat' || name.startsWith('begat.')) return;
	if (!field && value !== null && typeof value === 'object' && !Array.isArray(value)) {
		for (const [key, below] of Object.entries(value)) checkEcs(name ? `${name}.${key}` : key, below);
		return;
	}
	ok(field, `${name} is a field of ECS ${EcsVersion}`);
	equal(Array.isArray(value), field.normalize.includes('array'), `${name} is an array`);
	for (const one of [value].flat()) {
		ok(ECS_TYPES[field.type](one), `${name} is a ${field.type}: ${JSON.stringify(one)}`);
		if (field.allowed_values) ok(field.allowed_values.some((v) => v.name === one), `${name} may be ${one}`);
	}
}

// What ECS expects of the types of a category's events.
const TYPES_OF_PROCESS = fields['event.category'].allowed_values.find((v) => v.name === 'process').expected_event_types;

const valuesOf = (prefix) => Object.entries(conventions).filter(([name]) => name.startsWith(prefix)).map(([, value]) => value);
const ATTRIBUTES = new Set(valuesOf('ATTR_'));
const INTEGERS = /^process\.(pid|parent_pid|exit\.code|(real_)?user\.id)$/;

function checkAttributes(attributes) {
	const names = attributes.map(({ key }) => key);
	equal(new Set(names).size, names.length, `distinct attributes in ${names}`);
	for (const { key, value } of attributes) {
		ok(ATTRIBUTES.has(key) || key.startsWith('begat.'), `${key} is an attribute of the semantic conventions`);
		if (key.startsWith('begat.')) continue;
		const kind = INTEGERS.test(key) ? 'intValue' : key === 'process.command_args' ? 'arrayValue' : 'stringValue';
		equal(Object.keys(value).join(), kind, `the type of ${key}`);
	}
	return names;
}

// Has speedscope open a file and show it; gives what it then saves in its own format.
async function throughSpeedscope(path) {
	const page = await newPage(`file://${dirname(speedscope)}/`);
	await page.goto(`file://${speedscope}`);
	await page.setInputFiles('#file', path);
	const save = page.getByText('Export').first();
	await save.waitFor({ timeout: 30000 });
	const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
	const saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
	await page.getByText('Sandwich').click();
	await page.getByText('Symbol Name').waitFor();
	const { name } = saved.shared.frames[saved.profiles[saved.activeProfileIndex].events[0].frame];
	ok((await page.locator('tr').allInnerTexts()).some((row) => row.includes(name.slice(0, 20))), `the page shows ${name}`);
	await page.done();
	return saved;
}

// What a timeline of speedscope's gives each frame, in its own unit.
function lengths({ profiles, shared }) {
	const sums = new Map();
	for (const { events } of profiles) {
		for (const { type, frame, at } of events) add(sums, shared.frames[frame].name, type === 'C' ? at : -at);
	}
	return sums;
}

const add = (sums, name, value) => sums.set(name, (sums.get(name) ?? 0) + value);

function same(got, want, what) {
	equal([...got.keys()].sort().join('\n'), [...want.keys()].sort().join('\n'), `${what}: names`);
	for (const [name, value] of want) ok(Math.abs(got.get(name) - value) <= 1e-9 * value, `${what}: ${name}: ${got.get(name)}, not ${value}`);
}

export default {
	'ecs: every field is one of the schema, of its type and among its values'() {
		for (const trace of TRACES) {
			for (const event of lines(exported(trace, 'ecs'))) {
				checkEcs('', event);
				ok(event.event.type.every((type) => TYPES_OF_PROCESS.includes(type)), `a process event may be ${event.event.type}`);
				ok(EcsVersion.startsWith(event.ecs.version.replace(/\.\d+$/, '.')), `${event.ecs.version} is ${EcsVersion}`);
				for (const [name, field] of Object.entries(fields))
					ok(!field.required || event[name] || name.split('.').reduce((o, key) => o?.[key], event), `the required ${name} is there`);
			}
		}
	},

	'otel: every attribute is one of the semantic conventions'() {
		const arches = valuesOf('HOST_ARCH_VALUE_'), systems = valuesOf('OS_TYPE_VALUE_'), seen = new Set();
		for (const trace of TRACES) {
			for (const { resourceSpans } of lines(exported(trace, 'otel'))) {
				for (const { resource, scopeSpans } of resourceSpans) {
					for (const name of checkAttributes(resource.attributes)) seen.add(name);
					const facts = Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
					ok(arches.includes(facts['host.arch']), `host.arch may be ${facts['host.arch']}`);
					ok(systems.includes(facts['os.type']), `os.type may be ${facts['os.type']}`);
					for (const { attributes, events } of scopeSpans.flatMap(({ spans: list }) => list)) {
						for (const list of [attributes, ...events.map((e) => e.attributes)])
							for (const name of checkAttributes(list)) seen.add(name);
					}
				}
			}
		}
		for (const name of ['process.pid', 'process.parent_pid', 'process.executable.path', 'process.command_args', 'process.working_directory', 'process.user.id', 'process.exit.code'])
			ok(seen.has(name), `${name} is there`);
	},

	async 'chrome: speedscope opens it and finds every slice'() {
		for (const trace of TRACES) {
			const path = exported(trace, 'chrome');
			const slices = JSON.parse(readFileSync(path, 'utf8')).traceEvents.filter((e) => e.ph === 'X');
			const want = new Map();
			// To speedscope, the name of a frame is what tells it from others.
			for (const { name, args, dur } of slices) add(want, `${name || '(unnamed)'} ${JSON.stringify(args)}`, dur);
			const saved = await throughSpeedscope(path);
			equal(saved.profiles.length, new Set(slices.map((s) => s.tid)).size, `${trace}: tracks`);
			ok(saved.profiles.every((p) => p.unit === 'microseconds'), `${trace}: microseconds`);
			same(lengths(saved), want, trace);
		}
	},

	async 'folded: speedscope opens it and finds the same weights'() {
		for (const trace of TRACES) {
			for (const options of [[], ['--cpu']]) {
				const path = exported(trace, 'folded', ...options);
				const want = new Map();
				for (const [, stack, weight] of readFileSync(path, 'utf8').matchAll(/^(\S+) (\d+)$/gm))
					for (const name of stack.split(';')) add(want, name, Number(weight));
				ok(want.size, `${trace}: stacks`);
				same(lengths(await throughSpeedscope(path)), want, `${trace} ${options}`);
			}
		}
	},
};
