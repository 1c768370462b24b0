/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/diff_noise.h - noise of known shape, for what decides whether a change is noise.
 *
 * Owns:    a repeatable source of random numbers, factors around 1 with a given spread.
 * Used by: tests/unit/test_diff.c and bench/diff_noise.c.
 */
#ifndef TESTS_DIFF_NOISE_H
#define TESTS_DIFF_NOISE_H

#include <stddef.h>

struct noise_shape {
	const char *name;
	double (*draw)(double size); /* a factor by which a build's time is multiplied */
	double size;
};

extern const struct noise_shape noise_shapes[];
extern const size_t noise_shapes_count;

/* In [0, 1); the same numbers in every run. */
double noise_uniform(void);

#endif
