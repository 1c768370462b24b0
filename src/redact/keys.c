/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact/keys.c - keys whose first characters say what they are, private keys, bearers.
 */
#include <ctype.h>
#include <string.h>

#include "base/byte_set.h"
#include "redact/secrets.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BEGIN_MAX_BYTES 64 /* of the line that begins a private key */
#define TOKEN_HEAD_BYTES 256 /* of a JSON web token: its first dot comes before */

struct known_key {
	const char *prefix;
	size_t min, max; /* characters after the prefix; max 0 = any number */
	char has; /* besides: 0, a dot somewhere, or slashes too */
};

static const struct known_key known_keys[] = {
	{ "AKIA", 16, 16, 0 },
	{ "ASIA", 16, 16, 0 },
	{ "AIza", 30, 40, 0 },
	{ "ghp_", 10, 0, 0 },
	{ "gho_", 10, 0, 0 },
	{ "ghu_", 10, 0, 0 },
	{ "ghs_", 10, 0, 0 },
	{ "ghr_", 10, 0, 0 },
	{ "github_pat_", 10, 0, 0 },
	{ "glpat-", 10, 0, 0 },
	{ "gldt-", 10, 0, 0 },
	{ "glrt-", 10, 0, 0 },
	{ "glcbt-", 10, 0, 0 },
	{ "xoxb-", 10, 0, 0 },
	{ "xoxp-", 10, 0, 0 },
	{ "xoxa-", 10, 0, 0 },
	{ "xoxs-", 10, 0, 0 },
	{ "xoxr-", 10, 0, 0 },
	{ "xapp-", 10, 0, 0 },
	{ "sk_live_", 10, 0, 0 },
	{ "sk_test_", 10, 0, 0 },
	{ "rk_live_", 10, 0, 0 },
	{ "whsec_", 10, 0, 0 },
	{ "sk-proj-", 10, 0, 0 },
	{ "sk-ant-", 10, 0, 0 },
	{ "pypi-AgEI", 10, 0, 0 },
	{ "dop_v1_", 16, 0, 0 },
	{ "AGE-SECRET-KEY-", 10, 0, 0 },
	{ "eyJ", 17, 0, '.' }, /* a JSON web token */
	{ "hooks.slack.com/services/", 10, 0, '/' },
};

/* Length of the key at the start of @data, 0 if there is none. */
static size_t key_length(const struct known_key *key, const char *data, size_t len)
{
	size_t n = strlen(key->prefix), end = n;

	if (len < n || memcmp(data, key->prefix, n) != 0)
		return 0;
	if (key->has == '.' && !memchr(data, '.', len < TOKEN_HEAD_BYTES ? len : TOKEN_HEAD_BYTES))
		return 0;
	while (end < len &&
	       (redact_is_name_char(data[end]) || (key->has == '/' && data[end] == '/'))) {
		end++;
		if (key->max && end - n > key->max)
			return 0;
	}
	return end - n < key->min ? 0 : end;
}

/* Keys that tell by their first characters what they are. */
static void find_known_keys(const char *data, size_t len, struct spans *spans)
{
	for (size_t i = 0; i < len; i++) {
		if (!byte_is_one_of(data[i], "AgxsrwpdeEh") ||
		    (i && isalnum((unsigned char)data[i - 1])))
			continue;
		for (size_t k = 0; k < COUNT(known_keys); k++) {
			size_t n = key_length(&known_keys[k], data + i, len - i);

			if (!n)
				continue;
			spans_add(spans, i, i + n);
			i += n - 1;
			break;
		}
	}
}

/* What follows -----BEGIN ... PRIVATE KEY...-----; NULL if the text does not begin with that. */
static const char *private_key_start(const char *at, const char *end)
{
	const char *stop = end - at > BEGIN_MAX_BYTES ? at + BEGIN_MAX_BYTES : end;
	const char *name = memmem(at, (size_t)(stop - at), "PRIVATE KEY", 11);
	const char *dashes = name ? memmem(name, (size_t)(stop - name), "-----", 5) : NULL;

	return dashes ? dashes + 5 : NULL;
}

static void find_private_keys(const char *data, size_t len, struct spans *spans)
{
	const char *at = data, *end = data + len;

	while ((at = memmem(at, (size_t)(end - at), "-----BEGIN", 10))) {
		const char *from = private_key_start(at, end), *to;

		at += 10;
		if (!from)
			continue;
		to = memmem(from, (size_t)(end - from), "-----END", 8);
		at = to ? to : end;
		spans_add(spans, (size_t)(from - data), (size_t)(at - data));
	}
}

/* `Bearer x`, `Basic x` */
static void find_bearers(const char *data, size_t len, struct spans *spans)
{
	static const char *const schemes[] = { "bearer ", "basic " };

	for (size_t i = 0; i < len; i++) {
		if (data[i] != 'b' && data[i] != 'B')
			continue;
		for (size_t k = 0; k < COUNT(schemes); k++) {
			size_t start = i + strlen(schemes[k]), end = start;

			if (!redact_starts_with(data + i, len - i, schemes[k]))
				continue;
			while (end < len && !redact_is_blank(data[end]) && data[end] != '"' &&
			       data[end] != '\'')
				end++;
			if (end - start >= 8) /* "basic types" is English */
				spans_add(spans, start, end);
			i = end - 1;
			break;
		}
	}
}

void redact_keys(const char *data, size_t len, struct spans *spans)
{
	find_known_keys(data, len, spans);
	find_bearers(data, len, spans);
	find_private_keys(data, len, spans);
}
