/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/usage.c - CPU time within a recording: what two readings of the living tell.
 *
 * Owns:    the difference of the readings.
 * Not:     the readings (store/write/usage.c).
 */
#include "model/model.h"

/*
 * The split into user and system follows the kernel's ticks and may shift between two readings; the
 * sum never goes back, so it is the sum that is subtracted.
 */
void model_settle_usage(const struct model *model, struct model_row *row)
{
	static const struct model_usage none;
	const struct model_usage *usage = row->usage ? &model->usages[row->usage - 1] : &none;
	struct begat_trace_process *p = &row->p;
	uint64_t all, before = usage->before_utime_ns + usage->before_stime_ns;

	if (!p->has_cpu && usage->has_until && (p->has_fork || p->has_cpu_before)) {
		p->utime_ns = usage->until_utime_ns;
		p->stime_ns = usage->until_stime_ns;
		p->has_cpu = true;
	}
	/* It ended between the first reading and the snapshot. */
	if (p->has_cpu_before && !p->has_fork && p->start_ns < model->table.usage_begin_ns)
		p->was_there_before = true;
	if (!p->has_cpu || !p->has_cpu_before)
		return;
	all = p->utime_ns + p->stime_ns > before ? p->utime_ns + p->stime_ns - before : 0;
	p->utime_ns =
		p->utime_ns > usage->before_utime_ns ? p->utime_ns - usage->before_utime_ns : 0;
	if (p->utime_ns > all)
		p->utime_ns = all;
	p->stime_ns = all - p->utime_ns;
}
