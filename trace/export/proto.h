/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/proto.h - the wire format of protocol buffers, as far as writing needs it.
 *
 * Owns:  varints, tags, nested messages in a buffer.
 * Not:   which numbers mean what (perfetto.c).
 */
#ifndef BEGAT_TRACE_EXPORT_PROTO_H
#define BEGAT_TRACE_EXPORT_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proto {
	char *data;
	size_t len, capacity;
	bool is_broken; /* out of memory: what is in it is not whole */
};

void proto_done(struct proto *p);

void proto_varint(struct proto *p, uint32_t field, uint64_t value);
void proto_fixed64(struct proto *p, uint32_t field, uint64_t value);
void proto_double(struct proto *p, uint32_t field, double value);
void proto_bytes(struct proto *p, uint32_t field, const char *data, size_t len);

/* A string: bytes that are not valid UTF-8 become U+FFFD. */
void proto_string(struct proto *p, uint32_t field, const char *data, size_t len);

/* A message within: what is written between the two. */
size_t proto_begin(struct proto *p, uint32_t field);
void proto_end(struct proto *p, size_t begun);

#endif
