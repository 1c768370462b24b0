/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/queue.c - events between the thread that captures and the one that writes.
 *
 * Owns:    a ring of bytes with one producer and one consumer; what is lost when it is full.
 * Not:     the threads (cli/recorder.c).
 *
 *   head (producer) -->  [ record | record | wrap mark ...... | record ]  <-- tail (consumer)
 *
 * Invariants
 *  (1) A push never blocks and never allocates. What does not fit is counted by type, and the
 *      next push that does fit carries the counts: the consumer then sees lost events before it,
 *      at the place of the gap. Only the summary waits for room: by then nothing is captured, and
 *      it is the one event that says what the others are worth.
 *  (2) head and tail only grow; head - tail is at most the size. A record does not wrap.
 *  (3) The consumer's wake-up is written only when it waits.
 *  (4) While the consumer keeps up, records go into the first WARM_BYTES: only a queue that filled
 *      up once has touched all of its memory.
 */
#include <begat/trace.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/api.h"
#include "base/opts.h"
#include "store/format/slots.h"

#define QUEUE_BYTES (64u << 20)
#define WARM_BYTES (1u << 20)
#define STATS_TEXTS 4

/* A record: this, the event, then what it points to, in the order of the pointers. */
struct record {
	uint64_t size; /* all of it, a multiple of 8; 0 = go on at the start of the ring */
	uint64_t lost[BEGAT_TYPE_SLOTS]; /* before it, by type */
	struct begat_event ev;
};

struct begat_queue {
	char *data;
	size_t size;
	int wake_fd;
	_Alignas(64) _Atomic uint64_t head; /* written by the producer */
	_Atomic uint64_t lost_total;
	_Atomic bool is_closed;
	uint64_t lost[BEGAT_TYPE_SLOTS]; /* producer's: not yet told */
	uint64_t dropped[BEGAT_TYPE_SLOTS]; /* producer's: here, in all */
	_Alignas(64) _Atomic uint64_t tail; /* written by the consumer */
	_Atomic bool is_waiting;
	uint64_t popped; /* consumer's: size of the record that it has in hand */
	struct begat_event gap; /* consumer's: the lost event in hand */
	unsigned gap_type; /* next type to look at in the record's counts */
};

static const size_t str_offsets[] = {
	offsetof(struct begat_event, comm),
	offsetof(struct begat_event, tty),
	offsetof(struct begat_event, cgroup),
	offsetof(struct begat_event, container_id),
	offsetof(struct begat_event, container_runtime),
	offsetof(struct begat_event, pod_uid),
	offsetof(struct begat_event, filename),
	offsetof(struct begat_event, exe),
	offsetof(struct begat_event, interpreter),
	offsetof(struct begat_event, cwd),
	offsetof(struct begat_event, killed_by_comm),
	offsetof(struct begat_event, fd_path),
	offsetof(struct begat_event, missing_interpreter),
};
static const size_t strv_offsets[] = { offsetof(struct begat_event, argv),
				       offsetof(struct begat_event, env) };
static const size_t text_offsets[STATS_TEXTS] = { offsetof(struct begat_stats, backend),
						  offsetof(struct begat_stats, transport),
						  offsetof(struct begat_stats, latency),
						  offsetof(struct begat_stats, fallback) };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void *at(const void *base, size_t offset)
{
	return (char *)base + offset;
}

static size_t aligned(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

BEGAT_API int begat_queue_new(size_t bytes, struct begat_queue **ret_queue)
{
	struct begat_queue *q = aligned_alloc(64, (sizeof(*q) + 63) & ~(size_t)63);

	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->size = aligned(bytes ? bytes : QUEUE_BYTES);
	q->data = malloc(q->size);
	q->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!q->data || q->wake_fd < 0) {
		begat_queue_free(q);
		return -ENOMEM;
	}
	*ret_queue = q;
	return 0;
}

BEGAT_API void begat_queue_free(struct begat_queue *q)
{
	if (!q)
		return;
	if (q->wake_fd >= 0)
		close(q->wake_fd);
	free(q->data);
	free(q);
}

static const char *text_of(const struct begat_stats *stats, size_t offset)
{
	const char *text;

	memcpy(&text, at(stats, offset), sizeof(text));
	return text;
}

static size_t measure(const struct begat_event *ev)
{
	size_t size = sizeof(struct record) + aligned(ev->pids_count * sizeof(*ev->pids));

	for (size_t i = 0; i < COUNT(str_offsets); i++)
		size += aligned(((struct begat_str *)at(ev, str_offsets[i]))->len + 1);
	for (size_t i = 0; i < COUNT(strv_offsets); i++)
		size += aligned(((struct begat_strv *)at(ev, strv_offsets[i]))->bytes + 1);
	if (!ev->stats)
		return size;
	size += aligned(sizeof(*ev->stats));
	for (size_t i = 0; i < STATS_TEXTS; i++) {
		const char *text = text_of(ev->stats, text_offsets[i]);

		size += text ? aligned(strlen(text) + 1) : 0;
	}
	return size;
}

static char *put(char **to, const void *data, size_t len)
{
	char *start = *to;

	if (len)
		memcpy(start, data, len);
	start[len] = '\0';
	*to += aligned(len + 1);
	return start;
}

/* The tracer received what was dropped here, but the reader of the other end did not. */
static void account(const struct begat_queue *q, struct begat_stats *stats)
{
	for (int i = 0; i < BEGAT_TYPE_SLOTS; i++) {
		uint64_t n = q->dropped[i];
		uint64_t received = n < stats->received[i] ? n : stats->received[i];
		uint64_t delivered = n < stats->delivered[i] ? n : stats->delivered[i];

		stats->received[i] -= received;
		stats->lost[i] += received;
		stats->delivered[i] -= delivered;
	}
}

static void put_stats(const struct begat_queue *q, struct begat_event *copy, char **to)
{
	struct begat_stats *stats = (struct begat_stats *)*to;

	opts_copy(stats, sizeof(*stats), copy->stats);
	account(q, stats);
	*to += aligned(sizeof(*stats));
	for (size_t i = 0; i < STATS_TEXTS; i++) {
		const char *text = text_of(stats, text_offsets[i]);

		if (!text)
			continue;
		text = put(to, text, strlen(text));
		memcpy(at(stats, text_offsets[i]), &text, sizeof(text));
	}
	copy->stats = stats;
}

/* Pointers stay good: a record does not move while it is in the ring. */
static void write_record(const struct begat_queue *q, struct record *record,
			 const struct begat_event *ev)
{
	struct begat_event *copy = &record->ev;
	char *to = (char *)(record + 1);

	memcpy(copy, ev, sizeof(*copy));
	if (ev->pids_count && ev->pids) {
		size_t bytes = ev->pids_count * sizeof(*ev->pids);

		memcpy(to, ev->pids, bytes);
		copy->pids = (uint32_t *)to;
		to += aligned(bytes);
	}
	for (size_t i = 0; i < COUNT(str_offsets); i++) {
		struct begat_str *str = at(copy, str_offsets[i]);

		if (str->data)
			str->data = put(&to, str->data, str->len);
	}
	for (size_t i = 0; i < COUNT(strv_offsets); i++) {
		struct begat_strv *strv = at(copy, strv_offsets[i]);

		if (strv->data)
			strv->data = put(&to, strv->data, strv->bytes);
	}
	if (ev->stats)
		put_stats(q, copy, &to);
}

static void wake(struct begat_queue *q)
{
	uint64_t one = 1;

	/* Full means that a wake-up is pending already. */
	if (write(q->wake_fd, &one, sizeof(one)) < 0)
		return;
}

/* Room for @size bytes in one piece at the producer's end, or NULL. */
static struct record *reserve(struct begat_queue *q, size_t size, uint64_t *ret_head)
{
	uint64_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	size_t offset = (size_t)(head % q->size);
	size_t to_end = q->size - offset;
	bool is_drained = head == tail && offset >= WARM_BYTES && to_end + size <= q->size;
	size_t skip = to_end < size || is_drained ? to_end : 0;

	if (size > q->size || q->size - (size_t)(head - tail) < size + skip)
		return NULL;
	if (skip) {
		((struct record *)(q->data + offset))->size = 0;
		head += skip;
		offset = 0;
	}
	*ret_head = head;
	return (struct record *)(q->data + offset);
}

static void count_lost(struct begat_queue *q, const struct begat_event *ev)
{
	unsigned type = ev->type < BEGAT_TYPE_SLOTS ? ev->type : 0;

	/* A lost event that is lost: the events that it counts are counted already. */
	if (ev->type == BEGAT_LOST && ev->class_type < BEGAT_TYPE_SLOTS) {
		q->lost[ev->class_type] += ev->count;
	} else {
		q->lost[type]++;
		q->dropped[type]++;
	}
	atomic_fetch_add_explicit(&q->lost_total, 1, memory_order_relaxed);
}

static void wait_a_little(void)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	nanosleep(&pause, NULL);
}

BEGAT_API int begat_queue_push(struct begat_queue *q, const struct begat_event *ev)
{
	size_t size = measure(ev);
	uint64_t head;
	struct record *record;

	while (!(record = reserve(q, size, &head)) && ev->type == BEGAT_SUMMARY && size <= q->size)
		wait_a_little();
	if (!record) {
		count_lost(q, ev);
		return -ENOBUFS;
	}
	write_record(q, record, ev);
	memcpy(record->lost, q->lost, sizeof(record->lost));
	memset(q->lost, 0, sizeof(q->lost));
	record->size = size;
	/* Sequentially consistent with is_waiting: one of the two sides sees the other. */
	atomic_store(&q->head, head + size);
	if (atomic_load(&q->is_waiting))
		wake(q);
	return 0;
}

BEGAT_API void begat_queue_close(struct begat_queue *q)
{
	struct begat_event end = { .size = sizeof(end) };
	bool has_lost = false;

	for (int i = 0; i < BEGAT_TYPE_SLOTS; i++)
		has_lost |= q->lost[i] != 0;
	/* What was lost last has no event after it: one without a type carries the counts. It
	 * waits for room; the consumer is at work. */
	while (has_lost && begat_queue_push(q, &end) < 0) {
		q->lost[0]--;
		atomic_fetch_sub_explicit(&q->lost_total, 1, memory_order_relaxed);
		wait_a_little();
	}
	atomic_store(&q->is_closed, true);
	wake(q);
}

BEGAT_API uint64_t begat_queue_lost(const struct begat_queue *q)
{
	return atomic_load_explicit(&q->lost_total, memory_order_relaxed);
}

/* The record at the consumer's end, or NULL. */
static struct record *peek(struct begat_queue *q)
{
	for (;;) {
		uint64_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
		struct record *record;

		if (tail == atomic_load(&q->head))
			return NULL;
		record = (struct record *)(q->data + tail % q->size);
		if (record->size)
			return record;
		atomic_store_explicit(&q->tail, tail + q->size - tail % q->size,
				      memory_order_release);
	}
}

/* The next class of events that was lost before @record, as an event, or NULL. */
static const struct begat_event *next_gap(struct begat_queue *q, const struct record *record)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_COUNT, BEGAT_F_CLASS,
						  BEGAT_F_SYNTHETIC };

	for (; q->gap_type < BEGAT_TYPE_SLOTS; q->gap_type++) {
		if (!record->lost[q->gap_type])
			continue;
		q->gap = (struct begat_event){ .size = sizeof(q->gap),
					       .type = BEGAT_LOST,
					       .time_ns = record->ev.time_ns,
					       .ts_ns = record->ev.ts_ns,
					       .synthetic = true,
					       .count = record->lost[q->gap_type],
					       .class_type = q->gap_type };
		q->gap.has.bits[0] =
			record->ev.has.bits[0] & (1ull << BEGAT_F_TIME | 1ull << BEGAT_F_TS_NS);
		for (size_t i = 0; i < COUNT(known); i++)
			begat_fields_add(&q->gap.has, known[i]);
		q->gap_type++;
		return &q->gap;
	}
	return NULL;
}

static const struct begat_event *take(struct begat_queue *q)
{
	for (;;) {
		struct record *record = peek(q);
		const struct begat_event *gap;

		if (!record)
			return NULL;
		gap = next_gap(q, record);
		if (gap)
			return gap;
		q->gap_type = 0;
		q->popped = record->size;
		if (record->ev.type)
			return &record->ev;
		atomic_fetch_add_explicit(&q->tail, q->popped, memory_order_release);
		q->popped = 0;
	}
}

BEGAT_API const struct begat_event *begat_queue_pop(struct begat_queue *q, int timeout_ms,
						    bool *ret_closed)
{
	const struct begat_event *ev;
	uint64_t ignored;

	if (q->popped)
		atomic_fetch_add_explicit(&q->tail, q->popped, memory_order_release);
	q->popped = 0;
	*ret_closed = false;
	ev = take(q);
	if (ev || !timeout_ms) {
		*ret_closed = !ev && atomic_load(&q->is_closed) && !(ev = take(q));
		return ev;
	}
	atomic_store(&q->is_waiting, true);
	ev = take(q);
	if (!ev && !atomic_load(&q->is_closed)) {
		struct pollfd wait = { .fd = q->wake_fd, .events = POLLIN };

		poll(&wait, 1, timeout_ms);
	}
	atomic_store(&q->is_waiting, false);
	if (read(q->wake_fd, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		return ev;
	if (!ev) {
		bool was_closed = atomic_load(&q->is_closed);

		ev = take(q);
		*ret_closed = !ev && was_closed;
	}
	return ev;
}
