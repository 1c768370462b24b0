/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/storms.c - begat under pressure: losses, memory.
 */
#include "harness.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const kinds[] = { "fork", "exec", "exec_failed", "exit" };
#define KINDS 4

/* How many of each kind the case has caused by its own account, sentinels included. */
static void count_truth(const struct session *session, int64_t ret[KINDS])
{
	const char *at = session->truth->data;

	memset(ret, 0, KINDS * sizeof(*ret));
	for (; at && *at; at = strchr(at, '\n') + 1) {
		for (size_t i = 0; i < KINDS; i++) {
			char head[40];

			snprintf(head, sizeof(head), "{\"event\":\"%s\",", kinds[i]);
			ret[i] += !strncmp(at, head, strlen(head));
		}
		if (!strncmp(at, "{\"sentinel\":", 12)) {
			ret[0]++;
			ret[3]++;
		}
		if (!strchr(at, '\n'))
			break;
	}
	ret[3]++; /* the case itself */
}

static int64_t count_real(const struct stream *stream, const char *kind)
{
	int64_t n = 0;

	for (size_t i = 0; i < stream->count; i++) {
		const json_t *event = stream->events[i];

		n += !strcmp(event_name(event), kind) &&
		     !json_is_true(json_object_get(event, "synthetic"));
	}
	return n;
}

/* In-band: what the lost events of the stream say of one kind. */
static int64_t count_told(const struct stream *stream, const char *kind)
{
	int64_t n = 0;

	for (size_t i = 0; i < stream->count; i++) {
		const json_t *event = stream->events[i];
		const char *class = json_string_value(json_object_get(event, "class"));

		if (!strcmp(event_name(event), "lost") && class && !strcmp(class, kind))
			n += event_int(event, "count");
	}
	return n;
}

/* Nothing vanishes: what came, and what is told as lost, is what was caused. */
static void check_sums(const struct session *session, const struct stream *stream)
{
	const json_t *lost = json_object_get(stream->summary, "lost");
	int64_t caused[KINDS], total = 0;

	count_truth(session, caused);
	for (size_t i = 0; i < KINDS; i++) {
		int64_t real = count_real(stream, kinds[i]), gone = event_int(lost, kinds[i]),
			told = count_told(stream, kinds[i]);

		total += gone;
		if (real + gone != caused[i])
			problem("%s: %" PRId64 " in the stream + %" PRId64 " lost, but %" PRId64
				" were caused",
				kinds[i], real, gone, caused[i]);
		if (told != gone)
			problem("%s: lost events tell of %" PRId64 ", the summary of %" PRId64,
				kinds[i], told, gone);
	}
	if (total == 0)
		problem("nothing was lost: the buffer was not too small");
	if (json_is_true(json_object_get(stream->summary, "complete")))
		problem("the summary says complete");
}

/*
 * After a loss each process that was named and is dead has an exit, real or made up; a survivor
 * whose birth was lost is introduced, and its exit says who it was.
 */
static void check_healed(const struct session *session, const struct stream *stream)
{
	const char *at = session->truth->data;
	const char *needle = "\"argv\":{\"hexv\":[\"7375727669766f72\""; /* survivor */
	char target[4200];

	snprintf(target, sizeof(target), "%s", path_of_case("c_target"));
	while (at && (at = strstr(at, needle))) {
		const char *line = at;
		const json_t *first = NULL, *last = NULL;
		int64_t pid;

		while (line > session->truth->data && line[-1] != '\n')
			line--;
		at++;
		pid = atoll(strstr(line, "\"pid\":") + 6);
		for (size_t i = 0; i < stream->count; i++) {
			if (event_int(stream->events[i], "pid") != pid)
				continue;
			first = first ? first : stream->events[i];
			last = stream->events[i];
		}
		/* By an event of its own that was not lost, or by one that was made up. */
		if (!first || !strcmp(event_name(first), "exit"))
			problem("survivor %" PRId64 " was not introduced after the loss", pid);
		if (!last || strcmp(event_name(last), "exit") != 0 ||
		    json_is_true(json_object_get(last, "synthetic")))
			problem("survivor %" PRId64 " has no real exit", pid);
		else if (strcmp(json_string_value(json_object_get(last, "exe")) ?: "", target) != 0)
			problem("survivor %" PRId64 ": its exit says exe %s", pid,
				json_string_value(json_object_get(last, "exe")));
	}
	for (size_t i = 0; i < stream->count; i++) {
		const char *id = json_string_value(json_object_get(stream->events[i], "id"));
		bool has_exit = strcmp(event_name(stream->events[i]), "fork") != 0;

		for (size_t j = i; id && !has_exit && j < stream->count; j++)
			has_exit =
				!strcmp(event_name(stream->events[j]), "exit") &&
				!strcmp(json_string_value(json_object_get(stream->events[j], "id"))
						?: "",
					id);
		if (id && !has_exit)
			problem("pid %" PRId64 " is dead, but no exit was delivered or made up",
				event_int(stream->events[i], "pid"));
	}
}

/* The harness's own: there before begat, and nothing that it was asked about. */
static pid_t start_bystander(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end_bystander(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* What is put right after a loss is put right among those that are followed. */
static void check_bystander(const struct stream *stream, pid_t pid)
{
	for (size_t i = 0; i < stream->count; i++)
		if (event_int(stream->events[i], "pid") == pid)
			problem("bystander %d has a synthetic %s", pid,
				event_name(stream->events[i]));
}

/* What the case's storm makes of one life on average, at the least in begat's buffer: 2.5 events. */
#define LIFE_RECORD_BYTES 700
#define LIFE_TRUTH_BYTES 240

/* As many lives as cannot be held by begat's buffer, by its own word (-v): at least so many. */
static int lives_beyond_buffer(const struct session *session, int least)
{
	const char *said = strstr(session->begat.err_text.data, " transport of ");
	int lives = 3 * 512 * atoi(said + strlen(" transport of ")) / LIFE_RECORD_BYTES;

	return lives > least ? lives : least;
}

/* A storm while begat is stopped, with more lives than its buffer holds. */
static void storm_unseen(struct session *session)
{
	char lives[32];

	kill(session->begat.pid, SIGSTOP);
	snprintf(lives, sizeof(lives), "lives %d", lives_beyond_buffer(session, config.lives));
	session_command(session, lives);
	session_wait_truth(session, "done lives");
}

/* What holds of each stream with losses, when it is over. */
static void check_lossy_end(struct session *session, struct stream *stream)
{
	session_collect(session);
	stream_parse(stream, &session->events);
	stream_check(stream, true);
	check_sums(session, stream);
	check_healed(session, stream);
}

/* A loss that nothing comes after: who ended in it has an exit all the same. */
void test_loss_at_end(const struct test *test)
{
	static const char *const args[] = { "phases", NULL };
	static const char *const options[] = { "-v", "--buffer", "16KiB", NULL };
	struct session session;
	struct stream stream = { 0 };

	(void)test;
	if (session_start(&session, MODE_PID, "c_fork", args, options) == 0) {
		session_command(&session, "go");
		storm_unseen(&session);
		session_command(&session, "quit");
		child_wait(&session.program, test_deadline());
		kill(session.begat.pid, SIGINT); /* before it can look for losses */
		kill(session.begat.pid, SIGCONT);
		check_lossy_end(&session, &stream);
	}
	stream_done(&stream);
	session_done(&session);
}

/* begat is stopped while a storm runs, with the least of buffers. */
void test_loss(const struct test *test)
{
	static const char *const args[] = { "phases", NULL };
	static const char *const options[] = { "-v", "--buffer", "16KiB", NULL };
	struct session session;
	struct stream stream = { 0 };
	pid_t bystander = start_bystander();

	(void)test;
	if (session_start(&session, MODE_PID, "c_fork", args, options) == 0) {
		session_command(&session, "go");
		storm_unseen(&session);
		session_command(&session, "survivors");
		session_wait_truth(&session, "done survivors");
		end_bystander(bystander);
		kill(session.begat.pid, SIGCONT);
		session_wait_traced(&session);
		session_wait_shown(&session, "\"argv\":{\"hexv\":[\"7375727669766f72\"");
		session_command(&session, "lives 20");
		session_wait_truth(&session, "done lives 20");
		session_command(&session, "end");
		session_wait_truth(&session, "done end");
		session_command(&session, "quit");
		check_lossy_end(&session, &stream);
		check_bystander(&stream, bystander);
	} else {
		end_bystander(bystander);
	}
	stream_done(&stream);
	session_done(&session);
}

/*
 * One whose exit was lost is still in do_exit() when the table is compared with what is there: the
 * kernel lists it, and nothing more of it will come.
 */
void test_loss_exiting(const struct test *test)
{
	static const char *const args[] = { "phases", NULL };
	static const char *const options[] = { "-v", "--buffer", "16KiB", NULL };
	struct session session;
	struct stream stream = { 0 };

	(void)test;
	if (session_start(&session, MODE_PID, "c_fork", args, options) == 0) {
		session_command(&session, "go");
		session_command(&session, "realm");
		session_wait_truth(&session, "done realm");
		session_wait_traced(&session);
		storm_unseen(&session);
		session_command(&session, "fall");
		session_wait_truth(&session, "done fall");
		kill(session.begat.pid, SIGCONT);
		session_wait_traced(&session);
		session_command(&session, "bury");
		session_wait_truth(&session, "done bury");
		session_command(&session, "quit");
		check_lossy_end(&session, &stream);
	}
	stream_done(&stream);
	session_done(&session);
}

/* Each process begins once, before all else, and ends once, whether that was seen or made up. */
static void check_once(const struct session *session, const struct stream *stream)
{
	enum { UNKNOWN, BEGUN, ENDED };
	json_t *states = json_object();

	for (size_t i = 0; i < stream->count; i++) {
		const char *name = event_name(stream->events[i]);
		const char *id = json_string_value(json_object_get(stream->events[i], "id"));
		int64_t pid = event_int(stream->events[i], "pid");
		int64_t state = id ? json_integer_value(json_object_get(states, id)) : UNKNOWN;
		bool is_fork = !strcmp(name, "fork"), is_exit = !strcmp(name, "exit");

		if (!id || pid == session->root)
			continue;
		if (state != (is_fork ? UNKNOWN : BEGUN))
			problem("pid %" PRId64 ": a %s %s", pid, name,
				state == UNKNOWN ? "comes before its fork"
				: state == BEGUN ? "comes a second time"
						 : "comes after its exit");
		json_object_set_new(states, id, json_integer(is_exit ? ENDED : BEGUN));
	}
	json_decref(states);
}

struct told {
	const struct text *truth;
	size_t bytes; /* enough of it */
	const char *done; /* or this */
};

static bool has_told(void *ctx)
{
	const struct told *told = ctx;
	size_t len = told->truth->len, tail = strlen(told->done) + 16;

	/* It is the last that is said. */
	return len >= told->bytes ||
	       strstr(told->truth->data + (len > tail ? len - tail : 0), told->done);
}

/* A storm with begat stopped for @lives of it, again and again: @done is said at its end. */
static void storm_half_seen(struct session *session, int lives, const char *done)
{
	struct child *const list[] = { &session->begat, &session->program };
	struct told told = { .truth = session->truth, .bytes = SIZE_MAX, .done = done };
	int64_t deadline = test_deadline();

	while (!has_told(&told) && now_ms() < deadline) {
		kill(session->begat.pid, SIGSTOP);
		told.bytes = told.truth->len + (size_t)lives * LIFE_TRUTH_BYTES;
		child_pump(list, 2, has_told, &told, deadline);
		kill(session->begat.pid, SIGCONT);
		told.bytes = told.truth->len + 8000;
		child_pump(list, 2, has_told, &told, deadline);
		told.bytes = SIZE_MAX;
	}
}

/* How long the table knows the dead: what was forgotten may not be taken for unseen. */
#define LINGER_MS 1000

/*
 * Losses again and again, while records of the same processes get through: a fork is lost and the
 * exit comes. One has long been dead when the table is compared with what is there, unreaped.
 */
void test_loss_storm(const struct test *test)
{
	static const char *const args[] = { "phases", NULL };
	static const char *const options[] = { "-v", "--buffer", "16KiB", NULL };
	struct session session;
	struct stream stream = { 0 };
	int64_t forgotten;

	(void)test;
	if (session_start(&session, MODE_PID, "c_fork", args, options) == 0) {
		session_command(&session, "go");
		session_command(&session, "zombie");
		session_wait_truth(&session, "done zombie");
		forgotten = now_ms() + LINGER_MS;
		for (int round = 0; !has_problem() && (!round || now_ms() < forgotten); round++) {
			int unseen = lives_beyond_buffer(&session, 200);
			char lives[32], done[40];

			snprintf(lives, sizeof(lives), "lives %d", 3 * unseen + round);
			snprintf(done, sizeof(done), "done %s", lives);
			session_command(&session, lives);
			storm_half_seen(&session, unseen, done);
		}
		session_command(&session, "bury");
		session_wait_truth(&session, "done bury");
		session_command(&session, "quit");
		check_lossy_end(&session, &stream);
		check_once(&session, &stream);
	}
	stream_done(&stream);
	session_done(&session);
}

/* Every entry of the kernel's cache is given back. Of 200,000 lives: host.sh, which keeps no events. */
void test_cache(const struct test *test)
{
	static const char *const args[] = { "phases", NULL };
	static const char *const options[] = { "--stats", NULL };
	struct session session;
	struct stream stream = { 0 };
	char lives[32];

	(void)test;
	if (session_start(&session, MODE_PID, "c_fork", args, options) == 0) {
		struct child *const list[] = { &session.begat };
		const char *line;
		unsigned long table, cache, full;

		session_command(&session, "go");
		snprintf(lives, sizeof(lives), "lives %d", 2 * config.lives);
		session_command(&session, lives);
		session_command(&session, "quit");
		session_end_alone(&session, &session.begat);
		/* Longer than the window for which the dead are kept. */
		child_pump(list, 1, NULL, NULL, now_ms() + 200);
		session_collect(&session);
		stream_parse(&stream, &session.events);
		match_truth(&session, &stream);
		stream_check(&stream, false);
		line = session.begat.err_text.data
			       ? strstr(session.begat.err_text.data, "processes  ")
			       : NULL;
		if (!line ||
		    sscanf(line, "processes %lu in the table, %lu in the kernel's cache, %lu",
			   &table, &cache, &full) != 3)
			problem("--stats does not tell how full the cache is");
		else if (cache != 0 || full != 0)
			problem("%lu entries are left in the kernel's cache, %lu found it full",
				cache, full);
	}
	stream_done(&stream);
	session_done(&session);
}

/* `begat run` ends with its command; what the command left behind goes on, untouched. */
void test_outlive(const struct test *test)
{
	static const char *const args[] = { "outlive", NULL };
	struct session session;
	struct stream stream = { 0 };
	const char *fork_line;
	pid_t pid;

	(void)test;
	if (session_start(&session, MODE_RUN, "c_fork", args, NULL) == 0) {
		session_finish(&session);
		stream_parse(&stream, &session.events);
		stream_check(&stream, false);
		match_truth(&session, &stream);
		fork_line = strstr(session.truth->data, "\"event\":\"fork\",\"pid\":");
		pid = fork_line ? atoi(fork_line + 21) : 0;
		if (pid <= 0 || kill(pid, SIGKILL) < 0)
			problem("the process that outlives the command is gone");
		else
			waitpid(pid, NULL, 0);
	}
	stream_done(&stream);
	session_done(&session);
}
