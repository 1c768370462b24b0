/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/fields.h - one table over all fields of an event.
 *
 * Owns:  name, kind, place and events of each field (fields.def). JSON, expressions and the
 *        documents' test run from it, so that a new field is one line.
 * Not:   what a field means (docs/events.md), how a kind is printed (sink/) or compared (filter/).
 */
#ifndef EVENT_FIELDS_H
#define EVENT_FIELDS_H

#include <begat/event.h>
#include <string.h>

enum field_kind {
	FIELD_EVENT, /* u32, an event type, by name */
	FIELD_TIME, /* u64, ns since 1970 */
	FIELD_U32,
	FIELD_U64,
	FIELD_I32,
	FIELD_CPU, /* u32; of a lost event: the CPU that dropped */
	FIELD_ID, /* u64, as 16 hex digits */
	FIELD_CAPS, /* u64, as 16 hex digits */
	FIELD_LOGINUID, /* u32; 0xffffffff is null */
	FIELD_BOOL,
	FIELD_DURATION, /* u64, ns */
	FIELD_BYTES, /* u64 */
	FIELD_STR,
	FIELD_STRV,
	FIELD_PIDS, /* u32 array with pids_count */
	FIELD_NS, /* u32 array by enum begat_ns */
	FIELD_FORKED_BY,
	FIELD_KILLED_BY,
	FIELD_ERRNO, /* i32, by name */
	FIELD_SIGNAL, /* i32, by name; 0 is null */
	FIELD_CLASS, /* u32, an event type, by name */
};

#define FIELD_KEY_BYTES 32

struct field {
	const char *name; /* in JSON and in expressions */
	const char *alias; /* in expressions; or NULL */
	char json_key[FIELD_KEY_BYTES]; /* ,"name": in a fixed size, so that a copy is one move */
	uint16_t json_key_len;
	uint16_t kind; /* enum field_kind */
	uint16_t offset; /* in struct begat_event */
	uint16_t events; /* mask of BEGAT_EVENT_BIT() */
};

extern const struct field fields[BEGAT_FIELD_COUNT];

/* Names of the namespaces, by enum begat_ns. */
extern const char *const field_ns_names[BEGAT_NS_COUNT];

static inline const void *field_at(const struct begat_event *ev, const struct field *field)
{
	return (const char *)ev + field->offset;
}

static inline uint64_t field_u64(const struct begat_event *ev, const struct field *field)
{
	uint64_t value;

	memcpy(&value, field_at(ev, field), sizeof(value));
	return value;
}

static inline uint32_t field_u32(const struct begat_event *ev, const struct field *field)
{
	uint32_t value;

	memcpy(&value, field_at(ev, field), sizeof(value));
	return value;
}

static inline const struct begat_str *field_str(const struct begat_event *ev,
						const struct field *field)
{
	return field_at(ev, field);
}

/* The field of that name or alias (@len bytes), or -1. */
int fields_find(const char *name, size_t len);

#endif
