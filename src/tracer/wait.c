/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/wait.c - spin or sleep, and telling the kernel which.
 *
 * Owns: the epoll instance behind begat_fd(), its timer, the reader's flag, how long to spin.
 *
 *   low       always spins; begat_fd() is always readable
 *   balanced  spins a few microseconds after two records in a row, in a storm until the next one;
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
 * The timer serves batch's interval and, in balanced, what is held by coalesce.c and one look after the
 * dead (probes_sweep) when no hook comes by to reclaim their cache entries.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tracer/tracer.h"

#define BATCH_NS 100000000ull
#define SPIN_NS 6000ull /* within a burst: failed execs of a PATH search follow like that */
#define STORM_GAP_NS 250000ull /* mean time between records, below which it is a storm */
#define STORM_SPIN_NS 600000ull
#define NAP_NS 2000000ull
#define SPARE_NS 5000000ull /* what was seen of the others holds as long */
#define GAP_MAX_NS (4 * STORM_GAP_NS) /* one pause does not end a storm, two do */
#define SWEEP_NS 50000000ull /* behind the window; where there is more to trace, hooks come first */
#define LOW_SPIN_NS 100000ull /* a caller that gave a time-out of 0 gets no more than this */
#define YIELD_NS 20000ull /* a yield that took longer let somebody else run: no CPU to spare */
#define SPIN_CHECK 32 /* looks between two readings of the clock */

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

static void set_timer(struct begat *b, uint64_t first_ns, uint64_t interval_ns)
{
	struct itimerspec spec = {
		.it_value = { .tv_sec = first_ns / 1000000000, .tv_nsec = first_ns % 1000000000 },
		.it_interval = { .tv_sec = interval_ns / 1000000000,
				 .tv_nsec = interval_ns % 1000000000 },
	};

	timerfd_settime(b->timer_fd, 0, &spec, NULL);
	b->timer_armed = first_ns;
}

static void read_timer(struct begat *b)
{
	uint64_t count;

	if (read(b->timer_fd, &count, sizeof(count)) == sizeof(count))
		b->timer_armed = b->mode == BEGAT_BATCH;
}

/*
 * A record that came after the last look and before the reader was announced has woken nobody, and
 * the next one may be hours away. The descriptor is made readable by the timer.
 */
static void kick(struct begat *b)
{
	set_timer(b, 1, 0);
	b->kicked = true;
}

int wait_open(struct begat *b)
{
	int err;

	b->gap_ns = GAP_MAX_NS;
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	b->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	/* Without it there is no CPU to spare. */
	b->loadavg_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	b->online_cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (b->epoll_fd < 0 || b->timer_fd < 0)
		return error_set(&b->error, -errno, "cannot make a descriptor to wait on: %s",
				 strerror(errno));
	err = b->transport_ops->watch(b->transport, b->epoll_fd);
	if (!err)
		err = add(b->epoll_fd, b->timer_fd);
	if (!err && b->mode == BEGAT_LOW) {
		b->always_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
		err = b->always_fd < 0 ? -errno : add(b->epoll_fd, b->always_fd);
	}
	if (err)
		return error_set(&b->error, err, "cannot wait for records: %s", strerror(-err));
	if (b->mode == BEGAT_BATCH)
		set_timer(b, BATCH_NS, BATCH_NS);
	return 0;
}

void wait_close(struct begat *b)
{
	int fds[] = { b->epoll_fd, b->timer_fd, b->always_fd, b->loadavg_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void wait_arm(struct begat *b)
{
	uint64_t fold_ns;

	if (b->mode == BEGAT_LOW || b->finished)
		return;
	fold_ns = coalesce_wait_ns(b);
	if (b->snapshot_due) { /* begat_fd() says at once that there is something to deliver */
		set_timer(b, 1, b->mode == BEGAT_BATCH ? BATCH_NS : 0);
	} else if (fold_ns) {
		set_timer(b, fold_ns, 0);
		b->kicked = true;
	} else if (b->sweep_due && !b->timer_armed) {
		set_timer(b, b->window_ns + SWEEP_NS, 0);
	}
	__atomic_store_n(&probes_reader(b->probes)->sleeping, 1, __ATOMIC_SEQ_CST);
}

static bool is_storm(const struct begat *b)
{
	return b->mode == BEGAT_BALANCED && b->gap_ns < STORM_GAP_NS;
}

/* Out of a storm, for lack of a CPU: sleep without being announced, until the timer goes off. */
static bool wait_nap(struct begat *b)
{
	if (!b->is_crowded || !is_storm(b) || b->finished || b->snapshot_due)
		return false;
	b->is_crowded = false;
	b->is_napping = true;
	set_timer(b, NAP_NS, 0);
	return true;
}

void wait_leave(struct begat *b)
{
	b->transport_ops->release(b->transport); /* else the descriptor is readable */
	if (wait_nap(b))
		return;
	wait_arm(b);
	/* Announced first, looked at second: as send.h has it the other way round. */
	if (b->mode == BEGAT_BALANCED && !b->finished && !b->transport_ops->is_empty(b->transport))
		kick(b);
}

void wait_disarm(struct begat *b)
{
	if (b->is_napping)
		read_timer(b);
	b->is_napping = false;
	if (b->mode != BEGAT_LOW)
		__atomic_store_n(&probes_reader(b->probes)->sleeping, 0, __ATOMIC_RELAXED);
}

/* The mean of the last few times between records: @count have come since the last ones. */
void wait_note(struct begat *b, int count, uint64_t now_ns)
{
	uint64_t gap_ns = (now_ns - b->last_drain_ns) / count;

	b->gap_ns = (15 * b->gap_ns + (gap_ns < GAP_MAX_NS ? gap_ns : GAP_MAX_NS)) / 16;
	b->last_drain_ns = now_ns;
}

/*
 * Is there a CPU that nothing else runs on? We are one of those that run, and there is one more
 * than there are jobs: records come when a parent and its child run side by side, after a fork and
 * at an exit. Where that is one too many, a yield soon takes long.
 */
static bool has_spare_cpu(struct begat *b, uint64_t now_ns)
{
	char text[128];
	unsigned int running;
	ssize_t n;

	if (now_ns - b->spare_looked_ns < SPARE_NS)
		return b->has_spare_cpu;
	b->spare_looked_ns = now_ns;
	n = pread(b->loadavg_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	b->has_spare_cpu = b->online_cpus > 1 && sscanf(text, "%*s %*s %*s %u/", &running) == 1 &&
			   running <= b->online_cpus + 1;
	return b->has_spare_cpu;
}

/*
 * How long the next record is worth waiting for. A record that came alone is not followed at once.
 */
static uint64_t spin_ns(const struct begat *b, bool is_burst)
{
	if (b->mode == BEGAT_BATCH)
		return 0;
	if (b->mode == BEGAT_LOW)
		return LOW_SPIN_NS;
	if (is_storm(b))
		return STORM_SPIN_NS;
	return is_burst ? SPIN_NS : 0;
}

bool wait_spin(struct begat *b, bool is_burst, uint64_t deadline_ns)
{
	uint64_t now = tracer_now_ns(), until = now + spin_ns(b, is_burst);

	if (is_storm(b) && !has_spare_cpu(b, now)) {
		b->is_crowded = true;
		until = now;
	}
	if (until > deadline_ns)
		until = deadline_ns;
	while (now < until) {
		for (int i = 0; i < SPIN_CHECK; i++) {
			if (!b->transport_ops->is_empty(b->transport))
				return true;
			relax();
		}
		now = tracer_now_ns();
		if (b->mode == BEGAT_BALANCED) {
			uint64_t yielded = now;

			sched_yield();
			now = tracer_now_ns();
			b->is_crowded = now - yielded > YIELD_NS;
			if (b->is_crowded)
				break;
		}
	}
	return !b->transport_ops->is_empty(b->transport);
}

static void sweep(struct begat *b)
{
	b->sweep_due = false;
	probes_sweep(b->probes, tracer_now_ns() - b->clock_offset_ns);
}

int wait_sleep(struct begat *b, int timeout_ms)
{
	struct epoll_event event;
	int n;

	b->transport_ops->release(b->transport);
	if (wait_nap(b)) {
		/* nothing to announce, nothing to look for */
	} else if (b->mode == BEGAT_BALANCED) {
		wait_arm(b); /* and then look, as in wait_leave() */
		if (!b->transport_ops->is_empty(b->transport)) {
			wait_disarm(b);
			return 0;
		}
	} else {
		wait_arm(b);
	}
	n = epoll_wait(b->epoll_fd, &event, 1, timeout_ms);
	wait_disarm(b);
	if (n < 0)
		return -errno;
	b->wakeups++;
	read_timer(b);
	if (b->transport_ops->is_empty(b->transport)) {
		if (b->sweep_due && !b->timer_armed && !b->kicked)
			sweep(b); /* after a kick: wait_arm() sets the timer for it */
		b->kicked = false;
	}
	return 0;
}
