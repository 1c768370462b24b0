/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/args.h - argv and env of a new image: inline when short, in chunks ahead when long.
 *
 * Both lie in one block each on the new stack, resident because the kernel has just written
 * them: one read each, whatever the number of strings.
 */
#ifndef BEGAT_BPF_EMIT_ARGS_H
#define BEGAT_BPF_EMIT_ARGS_H

#include "send.h"

struct args_block {
	__u64 start; /* user address */
	__u32 bytes; /* that there are */
	__u32 kept; /* that will be sent: all, or up to the user's limit */
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

/* One chunk from @offset of the block. Returns the bytes sent, 0 = none. */
static __always_inline __u32 args_send_chunk(void *ctx, struct cpu_counters *c, void *at,
					     const struct args_block *block, __u32 offset,
					     __u32 what, __u32 tid, __u32 tgid, __u64 ts_ns)
{
	struct rec_chunk *rec = at;
	__u32 n = block->kept - offset;

	barrier_var(n);
	if (n > REC_CHUNK_BYTES_MAX)
		n = REC_CHUNK_BYTES_MAX;
	if (bpf_probe_read_user(at + sizeof(*rec), n, (void *)block->start + offset))
		return 0;
	if (offset + n == block->kept && block->kept < block->bytes)
		*(__u8 *)(at + sizeof(*rec) + ((n - 1) & 0x7fff)) = 0;
	rec->tgid = tgid;
	rec->what = what;
	rec->offset = offset;
	rec->reserved = 0;
	rec->bytes.offset = sizeof(*rec);
	rec->bytes.bytes = n;
	send(ctx, c, rec, sizeof(*rec) + n, REC_CHUNK, REC_CLASS_CHUNK, tid, ts_ns);
	return n;
}

/*
 * Sends both blocks as far as they are long, argv first. A chunk that the buffer could not take
 * is a hole that decode sees. Returns what was sent of each.
 */
static __always_inline void args_send(void *ctx, struct cpu_counters *c, void *at,
				      const struct args_block *argv, const struct args_block *env,
				      __u32 tid, __u32 tgid, __u64 ts_ns, __u32 ret_sent[2])
{
	__u32 argv_sent = 0, env_sent = 0;
	bool is_argv = args_is_long(argv), is_env = args_is_long(env);

	for (int i = 0; i < REC_CHUNKS_MAX; i++) {
		__u32 n;

		if (is_argv) {
			n = args_send_chunk(ctx, c, at, argv, argv_sent, REC_CHUNK_ARGV, tid, tgid,
					    ts_ns);
			argv_sent += n;
			is_argv = n && argv_sent < argv->kept;
		} else if (is_env) {
			n = args_send_chunk(ctx, c, at, env, env_sent, REC_CHUNK_ENV, tid, tgid,
					    ts_ns);
			env_sent += n;
			is_env = n && env_sent < env->kept;
		} else {
			break;
		}
	}
	ret_sent[0] = argv_sent;
	ret_sent[1] = env_sent;
}

/* Puts a short block into the record. Returns the offset behind it, 8-aligned. */
static __always_inline __u32 args_inline(struct rec_span *ret, const struct args_block *block,
					 void *record, __u32 offset)
{
	__u32 n = block->kept;
	void *to = slot_at(record, offset, REC_INLINE_BYTES_MAX);

	ret->offset = offset;
	ret->bytes = 0;
	barrier_var(n);
	if (!to || !n || n > REC_INLINE_BYTES_MAX)
		return offset;
	if (bpf_probe_read_user(to, n, (void *)block->start))
		return offset;
	if (n < block->bytes)
		*(__u8 *)(to + ((n - 1) & (REC_INLINE_BYTES_MAX - 1))) = 0;
	ret->bytes = n;
	return ALIGN8(offset + n);
}

#endif
