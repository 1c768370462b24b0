/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/file.c - a recording's file: created, locked, opened.
 *
 * Owns:    the refusal of files that are there, the lock against a second recorder, SQLite's
 *          settings, the sentences for what can be wrong with a path.
 * Not:     what is written (fold.c, writer.c).
 * Called:  by writer.c, once a part.
 *
 * Invariants
 *  (1) A file that is there is touched only with overwrite, only if it is a regular file, and
 *      only while nobody else records into it.
 *  (2) The lock's descriptor is closed after SQLite's: closing any descriptor of a file drops the
 *      process's POSIX locks on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "writer.h"

static int fail_open(struct begat_recorder *rec, int err)
{
	switch (err) {
	case EEXIST:
		return recorder_fail(rec, EEXIST,
				     "%s exists: choose another name, or replace it with --force",
				     rec->path);
	case EWOULDBLOCK:
		return recorder_fail(
			rec, EBUSY, "another begat records into %s: stop it or choose another name",
			rec->path);
	case EACCES:
	case EPERM:
		return recorder_fail(rec, EACCES,
				     "cannot create %s: its folder is not writable for this user; "
				     "choose another folder",
				     rec->path);
	case EROFS:
		return recorder_fail(rec, EROFS,
				     "cannot create %s: the file system is read-only; choose "
				     "another folder",
				     rec->path);
	case ENOENT:
	case ENOTDIR:
		return recorder_fail(rec, ENOENT,
				     "cannot create %s: its folder does not exist; create it first",
				     rec->path);
	case EISDIR:
		return recorder_fail(rec, EISDIR,
				     "%s is not a regular file: name a file that may be created",
				     rec->path);
	case ENOSPC:
	case EDQUOT:
		return recorder_fail(rec, ENOSPC,
				     "cannot create %s: the disk is full; free space or choose "
				     "another folder",
				     rec->path);
	default:
		return recorder_fail(rec, err, "cannot create %s: %s", rec->path, strerror(err));
	}
}

/* SQLite's own files beside @path: stale ones would be taken for part of the new recording. */
static void remove_companions(const char *path)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal" };
	char name[4096];

	for (int i = 0; i < 3; i++)
		if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) < (int)sizeof(name))
			unlink(name);
}

void file_remove(const char *path)
{
	unlink(path);
	remove_companions(path);
}

/* Removes what stands at the path, unless it is in use or no regular file. 0 or an errno. */
static int remove_old(const char *path)
{
	struct stat st;
	int fd, err = 0;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISREG(st.st_mode))
		return EISDIR;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		err = errno;
	else if (unlink(path) < 0)
		err = errno;
	close(fd);
	return err;
}

static int create(struct begat_recorder *rec)
{
	int err;

	if (rec->opts.overwrite) {
		err = remove_old(rec->path);
		if (err)
			return fail_open(rec, err);
	}
	/* SQLite gives the files beside it the same mode. */
	rec->lock_fd = open(rec->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			    rec->opts.is_private ? 0600 : 0666);
	if (rec->lock_fd < 0)
		return fail_open(rec, errno);
	rec->is_created = true;
	if (flock(rec->lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail_open(rec, EWOULDBLOCK);
	remove_companions(rec->path);
	return 0;
}

static int run(struct begat_recorder *rec, const char *sql)
{
	int rc = sqlite3_exec(rec->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : recorder_fail_sqlite(rec, rc, "set up");
}

static bool is_wal(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	bool wal = false;

	if (sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		const unsigned char *mode = sqlite3_column_text(stmt, 0);

		wal = mode && !sqlite3_stricmp((const char *)mode, "wal");
	}
	sqlite3_finalize(stmt);
	return wal;
}

/* Large pages and rare checkpoints: half the time of the defaults. */
static int set_up(struct begat_recorder *rec)
{
	if (run(rec, "PRAGMA page_size = 16384; PRAGMA journal_mode = wal;") < 0)
		return -rec->failure;
	/* Where memory cannot be shared (some network file systems) alone is better than not. */
	if (!is_wal(rec->db) &&
	    run(rec, "PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal;") < 0)
		return -rec->failure;
	if (run(rec, "PRAGMA synchronous = normal; PRAGMA cache_size = -32768;"
		     "PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;"
		     "BEGIN IMMEDIATE;") < 0)
		return -rec->failure;
	for (int i = 0; schema_create[i]; i++)
		if (run(rec, schema_create[i]) < 0)
			return -rec->failure;
	return 0;
}

static int prepare(struct begat_recorder *rec, const char *sql, sqlite3_stmt **ret)
{
	int rc = sqlite3_prepare_v3(rec->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

	return rc == SQLITE_OK ? 0 : recorder_fail_sqlite(rec, rc, "set up");
}

static void list_end_columns(struct begat_recorder *rec)
{
	int count = 0;

	rec->end_columns[count++] = PROCESS_exit_n;
	rec->end_columns[count++] = PROCESS_exit_context;
	rec->end_columns[count++] = PROCESS_exit_extra;
	for (unsigned i = 0; i < slots_count; i++)
		if (slots[i].columns[FORM_EXIT] != SLOT_NONE)
			rec->end_columns[count++] = slots[i].columns[FORM_EXIT];
	rec->end_columns_count = count;
}

/* UPDATE process SET exit_n = ?1, ... WHERE row = ?N */
static int prepare_end(struct begat_recorder *rec)
{
	char sql[2048] = "UPDATE process SET ";
	size_t used = strlen(sql);

	list_end_columns(rec);
	for (int i = 0; i < rec->end_columns_count; i++)
		used += (size_t)snprintf(
			sql + used, sizeof(sql) - used, "%s%s = ?%d", i ? ", " : "",
			schema_tables[TABLE_PROCESS].names[rec->end_columns[i]], i + 1);
	snprintf(sql + used, sizeof(sql) - used, " WHERE row = ?%d", rec->end_columns_count + 1);
	return prepare(rec, sql, &rec->end);
}

static int prepare_all(struct begat_recorder *rec)
{
	for (int i = 0; i < TABLE_COUNT; i++) {
		int rc = rows_init(&rec->rows[i], rec->db, (enum schema_table)i);

		if (rc != SQLITE_OK)
			return recorder_fail_sqlite(rec, rc, "set up");
	}
	rec->ends.table = rec->rows[TABLE_PROCESS].table;
	rec->ends.stride = rec->rows[TABLE_PROCESS].stride;
	if (prepare(rec, "BEGIN IMMEDIATE", &rec->begin) < 0 ||
	    prepare(rec, "COMMIT", &rec->commit) < 0 ||
	    prepare(rec, "ROLLBACK", &rec->rollback) < 0 ||
	    prepare(rec, "PRAGMA page_count", &rec->pages) < 0 ||
	    prepare(rec, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)", &rec->meta) < 0)
		return -rec->failure;
	return prepare_end(rec);
}

int file_open(struct begat_recorder *rec)
{
	int rc;

	if (create(rec) < 0)
		return -rec->failure;
	rc = sqlite3_open_v2(rec->path, &rec->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
			     NULL);
	if (rc != SQLITE_OK)
		return recorder_fail_sqlite(rec, rc, "open");
	sqlite3_busy_timeout(rec->db, 1000);
	if (set_up(rec) < 0)
		return -rec->failure;
	return prepare_all(rec);
}

void file_close(struct begat_recorder *rec)
{
	sqlite3_stmt **const statements[] = { &rec->begin, &rec->commit, &rec->rollback,
					      &rec->end,   &rec->meta,	 &rec->pages };

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		sqlite3_finalize(*statements[i]);
		*statements[i] = NULL;
	}
	for (int i = 0; i < TABLE_COUNT; i++)
		rows_done(&rec->rows[i]);
	rows_done(&rec->ends);
	sqlite3_close(rec->db);
	rec->db = NULL;
	if (rec->lock_fd >= 0)
		close(rec->lock_fd);
	rec->lock_fd = -1;
}
