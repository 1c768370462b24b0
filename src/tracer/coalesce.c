/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/coalesce.c - identical failed execs in a row become one event with a count.
 *
 * In a row means: of one process, with nothing else of the stream between them. What is held is
 * handed over before any other event, so the order stays, and COALESCE_NS after it came: a reader that
 * looks at each record as it is made would see no row otherwise. In batch mode it goes with its batch.
 */
#include <errno.h>
#include <string.h>

#include "tracer/tracer.h"

#define COALESCE_NS 10000000ull

static bool is_same_text(const struct begat_event *a, const struct begat_str *a_text,
			 const struct begat_event *b, const struct begat_str *b_text,
			 enum begat_field field)
{
	if (begat_event_has(a, field) != begat_event_has(b, field))
		return false;
	return !begat_event_has(a, field) ||
	       (a_text->len == b_text->len && !memcmp(a_text->data, b_text->data, a_text->len));
}

static bool is_same(const struct begat_event *a, const struct begat_event *b)
{
	return is_same_text(a, &a->cwd, b, &b->cwd, BEGAT_F_CWD) &&
	       is_same_text(a, &a->fd_path, b, &b->fd_path, BEGAT_F_FD_PATH) &&
	       is_same_text(a, &a->missing_interpreter, b, &b->missing_interpreter,
			    BEGAT_F_MISSING) &&
	       a->id == b->id && a->tid == b->tid && a->error == b->error &&
	       a->filename.len == b->filename.len && a->argv.bytes == b->argv.bytes &&
	       !memcmp(a->filename.data, b->filename.data, a->filename.len) &&
	       (!a->argv.bytes || !memcmp(a->argv.data, b->argv.data, a->argv.bytes));
}

int coalesce_flush(struct begat *b)
{
	struct begat_event *held = b->held;
	int err;

	if (!held)
		return 0;
	b->held = NULL;
	if (held->repeats)
		begat_fields_add(&held->has, BEGAT_F_REPEATS);
	err = tracer_hand_over(b, held);
	begat_event_free(held);
	return err;
}

int coalesce_settle(struct begat *b, uint64_t now_ns)
{
	return b->mode == BEGAT_BATCH || now_ns >= b->held_ns + COALESCE_NS ? coalesce_flush(b) : 0;
}

uint64_t coalesce_wait_ns(const struct begat *b)
{
	uint64_t due_ns = b->held_ns + COALESCE_NS, now_ns;

	if (!b->held)
		return 0;
	now_ns = tracer_now_ns();
	return now_ns < due_ns ? due_ns - now_ns : 1;
}

bool coalesce_take(struct begat *b, const struct begat_event *ev)
{
	if (ev->type != BEGAT_EXEC_FAILED || !begat_event_has(ev, BEGAT_F_FILENAME)) {
		coalesce_flush(b);
		return false;
	}
	if (b->held && is_same(b->held, ev)) {
		b->held->repeats++;
		return true;
	}
	coalesce_flush(b);
	b->held = begat_event_dup(ev);
	b->held_ns = tracer_now_ns();
	return b->held; /* no memory: it goes on alone */
}
