/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_bench.c - what bounds the time of `begat bench`, and its percentiles.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "unit.h"

#include "cli/bench/bench.h"

/* Far more than any machine does until the limit. */
static void run_limited(enum bench_kind kind, unsigned int jobs)
{
	const struct bench_job job = { kind, jobs, 1000000000, 0, 30 };
	struct bench_result result = { 0 };
	struct bench_load load;

	assert_int_equal(bench_load_open(&load), 0);
	assert_int_equal(bench_load_run(&load, &job, &result), 0);
	assert_in_range(result.done, jobs, 999999999);
	assert_true(result.wall_ns >= 30000000);
	assert_true(bench_ns_each(&result, &job) > 0);
	bench_load_close(&load);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_a_job_ends_at_its_limit(void **state)
{
	run_limited(BENCH_SPAWN, 1);
	run_limited(BENCH_FAIL, 2);
	run_limited(BENCH_HAND_OVER, 1);
}

static void test_a_short_job_does_all(void **state)
{
	const struct bench_job job = { BENCH_FAIL, 3, 100, 0, 60000 };
	struct bench_result result = { 0 };
	struct bench_load load;

	assert_int_equal(bench_load_open(&load), 0);
	assert_int_equal(bench_load_run(&load, &job, &result), 0);
	assert_int_equal(result.done, 300);
	bench_load_close(&load);
}

static struct bench bench_that_ends_in(double seconds)
{
	return (struct bench){ .end_ns =
				       clock_read_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9) };
}

static void test_rounds(void **state)
{
	struct bench bench = bench_that_ends_in(1000), late = bench_that_ends_in(0);
	struct bench_rounds many = { .seconds = 1000 }, one = { .seconds = 0 },
			    slow = { .seconds = 1000 };

	for (size_t i = 0; i < BENCH_ROUNDS_MAX; i++)
		assert_true(bench_rounds_next(&bench, &many));
	assert_false(bench_rounds_next(&bench, &many));
	/* One in any case, no other when its time is over. */
	assert_true(bench_rounds_next(&bench, &one));
	assert_false(bench_rounds_next(&bench, &one));
	/* One that takes 10 s when 5 are left to all. */
	assert_true(bench_rounds_next(&bench, &slow));
	slow.began_ns -= 10000000000ull;
	assert_true(bench_rounds_next(&bench, &slow));
	bench = bench_that_ends_in(4);
	assert_false(bench_rounds_next(&bench, &slow));
	assert_true(bench_seconds_left(&late) < 0.001);
}

static void test_percentiles(void **state)
{
	struct samples samples = { 0 }, more = { 0 };
	double values[] = { 3, 1, 2, 10 };

	assert_int_equal(samples_at(&samples, 0.5), 0);
	for (uint64_t i = 10000; i > 0; i--)
		samples_add(&samples, i);
	samples_append(&more, &samples);
	assert_int_equal(samples_at(&more, 0), 1);
	assert_int_equal(samples_at(&more, 0.5), 5001);
	assert_int_equal(samples_at(&more, 0.99), 9901);
	assert_int_equal(samples_at(&more, 1), 10000);
	samples_clear(&more);
	assert_int_equal(more.count, 0);
	samples_done(&samples);
	samples_done(&more);
	assert_true(samples_median(values, 4) == 2.5);
	assert_true(samples_median(values, 3) == 2);
	assert_true(samples_median(values, 0) == 0);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_job_ends_at_its_limit),
		cmocka_unit_test(test_a_short_job_does_all),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
