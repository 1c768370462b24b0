/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/stats.h - what a tracer counts of its own stream: events by type, order, latency.
 *
 * Not:     what the source counts (struct source_ops.stats), begat_stats() (figures.c).
 */
#ifndef BEGAT_TRACER_STATS_H
#define BEGAT_TRACER_STATS_H

#include <begat/begat.h>

/* Log-linear: 16 steps to each power of two, values above 2^40 ns in the last. */
#define LATENCY_STEPS 16
#define LATENCY_BUCKETS (40 * LATENCY_STEPS)

struct latency {
	uint64_t buckets[LATENCY_BUCKETS];
	uint64_t count, max_ns;
};

struct stats {
	uint64_t received[BEGAT_TYPE_SLOTS], delivered[BEGAT_TYPE_SLOTS];
	uint64_t late, last_ts_ns;
	struct latency latency;
};

void stats_add_latency(struct stats *stats, uint64_t ns);
uint64_t stats_percentile(const struct stats *stats, double share);
void stats_note_delivered(struct stats *stats, const struct begat_event *ev);
uint64_t stats_sum_delivered(const struct stats *stats);

#endif
