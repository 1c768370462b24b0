/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/tracer.c - the loop that joins transport to callback.
 *
 * Owns:    the order of the steps, begat_poll(), begat_finish().
 * Not:     opening (open.c), waiting (wait.c), healing (heal.c).
 *
 * Invariants
 *  (1) Events reach the callback in the order of the transport; a lost event comes at its gap.
 *  (2) The process table has seen an event before the filter and the callback do.
 *  (3) Outside begat_poll() a reader that sleeps is announced to the kernel (wait_leave), so the
 *      descriptor of begat_fd() tells of new records to any event loop.
 */
#include "tracer/tracer.h"

#include <errno.h>
#include <string.h>

#include "base/api.h"
#include "base/clock.h"
#include "filter/push.h"

#define POLL_RECORDS_MAX 8192 /* one begat_poll() gives at most about so many */
#define DRAIN_RECORDS 512 /* between two looks at the dead: the fewer, the warmer the table */
#define POLL_BURST_NS 20000000ull /* and ends after this even if the storm goes on */
#define LOSS_LOOK_NS 1000000ull /* no more often than this are the counters looked through */
#define LATENCY_SAMPLE 8 /* in a burst every 8th event is timed */

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
	if (b->features.view.pid_ns == VIEW_INITIAL)
		return ev->tgid;
	/* In our PID namespace, and so is what /proc shows. */
	if (b->own_pid_ns && !b->features.view.proc_levels_up && begat_event_has(ev, BEGAT_F_NS) &&
	    begat_event_has(ev, BEGAT_F_PIDS) && ev->ns[BEGAT_NS_PID] == b->own_pid_ns)
		return ev->pids[ev->pids_count - 1];
	return 0;
}

/* Close to the fact, so that the files are still what they were: ahead of folding and filter. */
static void explain(struct begat *b, const void *record, struct begat_event *ev)
{
	uint32_t proc_pid = proc_pid_of(b, ev);

	if (ev->type == BEGAT_EXEC) {
		if (decode_may_dev_differ(record) && (begat_fields_has(&b->fields, BEGAT_F_DEV) ||
						      begat_fields_has(&b->fields, BEGAT_F_FS_DEV)))
			enrich_dev(proc_pid, ev);
		return;
	}
	if (begat_fields_has(&b->fields, BEGAT_F_MISSING) &&
	    b->events & BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED))
		enrich_missing(&b->missing, decode_has_reader_root(record), proc_pid, ev);
}

/* Past this point secrets are hidden: from sinks, recordings and summaries alike. */
static void call_back(struct begat *b, const struct begat_event *ev)
{
	if (b->redactor)
		ev = begat_redact(b->redactor, ev);
	if (!ev)
		b->stop = error_set(&b->error, -ENOMEM, "out of memory");
	else if (b->callback(ev, b->ctx))
		b->stop = -ECANCELED;
}

int tracer_hand_over(struct begat *b, struct begat_event *ev)
{
	enrich(b, ev);
	if (!is_wanted(b, ev))
		return b->stop;
	for (int i = 0; i < 2; i++) /* what was not asked for was not captured either */
		ev->has.bits[i] &= b->shown.bits[i];
	if (ev->ts_ns < b->last_ts_ns)
		b->late++;
	else
		b->last_ts_ns = ev->ts_ns;
	b->delivered[ev->type]++;
	call_back(b, ev);
	return b->stop;
}

/* The first event of a process that began under our eyes, and it is not its fork. */
static bool is_without_fork(const struct begat *b, const struct begat_event *ev)
{
	return (ev->type == BEGAT_EXEC || ev->type == BEGAT_EXEC_FAILED ||
		ev->type == BEGAT_EXIT) &&
	       !proctable_is_reported(b->table, ev->id) && !ev->synthetic &&
	       ev->ts_ns - ev->duration_ns > b->started_ns && stats_has_lost_forks(b);
}

int tracer_deliver(struct begat *b, struct begat_event *ev)
{
	int err = 0;

	if (b->has_table && is_without_fork(b, ev))
		err = heal_introduce(b, ev);
	if (b->has_table && !err)
		err = proctable_apply(b->table, ev);
	if (err == 1) /* an exit that was seen before */
		return b->stop;
	if (err < 0)
		return b->stop = err;
	if (b->fold_failures && coalesce_take(b, ev))
		return b->stop;
	return tracer_hand_over(b, ev);
}

static void time_delivery(struct begat *b, const struct begat_event *ev)
{
	uint64_t now;

	if (b->latency_skip++ % LATENCY_SAMPLE)
		return;
	now = tracer_now_ns();
	latency_add(&b->latency, now > ev->ts_ns ? now - ev->ts_ns : 0);
}

static void note_event(struct begat *b, const struct begat_event *ev)
{
	if (ev->type == BEGAT_LOST) {
		b->heal_due |= b->has_table && stats_losses(b) != b->losses_healed;
		return;
	}
	b->received[ev->type]++;
	b->sweep_due |= ev->type == BEGAT_EXIT;
	time_delivery(b, ev);
}

/*
 * A cgroup that the filter rules out, whatever happens in it, needs to be reported once: its number
 * is never reused. What comes of it until the kernel knows is dropped here as ever.
 */
static void skip_cgroup(struct begat *b, const void *record, struct begat_event *ev)
{
	uint64_t id = decode_cgroup_id(record), *kept = &b->cgroups_kept[id % CGROUPS_KEPT];

	if (!id || *kept == id || !begat_event_has(ev, BEGAT_F_CGROUP))
		return;
	enrich(b, ev);
	if (filter_excludes_cgroup(b->where, ev))
		probes_skip_cgroup(b->probes, id);
	else
		*kept = id;
}

/* Recorded between the end of the stream and the stop of its CPU. A loss is always reported. */
static bool is_too_late(const struct begat *b, const struct begat_event *ev)
{
	return b->end_ns && ev->ts_ns > b->end_ns && ev->type != BEGAT_LOST;
}

/* The path of an event, step by step. */
int tracer_take(struct begat *b, const void *record, size_t size)
{
	struct begat_event ev;
	int got = decode_record(b->decoder, record, size, &ev);

	if (got < 0) /* out of memory for a long argv: that argv is cut, the stream goes on */
		b->malformed += got != -ENOMEM;
	for (bool more = got > 0; more && !b->stop; more = decode_more(b->decoder, &ev)) {
		note_event(b, &ev);
		if (is_too_late(b, &ev))
			continue;
		if (b->skips_cgroups)
			skip_cgroup(b, record, &ev);
		if (ev.type == BEGAT_EXEC_FAILED || ev.type == BEGAT_EXEC)
			explain(b, record, &ev);
		tracer_deliver(b, &ev);
	}
	return b->stop;
}

/* After each record: one that takes long must not delay an interrupt by those behind it. */
static int take(void *ctx, const void *record, size_t size)
{
	struct begat *b = ctx;
	int err = tracer_take(b, record, size);

	if (!err && b->is_polled && atomic_exchange(&b->is_interrupted, false))
		err = -EINTR;
	return err;
}

void tracer_follow_clock(struct begat *b)
{
	uint64_t boot = tracer_now_ns();

	b->realtime_offset_ns = clock_read_ns(CLOCK_REALTIME) - boot;
	decoder_set_realtime(b->decoder, (int64_t)b->realtime_offset_ns);
}

int tracer_drain(struct begat *b, int most)
{
	int count;

	tracer_follow_clock(b);
	b->latency_skip = 0; /* the first of a batch is always timed */
	count = b->transport_ops->drain(b->transport, most, take, b);
	if (count == -ENOMEM)
		error_set(&b->error, count, "out of memory");
	return count;
}

/* Records in hand, and whatever follows while we spin. Returns how many, or a negative errno. */
static int drain_burst(struct begat *b)
{
	uint64_t end_ns = 0;
	int total = 0;

	while (total < POLL_RECORDS_MAX) {
		int count = tracer_drain(b, DRAIN_RECORDS);
		uint64_t now;

		if (count < 0)
			return count;
		total += count;
		now = tracer_now_ns();
		if (count)
			wait_note(b, count, now);
		if (!end_ns)
			end_ns = now + POLL_BURST_NS;
		proctable_expire(b->table, now);
		if (now >= end_ns || (!count && !total) || !wait_spin(b, total > 1, end_ns))
			break;
	}
	return total;
}

/*
 * A CPU reports its losses before its next record. That may be the exit of a process with a lost
 * fork: too late for a synthetic fork, so the counters are read before that.
 */
static void look_for_losses(struct begat *b, uint64_t now_ns)
{
	if (b->heal_due || !b->has_table || now_ns - b->losses_looked_ns < LOSS_LOOK_NS)
		return;
	b->losses_looked_ns = now_ns;
	b->heal_due = stats_losses(b) != b->losses_healed || now_ns >= b->doubt_due_ns;
}

/* What may wait until no record does. */
static int settle(struct begat *b)
{
	uint64_t now = tracer_now_ns();
	int err = coalesce_settle(b, now);

	look_for_losses(b, now);
	if (!err && b->heal_due && b->transport_ops->is_empty(b->transport))
		err = heal_table(b);
	return err;
}

static uint64_t sum_delivered(const struct begat *b)
{
	uint64_t sum = 0;

	for (int i = 0; i < BEGAT_TYPE_SLOTS; i++)
		sum += b->delivered[i];
	return sum;
}

static int poll_once(struct begat *b, int timeout_ms, uint64_t deadline_ns)
{
	int count = drain_burst(b), err;

	if (count < 0)
		return count;
	err = settle(b);
	if (err)
		return err;
	if (count)
		return count;
	if (!timeout_ms) /* the timer is part of begat_fd(): left unread it would stay readable */
		return b->mode == BEGAT_LOW ? 0 : wait_sleep(b, 0);
	if (b->mode == BEGAT_LOW) {
		wait_spin(b, false, deadline_ns);
		return 0;
	}
	if (timeout_ms > 0) {
		uint64_t now = tracer_now_ns();

		timeout_ms = now >= deadline_ns ? 0 : (deadline_ns - now + 999999) / 1000000;
	}
	return wait_sleep(b, timeout_ms);
}

/* What was there before, once, ahead of everything else. */
static int deliver_snapshot(struct begat *b)
{
	if (!b->snapshot_due)
		return 0;
	b->snapshot_due = false;
	return heal_snapshot(b, true);
}

int tracer_poll(struct begat *b, int timeout_ms)
{
	uint64_t before = sum_delivered(b), now = tracer_now_ns();
	uint64_t deadline_ns = timeout_ms < 0 ? UINT64_MAX : now + timeout_ms * 1000000ull;
	int count;

	if (b->finished)
		return 0;
	count = deliver_snapshot(b);
	wait_disarm(b);
	b->is_polled = true;
	while (count >= 0 && sum_delivered(b) == before) {
		if (atomic_exchange(&b->is_interrupted, false))
			count = -EINTR;
		else
			count = poll_once(b, timeout_ms, deadline_ns);
		if (deadline_ns != UINT64_MAX && tracer_now_ns() >= deadline_ns)
			break;
	}
	b->is_polled = false;
	wait_leave(b);
	if (count < 0) {
		b->stop = 0;
		return count;
	}
	return sum_delivered(b) - before;
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
	ev.ts_ns = tracer_now_ns();
	ev.stats = &stats;
	begat_fields_add(&ev.has, BEGAT_F_EVENT);
	begat_fields_add(&ev.has, BEGAT_F_TIME);
	begat_fields_add(&ev.has, BEGAT_F_TS_NS);
	return tracer_hand_over(b, &ev);
}

BEGAT_API int begat_finish(struct begat *b)
{
	uint64_t before = sum_delivered(b);
	int count;

	error_clear(&b->error);
	if (b->finished)
		return 0;
	/*
	 * One moment for all CPUs and hooks. What the exit hook did not see any more must not have
	 * been begun in this stream by a fork hook that was there a little longer.
	 */
	b->end_ns = tracer_now_ns();
	probes_stop(b->probes);
	probes_detach(b->probes);
	b->stop = 0;
	count = deliver_snapshot(b);
	while (count >= 0 && (count = tracer_drain(b, POLL_RECORDS_MAX)) > 0)
		;
	/* Who ended unseen would otherwise go on living in what was written. */
	if (count >= 0 && b->has_table && stats_losses(b) != b->losses_healed)
		count = heal_table(b);
	if (count >= 0)
		count = coalesce_flush(b);
	b->finished = true;
	probes_sweep(b->probes, UINT64_MAX);
	if (count < 0)
		return count;
	count = stats_deliver_rest(b);
	if (count >= 0)
		count = deliver_summary(b);
	return count < 0 ? count : (int)(sum_delivered(b) - before);
}

BEGAT_API int begat_fd(const struct begat *b)
{
	return b->epoll_fd;
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

BEGAT_API bool begat_find_forebear(void *b, uint64_t id, struct begat_event *ret_forebear)
{
	return proctable_find_forebear(((struct begat *)b)->table, id, ret_forebear);
}
