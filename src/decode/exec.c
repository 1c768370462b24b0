/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/exec.c - REC_EXEC: the image after a successful exec.
 *
 * Totals (argc, argv_bytes, envc, env_bytes) are what the new program got; argv and env are what
 * is here, and *_truncated says whether that is less. A count without bytes means that
 * nobody asked for the strings. fork_to_exec_ns runs from the process's fork to this exec, its
 * first or not; exec_ns from the system call to the image.
 */
#include "decode/decoder.h"

#include <errno.h>
#include <sys/sysmacros.h>

/* argv that nobody asked for is absent; one that is empty, cut or gone is there and says so. */
static int decode_argv(struct decoder *decoder, const struct decode_in *in,
		       const struct rec_exec *rec, struct begat_event *ev)
{
	const uint32_t incomplete = REC_EXEC_ARGV_CUT | REC_EXEC_ARGV_UNREADABLE;
	const struct decode_block block = {
		.span = rec->argv,
		.chunk_bytes = rec->argv_chunk_bytes,
		.join = &decoder->joins[rec->header.cpu].argv,
		.tgid = rec->identity.tgid,
		.not_before_ns = rec->attempt_ts_ns,
		.is_cut = rec->flags & REC_EXEC_ARGV_CUT,
		.buf = decoder->cut_argv,
		.buf_size = sizeof(decoder->cut_argv),
	};
	bool is_whole = true;
	int sent = decode_block(decoder, in, &block, &ev->argv, &is_whole);

	if (sent < 0)
		return sent;
	ev->argc = rec->argc;
	ev->argv_bytes = rec->argv_bytes;
	decode_add(ev, BEGAT_F_ARGC);
	decode_add(ev, BEGAT_F_ARGV_TRUNCATED);
	if (rec->argv_bytes || !rec->argc)
		decode_add(ev, BEGAT_F_ARGV_BYTES);
	ev->argv_truncated = rec->flags & incomplete;
	if (!sent) {
		if (!ev->argv_truncated && (rec->argv_bytes || rec->argc))
			return 0;
		ev->argv.data = "";
	} else if (!is_whole || ev->argv.bytes < rec->argv_bytes || ev->argv.count < rec->argc) {
		ev->argv_truncated = true;
	}
	decode_add(ev, BEGAT_F_ARGV);
	return 0;
}

static int decode_env(struct decoder *decoder, const struct decode_in *in,
		      const struct rec_exec *rec, struct begat_event *ev)
{
	const uint32_t incomplete = REC_EXEC_ENV_CUT | REC_EXEC_ENV_UNREADABLE;
	const struct decode_block block = {
		.span = rec->env,
		.chunk_bytes = rec->env_chunk_bytes,
		.join = &decoder->joins[rec->header.cpu].env,
		.tgid = rec->identity.tgid,
		.not_before_ns = rec->attempt_ts_ns,
		.is_cut = rec->flags & REC_EXEC_ENV_CUT,
		.buf = decoder->scratch,
		.buf_size = sizeof(decoder->scratch),
	};
	bool is_whole = true;
	int sent = decode_block(decoder, in, &block, &ev->env, &is_whole);

	if (sent < 0)
		return sent;
	ev->envc = rec->envc;
	ev->env_bytes = rec->env_bytes;
	decode_add(ev, BEGAT_F_ENVC);
	if (rec->env_bytes || !rec->envc)
		decode_add(ev, BEGAT_F_ENV_BYTES);
	ev->env_truncated = rec->flags & incomplete;
	if (!sent) {
		if (!ev->env_truncated && (rec->env_bytes || rec->envc))
			return 0;
		ev->env.data = "";
	} else if (!is_whole || ev->env.bytes < rec->env_bytes) {
		ev->env_truncated = true;
	}
	decode_add(ev, BEGAT_F_ENV);
	decode_add(ev, BEGAT_F_ENV_TRUNCATED);
	if (!decoder->has_env_names)
		return 0;
	ev->env = decode_filter_env(decoder, ev->env,
				    rec->env_chunk_bytes ? block.join->data : decoder->scratch);
	return 0;
}

static int decode_image(struct decoder *decoder, const struct decode_in *in,
			const struct rec_exec *rec, struct begat_event *ev)
{
	int filename = decode_string(in, rec->filename, &ev->filename);
	int interpreter = decode_string(in, rec->interpreter, &ev->interpreter);
	int exe = decode_path(in, &rec->exe, decoder->exe, sizeof(decoder->exe), &ev->exe);
	int cwd = decode_path(in, &rec->cwd, decoder->cwd, sizeof(decoder->cwd), &ev->cwd);

	if (filename < 0 || interpreter < 0 || exe < 0 || cwd < 0)
		return -EBADMSG;
	if (filename)
		decode_add(ev, BEGAT_F_FILENAME);
	if (interpreter)
		decode_add(ev, BEGAT_F_INTERPRETER);
	if (cwd)
		decode_add(ev, BEGAT_F_CWD);
	if (exe) { /* the numbers are captured with the path */
		decode_add(ev, BEGAT_F_EXE);
		ev->dev = makedev((unsigned int)(rec->dev >> 20), (unsigned int)rec->dev & 0xfffff);
		ev->inode = rec->inode;
		decode_add(ev, BEGAT_F_DEV);
		decode_add(ev, BEGAT_F_INODE);
	}
	if (rec->end_code) {
		ev->start_code = rec->start_code;
		ev->end_code = rec->end_code;
		decode_add(ev, BEGAT_F_START_CODE);
		decode_add(ev, BEGAT_F_END_CODE);
	}
	return 0;
}

/* A time that is unknown, or not before this event, measures nothing. */
static void decode_spans(const struct rec_exec *rec, struct begat_event *ev)
{
	uint64_t now_ns = rec->header.ts_ns;

	if (rec->fork_ts_ns && rec->fork_ts_ns <= now_ns) {
		ev->fork_to_exec_ns = now_ns - rec->fork_ts_ns;
		decode_add(ev, BEGAT_F_FORK_TO_EXEC);
	}
	if (rec->attempt_ts_ns && rec->attempt_ts_ns <= now_ns) {
		ev->exec_ns = now_ns - rec->attempt_ts_ns;
		decode_add(ev, BEGAT_F_EXEC_NS);
	}
}

int decode_exec(struct decoder *decoder, const struct decode_in *in, const struct rec_exec *rec,
		struct begat_event *ev)
{
	decode_header(decoder, &rec->header, BEGAT_EXEC, ev);
	if (decode_common(decoder, in, &rec->header, &rec->identity, ev) < 0 ||
	    decode_image(decoder, in, rec, ev) < 0 || decode_argv(decoder, in, rec, ev) < 0 ||
	    decode_env(decoder, in, rec, ev) < 0)
		return -EBADMSG;
	decode_spans(rec, ev);
	if (rec->old_tid && rec->old_tid != rec->identity.tgid) {
		ev->old_tid = rec->old_tid;
		decode_add(ev, BEGAT_F_OLD_TID);
	}
	return 1;
}

bool decode_may_dev_differ(const void *record)
{
	const struct rec_exec *rec = record;

	return rec->header.type == REC_EXEC && rec->flags & REC_EXEC_DEV_DIFFERS;
}
