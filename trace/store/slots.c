/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/slots.c - the table over slots.def, and the codec of `extra`.
 *
 * Owns:    the layout of `extra`: for each member the number of its slot, its length, its bytes,
 *          integers in little-endian; so an unknown slot of a later version can be skipped.
 * Not:     which column gets it (fold.c writes, replay.c reads).
 * Called:  by fold.c and replay.c.
 */
#include "slots.h"

#include <endian.h>

#include "bytes.h"
#include "schema.h"

#define NONE SLOT_NONE

const struct slot slots[] = {
#define SLOT(f, k, member, fork, exec, exit, lost) \
	{ BEGAT_F_##f, SLOT_##k, offsetof(struct begat_event, member), { fork, exec, exit, lost } },
#include "slots.def"
#undef SLOT
};

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
	case SLOT_U64:
		number = htole64(slot_u64(ev, &slots[i]));
		return pack(out, i, &number, sizeof(number), NULL, 0);
	case SLOT_U32:
	case SLOT_I32:
	case SLOT_TID:
		break;
	}
	number = htole64(slot_u32(ev, &slots[i]));
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
	if (slot->kind == SLOT_U64)
		memcpy(slot_at(ev, slot), &number, sizeof(number));
	else
		memcpy(slot_at(ev, slot), &narrow, sizeof(narrow));
	return 0;
}

int slots_unpack(struct begat_event *ev, const char *data, size_t len, uint32_t *pids)
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
		if (head[0] < slots_count &&
		    unpack_slot(ev, &slots[head[0]], data, head[1], pids) < 0)
			return -EBADMSG;
		data += head[1];
		len -= head[1];
	}
	return 0;
}
