/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/columns.h - which columns the text for people has, and how wide they are.
 *
 * Owns:  names and order of columns, what is left out where the screen is narrow, where each begins.
 * Not:   what is in a cell (text.c, cell.c).
 *
 * Invariants
 *  (1) Where nothing is cut (no terminal, or wide) all columns have their places for good.
 *  (2) On a terminal what is before the command takes at most half of the line, as long as there
 *      is a column that can be left out; a longer cell pushes those behind it.
 *  (3) Columns that the caller named are never left out.
 */
#ifndef BEGAT_SINK_COLUMNS_H
#define BEGAT_SINK_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink/line.h"

enum column_kind {
	COLUMN_TIME,
	COLUMN_EVENT,
	COLUMN_PID,
	COLUMN_PPID,
	COLUMN_USER,
	COLUMN_RESULT,
	COLUMN_AFTER,
	COLUMN_COMMAND,
	COLUMN_FIELD, /* any field of an event */
};

enum column_clock {
	CLOCK_MICROSECONDS, /* 08:15:02.345678 */
	CLOCK_MILLISECONDS,
	CLOCK_SECONDS,
};

struct column {
	enum column_kind kind;
	int field; /* of COLUMN_FIELD: enum begat_field */
	const char *title; /* its name, shown in capitals; lives as long as the program */
	uint32_t width, gap; /* gap: blanks before it */
	uint32_t start; /* where it begins unless it is pushed */
	bool is_right; /* flush right */
	bool is_text; /* of any length: cut on a terminal where it is not the last */
};

#define COLUMNS_MAX 80

struct columns {
	struct column list[COLUMNS_MAX];
	size_t count;
	enum column_clock clock;
	bool is_own; /* the caller named them */
	uint32_t screen; /* width of the terminal; 0 = nothing is left out */
	uint32_t user_width; /* it grows with the users that came */
};

/*
 * columns_parse() - @list: "pid,user,command" or NULL for the usual ones.
 * Return: 0, or -EINVAL with a sentence in @error (which may be NULL).
 */
int columns_parse(struct columns *columns, const char *list, char *error, size_t error_size);

/* For a terminal of @screen columns; 0 = whole lines. Returns whether other columns are shown now. */
bool columns_fit(struct columns *columns, uint32_t screen);

/* A user needs @width columns: on a terminal the column grows. Returns as columns_fit(). */
bool columns_grow_user(struct columns *columns, uint32_t width);

/* Blanks up to where the column @i begins; a text between others ends with line_unlimit(). */
void columns_begin(const struct columns *columns, size_t i, struct line *line);

/* @text in the column @i. */
void columns_put(const struct columns *columns, size_t i, struct line *line, const char *text);

void columns_header(const struct columns *columns, struct line *line);

#endif
