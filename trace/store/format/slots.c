/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/slots.c - the table over slots.def, and the codec of `extra`.
 *
 * Owns:    the layout of `extra`: for each member the number of its slot, its length, its bytes,
 *          integers in little-endian; so an unknown slot of a later version can be skipped.
 * Not:     which column gets it (row_from_event.c writes, replay.c reads).
 */
#include "store/format/slots.h"

#include <endian.h>

#include "base/bytes.h"
#include "store/format/schema.h"

#define NONE SLOT_NONE

const struct slot slots[] = {
#define SLOT(f, k, member, fork, exec, exit, lost) \
	{ BEGAT_F_##f, SLOT_##k, offsetof(struct begat_event, member), { fork, exec, exit, lost } },
#include "store/format/slots.def"
#undef SLOT
};

_Static_assert(sizeof(slots) / sizeof(slots[0]) <= 64, "a set of slots is one word");

const unsigned slots_count = sizeof(slots) / sizeof(slots[0]);

enum slot_form slot_form(uint32_t event_type)
{
	switch (event_type) {
	case BEGAT_FORK:
		return FORM_FORK;
	case BEGAT_EXIT:
		return FORM_EXIT;
	case BEGAT_LOST:
		return FORM_LOST;
	default:
		return FORM_EXEC;
	}
}

static uint32_t strings_count(const struct begat_event *ev, enum begat_field field,
			      const struct begat_strv *strv)
{
	return begat_event_has(ev, field) ? strv->count : 0;
}

static uint64_t strings_bytes(const struct begat_event *ev, enum begat_field field,
			      const struct begat_strv *strv)
{
	return begat_event_has(ev, field) ? strv->bytes : 0;
}

void slot_imply(struct begat_event *ev, const struct slot *slot, const struct slot_owner *owner)
{
	switch ((enum slot_kind)slot->kind) {
	case SLOT_ID:
		ev->id = owner->id;
		break;
	case SLOT_PID:
		ev->tgid = owner->tgid;
		break;
	case SLOT_TID:
		ev->tid = ev->tgid;
		break;
	case SLOT_PARENT_ID:
		ev->parent_id = owner->parent_id;
		break;
	case SLOT_PPID:
		ev->parent_tgid = owner->parent_tgid;
		break;
	case SLOT_PIDS:
		ev->pids = &ev->tgid;
		ev->pids_count = 1;
		break;
	case SLOT_ARGC:
		ev->argc = strings_count(ev, BEGAT_F_ARGV, &ev->argv);
		break;
	case SLOT_ARGV_BYTES:
		ev->argv_bytes = strings_bytes(ev, BEGAT_F_ARGV, &ev->argv);
		break;
	case SLOT_ENVC:
		ev->envc = strings_count(ev, BEGAT_F_ENV, &ev->env);
		break;
	case SLOT_ENV_BYTES:
		ev->env_bytes = strings_bytes(ev, BEGAT_F_ENV, &ev->env);
		break;
	default:
		break;
	}
}

bool slot_is_implied(const struct begat_event *ev, const struct slot *slot,
		     const struct slot_owner *owner)
{
	switch ((enum slot_kind)slot->kind) {
	case SLOT_ID:
		return owner->is_known && ev->id == owner->id;
	case SLOT_PID:
		return owner->is_known && ev->tgid == owner->tgid;
	case SLOT_TID:
		return begat_event_has(ev, BEGAT_F_PID) && ev->tid == ev->tgid;
	case SLOT_PARENT_ID:
		return owner->is_known && ev->parent_id == owner->parent_id;
	case SLOT_PPID:
		return owner->is_known && ev->parent_tgid == owner->parent_tgid;
	case SLOT_PIDS:
		return begat_event_has(ev, BEGAT_F_PID) && ev->pids_count == 1 &&
		       ev->pids[0] == ev->tgid;
	case SLOT_ARGC:
		return ev->argc == strings_count(ev, BEGAT_F_ARGV, &ev->argv);
	case SLOT_ARGV_BYTES:
		return ev->argv_bytes == strings_bytes(ev, BEGAT_F_ARGV, &ev->argv);
	case SLOT_ENVC:
		return ev->envc == strings_count(ev, BEGAT_F_ENV, &ev->env);
	case SLOT_ENV_BYTES:
		return ev->env_bytes == strings_bytes(ev, BEGAT_F_ENV, &ev->env);
	default:
		return false;
	}
}

static int pack(struct bytes *out, unsigned slot, const void *data, size_t len, const void *more,
		size_t more_len)
{
	uint32_t head[2] = { htole32(slot), htole32((uint32_t)(len + more_len)) };

	if (bytes_add(out, head, sizeof(head)) < 0 || bytes_add(out, data, len) < 0)
		return -ENOMEM;
	return bytes_add(out, more, more_len);
}

static int pack_slot(const struct begat_event *ev, unsigned i, struct bytes *out)
{
	const struct begat_str *str = slot_at(ev, &slots[i]);
	const struct begat_strv *strv = slot_at(ev, &slots[i]);
	uint64_t number;
	uint32_t count;

	switch ((enum slot_kind)slots[i].kind) {
	case SLOT_STR:
		return pack(out, i, str->data, str->len, "", 1);
	case SLOT_STRV:
		count = htole32(strv->count);
		return pack(out, i, &count, sizeof(count), strv->data, strv->bytes);
	case SLOT_PIDS:
		count = ev->pids_count < SLOT_PIDS_MAX ? ev->pids_count : SLOT_PIDS_MAX;
		return pack(out, i, ev->pids, count * sizeof(*ev->pids), NULL, 0);
	default:
		break;
	}
	number = htole64(slot_is_wide(&slots[i]) ? slot_u64(ev, &slots[i])
						 : slot_u32(ev, &slots[i]));
	return pack(out, i, &number, sizeof(number), NULL, 0);
}

int slots_pack(const struct begat_event *ev, const struct begat_fields *fields, struct bytes *out)
{
	for (unsigned i = 0; i < slots_count; i++)
		if (begat_fields_has(fields, slots[i].field) && pack_slot(ev, i, out) < 0)
			return -ENOMEM;
	return 0;
}

static int unpack_strv(struct begat_strv *strv, const char *data, size_t len)
{
	uint32_t count, found = 0;

	if (len < sizeof(count))
		return -EBADMSG;
	memcpy(&count, data, sizeof(count));
	data += sizeof(count);
	len -= sizeof(count);
	if (len && data[len - 1])
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		found += !data[i];
	if (found != le32toh(count))
		return -EBADMSG;
	*strv = (struct begat_strv){ .data = data, .bytes = len, .count = found };
	return 0;
}

static int unpack_slot(struct begat_event *ev, const struct slot *slot, const char *data,
		       size_t len, uint32_t *pids)
{
	uint64_t number;
	uint32_t narrow;

	switch ((enum slot_kind)slot->kind) {
	case SLOT_STR:
		if (!len || data[len - 1])
			return -EBADMSG;
		*(struct begat_str *)slot_at(ev, slot) = (struct begat_str){ data, len - 1 };
		return 0;
	case SLOT_STRV:
		return unpack_strv(slot_at(ev, slot), data, len);
	case SLOT_PIDS:
		if (len % sizeof(*pids) || len > SLOT_PIDS_MAX * sizeof(*pids))
			return -EBADMSG;
		memcpy(pids, data, len);
		ev->pids = pids;
		ev->pids_count = (uint32_t)(len / sizeof(*pids));
		return 0;
	default:
		break;
	}
	if (len != sizeof(number))
		return -EBADMSG;
	memcpy(&number, data, sizeof(number));
	number = le64toh(number);
	narrow = (uint32_t)number;
	if (slot_is_wide(slot))
		memcpy(slot_at(ev, slot), &number, sizeof(number));
	else
		memcpy(slot_at(ev, slot), &narrow, sizeof(narrow));
	return 0;
}

int slots_unpack(struct begat_event *ev, const char *data, size_t len, uint32_t *pids,
		 uint64_t *set)
{
	while (len) {
		uint32_t head[2];

		if (len < sizeof(head))
			return -EBADMSG;
		memcpy(head, data, sizeof(head));
		data += sizeof(head);
		len -= sizeof(head);
		head[0] = le32toh(head[0]);
		head[1] = le32toh(head[1]);
		if (head[1] > len)
			return -EBADMSG;
		if (head[0] < slots_count) {
			if (unpack_slot(ev, &slots[head[0]], data, head[1], pids) < 0)
				return -EBADMSG;
			*set |= 1ull << head[0];
		}
		data += head[1];
		len -= head[1];
	}
	return 0;
}
