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
	const struct probes *probes = bpf_source_of(source)->probes;
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < probes_cpus(probes); cpu++)
		for (uint32_t class = 0; class < REC_CLASS_COUNT; class ++)
			if (decode_class_event(class) &&
			    events & BEGAT_EVENT_BIT(decode_class_event(class)))
				sum += load(&probes_counters(probes, cpu)->dropped[class]);
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
	const struct probes *probes = bpf->probes;

	s->backend = probes_backend(probes)->name;
	s->transport = probes_transport(probes)->name;
	s->fallback = probes_fallback(probes);
	s->backend_failed = probes_has_failed(probes);
	s->cpus = probes_cpus(probes);
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++) {
		const struct cpu_counters *c = probes_counters(probes, cpu);

		add_cpu(c, s->generated, s->lost);
		s->lost_chunks += load(&c->dropped[REC_CLASS_CHUNK]);
		s->cache_full += load(&c->cache_full);
	}
	probes_program_stats(probes, &s->missed, &s->program_runs, &s->program_ns);
	if (bpf->follows) /* a process that is not in the process cache is not followed */
		s->missed += s->cache_full;
	s->malformed = bpf->malformed;
	s->cache_entries = probes_cache_count(probes);
	s->probe_ns = bpf->probe_ns;
	probes_times(probes, &s->load_ns, &s->attach_ns);
	s->buffer_bytes = bpf->transport_ops->buffer_bytes(bpf->transport);
	if (s->size > offsetof(struct begat_stats, map_bytes)) /* it asks each map */
		s->map_bytes = probes_map_bytes(probes);
}

int bpf_stats_cpu(const struct source *source, uint32_t cpu, uint64_t *ret_generated,
		  uint64_t *ret_lost)
{
	const struct probes *probes = bpf_source_of(source)->probes;

	if (cpu >= probes_cpus(probes))
		return -EINVAL;
	add_cpu(probes_counters(probes, cpu), ret_generated, ret_lost);
	return 0;
}

int bpf_stats_program(const struct source *source, uint32_t index, const char **ret_name,
		      uint64_t *ret_runs, uint64_t *ret_ns)
{
	return probes_program_at(bpf_source_of(source)->probes, index, ret_name, ret_runs, ret_ns);
}
