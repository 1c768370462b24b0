/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/waiter.h - spin, sleep or nap until there are events, and telling the source which.
 *
 * Owns:    the epoll instance behind begat_fd(), its timer, how long to spin.
 * Not:     what is done meanwhile, what is due though no event comes (struct waiter_due).
 *
 *               waiter_sleep(), waiter_leave(): nothing to drain
 *    +-------+ ------------------------------------------------> +-----------+
 *    | AWAKE |                                                   | ANNOUNCED |
 *    +-------+ <------------------------------------------------ +-----------+
 *     |  ^   |  waiter_enter(); waiter_sleep(): an event came
 *     '--'   |     after the last look, the timer, a wake-up
 *  waiter_   |
 *  spin()    |  waiter_sleep(), waiter_leave(): a storm, no CPU to spare
 *            '-------------------------------------------------> +---------+
 *    +-------+ <------------------------------------------------ | NAPPING |
 *    | AWAKE |    waiter_enter(), waiter_sleep(): the timer      +---------+
 *    +-------+
 *
 *   AWAKE      the reader looks by itself: the source wakes nobody. In BEGAT_LOW always, and after
 *              the end of the stream.
 *   ANNOUNCED  the next event that somebody waits for makes the descriptor readable. A fork does
 *              only if forks are delivered and come more than LATE_NS apart, or nothing else is
 *   NAPPING    the timer alone makes it readable, NAP_NS later: no traced process pays for a wake-up
 *
 * Invariants
 *  (1) ANNOUNCED is entered first and the source looked at second, so that no event falls between:
 *      if there is one, waiter_sleep() goes back to AWAKE and waiter_leave() sets the timer to now.
 *  (2) Outside begat_poll() the state is not AWAKE unless the mode is BEGAT_LOW or the stream is
 *      over: begat_fd() tells of new events to any event loop.
 *  (3) In BEGAT_BATCH the timer goes off every BATCH_NS, whatever else it is set for.
 *  (4) In ANNOUNCED, where a fork wakes nobody and is to be delivered, the timer goes off in
 *      LATE_NS or sooner.
 */
#ifndef BEGAT_TRACER_WAITER_H
#define BEGAT_TRACER_WAITER_H

#include "source/source.h"

enum waiter_state {
	WAITER_AWAKE = 0,
	WAITER_ANNOUNCED = 1,
	WAITER_NAPPING = 2,
};

enum waiter_timer { /* what it is set for */
		    WAITER_TIMER_OFF = 0,
		    WAITER_TIMER_BATCH = 1,
		    WAITER_TIMER_DELIVER = 2, /* something waits to be delivered */
		    WAITER_TIMER_SWEEP = 3,
		    WAITER_TIMER_NAP = 4,
		    WAITER_TIMER_LATE = 5, /* an event may have come that wakes nobody */
};

#define WAITER_SWEEP 1 /* from waiter_sleep(): it has been quiet for as long as due->sweep_ns */

/* What the tracer has to do though no event comes. */
struct waiter_due {
	bool is_finished; /* the stream is over */
	uint64_t
		deliver_ns; /* until what is held back must be delivered, 1 = now; 0 = nothing is */
	uint64_t sweep_ns; /* until the source may forget the dead; 0 = there are none */
};

struct waiter {
	struct source *source;
	enum begat_latency mode;
	enum waiter_state state;
	enum waiter_timer timer;
	int epoll_fd, timer_fd, always_fd, loadavg_fd; /* -1 = none */
	uint64_t last_drain_ns, gap_ns; /* smoothed time between events */
	uint64_t spare_looked_ns;
	unsigned int online_cpus;
	bool has_spare_cpu; /* when that was last looked at */
	bool is_crowded; /* the last spin was ended by other tasks */
	uint32_t prompt_events; /* BEGAT_EVENT_BIT()s: somebody waits for them */
	bool has_forks; /* they are delivered, beside these */
	uint64_t fork_ts_ns,
		fork_gap_ns; /* of the last fork, and how long the one before was ago */
	uint64_t wakeups;
	/* Tests put their own here after waiter_open(). */
	uint64_t (*now_ns)(void);
	int (*yield)(void);
};

void waiter_init(struct waiter *w); /* so that waiter_close() is fine */
/* @events: BEGAT_EVENT_BIT()s that are to be delivered. */
int waiter_open(struct waiter *w, struct source *source, enum begat_latency mode, uint32_t events,
		struct error *error);
void waiter_close(struct waiter *w);

/* The reader is back. */
void waiter_enter(struct waiter *w);
/* @count events have come since the last call. */
void waiter_note(struct waiter *w, int count, uint64_t now_ns);
/* One of them is a fork of that time stamp. */
void waiter_note_fork(struct waiter *w, uint64_t ts_ns);
/* True: there are events. @is_burst: more than one came in a row. */
bool waiter_spin(struct waiter *w, bool is_burst, uint64_t deadline_ns);
/* 0: it may be worth a look; WAITER_SWEEP; or a negative errno. */
int waiter_sleep(struct waiter *w, int timeout_ms, const struct waiter_due *due);
/* From now on a caller may wait on epoll_fd. */
void waiter_leave(struct waiter *w, const struct waiter_due *due);

#endif
