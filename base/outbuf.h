/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/outbuf.h - a buffer in front of a descriptor.
 *
 * Owns:    the bytes not yet written; partial writes, EINTR, EAGAIN.
 * Not:     what the bytes mean.
 *
 * Invariants
 *  (1) outbuf_room() always returns memory for the room asked for, so that the hot path has no
 *      error to check: after a failure it is scrap and outbuf_flush() tells.
 *  (2) At most OUTBUF_FLUSH_BYTES + OUTBUF_ROOM_MAX wait, unless the reader of a non-blocking
 *      descriptor stalls: then the rest of the current event is kept as well.
 *  (3) A failed write ends the stream: bytes of a line may be gone, so nothing follows them.
 */
#ifndef BASE_OUTBUF_H
#define BASE_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define OUTBUF_FLUSH_BYTES (64 * 1024)
#define OUTBUF_ROOM_MAX (32 * 1024)
#define OUTBUF_MEMORY (-2) /* as fd: nothing is written, the buffer grows */
#define OUTBUF_STALL_MS 10000 /* no progress for so long: -ETIMEDOUT, nothing is dropped */

struct outbuf {
	int fd;
	int error; /* negative errno, for good; 0 = none */
	bool stalled; /* do not wait again until the next outbuf_flush() */
	char *data;
	size_t len, cap;
};

/* 0 or -ENOMEM. */
int outbuf_init(struct outbuf *out, int fd);
void outbuf_done(struct outbuf *out);

/* Writes everything. 0, -ETIMEDOUT (it may be tried again), or the error of write(2). */
int outbuf_flush(struct outbuf *out);

/* The slow half of outbuf_room(). */
char *outbuf_make_room(struct outbuf *out, size_t room);

/* Where the next @room bytes (at most OUTBUF_ROOM_MAX) may go; then outbuf_end() says how far. */
static inline char *outbuf_room(struct outbuf *out, size_t room)
{
	if (__builtin_expect(out->cap - out->len < room, 0))
		return outbuf_make_room(out, room);
	return out->data + out->len;
}

static inline void outbuf_end(struct outbuf *out, const char *end)
{
	out->len = (size_t)(end - out->data);
}

void outbuf_put(struct outbuf *out, const char *data, size_t len);

static inline void outbuf_puts(struct outbuf *out, const char *text)
{
	outbuf_put(out, text, strlen(text));
}

#endif
