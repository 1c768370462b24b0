/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/regex.c - runs a program of regex_parse.c over a text.
 *
 * All alternatives advance together, one character at a time. A set of threads holds each
 * instruction at most once, in the order of priority: that is what bounds the work.
 */
#include "base/regex.h"

#include <stdlib.h>
#include <string.h>

#include "base/regex_program.h"
#include "base/utf8.h"

/* Instructions that are active; sparse[] says where in dense[] one is. */
struct threads {
	uint32_t count;
	uint16_t sparse[REGEX_PROGRAM_MAX];
	uint16_t dense[REGEX_PROGRAM_MAX];
};

struct run {
	const struct regex *regex;
	const char *text;
	size_t len, at; /* of the character that comes next */
	uint64_t work;
	uint32_t before, next; /* characters around @at, or NO_CHAR */
	size_t next_len;
	struct threads lists[2], *now, *then;
	struct regex_span *now_spans, *then_spans; /* by instruction; NULL = not asked for */
	uint16_t stack[2 * REGEX_PROGRAM_MAX];
};

#define NO_CHAR UINT32_MAX

static bool is_word(uint32_t c)
{
	if (c >= 0x80)
		return c != NO_CHAR && !(c & REGEX_INVALID);
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= 'a' && c <= 'z');
}

static bool holds(const struct run *run, uint32_t assertion)
{
	bool was_word = is_word(run->before), is_next_word = is_word(run->next);

	switch ((enum regex_assertion)assertion) {
	case REGEX_TEXT_BEGINS:
		return run->at == 0;
	case REGEX_TEXT_ENDS:
		return run->at == run->len;
	case REGEX_WORD_EDGE:
		return was_word != is_next_word;
	case REGEX_NO_WORD_EDGE:
		return was_word == is_next_word;
	case REGEX_WORD_BEGINS:
		return !was_word && is_next_word;
	default:
		return was_word && !is_next_word;
	}
}

static bool charge(struct run *run, uint64_t steps)
{
	if (run->work <= steps) {
		run->work = 0;
		return false;
	}
	run->work -= steps;
	return true;
}

static bool is_in(const struct threads *list, uint16_t pc)
{
	return list->sparse[pc] < list->count && list->dense[list->sparse[pc]] == pc;
}

/*
 * Follows all that needs no character from @pc. A span travels along a path; each entry of the stack
 * has its own, kept in the spans of the instruction that pushed it.
 */
static bool add(struct run *run, struct threads *list, struct regex_span *spans, uint16_t pc,
		const struct regex_span *span)
{
	const struct regex_inst *insts = run->regex->insts;
	uint32_t depth = 0;

	run->stack[depth++] = pc;
	if (spans && !is_in(list, pc))
		spans[pc] = *span;
	while (depth) {
		pc = run->stack[--depth];
		if (is_in(list, pc))
			continue;
		const struct regex_inst *inst = &insts[pc];
		uint16_t targets[2] = { inst->x, inst->y };
		int count = 0;

		list->sparse[pc] = (uint16_t)list->count;
		list->dense[list->count++] = pc;
		if (!charge(run, 1))
			return false;
		if (inst->op == REGEX_SPLIT)
			count = 2;
		else if (inst->op == REGEX_JUMP || inst->op == REGEX_SAVE ||
			 (inst->op == REGEX_ASSERT && holds(run, inst->value)))
			count = 1;
		/* The one with priority is pushed last, so that it is taken first. */
		for (int i = count; i--;) {
			uint16_t to = targets[i];

			if (is_in(list, to))
				continue;
			run->stack[depth++] = to;
			if (!spans)
				continue;
			spans[to] = spans[pc];
			if (inst->op == REGEX_SAVE && inst->value)
				spans[to].group_end = run->at;
			else if (inst->op == REGEX_SAVE)
				spans[to].group_start = run->at;
		}
	}
	return true;
}

static bool takes(const struct regex *regex, const struct regex_inst *inst, uint32_t c)
{
	switch ((enum regex_op)inst->op) {
	case REGEX_CHAR:
		return inst->value == c;
	case REGEX_ANY:
		return true;
	case REGEX_SET:
		return regex_set_has(regex, &regex->sets[inst->value], c);
	default:
		return false;
	}
}

/* No thread is alive: the next place where a match can begin. */
static size_t skip(const struct run *run)
{
	const struct regex *regex = run->regex;
	size_t at = run->at;

	if (regex->can_be_empty)
		return at;
	for (; at < run->len; at++) {
		unsigned char byte = (unsigned char)run->text[at];

		if (regex->first_bytes[byte / 64] >> (byte % 64) & 1)
			break;
	}
	return at;
}

static void look(struct run *run)
{
	run->next = NO_CHAR;
	run->next_len = 0;
	if (run->at < run->len)
		run->next = regex_char(run->text + run->at, run->len - run->at, &run->next_len);
}

/* To a place where a character begins. */
static void jump(struct run *run, size_t to)
{
	run->at = to;
	run->before = to ? REGEX_INVALID : NO_CHAR;
	for (size_t back = 1; back <= 4 && back <= to; back++) {
		size_t len;
		uint32_t c = regex_char(run->text + to - back, back, &len);

		if (len == back && !(c & REGEX_INVALID)) {
			run->before = c;
			break;
		}
	}
	look(run);
}

/* Is this thread's match, if it finds one, better than *best or as good? */
static bool is_useful(const struct regex_span *span, const struct regex_span *best)
{
	return !span || best->start == SIZE_MAX || span->start <= best->start;
}

static void note_match(const struct regex_span *span, size_t at, struct regex_span *best)
{
	if (best->start != SIZE_MAX && span->start >= best->start &&
	    (span->start > best->start || at <= best->end))
		return;
	*best = *span;
	best->end = at;
}

/*
 * Moves every thread over the next character, and run->at behind it. False: the work is spent, or
 * a match is all that was asked for.
 */
static bool step(struct run *run, struct regex_span *best, bool *ret_found)
{
	const struct regex *regex = run->regex;
	struct threads *list = run->now;
	uint32_t c = run->next;
	size_t at = run->at;

	run->then->count = 0;
	run->before = c;
	run->at += run->next_len;
	look(run);
	for (uint32_t i = 0; i < list->count; i++) {
		uint16_t pc = list->dense[i];
		const struct regex_inst *inst = &regex->insts[pc];
		const struct regex_span *span = run->now_spans ? &run->now_spans[pc] : NULL;

		if (inst->op == REGEX_MATCH) {
			*ret_found = true;
			if (!span)
				return false;
			note_match(span, at, best);
			continue;
		}
		if (c == NO_CHAR || !is_useful(span, best))
			continue;
		if (inst->op == REGEX_SET && !charge(run, regex->sets[inst->value].ranges))
			return false;
		if (takes(regex, inst, c) &&
		    !add(run, run->then, run->then_spans, (uint16_t)(pc + 1), span))
			return false;
	}
	return true;
}

static void swap(struct run *run)
{
	struct threads *list = run->now;
	struct regex_span *spans = run->now_spans;

	run->now = run->then;
	run->now_spans = run->then_spans;
	run->then = list;
	run->then_spans = spans;
}

static enum regex_result go(struct run *run, size_t from, struct regex_span *best)
{
	bool is_found = false, is_over = false;

	best->start = SIZE_MAX;
	jump(run, from);
	while (!is_over) {
		if (!run->now->count) {
			size_t to = skip(run);

			if (is_found || (to == run->len && !run->regex->can_be_empty))
				break;
			if (!charge(run, (to - run->at) / 8))
				return REGEX_UNDECIDED;
			jump(run, to);
		}
		struct regex_span span = { run->at, 0, SIZE_MAX, SIZE_MAX };

		is_over = run->at == run->len;
		if (!is_found && !add(run, run->now, run->now_spans, 0, &span))
			return REGEX_UNDECIDED;
		if (!step(run, best, &is_found)) {
			if (!is_found || !run->work)
				return REGEX_UNDECIDED;
			break;
		}
		swap(run);
	}
	return is_found ? REGEX_YES : REGEX_NO;
}

/* Only as much of the lists as the program is long gets touched. */
static void prepare(struct run *run, const struct regex *regex, const char *text, size_t len,
		    uint64_t work)
{
	for (int i = 0; i < 2; i++) {
		run->lists[i].count = 0;
		memset(run->lists[i].sparse, 0, regex->insts_count * sizeof(uint16_t));
	}
	run->regex = regex;
	run->text = text;
	run->len = len;
	run->work = work;
	run->now = &run->lists[0];
	run->then = &run->lists[1];
}

enum regex_result regex_search(const struct regex *regex, const char *text, size_t len,
			       uint64_t *work)
{
	struct regex_span span;
	enum regex_result result;
	struct run run;

	prepare(&run, regex, text, len, *work);
	run.now_spans = run.then_spans = NULL;
	result = go(&run, 0, &span);
	*work = run.work;
	return result;
}

enum regex_result regex_find(const struct regex *regex, const char *text, size_t len, size_t from,
			     uint64_t *work, struct regex_span *ret_span)
{
	struct regex_span *spans = calloc(2 * (size_t)regex->insts_count, sizeof(*spans)), best;
	enum regex_result result;
	struct run run;

	if (!spans)
		return REGEX_UNDECIDED;
	prepare(&run, regex, text, len, *work);
	charge(&run, regex->insts_count / 4); /* what clearing takes, whatever the text is */
	run.now_spans = spans;
	run.then_spans = spans + regex->insts_count;
	result = go(&run, from, &best);
	*work = run.work;
	free(spans);
	if (result == REGEX_YES)
		*ret_span = best;
	return result;
}
