/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/status_line.h - signs of life on the terminal of a person: one line that is drawn again and again.
 *
 * Owns:  whether there is such a terminal, when the line is drawn, how it is cut.
 * Not:   the numbers (record.c), messages (message.c removes the line before it writes one).
 */
#ifndef BEGAT_CLI_STATUS_LINE_H
#define BEGAT_CLI_STATUS_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct status_line {
	int fd; /* the terminal, non-blocking; -1 = no line is drawn */
	const char *name; /* of the recording, safe to print; lives longer than the line */
	int64_t next_ms; /* not drawn again before this */
	uint32_t draws_due; /* 0 = what is on the screen is still true */
};

struct status_counts {
	uint64_t events, bytes, lost;
	int64_t alive; /* processes; negative = unknown */
};

/* Is standard error a terminal that this process may write to now: it is not a background job? */
bool status_is_seen(void);

/* Draws nothing yet. Nothing is ever drawn where a line cannot be removed (no terminal, TERM=dumb). */
void status_line_open(struct status_line *status, const char *name);

/* Something has changed: the line is drawn as soon as it may. */
void status_line_touch(struct status_line *status);

/* Milliseconds until the line is to be drawn; -1 = it need not be. */
int status_line_wait_ms(const struct status_line *status);

/* Draws it if it is due. */
void status_line_draw(struct status_line *status, const struct status_counts *counts);

/* Draws @text of at most 500 bytes, which is safe to print, if it may be drawn now; cut to the width. */
void status_line_say(struct status_line *status, const char *text);

/* Removes it. May be called twice. */
void status_line_close(struct status_line *status);

/*
 * The text, at most @columns wide: less is said where there is less room.
 * Return: its length; 0 = there is no room for anything.
 */
int status_line_text(char *out, int size, uint32_t columns, const char *name,
		     const struct status_counts *counts);

#endif
