/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/exit.h - the end of a process: how wait(2) will report it and what it all cost.
 *
 * Totals are the group's: what signal_struct accumulated from threads that are gone, and the
 * own figures of every thread that is still linked, the zombie leader and the last one included.
 */
#ifndef BEGAT_BPF_EMIT_EXIT_H
#define BEGAT_BPF_EMIT_EXIT_H

#include "../admit.h"
#include "../attempt.h"
#include "clock.h"
#include "who.h"

#define SIGNAL_GROUP_EXIT 0x00000004

static __always_inline __u32 exit_status(struct task_struct *task, struct signal_struct *signal)
{
	if (READ(true, signal, flags) & SIGNAL_GROUP_EXIT)
		return READ(true, signal, group_exit_code);
	return READ(true, task, group_leader, exit_code);
}

static __always_inline void exit_add_thread(struct rec_exit *rec, struct task_struct *thread,
					    const bool is_typed)
{
	rec->utime_ns += READ(is_typed, thread, utime);
	rec->stime_ns += READ(is_typed, thread, stime);
	rec->runtime_ns += READ(is_typed, thread, se.sum_exec_runtime);
	rec->minor_faults += READ(is_typed, thread, min_flt);
	rec->major_faults += READ(is_typed, thread, maj_flt);
	rec->voluntary_switches += READ(is_typed, thread, nvcsw);
	rec->involuntary_switches += READ(is_typed, thread, nivcsw);
	if (bpf_core_field_exists(thread->ioac.read_bytes)) {
		rec->read_bytes += BPF_CORE_READ(thread, ioac.read_bytes);
		rec->write_bytes += BPF_CORE_READ(thread, ioac.write_bytes);
	}
}

struct exit_walk {
	struct rec_exit *rec;
	struct list_head *node, *head;
	struct list_head *last; /* of the thread that runs: it has been added */
};

/* One thread. Returns 1 behind the last. */
static __always_inline long exit_step(struct exit_walk *walk)
{
	struct list_head *node = walk->node;

	if (!node || node == walk->head)
		return 1;
	if (node != walk->last)
		exit_add_thread(walk->rec,
				(void *)node -
					bpf_core_field_offset(struct task_struct, thread_node),
				false);
	walk->node = BPF_CORE_READ(node, next);
	return 0;
}

static long exit_step_callback(__u32 round, void *walk)
{
	return exit_step(walk);
}

/* The zombie leader, and any other that is still linked: none where there never were threads. */
static __always_inline void exit_other_threads(struct rec_exit *rec, struct task_struct *task,
					       struct signal_struct *signal, const bool has_loop)
{
	struct list_head *head = &signal->thread_head;
	struct exit_walk walk = {
		.rec = rec,
		.node = BPF_CORE_READ(head, next),
		.head = head,
		.last = &task->thread_node,
	};

	LOOP(has_loop, REC_THREADS_MAX, UNROLLED_THREADS_MAX, exit_step, &walk);
	if (walk.node != head)
		rec->flags |= REC_EXIT_THREADS_CUT;
}

/* A thread ends, the process goes on: see exit_io_apart(). */
static __always_inline void exit_note_thread(struct task_struct *task, __u32 tgid, __u64 start_ns)
{
	struct proc_entry *entry;
	__u64 read, write;

	if (!bpf_core_field_exists(task->ioac.read_bytes))
		return;
	read = BPF_CORE_READ(task, ioac.read_bytes);
	write = BPF_CORE_READ(task, ioac.write_bytes);
	if (!read && !write)
		return;
	entry = cache_find(tgid, start_ns);
	if (!entry)
		return;
	atomic_add_u64(&entry->threads_read_bytes, read);
	atomic_add_u64(&entry->threads_write_bytes, write);
}

/*
 * signal_struct adds up the I/O of threads that are gone and of children that were waited for, in
 * one sum. What is beyond the threads' is the children's, and told by their own exits. A leader
 * that ended before the last thread is still linked, and not in that sum.
 */
static __always_inline void exit_io_apart(struct rec_exit *rec, const struct proc_entry *entry,
					  struct task_struct *task, struct signal_struct *signal)
{
	__u64 read, write, threads_read, threads_write;

	if (!entry || !(entry->fork_ts_ns || entry->flags & PROC_NO_IO_BEFORE) ||
	    !bpf_core_field_exists(signal->ioac.read_bytes))
		return;
	read = BPF_CORE_READ(signal, ioac.read_bytes);
	write = BPF_CORE_READ(signal, ioac.write_bytes);
	threads_read = entry->threads_read_bytes;
	threads_write = entry->threads_write_bytes;
	if (READ(true, task, pid) != READ(true, task, tgid)) {
		threads_read -= BPF_CORE_READ(task, group_leader, ioac.read_bytes);
		threads_write -= BPF_CORE_READ(task, group_leader, ioac.write_bytes);
	}
	if (read > threads_read)
		rec->read_bytes -= read - threads_read;
	if (write > threads_write)
		rec->write_bytes -= write - threads_write;
}

static __always_inline void exit_usage(struct rec_exit *rec, struct cpu_counters *c,
				       struct task_struct *task, struct signal_struct *signal,
				       const struct proc_entry *entry, const bool has_loop)
{
	rec->utime_ns = READ(true, signal, utime);
	rec->stime_ns = READ(true, signal, stime);
	rec->runtime_ns = READ(true, signal, sum_sched_runtime) + clock_unaccounted(c, task);
	rec->minor_faults = READ(true, signal, min_flt);
	rec->major_faults = READ(true, signal, maj_flt);
	rec->voluntary_switches = READ(true, signal, nvcsw);
	rec->involuntary_switches = READ(true, signal, nivcsw);
	rec->max_rss_bytes = READ(true, signal, maxrss) * config.page_bytes;
	rec->children_utime_ns = READ(true, signal, cutime);
	rec->children_stime_ns = READ(true, signal, cstime);
	rec->children_max_rss_bytes = READ(true, signal, cmaxrss) * config.page_bytes;
	rec->read_bytes = 0;
	rec->write_bytes = 0;
	if (bpf_core_field_exists(signal->ioac.read_bytes)) {
		rec->read_bytes = BPF_CORE_READ(signal, ioac.read_bytes);
		rec->write_bytes = BPF_CORE_READ(signal, ioac.write_bytes);
		rec->flags |= REC_EXIT_HAS_IO;
	}
	exit_add_thread(rec, task, true);
	if (READ(true, signal, nr_threads) > 1)
		exit_other_threads(rec, task, signal, has_loop);
	exit_io_apart(rec, entry, task, signal);
}

static __always_inline void exit_from_cache(struct rec_exit *rec, const struct proc_entry *entry)
{
	rec->fork_ts_ns = 0;
	rec->exec_ts_ns = 0;
	rec->execs = 0;
	if (!entry)
		return;
	rec->fork_ts_ns = entry->fork_ts_ns;
	rec->exec_ts_ns = entry->exec_ts_ns;
	rec->execs = entry->execs;
	if (entry->fork_ts_ns)
		rec->flags |= REC_EXIT_WAS_CACHED;
	if (!entry->killer_signal)
		return;
	rec->killer_start_ns = entry->killer_start_ns;
	rec->killer_tgid = entry->killer_tgid;
	rec->killer_signal = entry->killer_signal;
	__builtin_memcpy(rec->killer_comm, entry->killer_comm, sizeof(rec->killer_comm));
	rec->flags |= REC_EXIT_HAS_KILLER;
}

/* Is it this thread that ends the process? At most one thread a process gets a yes. */
static __always_inline bool exit_is_last(struct task_struct *task, bool group_dead, __u32 tgid,
					 __u64 start_ns)
{
	struct death death = { .start_ns = start_ns, .tgid = tgid };
	__u32 dead = 1;

	if (config.has_group_dead)
		return group_dead;
	if (READ(true, task, signal, live.counter))
		return false;
	return !bpf_map_update_elem(&deaths, &death, &dead, BPF_NOEXIST);
}

static __always_inline void emit_exit(void *ctx, struct task_struct *task, bool group_dead,
				      const bool has_loop)
{
	struct cpu_counters *c = cpu_counters();
	struct rec_exit *rec = slot(SLOT_EXIT);
	__u32 tgid = READ(true, task, tgid), tid = READ(true, task, pid), size;
	__u64 start_ns = READ(true, task, group_leader, start_boottime);
	struct signal_struct *signal = READ(true, task, signal);
	struct proc_entry *entry;
	__u64 now, cgroup = 0;

	attempt_drop((__u64)task); /* killed in the middle of an exec */
	if (!c || !rec || is_stopped(c))
		return;
	if (!exit_is_last(task, group_dead, tgid, start_ns)) {
		exit_note_thread(task, tgid, start_ns);
		return;
	}
	now = now_ns();
	entry = cache_find(tgid, start_ns);
	if ((config.emit & 1 << REC_CLASS_EXIT) && admit(task, entry, REC_CLASS_EXIT)) {
		if (config.want & CONFIG_WANT_CGROUP)
			cgroup = cgroup_ensure(ctx, c, rec, task, now, has_loop, true);
		rec->flags = 0;
		rec->reserved = 0;
		rec->status = exit_status(task, signal);
		if (now - start_ns < config.short_lived_window_ns)
			rec->flags |= REC_EXIT_SHORT_LIVED;
		if (READ(true, signal, oom_mm))
			rec->flags |= REC_EXIT_OOM;
		exit_from_cache(rec, entry);
		exit_usage(rec, c, task, signal, entry, has_loop);
		size = who_fill(&rec->who, task, cgroup, rec, sizeof(*rec), true, true);
		send(ctx, c, rec, size, REC_EXIT, REC_CLASS_EXIT, tid, now);
	}
	if (!entry)
		return;
	/* After the record: user space takes this flag to mean that no record is to come. */
	entry->flags |= PROC_EXITED;
	cache_bury(c, tgid, start_ns, now);
}

#endif
