/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/width.c - how many columns text takes, and where a line breaks.
 *
 * Owns:  columns of UTF-8, wrapping by words.
 * Not:   cutting a command in its middle (tree.c).
 */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "width.h"

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

size_t width_character(const char *p, uint32_t *ret_columns)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t len = u[0] < 0xc2 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 1;
	wchar_t c = len == 1 ? u[0] : u[0] & (0xff >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80) {
			*ret_columns = 1;
			return 1;
		}
		c = c << 6 | (u[i] & 0x3f);
	}
	int width = len == 1 ? 1 : wcwidth(c);

	*ret_columns = width < 0 ? 1 : (uint32_t)width;
	return len;
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

uint32_t width_put_head(FILE *out, const char *text, uint32_t room)
{
	uint32_t used = 0, columns;

	for (size_t len; *text; text += len) {
		len = width_character(text, &columns);
		if (used + columns > room)
			break;
		fwrite(text, 1, len, out);
		used += columns;
	}
	return used;
}

/* As width_character(), and an escape of colour as one character without a column. */
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
