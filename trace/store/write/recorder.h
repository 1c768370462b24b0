/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/recorder.h - the inside of a recorder.
 *
 * Owns:    struct begat_recorder, shared by the files that write.
 */
#ifndef BEGAT_TRACE_STORE_WRITE_RECORDER_H
#define BEGAT_TRACE_STORE_WRITE_RECORDER_H

#include <begat/trace.h>
#include <limits.h>
#include <sqlite3.h>
#include <time.h>

#include "store/format/slots.h"
#include "store/write/db.h"
#include "store/write/intern.h"
#include "store/write/live.h"
#include "store/write/rows.h"
#include "store/write/usage.h"

/* The last text of one place: in a build it is mostly the next one too. */
struct string_memo {
	int64_t number; /* 0 = none */
	uint32_t kind, len;
	char data[112];
};

enum string_place {
	/* 0 ... are the slots */
	STRING_PLACE_tty = 64,
	STRING_PLACE_cgroup,
	STRING_PLACE_container_id,
	STRING_PLACE_container_runtime,
	STRING_PLACE_pod_uid,
	STRING_PLACES,
};

/* What of an event is in its context, with the rest zero: compared as bytes. */
struct context_key {
	uint64_t has[2];
	uint64_t caps, cgroup_id;
	int64_t tty, cgroup, container_id, container_runtime, pod_uid; /* strings */
	uint32_t uid, gid, euid, egid, loginuid, sid, pgid;
	uint32_t ns[BEGAT_NS_COUNT];
	uint32_t flags;
	uint32_t zero;
};

struct context_memo {
	struct context_key key;
	int64_t number; /* 0 = none */
};

/* A uid or gid that events of this part have. */
struct account {
	uint32_t id;
	bool is_group;
	char *name; /* NULL = none */
};

/* A finished part. */
struct part {
	char *path;
	int64_t created_ns, number;
};

struct begat_recorder {
	char *path; /* of the file that is being written */
	char *pattern; /* of the parts' paths, the file name as strftime(3) has it; NULL = one file */
	char *finished; /* path of the part before; NULL = none */
	char last_name[NAME_MAX + 1]; /* of the last part, without its number */
	unsigned last_number;
	struct part *parts; /* of this series, oldest first; empty without opts.keep */
	size_t parts_count;
	struct begat_recorder_options opts;
	char *command; /* JSON array, or NULL */
	sqlite3 *db;
	int lock_fd; /* holds flock(2) while we write; -1 = none */
	bool is_created; /* the file of lock_fd is ours and new */
	bool is_begun; /* tables and meta are committed: from here on the file stays */
	bool is_rotation_due;
	bool is_finished;

	/* this batch */
	struct rows rows[TABLE_COUNT];
	int8_t end_columns[PROCESS_COLUMNS]; /* those that an exit sets */
	int end_columns_count;
	struct rows ends; /* exits of processes with a row from an earlier batch; as process */
	uint32_t batch, batch_events;
	uint64_t batch_since_ns; /* CLOCK_MONOTONIC of the first event; 0 = none */

	/* The events' boot clock minus our own, in whole time namespaces: see meta.c. */
	int64_t boot_ahead_ns;

	/* this part */
	sqlite3_stmt *begin, *commit, *rollback, *end, *meta, *pages;
	struct intern *intern;
	struct string_memo memos[STRING_PLACES];
	struct context_memo contexts[FORM_COUNT];
	int64_t realtime_offset_ns;
	struct account *accounts;
	size_t accounts_count, accounts_written; /* all, and those that are committed */
	struct live live;
	uint64_t n; /* of the last event */
	int64_t last_string, last_context, last_row;
	uint64_t first_ns, last_ns; /* boot clock */
	uint64_t part_events, part_processes, part_execs, part_lost;
	uint64_t bytes;
	struct usage_book usage; /* when this part began */
	bool is_from_last_part; /* carried over: it had used nothing when that one began */

	struct begat_recorder_counts counts;
	int failure; /* negative errno: nothing more is written */
	char error[512];
};

/* row_from_event.c: adds @ev to the batch. 0 or -ENOMEM. */
int row_from_event(struct begat_recorder *rec, const struct begat_event *ev);

/* string_write.c: the number of a text in the table string; @place: slot or enum string_place. */
int64_t string_number(struct begat_recorder *rec, enum intern_kind kind, unsigned place,
		      const struct begat_strv *value);

/* context_write.c: the number of the context of @ev, or -ENOMEM. */
int64_t context_number(struct begat_recorder *rec, const struct begat_event *ev,
		       enum slot_form form);

/* accounts_write.c: looks up what is new in @key. 0 or -ENOMEM. */
int accounts_note(struct begat_recorder *rec, const struct context_key *key);
/* accounts_write.c: in a transaction, the new ones, an SQLite code; it was committed; the part ends. */
int accounts_write(struct begat_recorder *rec);
void accounts_written(struct begat_recorder *rec);
void accounts_clear(struct begat_recorder *rec);

/* file.c: create @rec->path and take the lock; prepare it; the reverse. 0 or a negative errno. */
int file_open(struct begat_recorder *rec);
int file_prepare(struct begat_recorder *rec);
void file_close(struct begat_recorder *rec);

/* file.c: unlinks @path and what SQLite keeps beside it. */
void file_remove(const char *path);

/* file.c: closes, and removes the file if it is ours and new, and still lies at its path. */
void file_discard(struct begat_recorder *rec);

/* file.c: where the open file is now, in case somebody renamed it: rec->finished. 0 or -errno. */
int file_where(struct begat_recorder *rec);

/* parts.c: rec->pattern or rec->path from @path; all of it freed. 0 or a negative errno. */
int parts_init(struct begat_recorder *rec, const char *path);
void parts_done(struct begat_recorder *rec);
/* parts.c: a new file that is ready to be written, under a name that was free. 0 or -errno. */
int parts_open(struct begat_recorder *rec);
/* parts.c: what meta says of the part; NULL: it is no part. */
const char *parts_series(const struct begat_recorder *rec);
const char *parts_file(const struct begat_recorder *rec);
/* parts.c: finds the finished parts of earlier runs; one more; removes the oldest beyond keep. */
int parts_find(struct begat_recorder *rec);
int parts_add(struct begat_recorder *rec, const char *path);
void parts_prune(struct begat_recorder *rec);

/* usage.c: in an open transaction. SQLite codes. */
int usage_write_rows(struct begat_recorder *rec);
int usage_write_ends(struct begat_recorder *rec, const struct begat_usage *usage);

/* batch.c: one more event; the batch if it is old. 1 it was committed, 0, or a negative errno. */
int batch_add(struct begat_recorder *rec, const struct begat_event *ev);
int batch_tick(struct begat_recorder *rec);

/* recorder.c: complete the part; complete it and begin the next. 0 or a negative errno. */
int recorder_finish_part(struct begat_recorder *rec);
int recorder_rotate(struct begat_recorder *rec);

/* rotate.c: tell the new part of the processes that live on from rec->finished. */
int rotate_carry_over(struct begat_recorder *rec, uint64_t now_ns);

/* meta.c: in an open transaction, what is known at the beginning. 0 or a negative errno. */
int meta_begin(struct begat_recorder *rec);
/* meta.c: in an open transaction, the summary event. An SQLite code. */
int meta_summary(struct begat_recorder *rec, const struct begat_event *ev);
/* meta.c: when CPU times were read at a part's beginning (0) or its end (1). An SQLite code. */
int meta_usage(struct begat_recorder *rec, int end, uint64_t ts_ns, uint64_t machine_ns);
/* meta.c: counts, and that it is complete. 0 or a negative errno. */
int meta_end(struct begat_recorder *rec);
/* One line of another recording's meta. 0 or a negative errno. */
int meta_copy(struct begat_recorder *rec, sqlite3_value *name, sqlite3_value *value);

#endif
