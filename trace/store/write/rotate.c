/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/rotate.c - what a new part of a recording gets from the part before it.
 *
 * Owns:    the processes that live on, the facts about the capture.
 * Not:     when a part is full (recorder.c), names of parts and which are removed (parts.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/read/reader.h"
#include "store/write/recorder.h"

/* What a snapshot may say; the rest belonged to the event that it is made from. */
static void make_snapshot(const struct begat_recorder *rec, struct begat_event *ev, uint64_t now_ns)
{
	static const enum begat_field gone[] = {
		BEGAT_F_SEQ,	       BEGAT_F_CPU,	BEGAT_F_FORKED_BY,    BEGAT_F_FILENAME,
		BEGAT_F_INTERPRETER,   BEGAT_F_ENV,	BEGAT_F_ENVC,	      BEGAT_F_ENV_BYTES,
		BEGAT_F_ENV_TRUNCATED, BEGAT_F_DEV,	BEGAT_F_INODE,	      BEGAT_F_START_CODE,
		BEGAT_F_END_CODE,      BEGAT_F_OLD_TID, BEGAT_F_FORK_TO_EXEC, BEGAT_F_EXEC_NS,
	};

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		ev->has.bits[gone[i] / 64] &= ~(1ull << (gone[i] % 64));
	ev->type = BEGAT_SNAPSHOT;
	ev->synthetic = true;
	begat_fields_add(&ev->has, BEGAT_F_SYNTHETIC);
	ev->time_ns += now_ns - ev->ts_ns;
	ev->ts_ns = now_ns;
}

static int carry_row(struct begat_recorder *rec, struct begat_trace *trace, sqlite3_stmt *process,
		     sqlite3_stmt *image, uint64_t now_ns)
{
	struct slot_owner owner = { .is_known = true };
	uint32_t pids[SLOT_PIDS_MAX];
	struct begat_event ev;
	int rc, err;

	texts_reset(trace->texts);
	owner.id = (uint64_t)sqlite3_column_int64(process, PROCESS_id);
	owner.parent_id = (uint64_t)sqlite3_column_int64(process, PROCESS_parent_id);
	owner.tgid = (uint32_t)sqlite3_column_int64(process, PROCESS_pid);
	owner.parent_tgid = (uint32_t)sqlite3_column_int64(process, PROCESS_ppid);
	sqlite3_reset(image);
	sqlite3_bind_int64(image, 1, sqlite3_column_int64(process, PROCESS_row));
	rc = sqlite3_step(image);
	/*
	 * The ancestors of a command are in its first part; processes in later ones are of the run.
	 */
	if (rc == SQLITE_ROW && rec->command && rec->counts.parts == 1 &&
	    sqlite3_column_int(image, EXEC_event) == BEGAT_SNAPSHOT) {
		sqlite3_reset(image);
		return 0;
	}
	if (rc == SQLITE_ROW)
		err = event_from_row(trace, image, FORM_EXEC, &owner, pids, &ev);
	else if (rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	else if (sqlite3_column_type(process, PROCESS_fork_n) != SQLITE_NULL)
		err = event_from_row(trace, process, FORM_FORK, &owner, pids, &ev);
	else
		return 0; /* only failures are known of it */
	sqlite3_reset(image);
	if (err < 0)
		return recorder_fail(rec, -err, "%s", begat_trace_error(trace));
	make_snapshot(rec, &ev, now_ns);
	rec->is_from_last_part = sqlite3_column_type(process, PROCESS_fork_n) != SQLITE_NULL;
	err = batch_add(rec, &ev);
	rec->is_from_last_part = false;
	return err < 0 ? err : 0;
}

static int carry_all(struct begat_recorder *rec, struct begat_trace *trace, uint64_t now_ns)
{
	sqlite3_stmt *process = NULL, *image = NULL;
	int rc = SQLITE_DONE;
	int err = trace_prepare_rows(trace, &schema_tables[TABLE_PROCESS],
				     "WHERE exit_n IS NULL ORDER BY row", &process);

	if (!err)
		err = trace_prepare_rows(
			trace, &schema_tables[TABLE_EXEC],
			"WHERE process = ?1 AND event != 3 ORDER BY n DESC LIMIT 1", &image);
	if (!err)
		err = contexts_load(trace);
	if (err < 0)
		err = recorder_fail(rec, -err, "%s", begat_trace_error(trace));
	while (!err && (rc = sqlite3_step(process)) == SQLITE_ROW)
		err = carry_row(rec, trace, process, image, now_ns);
	if (!err && rc != SQLITE_DONE)
		err = recorder_fail(rec, EIO, "cannot read %s again", rec->finished);
	sqlite3_finalize(process);
	sqlite3_finalize(image);
	return err;
}

/*
 * What is recorded once, such as the backend, holds in every part; what a part says of itself does
 * not.
 */
static int carry_meta(struct begat_recorder *rec, struct begat_trace *trace)
{
	sqlite3_stmt *stmt = NULL;
	int err = trace_prepare(
		trace,
		"SELECT name, value FROM meta WHERE name NOT IN ('schema', "
		"'complete', 'version', 'created_ns', 'realtime_offset_ns', 'part', "
		"'series', 'file', 'first_ns', 'last_ns', 'events', 'processes', 'execs', 'lost', "
		"'dropped', 'usage_begin_ns', 'usage_end_ns', 'machine_begin_ns', "
		"'machine_end_ns')",
		&stmt);
	int rc;

	if (err < 0)
		return recorder_fail(rec, -err, "%s", begat_trace_error(trace));
	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		err = meta_copy(rec, sqlite3_column_value(stmt, 0), sqlite3_column_value(stmt, 1));
	sqlite3_finalize(stmt);
	return err;
}

int rotate_carry_over(struct begat_recorder *rec, uint64_t now_ns)
{
	struct begat_trace *trace = NULL;
	int err = begat_trace_open(rec->finished, &trace);

	if (err < 0)
		recorder_fail(rec, -err, "%s", begat_trace_error(trace));
	else
		err = carry_meta(rec, trace);
	if (!err)
		err = carry_all(rec, trace, now_ns);
	begat_trace_close(trace);
	return err;
}
