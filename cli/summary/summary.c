/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/summary.c - from the events of a run to the nodes of its tree.
 *
 * Owns:  feeding the model (begat_live), what a node takes from it, totals, the order of what is
 *        printed.
 * Not:   what ran (trace/model/), names (label.c), failures (failures.c), folding (fold.c), drawing
 *        (tree.c), the last lines (answers.c, totals.c).
 *
 * Invariants: those of nodes.h.
 */
#include <begat/search.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"

#define PROCESSES_MAX (1u << 26)

int summary_new(pid_t root, struct summary **ret_summary)
{
	struct begat_live_options bounds = { .size = sizeof(bounds),
					     .processes_max = PROCESSES_MAX,
					     .execs_max = PROCESSES_MAX };
	struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	summary->root_tgid = (uint32_t)root;
	struct begat_searches_options searches = {
		.size = sizeof(searches),
		.callback = failures_end_search,
		.ctx = summary,
	};

	if (begat_live_new(&bounds, &summary->live) < 0 ||
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
	begat_live_free(summary->live);
	begat_trace_close(summary->trace);
	string_table_done(&summary->strings);
	free(summary->not_run);
	free(summary->nodes);
	free(summary);
}

void summary_fields(struct begat_fields *fields)
{
	static const enum begat_field needed[] = {
		BEGAT_F_EVENT,	     BEGAT_F_TS_NS,  BEGAT_F_ID,	  BEGAT_F_PID,
		BEGAT_F_PARENT_ID,   BEGAT_F_COMM,   BEGAT_F_FILENAME,	  BEGAT_F_EXE,
		BEGAT_F_INTERPRETER, BEGAT_F_ARGV,   BEGAT_F_ERRNO,	  BEGAT_F_REPEATS,
		BEGAT_F_EXIT_CODE,   BEGAT_F_SIGNAL, BEGAT_F_CORE_DUMPED, BEGAT_F_KILLED_BY,
		BEGAT_F_DURATION,    BEGAT_F_UTIME,  BEGAT_F_STIME,	  BEGAT_F_MAX_RSS,
		BEGAT_F_COUNT,	     BEGAT_F_CLASS,  BEGAT_F_MISSING,
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		begat_fields_add(fields, needed[i]);
}

int summary_add(struct summary *s, const struct begat_event *ev)
{
	const uint32_t taken = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
			       BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) | BEGAT_EVENT_BIT(BEGAT_EXIT) |
			       BEGAT_EVENT_BIT(BEGAT_LOST);

	if (!(BEGAT_EVENT_BIT(ev->type) & taken))
		return 0;
	begat_searches_take(s->searches, ev, true, 0);
	if (begat_live_take(s->live, ev) < 0)
		s->is_out_of_memory = true;
	return s->is_out_of_memory ? -ENOMEM : 0;
}

void summary_take_usage(struct summary *s, const struct begat_usage *usage)
{
	s->usage = usage;
}

static void set_end(struct node *node, const struct begat_trace_process *p)
{
	if (!p->has_exit)
		return;
	node->flags |= NODE_EXITED | NODE_HAS_WALL;
	node->wall_ns = p->end_ns - p->start_ns;
	if (!p->has_status)
		return;
	node->flags |= NODE_HAS_STATUS;
	node->status = (uint16_t)(p->signal ? p->signal : p->exit_code);
	if (p->signal)
		node->flags |= NODE_SIGNALLED | (p->core_dumped ? NODE_CORE : 0) |
			       (p->killed_by_oom ? NODE_OOM : 0);
}

static void set_costs(struct node *node, const struct begat_trace_process *p)
{
	if (p->has_cpu) {
		node->flags |= NODE_HAS_CPU;
		node->cpu_ns = p->utime_ns + p->stime_ns;
	}
	if (p->has_rss) {
		node->flags |= NODE_HAS_RSS;
		node->rss_kib = (uint32_t)(p->max_rss_bytes >> 10);
	}
}

static void link_child(struct summary *s, uint32_t parent, uint32_t child)
{
	struct node *p = &s->nodes[parent];

	s->nodes[child].parent = parent;
	if (p->last_child)
		s->nodes[p->last_child].next = child;
	else
		p->first_child = child;
	p->last_child = child;
}

static void count_execs(struct summary *s, const struct begat_trace_process *p)
{
	s->execs += p->images_count;
	for (uint32_t i = 0; i < p->execs_count; i++) {
		const struct begat_trace_exec *exec = &s->table->execs[p->execs_first + i];

		if (exec->type == BEGAT_EXEC_FAILED)
			s->failed_execs += 1 + (uint64_t)exec->repeats;
	}
}

/* What the stream reported, and what was beyond the bounds of the model. */
static void count_losses(struct summary *s)
{
	for (uint32_t i = 0; i < s->table->losses_count; i++) {
		const struct begat_trace_loss *loss = &s->table->losses[i];

		if (loss->class_type < BEGAT_TYPE_SLOTS)
			s->lost[loss->class_type] += loss->count;
	}
}

/* Processes are in the order of their start, so children are, too. */
static int make_nodes(struct summary *s, uint64_t now_ns)
{
	s->count = s->table->processes_count + 1;
	s->nodes = calloc(s->count, sizeof(*s->nodes));
	if (!s->nodes)
		return -ENOMEM;
	for (uint32_t i = 1; i < s->count; i++) {
		const struct begat_trace_process *p = &s->table->processes[i - 1];
		struct node *node = &s->nodes[i];

		node->tgid = p->tgid;
		node->start_ns = p->start_ns;
		set_end(node, p);
		set_costs(node, p);
		if (!p->has_exit && now_ns > p->start_ns) {
			node->flags |= NODE_HAS_WALL;
			node->wall_ns = now_ns - p->start_ns;
		}
		link_child(s, p->parent == BEGAT_TRACE_NONE ? 0 : p->parent + 1, i);
		if (p->tgid == s->root_tgid && !s->root)
			s->root = i;
		s->forks += p->has_fork;
		s->exits += p->has_exit;
		count_execs(s, p);
		s->cpu_ns += node->cpu_ns;
	}
	/* In a PID namespace we call the command by another number; it is the first of all. */
	if (!s->root && s->count > 1)
		s->root = 1;
	return 0;
}

/* 0: nobody that lives. Without ids a pid has to do: of two lives the later one. */
static uint32_t find_living(struct summary *s, const struct begat_usage_process *process)
{
	uint32_t found = process->id ? begat_trace_find(s->trace, process->id) + 1 : 0;

	for (uint32_t i = s->count; !process->id && !found && i-- > 1;)
		if (s->nodes[i].tgid == process->tgid)
			found = i;
	return found && !(s->nodes[found].flags & NODE_EXITED) ? found : 0;
}

static void take_usage(struct summary *s)
{
	for (size_t i = 0; s->usage && i < s->usage->count; i++) {
		const struct begat_usage_process *process = &s->usage->processes[i];
		struct node *node = &s->nodes[find_living(s, process)];

		if (node == s->nodes || node->flags & NODE_HAS_CPU)
			continue;
		node->cpu_ns = process->utime_ns + process->stime_ns;
		node->flags |= NODE_HAS_CPU;
		s->cpu_ns += node->cpu_ns;
		s->running_cpu_ns += node->cpu_ns;
	}
}

/* The events are over: the model is linked, and says what the nodes are. 0 or -ENOMEM. */
static int finish(struct summary *s, uint64_t now_ns)
{
	struct begat_live *live = s->live;
	int err;

	begat_searches_finish(s->searches);
	s->live = NULL; /* freed by begat_live_finish() */
	err = begat_live_finish(live, &s->trace);
	if (!err)
		err = begat_trace_load(s->trace, &s->table);
	if (!err)
		err = make_nodes(s, now_ns);
	if (err)
		return err;
	count_losses(s);
	take_usage(s);
	label_nodes(s);
	failures_take_nodes(s);
	return 0;
}

int summary_print(struct summary *s, const struct begat_stats *stats, uint64_t now_ns,
		  const struct summary_style *style, FILE *out)
{
	struct folds folds = { 0 };
	int err = finish(s, now_ns);

	if (!err)
		err = fold_make(s, style->shows_all, SUMMARY_LINES, &folds);
	if (!err)
		err = tree_print(s, &folds, style, out);
	fold_done(&folds);
	if (!err)
		err = answers_print(s, style, out);
	if (s->nodes) {
		failures_print(s, style, out);
		totals_print(s, stats, style, out);
	}
	if (!err)
		err = begat_trace_check(s->trace);
	return err;
}
