/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/unit/test_perfbuf.c - the merge of perf buffers, on buffers in ordinary memory. */
#define transport_perfbuf perfbuf_under_test
#include "transport/perfbuf.c"
#undef transport_perfbuf

#include "unit.h"

#define CPUS 67 /* several levels of a heap, the last one not full */
#define PAYLOAD_BYTES 44 /* with perf's four bytes for the size, a multiple of eight */

struct seen {
	struct transport *t;
	uint64_t last_ts_ns, stop_at_ns;
	int count;
	bool feeds; /* each record causes another one */
};

static struct transport *make_buffers(void)
{
	struct transport *t = calloc(1, sizeof(*t));

	t->page_bytes = 4096;
	t->bytes = 4096;
	t->cpu_count = CPUS;
	t->cpus = calloc(CPUS, sizeof(*t->cpus));
	t->heap = calloc(CPUS, sizeof(struct cpu_buffer *));
	for (uint32_t i = 0; i < CPUS; i++) {
		t->cpus[i].fd = -1;
		if (i != 5) /* offline */
			t->cpus[i].page =
				mmap(NULL, t->page_bytes + t->bytes, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(t->cpus[i].page, MAP_FAILED);
	}
	return t;
}

/* As the kernel does it: the record wraps where the buffer ends, and the head is written last. */
static void put_type(struct transport *t, uint32_t cpu, uint32_t type, uint64_t ts_ns)
{
	char data[sizeof(struct sample) + PAYLOAD_BYTES] = { 0 };
	struct sample *sample = (struct sample *)data;
	struct perf_event_mmap_page *page = t->cpus[cpu].page;

	sample->header.type = type;
	sample->header.size = sizeof(data);
	sample->size = PAYLOAD_BYTES;
	memcpy(data + sizeof(*sample) + TIMESTAMP_OFFSET, &ts_ns, sizeof(ts_ns));
	for (size_t i = 0; i < sizeof(data); i++)
		((char *)page)[t->page_bytes + ((page->data_head + i) & (t->bytes - 1))] = data[i];
	page->data_head += sizeof(data);
}

static void put(struct transport *t, uint32_t cpu, uint64_t ts_ns)
{
	put_type(t, cpu, PERF_RECORD_SAMPLE, ts_ns);
}

static int see(void *ctx, const void *record, size_t size)
{
	struct seen *seen = ctx;
	uint64_t ts_ns = ((const struct rec_header *)record)->ts_ns;

	assert_true(size == (PAYLOAD_BYTES & ~7u));
	assert_true(ts_ns > seen->last_ts_ns);
	seen->last_ts_ns = ts_ns;
	seen->count++;
	if (seen->feeds)
		put(seen->t, 0, ts_ns + 1000000);
	return ts_ns == seen->stop_at_ns ? -ECANCELED : 0;
}

/* 10 records for each CPU in an order that no CPU's number tells. */
static void put_many(struct transport *t, uint64_t *ts_ns)
{
	for (uint32_t i = 0; i < 10 * CPUS; i++) {
		uint32_t cpu = i * 29 % CPUS;

		if (t->cpus[cpu].page)
			put(t, cpu, ++*ts_ns);
	}
}

static void test_order(void **state)
{
	struct transport *t = make_buffers();
	struct seen seen = { .t = t };
	uint64_t ts_ns = 0;

	assert_true(perfbuf_is_empty(t));
	assert_int_equal(perfbuf_drain(t, INT32_MAX, see, &seen), 0);
	for (int round = 0; round < 20; round++) { /* several times round each buffer */
		put_many(t, &ts_ns);
		assert_false(perfbuf_is_empty(t));
		assert_int_equal(perfbuf_drain(t, INT32_MAX, see, &seen), 10 * (CPUS - 1));
	}
	assert_int_equal(seen.last_ts_ns, ts_ns);
	assert_true(perfbuf_is_empty(t));
	perfbuf_close(t);
}

static void test_part(void **state)
{
	struct transport *t = make_buffers();
	struct seen seen = { .t = t };
	uint64_t ts_ns = 0;

	put_many(t, &ts_ns);
	for (int i = 0; i < 10 * (CPUS - 1); i += 3)
		assert_int_equal(perfbuf_drain(t, 3, see, &seen), 3);
	assert_int_equal(perfbuf_drain(t, 3, see, &seen), 0);
	put_many(t, &ts_ns);
	seen.stop_at_ns = seen.last_ts_ns + 7;
	assert_int_equal(perfbuf_drain(t, INT32_MAX, see, &seen), -ECANCELED);
	assert_int_equal(perfbuf_drain(t, INT32_MAX, see, &seen), 10 * (CPUS - 1) - 7);
	perfbuf_close(t);
}

/* What was begun after the drain's looks waits for the next drain. */
static void test_looks(void **state)
{
	struct transport *t = make_buffers();
	struct seen seen = { .t = t, .feeds = true };

	for (uint32_t cpu = 1; cpu < 5; cpu++)
		put(t, cpu, cpu);
	assert_int_equal(perfbuf_drain(t, INT32_MAX, see, &seen), 4);
	seen.feeds = false;
	assert_int_equal(perfbuf_drain(t, INT32_MAX, see, &seen), 4);
	assert_true(perfbuf_is_empty(t));
	perfbuf_close(t);
}

/* perf's own notes of loss are between records, or alone in a buffer. */
static void test_notes(void **state)
{
	struct transport *t = make_buffers();
	struct seen seen = { .t = t };

	put_type(t, 1, PERF_RECORD_LOST, 0);
	put(t, 2, 2);
	put_type(t, 2, PERF_RECORD_LOST, 0);
	put(t, 2, 4);
	put(t, 3, 3);
	put_type(t, 3, PERF_RECORD_LOST, 0);
	assert_int_equal(perfbuf_drain(t, INT32_MAX, see, &seen), 3);
	assert_true(perfbuf_is_empty(t));
	assert_int_equal(t->cpus[1].page->data_tail, t->cpus[1].page->data_head);
	perfbuf_close(t);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
