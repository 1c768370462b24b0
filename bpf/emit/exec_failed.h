/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/exec_failed.h - an exec attempt that returned an error.
 *
 * The file name is read at return: by then the kernel has faulted its page in. At entry a
 * literal that the process never touched reads as empty.
 */
#ifndef BEGAT_BPF_EMIT_EXEC_FAILED_H
#define BEGAT_BPF_EMIT_EXEC_FAILED_H

#include "../admit.h"
#include "../attempt.h"
#include "args.h"
#include "clock.h"
#include "folder.h"
#include "user_window.h"
#include "identity.h"

#define FAILED_PIECE_BYTES 4096
#define FAILED_POINTERS 16 /* a power of two */
#define FAILED_SHORT_STRINGS 64
/* Raising this only adds verification time; it covers the common case. */
#define FAILED_NEAR_MAX 8
/* For one more piece and its NUL, in a slot that is filled up to one chunk. */
#define FAILED_ROOM_BYTES \
	(REC_BYTES_MAX - sizeof(struct rec_chunk) - REC_CHUNK_BYTES_MAX + FAILED_PIECE_BYTES + 1)

/*
 * What is gathered of argv: pieces in a row in a slot. Lies at the end of that slot: what is in
 * memory makes no states for the verifier to tell apart.
 */
struct failed_argv {
	__u64 pointers[FAILED_POINTERS]; /* the first of argv, read at once */
	__u64 piece; /* where to go on in a long string; 0 = take the next string */
	__u32 pointer_count; /* 0 = not all of these can be read: one by one then */
	__u32 start; /* where in the slot the strings begin */
	__u32 fill; /* bytes of strings in the slot */
	__u32 sent;
	__u32 passed; /* bytes that were in the slot before: sent, or beyond the limit */
	__u32 count; /* whole strings */
	__u32 unreadable;
	bool is_done; /* the NULL at the end, or no way to it, was reached */
	bool is_cut; /* there may be more than was read */
	bool is_limited;
	bool has_filename_in_window;
	struct user_window window; /* the last: not zeroed */
};

static __always_inline void failed_flush(void *ctx, struct cpu_counters *c, void *at,
					 volatile struct failed_argv *args, __u32 tid, __u32 tgid,
					 __u64 ts)
{
	struct rec_chunk *rec = at;

	rec->tgid = tgid;
	rec->what = REC_CHUNK_ARGV;
	rec->offset = args->sent;
	rec->total = 0;
	rec->bytes.offset = sizeof(*rec);
	rec->bytes.bytes = args->fill;
	send_part(ctx, c, rec, sizeof(*rec) + args->fill, REC_CHUNK, REC_CLASS_CHUNK, tid, ts);
	args->sent += args->fill;
	args->fill = 0;
}

/*
 * A call for each pointer costs as much as the string behind it. Not where the rounds are unrolled:
 * there it is one more choice in each for the verifier to follow.
 */
static __always_inline void failed_read_pointers(const struct attempt *attempt,
						 volatile struct failed_argv *args)
{
	if (!(attempt->flags & ATTEMPT_COMPAT) &&
	    !bpf_probe_read_user((void *)args->pointers, sizeof(args->pointers),
				 (void *)attempt->argv))
		args->pointer_count = FAILED_POINTERS;
}

/* Where string @index is: 0 at the end. Returns an error if nobody can tell. */
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

/* The next string, or the next piece of a long one. False: no more, or no more will fit. */
static __always_inline bool failed_take(void *at, const struct attempt *attempt,
					volatile struct failed_argv *args, const enum loops loops)
{
	__u64 piece = args->piece;
	bool has_more;
	char *to;
	long n;

	if (!piece) {
		long err = failed_pointer(attempt, args, args->count, &piece, loops);

		if (err || !piece) {
			args->is_done = true;
			args->is_cut = err;
			return false;
		}
	}
	to = slot_at(at, args->start + args->fill, FAILED_ROOM_BYTES);
	if (!to)
		return false;
	n = bpf_probe_read_user_str(to, FAILED_PIECE_BYTES, (void *)piece);
	if (n <= 0) { /* 0: an empty string, of which older kernels do not count the NUL */
		*to = 0;
		args->unreadable += (__u64)n >> 63; /* an error; no branch for the verifier */
		n = 1;
	}
	has_more = n == FAILED_PIECE_BYTES; /* then its NUL is not one of argv's */
	args->fill += n - has_more;
	args->count += !has_more;
	args->piece = has_more ? piece + n - 1 : 0;
	return true;
}

struct failed_walk {
	void *ctx;
	struct cpu_counters *counters;
	void *at;
	const struct attempt *attempt;
	__u64 ts_ns;
	__u32 tid, tgid;
};

static __always_inline volatile struct failed_argv *failed_argv(void *at)
{
	return at + REC_BYTES_MAX - sizeof(struct failed_argv);
}

static __always_inline long failed_piece(struct failed_walk *walk)
{
	return !failed_take(walk->at, walk->attempt, failed_argv(walk->at), UNROLLED);
}

static long failed_piece_callback(__u32 round, struct failed_walk *walk)
{
	return !failed_take(walk->at, walk->attempt, failed_argv(walk->at), WITH_BPF_LOOP);
}

/* Of what was gathered, what the user's limit leaves. What is beyond it is only counted. */
static __always_inline void failed_limit(volatile struct failed_argv *args)
{
	__u32 room = config.max_args_bytes - args->sent; /* never more than that is sent */

	args->passed += args->fill;
	if (args->fill <= room)
		return;
	args->fill = room;
	args->is_limited = true;
}

/* One chunk full. Returns 1 when there is no more. */
static __always_inline long failed_chunk(struct failed_walk *walk, const enum loops loops)
{
	volatile struct failed_argv *args = failed_argv(walk->at);

	LOOP(loops, REC_FAILED_PIECES_MAX, UNROLLED_FAILED_PIECES_MAX, failed_piece, walk);
	if (args->is_done)
		return 1;
	failed_limit(args);
	if (args->fill)
		failed_flush(walk->ctx, walk->counters, walk->at, args, walk->tid, walk->tgid,
			     walk->ts_ns);
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

static __always_inline volatile struct failed_argv *failed_begin(struct failed_walk *walk, void *at,
								 __u32 start)
{
	volatile struct failed_argv *args = failed_argv(at);

	walk->at = at;
	__builtin_memset((void *)args + sizeof(args->pointers), 0,
			 sizeof(*args) - sizeof(args->window) - sizeof(args->pointers));
	args->start = start;
	failed_read_pointers(walk->attempt, args);
	return args;
}

/*
 * An argv that is short enough goes where it belongs at once, behind the file name in the record.
 * Returns the offset behind it, or 0: then what was gathered is of no use.
 */
static __always_inline __u32 failed_short(struct failed_walk *walk, struct rec_exec_failed *rec,
					  __u32 offset)
{
	volatile struct failed_argv *args = failed_argv(rec);

	args->start = offset;
	bpf_loop(FAILED_SHORT_STRINGS, failed_piece_callback, walk, 0);
	if (!args->is_done || args->fill > REC_INLINE_BYTES_MAX ||
	    args->fill > config.max_args_bytes)
		return 0;
	rec->argv.offset = offset;
	rec->argv.bytes = args->fill;
	return ALIGN8(offset + args->fill);
}

/* One of any length, by way of chunks. */
static __always_inline void failed_gather(struct failed_walk *walk, const enum loops loops)
{
	volatile struct failed_argv *args = failed_argv(walk->at);

	LOOP(loops, REC_FAILED_CHUNKS_MAX, UNROLLED_FAILED_CHUNKS_MAX, failed_round, walk);
	if (!args->is_done)
		args->is_cut = true;
	if (args->piece) { /* end the string that was begun */
		char *to = slot_at(walk->at, args->start + args->fill, 1);

		if (!to)
			return;
		*to = 0;
		args->fill++;
		args->count++;
	}
}

static __always_inline __u32 failed_inline(struct rec_exec_failed *rec, void *at,
					   const volatile struct failed_argv *args, __u32 offset)
{
	void *to = slot_at(rec, offset, REC_INLINE_BYTES_MAX);
	__u32 n = args->fill;

	rec->argv.offset = offset;
	rec->argv.bytes = 0;
	if (!to || !n || n > REC_INLINE_BYTES_MAX)
		return offset;
	if (bound_read_kernel(to, n, REC_INLINE_BYTES_MAX, at + sizeof(struct rec_chunk)))
		return offset;
	rec->argv.bytes = n;
	return ALIGN8(offset + n);
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

/*
 * Where do all strings of argv lie, and does the file name with them? False: not near each other.
 */
static __always_inline bool failed_find_near(volatile struct failed_argv *args, __u64 filename)
{
	struct user_window *window = (struct user_window *)&args->window;
	__u32 count;

	if (!args->pointer_count || !args->pointers[0])
		return false;
	window_begin(window, args->pointers[0]);
#pragma clang loop unroll(disable)
	for (count = 1; count <= FAILED_NEAR_MAX; count++) {
		__u64 pointer = args->pointers[count];

		if (!pointer)
			break;
		if (!window_add(window, pointer))
			return false;
	}
	if (count > FAILED_NEAR_MAX)
		return false;
	args->count = count;
	args->has_filename_in_window = window_add(window, filename);
	return window_read(window);
}

/*
 * The quick way to all strings of a failure, where they are few and lie near each other. Returns
 * the offset behind them, or 0: nothing was sent that may not be sent again.
 */
static __always_inline __u32 failed_near(volatile struct failed_argv *args,
					 struct rec_exec_failed *rec, __u64 filename, __u32 offset)
{
	struct user_window *window = (struct user_window *)&args->window;
	__u32 count, n = 0;
	void *to;

	if (!failed_find_near(args, filename))
		return 0;
	if (args->has_filename_in_window) {
		to = slot_at(rec, offset, NEAR_STRING_BYTES);
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
	for (__u32 i = 0; i < FAILED_NEAR_MAX; i++) {
		if (i >= count)
			break;
		to = slot_at(rec, args->start + args->fill, NEAR_STRING_BYTES);
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

/* Returns the offset behind argv: in the record, or in chunks that are on their way. */
static __always_inline __u32 failed_args(struct failed_walk *walk, struct rec_exec_failed *rec,
					 __u32 offset, const enum loops loops)
{
	volatile struct failed_argv *args;
	__u32 end;
	void *at;

	if (loops == WITH_BPF_LOOP) {
		end = failed_short(walk, rec, offset);
		if (end) {
			args = failed_argv(rec);
			rec->argv_bytes = args->fill;
			goto send;
		}
	}
	at = slot(SLOT_FAILED_ARGV);
	if (!at)
		return offset;
	args = failed_begin(walk, at, sizeof(struct rec_chunk));
	failed_gather(walk, loops);
	failed_limit(args);
	rec->argv_bytes = args->passed;
	if (args->fill && (args->sent || args->fill > REC_INLINE_BYTES_MAX))
		failed_flush(walk->ctx, walk->counters, at, args, walk->tid, walk->tgid,
			     walk->ts_ns);
	end = failed_inline(rec, at, args, offset);
send:
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
static __always_inline __u32 failed_strings(struct failed_walk *walk, struct rec_exec_failed *rec,
					    __u32 offset, const enum loops loops)
{
	const struct attempt *attempt = walk->attempt;
	__u32 end;

	if (loops == WITH_BPF_LOOP && config.want & CONFIG_WANT_ARGV) {
		end = failed_near(failed_begin(walk, rec, 0), rec, attempt->filename, offset);
		if (end)
			return end;
		failed_argv(rec)->fill = 0;
		failed_argv(rec)->count = 0;
	}
	offset = failed_filename(rec, attempt->filename, offset);
	/* A NULL for argv is an argv without strings, as the kernel takes it. */
	return config.want & CONFIG_WANT_ARGV && attempt->argv
		       ? failed_args(walk, rec, offset, loops)
		       : offset;
}

static __always_inline __u32 failed_flags(const struct attempt *attempt)
{
	__u32 flags = 0;

	if (attempt->flags & ATTEMPT_COMPAT)
		flags |= REC_FAILED_COMPAT;
	if (attempt->flags & ATTEMPT_HAS_FD)
		flags |= REC_FAILED_HAS_FD;
	if (attempt->flags & ATTEMPT_EMPTY_PATH)
		flags |= REC_FAILED_EMPTY_PATH;
	return flags;
}

static __always_inline void emit_exec_failed(void *ctx, struct task_struct *task,
					     const struct proc_entry *entry,
					     const struct attempt *attempt, __u32 tid, __u32 tgid,
					     __s32 error, const enum loops loops)
{
	struct cpu_counters *c = cpu_counters();
	struct rec_exec_failed *rec = slot(SLOT_FAILED);
	const enum access access = access_of_current(loops);
	__u64 now, cgroup = 0;
	struct failed_walk walk = {
		.ctx = ctx,
		.counters = c,
		.attempt = attempt,
		.tid = tid,
		.tgid = tgid,
	};
	__u32 size;

	if (!c || !rec || is_stopped(c))
		return;
	now = now_ns();
	walk.ts_ns = now;
	if (tgid == config.own_tgid) {
		c->own_attempts++;
		clock_unaccounted(c, task);
		folder_note_reader(task);
		return;
	}
	if (!(config.emit & 1 << REC_CLASS_EXEC_FAILED) ||
	    !admit(task, entry, REC_CLASS_EXEC_FAILED))
		return;
	if (config.want & CONFIG_WANT_CGROUP)
		cgroup = cgroup_ensure(ctx, c, rec, task, now, loops, access);
	rec->flags =
		failed_flags(attempt) | (folder_is_reader_root(task) ? REC_FAILED_READER_ROOT : 0);
	rec->attempt_ts_ns = attempt->ts_ns;
	rec->error = error;
	rec->argc = 0;
	rec->unreadable = 0;
	rec->argv_chunk_bytes = 0;
	rec->argv.bytes = 0;
	rec->argv_bytes = 0;
	rec->fd = attempt->fd;
	rec->folder.bytes = 0;
	rec->folder.components = 0;
	rec->folder.flags = 0;
	size = identity_fill(&rec->identity, task, cgroup, rec, sizeof(*rec), access);
	size = failed_strings(&walk, rec, size, loops);
	size = folder_fill(rec, task, attempt, size, loops);
	send(ctx, c, rec, size, REC_EXEC_FAILED, REC_CLASS_EXEC_FAILED, tid, now);
}

/* The system call has returned. A successful exec has taken its attempt away already. */
static __always_inline void attempt_return(void *ctx, long value, const enum loops loops)
{
	const enum access access = access_of_current(loops);
	struct task_struct *task =
		access == TYPED ? bpf_get_current_task_btf() : (void *)bpf_get_current_task();
	__u64 pid_tgid, caller = (__u64)task;
	struct proc_entry *entry;
	struct attempt attempt;

	if (value >= 0) {
		attempt_drop(caller);
		return;
	}
	if (access == TYPED)
		pid_tgid = (__u64)READ(task, tgid) << 32 | (__u32)READ(task, pid);
	else
		pid_tgid = bpf_get_current_pid_tgid();
	entry = cache_find(pid_tgid >> 32, READ_BY(access, task, group_leader, start_boottime));
	if (attempt_take(entry, caller, &attempt))
		emit_exec_failed(ctx, task, entry, &attempt, pid_tgid, pid_tgid >> 32, -value,
				 loops);
}

#endif
