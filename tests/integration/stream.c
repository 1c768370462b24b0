/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/stream.c - what must hold for any stream of events, whatever ran.
 *
 * Invariants that are checked
 *  (1) Every line is one JSON object, without a key twice, in valid UTF-8; the last is a summary.
 *  (2) Who, where and when are in every event of a process.
 *  (3) Events of one process are in order: fork first, exit last, time never backwards.
 *  (4) A pid has one id from its first event to its exit, and another one afterwards.
 *  (5) parent_id is the id of the process that ppid is; a parent's own events come first.
 *  (6) Sequence numbers of a CPU never repeat and only rise.
 *  (7) The summary counts what is there, and nothing was lost unless that was expected.
 *  (8) An exit repeats the last image; `execs` counts the images since the fork.
 */
#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CPUS_MAX 512

void stream_parse(struct stream *stream, const struct text *text)
{
	size_t capacity = 0, line_number = 0;
	const char *at = text->data, *end = at ? at + text->len : at;

	*stream = (struct stream){ 0 };
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
		json_error_t error;
		json_t *event = json_loadb(at, len, JSON_REJECT_DUPLICATES, &error);

		line_number++;
		if (!newline)
			problem("the last line has no end");
		if (!json_is_object(event)) {
			problem("line %zu is not a JSON object: %s: %.200s", line_number,
				error.text, at);
			json_decref(event);
			event = NULL;
		}
		at += len + 1;
		if (!event)
			continue;
		if (stream->count == capacity) {
			capacity = capacity ? capacity * 2 : 256;
			stream->events =
				realloc(stream->events, capacity * sizeof(*stream->events));
			if (!stream->events)
				abort();
		}
		stream->events[stream->count++] = event;
	}
	if (stream->count && !strcmp(event_name(stream->events[stream->count - 1]), "summary"))
		stream->summary = stream->events[stream->count - 1];
}

void stream_done(struct stream *stream)
{
	for (size_t i = 0; i < stream->count; i++)
		json_decref(stream->events[i]);
	free(stream->events);
	*stream = (struct stream){ 0 };
}

const char *event_name(const json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "event"));

	return name ? name : "";
}

int64_t event_int(const json_t *event, const char *key)
{
	const json_t *value = json_object_get(event, key);

	return json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
}

size_t stream_count(const struct stream *stream, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < stream->count; i++)
		n += !strcmp(event_name(stream->events[i]), name);
	return n;
}

/* What was seen of one pid so far; an open-addressed table by pid. */
struct life {
	int64_t pid;
	const char *id, *exe;
	json_t *argv;
	int64_t ts_ns, execs;
	bool has_fork, has_exited, has_argv;
};

struct lives {
	struct life *slots;
	size_t size; /* a power of two */
};

static struct life *life_of(struct lives *lives, int64_t pid)
{
	size_t at = (size_t)(pid * 0x9e3779b97f4a7c15ull) & (lives->size - 1);

	while (lives->slots[at].pid && lives->slots[at].pid != pid)
		at = (at + 1) & (lives->size - 1);
	lives->slots[at].pid = pid;
	return &lives->slots[at];
}

static void check_common(const json_t *event, size_t number)
{
	static const char *const numbers[] = { "ts_ns", "seq", "cpu", "pid",  "tid",
					       "ppid",	"uid", "gid", "euid", "egid" };
	static const char *const strings[] = { "time", "id", "comm" };
	bool synthetic = json_is_true(json_object_get(event, "synthetic"));

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		/* What was made up after a loss has what is known, no more. */
		if (synthetic && strcmp(numbers[i], "pid") != 0)
			continue;
		if (event_int(event, numbers[i]) < 0)
			problem("event %zu (%s): no number `%s`", number, event_name(event),
				numbers[i]);
	}
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		if (synthetic && !strcmp(strings[i], "comm"))
			continue;
		if (!json_is_string(json_object_get(event, strings[i])))
			problem("event %zu (%s): no string `%s`", number, event_name(event),
				strings[i]);
	}

	const char *id = json_string_value(json_object_get(event, "id"));

	if (id && (strlen(id) != 16 || strspn(id, "0123456789abcdef") != 16))
		problem("event %zu: id %s is not 16 hex digits", number, id);
}

/* RFC 3339 with nanoseconds in UTC, and a plausible one: within an hour of now. */
static void check_time(const json_t *event, size_t number)
{
	const char *text = json_string_value(json_object_get(event, "time"));
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!rest || *rest != '.' || strspn(rest + 1, "0123456789") != 9 ||
	    strcmp(rest + 10, "Z") != 0)
		problem("event %zu: time %s", number, text ? text : "is absent");
	else if (llabs((long long)(timegm(&tm) - time(NULL))) > 3600)
		problem("event %zu: time %s is not now", number, text);
}

static void check_order(struct lives *lives, const json_t *event, size_t number)
{
	const char *name = event_name(event), *id = json_string_value(json_object_get(event, "id"));
	int64_t pid = event_int(event, "pid"), ts = event_int(event, "ts_ns");
	struct life *life = life_of(lives, pid);
	bool is_fork = !strcmp(name, "fork");

	if (life->id && id && (is_fork || life->has_exited)) {
		if (!strcmp(life->id, id))
			problem("event %zu: %s of pid %" PRId64 " after its %s, same id", number,
				name, pid, life->has_exited ? "exit" : "first event");
		else if (!life->has_exited)
			problem("event %zu: pid %" PRId64
				" is forked, but the last one had no exit",
				number, pid);
		*life = (struct life){ .pid = pid };
	} else if (life->id && id && strcmp(life->id, id) != 0) {
		problem("event %zu: %s of pid %" PRId64 " has id %s, before it was %s", number,
			name, pid, id, life->id);
	}
	if (life->id && ts < life->ts_ns)
		problem("event %zu: %s of pid %" PRId64 " is %" PRId64
			" ns older than the one before it",
			number, name, pid, life->ts_ns - ts);
	life->id = id;
	life->ts_ns = ts;
	life->has_fork |= is_fork;
	life->has_exited |= !strcmp(name, "exit");
}

/* What an exec says is what the exit must repeat. */
static void check_image(struct lives *lives, json_t *event, size_t number)
{
	const char *name = event_name(event),
		   *exe = json_string_value(json_object_get(event, "exe"));
	struct life *life = life_of(lives, event_int(event, "pid"));

	if (!strcmp(name, "exec")) {
		life->execs++;
		life->exe = exe;
		life->argv = json_object_get(event, "argv");
		life->has_argv = event_int(event, "argv_bytes") <= 4096;
		return;
	}
	if (strcmp(name, "exit") != 0)
		return;
	if (life->exe && (!exe || strcmp(life->exe, exe) != 0))
		problem("event %zu: exit says exe %s, the last exec said %s", number,
			exe ? exe : "nothing", life->exe);
	if (life->has_argv && !json_equal(life->argv, json_object_get(event, "argv")))
		problem("event %zu: exit of pid %" PRId64 " has another argv than its last exec",
			number, life->pid);
	if (life->has_fork && event_int(event, "execs") != life->execs)
		problem("event %zu: exit says %" PRId64 " execs, %" PRId64 " were seen", number,
			event_int(event, "execs"), life->execs);
}

static void check_parent(struct lives *lives, const json_t *event, size_t number)
{
	struct life *parent = life_of(lives, event_int(event, "ppid"));
	const char *id = json_string_value(json_object_get(event, "parent_id"));

	/* A dead parent may stay the parent until the kernel gives the child away. */
	if (parent->id && !parent->has_exited && id && strcmp(parent->id, id) != 0)
		problem("event %zu: parent_id %s is not the id of pid %" PRId64 ", %s", number, id,
			parent->pid, parent->id);
	if (!strcmp(event_name(event), "fork") && (!id || parent->has_exited))
		problem("event %zu: fork by a process that %s", number,
			id ? "has exited" : "is not named");
}

static void check_summary(const struct stream *stream, bool lost_allowed)
{
	static const char *const kinds[] = { "fork", "exec", "exec_failed", "exit" };
	const json_t *delivered, *lost;

	if (!stream->summary) {
		problem("the stream does not end with a summary");
		return;
	}
	if (stream_count(stream, "summary") != 1)
		problem("more than one summary");
	delivered = json_object_get(stream->summary, "delivered");
	lost = json_object_get(stream->summary, "lost");
	for (size_t i = 0; i < 4; i++) {
		size_t seen = 0;

		for (size_t j = 0; j < stream->count; j++)
			seen += !strcmp(event_name(stream->events[j]), kinds[i]);
		if (event_int(delivered, kinds[i]) != (int64_t)seen)
			problem("summary: %" PRId64 " %s delivered, %zu are in the stream",
				event_int(delivered, kinds[i]), kinds[i], seen);
		if (!lost_allowed && event_int(lost, kinds[i]) != 0)
			problem("summary: %" PRId64 " %s lost", event_int(lost, kinds[i]),
				kinds[i]);
	}
	if (event_int(stream->summary, "malformed") != 0)
		problem("summary: %" PRId64 " malformed records",
			event_int(stream->summary, "malformed"));
	if (!lost_allowed && stream_count(stream, "lost") != 0)
		problem("%zu lost events", stream_count(stream, "lost"));
	if (!lost_allowed && !json_is_true(json_object_get(stream->summary, "complete"))) {
		char *said = json_dumps(stream->summary, JSON_COMPACT);

		problem("summary: not complete: %s", said);
		free(said);
	}
	if (strcmp(json_string_value(json_object_get(stream->summary, "backend")) ?: "",
		   config.backend) != 0 ||
	    strcmp(json_string_value(json_object_get(stream->summary, "transport")) ?: "",
		   config.transport) != 0)
		problem("summary names another backend or transport than was asked for");
}

void stream_check_events(const struct stream *stream, bool lost_allowed)
{
	struct lives lives = { .size = 1024 };
	int64_t seq[CPUS_MAX];

	for (size_t i = 0; i < CPUS_MAX; i++)
		seq[i] = -1;
	while (lives.size < stream->count * 4)
		lives.size *= 2;
	lives.slots = calloc(lives.size, sizeof(*lives.slots));
	if (!lives.slots)
		abort();
	for (size_t i = 0; i < stream->count; i++) {
		json_t *event = stream->events[i];
		const char *name = event_name(event);
		int64_t cpu = event_int(event, "cpu"), number = event_int(event, "seq");

		if (!strcmp(name, "summary") || !strcmp(name, "lost"))
			continue;
		check_common(event, i);
		check_time(event, i);
		if (!lost_allowed) {
			check_order(&lives, event, i);
			check_image(&lives, event, i);
			check_parent(&lives, event, i);
		}
		if (cpu < 0 || cpu >= CPUS_MAX || number < 0)
			continue;
		if (number <= seq[cpu])
			problem("event %zu: seq %" PRId64 " on CPU %" PRId64 " after %" PRId64, i,
				number, cpu, seq[cpu]);
		seq[cpu] = number;
	}
	free(lives.slots);
}

void stream_check(const struct stream *stream, bool lost_allowed)
{
	stream_check_events(stream, lost_allowed);
	check_summary(stream, lost_allowed);
}
