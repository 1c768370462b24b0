/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/processes.h - each process that runs now, as a snapshot event.
 *
 * Owns:    the list: the source's own, or else that of /proc; completing an event from /proc.
 * Not:     what is done with it (start.c, resync.c).
 *
 * Between the exit hook and the moment from which the kernel lists a process no more lies all that
 * the exit has still to do: there it is listed, and no event of it is to come. The source knows
 * that the hook is past, for those that began under our eyes; for others the next look will tell.
 * Likewise a new process is listed before the fork hook has run in its parent, which may be
 * preempted in between: is_new.
 */
#ifndef BEGAT_TRACER_PROCESSES_H
#define BEGAT_TRACER_PROCESSES_H

#include "proctable/proctable.h"
#include "source/source.h"

#define PROCESSES_FACTS_BYTES (16 << 10)

struct processes {
	struct source *source;
	struct proctable *table;
	uint64_t
		complete_ns; /* from here on every process is seen from its first event; 0 = not yet */
};

/* One of them. */
struct process_seen {
	struct begat_event *ev; /* without exe and argv, until processes_complete() */
	uint64_t start_ns;
	uint32_t proc_pid; /* in /proc; 0 = it is not there */
	bool is_new; /* its fork may still come */
	bool is_in_exec; /* its exec may still come, though it looks as after it */
	uint32_t exec_id; /* as in struct source_process */
};
typedef int (*processes_callback)(void *ctx, const struct process_seen *seen);

/*
 * Stops at non-zero and returns it. *ret_has_doubtful (NULL is fine): one is new; or one is exiting,
 * and nobody can say whether its exit hook is past.
 */
int processes_list(const struct processes *processes, processes_callback callback, void *ctx,
		   bool *ret_has_doubtful);

/* Adds exe, argv and cwd as /proc has them; they are in @buf of PROCESSES_FACTS_BYTES. */
void processes_complete(const struct process_seen *seen, char *buf);

#endif
