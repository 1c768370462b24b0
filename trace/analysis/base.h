/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/base.h - what every analysis adds to the model of what ran.
 *
 * Owns:    which processes count, their times within what is analysed, programs, the root, the
 *          order of the tree; what the recording says of itself.
 * Not:     what ran (model/model.h), what it means (analysis.h).
 *
 * Use: analysis_base_new(), meta filled in, analysis_base_finish() once; read-only afterwards.
 * analysis_base_load() does all of it for a recording.
 *
 * Invariants, once it is finished
 *  (1) processes are sorted by start, then by id.
 *  (2) start_ns <= end_ns, whatever the recording said; an unknown end is the end of the recording.
 *  (3) parent links have no cycle; a parent that does not count is ANALYSIS_NONE.
 */
#ifndef TRACE_ANALYSIS_BASE_H
#define TRACE_ANALYSIS_BASE_H

#include "model/model.h"

#define ANALYSIS_NONE UINT32_MAX

/* The page of a report reads these numbers. */
enum analysis_flags {
	ANALYSIS_ENDED = 1 << 0, /* the exit was seen: end_ns and the status are facts */
	ANALYSIS_OLDER = 1 << 1, /* was there before the trace: context, not part of the run */
	ANALYSIS_HAS_CPU = 1 << 2,
	ANALYSIS_HAS_RSS = 1 << 3,
	ANALYSIS_HAS_IO = 1 << 4,
	ANALYSIS_CORE = 1 << 5,
	ANALYSIS_OOM = 1 << 6,
	ANALYSIS_HAS_KILLER = 1 << 7,
	ANALYSIS_SYNTHETIC = 1 << 8,
	ANALYSIS_HAS_STATUS = 1 << 9,
	ANALYSIS_FORK_ONLY = 1 << 10, /* never had an image of its own */
	ANALYSIS_ODD_CLOCK = 1 << 11, /* a time had to be corrected */
	ANALYSIS_OLDER_CPU = 1 << 12, /* older, and its CPU time is what it used within the trace */
};

struct analysis_process {
	uint64_t start_ns, end_ns; /* boot clock, within what is analysed */
	uint64_t utime_ns, stime_ns, read_bytes, write_bytes; /* the same */
	uint32_t row; /* in the model's table */
	uint32_t parent; /* index; before analysis_base_finish() a row */
	uint32_t program; /* text: exe of the last image, of the parent's if it had none */
	uint32_t flags; /* enum analysis_flags */
};

enum { ANALYSIS_LOST_CLASSES = 8 }; /* by enum begat_event_type */

struct analysis_base;

/* What is left of a recording. */
struct analysis_selection {
	const bool *wanted; /* by index in the model's table; NULL = every process */
	uint64_t from_ns, to_ns; /* boot clock, both inclusive; 0 = open: lives are cut there */
	const struct analysis_base *whole; /* of everything */
};

/* What a report was narrowed to. */
struct analysis_narrowing {
	const struct analysis_base *whole; /* nothing left out; NULL = this is whole. Not owned */
	uint32_t sentence, where; /* texts; 0 = no expression */
	uint32_t pids; /* text: decimal numbers, a NUL after each */
	uint64_t from_ns, to_ns; /* boot clock; 0 = open */
};

struct analysis_meta {
	uint32_t host, kernel, version, backend, transport, command; /* texts; command: a list */
	uint64_t begin_ns, end_ns; /* boot clock; 0 = from the processes */
	int64_t realtime_offset_ns; /* wall clock minus boot clock; 0 = unknown */
	uint64_t root_id; /* the traced command's process; 0 = not known, it is looked for */
	uint64_t machine_cpu_ns; /* that the machine used meanwhile; 0 = unknown */
	uint64_t lost[ANALYSIS_LOST_CLASSES];
	uint32_t cpus; /* 0 = unknown */
	bool has_usage; /* the CPU time of the living was read at the start and at the end */
	bool is_incomplete; /* the recording was cut short */
	bool is_continued; /* a later part of a recorded command: older processes are of the run */
	struct analysis_narrowing narrowing;
};

struct analysis_base {
	struct model *model; /* not owned; texts are added */
	const struct begat_accounts *accounts; /* NULL: numbers have no names */
	struct analysis_selection selection; /* wanted: NULL once it is finished */
	struct analysis_meta meta;
	struct analysis_process *processes;
	uint32_t count;
	uint32_t root; /* index of the traced command's process, or ANALYSIS_NONE */
	uint32_t *child_first; /* count + 1: children of i are children[child_first[i]..[i+1]) */
	uint32_t *children; /* by start */
	uint32_t *order; /* every process, parents before children, siblings by start */
	uint64_t odd_clocks; /* corrected times and broken rings */
};

/* @selection: NULL = everything. NULL without memory. */
struct analysis_base *analysis_base_new(struct model *model,
					const struct analysis_selection *selection);
void analysis_base_free(struct analysis_base *base);

/* 0 or -ENOMEM. */
int analysis_base_finish(struct analysis_base *base);

/* The second half of it, where the caller has filled in @processes: sorts and links them. */
int analysis_base_link(struct analysis_base *base);

/* load.c: the base of a recording, which must outlive it. Returns 0 or as begat_trace_load(). */
int analysis_base_load(struct begat_trace *trace, const struct analysis_selection *selection,
		       struct analysis_base **ret_base);

static inline const struct begat_trace_process *base_row(const struct analysis_base *b, uint32_t i)
{
	return &b->model->processes[b->processes[i].row];
}

static inline struct begat_str base_text(const struct analysis_base *b, uint32_t text)
{
	return model_text(b->model, text);
}

/* Part of the run: not just there before it. */
static inline bool base_is_run(const struct analysis_base *b, uint32_t i)
{
	return !(b->processes[i].flags & ANALYSIS_OLDER);
}

/* Its CPU time is part of what the run used. */
static inline bool base_has_run_cpu(const struct analysis_base *b, uint32_t i)
{
	return base_is_run(b, i) || b->processes[i].flags & ANALYSIS_OLDER_CPU;
}

static inline uint64_t base_wall(const struct analysis_process *p)
{
	return p->end_ns - p->start_ns;
}

static inline uint64_t base_cpu(const struct analysis_process *p)
{
	return p->utime_ns + p->stime_ns;
}

static inline bool base_has_failed(const struct analysis_base *b, uint32_t i)
{
	return b->processes[i].flags & ANALYSIS_HAS_STATUS &&
	       (base_row(b, i)->exit_code || base_row(b, i)->signal);
}

/*
 * The execs of a process that count, by time, images and failures: set *@k to 0 first. NULL behind
 * the last.
 */
const struct begat_trace_exec *base_next_exec(const struct analysis_base *b, uint32_t i,
					      uint32_t *k);
/* The same without failures. */
const struct begat_trace_exec *base_next_image(const struct analysis_base *b, uint32_t i,
					       uint32_t *k);
/* The last image up to @ts_ns (UINT64_MAX: of all), or NULL. */
const struct begat_trace_exec *base_image(const struct analysis_base *b, uint32_t i,
					  uint64_t ts_ns);
/* The image at the start of what is analysed, not an exec in it. */
bool base_was_there(const struct analysis_base *b, const struct begat_trace_exec *exec);
/* 0: it succeeded. */
int32_t base_exec_error(const struct begat_trace_exec *exec);

#endif
