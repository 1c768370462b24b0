/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/tracer.h - struct begat: the parts of a tracer, side by side.
 *
 * Owns:    the struct. Its parts do not include this file and take what they need.
 *
 *   tracer.c      the loop: source -> process table -> enrich -> filter -> callback
 *   open.c        from options to an open tracer
 *   figures.c     begat_stats(): what the parts count, as one answer
 *   next.c        events that are pulled one by one
 *   living.c      waiting for the end of those that are followed
 *   usage.c       CPU time of the living
 * Parts:
 *   waiter.c      spin, sleep or nap, and telling the source which
 *   processes.c   each process that runs now
 *   start.c       the first snapshot, trees that exist already
 *   resync.c      putting the table right after a loss
 *   coalescer.c   identical failed execs in a row become one
 *   pushdown.c    what of the filter the source checks
 *   pids.c        pids that the user sees, where events have others
 *   stats.c       counts and latency
 */
#ifndef BEGAT_TRACER_TRACER_H
#define BEGAT_TRACER_TRACER_H

#include <begat/begat.h>
#include <begat/filter.h>
#include <begat/redact.h>
#include <stdatomic.h>

#include "base/error.h"
#include "enrich/enrich.h"
#include "proctable/proctable.h"
#include "source/source.h"
#include "tracer/coalescer.h"
#include "tracer/next.h"
#include "tracer/processes.h"
#include "tracer/pushdown.h"
#include "tracer/resync.h"
#include "tracer/scope.h"
#include "tracer/stats.h"
#include "tracer/waiter.h"

#define CGROUPS_KEPT 64

struct usage_readings;

struct begat {
	/* as asked */
	begat_callback callback;
	void *ctx;
	uint32_t events; /* to deliver */
	struct begat_fields fields; /* to capture */
	struct begat_fields shown; /* those, and what every event has */
	enum begat_latency mode;
	const struct begat_filter *where;
	bool follow, coalesces;
	pid_t *pids; /* to follow from the start on */
	size_t pids_count;
	uint64_t window_ns;
	char **env_names;
	struct begat_redactor *redactor; /* NULL = nothing is hidden */

	/* the parts */
	struct source *source;
	struct proctable *table;
	struct processes processes;
	struct scope scope;
	struct waiter waiter;
	struct resync resync;
	struct coalescer coalescer;
	struct stats stats;
	struct pushdown pushdown;
	struct enrich_cache container;
	struct enrich_missing missing;
	struct begat_lineage lineage;
	struct pulled pulled;
	bool is_pulled; /* no callback was given: begat_next() */
	struct usage_readings *first_usage; /* NULL = not asked for, or not to be had */

	/* the stream */
	uint64_t started_ns;
	uint64_t end_ns; /* events from after it are not delivered; 0 = none yet */
	uint32_t own_pid_ns; /* its inode; 0 = not known */
	bool has_table; /* not for a stream of execs alone: its forks and exits are not sent */
	bool snapshot_due, sweep_due, is_finished;
	atomic_bool is_interrupted; /* by begat_interrupt(), from any thread */
	bool is_polled; /* an interrupt ends what runs now */
	int stop; /* what the callback returned, as a negative errno; 0 = go on */
	unsigned int latency_index; /* of the next event in its batch */
	uint64_t cgroups_kept
		[CGROUPS_KEPT]; /* that where does not rule out, by low bits of the id */
	struct error error;
};

/* tracer.c: what begat_poll() and begat_next() share. As begat_poll(). */
int tracer_poll(struct begat *b, int timeout_ms);
/* The parts that call back, and what they need; the source is open. */
void tracer_join_parts(struct begat *b);
/* From now on begat_fd() tells of new events. */
void tracer_leave(struct begat *b);

/* usage.c: notes what everybody has used; never fails for want of it. @ctx is the tracer. */
void usage_note(void *ctx, struct source *source);
void usage_drop(struct usage_readings *readings);

#endif
