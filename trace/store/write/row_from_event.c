/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/row_from_event.c - an event becomes a row, or part of one.
 *
 * Owns:    which row an event goes to; which process has which row.
 * Not:     columns (slots.def), texts (string_write.c), contexts (context_write.c), SQL (batch.c).
 *
 * Invariants
 *  (1) Every process that an event names has a row before the event's own row.
 *  (2) A fork always begins a row; so rows are in the order of fork_n.
 *  (3) Every field of the event is kept: in a column, in the context, or in `extra`.
 */
#include <errno.h>

#include "store/format/text.h"
#include "store/write/recorder.h"

static int put_pids(const struct begat_event *ev, struct rows *rows, struct row *row, int column)
{
	size_t offset = rows->bytes.len;
	uint32_t count = ev->pids_count < SLOT_PIDS_MAX ? ev->pids_count : SLOT_PIDS_MAX;
	char *to;

	to = bytes_reserve(&rows->bytes, (size_t)count * 11 + 3);
	if (!to)
		return -ENOMEM;
	*to++ = '[';
	for (uint32_t i = 0; i < count; i++)
		to += sprintf(to, "%s%u", i ? "," : "", ev->pids[i]);
	*to++ = ']';
	rows->bytes.len = (size_t)(to - rows->bytes.data);
	row_set_bytes(row, column, offset, rows->bytes.len - offset, true);
	return 0;
}

/* Wall clock minus boot clock, beyond what it was when the part began. */
static int64_t clock_of(const struct begat_recorder *rec, const struct begat_event *ev)
{
	uint64_t ts_ns = begat_event_has(ev, BEGAT_F_TS_NS) ? ev->ts_ns : 0;

	return (int64_t)(ev->time_ns - ts_ns - (uint64_t)rec->realtime_offset_ns);
}

static int put_slot(struct begat_recorder *rec, const struct begat_event *ev, unsigned number,
		    int column, struct rows *rows, struct row *row)
{
	const struct slot *slot = &slots[number];
	const struct begat_str *str;
	struct begat_strv strv;
	int64_t value;

	switch ((enum slot_kind)slot->kind) {
	case SLOT_I32:
		value = (int32_t)slot_u32(ev, slot);
		break;
	case SLOT_STR:
		str = slot_at(ev, slot);
		strv = (struct begat_strv){ .data = str->data ? str->data : "", .bytes = str->len };
		value = string_number(rec, INTERN_STR, number, &strv);
		if (value < 0)
			return -ENOMEM;
		break;
	case SLOT_STRV:
		strv = *(const struct begat_strv *)slot_at(ev, slot);
		strv.data = strv.data ? strv.data : "";
		value = string_number(rec, INTERN_STRV, number, &strv);
		if (value < 0)
			return -ENOMEM;
		break;
	case SLOT_PIDS:
		return put_pids(ev, rows, row, column);
	case SLOT_TIME:
		value = clock_of(rec, ev);
		break;
	default:
		value = slot_is_wide(slot) ? (int64_t)slot_u64(ev, slot) : slot_u32(ev, slot);
		break;
	}
	row_set(row, column, value);
	return 0;
}

/* Fills the columns of @form in @row, which is one of @rows. */
static int put_event(struct begat_recorder *rec, const struct begat_event *ev, enum slot_form form,
		     const struct slot_owner *owner, struct rows *rows, struct row *row)
{
	static const int8_t context_columns[FORM_COUNT] = { PROCESS_fork_context, EXEC_context,
							    PROCESS_exit_context, LOST_context };
	static const int8_t extra_columns[FORM_COUNT] = { PROCESS_fork_extra, EXEC_extra,
							  PROCESS_exit_extra, LOST_extra };
	int64_t context = context_number(rec, ev, form);
	struct begat_fields homeless = { { 0, 0 } };

	if (context < 0)
		return -ENOMEM;
	row_set(row, context_columns[form], context);
	for (unsigned i = 0; i < slots_count; i++) {
		const struct slot *slot = &slots[i];
		int column = slot->columns[form];

		if (!begat_event_has(ev, slot->field) || slot_is_implied(ev, slot, owner))
			continue;
		if (column == SLOT_NONE)
			begat_fields_add(&homeless, slot->field);
		else if (put_slot(rec, ev, i, column, rows, row) < 0)
			return -ENOMEM;
	}
	if (homeless.bits[0] | homeless.bits[1]) {
		size_t offset = rows->bytes.len;

		if (slots_pack(ev, &homeless, &rows->bytes) < 0)
			return -ENOMEM;
		row_set_bytes(row, extra_columns[form], offset, rows->bytes.len - offset, false);
	}
	return 0;
}

static struct slot_owner owner_of(const struct live_entry *entry)
{
	return (struct slot_owner){ .id = entry->id,
				    .parent_id = entry->parent_id,
				    .tgid = entry->tgid,
				    .parent_tgid = entry->parent_tgid,
				    .is_known = true };
}

/* What it had used before: it is first seen now, and it did not begin now. */
static int add_usage(struct begat_recorder *rec, const struct live_entry *entry)
{
	const struct begat_usage_process *before = usage_find(&rec->usage, entry->id, entry->tgid);

	if (before)
		return usage_add_row(&rec->usage, entry->row, before->utime_ns, before->stime_ns);
	return rec->is_from_last_part ? usage_add_row(&rec->usage, entry->row, 0, 0) : 0;
}

/* A new row for the process of @ev, in memory; *ret_row may be NULL. */
static int add_process(struct begat_recorder *rec, const struct begat_event *ev, bool lives,
		       struct live_entry *ret_entry, struct row **ret_row)
{
	struct rows *rows = &rec->rows[TABLE_PROCESS];
	struct row *row = rows_add(rows);
	struct live_entry entry = { .id = ev->id, .batch = rec->batch, .index = rows->count - 1 };

	if (!row)
		return -ENOMEM;
	entry.row = ++rec->last_row;
	row_set(row, PROCESS_row, entry.row);
	row_set(row, PROCESS_id, (int64_t)ev->id);
	if (begat_event_has(ev, BEGAT_F_PID)) {
		row_set(row, PROCESS_pid, ev->tgid);
		entry.tgid = ev->tgid;
	}
	if (begat_event_has(ev, BEGAT_F_PARENT_ID)) {
		row_set(row, PROCESS_parent_id, (int64_t)ev->parent_id);
		entry.parent_id = ev->parent_id;
	}
	if (begat_event_has(ev, BEGAT_F_PPID)) {
		row_set(row, PROCESS_ppid, ev->parent_tgid);
		entry.parent_tgid = ev->parent_tgid;
	}
	if (ev->type != BEGAT_FORK && add_usage(rec, &entry) < 0)
		return -ENOMEM;
	rec->counts.processes++;
	rec->part_processes++;
	*ret_entry = entry;
	*ret_row = row;
	return lives ? live_put(&rec->live, &entry) : 0;
}

static int add_fork(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct live_entry entry;
	struct slot_owner owner;
	struct row *row;

	if (add_process(rec, ev, true, &entry, &row) < 0)
		return -ENOMEM;
	owner = owner_of(&entry);
	row_set(row, PROCESS_fork_n, (int64_t)rec->n);
	return put_event(rec, ev, FORM_FORK, &owner, &rec->rows[TABLE_PROCESS], row);
}

static int add_exec(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct rows *rows = &rec->rows[TABLE_EXEC];
	struct live_entry entry = { 0 };
	struct slot_owner owner = { 0 };
	struct row *row;

	if (begat_event_has(ev, BEGAT_F_ID)) {
		const struct live_entry *known = live_find(&rec->live, ev->id);

		if (known)
			entry = *known;
		else if (add_process(rec, ev, true, &entry, &row) < 0)
			return -ENOMEM;
		owner = owner_of(&entry);
	}
	row = rows_add(rows);
	if (!row)
		return -ENOMEM;
	row_set(row, EXEC_n, (int64_t)rec->n);
	row_set(row, EXEC_event, ev->type);
	if (entry.row)
		row_set(row, EXEC_process, entry.row);
	rec->counts.execs++;
	rec->part_execs++;
	return put_event(rec, ev, FORM_EXEC, &owner, rows, row);
}

static int add_exit(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct rows *rows = &rec->rows[TABLE_PROCESS];
	struct live_entry *known = live_find(&rec->live, ev->id);
	struct live_entry entry;
	struct slot_owner owner;
	struct row *row;

	if (!known) {
		if (add_process(rec, ev, false, &entry, &row) < 0)
			return -ENOMEM;
	} else {
		entry = *known;
		live_remove(&rec->live, known);
		if (entry.batch != rec->batch)
			rows = &rec->ends;
		row = rows == &rec->ends ? rows_add(rows) : rows_at(rows, entry.index);
		if (!row)
			return -ENOMEM;
		row_set(row, PROCESS_row, entry.row);
	}
	owner = owner_of(&entry);
	row_set(row, PROCESS_exit_n, (int64_t)rec->n);
	return put_event(rec, ev, FORM_EXIT, &owner, rows, row);
}

static int add_lost(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct rows *rows = &rec->rows[TABLE_LOST];
	struct slot_owner owner = { 0 };
	struct row *row = rows_add(rows);

	if (!row)
		return -ENOMEM;
	row_set(row, LOST_n, (int64_t)rec->n);
	rec->counts.lost += ev->count;
	rec->part_lost += ev->count;
	return put_event(rec, ev, FORM_LOST, &owner, rows, row);
}

int row_from_event(struct begat_recorder *rec, const struct begat_event *ev)
{
	if (begat_event_has(ev, BEGAT_F_TS_NS)) {
		if (!rec->first_ns || ev->ts_ns < rec->first_ns)
			rec->first_ns = ev->ts_ns;
		if (ev->ts_ns > rec->last_ns)
			rec->last_ns = ev->ts_ns;
	}
	rec->n++;
	rec->part_events++;
	rec->counts.events++;
	switch (ev->type) {
	case BEGAT_FORK:
		return add_fork(rec, ev);
	case BEGAT_EXEC:
	case BEGAT_EXEC_FAILED:
	case BEGAT_SNAPSHOT:
		return add_exec(rec, ev);
	case BEGAT_EXIT:
		return add_exit(rec, ev);
	case BEGAT_LOST:
		return add_lost(rec, ev);
	default:
		return -EINVAL;
	}
}
