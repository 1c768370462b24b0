/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_waiter.c - every arrow of the diagram in tracer/waiter.h, with a clock and a
 * source of the test's own. The timer is a real one: what it is set to is read back.
 */
#include "tracer/waiter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "unit.h"

#define US 1000ull
#define MS 1000000ull

static uint64_t now_ns, tick_ns, yield_ns;
static struct waiter w;
static const struct waiter_due nothing;

static struct fake {
	struct source base;
	int fd; /* readable: an event has woken the reader */
	bool has_event, is_announced;
	uint32_t wakers; /* what it was announced for */
	bool comes_when_announced; /* an event comes just before: nobody is woken */
	int looks_until_event; /* -1 = none comes */
	int pauses, resumes;
} fake;

static uint64_t fake_now(void)
{
	return now_ns += tick_ns;
}

static int fake_yield(void)
{
	now_ns += yield_ns;
	return 0;
}

static int fake_watch(struct source *source, int epoll_fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ((struct fake *)source)->fd, &event);
}

static bool fake_is_empty(const struct source *source)
{
	if (fake.looks_until_event >= 0 && !fake.looks_until_event--)
		fake.has_event = true;
	return !fake.has_event;
}

static void fake_pause(struct source *source, uint32_t wakers)
{
	fake.pauses++;
	fake.wakers = wakers;
	if (wakers && fake.comes_when_announced)
		fake.has_event = true;
	fake.is_announced = wakers;
}

static void fake_resume(struct source *source)
{
	fake.resumes++;
	fake.is_announced = false;
}

static const struct source_ops ops = {
	.watch = fake_watch,
	.is_empty = fake_is_empty,
	.pause = fake_pause,
	.resume = fake_resume,
};

/* What the source does at an event. */
static void send(void)
{
	uint64_t one = 1;

	fake.has_event = true;
	if (fake.is_announced)
		assert_int_equal(write(fake.fd, &one, sizeof(one)), sizeof(one));
}

static void take(void)
{
	uint64_t count;

	fake.has_event = false;
	assert_true(read(fake.fd, &count, sizeof(count)) > 0 || errno == EAGAIN);
}

/* A machine with two CPUs, of which @running are busy. */
static void set_load(int running)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "0.1 0.1 0.1 %d/400 77\n", running);

	assert_int_equal(pwrite(w.loadavg_fd, text, length, 0), length);
	w.spare_looked_ns = 0;
}

static void open_waiter_for(enum begat_latency mode, uint32_t events)
{
	struct error error = { 0 };

	fake = (struct fake){ .base.ops = &ops, .looks_until_event = -1 };
	fake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	waiter_init(&w);
	assert_int_equal(waiter_open(&w, &fake.base, mode, events, &error), 0);
	w.now_ns = fake_now;
	w.yield = fake_yield;
	w.online_cpus = 2;
	close(w.loadavg_fd);
	w.loadavg_fd = memfd_create("loadavg", MFD_CLOEXEC);
	set_load(1);
	now_ns = 1000000 * MS;
	tick_ns = 100;
	yield_ns = 0;
}

static void open_waiter(enum begat_latency mode)
{
	open_waiter_for(mode, BEGAT_EVENTS_ALL);
}

static int close_waiter(void **state)
{
	waiter_close(&w);
	close(fake.fd);
	return 0;
}

static bool is_readable(int timeout_ms)
{
	struct pollfd poll_fd = { .fd = w.epoll_fd, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static bool has_woken(void)
{
	struct pollfd poll_fd = { .fd = fake.fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static uint64_t timer_ns(void)
{
	struct itimerspec spec;

	assert_int_equal(timerfd_gettime(w.timer_fd, &spec), 0);
	return (uint64_t)spec.it_value.tv_sec * 1000000000 + (uint64_t)spec.it_value.tv_nsec;
}

/* Events come as fast as in a storm. */
static void make_storm(void)
{
	for (int i = 0; i < 100; i++)
		waiter_note(&w, 10, now_ns += 100 * US);
}

static void test_sleep_ends_with_an_event(void **state)
{
	open_waiter(BEGAT_BALANCED);
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_ANNOUNCED);
	assert_true(fake.is_announced && !is_readable(0));
	send();
	assert_true(is_readable(1000));
	waiter_enter(&w);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_false(fake.is_announced);
	take();

	waiter_leave(&w, &nothing);
	send(); /* as if during waiter_sleep() */
	fake.has_event = false;
	assert_int_equal(waiter_sleep(&w, 1000, &nothing), 0);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_int_equal(w.wakeups, 1);
}

static void test_sleep_ends_with_its_time(void **state)
{
	open_waiter(BEGAT_BALANCED);
	assert_int_equal(waiter_sleep(&w, 1, &nothing), 0);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_int_equal(fake.pauses, 1);
	assert_int_equal(fake.resumes, 1);
}

static void on_alarm(int signal)
{
}

static void test_sleep_ends_with_a_signal(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval soon = { .it_value.tv_usec = 20000 }, off = { 0 };

	open_waiter(BEGAT_BALANCED);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(waiter_sleep(&w, 10000, &nothing), -EINTR);
	setitimer(ITIMER_REAL, &off, NULL);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_int_equal(w.wakeups, 0);
}

/* After the last look and before the reader was announced: nobody is woken by it. */
static void test_event_between_look_and_sleep(void **state)
{
	open_waiter(BEGAT_BALANCED);
	fake.comes_when_announced = true;
	assert_int_equal(waiter_sleep(&w, -1, &nothing), 0); /* it does not sleep */
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_int_equal(w.wakeups, 0);

	fake.has_event = false;
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_ANNOUNCED);
	assert_int_equal(w.timer, WAITER_TIMER_DELIVER);
	assert_true(is_readable(1000)); /* by the timer */
	waiter_enter(&w);
	fake.comes_when_announced = false;
	take();
	assert_int_equal(waiter_sleep(&w, 0, &nothing), 0);
	assert_int_equal(w.timer, WAITER_TIMER_OFF);
	assert_false(is_readable(0)); /* the timer was read */
}

static void test_nap_in_a_crowded_storm(void **state)
{
	open_waiter(BEGAT_BALANCED);
	make_storm();
	set_load(5);
	assert_false(waiter_spin(&w, true, UINT64_MAX));
	assert_true(w.is_crowded);
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_NAPPING);
	assert_false(fake.is_announced);
	send();
	assert_false(has_woken()); /* no traced process pays for a wake-up */
	assert_true(timer_ns() <= 2 * MS);
	assert_true(is_readable(1000));
	waiter_enter(&w);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_int_equal(w.timer, WAITER_TIMER_OFF);
	assert_int_equal(fake.resumes, 0);
	take();

	/* One nap for one look at the machine. */
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_ANNOUNCED);
	waiter_enter(&w);

	assert_false(waiter_spin(&w, true, UINT64_MAX));
	assert_int_equal(waiter_sleep(&w, -1, &nothing), 0);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_int_equal(w.wakeups, 1);
}

static void test_no_nap_if_something_is_due(void **state)
{
	const struct waiter_due due = { .deliver_ns = 1 };

	open_waiter(BEGAT_BALANCED);
	make_storm();
	w.is_crowded = true;
	waiter_leave(&w, &due);
	assert_int_equal(w.state, WAITER_ANNOUNCED);
	assert_true(is_readable(1000));
}

static void test_two_pauses_end_a_storm(void **state)
{
	open_waiter(BEGAT_BALANCED);
	make_storm();
	waiter_note(&w, 1, now_ns += 3000 * MS);
	w.is_crowded = true;
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_NAPPING);
	waiter_enter(&w);
	for (int i = 0; i < 8; i++)
		waiter_note(&w, 1, now_ns += 3000 * MS);
	w.is_crowded = true;
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_ANNOUNCED);
}

static uint64_t time_spin(bool is_burst)
{
	uint64_t before = now_ns;

	assert_false(waiter_spin(&w, is_burst, UINT64_MAX));
	return now_ns - before;
}

static void test_spin(void **state)
{
	open_waiter(BEGAT_BALANCED);
	assert_true(time_spin(false) < 1 * US); /* one event alone is not followed at once */
	assert_in_range(time_spin(true), 6 * US, 7 * US);
	make_storm();
	assert_in_range(time_spin(true), 600 * US, 601 * US);
	assert_int_equal(w.state, WAITER_AWAKE);
	fake.looks_until_event = 100;
	assert_true(waiter_spin(&w, true, UINT64_MAX));
	take();
	assert_false(waiter_spin(&w, true, now_ns + 10 * US)); /* not beyond the deadline */

	yield_ns = 50 * US; /* somebody else had the CPU */
	assert_in_range(time_spin(true), 50 * US, 51 * US);
	assert_true(w.is_crowded);
	close_waiter(NULL);

	open_waiter(BEGAT_BATCH);
	assert_true(time_spin(true) < 1 * US);
	close_waiter(NULL);

	open_waiter(BEGAT_LOW);
	assert_in_range(time_spin(false), 100 * US, 101 * US);
}

static void test_load_is_read_rarely(void **state)
{
	open_waiter(BEGAT_BALANCED);
	make_storm();
	assert_true(time_spin(true) > 500 * US);
	assert_int_equal(pwrite(w.loadavg_fd, "0.1 0.1 0.1 9", 13, 0), 13);
	assert_true(time_spin(true) > 500 * US);
	now_ns += 5 * MS;
	assert_true(time_spin(true) < 1 * US);
}

static void test_sweep_when_it_is_quiet(void **state)
{
	const struct waiter_due due = { .sweep_ns = 5 * MS };

	open_waiter(BEGAT_BALANCED);
	waiter_leave(&w, &due);
	assert_int_equal(w.timer, WAITER_TIMER_SWEEP);
	waiter_enter(&w);
	waiter_leave(&w, &due); /* the timer runs on */
	assert_true(timer_ns() <= 5 * MS);
	waiter_enter(&w);
	assert_int_equal(waiter_sleep(&w, -1, &due), WAITER_SWEEP);
	assert_int_equal(w.timer, WAITER_TIMER_OFF);

	/* Not if there are events: hooks have come by. */
	waiter_leave(&w, &due);
	assert_true(is_readable(1000));
	send();
	assert_int_equal(waiter_sleep(&w, -1, &due), 0);
}

static void test_held_event_is_due(void **state)
{
	const struct waiter_due due = { .deliver_ns = 3 * MS, .sweep_ns = 5 * MS };

	open_waiter(BEGAT_BALANCED);
	waiter_leave(&w, &due);
	assert_int_equal(w.timer, WAITER_TIMER_DELIVER);
	waiter_enter(&w);
	assert_int_equal(waiter_sleep(&w, -1, &due), 0); /* and no sweep */
}

static void test_batch_keeps_its_interval(void **state)
{
	const struct waiter_due due = { .deliver_ns = 1, .sweep_ns = 1 * MS };

	open_waiter(BEGAT_BATCH);
	assert_int_equal(w.timer, WAITER_TIMER_BATCH);
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_ANNOUNCED);
	assert_in_range(timer_ns(), 1, 100 * MS);
	waiter_enter(&w);
	assert_int_equal(waiter_sleep(&w, -1, &due), 0);
	assert_int_equal(w.timer, WAITER_TIMER_BATCH);
	assert_in_range(timer_ns(), 1, 100 * MS);
	/* It looks at its buffer after the interval only. */
	fake.comes_when_announced = true;
	waiter_leave(&w, &nothing);
	assert_int_equal(w.timer, WAITER_TIMER_BATCH);
}

static void test_low_is_always_awake(void **state)
{
	open_waiter(BEGAT_LOW);
	waiter_leave(&w, &nothing);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_false(fake.is_announced);
	assert_int_equal(fake.pauses, 1); /* what was given may be overwritten */
	assert_true(is_readable(0));
}

static void test_nothing_is_announced_after_the_end(void **state)
{
	const struct waiter_due due = { .is_finished = true, .deliver_ns = 1, .sweep_ns = 1 };

	open_waiter(BEGAT_BALANCED);
	waiter_leave(&w, &due);
	assert_int_equal(w.state, WAITER_AWAKE);
	assert_int_equal(w.timer, WAITER_TIMER_OFF);
	assert_false(fake.is_announced || is_readable(0));
}

/* A fork wakes only readers of forks. */
static void test_who_wakes(void **state)
{
	const uint32_t text = BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXIT);

	open_waiter_for(BEGAT_BALANCED, text);
	waiter_leave(&w, &nothing);
	assert_int_equal(fake.wakers, text);
	assert_int_equal(w.timer, WAITER_TIMER_OFF); /* nobody waits for the fork */
	close_waiter(NULL);

	open_waiter_for(BEGAT_BALANCED, BEGAT_EVENT_BIT(BEGAT_FORK));
	waiter_leave(&w, &nothing);
	assert_int_equal(fake.wakers, BEGAT_EVENTS_ALL); /* there is no exec to come with */
	close_waiter(NULL);

	open_waiter(BEGAT_BATCH); /* the volume does */
	waiter_leave(&w, &nothing);
	assert_int_equal(fake.wakers, BEGAT_EVENTS_ALL);
}

/* A stream with forks: one that wakes nobody is seen by a timer. */
static void test_late_forks(void **state)
{
	const struct waiter_due due = { .sweep_ns = 60 * MS };
	const uint32_t prompt = BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) |
				BEGAT_EVENT_BIT(BEGAT_EXIT);

	open_waiter(BEGAT_BALANCED);
	waiter_note_fork(&w, now_ns);
	waiter_leave(&w, &due); /* the only one in a long time */
	assert_int_equal(fake.wakers, BEGAT_EVENTS_ALL);
	assert_int_equal(w.timer, WAITER_TIMER_SWEEP);
	waiter_enter(&w);

	now_ns += 19 * MS;
	waiter_note_fork(&w, now_ns);
	waiter_leave(&w, &due); /* sooner than what waits already */
	assert_int_equal(fake.wakers, prompt);
	assert_int_equal(w.timer, WAITER_TIMER_LATE);
	assert_in_range(timer_ns(), 1, 20 * MS);
	waiter_enter(&w);
	assert_int_equal(waiter_sleep(&w, 0, &due), 0); /* it goes on to run */
	assert_int_equal(w.timer, WAITER_TIMER_LATE);
	assert_int_equal(waiter_sleep(&w, -1, &due), 0);
	assert_int_equal(w.timer, WAITER_TIMER_OFF);

	/* Nothing has come: the next fork wakes the reader, and no timer does. */
	now_ns += 20 * MS;
	waiter_leave(&w, &due);
	assert_int_equal(fake.wakers, BEGAT_EVENTS_ALL);
	assert_int_equal(w.timer, WAITER_TIMER_SWEEP);
	waiter_enter(&w);

	/* So does each of forks that come more than 20 ms apart. */
	now_ns += 1 * MS;
	waiter_note_fork(&w, now_ns);
	waiter_leave(&w, &due);
	assert_int_equal(fake.wakers, BEGAT_EVENTS_ALL);
}

#define TEST(name) cmocka_unit_test_teardown(test_##name, close_waiter)

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		TEST(sleep_ends_with_an_event),
		TEST(sleep_ends_with_its_time),
		TEST(sleep_ends_with_a_signal),
		TEST(event_between_look_and_sleep),
		TEST(nap_in_a_crowded_storm),
		TEST(no_nap_if_something_is_due),
		TEST(two_pauses_end_a_storm),
		TEST(spin),
		TEST(load_is_read_rarely),
		TEST(sweep_when_it_is_quiet),
		TEST(held_event_is_due),
		TEST(batch_keeps_its_interval),
		TEST(low_is_always_awake),
		TEST(nothing_is_announced_after_the_end),
		TEST(who_wakes),
		TEST(late_forks),
	};

	return cmocka_run_group_tests_name("waiter", tests, NULL, NULL);
}
