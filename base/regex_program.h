/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/regex_program.h - what the parser makes (a tree), the emitter makes of it (a program), and
 * the matcher runs.
 */
#ifndef BASE_REGEX_PROGRAM_H
#define BASE_REGEX_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/regex.h"

enum regex_op {
	REGEX_CHAR, /* one character: @value */
	REGEX_ANY,
	REGEX_SET, /* one of sets[@value] */
	REGEX_SPLIT, /* go on at @x, and at @y with less priority */
	REGEX_JUMP, /* to @x */
	REGEX_ASSERT, /* enum regex_assertion in @value */
	REGEX_SAVE, /* @value: 0 the first group begins, 1 it ends */
	REGEX_MATCH,
};

enum regex_assertion {
	REGEX_TEXT_BEGINS,
	REGEX_TEXT_ENDS,
	REGEX_WORD_EDGE,
	REGEX_NO_WORD_EDGE,
	REGEX_WORD_BEGINS,
	REGEX_WORD_ENDS,
};

struct regex_inst {
	uint8_t op;
	uint16_t x, y;
	uint32_t value;
};

struct regex_range {
	uint32_t low, high;
};

struct regex_set {
	uint64_t ascii[2]; /* a bit each, negation included */
	uint32_t first_range, ranges; /* of what is not ASCII, negation not included */
	bool is_negated;
	bool has_letters; /* [:alpha:] and the like: all valid characters that are not ASCII */
};

struct regex {
	struct regex_inst *insts;
	struct regex_set *sets;
	struct regex_range *ranges;
	uint32_t insts_count, sets_count, ranges_count;
	uint64_t first_bytes[4]; /* a match begins with one of these bytes */
	bool can_be_empty; /* or with none: then they say nothing */
};

#define REGEX_UNLIMITED UINT32_MAX

enum regex_tree_kind {
	REGEX_TREE_CHAR,
	REGEX_TREE_ANY,
	REGEX_TREE_SET,
	REGEX_TREE_ASSERT,
	REGEX_TREE_SEQUENCE, /* of children */
	REGEX_TREE_CHOICE, /* of children */
	REGEX_TREE_REPEAT, /* of its only child */
	REGEX_TREE_GROUP, /* its only child is what the first parentheses hold */
};

struct regex_tree {
	uint8_t kind;
	uint16_t height;
	uint32_t value; /* as in struct regex_inst */
	uint32_t min, max;
	uint32_t child, next; /* 0 = none */
};

struct regex_parser {
	const char *start, *at, *end;
	struct regex *regex;
	struct regex_tree *trees; /* [0] is none */
	uint32_t count;
	uint32_t groups;
	const char *why, *why_at;
	int err;
};

/* Records what is wrong with the pattern, unless something is. Returns 0. */
uint32_t regex_fail(struct regex_parser *p, const char *why, const char *at);

/* Makes the program of the tree @root. */
void regex_emit(struct regex_parser *p, uint32_t root);

#define REGEX_INVALID 0x80000000u /* a byte that is not UTF-8 is this and itself */

/* The next character of @text, which is not empty; *ret_len bytes long. */
uint32_t regex_char(const char *text, size_t len, size_t *ret_len);

bool regex_set_has(const struct regex *regex, const struct regex_set *set, uint32_t c);

#endif
