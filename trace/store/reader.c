/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/reader.c - opening a recording: is it one, is it whole, what does it say of itself.
 *
 * Owns:    begat_trace_open(), meta, info, the sentences for files that are no recordings.
 * Not:     events (replay.c), the tables in memory (load.c).
 * Called:  by the commands that read a trace.db.
 *
 * Invariants
 *  (1) The file is never written to, and its triggers and views are never run.
 *  (2) Every failure has a sentence that names the file, the cause and the next step.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stats.h"

#define META_MAX 1000 /* lines; a recording of ours has about 25 */
#define META_VALUE_MAX (1 << 20)

int trace_fail(struct begat_trace *trace, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(trace->error, sizeof(trace->error), format, args);
	va_end(args);
	return -err;
}

int trace_fail_sqlite(struct begat_trace *trace, int rc)
{
	const char *message = trace->db ? sqlite3_errmsg(trace->db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return trace_fail(trace, ENOMEM, "not enough memory to read %s", trace->path);
	case SQLITE_NOTADB:
		return trace_fail(trace, EBADMSG,
				  "%s is no recording: it is not an SQLite database; name a file "
				  "that 'begat record' has written",
				  trace->path);
	case SQLITE_CORRUPT:
		return trace_fail(trace, EBADMSG,
				  "%s is damaged or cut short: copy it again or record again",
				  trace->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return trace_fail(trace, EBUSY,
				  "another program keeps %s locked: close it and try again",
				  trace->path);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return trace_fail(trace, EACCES,
				  "cannot open %s: the recording has not ended, so its folder must "
				  "be writable; copy it together with %s-wal to one that is",
				  trace->path, trace->path);
	case SQLITE_ERROR:
		/* The schema is checked before: a column is missing, or a table is a view. */
		return trace_fail(trace, EBADMSG, "%s is no recording of begat: %s", trace->path,
				  message);
	default:
		return trace_fail(trace, EIO, "cannot read %s: %s", trace->path, message);
	}
}

int trace_prepare(struct begat_trace *trace, const char *sql, sqlite3_stmt **ret_stmt)
{
	int rc = sqlite3_prepare_v2(trace->db, sql, -1, ret_stmt, NULL);

	return rc == SQLITE_OK ? 0 : trace_fail_sqlite(trace, rc);
}

static const char *type_name(int type)
{
	switch (type) {
	case SQLITE_INTEGER:
		return "an integer";
	case SQLITE_FLOAT:
		return "a fraction";
	case SQLITE_TEXT:
		return "text";
	case SQLITE_BLOB:
		return "bytes";
	default:
		return "nothing";
	}
}

int trace_fail_cell(struct begat_trace *trace, sqlite3_stmt *stmt, int column, const char *why)
{
	const char *name = sqlite3_column_name(stmt, column);

	return trace_fail(trace, EBADMSG,
			  "%s is damaged: column %s of row %lld holds %s (%s); record again",
			  trace->path, name ? name : "?", (long long)sqlite3_column_int64(stmt, 0),
			  type_name(sqlite3_column_type(stmt, column)), why);
}

int trace_int(struct begat_trace *trace, sqlite3_stmt *stmt, int column, int64_t *ret,
	      bool *ret_is_null)
{
	int type = sqlite3_column_type(stmt, column);

	if (ret_is_null)
		*ret_is_null = type == SQLITE_NULL;
	if (type == SQLITE_NULL) {
		if (!ret_is_null)
			*ret = 0;
		return 0;
	}
	if (type != SQLITE_INTEGER)
		return trace_fail_cell(trace, stmt, column, "an integer belongs there");
	*ret = sqlite3_column_int64(stmt, column);
	return 0;
}

int trace_u32(struct begat_trace *trace, sqlite3_stmt *stmt, int column, uint32_t *ret)
{
	int64_t value = 0;
	int err = trace_int(trace, stmt, column, &value, NULL);

	if (err < 0)
		return err;
	if (value < 0 || value > UINT32_MAX)
		return trace_fail_cell(trace, stmt, column, "out of range");
	*ret = (uint32_t)value;
	return 0;
}

static uint32_t big_endian(const unsigned char *bytes, int count)
{
	uint32_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

/*
 * Does the header promise more pages than there are? SQLite finds out when it needs one of them,
 * which may be never. With a write-ahead log the missing ones may be there.
 */
static bool is_cut(const struct begat_trace *trace, const unsigned char head[100], off_t size)
{
	uint32_t page = big_endian(head + 16, 2), pages = big_endian(head + 28, 4);
	bool is_valid = big_endian(head + 24, 4) == big_endian(head + 92, 4);
	char wal[4200];

	if (page == 1)
		page = 65536;
	if (!is_valid || size >= (off_t)page * (off_t)pages)
		return false;
	snprintf(wal, sizeof(wal), "%s-wal", trace->path);
	return access(wal, F_OK) < 0;
}

/* What stat(2) and the first bytes tell, before SQLite looks. */
static int check_file(struct begat_trace *trace)
{
	static const char magic[16] = "SQLite format 3";
	unsigned char head[100] = "";
	struct stat st;
	ssize_t n;
	int fd = open(trace->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return trace_fail(trace, ENOENT, "%s does not exist: check the name", trace->path);
	if (fd < 0)
		return trace_fail(trace, errno, "cannot open %s: %s", trace->path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return trace_fail(trace, EBADMSG,
				  "%s is not a regular file: name a file that 'begat record' has "
				  "written",
				  trace->path);
	}
	n = read(fd, head, sizeof(head));
	close(fd);
	if (!st.st_size)
		return trace_fail(trace, ENODATA,
				  "%s is empty: nothing was recorded into it; record again",
				  trace->path);
	if (n < (ssize_t)sizeof(magic) || memcmp(head, magic, sizeof(magic)))
		return trace_fail_sqlite(trace, SQLITE_NOTADB);
	if (n < (ssize_t)sizeof(head) || is_cut(trace, head, st.st_size))
		return trace_fail_sqlite(trace, SQLITE_CORRUPT);
	return 0;
}

static int pragma(struct begat_trace *trace, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare(trace, sql, &stmt);
	int rc;

	if (err < 0)
		return err;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

static int check_schema(struct begat_trace *trace)
{
	int64_t application, version, tables;
	int err = pragma(trace, "PRAGMA application_id", &application);

	if (!err)
		err = pragma(trace, "PRAGMA user_version", &version);
	/* Plain tables only: a view of that name could compute for ever. */
	if (!err)
		err = pragma(trace,
			     "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT "
			     "LIKE 'CREATE VIRTUAL%' AND name IN ('meta', 'string', 'context', "
			     "'process', 'exec', 'lost', 'summary')",
			     &tables);
	if (err)
		return err;
	if (application != SCHEMA_APPLICATION_ID)
		return trace_fail(
			trace, EBADMSG,
			"%s is an SQLite database, but no recording of begat: name a file "
			"that 'begat record' has written",
			trace->path);
	if (version > BEGAT_TRACE_SCHEMA)
		return trace_fail(trace, ENOTSUP,
				  "%s was written by a newer begat (schema %lld, this one reads up "
				  "to %d): update begat",
				  trace->path, (long long)version, BEGAT_TRACE_SCHEMA);
	if (version < 1 || tables != 7)
		return trace_fail(trace, EBADMSG,
				  "%s is no whole recording: tables are missing; record again",
				  trace->path);
	return 0;
}

static int read_meta(struct begat_trace *trace)
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare(trace, "SELECT name, value FROM meta LIMIT 1000", &stmt);
	int rc = SQLITE_DONE;

	if (!err)
		trace->meta = calloc(META_MAX, sizeof(*trace->meta));
	if (!err && !trace->meta)
		err = trace_fail_sqlite(trace, SQLITE_NOMEM);
	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const char *value = (const char *)sqlite3_column_text(stmt, 1);
		struct meta_line *line = &trace->meta[trace->meta_count];

		if (!name || !value || sqlite3_column_bytes(stmt, 1) > META_VALUE_MAX)
			continue;
		line->name = strdup(name);
		line->value = strdup(value);
		trace->meta_count++;
		if (!line->name || !line->value)
			err = trace_fail_sqlite(trace, SQLITE_NOMEM);
	}
	if (!err && rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

const char *begat_trace_meta(const struct begat_trace *trace, const char *name)
{
	for (size_t i = 0; i < trace->meta_count; i++)
		if (!strcmp(trace->meta[i].name, name))
			return trace->meta[i].value;
	return NULL;
}

static int64_t meta_number(const struct begat_trace *trace, const char *name)
{
	const char *text = begat_trace_meta(trace, name);

	return text ? strtoll(text, NULL, 10) : 0;
}

static int open_database(struct begat_trace *trace)
{
	int rc = sqlite3_open_v2(
		trace->path, &trace->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);

	if (rc != SQLITE_OK)
		return trace_fail_sqlite(trace, rc);
	sqlite3_busy_timeout(trace->db, 2000);
	sqlite3_db_config(trace->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(trace->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(trace->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_limit(trace->db, SQLITE_LIMIT_LENGTH, 256 << 20);
	rc = sqlite3_exec(trace->db, "PRAGMA cell_size_check = on; PRAGMA mmap_size = 0; BEGIN;",
			  NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : trace_fail_sqlite(trace, rc);
}

int begat_trace_open(const char *path, struct begat_trace **ret_trace)
{
	struct begat_trace *trace = calloc(1, sizeof(*trace));
	int err;

	if (!trace)
		return -ENOMEM;
	*ret_trace = trace;
	trace->path = strdup(path);
	if (!trace->path || texts_new(&trace->texts) < 0)
		return trace_fail(trace, ENOMEM, "not enough memory to read a recording");
	err = check_file(trace);
	if (!err)
		err = open_database(trace);
	if (!err)
		err = check_schema(trace);
	if (!err)
		err = read_meta(trace);
	if (!err)
		err = trace_prepare(trace, "SELECT id, text FROM string WHERE id = ?1",
				    &trace->text);
	trace->realtime_offset_ns = meta_number(trace, "realtime_offset_ns");
	return err;
}

void begat_trace_close(struct begat_trace *trace)
{
	if (!trace)
		return;
	sqlite3_finalize(trace->text);
	sqlite3_close(trace->db);
	texts_free(trace->texts);
	loaded_free(trace->loaded);
	free(trace->contexts);
	for (size_t i = 0; i < trace->meta_count; i++) {
		free(trace->meta[i].name);
		free(trace->meta[i].value);
	}
	free(trace->meta);
	free(trace->path);
	free(trace);
}

const char *begat_trace_error(const struct begat_trace *trace)
{
	return trace ? trace->error : "not enough memory to read a recording";
}

struct summary_reader {
	struct begat_trace *trace;
	sqlite3_stmt *stmt;
	int err;
};

/* The value of the line @name is the current row of reader->stmt, or there is none. */
static bool find_summary(struct summary_reader *reader, const char *name)
{
	sqlite3_reset(reader->stmt);
	sqlite3_bind_text(reader->stmt, 1, name, -1, SQLITE_TRANSIENT);
	int rc = sqlite3_step(reader->stmt);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		reader->err = trace_fail_sqlite(reader->trace, rc);
	return rc == SQLITE_ROW;
}

/* Texts live in meta, so that they last as long as the trace. */
static const char *keep_text(struct begat_trace *trace, const char *name, const char *value)
{
	char key[80];
	const char *known;

	snprintf(key, sizeof(key), "summary.%s", name);
	known = begat_trace_meta(trace, key);
	if (known || trace->meta_count == META_MAX)
		return known;

	struct meta_line *line = &trace->meta[trace->meta_count];

	line->name = strdup(key);
	line->value = strdup(value);
	trace->meta_count++;
	if (!line->name || !line->value) {
		free(line->name);
		free(line->value);
		trace->meta_count--;
		return NULL;
	}
	return line->value;
}

static int get_stat(void *ctx, const char *name, enum stats_kind kind, void *member)
{
	struct summary_reader *reader = ctx;
	const char *text;
	uint64_t number;
	uint32_t narrow;

	if (!find_summary(reader, name))
		return reader->err;
	if (kind == STATS_TEXT) {
		text = (const char *)sqlite3_column_text(reader->stmt, 0);
		text = text ? keep_text(reader->trace, name, text) : NULL;
		memcpy(member, &text, sizeof(text));
		return 0;
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

		values[i] = meta_number(trace, names[i]);
		if (trace->info.complete && begat_trace_meta(trace, names[i]))
			continue;
		err = pragma(trace, sql[i], &values[i]);
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

int begat_trace_info(struct begat_trace *trace, struct begat_trace_info *ret_info)
{
	size_t size = ret_info->size;
	int err = 0;

	if (size < sizeof(size))
		return trace_fail(trace, EINVAL, "struct begat_trace_info has no size");
	if (!trace->has_info) {
		trace->info.complete = meta_number(trace, "complete") == 1;
		trace->info.schema = (uint32_t)meta_number(trace, "schema");
		trace->info.cpus = (uint32_t)meta_number(trace, "cpus");
		trace->info.realtime_offset_ns = trace->realtime_offset_ns;
		err = read_summary(trace);
		if (!err)
			err = count_rows(trace);
		if (err < 0)
			return err;
		trace->has_info = true;
	}
	size = size < sizeof(trace->info) ? size : sizeof(trace->info);
	memcpy(ret_info, &trace->info, size);
	ret_info->size = size;
	return 0;
}
