/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/scope.h - would the source have reported this process, as far as user space can know?
 *
 * Owns:    the question, for what no event of the source said: snapshots and synthetic events.
 */
#ifndef BEGAT_TRACER_SCOPE_H
#define BEGAT_TRACER_SCOPE_H

#include "proctable/proctable.h"
#include "source/source.h"

struct scope {
	struct source *source;
	const struct proctable *table;
	bool is_tree, is_of_cgroups;
	uint32_t uids[SOURCE_IDS_MAX];
	uint32_t uids_count; /* 0 = any */
};

static inline bool scope_follows(const struct scope *scope, const struct begat_event *ev)
{
	return !scope->is_tree || scope->source->ops->is_followed(scope->source, ev->tgid);
}

/* A snapshot has no cgroups: for those, a process counts if one of them forked it. */
static inline bool scope_includes(const struct scope *scope, const struct begat_event *ev)
{
	bool has_uid = !scope->uids_count;

	for (uint32_t i = 0; i < scope->uids_count && !has_uid; i++)
		has_uid = scope->uids[i] == ev->uid;
	if (!has_uid || !scope_follows(scope, ev))
		return false;
	return !scope->is_of_cgroups || proctable_is_reported(scope->table, ev->id) ||
	       proctable_is_reported(scope->table, ev->parent_id);
}

#endif
