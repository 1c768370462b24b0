/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer/push.c - the part of a filter that the kernel checks, so that fewer events reach user
 * space.
 *
 * Owns: which records are sent at all, and what --where lets the kernel hold back.
 * Not:  what holds of every match (filter/push.c), the checks (bpf/admit.h).
 *
 * Invariants
 *  (1) Every event that the whole filter keeps is delivered, with the same fields as without this.
 *  (2) b->push says what is really checked, no more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "filter/push.h"
#include "tracer/tracer.h"

static bool needs_table(const struct begat *b, const struct filter_push *push)
{
	uint32_t events = b->events & push->events;

	return push->asks_lineage || b->follow ||
	       events & (BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXIT) |
			 BEGAT_EVENT_BIT(BEGAT_SNAPSHOT));
}

/*
 * The process table needs forks, execs and exits, and an exit shows what the table knows; only a
 * stream of execs alone does without. Failed execs nobody else needs.
 */
static uint32_t demand_classes(const struct begat *b, const struct filter_push *push)
{
	uint32_t events = b->events & push->events;
	uint32_t classes = 1 << REC_CLASS_CHUNK | 1 << REC_CLASS_CGROUP;

	if (b->has_table)
		classes |= 1 << REC_CLASS_FORK | 1 << REC_CLASS_EXIT;
	if (b->has_table || events & BEGAT_EVENT_BIT(BEGAT_EXEC))
		classes |= 1 << REC_CLASS_EXEC;
	if (events & BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED))
		classes |= 1 << REC_CLASS_EXEC_FAILED;
	return classes;
}

/*
 * All matches are below these processes: follow them. One that does not live, or has died when its
 * number is given again, is followed from its fork on.
 */
static int push_trees(struct begat *b, struct filter_push *push, struct bpf_config *config)
{
	/*
	 * A tree is chosen already, and the filter looks into it. Or under() names a process of our
	 * PID namespace: the kernel side needs the other number before it can be asked for that.
	 */
	if (b->follow || pids_are_translated(b))
		push->under_count = 0;
	if (!push->under_count)
		return 0;
	b->pids = calloc(push->under_count, sizeof(*b->pids));
	if (!b->pids)
		return -ENOMEM;
	for (uint32_t i = 0; i < push->under_count; i++)
		b->pids[i] = config->roots[i] = push->under_tgids[i];
	b->pids_count = config->root_count = push->under_count;
	b->follow = b->may_be_gone = true;
	return 0;
}

/*
 * A process may become one of the users after its fork and exec; the table must have seen those.
 * And of these two kinds of tests the option's come first.
 */
static void push_uids(const struct begat *b, struct filter_push *push, struct bpf_config *config)
{
	if (config->admit & CONFIG_ADMIT_UID)
		push->uids_count = 0;
	if (!push->uids_count)
		return;
	config->admit |= CONFIG_ADMIT_UID | (b->has_table ? CONFIG_ADMIT_UID_LATER : 0);
	config->uid_count = push->uids_count;
	memcpy(config->uids, push->uids, push->uids_count * sizeof(*push->uids));
}

/*
 * Any process may be moved into a cgroup later, and its exit must say what it has run: what the
 * table needs is not held back.
 */
static void push_cgroups(struct begat *b, struct filter_push *push, struct bpf_config *config)
{
	uint32_t classes = 1 << REC_CLASS_EXEC_FAILED;

	if (!b->has_table)
		classes |= 1 << REC_CLASS_EXEC | 1 << REC_CLASS_CHUNK;
	push->cgroups &= (classes & config->emit & ~(1u << REC_CLASS_CHUNK)) != 0;
	push->cgroups_failed_only = b->has_table;
	b->skips_cgroups = push->cgroups;
	if (push->cgroups)
		config->skip_classes = classes;
}

/* The events of these classes; with the process table more are sent than can match. */
static uint32_t sent_events(uint32_t classes)
{
	uint32_t sent = 0;

	for (int class = 0; class < REC_CLASS_COUNT; class ++)
		if (classes & 1 << class && decode_class_event(class))
			sent |= BEGAT_EVENT_BIT(decode_class_event(class));
	return sent;
}

int push_filter(struct begat *b, struct bpf_config *config)
{
	struct filter_push *push = &b->push;
	int err = 0;

	*push = (struct filter_push){ .events = BEGAT_EVENTS_ALL };
	if (b->where) {
		filter_pushable(b->where, push);
		err = push_trees(b, push, config);
	}
	b->has_table = needs_table(b, push);
	config->emit = demand_classes(b, push);
	push_uids(b, push, config);
	push_cgroups(b, push, config);
	if (push->events && push->events != BEGAT_EVENTS_ALL)
		push->events = sent_events(config->emit);
	if (push->events == sent_events(UINT32_MAX))
		push->events = BEGAT_EVENTS_ALL;
	filter_write_pushed(push);
	return err;
}
