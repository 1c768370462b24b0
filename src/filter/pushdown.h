/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/pushdown.h - what a tracer asks of a filter to keep events from leaving the kernel.
 */
#ifndef BEGAT_FILTER_PUSHDOWN_H
#define BEGAT_FILTER_PUSHDOWN_H

#include <begat/filter.h>

#include "filter/ast.h"

/*
 * What of an expression holds for every event that matches: a tracer checks that much in the
 * kernel. Each list is empty if nothing can be said.
 */
struct filter_pushdown {
	uint32_t events; /* mask of types that can match; BEGAT_EVENTS_ALL = no limit */
	uint32_t uids_count;
	uint32_t uids[16];
	uint32_t under_count; /* processes: all matches are these or below them */
	uint32_t under_tgids[16];
	bool asks_lineage; /* has under() or ancestor() */
	bool cgroups; /* some cgroups rule a match out, whatever else an event says */
	bool cgroups_failed_only; /* but only failed execs can be kept back: set by a tracer */
	char pushed[512]; /* for -v: the part of the expression that is covered, as text; or "" */
};

void filter_pushable(const struct begat_filter *filter, struct filter_pushdown *ret);

/* Writes @push->pushed anew, from the rest of it: a tracer may leave out what it cannot do. */
void filter_write_pushed(struct filter_pushdown *push);

/*
 * Tells what the hooks call the processes that under() names. @translate gives 0 and the number, or
 * a negative errno: then the number stays as it was typed.
 */
void filter_translate_pids(struct begat_filter *filter,
			   int (*translate)(void *ctx, uint32_t pid, uint32_t *ret_tgid),
			   void *ctx);

/* Is it false of whatever happens in the cgroup of @ev? */
bool filter_excludes_cgroup(const struct begat_filter *filter, const struct begat_event *ev);

/* Is there a cgroup of which it is? Says no of some odd mixtures of `not`: a push less. */
bool filter_excludes_some_cgroup(const struct begat_filter *filter);

#endif
