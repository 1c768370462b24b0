/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact/redact.c - an event without secrets.
 *
 * Owns:    the user's patterns, replacing what they and the built-in rules find in argv, env, and
 *          in names and paths: a token typed in place of a command ends up in filename.
 * Not:     ids, users, cgroups.
 */
#include <begat/redact.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "redact/secrets.h"
#include "base/regex.h"
#include "event/strv.h"

#define REPLACEMENT "[redacted]"
#define PATTERNS_WORK_MAX (1u << 26) /* steps of all patterns for one event: some 0.4 s */

/* Single strings that may hold a secret. */
static const struct text_field {
	enum begat_field field;
	size_t offset; /* in struct begat_event */
} text_fields[] = {
	{ BEGAT_F_COMM, offsetof(struct begat_event, comm) },
	{ BEGAT_F_FILENAME, offsetof(struct begat_event, filename) },
	{ BEGAT_F_EXE, offsetof(struct begat_event, exe) },
	{ BEGAT_F_INTERPRETER, offsetof(struct begat_event, interpreter) },
	{ BEGAT_F_FD_PATH, offsetof(struct begat_event, fd_path) },
	{ BEGAT_F_MISSING, offsetof(struct begat_event, missing_interpreter) },
	{ BEGAT_F_CWD, offsetof(struct begat_event, cwd) },
	{ BEGAT_F_KILLED_BY, offsetof(struct begat_event, killed_by_comm) },
};
#define TEXTS (sizeof(text_fields) / sizeof(text_fields[0]))

struct buffer {
	char *data;
	size_t len, cap;
};

struct begat_redactor {
	struct regex **patterns;
	size_t patterns_count;
	uint64_t work; /* steps that the patterns may still take for this event */
	struct spans spans; /* of the string at hand */
	struct buffer argv, env, texts[TEXTS]; /* what begat_redact() gave last */
	struct begat_event event;
};

BEGAT_API int begat_redactor_new(const char *const *patterns, struct begat_redactor **ret_redactor,
				 char *error, size_t error_len)
{
	struct begat_redactor *redactor = calloc(1, sizeof(*redactor));
	size_t count = 0;

	if (!redactor)
		return -ENOMEM;
	while (patterns && patterns[count])
		count++;
	redactor->patterns = calloc(count ? count : 1, sizeof(*redactor->patterns));
	if (!redactor->patterns) {
		begat_redactor_free(redactor);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const char *why;
		size_t at;
		int err = regex_new(patterns[i], strlen(patterns[i]), &redactor->patterns[i], &why,
				    &at);

		if (err) {
			if (error && error_len)
				snprintf(error, error_len,
					 "bad pattern `%.64s`, character %zu: it %s", patterns[i],
					 at + 1, why);
			begat_redactor_free(redactor);
			return err;
		}
		redactor->patterns_count++;
	}
	*ret_redactor = redactor;
	return 0;
}

BEGAT_API void begat_redactor_free(struct begat_redactor *redactor)
{
	if (!redactor)
		return;
	for (size_t i = 0; i < redactor->patterns_count; i++)
		regex_free(redactor->patterns[i]);
	free(redactor->patterns);
	free(redactor->spans.items);
	free(redactor->argv.data);
	free(redactor->env.data);
	for (size_t i = 0; i < TEXTS; i++)
		free(redactor->texts[i].data);
	free(redactor);
}

static bool append(struct buffer *buffer, const char *data, size_t len)
{
	if (!len)
		return true;
	if (buffer->cap - buffer->len < len) {
		size_t cap = (buffer->len + len) * 2;
		char *grown = realloc(buffer->data, cap);

		if (!grown)
			return false;
		buffer->data = grown;
		buffer->cap = cap;
	}
	memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
	return true;
}

/* What the patterns were not able to look through is hidden. */
static void find_patterns(struct begat_redactor *redactor, const char *data, size_t len)
{
	for (size_t i = 0; i < redactor->patterns_count; i++) {
		struct regex_span found;
		size_t at = 0;

		while (at < len) {
			enum regex_result result = regex_find(redactor->patterns[i], data, len, at,
							      &redactor->work, &found);

			if (result == REGEX_UNDECIDED)
				spans_add(&redactor->spans, at, len);
			if (result != REGEX_YES)
				break;
			if (found.group_end != SIZE_MAX && found.group_start != SIZE_MAX)
				spans_add(&redactor->spans, found.group_start, found.group_end);
			else
				spans_add(&redactor->spans, found.start, found.end);
			at = found.end + (found.start == found.end);
		}
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Appends @str with the spans replaced, and a NUL. Spans that touch become one replacement. */
static bool append_redacted(struct buffer *buffer, const struct begat_str *str, struct spans *spans)
{
	size_t at = 0;

	if (spans->count > 1)
		qsort(spans->items, spans->count, sizeof(*spans->items), compare_spans);
	for (size_t i = 0; i < spans->count;) {
		size_t start = spans->items[i].start, end = spans->items[i].end;

		for (i++; i < spans->count && spans->items[i].start <= end; i++) {
			if (spans->items[i].end > end)
				end = spans->items[i].end;
		}
		if (!append(buffer, str->data + at, start - at) ||
		    !append(buffer, REPLACEMENT, strlen(REPLACEMENT)))
			return false;
		at = end;
	}
	return append(buffer, str->data + at, str->len - at) && append(buffer, "", 1);
}

/* Returns 1 if something was replaced, 0 if not, -ENOMEM. */
static int redact_strv(struct begat_redactor *redactor, const struct begat_strv *strv, bool is_env,
		       struct buffer *buffer, struct begat_strv *ret_strv)
{
	struct strv_iter it = strv_begin(strv);
	struct redact_context context = { 0 };
	struct begat_str str;
	uint32_t count = 0;
	int changed = 0;

	buffer->len = 0;
	for (; strv_next(&it, &str); count++) {
		struct spans *spans = &redactor->spans;

		spans->count = 0;
		redact_work_begin(str.len);
		if (is_env)
			redact_variable(str.data, str.len, spans);
		else
			redact_argument(&context, str.data, str.len, spans);
		if (redact_work_is_spent())
			spans_add(spans, 0, str.len);
		else
			find_patterns(redactor, str.data, str.len);
		if (spans->failed || !append_redacted(buffer, &str, spans)) {
			spans->failed = false;
			return -ENOMEM;
		}
		changed |= spans->count > 0;
	}
	if (changed)
		*ret_strv = (struct begat_strv){ buffer->data, buffer->len, count, 0 };
	return changed;
}

/* The same for one string. */
static int redact_str(struct begat_redactor *redactor, struct buffer *buffer, struct begat_str *str)
{
	struct spans *spans = &redactor->spans;

	spans->count = 0;
	redact_work_begin(str->len);
	redact_text(str->data, str->len, false, spans);
	if (redact_work_is_spent())
		spans_add(spans, 0, str->len);
	else
		find_patterns(redactor, str->data, str->len);
	if (!spans->count && !spans->failed)
		return 0;
	buffer->len = 0;
	if (spans->failed || !append_redacted(buffer, str, spans)) {
		spans->failed = false;
		return -ENOMEM;
	}
	*str = (struct begat_str){ buffer->data, buffer->len - 1 };
	return 1;
}

/* Copies the event into the redactor when a string of it has to change. 0 or -ENOMEM. */
static int redact_texts(struct begat_redactor *redactor, const struct begat_event **ev)
{
	for (size_t i = 0; i < TEXTS; i++) {
		const struct text_field *text = &text_fields[i];
		struct begat_str str;
		int err;

		if (!begat_event_has(*ev, text->field))
			continue;
		memcpy(&str, (const char *)*ev + text->offset, sizeof(str));
		err = str.data ? redact_str(redactor, &redactor->texts[i], &str) : 0;
		if (err < 0)
			return err;
		if (!err)
			continue;
		if (*ev != &redactor->event)
			redactor->event = **ev;
		*ev = &redactor->event;
		memcpy((char *)&redactor->event + text->offset, &str, sizeof(str));
	}
	return 0;
}

BEGAT_API const struct begat_event *begat_redact(struct begat_redactor *redactor,
						 const struct begat_event *ev)
{
	struct begat_strv argv = ev->argv, env = ev->env;
	int argv_rc = 0, env_rc = 0;

	redactor->work = PATTERNS_WORK_MAX;
	if (begat_event_has(ev, BEGAT_F_ARGV))
		argv_rc = redact_strv(redactor, &ev->argv, false, &redactor->argv, &argv);
	if (begat_event_has(ev, BEGAT_F_ENV))
		env_rc = redact_strv(redactor, &ev->env, true, &redactor->env, &env);
	if (argv_rc < 0 || env_rc < 0)
		return NULL;
	if (argv_rc || env_rc) {
		redactor->event = *ev;
		redactor->event.argv = argv;
		redactor->event.env = env;
		ev = &redactor->event;
	}
	return redact_texts(redactor, &ev) < 0 ? NULL : ev;
}
