/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/ast.h - a compiled expression.
 *
 * A filter is an array of nodes; the parser appends, nothing changes afterwards, so that one
 * filter can be used by many threads.
 *
 *	lex.c -> parse.c -> value.c, operand.c      text to nodes
 *	eval.c -> glob.c                            nodes and an event to yes or no
 *	pushdown.c                                 nodes to what a kernel can check
 */
#ifndef BEGAT_FILTER_AST_H
#define BEGAT_FILTER_AST_H

#include <begat/filter.h>
#include <stdatomic.h>

#include "base/regex.h"

#define FILTER_TEXT_MAX 65536 /* bytes of an expression */
#define FILTER_NODES_MAX 1024
#define FILTER_DEPTH_MAX 64 /* of parentheses, not and ancestor() */
#define FILTER_ANCESTORS_MAX 2 /* ancestor() in ancestor(): each multiplies the work */
#define FILTER_CHAIN_MAX 4096 /* a chain of parents is not followed further */
#define FILTER_WARNINGS_MAX 8
#define FILTER_WORK_MAX (1u << 26) /* steps for one event: some 0.3 s at 5 ns each */

enum operand_type {
	OPERAND_NUMBER, /* plain */
	OPERAND_DURATION, /* ns */
	OPERAND_BYTES,
	OPERAND_HEX, /* id, cap_effective */
	OPERAND_TIME, /* ns since 1970 */
	OPERAND_EVENT, /* numbers with names */
	OPERAND_ERRNO,
	OPERAND_SIGNAL,
	OPERAND_BOOL,
	OPERAND_TEXT,
	OPERAND_PIDS, /* any of a list of numbers */
	OPERAND_OBJECT, /* is there or is not */
};

/* Where in an event a value comes from; field alone where that says it all. */
enum operand_part {
	PART_WHOLE,
	PART_INDEX, /* argv[index], pids[index], ns by enum begat_ns */
	PART_PID, /* of forked_by, killed_by */
	PART_ID,
	PART_COMM,
	PART_OOM,
	PART_VARIABLE, /* env.NAME */
	PART_CPU_TIME, /* utime and stime together */
	PART_AFTER, /* of an exit duration, of an exec fork_to_exec: the column AFTER */
};

struct operand {
	enum operand_type type;
	enum operand_part part;
	uint32_t index;
	int field; /* enum begat_field */
	char *variable; /* "NAME=" */
	bool is_seconds; /* a value without a unit is in seconds */
};

enum compare {
	COMPARE_IS_SET, /* a bare field */
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE,
	COMPARE_GLOB,
	COMPARE_NOT_GLOB,
	COMPARE_REGEX,
};

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_TEST,
	NODE_UNDER,
	NODE_ANCESTOR,
};

struct node {
	enum node_kind kind;
	enum compare compare;
	uint32_t left, right; /* nodes; left only for not and ancestor */
	struct operand operand;
	__int128 number; /* holds every u64 and its negative */
	uint32_t tgid; /* of under(): that number as events have it */
	char *text; /* string, pattern */
	size_t text_len;
	struct regex *regex; /* or NULL */
};

struct begat_filter {
	struct node *nodes;
	uint32_t count, cap, root;
	bool asks_lineage;
	char *warnings[FILTER_WARNINGS_MAX];
	uint32_t warnings_count;
	_Atomic uint64_t tested, matched; /* events */
	_Atomic uint64_t undecided; /* their work was spent before there was an answer */
	atomic_uint references; /* beside the first */
};

/*
 * Glob over the whole text: * ? [a-z] [!a-z] \x; not the libc's, which takes time exponential in the
 * number of stars and stops at bytes that are not characters of the locale. *work falls by one for
 * each character of the pattern that is tried; false once it is 0.
 */
bool filter_glob(const char *pattern, size_t pattern_len, const char *text, size_t len,
		 uint64_t *work);

/* Is it a test of cgroup, or of what is read from its path? */
static inline bool node_reads_cgroup(const struct node *node)
{
	return node->kind == NODE_TEST && node->operand.field >= BEGAT_F_CGROUP &&
	       node->operand.field <= BEGAT_F_POD_UID;
}

#endif
