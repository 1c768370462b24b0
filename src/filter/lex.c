/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/lex.c - the words of an expression, and errors with their column.
 */
#include "filter/lex.h"

#include <begat/text.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_set.h"

size_t lex_column(const struct lexer *lexer, const char *at)
{
	return (size_t)(at - lexer->text) + 1;
}

int lex_error(struct lexer *lexer, const char *format, ...)
{
	va_list args;

	if (lexer->err)
		return lexer->err;
	lexer->err = -EINVAL;
	if (!lexer->error || !lexer->error_len)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(lexer->error, lexer->error_len, format, args);
	va_end(args);
	return -EINVAL;
}

int lex_no_memory(struct lexer *lexer)
{
	lex_error(lexer, "out of memory");
	return lexer->err = -ENOMEM;
}

const char *lex_shown(char buf[LEX_SHOWN_BYTES], const char *data, size_t len)
{
	const size_t room = LEX_SHOWN_BYTES - 5;
	size_t full;

	buf[0] = '`';
	full = begat_escape(buf + 1, room, data, len, false);
	strcat(buf, full >= room ? "..`" : "`");
	return buf;
}

const char *lex_found(const struct lexer *lexer, char buf[LEX_SHOWN_BYTES])
{
	size_t len = strcspn(lexer->at, " \t\r\n()");

	if (!*lexer->at)
		return "the end";
	return lex_shown(buf, lexer->at, len ? len : 1);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

void lex_skip_blanks(struct lexer *lexer)
{
	while (is_blank(*lexer->at))
		lexer->at++;
}

bool lex_at_end(struct lexer *lexer)
{
	lex_skip_blanks(lexer);
	return !*lexer->at;
}

bool lex_accept_sign(struct lexer *lexer, const char *sign)
{
	size_t len = strlen(sign);

	lex_skip_blanks(lexer);
	if (strncmp(lexer->at, sign, len) != 0)
		return false;
	lexer->at += len;
	return true;
}

bool lex_accept_word(struct lexer *lexer, const char *word)
{
	size_t len = strlen(word);

	lex_skip_blanks(lexer);
	if (strncasecmp(lexer->at, word, len) != 0 || is_word_char(lexer->at[len]))
		return false;
	lexer->at += len;
	return true;
}

bool word_is(struct word word, const char *text)
{
	return strlen(text) == word.len && strncasecmp(text, word.data, word.len) == 0;
}

struct word lex_name(struct lexer *lexer)
{
	struct word word;

	lex_skip_blanks(lexer);
	word.data = lexer->at;
	if (!isdigit((unsigned char)*lexer->at)) {
		while (is_word_char(*lexer->at))
			lexer->at++;
	}
	if (lexer->at > word.data && *lexer->at == '[') {
		const char *p = lexer->at + 1;

		while (isdigit((unsigned char)*p))
			p++;
		if (*p == ']' && p > lexer->at + 1)
			lexer->at = p + 1;
	}
	word.len = (size_t)(lexer->at - word.data);
	return word;
}

/* "..." knows \" \\ \n \t; any other backslash stays, as patterns need it. '...' knows none. */
static int quoted_value(struct lexer *lexer, char *out, size_t *ret_len)
{
	const char *start = lexer->at;
	char quote = *lexer->at++;
	size_t len = 0;

	while (*lexer->at != quote) {
		char c = *lexer->at++;

		if (!c)
			return lex_error(lexer, "missing %c at the end of the text at column %zu",
					 quote, lex_column(lexer, start));
		if (c == '\\' && quote == '"' && byte_is_one_of(*lexer->at, "\"\\nt")) {
			c = *lexer->at++;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		out[len++] = c;
	}
	lexer->at++;
	*ret_len = len;
	return 0;
}

/* Up to a blank, && or ||, or a ) that was not opened in the value. */
static size_t bare_value(struct lexer *lexer, char *out)
{
	size_t len = 0;
	int open = 0;

	for (; *lexer->at && !is_blank(*lexer->at); lexer->at++) {
		char c = *lexer->at;

		if (c == ')' && --open < 0)
			break;
		if ((c == '&' || c == '|') && lexer->at[1] == c)
			break;
		if (c == ',' && lexer->is_in_list)
			break;
		open += c == '(';
		out[len++] = c;
	}
	return len;
}

int lex_value(struct lexer *lexer, char **ret_text, size_t *ret_len, const char **ret_at)
{
	char shown[LEX_SHOWN_BYTES], *text;
	size_t len = 0;
	int err = 0;

	lex_skip_blanks(lexer);
	*ret_at = lexer->at;
	text = malloc(strlen(lexer->at) + 1);
	if (!text)
		return lex_no_memory(lexer);
	if (*lexer->at == '"' || *lexer->at == '\'') {
		err = quoted_value(lexer, text, &len);
	} else {
		len = bare_value(lexer, text);
		if (!len)
			err = lex_error(lexer, "expected a value at column %zu, found %s",
					lex_column(lexer, *ret_at), lex_found(lexer, shown));
	}
	if (err < 0) {
		free(text);
		return err;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return 0;
}
