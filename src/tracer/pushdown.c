/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer/pushdown.c - see pushdown.h. */
#include "tracer/pushdown.h"

#include <string.h>

#define FORK BEGAT_EVENT_BIT(BEGAT_FORK)
#define EXEC BEGAT_EVENT_BIT(BEGAT_EXEC)
#define EXEC_FAILED BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED)
#define EXIT BEGAT_EVENT_BIT(BEGAT_EXIT)

/*
 * The process table needs forks, execs and exits, and an exit shows what the table knows; only a
 * stream of execs alone does without. Failed execs nobody else needs.
 */
static void plan_events(struct pushdown *p, uint32_t events, struct source_options *opts)
{
	events &= p->filter.events;
	p->delivered = events;
	p->has_table = p->filter.asks_lineage || opts->follow ||
		       events & (FORK | EXIT | BEGAT_EVENT_BIT(BEGAT_SNAPSHOT));
	opts->events = p->has_table ? FORK | EXEC | EXIT : events & EXEC;
	opts->events |= events & EXEC_FAILED;
}

/*
 * All matches are below these processes: follow them. One that does not run, or has died when its
 * number is given again, is followed from its fork on.
 */
static void plan_trees(struct pushdown *p, bool translates_pids, struct source_options *opts)
{
	/*
	 * A tree is chosen already, and the filter looks into it. Or under() names a process of our
	 * PID namespace: the source needs the other number before it can be asked for that.
	 */
	if (opts->follow || translates_pids)
		p->filter.under_count = 0;
	if (!p->filter.under_count)
		return;
	opts->roots_count = p->filter.under_count;
	memcpy(opts->roots, p->filter.under_tgids, sizeof(opts->roots));
	opts->follow = p->has_roots = true;
}

/*
 * A process may become one of the users after its fork and exec; the table must have seen those.
 * And of these two kinds of tests the option's come first.
 */
static void plan_uids(struct pushdown *p, struct source_options *opts)
{
	if (opts->uids_count)
		p->filter.uids_count = 0;
	if (!p->filter.uids_count)
		return;
	opts->may_gain_uid = p->has_table;
	opts->uids_count = p->filter.uids_count;
	memcpy(opts->uids, p->filter.uids, sizeof(opts->uids));
}

/*
 * Any process may be moved into a cgroup later, and its exit must say what it has run: what the
 * table needs is not held back.
 */
static void plan_cgroups(struct pushdown *p, struct source_options *opts)
{
	uint32_t skip_events = EXEC_FAILED | (p->has_table ? 0 : EXEC);

	p->filter.cgroups &= (skip_events & opts->events) != 0;
	p->filter.cgroups_failed_only = p->has_table;
	p->skips_cgroups = p->filter.cgroups;
	if (p->skips_cgroups)
		opts->skip_events = skip_events;
}

void pushdown_plan(struct pushdown *p, const struct begat_filter *where, uint32_t events,
		   bool translates_pids, struct source_options *opts)
{
	_Static_assert(sizeof(opts->uids) == sizeof(p->filter.uids) &&
			       sizeof(opts->roots) == sizeof(p->filter.under_tgids),
		       "as many as a filter names");

	*p = (struct pushdown){ .filter.events = BEGAT_EVENTS_ALL };
	if (where) {
		filter_pushable(where, &p->filter);
		plan_trees(p, translates_pids, opts);
	}
	plan_events(p, events, opts);
	plan_uids(p, opts);
	plan_cgroups(p, opts);
	if (p->filter.events && p->filter.events != BEGAT_EVENTS_ALL)
		p->filter.events = opts->events;
	if (p->filter.events == (FORK | EXEC | EXEC_FAILED | EXIT))
		p->filter.events = BEGAT_EVENTS_ALL;
	filter_write_pushed(&p->filter);
}
