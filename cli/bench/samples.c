/* SPDX-License-Identifier: BSD-2-Clause */
/* cli/bench/samples.c - see samples.h. */
#include "samples.h"

#include <stdlib.h>

void samples_add(struct samples *samples, uint64_t ns)
{
	if (samples->count == samples->room) {
		size_t room = samples->room ? 2 * samples->room : 4096;
		uint64_t *bigger = reallocarray(samples->ns, room, sizeof(*bigger));

		if (!bigger)
			return;
		samples->ns = bigger;
		samples->room = room;
	}
	samples->ns[samples->count++] = ns;
}

void samples_append(struct samples *to, const struct samples *from)
{
	for (size_t i = 0; i < from->count; i++)
		samples_add(to, from->ns[i]);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t samples_at(struct samples *samples, double share)
{
	size_t rank = (size_t)((double)samples->count * share);

	if (!samples->count)
		return 0;
	qsort(samples->ns, samples->count, sizeof(*samples->ns), by_value);
	return samples->ns[rank < samples->count ? rank : samples->count - 1];
}

void samples_clear(struct samples *samples)
{
	samples->count = 0;
}

void samples_done(struct samples *samples)
{
	free(samples->ns);
	*samples = (struct samples){ 0 };
}

static int by_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double samples_median(double *values, size_t count)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof(*values), by_double);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}
