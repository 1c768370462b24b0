/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/ends.c - streams that begin and end in the middle of a storm.
 *
 * Owns: that such a stream is a whole piece, and that those who live at its end are those who
 *       live on the machine: never more of the storm than it has abreast. Each command, many times.
 * Not:  what is lost (storms.c).
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVES_ABREAST 1 /* the storms of c_fork wait for each */

static int rounds_wanted(void)
{
	if (config.rounds)
		return config.rounds;
	return config.is_quick || config.is_shared ? 2 : 20; /* shared: begat starts slowly */
}

/* Of the lives that @parent began, those without an exit. Hooks that end one by one leave thousands. */
static void check_living_at_end(int64_t parent, const struct stream *stream)
{
	json_t *living = json_object();
	size_t lives = 0;

	for (size_t i = 0; i < stream->count; i++) {
		const char *name = event_name(stream->events[i]);
		const char *id = json_string_value(json_object_get(stream->events[i], "id"));

		if (id && !strcmp(name, "fork") && event_int(stream->events[i], "ppid") == parent) {
			json_object_set_new(living, id, json_true());
			lives++;
		} else if (id && !strcmp(name, "exit")) {
			json_object_del(living, id);
		}
	}
	if (!lives)
		problem("the stream has none of the storm's lives");
	if (json_object_size(living) > LIVES_ABREAST)
		problem("%zu of %zu lives are left at the end of the stream: there are never more "
			"than %d",
			json_object_size(living), lives, LIVES_ABREAST);
	json_decref(living);
}

static void check_stream(int64_t parent, const struct text *text)
{
	struct stream stream = { 0 };

	stream_parse(&stream, text);
	stream_check(&stream, false);
	check_living_at_end(parent, &stream);
	stream_done(&stream);
}

/* Some way into the storm; the first one is stopped as soon as it says anything. */
static void stop_after(struct session *session, struct child *tracer, size_t bytes)
{
	struct child *const all[] = { tracer, &session->begat, &session->program };
	int64_t deadline = test_deadline();

	while (tracer->out >= 0 && tracer->out_text.len < bytes && now_ms() < deadline)
		child_pump(all, 3, NULL, NULL, now_ms() + 20);
	kill(tracer->pid, SIGINT);
	if (child_wait(tracer, deadline))
		problem("%d bytes into the storm, the tracer ended with wait status %#x: %s",
			(int)bytes, tracer->status,
			tracer->err_text.data ? tracer->err_text.data : "");
}

static void spawn_tracer(struct child *tracer, const char *const *argv)
{
	struct spawn spawn = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1 };

	if (child_spawn(tracer, &spawn) < 0)
		problem("cannot start begat");
}

static void watch_once(struct session *session, int round)
{
	const char *argv[] = { config.begat, "watch",	     "--format",    "json",
			       "--backend",  config.backend, "--transport", config.transport,
			       "--buffer",   "64MiB",	     NULL };
	struct child tracer;

	spawn_tracer(&tracer, argv);
	if (has_problem())
		return;
	stop_after(session, &tracer, (size_t)(round % 6) * 100000 + 1);
	check_stream(session->root, &tracer.out_text);
	child_done(&tracer);
}

/* A recording says only when it traces; a part of a second later it is somewhere in the storm. */
static void record_once(struct session *session, int round)
{
	char path[96];
	const char *argv[] = { config.begat,   "record",      "-v",
			       "-o",	       path,	      "--backend",
			       config.backend, "--transport", config.transport,
			       "--buffer",     "64MiB",	      NULL };
	struct outcome outcome;
	struct child tracer;

	snprintf(path, sizeof(path), "%s/recording.db", session->folder);
	spawn_tracer(&tracer, argv);
	if (has_problem())
		return;

	struct child *const all[] = { &tracer, &session->begat, &session->program };
	int64_t deadline = test_deadline();

	while (tracer.err >= 0 && now_ms() < deadline &&
	       (!tracer.err_text.data || !strstr(tracer.err_text.data, " transport of ")))
		child_pump(all, 3, NULL, NULL, now_ms() + 20);
	child_pump(all, 3, NULL, NULL, now_ms() + 50 + 30 * (round % 6));
	kill(tracer.pid, SIGINT);
	if (child_wait(&tracer, deadline))
		problem("the recording ended with wait status %#x: %s", tracer.status,
			tracer.err_text.data ? tracer.err_text.data : "");
	child_done(&tracer);
	begat_call(&outcome, &(struct spawn){ .stdout_fd = -1, .stderr_fd = -1 }, "show",
		   "--format", "json", path, NULL);
	if (outcome.status)
		problem("show ended with %d: %s", outcome.status,
			outcome.err.data ? outcome.err.data : "");
	else
		check_stream(session->root, &outcome.out);
	outcome_done(&outcome);
	unlink(path);
}

static void rounds_in_storm(void (*once)(struct session *session, int round))
{
	static const char *const args[] = { "endless", NULL };
	struct session session;

	if (session_start(&session, MODE_WATCH, "c_fork", args, NULL) == 0) {
		session_command(&session, "go");
		for (int round = 0; round < rounds_wanted() && !has_problem(); round++)
			once(&session, round);
		session_command(&session, "stop");
		session_collect(&session);
	}
	session_done(&session);
}

/* Tracers that come and go while processes do. */
void test_start_stop(const struct test *test)
{
	(void)test;
	rounds_in_storm(watch_once);
}

void test_start_stop_record(const struct test *test)
{
	(void)test;
	rounds_in_storm(record_once);
}

/* The command ends and leaves a storm behind. */
static void run_once(void)
{
	static const char *const args[] = { "leave", NULL };
	struct session session;
	pid_t leaver = 0;

	if (session_start(&session, MODE_RUN, "c_fork", args, NULL) == 0) {
		session_finish(&session);

		const char *at =
			session.truth->data ? strstr(session.truth->data, "leaves ") : NULL;

		leaver = at ? atoi(at + 7) : 0;
		if (leaver)
			check_stream(leaver, &session.events);
		else
			problem("the case did not say what it leaves");
	}
	if (leaver) {
		kill(leaver, SIGKILL);
		waitpid(leaver, NULL, 0); /* the runner adopts what its descendants leave */
	}
	session_done(&session);
}

void test_start_stop_run(const struct test *test)
{
	(void)test;
	for (int round = 0; round < rounds_wanted() && !has_problem(); round++)
		run_once();
}
