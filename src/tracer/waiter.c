/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/waiter.c - see waiter.h.
 *
 *   low       always spins; begat_fd() is always readable
 *   balanced  spins a few microseconds after two events in a row, in a storm until the next one,
 *             then sleeps
 *   batch     sleeps until a quarter of the buffer is full or BATCH_NS have gone by
 *
 * Why a storm is worth a CPU: the traced process pays for each wake-up. The ring's wake-up is an
 * interrupt that the CPU sends to itself (irq_work), 10 us and more in a virtual machine, on top of
 * 2 us for the record. But only a CPU that nobody else wants: a spinning reader makes it look busy,
 * and the scheduler packs the traced processes onto the others. So it yields at each look, and
 * counts what runs. A storm on a machine without a CPU to spare is looked at every two
 * milliseconds, and wakes nobody in between.
 *
 * A fork wakes no reader of other events, since its exec will a few hundred microseconds later: of
 * the three events of a process two pay for a wake-up. Where forks are delivered too, one waits for
 * LATE_NS at most; those that come further apart wake the reader.
 */
#include "tracer/waiter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define BATCH_NS 100000000ull
#define SPIN_NS 6000ull /* within a burst: failed execs of a PATH search follow like that */
#define STORM_GAP_NS 250000ull /* mean time between events, below which it is a storm */
#define STORM_SPIN_NS 600000ull
#define NAP_NS 2000000ull
#define SPARE_NS 5000000ull /* what was seen of the others holds as long */
#define GAP_MAX_NS (4 * STORM_GAP_NS) /* one pause does not end a storm, two do */
#define LATE_NS 20000000ull
#define LOW_SPIN_NS 100000ull /* a caller that gave a time-out of 0 gets no more than this */
#define YIELD_NS 20000ull /* a yield that took longer let somebody else run: no CPU to spare */
#define SPIN_CHECK 32 /* looks between two readings of the clock */

#define FORK BEGAT_EVENT_BIT(BEGAT_FORK)
#define EXEC BEGAT_EVENT_BIT(BEGAT_EXEC)
#define EXEC_FAILED BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED)
#define EXIT BEGAT_EVENT_BIT(BEGAT_EXIT)

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static int add(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void set_timer(struct waiter *w, enum waiter_timer timer, uint64_t first_ns)
{
	uint64_t interval_ns = w->mode == BEGAT_BATCH ? BATCH_NS : 0;
	struct itimerspec spec = {
		.it_value = { .tv_sec = first_ns / 1000000000, .tv_nsec = first_ns % 1000000000 },
		.it_interval = { .tv_sec = interval_ns / 1000000000,
				 .tv_nsec = interval_ns % 1000000000 },
	};

	timerfd_settime(w->timer_fd, 0, &spec, NULL);
	w->timer = timer;
}

/* What it was set for, if it has gone off. */
static enum waiter_timer read_timer(struct waiter *w)
{
	enum waiter_timer expired = w->timer;
	uint64_t count;

	if (read(w->timer_fd, &count, sizeof(count)) != sizeof(count))
		return WAITER_TIMER_OFF;
	w->timer = w->mode == BEGAT_BATCH ? WAITER_TIMER_BATCH : WAITER_TIMER_OFF;
	return expired;
}

void waiter_init(struct waiter *w)
{
	*w = (struct waiter){ .epoll_fd = -1, .timer_fd = -1, .always_fd = -1, .loadavg_fd = -1 };
}

int waiter_open(struct waiter *w, struct source *source, enum begat_latency mode, uint32_t events,
		struct error *error)
{
	int err;

	w->source = source;
	w->mode = mode;
	w->gap_ns = GAP_MAX_NS;
	w->prompt_events = events & (EXEC | EXEC_FAILED | EXIT);
	w->has_forks = w->prompt_events && events & FORK;
	w->now_ns = clock_boot_ns;
	w->yield = sched_yield;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	/* Without it there is no CPU to spare. */
	w->loadavg_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	w->online_cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (w->epoll_fd < 0 || w->timer_fd < 0)
		return error_set(error, -errno, "cannot make a descriptor to wait on: %s",
				 strerror(errno));
	err = source->ops->watch(source, w->epoll_fd);
	if (!err)
		err = add(w->epoll_fd, w->timer_fd);
	if (!err && mode == BEGAT_LOW) {
		w->always_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
		err = w->always_fd < 0 ? -errno : add(w->epoll_fd, w->always_fd);
	}
	if (err)
		return error_set(error, err, "cannot wait for events: %s", strerror(-err));
	if (mode == BEGAT_BATCH)
		set_timer(w, WAITER_TIMER_BATCH, BATCH_NS);
	return 0;
}

void waiter_close(struct waiter *w)
{
	int fds[] = { w->epoll_fd, w->timer_fd, w->always_fd, w->loadavg_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static bool is_empty(const struct waiter *w)
{
	return w->source->ops->is_empty(w->source);
}

static bool is_storm(const struct waiter *w)
{
	return w->mode == BEGAT_BALANCED && w->gap_ns < STORM_GAP_NS;
}

/*
 * Is there a CPU that nothing else runs on? We are one of those that run, and there is one more
 * than there are jobs: events come when a parent and its child run side by side, after a fork and
 * at an exit. Where that is one too many, a yield soon takes long.
 */
static bool has_spare_cpu(struct waiter *w, uint64_t now_ns)
{
	char text[128];
	unsigned int running;
	ssize_t n;

	if (now_ns - w->spare_looked_ns < SPARE_NS)
		return w->has_spare_cpu;
	w->spare_looked_ns = now_ns;
	n = pread(w->loadavg_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	w->has_spare_cpu = w->online_cpus > 1 && sscanf(text, "%*s %*s %*s %u/", &running) == 1 &&
			   running <= w->online_cpus + 1;
	return w->has_spare_cpu;
}

/* Of which events one wakes the reader that goes to sleep now. */
static uint32_t wakers(const struct waiter *w, uint64_t now_ns)
{
	/* Else the timer would go off after each fork, and nothing would be saved. */
	bool is_dense = w->fork_gap_ns < LATE_NS && now_ns - w->fork_ts_ns < LATE_NS;

	if (w->mode != BEGAT_BALANCED || !w->prompt_events || (w->has_forks && !is_dense))
		return BEGAT_EVENTS_ALL;
	return w->prompt_events;
}

/* AWAKE no more, unless there is no one to announce. */
static void rest(struct waiter *w, const struct waiter_due *due)
{
	bool is_over = w->mode == BEGAT_LOW || due->is_finished;
	bool naps = !is_over && w->is_crowded && is_storm(w) && due->deliver_ns != 1;
	uint32_t awaited = is_over || naps ? 0 : wakers(w, w->now_ns());
	bool is_late = awaited && !(awaited & FORK) && w->has_forks;

	if (naps) {
		w->is_crowded = false;
		set_timer(w, WAITER_TIMER_NAP, NAP_NS);
	} else if (!is_over && due->deliver_ns) {
		set_timer(w, WAITER_TIMER_DELIVER, due->deliver_ns);
	} else if (is_late) {
		if (w->timer != WAITER_TIMER_LATE)
			set_timer(w, WAITER_TIMER_LATE, LATE_NS);
	} else if (!is_over && due->sweep_ns && w->timer == WAITER_TIMER_OFF) {
		set_timer(w, WAITER_TIMER_SWEEP, due->sweep_ns);
	}
	w->source->ops->pause(w->source, awaited);
	w->state = is_over ? WAITER_AWAKE : naps ? WAITER_NAPPING : WAITER_ANNOUNCED;
}

/*
 * An event that came after the last look and before the reader was announced has woken nobody, and
 * the next one may be hours away.
 */
static bool has_come_between(const struct waiter *w)
{
	return w->state == WAITER_ANNOUNCED && w->mode == BEGAT_BALANCED && !is_empty(w);
}

void waiter_leave(struct waiter *w, const struct waiter_due *due)
{
	rest(w, due);
	if (has_come_between(w))
		set_timer(w, WAITER_TIMER_DELIVER, 1);
}

void waiter_enter(struct waiter *w)
{
	if (w->state == WAITER_NAPPING)
		read_timer(w);
	if (w->state == WAITER_ANNOUNCED)
		w->source->ops->resume(w->source);
	w->state = WAITER_AWAKE;
}

int waiter_sleep(struct waiter *w, int timeout_ms, const struct waiter_due *due)
{
	struct epoll_event event;
	int n, err;

	rest(w, due);
	if (has_come_between(w)) {
		waiter_enter(w);
		return 0;
	}
	n = epoll_wait(w->epoll_fd, &event, 1, timeout_ms);
	err = -errno;
	waiter_enter(w);
	if (n < 0)
		return err;
	w->wakeups++;
	return read_timer(w) == WAITER_TIMER_SWEEP && is_empty(w) ? WAITER_SWEEP : 0;
}

/* The mean of the last few times between events: @count have come since the last ones. */
void waiter_note(struct waiter *w, int count, uint64_t now_ns)
{
	uint64_t gap_ns = (now_ns - w->last_drain_ns) / count;

	w->gap_ns = (15 * w->gap_ns + (gap_ns < GAP_MAX_NS ? gap_ns : GAP_MAX_NS)) / 16;
	w->last_drain_ns = now_ns;
}

void waiter_note_fork(struct waiter *w, uint64_t ts_ns)
{
	w->fork_gap_ns = ts_ns - w->fork_ts_ns;
	w->fork_ts_ns = ts_ns;
}

/*
 * How long the next event is worth waiting for. One that came alone is not followed at once.
 */
static uint64_t spin_ns(const struct waiter *w, bool is_burst)
{
	if (w->mode == BEGAT_BATCH)
		return 0;
	if (w->mode == BEGAT_LOW)
		return LOW_SPIN_NS;
	if (is_storm(w))
		return STORM_SPIN_NS;
	return is_burst ? SPIN_NS : 0;
}

bool waiter_spin(struct waiter *w, bool is_burst, uint64_t deadline_ns)
{
	uint64_t now = w->now_ns(), until = now + spin_ns(w, is_burst);

	if (is_storm(w) && !has_spare_cpu(w, now)) {
		w->is_crowded = true;
		until = now;
	}
	if (until > deadline_ns)
		until = deadline_ns;
	while (now < until) {
		for (int i = 0; i < SPIN_CHECK; i++) {
			if (!is_empty(w))
				return true;
			relax();
		}
		now = w->now_ns();
		if (w->mode == BEGAT_BALANCED) {
			uint64_t yielded = now;

			w->yield();
			now = w->now_ns();
			w->is_crowded = now - yielded > YIELD_NS;
			if (w->is_crowded)
				break;
		}
	}
	return !is_empty(w);
}
