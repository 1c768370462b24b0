/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/line.c - one line of aligned text, cut to a width.
 */
#include "sink/line.h"

#include <begat/sink.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

void line_init(struct line *line, uint32_t columns, bool has_color)
{
	*line = (struct line){ .columns = columns, .has_color = has_color };
}

void line_done(struct line *line)
{
	free(line->data);
	free(line->scratch);
}

void line_clear(struct line *line)
{
	line->len = line->cut_len = 0;
	line->column = line->cut_column = 0;
	line->is_full = line->is_coloring = false;
}

/* Room for @more bytes. A line can be as long as an argument: it does not double then. */
static bool make_room(struct line *line, size_t more)
{
	size_t needed = line->len + more, cap = line->cap + line->cap / 2 + 256;
	char *grown;

	if (needed <= line->cap)
		return true;
	cap = needed > cap ? needed : cap;
	grown = realloc(line->data, cap);
	if (!grown) {
		line->is_short = true;
		return false;
	}
	line->data = grown;
	line->cap = cap;
	return true;
}

static void append(struct line *line, const char *data, size_t len)
{
	if (!make_room(line, len))
		return;
	memcpy(line->data + line->len, data, len);
	line->len += len;
}

static void put_character(struct line *line, const char *data, size_t len, uint32_t width)
{
	if (line->is_full)
		return;
	if (line->columns && line->column + width > line->columns) {
		line->len = line->cut_len;
		append(line, ELLIPSIS, strlen(ELLIPSIS));
		line->column = line->cut_column + 1;
		line->is_full = true;
		return;
	}
	append(line, data, len);
	line->column += width;
	if (line->column < line->columns) {
		line->cut_len = line->len;
		line->cut_column = line->column;
	}
}

void line_put_bytes(struct line *line, const char *data, size_t len)
{
	if (!line->columns) {
		append(line, data, len);
		line->column += (uint32_t)len; /* columns matter for padding only: ASCII */
		return;
	}
	while (len && !line->is_full) {
		uint32_t codepoint;
		size_t n = utf8_next(data, len, &codepoint);

		if (!n)
			return; /* cannot be: it was escaped */
		put_character(line, data, n, (uint32_t)utf8_width(codepoint));
		data += n;
		len -= n;
	}
}

void line_put(struct line *line, const char *text)
{
	line_put_bytes(line, text, strlen(text));
}

/* Of a line that is not cut, where it belongs at once. */
static void escape_whole(struct line *line, const char *data, size_t len, bool shell)
{
	size_t room = line->cap - line->len;
	size_t needed = begat_escape(line->data + line->len, room, data, len, shell);

	if (needed >= room) {
		if (!make_room(line, needed + 1))
			return;
		begat_escape(line->data + line->len, needed + 1, data, len, shell);
	}
	line->len += needed;
	line->column += (uint32_t)needed;
}

void line_escape(struct line *line, const struct begat_str *str, bool shell)
{
	size_t len = str->data ? str->len : 0, needed;

	if (line->is_full)
		return;
	if (!line->columns) {
		escape_whole(line, len ? str->data : "", len, shell);
		return;
	}
	/* What is beyond the cut need not even be looked at: a character is 4 bytes at most. */
	if (len > line->columns * 4ul + 4)
		len = line->columns * 4ul + 4;
	needed = begat_escape(line->scratch, line->scratch_size, len ? str->data : "", len, shell);
	if (needed >= line->scratch_size) {
		char *grown = realloc(line->scratch, needed * 2 + 256);

		if (!grown) {
			line->is_short = true;
			return;
		}
		line->scratch = grown;
		line->scratch_size = needed * 2 + 256;
		begat_escape(line->scratch, line->scratch_size, len ? str->data : "", len, shell);
	}
	line_put_bytes(line, line->scratch, needed);
	/* Zero-width marks can fit where no character does. */
	if (str->data && len < str->len)
		put_character(line, "", 0, line->columns + 1);
}

void line_pad(struct line *line, uint32_t column, uint32_t gap)
{
	uint32_t until = line->column + gap > column ? line->column + gap : column;

	while (line->column < until && !line->is_full)
		put_character(line, " ", 1, 1);
}

void line_put_right(struct line *line, const char *text, uint32_t column)
{
	size_t len = strlen(text);

	line_pad(line, len < column ? column - (uint32_t)len : 0, 1);
	line_put(line, text);
}

void line_limit(struct line *line, uint32_t width)
{
	if (!line->columns || line->is_full || line->column + width >= line->columns)
		return;
	line->whole_columns = line->columns;
	line->columns = line->column + width;
}

void line_unlimit(struct line *line)
{
	if (!line->whole_columns)
		return;
	line->columns = line->whole_columns;
	line->whole_columns = 0;
	line->is_full = false;
	/* All of it is before the screen's last column: an ellipsis has room behind it. */
	line->cut_len = line->len;
	line->cut_column = line->column;
}

void line_color(struct line *line, const char *sgr)
{
	if (!line->has_color || line->is_full || (!sgr && !line->is_coloring))
		return;
	append(line, "\033[", 2);
	append(line, sgr ? sgr : "0", sgr ? strlen(sgr) : 1);
	append(line, "m", 1);
	line->is_coloring = sgr != NULL;
}

void line_end(struct line *line)
{
	/* The cut may have taken a color's end with it. */
	if (line->has_color && (line->is_coloring || line->is_full))
		append(line, "\033[0m", 4);
	append(line, "\n", 1);
}
