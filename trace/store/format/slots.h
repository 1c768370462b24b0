/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/slots.h - which column holds which member of an event.
 *
 * Owns:    the table over slots.def; the codec of `extra`.
 * Not:     the context (context_write.c), SQL.
 */
#ifndef BEGAT_TRACE_STORE_SLOTS_H
#define BEGAT_TRACE_STORE_SLOTS_H

#include <begat/event.h>
#include <stdint.h>
#include <string.h>

struct bytes;

/* What a row is made of: events of the same form share columns. */
enum slot_form {
	FORM_FORK,
	FORM_EXEC, /* exec, exec_failed, snapshot */
	FORM_EXIT,
	FORM_LOST,
	FORM_COUNT,
};

enum slot_kind {
	SLOT_U32,
	SLOT_U64,
	SLOT_I32,
	SLOT_STR,
	SLOT_STRV,
	SLOT_PIDS, /* JSON text */
	SLOT_TIME, /* u64; kept as the difference to ts_ns and the offset of the two clocks */
	/* left out where they are implied; see slot_is_implied() */
	SLOT_ID,
	SLOT_PID,
	SLOT_TID,
	SLOT_PARENT_ID,
	SLOT_PPID,
	SLOT_ARGC,
	SLOT_ARGV_BYTES,
	SLOT_ENVC,
	SLOT_ENV_BYTES,
};

#define SLOT_NONE (-1)
#define SLOT_PIDS_MAX 33 /* levels of PID namespaces that the kernel allows */

struct slot {
	uint8_t field; /* enum begat_field */
	uint8_t kind; /* enum slot_kind */
	uint16_t offset; /* in struct begat_event */
	int8_t columns[FORM_COUNT]; /* or SLOT_NONE */
};

extern const struct slot slots[];
extern const unsigned slots_count;

enum slot_form slot_form(uint32_t event_type);

/* What a process's own row says of it. */
struct slot_owner {
	uint64_t id, parent_id;
	uint32_t tgid, parent_tgid;
	bool is_known;
};

static inline bool slot_is_wide(const struct slot *slot)
{
	return slot->kind == SLOT_U64 || slot->kind == SLOT_TIME || slot->kind == SLOT_ID ||
	       slot->kind == SLOT_PARENT_ID || slot->kind == SLOT_ARGV_BYTES ||
	       slot->kind == SLOT_ENV_BYTES;
}

/*
 * What a member must be if it was left out: sets it in @ev, which has its other members. A fork
 * has no owner: its row is the process's own. Members that are never left out stay as they are.
 */
void slot_imply(struct begat_event *ev, const struct slot *slot, const struct slot_owner *owner);

/* Would slot_imply() say what @ev says? */
bool slot_is_implied(const struct begat_event *ev, const struct slot *slot,
		     const struct slot_owner *owner);

static inline void *slot_at(const struct begat_event *ev, const struct slot *slot)
{
	return (char *)ev + slot->offset;
}

static inline uint32_t slot_u32(const struct begat_event *ev, const struct slot *slot)
{
	uint32_t value;

	memcpy(&value, slot_at(ev, slot), sizeof(value));
	return value;
}

static inline uint64_t slot_u64(const struct begat_event *ev, const struct slot *slot)
{
	uint64_t value;

	memcpy(&value, slot_at(ev, slot), sizeof(value));
	return value;
}

/* Appends the members of @fields to @out. 0 or -ENOMEM. */
int slots_pack(const struct begat_event *ev, const struct begat_fields *fields, struct bytes *out);

/*
 * The reverse: sets members of @ev, which then point into @data and, for pids, into @pids
 * (SLOT_PIDS_MAX). *set gets the bit of each slot that was set.
 * Returns 0 or -EBADMSG.
 */
int slots_unpack(struct begat_event *ev, const char *data, size_t len, uint32_t *pids,
		 uint64_t *set);

#endif
