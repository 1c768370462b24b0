/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/start.h - what is there already when a tracer begins.
 *
 * Owns:    the first snapshot, following trees that exist already.
 * Not:     looking again after a loss (resync.h).
 */
#ifndef BEGAT_TRACER_START_H
#define BEGAT_TRACER_START_H

#include "tracer/processes.h"
#include "tracer/scope.h"

/* What of them to give where: NULL = into the table, and nowhere else. */
struct start_sink {
	int (*deliver)(void *ctx, struct begat_event *ev);
	void *ctx;
};

/* All that runs, and was there before the stream is complete. 0 or a negative errno. */
int start_snapshot(const struct processes *processes, const struct scope *scope,
		   const struct start_sink *sink, bool *ret_has_doubtful);

/* All that those begot which are followed already. 0 or a negative errno. */
int start_follow_trees(const struct processes *processes);

#endif
