/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/cell.c - see cell.h.
 */
#include "sink/cell.h"

#include <begat/begat.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "event/strv.h"

#include "base/units.h"

static const char *or_number(char text[CELL_BYTES], const char *name, int number)
{
	if (name)
		return name;
	snprintf(text, CELL_BYTES, "%d", number);
	return text;
}

static const char *hex(char text[CELL_BYTES], uint64_t value)
{
	snprintf(text, CELL_BYTES, "%016" PRIx64, value);
	return text;
}

static const char *decimal(char text[CELL_BYTES], uint64_t value)
{
	snprintf(text, CELL_BYTES, "%" PRIu64, value);
	return text;
}

const char *cell_scalar(const struct begat_event *ev, enum begat_field number,
			char text[CELL_BYTES])
{
	const struct field *field = &fields[number];

	if (!begat_event_has(ev, number))
		return "-";
	switch ((enum field_kind)field->kind) {
	case FIELD_STR:
	case FIELD_STRV:
	case FIELD_PIDS:
	case FIELD_NS:
	case FIELD_KILLED_BY:
		return NULL;
	case FIELD_EVENT:
	case FIELD_CLASS:
		return or_number(text,
				 begat_event_name((enum begat_event_type)field_u32(ev, field)),
				 (int)field_u32(ev, field));
	case FIELD_ERRNO:
		return or_number(text, begat_errno_name(ev->error), ev->error);
	case FIELD_SIGNAL:
		return ev->signal ? or_number(text, begat_signal_name(ev->signal), ev->signal)
				  : "-";
	case FIELD_ID:
	case FIELD_CAPS:
	case FIELD_FORKED_BY:
		return hex(text, field_u64(ev, field));
	case FIELD_DURATION:
		/* ts_ns is a point in time: its unit is what tells two of them apart. */
		return number == BEGAT_F_TS_NS ? decimal(text, ev->ts_ns)
					       : units_duration(text, field_u64(ev, field));
	case FIELD_TIME:
	case FIELD_U64:
	case FIELD_BYTES:
		return decimal(text, field_u64(ev, field));
	case FIELD_I32:
		snprintf(text, CELL_BYTES, "%d", (int)field_u32(ev, field));
		return text;
	case FIELD_BOOL:
		return *(const bool *)field_at(ev, field) ? "yes" : "no";
	case FIELD_CPU:
		return decimal(text, ev->type == BEGAT_LOST ? ev->lost_cpu : ev->cpu);
	case FIELD_LOGINUID:
		return ev->loginuid == UINT32_MAX ? "-" : decimal(text, ev->loginuid);
	case FIELD_U32:
		return decimal(text, field_u32(ev, field));
	}
	return "-";
}

static void put_strv(struct line *line, const struct begat_strv *strv)
{
	struct strv_iter it = strv_begin(strv);
	struct begat_str str;

	for (bool any = false; !line->is_full && strv_next(&it, &str); any = true) {
		if (any)
			line_put(line, " ");
		line_escape(line, &str, true);
	}
}

static void put_numbers(struct line *line, const uint32_t *numbers, uint32_t count,
			const char *const *names)
{
	char text[CELL_BYTES];
	bool any = false;

	for (uint32_t i = 0; i < count; i++) {
		if (names && !numbers[i])
			continue;
		snprintf(text, sizeof(text), "%s%s%s%u", any ? "," : "", names ? names[i] : "",
			 names ? ":" : "", numbers[i]);
		line_put(line, text);
		any = true;
	}
}

void cell_put_text(struct line *line, const struct begat_event *ev, enum begat_field number)
{
	const struct field *field = &fields[number];
	char text[CELL_BYTES];

	if (!begat_event_has(ev, number)) {
		line_put(line, "-");
		return;
	}
	switch ((enum field_kind)field->kind) {
	case FIELD_STR:
		line_escape(line, field_str(ev, field), true);
		break;
	case FIELD_STRV:
		put_strv(line, field_at(ev, field));
		break;
	case FIELD_PIDS:
		put_numbers(line, ev->pids, ev->pids_count, NULL);
		break;
	case FIELD_NS:
		put_numbers(line, ev->ns, BEGAT_NS_COUNT, field_ns_names);
		break;
	case FIELD_KILLED_BY:
		if (ev->killed_by_oom) {
			line_put(line, "out of memory");
			break;
		}
		line_escape(line, &ev->killed_by_comm, false);
		snprintf(text, sizeof(text), " %u", ev->killed_by_tgid);
		line_put(line, text);
		break;
	default:
		break;
	}
}
