/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/trace.h - recordings: write a trace.db, read it back, export it, compare it.
 *
 * libbegat-trace: needs SQLite, but neither BPF nor root. Conventions as in begat/begat.h: opaque
 * handles used by one thread at a time, options structs with their size first, 0 or more on
 * success and a negative errno on failure, then a sentence for people. The tables of a trace.db
 * are described in docs/store.md.
 */
#ifndef BEGAT_TRACE_H
#define BEGAT_TRACE_H

#include <begat/begat.h>
#include <begat/event.h>
#include <begat/filter.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BEGAT_TRACE_SCHEMA 1 /* the newest schema that this library reads, and the one it writes */

/* ---- writing ---------------------------------------------------------------------------- */

struct begat_recorder; /* a recording that is being written */

/** Zero means the default for every member but size. The recorder copies what it needs. */
struct begat_recorder_options {
	size_t size; /* sizeof(struct begat_recorder_options) */
	bool overwrite; /* an existing regular file is replaced; else -EEXIST */
	bool is_private; /* without effect: every recording is readable by its owner only */
	bool path_has_time; /* the file's name in PATH is as strftime(3) has it, in local time */
	bool rotates; /* begat_recorder_rotate() will be called */
	bool reserved_bools[4];
	const char *const *command; /* NULL-ended argv of what is recorded; for meta.command */
	/*
	 * Rotation; 0 = never. A full part is closed and keeps its name. With any of these, or with
	 * rotates, each part is named by the time of its begin: "-%Y-%m-%dT%H%M%S" ahead of PATH's
	 * extension, unless PATH has a time. A name that exists gets a number: _002, _003 ...
	 */
	uint64_t max_bytes; /* begin a new part beyond this size */
	uint64_t max_age_ns; /* begin a new part after this time (boot clock of the events) */
	uint32_t keep; /* finished parts of this PATH that stay, the oldest are removed; 0 = all */
	uint32_t batch_events; /* commit at the latest after so many events; 0 = 32768 */
	uint64_t batch_ns; /* commit at the latest after this time; 0 = 100 ms */
	/*
	 * Called with @ctx when a part ends: what do those that live have used by now? It is needed
	 * until the next call. NULL, or NULL returned: the part does not tell.
	 */
	const struct begat_usage *(*read_usage)(void *ctx);
	void *ctx;
};

/**
 * begat_recorder_open() - create a recording.
 * @path:    of the file; its folder must exist.
 * @ret_rec: also set on most failures, so that begat_recorder_error() can tell why; pass it to
 *           begat_recorder_close() in any case.
 * Return: 0, -EEXIST (without overwrite), -EBUSY another recorder writes there, -EACCES, -EROFS,
 *  -ENOENT, -ENOSPC, -EINVAL, -ENOMEM, -EIO.
 */
int begat_recorder_open(const char *path, const struct begat_recorder_options *opts,
			struct begat_recorder **ret_rec);

/**
 * begat_recorder_stats() - note how the recording is made: backend, transport, buffer, options.
 * Call once after begat_open(); at the end the summary event brings the counters.
 */
int begat_recorder_stats(struct begat_recorder *rec, const struct begat_stats *stats);

/**
 * begat_recorder_usage() - what processes have used before the recording begins: see
 * begat_usage_read(). Call it before the first event. What they use within the recording is known
 * if begat_options.reads_usage is set too.
 */
int begat_recorder_usage(struct begat_recorder *rec, const struct begat_usage *usage);

/** begat_recorder_set_meta() - one more line in the table meta. Names of ours have no dots. */
int begat_recorder_set_meta(struct begat_recorder *rec, const char *name, const char *value);

/**
 * begat_recorder_write() - add one event of any type, in stream order. Commits when a batch is full.
 * Return: 0 or a negative errno: -ENOSPC the disk is full, -EIO; the events up to the last commit
 * are safe, further calls only count what they could not keep.
 */
int begat_recorder_write(struct begat_recorder *rec, const struct begat_event *ev);

/** begat_recorder_tick() - commit if the batch is older than batch_ns. Call when idle. */
int begat_recorder_tick(struct begat_recorder *rec);

/** begat_recorder_commit() - commit now. */
int begat_recorder_commit(struct begat_recorder *rec);

/**
 * begat_recorder_rotate() - finish this part and begin the next one; of a recorder that rotates.
 * While another program keeps the database locked, the next commit does it.
 */
int begat_recorder_rotate(struct begat_recorder *rec);

/** begat_recorder_path() - of the file that is being written, or was last; until the next call. */
const char *begat_recorder_path(const struct begat_recorder *rec);

/**
 * begat_recorder_check_path() - can a recording with path_has_time go to @path?
 * @why: if not, one sentence, at least 256 bytes. Return: 0 or -EINVAL.
 */
int begat_recorder_check_path(const char *path, char *why, size_t why_size);

/** Counters so far. */
struct begat_recorder_counts {
	size_t size; /* set by the caller to sizeof */
	uint64_t events, processes, execs, lost; /* written; lost: sum of all lost events */
	uint64_t dropped; /* could not be written because of an error */
	uint64_t bytes; /* of the current part, in its file and its write-ahead log */
	uint32_t parts; /* finished by rotation */
	uint32_t reserved;
};

int begat_recorder_counts(const struct begat_recorder *rec, struct begat_recorder_counts *ret);

/**
 * begat_recorder_finish() - commit, build the indexes, mark as complete, fold into one file.
 * Without it (a crash, an error before) the file stays readable and says that it is incomplete.
 */
int begat_recorder_finish(struct begat_recorder *rec);

/** begat_recorder_close() - free; without a finish before, what is committed stays. NULL is fine. */
void begat_recorder_close(struct begat_recorder *rec);

/** begat_recorder_discard() - close, and remove the file if it is the one that @rec made. */
void begat_recorder_discard(struct begat_recorder *rec);

/** begat_recorder_error() - why the last call failed: one sentence, never NULL. */
const char *begat_recorder_error(const struct begat_recorder *rec);

/*
 * A queue between the thread that captures and the one that writes. Bounded: when it is full an
 * event is not taken, and what was not taken is put into the stream as a lost event at its place.
 * One thread pushes, one thread pops.
 */
struct begat_queue;

/** begat_queue_new() - @bytes: of memory; 0 = 64 MiB. 0 or -ENOMEM. */
int begat_queue_new(size_t bytes, struct begat_queue **ret_queue);

/**
 * begat_queue_push() - copy an event in. 0, or -ENOBUFS: counted as lost. Never blocks; only a
 * summary waits for room, and tells of what was lost here too.
 */
int begat_queue_push(struct begat_queue *queue, const struct begat_event *ev);

/**
 * begat_queue_pop() - the next event, valid until the next call; NULL if there is none after
 * @timeout_ms, or if the queue was closed and is empty (then *ret_closed).
 */
const struct begat_event *begat_queue_pop(struct begat_queue *queue, int timeout_ms,
					  bool *ret_closed);

/** begat_queue_close() - no more pushes: pop what is left. By the pushing thread. */
void begat_queue_close(struct begat_queue *queue);

/** begat_queue_lost() - events not taken so far. */
uint64_t begat_queue_lost(const struct begat_queue *queue);

void begat_queue_free(struct begat_queue *queue);

/* ---- reading ---------------------------------------------------------------------------- */

struct begat_trace; /* a recording open for reading */

/**
 * begat_trace_open() - open a trace.db read-only; checks that it is one and of a known schema.
 * @ret_trace: also set on most failures, for begat_trace_error(); pass it to begat_trace_close().
 * Return: 0, -ENOENT, -EACCES, -ENODATA empty file, -EBADMSG no database or damaged,
 *  -ENOTSUP a newer schema, -ENOMEM, -EIO.
 */
int begat_trace_open(const char *path, struct begat_trace **ret_trace);
void begat_trace_close(struct begat_trace *trace); /* NULL is fine */

/** begat_trace_error() - why the last call failed: one sentence; "" if it did not. Never NULL. */
const char *begat_trace_error(const struct begat_trace *trace);

/** begat_trace_meta() - a value of the table meta as text, NULL if there is none.
 *  Lives as long as @trace. Names: docs/store.md. */
const char *begat_trace_meta(const struct begat_trace *trace, const char *name);

/**
 * begat_trace_accounts() - names of users and groups as the machine knew them that recorded.
 *
 * Of a recording of begat 0.1, which has no names, user_name and group_name know nobody, and user_id
 * and group_id are NULL.
 * Return: lives as long as @trace; NULL without memory or on damage, with begat_trace_error().
 */
const struct begat_accounts *begat_trace_accounts(struct begat_trace *trace);

/** What a recording is and holds. */
struct begat_trace_info {
	size_t size; /* set by the caller to sizeof */
	bool complete; /* closed cleanly: the end is not missing */
	bool has_summary; /* @summary is filled in */
	bool reserved_bools[6];
	uint32_t schema;
	uint32_t cpus; /* online where it was recorded; 0 = not known */
	uint64_t processes, execs, lost; /* rows, rows, sum of counts */
	uint64_t first_ns, last_ns; /* boot clock of the first and the last event; 0 = none */
	int64_t realtime_offset_ns; /* wall clock minus boot clock at the start */
	struct begat_stats summary; /* of the summary event; its strings live as long as @trace */
};

int begat_trace_info(struct begat_trace *trace, struct begat_trace_info *ret_info);

/**
 * begat_trace_on_progress() - have @callback called now and then while @trace is read.
 * @callback: gets how many of @total rows or events have been read, where begat_trace_load() or a
 *            replay runs, also within begat_report(), begat_export() and begat_diff_new(). It starts
 *            at 0 again with each of these. @total is an estimate: 0 = not known. Must not use
 *            @trace. NULL = no longer.
 */
void begat_trace_on_progress(struct begat_trace *trace,
			     void (*callback)(uint64_t done, uint64_t total, void *ctx), void *ctx);

/** Which events. Zero means all for every member but size. */
struct begat_trace_query {
	size_t size; /* sizeof(struct begat_trace_query) */
	uint32_t events; /* BEGAT_EVENT_BIT()s; 0 = all */
	uint32_t pids_count;
	const pid_t *pids; /* these and all they begot */
	const struct begat_filter *where; /* under() and ancestor() see the recording */
	uint64_t from_ns, to_ns; /* boot clock, both inclusive; 0 = open */
	uint64_t id; /* of this process only */
	/*
	 * Called ahead of its delivery for each exec, exec_failed and exit, whether @events and
	 * @where want it or not, so that searches along PATH can be put together. NULL = not.
	 */
	void (*seen)(const struct begat_event *ev, bool is_wanted, void *ctx);
	void *seen_ctx;
};

/**
 * begat_trace_replay() - call @callback for each event as it was recorded, in stream order.
 * @query: NULL = everything.
 * Return: events delivered, -ECANCELED the callback returned non-zero, -EBADMSG the file is
 *  damaged (events before the damage have been delivered), -ENOMEM, -EIO.
 */
int64_t begat_trace_replay(struct begat_trace *trace, const struct begat_trace_query *query,
			   begat_callback callback, void *ctx);

/*
 * The same without a callback. The replay takes a reference to query->where, and reads the rest of
 * the query at once. A trace has one replay at a time, and stays open until begat_replay_close().
 */
struct begat_replay;

/** begat_replay_open() - @query: NULL = everything. 0, -EINVAL, or as begat_trace_replay(). */
int begat_replay_open(struct begat_trace *trace, const struct begat_trace_query *query,
		      struct begat_replay **ret_replay);

/**
 * begat_replay_next() - the next event in stream order.
 * @ret_event: the event, or NULL; it lives until the next call on the replay or its trace.
 * Return: 1 an event, 0 there is none left, or a negative errno as begat_trace_replay().
 */
int begat_replay_next(struct begat_replay *replay, const struct begat_event **ret_event);

void begat_replay_close(struct begat_replay *replay); /* NULL is fine */

/* ---- a recording in memory -------------------------------------------------------------- */

#define BEGAT_TRACE_NONE UINT32_MAX /* no such index */

/** What changes rarely: processes and execs share these. */
struct begat_trace_context {
	struct begat_fields has; /* of the event that it comes from */
	uint32_t uid, gid, euid, egid, loginuid, sid, pgid;
	uint32_t ns[BEGAT_NS_COUNT];
	uint64_t cap_effective, cgroup_id;
	uint32_t tty, cgroup, container_id, container_runtime, pod_uid; /* begat_trace_string() */
	bool short_lived, synthetic, reserved_bools[2];
};

/** An image (exec, or found by the snapshot) or a failed attempt. */
struct begat_trace_exec {
	uint64_t n; /* position in the stream */
	uint64_t ts_ns; /* boot clock */
	uint64_t fork_to_exec_ns, exec_ns; /* 0 = not known */
	uint64_t argv_bytes; /* that the program got */
	uint32_t type; /* BEGAT_EXEC, BEGAT_EXEC_FAILED, BEGAT_SNAPSHOT */
	uint32_t process; /* index in processes */
	uint32_t context; /* index in contexts, or BEGAT_TRACE_NONE */
	uint32_t cpu;
	uint32_t comm, filename, exe, interpreter, cwd; /* begat_trace_string() */
	uint32_t argv, env; /* begat_trace_strings() */
	uint32_t argc;
	uint32_t repeats; /* failed: identical ones beyond this */
	int32_t error; /* failed: positive errno, else 0 */
	bool argv_truncated, argv_rewritten, reserved_bools[2];
};

/** One lifetime. A time or cost is 0 and its has_ member false where the recording cannot tell. */
struct begat_trace_process {
	uint64_t id, parent_id; /* parent: at the fork, else the first known */
	uint64_t start_ns; /* fork; else end - duration; else first seen. Boot clock */
	uint64_t end_ns; /* exit; else end of the recording */
	uint64_t fork_n, exit_n; /* positions in the stream; 0 = not seen */
	uint64_t utime_ns, stime_ns; /* within the recording, as far as it can tell */
	uint64_t max_rss_bytes, read_bytes, write_bytes;
	uint64_t minor_faults, major_faults, voluntary_switches, involuntary_switches;
	uint64_t children_utime_ns, children_stime_ns, children_max_rss_bytes;
	uint64_t killed_by_id, forked_by_id;
	uint32_t parent; /* index, or BEGAT_TRACE_NONE: unknown or outside the recording */
	uint32_t first_child, next_sibling; /* indexes by start time, or BEGAT_TRACE_NONE */
	uint32_t tgid, parent_tgid, killed_by_tgid, forked_by_tgid;
	uint32_t context; /* latest known; index, or BEGAT_TRACE_NONE */
	uint32_t execs_first, execs_count; /* in execs: images and failures, in order */
	uint32_t images_count; /* of these, successful execs */
	uint32_t exec_last; /* the last image, index in execs, or BEGAT_TRACE_NONE */
	uint32_t comm, exe; /* last known; begat_trace_string() */
	uint32_t argv; /* of the last image; begat_trace_strings() */
	uint32_t killed_by_comm;
	int32_t exit_code, signal; /* signal 0 = none */
	bool has_fork, has_exit; /* these events are in the recording */
	bool has_cpu; /* the exit told it, or a reading at the end of the recording */
	bool has_rss, has_io; /* the exit told these costs */
	bool has_status; /* exit_code or signal is known */
	bool was_there_before; /* from the snapshot, or it ended ahead of that */
	bool core_dumped, killed_by_oom, short_lived, synthetic, has_faults;
	bool has_cpu_before; /* what it had used before the recording is known, and is not in its CPU */
};

struct begat_trace_loss {
	uint64_t n, ts_ns, count;
	uint32_t cpu, class_type; /* cpu: BEGAT_TRACE_NONE = not known */
};

/** Everything but the exact events; processes are in order of their start. */
struct begat_trace_table {
	const struct begat_trace_process *processes;
	const struct begat_trace_exec *execs; /* by process, then by time */
	const struct begat_trace_context *contexts;
	const struct begat_trace_loss *losses;
	uint32_t processes_count, execs_count, contexts_count, losses_count;
	uint64_t first_ns, last_ns; /* boot clock: the span of all events */
	int64_t realtime_offset_ns; /* add to a boot-clock time for the wall clock */
	/* When the CPU time of those that live was read, boot clock; 0 = it was not. */
	uint64_t usage_begin_ns, usage_end_ns;
	uint64_t machine_cpu_ns; /* that the machine used between the two; 0 = not known */
};

/**
 * begat_trace_load() - read everything into memory; @trace owns it and frees it.
 * A second call returns the same table. Recordings of more than 2^32 - 2 rows: -EFBIG.
 */
int begat_trace_load(struct begat_trace *trace, const struct begat_trace_table **ret_table);

/** begat_trace_string() - text by the number that a table has; 0 and unknown ones are "". */
struct begat_str begat_trace_string(const struct begat_trace *trace, uint32_t string);

/** begat_trace_strings() - a vector (argv, env) by its number; 0 and unknown ones are empty. */
struct begat_strv begat_trace_strings(const struct begat_trace *trace, uint32_t strings);

/**
 * begat_trace_check() - was a vector of begat_trace_strings() empty only for want of memory?
 * Return: 0, or -ENOMEM once; the sentence is begat_trace_error(@trace).
 */
int begat_trace_check(struct begat_trace *trace);

/** begat_trace_find() - index of a process by id after begat_trace_load(), or BEGAT_TRACE_NONE. */
uint32_t begat_trace_find(const struct begat_trace *trace, uint64_t id);

/*
 * The same table from events as they come, without a file. What needs the exact events of a
 * recording (replays, stream formats of begat_export()) is -ENOTSUP there; begat_trace_load(),
 * begat_report() and the exporters of the table work.
 */
struct begat_live;

/** Bounds; what is beyond them is counted as lost. Zero means the default. */
struct begat_live_options {
	size_t size; /* sizeof(struct begat_live_options) */
	uint32_t processes_max; /* 2^20 */
	uint32_t execs_max; /* images and failed attempts; 2^22 */
	uint64_t texts_bytes_max; /* names, arguments: then they are absent; 64 MiB */
};

/** begat_live_new() - @opts: NULL = defaults. 0, -EINVAL or -ENOMEM. */
int begat_live_new(const struct begat_live_options *opts, struct begat_live **ret_live);
void begat_live_free(struct begat_live *live); /* NULL is fine */

/** begat_live_take() - the next event of the stream; it is copied. 0, -EINVAL or -ENOMEM. */
int begat_live_take(struct begat_live *live, const struct begat_event *ev);

/**
 * begat_live_finish() - the stream is over. @live is freed, on failure too.
 * @ret_trace: for begat_trace_load() and so on, and for begat_trace_close().
 * Return: 0 or -ENOMEM.
 */
int begat_live_finish(struct begat_live *live, struct begat_trace **ret_trace);

/* ---- exporting -------------------------------------------------------------------------- */

struct begat_export_options {
	size_t size; /* sizeof(struct begat_export_options) */
	const struct begat_trace_query *query; /* NULL = everything; stream formats only */
	bool cpu; /* folded: weigh by CPU time, not wall time */
	bool raw; /* csv: texts as they are, even if a spreadsheet takes one for a formula; dot: each
		   * process is a node */
	bool reserved_bools[6];
};

/** What can be exported to; one a line in trace/export/exporters.def. */
struct begat_exporter {
	const char *name; /* "perfetto" */
	const char *help; /* one line */
	const char *extension; /* ".pftrace" */
};

/** begat_exporters() - all, ended by one without a name. */
const struct begat_exporter *begat_exporters(void);

/**
 * begat_export() - write @trace to @out.
 * Return: 0, -EINVAL unknown format, a negative errno of @out, or as begat_trace_replay();
 * the sentence is begat_trace_error(@trace).
 */
int begat_export(struct begat_trace *trace, const char *format,
		 const struct begat_export_options *opts, FILE *out);

/* ---- comparing -------------------------------------------------------------------------- */

struct begat_diff;

/** One measure of one side. With several traces a side: mean, and standard deviation. */
struct begat_diff_value {
	double mean, deviation, min, max;
};

enum begat_diff_measure {
	BEGAT_DIFF_COUNT = 0, /* runs */
	BEGAT_DIFF_WALL = 1, /* ns, sum over runs */
	BEGAT_DIFF_CPU = 2, /* ns, sum */
	BEGAT_DIFF_RSS = 3, /* bytes, maximum */
	BEGAT_DIFF_READ = 4, /* bytes, sum */
	BEGAT_DIFF_WRITE = 5, /* bytes, sum */
	BEGAT_DIFF_FAILED = 6, /* runs that did not end with 0 */
	BEGAT_DIFF_MEASURES = 7,
};

enum begat_diff_kind {
	BEGAT_DIFF_BOTH = 0, /* on both sides */
	BEGAT_DIFF_NEW = 1, /* not in the base */
	BEGAT_DIFF_GONE = 2, /* only in the base */
};

/** A program (normalised exe), or the whole recording (key "total"). */
struct begat_diff_row {
	const char *key;
	enum begat_diff_kind kind;
	uint32_t base_seen, other_seen; /* in how many traces of each side */
	struct begat_diff_value base[BEGAT_DIFF_MEASURES], other[BEGAT_DIFF_MEASURES];
	/* The change is more than noise; every change, where the noise is not known. */
	bool differs[BEGAT_DIFF_MEASURES];
};

/** begat_diff_new() - compare sets of traces; they must stay open for the call only. */
int begat_diff_new(struct begat_trace *const *base, size_t base_count,
		   struct begat_trace *const *other, size_t other_count,
		   struct begat_diff **ret_diff);
void begat_diff_free(struct begat_diff *diff);

/**
 * begat_diff_noise_is_known() - do the traces say how far two of the same build differ?
 *
 * It takes five traces on both sides together. With fewer, row->differs marks every change.
 */
bool begat_diff_noise_is_known(const struct begat_diff *diff);

const struct begat_diff_row *begat_diff_total(const struct begat_diff *diff);
/** begat_diff_rows() - programs, the largest change of CPU or wall time first. */
const struct begat_diff_row *begat_diff_rows(const struct begat_diff *diff, size_t *ret_count);
/** begat_diff_commands() - the same for whole command lines (normalised). */
const struct begat_diff_row *begat_diff_commands(const struct begat_diff *diff, size_t *ret_count);

/** begat_diff_measure_name() - "count", "wall", "cpu", "rss", "read", "write", "failed". */
const char *begat_diff_measure_name(enum begat_diff_measure measure);

/**
 * begat_diff_check() - does a condition for --fail-if hold? "wall > 10%", "cpu > 2s",
 * "count(cc1) > 0", "new exe", "gone exe", "failed > 0". A change within the noise counts as none.
 * @why: one sentence for people, at least 256 bytes. On -EINVAL what is wrong with @condition.
 * Return: 1 it holds, 0 it does not, -EINVAL; -ENOENT if it names a program that never ran.
 */
int begat_diff_check(const struct begat_diff *diff, const char *condition, char *why,
		     size_t why_size);

/**
 * begat_budget_check() - check one trace against one line of a budget: "wall < 3s",
 * "count(cc1) <= 40", "rss(ld) < 1GiB", "failed == 0". Arguments and result as above: 1 it is
 * kept, 0 it is not.
 */
int begat_budget_check(struct begat_trace *trace, const char *limit, char *why, size_t why_size);

#ifdef __cplusplus
}
#endif
#endif
