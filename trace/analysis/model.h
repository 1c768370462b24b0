/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/model.h - a loaded trace: plain arrays that every analysis reads and none changes.
 *
 * Owns:    process lifetimes, images and failed execs, their strings, parents as indexes.
 * Not:     where they come from (load.c reads a trace, the tests make them up), what they mean.
 * Called:  model_new(), model_add_*() in any order, model_finish() once; read-only afterwards.
 *
 * Invariants, once model_finish() has returned
 *  (1) processes are sorted by start, then by id; execs by process, then by time.
 *  (2) start_ns <= end_ns, whatever the trace said; an unknown end is the end of the trace.
 *  (3) parent links have no cycle; a parent that the trace does not hold is MODEL_NONE.
 *  (4) A string number is valid for as long as the model; number 0 is the empty string.
 */
#ifndef TRACE_ANALYSIS_MODEL_H
#define TRACE_ANALYSIS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_NONE UINT32_MAX

enum model_flags {
	MODEL_ENDED = 1 << 0, /* the exit was seen: end_ns and the status are facts */
	MODEL_OLDER = 1 << 1, /* was there before the trace: context, not part of the run */
	MODEL_HAS_CPU = 1 << 2,
	MODEL_HAS_RSS = 1 << 3,
	MODEL_HAS_IO = 1 << 4,
	MODEL_CORE = 1 << 5,
	MODEL_OOM = 1 << 6,
	MODEL_HAS_KILLER = 1 << 7,
	MODEL_SYNTHETIC = 1 << 8,
	MODEL_HAS_STATUS = 1 << 9,
	MODEL_FORK_ONLY = 1 << 10, /* set by model_finish(): never had an image of its own */
	MODEL_ODD_CLOCK = 1 << 11, /* set by model_finish(): a time had to be corrected */
	MODEL_OLDER_CPU = 1 << 12, /* older, and its CPU time is what it used within the trace */
};

enum model_ns { MODEL_NS_COUNT = 7 }; /* order of enum begat_ns */

/* What processes of one run mostly share; kept once, as the bytes of a string. */
struct model_context {
	uint32_t uid, gid, euid, egid, loginuid;
	uint32_t has; /* enum model_context_has */
	uint32_t ns[MODEL_NS_COUNT];
	uint32_t tty, cgroup, container, runtime, pod; /* strings */
	uint32_t user, group, euser, egroup, login; /* strings: names of the numbers above */
};

enum model_context_has {
	MODEL_CONTEXT_UID = 1 << 0,
	MODEL_CONTEXT_LOGINUID = 1 << 1,
	MODEL_CONTEXT_NS = 1 << 2,
	MODEL_CONTEXT_GID = 1 << 3,
	MODEL_CONTEXT_EUID = 1 << 4,
	MODEL_CONTEXT_EGID = 1 << 5,
};

struct model_process {
	uint64_t id, parent_id;
	uint64_t start_ns, end_ns; /* boot clock */
	uint64_t utime_ns, stime_ns;
	uint64_t max_rss_bytes, read_bytes, write_bytes;
	uint64_t minor_faults, major_faults;
	uint64_t voluntary_switches, involuntary_switches;
	uint32_t tgid, parent_tgid;
	uint32_t sid, pgid;
	uint32_t comm, context, killed_by_comm; /* strings */
	uint32_t killed_by_tgid;
	uint32_t flags; /* enum model_flags */
	int32_t exit_code, signal;
	/* set by model_finish() */
	uint32_t parent; /* index */
	uint32_t program; /* string: exe of the last image, of the parent's if it had none */
	uint32_t first_exec, exec_count; /* in execs, failed ones included */
};

/* An image that a process took on, or an attempt that failed. argv and env: NUL after each. */
struct model_exec {
	uint64_t process_id;
	uint64_t ts_ns;
	uint64_t exec_ns;
	uint64_t argv_bytes; /* that the program got; the string may hold less */
	uint32_t exe, filename, interpreter, cwd, argv, env; /* strings */
	uint32_t repeats; /* identical failures beyond this one */
	int32_t error; /* 0 = it succeeded */
	bool was_there; /* the image at the start of the trace, not an exec */
	/* set by model_finish() */
	uint32_t process; /* index; MODEL_NONE: a process that the trace does not hold */
	uint32_t name; /* string: base name of filename */
};

struct model_string {
	const char *data;
	size_t len;
};

struct model_strings {
	struct model_string *items;
	uint32_t *slots; /* hash table of item numbers + 1 */
	size_t count, room, slots_count;
	char *block; /* bytes are carved from blocks; each starts with a pointer to the last */
	size_t block_used, block_size;
	uint64_t bytes;
};

enum { MODEL_LOST_SLOTS = 8 }; /* by enum begat_event_type */

struct model;

/* What a report was narrowed to. */
struct model_narrowing {
	const struct model *whole; /* nothing left out; NULL = this model is whole. Not owned */
	uint32_t sentence, where; /* strings; 0 = no expression */
	uint32_t pids; /* string: decimal numbers, a NUL after each */
	uint64_t from_ns, to_ns; /* boot clock; 0 = open */
};

struct model_meta {
	uint32_t host, kernel, version, backend, transport, command; /* strings; argv as above */
	uint64_t begin_ns, end_ns; /* boot clock; 0 = from the processes */
	int64_t realtime_offset_ns; /* wall clock minus boot clock; 0 = unknown */
	uint64_t root_id; /* the traced command's process; 0 = not known, it is looked for */
	uint32_t cpus; /* 0 = unknown */
	bool has_usage; /* the CPU time of those that live was read at the start and at the end */
	uint64_t machine_cpu_ns; /* that the machine used between these readings; 0 = unknown */
	bool is_incomplete; /* the recording was cut short */
	uint64_t lost[MODEL_LOST_SLOTS];
	struct model_narrowing narrowing;
};

struct model {
	struct model_strings strings;
	struct model_process *processes;
	size_t count, room;
	struct model_exec *execs;
	size_t execs_count, execs_room;
	struct model_meta meta;
	/* set by model_finish() */
	uint32_t root; /* index of the traced command's process, or MODEL_NONE */
	uint32_t *child_first; /* count + 1: children of i are children[child_first[i]..[i+1]) */
	uint32_t *children; /* by start */
	uint32_t *order; /* every process, parents before children, siblings by start */
	uint64_t odd_clocks; /* corrected times and broken cycles */
};

int model_new(struct model **ret_model);
void model_free(struct model *m);

/* The number of a string; equal bytes, equal number. Returns 0 or -ENOMEM. */
int model_intern(struct model *m, const char *data, size_t len, uint32_t *ret_number);
struct model_string model_text(const struct model *m, uint32_t number);
int model_intern_context(struct model *m, const struct model_context *ctx, uint32_t *ret_number);
/* All zero for a process without. */
void model_get_context(const struct model *m, uint32_t number, struct model_context *ret_ctx);

/* Copied. Return 0 or -ENOMEM. */
int model_add_process(struct model *m, const struct model_process *process);
int model_add_exec(struct model *m, const struct model_exec *exec);

/* Sorts, links, corrects. Returns 0, -ENOMEM, or -E2BIG for more than 2^31 rows. */
int model_finish(struct model *m);

/* Part of the run: not just there before it. */
static inline bool model_is_run(const struct model *m, uint32_t i)
{
	return !(m->processes[i].flags & MODEL_OLDER);
}

/* Its CPU time is part of what the run used. */
static inline bool model_has_run_cpu(const struct model *m, uint32_t i)
{
	return model_is_run(m, i) || m->processes[i].flags & MODEL_OLDER_CPU;
}

static inline uint64_t model_wall(const struct model_process *p)
{
	return p->end_ns - p->start_ns;
}

static inline uint64_t model_cpu(const struct model_process *p)
{
	return p->utime_ns + p->stime_ns;
}

static inline bool model_has_failed(const struct model_process *p)
{
	return p->flags & MODEL_HAS_STATUS && (p->exit_code || p->signal);
}

/* The last successful exec before @ts_ns (UINT64_MAX: of all), or NULL. */
const struct model_exec *model_image(const struct model *m, uint32_t i, uint64_t ts_ns);

/*
 * A JSON array of strings as an argv: each string with its NUL. @out has room for three times the
 * text, and two bytes. Anything else becomes one string as it is. Returns the bytes written.
 */
size_t model_parse_strings(const char *text, char *out);

/* The part after the last slash. */
struct model_string model_basename(struct model_string path);

#endif
