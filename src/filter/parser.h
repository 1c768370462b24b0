/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/parser.h - what the parts of the parser share.
 *
 *	parse.c       or, and, not, parentheses, under(), ancestor(), fail, result
 *	comparison.c  FIELD operator VALUE, FIELD in (...)
 *	nodes.c       nodes, depth, what both accept
 *
 * Functions return 0 or a negative errno, with a sentence in the lexer.
 */
#ifndef FILTER_PARSER_H
#define FILTER_PARSER_H

#include "filter/ast.h"
#include "filter/lex.h"

struct parser {
	struct lexer lexer;
	struct begat_filter *filter;
	int depth;
	int ancestors;
};

/* A copy of @node, whose texts the filter owns from now on. */
int parser_add_node(struct parser *parser, const struct node *node, uint32_t *ret_node);

void parser_node_done(struct node *node);

/* Two nodes under one; @ret_node is the left one before. */
int parser_join(struct parser *parser, enum node_kind kind, uint32_t right, uint32_t *ret_node);

/* One level deeper, within FILTER_DEPTH_MAX. The caller takes it back from parser->depth. */
int parser_enter(struct parser *parser);

int parser_expect_close(struct parser *parser, const char *open);

/* 1: `in`, -1: `not in`, 0: neither. */
int parser_accept_in(struct lexer *lexer);

int parse_comparison(struct parser *parser, struct word name, uint32_t *ret_node);

#endif
