/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/clock.h - how long the running task has been on its CPU since the scheduler last
 * added that to its run time: up to a tick, which is the whole life of most processes.
 *
 * The scheduler's clock cannot be read in a tracing program, but a perf event of type cpu-clock
 * counts in it, from a start that is not known: base = clock - count. What can be seen is the
 * scheduler's clock at its last update, which is never ahead; so base is the greatest that
 * (last update - count) has ever been, on each CPU. attach/ makes the first observations close
 * ones, and a base that is too small makes times too short, never too long.
 */
#ifndef BEGAT_BPF_EMIT_CLOCK_H
#define BEGAT_BPF_EMIT_CLOCK_H

#include "compat.h"

#define CLOCK_STALE_MAX_NS 1000000000ull /* more than any tick: not to be believed */

static __always_inline struct rq *clock_rq(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->se.cfs_rq->rq))
		return NULL;
	return READ_PROBED(task, se.cfs_rq, rq);
}

/* The scheduler's clock now, on this CPU; 0 = not known. */
static __always_inline __u64 clock_now(struct cpu_counters *c, struct rq *rq)
{
	__u64 count = bpf_perf_event_read(&clocks, BPF_F_CURRENT_CPU);
	__u64 base;

	if ((__s64)count < 0 && (__s64)count > -4096) /* an error, in a type that hides it */
		return 0;
	base = READ_PROBED(rq, clock) - count;
	if (!c->clock_base_ns || (__s64)(base - c->clock_base_ns) > 0)
		c->clock_base_ns = base;
	return c->clock_base_ns + count;
}

/* Of the task that runs here now. */
static __always_inline __u64 clock_unaccounted(struct cpu_counters *c, struct task_struct *task)
{
	struct rq *rq = clock_rq(task);
	__u64 now = rq ? clock_now(c, rq) : 0, stale;

	if (!now)
		return 0;
	/* clock_task leaves out what interrupts and a hypervisor took */
	stale = now - (READ_PROBED(rq, clock) - READ_PROBED(rq, clock_task)) -
		READ_PROBED(task, se.exec_start);
	return stale < CLOCK_STALE_MAX_NS ? stale : 0;
}

#endif
