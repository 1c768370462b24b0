/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/event_from_row.c - a row becomes the event that it was.
 *
 * Owns:    the reverse of row_from_event.c, field for field.
 * Not:     the order of events (replay.c).
 *
 * Invariants
 *  (1) A field that the event had and the file no longer has becomes absent, never zero.
 */
#include <errno.h>
#include <string.h>

#include "store/format/text.h"
#include "store/read/reader.h"

static const int8_t context_columns[FORM_COUNT] = { PROCESS_fork_context, EXEC_context,
						    PROCESS_exit_context, LOST_context };
static const int8_t extra_columns[FORM_COUNT] = { PROCESS_fork_extra, EXEC_extra,
						  PROCESS_exit_extra, LOST_extra };

static int set_context_text(struct begat_trace *trace, struct begat_event *ev,
			    enum begat_field field, int64_t number, struct begat_str *str)
{
	if (!begat_event_has(ev, field))
		return 0;
	return texts_str(trace, number, str);
}

static int set_context(struct begat_trace *trace, const struct reader_context *c,
		       struct begat_event *ev)
{
	const struct begat_trace_context *v = &c->values;
	int err = 0;

	ev->has = v->has;
	ev->uid = v->uid;
	ev->gid = v->gid;
	ev->euid = v->euid;
	ev->egid = v->egid;
	ev->loginuid = v->loginuid;
	ev->sid = v->sid;
	ev->pgid = v->pgid;
	memcpy(ev->ns, v->ns, sizeof(ev->ns));
	ev->cap_effective = v->cap_effective;
	ev->cgroup_id = v->cgroup_id;
	ev->short_lived = c->flags & SCHEMA_SHORT_LIVED;
	ev->synthetic = c->flags & SCHEMA_SYNTHETIC;
	ev->core_dumped = c->flags & SCHEMA_CORE_DUMPED;
	ev->killed_by_oom = c->flags & SCHEMA_KILLED_BY_OOM;
	ev->argv_truncated = c->flags & SCHEMA_ARGV_TRUNCATED;
	ev->env_truncated = c->flags & SCHEMA_ENV_TRUNCATED;
	ev->argv_rewritten = c->flags & SCHEMA_ARGV_REWRITTEN;
	err = set_context_text(trace, ev, BEGAT_F_TTY, c->tty, &ev->tty);
	if (!err)
		err = set_context_text(trace, ev, BEGAT_F_CGROUP, c->cgroup, &ev->cgroup);
	if (!err)
		err = set_context_text(trace, ev, BEGAT_F_CONTAINER_ID, c->container_id,
				       &ev->container_id);
	if (!err)
		err = set_context_text(trace, ev, BEGAT_F_CONTAINER_RUNTIME, c->container_runtime,
				       &ev->container_runtime);
	if (!err)
		err = set_context_text(trace, ev, BEGAT_F_POD_UID, c->pod_uid, &ev->pod_uid);
	return err;
}

static int set_pids(struct begat_trace *trace, sqlite3_stmt *stmt, int column, uint32_t *pids,
		    struct begat_event *ev)
{
	const char *text;
	size_t len;
	int err = trace_bytes(trace, stmt, column, &text, &len);

	if (err < 0)
		return err;
	if (sqlite3_column_type(stmt, column) != SQLITE_TEXT ||
	    text_decode_numbers(text, len, pids, SLOT_PIDS_MAX, &ev->pids_count) < 0)
		return trace_fail_cell(trace, stmt, column, "a list of pids belongs there");
	ev->pids = pids;
	return 0;
}

/* Sets the member of @slot from a column that is not NULL. */
static int set_slot(struct begat_trace *trace, sqlite3_stmt *stmt, const struct slot *slot,
		    int column, uint32_t *pids, struct begat_event *ev)
{
	uint64_t wide;
	uint32_t narrow;
	int64_t value;
	int err;

	if (slot->kind == SLOT_PIDS)
		return set_pids(trace, stmt, column, pids, ev);
	err = trace_int(trace, stmt, column, &value, NULL);
	if (err < 0)
		return err;
	if (slot->kind == SLOT_STR)
		return texts_str(trace, value, slot_at(ev, slot));
	if (slot->kind == SLOT_STRV)
		return texts_strv(trace, value, slot_at(ev, slot));
	wide = (uint64_t)value;
	if (slot->kind == SLOT_TIME)
		wide += (uint64_t)trace->realtime_offset_ns;
	if (slot_is_wide(slot)) {
		memcpy(slot_at(ev, slot), &wide, sizeof(wide));
		return 0;
	}
	if (slot->kind == SLOT_I32 ? value < INT32_MIN || value > INT32_MAX
				   : value < 0 || value > UINT32_MAX)
		return trace_fail_cell(trace, stmt, column, "out of range");
	narrow = (uint32_t)value;
	memcpy(slot_at(ev, slot), &narrow, sizeof(narrow));
	return 0;
}

static int set_columns(struct begat_trace *trace, sqlite3_stmt *stmt, enum slot_form form,
		       uint32_t *pids, struct begat_event *ev, uint64_t *set)
{
	for (unsigned i = 0; i < slots_count; i++) {
		int column = slots[i].columns[form];
		int err;

		if (column == SLOT_NONE || !begat_event_has(ev, slots[i].field) ||
		    sqlite3_column_type(stmt, column) == SQLITE_NULL)
			continue;
		err = set_slot(trace, stmt, &slots[i], column, pids, ev);
		if (err < 0)
			return err;
		*set |= 1ull << i;
	}
	return 0;
}

static bool can_imply(const struct slot *slot, const struct slot_owner *owner)
{
	switch ((enum slot_kind)slot->kind) {
	case SLOT_ID:
	case SLOT_PID:
	case SLOT_PARENT_ID:
	case SLOT_PPID:
		return owner->is_known;
	case SLOT_TID:
	case SLOT_PIDS:
	case SLOT_ARGC:
	case SLOT_ARGV_BYTES:
	case SLOT_ENVC:
	case SLOT_ENV_BYTES:
		return true;
	default:
		return false;
	}
}

static void drop_field(struct begat_event *ev, unsigned field)
{
	ev->has.bits[field / 64] &= ~(1ull << (field % 64));
}

/* What neither a column nor `extra` told is implied, or absent. */
static void complete(struct begat_event *ev, const struct slot_owner *owner, uint64_t set)
{
	for (unsigned i = 0; i < slots_count; i++) {
		if (set >> i & 1 || !begat_event_has(ev, slots[i].field))
			continue;
		if (can_imply(&slots[i], owner))
			slot_imply(ev, &slots[i], owner);
		else
			drop_field(ev, slots[i].field);
	}
	/* The difference of the clocks is to the boot clock, which now is known. */
	if (begat_event_has(ev, BEGAT_F_TIME) && begat_event_has(ev, BEGAT_F_TS_NS))
		ev->time_ns += ev->ts_ns;
}

static int find_context(struct begat_trace *trace, sqlite3_stmt *stmt, enum slot_form form,
			struct begat_event *ev)
{
	int64_t id;
	int err = trace_int(trace, stmt, context_columns[form], &id, NULL);
	const struct reader_context *context = err ? NULL : contexts_find(trace, id);

	if (err)
		return err;
	if (!context)
		return trace_fail_cell(trace, stmt, context_columns[form],
				       "there is no such context");
	return set_context(trace, context, ev);
}

uint64_t event_columns(enum slot_form form)
{
	uint64_t columns = 1ull << context_columns[form] | 1ull << extra_columns[form];

	for (unsigned i = 0; i < slots_count; i++)
		if (slots[i].columns[form] != SLOT_NONE)
			columns |= 1ull << slots[i].columns[form];
	return form == FORM_EXEC ? columns | 1ull << EXEC_event : columns;
}

int event_from_row(struct begat_trace *trace, sqlite3_stmt *stmt, enum slot_form form,
		   const struct slot_owner *owner, uint32_t *pids, struct begat_event *ret_ev)
{
	static const uint8_t types[FORM_COUNT] = { BEGAT_FORK, 0, BEGAT_EXIT, BEGAT_LOST };
	uint64_t set = 0;
	int err;

	*ret_ev = (struct begat_event){ .size = sizeof(*ret_ev), .type = types[form] };
	if (form == FORM_EXEC) {
		err = trace_u32(trace, stmt, EXEC_event, &ret_ev->type);
		if (err < 0)
			return err;
		if (slot_form(ret_ev->type) != FORM_EXEC || !begat_event_name(ret_ev->type) ||
		    ret_ev->type == BEGAT_SUMMARY)
			return trace_fail_cell(trace, stmt, EXEC_event, "no such event");
	}
	err = find_context(trace, stmt, form, ret_ev);
	if (!err)
		err = set_columns(trace, stmt, form, pids, ret_ev, &set);
	if (err < 0)
		return err;

	int extra = extra_columns[form];

	if (sqlite3_column_type(stmt, extra) != SQLITE_NULL) {
		struct begat_str bytes;
		const char *data;
		size_t len;

		err = trace_bytes(trace, stmt, extra, &data, &len);
		if (!err)
			err = texts_keep(trace, data, len, &bytes);
		if (err < 0)
			return err;
		if (sqlite3_column_type(stmt, extra) != SQLITE_BLOB ||
		    slots_unpack(ret_ev, bytes.data, bytes.len, pids, &set) < 0)
			return trace_fail_cell(trace, stmt, extra, "not readable");
	}
	complete(ret_ev, owner, set);
	return 0;
}
