/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/tasks.c - what the task iterator tells of the machine.
 *
 * Owns: running it, taking its bytes apart into records.
 * Not:  what the records mean (decode/), what is done without it (tracer/processes.c, tracer/usage.c).
 *
 * Invariant: nothing here is changed, so that any thread may read while another one traces.
 */
#include "attach/probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "attach/internal.h"

#define SNAPSHOT_READ_BYTES (16 << 10)

/* @callback gets each whole record of @fd, a task iterator. */
static int read_records(int fd, int (*callback)(void *ctx, const void *record, size_t size),
			void *ctx)
{
	_Alignas(uint64_t) char buf[SNAPSHOT_READ_BYTES];
	size_t have = 0, at = 0;

	for (;;) {
		const struct rec_header *header = (const void *)(buf + at);
		ssize_t n;
		int err;

		if (have - at >= sizeof(*header) && header->size < sizeof(*header))
			return -EBADMSG;
		if (have - at >= sizeof(*header) && have - at >= header->size) {
			err = callback(ctx, header, header->size);
			if (err)
				return err;
			at += header->size;
			continue;
		}
		memmove(buf, buf + at, have - at);
		have -= at;
		at = 0;
		n = read(fd, buf + have, sizeof(buf) - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		have += (size_t)n;
	}
}

static int read_tasks(struct probes *probes,
		      int (*callback)(void *ctx, const void *record, size_t size), void *ctx)
{
	struct bpf_program *program = bpf_object__next_program(probes->object, NULL);
	struct bpf_link *link;
	int fd, err;

	while (program && !programs_is_iterator(program))
		program = bpf_object__next_program(probes->object, program);
	if (!program || !bpf_program__autoload(program))
		return -ENOTSUP;
	link = bpf_program__attach_iter(program, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	err = fd < 0 ? -errno : read_records(fd, callback, ctx);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

struct tasks {
	int (*callback)(void *ctx, const void *record, size_t size);
	void *ctx;
};

static int take_process(void *ctx, const void *record, size_t size)
{
	const struct tasks *tasks = ctx;

	if (((const struct rec_header *)record)->type != REC_SNAPSHOT)
		return 0;
	return tasks->callback(tasks->ctx, record, size);
}

int probes_snapshot(struct probes *probes,
		    int (*callback)(void *ctx, const void *record, size_t size), void *ctx)
{
	struct tasks tasks = { callback, ctx };

	return read_tasks(probes, take_process, &tasks);
}

int probes_snapshot_threads(struct probes *probes,
			    int (*callback)(void *ctx, const void *record, size_t size), void *ctx)
{
	return read_tasks(probes, callback, ctx);
}
