/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/width.c - how many columns text takes, and where a line breaks.
 *
 * Owns:  columns of UTF-8, wrapping by words.
 * Not:   cutting a command in its middle (summary/tree.c).
 */
#include "width.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

size_t width_character(const char *p, uint32_t *ret_columns)
{
	uint32_t codepoint;
	size_t len = utf8_next(p, strnlen(p, 4), &codepoint);

	*ret_columns = len ? (uint32_t)utf8_width(codepoint) : 1;
	return len ? len : 1;
}

uint32_t width_of(const char *text)
{
	uint32_t width = 0, columns;

	while (*text) {
		text += width_character(text, &columns);
		width += columns;
	}
	return width;
}

size_t width_head(const char *text, uint32_t room, uint32_t *ret_columns)
{
	uint32_t used = 0, columns;
	const char *end = text;

	for (size_t len; *end; end += len, used += columns) {
		len = width_character(end, &columns);
		if (used + columns > room)
			break;
	}
	*ret_columns = used;
	return (size_t)(end - text);
}

uint32_t width_put_head(FILE *out, const char *text, uint32_t room)
{
	uint32_t used;
	size_t len = width_head(text, room, &used);

	fwrite(text, 1, len, out);
	return used;
}

void width_put_cut(FILE *out, const char *text, uint32_t columns)
{
	bool is_long = width_of(text) > columns;

	width_put_head(out, *text ? text : "?", is_long ? columns - 3 : columns);
	if (is_long)
		fputs("...", out);
}

/* As width_character(), and an escape of color as one character without a column. */
static size_t step(const char *p, uint32_t *ret_columns)
{
	if (p[0] != '\033')
		return width_character(p, ret_columns);
	*ret_columns = 0;
	return strcspn(p, "m") + 1;
}

/* Where the line that begins at @text ends: at the end of the text, or at the space to break at. */
static const char *find_break(const char *text, uint32_t room)
{
	const char *best = NULL, *item = NULL, *p = text;
	uint32_t used = 0, columns;

	for (; *p; p += step(p, &columns)) {
		step(p, &columns);
		if (*p == ' ' && p > text && used <= room) {
			best = p;
			if (p[-1] == ',' || p[1] == '|')
				item = p;
		}
		used += columns;
		if (used > room && best)
			break;
	}
	if (!*p && used <= room)
		return p;
	return item ? item : best ? best : text + strlen(text);
}

void width_wrap(FILE *out, const char *text, uint32_t columns)
{
	uint32_t indent = 0;

	for (;;) {
		const char *end =
			columns ? find_break(text, columns - indent) : text + strlen(text);

		/* The first space of all is an indent, not a word's end. */
		if (!indent && end == text)
			end = text + strlen(text);
		fprintf(out, "%*s%.*s\n", (int)indent, "", (int)(end - text), text);
		if (!*end)
			return;
		text = end + 1;
		if (text[0] == '|' && text[1] == ' ')
			text += 2;
		indent = 1;
	}
}

void paragraph_put(struct paragraph *p, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (p->at && p->at + 1 + len > p->width) {
			fprintf(p->out, "\n%*s", (int)p->indent, "");
			p->at = 0;
		} else if (p->at) {
			fputc(' ', p->out);
			p->at++;
		}
		fwrite(text, 1, len, p->out);
		p->at += len;
		text += len;
		text += strspn(text, " ");
	}
}
