/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/analysis/tree.c - what each process and all that it begot cost.
 *
 * Owns:    struct analysis_node but its track.
 * Not:     the order of the tree (base.c).
 */
#include "analysis.h"

#include <stdlib.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Children are by start, so their union grows in one pass. */
static uint64_t covered_by_children(const struct analysis_base *b, uint32_t i)
{
	const struct analysis_process *p = &b->processes[i];
	uint64_t covered = 0, until = p->start_ns;

	for (uint32_t k = b->child_first[i]; k < b->child_first[i + 1]; k++) {
		const struct analysis_process *child = &b->processes[b->children[k]];
		uint64_t from = max_u64(child->start_ns, until);
		uint64_t to = min_u64(child->end_ns, p->end_ns);

		if (to <= from)
			continue;
		covered += to - from;
		until = to;
	}
	return covered;
}

static void start_node(struct analysis *a, uint32_t i)
{
	const struct analysis_base *b = a->base;
	const struct analysis_process *p = &b->processes[i];
	struct analysis_node *node = &a->nodes[i];

	node->depth = p->parent == ANALYSIS_NONE ? 0 : a->nodes[p->parent].depth + 1;
	node->own_wall_ns = base_wall(p) - covered_by_children(b, i);
	node->subtree_wall_ns = base_wall(p);
	if (base_has_run_cpu(b, i))
		node->subtree_cpu_ns = base_cpu(p);
	if (!base_is_run(b, i))
		return;
	node->subtree_max_rss_bytes = base_row(b, i)->max_rss_bytes;
	node->subtree_read_bytes = p->read_bytes;
	node->subtree_write_bytes = p->write_bytes;
	node->subtree_count = 1;
	node->subtree_failed = base_has_failed(b, i);
}

static void add_to_parent(struct analysis *a, uint32_t i)
{
	const struct analysis_process *p = &a->base->processes[i];
	const struct analysis_node *node = &a->nodes[i];

	if (p->parent == ANALYSIS_NONE)
		return;
	struct analysis_node *up = &a->nodes[p->parent];
	uint64_t up_start = a->base->processes[p->parent].start_ns;
	uint64_t end = p->start_ns + node->subtree_wall_ns;

	if (end > up_start)
		up->subtree_wall_ns = max_u64(up->subtree_wall_ns, end - up_start);
	up->subtree_cpu_ns += node->subtree_cpu_ns;
	up->subtree_max_rss_bytes = max_u64(up->subtree_max_rss_bytes, node->subtree_max_rss_bytes);
	up->subtree_read_bytes += node->subtree_read_bytes;
	up->subtree_write_bytes += node->subtree_write_bytes;
	up->subtree_count += node->subtree_count;
	up->subtree_failed += node->subtree_failed;
}

int analysis_tree(struct analysis *a)
{
	const struct analysis_base *b = a->base;

	for (size_t k = 0; k < b->count; k++)
		start_node(a, b->order[k]);
	for (size_t k = b->count; k > 0; k--)
		add_to_parent(a, b->order[k - 1]);
	return 0;
}
