/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/width.h - how many columns text takes, and where a line breaks.
 *
 * Owns:  columns of UTF-8, wrapping by words.
 * Not:   cutting a command in its middle (summary/tree.c).
 */
#ifndef BEGAT_CLI_WIDTH_H
#define BEGAT_CLI_WIDTH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes and columns of the character at @p; a byte that starts none counts as one. */
size_t width_character(const char *p, uint32_t *ret_columns);

/* The bytes of @text that fit into @room columns, and how many they take. */
size_t width_head(const char *text, uint32_t room, uint32_t *ret_columns);

/* Writes what of @text fits into @room columns. Returns the columns that it took. */
uint32_t width_put_head(FILE *out, const char *text, uint32_t room);

/* Writes @text; more than @columns of it is cut, and ends with "...". An empty text is "?". */
void width_put_cut(FILE *out, const char *text, uint32_t columns);

/* Columns of @text. */
uint32_t width_of(const char *text);

/*
 * Writes @text and a newline. A line that is wider than @columns breaks behind a comma, before a "|"
 * (which goes), or else at a space; what follows is indented by one. Escapes of colors ("\033[1m")
 * take no column. @columns 0: no breaks.
 */
void width_wrap(FILE *out, const char *text, uint32_t columns);

/* Words behind an indent that is there already, each where it still fits. */
struct paragraph {
	FILE *out;
	size_t indent, width; /* of lines after the first; of what follows the indent */
	size_t at; /* columns of the line so far */
};

void paragraph_put(struct paragraph *paragraph, const char *text);

#endif
