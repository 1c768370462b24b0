/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/redact_rules.c - where in a string of argv or env a secret is.
 *
 * Every scan is linear in the string: names are looked back for over NAME_MAX_BYTES at most.
 */
#include "base/redact_rules.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME_MAX_BYTES 64

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

static bool starts_with(const char *data, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && strncasecmp(data, prefix, n) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Says a name that what it names is secret? Letters and digits count, their case does not. */
static bool is_secret_name(const char *name, size_t len)
{
	static const char *const parts[] = {
		"password",  "passwd",	   "passphrase", "token",   "secret",	"apikey",
		"accesskey", "privatekey", "credential", "authkey", "mysqlpwd",
	};
	static const char *const whole[] = { "pass", "pw", "authorization" };
	char plain[NAME_MAX_BYTES + 1];
	size_t n = 0;

	if (len > NAME_MAX_BYTES) {
		name += len - NAME_MAX_BYTES;
		len = NAME_MAX_BYTES;
	}
	for (size_t i = 0; i < len; i++) {
		if (isalnum((unsigned char)name[i]))
			plain[n++] = (char)tolower((unsigned char)name[i]);
	}
	plain[n] = '\0';
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (strstr(plain, parts[i]))
			return true;
	}
	for (size_t i = 0; i < COUNT(whole); i++) {
		if (strcmp(plain, whole[i]) == 0)
			return true;
	}
	return false;
}

/* Adds the value that begins at @at and returns its end: a closing quote, or a separator. */
static size_t add_value(const char *data, size_t len, size_t at, bool to_line_end,
			struct spans *spans)
{
	char quote = 0;
	size_t end;

	while (at < len && (data[at] == ' ' || data[at] == '\t'))
		at++;
	/* \" is how a quote looks inside a shell's double quotes */
	if (at + 1 < len && data[at] == '\\' && (data[at + 1] == '"' || data[at + 1] == '\''))
		at++;
	if (at < len && (data[at] == '"' || data[at] == '\''))
		quote = data[at++];
	for (end = at; end < len; end++) {
		char c = data[end];

		if (quote ? c == quote : c == '"' || c == '\'' || c == '\n')
			break;
		if (!quote && !to_line_end && (is_blank(c) || c == '&' || c == ';' || c == '|'))
			break;
	}
	if (quote && end > at && data[end - 1] == '\\')
		end--;
	spans_add(spans, at, end);
	return end;
}

/* name=value, "name": "value", Name: value, anywhere in a text. */
static void find_pairs(const char *data, size_t len, struct spans *spans)
{
	for (size_t i = 1; i < len; i++) {
		size_t end = i, start;
		bool is_quoted;

		if (data[i] != '=' && data[i] != ':')
			continue;
		while (end > 1 && i - end < 4 && data[end - 1] == ' ')
			end--;
		is_quoted = data[end - 1] == '"' || data[end - 1] == '\'';
		if (is_quoted)
			end--;
		if (is_quoted && end && data[end - 1] == '\\')
			end--;
		if (data[i] == ':' && !is_quoted && !(i + 1 < len && data[i + 1] == ' '))
			continue;
		for (start = end; start && end - start < NAME_MAX_BYTES; start--) {
			if (!is_name_char(data[start - 1]))
				break;
		}
		if (start == end || !is_secret_name(data + start, end - start))
			continue;
		/* On from there, so that token=token=token=... is read once. */
		end = add_value(data, len, i + 1, data[i] == ':' && !is_quoted, spans);
		i = end - 1 > i ? end - 1 : i;
	}
}

/* scheme://user:password@host */
static void find_urls(const char *data, size_t len, struct spans *spans)
{
	for (size_t i = 0; i + 3 < len; i++) {
		size_t colon = SIZE_MAX, at = SIZE_MAX, end;

		if (data[i] != ':' || data[i + 1] != '/' || data[i + 2] != '/')
			continue;
		for (end = i + 3; end < len && !is_blank(data[end]); end++) {
			if (strchr("/?#\"'<>", data[end]) && data[end])
				break;
			if (data[end] == ':' && colon == SIZE_MAX)
				colon = end;
			if (data[end] == '@')
				at = end;
		}
		if (at != SIZE_MAX && colon < at)
			spans_add(spans, colon + 1, at);
		/* https://TOKEN@host, as code forges give it */
		else if (at != SIZE_MAX && at - (i + 3) >= 20)
			spans_add(spans, i + 3, at);
		i = end - 1;
	}
}

/* Keys that tell by their first characters what they are. */
static void find_known_keys(const char *data, size_t len, struct spans *spans)
{
	static const struct {
		const char *prefix;
		size_t min, max; /* characters after the prefix; max 0 = any number */
	} keys[] = {
		{ "AKIA", 16, 16 },	 { "ASIA", 16, 16 },	   { "ghp_", 30, 0 },
		{ "gho_", 30, 0 },	 { "ghu_", 30, 0 },	   { "ghs_", 30, 0 },
		{ "ghr_", 30, 0 },	 { "github_pat_", 20, 0 }, { "glpat-", 16, 0 },
		{ "xoxb-", 16, 0 },	 { "xoxp-", 16, 0 },	   { "sk_live_", 16, 0 },
		{ "eyJhbGciOi", 20, 0 }, { "AIza", 35, 35 },
	};

	for (size_t i = 0; i < len; i++) {
		if (!strchr("AgxsSe", data[i]) || !data[i])
			continue;
		if (i && isalnum((unsigned char)data[i - 1]))
			continue;
		for (size_t k = 0; k < COUNT(keys); k++) {
			size_t n = strlen(keys[k].prefix);
			size_t end = i + n;

			if (len - i < n || memcmp(data + i, keys[k].prefix, n) != 0)
				continue;
			while (end < len && is_name_char(data[end]))
				end++;
			n = end - i - n;
			if (n >= keys[k].min && (!keys[k].max || n <= keys[k].max))
				spans_add(spans, i, end);
			i = end - 1;
			break;
		}
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

			if (!starts_with(data + i, len - i, schemes[k]))
				continue;
			while (end < len && !is_blank(data[end]) && data[end] != '"' &&
			       data[end] != '\'')
				end++;
			if (end - start >= 8) /* "basic types" is English */
				spans_add(spans, start, end);
			i = end - 1;
			break;
		}
	}
}

static void find_anywhere(const char *data, size_t len, struct spans *spans)
{
	find_pairs(data, len, spans);
	find_urls(data, len, spans);
	find_known_keys(data, len, spans);
	find_bearers(data, len, spans);
}

/* Length of the name in NAME=value or --name=value at the start of @data; 0 = not of that form. */
static size_t leading_name(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && is_name_char(data[n]))
		n++;
	return n < len && data[n] == '=' ? n : 0;
}

static bool is_secret_option(const char *word, size_t len)
{
	if (len < 3 || word[0] != '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_name_char(word[i]))
			return false;
	}
	return is_secret_name(word, len);
}

/* `--password value` inside of one string, as in sh -c. */
static void find_word_options(const char *data, size_t len, struct spans *spans)
{
	for (size_t start = 0, end; start < len; start = end) {
		while (start < len && is_blank(data[start]))
			start++;
		end = start;
		while (end < len && !is_blank(data[end]))
			end++;
		if (end < len && is_secret_option(data + start, end - start))
			add_value(data, len, end, false, spans);
	}
}

enum short_where {
	ATTACHED = 1 << 0, /* -pSECRET */
	NEXT = 1 << 1, /* -p SECRET */
	AFTER_COLON = 1 << 2, /* user:SECRET */
	AFTER_PERCENT = 1 << 3, /* user%SECRET */
};

struct short_option {
	const char *program; /* the beginning of argv[0]'s last component */
	char letter;
	int where;
};

/* One-letter options mean a secret only with these programs: mkdir -p must stay readable. */
static const struct short_option short_options[] = {
	{ "mysql", 'p', ATTACHED },
	{ "mariadb", 'p', ATTACHED },
	{ "sshpass", 'p', ATTACHED | NEXT },
	{ "curl", 'u', ATTACHED | NEXT | AFTER_COLON },
	{ "curl", 'U', ATTACHED | NEXT | AFTER_COLON },
	{ "redis-cli", 'a', NEXT },
	{ "ldap", 'w', ATTACHED | NEXT },
	{ "mongo", 'p', ATTACHED | NEXT },
	{ "sqlcmd", 'P', ATTACHED | NEXT },
	{ "zip", 'P', ATTACHED | NEXT },
	{ "unzip", 'P', ATTACHED | NEXT },
	{ "7z", 'p', ATTACHED },
	{ "smbclient", 'U', ATTACHED | NEXT | AFTER_PERCENT },
};
/* docker login -p, oc login -p ... */
static const struct short_option login_option = { "", 'p', NEXT };

static void find_program(struct redact_context *context, const char *data, size_t len)
{
	const char *slash = memrchr(data, '/', len);

	if (slash) {
		len -= (size_t)(slash + 1 - data);
		data = slash + 1;
	}
	for (size_t i = 0; i < COUNT(short_options); i++) {
		if (!starts_with(data, len, short_options[i].program))
			continue;
		if (!context->program)
			context->program = &short_options[i];
		context->program_rows++;
	}
}

static void add_after(const char *data, size_t len, size_t start, char separator,
		      struct spans *spans)
{
	const char *found = memchr(data + start, separator, len - start);

	if (found)
		spans_add(spans, (size_t)(found + 1 - data), len);
}

static void find_short_option(struct redact_context *context, const char *data, size_t len,
			      struct spans *spans)
{
	const struct short_option *option = context->program;
	size_t rows = context->program_rows;

	if (!option && context->is_login) {
		option = &login_option;
		rows = 1;
	}
	for (; rows; rows--, option++) {
		if (data[1] != option->letter)
			continue;
		if (len == 2 && option->where & NEXT) {
			context->next_after_colon = option->where & AFTER_COLON;
			context->next_after_percent = option->where & AFTER_PERCENT;
			context->next_is_secret =
				!context->next_after_colon && !context->next_after_percent;
		} else if (len > 2 && option->where & ATTACHED) {
			if (option->where & AFTER_COLON)
				add_after(data, len, 2, ':', spans);
			else if (option->where & AFTER_PERCENT)
				add_after(data, len, 2, '%', spans);
			else
				spans_add(spans, 2, len);
		}
	}
}

/* What this string says about the next one. */
static void look_ahead(struct redact_context *context, const char *data, size_t len,
		       struct spans *spans)
{
	context->next_is_secret = context->next_after_colon = context->next_after_percent = false;
	context->is_shell_text = false;
	if (context->index == 0)
		find_program(context, data, len);
	if (len == 5 && memcmp(data, "login", 5) == 0)
		context->is_login = true;
	if (len < 2 || data[0] != '-')
		return;
	if (is_secret_option(data, len))
		context->next_is_secret = true;
	else if (data[1] != '-')
		find_short_option(context, data, len, spans);
	context->is_shell_text = len <= 8 && data[1] != '-' && data[len - 1] == 'c';
}

void redact_argument(struct redact_context *context, const char *data, size_t len,
		     struct spans *spans)
{
	size_t name = leading_name(data, len);

	if (context->next_is_secret && !starts_with(data, len, "--"))
		spans_add(spans, 0, len);
	else if (context->next_after_colon)
		add_after(data, len, 0, ':', spans);
	else if (context->next_after_percent)
		add_after(data, len, 0, '%', spans);

	/* Without a shell to split it, a value goes on to the end of its string. */
	if (name && !context->is_shell_text && is_secret_name(data, name))
		spans_add(spans, name + 1, len);
	if (starts_with(data, len, "pass:")) /* openssl -passin pass:x */
		spans_add(spans, 5, len);
	find_anywhere(data, len, spans);
	find_word_options(data, len, spans);

	look_ahead(context, data, len, spans);
	context->index++;
}

void redact_variable(const char *data, size_t len, struct spans *spans)
{
	const char *equals = memchr(data, '=', len);

	if (equals && is_secret_name(data, (size_t)(equals - data)))
		spans_add(spans, (size_t)(equals + 1 - data), len);
	else
		find_anywhere(data, len, spans);
}
