/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_queue.c - the queue between capture and writer.
 *
 * Owns:    order, exactness, what happens when it is full, two threads.
 */
#include <begat/trace.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "store_help.h"

static int push(const struct begat_event *ev, void *ctx)
{
	assert_int_equal(begat_queue_push(ctx, ev), 0);
	return 0;
}

static void test_exact(void **state)
{
	static void (*const stories[])(struct synthetic *) = { synthetic_hostile };
	struct store_capture before = { 0 }, after = { 0 };
	struct begat_queue *q = NULL;
	const struct begat_event *ev;
	struct synthetic s;
	bool is_closed;

	assert_int_equal(begat_queue_new(16 << 20, &q), 0);
	synthetic_init(&s, store_capture_event, &before);
	stories[0](&s);
	synthetic_summary(&s);
	synthetic_init(&s, push, q);
	stories[0](&s);
	synthetic_summary(&s);
	assert_int_equal(begat_queue_lost(q), 0);
	begat_queue_close(q);
	while ((ev = begat_queue_pop(q, -1, &is_closed)))
		store_capture_event(ev, &after);
	assert_true(is_closed);
	store_compare(&before, &after);
	store_capture_done(&before);
	store_capture_done(&after);
	begat_queue_free(q);
}

static int push_or_lose(const struct begat_event *ev, void *ctx)
{
	begat_queue_push(ctx, ev);
	return 0;
}

/* What does not fit is told where it is missing: sums by type are whole. */
static void test_full(void **state)
{
	struct begat_queue *q = NULL;
	const struct begat_event *ev;
	uint64_t seen[BEGAT_TYPE_SLOTS] = { 0 }, gaps = 0, lost;
	struct synthetic s;
	bool is_closed;

	assert_int_equal(begat_queue_new(256 << 10, &q), 0);
	synthetic_init(&s, push_or_lose, q);
	synthetic_storm(&s, 1000, 10);
	lost = begat_queue_lost(q);
	assert_true(lost > 0);
	/* Make room for half of it, then lose again. */
	for (int i = 0; i < 100; i++) {
		ev = begat_queue_pop(q, 0, &is_closed);
		assert_non_null(ev);
		seen[ev->type]++;
	}
	synthetic_storm(&s, 1000, 10);
	assert_true(begat_queue_lost(q) > lost);
	/* The counts of the last gap need a place: there is one once this is read. */
	for (int i = 0; i < 50; i++) {
		ev = begat_queue_pop(q, 0, &is_closed);
		assert_non_null(ev);
		if (ev->type == BEGAT_LOST)
			seen[ev->class_type] += ev->count;
		else
			seen[ev->type]++;
	}
	begat_queue_close(q);
	while ((ev = begat_queue_pop(q, -1, &is_closed))) {
		if (ev->type == BEGAT_LOST) {
			gaps++;
			assert_true(ev->synthetic);
			assert_true(begat_event_has(ev, BEGAT_F_COUNT));
			seen[ev->class_type] += ev->count;
		} else {
			seen[ev->type]++;
		}
	}
	assert_true(gaps >= 2);
	assert_int_equal(seen[BEGAT_FORK], 2000);
	assert_int_equal(seen[BEGAT_EXEC], 2000);
	assert_int_equal(seen[BEGAT_EXIT], 2000);
	begat_queue_free(q);
}

static void *drain(void *ctx)
{
	uint64_t *seen = calloc(BEGAT_TYPE_SLOTS + 1, sizeof(*seen)); /* the last: in the summary */
	const struct begat_event *ev;
	bool is_closed = false;

	while (!is_closed) {
		ev = begat_queue_pop(ctx, -1, &is_closed);
		if (!ev)
			continue;
		if (ev->type == BEGAT_SUMMARY) {
			seen[BEGAT_TYPE_SLOTS] = ev->stats->lost[BEGAT_FORK];
			assert_int_equal(ev->stats->received[BEGAT_FORK] +
						 ev->stats->lost[BEGAT_FORK],
					 ev->stats->generated[BEGAT_FORK]);
			assert_int_equal(ev->stats->delivered[BEGAT_FORK], seen[BEGAT_FORK]);
		}
		seen[ev->type]++;
	}
	return seen;
}

/* The summary comes through a full queue, and says what was lost there. */
static void test_summary_of_full(void **state)
{
	struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_FORK };
	struct begat_stats stats = { .size = sizeof(stats) };
	struct begat_queue *q = NULL;
	pthread_t thread;
	uint64_t *seen, lost = 0;

	assert_int_equal(begat_queue_new(64 << 10, &q), 0);
	for (int i = 0; i < 1000; i++)
		lost += begat_queue_push(q, &ev) < 0;
	assert_true(lost > 0);
	stats.generated[BEGAT_FORK] = stats.received[BEGAT_FORK] = 1000;
	stats.delivered[BEGAT_FORK] = 1000;
	ev = (struct begat_event){ .size = sizeof(ev), .type = BEGAT_SUMMARY, .stats = &stats };
	assert_int_equal(pthread_create(&thread, NULL, drain, q), 0);
	assert_int_equal(begat_queue_push(q, &ev), 0);
	begat_queue_close(q);
	pthread_join(thread, (void **)&seen);
	assert_int_equal(seen[BEGAT_SUMMARY], 1);
	assert_int_equal(seen[BEGAT_FORK] + lost, 1000);
	assert_int_equal(seen[BEGAT_TYPE_SLOTS], lost);
	free(seen);
	begat_queue_free(q);
}

/* An event that is larger than the queue is lost, and nothing else. */
static void test_too_large(void **state)
{
	static char big[64 << 10];
	struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_EXEC };
	struct begat_queue *q = NULL;
	bool is_closed;

	assert_int_equal(begat_queue_new(32 << 10, &q), 0);
	ev.argv = (struct begat_strv){ .data = big, .bytes = sizeof(big), .count = sizeof(big) };
	assert_int_equal(begat_queue_push(q, &ev), -ENOBUFS);
	ev.argv = (struct begat_strv){ .data = "a", .bytes = 2, .count = 1 };
	assert_int_equal(begat_queue_push(q, &ev), 0);
	assert_int_equal(begat_queue_pop(q, 0, &is_closed)->type, BEGAT_LOST);
	assert_int_equal(begat_queue_pop(q, 0, &is_closed)->type, BEGAT_EXEC);
	assert_null(begat_queue_pop(q, 0, &is_closed));
	assert_false(is_closed);
	begat_queue_free(q);
}

#define THREAD_EVENTS 200000u

static void *produce(void *ctx)
{
	struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_FORK };
	char comm[16];

	for (uint32_t i = 0; i < THREAD_EVENTS; i++) {
		ev.seq = i;
		ev.comm =
			(struct begat_str){ comm, (size_t)snprintf(comm, sizeof(comm), "c%u", i) };
		begat_queue_push(ctx, &ev);
	}
	begat_queue_close(ctx);
	return NULL;
}

/* Both sides at full speed over a small ring: order, content, no wake-up missed, none uncounted. */
static void test_two_threads(void **state)
{
	struct begat_queue *q = NULL;
	const struct begat_event *ev;
	uint64_t next = 0, lost = 0, got = 0;
	pthread_t thread;
	bool is_closed = false;

	assert_int_equal(begat_queue_new(64 << 10, &q), 0);
	assert_int_equal(pthread_create(&thread, NULL, produce, q), 0);
	while (!is_closed) {
		char comm[16];

		ev = begat_queue_pop(q, -1, &is_closed);
		if (!ev)
			continue;
		if (ev->type == BEGAT_LOST) {
			assert_int_equal(ev->class_type, BEGAT_FORK);
			next += ev->count;
			lost += ev->count;
			continue;
		}
		assert_int_equal(ev->seq, next);
		snprintf(comm, sizeof(comm), "c%u", (unsigned)next);
		assert_string_equal(ev->comm.data, comm);
		next++;
		got++;
	}
	pthread_join(thread, NULL);
	assert_int_equal(got + lost, THREAD_EVENTS);
	assert_true(got > 0);
	begat_queue_free(q);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),		cmocka_unit_test(test_full),
		cmocka_unit_test(test_summary_of_full), cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
