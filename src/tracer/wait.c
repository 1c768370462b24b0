/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/wait.c - spin or sleep, and telling the kernel which.
 *
 * Owns: the epoll instance behind begat_fd(), its timer, the reader's flag, how long to spin.
 *
 *   low       always spins; begat_fd() is always readable
 *   balanced  spins after a record as long as the next is likely to come at once, then sleeps
 *   batch     sleeps until a quarter of the buffer is full or BATCH_NS have gone by
 *
 * The timer serves batch's interval and, in balanced, one look after the dead (attach_sweep) when
 * no hook comes by to reclaim their cache entries.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tracer/tracer.h"

#define BATCH_NS 100000000ull
#define SPIN_MAX_NS 50000ull /* never longer than two wake-ups cost */
#define SPIN_CHECK 64 /* looks between two readings of the clock */

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

int wait_open(struct begat *b)
{
	int err;

	b->gap_ns = SPIN_MAX_NS;
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	b->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
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
	int fds[] = { b->epoll_fd, b->timer_fd, b->always_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void wait_arm(struct begat *b)
{
	if (b->mode == BEGAT_LOW || b->finished)
		return;
	if (b->snapshot_due) /* begat_fd() says at once that there is something to deliver */
		set_timer(b, 1, b->mode == BEGAT_BATCH ? BATCH_NS : 0);
	else if (b->sweep_due && !b->timer_armed)
		set_timer(b, b->window_ns + 1000000, 0);
	__atomic_store_n(&attach_reader(b->attach)->sleeping, 1, __ATOMIC_SEQ_CST);
}

void wait_disarm(struct begat *b)
{
	if (b->mode != BEGAT_LOW)
		__atomic_store_n(&attach_reader(b->attach)->sleeping, 0, __ATOMIC_RELAXED);
}

/* How long the next record is worth waiting for: only while they come thick and fast. */
static uint64_t spin_ns(const struct begat *b)
{
	if (b->mode == BEGAT_BATCH)
		return 0;
	return b->gap_ns < SPIN_MAX_NS ? SPIN_MAX_NS : 0;
}

bool wait_spin(struct begat *b, uint64_t deadline_ns)
{
	uint64_t now = tracer_now_ns(), start = now, until = deadline_ns;

	if (b->mode != BEGAT_LOW) {
		uint64_t spin = spin_ns(b);

		until = now + spin < deadline_ns ? now + spin : deadline_ns;
	}
	while (now < until) {
		for (int i = 0; i < SPIN_CHECK; i++) {
			if (!b->transport_ops->is_empty(b->transport)) {
				now = tracer_now_ns();
				b->gap_ns = (7 * b->gap_ns + (now - start)) / 8;
				return true;
			}
			relax();
		}
		now = tracer_now_ns();
	}
	return false;
}

static void sweep(struct begat *b)
{
	b->sweep_due = false;
	attach_sweep(b->attach, tracer_now_ns());
}

int wait_sleep(struct begat *b, int timeout_ms)
{
	uint64_t slept = tracer_now_ns();
	struct epoll_event event;
	int n;

	if (b->mode == BEGAT_BALANCED) {
		wait_arm(b);
		/* Announced first, looked at second: as send.h has it the other way round. */
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
		if (b->sweep_due && !b->timer_armed)
			sweep(b);
	} else {
		uint64_t gap = tracer_now_ns() - slept;

		b->gap_ns = (7 * b->gap_ns + (gap < 2 * SPIN_MAX_NS ? gap : 2 * SPIN_MAX_NS)) / 8;
	}
	return 0;
}
