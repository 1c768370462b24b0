/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/analysis.h - what a trace says about where the time went.
 *
 * Owns:    the results; docs/analysis.md defines each of them, word for word.
 * Not:     showing them (trace/report), what they are about (base.h). Pure, no I/O.
 *
 * Invariants
 *  (1) Only processes of the run count (base_is_run()); older ones are context in the tree. Where
 *      it is known what an older one used within the trace, that CPU time counts.
 *  (2) The segments of the critical path touch, in order, and add up to its whole length.
 *  (3) No result depends on the order of the rows that were added to the model.
 */
#ifndef TRACE_ANALYSIS_ANALYSIS_H
#define TRACE_ANALYSIS_ANALYSIS_H

#include "analysis/base.h"

struct analysis_totals {
	uint64_t begin_ns, end_ns; /* what the analysis spans, boot clock */
	uint64_t wall_ns; /* the command's life; without one, the span */
	uint64_t cpu_ns, utime_ns, stime_ns;
	uint64_t older_cpu_ns; /* of this, by processes that were there before */
	uint64_t machine_cpu_ns; /* that the machine used meanwhile; 0 = not known */
	uint64_t max_rss_bytes, read_bytes, write_bytes;
	uint64_t processes, fork_only, running_at_end, older;
	uint64_t execs; /* successful ones */
	uint64_t failed_execs, path_misses; /* path_misses are among failed_execs */
	uint64_t failed_exits, signalled;
	uint64_t short_lived; /* lived less than ANALYSIS_SHORT_NS */
	uint64_t short_cpu_ns;
	uint64_t ended, with_status; /* of all processes, older ones too: known ends */
	uint64_t with_cpu; /* of the run's processes */
	uint64_t lost;
	uint64_t peak_alive, peak_active;
	double parallelism; /* cpu_ns / wall_ns: busy cores */
};

#define ANALYSIS_SHORT_NS 10000000ull

/* One for each process, same index. */
struct analysis_node {
	uint64_t own_wall_ns; /* lived without a living child */
	uint64_t subtree_wall_ns; /* from its start to the last end below it */
	uint64_t subtree_cpu_ns;
	uint64_t subtree_max_rss_bytes;
	uint64_t subtree_read_bytes, subtree_write_bytes;
	uint32_t subtree_count, subtree_failed; /* itself included */
	uint32_t depth;
	uint32_t track; /* row of a timeline in which nothing overlaps */
};

/* From at_ns until the next step. The last one is all zero. */
struct analysis_step {
	uint64_t at_ns;
	uint32_t alive; /* processes */
	uint32_t active; /* of these, without a living child */
	double cores; /* busy, each process's CPU time spread evenly over its life */
};

/* Means and peaks over equal parts of the span, for charts. */
struct analysis_bucket {
	double alive, active, cores;
	uint64_t peak_alive, peak_active;
};

#define ANALYSIS_BUCKETS 960 /* divided by what charts have */

struct analysis_segment {
	uint64_t from_ns, to_ns;
	uint32_t process; /* ANALYSIS_NONE: nothing of the run was alive */
};

/* A process that the critical path visits, parents before children, in order of time. */
struct analysis_visit {
	uint64_t from_ns, to_ns; /* the path is in it or below */
	uint64_t own_ns; /* in itself */
	uint32_t process; /* ANALYSIS_NONE only for depth 0 of a run without a root */
	uint32_t depth;
};

struct analysis_path {
	uint64_t from_ns, to_ns;
	struct analysis_segment *segments;
	size_t segments_count;
	struct analysis_visit *visits;
	size_t visits_count;
};

struct analysis_program {
	uint32_t name; /* string: exe */
	uint32_t example; /* the process that lived longest */
	uint64_t runs; /* images of it */
	uint64_t forks; /* processes that never left its image: subshells, workers */
	uint64_t wall_ns, median_wall_ns, max_wall_ns; /* of its images and forks */
	uint64_t cpu_ns; /* of the processes that ended as it */
	uint64_t max_rss_bytes, read_bytes, write_bytes;
	uint64_t failures; /* of these processes: exit status or signal */
	uint64_t path_ns; /* share of the critical path */
	/* churn: processes that lived less than ANALYSIS_SHORT_NS */
	uint64_t short_runs, short_wall_ns, short_cpu_ns;
	uint64_t peak_per_second; /* most starts in any one second */
	uint32_t parent; /* string: the program that started most of them */
	uint64_t parent_runs;
};

enum analysis_failure_kind {
	ANALYSIS_FAILED_EXIT = 0, /* a status other than 0 */
	ANALYSIS_FAILED_SIGNAL = 1,
	ANALYSIS_FAILED_EXEC = 2, /* an exec that did not succeed, and no other way was found */
	ANALYSIS_PATH_MISS = 3, /* tried in one directory of PATH, then found in another */
};

struct analysis_failure {
	enum analysis_failure_kind kind;
	uint32_t program; /* string: exe; for execs the base name that was asked for */
	int32_t value; /* status, signal, errno */
	uint64_t count; /* processes; for execs: searches along PATH and other attempts, misses */
	uint64_t attempts; /* execs: all attempts, those within a search too */
	uint32_t directories; /* execs: that a search asked, the most; 1 = no search */
	uint64_t processes;
	uint32_t example; /* process, the first; ANALYSIS_NONE = not in the trace */
	uint32_t filename; /* string: as asked by the first; misses: where it was found */
	uint32_t killed_by_comm, killed_by_tgid; /* signals: the sender of the first */
	bool has_killer, is_oom, has_core;
};

struct analysis {
	const struct analysis_base *base;
	struct analysis_totals totals;
	struct analysis_node *nodes; /* base->count */
	uint32_t tracks;
	struct analysis_bucket buckets[ANALYSIS_BUCKETS];
	struct analysis_path path;
	struct analysis_program *programs; /* by CPU time, then wall time */
	size_t programs_count;
	uint32_t *program_of; /* process -> index in programs */
	struct analysis_failure *failures; /* by kind, then count */
	size_t failures_count;
};

/* Everything. @base must outlive it. Returns 0 or -ENOMEM. */
int analysis_new(const struct analysis_base *base, struct analysis **ret_analysis);
void analysis_free(struct analysis *a);

/* The parts, in the order in which analysis_new() calls them. Each returns 0 or -ENOMEM. */
int analysis_tree(struct analysis *a);
int analysis_concurrency(struct analysis *a);
int analysis_critical_path(struct analysis *a);
int analysis_programs(struct analysis *a);
int analysis_failures(struct analysis *a);
int analysis_tracks(struct analysis *a);
void analysis_total(struct analysis *a);

/* In the order of time; the last one is all zero. 0 or -ENOMEM. */
int analysis_each_step(const struct analysis *a,
		       void (*take)(void *ctx, const struct analysis_step *step), void *ctx);

/* @count equal parts of the span, @count a divisor of ANALYSIS_BUCKETS. */
void analysis_fill_buckets(const struct analysis *a, struct analysis_bucket *buckets, size_t count);

#endif
