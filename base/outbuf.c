/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/outbuf.c - a buffer in front of a descriptor.
 */
#include "base/outbuf.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

int outbuf_init(struct outbuf *out, int fd)
{
	*out = (struct outbuf){ .fd = fd, .cap = OUTBUF_FLUSH_BYTES + OUTBUF_ROOM_MAX };
	out->data = malloc(out->cap);
	return out->data ? 0 : -ENOMEM;
}

void outbuf_done(struct outbuf *out)
{
	free(out->data);
	out->data = NULL;
}

/* 0: try again; -ETIMEDOUT. */
static int wait_writable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	int err = poll(&pollfd, 1, OUTBUF_STALL_MS);

	if (err == 0)
		return -ETIMEDOUT;
	return err < 0 && errno != EINTR ? -errno : 0;
}

static int write_some(int fd, const char *data, size_t len, size_t *ret_done)
{
	size_t done = 0;
	int err = 0;

	while (done < len && err == 0) {
		ssize_t n = write(fd, data + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			err = wait_writable(fd);
		else if (errno != EINTR)
			err = -errno;
	}
	*ret_done = done;
	return err;
}

static int flush(struct outbuf *out)
{
	size_t done;
	int err;

	if (out->error) {
		out->len = 0;
		return out->error;
	}
	err = write_some(out->fd, out->data, out->len, &done);
	memmove(out->data, out->data + done, out->len - done);
	out->len -= done;
	if (err < 0 && err != -ETIMEDOUT) {
		out->error = err;
		out->len = 0;
	}
	return err;
}

int outbuf_flush(struct outbuf *out)
{
	out->stalled = false;
	return out->fd == OUTBUF_MEMORY ? 0 : flush(out);
}

char *outbuf_make_room(struct outbuf *out, size_t room)
{
	if (out->fd != OUTBUF_MEMORY && !out->stalled && flush(out) == -ETIMEDOUT)
		out->stalled = true;
	if (out->cap - out->len < room) {
		size_t cap = out->cap * 2;
		char *data = realloc(out->data, cap);

		if (data) {
			out->data = data;
			out->cap = cap;
		} else {
			out->error = -ENOMEM;
			out->len = 0;
		}
	}
	return out->data + out->len;
}

void outbuf_put(struct outbuf *out, const char *data, size_t len)
{
	while (len) {
		size_t part = len < OUTBUF_ROOM_MAX ? len : OUTBUF_ROOM_MAX;
		char *at = outbuf_room(out, part);

		memcpy(at, data, part);
		outbuf_end(out, at + part);
		data += part;
		len -= part;
	}
}
