/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/child.h - the command of `begat run`: made, held back, let go.
 *
 * Owns:  fork and exec, the two pipes between, the words for an exec that failed.
 * Not:   waiting for its end (run.c).
 */
#ifndef BEGAT_CLI_CHILD_H
#define BEGAT_CLI_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "signals.h"

struct child {
	pid_t pid;
	int release_fd; /* closing it unwritten makes the child give up */
	int error_fd; /* tells an exec's errno; closes by itself on success */
};

/* Forks a child that waits. 0 or -errno. */
int child_start(struct child *child, const struct signals *signals, char **argv);

/*
 * Lets it exec. Returns 0 once the command runs; the positive errno of the failed exec; or
 * -ECHILD if the child is gone before it could try.
 */
int child_release(struct child *child);

/* Gives a child up that was not released, and closes what is open. Does not wait for a released one. */
void child_drop(struct child *child);

/* One sentence about a failed exec in @out; returns the exit status that shells use for it. */
int child_explain(const char *command, int error, char *out, size_t size);

#endif
