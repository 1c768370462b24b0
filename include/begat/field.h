/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * begat/field.h - the fields of an event as data: for bindings, and for programs that learn at run
 * time which field they want.
 *
 * A C program that knows its fields reads the members of struct begat_event.
 */
#ifndef BEGAT_FIELD_H
#define BEGAT_FIELD_H

#include <begat/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a field is stored, and what its value means. Numbers are never given a second meaning. */
enum begat_kind {
	BEGAT_KIND_EVENT = 0, /* uint32_t: an event type; begat_event_name() */
	BEGAT_KIND_TIME = 1, /* uint64_t: ns since 1970 UTC */
	BEGAT_KIND_U32 = 2,
	BEGAT_KIND_U64 = 3,
	BEGAT_KIND_I32 = 4,
	BEGAT_KIND_CPU = 5, /* uint32_t; of a lost event: the CPU that dropped */
	BEGAT_KIND_ID = 6, /* uint64_t: a process, shown as 16 hex digits */
	BEGAT_KIND_CAPS = 7, /* uint64_t: a mask of capabilities, shown as 16 hex digits */
	BEGAT_KIND_LOGINUID = 8, /* uint32_t; 0xffffffff = not set */
	BEGAT_KIND_BOOL = 9,
	BEGAT_KIND_DURATION = 10, /* uint64_t, ns */
	BEGAT_KIND_BYTES = 11, /* uint64_t */
	BEGAT_KIND_STR = 12, /* struct begat_str */
	BEGAT_KIND_STRV = 13, /* struct begat_strv */
	BEGAT_KIND_PIDS = 14, /* uint32_t array */
	BEGAT_KIND_NS = 15, /* uint32_t array by enum begat_ns */
	BEGAT_KIND_FORKED_BY = 16, /* the id of a process; its pid is in the member behind */
	BEGAT_KIND_KILLED_BY = 17, /* likewise */
	BEGAT_KIND_ERRNO = 18, /* int32_t; begat_errno_name() */
	BEGAT_KIND_SIGNAL = 19, /* int32_t, 0 = none; begat_signal_name() */
	BEGAT_KIND_CLASS = 20, /* uint32_t: an event type */
};

struct begat_field_info {
	size_t size; /* set by the caller to sizeof(struct begat_field_info) */
	const char *name; /* in JSON, in expressions and in SQL */
	const char *alias; /* in expressions; or NULL */
	const char *unit; /* "ns", "bytes"; or NULL */
	uint32_t kind; /* enum begat_kind */
	uint32_t events; /* BEGAT_EVENT_BIT()s of the types that may have it */
	uint32_t offset; /* of its member in struct begat_event */
	uint32_t reserved;
};

/**
 * begat_field_info() - what there is to know of a field; names live as long as the library.
 * Return: 0, -ENOENT: no such field (they are numbered from 0 on), -EINVAL: ret_info->size.
 */
int begat_field_info(enum begat_field field, struct begat_field_info *ret_info);

/** begat_field_by_name() - by name or alias. Return: the field, or -ENOENT. */
int begat_field_by_name(const char *name);

/** begat_event_has_field() - begat_event_has() as a function, for bindings. */
bool begat_event_has_field(const struct begat_event *ev, enum begat_field field);

/**
 * begat_event_u64() - a number, of any kind that is one; times and durations in ns.
 * Return: 0, -ENOENT: the event does not have the field, -EINVAL: it is no number, -ERANGE: it is
 * negative.
 */
int begat_event_u64(const struct begat_event *ev, enum begat_field field, uint64_t *ret_value);

/** begat_event_i64() - the same, signed. -ERANGE: it is too large. */
int begat_event_i64(const struct begat_event *ev, enum begat_field field, int64_t *ret_value);

/** begat_event_str() - a text; lives as long as the event. 0, -ENOENT or -EINVAL as above. */
int begat_event_str(const struct begat_event *ev, enum begat_field field,
		    struct begat_str *ret_value);

/**
 * begat_event_strv() - a list of texts (argv, env). Of a text it is a list of one.
 * @ret_value: count strings, each ended by a NUL, one after the other.
 */
int begat_event_strv(const struct begat_event *ev, enum begat_field field,
		     struct begat_strv *ret_value);

/** begat_event_u32s() - an array of numbers (pids, ns). */
int begat_event_u32s(const struct begat_event *ev, enum begat_field field,
		     const uint32_t **ret_values, uint32_t *ret_count);

#ifdef __cplusplus
}
#endif
#endif
