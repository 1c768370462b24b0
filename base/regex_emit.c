/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/regex_emit.c - from the tree of an expression to its program.
 *
 * A repetition with numbers is written out; REGEX_PROGRAM_MAX bounds that, and a part that writes
 * nothing is not repeated, so that the time is bounded too.
 */
#include "base/regex.h"
#include "base/regex_program.h"

static uint16_t emit(struct regex_parser *p, enum regex_op op, uint32_t value)
{
	struct regex *regex = p->regex;

	if (regex->insts_count == REGEX_PROGRAM_MAX) {
		regex_fail(p, "is too large with its repetitions written out", p->start);
		return 0;
	}
	regex->insts[regex->insts_count] = (struct regex_inst){
		.op = (uint8_t)op,
		.x = (uint16_t)(regex->insts_count + 1),
		.value = value,
	};
	return (uint16_t)regex->insts_count++;
}

static void emit_tree(struct regex_parser *p, uint32_t number);

static void emit_repeat(struct regex_parser *p, const struct regex_tree *tree)
{
	struct regex_inst *insts = p->regex->insts;
	uint32_t *count = &p->regex->insts_count;
	uint16_t split, pending = 0;

	for (uint32_t i = 0; i < tree->min && !p->err; i++) {
		uint32_t before = *count;

		emit_tree(p, tree->child);
		if (*count == before)
			return; /* nothing, however often */
	}
	if (tree->max == REGEX_UNLIMITED) {
		split = emit(p, REGEX_SPLIT, 0);
		emit_tree(p, tree->child);
		insts[emit(p, REGEX_JUMP, 0)].x = split;
		insts[split].y = (uint16_t)*count;
		return;
	}
	/* Each may be the last: until the end is known, y is one more than the one before. */
	for (uint32_t i = tree->min; i < tree->max && !p->err; i++) {
		split = emit(p, REGEX_SPLIT, 0);
		insts[split].y = pending;
		pending = split + 1;
		emit_tree(p, tree->child);
	}
	while (pending && !p->err) {
		split = pending - 1;
		pending = insts[split].y;
		insts[split].y = (uint16_t)*count;
	}
}

static void emit_choice(struct regex_parser *p, const struct regex_tree *tree)
{
	struct regex_inst *insts = p->regex->insts;
	uint16_t pending = 0;

	for (uint32_t i = tree->child; i && !p->err; i = p->trees[i].next) {
		uint16_t split = 0, jump;

		if (p->trees[i].next)
			split = emit(p, REGEX_SPLIT, 0);
		emit_tree(p, i);
		if (!p->trees[i].next)
			break;
		jump = emit(p, REGEX_JUMP, 0);
		insts[jump].y = pending;
		pending = jump + 1;
		insts[split].y = (uint16_t)p->regex->insts_count;
	}
	while (pending && !p->err) {
		uint16_t jump = pending - 1;

		pending = insts[jump].y;
		insts[jump].x = (uint16_t)p->regex->insts_count;
	}
}

static void emit_tree(struct regex_parser *p, uint32_t number)
{
	const struct regex_tree *tree = &p->trees[number];

	switch ((enum regex_tree_kind)tree->kind) {
	case REGEX_TREE_CHAR:
		emit(p, REGEX_CHAR, tree->value);
		break;
	case REGEX_TREE_ANY:
		emit(p, REGEX_ANY, 0);
		break;
	case REGEX_TREE_SET:
		emit(p, REGEX_SET, tree->value);
		break;
	case REGEX_TREE_ASSERT:
		emit(p, REGEX_ASSERT, tree->value);
		break;
	case REGEX_TREE_SEQUENCE:
		for (uint32_t i = tree->child; i && !p->err; i = p->trees[i].next)
			emit_tree(p, i);
		break;
	case REGEX_TREE_CHOICE:
		emit_choice(p, tree);
		break;
	case REGEX_TREE_REPEAT:
		emit_repeat(p, tree);
		break;
	case REGEX_TREE_GROUP:
		emit(p, REGEX_SAVE, 0);
		emit_tree(p, tree->child);
		emit(p, REGEX_SAVE, 1);
		break;
	}
}

static void add_first_bytes(struct regex *regex, const struct regex_inst *inst)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		bool is_first = byte >= 0x80; /* of any character that is not ASCII */

		if (byte < 0x80 && inst->op == REGEX_CHAR)
			is_first = inst->value == byte;
		else if (byte < 0x80)
			is_first = inst->op == REGEX_ANY ||
				   regex_set_has(regex, &regex->sets[inst->value], byte);
		else if (inst->op == REGEX_CHAR)
			is_first = inst->value >= 0x80;
		if (is_first)
			regex->first_bytes[byte / 64] |= 1ull << (byte % 64);
	}
}

/* Which bytes a match can begin with: all that is reached from the start without a character. */
static void find_first_bytes(struct regex *regex)
{
	bool is_seen[REGEX_PROGRAM_MAX] = { false };
	uint16_t stack[REGEX_PROGRAM_MAX + 1];
	uint32_t depth = 0;

	is_seen[0] = true;
	stack[depth++] = 0;
	while (depth) {
		const struct regex_inst *inst = &regex->insts[stack[--depth]];
		bool is_split = inst->op == REGEX_SPLIT;

		if (inst->op == REGEX_MATCH)
			regex->can_be_empty = true;
		if (inst->op == REGEX_MATCH)
			continue;
		if (inst->op <= REGEX_SET) {
			add_first_bytes(regex, inst);
			continue;
		}
		if (!is_seen[inst->x])
			stack[depth++] = inst->x;
		is_seen[inst->x] = true;
		if (is_split && !is_seen[inst->y])
			stack[depth++] = inst->y;
		if (is_split)
			is_seen[inst->y] = true;
	}
}

void regex_emit(struct regex_parser *p, uint32_t root)
{
	emit_tree(p, root);
	if (!p->err)
		emit(p, REGEX_MATCH, 0);
	if (!p->err)
		find_first_bytes(p->regex);
}
