/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/shared.c - many cases under one begat: `begat watch -p` of the runner itself.
 *
 * Loading the programs takes a guest seconds; with --shared it is done once a backend and
 * transport, not once a case. A process of ours marks the end of each case in the stream: what
 * stands before its exit is the case's.
 */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct child begat = { .pid = -1, .out = -1, .err = -1 };
static struct leaks leaks;
static struct text all; /* the whole stream, for the check at the end */
static pid_t marker;
static const char *const *options_now; /* what its tests ask for */

static pid_t make_marker(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

/* Has the marker's exit come? Its line is then the last that was read. */
static bool has_marker(void *ctx)
{
	const char *data = begat.out_text.data, *at = data;
	char pid[32];

	(void)ctx;
	snprintf(pid, sizeof(pid), "\"pid\":%d,", marker);
	while (at && (at = strstr(at, pid))) {
		const char *line = at, *end = strchr(at, '\n');

		while (line > data && line[-1] != '\n')
			line--;
		if (end && !strncmp(line, "{\"event\":\"exit\"", 15))
			return true;
		at++;
	}
	return false;
}

static bool is_ready(void *ctx)
{
	(void)ctx;
	return begat.err < 0 ||
	       (begat.err_text.data && strstr(begat.err_text.data, " transport of "));
}

static int start(void)
{
	struct child *const list[] = { &begat };
	char pid[16];
	const char *argv[20] = {
		config.begat,  "watch",		 "--format", "json", "--backend", config.backend,
		"--transport", config.transport, "-v",	     "-p",   pid
	};
	struct spawn spawn = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1 };
	size_t n = 11;

	for (size_t i = 0; options_now[i] && n < 19; i++)
		argv[n++] = options_now[i];

	snprintf(pid, sizeof(pid), "%d", getpid());
	memset(&leaks, 0, sizeof(leaks));
	if (child_spawn(&begat, &spawn) < 0 ||
	    !child_pump(list, 1, is_ready, NULL, test_deadline()) || begat.err < 0) {
		problem("begat does not start: %s",
			begat.err_text.data ? begat.err_text.data : strerror(errno));
		child_done(&begat);
		begat.pid = -1;
		return -1;
	}
	leaks_note(&leaks, begat.pid);
	leaks_expect(begat.pid);
	return 0;
}

/* Takes what came since the last case, up to the marker. */
static void take_slice(struct text *ret)
{
	text_add(&all, begat.out_text.data, begat.out_text.len);
	*ret = begat.out_text;
	begat.out_text = (struct text){ 0 };
}

static void end_slice(struct session *session)
{
	struct child *const list[] = { &begat };

	marker = make_marker();
	if (!child_pump(list, 1, has_marker, NULL, test_deadline()))
		problem("begat does not show a process that was made after the case");
	text_printf(session->truth, "{\"sentinel\":%d}\n", marker);
	take_slice(&session->events);
}

bool shared_is_there(void)
{
	return begat.pid > 0;
}

bool shared_fits(const struct test *test)
{
	for (size_t i = 0; begat.pid > 0; i++) {
		const char *option = test->options[i];

		if (!option || !options_now[i])
			return option == options_now[i];
		if (strcmp(option, options_now[i]) != 0)
			return false;
	}
	return true;
}

void shared_run_case(const struct test *test)
{
	struct child *const list[] = { &begat };
	struct session session = { .go_fd = -1 };
	struct stream stream = { 0 };
	struct text before = { 0 };

	if (begat.pid < 0) {
		options_now = test->options;
		if (start() < 0)
			return;
	}
	/* Whatever ran in between belongs to nobody. */
	marker = make_marker();
	child_pump(list, 1, has_marker, NULL, test_deadline());
	take_slice(&before);
	text_done(&before);
	if (session_start_alone(&session, test->program, test->args, &begat) == 0) {
		session_command(&session, "go");
		session_end_alone(&session, &begat);
		end_slice(&session);
		stream_parse(&stream, &session.events);
		match_truth(&session, &stream);
		if (!is_skipped())
			stream_check_events(&stream, false);
	}
	stream_done(&stream);
	session_done(&session);
}

/* The end of the one begat is a test of its own: all delivered, nothing lost, nothing left. */
void shared_finish(const struct test *test)
{
	struct stream stream;

	(void)test;
	if (begat.pid < 0)
		return;
	leaks_expect(0);
	kill(begat.pid, SIGINT);
	if (child_wait(&begat, test_deadline()) != 0)
		problem("begat watch ended with wait status %#x", begat.status);
	text_add(&all, begat.out_text.data ? begat.out_text.data : "", begat.out_text.len);
	stream_parse(&stream, &all);
	stream_check(&stream, false);
	stream_done(&stream);
	text_done(&all);
	child_done(&begat);
	leaks_check(&leaks);
	leaks_check_processes();
	begat.pid = -1;
}
