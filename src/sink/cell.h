/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/cell.h - a field of an event as people read it.
 *
 * Owns:  one text for each kind of field. Not: where it goes (columns.c).
 */
#ifndef BEGAT_SINK_CELL_H
#define BEGAT_SINK_CELL_H

#include <begat/event.h>

#include "event/fields.h"
#include "sink/line.h"

#define CELL_BYTES 64

/* Fields of a fixed size into @text. Null: the field is a text, for cell_put_text(). */
const char *cell_scalar(const struct begat_event *ev, enum begat_field field,
			char text[CELL_BYTES]);

/* A text, a list of texts or of numbers, or a process by name. */
void cell_put_text(struct line *line, const struct begat_event *ev, enum begat_field field);

#endif
