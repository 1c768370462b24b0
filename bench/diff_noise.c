/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/diff_noise.c - which rule tells a change from noise, with few recordings?
 *
 * Owns:    simulated builds whose noise and change are known; the candidates beside the product's
 *          rule (trace/diff/noise.c); a table of false alarms and of changes found.
 * Not:     real builds.
 *
 * usage: diff_noise [-n TRIALS]
 *   old        two standard errors; 5 % where a side has one recording: begat 0.1
 *   ranks      Mann-Whitney, exact, two-sided, 1 in 100
 *   bootstrap  the 99 % percentile interval of the difference of means, 200 draws, excludes 0
 *   logs       Student's test on logarithms, two-sided, 1 in 1,000
 *   begat      the same on the values: what begat does
 */
#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/diff/diff.h"
#include "diff_noise.h"

#define SIDE_MAX 8
#define DRAWS 200

struct trial {
	double base[SIDE_MAX], other[SIDE_MAX];
	int base_count, other_count;
};

static double mean(const double *x, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += x[i];
	return sum / count;
}

static double squares(const double *x, int count)
{
	double m = mean(x, count), sum = 0;

	for (int i = 0; i < count; i++)
		sum += (x[i] - m) * (x[i] - m);
	return sum;
}

static bool old(const struct trial *t)
{
	double base = mean(t->base, t->base_count), other = mean(t->other, t->other_count);
	double n = t->base_count, m = t->other_count;

	if (n < 2 || m < 2)
		return fabs(other - base) > 0.05 * fmax(base, other);
	return fabs(other - base) >
	       2 * sqrt(squares(t->base, n) / (n - 1) / n + squares(t->other, m) / (m - 1) / m);
}

/* How many ways to choose @picked of @count values have @sum or less in ranks from 1. */
static double ways(int count, int picked, int sum)
{
	if (sum < 0)
		return 0;
	if (!picked || !count)
		return !picked;
	return ways(count - 1, picked, sum) + ways(count - 1, picked - 1, sum - count);
}

static bool ranks(const struct trial *t)
{
	int n = t->base_count, m = t->other_count, sum = 0, low = m * (m + 1) / 2;
	int high = low + n * m;
	double all = ways(n + m, m, high);

	for (int i = 0; i < m; i++) {
		sum++;
		for (int k = 0; k < n; k++)
			sum += t->base[k] < t->other[i];
		for (int k = 0; k < m; k++)
			sum += t->other[k] < t->other[i];
	}
	/* The far end of the ranks mirrors the near one. */
	if (sum > (low + high) / 2)
		sum = low + high - sum;
	return 2 * ways(n + m, m, sum) / all <= 0.01;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static bool bootstrap(const struct trial *t)
{
	double draws[DRAWS];

	for (int i = 0; i < DRAWS; i++) {
		double base = 0, other = 0;

		for (int k = 0; k < t->base_count; k++)
			base += t->base[(int)(noise_uniform() * t->base_count)];
		for (int k = 0; k < t->other_count; k++)
			other += t->other[(int)(noise_uniform() * t->other_count)];
		draws[i] = other / t->other_count - base / t->base_count;
	}
	qsort(draws, DRAWS, sizeof(*draws), by_size);
	return draws[1] > 0 || draws[DRAWS - 2] < 0;
}

static bool logs(const struct trial *t)
{
	double base[SIDE_MAX], other[SIDE_MAX], n = t->base_count, m = t->other_count, error;

	for (int i = 0; i < t->base_count; i++)
		base[i] = log(t->base[i]);
	for (int i = 0; i < t->other_count; i++)
		other[i] = log(t->other[i]);
	error = sqrt((squares(base, t->base_count) + squares(other, t->other_count)) / (n + m - 2) *
		     (1 / n + 1 / m));
	/* 4 and 8 degrees of freedom: the two designs below */
	return fabs(mean(other, t->other_count) - mean(base, t->base_count)) >
	       (n + m == 6 ? 8.610 : 5.041) * error;
}

static bool begat(const struct trial *t)
{
	struct diff_sums sums[2 * SIDE_MAX] = { 0 };

	for (int i = 0; i < t->base_count; i++)
		sums[i].values[BEGAT_DIFF_CPU] = t->base[i];
	for (int i = 0; i < t->other_count; i++)
		sums[t->base_count + i].values[BEGAT_DIFF_CPU] = t->other[i];
	return diff_is_more_than_noise(sums, (size_t)t->base_count, (size_t)t->other_count,
				       BEGAT_DIFF_CPU);
}

static const struct {
	const char *name;
	bool (*differs)(const struct trial *t);
} rules[] = { { "old", old },
	      { "ranks", ranks },
	      { "bootstrap", bootstrap },
	      { "logs", logs },
	      { "begat", begat } };
#define RULES (sizeof(rules) / sizeof(rules[0]))

static void fill(double *x, int count, const struct noise_shape *shape, double factor)
{
	for (int i = 0; i < count; i++)
		x[i] = 10e9 * factor * shape->draw(shape->size);
}

/* Percent of the trials in which each rule sees a change, where the other side is @factor slower. */
static void measure(struct trial *t, const struct noise_shape *shape, double factor, int trials,
		    double *ret_percent)
{
	int seen[RULES] = { 0 };

	for (int i = 0; i < trials; i++) {
		fill(t->base, t->base_count, shape, 1);
		fill(t->other, t->other_count, shape, factor);
		for (size_t r = 0; r < RULES; r++)
			seen[r] += rules[r].differs(t);
	}
	for (size_t r = 0; r < RULES; r++)
		ret_percent[r] = 100. * seen[r] / trials;
}

int main(int argc, char **argv)
{
	static const int designs[][2] = { { 5, 1 }, { 5, 5 } };
	static const double factors[] = { 1, 1.2, 1.5 };
	int trials = 4000, option;

	while ((option = getopt(argc, argv, "n:")) != -1) {
		trials = option == 'n' ? atoi(optarg) : 0;
		if (trials < 1)
			errx(2, "usage: diff_noise [-n TRIALS]");
	}
	printf("percent of %d comparisons in which a rule sees a change\n", trials);
	printf("%-6s %-22s %-10s", "design", "noise", "change");
	for (size_t r = 0; r < RULES; r++)
		printf(" %9s", rules[r].name);
	putchar('\n');
	for (size_t d = 0; d < 2; d++) {
		for (size_t s = 0; s < noise_shapes_count; s++) {
			for (size_t f = 0; f < 3; f++) {
				struct trial t = { .base_count = designs[d][0],
						   .other_count = designs[d][1] };
				double percent[RULES];
				char change[16];

				measure(&t, &noise_shapes[s], factors[f], trials, percent);
				snprintf(change, sizeof(change), f ? "+%.0f %%" : "none",
					 factors[f] * 100 - 100);
				printf("%d + %d  %-22s %-10s", t.base_count, t.other_count,
				       noise_shapes[s].name, change);
				for (size_t r = 0; r < RULES; r++)
					printf(" %8.2f%%", percent[r]);
				putchar('\n');
			}
		}
	}
	return 0;
}
