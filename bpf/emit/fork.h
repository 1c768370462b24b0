/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* bpf/emit/fork.h - a new process: its cache entry, inherited following, and REC_FORK. */
#ifndef BEGAT_BPF_EMIT_FORK_H
#define BEGAT_BPF_EMIT_FORK_H

#include "../admit.h"
#include "identity.h"

static __always_inline void emit_fork(void *ctx, struct task_struct *parent,
				      struct task_struct *child, const enum loops loops)
{
	struct cpu_counters *c = cpu_counters();
	__u32 forker_tgid = READ(parent, tgid);
	__u64 forker_start_ns = READ(parent, group_leader, start_boottime);
	struct proc_entry *forker = cache_find(forker_tgid, forker_start_ns);
	struct proc_entry entry = {};
	struct rec_fork *rec = slot(SLOT_FORK);
	__u64 now, cgroup = 0;
	bool is_sent;
	__u32 size;

	if (!c || !rec || is_stopped(c))
		return;
	now = now_ns();
	if (config.admit & CONFIG_ADMIT_TREE) {
		if (!(forker && forker->flags & PROC_FOLLOWED) && !admit_root(READ(child, tgid)))
			return;
		entry.flags = PROC_FOLLOWED;
	}
	entry.start_ns = READ(child, start_boottime);
	entry.fork_ts_ns = now;
	entry.parent_tgid = forker_tgid;
	is_sent = config.emit & 1 << REC_CLASS_FORK && admit(child, &entry, REC_CLASS_FORK);
	if (is_sent)
		entry.flags |= PROC_REPORTED;
	cache_put(c, READ(child, tgid), &entry);
	if (!is_sent)
		return;
	if (config.want & CONFIG_WANT_CGROUP)
		cgroup = cgroup_ensure(ctx, c, rec, child, now, loops, TYPED);
	size = identity_fill(&rec->identity, child, cgroup, rec, sizeof(*rec), TYPED);
	rec->forked_by_start_ns = forker_start_ns;
	rec->forked_by_tgid = forker_tgid;
	rec->reserved = 0;
	send(ctx, c, rec, size, REC_FORK, REC_CLASS_FORK, READ(child, pid), now);
}

#endif
