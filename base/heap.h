/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/heap.h - a binary heap of (key, value), the smallest key first, then the smallest value.
 *
 * Owns:    its memory; zeroes are an empty heap.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct heap_item {
	uint64_t key;
	uint32_t value;
};

struct heap {
	struct heap_item *items; /* the first is the smallest */
	uint32_t count, room;
};

static inline bool heap_is_less(struct heap_item a, struct heap_item b)
{
	return a.key != b.key ? a.key < b.key : a.value < b.value;
}

/* 0 or -ENOMEM. */
static inline int heap_push(struct heap *h, uint64_t key, uint32_t value)
{
	struct heap_item item = { key, value };
	uint32_t at = h->count;

	if (h->count == h->room) {
		uint32_t room = h->room ? h->room * 2 : 64;
		struct heap_item *items = reallocarray(h->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		h->items = items;
		h->room = room;
	}
	for (h->count++; at && heap_is_less(item, h->items[(at - 1) / 2]); at = (at - 1) / 2)
		h->items[at] = h->items[(at - 1) / 2];
	h->items[at] = item;
	return 0;
}

/* The heap is not empty. */
static inline struct heap_item heap_pop(struct heap *h)
{
	struct heap_item top = h->items[0], last = h->items[--h->count];
	uint32_t at = 0, child;

	for (; (child = at * 2 + 1) < h->count; at = child) {
		if (child + 1 < h->count && heap_is_less(h->items[child + 1], h->items[child]))
			child++;
		if (!heap_is_less(h->items[child], last))
			break;
		h->items[at] = h->items[child];
	}
	h->items[at] = last;
	return top;
}

static inline void heap_done(struct heap *h)
{
	free(h->items);
	*h = (struct heap){ 0 };
}

#endif
