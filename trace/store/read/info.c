/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/info.c - what a recording is and holds.
 *
 * Owns:    begat_trace_info(): the summary event, counts, whether it is whole.
 * Not:     opening (reader.c), meta (meta_read.c). The work is done once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/opts.h"
#include "store/format/stats.h"
#include "store/read/reader.h"

struct summary_reader {
	struct begat_trace *trace;
	sqlite3_stmt *stmt;
	int err;
};

/* The value of the line @name is the current row of reader->stmt, or there is none. */
static bool find_summary(struct summary_reader *reader, const char *name)
{
	sqlite3_reset(reader->stmt);
	int rc = sqlite3_bind_text(reader->stmt, 1, name, -1, SQLITE_TRANSIENT);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(reader->stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		reader->err = trace_fail_sqlite(reader->trace, rc);
	return rc == SQLITE_ROW;
}

/* Texts live in meta, so that they last as long as the trace. */
static const char *keep_text(struct begat_trace *trace, const char *name, const char *value,
			     int *ret_err)
{
	char key[80];
	const char *known;

	snprintf(key, sizeof(key), "summary.%s", name);
	known = begat_trace_meta(trace, key);
	if (known || trace->meta_count == READER_META_MAX)
		return known;

	*ret_err = trace_add_meta(trace, key, value);
	return *ret_err ? NULL : begat_trace_meta(trace, key);
}

static int get_stat(void *ctx, const char *name, enum stats_kind kind, void *member)
{
	struct summary_reader *reader = ctx;
	const char *text;
	size_t len;
	uint64_t number;
	uint32_t narrow;

	if (!find_summary(reader, name))
		return reader->err;
	if (kind == STATS_TEXT) {
		reader->err = trace_bytes(reader->trace, reader->stmt, 0, &text, &len);
		if (!reader->err)
			text = sqlite3_column_type(reader->stmt, 0) == SQLITE_TEXT
				       ? keep_text(reader->trace, name, text, &reader->err)
				       : NULL;
		if (!reader->err)
			memcpy(member, &text, sizeof(text));
		return reader->err;
	}
	number = (uint64_t)sqlite3_column_int64(reader->stmt, 0);
	narrow = (uint32_t)number;
	if (kind == STATS_U64)
		memcpy(member, &number, sizeof(number));
	else
		memcpy(member, &narrow, sizeof(narrow));
	return 0;
}

static uint64_t summary_number(struct summary_reader *reader, const char *name)
{
	return find_summary(reader, name) ? (uint64_t)sqlite3_column_int64(reader->stmt, 0) : 0;
}

static int read_summary(struct begat_trace *trace)
{
	struct summary_reader reader = { .trace = trace };
	struct begat_event *ev = &trace->summary_event;
	int err = trace_prepare(trace, "SELECT value FROM summary WHERE name = ?1", &reader.stmt);

	if (err < 0)
		return err;
	trace->info.summary.size = sizeof(trace->info.summary);
	if (find_summary(&reader, "fields_low")) {
		trace->info.has_summary = true;
		err = stats_for_each(&trace->info.summary, get_stat, &reader);
	}
	*ev = (struct begat_event){ .size = sizeof(*ev), .type = BEGAT_SUMMARY };
	ev->has.bits[0] = summary_number(&reader, "fields_low");
	ev->has.bits[1] = summary_number(&reader, "fields_high");
	ev->ts_ns = summary_number(&reader, "ts_ns");
	ev->time_ns = summary_number(&reader, "time_ns");
	ev->seq = summary_number(&reader, "seq");
	ev->cpu = (uint32_t)summary_number(&reader, "cpu");
	ev->stats = &trace->info.summary;
	sqlite3_finalize(reader.stmt);
	return err ? err : reader.err;
}

/* Counts: from meta where the end was written, else from the tables. */
static int count_rows(struct begat_trace *trace)
{
	static const char *const sql[] = {
		"SELECT count(*) FROM process",
		"SELECT count(*) FROM exec",
		"SELECT coalesce(sum(count), 0) FROM lost",
		"SELECT min(coalesce(min(fork_ts_ns), 9e18), coalesce((SELECT min(ts_ns) FROM "
		"exec),"
		" 9e18), coalesce((SELECT min(exit_ts_ns) FROM process), 9e18)) FROM process",
		"SELECT max(coalesce(max(fork_ts_ns), 0), coalesce((SELECT max(ts_ns) FROM exec), "
		"0),"
		" coalesce((SELECT max(exit_ts_ns) FROM process), 0)) FROM process",
	};
	static const char *const names[] = { "processes", "execs", "lost", "first_ns", "last_ns" };
	int64_t values[5];

	for (int i = 0; i < 5; i++) {
		int err;

		values[i] = trace_meta_number(trace, names[i]);
		if (trace->info.complete && begat_trace_meta(trace, names[i]))
			continue;
		err = trace_scalar(trace, sql[i], &values[i]);
		if (err < 0)
			return err;
	}
	trace->info.processes = (uint64_t)values[0];
	trace->info.execs = (uint64_t)values[1];
	trace->info.lost = (uint64_t)values[2];
	if (values[3] > 0 && values[3] <= values[4]) {
		trace->info.first_ns = (uint64_t)values[3];
		trace->info.last_ns = (uint64_t)values[4];
	}
	return 0;
}

BEGAT_API int begat_trace_info(struct begat_trace *trace, struct begat_trace_info *ret_info)
{
	int err = 0;

	trace->error[0] = '\0';
	if (!trace->has_info) {
		trace->info.complete = trace_meta_number(trace, "complete") == 1;
		trace->info.schema = (uint32_t)trace_meta_number(trace, "schema");
		trace->info.cpus = (uint32_t)trace_meta_number(trace, "cpus");
		trace->info.realtime_offset_ns = trace->realtime_offset_ns;
		err = read_summary(trace);
		if (!err)
			err = count_rows(trace);
		if (err < 0)
			return err;
		trace->has_info = true;
	}
	if (!opts_give(ret_info, &trace->info, sizeof(trace->info)))
		return trace_fail(trace, EINVAL, "struct begat_trace_info has no size");
	return 0;
}
