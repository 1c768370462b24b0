/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/next.h - events that wait for begat_next().
 */
#ifndef TRACER_NEXT_H
#define TRACER_NEXT_H

#include <begat/event.h>
#include <stddef.h>

/* Events that wait for begat_next(). */
struct pulled {
	struct begat_event **items; /* copies; those before given belong to nobody any more */
	size_t count, capacity, given;
	struct begat_event *current; /* what the caller has */
};

/* next.c: a callback that keeps a copy; @ctx is the tracer. */
int next_keep(const struct begat_event *ev, void *ctx);
void next_close(struct pulled *pulled);

#endif
