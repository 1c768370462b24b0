/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport/ringbuf.c - the BPF ring buffer, read in place.
 *
 * Owns: the two mappings and the consumer position. The kernel offers the data pages twice in a row,
 * so that a record that wraps is contiguous. Of the second row we map what the longest record needs:
 * what is mapped and read counts as our memory, twice if it is mapped twice.
 *
 * Why not libbpf's reader: it publishes its position after every record, and that cache line goes
 * back and forth between the CPUs: the traced process waits for it. Here it is published once a
 * RELEASE_DIVISORth of the buffer, and when the reader has run out of records.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/limits.h"
#include "transport/transport.h"

#define RINGBUF_BUSY (1u << 31)
#define RINGBUF_DISCARD (1u << 30)
#define RINGBUF_HEADER_BYTES 8
#define PREFETCH_BYTES 448 /* most records are no longer */
#define RELEASE_DIVISOR 16 /* of the buffer: published at least this often */

struct transport {
	int fd;
	size_t page_bytes, bytes;
	size_t mapped_bytes; /* at producer: its page, the data, and the start of the data again */
	unsigned long *consumer; /* our position, the kernel reads it */
	const unsigned long *producer;
	const char *data;
	unsigned long position; /* read up to here */
	unsigned long released; /* *consumer, which trails it */
};

static bool ringbuf_is_available(void)
{
	return transport_can_create_map(BPF_MAP_TYPE_RINGBUF, 0, 0, sysconf(_SC_PAGESIZE));
}

static void ringbuf_close(struct transport *t)
{
	if (!t)
		return;
	if (t->consumer)
		munmap(t->consumer, t->page_bytes);
	if (t->producer)
		munmap((void *)t->producer, t->mapped_bytes);
	free(t);
}

static int ringbuf_open(const struct transport_options *opts, struct error *error,
			struct transport **ret)
{
	struct transport *t = calloc(1, sizeof(*t));
	size_t again_bytes;
	void *memory;
	int err;

	if (!t)
		return error_set(error, -ENOMEM, "out of memory");
	t->fd = opts->map_fd;
	t->page_bytes = sysconf(_SC_PAGESIZE);
	t->bytes = opts->buffer_bytes;
	again_bytes = (REC_BYTES_MAX + RINGBUF_HEADER_BYTES + t->page_bytes - 1) & -t->page_bytes;
	if (again_bytes > t->bytes)
		again_bytes = t->bytes;
	t->mapped_bytes = t->page_bytes + t->bytes + again_bytes;
	memory = mmap(NULL, t->page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	if (memory == MAP_FAILED)
		goto fail;
	t->consumer = memory;
	memory = mmap(NULL, t->mapped_bytes, PROT_READ, MAP_SHARED, t->fd, t->page_bytes);
	if (memory == MAP_FAILED)
		goto fail;
	t->producer = memory;
	t->data = (const char *)memory + t->page_bytes;
	t->position = __atomic_load_n(t->consumer, __ATOMIC_ACQUIRE);
	t->released = t->position;
	*ret = t;
	return 0;
fail:
	err = error_set(error, -errno, "cannot map the ring buffer into memory: %s",
			strerror(errno));
	ringbuf_close(t);
	return err;
}

static int ringbuf_watch(struct transport *t, int epoll_fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, t->fd, &event) ? -errno : 0;
}

static void ringbuf_release(struct transport *t)
{
	if (t->released == t->position)
		return;
	t->released = t->position;
	__atomic_store_n(t->consumer, t->position, __ATOMIC_RELEASE);
}

/*
 * Another CPU has just written it: each line comes from there, while this record is worked on. The
 * hardware's own prefetching ends at each page. Not for one that is still to be written: who writes
 * it would have to take its lines away from here first.
 */
static inline void prefetch_next(const char *record)
{
	for (int i = 0; i < PREFETCH_BYTES; i += 64)
		__builtin_prefetch(record + i);
}

static int ringbuf_drain(struct transport *t, int most, transport_callback callback, void *ctx)
{
	int count = 0, err = 0;

	while (count < most && !err) {
		const char *at = t->data + (t->position & (t->bytes - 1));
		unsigned long end = __atomic_load_n(t->producer, __ATOMIC_ACQUIRE), step;
		unsigned int length;

		if (t->position == end)
			break;
		length = __atomic_load_n((const unsigned int *)at, __ATOMIC_ACQUIRE);
		if (length & RINGBUF_BUSY) /* reserved and not yet written: so is all behind it */
			break;
		step = ((length & ~RINGBUF_DISCARD) + RINGBUF_HEADER_BYTES + 7) & ~7ul;
		if (t->position + step != end)
			prefetch_next(at + step);
		if (!(length & RINGBUF_DISCARD)) {
			err = callback(ctx, at + RINGBUF_HEADER_BYTES, length);
			count++;
		}
		t->position += step;
		if (t->position - t->released >= t->bytes / RELEASE_DIVISOR)
			ringbuf_release(t);
	}
	return err ? err : count;
}

static bool ringbuf_is_empty(const struct transport *t)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return t->position == __atomic_load_n(t->producer, __ATOMIC_ACQUIRE);
}

static bool ringbuf_is_held_up(const struct transport *t)
{
	const char *at = t->data + (t->position & (t->bytes - 1));

	return !ringbuf_is_empty(t) &&
	       __atomic_load_n((const unsigned int *)at, __ATOMIC_ACQUIRE) & RINGBUF_BUSY;
}

static size_t ringbuf_bytes(const struct transport *t)
{
	return t->bytes;
}

extern const struct transport_ops transport_ringbuf;
const struct transport_ops transport_ringbuf = {
	.name = "ringbuf",
	.feature = "ring buffer",
	.absence = "no BPF ring buffer (5.8 and later)",
	.meaning = { "transport perfbuf is used: a buffer a CPU, merged by time stamp",
		     "transport ringbuf: one buffer, in order (5.8 and later)" },
	.map = "records",
	.number = CONFIG_RINGBUF,
	.is_available = ringbuf_is_available,
	.open = ringbuf_open,
	.close = ringbuf_close,
	.watch = ringbuf_watch,
	.drain = ringbuf_drain,
	.release = ringbuf_release,
	.is_empty = ringbuf_is_empty,
	.is_held_up = ringbuf_is_held_up,
	.buffer_bytes = ringbuf_bytes,
};
