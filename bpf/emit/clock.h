/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/clock.h - how long the running task has been on its CPU since the scheduler last
 * updated its run time: up to a tick, which is the whole life of most processes.
 *
 * A tracing program cannot read the scheduler's clock. But a cpu-clock perf event counts in that
 * clock from an unknown start: base = clock - count. The clock as of its last update can be read,
 * and is never ahead. So on each CPU, base is the greatest value of (last update - count) so far.
 * src/attach/ makes the first observations close ones. A base that is too small makes times too
 * short, never too long.
 */
#ifndef BEGAT_BPF_EMIT_CLOCK_H
#define BEGAT_BPF_EMIT_CLOCK_H

#include "compat.h"

#define CLOCK_STALE_MAX_NS 1000000000ull /* longer than any tick: such a value is wrong */

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

	if ((__s64)count < 0 && (__s64)count > -4096) /* an error number, in an unsigned type */
		return 0;
	base = READ_PROBED(rq, clock) - count;
	if (!c->clock_base_ns || (__s64)(base - c->clock_base_ns) > 0)
		c->clock_base_ns = base;
	return c->clock_base_ns + count;
}

/* What the run time of the running task lacks, in ns. */
static __always_inline __u64 clock_unaccounted(struct cpu_counters *c, struct task_struct *task)
{
	struct rq *rq = clock_rq(task);
	__u64 now = rq ? clock_now(c, rq) : 0, stale;

	if (!now)
		return 0;
	/* clock_task excludes the time of interrupts and of a hypervisor */
	stale = now - (READ_PROBED(rq, clock) - READ_PROBED(rq, clock_task)) -
		READ_PROBED(task, se.exec_start);
	return stale < CLOCK_STALE_MAX_NS ? stale : 0;
}

#endif
