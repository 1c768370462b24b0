/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bench/contention.bpf.c - what other CPUs do to a buffer, and the parts of a ring's record.
 *
 * Owns: programs that keep the lock of a ring busy, or send to a perf buffer, at a given rate; and
 *       one program for each part of a record, so that the difference of two is the part's cost.
 * Not:  records that mean something: feed.bpf.c makes those, with the product's own code.
 *
 * Called: through bpf_prog_test_run() by bench/contention.c, which puts a tracer's buffer in place
 * of one of these. args[0] is how often, args[1] how long to pause after each.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>

#include "lib/contention.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CONTENTION_BUFFER_BYTES);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} records_perf SEC(".maps");

char payload[CONTENTION_RECORD_BYTES];

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

struct round {
	struct bpf_raw_tracepoint_args *ctx;
	__u64 pause;
	__u64 failed;
};

static long nothing(__u32 index, void *unused)
{
	return 0;
}

static __always_inline void pause(const struct round *round)
{
	if (round->pause)
		bpf_loop(round->pause, nothing, NULL, 0);
}

static __always_inline long take_and_drop(void)
{
	void *record = bpf_ringbuf_reserve(&records, 8, 0);

	if (!record)
		return 1;
	bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	return 0;
}

static long contend_ringbuf_round(__u32 index, struct round *round)
{
	round->failed += take_and_drop();
	pause(round);
	return 0;
}

static long contend_perfbuf_round(__u32 index, struct round *round)
{
	__u64 record = 0;

	round->failed += !!bpf_perf_event_output(round->ctx, &records_perf, BPF_F_CURRENT_CPU,
						 &record, sizeof(record));
	pause(round);
	return 0;
}

/* Longer than the ring: the helper returns ahead of the lock. */
static long part_call_round(__u32 index, struct round *round)
{
	void *record = bpf_ringbuf_reserve(&records, 1 << 29, 0);

	if (record)
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	return 0;
}

/* The caller has filled the ring: the lock is taken, and given back with nothing reserved. */
static long part_lock_round(__u32 index, struct round *round)
{
	round->failed += take_and_drop();
	return 0;
}

static long part_reserve_round(__u32 index, struct round *round)
{
	round->failed += take_and_drop();
	return 0;
}

static long part_output_round(__u32 index, struct round *round)
{
	round->failed += !!bpf_ringbuf_output(&records, payload, sizeof(payload), BPF_RB_NO_WAKEUP);
	return 0;
}

/* Returns how many failed. */
#define PROGRAM(name)                                                       \
	SEC("raw_tp/sched_process_exec")                                    \
	int name(struct bpf_raw_tracepoint_args *ctx)                       \
	{                                                                   \
		struct round round = { .ctx = ctx, .pause = ctx->args[1] }; \
                                                                            \
		bpf_loop(ctx->args[0], name##_round, &round, 0);            \
		return round.failed;                                        \
	}

PROGRAM(contend_ringbuf)
PROGRAM(contend_perfbuf)
PROGRAM(part_call)
PROGRAM(part_lock)
PROGRAM(part_reserve)
PROGRAM(part_output)

static long part_walk_round(__u32 index, void *unused)
{
	return bpf_ringbuf_output(&records, payload, sizeof(payload), BPF_RB_NO_WAKEUP) != 0;
}

/*
 * args[0] records behind one that is still being written: the first reservation after that is
 * written walks over all of them, under the lock. Returns its ns; 0 if the ring is full.
 */
SEC("raw_tp/sched_process_exec")
int part_walk(struct bpf_raw_tracepoint_args *ctx)
{
	void *late = bpf_ringbuf_reserve(&records, 8, 0), *next;
	__u64 start, end;

	if (!late)
		return 0;
	bpf_loop(ctx->args[0], part_walk_round, NULL, 0);
	bpf_ringbuf_discard(late, BPF_RB_NO_WAKEUP);
	start = bpf_ktime_get_ns();
	next = bpf_ringbuf_reserve(&records, 8, 0);
	end = bpf_ktime_get_ns();
	if (!next)
		return 0;
	bpf_ringbuf_discard(next, BPF_RB_NO_WAKEUP);
	return end - start;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
