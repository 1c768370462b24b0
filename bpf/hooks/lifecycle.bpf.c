/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * hooks/lifecycle.bpf.c - fork, exec and exit: always on, whatever the backend for attempts.
 *
 * Typed raw tracepoints (5.5): every kernel has them, they fire for 32-bit tasks too, and they pass
 * the kernel's own pointers. Each hook reads the arguments that it needs from the raw context: an
 * older kernel passes fewer, and its verifier rejects a read of a missing one.
 *
 * They attach in the order in which they are here: what is seen to begin is seen to end.
 *
 * A program that has a loop exists twice: *_unrolled is for kernels without bpf_loop() (compat.h).
 * Where tracepoints are preemptible, each hook has copies of its program, *_2 and *_3 (preempt.h).
 */
#include "emit/exec.h"
#include "emit/exit.h"
#include "emit/fork.h"
#include "emit/killer.h"
#include "emit/snapshot.h"
#include "preempt.h"

/*
 * Exit: late enough that status, max RSS and group totals are final; early enough that the task
 * still has its namespaces, cgroup and credentials, and that its parent has not waited for it.
 */
static __always_inline void on_exit(__u64 *ctx, const enum loops loops)
{
	bool group_dead = false;

	if (config.has_group_dead)
		group_dead = (bool)ctx[1];
	emit_exit(ctx, (void *)ctx[0], group_dead, loops);
}

static __always_inline void exit_once(__u64 *ctx, const __u32 nth)
{
	if (first_here((void *)ctx[0], HOOK_EXIT, 0, nth))
		on_exit(ctx, WITH_BPF_LOOP);
}

PROGRAM("?tp_btf/sched_process_exit", lifecycle__exit, __u64, exit_once)
COPY("?tp_btf/sched_process_exit", lifecycle__exit, 2, __u64, exit_once)
COPY("?tp_btf/sched_process_exit", lifecycle__exit, 3, __u64, exit_once)

SEC("?tp_btf/sched_process_exit")
int lifecycle__exit_unrolled(__u64 *ctx)
{
	on_exit(ctx, UNROLLED);
	return 0;
}

/* The sender of a fatal signal: at the exit, only the number of the signal is known. */
SEC("?tp_btf/signal_generate")
int lifecycle__signal(__u64 *ctx)
{
	killer_note(ctx);
	return 0;
}

/*
 * Exec: the new image is set up and does not run yet. So argv is what the program will see, not
 * what the caller's memory held at some other moment.
 */
static __always_inline void exec_once(__u64 *ctx, const __u32 nth)
{
	struct task_struct *task = (void *)ctx[0];

	if (!first_here(task, HOOK_EXEC, READ_PROBED(task, self_exec_id), nth))
		return;
	emit_exec_args(ctx, task, 0, WITH_BPF_LOOP);
	emit_exec(ctx, task, (__u32)ctx[1], (void *)ctx[2], WITH_BPF_LOOP);
}

PROGRAM("?tp_btf/sched_process_exec", lifecycle__exec, __u64, exec_once)
COPY("?tp_btf/sched_process_exec", lifecycle__exec, 2, __u64, exec_once)
COPY("?tp_btf/sched_process_exec", lifecycle__exec, 3, __u64, exec_once)

/* The same in four programs, attached in this order: one would exceed the verifier's limit. */
SEC("?tp_btf/sched_process_exec")
int lifecycle__exec_args_unrolled(__u64 *ctx)
{
	emit_exec_args(ctx, (void *)ctx[0], 0, UNROLLED);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int lifecycle__exec_args_2_unrolled(__u64 *ctx)
{
	emit_exec_args(ctx, (void *)ctx[0], UNROLLED_CHUNKS_MAX, UNROLLED);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int lifecycle__exec_args_3_unrolled(__u64 *ctx)
{
	emit_exec_args(ctx, (void *)ctx[0], 2 * UNROLLED_CHUNKS_MAX, UNROLLED);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int lifecycle__exec_unrolled(__u64 *ctx)
{
	emit_exec(ctx, (void *)ctx[0], (__u32)ctx[1], (void *)ctx[2], UNROLLED);
	return 0;
}

/* Fork: runs in the parent before the child can run. A new thread is not a new process. */
static __always_inline void on_fork(__u64 *ctx, const enum loops loops)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];

	if (READ_PROBED(child, pid) == READ_PROBED(child, tgid))
		emit_fork(ctx, parent, child, loops);
}

static __always_inline void fork_once(__u64 *ctx, const __u32 nth)
{
	if (first_here((void *)ctx[1], HOOK_FORK, 0, nth))
		on_fork(ctx, WITH_BPF_LOOP);
}

PROGRAM("?tp_btf/sched_process_fork", lifecycle__fork, __u64, fork_once)
COPY("?tp_btf/sched_process_fork", lifecycle__fork, 2, __u64, fork_once)
COPY("?tp_btf/sched_process_fork", lifecycle__fork, 3, __u64, fork_once)

SEC("?tp_btf/sched_process_fork")
int lifecycle__fork_unrolled(__u64 *ctx)
{
	on_fork(ctx, UNROLLED);
	return 0;
}

/* The processes that ran before begat, with the exact start times that /proc rounds. */
SEC("?iter/task")
int lifecycle__snapshot(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct rec_snapshot rec = {};

	if (!task)
		return 0;
	if (READ_PROBED(task, pid) != READ_PROBED(task, tgid)) {
		struct rec_snapshot_thread thread = {};

		snapshot_fill_thread(&thread, task);
		bpf_seq_write(seq, &thread, sizeof(thread));
		return 0;
	}
	if (snapshot_is_over(task))
		return 0;
	snapshot_fill(&rec, task);
	bpf_seq_write(seq, &rec, sizeof(rec));
	return 0;
}
