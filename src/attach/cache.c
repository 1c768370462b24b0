/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/cache.c - the user side of the kernel's process cache: which processes are followed,
 * and removing the dead when the machine is too quiet for a hook to do it.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/sched.h>
#include <stdbool.h>

#include "attach/internal.h"
#include "base/sched.h"

static int cache_fd(const struct probes *probes)
{
	return bpf_map__fd(bpf_object__find_map_by_name(probes->object, "processes"));
}

int probes_follow(struct probes *probes, uint32_t tgid, uint64_t start_ns)
{
	struct proc_entry entry = { .start_ns = start_ns, .flags = PROC_FOLLOWED }, old;

	/* It may have an entry, with things in it that no one else knows. */
	if (!bpf_map_lookup_elem(cache_fd(probes), &tgid, &old) &&
	    (!start_ns || old.start_ns == start_ns)) {
		if (old.flags & PROC_FOLLOWED)
			return 0;
		entry = old;
		entry.flags |= PROC_FOLLOWED;
	}
	probes->follows_any = true;
	return bpf_map_update_elem(cache_fd(probes), &tgid, &entry, BPF_ANY) ? -errno : 0;
}

bool probes_has_exited(const struct probes *probes, uint32_t tgid, uint64_t start_ns)
{
	struct proc_entry entry;

	return bpf_map_lookup_elem(cache_fd(probes), &tgid, &entry) ||
	       (entry.start_ns && entry.start_ns != start_ns) || entry.flags & PROC_EXITED;
}

bool probes_is_followed(const struct probes *probes, uint32_t tgid)
{
	struct proc_entry entry;

	return probes->follows_any && !bpf_map_lookup_elem(cache_fd(probes), &tgid, &entry) &&
	       entry.flags & PROC_FOLLOWED;
}

/*
 * While a system call changes a map, the kernel skips all kprobe and tracepoint programs on its CPU
 * (bpf_prog_active). Where it can be preempted in there, an exec of the task that runs instead
 * would go unseen: so we run at real-time priority meanwhile, if permitted. False: not, or it was
 * so before.
 */
static bool hold_cpu(struct sched_settings *ret_before)
{
	struct sched_settings held = { .size = sizeof(held), .policy = SCHED_FIFO, .priority = 1 };

	return !sched_settings_get(ret_before) && ret_before->policy != SCHED_FIFO &&
	       ret_before->policy != SCHED_RR && ret_before->policy != SCHED_DEADLINE &&
	       !sched_settings_set(&held);
}

static void sweep_cpu(struct probes *probes, const struct graveyard *yard, uint64_t now_ns)
{
	uint64_t tail = __atomic_load_n(&yard->tail, __ATOMIC_ACQUIRE);
	struct sched_settings before;
	bool is_held = false;

	for (uint64_t i = __atomic_load_n(&yard->head, __ATOMIC_RELAXED); i < tail; i++) {
		struct grave grave = yard->graves[i % GRAVES_PER_CPU];
		struct proc_entry entry;

		if (now_ns < grave.exit_ts_ns + probes->window_ns)
			break;
		is_held = is_held || hold_cpu(&before);
		/* The kernel removes graves too; an entry that is gone is no error. */
		if (!bpf_map_lookup_elem(cache_fd(probes), &grave.tgid, &entry) &&
		    entry.start_ns == grave.start_ns)
			bpf_map_delete_elem(cache_fd(probes), &grave.tgid);
	}
	if (is_held)
		sched_settings_set(&before);
}

void probes_sweep(struct probes *probes, uint64_t now_ns)
{
	for (uint32_t cpu = 0; cpu < probes->cpus; cpu++) {
		const struct graveyard *yard =
			(const void *)((const char *)probes->graveyards.data +
				       cpu * probes->yard_bytes);

		sweep_cpu(probes, yard, now_ns);
	}
}

uint64_t probes_cache_count(const struct probes *probes)
{
	uint32_t key, next;
	uint64_t count = 0;
	void *from = NULL;

	while (!bpf_map_get_next_key(cache_fd(probes), from, &next)) {
		key = next;
		from = &key;
		count++;
	}
	return count;
}
