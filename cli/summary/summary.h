/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/summary.h - what ran, as a tree, and what it cost: the end of `begat run`.
 *
 * Owns:  the tree that is drawn of a run, the line that says whether it is complete.
 * Not:   the memory of what ran (begat_live), the stream of events (sinks).
 */
#ifndef BEGAT_CLI_SUMMARY_H
#define BEGAT_CLI_SUMMARY_H

#include <begat/begat.h>
#include <stdio.h>
#include <sys/types.h>

#define SUMMARY_LINES 40 /* of the tree, unless all are wanted */

struct summary;

struct summary_style {
	uint32_t columns; /* lines are cut to this; 0 = 100 */
	bool has_color, has_utf8;
	bool shows_all; /* every process: no folding, no bound */
};

/* @root: the command's pid; its fork may be missing in the stream. 0 or -ENOMEM. */
int summary_new(pid_t root, struct summary **ret_summary);
void summary_free(struct summary *summary);

/* Which fields of events it reads. */
void summary_fields(struct begat_fields *fields);

/*
 * Takes an event in. @ev may be of any type; what it does not concern is ignored.
 * Returns 0 or -ENOMEM (then the summary says that it is incomplete).
 */
int summary_add(struct summary *summary, const struct begat_event *ev);

/*
 * What those that live have used until now: their CPU time counts, and is said to be theirs. Call it
 * after the last event, with what was read just before begat_finish(); it has to stay until
 * summary_print() returns.
 */
void summary_take_usage(struct summary *summary, const struct begat_usage *usage);

/*
 * Prints tree, failures and the last line to @out.
 * @stats: the tracer's, after begat_finish().  @now_ns: boot clock, for what still runs.
 * The summary can take no more events afterwards. Returns 0 or -ENOMEM.
 */
int summary_print(struct summary *summary, const struct begat_stats *stats, uint64_t now_ns,
		  const struct summary_style *style, FILE *out);

#endif
