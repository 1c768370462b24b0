/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/meta.c - what a recording says of itself: the tables meta and summary.
 *
 * Owns:    their lines, when they are known.
 * Not:     events (row_from_event.c), transactions of batches (batch.c).
 */
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/api.h"
#include "base/clock.h"
#include "base/read_line.h"
#include "base/opts.h"
#include "store/format/stats.h"
#include "store/format/text.h"
#include "store/write/recorder.h"

#define CLOCK_LAG_MAX_NS 1000000000

static int put_meta(struct begat_recorder *rec, const char *name, const char *text, int64_t number)
{
	int rc;

	sqlite3_bind_text(rec->meta, 1, name, -1, SQLITE_STATIC);
	if (!text)
		sqlite3_bind_int64(rec->meta, 2, number);
	else if (text_is_plain(text, strlen(text)))
		sqlite3_bind_text(rec->meta, 2, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_blob(rec->meta, 2, text, (int)strlen(text), SQLITE_STATIC);
	rc = recorder_step(rec, rec->meta);
	return rc == SQLITE_OK ? 0 : recorder_fail_sqlite(rec, rc, "write");
}

static int meta_text(struct begat_recorder *rec, const char *name, const char *value)
{
	return value ? put_meta(rec, name, value, 0) : 0;
}

static int meta_number(struct begat_recorder *rec, const char *name, int64_t value)
{
	return put_meta(rec, name, NULL, value);
}

int meta_begin(struct begat_recorder *rec)
{
	struct utsname uts = { .nodename = "" };
	char boot_id[64], cwd[4096];
	int64_t realtime = (int64_t)clock_read_ns(CLOCK_REALTIME);
	int64_t boot = (int64_t)clock_read_ns(CLOCK_BOOTTIME) + rec->boot_ahead_ns;
	int err = 0;

	uname(&uts);
	read_line("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	err |= meta_number(rec, "schema", BEGAT_TRACE_SCHEMA);
	err |= meta_number(rec, "complete", 0);
	err |= meta_text(rec, "version", begat_version());
	err |= meta_number(rec, "created_ns", realtime);
	err |= meta_text(rec, "host", uts.nodename);
	err |= meta_text(rec, "kernel", uts.release);
	err |= meta_text(rec, "machine", uts.machine);
	err |= meta_text(rec, "boot_id", *boot_id ? boot_id : NULL);
	err |= meta_number(rec, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	rec->realtime_offset_ns = realtime - boot;
	err |= meta_number(rec, "realtime_offset_ns", rec->realtime_offset_ns);
	err |= meta_text(rec, "command", rec->command);
	err |= meta_text(rec, "cwd", getcwd(cwd, sizeof(cwd)));
	err |= meta_number(rec, "uid", getuid());
	err |= meta_number(rec, "part", rec->counts.parts + 1);
	err |= meta_text(rec, "series", parts_series(rec));
	err |= meta_text(rec, "file", parts_file(rec));
	return err;
}

int meta_usage(struct begat_recorder *rec, int end, uint64_t ts_ns, uint64_t machine_ns)
{
	static const char *const names[2][2] = { { "usage_begin_ns", "machine_begin_ns" },
						 { "usage_end_ns", "machine_end_ns" } };
	int err = meta_number(rec, names[end][0], (int64_t)ts_ns);

	if (!err && machine_ns)
		err = meta_number(rec, names[end][1], (int64_t)machine_ns);
	return err < 0 ? SQLITE_ERROR : SQLITE_OK;
}

static int put_stat(void *ctx, const char *name, enum stats_kind kind, void *member)
{
	sqlite3_stmt *stmt = ctx;
	const char *text;
	uint64_t number;
	int rc;

	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	if (kind == STATS_TEXT) {
		memcpy(&text, member, sizeof(text));
		if (!text)
			return 0;
		sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
	} else {
		if (kind == STATS_U64)
			memcpy(&number, member, sizeof(number));
		else
			number = *(uint32_t *)member;
		sqlite3_bind_int64(stmt, 2, (int64_t)number);
	}
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : rc;
}

int meta_summary(struct begat_recorder *rec, const struct begat_event *ev)
{
	const struct {
		const char *name;
		uint64_t value;
	} head[] = {
		{ "n", rec->n },
		{ "ts_ns", ev->ts_ns },
		{ "time_ns", ev->time_ns },
		{ "seq", ev->seq },
		{ "cpu", ev->cpu },
		{ "fields_low", ev->has.bits[0] },
		{ "fields_high", ev->has.bits[1] },
	};
	struct begat_stats stats;
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(rec->db, "INSERT OR REPLACE INTO summary VALUES(?1, ?2)", -1,
				    &stmt, NULL);

	if (rc == SQLITE_OK && opts_copy(&stats, sizeof(stats), ev->stats))
		rc = stats_for_each(&stats, put_stat, stmt);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]) && rc == SQLITE_OK; i++) {
		uint64_t value = head[i].value;

		rc = put_stat(stmt, head[i].name, STATS_U64, &value);
	}
	sqlite3_finalize(stmt);
	return rc;
}

static int meta_transaction(struct begat_recorder *rec, int (*put)(struct begat_recorder *, void *),
			    void *arg)
{
	int rc;

	if (rec->failure)
		return -rec->failure;
	rc = recorder_step(rec, rec->begin);
	if (rc != SQLITE_OK)
		return recorder_fail_sqlite(rec, rc, "write");
	if (put(rec, arg) < 0) {
		if (!sqlite3_get_autocommit(rec->db))
			recorder_step(rec, rec->rollback);
		return -rec->failure;
	}
	rc = recorder_step(rec, rec->commit);
	return rc == SQLITE_OK ? 0 : recorder_fail_sqlite(rec, rc, "write");
}

/*
 * In a time namespace our boot clock is not that of the events. The tracer's clock was read a moment
 * ago, so less than a second is no difference; each event has its own correction anyway (clock_ns).
 */
static void compare_clocks(struct begat_recorder *rec, uint64_t events_now_ns)
{
	int64_t ahead_ns = (int64_t)(events_now_ns - clock_read_ns(CLOCK_BOOTTIME));

	if (!events_now_ns || (ahead_ns < CLOCK_LAG_MAX_NS && ahead_ns > -CLOCK_LAG_MAX_NS))
		return;
	rec->boot_ahead_ns = ahead_ns;
	rec->realtime_offset_ns =
		(int64_t)(clock_read_ns(CLOCK_REALTIME) - clock_read_ns(CLOCK_BOOTTIME)) - ahead_ns;
}

static int put_capture(struct begat_recorder *rec, void *arg)
{
	const struct begat_stats *stats = arg;
	int err = meta_text(rec, "backend", stats->backend);

	err |= meta_text(rec, "transport", stats->transport);
	err |= meta_text(rec, "latency", stats->latency);
	err |= meta_text(rec, "fallback", stats->fallback);
	compare_clocks(rec, stats->now_ns);
	err |= meta_number(rec, "realtime_offset_ns", rec->realtime_offset_ns);
	return err | meta_number(rec, "buffer_bytes", (int64_t)stats->buffer_bytes);
}

BEGAT_API int begat_recorder_stats(struct begat_recorder *rec, const struct begat_stats *stats)
{
	return meta_transaction(rec, put_capture, (void *)stats);
}

static int put_pair(struct begat_recorder *rec, void *arg)
{
	const char **pair = arg;

	return meta_text(rec, pair[0], pair[1]);
}

BEGAT_API int begat_recorder_set_meta(struct begat_recorder *rec, const char *name,
				      const char *value)
{
	const char *pair[2] = { name, value };

	return meta_transaction(rec, put_pair, pair);
}

static int put_values(struct begat_recorder *rec, void *arg)
{
	sqlite3_value **pair = arg;
	int rc;

	sqlite3_bind_value(rec->meta, 1, pair[0]);
	sqlite3_bind_value(rec->meta, 2, pair[1]);
	rc = recorder_step(rec, rec->meta);
	return rc == SQLITE_OK ? 0 : recorder_fail_sqlite(rec, rc, "write");
}

int meta_copy(struct begat_recorder *rec, sqlite3_value *name, sqlite3_value *value)
{
	sqlite3_value *pair[2] = { name, value };

	return meta_transaction(rec, put_values, pair);
}

static int put_end(struct begat_recorder *rec, void *arg)
{
	int err = 0;

	if (rec->first_ns) {
		err |= meta_number(rec, "first_ns", (int64_t)rec->first_ns);
		err |= meta_number(rec, "last_ns", (int64_t)rec->last_ns);
	}
	err |= meta_number(rec, "events", (int64_t)rec->part_events);
	err |= meta_number(rec, "processes", (int64_t)rec->part_processes);
	err |= meta_number(rec, "execs", (int64_t)rec->part_execs);
	err |= meta_number(rec, "lost", (int64_t)rec->part_lost);
	return err | meta_number(rec, "complete", 1);
}

int meta_end(struct begat_recorder *rec)
{
	return meta_transaction(rec, put_end, NULL);
}
