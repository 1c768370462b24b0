/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/recorder.c - recording: events in, one file or a series of parts out.
 *
 * Owns:    begat_recorder_*: the beginning and the end of each part, when it is full.
 * Not:     transactions (batch.c), rows (row_from_event.c), the file (file.c), what it says of
 *          itself (meta.c), names of parts (parts.c). It runs on one thread, and has none.
 *
 * Invariants
 *  (1) What is committed survives the death of this process at any moment. meta.complete is 1
 *      only after everything is.
 *  (2) After a failure nothing more is written; later events are counted as dropped. What was
 *      committed before stays, and the file can be read.
 */
#include "base/api.h"
#include "base/clock.h"
#include "base/opts.h"
#include "store/write/recorder.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/format/text.h"

#define BATCH_EVENTS 32768
#define BATCH_NS 100000000ull

/* What the machine had used when the last part ended is where this one begins. */
static int begin_usage(struct begat_recorder *rec)
{
	return rec->usage.ts_ns ? meta_usage(rec, 0, rec->usage.ts_ns, rec->usage.machine_ns) : 0;
}

/* A new file with its tables and what is known now, committed. */
static int begin_part(struct begat_recorder *rec)
{
	int rc;

	rec->n = 0;
	rec->last_string = rec->last_context = rec->last_row = 0;
	rec->first_ns = rec->last_ns = 0;
	rec->part_events = rec->part_processes = rec->part_execs = rec->part_lost = 0;
	rec->batch_events = 0;
	rec->batch_since_ns = 0;
	rec->batch++;
	intern_clear(rec->intern);
	memset(rec->memos, 0, sizeof(rec->memos));
	memset(rec->contexts, 0, sizeof(rec->contexts));
	live_clear(&rec->live);
	accounts_clear(rec);
	rec->is_begun = false;
	if (parts_open(rec) == 0 && meta_begin(rec) == 0 && begin_usage(rec) == 0) {
		rc = recorder_step(rec, rec->commit);
		rec->is_begun = rc == SQLITE_OK;
		if (!rec->is_begun)
			recorder_fail_sqlite(rec, rc, "write");
	}
	if (!rec->is_begun)
		file_discard(rec);
	return rec->is_begun ? 0 : -rec->failure;
}

static int copy_command(struct begat_recorder *rec, const char *const *command)
{
	struct begat_strv strv = { 0 };
	struct bytes all = { 0 }, json = { 0 };
	int encoded = -ENOMEM;

	if (!command)
		return 0;
	for (; command[strv.count]; strv.count++)
		if (bytes_add(&all, command[strv.count], strlen(command[strv.count]) + 1) < 0)
			goto out;
	strv.data = all.data ? all.data : "";
	strv.bytes = all.len;
	encoded = text_encode_vector(&strv, &json);
	if (encoded == 1)
		encoded = bytes_add(&json, "", 1);
	if (!encoded && json.len)
		rec->command = json.data;
	else
		bytes_done(&json);
out:
	bytes_done(&all);
	return encoded < 0 ? encoded : 0;
}

BEGAT_API int begat_recorder_open(const char *path, const struct begat_recorder_options *opts,
				  struct begat_recorder **ret_rec)
{
	struct begat_recorder *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return -ENOMEM;
	*ret_rec = rec;
	rec->lock_fd = -1;
	if (opts && !opts_copy(&rec->opts, sizeof(rec->opts), opts))
		return recorder_fail(
			rec, EINVAL,
			"begat_recorder_open: options.size is wrong, or a member is set "
			"that this version of the library does not know");
	if (!rec->opts.batch_events)
		rec->opts.batch_events = BATCH_EVENTS;
	if (!rec->opts.batch_ns)
		rec->opts.batch_ns = BATCH_NS;
	if (!path || !*path)
		return recorder_fail(rec, EINVAL, "a recording needs a file name");
	if (parts_init(rec, path) < 0)
		return -rec->failure;
	if (intern_new(&rec->intern) < 0 || copy_command(rec, rec->opts.command) < 0)
		return recorder_fail(rec, ENOMEM, "not enough memory to record");
	rec->opts.command = NULL;
	if (begin_part(rec) < 0)
		return -rec->failure;
	if (parts_find(rec) < 0)
		file_discard(rec);
	return -rec->failure;
}

static bool part_is_full(const struct begat_recorder *rec)
{
	if (rec->is_rotation_due || (rec->opts.max_bytes && rec->bytes >= rec->opts.max_bytes))
		return true;
	return rec->opts.max_age_ns && rec->first_ns &&
	       rec->last_ns - rec->first_ns >= rec->opts.max_age_ns;
}

/* The end of a stream; rare, so it gets a transaction of its own. */
static int write_summary(struct begat_recorder *rec, const struct begat_event *ev)
{
	int err = begat_recorder_commit(rec);
	int rc;

	if (err < 0)
		return err;
	rec->n++;
	rec->counts.events++;
	rec->part_events++;
	rc = recorder_step(rec, rec->begin);
	if (rc == SQLITE_OK)
		rc = meta_summary(rec, ev);
	if (rc == SQLITE_OK)
		rc = recorder_step(rec, rec->commit);
	if (rc == SQLITE_OK)
		return 0;
	recorder_fail_sqlite(rec, rc, "write");
	if (!sqlite3_get_autocommit(rec->db))
		recorder_step(rec, rec->rollback);
	return -rec->failure;
}

BEGAT_API int begat_recorder_write(struct begat_recorder *rec, const struct begat_event *ev)
{
	int err;

	if (rec->failure) {
		rec->counts.dropped++;
		return -rec->failure;
	}
	if (ev->type == BEGAT_SUMMARY)
		return write_summary(rec, ev);
	err = batch_add(rec, ev);
	return err > 0 && part_is_full(rec) ? recorder_rotate(rec) : err < 0 ? err : 0;
}

BEGAT_API int begat_recorder_tick(struct begat_recorder *rec)
{
	int err = rec->failure ? -rec->failure : batch_tick(rec);

	return err > 0 && part_is_full(rec) ? recorder_rotate(rec) : err < 0 ? err : 0;
}

/* In a transaction of its own, with what @end is about: see meta_usage(). */
static int write_usage(struct begat_recorder *rec, int end, const struct begat_usage *usage)
{
	int rc = recorder_step(rec, rec->begin);

	if (rc == SQLITE_OK)
		rc = meta_usage(rec, end, usage->ts_ns, usage->machine_ns);
	if (rc == SQLITE_OK && end)
		rc = usage_write_ends(rec, usage);
	if (rc == SQLITE_OK)
		rc = recorder_step(rec, rec->commit);
	if (rc == SQLITE_OK)
		return 0;
	if (!rec->failure)
		recorder_fail_sqlite(rec, rc, "write");
	if (!sqlite3_get_autocommit(rec->db))
		recorder_step(rec, rec->rollback);
	return -rec->failure;
}

BEGAT_API int begat_recorder_usage(struct begat_recorder *rec, const struct begat_usage *usage)
{
	int err = begat_recorder_commit(rec);

	if (!err)
		err = write_usage(rec, 0, usage);
	if (!err && usage_take(&rec->usage, usage) < 0)
		err = recorder_fail(rec, ENOMEM, "not enough memory to record");
	return err;
}

/* The next part, if there is one, begins with what this one ends with. */
static int end_usage(struct begat_recorder *rec)
{
	const struct begat_usage *usage =
		rec->opts.read_usage ? rec->opts.read_usage(rec->opts.ctx) : NULL;
	int err = usage ? write_usage(rec, 1, usage) : 0;

	usage_keep_living(&rec->usage, &rec->live);
	if (!err && usage && usage_take(&rec->usage, usage) < 0)
		err = recorder_fail(rec, ENOMEM, "not enough memory to record");
	if (!usage)
		rec->usage.ts_ns = rec->usage.machine_ns = 0;
	return err;
}

int recorder_finish_part(struct begat_recorder *rec)
{
	int err = begat_recorder_commit(rec);
	struct stat st;

	if (!err && rec->batch_events)
		return recorder_fail_sqlite(rec, SQLITE_BUSY, "write");
	if (!err)
		err = end_usage(rec);
	if (!err)
		err = meta_end(rec);
	if (err < 0)
		return err;
	/* Indexes are a comfort: with too little space for them the recording is still whole. */
	sqlite3_exec(rec->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (sqlite3_exec(rec->db, schema_indexes, NULL, NULL, NULL) != SQLITE_OK ||
	    recorder_step(rec, rec->commit) != SQLITE_OK)
		if (!sqlite3_get_autocommit(rec->db))
			recorder_step(rec, rec->rollback);
	/* One file, readable where nothing can be written. Fails while somebody reads: then the
	 * log stays beside it, and the next one that closes it cleans up. */
	sqlite3_exec(rec->db, "PRAGMA wal_checkpoint(truncate)", NULL, NULL, NULL);
	sqlite3_exec(rec->db, "PRAGMA journal_mode = delete", NULL, NULL, NULL);
	file_close(rec);
	if (stat(rec->path, &st) == 0)
		rec->bytes = (uint64_t)st.st_size;
	return 0;
}

int recorder_rotate(struct begat_recorder *rec)
{
	uint64_t last_ns = rec->last_ns;
	int err = begat_recorder_commit(rec);

	/* Somebody holds the database: tried again with the next commit. */
	rec->is_rotation_due = !err && rec->batch_events;
	if (err < 0 || rec->is_rotation_due)
		return err;
	err = file_where(rec);
	if (!err)
		err = recorder_finish_part(rec);
	if (!err)
		err = parts_add(rec, rec->finished);
	if (!err) {
		rec->counts.parts++;
		err = begin_part(rec);
	}
	/* What is carried over was counted before. */
	struct begat_recorder_counts counts = rec->counts;

	if (!err)
		err = rotate_carry_over(rec, last_ns);
	counts.dropped = rec->counts.dropped;
	rec->counts = counts;
	if (!err)
		parts_prune(rec);
	return err;
}

BEGAT_API int begat_recorder_rotate(struct begat_recorder *rec)
{
	if (rec->failure)
		return -rec->failure;
	if (!rec->pattern || rec->is_finished)
		return -EINVAL;
	return recorder_rotate(rec);
}

BEGAT_API int begat_recorder_finish(struct begat_recorder *rec)
{
	int err;

	if (rec->is_finished)
		return 0;
	err = rec->failure ? -rec->failure : recorder_finish_part(rec);
	if (!err)
		rec->is_finished = true;
	return err;
}

BEGAT_API int begat_recorder_counts(const struct begat_recorder *rec,
				    struct begat_recorder_counts *ret)
{
	struct begat_recorder_counts counts = rec->counts;

	counts.bytes = rec->bytes;
	return opts_give(ret, &counts, sizeof(counts)) ? 0 : -EINVAL;
}

BEGAT_API void begat_recorder_close(struct begat_recorder *rec)
{
	if (!rec)
		return;
	if (rec->db && !rec->failure && !rec->is_finished)
		begat_recorder_commit(rec);
	file_close(rec);
	intern_free(rec->intern);
	live_done(&rec->live);
	usage_done(&rec->usage);
	accounts_clear(rec);
	free(rec->command);
	parts_done(rec);
	free(rec);
}

BEGAT_API void begat_recorder_discard(struct begat_recorder *rec)
{
	if (!rec)
		return;
	if (!rec->counts.parts)
		file_discard(rec);
	rec->is_finished = true;
	begat_recorder_close(rec);
}

BEGAT_API const char *begat_recorder_path(const struct begat_recorder *rec)
{
	return rec && rec->path ? rec->path : "";
}

BEGAT_API const char *begat_recorder_error(const struct begat_recorder *rec)
{
	return rec ? rec->error : "not enough memory to record";
}
