/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/attempt.h - the entry and the return of execve(2) and execveat(2): what a backend calls.
 *
 * Owns: attempt_enter(), attempt_enter_at(), attempt_return(). Not: where an attempt is kept
 * meanwhile (attempt_store.h), what is recorded of a failure (emit/exec_failed.h).
 */
#ifndef BEGAT_BPF_ATTEMPT_H
#define BEGAT_BPF_ATTEMPT_H

#include "attempt_store.h"
#include "emit/exec_failed.h"

#define FD_CWD -100 /* AT_FDCWD */
#define FLAG_EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */

static __always_inline void attempt_enter(__u64 filename, __u64 argv, __u32 flags)
{
	attempt_note(filename, argv, flags, FD_CWD);
}

/* execveat(2): @filename is relative to @fd. */
static __always_inline void attempt_enter_at(__s32 fd, __u64 filename, __u64 argv, __u32 at_flags,
					     __u32 flags)
{
	if (fd != FD_CWD)
		flags |= ATTEMPT_HAS_FD;
	if (at_flags & FLAG_EMPTY_PATH)
		flags |= ATTEMPT_EMPTY_PATH;
	attempt_note(filename, argv, flags, fd);
}

/* A successful exec has removed its attempt from the store already. */
static __always_inline void attempt_return(void *ctx, long value, const enum loops loops)
{
	const enum access access = access_of_current(loops);
	struct task_struct *task =
		access == TYPED ? bpf_get_current_task_btf() : (void *)bpf_get_current_task();
	__u64 pid_tgid, caller = (__u64)task;
	struct proc_entry *entry;
	struct attempt attempt;

	if (value >= 0) {
		attempt_drop(caller);
		return;
	}
	if (access == TYPED)
		pid_tgid = (__u64)READ(task, tgid) << 32 | (__u32)READ(task, pid);
	else
		pid_tgid = bpf_get_current_pid_tgid();
	entry = cache_find(pid_tgid >> 32, READ_BY(access, task, group_leader, start_boottime));
	if (attempt_take(entry, caller, &attempt))
		emit_exec_failed(ctx, task, entry, &attempt, pid_tgid, -value, loops);
}

#endif
