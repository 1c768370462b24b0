/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/reader.c - opening a recording: is it one, is it whole, what does it say of itself.
 *
 * Owns:    begat_trace_open(), the sentences for files that are no recordings.
 * Not:     meta (meta_read.c), counts and summary (info.c), rows (db.c).
 *
 * Invariants
 *  (1) The file is never written to, and its triggers and views are never run.
 *  (2) Every failure has a sentence that names the file, the cause and the next step.
 */
#include "store/read/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/api.h"

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
		err = meta_read(trace);
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
	if (trace->model)
		trace->free_model(trace->model);
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

BEGAT_API void begat_trace_on_progress(struct begat_trace *trace,
				       void (*callback)(uint64_t done, uint64_t total, void *ctx),
				       void *ctx)
{
	trace->progress = callback;
	trace->progress_ctx = ctx;
}

BEGAT_API const char *begat_trace_error(const struct begat_trace *trace)
{
	return trace ? trace->error : "not enough memory to read a recording";
}
