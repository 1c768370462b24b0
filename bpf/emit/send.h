/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/send.h - an assembled record into the buffer, or into the count of the lost.
 *
 * Owns: header numbers, wake-ups, the accounting of every drop. Not: what is in a record.
 *
 * Invariants
 *  (1) generated[class] counts each admitted record once, and either it is sent or
 *      dropped[class] counts it.
 *  (2) A REC_LOST before the next whole record of this CPU reports what was dropped.
 *  (3) Balanced mode never loses a wake-up: the record is published first, then the reader's
 *      flag is looked at; the reader sets the flag first and then looks for records. Who clears
 *      the flag wakes the reader, or sets the flag again.
 */
#ifndef BEGAT_BPF_EMIT_SEND_H
#define BEGAT_BPF_EMIT_SEND_H

#include "../compat.h"

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

static __always_inline bool send_should_wake(volatile struct reader_state *state)
{
	if (config.wake == CONFIG_WAKE_NEVER || !state || !state->sleeping)
		return false;
	if (config.wake == CONFIG_WAKE_VOLUME &&
	    bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) < config.wake_bytes)
		return false;
	state->sleeping = 0;
	return true;
}

static __always_inline long send_ringbuf(void *record, __u64 size)
{
	volatile struct reader_state *state = NULL;
	bool wakes;
	long err;

	if (config.wake != CONFIG_WAKE_NEVER)
		state = reader_state();
	wakes = send_should_wake(state);
	err = bound_ringbuf_output(&records, record, size, REC_BYTES_MAX,
				   wakes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	if (err && wakes && state)
		state->sleeping = 1;
	if (!err && !wakes && send_should_wake(state) && !send_wake() && state)
		state->sleeping = 1;
	return err;
}

/* perfbuf wakes as its events were opened (src/transport/perfbuf.c). */
static __always_inline long send_bytes(void *ctx, void *record, __u64 size)
{
	if (config.transport == CONFIG_PERFBUF)
		return bound_perf_event_output(ctx, &records_perf, record, size, REC_BYTES_MAX);
	return send_ringbuf(record, size);
}

static __always_inline void send_header(struct rec_header *header, struct cpu_counters *c,
					__u16 type, __u32 size, __u32 tid, __u64 ts_ns)
{
	header->size = size;
	header->type = type;
	header->flags = 0;
	header->ts_ns = ts_ns;
	header->seq = c->seq;
	header->cpu = bpf_get_smp_processor_id();
	header->tid = tid;
}

static __always_inline void send_dropped(struct cpu_counters *c, __u64 class)
{
	c->dropped[class]++;
	c->unreported++;
}

static __always_inline void send_lost(void *ctx, struct cpu_counters *c, __u64 ts_ns)
{
	struct rec_lost lost = {};

	if (!c->unreported)
		return;
	for (int i = 0; i < REC_CLASS_COUNT; i++)
		lost.count[i] = c->dropped[i] - c->reported[i];
	send_header(&lost.header, c, REC_LOST, sizeof(lost), 0, ts_ns);
	if (send_bytes(ctx, &lost, sizeof(lost)))
		return;
	c->seq++;
	for (int i = 0; i < REC_CLASS_COUNT; i++) {
		c->reported[i] += lost.count[i];
		c->unreported -= lost.count[i];
	}
}

/*
 * A part of a record that follows at once: no wake-up and no telling of losses, which are left to
 * that record. In a loop of hundreds, the verifier follows each branch hundreds of times.
 */
static __always_inline void send_part(void *ctx, struct cpu_counters *c, void *record, __u32 size,
				      __u16 type, __u32 class, __u32 tid, __u64 ts_ns)
{
	__u64 bytes = ALIGN8(size);
	long err;

	c->generated[class]++;
	send_header(record, c, type, bytes, tid, ts_ns); /* with the number of the event */
	if (config.transport == CONFIG_PERFBUF)
		err = bound_perf_event_output(ctx, &records_perf, record, bytes, REC_BYTES_MAX);
	else
		err = bound_ringbuf_output(&records, record, bytes, REC_BYTES_MAX,
					   BPF_RB_NO_WAKEUP);
	if (err)
		send_dropped(c, class);
}

/*
 * Sends the record that was assembled in a slot; @size is bounded by the caller and rounded up
 * here. Returns 0 or what the helper said.
 */
static __always_inline long send(void *ctx, struct cpu_counters *c, void *record, __u32 size,
				 __u16 type, __u32 class, __u32 tid, __u64 ts_ns)
{
	__u64 bytes = ALIGN8(size);
	long err;

	send_lost(ctx, c, ts_ns);
	c->generated[class]++;
	send_header(record, c, type, bytes, tid, ts_ns);
	/* Events are numbered, not what helps to read them: else a hole would not be a loss. */
	if (class <= REC_CLASS_EXIT)
		c->seq++;
	err = send_bytes(ctx, record, bytes);
	if (err)
		send_dropped(c, class);
	return err;
}

#endif
