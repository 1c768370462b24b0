/* SPDX-License-Identifier: BSD-2-Clause */
/* tracer/resync.c - see resync.h. */
#include "tracer/resync.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS 1000000ull /* no more often than this are the counters looked through */
#define HELD_UP_NS 10000000ull /* for so long a record may stay unwritten */
/* How soon a doubtful one is looked at again: an exit is over in less, as a rule. Then doubled. */
#define DOUBT_NS 100000000ull

#define COMM_BYTES 16

struct running {
	uint64_t id, start_ns;
	uint32_t tgid, exec_id;
	bool is_new, is_in_exec; /* its fork, its exec may still come */
	char comm[COMM_BYTES];
};

struct running_list {
	struct running *items;
	size_t count, room;
};

struct comparison {
	struct resync *r;
	struct running_list known; /* in step 1: what the table has */
	struct running_list running, gone;
	uint64_t taken_ns; /* before the first was listed */
	bool has_doubtful;
	char *facts_buf;
};

uint64_t resync_losses(const struct resync *r)
{
	struct source *source = r->processes->source;

	return source->ops->count_lost(source, BEGAT_EVENT_BIT(BEGAT_FORK) |
						       BEGAT_EVENT_BIT(BEGAT_EXEC) |
						       BEGAT_EVENT_BIT(BEGAT_EXIT));
}

bool resync_has_losses(const struct resync *r)
{
	return resync_losses(r) != r->losses_done;
}

/*
 * A CPU reports its losses before its next event. That may be the exit of a process with a lost
 * fork: too late for a synthetic fork, so the counters are read before that.
 */
bool resync_is_due(struct resync *r, uint64_t now_ns)
{
	if (r->is_due || now_ns - r->looked_ns < LOOK_NS)
		return r->is_due;
	r->looked_ns = now_ns;
	r->is_due = resync_has_losses(r) || now_ns >= r->doubt_due_ns;
	return r->is_due;
}

void resync_note_doubtful(struct resync *r, bool has_doubtful)
{
	r->doubt_wait_ns = !has_doubtful ? 0 : r->doubt_wait_ns ? 2 * r->doubt_wait_ns : DOUBT_NS;
	r->doubt_due_ns = has_doubtful ? clock_boot_ns() + r->doubt_wait_ns : UINT64_MAX;
}

static int note(struct running_list *list, const struct running *running)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 1024;
		struct running *more = reallocarray(list->items, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->items = more;
		list->room = room;
	}
	list->items[list->count++] = *running;
	return 0;
}

static int note_running(void *ctx, const struct process_seen *seen)
{
	struct comparison *c = ctx;
	const struct begat_event *ev = seen->ev;
	struct running running = { .id = ev->id,
				   .start_ns = seen->start_ns,
				   .tgid = ev->tgid,
				   .exec_id = seen->exec_id,
				   .is_new = seen->is_new,
				   .is_in_exec = seen->is_in_exec };

	if (ev->comm.len < sizeof(running.comm))
		memcpy(running.comm, ev->comm.data, ev->comm.len);
	return note(&c->running, &running);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct running *)a)->id, y = ((const struct running *)b)->id;

	return x < y ? -1 : x > y;
}

static void sort(struct running_list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_id);
}

static const struct running *find(const struct running_list *list, uint64_t id)
{
	struct running key = { .id = id };

	return list->count ? bsearch(&key, list->items, list->count, sizeof(key), by_id) : NULL;
}

static int deliver_synthetic(struct resync *r, struct begat_event *ev, enum begat_event_type type)
{
	ev->type = type;
	ev->synthetic = true;
	begat_fields_add(&ev->has, BEGAT_F_SYNTHETIC);
	r->synthetic++;
	return r->deliver(r->ctx, ev);
}

int resync_introduce(struct resync *r, const struct begat_event *first)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_TIME,	    BEGAT_F_TS_NS,
						  BEGAT_F_ID,	 BEGAT_F_PID,	    BEGAT_F_TID,
						  BEGAT_F_PPID,	 BEGAT_F_PARENT_ID, BEGAT_F_COMM,
						  BEGAT_F_UID,	 BEGAT_F_GID,	    BEGAT_F_EUID,
						  BEGAT_F_EGID,	 BEGAT_F_LOGINUID,  BEGAT_F_SID,
						  BEGAT_F_PGID };
	struct begat_event ev = *first;

	memset(&ev.has, 0, sizeof(ev.has));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (begat_event_has(first, known[i]))
			begat_fields_add(&ev.has, known[i]);
	ev.tid = ev.tgid;
	return deliver_synthetic(r, &ev, BEGAT_FORK);
}

static bool is_same(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	return a_bytes == b_bytes && !memcmp(a, b, a_bytes);
}

/* Is what runs now another image than the one that is known? */
static bool has_other_image(const struct resync *r, const struct begat_event *ev)
{
	struct begat_process known = { .size = sizeof(known) };

	if (!begat_event_has(ev, BEGAT_F_ARGV) ||
	    proctable_find_id(r->processes->table, ev->id, &known) || known.exited)
		return false;
	if (!known.exe.len && !known.argv.bytes)
		return true;
	if (!is_same(known.exe.data, known.exe.len, ev->exe.data, ev->exe.len))
		return true;
	/* A title has been put in the place of the arguments: they tell nothing. */
	return !ev->argv_rewritten &&
	       !is_same(known.argv.data, known.argv.bytes, ev->argv.data, ev->argv.bytes);
}

/*
 * Has it had this image since before step 1? Else its exec is in the buffer, is still to come, or is
 * in the next loss. A name alone may be another without an exec.
 */
static bool is_settled(const struct running *before, const struct process_seen *seen)
{
	const struct begat_event *ev = seen->ev;

	return before && !before->is_in_exec && !seen->is_in_exec &&
	       before->exec_id == seen->exec_id &&
	       is_same(before->comm, strlen(before->comm), ev->comm.data, ev->comm.len);
}

/* Step 2 for one that runs: is it known, and is its image? */
static int compare_running(void *ctx, const struct process_seen *seen)
{
	struct comparison *c = ctx;
	struct resync *r = c->r;
	struct begat_event *ev = seen->ev;
	struct begat_process known = { .size = sizeof(known) };
	bool is_known = !proctable_find_id(r->processes->table, ev->id, &known);
	const struct running *before = find(&c->running, ev->id);
	int err = 0;

	if (seen->start_ns >= c->taken_ns || !scope_includes(r->scope, ev))
		return 0;
	if (is_known && is_same(known.comm.data, known.comm.len, ev->comm.data, ev->comm.len))
		return 0;
	if (!is_known && (!is_settled(before, seen) || before->is_new)) {
		c->has_doubtful = true; /* its fork is in the buffer, or in the next loss */
		return 0;
	}
	processes_complete(seen, c->facts_buf);
	if (!is_known)
		err = deliver_synthetic(r, ev, BEGAT_FORK);
	if (err || !has_other_image(r, ev))
		return err;
	if (is_settled(before, seen))
		return deliver_synthetic(r, ev, BEGAT_EXEC);
	c->has_doubtful = true;
	return 0;
}

/*
 * In a PID namespace the list is of that namespace alone. What the first list had is of it; of a
 * process that began under our eyes the exit hook knows; of others nobody.
 */
static bool is_list_of(const struct processes *p, const struct begat_process *process)
{
	if (!p->source->translates_pids || process->was_there_before)
		return true;
	return process->start_ns >= p->complete_ns &&
	       p->source->ops->has_exited(p->source, process->tgid, process->start_ns);
}

static int note_known(void *ctx, const struct begat_process *process)
{
	struct comparison *c = ctx;
	struct running known = { .id = process->id };

	return note(&c->known, &known);
}

static int note_gone(void *ctx, const struct begat_process *process)
{
	struct comparison *c = ctx;
	const struct processes *p = c->r->processes;
	struct running gone = { .id = process->id,
				.start_ns = process->start_ns,
				.tgid = process->tgid };

	if (!is_list_of(p, process) || process->start_ns >= c->taken_ns ||
	    !proctable_is_reported(p->table, process->id) || find(&c->running, process->id))
		return 0;
	if (find(&c->known, process->id))
		return note(&c->gone, &gone);
	/* Its fork was drained since: it may have begun after the list, or ended after the drain. */
	c->has_doubtful = true;
	return 0;
}

static int deliver_gone(struct resync *r, const struct running *gone)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_TIME, BEGAT_F_TS_NS,
						  BEGAT_F_ID,	 BEGAT_F_PID,  BEGAT_F_TID };
	struct begat_event ev = { .size = sizeof(ev) };

	ev.ts_ns = clock_boot_ns();
	ev.time_ns = ev.ts_ns + r->processes->source->realtime_offset_ns;
	ev.id = gone->id;
	ev.tgid = ev.tid = gone->tgid;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		begat_fields_add(&ev.has, known[i]);
	return deliver_synthetic(r, &ev, BEGAT_EXIT);
}

/*
 * All that was begun until now, or -EAGAIN. A record that is not yet written hides those behind it;
 * its CPU may be interrupted, and a virtual one may even have been taken away.
 */
static int drain_all(const struct resync *r)
{
	const struct source *source = r->processes->source;
	uint64_t end_ns = clock_boot_ns() + HELD_UP_NS;

	for (;;) {
		int err = r->drain(r->ctx);

		if (err < 0 || !source->ops->is_held_up || !source->ops->is_held_up(source))
			return err;
		if (clock_boot_ns() >= end_ns)
			return -EAGAIN;
		sched_yield();
	}
}

static int compare(struct comparison *c)
{
	const struct processes *p = c->r->processes;
	int err;

	c->taken_ns = clock_boot_ns();
	err = proctable_for_each_alive(p->table, note_known, c);
	if (!err)
		err = processes_list(p, note_running, c, &c->has_doubtful);
	if (err)
		return err;
	sort(&c->known);
	sort(&c->running);
	err = drain_all(c->r);
	if (err < 0)
		return err;
	err = proctable_for_each_alive(p->table, note_gone, c);
	for (size_t i = 0; i < c->gone.count && !err; i++)
		err = deliver_gone(c->r, &c->gone.items[i]);
	if (!err) {
		bool has_doubtful;

		err = processes_list(p, compare_running, c, &has_doubtful);
		c->has_doubtful |= has_doubtful;
	}
	return err;
}

int resync_run(struct resync *r)
{
	struct comparison c = { .r = r, .facts_buf = malloc(PROCESSES_FACTS_BYTES) };
	uint64_t losses = resync_losses(r); /* those that come meanwhile are for the next time */
	int err = c.facts_buf ? compare(&c) : -ENOMEM;

	/* An interrupt or a record that stays unwritten ends it halfway: then it is due as before. */
	if (!err)
		r->losses_done = losses;
	r->is_due = err;
	resync_note_doubtful(r, c.has_doubtful);
	free(c.known.items);
	free(c.running.items);
	free(c.gone.items);
	free(c.facts_buf);
	return err == -EAGAIN ? 0 : err;
}
