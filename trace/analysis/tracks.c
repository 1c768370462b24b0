/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/tracks.c - rows of a timeline: as few as there were processes at once.
 *
 * Owns:    analysis_node.track.
 * Not:     drawing.
 * Called:  by analysis_new().
 *
 * In order of start each process takes the lowest free row, so parents lie above what they beget
 * and the height of the picture is the parallelism. Two heaps: rows in use by when they get
 * free, free rows by number.
 */
#include "analysis.h"

#include <errno.h>
#include <stdlib.h>

struct heap_item {
	uint64_t key;
	uint32_t track;
};

struct heap {
	struct heap_item *items;
	size_t count;
};

static void heap_push(struct heap *h, uint64_t key, uint32_t track)
{
	size_t at = h->count++;

	while (at && h->items[(at - 1) / 2].key > key) {
		h->items[at] = h->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	h->items[at] = (struct heap_item){ key, track };
}

static struct heap_item heap_pop(struct heap *h)
{
	struct heap_item top = h->items[0], last = h->items[--h->count];
	size_t at = 0;

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < h->count && h->items[child + 1].key < h->items[child].key)
			child++;
		if (child >= h->count || h->items[child].key >= last.key)
			break;
		h->items[at] = h->items[child];
		at = child;
	}
	h->items[at] = last;
	return top;
}

int analysis_tracks(struct analysis *a)
{
	const struct model *m = a->model;
	struct heap busy = { calloc(m->count + 1, sizeof(*busy.items)), 0 };
	struct heap idle = { calloc(m->count + 1, sizeof(*idle.items)), 0 };
	int err = busy.items && idle.items ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < m->count; i++) {
		const struct model_process *p = &m->processes[i];
		uint32_t track;

		if (!model_is_run(m, i))
			continue;
		while (busy.count && busy.items[0].key <= p->start_ns) {
			track = heap_pop(&busy).track;
			heap_push(&idle, track, track);
		}
		track = idle.count ? heap_pop(&idle).track : a->tracks++;
		a->nodes[i].track = track;
		heap_push(&busy, p->end_ns > p->start_ns ? p->end_ns : p->start_ns + 1, track);
	}
	free(busy.items);
	free(idle.items);
	return err;
}
