/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_store.c - what goes into a recording comes out of it.
 *
 * Owns:    exactness: events through a file equal the events, as bytes of JSON and member by
 *          member.
 * Not:     files that are broken (test_store_broken.c), parts (test_parts.c), what is made of a recording.
 */
#include <begat/filter.h>
#include <begat/report.h>
#include <begat/sink.h>
#include <begat/trace.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "store_help.h"
#include "synthetic.h"

/* ---- exactness ---- */

static void compare_stream(void (*story)(struct synthetic *), const char *name)
{
	char *path = store_path(name);
	struct store_capture before = { 0 }, after = { 0 };
	struct begat_trace *trace = NULL;

	store_record(path, story, &before);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	int64_t n = begat_trace_replay(trace, NULL, store_capture_event, &after);

	if (n < 0)
		fail_msg("%s", begat_trace_error(trace));
	assert_int_equal(n, before.count);
	store_compare(&before, &after);
	begat_trace_close(trace);
	store_capture_done(&before);
	store_capture_done(&after);
	unlink(path);
	free(path);
}

static void build_story(struct synthetic *s)
{
	synthetic_build(s, 12, 100);
}

static void storm_story(struct synthetic *s)
{
	synthetic_storm(s, 20000, 500);
}

static void test_build_is_exact(void **state)
{
	compare_stream(build_story, "build");
}

static void test_hostile_is_exact(void **state)
{
	compare_stream(synthetic_hostile, "hostile");
}

static void test_every_field_is_exact(void **state)
{
	compare_stream(synthetic_every_field, "every_field");
}

static void test_storm_is_exact(void **state)
{
	compare_stream(storm_story, "storm");
}

/* ---- in memory ---- */

static void test_load(void **state)
{
	char *path = store_path("load");
	struct begat_trace *trace = NULL;
	const struct begat_trace_table *t = NULL;
	struct begat_trace_info info = { .size = sizeof(info) };
	uint32_t roots = 0, failed = 0, signalled = 0, execs = 0;

	store_record(path, build_story, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_info(trace, &info), 0);
	assert_int_equal(begat_trace_load(trace, &t), 0);
	assert_true(info.complete);
	assert_true(info.has_summary);
	assert_string_equal(info.summary.backend, "tracepoint");
	assert_int_equal(info.processes, t->processes_count);
	/* bash, make, configure, 12 x (sh cc cc1 as) less the as of the one that fails, ld, tests */
	assert_int_equal(t->processes_count, 3 + 12 * 4 - 1 + 2);
	for (uint32_t i = 0; i < t->processes_count; i++) {
		const struct begat_trace_process *p = &t->processes[i];

		assert_true(!i || p->start_ns >= t->processes[i - 1].start_ns);
		assert_true(p->end_ns >= p->start_ns);
		assert_int_equal(begat_trace_find(trace, p->id), i);
		if (p->parent == BEGAT_TRACE_NONE) {
			roots++;
			assert_true(p->was_there_before);
			assert_false(p->has_exit);
			assert_int_equal(p->end_ns, t->last_ns);
		} else {
			assert_true(p->parent < i);
			assert_int_equal(t->processes[p->parent].id, p->parent_id);
		}
		for (uint32_t c = p->first_child; c != BEGAT_TRACE_NONE;
		     c = t->processes[c].next_sibling)
			assert_int_equal(t->processes[c].parent, i);
		for (uint32_t e = 0; e < p->execs_count; e++, execs++)
			assert_int_equal(t->execs[p->execs_first + e].process, i);
		failed += p->has_status && (p->exit_code || p->signal);
		signalled += p->signal == 11 && p->core_dumped;
	}
	assert_int_equal(execs, t->execs_count);
	assert_int_equal(roots, 1);
	assert_int_equal(failed, 3 + 2); /* cc1, cc, sh of unit 5; tests, make */
	assert_int_equal(signalled, 1);
	assert_int_equal(t->losses_count, 1);
	assert_int_equal(t->losses[0].count, 3);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

static void test_load_strings(void **state)
{
	char *path = store_path("strings");
	struct begat_trace *trace = NULL;
	const struct begat_trace_table *t = NULL;
	uint32_t found = 0;

	store_record(path, build_story, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_load(trace, &t), 0);
	for (uint32_t i = 0; i < t->processes_count; i++) {
		struct begat_str exe = begat_trace_string(trace, t->processes[i].exe);
		struct begat_strv argv = begat_trace_strings(trace, t->processes[i].argv);

		if (strcmp(exe.data, "/usr/bin/make"))
			continue;
		found++;
		assert_int_equal(exe.len, strlen(exe.data));
		assert_int_equal(argv.count, 3);
		assert_memory_equal(argv.data, "make\0-j2\0all", 13);
	}
	assert_int_equal(found, 1);
	assert_int_equal(begat_trace_string(trace, 0).len, 0);
	assert_int_equal(begat_trace_string(trace, UINT32_MAX).len, 0);
	assert_int_equal(begat_trace_strings(trace, UINT32_MAX).count, 0);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* ---- queries ---- */

static int64_t count_query(struct begat_trace *trace, const struct begat_trace_query *query)
{
	struct store_capture capture = { 0 };
	int64_t n = begat_trace_replay(trace, query, store_capture_event, &capture);

	if (n < 0)
		fail_msg("%s", begat_trace_error(trace));
	assert_int_equal(n, capture.count);
	store_capture_done(&capture);
	return n;
}

static void test_queries(void **state)
{
	char *path = store_path("queries");
	struct begat_trace *trace = NULL;
	struct begat_trace_query q = { .size = sizeof(q) };
	const uint32_t ends = BEGAT_EVENT_BIT(BEGAT_LOST) | BEGAT_EVENT_BIT(BEGAT_SUMMARY);

	store_record(path, build_story, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	q.events = BEGAT_EVENT_BIT(BEGAT_EXIT);
	assert_int_equal(count_query(trace, &q), 51);
	q.events = BEGAT_EVENT_BIT(BEGAT_SNAPSHOT) | ends;
	assert_int_equal(count_query(trace, &q), 3);
	q.events = BEGAT_EVENT_BIT(BEGAT_FORK);
	/* make, the second process: its pid is 1000; all forks but its own are below it. */
	const pid_t make = 1000;

	q.pids = &make;
	q.pids_count = 1;
	assert_int_equal(count_query(trace, &q), 51);
	const pid_t configure = 1001;

	q.pids = &configure;
	assert_int_equal(count_query(trace, &q), 1);
	q.pids_count = 0;
	q.events = 0;
	q.from_ns = q.to_ns = 1;
	assert_int_equal(count_query(trace, &q), 0);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

static int stop_at_ten(const struct begat_event *ev, void *ctx)
{
	return ++*(int *)ctx == 10;
}

static void test_replay_stops(void **state)
{
	char *path = store_path("stops");
	struct begat_trace *trace = NULL;
	int n = 0;

	store_record(path, build_story, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_replay(trace, NULL, stop_at_ten, &n), -ECANCELED);
	assert_int_equal(n, 10);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* One call an event; the filter may go at once. After the end there is nothing, again and again. */
static void test_pull(void **state)
{
	char *path = store_path("pull"), why[256];
	struct begat_trace *trace = NULL;
	struct begat_trace_query q = { .size = sizeof(q) };
	struct store_capture called = { 0 }, pulled = { 0 };
	struct begat_filter *where = NULL;
	struct begat_replay *replay = NULL;
	const struct begat_event *ev;
	int got;

	store_record(path, build_story, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_filter_parse("ancestor(pid == 1000)", &where, why, sizeof(why)), 0);
	q.where = where;
	assert_true(begat_trace_replay(trace, &q, store_capture_event, &called) > 100);
	assert_int_equal(begat_replay_open(trace, &q, &replay), 0);
	begat_filter_free(where);
	while ((got = begat_replay_next(replay, &ev)) > 0)
		store_capture_event(ev, &pulled);
	assert_int_equal(got, 0);
	assert_null(ev);
	assert_int_equal(begat_replay_next(replay, &ev), 0);
	store_compare(&called, &pulled);
	begat_replay_close(replay);
	/* One that is not read to its end, and one that asks wrongly. */
	assert_int_equal(begat_replay_open(trace, NULL, &replay), 0);
	assert_int_equal(begat_replay_next(replay, &ev), 1);
	begat_replay_close(replay);
	q.size = 1;
	assert_int_equal(begat_replay_open(trace, &q, &replay), -EINVAL);
	begat_trace_close(trace);
	store_capture_done(&called);
	store_capture_done(&pulled);
	unlink(path);
	free(path);
}

/* The sentence is that of the last call: each failure has its own, a success has none. */
static void test_last_error(void **state)
{
	char *path = store_path("error");
	struct begat_trace *trace = NULL;
	struct begat_trace_info info = { .size = 0 };
	struct begat_report_options report = { .size = sizeof(report), .format = "pdf" };
	struct {
		struct begat_trace_query query;
		char newer[8];
	} query = { .query.size = sizeof(query), .newer = "x" };
	struct begat_replay *replay = NULL;
	FILE *null = fopen("/dev/null", "w");

	store_record(path, build_story, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_string_equal(begat_trace_error(trace), "");
	assert_int_equal(begat_trace_info(trace, &info), -EINVAL);
	assert_non_null(strstr(begat_trace_error(trace), "begat_trace_info"));
	assert_int_equal(begat_export(trace, "nosuch", NULL, null), -EINVAL);
	assert_non_null(strstr(begat_trace_error(trace), "export"));
	assert_int_equal(begat_report(trace, &report, null), -EINVAL);
	assert_non_null(strstr(begat_trace_error(trace), "report"));
	assert_int_equal(begat_replay_open(trace, &query.query, &replay), -EINVAL);
	assert_non_null(strstr(begat_trace_error(trace), "query"));
	assert_int_equal(begat_export(trace, "folded", NULL, null), 0);
	assert_string_equal(begat_trace_error(trace), "");
	assert_int_equal(begat_report(trace, NULL, null), 0);
	fclose(null);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* ---- one file, small batches ---- */

static void test_batches_make_no_difference(void **state)
{
	static const uint32_t sizes[] = { 1, 7, 1000 };

	for (int i = 0; i < 3; i++) {
		struct begat_recorder_options opts = { .size = sizeof(opts),
						       .batch_events = sizes[i] };
		char *path = store_path("batches");
		struct store_capture before = { 0 }, after = { 0 };
		struct begat_trace *trace = NULL;

		store_record_with(path, &opts, build_story, &before);
		assert_int_equal(begat_trace_open(path, &trace), 0);
		assert_true(begat_trace_replay(trace, NULL, store_capture_event, &after) > 0);
		store_compare(&before, &after);
		begat_trace_close(trace);
		store_capture_done(&before);
		store_capture_done(&after);
		unlink(path);
		free(path);
	}
}

static void test_one_file_remains(void **state)
{
	char *path = store_path("one"), other[4200];

	store_record(path, build_story, NULL);
	for (int i = 0; i < 3; i++) {
		static const char *const suffixes[] = { "-wal", "-shm", "-journal" };

		snprintf(other, sizeof(other), "%s%s", path, suffixes[i]);
		assert_int_equal(access(other, F_OK), -1);
	}
	unlink(path);
	free(path);
}

struct heard {
	uint64_t calls, last, total;
};

static void hear(uint64_t done, uint64_t total, void *ctx)
{
	struct heard *heard = ctx;

	assert_true(done >= heard->last);
	assert_true(done <= total);
	*heard = (struct heard){ heard->calls + 1, done, total };
}

static void story_of_3000(struct synthetic *s)
{
	synthetic_storm(s, 3000, 8);
}

/* 3,000 processes are 9,000 events; a table of rows for processes, execs and texts. */
static void test_progress(void **state)
{
	struct heard heard = { 0 };
	const struct begat_trace_table *table;
	struct store_capture capture = { 0 };
	struct begat_trace *trace;
	char *path = store_path("progress.db");

	store_record(path, story_of_3000, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	begat_trace_on_progress(trace, hear, &heard);
	assert_true(begat_trace_replay(trace, NULL, store_capture_event, &capture) >= 9000);
	assert_int_equal(heard.calls, 4); /* two times 4,096, the last event, the end */
	assert_int_equal(heard.total, capture.count);
	assert_int_equal(heard.last, heard.total);
	heard = (struct heard){ 0 };
	assert_int_equal(begat_trace_load(trace, &table), 0);
	assert_true(heard.total > 6000);
	assert_true(heard.last > heard.total / 2);
	assert_int_equal(heard.calls, heard.total / 4096 + 1);
	heard = (struct heard){ 0 };
	begat_trace_on_progress(trace, NULL, NULL);
	assert_true(begat_trace_replay(trace, NULL, store_capture_event, &capture) >= 9000);
	assert_int_equal(heard.calls, 0);
	begat_trace_close(trace);
	store_capture_done(&capture);
	unlink(path);
	free(path);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_is_exact),
		cmocka_unit_test(test_hostile_is_exact),
		cmocka_unit_test(test_every_field_is_exact),
		cmocka_unit_test(test_storm_is_exact),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_strings),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_replay_stops),
		cmocka_unit_test(test_pull),
		cmocka_unit_test(test_last_error),
		cmocka_unit_test(test_batches_make_no_difference),
		cmocka_unit_test(test_one_file_remains),
		cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
