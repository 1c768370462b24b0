/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/out.h - a buffer in front of a descriptor.
 *
 * Owns:    the bytes not yet written; partial writes, EINTR, EAGAIN.
 * Not:     what the bytes mean.
 *
 * Invariants
 *  (1) sink_out_room() always returns memory for the room asked for, so that the hot path has no
 *      error to check: after a failure it is scrap and sink_out_flush() tells.
 *  (2) At most SINK_OUT_FLUSH_BYTES + SINK_OUT_ROOM_MAX wait, unless the reader of a non-blocking
 *      descriptor stalls: then the rest of the current event is kept as well.
 *  (3) A failed write ends the stream: bytes of a line may be gone, so nothing follows them.
 */
#ifndef BEGAT_SINK_OUT_H
#define BEGAT_SINK_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define SINK_OUT_FLUSH_BYTES (64 * 1024)
#define SINK_OUT_ROOM_MAX (32 * 1024)
#define SINK_OUT_MEMORY (-2) /* as fd: nothing is written, the buffer grows */
#define SINK_OUT_STALL_MS 10000 /* no progress for so long: -ETIMEDOUT, nothing is dropped */

struct sink_out {
	int fd;
	int error; /* negative errno, for good; 0 = none */
	bool stalled; /* do not wait again until the next sink_out_flush() */
	char *data;
	size_t len, cap;
};

/* 0 or -ENOMEM. */
int sink_out_init(struct sink_out *out, int fd);
void sink_out_done(struct sink_out *out);

/* Writes everything. 0, -ETIMEDOUT (it may be tried again), or the error of write(2). */
int sink_out_flush(struct sink_out *out);

/* The slow half of sink_out_room(). */
char *sink_out_make_room(struct sink_out *out, size_t room);

/* Where the next @room bytes (at most SINK_OUT_ROOM_MAX) may go; then sink_out_end() says how far. */
static inline char *sink_out_room(struct sink_out *out, size_t room)
{
	if (__builtin_expect(out->cap - out->len < room, 0))
		return sink_out_make_room(out, room);
	return out->data + out->len;
}

static inline void sink_out_end(struct sink_out *out, const char *end)
{
	out->len = (size_t)(end - out->data);
}

void sink_out_put(struct sink_out *out, const char *data, size_t len);

static inline void sink_out_puts(struct sink_out *out, const char *text)
{
	sink_out_put(out, text, strlen(text));
}

#endif
