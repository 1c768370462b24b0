/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/wakeups.c - no event is left lying because it came just before the reader slept, or
 * because it wakes nobody.
 *
 * One short life at a time, ending at another distance from its fork each time, so that some exit
 * falls between the reader's last look and its sleep. Or a short life, and then a fork of a process
 * that lives on: in a stream that shows exits too, it need not wake the reader. Nothing else happens
 * until begat shows it.
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 500
#define STEPS 64

static struct child begat;
static pid_t life;

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void live(int64_t for_ns)
{
	life = fork();
	if (life == 0) {
		int64_t end = clock_ns() + for_ns;

		while (clock_ns() < end)
			;
		_exit(0);
	}
	waitpid(life, NULL, 0);
}

/* Lives on until end_lingerer(). Its pid is that of the life to be shown. */
static void linger(void)
{
	life = fork();
	if (life == 0)
		for (;;)
			pause();
}

static void end_lingerer(void)
{
	kill(life, SIGKILL);
	waitpid(life, NULL, 0);
}

static bool is_ready(void *ctx)
{
	(void)ctx;
	return begat.err < 0 ||
	       (begat.err_text.data && strstr(begat.err_text.data, " transport of "));
}

/* @ctx: the event, as JSON has it */
static bool is_shown(void *ctx)
{
	const char *event = ctx, *line = begat.out_text.data;
	char pid[32];

	snprintf(pid, sizeof(pid), "\"pid\":%d,", life);
	for (line = line ? strstr(line, event) : NULL; line; line = strstr(line + 1, event)) {
		const char *found = strstr(line, pid), *end = strchr(line, '\n');

		if (found && end && found < end)
			return true;
	}
	return begat.out < 0;
}

/* Whether it runs and sees our children. */
static bool start(const char *events)
{
	struct child *const list[] = { &begat };
	char pid[16];
	const char *const argv[] = {
		config.begat,	  "watch", "-v", "--format",  "json",	      "-e",
		events,		  "-p",	   pid,	 "--backend", config.backend, "--transport",
		config.transport, NULL
	};
	struct spawn spawn = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1 };

	snprintf(pid, sizeof(pid), "%d", getpid());
	begat = (struct child){ .pid = -1, .out = -1, .err = -1 };
	if (child_spawn(&begat, &spawn) < 0 ||
	    !child_pump(list, 1, is_ready, NULL, test_deadline()) || begat.err < 0) {
		problem("begat does not start: %s",
			begat.err_text.data ? begat.err_text.data : "no reason given");
		child_done(&begat);
		return false;
	}
	return true;
}

static void end(void)
{
	kill(begat.pid, SIGINT);
	if (child_wait(&begat, test_deadline()) != 0)
		problem("begat watch ended with wait status %#x", begat.status);
	child_done(&begat);
	leaks_check_processes();
}

void test_wakeups(const struct test *test)
{
	struct child *const list[] = { &begat };

	(void)test;
	if (!start("exit"))
		return;
	for (int i = 0; i < config.lives && !has_problem(); i++) {
		live(i % STEPS * STEP_NS);
		if (!child_pump(list, 1, is_shown, "\"event\":\"exit\"", test_deadline()) ||
		    begat.out < 0)
			problem("the exit of life %d is not shown until something else happens", i);
		text_done(&begat.out_text);
	}
	end();
}

void test_late_forks(const struct test *test)
{
	struct child *const list[] = { &begat };

	(void)test;
	if (!start("fork,exec,exit"))
		return;
	for (int i = 0; i < config.lives / 4 && !has_problem(); i++) {
		live(i % STEPS * STEP_NS);
		linger();
		if (!child_pump(list, 1, is_shown, "\"event\":\"fork\"", test_deadline()) ||
		    begat.out < 0)
			problem("fork %d is not shown until something else happens", i);
		end_lingerer();
		text_done(&begat.out_text);
	}
	end();
}
