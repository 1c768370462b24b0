/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/child.h - the command of `begat run`: made, held back, let go.
 *
 * Owns:  fork and exec, the two pipes between, the words for an exec that failed.
 * Not:   waiting for its end (session.c).
 */
#ifndef BEGAT_CLI_CHILD_H
#define BEGAT_CLI_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "resolve.h"
#include "signals.h"

struct child {
	pid_t pid; /* of the command, once it is started */
	pid_t maker; /* of the small process that makes it; -1 = gone */
	int release_fd; /* closing it makes both give up */
	int error_fd; /* tells an exec's errno; closes by itself on success */
	struct candidates candidates; /* what child_find() found */
};

/*
 * Searches for the command, first of all: nothing is opened, written or replaced for a command that
 * is not there. @child is all zero. CLI_OK, or the exit status of a failure that was reported.
 */
int child_find(struct child *child, char **argv);

/* Before the tracer is opened, while begat is small. 0 or -errno. */
int child_prepare(struct child *child, const struct signals *signals, char **argv);

/* Makes the command's process, which waits. 0 or -errno. */
int child_start(struct child *child);

/*
 * Lets it exec. Returns 0 once the command runs; the positive errno of the failed exec; or
 * -ECHILD if the child is gone before it could try.
 */
int child_release(struct child *child);

/*
 * Gives a child up that was not released, and closes what is open. Does not wait for a released
 * one.
 */
void child_drop(struct child *child);

/* How it failed, as a sentence in @out; NULL if it did not. @wait_status as wait(2) has it. */
const char *child_ending(const char *command, bool could_exec, int wait_status, char *out,
			 size_t size);

/* One sentence about a failed exec in @out; returns the exit status that shells use for it. */
int child_explain(char **argv, int error, char *out, size_t size);

#endif
