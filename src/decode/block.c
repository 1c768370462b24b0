/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/block.c - the argv or env of an exec, from its record or from the chunks before it.
 *
 * Not:     what a block may look like (args.c), joining chunks (chunk.c), which blocks an event has
 *          (exec.c, exec_failed.c).
 */
#include "decode/decoder.h"

#include <errno.h>
#include <string.h>

/* The limit may fall into a string: what there is of it is kept, its last byte becomes the NUL. */
static const char *end_cut_string(const struct decode_block *block, const char *data, size_t bytes)
{
	if (!block->is_cut || !data[bytes - 1] || bytes > block->buf_size)
		return data;
	memcpy(block->buf, data, bytes - 1);
	block->buf[bytes - 1] = '\0';
	return block->buf;
}

int decode_block(struct decoder *decoder, const struct decode_in *in,
		 const struct decode_block *block, struct begat_strv *ret_strings,
		 bool *ret_is_whole)
{
	struct decode_join *join = block->join;

	if (block->chunk_bytes) {
		*ret_strings = decode_join_take(decoder, block, ret_is_whole);
		return 1;
	}
	if (join->chunks && join->tgid == block->tgid)
		decode_join_drop(decoder, join); /* of an exec that was lost */
	if (!block->span.bytes)
		return 0;

	const char *data = decode_bytes(in, block->span.offset, block->span.bytes);

	if (!data)
		return -EBADMSG;
	data = end_cut_string(block, data, block->span.bytes);
	*ret_strings = decode_strings(data, block->span.bytes);
	*ret_is_whole = ret_strings->bytes == block->span.bytes;
	return 1;
}
