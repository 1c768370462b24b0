/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/unit/test_coalescer.c - which failed execs become one, and when that one is given. */
#include "tracer/coalescer.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define MS 1000000ull

static struct begat_event failed(uint64_t id, const char *filename)
{
	struct begat_event ev = { .size = sizeof(ev),
				  .type = BEGAT_EXEC_FAILED,
				  .id = id,
				  .error = 2,
				  .filename = { filename, strlen(filename) } };

	begat_fields_add(&ev.has, BEGAT_F_FILENAME);
	return ev;
}

static void assert_ready(struct begat_event *ready, const char *filename, uint32_t repeats)
{
	assert_non_null(ready);
	assert_string_equal(ready->filename.data, filename);
	assert_int_equal(ready->repeats, repeats);
	assert_int_equal(begat_event_has(ready, BEGAT_F_REPEATS), repeats > 0);
	begat_event_free(ready);
}

static void test_a_row_is_one(void **state)
{
	struct coalescer c = { 0 };
	struct begat_event *ready, a = failed(1, "/bin/a"), b = failed(1, "/bin/b");

	for (int i = 0; i < 3; i++) {
		assert_true(coalescer_take(&c, &a, 5 * MS, &ready));
		assert_null(ready);
	}
	assert_true(coalescer_take(&c, &b, 6 * MS, &ready));
	assert_ready(ready, "/bin/a", 2);
	assert_ready(coalescer_flush(&c), "/bin/b", 0);
	assert_null(coalescer_flush(&c));
}

static void test_other_events_come_behind(void **state)
{
	struct coalescer c = { 0 };
	struct begat_event *ready, a = failed(1, "/bin/a"), exit = { .type = BEGAT_EXIT, .id = 2 };

	assert_false(coalescer_take(&c, &exit, 1, &ready));
	assert_null(ready);
	assert_true(coalescer_take(&c, &a, 1, &ready));
	assert_false(coalescer_take(&c, &exit, 1, &ready));
	assert_ready(ready, "/bin/a", 0);
	assert_true(coalescer_take(&c, &a, 1, &ready)); /* a new row */
	assert_null(ready);
	assert_ready(coalescer_flush(&c), "/bin/a", 0);
}

static void test_what_makes_them_differ(void **state)
{
	struct begat_event base = failed(1, "/bin/a");
	struct begat_event others[] = { base, base, base, base, base, base };
	const size_t count = sizeof(others) / sizeof(others[0]);

	others[0].id = 2;
	others[1].tid = 7;
	others[2].error = 13;
	others[3].filename = (struct begat_str){ "/bin/b", 6 };
	others[4].argv = (struct begat_strv){ .data = "x", .bytes = 2, .count = 1 };
	others[5].cwd = (struct begat_str){ "/", 1 };
	begat_fields_add(&others[5].has, BEGAT_F_CWD);
	for (size_t i = 0; i < count; i++) {
		struct coalescer c = { 0 };
		struct begat_event *ready;

		assert_true(coalescer_take(&c, &base, 1, &ready));
		assert_true(coalescer_take(&c, &others[i], 1, &ready));
		assert_ready(ready, "/bin/a", 0);
		begat_event_free(coalescer_flush(&c));
	}
}

static void test_held_for_ten_milliseconds(void **state)
{
	struct coalescer c = { 0 };
	struct begat_event *ready, a = failed(1, "/bin/a");

	assert_int_equal(coalescer_wait_ns(&c, 100 * MS), 0);
	assert_true(coalescer_take(&c, &a, 100 * MS, &ready));
	assert_true(coalescer_take(&c, &a, 104 * MS, &ready));
	assert_int_equal(coalescer_wait_ns(&c, 104 * MS), 6 * MS);
	assert_null(coalescer_settle(&c, 109 * MS));
	assert_int_equal(coalescer_wait_ns(&c, 200 * MS), 1);
	assert_ready(coalescer_settle(&c, 110 * MS), "/bin/a", 1);

	c.is_batch = true;
	assert_true(coalescer_take(&c, &a, 100 * MS, &ready));
	assert_ready(coalescer_settle(&c, 100 * MS), "/bin/a", 0);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_row_is_one),
		cmocka_unit_test(test_other_events_come_behind),
		cmocka_unit_test(test_what_makes_them_differ),
		cmocka_unit_test(test_held_for_ten_milliseconds),
	};

	return cmocka_run_group_tests_name("coalescer", tests, NULL, NULL);
}
