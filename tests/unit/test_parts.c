/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_parts.c - recordings in parts: their names, which of them stay, what they hold.
 *
 * Owns:    rotation. Each test has a folder of its own and is in it.
 * Not:     what one file holds (test_store.c), signals (integration).
 */
#include <begat/trace.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#include "store_help.h"
#include "synthetic.h"

/* ---- a folder ---- */

static char folder[] = "/tmp/begat-test-parts-XXXXXX";

static int enter(void **state)
{
	strcpy(strrchr(folder, '-'), "-XXXXXX");
	setenv("TZ", "UTC", 1);
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	glob_t found;

	if (glob("*", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

/* The names of all files here that match, sorted, a blank behind each. */
static const char *list(const char *pattern)
{
	static char all[8192];
	glob_t found;

	*all = '\0';
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			strncat(all, found.gl_pathv[i], sizeof(all) - strlen(all) - 2);
			strcat(all, " ");
		}
		globfree(&found);
	}
	return all;
}

static size_t count_of(const char *pattern)
{
	size_t n = 0;

	for (const char *at = list(pattern); (at = strchr(at, ' ')); at++)
		n++;
	return n;
}

static char *meta_of(const char *path, const char *name)
{
	struct begat_trace *trace = NULL;
	const char *value;
	char *copy;

	if (begat_trace_open(path, &trace) < 0)
		fail_msg("%s", begat_trace_error(trace));
	value = begat_trace_meta(trace, name);
	copy = value ? strdup(value) : NULL;
	begat_trace_close(trace);
	return copy;
}

static void assert_meta(const char *path, const char *name, const char *expected)
{
	char *value = meta_of(path, name);

	assert_non_null(value);
	assert_string_equal(value, expected);
	free(value);
}

/* ---- events ---- */

static int write_event(const struct begat_event *ev, void *ctx)
{
	struct begat_recorder *rec = ctx;

	if (begat_recorder_write(rec, ev) < 0)
		fail_msg("%s", begat_recorder_error(rec));
	return 0;
}

static void build_story(struct synthetic *s)
{
	synthetic_build(s, 12, 100);
}

static void storm_story(struct synthetic *s)
{
	synthetic_storm(s, 20000, 500);
}

static struct begat_recorder *open_parts(const char *path, struct begat_recorder_options opts)
{
	struct begat_recorder *rec = NULL;

	opts.size = sizeof(opts);
	opts.path_has_time = true;
	opts.rotates = true;
	if (begat_recorder_open(path, &opts, &rec) < 0)
		fail_msg("%s", begat_recorder_error(rec));
	return rec;
}

static void rotate(struct begat_recorder *rec)
{
	if (begat_recorder_rotate(rec) < 0)
		fail_msg("%s", begat_recorder_error(rec));
}

static void finish(struct begat_recorder *rec)
{
	if (begat_recorder_finish(rec) < 0)
		fail_msg("%s", begat_recorder_error(rec));
	begat_recorder_close(rec);
}

/* ---- names ---- */

static void test_a_name_has_the_local_time(void **state)
{
	struct begat_recorder *rec;
	char name[64], now[64];
	time_t t;
	struct tm tm;

	/* Thirteen hours from UTC: the date differs for half of the day, the hour always. */
	setenv("TZ", "XXX-13", 1);
	do {
		t = time(NULL);
		localtime_r(&t, &tm);
		strftime(name, sizeof(name), "svc-%Y-%m-%dT%H.db", &tm);
		rec = open_parts("svc-%FT%H.db", (struct begat_recorder_options){ 0 });
		snprintf(now, sizeof(now), "%s", begat_recorder_path(rec));
		finish(rec);
		t = time(NULL);
		localtime_r(&t, &tm);
	} while (strcmp(name, now) && tm.tm_min == 0); /* an hour ended in between */
	assert_string_equal(now, name);
	assert_string_equal(list("*"), strcat(name, " "));
}

/* Parts that begin in the same year, and each has its name for good. */
static void test_parts_of_one_time_get_numbers(void **state)
{
	struct begat_recorder *rec = open_parts("a%%b-%C.db", (struct begat_recorder_options){ 0 });

	assert_string_equal(begat_recorder_path(rec), "a%b-20.db");
	for (int i = 0; i < 3; i++)
		rotate(rec);
	assert_string_equal(begat_recorder_path(rec), "a%b-20_004.db");
	finish(rec);
	assert_string_equal(list("*"), "a%b-20.db a%b-20_002.db a%b-20_003.db a%b-20_004.db ");
	assert_meta("a%b-20_003.db", "part", "3");
	assert_meta("a%b-20_003.db", "file", "a%b-20_003.db");
	assert_meta("a%b-20_003.db", "series", "a%%b-%C.db");
	/* The next run goes on behind them, whatever was removed. */
	unlink("a%b-20.db");
	rec = open_parts("a%%b-%C.db", (struct begat_recorder_options){ 0 });
	assert_string_equal(begat_recorder_path(rec), "a%b-20_005.db");
	finish(rec);
}

/* Rotation alone gives each part its time; the name that was asked for is left alone. */
static void test_a_plain_name_gets_the_time(void **state)
{
	struct begat_recorder_options opts = { .size = sizeof(opts), .max_bytes = 1 << 20 };
	struct begat_recorder *rec = NULL;
	int fd = open("100%.db", O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "old", 3), 3);
	close(fd);
	assert_int_equal(begat_recorder_open("100%.db", &opts, &rec), 0);
	assert_int_equal(strspn(begat_recorder_path(rec) + strlen("100%-"), "0123456789-T"),
			 strlen("2026-11-25T230000"));
	assert_string_equal(strchr(begat_recorder_path(rec), '.'), ".db");
	finish(rec);
	assert_int_equal(count_of("100%-*.db"), 1);
	assert_string_equal(list("100%.db"), "100%.db ");
}

static void test_names_that_cannot_be(void **state)
{
	static const char *const wrong[] = {
		"x-%Q.db", "x-%", "100%.db", "%D.db", "a%nb", "%E.db"
	};
	char why[256], name[300];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (begat_recorder_check_path(wrong[i], why, sizeof(why)) != -EINVAL)
			fail_msg("%s is accepted", wrong[i]);
	memset(name, 'x', sizeof(name));
	strcpy(name + 240, "-%FT%T.%z.db");
	assert_int_equal(begat_recorder_check_path(name, why, sizeof(why)), -EINVAL);
	assert_int_equal(begat_recorder_check_path("a/%Q/svc-%F.db", why, sizeof(why)), 0);
	assert_int_equal(begat_recorder_check_path("%-d %e %_5H %Ey %s.db", why, sizeof(why)), 0);
}

static void test_one_file_without_a_time(void **state)
{
	struct begat_recorder_options opts = { .size = sizeof(opts), .path_has_time = true };
	struct begat_recorder *rec = NULL;

	assert_int_equal(begat_recorder_open("100%%.db", &opts, &rec), 0);
	assert_string_equal(begat_recorder_path(rec), "100%.db");
	assert_int_equal(begat_recorder_rotate(rec), -EINVAL);
	finish(rec);
	/* It is refused as ever. */
	assert_int_equal(begat_recorder_open("100%%.db", &opts, &rec), -EEXIST);
	begat_recorder_close(rec);
	assert_meta("100%.db", "complete", "1");
}

/* ---- which ones stay ---- */

static void test_keep_counts_earlier_runs(void **state)
{
	struct begat_recorder_options keep = { .keep = 2 };
	struct begat_recorder *rec = open_parts("s-%C.db", (struct begat_recorder_options){ 0 });
	char sql[256];
	sqlite3 *db;

	for (int i = 0; i < 4; i++)
		rotate(rec);
	finish(rec);
	/* Not of this series: another one, a copy, a part with another name, no recording. */
	finish(open_parts("s-%C-x.db", keep));
	assert_int_equal(system("cp s-20_002.db s-20-copy.db; mv s-20_003.db s-20-kept.db; "
				": >s-20_009.txt; ln -s /etc/passwd s-20-link.db"),
			 0);
	assert_int_equal(sqlite3_open("s-20.db", &db), SQLITE_OK);
	snprintf(sql, sizeof(sql), "UPDATE meta SET value = 1 WHERE name = 'created_ns'");
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	rec = open_parts("s-%C.db", keep);
	assert_string_equal(list("s-20-*.db"), "s-20-copy.db s-20-kept.db s-20-link.db s-20-x.db ");
	assert_string_equal(list("s-20_*.db"), "s-20_004.db s-20_005.db s-20_006.db ");
	assert_string_equal(list("*.txt"), "s-20_009.txt ");
	rotate(rec);
	assert_string_equal(list("s-20_*.db"), "s-20_005.db s-20_006.db s-20_007.db ");
	finish(rec);
	assert_string_equal(list("s-20_*.db"), "s-20_005.db s-20_006.db s-20_007.db ");
}

/* Another recorder of the same series: its part is neither taken nor removed. */
static void test_two_recorders_of_one_series(void **state)
{
	struct begat_recorder_options keep = { .keep = 1 };
	struct begat_recorder *one = open_parts("s-%C.db", keep);
	struct begat_recorder *two = open_parts("s-%C.db", keep);

	rotate(two);
	rotate(two);
	assert_string_equal(list("s-*.db"), "s-20.db s-20_003.db s-20_004.db ");
	finish(one);
	finish(two);
	assert_meta("s-20.db", "complete", "1");
}

static void test_force_replaces_the_first_only(void **state)
{
	struct begat_recorder_options force = { .overwrite = true };
	struct begat_recorder *rec = open_parts("s-%C.db", force);

	rotate(rec);
	finish(rec);
	rec = open_parts("s-%C.db", force);
	assert_string_equal(begat_recorder_path(rec), "s-20.db");
	rotate(rec);
	finish(rec);
	assert_string_equal(list("*"), "s-20.db s-20_002.db s-20_003.db ");
	assert_meta("s-20.db", "part", "1");
}

/* ---- what they hold ---- */

static void test_rotation_by_size(void **state)
{
	struct begat_recorder_options opts = {
		.size = sizeof(opts), .batch_events = 500, .max_bytes = 1 << 20, .keep = 2
	};
	struct begat_recorder_counts counts;
	struct begat_trace *trace = NULL;
	struct store_capture first = { 0 };
	char last[256];

	counts = store_record_with("rotate.db", &opts, storm_story, NULL);
	assert_true(counts.parts > 3);
	assert_int_equal(count_of("*"), opts.keep + 1);
	snprintf(last, sizeof(last), "%s", strstr(list("*"), "rotate"));
	*strrchr(last, ' ') = '\0';
	/* The last part begins with those that lived when it began: 500, less the one whose exit
	 * or fork was in between. */
	assert_int_equal(
		begat_trace_open(strrchr(last, ' ') ? strrchr(last, ' ') + 1 : last, &trace), 0);
	assert_true(begat_trace_replay(trace, NULL, store_capture_event, &first) > 0);
	uint64_t carried = 0;

	while (carried < first.count && first.events[carried]->type == BEGAT_SNAPSHOT)
		carried++;
	assert_in_range(carried, 499, 500);
	assert_true(first.events[0]->synthetic);
	assert_true(begat_event_has(first.events[0], BEGAT_F_ARGV));
	assert_false(begat_event_has(first.events[0], BEGAT_F_FILENAME));
	begat_trace_close(trace);
	store_capture_done(&first);
}

static void test_rotation_by_age(void **state)
{
	struct begat_recorder_options opts = { .size = sizeof(opts),
					       .batch_events = 20,
					       .max_age_ns = 200000000 };
	struct begat_recorder_counts counts = store_record_with("a.db", &opts, build_story, NULL);

	assert_true(counts.parts >= 2);
	assert_int_equal(count_of("a-*.db"), counts.parts + 1);
	assert_int_equal(count_of("*"), counts.parts + 1);
}

static uint64_t exits_of(const char *path)
{
	struct begat_trace *trace = NULL;
	struct begat_trace_query query = { .size = sizeof(query),
					   .events = BEGAT_EVENT_BIT(BEGAT_EXIT) };
	struct store_capture all = { 0 };
	int64_t n;

	if (begat_trace_open(path, &trace) < 0)
		fail_msg("%s", begat_trace_error(trace));
	n = begat_trace_replay(trace, &query, store_capture_event, &all);
	if (n < 0)
		fail_msg("%s", begat_trace_error(trace));
	begat_trace_close(trace);
	store_capture_done(&all);
	return (uint64_t)n;
}

/*
 * A reader that is in the middle of a part when it ends: the log stays beside the part, and what is
 * in it is not lost by the rotations that follow.
 */
static void test_a_reader_loses_nothing(void **state)
{
	struct begat_recorder *rec = open_parts("s-%C.db", (struct begat_recorder_options){ 0 });
	struct synthetic s;
	sqlite3 *db;

	assert_int_equal(sqlite3_open("s-20.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM process", NULL, NULL, NULL),
			 SQLITE_OK);
	synthetic_init(&s, write_event, rec);
	synthetic_build(&s, 12, 100);
	rotate(rec);
	rotate(rec);
	sqlite3_close(db);
	finish(rec);
	assert_int_equal(exits_of("s-20.db"), 51);
	assert_meta("s-20.db", "complete", "1");
}

/* An operator renames the part that is being written, as logrotate does, then wants a new one. */
static void test_a_part_that_was_renamed(void **state)
{
	struct begat_recorder *rec = open_parts("s-%C.db", (struct begat_recorder_options){ 0 });
	struct synthetic s;

	synthetic_init(&s, write_event, rec);
	synthetic_build(&s, 12, 100);
	assert_int_equal(begat_recorder_commit(rec), 0);
	assert_int_equal(rename("s-20.db", "mine.db"), 0);
	rotate(rec);
	finish(rec);
	assert_int_equal(exits_of("mine.db"), 51);
	assert_meta("mine.db", "complete", "1");
	assert_string_equal(list("*.db"), "mine.db s-20_002.db ");
}

/* Killed at any moment around a rotation: each part can be read, and no exit is lost. */
static void test_killed_in_a_rotation(void **state)
{
	for (unsigned round = 0; round < 8; round++) {
		int pipes[2];
		char byte;

		assert_int_equal(pipe(pipes), 0);
		pid_t pid = fork();

		if (!pid) {
			struct begat_recorder *rec = open_parts(
				"k-%C.db", (struct begat_recorder_options){ .batch_events = 1 });
			struct synthetic s;

			synthetic_init(&s, write_event, rec);
			synthetic_build(&s, 12, 100);
			if (write(pipes[1], "", 1) != 1)
				_exit(1);
			for (;;)
				begat_recorder_rotate(rec);
		}
		close(pipes[1]);
		assert_int_equal(read(pipes[0], &byte, 1), 1);
		close(pipes[0]);
		/* The moment is any: what must hold holds at each. */
		while (count_of("k-*.db") < 2 + round)
			sched_yield();
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(exits_of("k-20.db"), 51);
		assert_meta("k-20.db", "complete", "1");
		assert_int_equal(system("rm k-*"), 0);
	}
}

/* ---- what is removed ---- */

static void test_only_our_own_file_is_removed(void **state)
{
	struct begat_recorder *rec = NULL;
	struct stat st;
	int fd;

	assert_int_equal(begat_recorder_open("t.db", NULL, &rec), 0);
	begat_recorder_discard(rec);
	assert_string_equal(list("*"), "");
	/* Somebody puts another file there meanwhile. */
	rec = NULL;
	assert_int_equal(begat_recorder_open("t.db", NULL, &rec), 0);
	assert_int_equal(rename("t.db", "moved.db"), 0);
	fd = open("t.db", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	begat_recorder_discard(rec);
	assert_int_equal(stat("t.db", &st), 0);
	assert_int_equal(st.st_size, 8);
	begat_recorder_discard(NULL);
}

UNIT_TESTS()
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_a_name_has_the_local_time),
		IN_FOLDER(test_parts_of_one_time_get_numbers),
		IN_FOLDER(test_a_plain_name_gets_the_time),
		IN_FOLDER(test_names_that_cannot_be),
		IN_FOLDER(test_one_file_without_a_time),
		IN_FOLDER(test_keep_counts_earlier_runs),
		IN_FOLDER(test_two_recorders_of_one_series),
		IN_FOLDER(test_force_replaces_the_first_only),
		IN_FOLDER(test_rotation_by_size),
		IN_FOLDER(test_rotation_by_age),
		IN_FOLDER(test_a_reader_loses_nothing),
		IN_FOLDER(test_a_part_that_was_renamed),
		IN_FOLDER(test_killed_in_a_rotation),
		IN_FOLDER(test_only_our_own_file_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
