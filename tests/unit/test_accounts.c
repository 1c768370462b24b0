/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_accounts.c - names of users and groups in recordings.
 *
 * Owns:    what is stored, who is asked for a name, what is shown where there is none.
 * Not:     columns of text (test_text.c), SQL views (golden/test_trace.sh).
 */
#include <begat/filter.h>
#include <begat/trace.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "sink_help.h"
#include "store_help.h"
#include "synthetic.h"

static char *path;

static int setup(void **state)
{
	path = store_path("accounts");
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	free(path);
	return 0;
}

static struct begat_event event_of(uint32_t uid, uint32_t euid, uint32_t gid)
{
	struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_EXIT };
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_ID,   BEGAT_F_PID,
						  BEGAT_F_TS_NS, BEGAT_F_TIME, BEGAT_F_UID,
						  BEGAT_F_EUID,	 BEGAT_F_GID,  BEGAT_F_LOGINUID };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		begat_fields_add(&ev.has, known[i]);
	ev.id = 1000 + uid;
	ev.tgid = 100;
	ev.ts_ns = ev.time_ns = 1000;
	ev.uid = uid;
	ev.euid = euid;
	ev.gid = gid;
	ev.loginuid = UINT32_MAX;
	return ev;
}

/* Users 0, 1000680000 and, as a group, 0. */
static void record(void)
{
	struct begat_recorder *rec = NULL;
	struct begat_event root = event_of(0, 1000680000, 0), other = event_of(1000680000, 0, 0);

	assert_int_equal(begat_recorder_open(path, NULL, &rec), 0);
	assert_int_equal(begat_recorder_write(rec, &root), 0);
	assert_int_equal(begat_recorder_write(rec, &other), 0);
	assert_int_equal(begat_recorder_finish(rec), 0);
	begat_recorder_close(rec);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static struct begat_trace *open_trace(void)
{
	struct begat_trace *trace = NULL;

	if (begat_trace_open(path, &trace) < 0)
		fail_msg("%s", begat_trace_error(trace));
	return trace;
}

static void test_names_of_this_machine(void **state)
{
	const struct begat_accounts *names;
	struct begat_trace *trace;
	uint32_t id = 7;

	record();
	trace = open_trace();
	names = begat_trace_accounts(trace);
	assert_non_null(names);
	assert_ptr_equal(names, begat_trace_accounts(trace));
	assert_string_equal(names->user_name(names->ctx, 0), "root");
	assert_string_equal(names->group_name(names->ctx, 0), "root");
	assert_null(names->user_name(names->ctx, 1000680000));
	assert_null(names->user_name(names->ctx, UINT32_MAX));
	assert_int_equal(names->user_id(names->ctx, "root", &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(names->user_id(names->ctx, "nobody", &id), -ENOENT);
	begat_trace_close(trace);
}

/* Another machine made it: its names count, this machine's do not. */
static void test_names_of_another_machine(void **state)
{
	struct begat_filter *filter = NULL;
	const struct begat_accounts *names;
	struct begat_event ev = event_of(1000680000, 0, 0);
	struct begat_trace *trace;
	char why[256];

	record();
	run_sql("UPDATE user SET name = 'toor' WHERE uid = 0;"
		"INSERT INTO user VALUES(1000680000, 'alice'); DELETE FROM user_group");
	trace = open_trace();
	names = begat_trace_accounts(trace);
	assert_string_equal(names->user_name(names->ctx, 0), "toor");
	assert_null(names->group_name(names->ctx, 0));
	assert_int_equal(begat_filter_parse_for("user == alice and euid == toor", names, &filter,
						why, sizeof(why)),
			 0);
	assert_true(begat_filter_match(filter, &ev, NULL));
	begat_filter_free(filter);
	assert_int_equal(begat_filter_parse_for("uid in (toor)", names, &filter, why, sizeof(why)),
			 0);
	assert_false(begat_filter_match(filter, &ev, NULL));
	begat_filter_free(filter);
	assert_int_equal(begat_filter_parse_for("user == root", names, &filter, why, sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "no user of this recording"));
	assert_int_equal(begat_filter_parse_for("gid == root", names, &filter, why, sizeof(why)),
			 -EINVAL);
	begat_trace_close(trace);
}

/* begat 0.1 stored none: numbers stay numbers, and a name that somebody types is this machine's. */
static void test_recordings_without_names(void **state)
{
	struct begat_filter *filter = NULL;
	const struct begat_accounts *names;
	struct begat_trace *trace;
	char why[256];

	record();
	run_sql("DROP TABLE user; DROP TABLE user_group");
	trace = open_trace();
	names = begat_trace_accounts(trace);
	assert_non_null(names);
	assert_null(names->user_name(names->ctx, 0));
	assert_null(names->user_id);
	assert_int_equal(begat_filter_parse_for("user == root", names, &filter, why, sizeof(why)),
			 0);
	begat_filter_free(filter);
	begat_trace_close(trace);
}

static int write_event(const struct begat_event *ev, void *ctx)
{
	return begat_sink_write(ctx, ev);
}

static char *shown(const char *columns)
{
	FILE *file = tmpfile();
	struct begat_trace *trace = open_trace();
	struct begat_sink_options opts = { .size = sizeof(opts),
					   .fd = fileno(file),
					   .column_names = columns,
					   .accounts = begat_trace_accounts(trace) };
	struct begat_sink *sink = NULL;
	static char text[4096];
	size_t len;

	assert_int_equal(begat_sink_open("text", &opts, &sink), 0);
	assert_true(begat_trace_replay(trace, NULL, write_event, sink) > 0);
	assert_int_equal(begat_sink_close(sink), 0);
	begat_trace_close(trace);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static void test_text_shows_them(void **state)
{
	record();
	run_sql("UPDATE user SET name = 'toor' WHERE uid = 0");
	assert_non_null(strstr(shown("user,pid"), "toor "));
	assert_non_null(strstr(shown("user,pid"), "1000680000 "));
	assert_null(strstr(shown("user,pid"), "root "));
}

/* A file says what it likes: no escape sequence, no blank and no megabyte reaches the screen. */
static void test_hostile_names(void **state)
{
	record();
	run_sql("UPDATE user SET name = 'a' || char(27) || '[2J' || char(10) || 'b' WHERE uid = 0;"
		"INSERT INTO user VALUES(1000680000, zeroblob(10)), (1, NULL), (2, 3.5),"
		" (-1, 'minus'), (4294967296, 'large'), (3, printf('%.*c', 100000, 'x'))");
	char *text = shown("user,pid");

	assert_null(strchr(text, 27));
	assert_null(strstr(text, "\nb"));
	assert_non_null(strstr(text, "1000680000 "));
	/* A view or a module of that name is not read. */
	run_sql("DROP TABLE user; CREATE VIEW user AS SELECT 0 AS uid, 'view' AS name");
	assert_null(strstr(shown("user,pid"), "view"));
}

UNIT_TESTS()
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_FILE(test_names_of_this_machine),
		WITH_FILE(test_names_of_another_machine),
		WITH_FILE(test_recordings_without_names),
		WITH_FILE(test_text_shows_them),
		WITH_FILE(test_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
