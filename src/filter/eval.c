/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/eval.c - an expression and an event: yes or no.
 *
 * A comparison with a field that is absent is false, whatever the operator; `not` of it is true.
 * Nothing is written but the stack, a counter, and for a long argv or env a copy that is freed again.
 *
 * The traced process chooses the texts and the number of ancestors. So an event has a budget of
 * FILTER_WORK_MAX steps for all comparisons together; once it is spent, the event does not match,
 * whatever the rest of the expression says, and is counted as undecided.
 */
#include "base/api.h"
#include "base/opts.h"

#include <stdlib.h>
#include <string.h>

#include "event/fields.h"
#include "event/strv.h"
#include "filter/ast.h"
#include "filter/pushdown.h"

#define JOINED_BYTES 4096 /* argv up to this needs no allocation */
#define BYTES_A_STEP 16 /* of what is copied or searched for a NUL */
#define ANCESTOR_STEPS 32 /* of a look into the table of processes */

struct eval {
	const struct begat_filter *filter;
	const struct begat_lineage *lineage;
	uint64_t work; /* steps that are left; 0 = undecided */
};

static bool matches(struct eval *eval, uint32_t number, struct begat_event *ancestor,
		    const struct begat_event *ev);

static bool get_member(const struct begat_event *ev, const struct operand *operand,
		       __int128 *ret_value)
{
	bool is_forked_by = operand->field == BEGAT_F_FORKED_BY;

	switch (operand->part) {
	case PART_INDEX:
		if (operand->field == BEGAT_F_NS) {
			*ret_value = ev->ns[operand->index];
			return ev->ns[operand->index] != 0;
		}
		if (!ev->pids || operand->index >= ev->pids_count)
			return false;
		*ret_value = ev->pids[operand->index];
		return true;
	case PART_PID:
		*ret_value = is_forked_by ? ev->forked_by_tgid : ev->killed_by_tgid;
		return true;
	case PART_ID:
		*ret_value = is_forked_by ? ev->forked_by_id : ev->killed_by_id;
		return *ret_value != 0;
	case PART_CPU_TIME:
		*ret_value = (__int128)ev->utime_ns + ev->stime_ns;
		return begat_event_has(ev, BEGAT_F_STIME);
	default:
		*ret_value = ev->killed_by_oom;
		return true;
	}
}

static bool get_after(const struct begat_event *ev, __int128 *ret_value)
{
	bool is_exec = ev->type == BEGAT_EXEC;

	*ret_value = is_exec ? ev->fork_to_exec_ns : ev->duration_ns;
	return begat_event_has(ev, is_exec ? BEGAT_F_FORK_TO_EXEC : BEGAT_F_DURATION);
}

/* Of an operand that is not a whole field. */
static bool get_part(const struct begat_event *ev, const struct operand *operand,
		     __int128 *ret_value)
{
	if (operand->part == PART_AFTER)
		return get_after(ev, ret_value);
	return begat_event_has(ev, (enum begat_field)operand->field) &&
	       get_member(ev, operand, ret_value);
}

/* The value of anything that is a number or a truth; false if it is absent (or null in JSON). */
static bool get_number(const struct begat_event *ev, const struct operand *operand,
		       __int128 *ret_value)
{
	const struct field *field = &fields[operand->field];

	if (field->kind == FIELD_EVENT) {
		*ret_value = ev->type;
		return true;
	}
	if (operand->part != PART_WHOLE)
		return get_part(ev, operand, ret_value);
	if (!begat_event_has(ev, (enum begat_field)operand->field))
		return false;
	switch ((enum field_kind)field->kind) {
	case FIELD_BOOL:
		*ret_value = *(const bool *)field_at(ev, field);
		return true;
	case FIELD_I32:
	case FIELD_ERRNO:
		*ret_value = (int32_t)field_u32(ev, field);
		return true;
	case FIELD_SIGNAL:
		*ret_value = ev->signal;
		return ev->signal != 0;
	case FIELD_LOGINUID:
		*ret_value = ev->loginuid;
		return ev->loginuid != UINT32_MAX;
	case FIELD_CPU:
		*ret_value = ev->type == BEGAT_LOST ? ev->lost_cpu : ev->cpu;
		return true;
	case FIELD_U32:
	case FIELD_CLASS:
		*ret_value = field_u32(ev, field);
		return true;
	default:
		*ret_value = field_u64(ev, field);
		return true;
	}
}

static bool compare_numbers(__int128 value, enum compare compare, __int128 other)
{
	switch (compare) {
	case COMPARE_EQ:
		return value == other;
	case COMPARE_NE:
		return value != other;
	case COMPARE_LT:
		return value < other;
	case COMPARE_LE:
		return value <= other;
	case COMPARE_GT:
		return value > other;
	default:
		return value >= other;
	}
}

/* A process has one pid a level: == asks whether one of them is it, != whether none is. */
static bool test_pids(const struct begat_event *ev, const struct node *node)
{
	bool found = false;

	if (!begat_event_has(ev, BEGAT_F_PIDS))
		return false;
	for (uint32_t i = 0; ev->pids && i < ev->pids_count; i++)
		found |= ev->pids[i] == node->number;
	return found == (node->compare == COMPARE_EQ);
}

/* False: the budget is spent. */
static bool charge(struct eval *eval, uint64_t steps)
{
	if (eval->work <= steps)
		eval->work = 0;
	else
		eval->work -= steps;
	return eval->work;
}

static bool find_variable(const struct begat_strv *env, const char *name, struct begat_str *ret)
{
	struct strv_iter it = strv_begin(env);
	size_t len = strlen(name);

	while (strv_next(&it, ret)) {
		if (ret->len >= len && memcmp(ret->data, name, len) == 0) {
			ret->data += len;
			ret->len -= len;
			return true;
		}
	}
	return false;
}

static bool find_argument(const struct begat_strv *argv, uint32_t index, struct begat_str *ret)
{
	struct strv_iter it = strv_begin(argv);

	while (strv_next(&it, ret)) {
		if (!index--)
			return true;
	}
	return false;
}

/* argv or env with a blank between two strings; *ret_data is @buf or to be freed. */
static bool join(const struct begat_strv *strv, char buf[JOINED_BYTES], char **ret_data,
		 struct begat_str *ret)
{
	struct strv_iter it = strv_begin(strv);
	struct begat_str str;
	char *data = buf;
	size_t len = 0;

	if (strv->data && strv->bytes + 1 > JOINED_BYTES)
		data = malloc(strv->bytes + 1);
	if (!data)
		return false;
	while (strv_next(&it, &str)) {
		memcpy(data + len, str.data, str.len);
		len += str.len;
		data[len++] = ' ';
	}
	len -= len > 0;
	data[len] = '\0';
	*ret_data = data;
	*ret = (struct begat_str){ data, len };
	return true;
}

static bool compare_texts(struct eval *eval, const struct begat_str *str, const struct node *node)
{
	const char *data = str->data ? str->data : "";
	size_t len = str->data ? str->len : 0;

	switch (node->compare) {
	case COMPARE_IS_SET:
		return true;
	case COMPARE_EQ:
	case COMPARE_NE:
		return (len == node->text_len && memcmp(data, node->text, len) == 0) ==
		       (node->compare == COMPARE_EQ);
	case COMPARE_GLOB:
	case COMPARE_NOT_GLOB:
		return filter_glob(node->text, node->text_len, data, len, &eval->work) ==
		       (node->compare == COMPARE_GLOB);
	default:
		return regex_search(node->regex, data, len, &eval->work) == REGEX_YES;
	}
}

static bool test_joined(struct eval *eval, const struct begat_strv *strv, const struct node *node)
{
	char buf[JOINED_BYTES], *data;
	struct begat_str str;
	bool result;

	if (node->compare == COMPARE_IS_SET)
		return true;
	if (!charge(eval, strv->bytes / BYTES_A_STEP) || !join(strv, buf, &data, &str))
		return false;
	result = compare_texts(eval, &str, node);
	if (data != buf)
		free(data);
	return result;
}

static bool test_text(struct eval *eval, const struct begat_event *ev, const struct node *node)
{
	const struct operand *operand = &node->operand;
	const struct field *field = &fields[operand->field];
	struct begat_str str;

	if (!begat_event_has(ev, (enum begat_field)operand->field))
		return false;
	switch (operand->part) {
	case PART_COMM:
		return ev->killed_by_comm.len && compare_texts(eval, &ev->killed_by_comm, node);
	case PART_VARIABLE:
		return charge(eval, ev->env.bytes / BYTES_A_STEP) &&
		       find_variable(&ev->env, operand->variable, &str) &&
		       compare_texts(eval, &str, node);
	case PART_INDEX:
		return charge(eval, ev->argv.bytes / BYTES_A_STEP) &&
		       find_argument(&ev->argv, operand->index, &str) &&
		       compare_texts(eval, &str, node);
	default:
		if (field->kind == FIELD_STRV)
			return test_joined(eval, field_at(ev, field), node);
		return compare_texts(eval, field_str(ev, field), node);
	}
}

static bool test(struct eval *eval, const struct begat_event *ev, const struct node *node)
{
	__int128 value;

	if (!charge(eval, 1))
		return false;
	if (node->operand.type == OPERAND_TEXT)
		return test_text(eval, ev, node);
	if (node->operand.type == OPERAND_PIDS)
		return test_pids(ev, node);
	if (node->operand.type == OPERAND_OBJECT)
		return begat_event_has(ev, (enum begat_field)node->operand.field);
	if (!get_number(ev, &node->operand, &value))
		return false;
	if (node->compare == COMPARE_IS_SET)
		return node->operand.type != OPERAND_BOOL || value;
	return compare_numbers(value, node->compare, node->number);
}

static bool find_ancestor(struct eval *eval, uint64_t id, struct begat_event *ret_ancestor)
{
	if (!charge(eval, ANCESTOR_STEPS))
		return false;
	/* No more: what the event does not have is not looked at, and our finders write all of it. */
	ret_ancestor->size = sizeof(*ret_ancestor);
	ret_ancestor->has = (struct begat_fields){ 0 };
	ret_ancestor->type = 0;
	ret_ancestor->tgid = 0;
	return eval->lineage->find(eval->lineage->ctx, id, ret_ancestor);
}

/*
 * Walks up from @ev; a chain that is a ring, which cannot be, ends at the limit. By birth: the
 * event names the parent of the moment, which is another once the one at birth has died.
 */
static __attribute__((noinline)) bool walk(struct eval *eval, const struct node *node,
					   const struct begat_event *ev)
{
	uint64_t id = begat_event_has(ev, BEGAT_F_PARENT_ID) ? ev->parent_id : 0;
	struct begat_event ancestor;

	if (begat_event_has(ev, BEGAT_F_ID) && find_ancestor(eval, ev->id, &ancestor) &&
	    begat_event_has(&ancestor, BEGAT_F_PARENT_ID))
		id = ancestor.parent_id;
	for (int i = 0; id && i < FILTER_CHAIN_MAX; i++) {
		uint64_t next;

		if (!find_ancestor(eval, id, &ancestor))
			return false;
		next = begat_event_has(&ancestor, BEGAT_F_PARENT_ID) ? ancestor.parent_id : 0;
		if (node->kind == NODE_UNDER ? ancestor.tgid == node->tgid
					     : matches(eval, node->left, &ancestor, &ancestor))
			return true;
		id = next;
	}
	return false;
}

/*
 * @ancestor is @ev if that came from the lineage, else NULL: what it points to goes when the next
 * one is asked for, so it is asked for again.
 */
static bool test_lineage(struct eval *eval, const struct node *node, struct begat_event *ancestor,
			 const struct begat_event *ev)
{
	uint64_t id = ev->id;
	bool result;

	if (!eval->lineage || !eval->lineage->find)
		return false;
	result = walk(eval, node, ev);
	if (ancestor && !find_ancestor(eval, id, ancestor))
		memset(&ancestor->has, 0, sizeof(ancestor->has));
	return result;
}

static bool matches(struct eval *eval, uint32_t number, struct begat_event *ancestor,
		    const struct begat_event *ev)
{
	const struct node *node = &eval->filter->nodes[number];

	switch (node->kind) {
	case NODE_AND:
		return matches(eval, node->left, ancestor, ev) &&
		       matches(eval, node->right, ancestor, ev);
	case NODE_OR:
		return matches(eval, node->left, ancestor, ev) ||
		       matches(eval, node->right, ancestor, ev);
	case NODE_NOT:
		return !matches(eval, node->left, ancestor, ev);
	case NODE_TEST:
		return test(eval, ev, node);
	default:
		return test_lineage(eval, node, ancestor, ev);
	}
}

/*
 * Which results are possible if nothing but the cgroup is known? Both are for the rest.
 * @ev: NULL = every test of a cgroup has the @assumed result.
 */
enum possible {
	CAN_BE_TRUE = 1,
	CAN_BE_FALSE = 2,
};

static enum possible by_cgroup(const struct begat_filter *filter, uint32_t number,
			       const struct begat_event *ev, bool assumed)
{
	const struct node *node = &filter->nodes[number];
	struct eval eval = { filter, NULL, FILTER_WORK_MAX };
	enum possible left, right;

	switch (node->kind) {
	case NODE_AND:
	case NODE_OR:
		left = by_cgroup(filter, node->left, ev, assumed);
		right = by_cgroup(filter, node->right, ev, assumed);
		return node->kind == NODE_AND
			       ? (left & right & CAN_BE_TRUE) | ((left | right) & CAN_BE_FALSE)
			       : ((left | right) & CAN_BE_TRUE) | (left & right & CAN_BE_FALSE);
	case NODE_NOT:
		left = by_cgroup(filter, node->left, ev, assumed);
		return (left & CAN_BE_TRUE ? CAN_BE_FALSE : 0) |
		       (left & CAN_BE_FALSE ? CAN_BE_TRUE : 0);
	case NODE_TEST:
		if (node_reads_cgroup(node))
			return (ev ? test(&eval, ev, node) : assumed) ? CAN_BE_TRUE : CAN_BE_FALSE;
		return CAN_BE_TRUE | CAN_BE_FALSE;
	default:
		return CAN_BE_TRUE | CAN_BE_FALSE;
	}
}

bool filter_excludes_cgroup(const struct begat_filter *filter, const struct begat_event *ev)
{
	return !(by_cgroup(filter, filter->root, ev, false) & CAN_BE_TRUE);
}

bool filter_excludes_some_cgroup(const struct begat_filter *filter)
{
	for (int assumed = 0; assumed < 2; assumed++) {
		if (!(by_cgroup(filter, filter->root, NULL, assumed) & CAN_BE_TRUE))
			return true;
	}
	return false;
}

BEGAT_API bool begat_filter_match(const struct begat_filter *filter, const struct begat_event *ev,
				  const struct begat_lineage *lineage)
{
	struct eval eval = { filter, lineage, FILTER_WORK_MAX };
	bool result = matches(&eval, filter->root, NULL, ev);

	struct begat_filter *counters = (struct begat_filter *)filter;

	atomic_fetch_add_explicit(&counters->tested, 1, memory_order_relaxed);
	if (!eval.work)
		atomic_fetch_add_explicit(&counters->undecided, 1, memory_order_relaxed);
	else if (result)
		atomic_fetch_add_explicit(&counters->matched, 1, memory_order_relaxed);
	return result && eval.work;
}

BEGAT_API void begat_filter_counts(const struct begat_filter *filter,
				   struct begat_filter_counts *ret)
{
	struct begat_filter *counters = (struct begat_filter *)filter;
	struct begat_filter_counts counts = { 0 };

	if (filter) {
		counts.tested = atomic_load_explicit(&counters->tested, memory_order_relaxed);
		counts.matched = atomic_load_explicit(&counters->matched, memory_order_relaxed);
		counts.undecided = atomic_load_explicit(&counters->undecided, memory_order_relaxed);
	}
	opts_give(ret, &counts, sizeof(counts));
}
