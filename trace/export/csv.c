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
#include <begat/field.h>
#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_set.h"
#include "base/json.h"
#include "base/json_print.h"
#include "export.h"
#include "json.h"

/* Named as in JSON. The names of user and group come behind. */
static const enum begat_field columns[] = {
	BEGAT_F_EVENT,	      BEGAT_F_TIME,	    BEGAT_F_TS_NS,	BEGAT_F_SEQ,
	BEGAT_F_CPU,	      BEGAT_F_ID,	    BEGAT_F_PID,	BEGAT_F_TID,
	BEGAT_F_PPID,	      BEGAT_F_PARENT_ID,    BEGAT_F_COMM,	BEGAT_F_UID,
	BEGAT_F_GID,	      BEGAT_F_EUID,	    BEGAT_F_EGID,	BEGAT_F_CGROUP,
	BEGAT_F_CONTAINER_ID, BEGAT_F_FILENAME,	    BEGAT_F_EXE,	BEGAT_F_ARGV,
	BEGAT_F_CWD,	      BEGAT_F_FORK_TO_EXEC, BEGAT_F_EXEC_NS,	BEGAT_F_ERRNO,
	BEGAT_F_EXIT_CODE,    BEGAT_F_SIGNAL,	    BEGAT_F_DURATION,	BEGAT_F_UTIME,
	BEGAT_F_STIME,	      BEGAT_F_MAX_RSS,	    BEGAT_F_READ_BYTES, BEGAT_F_WRITE_BYTES,
	BEGAT_F_MINOR_FAULTS, BEGAT_F_MAJOR_FAULTS, BEGAT_F_EXECS,	BEGAT_F_COUNT,
	BEGAT_F_CLASS,
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct csv {
	FILE *out;
	const struct begat_accounts *accounts;
	struct begat_field_info infos[COLUMNS];
	FILE *quoted; /* see put_quoted() */
	bool is_raw;
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

/* What is written to csv->quoted goes here: the inside of a cell in quotes. */
static ssize_t put_quoted(void *cookie, const char *text, size_t size)
{
	const struct csv *csv = cookie;
	size_t len = size;

	for (const char *quote; len && (quote = memchr(text, '"', len));) {
		size_t upto = (size_t)(quote + 1 - text);

		fwrite(text, 1, upto, csv->out);
		putc_unlocked('"', csv->out);
		text += upto;
		len -= upto;
	}
	fwrite(text, 1, len, csv->out);
	return (ssize_t)size; /* csv->out keeps its error */
}

/*
 * Texts are written as inside a JSON string: on one line, and any byte is valid. That leaves what
 * makes a formula as it is.
 */
static void put_text(struct csv *csv, const char *data, size_t len, const struct begat_strv *argv)
{
	putc_unlocked('"', csv->out);
	if (argv) {
		export_json_strings(csv->quoted, argv);
	} else {
		if (!csv->is_raw && is_formula(data, len))
			putc_unlocked('\'', csv->out);
		json_print_bytes(csv->quoted, data, len);
	}
	fflush(csv->quoted);
	putc_unlocked('"', csv->out);
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

static void put_number(FILE *out, const struct begat_event *ev, enum begat_field field)
{
	char text[JSON_U64_MAX + 1], *end = text;
	int64_t value;
	uint64_t wide;

	if (!begat_event_u64(ev, field, &wide))
		end = json_u64(text, wide);
	else if (!begat_event_i64(ev, field, &value))
		end = json_i64(text, value);
	fwrite(text, 1, (size_t)(end - text), out);
}

/* Without quotes: no digit needs them. */
static void put_id(FILE *out, uint64_t id)
{
	char text[JSON_HEX_MAX];

	json_hex(text, id);
	fwrite(text + 1, 1, sizeof(text) - 2, out);
}

static void put_cell(struct csv *csv, const struct begat_event *ev, size_t column)
{
	enum begat_field field = columns[column];
	FILE *out = csv->out;
	struct begat_strv strv;
	struct begat_str str;
	char time[40];

	switch ((enum begat_kind)csv->infos[column].kind) {
	case BEGAT_KIND_EVENT:
		put_name(out, begat_event_name(ev->type), ev->type);
		break;
	case BEGAT_KIND_CLASS:
		put_name(out, begat_event_name(ev->class_type), ev->class_type);
		break;
	case BEGAT_KIND_TIME:
		fputs(export_json_time(time, ev->time_ns), out);
		break;
	case BEGAT_KIND_ID:
		put_id(out, field == BEGAT_F_ID ? ev->id : ev->parent_id);
		break;
	case BEGAT_KIND_STR:
		if (!begat_event_str(ev, field, &str))
			put_text(csv, str.data, str.len, NULL);
		break;
	case BEGAT_KIND_STRV:
		if (!begat_event_strv(ev, field, &strv))
			put_text(csv, NULL, 0, &strv);
		break;
	case BEGAT_KIND_ERRNO:
		put_name(out, begat_errno_name(ev->error), ev->error);
		break;
	case BEGAT_KIND_SIGNAL:
		if (ev->signal)
			put_name(out, begat_signal_name(ev->signal), ev->signal);
		break;
	default:
		put_number(out, ev, field);
	}
}

static int write_row(const struct begat_event *ev, void *ctx)
{
	struct csv *csv = ctx;
	const struct begat_accounts *names = csv->accounts;
	FILE *out = csv->out;

	for (size_t i = 0; i < COLUMNS; i++) {
		if (i)
			putc_unlocked(',', out);
		if (begat_event_has(ev, columns[i]) || columns[i] == BEGAT_F_EVENT)
			put_cell(csv, ev, i);
	}
	putc_unlocked(',', out);
	if (begat_event_has(ev, BEGAT_F_UID))
		put_account(csv, names->user_name(names->ctx, ev->uid), ev->uid);
	putc_unlocked(',', out);
	if (begat_event_has(ev, BEGAT_F_GID))
		put_account(csv, names->group_name(names->ctx, ev->gid), ev->gid);
	fputs("\r\n", out);
	return ferror(out);
}

static int run(struct export *ex)
{
	struct csv csv = {
		.out = ex->out,
		.is_raw = ex->opts.raw,
		.accounts = ex->accounts,
	};

	csv.quoted = fopencookie(&csv, "w", (cookie_io_functions_t){ .write = put_quoted });
	if (!csv.quoted)
		return -ENOMEM;
	__fsetlocking(csv.quoted, FSETLOCKING_BYCALLER);
	for (size_t i = 0; i < COLUMNS; i++) {
		csv.infos[i].size = sizeof(csv.infos[i]);
		begat_field_info(columns[i], &csv.infos[i]);
		fprintf(ex->out, "%s,", csv.infos[i].name);
	}
	fputs("user,group\r\n", ex->out);
	int err = export_replay(ex, write_row, &csv);

	fclose(csv.quoted);
	return err;
}

const struct export_ops export_csv = { .run = run };
