// SPDX-License-Identifier: BSD-2-Clause
/*
 * unit/test_usage.c - CPU time of processes that a recording sees neither begin nor end.
 *
 * Owns:    recordings with readings at their start and end, and what is read, reported and compared
 *          of them, against sums done by hand.
 * Not:     reading a machine (tests/integration/host_living.sh).
 */
#include <stddef.h>
#include <stdint.h>
#include "unit.h"

#include <begat/report.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_help.h"

#define SEC 1000000000ull
#define START (1000 * SEC)

/* The machine as the tests make it up: what everybody has used so far, in milliseconds. */
enum { LOOP = 1, ENDS = 2, CHILD = 3, DAEMON = 4, UNREAD = 5, ODD = 6 };

struct reading {
	struct begat_usage_process processes[8];
	struct begat_usage usage;
};

static void add(struct reading *r, uint64_t id, unsigned user_ms, unsigned system_ms)
{
	r->processes[r->usage.count++] =
		(struct begat_usage_process){ .id = id,
					      .tgid = 100 + (uint32_t)id,
					      .utime_ns = user_ms * 1000000ull,
					      .stime_ns = system_ms * 1000000ull };
	r->usage.processes = r->processes;
}

static struct begat_event event(uint32_t type, uint64_t id, unsigned at_ms, const char *exe)
{
	static const enum begat_field always[] = { BEGAT_F_EVENT, BEGAT_F_TIME, BEGAT_F_TS_NS,
						   BEGAT_F_ID,	  BEGAT_F_PID,	BEGAT_F_TID };
	struct begat_event ev = { .size = sizeof(ev), .type = type, .id = id };

	ev.ts_ns = START + at_ms * 1000000ull;
	ev.time_ns = ev.ts_ns;
	ev.tgid = ev.tid = 100 + (uint32_t)id;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		begat_fields_add(&ev.has, always[i]);
	if (exe) {
		ev.exe = (struct begat_str){ exe, strlen(exe) };
		begat_fields_add(&ev.has, BEGAT_F_EXE);
	}
	return ev;
}

static void write_event(struct begat_recorder *rec, const struct begat_event *ev)
{
	if (begat_recorder_write(rec, ev) < 0)
		fail_msg("%s", begat_recorder_error(rec));
}

static void was_there(struct begat_recorder *rec, uint64_t id, const char *exe)
{
	struct begat_event ev = event(BEGAT_SNAPSHOT, id, 10, exe);

	write_event(rec, &ev);
}

static void forks(struct begat_recorder *rec, uint64_t id, unsigned at_ms, const char *exe)
{
	struct begat_event ev = event(BEGAT_FORK, id, at_ms, NULL);

	write_event(rec, &ev);
	ev = event(BEGAT_EXEC, id, at_ms + 1, exe);
	write_event(rec, &ev);
}

static void ends(struct begat_recorder *rec, uint64_t id, unsigned at_ms, const char *exe,
		 unsigned user_ms, unsigned system_ms)
{
	struct begat_event ev = event(BEGAT_EXIT, id, at_ms, exe);

	ev.utime_ns = user_ms * 1000000ull;
	ev.stime_ns = system_ms * 1000000ull;
	begat_fields_add(&ev.has, BEGAT_F_UTIME);
	begat_fields_add(&ev.has, BEGAT_F_STIME);
	begat_fields_add(&ev.has, BEGAT_F_EXIT_CODE);
	write_event(rec, &ev);
}

static const struct begat_usage *at_end(void *ctx)
{
	return ctx;
}

static struct begat_recorder *open_recorder(const char *path, struct begat_recorder_options opts,
					    const struct reading *first)
{
	struct begat_recorder *rec = NULL;

	opts.size = sizeof(opts);
	if (begat_recorder_open(path, &opts, &rec) < 0 ||
	    (first && begat_recorder_usage(rec, &first->usage) < 0))
		fail_msg("%s", begat_recorder_error(rec));
	return rec;
}

/*
 * Ten seconds, 10 CPU seconds of the machine, 5.75 of them told of: 4 by the loop, 1 by the process
 * that ends, 0.5 by the child, 0.25 by the daemon. One has no reading at the end. One's user and
 * system time were split otherwise at the end: less user time than before, 1.0 in all (6.75).
 */
static void make_recording(const char *path, bool finishes, const char *const *command)
{
	struct reading first = { .usage = { .size = sizeof(struct begat_usage),
					    .ts_ns = START,
					    .machine_ns = 100 * SEC } };
	struct reading last = { .usage = { .size = sizeof(struct begat_usage),
					   .ts_ns = START + 10 * SEC,
					   .machine_ns = 110 * SEC } };

	add(&first, LOOP, 10000, 2000);
	add(&first, ENDS, 5000, 0);
	add(&first, UNREAD, 70000, 0);
	add(&first, ODD, 5000, 5000);
	add(&last, DAEMON, 200, 50);
	add(&last, LOOP, 13000, 3000);
	add(&last, ODD, 4900, 6100);

	struct begat_recorder *rec = open_recorder(
		path,
		(struct begat_recorder_options){
			.read_usage = at_end, .ctx = &last.usage, .command = command },
		&first);

	was_there(rec, LOOP, "/bin/loop");
	was_there(rec, ENDS, "/bin/ends");
	was_there(rec, UNREAD, "/bin/unread");
	was_there(rec, ODD, "/bin/odd");
	forks(rec, CHILD, 1000, "/bin/child");
	forks(rec, DAEMON, 2000, "/bin/daemon");
	ends(rec, CHILD, 3000, "/bin/child", 300, 200);
	ends(rec, ENDS, 4000, "/bin/ends", 5500, 500);
	if (finishes && begat_recorder_finish(rec) < 0)
		fail_msg("%s", begat_recorder_error(rec));
	begat_recorder_close(rec);
}

static const struct begat_trace_process *process(struct begat_trace *trace, uint64_t id)
{
	const struct begat_trace_table *t = NULL;
	uint32_t i;

	assert_int_equal(begat_trace_load(trace, &t), 0);
	i = begat_trace_find(trace, id);
	assert_int_not_equal(i, BEGAT_TRACE_NONE);
	return &t->processes[i];
}

static void expect_cpu(struct begat_trace *trace, uint64_t id, unsigned user_ms, unsigned system_ms)
{
	const struct begat_trace_process *p = process(trace, id);

	assert_true(p->has_cpu);
	assert_int_equal(p->utime_ns / 1000000, user_ms);
	assert_int_equal(p->stime_ns / 1000000, system_ms);
}

static char *report(struct begat_trace *trace, const char *format)
{
	struct begat_report_options opts = { .size = sizeof(opts), .format = format };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(begat_report(trace, &opts, out), 0);
	fclose(out);
	return text;
}

static void expect_report(struct begat_trace *trace, const char *format, const char *part,
			  bool is_there)
{
	char *text = report(trace, format);

	if (!strstr(text, part) == is_there)
		fail_msg("%s in the %s report: %s", part, format, text);
	free(text);
}

static int64_t ask(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? -1 : sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

static void test_within(void **state)
{
	char *path = store_path("within");
	struct begat_trace *trace = NULL;
	const struct begat_trace_table *t = NULL;

	make_recording(path, true, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_load(trace, &t), 0);
	assert_int_equal(t->machine_cpu_ns, 10 * SEC);
	assert_int_equal(t->usage_begin_ns, START);
	assert_int_equal(t->last_ns, START + 10 * SEC);
	expect_cpu(trace, LOOP, 3000, 1000);
	expect_cpu(trace, ENDS, 500, 500);
	expect_cpu(trace, CHILD, 300, 200);
	expect_cpu(trace, DAEMON, 200, 50);
	expect_cpu(trace, ODD, 0, 1000);
	assert_false(process(trace, UNREAD)->has_cpu);
	begat_trace_close(trace);

	assert_int_equal(ask(path, "SELECT round(sum(cpu_s) * 1000) FROM processes"), 6750);
	assert_int_equal(ask(path, "SELECT cpu_s FROM processes WHERE pid = 105"), -1);
	assert_int_equal(ask(path, "SELECT round(cpu_s * 1000) FROM commands LIMIT 1"), 4000);
	assert_int_equal(ask(path, "SELECT round(sum(cpu_s) * 1000) FROM commands"), 6750);
	assert_int_equal(ask(path, "SELECT round(sum(cpu_s) * 1000) FROM tree"), 6750);
	unlink(path);
	free(path);
}

static void test_reports(void **state)
{
	char *path = store_path("reports");
	struct begat_trace *trace = NULL;

	make_recording(path, true, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	expect_report(trace, "text",
		      "\n  accounts for 6.8 of 10.0 CPU seconds that this machine used\n", true);
	expect_report(trace, "text", "wall 10.000 s, cpu 6.750 s", true);
	expect_report(trace, "text", "0.68 busy cores", true);
	expect_report(trace, "json", "\"machine_cpu_ns\":10000000000,", true);
	expect_report(trace, "json", "\"cpu_ns\":6750000000,", true);
	expect_report(trace, "json", "\"older_cpu_ns\":6000000000,", true);
	expect_report(trace, "json", "\"exe\":\"/bin/loop\",\"forks\":0,", true);
	expect_report(trace, "html", "\"machine_cpu_ns\":10000000000,", true);

	/* In a comparison too: against itself nothing differs, and the sum is the same. */
	struct begat_diff *diff = NULL;

	assert_int_equal(begat_diff_new(&trace, 1, &trace, 1, &diff), 0);
	assert_int_equal(begat_diff_total(diff)->base[BEGAT_DIFF_CPU].mean / 1e6, 6750);
	assert_int_equal(begat_diff_total(diff)->base[BEGAT_DIFF_WALL].mean / 1e6, 10000);
	assert_int_equal(begat_diff_total(diff)->base[BEGAT_DIFF_COUNT].mean, 2);
	begat_diff_free(diff);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* What was there before a command was run is not the command's. */
static void test_command(void **state)
{
	static const char *const command[] = { "/bin/child", NULL };
	char *path = store_path("command");
	struct begat_trace *trace = NULL;

	make_recording(path, true, command);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	expect_report(trace, "json", "\"cpu_ns\":750000000,", true);
	expect_report(trace, "text", "accounts for 0.8 of 10.0 CPU seconds", true);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* Killed: nobody read the end. What an exit told is still less what was there before. */
static void test_cut(void **state)
{
	char *path = store_path("cut");
	struct begat_trace *trace = NULL;

	make_recording(path, false, NULL);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	expect_cpu(trace, ENDS, 500, 500);
	assert_false(process(trace, LOOP)->has_cpu);
	expect_report(trace, "text", "accounts for", false);
	expect_report(trace, "json", "\"machine_cpu_ns\":null", true);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* As older versions wrote it, which had no such table. */
static void test_old(void **state)
{
	char *path = store_path("old");
	struct begat_trace *trace = NULL;
	sqlite3 *db = NULL;

	make_recording(path, true, NULL);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "DROP VIEW processes; DROP VIEW commands; DROP VIEW tree;"
				      "DROP TABLE usage; DELETE FROM meta WHERE name LIKE 'usage%' "
				      "OR name LIKE 'machine_%_ns'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	expect_cpu(trace, ENDS, 5500, 500);
	assert_false(process(trace, DAEMON)->has_cpu);
	expect_report(trace, "text", "accounts for", false);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* ---- parts ---- */

/* One reading after the other, the last one for ever. */
struct readings {
	struct reading all[4];
	unsigned next, count;
};

static const struct begat_usage *next_reading(void *ctx)
{
	struct readings *r = ctx;
	const struct begat_usage *usage = &r->all[r->next].usage;

	if (r->next + 1 < r->count)
		r->next++;
	return usage;
}

static unsigned sum_ms(const char *path, uint64_t *machine_ns)
{
	const struct begat_trace_table *t = NULL;
	struct begat_trace *trace = NULL;
	uint64_t sum = 0;

	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_load(trace, &t), 0);
	for (uint32_t i = 0; i < t->processes_count; i++)
		sum += t->processes[i].utime_ns + t->processes[i].stime_ns;
	*machine_ns += t->machine_cpu_ns;
	begat_trace_close(trace);
	return (unsigned)(sum / 1000000);
}

/*
 * Three parts. The loop uses 1 s in each; the child uses 0.4 s in the first, 0.3 s in the second and
 * ends there; another one is forked in the first after the reading and uses 0.2 s in all; one that was
 * there before ends in the third, having used 0.5 s, of which the readings of the first two parts
 * tell 0.1 s each.
 */
static void test_parts(void **state)
{
	/* %C is the century: all parts have one name, and a number. */
	char *path = store_path("parts-%C"), part[4200];
	int stem = (int)(strchr(path, '%') - path);
	struct reading first = { .usage = { .ts_ns = START, .machine_ns = 100 * SEC } };
	struct readings r = { .count = 3 };
	uint64_t machine_ns = 0;
	unsigned sums[3], names = 0;

	add(&first, LOOP, 9000, 0);
	add(&first, ENDS, 500, 0);
	for (unsigned i = 0; i < 3; i++) {
		r.all[i].usage = (struct begat_usage){ .ts_ns = START + (i + 1) * SEC,
						       .machine_ns = (102 + 2 * i) * SEC };
		add(&r.all[i], LOOP, 10000 + 1000 * i, 0);
		if (i < 2)
			add(&r.all[i], ENDS, 600 + 100 * i, 0);
	}
	add(&r.all[0], CHILD, 400, 0);

	struct begat_recorder *rec =
		open_recorder(path,
			      (struct begat_recorder_options){ .path_has_time = true,
							       .max_age_ns = SEC,
							       .batch_events = 1,
							       .read_usage = next_reading,
							       .ctx = &r },
			      &first);

	was_there(rec, LOOP, "/bin/loop");
	was_there(rec, ENDS, "/bin/ends");
	forks(rec, CHILD, 100, "/bin/child");
	forks(rec, DAEMON, 1020, "/bin/late"); /* the part is full with its fork */
	ends(rec, CHILD, 1500, "/bin/child", 700, 0);
	ends(rec, DAEMON, 2100, "/bin/late", 200, 0);
	ends(rec, ENDS, 2500, "/bin/ends", 1000, 0);
	assert_int_equal(begat_recorder_finish(rec), 0);
	begat_recorder_close(rec);

	for (int i = 1; i <= 3; i++) {
		snprintf(part, sizeof(part), i > 1 ? "%.*s20_%03d.db" : "%.*s20.db", stem, path, i);
		assert_int_equal(access(part, F_OK), 0);
		sums[names++] = sum_ms(part, &machine_ns);
		unlink(part);
	}
	assert_int_equal(sums[0], 1000 + 100 + 400);
	assert_int_equal(sums[0] + sums[1] + sums[2], 3000 + 700 + 200 + 500);
	assert_int_equal(machine_ns, 6 * SEC);
	free(path);
}

/* Readings without ids, as /proc gives them: the pid has to do. */
static void test_by_pid(void **state)
{
	char *path = store_path("by-pid");
	struct reading first = { .usage = { .ts_ns = START } }, last = first;
	struct begat_trace *trace = NULL;

	add(&first, LOOP, 1000, 0);
	add(&last, LOOP, 3000, 0);
	first.processes[0].id = last.processes[0].id = 0;

	struct begat_recorder *rec = open_recorder(
		path, (struct begat_recorder_options){ .read_usage = at_end, .ctx = &last.usage },
		&first);

	was_there(rec, LOOP, "/bin/loop");
	assert_int_equal(begat_recorder_finish(rec), 0);
	begat_recorder_close(rec);
	assert_int_equal(begat_trace_open(path, &trace), 0);
	expect_cpu(trace, LOOP, 2000, 0);
	/* The machine's figure was not to be had. */
	expect_report(trace, "text", "accounts for", false);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within),	cmocka_unit_test(test_reports),
		cmocka_unit_test(test_command), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_old),	cmocka_unit_test(test_parts),
		cmocka_unit_test(test_by_pid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
