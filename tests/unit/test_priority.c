/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_priority.c - the reader among the scheduler's tasks: what it takes, and that what it
 * starts gets none of it.
 */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "base/sched.h"
#include "cli/priority.h"

static struct sched_settings look(void)
{
	struct sched_settings seen = { 0 };

	assert_int_equal(sched_settings_get(&seen), 0);
	return seen;
}

/* The exit status of a child in which @check ran: 0 if it held. */
static int in_child(int (*check)(const struct sched_settings *before),
		    const struct sched_settings *before)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(check(before));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int is_usual(const struct sched_settings *usual)
{
	struct sched_settings now = look();

	return now.policy == usual->policy && now.nice >= 0 &&
			       now.runtime_ns == usual->runtime_ns &&
			       !(now.flags & SCHED_FLAG_RESET_ON_FORK)
		       ? 0
		       : 2;
}

static int prompt(const struct sched_settings *usual)
{
	struct sched_settings now;

	priority_take(PRIORITY_PROMPT);
	now = look();
	if (now.nice != usual->nice || !(now.flags & SCHED_FLAG_RESET_ON_FORK))
		return 1;
	/* Before 6.12 there is nothing to see. */
	if (usual->runtime_ns && now.runtime_ns >= usual->runtime_ns)
		return 3;
	return in_child(is_usual, usual);
}

static int session_nice(void)
{
	FILE *file = fopen("/proc/self/autogroup", "re");
	int nice = 0;

	if (file && fscanf(file, "/autogroup-%*d nice %d", &nice) != 1)
		nice = 0;
	if (file)
		fclose(file);
	return nice;
}

static bool sessions_are_groups(void)
{
	FILE *file = fopen("/proc/sys/kernel/sched_autogroup_enabled", "re");
	bool is_on = file && fgetc(file) == '1';

	if (file)
		fclose(file);
	return is_on;
}

static int first(const struct sched_settings *usual)
{
	struct sched_settings now;
	int r = 0;

	/* A session of its own: that of the user who runs the tests stays as it is. */
	if (setsid() < 0)
		return 5;
	priority_take(PRIORITY_FIRST);
	now = look();
	if (now.nice != -20 && now.nice != usual->nice) /* without the right to it */
		r = 1;
	else if (sessions_are_groups() && session_nice() != now.nice)
		r = 6;
	else
		r = in_child(is_usual, usual);
	priority_take(PRIORITY_USUAL);
	return r ? r : session_nice() ? 7 : 0;
}

/* Ended by a signal, or by exit(): the session is as it was. */
static int session_after(int signal_number)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	if (setsid() < 0 || pipe(ready))
		return 1;
	pid = fork();
	if (!pid) {
		signal(SIGINT, SIG_DFL); /* whatever the shell did */
		priority_take(PRIORITY_FIRST);
		if (!signal_number)
			exit(0);
		if (write(ready[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	if (signal_number && (read(ready[0], &byte, 1) != 1 || kill(pid, signal_number)))
		return 2;
	if (waitpid(pid, &status, 0) != pid || (signal_number && WTERMSIG(status) != signal_number))
		return 3;
	/* The guard has no other way to say that it is done. */
	for (int i = 0; session_nice(); i++) {
		if (i == 10000)
			return 4;
		usleep(1000);
	}
	return 0;
}

static int killed(const struct sched_settings *usual)
{
	return session_after(SIGKILL);
}

static int interrupted(const struct sched_settings *usual)
{
	return session_after(SIGINT);
}

static int terminated(const struct sched_settings *usual)
{
	return session_after(SIGTERM);
}

static int returned(const struct sched_settings *usual)
{
	return session_after(0);
}

static int chosen_policy_stays(const struct sched_settings *usual)
{
	const struct sched_param param = { 0 };

	if (sched_setscheduler(0, SCHED_BATCH, &param))
		return 4;
	priority_take(PRIORITY_PROMPT);
	return look().policy == SCHED_BATCH ? 0 : 1;
}

static void test_priority(void **state)
{
	int (*const checks[])(const struct sched_settings *) = {
		prompt, first, chosen_policy_stays, interrupted, terminated, returned, killed
	};
	struct sched_settings usual = look();

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		assert_int_equal(in_child(checks[i], &usual), 0);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_priority) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
