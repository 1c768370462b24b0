/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/file.c - a recording's file: created, locked, opened.
 *
 * Owns:    the refusal of files that are there, the lock against a second recorder, SQLite's
 *          settings, the sentences for what can be wrong with a path.
 * Not:     what is written (row_from_event.c, batch.c), which path (parts.c).
 *
 * Invariants
 *  (1) A file that is there is replaced only with overwrite, only if it is a regular file of the
 *      caller, only while nobody else records into it, and only when the new one is ready.
 *  (2) Only its owner may read a recording; base/safe_open.h says how its place is found.
 *  (3) The lock's descriptor is closed after SQLite's: closing any descriptor of a file drops the
 *      process's POSIX locks on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/safe_open.h"
#include "store/write/recorder.h"

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
	case EUCLEAN:
		return recorder_fail(
			rec, EACCES,
			"%s belongs to another user: choose another name, or remove it "
			"first",
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

static const char *const suffixes[] = { "-wal", "-shm", "-journal" };
#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/* SQLite's own files beside @path: stale ones would be taken for part of the new recording. */
static void remove_companions(const char *path)
{
	char name[PATH_MAX + 16];

	for (size_t i = 0; i < SUFFIXES; i++)
		if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) < (int)sizeof(name))
			unlink(name);
}

/* In a folder for everybody, another user may have put such a file there first. 0 or an errno. */
static int check_companions(const char *path)
{
	char name[PATH_MAX + 16];
	struct stat st;

	for (size_t i = 0; i < SUFFIXES; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		if (lstat(name, &st) == 0 &&
		    (!S_ISREG(st.st_mode) || st.st_nlink > 1 || !safe_is_own(st.st_uid)))
			return EEXIST;
	}
	return 0;
}

void file_remove(const char *path)
{
	unlink(path);
	remove_companions(path);
}

/* Where our open file lies, by whatever name. False: it has none, or there is no /proc. */
static bool find_ours(const struct begat_recorder *rec, char path[PATH_MAX])
{
	struct stat ours, there;
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", rec->lock_fd);
	len = readlink(link, path, PATH_MAX - 1);
	if (len < 0)
		len = snprintf(path, PATH_MAX, "%s", rec->path);
	path[len < PATH_MAX ? len : 0] = '\0';
	return fstat(rec->lock_fd, &ours) == 0 && lstat(path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

void file_discard(struct begat_recorder *rec)
{
	char path[PATH_MAX];
	bool is_ours = rec->is_created && rec->lock_fd >= 0 && find_ours(rec, path);

	file_close(rec);
	if (is_ours)
		file_remove(path);
	rec->is_created = false;
}

int file_where(struct begat_recorder *rec)
{
	char path[PATH_MAX];

	free(rec->finished);
	/* The name that it had is better than none. */
	rec->finished = strdup(find_ours(rec, path) ? path : rec->path);
	return rec->finished ? 0 : recorder_fail(rec, ENOMEM, "not enough memory to record");
}

/*
 * May the file at @place be replaced? Holds its lock, so that nobody else does meanwhile.
 * @ret_fd: -1 where there is none. Return: 0 or an errno.
 */
static int lock_old(const struct safe_place *place, int *ret_fd)
{
	struct stat st;
	int err = 0, fd = openat(place->dir_fd, place->name,
				 O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);

	*ret_fd = -1;
	if (fd < 0)
		return errno == ENOENT ? 0 : errno == ENXIO ? EISDIR : errno;
	if (fstat(fd, &st) < 0)
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = EISDIR;
	else if (!safe_is_own(st.st_uid))
		err = EUCLEAN;
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		err = errno;
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}

/* The path that SQLite gets: that of the folder that was found, whatever becomes of the links. */
static int real_path(const struct safe_place *place, const char *name, char out[PATH_MAX])
{
	char link[64], folder[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", place->dir_fd);
	len = readlink(link, folder, sizeof(folder));
	if (len < 0 && errno != ENOENT)
		return errno;
	if (len < 0) /* no /proc */
		len = snprintf(folder, sizeof(folder), ".");
	if (len >= PATH_MAX ||
	    snprintf(out, PATH_MAX, "%.*s/%s", (int)len, folder, name) >= PATH_MAX)
		return ENAMETOOLONG;
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

/*
 * Large pages and rare checkpoints save time, a cache saves memory of others: here 8 MB of pages are
 * kept, and the log is written back before it has 16 MB.
 */
static int set_options(struct begat_recorder *rec)
{
	if (run(rec, "PRAGMA page_size = 16384; PRAGMA journal_mode = wal;") < 0)
		return -rec->failure;
	/* Where memory cannot be shared (some network file systems) alone is better than not. */
	if (!is_wal(rec->db) &&
	    run(rec, "PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal;") < 0)
		return -rec->failure;
	return run(rec, "PRAGMA synchronous = normal; PRAGMA cache_size = -8192;"
			"PRAGMA wal_autocheckpoint = 900; PRAGMA journal_size_limit = 16777216;"
			"BEGIN IMMEDIATE;");
}

static int set_up(struct begat_recorder *rec)
{
	if (set_options(rec) < 0)
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

int file_prepare(struct begat_recorder *rec)
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

static int open_db(struct begat_recorder *rec, const char *path)
{
	int rc = sqlite3_open_v2(path, &rec->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
					 SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW,
				 NULL);

	if (rc != SQLITE_OK)
		return recorder_fail_sqlite(rec, rc, "open");
	sqlite3_busy_timeout(rec->db, 1000);
	return 0;
}

/* A file that is ready to be written, under the name @name beside @place. */
static int make(struct begat_recorder *rec, const struct safe_place *place, const char *name)
{
	char path[PATH_MAX];
	int err;

	rec->is_created = true;
	if (flock(rec->lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail_open(rec, EWOULDBLOCK);
	err = real_path(place, name, path);
	if (err)
		return fail_open(rec, err);
	remove_companions(path);
	if (open_db(rec, path) < 0 || set_up(rec) < 0)
		return -rec->failure;
	err = check_companions(path);
	return err ? fail_open(rec, err) : 0;
}

/*
 * The new file is made whole under a name of its own, then takes the place of the old one: whatever
 * fails before leaves the old one as it is. SQLite opens it again, under the name that it keeps.
 */
static int replace(struct begat_recorder *rec, const struct safe_place *place)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	int err;

	rec->lock_fd = safe_create(place, 0600, name);
	if (rec->lock_fd < 0) {
		err = -rec->lock_fd;
		rec->lock_fd = -1;
		return fail_open(rec, err);
	}
	err = make(rec, place, name);
	if (!err && run(rec, "COMMIT") < 0)
		err = -rec->failure;
	sqlite3_close(rec->db);
	rec->db = NULL;
	if (!err) {
		err = safe_replace(place, name);
		if (err < 0)
			err = fail_open(rec, -err);
	}
	if (err < 0) {
		/* The name at the path is the old file's. */
		rec->is_created = false;
		if (real_path(place, name, path) == 0)
			file_remove(path);
		return err;
	}
	err = real_path(place, place->name, path);
	if (err)
		return fail_open(rec, err);
	remove_companions(path);
	if (open_db(rec, path) < 0 || set_options(rec) < 0)
		return -rec->failure;
	return 0;
}

static int create(struct begat_recorder *rec, const struct safe_place *place)
{
	/* SQLite gives the files beside it the same mode. */
	rec->lock_fd = safe_make(place, 0600);
	if (rec->lock_fd < 0) {
		int err = -rec->lock_fd;

		rec->lock_fd = -1;
		return fail_open(rec, err);
	}
	return make(rec, place, place->name);
}

int file_open(struct begat_recorder *rec)
{
	struct safe_place place;
	const char *why;
	int old_fd = -1, err = safe_find(rec->path, &place, &why);

	if (err < 0)
		err = why ? recorder_fail(rec, -err, "cannot create %s: %s", rec->path, why)
			  : fail_open(rec, -err);
	else if (rec->opts.overwrite && (err = lock_old(&place, &old_fd)))
		err = fail_open(rec, err);
	if (!err)
		err = old_fd >= 0 ? replace(rec, &place) : create(rec, &place);
	if (old_fd >= 0)
		close(old_fd);
	safe_done(&place);
	return err;
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
