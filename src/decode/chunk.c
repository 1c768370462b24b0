/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/chunk.c - REC_CHUNK: a long argv or env, put together again.
 *
 * Owns:    the joins, one a CPU and kind.
 * Not:     what is done with the strings (args.c, exec.c).
 *
 *   decode_chunk() --offset 0--> [waits] --next offset--> [waits] --decode_join_take()--> event
 *                                   |  other offset: gap, nothing more is kept
 *                                   '--chunk of another exec--> decode_join_drop()
 *
 * Invariants
 *  (1) join->data[0, bytes) is what was sent from offset 0 on, without a hole.
 *  (2) Bytes of two execs never mix: a join holds one process's chunks of one time stamp (the
 *      kernel side reads the clock once for all of them), and is refused to an exec that was
 *      asked for later; if that is not known, also when an exec was lost since.
 *  (3) A join holds at most DECODE_JOIN_BYTES_MAX.
 */
#include "decode/decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Empty again, its buffer kept. */
static void reset(struct decode_join *join)
{
	join->bytes = 0;
	join->chunks = 0;
	join->has_gap = false;
	join->is_doubtful = false;
}

void decode_join_done(struct decode_join *join)
{
	free(join->data);
	*join = (struct decode_join){ 0 };
}

void decode_join_drop(struct decoder *decoder, struct decode_join *join)
{
	decoder->orphan_chunks += join->chunks;
	if (join->capacity > DECODE_JOIN_KEEP_BYTES)
		decode_join_done(join);
	else
		reset(join);
}

static int append(struct decode_join *join, const char *data, size_t bytes)
{
	size_t need = join->bytes + bytes;

	if (need > join->capacity) {
		size_t capacity = join->capacity ? join->capacity : 2 * REC_CHUNK_BYTES_MAX;

		while (capacity < need)
			capacity *= 2;

		char *bigger = realloc(join->data, capacity);

		if (!bigger)
			return -ENOMEM;
		join->data = bigger;
		join->capacity = capacity;
	}
	memcpy(join->data + join->bytes, data, bytes);
	join->bytes += bytes;
	return 0;
}

int decode_chunk(struct decoder *decoder, const struct decode_in *in, const struct rec_chunk *rec,
		 struct begat_event *ev)
{
	struct decode_joins *joins = &decoder->joins[rec->header.cpu];
	const char *data = decode_bytes(in, rec->bytes.offset, rec->bytes.bytes);

	if (!data || rec->bytes.bytes > REC_CHUNK_BYTES_MAX ||
	    (uint64_t)rec->offset + rec->bytes.bytes > DECODE_JOIN_BYTES_MAX ||
	    (rec->what != REC_CHUNK_ARGV && rec->what != REC_CHUNK_ENV))
		return -EBADMSG;

	struct decode_join *join = rec->what == REC_CHUNK_ARGV ? &joins->argv : &joins->env;

	if (join->chunks &&
	    (!rec->offset || join->tgid != rec->tgid || join->ts_ns != rec->header.ts_ns))
		decode_join_drop(decoder, join);
	if (!join->chunks) {
		join->tgid = rec->tgid;
		join->ts_ns = rec->header.ts_ns;
	}
	join->chunks++;
	if (rec->offset != join->bytes)
		join->has_gap = true;
	if (join->has_gap)
		return 0;

	int err = append(join, data, rec->bytes.bytes);

	if (err < 0)
		join->has_gap = true;
	return err;
}

static bool is_anothers(const struct decode_join *join, const struct decode_block *block)
{
	if (join->bytes > block->chunk_bytes)
		return true;
	return block->not_before_ns ? join->ts_ns < block->not_before_ns : join->is_doubtful;
}

struct begat_strv decode_join_take(struct decoder *decoder, const struct decode_block *block,
				   bool *ret_is_whole)
{
	struct decode_join *join = block->join;
	struct begat_strv strings = { .data = "" };

	*ret_is_whole = false;
	if (!join->chunks || join->tgid != block->tgid)
		return strings; /* another process's: its exec is still to come, or lost */
	if (is_anothers(join, block)) {
		decode_join_drop(decoder, join);
		return strings;
	}
	if (block->is_cut && join->bytes && join->bytes == block->chunk_bytes)
		join->data[join->bytes - 1] = '\0';
	if (join->bytes)
		strings = decode_strings(join->data, join->bytes);
	*ret_is_whole = strings.bytes == block->chunk_bytes;
	/* The event borrows the bytes: the join starts anew, its buffer lives to the next call. */
	reset(join);
	decoder->used_joins[decoder->used_joins[0] ? 1 : 0] = join;
	return strings;
}
