/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/attempt_store.h - execs under way: put in at the system call's entry, taken at its end.
 *
 * Owns: where an attempt is kept. Not: the ends of the system call (attempt.h), what is recorded
 * of an attempt (emit/exec.h, emit/exec_failed.h).
 *
 * Most attempts are made by a process of one thread that is in the process cache. Such an attempt
 * is kept in that entry, which the end has to find anyway: it costs nothing extra. The others are
 * in a hash by the address of the calling task, because a tid may change on the way: a thread that
 * is not the leader takes over the leader's tid, even if the exec fails after that and kills it.
 *
 * Invariant: only the calling task writes its attempt, so there is no race. An attempt is kept in
 * an entry only if the process has no other thread that could write it.
 */
#ifndef BEGAT_BPF_ATTEMPT_STORE_H
#define BEGAT_BPF_ATTEMPT_STORE_H

#include "cache.h"

/* The entry of the running process, if it may hold an attempt. */
static __always_inline struct proc_entry *attempt_entry(struct task_struct *task)
{
	__u64 start_ns;
	int threads;
	__u32 tgid;

	if (config.has_task_btf) {
		threads = READ(task, signal, nr_threads);
		start_ns = READ(task, start_boottime);
		tgid = READ(task, tgid);
	} else {
		threads = READ_PROBED(task, signal, nr_threads);
		start_ns = READ_PROBED(task, start_boottime);
		tgid = bpf_get_current_pid_tgid() >> 32;
	}
	return threads == 1 ? cache_find(tgid, start_ns) : NULL;
}

/* The address of what @fd is open on in @task; 0 = nothing. */
static __always_inline __u64 attempt_file(struct task_struct *task, __s32 fd)
{
	struct fdtable *table = READ_PROBED(task, files, fdt);
	struct file *file = NULL;

	if ((__u32)fd >= READ_PROBED(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), READ_PROBED(table, fd) + (__u32)fd);
	return (__u64)file;
}

static __always_inline void attempt_put(const struct attempt *attempt)
{
	__u64 task = attempt->task;
	struct cpu_counters *c;

	if (!bpf_map_update_elem(&attempts, &task, attempt, BPF_ANY))
		return;
	c = cpu_counters();
	if (c)
		c->attempts_full++;
}

/* Puts in an attempt of the running task, with the time of this moment. */
static __always_inline void attempt_note(__u64 filename, __u64 argv, __u32 flags, __s32 fd)
{
	__u64 now = now_ns();
	struct task_struct *task =
		config.has_task_btf ? bpf_get_current_task_btf() : (void *)bpf_get_current_task();
	struct attempt attempt = {
		.ts_ns = now,
		.filename = filename,
		.argv = argv,
		.task = (__u64)task,
		.flags = flags,
		.fd = fd,
	};
	struct proc_entry *entry = attempt_entry(task);

	if (flags & ATTEMPT_HAS_FD)
		attempt.file = attempt_file(task, fd);
	if (entry)
		entry->attempt = attempt;
	else
		attempt_put(&attempt);
}

/* Removes the attempt of @task. @entry: of its process, or NULL. False: there is none. */
static __always_inline bool attempt_take(struct proc_entry *entry, __u64 task,
					 struct attempt *ret_attempt)
{
	struct attempt *found;

	if (entry && entry->attempt.task == task) {
		*ret_attempt = entry->attempt;
		entry->attempt.task = 0;
		return true;
	}
	found = bpf_map_lookup_elem(&attempts, &task);
	if (!found)
		return false;
	*ret_attempt = *found;
	bpf_map_delete_elem(&attempts, &task);
	return true;
}

/* Removes what the hash has of @task, which has ended or whose exec was reported. */
static __always_inline void attempt_drop(__u64 task)
{
	if (bpf_map_lookup_elem(&attempts, &task))
		bpf_map_delete_elem(&attempts, &task);
}

#endif
