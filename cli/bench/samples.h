/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/samples.h - durations and their percentiles.
 *
 * Also bench/ measures with them.
 */
#ifndef BEGAT_CLI_BENCH_SAMPLES_H
#define BEGAT_CLI_BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* Embedded; all zero is empty. */
struct samples {
	uint64_t *ns;
	size_t count, room;
};

/* One for which there is no memory is left out. */
void samples_add(struct samples *samples, uint64_t ns);
void samples_append(struct samples *to, const struct samples *from);
/* Sorts, then takes: 0.5 = the median, 1 = the largest. 0 if there are none. */
uint64_t samples_at(struct samples *samples, double share);
void samples_clear(struct samples *samples); /* the memory stays */
void samples_done(struct samples *samples);

double samples_median(double *values, size_t count); /* sorts them */

#endif
