/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/find.c - nodes by the id of their process.
 *
 * Owns:    the hash table, and the growth of both.
 */
#include <errno.h>
#include <stdlib.h>

#include "nodes.h"

uint32_t *summary_slot(const struct summary *s, uint64_t id)
{
	size_t i = strings_hash(&id, sizeof(id)) & s->slots_mask;

	while (s->slots[i] && s->nodes[s->slots[i]].id != id)
		i = (i + 1) & s->slots_mask;
	return &s->slots[i];
}

uint32_t summary_find(const struct summary *s, uint64_t id)
{
	return *summary_slot(s, id);
}

int summary_make_room(struct summary *s)
{
	if (s->count < s->room)
		return 0;
	if (s->room >= UINT32_MAX / 8)
		return -ENOMEM;
	struct node *nodes = reallocarray(s->nodes, 2 * (size_t)s->room, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	s->nodes = nodes;
	size_t slots_count = 4 * (size_t)s->room; /* two for each node there will be */
	uint32_t *slots = calloc(slots_count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(s->slots);
	s->slots = slots;
	s->slots_mask = slots_count - 1;
	s->room *= 2;
	for (uint32_t i = 1; i < s->count; i++)
		*summary_slot(s, s->nodes[i].id) = i;
	return 0;
}
