/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/living.c - which of the followed processes live, and a way to wait for their end.
 *
 * Owns: the choice of one that lives; its descriptor belongs to the caller.
 * Not:  which processes are followed (the source), what the table knows.
 *
 * A process that is forked during a look, by one that ends before the look comes to it, is in no
 * list. So only two looks in a row that find nobody mean that nobody lives.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/api.h"
#include "procfs/procfs.h"
#include "tracer/tracer.h"

#define EMPTY_LOOKS 2

struct candidate {
	uint64_t start_ns;
	pid_t pid; /* as this process sees it; 0 = it does not */
};

struct look {
	struct source *source;
	struct candidate *all;
	size_t count, room;
};

static int add(struct look *look, uint64_t start_ns, pid_t pid)
{
	if (look->count == look->room) {
		size_t room = look->room ? look->room * 2 : 64;
		struct candidate *more = realloc(look->all, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		look->all = more;
		look->room = room;
	}
	look->all[look->count++] = (struct candidate){ start_ns, pid };
	return 0;
}

static int look_at(void *ctx, const struct source_process *process)
{
	struct look *look = ctx;

	if (!look->source->ops->is_followed(look->source, process->tgid))
		return 0;
	return add(look, process->start_ns, (pid_t)process->reader_pid);
}

static int look_at_proc(void *ctx, uint32_t tgid)
{
	struct look *look = ctx;

	if (!look->source->ops->is_followed(look->source, tgid))
		return 0;
	return add(look, tgid, (pid_t)tgid);
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct candidate *)a)->start_ns;
	uint64_t y = ((const struct candidate *)b)->start_ns;

	return x < y ? -1 : x > y;
}

/* The descriptor of the first that has not ended; -ESRCH: it has, -EAGAIN: one was gone already. */
static int open_first(const struct look *look)
{
	int ret = -ESRCH;

	for (size_t i = 0; i < look->count; i++) {
		struct pollfd ended = { .events = POLLIN };

		if (!look->all[i].pid) {
			ret = -ENOTSUP;
			continue;
		}
		ended.fd = (int)syscall(SYS_pidfd_open, look->all[i].pid, 0);
		if (ended.fd < 0 && errno != ESRCH)
			return -errno;
		if (ended.fd < 0) {
			ret = ret == -ESRCH ? -EAGAIN : ret;
			continue;
		}
		if (!poll(&ended, 1, 0))
			return ended.fd;
		close(ended.fd); /* a zombie: nobody of its own is to come */
	}
	return ret;
}

/* The oldest lives longest, as a rule: the fewer looks there are. */
static int look_once(struct source *source)
{
	struct look look = { .source = source };
	int err = source->ops->list(source, false, look_at, &look);

	if (err == -ENOTSUP)
		err = procfs_list(look_at_proc, &look);
	if (!err) {
		if (look.count)
			qsort(look.all, look.count, sizeof(*look.all), by_start);
		err = open_first(&look);
	}
	free(look.all);
	return err;
}

BEGAT_API int begat_living_fd(struct begat *b)
{
	int fd = -EINVAL, empty = 0;

	error_clear(&b->error);
	if (!b->follow || !source_is_open(b->source))
		return error_set(&b->error, fd, "begat_living_fd: nothing is followed");
	do {
		fd = look_once(b->source);
		empty = fd == -ESRCH ? empty + 1 : 0;
	} while (fd == -EAGAIN || (fd == -ESRCH && empty < EMPTY_LOOKS));
	if (fd < 0)
		error_set(&b->error, fd, "%s",
			  fd == -ESRCH
				  ? "no process that is followed lives"
				  : "cannot wait for the end of the processes that are followed");
	return fd;
}
