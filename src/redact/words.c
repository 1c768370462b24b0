/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact/words.c - what all rules share: spans, characters, words, and the budget of a search.
 *
 * Each byte that a search for an end reads is charged, REDACT_WORK_PER_BYTE are allowed for each byte
 * of the string, and a string that costs more is hidden as a whole.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/byte_set.h"
#include "redact/secrets.h"

static _Thread_local size_t work_left, work_done;

void redact_work_begin(size_t len)
{
	work_left = REDACT_WORK_PER_BYTE * len + REDACT_WORK_MIN;
	work_done = 0;
}

bool redact_work_is_spent(void)
{
	return !work_left;
}

size_t redact_work_done(void)
{
	return work_done;
}

size_t redact_charge(size_t count, size_t found, size_t len)
{
	work_done += count;
	work_left -= count < work_left ? count : work_left;
	return work_left ? found : len;
}

void spans_add(struct spans *spans, size_t start, size_t end)
{
	if (start >= end)
		return;
	if (spans->count == spans->cap) {
		size_t cap = spans->cap ? spans->cap * 2 : 16;
		struct span *items = realloc(spans->items, cap * sizeof(*items));

		if (!items) {
			spans->failed = true;
			return;
		}
		spans->items = items;
		spans->cap = cap;
	}
	spans->items[spans->count++] = (struct span){ start, end };
}

bool redact_starts_with(const char *data, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && strncasecmp(data, prefix, n) == 0;
}

bool redact_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool redact_is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

size_t redact_closing_quote(const char *data, size_t len, size_t at)
{
	char quote = data[at];
	bool is_escaped = at && data[at - 1] == '\\'; /* \" in a shell's double quotes */
	size_t i = at + 1;

	if (redact_work_is_spent())
		return len;
	for (; i < len; i++) {
		if (data[i] == quote && is_escaped == (data[i - 1] == '\\'))
			break;
		if (data[i] == '\\' && quote == '"' && !is_escaped)
			i++;
	}
	return redact_charge(i - at, i < len ? i : len, len);
}

size_t redact_word_end(const char *data, size_t len, size_t at)
{
	size_t start = at;

	for (; at < len && !redact_work_is_spent(); at++) {
		char c = data[at];

		if (redact_is_blank(c) || byte_is_one_of(c, ";&|()`"))
			return redact_charge(at - start, at, len);
		if (c == '\\') {
			at++;
		} else if (c == '"' || c == '\'') {
			size_t end = redact_closing_quote(data, len, at);

			at = end < len ? end : at; /* an apostrophe */
		}
	}
	return redact_charge(len - start, len, len);
}

void redact_add_word(const char *data, size_t start, size_t end, struct spans *spans)
{
	if (start < end && (data[start] == '"' || data[start] == '\'') &&
	    redact_closing_quote(data, end, start) == end - 1) {
		start++;
		end--;
	}
	spans_add(spans, start, end);
}

/* A place in a text where a secret name ends, and what is known of it. */
