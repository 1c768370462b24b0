/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/reader.c - opening a recording: is it one, is it whole, what does it say of itself.
 *
 * Owns:    begat_trace_open(), meta, the sentences for files that are no recordings.
 * Not:     counts and summary (info.c), events (replay.c), the tables in memory (load.c).
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

#include "base/api.h"

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

int trace_bytes(struct begat_trace *trace, sqlite3_stmt *stmt, int column, const char **ret_data,
		size_t *ret_len)
{
	int type = sqlite3_column_type(stmt, column);
	const char *data = type == SQLITE_NULL	 ? NULL
			   : type == SQLITE_BLOB ? sqlite3_column_blob(stmt, column)
						 : (const char *)sqlite3_column_text(stmt, column);
	int len = sqlite3_column_bytes(stmt, column);

	/* An empty blob has no address either. */
	if (!data && type != SQLITE_NULL && (type != SQLITE_BLOB || len))
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	*ret_data = data ? data : "";
	*ret_len = (size_t)len;
	return 0;
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

int trace_scalar(struct begat_trace *trace, const char *sql, int64_t *ret)
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
	int err = trace_scalar(trace, "PRAGMA application_id", &application);

	if (!err)
		err = trace_scalar(trace, "PRAGMA user_version", &version);
	/* Plain tables only: a view of that name could compute for ever. */
	if (!err)
		err = trace_scalar(
			trace,
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

/* Invariant: a line that counts has both texts. */
int trace_add_meta(struct begat_trace *trace, const char *name, const char *value)
{
	struct meta_line line = { .name = strdup(name), .value = strdup(value) };

	if (!line.name || !line.value) {
		free(line.name);
		free(line.value);
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	}
	trace->meta[trace->meta_count++] = line;
	return 0;
}

static int read_meta(struct begat_trace *trace)
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare(trace, "SELECT name, value FROM meta LIMIT 1000", &stmt);
	int rc = SQLITE_DONE;

	if (!err)
		trace->meta = calloc(READER_META_MAX, sizeof(*trace->meta));
	if (!err && !trace->meta)
		err = trace_fail_sqlite(trace, SQLITE_NOMEM);
	while (!err && trace->meta_count < READER_META_MAX &&
	       (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *name, *value;
		size_t name_len, value_len;

		err = trace_bytes(trace, stmt, 0, &name, &name_len);
		if (!err)
			err = trace_bytes(trace, stmt, 1, &value, &value_len);
		if (!err && sqlite3_column_type(stmt, 0) == SQLITE_TEXT &&
		    sqlite3_column_type(stmt, 1) != SQLITE_NULL &&
		    sqlite3_column_type(stmt, 1) != SQLITE_BLOB && value_len <= META_VALUE_MAX)
			err = trace_add_meta(trace, name, value);
	}
	if (!err && rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	return err;
}

BEGAT_API const char *begat_trace_meta(const struct begat_trace *trace, const char *name)
{
	for (size_t i = 0; i < trace->meta_count; i++)
		if (!strcmp(trace->meta[i].name, name))
			return trace->meta[i].value;
	return NULL;
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

BEGAT_API int begat_trace_open(const char *path, struct begat_trace **ret_trace)
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
	trace->realtime_offset_ns = trace_meta_number(trace, "realtime_offset_ns");
	return err;
}

BEGAT_API void begat_trace_close(struct begat_trace *trace)
{
	if (!trace)
		return;
	sqlite3_finalize(trace->text);
	sqlite3_close(trace->db);
	texts_free(trace->texts);
	loaded_free(trace->loaded);
	names_free(trace->names);
	free(trace->contexts);
	for (size_t i = 0; i < trace->meta_count; i++) {
		free(trace->meta[i].name);
		free(trace->meta[i].value);
	}
	free(trace->meta);
	free(trace->path);
	free(trace);
}

BEGAT_API const char *begat_trace_error(const struct begat_trace *trace)
{
	return trace ? trace->error : "not enough memory to read a recording";
}
