/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_diff.c - comparisons with results known beforehand.
 *
 * Owns:    normalising, rows, spread, conditions, budgets.
 */
#include <begat/trace.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "store_help.h"
#include "diff_noise.h"
#include "trace/diff/diff.h"
#include "trace/diff/normal.h"

static void test_normal(void **state)
{
	static const char *const cases[][2] = {
		{ "/usr/bin/gcc-12", "/usr/bin/gcc-12" },
		{ "/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "/usr/lib/gcc/x86_64-linux-gnu/12/cc1" },
		{ "/tmp/ccAbC123.s", "/tmp/*.s" },
		{ "/tmp/ccAbC123.s (deleted)", "/tmp/*.s" },
		{ "-o/tmp/a/b.o", "-o/tmp/*.o" },
		{ "/var/tmp/build-1/x", "/var/tmp/*" },
		{ "--pid=48213", "--pid=*" },
		{ "log.2026-11-22", "log.*-11-22" },
		{ "/a/deadbeef01/run", "/a/*/run" },
		{ "deadbeef", "deadbeef" },
		{ "/memfd:jit-99", "/memfd:jit-99" },
		{ "", "" },
		{ "/tmp/", "/tmp/*" },
		{ "x/tmp/1", "x/tmp/1" },
		{ "--in=/tmp/q1.txt --out=/tmp/q2.txt", "--in=/tmp/*.txt --out=/tmp/*.txt" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes out = { 0 };

		assert_int_equal(normal_write(&out, cases[i][0], strlen(cases[i][0])), 0);
		assert_int_equal(bytes_add(&out, "", 1), 0);
		assert_string_equal(out.data, cases[i][1]);
		bytes_done(&out);
	}
}

/* Each byte is read a few times, however long a run of digits is. */
static void test_normal_is_linear(void **state)
{
	static const char *const runs[] = { "a", "abcdef", "a1", "1", "12a", "/tmp/a", "1a " };

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		size_t size = 1000000, before = normal_bytes_read();
		char *data = malloc(size);
		struct bytes out = { 0 };

		assert_non_null(data);
		for (size_t k = 0; k < size; k++)
			data[k] = runs[i][k % strlen(runs[i])];
		data[0] = 'x';
		assert_int_equal(normal_write(&out, data, size), 0);
		if (normal_bytes_read() - before > 4 * size)
			fail_msg("%s: %zu bytes read", runs[i], normal_bytes_read() - before);
		bytes_done(&out);
		free(data);
	}
}

static unsigned units, slowdown;

static void story(struct synthetic *s)
{
	synthetic_build(s, units, slowdown);
}

/* Another program, and one that is gone. */
static void changed_story(struct synthetic *s)
{
	static const char *const argv[] = { "lint", "a.c", NULL };
	struct synthetic_process top = { .id = 9, .parent_id = 1, .pid = 3, .comm = "top" }, p;

	synthetic_fork(s, 1000, &top, &p);
	synthetic_exec(s, 1000, &p, "/usr/bin/lint", argv);
	synthetic_exit(s, 5000000, &p, 0, 0, 4000000);
}

struct recording {
	char *path;
	struct begat_trace *trace;
};

static struct recording record(void (*tell)(struct synthetic *), unsigned with_units,
			       unsigned with_slowdown)
{
	static unsigned number;
	char name[32];
	struct recording r;

	units = with_units;
	slowdown = with_slowdown;
	snprintf(name, sizeof(name), "diff-%u", number++);
	r.path = store_path(name);
	store_record(r.path, tell, NULL);
	assert_int_equal(begat_trace_open(r.path, &r.trace), 0);
	return r;
}

static void done(struct recording *r)
{
	begat_trace_close(r->trace);
	unlink(r->path);
	free(r->path);
}

static const struct begat_diff_row *find_row(const struct begat_diff *diff, const char *key)
{
	size_t count;
	const struct begat_diff_row *rows = begat_diff_rows(diff, &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	fail_msg("no row '%s'", key);
	return NULL;
}

static void expect(const struct begat_diff *diff, const char *condition, int result)
{
	char why[512] = "";
	int r = begat_diff_check(diff, condition, why, sizeof(why));

	if (r != result)
		fail_msg("%s: %d, not %d: %s", condition, r, result, why);
	assert_true(strlen(why) > 5);
}

static void test_same(void **state)
{
	struct recording a = record(story, 10, 100), b = record(story, 10, 100);
	struct begat_diff *diff = NULL;
	size_t count;

	assert_int_equal(begat_diff_new(&a.trace, 1, &b.trace, 1, &diff), 0);
	const struct begat_diff_row *rows = begat_diff_rows(diff, &count);

	assert_true(count > 5);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rows[i].kind, BEGAT_DIFF_BOTH);
		for (int m = 0; m < BEGAT_DIFF_MEASURES; m++)
			assert_false(rows[i].differs[m]);
	}
	expect(diff, "wall > 0%", 0);
	expect(diff, "new exe", 0);
	expect(diff, "gone exe", 0);
	expect(diff, "count != 0", 0);
	begat_diff_free(diff);
	done(&a);
	done(&b);
}

static void test_slower(void **state)
{
	struct recording a = record(story, 10, 100), b = record(story, 12, 150);
	struct begat_diff *diff = NULL;

	assert_int_equal(begat_diff_new(&a.trace, 1, &b.trace, 1, &diff), 0);

	const struct begat_diff_row *cc1 = find_row(diff, "/usr/lib/gcc/x86_64-linux-gnu/12/cc1");
	const struct begat_diff_row *make = find_row(diff, "/usr/bin/make");

	assert_int_equal(cc1->base[BEGAT_DIFF_COUNT].mean, 10);
	assert_int_equal(cc1->other[BEGAT_DIFF_COUNT].mean, 12);
	assert_true(cc1->differs[BEGAT_DIFF_CPU] && cc1->differs[BEGAT_DIFF_WALL]);
	assert_int_equal(cc1->base[BEGAT_DIFF_FAILED].mean, 1);
	assert_false(make->differs[BEGAT_DIFF_COUNT]);
	/* bash stood by: it is no part of the build. */
	assert_int_equal(begat_diff_total(diff)->base[BEGAT_DIFF_COUNT].mean, 2 + 10 * 4 - 1 + 2);
	expect(diff, "count(cc1) > 1", 1);
	expect(diff, "count(cc1) > 2", 0);
	expect(diff, "count(cc1) == 2", 1);
	expect(diff, "count(*/cc1) >= 20%", 1);
	expect(diff, "cpu > 30%", 1);
	expect(diff, "cpu > 300%", 0);
	expect(diff, "cpu > 10ms", 1);
	expect(diff, "cpu > 1h", 0);
	expect(diff, "wall(make) > 1ms", 1);
	expect(diff, "rss > 1GiB", 0);
	expect(diff, "failed > 0", 0);
	expect(diff, "count(nosuch) > 0", -ENOENT);
	expect(diff, "new exe", 0);
	assert_false(begat_diff_noise_is_known(diff));
	begat_diff_free(diff);
	done(&a);
	done(&b);
}

static void test_new_and_gone(void **state)
{
	struct recording a = record(story, 4, 100), b = record(changed_story, 0, 0);
	struct begat_diff *diff = NULL;

	assert_int_equal(begat_diff_new(&a.trace, 1, &b.trace, 1, &diff), 0);
	assert_int_equal(find_row(diff, "/usr/bin/lint")->kind, BEGAT_DIFF_NEW);
	assert_int_equal(find_row(diff, "/usr/bin/make")->kind, BEGAT_DIFF_GONE);
	expect(diff, "new exe", 1);
	expect(diff, "gone exe", 1);
	begat_diff_free(diff);
	done(&a);
	done(&b);
}

/* Six traces: what varies within a side is no difference, what does not is one. */
static void test_spread(void **state)
{
	static const unsigned base[] = { 100, 140, 70 }, noisy[] = { 75, 135, 105 },
			      slow[] = { 290, 300, 310 };
	static const char cc1[] = "/usr/lib/gcc/x86_64-linux-gnu/12/cc1";
	struct recording r[9];
	struct begat_trace *t[9];
	struct begat_diff *diff = NULL;

	for (int i = 0; i < 9; i++) {
		r[i] = record(story, 10, i < 3 ? base[i] : i < 6 ? noisy[i - 3] : slow[i - 6]);
		t[i] = r[i].trace;
	}
	assert_int_equal(begat_diff_new(t, 3, t + 3, 3, &diff), 0);
	assert_true(begat_diff_noise_is_known(diff));
	assert_false(find_row(diff, cc1)->differs[BEGAT_DIFF_CPU]);
	assert_true(find_row(diff, cc1)->base[BEGAT_DIFF_CPU].deviation > 0);
	assert_int_equal(find_row(diff, cc1)->base_seen, 3);
	/* The gate and the table follow one rule. */
	expect(diff, "cpu(cc1) > 0%", 0);
	expect(diff, "cpu > 0ns", 0);
	expect(diff, "cpu < 0ns", 0);
	begat_diff_free(diff);
	assert_int_equal(begat_diff_new(t, 3, t + 6, 3, &diff), 0);
	assert_true(find_row(diff, cc1)->differs[BEGAT_DIFF_CPU]);
	assert_true(find_row(diff, cc1)->other[BEGAT_DIFF_CPU].min >
		    find_row(diff, cc1)->base[BEGAT_DIFF_CPU].max);
	expect(diff, "cpu(cc1) > 150%", 1);
	expect(diff, "cpu(cc*) > 150%", 1);
	expect(diff, "count(cc*) > 0", 0);
	begat_diff_free(diff);
	for (int i = 0; i < 9; i++)
		done(&r[i]);
}

/* Percent of comparisons in which a change is seen that is not there, or is (@factor). */
static double seen_percent(const struct noise_shape *shape, size_t base, size_t other,
			   double factor)
{
	enum { TRIALS = 20000 };
	struct diff_sums sums[10];
	int seen = 0;

	for (int i = 0; i < TRIALS; i++) {
		for (size_t k = 0; k < base + other; k++)
			sums[k].values[BEGAT_DIFF_WALL] =
				10e9 * shape->draw(shape->size) * (k < base ? 1 : factor);
		seen += diff_is_more_than_noise(sums, base, other, BEGAT_DIFF_WALL);
	}
	return 100. * seen / TRIALS;
}

/* Noise of known shape: false alarms are under 1 %, and a large change is found. */
static void test_false_alarms(void **state)
{
	static const size_t designs[][2] = { { 4, 1 }, { 5, 1 }, { 1, 5 }, { 3, 2 }, { 5, 5 } };

	for (size_t s = 0; s < noise_shapes_count; s++) {
		for (size_t d = 0; d < sizeof(designs) / sizeof(designs[0]); d++) {
			double percent =
				seen_percent(&noise_shapes[s], designs[d][0], designs[d][1], 1);

			if (percent >= 1)
				fail_msg("%s, %zu + %zu: %.2f %% false alarms",
					 noise_shapes[s].name, designs[d][0], designs[d][1],
					 percent);
		}
	}
	assert_true(seen_percent(&noise_shapes[0], 5, 1, 1.5) > 80);
	assert_true(seen_percent(&noise_shapes[0], 5, 5, 1.2) > 95);
}

static void sum_up(struct diff_sums *sums, const double *values, size_t count,
		   enum begat_diff_measure m)
{
	for (size_t i = 0; i < count; i++)
		sums[i].values[m] = values[i];
}

/* Counts that never vary tell the smallest change; times and bytes have a least one. */
static void test_without_spread(void **state)
{
	static const double counts[] = { 47, 47, 47, 47, 47, 48 };
	static const double times[] = { 3e9, 3e9, 3e9, 3e9, 3e9, 3e9 + 90e3 };
	static const double sizes[] = { 4e6, 4e6, 4e6, 4e6, 4e6, 4e6 + 40960 };
	static const double none[] = { 0, 0, 0, 0, 0, 0 };
	struct diff_sums sums[6];

	sum_up(sums, counts, 6, BEGAT_DIFF_COUNT);
	sum_up(sums, times, 6, BEGAT_DIFF_WALL);
	sum_up(sums, sizes, 6, BEGAT_DIFF_RSS);
	sum_up(sums, none, 6, BEGAT_DIFF_FAILED);
	assert_true(diff_is_more_than_noise(sums, 5, 1, BEGAT_DIFF_COUNT));
	assert_false(diff_is_more_than_noise(sums, 5, 1, BEGAT_DIFF_WALL));
	assert_false(diff_is_more_than_noise(sums, 5, 1, BEGAT_DIFF_RSS));
	assert_false(diff_is_more_than_noise(sums, 5, 1, BEGAT_DIFF_FAILED));
	sums[5].values[BEGAT_DIFF_WALL] = 4e9;
	assert_true(diff_is_more_than_noise(sums, 5, 1, BEGAT_DIFF_WALL));
	/* Two recordings: nobody knows, so every change counts. */
	assert_true(diff_is_more_than_noise(sums + 4, 1, 1, BEGAT_DIFF_WALL));
	assert_false(diff_is_more_than_noise(sums + 3, 1, 1, BEGAT_DIFF_WALL));
}

static void test_bad_conditions(void **state)
{
	static const char *const bad[] = {
		"",
		"wall",
		"wall >",
		"wall > x",
		"speed > 1",
		"wall > 10",
		"wall > 10 kB",
		"count > 3s",
		"rss > 3s",
		"wall > 10% now",
		"new",
		"new file",
		"count( > 3",
		"count() > 3",
		"wall = 3s",
		"count > nan",
		"count > inf",
	};
	struct recording a = record(story, 4, 100);
	struct begat_diff *diff = NULL;
	char why[512];

	assert_int_equal(begat_diff_new(&a.trace, 1, &a.trace, 1, &diff), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(diff, bad[i], -EINVAL);
	begat_diff_free(diff);
	assert_int_equal(begat_budget_check(a.trace, "wall < 10%", why, sizeof(why)), -EINVAL);
	assert_int_equal(begat_budget_check(a.trace, "new exe", why, sizeof(why)), -EINVAL);
	done(&a);
}

static void test_budget(void **state)
{
	static const struct {
		const char *limit;
		int result;
	} cases[] = {
		{ "count(cc1) <= 10", 1 },    { "count(cc1) < 10", 0 },
		{ "count == 43", 1 },	      { "wall < 10s", 1 },
		{ "wall < 1ms", 0 },	      { "rss(cc1) < 1GiB", 1 },
		{ "failed == 0", 0 },	      { "failed <= 5", 1 },
		{ "cpu(ld*) < 1s", -ENOENT }, { "cpu(*-ld.bfd) > 21ms", 1 },
	};
	struct recording a = record(story, 10, 100);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[512];
		int r = begat_budget_check(a.trace, cases[i].limit, why, sizeof(why));

		if (r != cases[i].result)
			fail_msg("%s: %d: %s", cases[i].limit, r, why);
	}
	done(&a);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal),	       cmocka_unit_test(test_normal_is_linear),
		cmocka_unit_test(test_same),	       cmocka_unit_test(test_slower),
		cmocka_unit_test(test_new_and_gone),   cmocka_unit_test(test_spread),
		cmocka_unit_test(test_bad_conditions), cmocka_unit_test(test_budget),
		cmocka_unit_test(test_false_alarms),   cmocka_unit_test(test_without_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
