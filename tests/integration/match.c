/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/match.c - the truth that a case printed against the events that begat reported.
 *
 * Owns: the comparison of values (the forms are listed in cases/truth.h) and of whole lives.
 * Not:  what holds for every stream (stream.c).
 */
#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_decode(const char *hex, struct text *ret)
{
	for (; hex[0] && hex[1]; hex += 2) {
		char byte = (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));

		text_add(ret, &byte, 1);
	}
	text_add(ret, "", 0);
	return !*hex;
}

static bool base64_decode(const char *text, struct text *ret)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int count = 0;

	for (; *text && *text != '='; text++) {
		const char *at = strchr(alphabet, *text);

		if (!at)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		count += 6;
		if (count >= 8) {
			char byte = (char)(bits >> (count -= 8));

			text_add(ret, &byte, 1);
		}
	}
	text_add(ret, "", 0);
	return strspn(text, "=") == strlen(text);
}

/* The exact bytes of a JSON string, or of its base64 companion if there is one. */
static bool exact_bytes(const json_t *value, const json_t *b64, struct text *ret)
{
	if (json_is_string(b64))
		return base64_decode(json_string_value(b64), ret) && json_is_string(value) &&
		       strstr(json_string_value(value), "\xef\xbf\xbd");
	if (!json_is_string(value))
		return false;
	text_add(ret, json_string_value(value), json_string_length(value));
	return true;
}

/* A vector as one block, each string with its NUL; *ret_count strings. */
static bool vector_bytes(const json_t *event, const char *key, struct text *ret, size_t *ret_count)
{
	char b64_key[64];
	const json_t *value = json_object_get(event, key), *b64;
	size_t i;
	const json_t *item;

	snprintf(b64_key, sizeof(b64_key), "%s_b64", key);
	b64 = json_object_get(event, b64_key);
	if (!json_is_array(value) || (b64 && json_array_size(b64) != json_array_size(value)))
		return false;
	json_array_foreach(value, i, item)
	{
		struct text one = { 0 };
		bool ok =
			b64 ? base64_decode(json_string_value(json_array_get(b64, i)) ?: "!", &one)
			    : exact_bytes(item, NULL, &one);

		if (ok)
			text_add(ret, one.len ? one.data : "", one.len);
		text_done(&one);
		if (!ok)
			return false;
		text_add(ret, "", 1);
	}
	*ret_count = json_array_size(value);
	return true;
}

/* ---- values ---- */

static char *shown(const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("nothing");

	if (text && strlen(text) > 240)
		strcpy(text + 240, "...");
	return text;
}

static bool same_bytes(const json_t *event, const char *key, const char *hex)
{
	char b64_key[64];
	struct text want = { 0 }, got = { 0 };
	bool ok;

	snprintf(b64_key, sizeof(b64_key), "%s_b64", key);
	ok = hex_decode(hex, &want) &&
	     exact_bytes(json_object_get(event, key), json_object_get(event, b64_key), &got) &&
	     want.len == got.len && !memcmp(want.data, got.data ? got.data : "", want.len);
	text_done(&want);
	text_done(&got);
	return ok;
}

static bool same_vector(const json_t *event, const char *key, const json_t *want)
{
	struct text got = { 0 }, wanted = { 0 };
	const json_t *item, *list = json_object_get(want, "hexv");
	size_t count = 0, i;
	bool ok = vector_bytes(event, key, &got, &count);

	if (list) {
		json_array_foreach(list, i, item)
		{
			ok = ok && hex_decode(json_string_value(item), &wanted);
			text_add(&wanted, "", 1);
		}
		ok = ok && count == json_array_size(list) && got.len == wanted.len &&
		     (!got.len || !memcmp(got.data, wanted.data, got.len));
	} else if (ok) {
		uint64_t fnv = 0xcbf29ce484222325ull;
		char hash[17];

		for (size_t j = 0; j < got.len; j++)
			fnv = (fnv ^ (unsigned char)got.data[j]) * 0x100000001b3ull;
		snprintf(hash, sizeof(hash), "%016" PRIx64, fnv);
		ok = (int64_t)count == event_int(want, "count") &&
		     (int64_t)got.len == event_int(want, "bytes") &&
		     !strcmp(hash, json_string_value(json_object_get(want, "fnv")));
	}
	text_done(&got);
	text_done(&wanted);
	return ok;
}

static bool same_value(const json_t *event, const char *key, const json_t *want)
{
	const json_t *got = json_object_get(event, key), *member;
	const char *name;
	json_t *inner;

	if (!json_is_object(want))
		return json_equal(got, want);
	if ((member = json_object_get(want, "hex")))
		return same_bytes(event, key, json_string_value(member));
	if (json_object_get(want, "hexv") || json_object_get(want, "fnv"))
		return same_vector(event, key, want);
	if (json_object_get(want, "absent"))
		return !got || json_is_null(got);
	if (json_object_get(want, "present"))
		return got && !json_is_null(got);
	if (json_object_get(want, "min"))
		return json_is_integer(got) && json_integer_value(got) >= event_int(want, "min") &&
		       json_integer_value(got) <= event_int(want, "max");
	member = json_object_get(want, "has");
	if (!member || !json_is_object(got))
		return false;
	json_object_foreach((json_t *)member, name, inner)
	{
		if (!same_value(got, name, inner))
			return false;
	}
	return true;
}

static void compare(const json_t *event, json_t *truth)
{
	const char *key;
	json_t *want;

	json_object_foreach(truth, key, want)
	{
		if (same_value(event, key, want))
			continue;
		char *expected = shown(want), *got = shown(json_object_get(event, key));

		problem("%s of pid %" PRId64 ": `%s` is %s, the truth is %s", event_name(event),
			event_int(event, "pid"), key, got, expected);
		free(expected);
		free(got);
	}
}

/* ---- lives ---- */

struct line {
	json_t *truth; /* NULL: of no interest */
	int64_t pid;
	int rank; /* fork 0, others 1, exit 2 */
	size_t number; /* of the line, or of the event */
	json_t *event;
};

struct lines {
	struct line *list;
	size_t count, size;
};

static void lines_add(struct lines *lines, struct line line)
{
	if (lines->count == lines->size) {
		lines->size = lines->size ? lines->size * 2 : 256;
		lines->list = realloc(lines->list, lines->size * sizeof(*lines->list));
		if (!lines->list)
			abort();
	}
	lines->list[lines->count++] = line;
}

static int by_pid(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int rank_of(const json_t *event)
{
	const char *name = event_name(event);

	return !strcmp(name, "fork") ? 0 : !strcmp(name, "exit") ? 2 : 1;
}

/* A pid that was used twice keeps the order in which its lines were printed. */
static void rank_reused(struct lines *lines)
{
	for (size_t i = 0, j; i < lines->count; i = j) {
		int forks = 0;

		for (j = i; j < lines->count && lines->list[j].pid == lines->list[i].pid; j++)
			forks += lines->list[j].truth && lines->list[j].rank == 0;
		for (size_t k = i; forks > 1 && k < j; k++)
			lines->list[k].rank = 1;
	}
	qsort(lines->list, lines->count, sizeof(*lines->list), by_pid);
}

static void read_truth(const struct session *session, struct lines *lines, bool *ret_root_exits)
{
	const char *at = session->truth->data, *end = at ? at + session->truth->len : at;

	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);
		json_t *line = json_loadb(at, len, JSON_REJECT_DUPLICATES, NULL);
		const json_t *ignored = json_object_get(line, "sentinel");

		if (!line || !newline)
			problem("stdout of the case has what it did not print: %.*s", (int)len, at);
		at += len + 1;
		if (json_object_get(line, "skip"))
			skip("%s", json_string_value(json_object_get(line, "skip")));
		if (json_object_get(line, "broken"))
			problem("the case: %s", json_string_value(json_object_get(line, "broken")));
		if (ignored)
			lines_add(lines, (struct line){ .pid = json_integer_value(ignored) });
		if (!json_object_get(line, "event")) {
			json_decref(line);
			continue;
		}
		int64_t pid = event_int(line, "pid");

		if (pid == session->root && rank_of(line) == 2)
			*ret_root_exits = true;
		lines_add(lines, (struct line){ line, pid, rank_of(line), number, NULL });
	}
}

/* Of the case itself the harness knows the truth: it made it. */
static void add_root(const struct session *session, struct lines *lines, bool root_exits)
{
	json_t *argv = json_array(), *event;

	for (size_t i = 0; session->argv[i]; i++)
		json_array_append_new(argv, json_string(session->argv[i]));
	if (session->mode == MODE_RUN) {
		event = json_pack("{s:s, s:I, s:s, s:s, s:O, s:{s:s}}", "event", "exec", "pid",
				  (json_int_t)session->root, "filename", session->argv[0], "exe",
				  session->argv[0], "argv", argv, "cwd", "hex", "");
		struct text hex = { 0 };

		for (const char *c = session->work; *c; c++)
			text_printf(&hex, "%02x", (unsigned char)*c);
		json_object_set_new(json_object_get(event, "cwd"), "hex", json_string(hex.data));
		text_done(&hex);
		lines_add(lines, (struct line){ event, session->root, 1, 0, NULL });
	}
	if (!root_exits) {
		event = json_pack("{s:s, s:I, s:i, s:s, s:O}", "event", "exit", "pid",
				  (json_int_t)session->root, "exit_code", 0, "exe",
				  session->argv[0], "argv", argv);
		lines_add(lines, (struct line){ event, session->root, 2, SIZE_MAX, NULL });
	}
	json_decref(argv);
}

static void read_events(const struct stream *stream, struct lines *lines)
{
	for (size_t i = 0; i < stream->count; i++) {
		json_t *event = stream->events[i];
		const char *name = event_name(event);

		if (!strcmp(name, "fork") || !strcmp(name, "exec") ||
		    !strcmp(name, "exec_failed") || !strcmp(name, "exit"))
			lines_add(lines,
				  (struct line){ NULL, event_int(event, "pid"), 0, i, event });
	}
	qsort(lines->list, lines->count, sizeof(*lines->list), by_pid);
}

/* One pid's truth against its events; the stream's order is what decides. */
static void match_life(const struct session *session, const struct line *truths, size_t truth_count,
		       const struct line *events, size_t event_count)
{
	int64_t pid = truths[0].pid;
	struct text told = { 0 };
	bool differs = false;

	for (size_t i = 0; i < truth_count; i++) {
		if (!truths[i].truth)
			return;
	}
	/* begat run may or may not see the fork of the command itself. */
	if (session->mode == MODE_RUN && pid == session->root && event_count &&
	    rank_of(events[0].event) == 0) {
		events++;
		event_count--;
	}
	for (size_t i = 0; i < truth_count || i < event_count; i++) {
		differs |= i >= truth_count || i >= event_count ||
			   strcmp(event_name(truths[i].truth), event_name(events[i].event)) != 0;
	}
	if (!differs) {
		for (size_t i = 0; i < truth_count; i++)
			compare(events[i].event, truths[i].truth);
		return;
	}
	text_printf(&told, "pid %" PRId64 "%s: the truth is", pid,
		    pid == session->root ? " (case)" : "");
	for (size_t i = 0; i < truth_count; i++)
		text_printf(&told, " %s", event_name(truths[i].truth));
	text_printf(&told, ", begat says");
	for (size_t i = 0; i < event_count; i++)
		text_printf(&told, " %s", event_name(events[i].event));
	problem("%.900s%s", told.data, event_count ? "" : " nothing");
	text_done(&told);
}

static void check_descriptors(const struct session *session)
{
	json_t *fds, *fd;
	size_t i;

	if (!truth_line_value(session->truth, "fds", &fds))
		return;
	json_array_foreach(fds, i, fd)
	{
		if (json_integer_value(fd) > 2)
			problem("the command was given descriptor %" PRId64 " of begat",
				(int64_t)json_integer_value(fd));
	}
	json_decref(fds);
}

void match_truth(const struct session *session, const struct stream *stream)
{
	struct lines truths = { 0 }, events = { 0 };
	bool root_exits = false;
	size_t e = 0;

	read_truth(session, &truths, &root_exits);
	if (!is_skipped()) {
		check_descriptors(session);
		add_root(session, &truths, root_exits);
		qsort(truths.list, truths.count, sizeof(*truths.list), by_pid);
		rank_reused(&truths);
		read_events(stream, &events);
		for (size_t t = 0, next; t < truths.count; t = next) {
			int64_t pid = truths.list[t].pid;

			for (next = t; next < truths.count && truths.list[next].pid == pid;)
				next++;
			for (; e < events.count && events.list[e].pid < pid; e++) {
				if (session->mode != MODE_WATCH)
					problem("%s of pid %" PRId64
						", which the case did not make",
						event_name(events.list[e].event),
						events.list[e].pid);
			}

			size_t first = e;

			while (e < events.count && events.list[e].pid == pid)
				e++;
			match_life(session, &truths.list[t], next - t, &events.list[first],
				   e - first);
		}
		for (; e < events.count && session->mode != MODE_WATCH; e++)
			problem("%s of pid %" PRId64 ", which the case did not make",
				event_name(events.list[e].event), events.list[e].pid);
	}
	for (size_t i = 0; i < truths.count; i++)
		json_decref(truths.list[i].truth);
	free(truths.list);
	free(events.list);
}

bool truth_line_value(const struct text *truth, const char *key, json_t **ret)
{
	const char *at = truth->data, *end = at ? at + truth->len : at;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			return false;
		json_t *line = json_loadb(at, (size_t)(newline - at), 0, NULL);
		json_t *value = json_object_get(line, key);

		json_incref(value);
		json_decref(line);
		if (value) {
			*ret = value;
			return true;
		}
		at = newline + 1;
	}
	return false;
}
