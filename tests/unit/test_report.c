// SPDX-License-Identifier: BSD-2-Clause
/*
 * unit/test_report.c - from a recording to a page, a text and JSON that say the same.
 *
 * Owns:    begat_report() as its callers see it.
 * Not:     the analyses (test_analysis.c), the page in a browser (tests/browser).
 */
#include <stddef.h>
#include <stdint.h>
#include "unit.h"

#include <begat/report.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "store_help.h"

enum { UNITS = 8 };

static void story_build(struct synthetic *s)
{
	synthetic_build(s, UNITS, 100);
}

static void story_empty(struct synthetic *s)
{
	(void)s;
}

static void story_storm(struct synthetic *s)
{
	synthetic_storm(s, 2000, 8);
}

/* The report of a story as text, for free(). */
static char *report(void (*story)(struct synthetic *s), const char *format)
{
	struct begat_report_options opts = { .size = sizeof(opts),
					     .format = format,
					     .columns = 120 };
	struct begat_trace *trace;
	char *path = store_path("report.db"), *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	store_record(path, story, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_report(trace, &opts, out), 0);
	begat_trace_close(trace);
	fclose(out);
	unlink(path);
	free(path);
	assert_int_equal(strlen(text), len); /* no NUL in any format */
	return text;
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!json)
		fail_msg("not JSON: %s at byte %d", error.text, error.position);
	return json;
}

static json_int_t number(const json_t *json, const char *member, const char *name)
{
	const json_t *value = json_object_get(json_object_get(json, member), name);

	if (!json_is_integer(value))
		fail_msg("%s.%s is no integer", member, name);
	return json_integer_value(value);
}

/* A cc that fails in unit 5: two failed parents with it; make and the tests fail, too. */
static void test_json_of_a_build(void **state)
{
	char *text = report(story_build, "json");
	json_t *json = parse(text);
	/* make, configure, ld, tests; sh, cc, cc1, as for each unit, but no as for the broken one */
	const unsigned processes = 4 + 4 * UNITS - 1;

	assert_int_equal(number(json, "totals", "processes"), processes);
	assert_int_equal(number(json, "totals", "execs"), processes);
	assert_int_equal(number(json, "totals", "older"), 1);
	assert_int_equal(number(json, "totals", "path_misses"), UNITS);
	assert_int_equal(number(json, "totals", "failed_execs"), UNITS);
	assert_int_equal(number(json, "totals", "failed_exits"), 4);
	assert_int_equal(number(json, "totals", "signalled"), 1);
	assert_int_equal(number(json, "totals", "lost"), 3);
	assert_int_equal(json_array_size(json_object_get(json, "tree")), processes + 1);
	assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
	json_decref(json);
	free(text);
}

static int write_event(const struct begat_event *ev, void *ctx)
{
	return begat_recorder_write(ctx, ev);
}

/* Records a build in parts of 100 ms into pattern.db; returns how many are finished. */
static unsigned record_parts(const char *pattern)
{
	static const char *const command[] = { "make", "-j2", NULL };
	struct begat_recorder_options opts = { .size = sizeof(opts),
					       .batch_events = 20,
					       .max_age_ns = 100000000,
					       .path_has_time = true,
					       .command = command };
	struct begat_recorder_counts counts = { .size = sizeof(counts) };
	struct begat_recorder *rec = NULL;
	struct synthetic s;

	assert_int_equal(begat_recorder_open(pattern, &opts, &rec), 0);
	assert_int_equal(begat_recorder_set_meta(rec, "backend", "abacus"), 0);
	synthetic_init(&s, write_event, rec);
	story_build(&s);
	assert_int_equal(begat_recorder_finish(rec), 0);
	begat_recorder_counts(rec, &counts);
	begat_recorder_close(rec);
	/* Those carried over are counted once. */
	assert_int_equal(counts.processes, 4 + 4 * UNITS - 1 + 1);
	return counts.parts;
}

/* A later part knows what the first one was told, and its report is of the same run. */
static void test_json_of_a_later_part(void **state)
{
	struct begat_report_options opts = { .size = sizeof(opts), .format = "json" };
	/* %C is the century: all parts have one name, and a number. */
	char *path = store_path("parts-%C"), part[4200], *text = NULL;
	unsigned parts = record_parts(path);
	char *stem = strndup(path, (size_t)(strchr(path, '%') - path));
	struct begat_trace *trace;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_true(parts >= 2);
	snprintf(part, sizeof(part), "%s20_%03u.db", stem, parts);
	assert_int_equal(begat_trace_open(part, &trace), 0);
	assert_string_equal(begat_trace_meta(trace, "backend"), "abacus");
	assert_string_not_equal(begat_trace_meta(trace, "part"), "1");
	assert_int_equal(begat_report(trace, &opts, out), 0);
	begat_trace_close(trace);
	fclose(out);

	json_t *json = parse(text);
	json_t *about = json_object_get(json, "trace");
	json_t *root = json_object_get(about, "root");

	assert_int_equal(number(json, "totals", "older"), 0);
	/* The command is the root; it counts from where this part begins. */
	assert_int_equal(json_integer_value(json_object_get(root, "pid")), 1000);
	assert_int_equal(number(json, "totals", "wall_ns"),
			 json_integer_value(json_object_get(about, "span_ns")));
	json_decref(json);
	free(text);
	for (unsigned i = 1; i <= parts + 1; i++) {
		snprintf(part, sizeof(part), i > 1 ? "%s20_%03u.db" : "%s20.db", stem, i);
		assert_int_equal(unlink(part), 0);
	}
	free(stem);
	free(path);
}

/* The path covers the command's life without a gap. */
static void test_path_of_a_build(void **state)
{
	char *text = report(story_build, "json");
	json_t *json = parse(text);
	json_t *path = json_object_get(json, "critical_path");
	json_t *segments = json_object_get(path, "segments");
	json_int_t at = json_integer_value(json_object_get(path, "from_ns"));
	json_t *segment;
	size_t i;

	assert_true(json_array_size(segments) > 2 * UNITS);
	json_array_foreach(segments, i, segment)
	{
		assert_int_equal(json_integer_value(json_array_get(segment, 0)), at);
		at = json_integer_value(json_array_get(segment, 1));
	}
	assert_int_equal(at, json_integer_value(json_object_get(path, "to_ns")));
	assert_int_equal(at - json_integer_value(json_object_get(path, "from_ns")),
			 number(json, "totals", "wall_ns"));
	json_decref(json);
	free(text);
}

/* What stands between two texts, for free(). */
static char *between(const char *text, const char *before, const char *after)
{
	const char *from = strstr(text, before);

	if (!from)
		fail_msg("no %s", before);
	from += strlen(before);
	const char *to = strstr(from, after);

	assert_non_null(to);
	return strndup(from, to - from);
}

static unsigned digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (unsigned)(at - digits) : 0;
}

/* base64 of one whole zlib stream that starts with the column "start". */
static void check_columns(const char *base64)
{
	size_t len = strlen(base64), size = 0;
	unsigned char *packed = malloc(len + 3), *plain = malloc(64 << 20);
	uLongf room = 64 << 20;

	assert_int_equal(len % 4, 0);
	for (size_t i = 0; i < len; i += 4) {
		unsigned group = digit(base64[i]) << 18 | digit(base64[i + 1]) << 12 |
				 digit(base64[i + 2]) << 6 | digit(base64[i + 3]);

		for (int shift = 16; shift >= 0; shift -= 8)
			packed[size++] = group >> shift;
	}
	size -= len ? (base64[len - 1] == '=') + (base64[len - 2] == '=') : 0;
	assert_int_equal(uncompress(plain, &room, packed, size), Z_OK);
	assert_memory_equal(plain, "\5startd", 7);
	free(packed);
	free(plain);
}

/* The page holds what --format json prints, but for the lists with a row for each process. */
static void check_page(void (*story)(struct synthetic *s))
{
	static const char *const same[] = { "trace", "totals", "concurrency", "programs",
					    "failures" };
	char *html = report(story, "html"), *text = report(story, "json");
	char *data = between(html, "id=\"begat-analysis\">", "</script>");
	char *columns = between(html, "id=\"begat-columns\">", "</script>");
	json_t *page = parse(data), *json = parse(text);

	assert_null(strpbrk(data, "<>&"));
	assert_null(strstr(html, "@BEGAT_"));
	assert_int_equal(strncmp(html, "<!doctype html>", 15), 0);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		json_t *a = json_object_get(page, same[i]), *b = json_object_get(json, same[i]);

		/* When a recording was made, its two recordings may differ by the clock. */
		if (json_is_object(a)) {
			json_object_del(a, "begin_time");
			json_object_del(b, "begin_time");
			json_object_del(a, "end_time");
			json_object_del(b, "end_time");
		}
		/* Where nothing happened, all that there is to begin with is that clock. */
		if (story == story_empty && i == 0) {
			assert_true(json_integer_value(json_object_get(a, "begin_ns")) > 0);
			json_object_del(a, "begin_ns");
			json_object_del(b, "begin_ns");
		}
		if (!json_equal(a, b))
			fail_msg("%s differs between page and JSON", same[i]);
	}
	check_columns(columns);
	json_decref(page);
	json_decref(json);
	free(html);
	free(text);
	free(data);
	free(columns);
}

static void test_page_of_a_build(void **state)
{
	check_page(story_build);
}

static void test_page_of_a_storm(void **state)
{
	check_page(story_storm);
}

static void test_page_of_hostile(void **state)
{
	check_page(synthetic_hostile);
}

static void test_page_of_nothing(void **state)
{
	check_page(story_empty);
}

static void test_text_of_a_build(void **state)
{
	char *text = report(story_build, "text");
	static const char *const parts[] = {
		"35 processes, 35 execs, 5 failed, 8 failed execs (8 PATH misses), 3 lost",
		"Busy cores over time",
		"/usr/lib/gcc/x86_64-linux-gnu/12/cc1",
		"Critical path",
		"SIGSEGV",
		"path miss  ENOENT       cc, found as",
		"make -j2 all",
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strstr(text, parts[i]))
			fail_msg("no '%s' in:\n%s", parts[i], text);
	}
	free(text);
}

/* Nothing in a recording reaches a terminal as a control character, or breaks a line. */
static void test_text_of_hostile(void **state)
{
	char *text = report(synthetic_hostile, "text");

	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at < 0x20 && *at != '\n')
			fail_msg("control character %d", *at);
		if ((unsigned char)*at == 0x7f)
			fail_msg("DEL");
	}
	free(text);
}

static void test_errors(void **state)
{
	struct begat_report_options opts = { .size = sizeof(opts), .format = "docx" };
	struct begat_trace *trace;
	char *path = store_path("report.db");
	FILE *full = fopen("/dev/full", "w");

	store_record(path, story_build, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_report(trace, &opts, full), -EINVAL);
	for (const char *const *name = begat_report_formats(); *name; name++) {
		FILE *out = fopen("/dev/full", "w");

		opts.format = *name;
		assert_int_equal(begat_report(trace, &opts, out), -ENOSPC);
		fclose(out);
	}
	begat_trace_close(trace);
	fclose(full);
	unlink(path);
	free(path);
}

/* The JSON report of one story, narrowed. */
static json_t *narrowed(struct begat_report_options *opts, char **ret_text)
{
	const struct begat_trace_table *table;
	char *path = store_path("narrowed.db"), *text = NULL;
	struct begat_trace *trace;
	size_t len;

	opts->size = sizeof(*opts);
	store_record(path, story_build, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_load(trace, &table), 0);
	/* Given by the boot clock. */
	if (opts->since_ns)
		opts->since_ns += (uint64_t)table->realtime_offset_ns;
	if (opts->until_ns)
		opts->until_ns += (uint64_t)table->realtime_offset_ns;
	FILE *out = open_memstream(&text, &len);

	opts->format = "text";
	assert_int_equal(begat_report(trace, opts, out), 0);
	fclose(out);
	*ret_text = text;
	out = open_memstream(&text, &len);
	opts->format = "json";
	assert_int_equal(begat_report(trace, opts, out), 0);
	fclose(out);
	begat_trace_close(trace);
	unlink(path);
	free(path);
	json_t *json = parse(text);

	free(text);
	return json;
}

/* A subtree is what lies below the pid in the tree of the whole report, and costs what it costs there. */
static void test_narrowed_to_a_pid(void **state)
{
	char *whole_text = report(story_build, "json"), *text;
	json_t *whole = parse(whole_text), *tree = json_object_get(whole, "tree"), *row, *json;
	json_int_t cpu = 0, count = 0;
	pid_t pid = 0;
	size_t i;

	/* The largest subtree below the root. */
	json_array_foreach(tree, i, row)
	{
		json_int_t n = json_integer_value(json_object_get(row, "subtree_processes"));

		if (json_integer_value(json_object_get(row, "depth")) == 2 && n > count) {
			count = n;
			cpu = json_integer_value(json_object_get(row, "subtree_cpu_ns"));
			pid = (pid_t)json_integer_value(json_object_get(row, "pid"));
		}
	}
	assert_true(count > 1);
	struct begat_report_options opts = { .pids = &pid, .pids_count = 1 };

	json = narrowed(&opts, &text);
	assert_int_equal(number(json, "totals", "processes"), count);
	assert_int_equal(number(json, "totals", "cpu_ns"), cpu);
	assert_non_null(strstr(text, "and all that it begot: "));
	json_t *said = json_object_get(json_object_get(json, "trace"), "narrowed");

	assert_int_equal(json_integer_value(json_array_get(json_object_get(said, "pids"), 0)), pid);
	assert_int_equal(json_integer_value(json_object_get(said, "of_processes")),
			 json_array_size(tree));
	assert_true(json_is_null(json_object_get(said, "since")));
	/* However little is shown, the command ended as it did. */
	assert_true(json_equal(json_object_get(json_object_get(json, "trace"), "ending"),
			       json_object_get(json_object_get(whole, "trace"), "ending")));
	json_decref(json);
	json_decref(whole);
	free(text);
	free(whole_text);
}

/* Two halves of a span hold, together, the CPU time of the whole, and no life outside. */
static void test_narrowed_to_a_span(void **state)
{
	char *whole_text = report(story_build, "json"), *text;
	json_t *whole = parse(whole_text), *halves[2];
	json_int_t span = number(whole, "trace", "span_ns"), sum = 0;
	uint64_t middle = (uint64_t)(number(whole, "trace", "begin_ns") + span / 2);

	for (int i = 0; i < 2; i++) {
		struct begat_report_options opts = { 0 };

		if (i == 0)
			opts.until_ns = middle;
		else
			opts.since_ns = middle;
		halves[i] = narrowed(&opts, &text);
		sum += number(halves[i], "totals", "cpu_ns");
		assert_true(number(halves[i], "trace", "span_ns") <= span / 2 + 1000);
		assert_true(number(halves[i], "totals", "cpu_ns") > 0);
		assert_non_null(strstr(text, i ? "what lived from 2" : "what lived until 2"));
		free(text);
	}
	/* Rounding: a nanosecond for each life that is cut in two. */
	assert_true(llabs(sum - number(whole, "totals", "cpu_ns")) < 100);
	/* A life that goes on has not failed yet. */
	assert_true(number(halves[0], "totals", "running_at_end") > 0);
	assert_int_equal(number(halves[0], "totals", "failed_exits") +
				 number(halves[1], "totals", "failed_exits"),
			 number(whole, "totals", "failed_exits"));
	assert_int_equal(number(halves[0], "totals", "execs") +
				 number(halves[1], "totals", "execs"),
			 number(whole, "totals", "execs"));
	json_decref(halves[0]);
	json_decref(halves[1]);
	json_decref(whole);
	free(whole_text);
}

static void test_narrowed_to_an_expression(void **state)
{
	struct begat_report_options opts = { .where_text = "exe ~ \"*/cc1\"" };
	struct begat_filter *where;
	char why[256], *text;
	json_t *json, *row;
	size_t i;

	assert_int_equal(begat_filter_parse(opts.where_text, &where, why, sizeof(why)), 0);
	opts.where = where;
	json = narrowed(&opts, &text);
	assert_int_equal(number(json, "totals", "processes"), UNITS);
	json_array_foreach(json_object_get(json, "tree"), i, row)
		assert_non_null(strstr(json_string_value(json_object_get(row, "exe")), "/cc1"));
	assert_non_null(strstr(text, "narrowed to processes with an event that matches exe ~ "));
	json_decref(json);
	free(text);
	begat_filter_free(where);
}

/* An empty list says why it is empty. */
static void test_nothing_is_said_truly(void **state)
{
	char *text = report(story_empty, "text");

	assert_non_null(strstr(text, "cpu not recorded"));
	assert_non_null(strstr(text, "No process started during this recording"));
	assert_non_null(strstr(text, "No process is in this recording, so none failed."));
	free(text);
}

/* A line of the file: what the command is about, then its argv; the page is held to it as well. */
static void check_ending(int32_t status, int32_t signal, bool has_failed, const char *sentence)
{
	char out[200];

	assert_int_equal(begat_report_ending("/usr/bin/make", status, signal, out, sizeof(out)),
			 has_failed);
	assert_string_equal(out, sentence);
}

static void test_ending(void **state)
{
	check_ending(0, 0, false, "");
	check_ending(2, 0, true, "make ended with status 2");
	check_ending(0, 11, true, "make was killed by SIGSEGV");
	check_ending(0, 99, true, "make was killed by signal 99");
}

static void test_subjects(void **state)
{
	FILE *file = fopen(TESTS_DIR "/golden/subjects.txt", "r");
	char line[1024];
	int count = 0;

	assert_non_null(file);
	for (; fgets(line, sizeof(line), file); count++) {
		char *want = line, *argv = strchr(line, '\t');
		size_t len = strcspn(argv, "\n");

		argv[len] = '\0'; /* each string is ended by a NUL */
		for (size_t i = 0; i < len; i++)
			if (argv[i] == '\t')
				argv[i] = '\0';

		struct begat_strv words = { .data = argv + 1, .bytes = len };
		struct begat_str got = begat_report_subject(&words);

		assert_int_equal(got.len, strlen(want));
		assert_memory_equal(got.data, want, got.len);
	}
	assert_true(count > 10);
	fclose(file);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_of_a_build),
		cmocka_unit_test(test_path_of_a_build),
		cmocka_unit_test(test_page_of_a_build),
		cmocka_unit_test(test_page_of_a_storm),
		cmocka_unit_test(test_page_of_hostile),
		cmocka_unit_test(test_page_of_nothing),
		cmocka_unit_test(test_text_of_a_build),
		cmocka_unit_test(test_text_of_hostile),
		cmocka_unit_test(test_narrowed_to_a_pid),
		cmocka_unit_test(test_narrowed_to_a_span),
		cmocka_unit_test(test_narrowed_to_an_expression),
		cmocka_unit_test(test_nothing_is_said_truly),
		cmocka_unit_test(test_ending),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_json_of_a_later_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
