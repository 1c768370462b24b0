/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/golden/test_traces.c - recordings that were made once and must stay readable.
 *
 * Owns:    tests/golden/{build,hostile,storm,chains}.db: made by this program with --make FOLDER
 *          from synthetic events, so what is in them is known to the last member. They are not
 *          made again when the writer changes, only when the schema's number does, and then the
 *          old ones stay beside the new.
 */
#include <begat/trace.h>
#include <err.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_help.h"

#ifndef TESTS_DIR
#define TESTS_DIR "tests"
#endif

static void build_story(struct synthetic *s)
{
	synthetic_build(s, 12, 100);
}

static void storm_story(struct synthetic *s)
{
	synthetic_storm(s, 200, 20);
}

static void chains_story(struct synthetic *s)
{
	synthetic_chains(s, 20);
}

static const struct golden {
	const char *name;
	void (*story)(struct synthetic *s);
	uint32_t processes;
} goldens[] = {
	{ "build", build_story, 52 },
	{ "hostile", synthetic_hostile, 0 },
	{ "storm", storm_story, 200 },
	{ "chains", chains_story, 20 },
};

/* What a recording says of the machine that made it. A golden one comes from nowhere. */
static const char *const nowhere[][2] = {
	{ "boot_id", "00000000-0000-4000-8000-000000000000" },
	{ "cwd", "/home/a/project" },
	{ "host", "example" },
	{ "kernel", "6.1.0-1-amd64" },
};
#define NOWHERE (sizeof(nowhere) / sizeof(nowhere[0]))

/* Takes the machine out; small pages: a golden file of ten processes need not be 200 KB. */
static void finish(const char *path)
{
	char *sql = NULL, *at;
	size_t size;
	sqlite3 *db = NULL;
	FILE *out = open_memstream(&sql, &size);

	for (size_t i = 0; i < NOWHERE; i++) {
		at = sqlite3_mprintf("UPDATE meta SET value = %Q WHERE name = %Q;", nowhere[i][1],
				     nowhere[i][0]);
		fputs(at, out);
		sqlite3_free(at);
	}
	fputs("PRAGMA page_size = 1024; VACUUM", out);
	if (fclose(out) || sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	free(sql);
}

static void make_all(const char *folder)
{
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s.db", folder, goldens[i].name);
		unlink(path);
		store_record(path, goldens[i].story, NULL);
		finish(path);
	}
}

static void compare(const struct golden *golden)
{
	struct store_capture expected = { 0 }, got = { 0 };
	const struct begat_trace_table *table;
	struct begat_trace *trace = NULL;
	struct synthetic s;
	char path[4096];

	snprintf(path, sizeof(path), "%s/golden/%s.db", TESTS_DIR, golden->name);
	if (begat_trace_open(path, &trace) < 0)
		fail_msg("%s", begat_trace_error(trace));
	synthetic_init(&s, store_capture_event, &expected);
	golden->story(&s);
	if (begat_trace_replay(trace, NULL, store_capture_event, &got) < 0)
		fail_msg("%s", begat_trace_error(trace));
	store_compare(&expected, &got);
	assert_int_equal(begat_trace_load(trace, &table), 0);
	if (golden->processes)
		assert_int_equal(table->processes_count, golden->processes);
	for (size_t i = 0; i < NOWHERE; i++)
		assert_string_equal(begat_trace_meta(trace, nowhere[i][0]), nowhere[i][1]);
	begat_trace_close(trace);
	store_capture_done(&expected);
	store_capture_done(&got);
}

static void test_build(void **state)
{
	compare(&goldens[0]);
}

static void test_hostile(void **state)
{
	compare(&goldens[1]);
}

static void test_storm(void **state)
{
	compare(&goldens[2]);
}

static void test_chains(void **state)
{
	compare(&goldens[3]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_chains),
	};

	if (argc == 3 && !strcmp(argv[1], "--make")) {
		make_all(argv[2]);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
