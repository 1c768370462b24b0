/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/figures.c - begat_stats() and the like: what the parts of a tracer count, as one answer.
 */
#include <errno.h>
#include <string.h>

#include "base/api.h"
#include "base/opts.h"
#include "tracer/tracer.h"

/* Forks that no hook run and no loss accounts for: something has kept them from the hook. */
static uint64_t unseen_forks(const struct begat *b, uint64_t lost)
{
	uint64_t unseen = proctable_unseen_forks(b->table);

	return unseen > lost ? unseen - lost : 0;
}

BEGAT_API int begat_stats(const struct begat *b, struct begat_stats *ret)
{
	struct begat_filter_counts counts = { .size = sizeof(counts) };
	struct begat_stats s = { .size = ret->size };

	if (!source_is_open(b->source))
		return -EINVAL;
	b->source->ops->stats(b->source, &s);
	s.latency = b->mode == BEGAT_LOW ? "low" : b->mode == BEGAT_BATCH ? "batch" : "balanced";
	memcpy(s.received, b->stats.received, sizeof(s.received));
	memcpy(s.delivered, b->stats.delivered, sizeof(s.delivered));
	s.missed += unseen_forks(b, s.lost[BEGAT_FORK]);
	s.late = b->stats.late;
	s.synthetic = b->resync.synthetic;
	s.processes = proctable_count(b->table);
	s.wakeups = b->waiter.wakeups;
	s.latency_p50_ns = stats_percentile(&b->stats, 0.50);
	s.latency_p90_ns = stats_percentile(&b->stats, 0.90);
	s.latency_p99_ns = stats_percentile(&b->stats, 0.99);
	s.latency_p999_ns = stats_percentile(&b->stats, 0.999);
	s.latency_max_ns = b->stats.latency.max_ns;
	s.latency_count = b->stats.latency.count;
	s.started_ns = b->started_ns;
	s.now_ns = clock_boot_ns();
	s.pushed = b->pushdown.filter.pushed;
	begat_filter_counts(b->where, &counts);
	s.tested = counts.tested;
	s.matched = counts.matched;
	s.undecided = counts.undecided;
	return opts_give(ret, &s, sizeof(s)) ? 0 : -EINVAL;
}

BEGAT_API int begat_stats_cpu(const struct begat *b, uint32_t cpu,
			      uint64_t ret_generated[BEGAT_TYPE_SLOTS],
			      uint64_t ret_lost[BEGAT_TYPE_SLOTS])
{
	if (!source_is_open(b->source))
		return -EINVAL;
	memset(ret_generated, 0, BEGAT_TYPE_SLOTS * sizeof(*ret_generated));
	memset(ret_lost, 0, BEGAT_TYPE_SLOTS * sizeof(*ret_lost));
	return b->source->ops->stats_cpu(b->source, cpu, ret_generated, ret_lost);
}

BEGAT_API int begat_stats_program(const struct begat *b, uint32_t index, const char **ret_name,
				  uint64_t *ret_runs, uint64_t *ret_ns)
{
	if (!source_is_open(b->source))
		return -EINVAL;
	return b->source->ops->stats_program(b->source, index, ret_name, ret_runs, ret_ns);
}

BEGAT_API int begat_probe(void (*callback)(const struct begat_probe *probe, void *ctx), void *ctx)
{
	return source_best()->probe(callback, ctx);
}
