/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/writer.h - the inside of a recorder.
 *
 * Owns:    struct begat_recorder, shared by writer.c, file.c, fold.c, rotate.c.
 */
#ifndef BEGAT_TRACE_STORE_WRITER_H
#define BEGAT_TRACE_STORE_WRITER_H

#include <begat/trace.h>
#include <sqlite3.h>

#include "intern.h"
#include "live.h"
#include "rows.h"

struct begat_recorder {
	char *path;
	struct begat_recorder_options opts;
	char *command; /* JSON array, or NULL */
	sqlite3 *db;
	int lock_fd; /* holds flock(2) while we write; -1 = none */
	bool is_created; /* the file at path is ours */
	bool is_finished;

	/* this batch */
	struct rows rows[TABLE_COUNT];
	struct rows ends; /* exits of processes whose row an earlier batch wrote; as process */
	uint32_t batch, batch_events;
	uint64_t batch_since_ns; /* CLOCK_MONOTONIC of the first event; 0 = none */

	/* this part */
	sqlite3_stmt *begin, *commit, *rollback, *end, *meta, *pages;
	struct intern *intern;
	struct live live;
	uint64_t n; /* of the last event */
	int64_t last_string, last_context, last_row;
	uint64_t first_ns, last_ns; /* boot clock */
	uint64_t part_events, part_processes, part_execs, part_lost;
	uint64_t bytes;

	struct begat_recorder_counts counts;
	int failure; /* negative errno: nothing more is written */
	char error[512];
};

/* fold.c: adds @ev to the batch. 0 or -ENOMEM. */
int fold_event(struct begat_recorder *rec, const struct begat_event *ev);

/* file.c: create @rec->path, take the lock, prepare; the reverse. 0 or a negative errno. */
int file_open(struct begat_recorder *rec);
void file_close(struct begat_recorder *rec);

/* writer.c: complete the part; complete it and begin the next. 0 or a negative errno. */
int recorder_finish_part(struct begat_recorder *rec);
int recorder_rotate(struct begat_recorder *rec);

/* rotate.c: rename the finished file and the ones before it. 0 or a negative errno. */
int rotate_files(struct begat_recorder *rec);
/* rotate.c: tell the new part of the processes that live on from the last one. */
int rotate_carry_over(struct begat_recorder *rec);

/* writer.c */
int recorder_fail(struct begat_recorder *rec, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for an SQLite code, with what was tried: "write". */
int recorder_fail_sqlite(struct begat_recorder *rec, int rc, const char *what);
int recorder_meta_text(struct begat_recorder *rec, const char *name, const char *value);
int recorder_meta_number(struct begat_recorder *rec, const char *name, int64_t value);
/* The columns of an UPDATE that ends a process. */
#define RECORDER_END_FIRST PROCESS_exit_n
#define RECORDER_END_LAST PROCESS_execs

#endif
