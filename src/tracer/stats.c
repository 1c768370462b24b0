/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/stats.c - counters, losses that no record reported, latency percentiles.
 *
 * What was generated and dropped is the kernel side's to say: read from the counters that it
 * shares, one line a CPU.
 */
#include <errno.h>
#include <string.h>

#include "base/api.h"
#include "base/opts.h"
#include "tracer/tracer.h"

static uint64_t load(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void latency_add(struct latency *latency, uint64_t ns)
{
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

static uint64_t percentile(const struct latency *latency, double share)
{
	uint64_t rank = latency->count * share, seen = 0;

	for (uint64_t i = 0; i < LATENCY_BUCKETS; i++) {
		seen += latency->buckets[i];
		if (seen > rank)
			return bucket_ns(i) < latency->max_ns ? bucket_ns(i) : latency->max_ns;
	}
	return latency->max_ns;
}

/* As if the kernel side had found room for one more REC_LOST on each CPU. */
int stats_deliver_rest(struct begat *b)
{
	int err = 0;

	for (uint32_t cpu = 0; cpu < probes_cpus(b->probes) && err >= 0; cpu++) {
		const struct cpu_counters *c = probes_counters(b->probes, cpu);
		struct rec_lost rec = { .header = { .size = sizeof(rec), .type = REC_LOST } };

		rec.header.ts_ns = tracer_now_ns() - b->clock_offset_ns;
		rec.header.seq = load(&c->seq);
		rec.header.cpu = cpu;
		for (int i = 0; i < REC_CLASS_COUNT; i++)
			rec.count[i] = load(&c->dropped[i]) - load(&c->reported[i]);
		err = tracer_take(b, &rec, sizeof(rec));
	}
	return err;
}

uint64_t stats_losses(const struct begat *b)
{
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < probes_cpus(b->probes); cpu++) {
		const struct cpu_counters *c = probes_counters(b->probes, cpu);

		sum += load(&c->dropped[REC_CLASS_FORK]) + load(&c->dropped[REC_CLASS_EXEC]) +
		       load(&c->dropped[REC_CLASS_EXIT]);
	}
	return sum;
}

bool stats_has_lost_forks(const struct begat *b)
{
	for (uint32_t cpu = 0; cpu < probes_cpus(b->probes); cpu++)
		if (load(&probes_counters(b->probes, cpu)->dropped[REC_CLASS_FORK]))
			return true;
	return false;
}

static void count_kernel_side(const struct begat *b, struct begat_stats *s)
{
	for (uint32_t cpu = 0; cpu < probes_cpus(b->probes); cpu++) {
		const struct cpu_counters *c = probes_counters(b->probes, cpu);

		for (int class = 0; class < REC_CLASS_COUNT; class ++) {
			enum begat_event_type type = decode_class_event(class);

			if (!type)
				continue;
			s->generated[type] += load(&c->generated[class]);
			s->lost[type] += load(&c->dropped[class]);
		}
		s->lost_chunks += load(&c->dropped[REC_CLASS_CHUNK]);
		s->cache_full += load(&c->cache_full);
	}
}

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

	if (!b->probes)
		return -EINVAL;
	s.backend = probes_backend(b->probes)->name;
	s.transport = probes_transport(b->probes)->name;
	s.fallback = probes_fallback(b->probes);
	s.backend_failed = probes_has_failed(b->probes);
	s.latency = b->mode == BEGAT_LOW ? "low" : b->mode == BEGAT_BATCH ? "batch" : "balanced";
	count_kernel_side(b, &s);
	memcpy(s.received, b->received, sizeof(s.received));
	memcpy(s.delivered, b->delivered, sizeof(s.delivered));
	probes_program_stats(b->probes, &s.missed, &s.program_runs, &s.program_ns);
	s.missed += unseen_forks(b, s.lost[BEGAT_FORK]);
	if (b->follow) /* a process that is not in the process cache is not followed */
		s.missed += s.cache_full;
	s.late = b->late;
	s.synthetic = b->synthetic;
	s.malformed = b->malformed;
	s.cache_entries = probes_cache_count(b->probes);
	s.processes = proctable_count(b->table);
	s.wakeups = b->wakeups;
	s.latency_p50_ns = percentile(&b->latency, 0.50);
	s.latency_p90_ns = percentile(&b->latency, 0.90);
	s.latency_p99_ns = percentile(&b->latency, 0.99);
	s.latency_p999_ns = percentile(&b->latency, 0.999);
	s.latency_max_ns = b->latency.max_ns;
	s.latency_count = b->latency.count;
	s.buffer_bytes = b->transport_ops->buffer_bytes(b->transport);
	s.started_ns = b->started_ns;
	s.now_ns = tracer_now_ns();
	s.cpus = probes_cpus(b->probes);
	s.pushed = b->push.pushed;
	begat_filter_counts(b->where, &counts);
	s.tested = counts.tested;
	s.matched = counts.matched;
	s.undecided = counts.undecided;
	if (ret->size > offsetof(struct begat_stats, map_bytes))
		s.map_bytes = probes_map_bytes(b->probes);
	return opts_give(ret, &s, sizeof(s)) ? 0 : -EINVAL;
}

BEGAT_API int begat_stats_cpu(const struct begat *b, uint32_t cpu,
			      uint64_t ret_generated[BEGAT_TYPE_SLOTS],
			      uint64_t ret_lost[BEGAT_TYPE_SLOTS])
{
	const struct cpu_counters *c;

	if (!b->probes || cpu >= probes_cpus(b->probes))
		return -EINVAL;
	c = probes_counters(b->probes, cpu);
	memset(ret_generated, 0, BEGAT_TYPE_SLOTS * sizeof(*ret_generated));
	memset(ret_lost, 0, BEGAT_TYPE_SLOTS * sizeof(*ret_lost));
	for (int class = 0; class < REC_CLASS_COUNT; class ++) {
		enum begat_event_type type = decode_class_event(class);

		if (!type)
			continue;
		ret_generated[type] = load(&c->generated[class]);
		ret_lost[type] = load(&c->dropped[class]);
	}
	return 0;
}

BEGAT_API int begat_stats_program(const struct begat *b, uint32_t index, const char **ret_name,
				  uint64_t *ret_runs, uint64_t *ret_ns)
{
	if (!b->probes)
		return -EINVAL;
	return probes_program_at(b->probes, index, ret_name, ret_runs, ret_ns);
}
