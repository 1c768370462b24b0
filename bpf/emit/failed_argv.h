/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/failed_argv.h - the strings of an exec that failed, from the memory of its caller.
 *
 * Owns: the file name and argv of a REC_EXEC_FAILED. Not: the rest of that record (exec_failed.h).
 *
 * Three ways to argv, the quickest first; each gives up where the next one is needed.
 *  1. From a window: a few strings that lie near each other, by one read (user_window.h).
 *  2. In place: each string by a read of its own, straight to where it belongs in the record.
 *  3. In chunks: argv of any length, gathered in a slot of its own. Without bpf_loop() this is the
 *     only way.
 *
 * The strings are read when the system call returns: by then the kernel has faulted the page of the
 * file name in. At the entry, a literal that the process never touched reads as empty.
 */
#ifndef BEGAT_BPF_EMIT_FAILED_ARGV_H
#define BEGAT_BPF_EMIT_FAILED_ARGV_H

#include "emit/send.h"
#include "emit/user_window.h"

#define FAILED_PIECE_BYTES 4096
#define FAILED_POINTERS 16 /* a power of two */
#define FAILED_IN_PLACE_STRINGS 64
/* Raising this only adds verification time; it covers the common case. */
#define FAILED_WINDOW_STRINGS 8
/* For one more piece and its NUL, in a slot that is filled up to one chunk. */
#define FAILED_ROOM_BYTES \
	(REC_BYTES_MAX - sizeof(struct rec_chunk) - REC_CHUNK_BYTES_MAX + FAILED_PIECE_BYTES + 1)

/*
 * The strings in a row in a slot, and how far they have been read. It is kept at the end of that
 * slot: the verifier does not tell states apart by what is in memory.
 */
struct failed_argv {
	__u64 pointers[FAILED_POINTERS]; /* the first of argv, read at once */
	__u64 piece; /* where to go on in a long string; 0 = take the next string */
	__u32 pointer_count; /* 0 = they could not be read at once: read each by itself */
	__u32 start; /* where in the slot the strings begin */
	__u32 fill; /* bytes of strings in the slot */
	__u32 sent;
	__u32 passed; /* bytes that were in the slot before: sent, or beyond the limit */
	__u32 count; /* whole strings */
	__u32 unreadable;
	bool is_done; /* the NULL at the end was reached, or a pointer that cannot be read */
	bool is_cut; /* there may be more than was read */
	bool is_limited;
	bool has_filename_in_window;
	struct user_window window; /* the last member: not zeroed */
};

struct failed_walk {
	struct emit emit; /* of the slot that the strings are in */
	const struct attempt *attempt;
	__u32 tgid;
	__u32 reserved;
};

static __always_inline volatile struct failed_argv *failed_argv(void *slot)
{
	return slot + REC_BYTES_MAX - sizeof(struct failed_argv);
}

/* --- argv, string by string --- */

/*
 * A call for each pointer costs as much as the string behind it. Not where the rounds are unrolled:
 * there the verifier would have one more branch to follow in each.
 */
static __always_inline void failed_read_pointers(const struct attempt *attempt,
						 volatile struct failed_argv *args)
{
	if (!(attempt->flags & ATTEMPT_COMPAT) &&
	    !bpf_probe_read_user((void *)args->pointers, sizeof(args->pointers),
				 (void *)attempt->argv))
		args->pointer_count = FAILED_POINTERS;
}

/* Where string @index is: 0 behind the last. Returns an error if that cannot be read. */
static __always_inline long failed_pointer(const struct attempt *attempt,
					   volatile struct failed_argv *args, __u32 index,
					   __u64 *ret_pointer, const enum loops loops)
{
	__u32 width = attempt->flags & ATTEMPT_COMPAT ? 4 : 8;

	if (loops == WITH_BPF_LOOP && index < args->pointer_count) {
		*ret_pointer = args->pointers[index & (FAILED_POINTERS - 1)];
		return 0;
	}
	return bpf_probe_read_user(ret_pointer, width, (void *)attempt->argv + index * width);
}

/* The next string, or the next piece of a long one. Returns 1: no more, or no room for more. */
static __always_inline long failed_take(struct failed_walk *walk, const enum loops loops)
{
	void *at = walk->emit.record;
	volatile struct failed_argv *args = failed_argv(at);
	__u64 piece = args->piece;
	bool has_more;
	char *to;
	long n;

	if (!piece) {
		long err = failed_pointer(walk->attempt, args, args->count, &piece, loops);

		if (err || !piece) {
			args->is_done = true;
			args->is_cut = err;
			return 1;
		}
	}
	to = slot_at(at, args->start + args->fill, FAILED_ROOM_BYTES);
	if (!to)
		return 1;
	n = bpf_probe_read_user_str(to, FAILED_PIECE_BYTES, (void *)piece);
	if (n <= 0) { /* 0: an empty string, whose NUL older kernels do not count */
		*to = 0;
		args->unreadable += (__u64)n >> 63; /* an error; no branch for the verifier */
		n = 1;
	}
	has_more = n == FAILED_PIECE_BYTES; /* then its NUL is not one of argv's */
	args->fill += n - has_more;
	args->count += !has_more;
	args->piece = has_more ? piece + n - 1 : 0;
	return 0;
}

static __always_inline long failed_piece(struct failed_walk *walk)
{
	return failed_take(walk, UNROLLED);
}

static long failed_piece_callback(__u32 round, struct failed_walk *walk)
{
	return failed_take(walk, WITH_BPF_LOOP);
}

static __always_inline volatile struct failed_argv *failed_begin(struct failed_walk *walk,
								 __u32 start)
{
	volatile struct failed_argv *args = failed_argv(walk->emit.record);

	__builtin_memset((void *)args + sizeof(args->pointers), 0,
			 sizeof(*args) - sizeof(args->window) - sizeof(args->pointers));
	args->start = start;
	failed_read_pointers(walk->attempt, args);
	return args;
}

static __always_inline __u32 failed_filename(struct rec_exec_failed *rec, __u64 user, __u32 offset)
{
	char *to = slot_at(rec, offset, REC_PATH_BYTES_MAX);
	long n = to ? bpf_probe_read_user_str(to, REC_PATH_BYTES_MAX, (void *)user) : -1;

	if (to && !n) { /* as in failed_take() */
		*to = 0;
		n = 1;
	}
	rec->filename.offset = offset;
	rec->filename.bytes = n > 0 ? n : 0;
	if (n <= 0)
		rec->flags |= REC_FAILED_FILENAME_UNREADABLE;
	return ALIGN8(offset + rec->filename.bytes);
}

/* --- 1. from a window --- */

/* Reads the window if it holds all strings of argv. It may hold the file name too. */
static __always_inline bool failed_read_window(volatile struct failed_argv *args, __u64 filename)
{
	struct user_window *window = (struct user_window *)&args->window;
	__u32 count;

	if (!args->pointer_count || !args->pointers[0])
		return false;
	window_begin(window, args->pointers[0]);
#pragma clang loop unroll(disable)
	for (count = 1; count <= FAILED_WINDOW_STRINGS; count++) {
		__u64 pointer = args->pointers[count];

		if (!pointer)
			break;
		if (!window_add(window, pointer))
			return false;
	}
	if (count > FAILED_WINDOW_STRINGS)
		return false;
	args->count = count;
	args->has_filename_in_window = window_add(window, filename);
	return window_read(window);
}

/* File name and argv. Returns the offset behind them, or 0: nothing is recorded or sent yet. */
static __always_inline __u32 failed_from_window(volatile struct failed_argv *args,
						struct rec_exec_failed *rec, __u64 filename,
						__u32 offset)
{
	struct user_window *window = (struct user_window *)&args->window;
	__u32 count, n = 0;
	void *to;

	if (!failed_read_window(args, filename))
		return 0;
	if (args->has_filename_in_window) {
		to = slot_at(rec, offset, WINDOW_STRING_BYTES);
		n = to ? window_copy(window, filename, to) : 0;
	}
	if (n) {
		rec->filename.offset = offset;
		rec->filename.bytes = n;
		args->start = ALIGN8(offset + n);
	} else {
		args->start = failed_filename(rec, filename, offset);
	}
	count = args->count;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < FAILED_WINDOW_STRINGS; i++) {
		if (i >= count)
			break;
		to = slot_at(rec, args->start + args->fill, WINDOW_STRING_BYTES);
		n = to ? window_copy(window, args->pointers[i], to) : 0;
		if (!n)
			return 0;
		args->fill += n;
	}
	if (args->fill > config.max_args_bytes)
		return 0;
	rec->argv.offset = args->start;
	rec->argv.bytes = args->fill;
	rec->argv_bytes = args->fill;
	rec->argc = count;
	return ALIGN8(args->start + args->fill);
}

/* --- 2. in place --- */

/* Returns the offset behind argv, or 0: it is too long, and nothing is recorded. */
static __always_inline __u32 failed_in_place(struct failed_walk *walk, struct rec_exec_failed *rec,
					     __u32 offset)
{
	volatile struct failed_argv *args = failed_argv(rec);

	args->start = offset;
	bpf_loop(FAILED_IN_PLACE_STRINGS, failed_piece_callback, walk, 0);
	if (!args->is_done || args->fill > REC_INLINE_BYTES_MAX ||
	    args->fill > config.max_args_bytes)
		return 0;
	rec->argv.offset = offset;
	rec->argv.bytes = args->fill;
	rec->argv_bytes = args->fill;
	return ALIGN8(offset + args->fill);
}

/* --- 3. in chunks --- */

static __always_inline void failed_flush(struct failed_walk *walk,
					 volatile struct failed_argv *args)
{
	struct rec_chunk *rec = walk->emit.record;

	rec->tgid = walk->tgid;
	rec->what = REC_CHUNK_ARGV;
	rec->offset = args->sent;
	rec->total = 0;
	rec->bytes.offset = sizeof(*rec);
	rec->bytes.bytes = args->fill;
	send_chunk(&walk->emit, sizeof(*rec) + args->fill);
	args->sent += args->fill;
	args->fill = 0;
}

/* Keeps of what was gathered what the user's limit leaves. What is beyond it is only counted. */
static __always_inline void failed_limit(volatile struct failed_argv *args)
{
	__u32 room = config.max_args_bytes - args->sent; /* never more than that is sent */

	args->passed += args->fill;
	if (args->fill <= room)
		return;
	args->fill = room;
	args->is_limited = true;
}

/* Fills and sends one chunk. Returns 1 when there is no more. */
static __always_inline long failed_chunk(struct failed_walk *walk, const enum loops loops)
{
	volatile struct failed_argv *args = failed_argv(walk->emit.record);

	LOOP(loops, REC_FAILED_PIECES_MAX, UNROLLED_FAILED_PIECES_MAX, failed_piece, walk);
	if (args->is_done)
		return 1;
	failed_limit(args);
	if (args->fill)
		failed_flush(walk, args);
	return 0;
}

static __always_inline long failed_round(struct failed_walk *walk)
{
	return failed_chunk(walk, UNROLLED);
}

static long failed_round_callback(__u32 round, void *walk)
{
	return failed_chunk(walk, WITH_BPF_LOOP);
}

static __always_inline void failed_gather(struct failed_walk *walk, const enum loops loops)
{
	volatile struct failed_argv *args = failed_argv(walk->emit.record);

	LOOP(loops, REC_FAILED_CHUNKS_MAX, UNROLLED_FAILED_CHUNKS_MAX, failed_round, walk);
	if (!args->is_done)
		args->is_cut = true;
	if (args->piece) { /* end the string that was begun */
		char *to = slot_at(walk->emit.record, args->start + args->fill, 1);

		if (!to)
			return;
		*to = 0;
		args->fill++;
		args->count++;
	}
}

/* Copies what was gathered, and not sent, into the record. */
static __always_inline __u32 failed_inline(struct rec_exec_failed *rec, void *gathered,
					   const volatile struct failed_argv *args, __u32 offset)
{
	void *to = slot_at(rec, offset, REC_INLINE_BYTES_MAX);
	__u32 n = args->fill;

	rec->argv.offset = offset;
	rec->argv.bytes = 0;
	if (!to || !n || n > REC_INLINE_BYTES_MAX)
		return offset;
	if (bound_read_kernel(to, n, REC_INLINE_BYTES_MAX, gathered + sizeof(struct rec_chunk)))
		return offset;
	rec->argv.bytes = n;
	return ALIGN8(offset + n);
}

/* Returns the offset behind argv: in the record, or in chunks that are on their way. */
static __always_inline __u32 failed_in_chunks(struct failed_walk *walk, struct rec_exec_failed *rec,
					      __u32 offset, const enum loops loops)
{
	volatile struct failed_argv *args = failed_begin(walk, sizeof(struct rec_chunk));

	failed_gather(walk, loops);
	failed_limit(args);
	rec->argv_bytes = args->passed;
	if (args->fill && (args->sent || args->fill > REC_INLINE_BYTES_MAX))
		failed_flush(walk, args);
	return failed_inline(rec, walk->emit.record, args, offset);
}

/* --- all of it --- */

/* By the second way or the third. Returns the offset behind argv. */
static __always_inline __u32 failed_args(struct failed_walk *walk, struct rec_exec_failed *rec,
					 __u32 offset, const enum loops loops)
{
	volatile struct failed_argv *args;
	__u32 end = 0;

	if (loops == WITH_BPF_LOOP)
		end = failed_in_place(walk, rec, offset);
	if (!end) {
		walk->emit.record = slot(SLOT_FAILED_ARGV);
		if (!walk->emit.record)
			return offset;
		end = failed_in_chunks(walk, rec, offset, loops);
	}
	args = failed_argv(walk->emit.record);
	if (args->is_cut)
		rec->flags |= REC_FAILED_ARGV_CUT;
	if (args->is_limited)
		rec->flags |= REC_FAILED_ARGV_LIMITED;
	if (args->unreadable)
		rec->flags |= REC_FAILED_ARGV_UNREADABLE;
	rec->argc = args->count;
	rec->unreadable = args->unreadable;
	rec->argv_chunk_bytes = args->sent;
	return end;
}

/* File name and argv. Returns the offset behind them. */
static __always_inline __u32 failed_strings(const struct emit *emit, const struct attempt *attempt,
					    __u32 offset, const enum loops loops)
{
	struct rec_exec_failed *rec = emit->record;
	struct failed_walk walk = {
		.emit = *emit,
		.attempt = attempt,
		.tgid = rec->identity.tgid,
	};
	volatile struct failed_argv *args;
	__u32 end;

	if (loops == WITH_BPF_LOOP && config.want & CONFIG_WANT_ARGV) {
		args = failed_begin(&walk, 0);
		end = failed_from_window(args, rec, attempt->filename, offset);
		if (end)
			return end;
		args->fill = 0;
		args->count = 0;
	}
	offset = failed_filename(rec, attempt->filename, offset);
	/* A NULL for argv is an argv without strings, as the kernel takes it. */
	return config.want & CONFIG_WANT_ARGV && attempt->argv
		       ? failed_args(&walk, rec, offset, loops)
		       : offset;
}

#endif
