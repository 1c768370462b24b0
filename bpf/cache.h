/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/cache.h - the process cache: an entry for each followed process, kept for a while after its
 * exit.
 *
 * Owns: making, finding and reclaiming entries. Not: which processes are followed (admit.h).
 *
 * Invariants
 *  (1) An entry whose start time is not the task's belongs to a dead process: it is not found, and
 *      the next fork with that tgid overwrites it.
 *  (2) An entry is removed once, after its window: by a hook, or on a quiet machine by user space.
 *  (3) If the cache is full, the entry is lost, never the event.
 */
#ifndef BEGAT_BPF_CACHE_H
#define BEGAT_BPF_CACHE_H

#include "compat.h"

static __always_inline struct proc_entry *cache_find(__u32 tgid, __u64 start_ns)
{
	struct proc_entry *entry = bpf_map_lookup_elem(&processes, &tgid);

	if (!entry)
		return NULL;
	if (!entry->start_ns) /* added by user space: the first event of this process */
		entry->start_ns = start_ns;
	return entry->start_ns == start_ns ? entry : NULL;
}

static __always_inline void cache_put(struct cpu_counters *c, __u32 tgid,
				      const struct proc_entry *entry)
{
	if (!bpf_map_update_elem(&processes, &tgid, entry, BPF_ANY))
		c->cache_added++;
	else
		c->cache_full++;
}

static __always_inline void cache_remove(struct cpu_counters *c, const struct grave *grave)
{
	__u32 tgid = grave->tgid;
	struct proc_entry *entry = bpf_map_lookup_elem(&processes, &tgid);

	if (entry && entry->start_ns == grave->start_ns && !bpf_map_delete_elem(&processes, &tgid))
		c->cache_removed++;
}

/* Removes entries whose window is over, at most two a call: one more than a call adds. */
static __always_inline void cache_reap(struct cpu_counters *c, struct graveyard *yard, __u64 now)
{
	for (int i = 0; i < 2; i++) {
		struct grave *grave;

		if (yard->head == yard->tail)
			return;
		grave = &yard->graves[yard->head % GRAVES_PER_CPU];
		if (now - grave->exit_ts_ns < config.short_lived_window_ns)
			return;
		cache_remove(c, grave);
		yard->head++;
	}
}

static __always_inline void cache_bury(struct cpu_counters *c, __u32 tgid, __u64 start_ns,
				       __u64 now)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct graveyard *yard = bpf_map_lookup_elem(&graveyards, &cpu);
	struct grave *grave;

	if (!yard)
		return;
	cache_reap(c, yard, now);
	grave = &yard->graves[yard->tail % GRAVES_PER_CPU];
	if (yard->tail - yard->head >= GRAVES_PER_CPU) {
		cache_remove(c, grave);
		yard->head++;
		c->graves_full++;
	}
	grave->start_ns = start_ns;
	grave->exit_ts_ns = now;
	grave->tgid = tgid;
	yard->tail++;
}

#endif
