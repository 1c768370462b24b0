/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/summary.c - remembers every process of a run, from the events as they come.
 *
 * Owns:  nodes, parents and children, counts; the order of what is printed.
 * Not:   names (label.c), failures (failures.c), folding (fold.c), drawing (tree.c), the last lines
 *        (answers.c, totals.c).
 *
 * Invariants: those of nodes.h.
 */
#include <begat/search.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"

int summary_new(pid_t root, struct summary **ret_summary)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	summary->root_tgid = (uint32_t)root;
	summary->room = 1024;
	summary->nodes = calloc(summary->room, sizeof(*summary->nodes));
	summary->slots_mask = 2 * summary->room - 1;
	summary->slots = calloc(summary->slots_mask + 1, sizeof(*summary->slots));
	summary->count = 1; /* nobody */
	strings_init(&summary->strings);
	struct begat_searches_options searches = {
		.size = sizeof(searches),
		.callback = failures_end_search,
		.ctx = summary,
	};

	if (!summary->nodes || !summary->slots ||
	    begat_searches_new(&searches, &summary->searches) < 0) {
		summary_free(summary);
		return -ENOMEM;
	}
	*ret_summary = summary;
	return 0;
}

void summary_free(struct summary *summary)
{
	if (!summary)
		return;
	begat_searches_free(summary->searches);
	strings_done(&summary->strings);
	free(summary->nodes);
	free(summary->slots);
	free(summary);
}

void summary_fields(struct begat_fields *fields)
{
	static const enum begat_field needed[] = {
		BEGAT_F_EVENT,
		BEGAT_F_TS_NS,
		BEGAT_F_ID,
		BEGAT_F_PID,
		BEGAT_F_PARENT_ID,
		BEGAT_F_COMM,
		BEGAT_F_FILENAME,
		BEGAT_F_EXE,
		BEGAT_F_INTERPRETER,
		BEGAT_F_ARGV,
		BEGAT_F_ARGV_TRUNCATED,
		BEGAT_F_ERRNO,
		BEGAT_F_REPEATS,
		BEGAT_F_EXIT_CODE,
		BEGAT_F_SIGNAL,
		BEGAT_F_CORE_DUMPED,
		BEGAT_F_KILLED_BY,
		BEGAT_F_DURATION,
		BEGAT_F_UTIME,
		BEGAT_F_STIME,
		BEGAT_F_MAX_RSS,
		BEGAT_F_EXECS,
		BEGAT_F_COUNT,
		BEGAT_F_CLASS,
		BEGAT_F_MISSING,
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		begat_fields_add(fields, needed[i]);
}

static void link_child(struct summary *s, uint32_t parent, uint32_t child)
{
	struct node *p = &s->nodes[parent];

	s->nodes[child].parent = parent;
	s->nodes[child].next = 0;
	if (p->last_child)
		s->nodes[p->last_child].next = child;
	else
		p->first_child = child;
	p->last_child = child;
}

/* The node of @id, made without a parent if it is new; 0 = no memory. */
static uint32_t get_node(struct summary *s, uint64_t id)
{
	uint32_t *slot = summary_slot(s, id);

	if (*slot)
		return *slot;
	if (summary_make_room(s)) {
		s->is_out_of_memory = true;
		return 0;
	}
	uint32_t index = s->count++;

	s->nodes[index] = (struct node){ .id = id };
	*summary_slot(s, id) = index;
	return index;
}

/* Is @index at or above @below? Then it must not become its child. */
static bool is_forebear(const struct summary *s, uint32_t index, uint32_t below)
{
	if (!s->nodes[index].first_child)
		return index == below; /* the usual: no walk up a deep chain for each fork */
	for (; below; below = s->nodes[below].parent)
		if (below == index)
			return true;
	return false;
}

/* The first event about a process names its parent. A later one (init) is not the parent. */
static void see_first(struct summary *s, uint32_t index, const struct begat_event *ev)
{
	s->nodes[index].flags |= NODE_SEEN;
	s->nodes[index].tgid = ev->tgid;
	s->nodes[index].start_ns = ev->ts_ns;
	if (ev->tgid == s->root_tgid && !s->root)
		s->root = index;
	if (!begat_event_has(ev, BEGAT_F_PARENT_ID) || !ev->parent_id || ev->parent_id == ev->id)
		return;
	uint32_t parent = get_node(s, ev->parent_id); /* may move the nodes */

	if (parent && !is_forebear(s, index, parent))
		link_child(s, parent, index);
}

static void take_exit(struct summary *s, uint32_t index, const struct begat_event *ev)
{
	struct node *node = &s->nodes[index];

	if (node->flags & NODE_EXITED)
		return;
	s->exits++;
	if (!(node->flags & NODE_EXECED) && begat_event_has(ev, BEGAT_F_EXECS) && ev->execs)
		label_image(s, &s->nodes[index], ev);
	node->flags |= NODE_EXITED;
	if (begat_event_has(ev, BEGAT_F_SIGNAL) && ev->signal) {
		node->flags |= NODE_HAS_STATUS | NODE_SIGNALLED;
		node->status = (uint16_t)ev->signal;
		if (begat_event_has(ev, BEGAT_F_CORE_DUMPED) && ev->core_dumped)
			node->flags |= NODE_CORE;
		if (begat_event_has(ev, BEGAT_F_KILLED_BY) && ev->killed_by_oom)
			node->flags |= NODE_OOM;
	} else if (begat_event_has(ev, BEGAT_F_EXIT_CODE)) {
		node->flags |= NODE_HAS_STATUS;
		node->status = (uint16_t)ev->exit_code;
	}
	if (begat_event_has(ev, BEGAT_F_DURATION)) {
		node->flags |= NODE_HAS_WALL;
		node->wall_ns = ev->duration_ns;
		if (ev->ts_ns > ev->duration_ns)
			node->start_ns = ev->ts_ns - ev->duration_ns;
	}
	if (begat_event_has(ev, BEGAT_F_UTIME) && begat_event_has(ev, BEGAT_F_STIME)) {
		node->flags |= NODE_HAS_CPU;
		node->cpu_ns = ev->utime_ns + ev->stime_ns;
		s->cpu_ns += node->cpu_ns;
	}
	if (begat_event_has(ev, BEGAT_F_MAX_RSS)) {
		node->flags |= NODE_HAS_RSS;
		node->rss_kib = (uint32_t)(ev->max_rss_bytes >> 10);
	}
	if (node_is_failed(node))
		failures_take_exit(s, index, ev->ts_ns);
}

int summary_add(struct summary *s, const struct begat_event *ev)
{
	if (ev->type == BEGAT_LOST && ev->class_type < BEGAT_TYPE_SLOTS)
		s->lost[ev->class_type] += ev->count;
	if (!(BEGAT_EVENT_BIT(ev->type) &
	      (BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
	       BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) | BEGAT_EVENT_BIT(BEGAT_EXIT))))
		return 0;
	uint32_t index = get_node(s, ev->id);

	if (!index)
		return -ENOMEM;
	if (!(s->nodes[index].flags & NODE_SEEN))
		see_first(s, index, ev);

	begat_searches_take(s->searches, ev, true, 0);
	switch (ev->type) {
	case BEGAT_FORK:
		s->forks++;
		s->nodes[index].flags |= NODE_FORKED;
		break;
	case BEGAT_EXEC:
		s->execs++;
		label_image(s, &s->nodes[index], ev);
		break;
	case BEGAT_EXEC_FAILED:
		s->failed_execs += 1 + (begat_event_has(ev, BEGAT_F_REPEATS) ? ev->repeats : 0);
		break;
	case BEGAT_EXIT:
		take_exit(s, index, ev);
		break;
	}
	/* Until it execs a child is what its parent is; the name must be the one of that moment. */
	struct node *node = &s->nodes[index];

	if (!node->base)
		node->base = s->nodes[node->parent].base;
	if (!node->base)
		node->base = label_keep(s, label_given(ev, BEGAT_F_COMM, ev->comm), BASE_BYTES);
	return s->is_out_of_memory ? -ENOMEM : 0;
}

/* NULL: nobody that lives. Without ids a pid has to do: of two lives the later one. */
static struct node *find_living(struct summary *s, const struct begat_usage_process *process)
{
	uint32_t found = process->id ? summary_find(s, process->id) : 0;

	for (uint32_t i = s->count; !process->id && !found && i-- > 1;)
		if (s->nodes[i].tgid == process->tgid)
			found = i;

	struct node *node = &s->nodes[found];

	return found && (node->flags & (NODE_SEEN | NODE_EXITED)) == NODE_SEEN ? node : NULL;
}

void summary_take_usage(struct summary *s, const struct begat_usage *usage)
{
	for (size_t i = 0; i < usage->count; i++) {
		const struct begat_usage_process *process = &usage->processes[i];
		struct node *node = find_living(s, process);

		if (!node || node->flags & NODE_HAS_CPU)
			continue;
		node->cpu_ns = process->utime_ns + process->stime_ns;
		node->flags |= NODE_HAS_CPU;
		s->cpu_ns += node->cpu_ns;
		s->running_cpu_ns += node->cpu_ns;
	}
}

/* Children of parents that no event was about become roots; what still runs gets its time. */
static void settle(struct summary *s, uint64_t now_ns)
{
	for (uint32_t i = 1; i < s->count; i++) {
		struct node *node = &s->nodes[i];

		if (!(s->nodes[node->parent].flags & NODE_SEEN))
			node->parent = 0;
	}
	for (uint32_t i = 1; i < s->count; i++) {
		struct node *node = &s->nodes[i];

		if (!(node->flags & NODE_SEEN))
			continue;
		if (!node->parent)
			link_child(s, 0, i);
		if (!(node->flags & NODE_EXITED) && now_ns > node->start_ns) {
			node->wall_ns = now_ns - node->start_ns;
			node->flags |= NODE_HAS_WALL;
		}
	}
}

int summary_print(struct summary *s, const struct begat_stats *stats, uint64_t now_ns,
		  const struct summary_style *style, FILE *out)
{
	struct folds folds;

	/* In a PID namespace we call the command by another number; its event came first. */
	for (uint32_t i = 1; i < s->count && !s->root; i++)
		if (s->nodes[i].flags & NODE_SEEN)
			s->root = i;
	begat_searches_finish(s->searches);
	settle(s, now_ns);
	int err = fold_make(s, style->shows_all, SUMMARY_LINES, &folds);

	if (!err)
		err = tree_print(s, &folds, style, out);
	fold_done(&folds);
	if (!err)
		err = answers_print(s, style, out);
	failures_print(s, style, out);
	totals_print(s, stats, style, out);
	return err;
}
