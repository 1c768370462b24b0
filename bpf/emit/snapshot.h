/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* bpf/emit/snapshot.h - what the task iterator writes of a process or of a thread. */
#ifndef BEGAT_BPF_EMIT_SNAPSHOT_H
#define BEGAT_BPF_EMIT_SNAPSHOT_H

#include "emit/identity.h"

/* Is it a zombie without threads, whose exit is past? @task is a leader. */
static __always_inline bool snapshot_is_over(struct task_struct *task)
{
	return READ_PROBED(task, exit_state) && READ_PROBED(task, signal, nr_threads) <= 1;
}

/* The number of @pid in the PID namespace @levels_up above the reader's; 0 = it has none there. */
static __always_inline __u32 snapshot_pid_for(struct pid *pid, struct pid *reader, __u32 levels_up)
{
	__u32 level = READ_PROBED(reader, level);
	struct upid theirs = {}, ours = {};

	if (levels_up > level)
		return 0;
	level -= levels_up;
	if (level >= REC_PID_LEVELS_MAX || READ_PROBED(pid, level) < level)
		return 0;
	bpf_probe_read_kernel(&ours, sizeof(ours),
			      (void *)&reader->numbers[0] + level * sizeof(struct upid));
	bpf_probe_read_kernel(&theirs, sizeof(theirs),
			      (void *)&pid->numbers[0] + level * sizeof(struct upid));
	return theirs.ns == ours.ns ? theirs.nr : 0;
}

/* As identity_pids(), which writes into a slot. */
static __always_inline void snapshot_pids(struct rec_snapshot *rec, struct pid *pid, __u32 level)
{
	if (!level || level >= REC_PID_LEVELS_MAX)
		return;
	/* Else the compiler drops the loop's constant bound, the one that the verifier knows. */
	barrier_var(level);
	for (__u32 i = 0; i < REC_PID_LEVELS_MAX && i <= level; i++)
		bpf_probe_read_kernel(&rec->pids[i], sizeof(rec->pids[i]),
				      (void *)&pid->numbers[0].nr + i * sizeof(struct upid));
	rec->identity.pids.offset = __builtin_offsetof(struct rec_snapshot, pids);
	rec->identity.pids.bytes = (level + 1) * sizeof(__u32);
}

/* signal_struct has what the threads that have ended used, and nothing of a living one. */
static __always_inline void snapshot_usage(struct rec_snapshot *rec, struct task_struct *task)
{
	rec->utime_ns = READ_PROBED(task, signal, utime) + READ_PROBED(task, utime);
	rec->stime_ns = READ_PROBED(task, signal, stime) + READ_PROBED(task, stime);
	rec->runtime_ns = READ_PROBED(task, signal, sum_sched_runtime) +
			  READ_PROBED(task, se.sum_exec_runtime);
}

static __always_inline void snapshot_fill_thread(struct rec_snapshot_thread *rec,
						 struct task_struct *task)
{
	rec->header.size = sizeof(*rec);
	rec->header.type = REC_SNAPSHOT_THREAD;
	rec->header.ts_ns = now_ns();
	rec->header.tid = READ_PROBED(task, pid);
	rec->tgid = READ_PROBED(task, tgid);
	rec->start_ns = READ_PROBED(task, group_leader, start_boottime);
	rec->utime_ns = READ_PROBED(task, utime);
	rec->stime_ns = READ_PROBED(task, stime);
	rec->runtime_ns = READ_PROBED(task, se.sum_exec_runtime);
}

static __always_inline void snapshot_fill(struct rec_snapshot *rec, struct task_struct *task)
{
	struct task_struct *current = (void *)bpf_get_current_task();
	struct pid *pid = READ_PROBED(task, thread_pid);
	struct pid *reader = READ_PROBED(current, group_leader, thread_pid);

	rec->header.size = sizeof(*rec);
	rec->header.type = REC_SNAPSHOT;
	rec->header.ts_ns = now_ns();
	rec->header.tid = READ_PROBED(task, pid);
	/* Bits and not conditions, and first: the verifier follows no path for each. */
	rec->flags |= task_is_new(task) * REC_SNAPSHOT_NEW;
	rec->exec_id = READ_PROBED(task, self_exec_id);
	if (bpf_core_field_exists(task->in_execve))
		rec->flags |= BPF_CORE_READ_BITFIELD_PROBED(task, in_execve) * REC_SNAPSHOT_IN_EXEC;
	rec->identity.tgid = rec->header.tid;
	rec->identity.start_ns = READ_PROBED(task, start_boottime);
	snapshot_usage(rec, task);
	identity_parent(&rec->identity, task, PROBED);
	identity_creds(&rec->identity, task, PROBED);
	if (config.want & CONFIG_WANT_IDS)
		identity_ids(&rec->identity, task, PROBED);
	if (config.want & CONFIG_WANT_NS)
		identity_ns(&rec->identity, task, pid, READ_PROBED(pid, level), PROBED);
	BPF_CORE_READ_INTO(&rec->identity.comm, task, comm);
	if (config.want & CONFIG_WANT_PIDS)
		snapshot_pids(rec, pid, READ_PROBED(pid, level));
	rec->reader_pid = snapshot_pid_for(pid, reader, 0);
	rec->proc_pid = snapshot_pid_for(pid, reader, config.proc_levels_up);
	if (!READ_PROBED(task, signal, live.counter))
		rec->flags |= REC_SNAPSHOT_EXITING;
}

#endif
