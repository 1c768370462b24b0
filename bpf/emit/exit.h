/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/exit.h - the end of a process: its status as wait(2) will report it, and what it used.
 *
 * Totals are those of the whole process: what signal_struct has accumulated from threads that have
 * ended, and the figures of each thread that is still linked. Those are the last one, and perhaps
 * a zombie leader.
 */
#ifndef BEGAT_BPF_EMIT_EXIT_H
#define BEGAT_BPF_EMIT_EXIT_H

#include "admit.h"
#include "attempt_store.h"
#include "emit/clock.h"
#include "emit/identity.h"

#define SIGNAL_GROUP_EXIT 0x00000004

static __always_inline __u32 exit_status(struct task_struct *task, struct signal_struct *signal)
{
	if (READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return READ(signal, group_exit_code);
	return READ(task, group_leader, exit_code);
}

static __always_inline void exit_add_thread(struct rec_exit *rec, struct task_struct *thread,
					    const enum access access)
{
	rec->utime_ns += READ_BY(access, thread, utime);
	rec->stime_ns += READ_BY(access, thread, stime);
	rec->runtime_ns += READ_BY(access, thread, se.sum_exec_runtime);
	rec->minor_faults += READ_BY(access, thread, min_flt);
	rec->major_faults += READ_BY(access, thread, maj_flt);
	rec->voluntary_switches += READ_BY(access, thread, nvcsw);
	rec->involuntary_switches += READ_BY(access, thread, nivcsw);
	if (bpf_core_field_exists(thread->ioac.read_bytes)) {
		rec->read_bytes += READ_PROBED(thread, ioac.read_bytes);
		rec->write_bytes += READ_PROBED(thread, ioac.write_bytes);
	}
}

struct exit_walk {
	struct rec_exit *rec;
	struct list_head *node, *head;
	struct list_head *last; /* of the running thread, which has been added already */
};

/* Adds one thread. Returns 1 behind the last. */
static __always_inline long exit_step(struct exit_walk *walk)
{
	struct list_head *node = walk->node;

	if (!node || node == walk->head)
		return 1;
	if (node != walk->last)
		exit_add_thread(walk->rec,
				(void *)node -
					bpf_core_field_offset(struct task_struct, thread_node),
				PROBED);
	walk->node = READ_PROBED(node, next);
	return 0;
}

static long exit_step_callback(__u32 round, void *walk)
{
	return exit_step(walk);
}

/* Adds the zombie leader, and any other thread that is still linked. */
static __always_inline void exit_other_threads(struct rec_exit *rec, struct task_struct *task,
					       struct signal_struct *signal, const enum loops loops)
{
	struct list_head *head = &signal->thread_head;
	struct exit_walk walk = {
		.rec = rec,
		.node = READ_PROBED(head, next),
		.head = head,
		.last = &task->thread_node,
	};

	LOOP(loops, REC_THREADS_MAX, UNROLLED_THREADS_MAX, exit_step, &walk);
	if (walk.node != head)
		rec->flags |= REC_EXIT_THREADS_CUT;
}

/* A thread ends while its process continues: its I/O, for exit_io_apart(). */
static __always_inline void exit_note_thread(struct task_struct *task, __u32 tgid, __u64 start_ns)
{
	struct proc_entry *entry;
	__u64 read, write;

	if (!bpf_core_field_exists(task->ioac.read_bytes))
		return;
	read = READ_PROBED(task, ioac.read_bytes);
	write = READ_PROBED(task, ioac.write_bytes);
	if (!read && !write)
		return;
	entry = cache_find(tgid, start_ns);
	if (!entry)
		return;
	atomic_add_u64(&entry->threads_read_bytes, read);
	atomic_add_u64(&entry->threads_write_bytes, write);
}

/*
 * signal_struct has one sum for the I/O of threads that have ended and of children that were waited
 * for. What exceeds the threads' I/O is the children's: it is subtracted, as their own exits report
 * it. A leader that ended before the last thread is still linked, and not in that sum.
 */
static __always_inline void exit_io_apart(struct rec_exit *rec, const struct proc_entry *entry,
					  struct task_struct *task, struct signal_struct *signal)
{
	__u64 read, write, threads_read, threads_write;

	if (!entry || !(entry->fork_ts_ns || entry->flags & PROC_NO_IO_BEFORE) ||
	    !bpf_core_field_exists(signal->ioac.read_bytes))
		return;
	read = READ_PROBED(signal, ioac.read_bytes);
	write = READ_PROBED(signal, ioac.write_bytes);
	threads_read = entry->threads_read_bytes;
	threads_write = entry->threads_write_bytes;
	if (READ(task, pid) != READ(task, tgid)) {
		threads_read -= READ_PROBED(task, group_leader, ioac.read_bytes);
		threads_write -= READ_PROBED(task, group_leader, ioac.write_bytes);
	}
	if (read > threads_read)
		rec->read_bytes -= read - threads_read;
	if (write > threads_write)
		rec->write_bytes -= write - threads_write;
}

static __always_inline void exit_usage(struct rec_exit *rec, struct cpu_counters *c,
				       struct task_struct *task, struct signal_struct *signal,
				       const struct proc_entry *entry, const enum loops loops)
{
	rec->utime_ns = READ(signal, utime);
	rec->stime_ns = READ(signal, stime);
	rec->runtime_ns = READ(signal, sum_sched_runtime) + clock_unaccounted(c, task);
	rec->minor_faults = READ(signal, min_flt);
	rec->major_faults = READ(signal, maj_flt);
	rec->voluntary_switches = READ(signal, nvcsw);
	rec->involuntary_switches = READ(signal, nivcsw);
	rec->max_rss_bytes = READ(signal, maxrss) * config.page_bytes;
	rec->children_utime_ns = READ(signal, cutime);
	rec->children_stime_ns = READ(signal, cstime);
	rec->children_max_rss_bytes = READ(signal, cmaxrss) * config.page_bytes;
	rec->read_bytes = 0;
	rec->write_bytes = 0;
	if (bpf_core_field_exists(signal->ioac.read_bytes)) {
		rec->read_bytes = READ_PROBED(signal, ioac.read_bytes);
		rec->write_bytes = READ_PROBED(signal, ioac.write_bytes);
		rec->flags |= REC_EXIT_HAS_IO;
	}
	exit_add_thread(rec, task, TYPED);
	if (READ(signal, nr_threads) > 1)
		exit_other_threads(rec, task, signal, loops);
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

/* Does this thread end the process? True for at most one thread of each process. */
static __always_inline bool exit_is_last(struct task_struct *task, bool group_dead, __u32 tgid,
					 __u64 start_ns)
{
	struct death death = { .start_ns = start_ns, .tgid = tgid };
	__u32 dead = 1;

	if (config.has_group_dead)
		return group_dead;
	if (READ(task, signal, live.counter))
		return false;
	return !bpf_map_update_elem(&deaths, &death, &dead, BPF_NOEXIST);
}

static __always_inline void exit_send(const struct emit *emit, struct task_struct *task,
				      const struct proc_entry *entry, __u64 start_ns,
				      const enum loops loops)
{
	struct signal_struct *signal = READ(task, signal);
	struct rec_exit *rec = emit->record;
	__u32 size = identity_fill(emit, task, sizeof(*rec), TYPED, loops);

	rec->flags = 0;
	rec->reserved = 0;
	rec->status = exit_status(task, signal);
	if (emit->ts_ns - start_ns < config.short_lived_window_ns)
		rec->flags |= REC_EXIT_SHORT_LIVED;
	if (READ(signal, oom_mm))
		rec->flags |= REC_EXIT_OOM;
	exit_from_cache(rec, entry);
	exit_usage(rec, emit->counters, task, signal, entry, loops);
	send(emit, REC_EXIT, size);
}

static __always_inline void emit_exit(void *ctx, struct task_struct *task, bool group_dead,
				      const enum loops loops)
{
	__u32 tgid = READ(task, tgid);
	__u64 start_ns = READ(task, group_leader, start_boottime);
	struct proc_entry *entry;
	struct emit emit;

	attempt_drop((__u64)task); /* of a task that was killed in the middle of an exec */
	if (!exit_is_last(task, group_dead, tgid, start_ns)) {
		exit_note_thread(task, tgid, start_ns);
		return;
	}
	if (!emit_begin(&emit, ctx, SLOT_EXIT, READ(task, pid)))
		return;
	entry = cache_find(tgid, start_ns);
	if (admit(task, entry, REC_CLASS_EXIT))
		exit_send(&emit, task, entry, start_ns, loops);
	if (!entry)
		return;
	/* After the record: user space takes this flag to mean that no record is to come. */
	entry->flags |= PROC_EXITED;
	cache_bury(emit.counters, tgid, start_ns, emit.ts_ns);
}

#endif
