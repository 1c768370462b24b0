/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bench/choices.bpf.c - ways to bring a record of unknown length into the ring, one program each.
 *
 * Owns: the alternatives to what bpf/emit/ does, reduced to what they differ in: a fixed part, then
 *       bytes from the user's memory as an argv.
 * Not:  the product's own emitters (feed.bpf.c).
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>

#include "lib/choices.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CHOICES_RING_BYTES);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct choices_record);
} slots SEC(".maps");

struct round {
	const void *user;
	__u32 bytes;
};

static __always_inline void fill(struct choices_record *record)
{
	for (int i = 0; i < CHOICES_FIXED_BYTES / 8; i++)
		((volatile __u64 *)record)[i] = i;
}

static __always_inline long send(void *record, __u64 bytes)
{
	bytes &= CHOICES_BYTES_MAX - 1;
	return bpf_ringbuf_output(&records, record, bytes, BPF_RB_NO_WAKEUP);
}

/* As begat does it: assembled in a slot, whose length is known when it is sent. */
static __always_inline long by_slot(struct round *round)
{
	__u32 zero = 0, bytes = round->bytes;
	struct choices_record *record = bpf_map_lookup_elem(&slots, &zero);

	if (!record || bytes > CHOICES_ARGV_MAX)
		return 1;
	fill(record);
	bpf_probe_read_user(record->argv, bytes, round->user);
	return send(record, CHOICES_FIXED_BYTES + bytes);
}

__noinline long by_slot_called(struct round *round)
{
	return round ? by_slot(round) : 1;
}

/* Straight in the ring: the length has to be a constant that nothing exceeds. */
static __always_inline long by_reserve(struct round *round)
{
	__u32 bytes = round->bytes;
	struct choices_record *record =
		bpf_ringbuf_reserve(&records, CHOICES_FIXED_BYTES + CHOICES_RESERVE_ARGV, 0);

	if (!record)
		return 1;
	fill(record);
	if (bytes <= CHOICES_RESERVE_ARGV)
		bpf_probe_read_user(record->argv, bytes, round->user);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

/* argv ahead, in a record of its own. */
static __always_inline long by_chunk(struct round *round)
{
	__u32 zero = 0, one = 1, bytes = round->bytes;
	struct choices_record *chunk = bpf_map_lookup_elem(&slots, &zero);
	struct choices_record *record = bpf_map_lookup_elem(&slots, &one);

	if (!chunk || !record || bytes > CHOICES_ARGV_MAX)
		return 1;
	for (int i = 0; i < CHOICES_CHUNK_BYTES / 8; i++)
		((volatile __u64 *)chunk)[i] = i;
	bpf_probe_read_user((void *)chunk + CHOICES_CHUNK_BYTES, bytes, round->user);
	if (send(chunk, CHOICES_CHUNK_BYTES + bytes))
		return 1;
	fill(record);
	return send(record, CHOICES_FIXED_BYTES);
}

/* Returns how many rounds there were; one that fails is the last. */
#define CHOICE(name, function)                                                          \
	static long name##_round(__u32 index, struct round *round)                      \
	{                                                                               \
		return function(round) != 0;                                            \
	}                                                                               \
	SEC("raw_tp/sched_process_exec")                                                \
	int choice_##name(__u64 *ctx)                                                   \
	{                                                                               \
		struct round round = { .user = (const void *)ctx[1], .bytes = ctx[2] }; \
                                                                                        \
		return bpf_loop(ctx[0], name##_round, &round, 0);                       \
	}

CHOICE(slot, by_slot)
CHOICE(called, by_slot_called)
CHOICE(reserve, by_reserve)
CHOICE(chunk, by_chunk)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
