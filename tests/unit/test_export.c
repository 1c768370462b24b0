/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_export.c - what exporters write, checked against what was recorded.
 *
 * Owns:    invariants of each format, with decoders of its own where no library reads it.
 * Not:     readers of others (tests/golden/test_trace.sh).
 */
#include <begat/trace.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "store_help.h"

static void build_story(struct synthetic *s)
{
	synthetic_build(s, 10, 100);
}

static void storm_story(struct synthetic *s)
{
	synthetic_storm(s, 3000, 40);
}

/* A process with several images, children in between, one that outlives its parent. */
static void images_story(struct synthetic *s)
{
	static const char *const argv[] = { "a", NULL };
	struct synthetic_process top = { .id = 9, .parent_id = 1, .pid = 3, .comm = "top" };
	struct synthetic_process p, one, two, late;

	synthetic_fork(s, 1000, &top, &p);
	synthetic_exec(s, 1000, &p, "/bin/first", argv);
	synthetic_fork(s, 1000, &p, &one);
	synthetic_exit(s, 1000, &one, 0, 0, 500);
	synthetic_fork(s, 1000, &p, &two);
	synthetic_exec(s, 1000, &p, "/bin/second", argv);
	synthetic_fork(s, 1000, &p, &late);
	synthetic_exit(s, 1000, &two, 0, 0, 500);
	synthetic_exec(s, 0, &p, "/bin/third", argv);
	synthetic_exit(s, 1000, &p, 0, 0, 3000);
	synthetic_exit(s, 5000, &late, 1, 0, 100);
	/* Born and gone at the same moment. */
	synthetic_fork(s, 0, &top, &one);
	synthetic_exit(s, 0, &one, 0, 0, 0);
}

/* NULs and numbers of 64 bits are in the hostile events. */
#define JSON_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

struct exported {
	char *path;
	struct begat_trace *trace;
	const struct begat_trace_table *table;
	char *data;
	size_t len;
};

static struct exported export_story(void (*story)(struct synthetic *), const char *format)
{
	struct exported e = { .path = store_path(format) };
	FILE *out = open_memstream(&e.data, &e.len);

	assert_non_null(out);
	store_record(e.path, story, NULL);
	assert_int_equal(begat_trace_open(e.path, &e.trace), 0);
	int err = begat_export(e.trace, format, NULL, out);

	if (err < 0)
		fail_msg("%s: %s", format, begat_trace_error(e.trace));
	assert_int_equal(fclose(out), 0);
	assert_int_equal(begat_trace_load(e.trace, &e.table), 0);
	return e;
}

static void exported_done(struct exported *e)
{
	begat_trace_close(e->trace);
	unlink(e->path);
	free(e->path);
	free(e->data);
}

/* ---- perfetto: an own decoder ---- */

struct reader {
	const unsigned char *at, *end;
};

static uint64_t varint(struct reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		assert_true(r->at < r->end);
		value |= (uint64_t)(*r->at & 0x7f) << shift;
		if (!(*r->at++ & 0x80))
			return value;
	}
	fail_msg("a varint of more than ten bytes");
	return 0;
}

struct field {
	uint32_t number;
	uint64_t value; /* varint, fixed64 */
	struct reader bytes;
};

static bool next_field(struct reader *r, struct field *f)
{
	uint64_t tag, len;

	if (r->at == r->end)
		return false;
	tag = varint(r);
	*f = (struct field){ .number = (uint32_t)(tag >> 3) };
	switch (tag & 7) {
	case 0:
		f->value = varint(r);
		break;
	case 1:
		assert_true(r->end - r->at >= 8);
		memcpy(&f->value, r->at, 8);
		r->at += 8;
		break;
	case 2:
		len = varint(r);
		assert_true(len <= (uint64_t)(r->end - r->at));
		f->bytes = (struct reader){ r->at, r->at + len };
		r->at += len;
		break;
	default:
		fail_msg("wire type %d", (int)(tag & 7));
	}
	return true;
}

#define TRACKS_MAX 4096

struct timeline {
	uint64_t last_ns;
	unsigned depth[TRACKS_MAX]; /* open slices */
	uint64_t top_end[TRACKS_MAX];
	bool is_declared[TRACKS_MAX];
	unsigned begins, ends, counters, clocks, losses;
	uint64_t flows[TRACKS_MAX];
	unsigned flows_count, flow_ends;
	int64_t running;
};

static void check_event(struct timeline *t, struct reader event, uint64_t ns)
{
	uint64_t type = 0, track = 0, flow = 0, flow_end = 0;
	bool has_name = false;
	struct field f;

	while (next_field(&event, &f)) {
		type = f.number == 9 ? f.value : type;
		track = f.number == 11 ? f.value : track;
		flow = f.number == 47 ? f.value : flow;
		flow_end = f.number == 48 ? f.value : flow_end;
		has_name |= f.number == 23;
		if (f.number == 30)
			t->running = (int64_t)f.value;
	}
	assert_true(track < TRACKS_MAX && t->is_declared[track]);
	assert_true(ns >= t->last_ns);
	t->last_ns = ns;
	switch (type) {
	case 1:
		assert_true(has_name);
		t->depth[track]++;
		t->begins++;
		break;
	case 2:
		assert_true(t->depth[track] > 0);
		t->depth[track]--;
		t->ends++;
		break;
	case 3:
		assert_true(has_name);
		t->losses += track == 4;
		break;
	case 4:
		t->counters++;
		break;
	default:
		fail_msg("type %d", (int)type);
	}
	if (flow) {
		/* The arrow begins on a slice: what forks, runs. */
		assert_true(t->depth[track] > 0);
		t->flows[t->flows_count++] = flow;
	}
	for (unsigned i = 0; flow_end && i <= t->flows_count; i++) {
		assert_true(i < t->flows_count);
		if (t->flows[i] == flow_end) {
			t->flow_ends++;
			break;
		}
	}
}

static struct timeline check_perfetto(const struct exported *e)
{
	struct reader trace = { (unsigned char *)e->data, (unsigned char *)e->data + e->len };
	struct timeline t = { 0 };
	struct field packet, f;

	while (next_field(&trace, &packet)) {
		struct reader event = { 0 };
		uint64_t ns = 0;

		assert_int_equal(packet.number, 1);
		while (next_field(&packet.bytes, &f)) {
			if (f.number == 8)
				ns = f.value;
			else if (f.number == 6)
				t.clocks++;
			else if (f.number == 11)
				event = f.bytes;
			else if (f.number == 60) {
				struct field d;

				while (next_field(&f.bytes, &d)) {
					if (d.number != 1)
						continue;
					assert_true(d.value && d.value < TRACKS_MAX);
					assert_false(t.is_declared[d.value]);
					t.is_declared[d.value] = true;
				}
			}
		}
		if (event.at)
			check_event(&t, event, ns);
	}
	for (int i = 0; i < TRACKS_MAX; i++)
		assert_int_equal(t.depth[i], 0);
	assert_int_equal(t.begins, t.ends);
	assert_int_equal(t.clocks, 1);
	assert_int_equal(t.running, 0);
	assert_int_equal(t.flows_count, t.flow_ends);
	assert_int_equal(t.counters, 4 * e->table->processes_count);
	return t;
}

static void test_perfetto(void **state)
{
	static void (*const stories[])(struct synthetic *) = { build_story, storm_story,
							       images_story, synthetic_hostile };

	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		struct exported e = export_story(stories[i], "perfetto");
		struct timeline t = check_perfetto(&e);

		assert_true(t.begins >= e.table->processes_count);
		if (stories[i] == build_story) {
			assert_int_equal(t.begins, e.table->processes_count);
			assert_int_equal(t.losses, 1);
			/* Two compilers at once: one of each pair is on a track of its own. */
			assert_true(t.flow_ends >= 5);
		}
		if (stories[i] == images_story)
			assert_true(t.begins > e.table->processes_count);
		exported_done(&e);
	}
}

/* ---- chrome ---- */

struct span {
	double start, end;
};

static void test_chrome(void **state)
{
	static void (*const stories[])(struct synthetic *) = { build_story, storm_story,
							       images_story, synthetic_hostile };

	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		struct exported e = export_story(stories[i], "chrome");
		json_error_t error;
		json_t *root = json_loadb(e.data, e.len, JSON_FLAGS, &error), *event;
		static struct span open[TRACKS_MAX][64];
		static unsigned depth[TRACKS_MAX];
		unsigned slices = 0;
		size_t index;

		if (!root)
			fail_msg("%s at %d", error.text, error.position);
		memset(depth, 0, sizeof(depth));
		json_array_foreach(json_object_get(root, "traceEvents"), index, event)
		{
			const char *ph = json_string_value(json_object_get(event, "ph"));
			json_int_t tid =
				(json_int_t)json_number_value(json_object_get(event, "tid"));
			double start = json_number_value(json_object_get(event, "ts"));
			double end = start + json_number_value(json_object_get(event, "dur"));

			/* Slices without length are instants. */
			slices += !strcmp(ph, "X") || !strcmp(ph, "i");
			if (strcmp(ph, "X"))
				continue;
			assert_true(end > start);
			assert_in_range(tid, 1, TRACKS_MAX - 1);
			/* Sums of times are exact: what begins where another ends is not within. */
			while (depth[tid] && open[tid][depth[tid] - 1].end <= start)
				depth[tid]--;
			if (depth[tid])
				assert_true(end <= open[tid][depth[tid] - 1].end);
			assert_true(depth[tid] < 64);
			open[tid][depth[tid]++] = (struct span){ start, end };
		}
		assert_true(slices >= e.table->processes_count);
		json_decref(root);
		exported_done(&e);
	}
}

/* ---- lines of JSON ---- */

static unsigned check_lines(const char *data, size_t len, void (*check)(json_t *line))
{
	unsigned lines = 0;

	for (size_t at = 0; at < len; lines++) {
		size_t n = strcspn(data + at, "\n");
		json_error_t error;
		json_t *line = json_loadb(data + at, n, JSON_FLAGS, &error);

		if (!line)
			fail_msg("%s: %.*s", error.text, (int)(n < 400 ? n : 400), data + at);
		if (check)
			check(line);
		json_decref(line);
		at += n + 1;
	}
	return lines;
}

static void test_ndjson(void **state)
{
	struct store_capture all = { 0 };
	struct exported e = export_story(synthetic_hostile, "ndjson");
	size_t len;
	char *expected;

	assert_true(begat_trace_replay(e.trace, NULL, store_capture_event, &all) > 0);
	expected = store_json(&all, &len);
	assert_int_equal(e.len, len);
	assert_memory_equal(e.data, expected, len);
	assert_int_equal(check_lines(e.data, e.len, NULL), all.count);
	free(expected);
	store_capture_done(&all);
	exported_done(&e);
}

static unsigned ecs_failed; /* execs whose path is told */

static void check_ecs(json_t *line)
{
	json_t *event = json_object_get(line, "event");
	json_t *process = json_object_get(line, "process");

	assert_true(json_is_string(json_object_get(line, "@timestamp")));
	assert_true(json_is_string(json_object_get(json_object_get(line, "ecs"), "version")));
	assert_string_equal(json_string_value(json_object_get(event, "kind")), "event");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(event, "category"), 0)),
		"process");
	if (!strcmp(json_string_value(json_object_get(event, "action")), "lost"))
		return;
	assert_true(json_is_number(json_object_get(process, "pid")));
	assert_int_equal(strlen(json_string_value(json_object_get(process, "entity_id"))), 16);

	json_t *path = json_object_get(json_object_get(line, "file"), "path");

	/* What a failed exec asked for is named, and no other event has a file. */
	if (strcmp(json_string_value(json_object_get(event, "action")), "exec_failed"))
		assert_null(path);
	else
		ecs_failed += strchr(json_string_value(path), '/') != NULL;
}

static void test_ecs(void **state)
{
	struct exported e = export_story(build_story, "ecs");

	/* All but the summary. */
	struct store_capture all = { 0 };

	assert_true(begat_trace_replay(e.trace, NULL, store_capture_event, &all) > 0);
	assert_int_equal(check_lines(e.data, e.len, check_ecs), all.count - 1);
	assert_true(ecs_failed > 3);
	store_capture_done(&all);
	exported_done(&e);
	e = export_story(synthetic_hostile, "ecs");
	check_lines(e.data, e.len, NULL);
	exported_done(&e);
}

static unsigned spans_seen, roots_seen;

static void check_otel(json_t *line)
{
	json_t *resource = json_array_get(json_object_get(line, "resourceSpans"), 0);
	json_t *scope = json_array_get(json_object_get(resource, "scopeSpans"), 0);
	json_t *span;
	size_t i;

	json_array_foreach(json_object_get(scope, "spans"), i, span)
	{
		const char *trace_id = json_string_value(json_object_get(span, "traceId"));
		const char *start = json_string_value(json_object_get(span, "startTimeUnixNano"));
		const char *end = json_string_value(json_object_get(span, "endTimeUnixNano"));

		assert_int_equal(strlen(trace_id), 32);
		assert_int_equal(strlen(json_string_value(json_object_get(span, "spanId"))), 16);
		assert_true(strtoull(start, NULL, 10) <= strtoull(end, NULL, 10));
		assert_true(json_is_array(json_object_get(span, "attributes")));
		roots_seen += !json_object_get(span, "parentSpanId");
		spans_seen++;
	}
}

static void test_otel(void **state)
{
	struct exported e = export_story(build_story, "otel");

	spans_seen = roots_seen = 0;
	check_lines(e.data, e.len, check_otel);
	assert_int_equal(spans_seen, e.table->processes_count);
	assert_int_equal(roots_seen, 1);
	exported_done(&e);
	e = export_story(storm_story, "otel");
	spans_seen = 0;
	assert_int_equal(check_lines(e.data, e.len, check_otel),
			 (e.table->processes_count + 511) / 512);
	assert_int_equal(spans_seen, e.table->processes_count);
	exported_done(&e);
	e = export_story(synthetic_hostile, "otel");
	check_lines(e.data, e.len, NULL);
	exported_done(&e);
}

/* ---- csv, folded, dot ---- */

/* Counts rows and cells by RFC 4180; all rows must have as many cells as the first. */
static void test_csv(void **state)
{
	struct exported e = export_story(synthetic_hostile, "csv");
	unsigned rows = 0, cells = 1, header = 0;
	bool is_quoted = false;

	for (size_t i = 0; i < e.len; i++) {
		if (is_quoted) {
			if (e.data[i] == '"' && e.data[i + 1] == '"')
				i++;
			else if (e.data[i] == '"')
				is_quoted = false;
			else
				assert_true((unsigned char)e.data[i] >= 0x20);
		} else if (e.data[i] == '"') {
			is_quoted = true;
		} else if (e.data[i] == ',') {
			cells++;
		} else if (e.data[i] == '\r') {
			assert_int_equal(e.data[++i], '\n');
			header = header ? header : cells;
			assert_int_equal(cells, header);
			cells = 1;
			rows++;
		}
	}
	struct store_capture all = { 0 };

	assert_false(is_quoted);
	assert_true(begat_trace_replay(e.trace, NULL, store_capture_event, &all) > 0);
	assert_int_equal(rows, all.count + 1);
	store_capture_done(&all);
	exported_done(&e);
}

static const char *const formulas[] = { "=1+cmd",  "+1",      "-1",	 "@SUM(A1)", "  =2",
					"\uff1d3", "\uff0b4", "\uff0d5", "\uff206" };
#define FORMULAS (sizeof(formulas) / sizeof(formulas[0]))

static void formula_story(struct synthetic *s)
{
	struct synthetic_process top = { .id = 9, .parent_id = 1, .pid = 3, .comm = "top" }, p;

	for (size_t i = 0; i < FORMULAS; i++) {
		const char *argv[] = { formulas[i], NULL };

		synthetic_fork(s, 1000, &top, &p);
		synthetic_exec(s, 1000, &p, formulas[i], argv);
		synthetic_exec_failed(s, 1000, &p, formulas[i], argv, 2);
		synthetic_exit(s, 1000, &p, 0, 0, 500);
	}
}

/* Cells of @data that begin with @text, as a reader of CSV sees them. */
static unsigned cells_with(const char *data, const char *text)
{
	char cell[80];
	unsigned count = 0;

	snprintf(cell, sizeof(cell), ",\"%s\"", text);
	for (const char *at = data; (at = strstr(at, cell)); at++)
		count++;
	return count;
}

static void test_csv_formulas(void **state)
{
	struct begat_export_options opts = { .size = sizeof(opts), .raw = true };
	struct exported e = export_story(formula_story, "csv");
	char *raw = NULL, safe[64];
	size_t size;
	FILE *out = open_memstream(&raw, &size);

	assert_int_equal(begat_export(e.trace, "csv", &opts, out), 0);
	fclose(out);
	for (size_t i = 0; i < FORMULAS; i++) {
		snprintf(safe, sizeof(safe), "'%s", formulas[i]);
		assert_int_equal(cells_with(e.data, formulas[i]), 0);
		assert_true(cells_with(raw, formulas[i]) >= 3);
		assert_int_equal(cells_with(e.data, safe), cells_with(raw, formulas[i]));
		assert_int_equal(cells_with(raw, safe), 0);
	}
	/* A path is no formula, and numbers stay numbers. */
	assert_int_equal(cells_with(e.data, "'top"), 0);
	assert_null(strstr(e.data, "\"'[")); /* argv */
	free(raw);
	exported_done(&e);
}

static void check_folded(const struct exported *e, double expected_ns)
{
	double sum = 0;

	for (const char *line = e->data; *line; line = strchr(line, '\n') + 1) {
		const char *space = strpbrk(line, " \n");

		assert_true(space && *space == ' ');
		sum += (double)strtoull(space + 1, NULL, 10) * 1000;
		assert_non_null(strchr(line, '\n'));
	}
	/* Each line rounds to a microsecond. */
	assert_true(sum > expected_ns * 0.99 - 1e5 && sum < expected_ns * 1.01 + 1e5);
}

static void test_folded(void **state)
{
	struct exported e = export_story(build_story, "folded");
	struct begat_export_options opts = { .size = sizeof(opts), .cpu = true };
	double cpu = 0;

	/* Own wall times of a tree whose children lie within add up to the root's. */
	for (uint32_t i = 0; i < e.table->processes_count; i++)
		cpu += (double)(e.table->processes[i].utime_ns + e.table->processes[i].stime_ns);
	assert_non_null(strstr(e.data, "bash;make;dash;x86_64-linux-gnu-gcc-12;cc1 "));
	free(e.data);

	FILE *out = open_memstream(&e.data, &e.len);

	assert_int_equal(begat_export(e.trace, "folded", &opts, out), 0);
	fclose(out);
	check_folded(&e, cpu);
	exported_done(&e);
	e = export_story(synthetic_hostile, "folded");
	for (const char *line = e.data; *line; line = strchr(line, '\n') + 1)
		assert_non_null(strchr(line, ' '));
	exported_done(&e);
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned count = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		count++;
	return count;
}

/* Compiles that went alike are one node. */
static void test_dot(void **state)
{
	struct exported e = export_story(build_story, "dot");

	assert_memory_equal(e.data, "digraph ", 8);
	assert_int_equal(count_of(e.data, "[label="), 12);
	assert_int_equal(count_of(e.data, " -> "), 11);
	assert_int_equal(count_of(e.data, " x dash\\nat most "), 1);
	assert_int_equal(count_of(e.data, "\"dash\\n"), 2);
	exported_done(&e);
}

static void test_dot_raw(void **state)
{
	struct exported e = export_story(build_story, "csv");
	struct begat_export_options opts = { .size = sizeof(opts), .raw = true };

	free(e.data);

	FILE *out = open_memstream(&e.data, &e.len);

	assert_non_null(out);
	assert_int_equal(begat_export(e.trace, "dot", &opts, out), 0);
	fclose(out);
	assert_int_equal(count_of(e.data, "[label="), e.table->processes_count);
	assert_int_equal(count_of(e.data, " -> "), e.table->processes_count - 1);
	exported_done(&e);
}

static void test_unknown(void **state)
{
	struct exported e = export_story(build_story, "csv");

	assert_int_equal(begat_export(e.trace, "nonsense", NULL, stdout), -EINVAL);
	for (const struct begat_exporter *x = begat_exporters(); x->name; x++)
		assert_true(strlen(x->help) > 10 && x->extension[0] == '.');
	exported_done(&e);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_perfetto),     cmocka_unit_test(test_chrome),
		cmocka_unit_test(test_ndjson),	     cmocka_unit_test(test_ecs),
		cmocka_unit_test(test_otel),	     cmocka_unit_test(test_csv),
		cmocka_unit_test(test_csv_formulas), cmocka_unit_test(test_folded),
		cmocka_unit_test(test_dot),	     cmocka_unit_test(test_dot_raw),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
