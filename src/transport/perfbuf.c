/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport/perfbuf.c - a perf buffer for each CPU, merged by time stamp.
 *
 * Owns: the perf events, their mappings and positions.
 *
 * A drain looks at the heads of all buffers twice. What the first look saw may be given, and
 * whatever the second saw that is older goes before it: a record that caused another one was in
 * its buffer before the other was written, so the second look has it if the first look had the
 * other (invariant 3). Nothing is held back for a time.
 *
 * The buffers that have a record are a heap by the time stamp of their next one: a machine may have
 * hundreds. A position is written back only where it has moved, since its cache line is the CPU's.
 *
 * Records are copied: perf puts them at an odd multiple of four bytes, and they may wrap.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "transport/transport.h"

#define RECORD_BYTES_MAX 65536 /* perf's own limit */
#define TIMESTAMP_OFFSET offsetof(struct rec_header, ts_ns)
#define CPU_BYTES_MIN (128u << 10) /* four of the largest records */

#define USE "transport perfbuf, for kernels before 5.8 or by --transport"

struct cpu_buffer {
	int fd;
	struct perf_event_mmap_page *page; /* NULL: the CPU is offline */
	uint64_t tail; /* read up to here */
	uint64_t seen_first, seen; /* heads at the two looks */
	uint64_t next_ts_ns; /* of the record at tail; no meaning if tail is seen */
};

struct transport {
	struct cpu_buffer *cpus;
	uint32_t cpu_count;
	struct cpu_buffer **heap; /* room for all; the oldest record's first */
	uint32_t heap_count;
	uint32_t due_count; /* of the heap, those with a record that the first look saw */
	size_t page_bytes, bytes; /* of one CPU's data */
	int map_fd;
	uint64_t record[RECORD_BYTES_MAX / sizeof(uint64_t)];
};

struct sample {
	struct perf_event_header header;
	uint32_t size;
};

static const char *data_of(const struct transport *t, const struct cpu_buffer *cpu)
{
	return (const char *)cpu->page + t->page_bytes;
}

static void copy_out(const struct transport *t, const struct cpu_buffer *cpu, uint64_t position,
		     void *to, size_t size)
{
	size_t at = position & (t->bytes - 1);
	size_t first = t->bytes - at < size ? t->bytes - at : size;

	memcpy(to, data_of(t, cpu) + at, first);
	memcpy((char *)to + first, data_of(t, cpu), size - first);
}

static bool perfbuf_is_available(void)
{
	return transport_can_create_map(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1);
}

static void perfbuf_close(struct transport *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; t->cpus && i < t->cpu_count; i++) {
		struct cpu_buffer *cpu = &t->cpus[i];

		if (cpu->page)
			munmap(cpu->page, t->page_bytes + t->bytes);
		if (cpu->fd >= 0)
			close(cpu->fd);
	}
	free(t->heap);
	free(t->cpus);
	free(t);
}

static int open_cpu(struct transport *t, uint32_t index, enum config_wake wake)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.size = sizeof(attr),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
		.wakeup_events = 1,
	};
	struct cpu_buffer *cpu = &t->cpus[index];
	void *memory;

	if (wake != CONFIG_WAKE_SLEEPER) {
		attr.watermark = 1;
		attr.wakeup_watermark = wake == CONFIG_WAKE_VOLUME ? t->bytes / 4 : UINT32_MAX;
	}
	cpu->fd = syscall(SYS_perf_event_open, &attr, -1, index, -1, PERF_FLAG_FD_CLOEXEC);
	if (cpu->fd < 0)
		return errno == ENODEV ? 0 : -errno; /* possible, but not online */
	memory = mmap(NULL, t->page_bytes + t->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd,
		      0);
	if (memory == MAP_FAILED)
		return -errno;
	cpu->page = memory;
	if (ioctl(cpu->fd, PERF_EVENT_IOC_ENABLE, 0) ||
	    bpf_map_update_elem(t->map_fd, &index, &cpu->fd, BPF_ANY))
		return -errno;
	return 0;
}

static int perfbuf_open(const struct transport_options *opts, struct error *error,
			struct transport **ret)
{
	struct transport *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	if (!t)
		goto fail;
	t->page_bytes = sysconf(_SC_PAGESIZE);
	t->cpu_count = opts->cpus;
	t->map_fd = opts->map_fd;
	t->bytes = opts->buffer_bytes / opts->cpus;
	t->bytes = transport_round(t->bytes < CPU_BYTES_MIN ? CPU_BYTES_MIN : t->bytes);
	t->cpus = calloc(t->cpu_count, sizeof(*t->cpus));
	t->heap = calloc(t->cpu_count, sizeof(struct cpu_buffer *));
	if (!t->cpus || !t->heap)
		goto fail;
	for (uint32_t i = 0; i < t->cpu_count; i++)
		t->cpus[i].fd = -1;
	for (uint32_t i = 0; i < t->cpu_count; i++) {
		err = open_cpu(t, i, opts->wake);
		if (err)
			goto fail;
	}
	*ret = t;
	return 0;
fail:
	perfbuf_close(t);
	return error_set(error, err, "cannot open a perf buffer: %s%s", strerror(-err),
			 err == -EPERM ? " (raise kernel.perf_event_mlock_kb or use a smaller "
					 "--buffer)"
				       : "");
}

static int perfbuf_watch(struct transport *t, int epoll_fd)
{
	for (uint32_t i = 0; i < t->cpu_count; i++) {
		struct epoll_event event = { .events = EPOLLIN };

		if (t->cpus[i].page && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, t->cpus[i].fd, &event))
			return -errno;
	}
	return 0;
}

/* Skips what is no sample (perf's own notes of loss: the kernel side has counted it) and reads
 * the next record's time stamp. */
static void look_at_next(const struct transport *t, struct cpu_buffer *cpu)
{
	struct perf_event_header header;

	while (cpu->tail < cpu->seen) {
		copy_out(t, cpu, cpu->tail, &header, sizeof(header));
		if (header.type == PERF_RECORD_SAMPLE && header.size > sizeof(struct sample)) {
			copy_out(t, cpu, cpu->tail + sizeof(struct sample) + TIMESTAMP_OFFSET,
				 &cpu->next_ts_ns, sizeof(cpu->next_ts_ns));
			return;
		}
		if (!header.size) { /* not to be believed: give up this buffer's contents */
			cpu->tail = cpu->seen;
			break;
		}
		cpu->tail += header.size;
	}
}

static int give(struct transport *t, struct cpu_buffer *cpu, transport_callback callback, void *ctx)
{
	struct sample sample;
	int err = 0;

	copy_out(t, cpu, cpu->tail, &sample, sizeof(sample));
	if (sample.size <= sample.header.size - sizeof(sample) && sample.size <= RECORD_BYTES_MAX) {
		copy_out(t, cpu, cpu->tail + sizeof(sample), t->record, sample.size);
		/* perf pads to eight bytes behind its own four: so may we have to */
		err = callback(ctx, t->record, sample.size & ~7u);
	}
	cpu->tail += sample.header.size;
	return err;
}

static bool is_older(const struct cpu_buffer *a, const struct cpu_buffer *b)
{
	return a->next_ts_ns < b->next_ts_ns || (a->next_ts_ns == b->next_ts_ns && a < b);
}

/* Puts the buffer at @at below those that are older. */
static void sift_down(struct transport *t, uint32_t at)
{
	struct cpu_buffer *cpu = t->heap[at];

	for (uint32_t child; (child = 2 * at + 1) < t->heap_count; at = child) {
		if (child + 1 < t->heap_count && is_older(t->heap[child + 1], t->heap[child]))
			child++;
		if (is_older(cpu, t->heap[child]))
			break;
		t->heap[at] = t->heap[child];
	}
	t->heap[at] = cpu;
}

static void look_twice(struct transport *t)
{
	for (uint32_t i = 0; i < t->cpu_count; i++)
		if (t->cpus[i].page)
			t->cpus[i].seen_first =
				__atomic_load_n(&t->cpus[i].page->data_head, __ATOMIC_ACQUIRE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	t->heap_count = 0;
	t->due_count = 0;
	for (uint32_t i = 0; i < t->cpu_count; i++) {
		struct cpu_buffer *cpu = &t->cpus[i];

		if (!cpu->page)
			continue;
		cpu->seen = __atomic_load_n(&cpu->page->data_head, __ATOMIC_ACQUIRE);
		look_at_next(t, cpu);
		if (cpu->tail >= cpu->seen)
			continue;
		t->heap[t->heap_count++] = cpu;
		t->due_count += cpu->tail < cpu->seen_first;
	}
	for (uint32_t i = t->heap_count / 2; i-- > 0;)
		sift_down(t, i);
}

static void perfbuf_release(struct transport *t)
{
	for (uint32_t i = 0; i < t->cpu_count; i++) {
		struct cpu_buffer *cpu = &t->cpus[i];

		if (cpu->page && cpu->page->data_tail != cpu->tail)
			__atomic_store_n(&cpu->page->data_tail, cpu->tail, __ATOMIC_RELEASE);
	}
}

static int perfbuf_drain(struct transport *t, int most, transport_callback callback, void *ctx)
{
	int count = 0, err = 0;

	look_twice(t);
	while (count < most && !err && t->due_count) {
		struct cpu_buffer *cpu = t->heap[0];
		bool was_due = cpu->tail < cpu->seen_first;

		err = give(t, cpu, callback, ctx);
		count++;
		look_at_next(t, cpu);
		t->due_count -= was_due && cpu->tail >= cpu->seen_first;
		if (cpu->tail >= cpu->seen)
			t->heap[0] = t->heap[--t->heap_count];
		if (t->heap_count)
			sift_down(t, 0);
	}
	perfbuf_release(t);
	return err ? err : count;
}

static bool perfbuf_is_empty(const struct transport *t)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < t->cpu_count; i++) {
		const struct cpu_buffer *cpu = &t->cpus[i];

		if (cpu->page &&
		    __atomic_load_n(&cpu->page->data_head, __ATOMIC_ACQUIRE) != cpu->tail)
			return false;
	}
	return true;
}

/* A record that is being written is in nobody's way: the kernel publishes it whole. */
static bool perfbuf_is_held_up(const struct transport *t)
{
	return false;
}

static size_t perfbuf_bytes(const struct transport *t)
{
	return t->bytes * t->cpu_count;
}

extern const struct transport_ops transport_perfbuf;
const struct transport_ops transport_perfbuf = {
	.name = "perfbuf",
	.feature = "perf buffer",
	.absence = "no perf event array",
	.meaning = { USE, USE },
	.map = "records_perf",
	.number = CONFIG_PERFBUF,
	.is_per_cpu = true,
	.is_available = perfbuf_is_available,
	.open = perfbuf_open,
	.close = perfbuf_close,
	.watch = perfbuf_watch,
	.drain = perfbuf_drain,
	.release = perfbuf_release,
	.is_empty = perfbuf_is_empty,
	.is_held_up = perfbuf_is_held_up,
	.buffer_bytes = perfbuf_bytes,
};
