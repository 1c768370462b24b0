/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/db.c - see db.h.
 *
 * Owns:    the sentences for a full disk, a lock, a limit, and what SQLite says besides.
 */
#include "store/write/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/write/recorder.h"

int recorder_fail(struct begat_recorder *rec, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(rec->error, sizeof(rec->error), format, args);
	va_end(args);
	rec->failure = err;
	return -err;
}

static int fail_full(struct begat_recorder *rec, int err, const char *cause, const char *remedy)
{
	/* Before the first commit there is nothing to keep, and the file goes. */
	if (!rec->is_begun)
		return recorder_fail(rec, err, "cannot create %s: %s; %s", rec->path, cause,
				     remedy);
	return recorder_fail(rec, err,
			     "%s: %s keeps what was written before and is marked incomplete; %s "
			     "and record again",
			     cause, rec->path, remedy);
}

/*
 * Why the system refused, or 0. SQLite cleans up before it looks at errno, so what it kept of the
 * log or of the file itself comes first.
 */
static int system_error(sqlite3 *db)
{
	static const int pointers[] = { SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER };
	int err = 0;

	for (int i = 0; i < 2 && db && !err; i++) {
		sqlite3_file *file = NULL;

		if (sqlite3_file_control(db, "main", pointers[i], &file) == SQLITE_OK && file &&
		    file->pMethods)
			file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &err);
	}
	return err || !db ? err : sqlite3_system_errno(db);
}

int recorder_fail_sqlite(struct begat_recorder *rec, int rc, const char *what)
{
	const char *message = rec->db ? sqlite3_errmsg(rec->db) : sqlite3_errstr(rc);
	int system = system_error(rec->db);

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return fail_full(rec, ENOSPC, "the disk is full", "free space");
	case SQLITE_NOMEM:
		return recorder_fail(rec, ENOMEM, "not enough memory to record into %s", rec->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return recorder_fail(rec, EBUSY,
				     "another program keeps %s locked: close it and record again",
				     rec->path);
	case SQLITE_READONLY:
		return recorder_fail(rec, EROFS, "cannot %s %s: it was moved or made read-only",
				     what, rec->path);
	case SQLITE_IOERR:
		if (system == ENOSPC || system == EDQUOT)
			return recorder_fail_sqlite(rec, SQLITE_FULL, what);
		if (system == EFBIG)
			return fail_full(rec, EFBIG, "files may not grow further (ulimit -f)",
					 "raise the limit");
		return recorder_fail(rec, EIO, "cannot %s %s: %s (%s)", what, rec->path, message,
				     system ? strerror(system) : "input/output error");
	default:
		return recorder_fail(rec, EIO, "cannot %s %s: %s", what, rec->path, message);
	}
}

int recorder_step(struct begat_recorder *rec, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}
