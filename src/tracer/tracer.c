/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/tracer.c - the loop that joins a source to a callback.
 *
 * Owns:    the order of the steps, begat_poll(), begat_finish(). It alone knows all parts.
 * Not:     opening (open.c).
 *
 *   source -> handle_event() -> process table -> coalescer -> publish() -> filter -> callback
 *                                     ^
 *   start, resync: snapshots and synthetic events, by apply_event()
 *
 * Invariants
 *  (1) Events reach the callback in the order of the source; a lost event comes at its gap.
 *  (2) The process table has seen an event before the filter and the callback do.
 *  (3) Outside begat_poll() begat_fd() tells of new events to any event loop (waiter.h).
 */
#include "tracer/tracer.h"

#include <errno.h>
#include <string.h>

#include "base/api.h"
#include "tracer/start.h"

#define POLL_EVENTS_MAX 8192 /* one begat_poll() gives at most about so many */
#define DRAIN_EVENTS 512 /* between two looks at the dead: the fewer, the warmer the table */
#define RESYNC_EVENTS_MAX (1 << 20)
#define POLL_BURST_NS 20000000ull /* and ends after this even if the storm goes on */
#define LATENCY_SAMPLE 8 /* of a batch the first 8 events are timed, then every 8th */
#define SWEEP_NS 50000000ull /* behind the window; where there is more to trace, hooks come first */

static bool is_wanted(const struct begat *b, const struct begat_event *ev)
{
	if (!(b->events & BEGAT_EVENT_BIT(ev->type)))
		return false;
	if (ev->type == BEGAT_LOST || ev->type == BEGAT_SUMMARY)
		return true; /* about the stream, not about a process */
	return !b->where || begat_filter_match(b->where, ev, &b->lineage);
}

static void enrich(struct begat *b, struct begat_event *ev)
{
	if (begat_event_has(ev, BEGAT_F_CGROUP) &&
	    begat_fields_has(&b->fields, BEGAT_F_CONTAINER_ID))
		enrich_container_cached(&b->container, ev);
}

/* The number of its process in /proc; 0 = not known. */
static uint32_t proc_pid_of(const struct begat *b, const struct begat_event *ev)
{
	if (b->source->has_our_pids)
		return ev->tgid;
	/* In our PID namespace, and so is what /proc shows. */
	if (b->own_pid_ns && b->source->is_proc_ours && begat_event_has(ev, BEGAT_F_NS) &&
	    begat_event_has(ev, BEGAT_F_PIDS) && ev->ns[BEGAT_NS_PID] == b->own_pid_ns)
		return ev->pids[ev->pids_count - 1];
	return 0;
}

/* Close to the fact, so that the files are still what they were: ahead of coalescer and filter. */
static void explain(struct begat *b, struct begat_event *ev, uint32_t hints)
{
	uint32_t proc_pid = proc_pid_of(b, ev);

	if (ev->type == BEGAT_EXEC) {
		if (hints & SOURCE_DEV_MAY_DIFFER && (begat_fields_has(&b->fields, BEGAT_F_DEV) ||
						      begat_fields_has(&b->fields, BEGAT_F_FS_DEV)))
			enrich_dev(proc_pid, ev);
		return;
	}
	if (begat_fields_has(&b->fields, BEGAT_F_MISSING) &&
	    b->events & BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED))
		enrich_missing(&b->missing, hints & SOURCE_READER_ROOT, proc_pid, ev);
}

/* Past this point secrets are hidden: from sinks, recordings and summaries alike. */
static void call_callback(struct begat *b, const struct begat_event *ev)
{
	if (b->redactor)
		ev = begat_redact(b->redactor, ev);
	if (!ev)
		b->stop = error_set(&b->error, -ENOMEM, "out of memory");
	else if (b->callback(ev, b->ctx))
		b->stop = -ECANCELED;
}

/* What comes out of the table or past it: enrichment, filter, callback. Returns b->stop. */
static int publish(struct begat *b, struct begat_event *ev)
{
	enrich(b, ev);
	if (!is_wanted(b, ev))
		return b->stop;
	for (int i = 0; i < 2; i++) /* what was not asked for was not captured either */
		ev->has.bits[i] &= b->shown.bits[i];
	stats_note_delivered(&b->stats, ev);
	call_callback(b, ev);
	return b->stop;
}

static int publish_held(struct begat *b, struct begat_event *held)
{
	if (!held)
		return 0;
	publish(b, held);
	begat_event_free(held);
	return b->stop;
}

/* The first event of a process that began under our eyes, and it is not its fork. */
static bool is_without_fork(const struct begat *b, const struct begat_event *ev)
{
	return (ev->type == BEGAT_EXEC || ev->type == BEGAT_EXEC_FAILED ||
		ev->type == BEGAT_EXIT) &&
	       !proctable_is_reported(b->table, ev->id) && !ev->synthetic &&
	       ev->ts_ns - ev->duration_ns > b->started_ns &&
	       b->source->ops->count_lost(b->source, BEGAT_EVENT_BIT(BEGAT_FORK));
}

/* Process table, coalescer, and out. Returns 0, or b->stop once set. */
static int apply_event(void *ctx, struct begat_event *ev)
{
	struct begat *b = ctx;
	struct begat_event *ready;
	bool is_taken;
	int err = 0;

	if (b->has_table && is_without_fork(b, ev))
		err = resync_introduce(&b->resync, ev);
	if (b->has_table && !err)
		err = proctable_apply(b->table, ev);
	if (err == 1) /* an exit that was seen before */
		return b->stop;
	if (err < 0)
		return b->stop = err;
	if (!b->coalesces)
		return publish(b, ev);
	is_taken = coalescer_take(&b->coalescer, ev, clock_boot_ns(), &ready);
	publish_held(b, ready);
	return is_taken ? b->stop : publish(b, ev);
}

static void time_delivery(struct begat *b, const struct begat_event *ev)
{
	unsigned int index = b->latency_index++;
	uint64_t now;

	if (index >= LATENCY_SAMPLE && index % LATENCY_SAMPLE)
		return;
	now = clock_boot_ns();
	stats_add_latency(&b->stats, now > ev->ts_ns ? now - ev->ts_ns : 0);
}

static void note_event(struct begat *b, const struct begat_event *ev)
{
	if (ev->type == BEGAT_LOST) {
		b->resync.is_due |= b->has_table && resync_has_losses(&b->resync);
		return;
	}
	b->stats.received[ev->type]++;
	b->sweep_due |= ev->type == BEGAT_EXIT;
	if (ev->type == BEGAT_FORK)
		waiter_note_fork(&b->waiter, ev->ts_ns);
	if (b->events & BEGAT_EVENT_BIT(ev->type)) /* nobody waits for the others */
		time_delivery(b, ev);
}

/*
 * A cgroup that the filter rules out, whatever happens in it, needs to be reported once: its number
 * is never reused. What comes of it until the source knows is dropped here as ever.
 */
static void skip_cgroup(struct begat *b, struct begat_event *ev)
{
	uint64_t id = ev->cgroup_id, *kept = &b->cgroups_kept[id % CGROUPS_KEPT];

	if (!id || *kept == id || !begat_event_has(ev, BEGAT_F_CGROUP))
		return;
	enrich(b, ev);
	if (filter_excludes_cgroup(b->where, ev))
		b->source->ops->skip_cgroup(b->source, id);
	else
		*kept = id;
}

/* Seen between the end of the stream and the stop of its CPU. A loss is always reported. */
static bool is_too_late(const struct begat *b, const struct begat_event *ev)
{
	return b->end_ns && ev->ts_ns > b->end_ns && ev->type != BEGAT_LOST;
}

/*
 * The path of an event, step by step. An interrupt is looked for after each: one that takes long
 * must not delay it by those behind it.
 */
static int handle_event(void *ctx, struct begat_event *ev, uint32_t hints)
{
	struct begat *b = ctx;

	if (b->stop)
		return b->stop;
	note_event(b, ev);
	if (!is_too_late(b, ev)) {
		if (b->pushdown.skips_cgroups)
			skip_cgroup(b, ev);
		if (ev->type == BEGAT_EXEC_FAILED || ev->type == BEGAT_EXEC)
			explain(b, ev, hints);
		apply_event(b, ev);
	}
	if (!b->stop && b->is_polled && atomic_exchange(&b->is_interrupted, false))
		return -EINTR;
	return b->stop;
}

/* Until the source is empty or about @most events are handled. */
static int drain(struct begat *b, int most)
{
	int count;

	source_follow_clock(b->source);
	b->latency_index = 0;
	count = b->source->ops->drain(b->source, most, handle_event, b);
	if (count == -ENOMEM)
		error_set(&b->error, count, "out of memory");
	return count;
}

static int drain_for_resync(void *ctx)
{
	return drain(ctx, RESYNC_EVENTS_MAX);
}

void tracer_join_parts(struct begat *b)
{
	b->resync.processes = &b->processes;
	b->resync.scope = &b->scope;
	b->resync.drain = drain_for_resync;
	b->resync.deliver = apply_event;
	b->resync.ctx = b;
}

/*
 * Events in hand, and whatever follows while we spin. Events that are pulled reach nobody meanwhile:
 * then spinning comes first. Returns how many, or a negative errno.
 */
static int drain_burst(struct begat *b, uint64_t deadline_ns)
{
	uint64_t end_ns = 0;
	int total = 0;

	while (total < POLL_EVENTS_MAX) {
		int count = drain(b, DRAIN_EVENTS);
		uint64_t now;

		if (count < 0)
			return count;
		total += count;
		now = clock_boot_ns();
		if (count)
			waiter_note(&b->waiter, count, now);
		if (!end_ns)
			end_ns = now + POLL_BURST_NS;
		if (b->is_pulled && deadline_ns < end_ns)
			end_ns = deadline_ns;
		proctable_expire(b->table, now);
		if (now >= end_ns || b->is_pulled == (total > 0) ||
		    !waiter_spin(&b->waiter, total > 1, end_ns))
			break;
	}
	return total;
}

static int run_resync(struct begat *b)
{
	int err = resync_run(&b->resync);

	return err == -ENOMEM ? error_set(&b->error, err, "out of memory") : err;
}

/* What may wait until no event does. */
static int settle(struct begat *b)
{
	uint64_t now = clock_boot_ns();
	int err = publish_held(b, coalescer_settle(&b->coalescer, now));

	if (!b->has_table || !resync_is_due(&b->resync, now) || err)
		return err;
	return b->source->ops->is_empty(b->source) ? run_resync(b) : 0;
}

static struct waiter_due due_of(const struct begat *b)
{
	struct waiter_due due = { .is_finished = b->is_finished };

	if (b->snapshot_due) /* begat_fd() says at once that there is something to deliver */
		due.deliver_ns = 1;
	else if (b->coalescer.held)
		due.deliver_ns = coalescer_wait_ns(&b->coalescer, clock_boot_ns());
	if (b->sweep_due)
		due.sweep_ns = b->window_ns + SWEEP_NS;
	return due;
}

/* When no hook comes by to reclaim what the source keeps of the dead. */
static void sweep(struct begat *b, uint64_t now_ns)
{
	b->sweep_due = false;
	if (b->source->ops->sweep)
		b->source->ops->sweep(b->source, now_ns);
}

static int sleep_a_while(struct begat *b, int timeout_ms)
{
	struct waiter_due due = due_of(b);
	int err = waiter_sleep(&b->waiter, timeout_ms, &due);

	if (err != WAITER_SWEEP)
		return err;
	sweep(b, clock_boot_ns());
	return 0;
}

void tracer_leave(struct begat *b)
{
	struct waiter_due due = due_of(b);

	waiter_leave(&b->waiter, &due);
}

static int poll_once(struct begat *b, int timeout_ms, uint64_t deadline_ns)
{
	int count = drain_burst(b, deadline_ns), err;

	if (count < 0)
		return count;
	err = settle(b);
	if (err)
		return err;
	if (count)
		return count;
	if (!timeout_ms) /* the timer is part of begat_fd(): left unread it would stay readable */
		return b->mode == BEGAT_LOW ? 0 : sleep_a_while(b, 0);
	if (b->mode == BEGAT_LOW) {
		waiter_spin(&b->waiter, false, deadline_ns);
		return 0;
	}
	if (timeout_ms > 0) {
		uint64_t now = clock_boot_ns();

		timeout_ms = now >= deadline_ns ? 0 : (deadline_ns - now + 999999) / 1000000;
	}
	return sleep_a_while(b, timeout_ms);
}

/* What was there before, once, ahead of everything else. */
static int deliver_snapshot(struct begat *b)
{
	const struct start_sink sink = { apply_event, b };
	bool has_doubtful;
	int err;

	if (!b->snapshot_due)
		return 0;
	b->snapshot_due = false;
	err = start_snapshot(&b->processes, &b->scope, &sink, &has_doubtful);
	resync_note_doubtful(&b->resync, has_doubtful);
	return err;
}

int tracer_poll(struct begat *b, int timeout_ms)
{
	uint64_t before = stats_sum_delivered(&b->stats), now = clock_boot_ns();
	uint64_t deadline_ns = timeout_ms < 0 ? UINT64_MAX : now + timeout_ms * 1000000ull;
	int count;

	if (b->is_finished)
		return 0;
	count = deliver_snapshot(b);
	waiter_enter(&b->waiter);
	b->is_polled = true;
	while (count >= 0 && stats_sum_delivered(&b->stats) == before) {
		if (atomic_exchange(&b->is_interrupted, false))
			count = -EINTR;
		else
			count = poll_once(b, timeout_ms, deadline_ns);
		if (deadline_ns != UINT64_MAX && clock_boot_ns() >= deadline_ns)
			break;
	}
	b->is_polled = false;
	tracer_leave(b);
	if (count < 0) {
		b->stop = 0;
		return count;
	}
	return stats_sum_delivered(&b->stats) - before;
}

BEGAT_API void begat_interrupt(struct begat *b)
{
	atomic_store(&b->is_interrupted, true);
}

BEGAT_API int begat_poll(struct begat *b, int timeout_ms)
{
	error_clear(&b->error);
	if (b->is_pulled)
		return error_set(&b->error, -EINVAL,
				 "begat_poll: the tracer was opened without a callback; use "
				 "begat_next");
	return tracer_poll(b, timeout_ms);
}

static int deliver_summary(struct begat *b)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_SUMMARY };

	begat_stats(b, &stats);
	ev.time_ns = clock_read_ns(CLOCK_REALTIME);
	ev.ts_ns = clock_boot_ns();
	ev.stats = &stats;
	begat_fields_add(&ev.has, BEGAT_F_EVENT);
	begat_fields_add(&ev.has, BEGAT_F_TIME);
	begat_fields_add(&ev.has, BEGAT_F_TS_NS);
	return publish(b, &ev);
}

BEGAT_API int begat_finish(struct begat *b)
{
	uint64_t before = stats_sum_delivered(&b->stats);
	int count;

	error_clear(&b->error);
	if (b->is_finished)
		return 0;
	/*
	 * One moment for all CPUs and hooks. What the exit hook did not see any more must not have
	 * been begun in this stream by a fork hook that was there a little longer.
	 */
	b->end_ns = clock_boot_ns();
	b->source->ops->stop(b->source);
	b->stop = 0;
	count = deliver_snapshot(b);
	while (count >= 0 && (count = drain(b, POLL_EVENTS_MAX)) > 0)
		;
	/* A process that ended unseen would otherwise go on living in what was written. */
	if (count >= 0 && b->has_table && resync_has_losses(&b->resync))
		count = run_resync(b);
	if (count >= 0)
		count = publish_held(b, coalescer_flush(&b->coalescer));
	b->is_finished = true;
	sweep(b, UINT64_MAX);
	if (count < 0)
		return count;
	count = b->source->ops->report_losses(b->source, handle_event, b);
	if (count >= 0)
		count = deliver_summary(b);
	return count < 0 ? count : (int)(stats_sum_delivered(&b->stats) - before);
}

BEGAT_API int begat_fd(const struct begat *b)
{
	return b->waiter.epoll_fd;
}

BEGAT_API const char *begat_error(const struct begat *b)
{
	return b ? b->error.text : "out of memory";
}

BEGAT_API int begat_find_process(struct begat *b, pid_t tgid, struct begat_process *ret)
{
	int err = proctable_find_tgid(b->table, tgid, ret);

	error_clear(&b->error);
	return err ? error_set(&b->error, err, "no process %d is known", (int)tgid) : 0;
}

BEGAT_API int begat_find_id(struct begat *b, uint64_t id, struct begat_process *ret)
{
	int err = proctable_find_id(b->table, id, ret);

	error_clear(&b->error);
	return err ? error_set(&b->error, err, "no process with the id %016llx is known",
			       (unsigned long long)id)
		   : 0;
}

BEGAT_API bool begat_find_ancestor(void *b, uint64_t id, struct begat_event *ret_ancestor)
{
	return proctable_find_ancestor(((struct begat *)b)->table, id, ret_ancestor);
}

BEGAT_API bool begat_find_forebear(void *b, uint64_t id, struct begat_event *ret_ancestor)
{
	return begat_find_ancestor(b, id, ret_ancestor);
}
