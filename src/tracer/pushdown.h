/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/pushdown.h - the part of a filter that the source checks, so that fewer events are made.
 *
 * Owns:    which events a source is asked for at all, and what --where lets it hold back.
 * Not:     what holds of every match (filter/pushdown.c), the checks (bpf/admit.h).
 *
 * Invariants
 *  (1) Every event that the whole filter keeps is delivered, with the same fields as without this.
 *  (2) pushdown.filter says what is really checked, no more.
 */
#ifndef BEGAT_TRACER_PUSHDOWN_H
#define BEGAT_TRACER_PUSHDOWN_H

#include "filter/pushdown.h"
#include "source/source.h"

struct pushdown {
	struct filter_pushdown filter; /* what of it the source checks */
	uint32_t delivered; /* BEGAT_EVENT_BIT()s of events that the filter can keep */
	bool has_table; /* false: a stream of execs alone, without forks and exits */
	bool has_roots; /* all matches are below opts->roots: these are to be followed */
	bool skips_cgroups; /* the source wants to know of those that the filter rules out */
};

/*
 * @where:  NULL is fine.
 * @events: BEGAT_EVENT_BIT()s that are to be delivered.
 * @opts:   gets events, roots, users and skip_events; has the users and trees of the options.
 */
void pushdown_plan(struct pushdown *pushdown, const struct begat_filter *where, uint32_t events,
		   bool translates_pids, struct source_options *opts);

#endif
