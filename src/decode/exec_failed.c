/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/exec_failed.c - REC_EXEC_FAILED: an exec that returned an error.
 *
 * argv is read from the caller's memory, string by string. Where more was there than is read
 * (ARGV_CUT) nobody knows how much: argc and argv_bytes are then absent. What the user's limit
 * takes away (ARGV_LIMITED) was read before, so they tell how much there was. A string that could not
 * be read is empty: argc still holds, argv_bytes does not. A NULL for argv is an argv of no strings,
 * and whole.
 *
 * A name that is relative to a descriptor is spelled as the kernel spells it for an exec that
 * succeeds: /dev/fd/N/NAME, and /dev/fd/N for the descriptor itself.
 */
#include "decode/decoder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int decode_argv(struct decoder *decoder, const struct decode_in *in,
		       const struct rec_exec_failed *rec, struct begat_event *ev)
{
	const struct decode_block block = {
		.span = rec->argv,
		.chunk_bytes = rec->argv_chunk_bytes,
		.join = &decoder->joins[rec->header.cpu].argv,
		.tgid = rec->identity.tgid,
		.not_before_ns = rec->attempt_ts_ns,
		.is_cut = rec->flags & (REC_FAILED_ARGV_CUT | REC_FAILED_ARGV_LIMITED),
		.buf = decoder->cut_argv,
		.buf_size = sizeof(decoder->cut_argv),
	};
	bool is_cut = rec->flags & REC_FAILED_ARGV_CUT;
	bool is_limited = rec->flags & REC_FAILED_ARGV_LIMITED;
	bool is_unreadable = rec->unreadable || rec->flags & REC_FAILED_ARGV_UNREADABLE;
	bool is_whole = true;
	int sent = decode_block(decoder, in, &block, &ev->argv, &is_whole);

	if (sent < 0)
		return sent;
	ev->argv_truncated = is_cut || is_limited || is_unreadable || !is_whole;
	decode_add(ev, BEGAT_F_ARGV_TRUNCATED);
	if (!sent) {
		if (rec->argc)
			return 0;
		ev->argv.data = ""; /* execve(path, NULL, NULL), or not readable at all */
	} else if (ev->argv.count < rec->argc) {
		ev->argv_truncated = true;
	}
	decode_add(ev, BEGAT_F_ARGV);
	if (is_cut || (!sent && is_unreadable))
		return 0;
	ev->argc = rec->argc;
	decode_add(ev, BEGAT_F_ARGC);
	if (is_unreadable)
		return 0;
	ev->argv_bytes = rec->argv_bytes;
	decode_add(ev, BEGAT_F_ARGV_BYTES);
	return 0;
}

/* As it was asked for, or by way of the descriptor. */
static void put_filename(struct decoder *decoder, const struct rec_exec_failed *rec,
			 struct begat_event *ev)
{
	struct begat_str *name = &ev->filename;
	char *at = decoder->exe;
	size_t len;

	if (!(rec->flags & REC_FAILED_HAS_FD) || name->data[0] == '/' ||
	    (!name->len && !(rec->flags & REC_FAILED_EMPTY_PATH)))
		return;
	len = (size_t)snprintf(at, DECODE_PATH_MARKS_BYTES, "/dev/fd/%d", rec->fd);
	if (name->len) { /* a record holds no more than the buffer */
		at[len++] = '/';
		memcpy(at + len, name->data, name->len);
		len += name->len;
		at[len] = '\0';
	}
	*name = (struct begat_str){ .data = at, .len = len };
}

static int decode_names(struct decoder *decoder, const struct decode_in *in,
			const struct rec_exec_failed *rec, struct begat_event *ev)
{
	bool is_fd = rec->flags & REC_FAILED_FOLDER_IS_FD;
	int filename = decode_string(in, rec->filename, &ev->filename);
	int folder = decode_path(in, &rec->folder, decoder->cwd, sizeof(decoder->cwd),
				 is_fd ? &ev->fd_path : &ev->cwd);

	if (filename < 0 || folder < 0)
		return -EBADMSG;
	if (filename && !(rec->flags & REC_FAILED_FILENAME_UNREADABLE)) {
		put_filename(decoder, rec, ev);
		decode_add(ev, BEGAT_F_FILENAME);
	}
	if (folder)
		decode_add(ev, is_fd ? BEGAT_F_FD_PATH : BEGAT_F_CWD);
	return 0;
}

bool decode_has_reader_root(const void *record)
{
	const struct rec_exec_failed *rec = record;

	return rec->header.type == REC_EXEC_FAILED && rec->flags & REC_FAILED_READER_ROOT;
}

int decode_exec_failed(struct decoder *decoder, const struct decode_in *in,
		       const struct rec_exec_failed *rec, struct begat_event *ev)
{
	decode_header(decoder, &rec->header, BEGAT_EXEC_FAILED, ev);
	if (decode_common(decoder, in, &rec->header, &rec->identity, ev) < 0 ||
	    decode_argv(decoder, in, rec, ev) < 0 || decode_names(decoder, in, rec, ev) < 0)
		return -EBADMSG;
	ev->error = rec->error;
	decode_add(ev, BEGAT_F_ERRNO);
	if (rec->attempt_ts_ns && rec->attempt_ts_ns <= rec->header.ts_ns) {
		ev->exec_ns = rec->header.ts_ns - rec->attempt_ts_ns;
		decode_add(ev, BEGAT_F_EXEC_NS);
	}
	return 1;
}
