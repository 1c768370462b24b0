/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/context_write.c - what many events share: identity, place, and which fields they have.
 *
 * Owns:    the key that makes two contexts the same; rows of the table context.
 * Not:     what differs from event to event (row_from_event.c). Most events find the context of the one before.
 */
#include <errno.h>

#include "store/write/recorder.h"

static int64_t number_of(struct begat_recorder *rec, unsigned place, const struct begat_str *str)
{
	struct begat_strv value = { .data = str->data ? str->data : "", .bytes = str->len };

	return string_number(rec, INTERN_STR, place, &value);
}

#define KEEP(FIELD, key_member, member)                   \
	do {                                              \
		if (begat_event_has(ev, BEGAT_F_##FIELD)) \
			key->key_member = ev->member;     \
	} while (0)

#define KEEP_STR(FIELD, member)                                                           \
	do {                                                                              \
		if (begat_event_has(ev, BEGAT_F_##FIELD))                                 \
			key->member = number_of(rec, STRING_PLACE_##member, &ev->member); \
		if (key->member < 0)                                                      \
			return -ENOMEM;                                                   \
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
	if (begat_event_has(ev, BEGAT_F_ARGV_REWRITTEN) && ev->argv_rewritten)
		key->flags |= SCHEMA_ARGV_REWRITTEN;
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
	return accounts_note(rec, key);
}

int64_t context_number(struct begat_recorder *rec, const struct begat_event *ev,
		       enum slot_form form)
{
	struct context_memo *memo = &rec->contexts[form];
	struct context_key key;
	uint64_t hash;
	int64_t number;

	memset(&key, 0, sizeof(key));
	if (make_key(rec, ev, &key) < 0)
		return -ENOMEM;
	if (memo->number && !memcmp(&memo->key, &key, sizeof(key)))
		return memo->number;
	number = intern_find(rec->intern, INTERN_CONTEXT, &key, sizeof(key), &hash);
	if (!number) {
		if (add_context(rec, &key) < 0)
			return -ENOMEM;
		number = rec->last_context;
		intern_add(rec->intern, INTERN_CONTEXT, &key, sizeof(key), hash, number);
	}
	memo->key = key;
	memo->number = number;
	return number;
}
