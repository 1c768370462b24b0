/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/next.c - events that are pulled one by one, for callers that want no callback.
 *
 * Owns:    begat_next(), the copies that wait for it.
 * Not:     where events come from: one call of tracer_poll() fills the queue.
 *
 * Invariants
 *  (1) No event is dropped because the caller takes only one: a batch is kept whole.
 *  (2) What begat_next() gave lives until its next call.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "tracer/tracer.h"

int next_keep(const struct begat_event *ev, void *ctx)
{
	struct begat *b = ctx;
	struct pulled *p = &b->pulled;
	struct begat_event *copy;

	if (p->count == p->capacity) {
		size_t capacity = p->capacity ? p->capacity * 2 : 64;
		struct begat_event **items = reallocarray(p->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		p->items = items;
		p->capacity = capacity;
	}
	copy = begat_event_dup(ev);
	if (!copy)
		return -ENOMEM;
	p->items[p->count++] = copy;
	return 0;
}

void next_close(struct pulled *p)
{
	for (size_t i = p->given; i < p->count; i++)
		begat_event_free(p->items[i]);
	begat_event_free(p->current);
	free(p->items);
	*p = (struct pulled){ 0 };
}

BEGAT_API int begat_next(struct begat *b, int timeout_ms, const struct begat_event **ret_event)
{
	struct pulled *p = &b->pulled;

	error_clear(&b->error);
	*ret_event = NULL;
	if (!b->is_pulled)
		return error_set(&b->error, -EINVAL,
				 "begat_next: the tracer was opened with a callback; use "
				 "begat_poll");
	begat_event_free(p->current);
	p->current = NULL;
	if (p->given == p->count) {
		int count;

		p->given = p->count = 0;
		count = tracer_poll(b, timeout_ms);
		if (count < 0 && !p->count)
			return count == -ECANCELED ? error_set(&b->error, -ENOMEM, "out of memory")
						   : count;
	}
	if (p->given == p->count)
		return 0;
	p->current = p->items[p->given++];
	*ret_event = p->current;
	return 1;
}
