/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact/rules.c - secrets that tell by themselves what they are, in any text.
 *
 * Every scan is linear in the string: a name has NAME_MAX_BYTES at most, and no rule reads again
 * what a value has covered. The budget of words.c guards this.
 */
#include "redact/secrets.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/byte_set.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pair {
	const char *data;
	size_t len, sign; /* the = or : */
	const char *name;
	size_t name_len;
	char quote; /* the text around is in such quotes; 0 = is not */
	bool is_name_quoted, is_shell, is_one_word;
};

static bool is_header_name(const struct pair *pair)
{
	static const char *const ends[] = { "authorization", "cookie" };

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t n = strlen(ends[i]);

		if (pair->name_len >= n &&
		    strncasecmp(pair->name + pair->name_len - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

/* The first of @stops, or the quote that is around, or the end. */
static size_t find_stop(const struct pair *pair, size_t at, const char *stops)
{
	size_t start = at;

	for (; at < pair->len; at++) {
		char c = pair->data[at];

		if (c == pair->quote && c && pair->data[at - 1] != '\\')
			break;
		if (byte_is_one_of(c, stops))
			break;
	}
	return redact_charge(at - start, at, pair->len);
}

/* In quotes of its own. Returns the index of the closing one. */
static size_t add_quoted(const struct pair *pair, size_t at, struct spans *spans)
{
	size_t close = redact_closing_quote(pair->data, pair->len, at), end = close;

	if (close < pair->len && close > at + 1 && pair->data[close - 1] == '\\')
		end--;
	spans_add(spans, at + 1, end);
	return close;
}

/* Adds the value; returns the index of the last byte that needs no further look. */
static size_t add_value(const struct pair *pair, struct spans *spans)
{
	const char *data = pair->data;
	size_t len = pair->len, at = pair->sign + 1, end;
	bool is_colon = data[pair->sign] == ':';
	bool has_blank = at < len && redact_is_blank(data[at]);

	while (at < len && (data[at] == ' ' || data[at] == '\t'))
		at++;
	if (at + 1 < len && data[at] == '\\' && (data[at + 1] == '"' || data[at + 1] == '\''))
		at++;
	if (at >= len)
		return len;
	if ((data[at] == '"' || data[at] == '\'') &&
	    (data[at - 1] == '\\' ||
	     (data[at] != pair->quote && (pair->is_name_quoted || is_colon || pair->quote))))
		return add_quoted(pair, at, spans);
	if (pair->is_name_quoted)
		end = find_stop(pair, at, ",}] \t\n\"'");
	else if (is_colon && (has_blank || is_header_name(pair)))
		end = find_stop(pair, at, "\n");
	else if (pair->quote || (pair->is_one_word && !pair->is_shell))
		end = find_stop(pair, at, pair->quote ? "&\n" : "&;\n");
	else
		end = redact_word_end(data, len, at);
	/* 'PASS='x is one word of the shell */
	if (end + 1 < len && pair->quote && data[end] == pair->quote && !pair->is_name_quoted &&
	    !byte_is_one_of(data[end + 1], ",:}])>")) {
		size_t more = redact_word_end(data, len, end + 1);

		if (more > end + 1)
			end = more;
	}
	if (!redact_is_switch(data + at, end - at))
		redact_add_word(data, at, end, spans);
	return end > pair->sign + 1 ? end - 1 : pair->sign;
}

/* ?key=x&sig=y: names that elsewhere are anything. */
static bool is_query_secret(const struct pair *pair)
{
	static const char *const names[] = { "key", "sig", "signature", "code" };

	if (pair->name == pair->data || !byte_is_one_of(pair->name[-1], "?&"))
		return false;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (pair->name_len == strlen(names[i]) &&
		    strncasecmp(pair->name, names[i], pair->name_len) == 0)
			return true;
	}
	return false;
}

/* Is there the name of a secret before the sign? Fills name and is_name_quoted. */
static bool read_pair(struct pair *pair)
{
	const char *data = pair->data;
	size_t i = pair->sign, end = i, start;
	bool is_colon = data[i] == ':';

	while (end > 1 && i - end < 4 && data[end - 1] == ' ')
		end--;
	pair->is_name_quoted = data[end - 1] == '"' || data[end - 1] == '\'';
	if (pair->is_name_quoted)
		end--;
	if (pair->is_name_quoted && end && data[end - 1] == '\\')
		end--;
	/* a::b and scheme:// are no pairs */
	if (is_colon &&
	    (i + 1 == pair->len || byte_is_one_of(data[i + 1], ":/") || data[i - 1] == ':'))
		return false;
	for (start = end; start && end - start < NAME_MAX_BYTES; start--) {
		if (!redact_is_name_char(data[start - 1]))
			break;
	}
	pair->name = data + start;
	pair->name_len = end - start;
	if (!pair->name_len)
		return false;
	if (!is_colon && is_query_secret(pair))
		return true;
	return redact_is_secret_name(pair->name, pair->name_len) &&
	       !redact_is_folder(pair->name, pair->name_len, data + i + 1, pair->len - i - 1);
}

/* name=value, "name": "value", Name: value, anywhere in a text. */
static void find_pairs(const char *data, size_t len, bool is_shell, struct spans *spans)
{
	const char *last_single = memrchr(data, '\'', len), *last_double = memrchr(data, '"', len);
	struct pair pair = { .data = data, .len = len, .is_shell = is_shell, .is_one_word = true };

	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		pair.is_one_word &= !redact_is_blank(c);
		if (c == '\\' && pair.quote != '\'') {
			i++;
		} else if (c == '\'' || c == '"') {
			if (pair.quote == c)
				pair.quote = 0;
			else if (!pair.quote && data + i < (c == '"' ? last_double : last_single))
				pair.quote = c;
		} else if (i && (c == '=' || c == ':')) {
			pair.sign = i;
			if (!read_pair(&pair))
				continue;
			i = add_value(&pair, spans);
			if (i < len && data[i] == pair.quote)
				pair.quote = 0;
		}
	}
}

/* <password>x</password> */
static void find_elements(const char *data, size_t len, struct spans *spans)
{
	for (size_t i = 1; i < len; i++) {
		const char *close;
		size_t start = i;

		if (data[i] != '>')
			continue;
		while (start && i - start < NAME_MAX_BYTES && redact_is_name_char(data[start - 1]))
			start--;
		if (!start || data[start - 1] != '<' ||
		    !redact_is_secret_name(data + start, i - start))
			continue;
		close = memchr(data + i, '<', len - i);
		spans_add(spans, i + 1, close ? (size_t)(close - data) : len);
		i = close ? (size_t)(close - data) : len;
	}
}

/* SQL: identified by 'x', password 'x' */
static void find_sql(const char *data, size_t len, struct spans *spans)
{
	static const char *const words[] = { "identified by", "password" };

	for (size_t i = 0; i < len; i++) {
		if (!byte_is_one_of(data[i], "iIpP") || (i && isalnum((unsigned char)data[i - 1])))
			continue;
		for (size_t k = 0; k < COUNT(words); k++) {
			size_t at = i + strlen(words[k]), end;

			if (!redact_starts_with(data + i, len - i, words[k]))
				continue;
			while (at < len && (data[at] == ' ' || data[at] == '(' || data[at] == '\\'))
				at++;
			if (at >= len || at == i + strlen(words[k]) ||
			    (data[at] != '\'' && data[at] != '"'))
				continue;
			end = redact_closing_quote(data, len, at);
			spans_add(spans, at + 1, end);
			i = end;
			break;
		}
	}
}

/* Where userinfo may end: the last @ before a blank, a quote or a bracket. */
static size_t last_at(const char *data, size_t len, size_t from, size_t *ret_end)
{
	size_t at = SIZE_MAX, end;

	for (end = from; end < len && !redact_is_blank(data[end]); end++) {
		if (byte_is_one_of(data[end], "\"'<>"))
			break;
		if (data[end] == '@')
			at = end;
	}
	*ret_end = end;
	return at;
}

static bool is_port(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)data[i]))
			return false;
	}
	return true;
}

/* scheme://user:password@host */
static void find_urls(const char *data, size_t len, struct spans *spans)
{
	for (size_t i = 0; i + 3 < len; i++) {
		size_t colon = SIZE_MAX, at = SIZE_MAX, end, user = i + 3;

		if (data[i] != ':' || data[i + 1] != '/' || data[i + 2] != '/')
			continue;
		for (end = user; end < len && !redact_is_blank(data[end]); end++) {
			if (byte_is_one_of(data[end], "/?#\"'<>"))
				break;
			if (data[end] == ':' && colon == SIZE_MAX)
				colon = end;
			if (data[end] == '@')
				at = end;
		}
		/* A / or # in the password should be written %2F, but is not always. */
		if (at == SIZE_MAX && colon != SIZE_MAX && data[user] != '[' && end < len &&
		    byte_is_one_of(data[end], "/?#") && !is_port(data + colon + 1, end - colon - 1))
			at = last_at(data, len, end, &end);
		if (at != SIZE_MAX && colon < at)
			spans_add(spans, colon + 1, at);
		/* https://TOKEN@host, as code forges give it */
		else if (at != SIZE_MAX && at - user >= 20)
			spans_add(spans, user, at);
		i = end - 1;
	}
}

void redact_text(const char *data, size_t len, bool is_shell, struct spans *spans)
{
	if (!len)
		return;
	find_pairs(data, len, is_shell, spans);
	find_elements(data, len, spans);
	find_sql(data, len, spans);
	find_urls(data, len, spans);
	redact_keys(data, len, spans);
}
