/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_names.c - what a user sees on a screen or in SQL is a name in -w, or has an answer.
 *
 * Owns:    the headings of text (from the table of columns), the columns of the SQL views (from SQLite).
 */
#include <stddef.h>
#include <stdint.h>

#include "unit.h"
#include <begat/filter.h>
#include <begat/sink.h>
#include <ctype.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_help.h"

/* "", or what is said of @expression. */
static const char *said_of(const char *expression)
{
	static char why[512];
	struct begat_filter *filter = NULL;
	int rc = begat_filter_parse(expression, &filter, why, sizeof(why));

	if (!rc)
		why[0] = 0;
	begat_filter_free(filter);
	return why;
}

/* A comparison that suits the kind of @name: one of these is right. */
static bool is_name(const char *name)
{
	static const char *const values[] = { "== 1", "== exec", "> 2026-01-01", "", NULL };
	char expression[128];

	for (size_t i = 0; values[i]; i++) {
		snprintf(expression, sizeof(expression), "%s %s", name, values[i]);
		if (!*said_of(expression))
			return true;
	}
	return false;
}

static void check(const char *name)
{
	char capitals[64] = "";

	for (size_t i = 0; name[i] && i < sizeof(capitals) - 1; i++)
		capitals[i] = (char)toupper((unsigned char)name[i]);
	if (!is_name(name) && !strstr(said_of(name), "no event has"))
		fail_msg("%s: %s", name, said_of(name));
	if (is_name(name) != is_name(capitals))
		fail_msg("%s: %s", capitals, said_of(capitals));
}

static void headings_of_text(void **state)
{
	size_t count = 0;

	for (const char *const *name = begat_sink_columns(); *name; name++, count++) {
		check(*name);
		assert_true(is_name(*name));
	}
	assert_true(count >= 8);
}

/* Of the pages and tables for people: those of one word. */
static void headings_of_tables(void **state)
{
	static const char *const headings[] = {
		"wall",	 "cpu",	   "rss",    "exit",	  "pid",     "command", "share",
		"runs",	 "times",  "median", "failed",	  "program", "read",	"write",
		"count", "change", "user",   "processes", NULL,
	};

	for (const char *const *name = headings; *name; name++)
		check(*name);
}

static void columns_of_sql(void **state)
{
	char *path = store_path("names.db");
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	int count = 0;

	store_record(path, synthetic_hostile, NULL);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT c.name FROM sqlite_schema AS v, "
					    "pragma_table_info(v.name) AS c WHERE v.type = 'view'",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	for (; sqlite3_step(stmt) == SQLITE_ROW; count++)
		check((const char *)sqlite3_column_text(stmt, 0));
	assert_true(count > 30);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	unlink(path);
	free(path);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headings_of_text),
		cmocka_unit_test(headings_of_tables),
		cmocka_unit_test(columns_of_sql),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
