/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/fold.c - an event becomes a row, or part of one.
 *
 * Owns:    which row an event goes to; numbers of strings and contexts.
 * Not:     columns (slots.def), SQL (writer.c).
 * Called:  by writer.c, once per event, in stream order.
 *
 * Invariants
 *  (1) Every process that an event names has a row before the event's own row.
 *  (2) A fork always begins a row; so rows are in the order of fork_n.
 *  (3) Every field of the event is kept: in a column, in the context, or in `extra`.
 */
#include <errno.h>

#include "slots.h"
#include "text.h"
#include "writer.h"

/* Adds a text or a vector to the table string; returns its number or -ENOMEM. */
static int64_t add_string(struct begat_recorder *rec, enum intern_kind kind,
			  const struct begat_strv *value)
{
	struct rows *rows = &rec->rows[TABLE_STRING];
	size_t offset = rows->bytes.len;
	bool is_text = kind == INTERN_STR && text_is_plain(value->data, value->bytes);
	struct row *row = rows_add(rows);

	if (!row)
		return -ENOMEM;
	if (kind == INTERN_STRV) {
		int encoded = text_encode_vector(value, &rows->bytes);

		if (encoded < 0)
			return encoded;
		is_text = encoded;
	}
	if ((kind == INTERN_STR || !is_text) &&
	    bytes_add(&rows->bytes, value->data, value->bytes) < 0)
		return -ENOMEM;
	row_set(row, STRING_id, ++rec->last_string);
	row_set_bytes(row, STRING_text, offset, rows->bytes.len - offset, is_text);
	return rec->last_string;
}

static int64_t string_of(struct begat_recorder *rec, enum intern_kind kind,
			 const struct begat_strv *value)
{
	uint64_t hash;
	int64_t number = intern_find(rec->intern, kind, value->data, value->bytes, &hash);

	if (number)
		return number;
	number = add_string(rec, kind, value);
	if (number > 0)
		intern_add(rec->intern, kind, value->data, value->bytes, hash, number);
	return number;
}

static int64_t number_of_str(struct begat_recorder *rec, const struct begat_str *str)
{
	struct begat_strv value = { .data = str->data ? str->data : "", .bytes = str->len };

	return string_of(rec, INTERN_STR, &value);
}

/* What of an event is in its context, with the rest zero: compared as bytes. */
struct context_key {
	uint64_t has[2];
	uint64_t caps, cgroup_id;
	int64_t tty, cgroup, container_id, container_runtime, pod_uid; /* strings */
	uint32_t uid, gid, euid, egid, loginuid, sid, pgid;
	uint32_t ns[BEGAT_NS_COUNT];
	uint32_t flags;
	uint32_t zero;
};

#define KEEP(FIELD, key_member, member)                   \
	do {                                              \
		if (begat_event_has(ev, BEGAT_F_##FIELD)) \
			key->key_member = ev->member;     \
	} while (0)

#define KEEP_STR(FIELD, member)                                        \
	do {                                                           \
		if (begat_event_has(ev, BEGAT_F_##FIELD))              \
			key->member = number_of_str(rec, &ev->member); \
		if (key->member < 0)                                   \
			return -ENOMEM;                                \
	} while (0)

static int make_key(struct begat_recorder *rec, const struct begat_event *ev,
		    struct context_key *key)
{
	key->has[0] = ev->has.bits[0];
	key->has[1] = ev->has.bits[1];
	KEEP(UID, uid, uid);
	KEEP(GID, gid, gid);
	KEEP(EUID, euid, euid);
	KEEP(EGID, egid, egid);
	KEEP(LOGINUID, loginuid, loginuid);
	KEEP(CAPS, caps, cap_effective);
	KEEP(SID, sid, sid);
	KEEP(PGID, pgid, pgid);
	KEEP(CGROUP, cgroup_id, cgroup_id);
	KEEP_STR(TTY, tty);
	KEEP_STR(CGROUP, cgroup);
	KEEP_STR(CONTAINER_ID, container_id);
	KEEP_STR(CONTAINER_RUNTIME, container_runtime);
	KEEP_STR(POD_UID, pod_uid);
	if (begat_event_has(ev, BEGAT_F_NS))
		memcpy(key->ns, ev->ns, sizeof(key->ns));
	if (begat_event_has(ev, BEGAT_F_SHORT_LIVED) && ev->short_lived)
		key->flags |= SCHEMA_SHORT_LIVED;
	if (begat_event_has(ev, BEGAT_F_SYNTHETIC) && ev->synthetic)
		key->flags |= SCHEMA_SYNTHETIC;
	if (begat_event_has(ev, BEGAT_F_CORE_DUMPED) && ev->core_dumped)
		key->flags |= SCHEMA_CORE_DUMPED;
	if (begat_event_has(ev, BEGAT_F_KILLED_BY) && ev->killed_by_oom)
		key->flags |= SCHEMA_KILLED_BY_OOM;
	if (begat_event_has(ev, BEGAT_F_ARGV_TRUNCATED) && ev->argv_truncated)
		key->flags |= SCHEMA_ARGV_TRUNCATED;
	if (begat_event_has(ev, BEGAT_F_ENV_TRUNCATED) && ev->env_truncated)
		key->flags |= SCHEMA_ENV_TRUNCATED;
	return 0;
}

static void set_if(struct row *row, const struct context_key *key, enum begat_field field,
		   int column, int64_t value)
{
	if (key->has[field / 64] >> (field % 64) & 1)
		row_set(row, column, value);
}

static int add_context(struct begat_recorder *rec, const struct context_key *key)
{
	struct row *row = rows_add(&rec->rows[TABLE_CONTEXT]);

	if (!row)
		return -ENOMEM;
	row_set(row, CONTEXT_id, ++rec->last_context);
	row_set(row, CONTEXT_fields_low, (int64_t)key->has[0]);
	row_set(row, CONTEXT_fields_high, (int64_t)key->has[1]);
	set_if(row, key, BEGAT_F_UID, CONTEXT_uid, key->uid);
	set_if(row, key, BEGAT_F_GID, CONTEXT_gid, key->gid);
	set_if(row, key, BEGAT_F_EUID, CONTEXT_euid, key->euid);
	set_if(row, key, BEGAT_F_EGID, CONTEXT_egid, key->egid);
	set_if(row, key, BEGAT_F_LOGINUID, CONTEXT_loginuid, key->loginuid);
	set_if(row, key, BEGAT_F_SID, CONTEXT_sid, key->sid);
	set_if(row, key, BEGAT_F_PGID, CONTEXT_pgid, key->pgid);
	for (int i = 0; i < BEGAT_NS_COUNT; i++)
		set_if(row, key, BEGAT_F_NS, CONTEXT_ns_pid + i, key->ns[i]);
	set_if(row, key, BEGAT_F_CAPS, CONTEXT_caps, (int64_t)key->caps);
	set_if(row, key, BEGAT_F_CGROUP, CONTEXT_cgroup_id, (int64_t)key->cgroup_id);
	set_if(row, key, BEGAT_F_TTY, CONTEXT_tty, key->tty);
	set_if(row, key, BEGAT_F_CGROUP, CONTEXT_cgroup, key->cgroup);
	set_if(row, key, BEGAT_F_CONTAINER_ID, CONTEXT_container_id, key->container_id);
	set_if(row, key, BEGAT_F_CONTAINER_RUNTIME, CONTEXT_container_runtime,
	       key->container_runtime);
	set_if(row, key, BEGAT_F_POD_UID, CONTEXT_pod_uid, key->pod_uid);
	row_set(row, CONTEXT_flags, key->flags);
	return 0;
}

static int64_t number_of_context(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct context_key key;
	uint64_t hash;
	int64_t number;

	memset(&key, 0, sizeof(key));
	if (make_key(rec, ev, &key) < 0)
		return -ENOMEM;
	number = intern_find(rec->intern, INTERN_CONTEXT, &key, sizeof(key), &hash);
	if (number)
		return number;
	if (add_context(rec, &key) < 0)
		return -ENOMEM;
	intern_add(rec->intern, INTERN_CONTEXT, &key, sizeof(key), hash, rec->last_context);
	return rec->last_context;
}

static int put_pids(const struct begat_event *ev, struct rows *rows, struct row *row, int column)
{
	size_t offset = rows->bytes.len;
	uint32_t count = ev->pids_count < SLOT_PIDS_MAX ? ev->pids_count : SLOT_PIDS_MAX;
	char *to;

	if (count == 1 && ev->pids[0] == ev->tgid && begat_event_has(ev, BEGAT_F_PID))
		return 0;
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

static int put_slot(struct begat_recorder *rec, const struct begat_event *ev,
		    const struct slot *slot, int column, struct rows *rows, struct row *row)
{
	int64_t value = 0;

	switch ((enum slot_kind)slot->kind) {
	case SLOT_U32:
		value = slot_u32(ev, slot);
		break;
	case SLOT_U64:
		value = (int64_t)slot_u64(ev, slot);
		break;
	case SLOT_I32:
		value = (int32_t)slot_u32(ev, slot);
		break;
	case SLOT_TID:
		if (ev->tid == ev->tgid && begat_event_has(ev, BEGAT_F_PID))
			return 0;
		value = ev->tid;
		break;
	case SLOT_STR:
		value = number_of_str(rec, slot_at(ev, slot));
		break;
	case SLOT_STRV:
		value = string_of(rec, INTERN_STRV, slot_at(ev, slot));
		break;
	case SLOT_PIDS:
		return put_pids(ev, rows, row, column);
	}
	if (value < 0 && (slot->kind == SLOT_STR || slot->kind == SLOT_STRV))
		return -ENOMEM;
	row_set(row, column, value);
	return 0;
}

/* Fills the columns of @form in @row, which is one of @rows. */
static int put_event(struct begat_recorder *rec, const struct begat_event *ev, enum slot_form form,
		     struct rows *rows, struct row *row)
{
	static const int8_t context_columns[FORM_COUNT] = { PROCESS_fork_context, EXEC_context,
							    PROCESS_exit_context, LOST_context };
	static const int8_t extra_columns[FORM_COUNT] = { PROCESS_fork_extra, EXEC_extra,
							  PROCESS_exit_extra, LOST_extra };
	int64_t context = number_of_context(rec, ev);
	struct begat_fields homeless = { { 0, 0 } };

	if (context < 0)
		return -ENOMEM;
	row_set(row, context_columns[form], context);
	for (unsigned i = 0; i < slots_count; i++) {
		const struct slot *slot = &slots[i];

		if (!begat_event_has(ev, slot->field))
			continue;
		if (slot->columns[form] == SLOT_NONE)
			begat_fields_add(&homeless, slot->field);
		else if (put_slot(rec, ev, slot, slot->columns[form], rows, row) < 0)
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

/* A new row for the process of @ev. @ret_row may be NULL. */
static int add_process(struct begat_recorder *rec, const struct begat_event *ev, bool lives,
		       struct row **ret_row)
{
	struct rows *rows = &rec->rows[TABLE_PROCESS];
	struct row *row = rows_add(rows);
	struct live_entry entry = { .id = ev->id, .batch = rec->batch, .index = rows->count - 1 };

	if (!row)
		return -ENOMEM;
	entry.row = ++rec->last_row;
	row_set(row, PROCESS_row, entry.row);
	row_set(row, PROCESS_id, (int64_t)ev->id);
	if (begat_event_has(ev, BEGAT_F_PID))
		row_set(row, PROCESS_pid, ev->tgid);
	if (begat_event_has(ev, BEGAT_F_PARENT_ID))
		row_set(row, PROCESS_parent_id, (int64_t)ev->parent_id);
	if (begat_event_has(ev, BEGAT_F_PPID))
		row_set(row, PROCESS_ppid, ev->parent_tgid);
	rec->counts.processes++;
	rec->part_processes++;
	if (ret_row)
		*ret_row = row;
	return lives ? live_put(&rec->live, &entry) : 0;
}

static int fold_fork(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct row *row;

	if (add_process(rec, ev, true, &row) < 0)
		return -ENOMEM;
	row_set(row, PROCESS_fork_n, (int64_t)rec->n);
	return put_event(rec, ev, FORM_FORK, &rec->rows[TABLE_PROCESS], row);
}

static int fold_exec(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct rows *rows = &rec->rows[TABLE_EXEC];
	struct row *row;

	if (begat_event_has(ev, BEGAT_F_ID) && !live_find(&rec->live, ev->id) &&
	    add_process(rec, ev, true, NULL) < 0)
		return -ENOMEM;
	row = rows_add(rows);
	if (!row)
		return -ENOMEM;
	row_set(row, EXEC_n, (int64_t)rec->n);
	row_set(row, EXEC_event, ev->type);
	rec->counts.execs++;
	rec->part_execs++;
	return put_event(rec, ev, FORM_EXEC, rows, row);
}

static int fold_exit(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct rows *rows = &rec->rows[TABLE_PROCESS];
	struct live_entry *entry = live_find(&rec->live, ev->id);
	struct row *row;

	if (!entry) {
		if (add_process(rec, ev, false, &row) < 0)
			return -ENOMEM;
	} else {
		if (entry->batch == rec->batch) {
			row = rows_at(rows, entry->index);
		} else {
			rows = &rec->ends;
			row = rows_add(rows);
			if (!row)
				return -ENOMEM;
			row_set(row, PROCESS_row, entry->row);
		}
		live_remove(&rec->live, entry);
	}
	row_set(row, PROCESS_exit_n, (int64_t)rec->n);
	return put_event(rec, ev, FORM_EXIT, rows, row);
}

static int fold_lost(struct begat_recorder *rec, const struct begat_event *ev)
{
	struct rows *rows = &rec->rows[TABLE_LOST];
	struct row *row = rows_add(rows);

	if (!row)
		return -ENOMEM;
	row_set(row, LOST_n, (int64_t)rec->n);
	rec->counts.lost += ev->count;
	rec->part_lost += ev->count;
	return put_event(rec, ev, FORM_LOST, rows, row);
}

int fold_event(struct begat_recorder *rec, const struct begat_event *ev)
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
		return fold_fork(rec, ev);
	case BEGAT_EXEC:
	case BEGAT_EXEC_FAILED:
	case BEGAT_SNAPSHOT:
		return fold_exec(rec, ev);
	case BEGAT_EXIT:
		return fold_exit(rec, ev);
	case BEGAT_LOST:
		return fold_lost(rec, ev);
	default:
		return -EINVAL;
	}
}
