/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/coalescer.h - identical failed execs in a row become one event with a count.
 *
 * Owns:    the event that is held back.
 * Not:     publishing it: each function gives what is to be published next, and the caller does.
 *
 * Invariants
 *  (1) In a row means: of one process, with nothing else of the stream between them. What is held
 *      is given before any other event, so the order stays.
 *  (2) It is given COALESCE_NS after it came at the latest: a reader that looks at each event as it
 *      is made would see no row otherwise. In batch mode it is given with its batch.
 */
#ifndef BEGAT_TRACER_COALESCER_H
#define BEGAT_TRACER_COALESCER_H

#include <begat/event.h>

struct coalescer {
	bool is_batch;
	struct begat_event *held;
	uint64_t held_ns; /* when it came */
};

/*
 * True: @ev is held, or counted with what is. *ret_ready is what to publish first, or NULL; the
 * caller frees it with begat_event_free().
 */
bool coalescer_take(struct coalescer *c, const struct begat_event *ev, uint64_t now_ns,
		    struct begat_event **ret_ready);
/* What is held, or NULL. The caller frees it. */
struct begat_event *coalescer_flush(struct coalescer *c);
/* The same, if it has been held long enough. */
struct begat_event *coalescer_settle(struct coalescer *c, uint64_t now_ns);
/* Nanoseconds until then, at least 1; 0 = nothing is held. */
uint64_t coalescer_wait_ns(const struct coalescer *c, uint64_t now_ns);

#endif
