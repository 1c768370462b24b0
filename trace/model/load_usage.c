/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/load_usage.c - CPU time within a recording: what its readings tell.
 *
 * Owns:    the table usage, read; the difference of two readings.
 * Not:     the readings (usage.c).
 *
 * A recording of an older version has no such table: then only exits tell, and all that they tell.
 */
#include <errno.h>

#include "model/load.h"

static int take_row(struct begat_trace *trace, sqlite3_stmt *stmt)
{
	int64_t row, value[4];
	bool is_absent[4];
	int err = trace_int(trace, stmt, 0, &row, NULL);
	uint32_t index = err ? BEGAT_TRACE_NONE : link_row(trace->loaded, row);
	struct loaded_process *lp;

	for (int i = 0; i < 4 && !err; i++)
		err = trace_int(trace, stmt, i + 1, &value[i], &is_absent[i]);
	if (err < 0 || index == BEGAT_TRACE_NONE)
		return err;
	lp = &trace->loaded->processes[index];
	if (!is_absent[0] && !is_absent[1]) {
		lp->before_utime_ns = (uint64_t)value[0];
		lp->before_stime_ns = (uint64_t)value[1];
		lp->p.has_cpu_before = true;
	}
	if (!is_absent[2] && !is_absent[3]) {
		lp->until_utime_ns = (uint64_t)value[2];
		lp->until_stime_ns = (uint64_t)value[3];
		lp->has_until = true;
	}
	return 0;
}

int load_usage(struct begat_trace *trace)
{
	struct begat_trace_table *table = &trace->loaded->table;
	int64_t begin = trace_meta_number(trace, "machine_begin_ns");
	int64_t end = trace_meta_number(trace, "machine_end_ns"), has_table = 0;
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_DONE;
	int err = trace_scalar(trace,
			       "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND "
			       "name = 'usage'",
			       &has_table);

	if (err < 0 || !has_table)
		return err;
	table->usage_begin_ns = (uint64_t)trace_meta_number(trace, "usage_begin_ns");
	table->usage_end_ns = (uint64_t)trace_meta_number(trace, "usage_end_ns");
	if (begin > 0 && end > begin)
		table->machine_cpu_ns = (uint64_t)(end - begin);
	err = trace_prepare(trace,
			    "SELECT process, before_utime_ns, before_stime_ns, utime_ns, stime_ns "
			    "FROM usage",
			    &stmt);
	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		err = take_row(trace, stmt);
	if (!err && rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

/*
 * The split into user and system follows the kernel's ticks and may shift between two readings; the
 * sum never goes back, so it is the sum that is subtracted.
 */
void load_settle_usage(const struct loaded *l, struct loaded_process *lp)
{
	struct begat_trace_process *p = &lp->p;
	uint64_t all, before = lp->before_utime_ns + lp->before_stime_ns;

	if (!p->has_cpu && lp->has_until && (p->has_fork || p->has_cpu_before)) {
		p->utime_ns = lp->until_utime_ns;
		p->stime_ns = lp->until_stime_ns;
		p->has_cpu = true;
	}
	/* It ended between the first reading and the snapshot. */
	if (p->has_cpu_before && !p->has_fork && p->start_ns < l->table.usage_begin_ns)
		p->was_there_before = true;
	if (!p->has_cpu || !p->has_cpu_before)
		return;
	all = p->utime_ns + p->stime_ns > before ? p->utime_ns + p->stime_ns - before : 0;
	p->utime_ns = p->utime_ns > lp->before_utime_ns ? p->utime_ns - lp->before_utime_ns : 0;
	if (p->utime_ns > all)
		p->utime_ns = all;
	p->stime_ns = all - p->utime_ns;
}
