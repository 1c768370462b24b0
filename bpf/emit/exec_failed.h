/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/exec_failed.h - an exec attempt that returned an error.
 *
 * Owns: REC_EXEC_FAILED. Not: its strings (failed_argv.h), its folder (folder.h), when the system
 * call returns (attempt.h).
 */
#ifndef BEGAT_BPF_EMIT_EXEC_FAILED_H
#define BEGAT_BPF_EMIT_EXEC_FAILED_H

#include "admit.h"
#include "emit/clock.h"
#include "emit/failed_argv.h"
#include "emit/folder.h"
#include "emit/identity.h"

static __always_inline __u32 failed_flags(const struct attempt *attempt)
{
	__u32 flags = 0;

	if (attempt->flags & ATTEMPT_COMPAT)
		flags |= REC_FAILED_COMPAT;
	if (attempt->flags & ATTEMPT_HAS_FD)
		flags |= REC_FAILED_HAS_FD;
	if (attempt->flags & ATTEMPT_EMPTY_PATH)
		flags |= REC_FAILED_EMPTY_PATH;
	return flags;
}

/* An exec of begat's own: its self-test, and a look at the clock and at its root. */
static __always_inline void failed_own(struct cpu_counters *c, struct task_struct *task)
{
	c->own_attempts++;
	clock_unaccounted(c, task);
	folder_note_reader(task);
}

static __always_inline void emit_exec_failed(void *ctx, struct task_struct *task,
					     const struct proc_entry *entry,
					     const struct attempt *attempt, __u64 pid_tgid,
					     __s32 error, const enum loops loops)
{
	struct rec_exec_failed *rec;
	struct emit emit;
	__u32 size;

	if (!emit_begin(&emit, ctx, SLOT_FAILED, (__u32)pid_tgid))
		return;
	if (pid_tgid >> 32 == config.own_tgid) {
		failed_own(emit.counters, task);
		return;
	}
	if (!admit(task, entry, REC_CLASS_EXEC_FAILED))
		return;
	size = identity_fill(&emit, task, sizeof(*rec), access_of_current(loops), loops);
	rec = emit.record;
	rec->flags =
		failed_flags(attempt) | (folder_is_reader_root(task) ? REC_FAILED_READER_ROOT : 0);
	rec->attempt_ts_ns = attempt->ts_ns;
	rec->error = error;
	rec->argc = 0;
	rec->unreadable = 0;
	rec->argv_chunk_bytes = 0;
	rec->argv.bytes = 0;
	rec->argv_bytes = 0;
	rec->fd = attempt->fd;
	rec->folder.bytes = 0;
	rec->folder.components = 0;
	rec->folder.flags = 0;
	size = failed_strings(&emit, attempt, size, loops);
	size = folder_fill(rec, task, attempt, size, loops);
	send(&emit, REC_EXEC_FAILED, size);
}

#endif
