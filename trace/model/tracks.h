/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/tracks.h - rows of a timeline: as few as there are lives at once.
 *
 * Owns:    which row a life gets.
 * Not:     what lies in it.
 *
 * In the order of their start each life takes the lowest free row, so parents lie above what they
 * beget, and the height of the picture is the parallelism.
 */
#ifndef BEGAT_TRACE_MODEL_TRACKS_H
#define BEGAT_TRACE_MODEL_TRACKS_H

#include "base/heap.h"

/* Zeroes are a valid start. */
struct tracks {
	struct heap busy; /* by when they get free */
	struct heap idle; /* by number */
	uint32_t count;
};

/* A row from @start_ns, which does not go back, to @end_ns. 0 or -ENOMEM. */
static inline int tracks_take(struct tracks *t, uint64_t start_ns, uint64_t end_ns,
			      uint32_t *ret_track)
{
	while (t->busy.count && t->busy.items[0].key <= start_ns) {
		uint32_t track = heap_pop(&t->busy).value;

		if (heap_push(&t->idle, track, track) < 0)
			return -ENOMEM;
	}
	*ret_track = t->idle.count ? heap_pop(&t->idle).value : t->count++;
	return heap_push(&t->busy, end_ns, *ret_track);
}

static inline void tracks_done(struct tracks *t)
{
	heap_done(&t->busy);
	heap_done(&t->idle);
}

#endif
