/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/db.h - what every file of a recorder may call when writing fails.
 *
 * Owns:    the sentence and the code of a failure; running one statement.
 * Not:     what a failure leads to (recorder.c).
 */
#ifndef BEGAT_TRACE_STORE_WRITE_DB_H
#define BEGAT_TRACE_STORE_WRITE_DB_H

#include <sqlite3.h>

struct begat_recorder;

/* Sets the sentence and rec->failure; returns -@err. */
int recorder_fail(struct begat_recorder *rec, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for an SQLite code, with what was tried: "write". */
int recorder_fail_sqlite(struct begat_recorder *rec, int rc, const char *what);
/* Runs a statement that returns nothing; an SQLite code. */
int recorder_step(struct begat_recorder *rec, sqlite3_stmt *stmt);

#endif
