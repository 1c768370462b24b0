/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/args.h - argv and env of a new image: inline when short, in chunks ahead when long.
 *
 * Each is one block on the new stack, resident because the kernel has just written it: one read,
 * whatever the number of strings.
 */
#ifndef BEGAT_BPF_EMIT_ARGS_H
#define BEGAT_BPF_EMIT_ARGS_H

#include "emit/send.h"

struct args_block {
	__u64 start; /* user address */
	__u32 bytes; /* in the image */
	__u32 kept; /* of these, how many are sent: all, or up to the user's limit */
};

static __always_inline struct args_block args_block(__u64 start, __u64 end)
{
	struct args_block block = { .start = start };

	if (end > start)
		block.bytes = end - start;
	block.kept = block.bytes;
	if (block.kept > config.max_args_bytes)
		block.kept = config.max_args_bytes;
	return block;
}

static __always_inline bool args_is_long(const struct args_block *block)
{
	return block->kept > REC_INLINE_BYTES_MAX;
}

struct args_walk {
	struct emit emit; /* of a struct rec_chunk, whose .total says how much there is */
	__u64 start;
	__u64 offset; /* 64 bits: an old verifier tracks only values of that size on the stack */
};

/*
 * One chunk. A chunk that found no room in the buffer, or a page that could not be read, leaves a
 * hole that decode notices. The total is read from the slot each time, so the verifier forgets it;
 * the offset is a constant in each round, so the verifier knows it. All rounds look alike to it
 * then, and it does not follow each combination of ranges.
 */
static __always_inline long args_step(struct args_walk *walk)
{
	volatile struct rec_chunk *rec = walk->emit.record;
	__u32 offset = walk->offset, n;

	if (offset >= rec->total)
		return 1;
	walk->offset = offset + REC_CHUNK_BYTES_MAX;
	n = rec->total - offset;
	if (n > REC_CHUNK_BYTES_MAX)
		n = REC_CHUNK_BYTES_MAX;
	if (bound_read_user((void *)rec + sizeof(*rec), n, REC_CHUNK_BYTES_MAX,
			    (void *)walk->start + offset))
		return 0;
	rec->offset = offset;
	rec->bytes.bytes = n;
	send_chunk(&walk->emit, sizeof(*rec) + n);
	return 0;
}

static long args_step_callback(__u32 round, void *walk)
{
	return args_step(walk);
}

/* Sends a long block, for the process whose leader @emit is about. */
static __always_inline void args_send(const struct emit *emit, const struct args_block *block,
				      const enum rec_chunk_what what, __u32 first_chunk,
				      const enum loops loops)
{
	volatile struct rec_chunk *rec = emit->record;
	struct args_walk walk = {
		.emit = *emit,
		.start = block->start,
		.offset = first_chunk * REC_CHUNK_BYTES_MAX,
	};

	if (!args_is_long(block))
		return;
	rec->tgid = emit->tid;
	rec->what = what;
	rec->total = block->kept;
	rec->bytes.offset = sizeof(*rec);
	LOOP(loops, REC_CHUNKS_MAX, UNROLLED_CHUNKS_MAX, args_step, &walk);
}

/* Puts a short block into the record. Returns the offset behind it, 8-aligned. */
static __always_inline __u32 args_inline(struct rec_span *ret, const struct args_block *block,
					 void *record, __u32 offset)
{
	__u32 n = block->kept;
	void *to = slot_at(record, offset, REC_INLINE_BYTES_MAX);

	ret->offset = offset;
	ret->bytes = 0;
	if (!to || !n || n > REC_INLINE_BYTES_MAX)
		return offset;
	if (bound_read_user(to, n, REC_INLINE_BYTES_MAX, (void *)block->start))
		return offset;
	ret->bytes = n;
	return ALIGN8(offset + n);
}

#endif
