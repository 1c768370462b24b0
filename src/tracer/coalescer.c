/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer/coalescer.c - see coalescer.h. */
#include "tracer/coalescer.h"

#include <string.h>

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

struct begat_event *coalescer_flush(struct coalescer *c)
{
	struct begat_event *held = c->held;

	c->held = NULL;
	if (held && held->repeats)
		begat_fields_add(&held->has, BEGAT_F_REPEATS);
	return held;
}

struct begat_event *coalescer_settle(struct coalescer *c, uint64_t now_ns)
{
	return c->is_batch || now_ns >= c->held_ns + COALESCE_NS ? coalescer_flush(c) : NULL;
}

uint64_t coalescer_wait_ns(const struct coalescer *c, uint64_t now_ns)
{
	uint64_t due_ns = c->held_ns + COALESCE_NS;

	if (!c->held)
		return 0;
	return now_ns < due_ns ? due_ns - now_ns : 1;
}

bool coalescer_take(struct coalescer *c, const struct begat_event *ev, uint64_t now_ns,
		    struct begat_event **ret_ready)
{
	*ret_ready = NULL;
	if (ev->type != BEGAT_EXEC_FAILED || !begat_event_has(ev, BEGAT_F_FILENAME)) {
		*ret_ready = coalescer_flush(c);
		return false;
	}
	if (c->held && is_same(c->held, ev)) {
		c->held->repeats++;
		return true;
	}
	*ret_ready = coalescer_flush(c);
	c->held = begat_event_dup(ev);
	c->held_ns = now_ns;
	return c->held; /* no memory: it goes on alone */
}
