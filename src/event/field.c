/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/field.c - begat/field.h: fields of an event by number.
 *
 * Owns:    what of the table of fields.def is public, and reading a field by its kind.
 * Not:     the table (fields.c), how a value looks (sink/).
 */
#include <begat/field.h>
#include <errno.h>

#include "base/api.h"
#include "event/fields.h"
#include "base/opts.h"

/* The public numbers are those of the table. */
#define SAME(name) _Static_assert((int)BEGAT_KIND_##name == (int)FIELD_##name, #name)
SAME(EVENT);
SAME(TIME);
SAME(U32);
SAME(U64);
SAME(I32);
SAME(CPU);
SAME(ID);
SAME(CAPS);
SAME(LOGINUID);
SAME(BOOL);
SAME(DURATION);
SAME(BYTES);
SAME(STR);
SAME(STRV);
SAME(PIDS);
SAME(NS);
SAME(FORKED_BY);
SAME(KILLED_BY);
SAME(ERRNO);
SAME(SIGNAL);
SAME(CLASS);

static bool is_field(int field)
{
	return field >= 0 && field < BEGAT_FIELD_COUNT;
}

static const char *unit_of(const struct field *field)
{
	switch ((enum field_kind)field->kind) {
	case FIELD_TIME:
	case FIELD_DURATION:
		return "ns";
	case FIELD_BYTES:
		return "bytes";
	default:
		return NULL;
	}
}

BEGAT_API int begat_field_info(enum begat_field number, struct begat_field_info *ret_info)
{
	const struct field *field = &fields[is_field((int)number) ? number : 0];
	struct begat_field_info info = {
		.size = sizeof(info),
		.name = field->name,
		.alias = field->alias,
		.unit = unit_of(field),
		.kind = field->kind,
		.events = field->events,
		.offset = field->offset,
	};

	if (!is_field((int)number))
		return -ENOENT;
	return opts_give(ret_info, &info, sizeof(info)) ? 0 : -EINVAL;
}

BEGAT_API int begat_field_by_name(const char *name)
{
	int field = fields_find(name, strlen(name));

	return field < 0 ? -ENOENT : field;
}

BEGAT_API bool begat_event_has_field(const struct begat_event *ev, enum begat_field field)
{
	return is_field((int)field) && begat_event_has(ev, field);
}

BEGAT_API int begat_event_i64(const struct begat_event *ev, enum begat_field number,
			      int64_t *ret_value)
{
	uint64_t wide;
	int err;

	if (is_field((int)number) && begat_event_has(ev, number)) {
		const struct field *field = &fields[number];

		if (field->kind == FIELD_I32 || field->kind == FIELD_ERRNO ||
		    field->kind == FIELD_SIGNAL) {
			*ret_value = (int32_t)field_u32(ev, field);
			return 0;
		}
	}
	err = begat_event_u64(ev, number, &wide);
	if (!err && wide > INT64_MAX)
		err = -ERANGE;
	if (!err)
		*ret_value = (int64_t)wide;
	return err;
}

BEGAT_API int begat_event_u64(const struct begat_event *ev, enum begat_field number,
			      uint64_t *ret_value)
{
	const struct field *field;
	int32_t narrow;

	if (!begat_event_has_field(ev, number))
		return -ENOENT;
	field = &fields[number];
	switch ((enum field_kind)field->kind) {
	case FIELD_TIME:
	case FIELD_U64:
	case FIELD_ID:
	case FIELD_CAPS:
	case FIELD_DURATION:
	case FIELD_BYTES:
	case FIELD_FORKED_BY:
	case FIELD_KILLED_BY:
		*ret_value = field_u64(ev, field);
		return 0;
	case FIELD_CPU:
		*ret_value = ev->type == BEGAT_LOST ? ev->lost_cpu : ev->cpu;
		return 0;
	case FIELD_EVENT:
	case FIELD_U32:
	case FIELD_LOGINUID:
	case FIELD_CLASS:
		*ret_value = field_u32(ev, field);
		return 0;
	case FIELD_BOOL:
		*ret_value = *(const bool *)field_at(ev, field);
		return 0;
	case FIELD_I32:
	case FIELD_ERRNO:
	case FIELD_SIGNAL:
		narrow = (int32_t)field_u32(ev, field);
		if (narrow < 0)
			return -ERANGE;
		*ret_value = (uint64_t)narrow;
		return 0;
	default:
		return -EINVAL;
	}
}

BEGAT_API int begat_event_str(const struct begat_event *ev, enum begat_field number,
			      struct begat_str *ret_value)
{
	if (!begat_event_has_field(ev, number))
		return -ENOENT;
	if (fields[number].kind != FIELD_STR)
		return -EINVAL;
	*ret_value = *field_str(ev, &fields[number]);
	return 0;
}

BEGAT_API int begat_event_strv(const struct begat_event *ev, enum begat_field number,
			       struct begat_strv *ret_value)
{
	struct begat_str str;

	if (!begat_event_has_field(ev, number))
		return -ENOENT;
	if (fields[number].kind == FIELD_STRV) {
		memcpy(ret_value, field_at(ev, &fields[number]), sizeof(*ret_value));
		return 0;
	}
	if (begat_event_str(ev, number, &str))
		return -EINVAL;
	*ret_value = (struct begat_strv){ str.data, str.len + 1, 1, 0 };
	return 0;
}

BEGAT_API int begat_event_u32s(const struct begat_event *ev, enum begat_field number,
			       const uint32_t **ret_values, uint32_t *ret_count)
{
	if (!begat_event_has_field(ev, number))
		return -ENOENT;
	switch ((enum field_kind)fields[number].kind) {
	case FIELD_PIDS:
		*ret_values = ev->pids;
		*ret_count = ev->pids_count;
		return 0;
	case FIELD_NS:
		*ret_values = ev->ns;
		*ret_count = BEGAT_NS_COUNT;
		return 0;
	default:
		return -EINVAL;
	}
}
