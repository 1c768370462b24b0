/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/diff/noise.c - is a change between two sets of recordings more than noise?
 *
 * Owns:    the one rule that the table and --fail-if share. docs/analysis.md states it.
 * Not:     what is measured (collect.c), what a user asks for (check.c).
 *
 * The rule is Student's test with a pooled deviation. In an unchanged build both sides have the
 * same deviation, so pooling is exact where it matters, and it works with one recording on a side.
 * Ranks cannot judge five recordings against one: one of six is the largest in one case of six.
 * A bootstrap of five values draws far too narrow an interval. `make bench BENCH=diff_noise`
 * compares the candidates on noise of known shape.
 *
 * Invariants
 *  (1) An unchanged build is called changed, in one figure, in less than 1 case of 100.
 *  (2) Where the noise is not known, every change is reported as one.
 */
#include <math.h>

#include "diff.h"

/* Two-sided, 1 in 1,000: the thresholds for 1, 2, 3 ... degrees of freedom. */
static const double thresholds[] = { 636.6, 31.60, 12.92, 8.610, 6.869, 5.959, 5.408, 5.041,
				     4.781, 4.587, 4.437, 4.318, 4.221, 4.140, 4.073, 4.015,
				     3.965, 3.922, 3.883, 3.850, 3.819, 3.792, 3.768, 3.745,
				     3.725, 3.707, 3.690, 3.674, 3.659, 3.646 };
#define THRESHOLDS (sizeof(thresholds) / sizeof(thresholds[0]))

/* Below three degrees of freedom only a change by whole factors would be seen. */
#define KNOWN_MIN_DEGREES 3

static bool is_time(enum begat_diff_measure m)
{
	return m == BEGAT_DIFF_WALL || m == BEGAT_DIFF_CPU;
}

static bool is_size(enum begat_diff_measure m)
{
	return m == BEGAT_DIFF_RSS || m == BEGAT_DIFF_READ || m == BEGAT_DIFF_WRITE;
}

/* A change of the mean up to this is no change at all. */
static double least_change(enum begat_diff_measure m)
{
	return is_time(m) ? 1e5 : is_size(m) ? 65536 : 0;
}

bool diff_noise_is_known(size_t base_count, size_t other_count)
{
	return base_count + other_count >= KNOWN_MIN_DEGREES + 2;
}

static double threshold_of(size_t degrees)
{
	return thresholds[degrees > THRESHOLDS ? THRESHOLDS - 1 : degrees - 1];
}

static double mean_of(const struct diff_sums *sums, size_t count, enum begat_diff_measure m)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += sums[i].values[m];
	return sum / (double)count;
}

static double squares_of(const struct diff_sums *sums, size_t count, enum begat_diff_measure m,
			 double mean)
{
	double squares = 0;

	for (size_t i = 0; i < count; i++) {
		double x = sums[i].values[m] - mean;

		squares += x * x;
	}
	return squares;
}

bool diff_is_more_than_noise(const struct diff_sums *sums, size_t base_count, size_t other_count,
			     enum begat_diff_measure m)
{
	const struct diff_sums *other = sums + base_count;
	double base_mean = mean_of(sums, base_count, m);
	double other_mean = mean_of(other, other_count, m);
	double change = fabs(other_mean - base_mean), error;
	size_t degrees = base_count + other_count - 2;

	if (change <= least_change(m))
		return false;
	if (!diff_noise_is_known(base_count, other_count))
		return true;
	error = sqrt((squares_of(sums, base_count, m, base_mean) +
		      squares_of(other, other_count, m, other_mean)) /
		     (double)degrees * (1 / (double)base_count + 1 / (double)other_count));
	return change > threshold_of(degrees) * error;
}
