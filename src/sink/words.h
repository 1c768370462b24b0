/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/words.h - what an event says to people: how it ended, after how long, and what it was.
 *
 * Owns:    the words of the columns RESULT, AFTER and COMMAND, and the colors.
 * Not:     which columns there are (columns.h), cells of single fields (cell.h).
 */
#ifndef SINK_WORDS_H
#define SINK_WORDS_H

#include <begat/event.h>

#include "sink/line.h"

/* For line_color(). */
#define COLOR_DIM "2"
#define COLOR_BOLD "1"
#define COLOR_RED "31"
#define COLOR_GREEN "32"
#define COLOR_YELLOW "33"
#define COLOR_CYAN "36"
#define COLOR_LOUD "1;41;97"

void words_result(struct line *line, const struct begat_event *ev);
void words_after(struct line *line, const struct begat_event *ev);

/* The command, and what its name and its result alone do not say. */
void words_what(struct line *line, const struct begat_event *ev);

#endif
