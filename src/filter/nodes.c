/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/nodes.c - adding nodes, and what the parts of the parser both accept: see parser.h.
 */
#include "filter/parser.h"

#include <stdlib.h>

int parser_add_node(struct parser *parser, const struct node *node, uint32_t *ret_node)
{
	struct begat_filter *filter = parser->filter;

	if (filter->count == FILTER_NODES_MAX)
		return lex_error(&parser->lexer, "the expression has more than %d parts",
				 FILTER_NODES_MAX);
	if (filter->count == filter->cap) {
		uint32_t cap = filter->cap ? filter->cap * 2 : 8;
		struct node *nodes = realloc(filter->nodes, cap * sizeof(*nodes));

		if (!nodes)
			return lex_no_memory(&parser->lexer);
		filter->nodes = nodes;
		filter->cap = cap;
	}
	*ret_node = filter->count;
	filter->nodes[filter->count++] = *node;
	return 0;
}

int parser_join(struct parser *parser, enum node_kind kind, uint32_t right, uint32_t *ret_node)
{
	struct node node = { .kind = kind, .left = *ret_node, .right = right };

	return parser_add_node(parser, &node, ret_node);
}

int parser_enter(struct parser *parser)
{
	if (++parser->depth <= FILTER_DEPTH_MAX)
		return 0;
	return lex_error(&parser->lexer, "nested deeper than %d levels at column %zu",
			 FILTER_DEPTH_MAX, lex_column(&parser->lexer, parser->lexer.at));
}

int parser_expect_close(struct parser *parser, const char *open)
{
	struct lexer *lexer = &parser->lexer;
	char shown[LEX_SHOWN_BYTES];

	if (lex_accept_sign(lexer, ")"))
		return 0;
	return lex_error(lexer, "missing `)` for the `(` at column %zu: found %s at column %zu",
			 lex_column(lexer, open), lex_found(lexer, shown),
			 lex_column(lexer, lexer->at));
}

int parser_accept_in(struct lexer *lexer)
{
	const char *at = lexer->at;

	if (lex_accept_word(lexer, "in"))
		return 1;
	if (lex_accept_word(lexer, "not") && lex_accept_word(lexer, "in"))
		return -1;
	lexer->at = at;
	return 0;
}

void parser_node_done(struct node *node)
{
	free(node->operand.variable);
	free(node->text);
	regex_free(node->regex);
}
