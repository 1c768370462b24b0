/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source/bpf_stats.c - what the kernel side counts, one line a CPU in memory that both sides see.
 */
#include <errno.h>
#include <string.h>

#include "source/bpf.h"

static uint64_t load(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

uint64_t bpf_count_lost(const struct source *source, uint32_t events)
{
	const struct attach *attach = bpf_source_of(source)->attach;
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < attach_cpus(attach); cpu++)
		for (uint32_t class = 0; class < REC_CLASS_COUNT; class ++)
			if (decode_class_event(class) &&
			    events & BEGAT_EVENT_BIT(decode_class_event(class)))
				sum += load(&attach_counters(attach, cpu)->dropped[class]);
	return sum;
}

static void add_cpu(const struct cpu_counters *c, uint64_t *generated, uint64_t *lost)
{
	for (uint32_t class = 0; class < REC_CLASS_COUNT; class ++) {
		enum begat_event_type type = decode_class_event(class);

		if (!type)
			continue;
		generated[type] += load(&c->generated[class]);
		lost[type] += load(&c->dropped[class]);
	}
}

void bpf_stats(const struct source *source, struct begat_stats *s)
{
	const struct bpf_source *bpf = bpf_source_of(source);
	const struct attach *attach = bpf->attach;

	s->backend = attach_backend(attach);
	s->transport = attach_transport(attach)->name;
	s->fallback = attach_fallback(attach);
	s->backend_failed = attach_has_failed(attach);
	s->cpus = attach_cpus(attach);
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++) {
		const struct cpu_counters *c = attach_counters(attach, cpu);

		add_cpu(c, s->generated, s->lost);
		s->lost_chunks += load(&c->dropped[REC_CLASS_CHUNK]);
		s->cache_full += load(&c->cache_full);
	}
	attach_program_stats(attach, &s->missed, &s->program_runs, &s->program_ns);
	if (bpf->follows) /* a process that is not in the process cache is not followed */
		s->missed += s->cache_full;
	s->malformed = bpf->malformed;
	s->cache_entries = attach_cache_count(attach);
	s->buffer_bytes = bpf->transport_ops->buffer_bytes(bpf->transport);
	if (s->size > offsetof(struct begat_stats, map_bytes)) /* it asks each map */
		s->map_bytes = attach_map_bytes(attach);
}

int bpf_stats_cpu(const struct source *source, uint32_t cpu, uint64_t *ret_generated,
		  uint64_t *ret_lost)
{
	const struct attach *attach = bpf_source_of(source)->attach;

	if (cpu >= attach_cpus(attach))
		return -EINVAL;
	add_cpu(attach_counters(attach, cpu), ret_generated, ret_lost);
	return 0;
}

int bpf_stats_program(const struct source *source, uint32_t index, const char **ret_name,
		      uint64_t *ret_runs, uint64_t *ret_ns)
{
	return attach_program_at(bpf_source_of(source)->attach, index, ret_name, ret_runs, ret_ns);
}
