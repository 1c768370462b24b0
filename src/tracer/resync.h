/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/resync.h - after a loss: the table is compared with the machine, and what was missed is
 * made up.
 *
 * Owns:    when to compare, the comparison, synthetic events.
 * Not:     how the list is made (processes.h), the first snapshot (start.h).
 *
 * In two steps, because the machine goes on meanwhile:
 *   1. note what the table has, then list what runs;
 *   2. drain what has happened since, then compare. A process that is listed in both steps but is
 *      not in the table had its fork lost. One that the table had in step 1, that was not listed
 *      then and has no exit in the stream had its exit lost. One with another image had its exec
 *      lost. Whatever lies between, as a process in the middle of its fork or exec, is compared
 *      again soon.
 * A dead process with a lost fork gets a synthetic fork before its first event.
 *
 * Invariants
 *  (1) What the stream has is never made up: a comparison that is cut short, or that a record which
 *      is not yet whole would mislead, is due again.
 *  (2) A synthetic event is delivered as any other, and marked.
 */
#ifndef BEGAT_TRACER_RESYNC_H
#define BEGAT_TRACER_RESYNC_H

#include "tracer/processes.h"
#include "tracer/scope.h"

struct resync {
	/* set by the tracer */
	const struct processes *processes;
	const struct scope *scope;
	int (*drain)(void *ctx); /* all that is there; a negative errno stops the comparison */
	int (*deliver)(void *ctx, struct begat_event *ev);
	void *ctx;

	bool is_due;
	uint64_t losses_done, looked_ns; /* resync_losses() when last compared; when looked at */
	uint64_t doubt_due_ns,
		doubt_wait_ns; /* when to compare again, for those that were exiting */
	uint64_t synthetic; /* events made up so far */
};

/* Forks, execs and exits lost so far, reported or not. */
uint64_t resync_losses(const struct resync *r);
/* Has something been lost since the last comparison? */
bool resync_has_losses(const struct resync *r);
/* Looks whether a comparison is due, not too often. */
bool resync_is_due(struct resync *r, uint64_t now_ns);
/* Compares. 0 or a negative errno: then it is due as before. */
int resync_run(struct resync *r);
/* Before the first event of a process with a lost fork: makes the fork up. */
int resync_introduce(struct resync *r, const struct begat_event *first);
/* A list has been made: @has_doubtful as processes_list() gives it. */
void resync_note_doubtful(struct resync *r, bool has_doubtful);

#endif
