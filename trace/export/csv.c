/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/csv.c - every event, one row; RFC 4180, a header first.
 *
 * Owns:    which fields are columns. argv is a JSON array in one cell: a joined string could not
 *          be taken apart again.
 *
 * Invariants
 *  (1) No cell that a traced process supplies is a formula to a spreadsheet: an apostrophe goes
 *      before it, unless the caller asked for raw texts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_set.h"
#include "export.h"
#include "json.h"

enum kind { EVENT, TIME, U32, U64, I32, ID, STR, ARGV, ERRNO, SIGNAL, CLASS, USER, GROUP };

static const struct column {
	const char *name;
	enum begat_field field;
	enum kind kind;
	size_t offset;
} columns[] = {
#define COLUMN(name, field, kind, member)                                         \
	{                                                                         \
		name, BEGAT_F_##field, kind, offsetof(struct begat_event, member) \
	}
	COLUMN("event", EVENT, EVENT, type),
	COLUMN("time", TIME, TIME, time_ns),
	COLUMN("ts_ns", TS_NS, U64, ts_ns),
	COLUMN("seq", SEQ, U64, seq),
	COLUMN("cpu", CPU, U32, cpu),
	COLUMN("id", ID, ID, id),
	COLUMN("pid", PID, U32, tgid),
	COLUMN("tid", TID, U32, tid),
	COLUMN("ppid", PPID, U32, parent_tgid),
	COLUMN("parent_id", PARENT_ID, ID, parent_id),
	COLUMN("comm", COMM, STR, comm),
	COLUMN("uid", UID, U32, uid),
	COLUMN("gid", GID, U32, gid),
	COLUMN("euid", EUID, U32, euid),
	COLUMN("egid", EGID, U32, egid),
	COLUMN("cgroup", CGROUP, STR, cgroup),
	COLUMN("container_id", CONTAINER_ID, STR, container_id),
	COLUMN("filename", FILENAME, STR, filename),
	COLUMN("exe", EXE, STR, exe),
	COLUMN("argv", ARGV, ARGV, argv),
	COLUMN("cwd", CWD, STR, cwd),
	COLUMN("fork_to_exec_ns", FORK_TO_EXEC, U64, fork_to_exec_ns),
	COLUMN("exec_ns", EXEC_NS, U64, exec_ns),
	COLUMN("errno", ERRNO, ERRNO, error),
	COLUMN("exit_code", EXIT_CODE, I32, exit_code),
	COLUMN("signal", SIGNAL, SIGNAL, signal),
	COLUMN("duration_ns", DURATION, U64, duration_ns),
	COLUMN("utime_ns", UTIME, U64, utime_ns),
	COLUMN("stime_ns", STIME, U64, stime_ns),
	COLUMN("max_rss_bytes", MAX_RSS, U64, max_rss_bytes),
	COLUMN("read_bytes", READ_BYTES, U64, read_bytes),
	COLUMN("write_bytes", WRITE_BYTES, U64, write_bytes),
	COLUMN("minor_faults", MINOR_FAULTS, U64, minor_faults),
	COLUMN("major_faults", MAJOR_FAULTS, U64, major_faults),
	COLUMN("execs", EXECS, U32, execs),
	COLUMN("count", COUNT, U64, count),
	COLUMN("class", CLASS, CLASS, class_type),
	COLUMN("user", UID, USER, uid),
	COLUMN("group", GID, GROUP, gid),
#undef COLUMN
};

struct csv {
	FILE *out;
	const struct begat_accounts *accounts;
	bool is_raw;
	bool is_short; /* a text is missing for want of memory */
};

/*
 * Would a spreadsheet evaluate @text? Quotes do not prevent it. Some versions drop spaces ahead of
 * the sign, and some take its full-width form (U+FF0B, U+FF0D, U+FF1D, U+FF20) for the sign. Other
 * blanks arrive escaped.
 */
static bool is_formula(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && text[at] == ' ')
		at++;
	if (at == len)
		return false;
	if (byte_is_one_of(text[at], "=+-@"))
		return true;
	return len - at >= 3 && text[at] == '\xef' && text[at + 1] == '\xbc' &&
	       byte_is_one_of(text[at + 2], "\x8b\x8d\x9d\xa0");
}

/* A cell in quotes; @text is valid UTF-8 without a NUL. */
static void put_quoted(const struct csv *csv, const char *text, size_t len)
{
	FILE *out = csv->out;

	putc('"', out);
	if (!csv->is_raw && is_formula(text, len))
		putc('\'', out);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			putc('"', out);
		putc(text[i], out);
	}
	putc('"', out);
}

/* Texts are written as inside a JSON string: on one line, and any byte is valid. */
static void put_text(struct csv *csv, const char *data, size_t len, const struct begat_strv *argv)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	if (!memory) {
		csv->is_short = true;
		return;
	}
	if (argv)
		export_json_strings(memory, argv);
	else
		export_json_bytes(memory, data, len);
	/* A stream that could not grow says so before it is closed, not when. */
	bool is_short = ferror(memory) != 0;

	if (fclose(memory) || is_short || !text)
		csv->is_short = true;
	else
		put_quoted(csv, text, size);
	free(text);
}

static void put_name(FILE *out, const char *name, long long number)
{
	if (name)
		fputs(name, out);
	else
		fprintf(out, "%lld", number);
}

/* A number that has no name in the recording stays one. */
static void put_account(struct csv *csv, const char *name, uint32_t number)
{
	if (name)
		put_text(csv, name, strlen(name), NULL);
	else
		fprintf(csv->out, "%u", number);
}

static void put_cell(struct csv *csv, const struct begat_event *ev, const struct column *c)
{
	FILE *out = csv->out;
	const char *member = (const char *)ev + c->offset;
	const struct begat_str *str = (const struct begat_str *)member;
	uint64_t wide = 0;
	uint32_t narrow = 0;
	char time[40];

	if (c->kind == TIME || c->kind == U64 || c->kind == ID)
		memcpy(&wide, member, sizeof(wide));
	else if (c->kind != STR && c->kind != ARGV)
		memcpy(&narrow, member, sizeof(narrow));
	switch (c->kind) {
	case EVENT:
	case CLASS:
		put_name(out, begat_event_name(narrow), narrow);
		break;
	case TIME:
		fputs(export_json_time(time, wide), out);
		break;
	case U32:
		fprintf(out, "%u", narrow);
		break;
	case U64:
		fprintf(out, "%llu", (unsigned long long)wide);
		break;
	case I32:
		fprintf(out, "%d", (int32_t)narrow);
		break;
	case ID:
		fprintf(out, "%016llx", (unsigned long long)wide);
		break;
	case USER:
		put_account(csv, csv->accounts->user_name(csv->accounts->ctx, narrow), narrow);
		break;
	case GROUP:
		put_account(csv, csv->accounts->group_name(csv->accounts->ctx, narrow), narrow);
		break;
	case STR:
		put_text(csv, str->data, str->len, NULL);
		break;
	case ARGV:
		put_text(csv, NULL, 0, &ev->argv);
		break;
	case ERRNO:
		put_name(out, begat_errno_name((int32_t)narrow), (int32_t)narrow);
		break;
	case SIGNAL:
		if (narrow)
			put_name(out, begat_signal_name((int32_t)narrow), (int32_t)narrow);
		break;
	}
}

static int write_row(const struct begat_event *ev, void *ctx)
{
	struct csv *csv = ctx;
	FILE *out = csv->out;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (i)
			putc(',', out);
		if (begat_event_has(ev, columns[i].field) || columns[i].kind == EVENT)
			put_cell(csv, ev, &columns[i]);
	}
	fputs("\r\n", out);
	return csv->is_short || ferror(out);
}

static int run(struct export *ex)
{
	struct csv csv = {
		.out = ex->out,
		.is_raw = ex->opts.raw,
		.accounts = ex->accounts,
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		fprintf(ex->out, "%s%s", i ? "," : "", columns[i].name);
	fputs("\r\n", ex->out);
	int err = export_replay(ex, write_row, &csv);

	return csv.is_short ? -ENOMEM : err;
}

const struct export_ops export_csv = { .run = run };
