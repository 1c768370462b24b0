/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/width.h - how many columns text takes, and where a line breaks.
 *
 * Owns:  columns of UTF-8, wrapping by words.
 * Not:   cutting a command in its middle (tree.c).
 */
#ifndef BEGAT_CLI_WIDTH_H
#define BEGAT_CLI_WIDTH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes and columns of the character at @p; a byte that starts none counts as one. */
size_t width_character(const char *p, uint32_t *ret_columns);

/* Writes what of @text fits into @room columns. Returns the columns that it took. */
uint32_t width_put_head(FILE *out, const char *text, uint32_t room);

/* Columns of @text. */
uint32_t width_of(const char *text);

/*
 * Writes @text and a newline. A line that is wider than @columns breaks behind a comma, before a "|"
 * (which goes), or else at a space; what follows is indented by one. Escapes of colours ("\033[1m")
 * take no column. @columns 0: no breaks.
 */
void width_wrap(FILE *out, const char *text, uint32_t columns);

#endif
