/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/priority.c - the priority and the slice of the reader, and what its session needs then.
 *
 * Where sessions are scheduled as groups (kernel.sched_autogroup_enabled), a session's share of all
 * CPUs is divided among them by the weight that runs on each. A reader of nice -20 draws all of it
 * to its own CPU: on a busy machine the rest of the session, most likely the traced processes, gets
 * a hundredth of what it had (a storm of 1.2 s took 52 s). So the session is raised by as much:
 * then each of its tasks weighs what it weighs without groups.
 *
 * A guard lowers it again: a process that waits at a pipe of which only we hold the other end, and
 * so learns of our end whatever ended us, SIGKILL included. A clean end lowers it itself, and the
 * guard then finds nothing to do.
 */
#include "priority.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/read_line.h"
#include "base/sched.h"

#ifndef SYS_close_range /* 5.9 */
#define SYS_close_range 436
#endif

#define SLICE_NS 100000 /* the shortest that the kernel gives */

#define NICE_FIRST (-20)

static char session_before[8]; /* its nice value as text; "" = it is not raised */
static int guard_fd = -1; /* our end of the guard's pipe */

static bool set_session(const char *nice)
{
	int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	bool is_set = fd >= 0 && write(fd, nice, strlen(nice)) > 0;

	if (fd >= 0)
		close(fd);
	return is_set;
}

static void lower_session(void)
{
	if (session_before[0])
		set_session(session_before);
	session_before[0] = '\0';
	/* A byte tells the guard that all is done. */
	if (guard_fd >= 0 && write(guard_fd, "", 1) == 1)
		close(guard_fd);
	guard_fd = -1;
}

/* In the guard: holds nothing that anybody could wait for, and ends only when we do. */
static void guard(int fd)
{
	sigset_t all;
	char byte;
	ssize_t n;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setpgid(0, 0); /* a signal to our group is none to it */
	prctl(PR_SET_NAME, "begat-guard");
	dup2(fd, 0);
	syscall(SYS_close_range, 1, ~0u, 0);
	if (chdir("/") < 0)
		_exit(1);
	do
		n = read(0, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		set_session(session_before);
	_exit(0);
}

/* Whether there is a guard now. */
static bool set_guard(void)
{
	int ends[2];
	long pid;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	/* Without a signal at its end: nobody here waits for it. */
	pid = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (!pid) {
		close(ends[1]);
		guard(ends[0]);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return false;
	}
	guard_fd = ends[1];
	return true;
}

/* Whether the session may stay as it is, or is raised now. */
static bool raise_session(void)
{
	char line[64], first[8];
	int nice;

	read_line("/proc/sys/kernel/sched_autogroup_enabled", line, sizeof(line));
	if (line[0] != '1' || session_before[0])
		return true;
	read_line("/proc/self/autogroup", line, sizeof(line));
	if (sscanf(line, "/autogroup-%*d nice %d", &nice) != 1 || nice == NICE_FIRST)
		return true;
	snprintf(first, sizeof(first), "%d", NICE_FIRST);
	snprintf(session_before, sizeof(session_before), "%d", nice);
	if (set_guard() && set_session(first)) {
		atexit(lower_session);
		return true;
	}
	lower_session();
	return false;
}

void priority_take(enum priority priority)
{
	struct sched_settings wanted = {
		.size = sizeof(wanted),
		.policy = SCHED_OTHER,
		.flags = priority == PRIORITY_USUAL ? 0 : SCHED_FLAG_RESET_ON_FORK,
		.nice = getpriority(PRIO_PROCESS, 0),
	};

	if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) != SCHED_OTHER)
		return;
	if (priority != PRIORITY_FIRST)
		lower_session();
	else if (!raise_session())
		return;
	if (priority == PRIORITY_FIRST)
		wanted.nice = NICE_FIRST;
	if (priority == PRIORITY_PROMPT)
		wanted.runtime_ns = SLICE_NS;
	if (sched_settings_set(&wanted) && priority == PRIORITY_FIRST)
		lower_session();
}
