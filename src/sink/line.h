/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/line.h - one line of aligned text, cut to a width.
 *
 * Owns:  columns, colors, the cut. Not: what is in the line (text.c).
 * A failed allocation makes the line shorter, never wrong.
 */
#ifndef BEGAT_SINK_LINE_H
#define BEGAT_SINK_LINE_H

#include <begat/event.h>
#include <stdbool.h>

struct line {
	char *data; /* the line so far; no NUL */
	size_t len, cap;
	uint32_t column; /* where the next character goes, from 0 */
	uint32_t columns; /* 0 = do not cut */
	uint32_t cut_column; /* and how wide */
	size_t cut_len; /* how long it is without the last column, where an ellipsis may go */
	bool has_color; /* colors are wanted */
	bool is_full; /* cut: nothing more is taken */
	bool is_coloring; /* a color is on */
	uint32_t whole_columns; /* columns, while line_limit() holds; else 0 */
	bool is_short; /* something is missing for want of memory; stays until it is reported */
	char *scratch; /* for escaping */
	size_t scratch_size;
};

void line_init(struct line *line, uint32_t columns, bool has_color);
void line_done(struct line *line);
void line_clear(struct line *line);

/* Text that is safe already. */
void line_put(struct line *line, const char *text);
void line_put_bytes(struct line *line, const char *data, size_t len);

/* Text that is not: through begat_escape(). */
void line_escape(struct line *line, const struct begat_str *str, bool shell);

/* Blanks up to @column, at least @gap of them. */
void line_pad(struct line *line, uint32_t column, uint32_t gap);

/* @text so that it ends before @column, at least one blank before it. */
void line_put_right(struct line *line, const char *text, uint32_t column);

/*
 * What is put until line_unlimit() is cut to @width columns; what comes after it is not. Only where
 * lines are cut at all.
 */
void line_limit(struct line *line, uint32_t width);
void line_unlimit(struct line *line);

/* SGR parameters such as "1;31"; NULL = back to normal. Does nothing without colors. */
void line_color(struct line *line, const char *sgr);

/* Ends the line. */
void line_end(struct line *line);

#endif
