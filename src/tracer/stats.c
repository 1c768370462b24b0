/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer/stats.c - see stats.h. */
#include "tracer/stats.h"

void stats_add_latency(struct stats *stats, uint64_t ns)
{
	struct latency *latency = &stats->latency;

	unsigned int log = 63 - __builtin_clzll(ns | LATENCY_STEPS);
	uint64_t index = (log - 4) * LATENCY_STEPS + (ns >> (log - 4)) % LATENCY_STEPS;

	if (ns < LATENCY_STEPS)
		index = ns;
	else
		index += LATENCY_STEPS;
	latency->buckets[index < LATENCY_BUCKETS ? index : LATENCY_BUCKETS - 1]++;
	latency->count++;
	if (ns > latency->max_ns)
		latency->max_ns = ns;
}

/* The upper end of bucket @index. */
static uint64_t bucket_ns(uint64_t index)
{
	uint64_t log, step;

	if (index < LATENCY_STEPS)
		return index;
	index -= LATENCY_STEPS;
	log = index / LATENCY_STEPS + 4;
	step = index % LATENCY_STEPS;
	return (LATENCY_STEPS + step + 1) * (1ull << (log - 4)) - 1;
}

uint64_t stats_percentile(const struct stats *stats, double share)
{
	const struct latency *latency = &stats->latency;
	uint64_t rank = latency->count * share, seen = 0;

	for (uint64_t i = 0; i < LATENCY_BUCKETS; i++) {
		seen += latency->buckets[i];
		if (seen > rank)
			return bucket_ns(i) < latency->max_ns ? bucket_ns(i) : latency->max_ns;
	}
	return latency->max_ns;
}

void stats_note_delivered(struct stats *stats, const struct begat_event *ev)
{
	if (ev->ts_ns < stats->last_ts_ns)
		stats->late++;
	else
		stats->last_ts_ns = ev->ts_ns;
	stats->delivered[ev->type]++;
}

uint64_t stats_sum_delivered(const struct stats *stats)
{
	uint64_t sum = 0;

	for (int i = 0; i < BEGAT_TYPE_SLOTS; i++)
		sum += stats->delivered[i];
	return sum;
}
