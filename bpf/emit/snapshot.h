/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* bpf/emit/snapshot.h - one process for the task iterator; pids at other levels are left out. */
#ifndef BEGAT_BPF_EMIT_SNAPSHOT_H
#define BEGAT_BPF_EMIT_SNAPSHOT_H

#include "who.h"

/* A zombie, its last thread gone: it has had its exit. @task is a leader. */
static __always_inline bool snapshot_is_over(struct task_struct *task)
{
	return BPF_CORE_READ(task, exit_state) && BPF_CORE_READ(task, signal, nr_threads) <= 1;
}

static __always_inline void snapshot_fill(struct rec_snapshot *rec, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);

	rec->header.size = sizeof(*rec);
	rec->header.type = REC_SNAPSHOT;
	rec->header.ts_ns = now_ns();
	rec->header.tid = BPF_CORE_READ(task, pid);
	rec->who.tgid = rec->header.tid;
	rec->who.start_ns = BPF_CORE_READ(task, start_boottime);
	who_parent(&rec->who, task, false);
	who_creds(&rec->who, task, false);
	if (config.want & CONFIG_WANT_IDS)
		who_ids(&rec->who, task, false);
	if (config.want & CONFIG_WANT_NS)
		who_ns(&rec->who, task, pid, BPF_CORE_READ(pid, level), false);
	BPF_CORE_READ_INTO(&rec->who.comm, task, comm);
}

#endif
