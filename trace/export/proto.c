/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/proto.c - the wire format of protocol buffers, as far as writing needs it.
 *
 * Owns:    see proto.h.
 * Called:  by perfetto.c.
 *
 * The length of a nested message is not known before it is written: four bytes are kept for it
 * and filled with a varint of just that width.
 */
#include "proto.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define WIRE_VARINT 0
#define WIRE_FIXED64 1
#define WIRE_BYTES 2
#define LENGTH_BYTES 4 /* 2^28 - 1 at most */

static char *reserve(struct proto *p, size_t len)
{
	static char nowhere[32];

	if (p->capacity - p->len < len && !p->is_broken) {
		size_t capacity = p->capacity ? p->capacity : 4096;
		char *data;

		while (capacity - p->len < len)
			capacity *= 2;
		data = realloc(p->data, capacity);
		if (data) {
			p->data = data;
			p->capacity = capacity;
		} else {
			p->is_broken = true;
		}
	}
	return p->is_broken ? nowhere : p->data + p->len;
}

void proto_done(struct proto *p)
{
	free(p->data);
	*p = (struct proto){ 0 };
}

static void put_varint(struct proto *p, uint64_t value)
{
	char *to = reserve(p, 10);
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		to[n++] = (char)(value | 0x80);
	to[n++] = (char)value;
	if (!p->is_broken)
		p->len += n;
}

static void put_raw(struct proto *p, const void *data, size_t len)
{
	char *to = reserve(p, len);

	if (p->is_broken || !len)
		return;
	memcpy(to, data, len);
	p->len += len;
}

void proto_varint(struct proto *p, uint32_t field, uint64_t value)
{
	put_varint(p, (uint64_t)field << 3 | WIRE_VARINT);
	put_varint(p, value);
}

void proto_fixed64(struct proto *p, uint32_t field, uint64_t value)
{
	value = htole64(value);
	put_varint(p, (uint64_t)field << 3 | WIRE_FIXED64);
	put_raw(p, &value, sizeof(value));
}

void proto_double(struct proto *p, uint32_t field, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	proto_fixed64(p, field, bits);
}

void proto_bytes(struct proto *p, uint32_t field, const char *data, size_t len)
{
	put_varint(p, (uint64_t)field << 3 | WIRE_BYTES);
	put_varint(p, len);
	put_raw(p, data, len);
}

void proto_string(struct proto *p, uint32_t field, const char *data, size_t len)
{
	size_t begun = proto_begin(p, field);

	for (size_t i = 0; i < len;) {
		size_t good = 0, n;
		uint32_t codepoint;

		while (i + good < len &&
		       (n = utf8_next(data + i + good, len - i - good, &codepoint)))
			good += n;
		put_raw(p, data + i, good);
		i += good;
		if (i < len) {
			put_raw(p, "\xef\xbf\xbd", 3);
			i++;
		}
	}
	proto_end(p, begun);
}

size_t proto_begin(struct proto *p, uint32_t field)
{
	put_varint(p, (uint64_t)field << 3 | WIRE_BYTES);
	put_raw(p, "\0\0\0\0", LENGTH_BYTES);
	return p->len;
}

void proto_end(struct proto *p, size_t begun)
{
	size_t len = p->len - begun;

	if (len >> (7 * LENGTH_BYTES))
		p->is_broken = true;
	if (p->is_broken)
		return;
	for (int i = 0; i < LENGTH_BYTES; i++, len >>= 7)
		p->data[begun - LENGTH_BYTES + (size_t)i] =
			(char)((len & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0));
}
