/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/pushdown.c - what of an expression a kernel can check, and which fields it reads.
 *
 * For each node: which events can make it true, which can make it false, and, if it is true, which
 * users and which trees the process can be of. Never too little: what is said holds for every
 * event that matches. `not` swaps true and false for events and says nothing of the rest, because
 * a comparison is also false of what is absent.
 *
 * A question about ancestors needs all of them, of any user: then no users are pushed. And
 * ancestor() asks what an ancestor has become, which may be above any tree: then no trees either.
 */
#include "base/api.h"

#include <stdio.h>
#include <string.h>

#include "event/fields.h"
#include "filter/pushdown.h"

#define SET_MAX 16

struct set {
	bool is_limited; /* to these; else anything */
	uint32_t count;
	uint32_t values[SET_MAX];
};

_Static_assert(sizeof(((struct set *)0)->values) == sizeof(((struct filter_pushdown *)0)->uids),
	       "as many as can be pushed");

struct bounds {
	uint32_t can_be_true, can_be_false; /* event masks */
	struct set uids, under;
};

static const struct bounds no_bounds = { BEGAT_EVENTS_ALL, BEGAT_EVENTS_ALL, { 0 }, { 0 } };

static bool contains(const struct set *set, uint32_t value)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->values[i] == value)
			return true;
	}
	return false;
}

static struct set one(uint32_t value)
{
	return (struct set){ .is_limited = true, .count = 1, .values = { value } };
}

/* Both hold. If nothing can satisfy both, either of them is still true. */
static struct set both(const struct set *a, const struct set *b)
{
	struct set result = { .is_limited = true };

	if (!a->is_limited || !b->is_limited)
		return a->is_limited ? *a : *b;
	for (uint32_t i = 0; i < a->count; i++) {
		if (contains(b, a->values[i]))
			result.values[result.count++] = a->values[i];
	}
	return result.count ? result : *a;
}

static struct set either(const struct set *a, const struct set *b)
{
	struct set result = *a;

	if (!a->is_limited || !b->is_limited)
		return (struct set){ 0 };
	for (uint32_t i = 0; i < b->count; i++) {
		if (contains(&result, b->values[i]))
			continue;
		if (result.count == SET_MAX)
			return (struct set){ 0 };
		result.values[result.count++] = b->values[i];
	}
	return result;
}

static struct bounds bounds_of_test(const struct node *node)
{
	const struct field *field = &fields[node->operand.field];
	struct bounds bounds = no_bounds;

	if (field->kind == FIELD_EVENT) {
		uint32_t bit = BEGAT_EVENT_BIT((uint32_t)node->number) & BEGAT_EVENTS_ALL;
		bool is_equal = node->compare == COMPARE_EQ;

		bounds.can_be_true = is_equal ? bit : BEGAT_EVENTS_ALL & ~bit;
		bounds.can_be_false = is_equal ? BEGAT_EVENTS_ALL & ~bit : bit;
		return bounds;
	}
	if (node->operand.part == PART_AFTER) {
		bounds.can_be_true = BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXIT);
		return bounds;
	}
	/* Only one kind of event has it, and without it a comparison is false. */
	if ((field->events & (field->events - 1)) == 0)
		bounds.can_be_true = field->events;
	if (node->operand.field == BEGAT_F_UID && node->compare == COMPARE_EQ &&
	    node->number >= 0 && node->number <= UINT32_MAX)
		bounds.uids = one((uint32_t)node->number);
	return bounds;
}

static struct bounds bounds_of(const struct begat_filter *filter, uint32_t number)
{
	const struct node *node = &filter->nodes[number];
	struct bounds bounds = no_bounds, left, right;

	if (node->kind == NODE_TEST)
		return bounds_of_test(node);
	if (node->kind == NODE_UNDER) {
		bounds.under = one(node->tgid);
		return bounds;
	}
	if (node->kind == NODE_ANCESTOR)
		return bounds; /* says something of others */
	left = bounds_of(filter, node->left);
	if (node->kind == NODE_NOT) {
		bounds.can_be_true = left.can_be_false;
		bounds.can_be_false = left.can_be_true;
		return bounds;
	}
	right = bounds_of(filter, node->right);
	if (node->kind == NODE_AND) {
		bounds.can_be_true = left.can_be_true & right.can_be_true;
		bounds.can_be_false = left.can_be_false | right.can_be_false;
		bounds.uids = both(&left.uids, &right.uids);
		bounds.under = both(&left.under, &right.under);
	} else {
		bounds.can_be_true = left.can_be_true | right.can_be_true;
		bounds.can_be_false = left.can_be_false & right.can_be_false;
		bounds.uids = either(&left.uids, &right.uids);
		bounds.under = either(&left.under, &right.under);
	}
	return bounds;
}

struct writer {
	char *at, *end;
};

static void write_text(struct writer *writer, const char *text)
{
	int room = (int)(writer->end - writer->at);
	int len = snprintf(writer->at, (size_t)room, "%s", text);

	writer->at += len < room ? len : room - 1;
}

/* "a or b", in parentheses if there are more. */
static void write_choice(struct writer *writer, const char *start, char texts[][32], uint32_t count)
{
	if (writer->at != start)
		write_text(writer, " and ");
	if (count > 1)
		write_text(writer, "(");
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			write_text(writer, " or ");
		write_text(writer, texts[i]);
	}
	if (count > 1)
		write_text(writer, ")");
}

void filter_write_pushed(struct filter_pushdown *push)
{
	struct writer writer = { push->pushed, push->pushed + sizeof(push->pushed) };
	char texts[SET_MAX][32];
	uint32_t count = 0;

	push->pushed[0] = '\0';
	if (push->events != BEGAT_EVENTS_ALL) {
		for (uint32_t type = BEGAT_FORK; type <= BEGAT_SUMMARY; type++) {
			if (push->events & BEGAT_EVENT_BIT(type))
				snprintf(texts[count++], sizeof(texts[0]), "event == %s",
					 begat_event_name((enum begat_event_type)type));
		}
		if (!count)
			snprintf(texts[count++], sizeof(texts[0]), "nothing can match");
		write_choice(&writer, push->pushed, texts, count);
	}
	for (count = 0; count < push->uids_count; count++)
		snprintf(texts[count], sizeof(texts[0]), "uid == %u", push->uids[count]);
	if (count)
		write_choice(&writer, push->pushed, texts, count);
	for (count = 0; count < push->under_count; count++)
		snprintf(texts[count], sizeof(texts[0]), "under(%u)", push->under_tgids[count]);
	if (count)
		write_choice(&writer, push->pushed, texts, count);
	if (push->cgroups) {
		snprintf(texts[0], sizeof(texts[0]), "%s",
			 push->cgroups_failed_only ? "cgroup (failed execs)" : "cgroup");
		write_choice(&writer, push->pushed, texts, 1);
	}
}

void filter_translate_pids(struct begat_filter *filter,
			   int (*translate)(void *ctx, uint32_t pid, uint32_t *ret_tgid), void *ctx)
{
	for (uint32_t i = 0; i < filter->count; i++) {
		struct node *node = &filter->nodes[i];
		uint32_t pid = (uint32_t)node->number;

		if (node->kind == NODE_UNDER && translate(ctx, pid, &node->tgid))
			node->tgid = pid;
	}
}

static bool reads_cgroup(const struct begat_filter *filter)
{
	for (uint32_t i = 0; i < filter->count; i++) {
		if (node_reads_cgroup(&filter->nodes[i]))
			return true;
	}
	return false;
}

static bool has_ancestor(const struct begat_filter *filter)
{
	for (uint32_t i = 0; i < filter->count; i++) {
		if (filter->nodes[i].kind == NODE_ANCESTOR)
			return true;
	}
	return false;
}

void filter_pushable(const struct begat_filter *filter, struct filter_pushdown *ret)
{
	struct bounds bounds = bounds_of(filter, filter->root);

	*ret = (struct filter_pushdown){ .events = bounds.can_be_true,
					 .asks_lineage = filter->asks_lineage };
	if (!filter->asks_lineage) {
		ret->uids_count = bounds.uids.count;
		memcpy(ret->uids, bounds.uids.values, sizeof(ret->uids));
		ret->cgroups = reads_cgroup(filter) && filter_excludes_some_cgroup(filter);
	}
	if (!has_ancestor(filter)) {
		ret->under_count = bounds.under.count;
		memcpy(ret->under_tgids, bounds.under.values, sizeof(ret->under_tgids));
	}
	filter_write_pushed(ret);
}

BEGAT_API bool begat_filter_asks_lineage(const struct begat_filter *filter)
{
	return filter->asks_lineage;
}

BEGAT_API void begat_filter_fields(const struct begat_filter *filter, struct begat_fields *ret)
{
	for (uint32_t i = 0; i < filter->count; i++) {
		const struct node *node = &filter->nodes[i];

		if (node->kind == NODE_TEST)
			begat_fields_add(ret, (enum begat_field)node->operand.field);
		if (node->kind == NODE_TEST && node->operand.part == PART_CPU_TIME)
			begat_fields_add(ret, BEGAT_F_STIME);
		if (node->kind == NODE_TEST && node->operand.part == PART_AFTER)
			begat_fields_add(ret, BEGAT_F_FORK_TO_EXEC);
		if (node->kind == NODE_UNDER || node->kind == NODE_ANCESTOR) {
			begat_fields_add(ret, BEGAT_F_ID);
			begat_fields_add(ret, BEGAT_F_PARENT_ID);
		}
	}
	/* All three are read from the path together. */
	if (begat_fields_has(ret, BEGAT_F_CONTAINER_RUNTIME) ||
	    begat_fields_has(ret, BEGAT_F_POD_UID))
		begat_fields_add(ret, BEGAT_F_CONTAINER_ID);
	if (begat_fields_has(ret, BEGAT_F_CONTAINER_ID))
		begat_fields_add(ret, BEGAT_F_CGROUP);
}
