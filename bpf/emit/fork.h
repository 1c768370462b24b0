/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* bpf/emit/fork.h - a new process: its cache entry, inherited following, and REC_FORK. */
#ifndef BEGAT_BPF_EMIT_FORK_H
#define BEGAT_BPF_EMIT_FORK_H

#include "admit.h"
#include "emit/identity.h"

static __always_inline void emit_fork(void *ctx, struct task_struct *parent,
				      struct task_struct *child, const enum loops loops)
{
	__u32 forker_tgid = READ(parent, tgid), tgid = READ(child, tgid);
	__u64 forker_start_ns = READ(parent, group_leader, start_boottime);
	struct proc_entry *forker = cache_find(forker_tgid, forker_start_ns);
	struct proc_entry entry = {};
	struct rec_fork *rec;
	struct emit emit;
	bool is_sent;
	__u32 size;

	if (!emit_begin(&emit, ctx, SLOT_FORK, tgid))
		return;
	if (config.admit & CONFIG_ADMIT_TREE) {
		if (!(forker && forker->flags & PROC_FOLLOWED) && !admit_root(tgid))
			return;
		entry.flags = PROC_FOLLOWED;
	}
	entry.start_ns = READ(child, start_boottime);
	entry.fork_ts_ns = emit.ts_ns;
	entry.parent_tgid = forker_tgid;
	is_sent = admit(child, &entry, REC_CLASS_FORK);
	if (is_sent)
		entry.flags |= PROC_REPORTED;
	cache_put(emit.counters, tgid, &entry);
	if (!is_sent)
		return;
	size = identity_fill(&emit, child, sizeof(*rec), TYPED, loops);
	rec = emit.record;
	rec->forked_by_start_ns = forker_start_ns;
	rec->forked_by_tgid = forker_tgid;
	rec->reserved = 0;
	send(&emit, REC_FORK, size);
}

#endif
