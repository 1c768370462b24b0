/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/shared.c - many cases under one begat.
 *
 * Loading the programs takes a guest seconds; with --shared it is done once a backend, transport
 * and way of tracing, not once a case. Cases of `begat run` are started under a `begat watch -p` of
 * the runner; cases that are to be there before begat all wait before it starts, and are let go
 * one by one. A process marks the end of each case in the stream: what stands before its exit is
 * the case's. Who makes it must be traced: the runner, or a case that waits to the end (keeper).
 */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAITING_MAX 24

static struct child begat = { .pid = -1, .out = -1, .err = -1 };
static struct leaks leaks;
static struct text all; /* the whole stream, for the check at the end */
static pid_t marker;
static enum mode mode_now; /* what its tests ask for */
static const char *const *options_now;
static struct waiting {
	const struct test *test; /* NULL = it had its turn */
	struct session session;
} waiting[WAITING_MAX];
static size_t waiting_count;
static struct session keeper = { .go_fd = -1 };

static pid_t make_marker(void)
{
	pid_t pid;

	if (mode_now != MODE_RUN)
		return session_sentinel(&keeper, &begat);
	pid = fork();

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

/* Is what is traced now, and how, what this test asks for? */
static bool asks_for_this(const struct test *test)
{
	size_t i = 0;

	if (test->mode != mode_now)
		return false;
	for (; test->options[i] && options_now[i]; i++) {
		if (strcmp(test->options[i], options_now[i]) != 0)
			return false;
	}
	return test->options[i] == options_now[i];
}

static bool start_waiting_one(struct session *session, const char *program, const char *const *args)
{
	if (session_start_alone(session, program, args, &begat) < 0) {
		session_done(session);
		*session = (struct session){ .go_fd = -1 };
		return false;
	}
	session->mode = mode_now;
	leaks_expect(session->program.pid);
	return true;
}

static bool start_waiting(void)
{
	static const char *const plain[] = { "plain", NULL };

	if (!start_waiting_one(&keeper, "c_exec", plain))
		return false;
	for (const struct test *test = tests; test->name && waiting_count < WAITING_MAX; test++) {
		if (test->run || !asks_for_this(test) || !test_is_selected(test))
			continue;
		if (!start_waiting_one(&waiting[waiting_count].session, test->program, test->args))
			return false;
		waiting[waiting_count++].test = test;
	}
	return true;
}

static void end_waiting(void)
{
	leaks_expect(0);
	for (size_t i = 0; i < waiting_count; i++) {
		if (waiting[i].test)
			leaks_expect(waiting[i].session.program.pid);
	}
	if (keeper.folder[0])
		session_done(&keeper);
	for (size_t i = 0; i < waiting_count; i++) {
		if (waiting[i].test)
			session_done(&waiting[i].session);
	}
	leaks_expect(0);
	keeper = (struct session){ .go_fd = -1 };
	waiting_count = 0;
}

/* The case of this test that waits for its turn, once. */
static struct session *take_waiting(const struct test *test)
{
	for (size_t i = 0; i < waiting_count; i++) {
		if (waiting[i].test == test) {
			waiting[i].test = NULL;
			return &waiting[i].session;
		}
	}
	return NULL;
}

static size_t add_roots(const char **argv, size_t n)
{
	static char pids[WAITING_MAX + 1][16];

	if (mode_now == MODE_WATCH)
		return n;
	for (size_t i = 0; i <= waiting_count; i++) {
		pid_t pid = mode_now == MODE_RUN ? getpid()
			    : i == waiting_count ? keeper.program.pid
						 : waiting[i].session.program.pid;

		snprintf(pids[i], sizeof(pids[i]), "%d", pid);
		argv[n++] = "-p";
		argv[n++] = pids[i];
	}
	return n;
}

static int start(const struct test *test)
{
	struct child *const list[] = { &begat };
	const char *argv[20 + 2 * WAITING_MAX + 2] = {
		config.begat,	"watch",       "--format",	 "json", "--backend",
		config.backend, "--transport", config.transport, "-v"
	};
	struct spawn spawn = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1 };
	size_t n = 9;

	mode_now = test->mode;
	options_now = test->options;
	for (size_t i = 0; options_now[i] && n < 19; i++)
		argv[n++] = options_now[i];
	memset(&leaks, 0, sizeof(leaks));
	if (mode_now != MODE_RUN && !start_waiting()) {
		end_waiting();
		return -1;
	}
	add_roots(argv, n);
	if (child_spawn(&begat, &spawn) < 0 ||
	    !child_pump(list, 1, is_ready, NULL, test_deadline()) || begat.err < 0) {
		problem("begat does not start: %s",
			begat.err_text.data ? begat.err_text.data : strerror(errno));
		child_done(&begat);
		begat.pid = -1;
		end_waiting();
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
	return begat.pid < 0 || asks_for_this(test);
}

void shared_run_case(const struct test *test)
{
	struct child *const list[] = { &begat };
	struct session own = { .go_fd = -1 }, *session = &own;
	struct stream stream = { 0 };
	struct text before = { 0 };

	if (begat.pid < 0 && start(test) < 0)
		return;
	if (mode_now != MODE_RUN) {
		session = take_waiting(test);
		if (!session) {
			problem("no process waits for this case");
			return;
		}
	}
	/* Whatever ran in between belongs to nobody. */
	marker = make_marker();
	child_pump(list, 1, has_marker, NULL, test_deadline());
	take_slice(&before);
	text_done(&before);
	if (session != &own ||
	    session_start_alone(session, test->program, test->args, &begat) == 0) {
		session_command(session, "go");
		session_end_alone(session, &begat);
		end_slice(session);
		stream_parse(&stream, &session->events);
		match_truth(session, &stream);
		if (!is_skipped())
			stream_check_events(&stream, false);
	}
	stream_done(&stream);
	session_done(session);
}

/* The end of the one begat is a test of its own: all delivered, nothing lost, nothing left. */
void shared_finish(const struct test *test)
{
	struct stream stream;

	(void)test;
	if (begat.pid < 0)
		return;
	kill(begat.pid, SIGINT);
	if (child_wait(&begat, test_deadline()) != 0)
		problem("begat watch ended with wait status %#x", begat.status);
	text_add(&all, begat.out_text.data ? begat.out_text.data : "", begat.out_text.len);
	stream_parse(&stream, &all);
	stream_check(&stream, false);
	stream_done(&stream);
	text_done(&all);
	child_done(&begat);
	end_waiting();
	leaks_check(&leaks);
	leaks_check_processes();
	begat.pid = -1;
}
