/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/tracer.h - struct begat, and what the files of tracer/ share.
 *
 * tracer/ joins the parts: it alone sees all of them.
 *   tracer.c  the loop: transport -> decode -> process table -> enrich -> filter -> callback
 *   open.c    options to settings, settings to an open tracer
 *   push.c    what of the filter the kernel checks
 *   wait.c    spin or sleep, and telling the kernel which
 *   pids.c    pids that the user sees, where that is another PID namespace than the first
 *   heal.c    the snapshot at start, and putting the table right after a loss
 *   usage.c   CPU time of the living
 *   coalesce.c    identical failed execs in a row become one
 *   stats.c   counters, latency percentiles
 *   probe.c   what `begat doctor` shows
 */
#ifndef BEGAT_TRACER_TRACER_H
#define BEGAT_TRACER_TRACER_H

#include <begat/begat.h>
#include <begat/filter.h>
#include <stdatomic.h>
#include <begat/sink.h>
#include <time.h>

#include "attach/probes.h"
#include "event/boot_clock.h"
#include "base/error.h"
#include "decode/decode.h"
#include "enrich/enrich.h"
#include "filter/push.h"
#include "proctable/proctable.h"
#include "transport/transport.h"

/* Log-linear: 16 steps to each power of two, values above 2^40 ns in the last. */
#define LATENCY_STEPS 16
#define LATENCY_BUCKETS (40 * LATENCY_STEPS)

#define CGROUPS_KEPT 64

struct latency {
	uint64_t buckets[LATENCY_BUCKETS];
	uint64_t count, max_ns;
};

/* Events that wait for begat_next(). */
struct pulled {
	struct begat_event **items; /* copies; those before given belong to nobody any more */
	size_t count, capacity, given;
	struct begat_event *current; /* what the caller has */
};

struct begat {
	/* as asked */
	struct pulled pulled;
	bool is_pulled; /* no callback was given: begat_next() */
	begat_callback callback;
	void *ctx;
	uint32_t events; /* to deliver */
	struct begat_fields fields; /* to capture */
	struct begat_fields shown; /* those, and what every event has */
	enum begat_latency mode;
	const struct begat_filter *where;
	bool follow, fold_failures;
	bool may_be_gone; /* pids are the filter's: such a process may start later */
	uint32_t admit; /* enum config_admit */
	uint32_t uids[CONFIG_UIDS_MAX]; /* with CONFIG_ADMIT_UID */
	uint32_t uids_count;
	bool has_table; /* not for a stream of execs alone: its forks and exits are not sent */
	size_t buffer_bytes;
	pid_t *pids;
	size_t pids_count;
	struct filter_push push; /* what of where the kernel checks */
	bool skips_cgroups; /* tells the kernel of those that where rules out */
	char **env_names;
	struct begat_redactor *redactor; /* NULL = nothing is hidden */

	/* the parts */
	struct features features;
	struct probes *probes;
	const struct transport_ops *transport_ops;
	struct transport *transport;
	struct decoder *decoder;
	struct proctable *table;
	struct enrich_cache container;
	struct enrich_missing missing;
	uint32_t own_pid_ns; /* its inode; 0 = not known */
	struct begat_lineage lineage;

	/* waiting */
	int epoll_fd, timer_fd, always_fd, loadavg_fd; /* -1 = none */
	uint64_t last_drain_ns, gap_ns; /* smoothed time between records */
	bool sweep_due, timer_armed, kicked;
	uint64_t spare_looked_ns;
	unsigned int online_cpus;
	bool has_spare_cpu; /* when that was last looked at */
	bool is_crowded, is_napping; /* the last spin was ended by others; we sleep unannounced */

	struct usage_readings *first_usage; /* NULL = not asked for, or not to be had */

	/* the stream */
	uint64_t window_ns;
	uint64_t realtime_offset_ns; /* wall clock minus boot clock */
	uint64_t clock_offset_ns; /* from the records' clock to the boot clock */
	atomic_bool is_interrupted; /* by begat_interrupt(), from any thread */
	bool is_polled; /* an interrupt ends what runs now */
	int stop; /* what the callback returned, as a negative errno; 0 = go on */
	uint64_t end_ns; /* events from after it are not delivered; 0 = none yet */
	bool finished, snapshot_due, heal_due, healing;
	uint64_t last_ts_ns;
	uint64_t losses_healed,
		losses_looked_ns; /* stats_losses() when last healed; when looked at */
	uint64_t doubt_due_ns, doubt_wait_ns; /* when to heal again, for those that were exiting */
	uint64_t cgroups_kept
		[CGROUPS_KEPT]; /* that where does not rule out, by low bits of the id */
	struct begat_event *held; /* coalesce.c: a failed exec that may repeat */
	uint64_t held_ns; /* when it came */

	/* figures */
	uint64_t received[BEGAT_TYPE_SLOTS], delivered[BEGAT_TYPE_SLOTS];
	uint64_t malformed, late, synthetic, wakeups, started_ns;
	uint64_t complete_ns; /* from here on every fork that is in scope comes */
	unsigned int latency_skip;
	struct latency latency;
	struct error error;
};

static inline uint64_t tracer_now_ns(void)
{
	return clock_boot_ns();
}

/* tracer.c: what begat_poll() and begat_next() share. As begat_poll(). */
int tracer_poll(struct begat *b, int timeout_ms);

/* next.c: a callback that keeps a copy; @ctx is the tracer. */
int next_keep(const struct begat_event *ev, void *ctx);
void next_close(struct pulled *pulled);

/* tracer.c: process table, enrichment, filter, callback. Returns 0, or b->stop once set. */
int tracer_deliver(struct begat *b, struct begat_event *ev);
/* The same, past the table: for what comes out of it. */
int tracer_hand_over(struct begat *b, struct begat_event *ev);
/* One record, from any source. Returns b->stop or a negative errno. */
int tracer_take(struct begat *b, const void *record, size_t size);
/* Takes the wall clock anew, so that events follow it when it is set. */
void tracer_follow_clock(struct begat *b);
/* Drains the transport until it is empty or @most records are done. */
int tracer_drain(struct begat *b, int most);

/* wait.c */
int wait_open(struct begat *b);
void wait_close(struct begat *b);
void wait_leave(struct begat *b); /* from now on the kernel, or what is there already, wakes us */
void wait_disarm(struct begat *b);
void wait_note(struct begat *b, int count, uint64_t now_ns);
/* True: there are records. @is_burst: more than one came in a row. */
bool wait_spin(struct begat *b, bool is_burst, uint64_t deadline_ns);
int wait_sleep(struct begat *b, int timeout_ms); /* 0 or -EINTR */

/* heal.c */
int heal_snapshot(struct begat *b, bool deliver);
int heal_follow_trees(struct begat *b);
int heal_table(struct begat *b);
/* Before the first event of a process with a lost fork: makes a synthetic fork. */
int heal_introduce(struct begat *b, const struct begat_event *first);

/* pids.c */
bool pids_are_translated(const struct begat *b);
/* The hooks' number for what the user calls @pid. 0, -ESRCH or a negative errno. */
int pids_find(struct begat *b, pid_t pid, uint32_t *ret_tgid);
void pids_translate_filter(struct begat *b); /* its under() */
void pids_resolve_threads(struct begat *b); /* the same, before the kernel side is there */

/* push.c: which records are sent, and what of the filter holds others back. 0 or -ENOMEM. */
int push_filter(struct begat *b, struct bpf_config *config);

/* usage.c: notes what everybody has used; never fails for want of it. @ctx is the tracer. */
int usage_note(void *ctx, struct probes *probes);
void usage_drop(struct begat *b);

/* coalesce.c: takes a failed exec in (true), or hands over what it holds before @ev. */
bool coalesce_take(struct begat *b, const struct begat_event *ev);
int coalesce_flush(struct begat *b);
int coalesce_settle(struct begat *b,
		    uint64_t now_ns); /* hands over what has been held long enough */
uint64_t coalesce_wait_ns(const struct begat *b); /* until then; 0 = nothing is held */

/* stats.c */
void latency_add(struct latency *latency, uint64_t ns);
int stats_deliver_rest(struct begat *b); /* losses that no record reported */
bool stats_has_lost_forks(const struct begat *b);
uint64_t
stats_losses(const struct begat *b); /* forks, execs and exits dropped so far, told or not */

#endif
