/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/read/context_read.c - the table context in memory.
 *
 * Owns:    reading it once, finding a row by its id.
 * Not:     writing it (context_write.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "store/read/reader.h"

static int read_numbers(struct begat_trace *trace, sqlite3_stmt *stmt, struct reader_context *c)
{
	const struct {
		int column;
		uint32_t *to;
	} narrow[] = {
		{ CONTEXT_uid, &c->values.uid },	   { CONTEXT_gid, &c->values.gid },
		{ CONTEXT_euid, &c->values.euid },	   { CONTEXT_egid, &c->values.egid },
		{ CONTEXT_loginuid, &c->values.loginuid }, { CONTEXT_sid, &c->values.sid },
		{ CONTEXT_pgid, &c->values.pgid },	   { CONTEXT_flags, &c->flags },
	};
	const struct {
		int column;
		int64_t *to;
	} wide[] = {
		{ CONTEXT_id, &c->id },
		{ CONTEXT_fields_low, (int64_t *)&c->values.has.bits[0] },
		{ CONTEXT_fields_high, (int64_t *)&c->values.has.bits[1] },
		{ CONTEXT_caps, (int64_t *)&c->values.cap_effective },
		{ CONTEXT_cgroup_id, (int64_t *)&c->values.cgroup_id },
		{ CONTEXT_tty, &c->tty },
		{ CONTEXT_cgroup, &c->cgroup },
		{ CONTEXT_container_id, &c->container_id },
		{ CONTEXT_container_runtime, &c->container_runtime },
		{ CONTEXT_pod_uid, &c->pod_uid },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]) && !err; i++)
		err = trace_u32(trace, stmt, narrow[i].column, narrow[i].to);
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]) && !err; i++)
		err = trace_int(trace, stmt, wide[i].column, wide[i].to, NULL);
	for (int i = 0; i < BEGAT_NS_COUNT && !err; i++)
		err = trace_u32(trace, stmt, CONTEXT_ns_pid + i, &c->values.ns[i]);
	/* What the number of a field is to us, not to a later begat. */
	c->values.has.bits[1] &= (1ull << (BEGAT_FIELD_COUNT - 64)) - 1;
	c->values.short_lived = c->flags & SCHEMA_SHORT_LIVED;
	c->values.synthetic = c->flags & SCHEMA_SYNTHETIC;
	return err;
}

static int add(struct begat_trace *trace, sqlite3_stmt *stmt, uint32_t *room)
{
	if (array_grow(&trace->contexts, trace->contexts_count, room, sizeof(*trace->contexts)) < 0)
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	struct reader_context *c = &trace->contexts[trace->contexts_count++];

	*c = (struct reader_context){ 0 };
	return read_numbers(trace, stmt, c);
}

int contexts_load(struct begat_trace *trace)
{
	sqlite3_stmt *stmt = NULL;
	uint32_t room = 0;
	int err, rc = SQLITE_DONE;

	if (trace->contexts)
		return 0;
	err = trace_prepare_rows(trace, &schema_tables[TABLE_CONTEXT], "ORDER BY id", &stmt);
	while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		err = add(trace, stmt, &room);
	if (!err && rc != SQLITE_DONE)
		err = trace_fail_sqlite(trace, rc);
	sqlite3_finalize(stmt);
	if (err < 0) {
		free(trace->contexts);
		trace->contexts = NULL;
		trace->contexts_count = 0;
	}
	return err;
}

const struct reader_context *contexts_find(const struct begat_trace *trace, int64_t id)
{
	size_t low = 0, high = trace->contexts_count;

	/* Ids are 1, 2, 3 ... in a file of ours. */
	if (id > 0 && (uint64_t)id <= high && trace->contexts[id - 1].id == id)
		return &trace->contexts[id - 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trace->contexts[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < trace->contexts_count && trace->contexts[low].id == id ? &trace->contexts[low]
									    : NULL;
}
