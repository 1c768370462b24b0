/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/priority.h - the priority of the calling thread.
 *
 * Owns: what changes it, and that the session does not suffer from it nor keeps it. Not: which
 * priority a delivery mode wants (stream.c).
 */
#ifndef BEGAT_CLI_PRIORITY_H
#define BEGAT_CLI_PRIORITY_H

enum priority {
	PRIORITY_USUAL,
	PRIORITY_FIRST, /* nice -20: nearly all of a CPU; until the process ends or takes another */
	PRIORITY_PROMPT, /* no more of the CPU than before, but at once: a short slice (6.12) */
};

/*
 * Threads and commands that are made later are usual. Without the right to it, on a kernel that
 * does not know it, or with a policy that the user has chosen (chrt), things stay as they are.
 */
void priority_take(enum priority priority);

#endif
