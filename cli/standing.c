/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/standing.c - the priority and the slice of the reader, and what its session needs then.
 *
 * Where sessions are scheduled as groups (kernel.sched_autogroup_enabled), a session's share of all
 * CPUs is divided among them by the weight that runs on each. A reader of nice -20 draws all of it
 * to its own CPU: on a busy machine the rest of the session, who is traced most likely, gets a
 * hundredth of what it had (a storm of 1.2 s took 52 s). So the session is raised by as much: then
 * each of its tasks weighs what it weighs without groups. It is lowered again at the end, whatever
 * ends us but SIGKILL.
 */
#include "standing.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000 /* the shortest that the kernel gives */

/* The kernel's struct sched_attr as 3.14 had it; <linux/sched/types.h> does not go with <sched.h>. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

#define NICE_FIRST (-20)

static char session_before[8]; /* its nice value as text; "" = it is not raised */
static bool is_session_watched;

/* Also from signal handlers. */
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
}

static void lower_and_end(int signal_number)
{
	lower_session();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* Where a signal is waited for (signals.c) or ignored it does not end us, and stays as it is. */
static void watch_session(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct sigaction now, lower = { .sa_handler = lower_and_end };

	if (is_session_watched)
		return;
	is_session_watched = true;
	atexit(lower_session);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!sigaction(ends[i], NULL, &now) && now.sa_handler == SIG_DFL)
			sigaction(ends[i], &lower, NULL);
}

/* The first line of a file of /proc, or "". */
static void read_line(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(out, (int)size, file))
		out[0] = '\0';
	if (file)
		fclose(file);
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
	if (!set_session(first))
		return false;
	snprintf(session_before, sizeof(session_before), "%d", nice);
	watch_session();
	return true;
}

void standing_take(enum standing standing)
{
	struct attr attr = {
		.size = sizeof(attr),
		.policy = SCHED_OTHER,
		.flags = standing == STANDING_USUAL ? 0 : SCHED_FLAG_RESET_ON_FORK,
		.nice = getpriority(PRIO_PROCESS, 0),
	};

	if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) != SCHED_OTHER)
		return;
	if (standing != STANDING_FIRST)
		lower_session();
	else if (!raise_session())
		return;
	if (standing == STANDING_FIRST)
		attr.nice = NICE_FIRST;
	if (standing == STANDING_PROMPT)
		attr.runtime_ns = SLICE_NS;
	if (syscall(SYS_sched_setattr, 0, &attr, 0) && standing == STANDING_FIRST)
		lower_session();
}
