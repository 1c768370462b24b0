/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/send.h - from the decision to emit a record to the buffer, or to the count of losses.
 *
 * Owns: what every record is sent with, header numbers, wake-ups, the accounting of every drop.
 * Not: what is in a record.
 *
 * Invariants
 *  (1) generated[class] counts each admitted record once; it is sent, or dropped[class] counts it.
 *  (2) A REC_LOST before the next whole record of this CPU reports what was dropped.
 *  (3) Balanced mode never loses a wake-up: this side publishes the record and then reads the
 *      reader's flag; the reader sets the flag and then looks for records. The side that clears the
 *      flag wakes the reader, or sets the flag again. A fork that is not in the flag wakes nobody,
 *      unless a quarter of the buffer is full: the reader has a timer for it, or nobody waits for
 *      it (src/tracer/waiter.h).
 *  (4) is_stopped is read before the time stamp: an event that it keeps out is later than the end
 *      of the stream, a time that user space takes before it stops the first CPU (probes_stop()).
 */
#ifndef BEGAT_BPF_EMIT_SEND_H
#define BEGAT_BPF_EMIT_SEND_H

#include "compat.h"

/* One record under way, from emit_begin() to send(). */
struct emit {
	void *ctx; /* the hook's */
	struct cpu_counters *counters;
	void *record; /* the slot that it is assembled in */
	__u64 ts_ns;
	__u32 tid; /* the thread that it is about */
	__u32 reserved;
};

/* False: this CPU records no more events. */
static __always_inline bool emit_begin(struct emit *emit, void *ctx, enum slot index, __u32 tid)
{
	emit->ctx = ctx;
	emit->counters = cpu_counters();
	emit->record = slot(index);
	emit->tid = tid;
	if (!emit->counters || !emit->record || emit->counters->is_stopped)
		return false;
	emit->ts_ns = now_ns();
	return true;
}

static __always_inline struct reader_state *reader_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&reader, &zero);
}

/* A wake-up without a record: a reservation that is discarded. False if there is no room. */
static __always_inline bool send_wake(void)
{
	void *nothing = bpf_ringbuf_reserve(&records, 8, 0);

	if (!nothing)
		return false;
	bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
	return true;
}

/*
 * What the reader's flag was, if this record wakes it; else 0. @is_fork: only if the reader waits
 * for forks, or would else find the buffer full.
 */
static __always_inline __u32 send_take_sleeper(volatile struct reader_state *state,
					       const bool is_fork)
{
	__u32 wakers;

	if (config.wake == CONFIG_WAKE_NEVER || !state)
		return 0;
	wakers = state->sleeping;
	if (!wakers)
		return 0;
	if ((config.wake == CONFIG_WAKE_VOLUME || (is_fork && !(wakers & 1u << REC_CLASS_FORK))) &&
	    bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) < config.wake_bytes)
		return 0;
	state->sleeping = 0;
	return wakers;
}

static __always_inline long send_ringbuf(void *record, __u64 size, const bool is_fork)
{
	volatile struct reader_state *state = NULL;
	__u32 sleeper;
	long err;

	if (config.wake != CONFIG_WAKE_NEVER)
		state = reader_state();
	sleeper = send_take_sleeper(state, is_fork);
	err = bound_ringbuf_output(&records, record, size, REC_BYTES_MAX,
				   sleeper ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	if (err && sleeper && state)
		state->sleeping = sleeper;
	if (err || sleeper)
		return err;
	sleeper = send_take_sleeper(state, is_fork);
	if (sleeper && !send_wake() && state)
		state->sleeping = sleeper;
	return 0;
}

/* A perf buffer wakes its reader as its events were opened to do (src/transport/perfbuf.c). */
static __always_inline long send_bytes(void *ctx, void *record, __u64 size, const bool is_fork)
{
	if (config.transport == CONFIG_PERFBUF)
		return bound_perf_event_output(ctx, &records_perf, record, size, REC_BYTES_MAX);
	return send_ringbuf(record, size, is_fork);
}

/* What a record of @type is counted under. */
static __always_inline __u32 send_class(const enum rec_type type)
{
	switch (type) {
	case REC_FORK:
		return REC_CLASS_FORK;
	case REC_EXEC:
		return REC_CLASS_EXEC;
	case REC_EXEC_FAILED:
		return REC_CLASS_EXEC_FAILED;
	case REC_EXIT:
		return REC_CLASS_EXIT;
	case REC_CHUNK:
		return REC_CLASS_CHUNK;
	default:
		return REC_CLASS_CGROUP;
	}
}

static __always_inline void send_header(const struct emit *emit, struct rec_header *header,
					const enum rec_type type, __u32 size)
{
	header->size = size;
	header->type = type;
	header->flags = 0;
	header->ts_ns = emit->ts_ns;
	header->seq = emit->counters->seq;
	header->cpu = bpf_get_smp_processor_id();
	header->tid = emit->tid;
}

static __always_inline void send_dropped(struct cpu_counters *c, __u64 class)
{
	c->dropped[class]++;
	c->unreported++;
}

static __always_inline void send_lost(const struct emit *emit)
{
	struct cpu_counters *c = emit->counters;
	struct rec_lost lost = {};

	if (!c->unreported)
		return;
	for (int i = 0; i < REC_CLASS_COUNT; i++)
		lost.count[i] = c->dropped[i] - c->reported[i];
	send_header(emit, &lost.header, REC_LOST, sizeof(lost));
	lost.header.tid = 0;
	if (send_bytes(emit->ctx, &lost, sizeof(lost), false))
		return;
	c->seq++;
	for (int i = 0; i < REC_CLASS_COUNT; i++) {
		c->reported[i] += lost.count[i];
		c->unreported -= lost.count[i];
	}
}

/*
 * Sends a part of a record that follows at once, which wakes the reader and reports losses for
 * both. In a loop of hundreds, the verifier follows each branch hundreds of times.
 */
static __always_inline void send_chunk(const struct emit *emit, __u32 size)
{
	__u64 bytes = ALIGN8(size);
	long err;

	emit->counters->generated[REC_CLASS_CHUNK]++;
	/* with the sequence number of the event that follows */
	send_header(emit, emit->record, REC_CHUNK, bytes);
	if (config.transport == CONFIG_PERFBUF)
		err = bound_perf_event_output(emit->ctx, &records_perf, emit->record, bytes,
					      REC_BYTES_MAX);
	else
		err = bound_ringbuf_output(&records, emit->record, bytes, REC_BYTES_MAX,
					   BPF_RB_NO_WAKEUP);
	if (err)
		send_dropped(emit->counters, REC_CLASS_CHUNK);
}

/*
 * Sends the record that was assembled. The caller bounds @size; it is rounded up here. Returns 0 or
 * the helper's error.
 */
static __always_inline long send(const struct emit *emit, const enum rec_type type, __u32 size)
{
	struct cpu_counters *c = emit->counters;
	__u32 class = send_class(type);
	__u64 bytes = ALIGN8(size);
	long err;

	send_lost(emit);
	c->generated[class]++;
	send_header(emit, emit->record, type, bytes);
	/* Only events are numbered: a cgroup's path that is missing is no loss. */
	if (class <= REC_CLASS_EXIT)
		c->seq++;
	err = send_bytes(emit->ctx, emit->record, bytes, type == REC_FORK);
	if (err)
		send_dropped(c, class);
	return err;
}

#endif
