/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source/source.h - where a tracer has its events from.
 *
 * Owns:    the seam between the tracer and whatever sees processes begin and end. The first source
 *          is BPF (bpf.c); docs/howto-add-source.md says how the next one is added.
 * Not:     the table of processes, filters, when to wait (tracer/).
 *
 * Invariants
 *  (1) Nothing above this file knows what kind of source it has.
 *  (2) An event that drain() gives is valid until its callback returns; the tracer may change it.
 *  (3) If one event caused another, it is given first. A loss is given at its gap, or else by
 *      report_losses().
 *  (4) After open() each process that begins is seen from its first event on.
 */
#ifndef BEGAT_SOURCE_SOURCE_H
#define BEGAT_SOURCE_SOURCE_H

#include <begat/begat.h>

#include "base/error.h"
#include "event/boot_clock.h"

#define SOURCE_IDS_MAX 16 /* users, and roots, that a source can compare */

struct source;

/* What a source knows of an event besides what the event says. */
enum source_hint {
	SOURCE_DEV_MAY_DIFFER = 1 << 0, /* an exec: stat(2) may show another device of its file */
	SOURCE_READER_ROOT =
		1 << 1, /* a failed exec: its process has the root folder that we have */
};

/* @hints: enum source_hint. Returns 0; anything else stops the drain behind this event. */
typedef int (*source_callback)(void *ctx, struct begat_event *ev, uint32_t hints);

struct source_options {
	const char *backend, *transport; /* ways to see and to carry, by name; NULL = the best */
	enum begat_latency latency;
	size_t buffer_bytes; /* rounded up */
	uint64_t short_lived_window_ns;
	uint32_t max_args_bytes; /* argv and env each are cut after this; UINT32_MAX = never */
	uint32_t events; /* BEGAT_EVENT_BIT()s; others need not be made */
	struct begat_fields fields; /* others need not be captured */
	const char *const *env_names; /* keep only these variables; NULL = all */
	bool must_see_failures; /* refuse ways that see no failed execs */

	/* Whose events: those that pass every test which is given. */
	bool follow; /* processes that follow() named, and all that they beget */
	uint32_t roots[SOURCE_IDS_MAX]; /* a process that begins with such a pid is followed too */
	uint32_t roots_count;
	uint32_t uids[SOURCE_IDS_MAX];
	uint32_t uids_count;
	bool may_gain_uid; /* also of processes that may become one of the users */
	const char *const *cgroups; /* paths or containers, NULL-ended; NULL = all */
	/* Does the cgroup at @path, from its hierarchy's root, belong to container @id? */
	bool (*is_container)(const char *path, const char *id);
	uint32_t skip_events; /* BEGAT_EVENT_BIT()s of which skip_cgroup() rids the stream */

	/* The last moment before it sees beginnings and ends. NULL is fine; what it returns, too. */
	void (*before_hooks)(void *ctx, struct source *source);
	void *ctx;
};

/* One that runs now, or with is_thread one more thread of the process named last. */
struct source_process {
	uint32_t tgid; /* as events have it */
	uint32_t reader_pid, proc_pid; /* as we and as our /proc number it; 0 = it is not there */
	bool is_thread;
	bool is_exiting; /* perhaps its exit was seen already */
	bool is_new; /* perhaps its fork is still to be seen */
	bool is_in_exec; /* perhaps its exec is still to be seen */
	uint32_t exec_id; /* another one after each exec */
	uint64_t start_ns;
	uint64_t utime_ns, stime_ns, runtime_ns; /* of one thread, of ended ones with the process */
	const void *record; /* for describe() */
};
typedef int (*source_visitor)(void *ctx, const struct source_process *process);

struct source_ops {
	const char *name;
	/* Asks the machine what is possible and sets the members of struct source; 0 or -ENOMEM. */
	int (*new)(struct source **ret_source);
	int (*open)(struct source *source, const struct source_options *opts, struct error *error);
	void (*close)(struct source *source); /* one that was not opened, too */

	/* Adds the descriptors that tell of events to an epoll instance. */
	int (*watch)(struct source *source, int epoll_fd);
	/* Is there, as far as this CPU sees after a full barrier, nothing to drain? */
	bool (*is_empty)(const struct source *source);
	/* Did the drain end ahead of an event that is not yet whole? NULL = that cannot be. */
	bool (*is_held_up)(const struct source *source);
	/*
	 * The reader looks away. @wakers: BEGAT_EVENT_BIT()s of events that make a descriptor
	 * readable at once. Others may, and do before the buffer is full; with 0 none need to.
	 */
	void (*pause)(struct source *source, uint32_t wakers);
	void (*resume)(struct source *source); /* the reader looks by itself: wake nobody */

	/*
	 * Gives up to about @most events. Returns how many pieces were taken from the buffer, or what
	 * the callback returned if < 0. An event that comes in several is given to its end.
	 */
	int (*drain)(struct source *source, int most, source_callback callback, void *ctx);
	/* No event from after this call comes; what is there already can be drained. */
	void (*stop)(struct source *source);
	/* Gives the losses that no event has reported, as BEGAT_LOST. 0 or what the callback said. */
	int (*report_losses)(struct source *source, source_callback callback, void *ctx);
	/* How many events of these types (BEGAT_EVENT_BIT()s) have been lost, reported or not. */
	uint64_t (*count_lost)(const struct source *source, uint32_t events);

	/*
	 * Visits all that runs. -ENOTSUP: /proc has to do. Stops at non-zero and returns it. Any
	 * thread may call this while another one drains.
	 */
	int (*list)(struct source *source, bool with_threads, source_visitor visit, void *ctx);
	/* A process of list() as a snapshot event without exe and argv. 0, or not: leave it out. */
	int (*describe)(struct source *source, const struct source_process *process,
			struct begat_event *ret_ev);
	/* As events have it; see event/identity.h. */
	uint64_t (*process_id)(const struct source *source, uint32_t tgid, uint64_t start_ns);
	int (*follow)(struct source *source,
		      uint32_t tgid); /* from now on; 0 or a negative errno */
	bool (*is_followed)(const struct source *source, uint32_t tgid);
	/* Is its exit in the stream or lost? Of a process that began after open(). */
	bool (*has_exited)(const struct source *source, uint32_t tgid, uint64_t start_ns);

	/* From now on nothing of skip_events comes from this cgroup. NULL: it cannot. */
	int (*skip_cgroup)(struct source *source, uint64_t cgroup_id);
	/* Frees what it keeps of processes that ended before @now_ns. NULL: it keeps nothing. */
	void (*sweep)(struct source *source, uint64_t now_ns);

	/* Adds what the source knows: names, generated, lost, costs. @stats->size is the caller's. */
	void (*stats)(const struct source *source, struct begat_stats *stats);
	int (*stats_cpu)(const struct source *source, uint32_t cpu, uint64_t *ret_generated,
			 uint64_t *ret_lost); /* as begat_stats_cpu() */
	int (*stats_program)(const struct source *source, uint32_t index, const char **ret_name,
			     uint64_t *ret_runs, uint64_t *ret_ns); /* as begat_stats_program() */
	/* Every feature probe in words, without a source. As begat_probe(). */
	int (*probe)(void (*callback)(const struct begat_probe *probe, void *ctx), void *ctx);
};

/* The beginning of what each source has. */
struct source {
	const struct source_ops *ops;
	bool is_open;
	bool has_our_pids; /* events number processes as we do */
	bool translates_pids; /* they do not, and list() tells both numbers */
	bool has_proc; /* proc_pid of list() can be looked up in /proc */
	bool is_proc_ours; /* /proc numbers processes as we do */
	/* Wall clock minus boot clock, for the times of events: see source_follow_clock(). */
	uint64_t realtime_offset_ns;
};

/* The best source that is there: the first of sources.def. */
const struct source_ops *source_best(void);

static inline bool source_is_open(const struct source *source)
{
	return source && source->is_open;
}

/* Takes the wall clock anew, so that events follow it when it is set. */
static inline void source_follow_clock(struct source *source)
{
	uint64_t boot = clock_boot_ns();

	source->realtime_offset_ns = clock_read_ns(CLOCK_REALTIME) - boot;
}

#endif
