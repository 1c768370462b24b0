/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctable/expire.c - the dead: when they may go.
 *
 * Owns:    the queue of the dead, the links to ancestors.
 * Not:     finding out which process died (apply.c).
 *
 * Invariants
 *  (1) The queue is in the order in which ends were learnt; each of the dead is in it once,
 *      until its linger time is over, or there are more than PROCTABLE_DEAD_MAX.
 *  (2) An entry goes when its time is over and it is nobody's ancestor; its own ancestor may
 *      go with it, and so on up.
 */
#include "proctable/expire.h"

void expire_end(struct proctable *table, struct entry *entry, uint64_t ts_ns)
{
	entry->flags |= ENTRY_ENDED;
	entry->exit_ns = ts_ns;
	entry->next_dead = NULL;
	if (table->dead_tail)
		table->dead_tail->next_dead = entry;
	else
		table->dead_head = entry;
	table->dead_tail = entry;
	table->dead++;
	table->alive--;
}

static bool may_go(const struct entry *entry)
{
	return !entry->children && entry->flags & (ENTRY_EXPIRED | ENTRY_PLACEHOLDER);
}

void expire_drop_ancestor(struct proctable *table, struct entry *entry)
{
	struct entry *ancestor = entry->ancestor;

	entry->ancestor = NULL;
	while (ancestor) {
		struct entry *next = ancestor->ancestor;

		ancestor->children--;
		if (!may_go(ancestor))
			return;
		table_remove(table, ancestor);
		ancestor = next;
	}
}

void expire_cut_lineage(struct proctable *table, struct entry *entry)
{
	struct entry *top = entry;
	uint32_t depth = 0;

	while (top->ancestor && depth < PROCTABLE_DEPTH_MAX) {
		top = top->ancestor;
		depth++;
	}
	if (top->flags & ENTRY_ENDED) {
		expire_drop_ancestor(table, top);
		top->depth = 0;
	}
	/* So that its other children need not count again. */
	entry->depth = depth;
	entry->ancestor->depth = depth - 1;
}

void proctable_expire(struct proctable *table, uint64_t now_ns)
{
	struct entry *entry;

	while ((entry = table->dead_head)) {
		bool is_over =
			now_ns >= entry->exit_ns && now_ns - entry->exit_ns >= table->linger_ns;

		if (!is_over && table->dead <= PROCTABLE_DEAD_MAX)
			return;
		table->dead--;
		table->dead_head = entry->next_dead;
		__builtin_prefetch(entry->next_dead); /* died long ago: cold */
		if (!table->dead_head)
			table->dead_tail = NULL;
		entry->flags |= ENTRY_EXPIRED;
		if (!may_go(entry))
			continue;
		expire_drop_ancestor(table, entry);
		table_remove(table, entry);
	}
}
