/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/parse.c - from an expression to nodes, by recursive descent.
 *
 *	or      = and { ("or" | "||") and }
 *	and     = not { ("and" | "&&") not }
 *	not     = ("not" | "!") not | primary
 *	primary = "(" or ")" | "under" "(" PID ")" | "ancestor" "(" or ")" | FIELD [ operator VALUE ]
 *
 * Bounded by FILTER_DEPTH_MAX and FILTER_NODES_MAX, so that no expression can exhaust the stack.
 */
#include "base/api.h"

#include <begat/filter.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/ast.h"
#include "filter/lex.h"
#include "filter/operand.h"
#include "filter/value.h"

struct parser {
	struct lexer lexer;
	struct begat_filter *filter;
	int depth;
	int ancestors;
};

static int parse_or(struct parser *parser, uint32_t *ret_node);

static int add_node(struct parser *parser, const struct node *node, uint32_t *ret_node)
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

static int enter(struct parser *parser)
{
	if (++parser->depth <= FILTER_DEPTH_MAX)
		return 0;
	return lex_error(&parser->lexer, "nested deeper than %d levels at column %zu",
			 FILTER_DEPTH_MAX, lex_column(&parser->lexer, parser->lexer.at));
}

static int expect_close(struct parser *parser, const char *open)
{
	struct lexer *lexer = &parser->lexer;
	char shown[LEX_SHOWN_BYTES];

	if (lex_accept_sign(lexer, ")"))
		return 0;
	return lex_error(lexer, "missing `)` for the `(` at column %zu: found %s at column %zu",
			 lex_column(lexer, open), lex_found(lexer, shown),
			 lex_column(lexer, lexer->at));
}

/* The part between parentheses; the opening one is next. */
static int parse_group(struct parser *parser, uint32_t *ret_node)
{
	const char *open;
	int rc;

	lex_skip_blanks(&parser->lexer);
	open = parser->lexer.at++;
	rc = enter(parser);
	if (rc == 0)
		rc = parse_or(parser, ret_node);
	if (rc == 0)
		rc = expect_close(parser, open);
	parser->depth--;
	return rc;
}

static int parse_under(struct parser *parser, uint32_t *ret_node)
{
	struct node node = { .kind = NODE_UNDER };
	struct lexer *lexer = &parser->lexer;
	const char *open, *at;
	char *end;

	lex_skip_blanks(lexer);
	open = lexer->at++;
	lex_skip_blanks(lexer);
	at = lexer->at;
	errno = 0;
	node.number = (__int128)strtoull(at, &end, 10);
	if (end == at || *at == '-' || *at == '+' || errno || !node.number ||
	    node.number > UINT32_MAX)
		return lex_error(lexer, "under() takes a pid, as in under(1234), at column %zu",
				 lex_column(lexer, at));
	node.tgid = (uint32_t)node.number;
	lexer->at = end;
	if (expect_close(parser, open) < 0)
		return lexer->rc;
	parser->filter->asks_lineage = true;
	return add_node(parser, &node, ret_node);
}

static int parse_ancestor(struct parser *parser, uint32_t *ret_node)
{
	struct node node = { .kind = NODE_ANCESTOR };
	int rc;

	if (parser->ancestors == FILTER_ANCESTORS_MAX)
		return lex_error(
			&parser->lexer, "ancestor() in more than %d ancestor() at column %zu",
			FILTER_ANCESTORS_MAX, lex_column(&parser->lexer, parser->lexer.at));
	parser->ancestors++;
	parser->filter->asks_lineage = true;
	rc = parse_group(parser, &node.left);
	parser->ancestors--;
	return rc < 0 ? rc : add_node(parser, &node, ret_node);
}

static bool is_numeric(enum operand_type type)
{
	return type == OPERAND_NUMBER || type == OPERAND_DURATION || type == OPERAND_BYTES ||
	       type == OPERAND_TIME;
}

/* Which comparisons a type knows, for the test and for the message. */
static bool fits(enum operand_type type, enum compare compare)
{
	switch (compare) {
	case COMPARE_IS_SET:
		return !is_numeric(type) && type != OPERAND_EVENT && type != OPERAND_HEX &&
		       type != OPERAND_PIDS;
	case COMPARE_EQ:
	case COMPARE_NE:
		return type != OPERAND_OBJECT;
	case COMPARE_GLOB:
	case COMPARE_NOT_GLOB:
	case COMPARE_REGEX:
		return type == OPERAND_TEXT;
	default:
		return is_numeric(type);
	}
}

static const char *usage_of(enum operand_type type)
{
	if (is_numeric(type))
		return "== != < <= > >=";
	if (type == OPERAND_TEXT)
		return "== != ~ !~ =~";
	return "== !=";
}

static int does_not_fit(struct lexer *lexer, const struct operand *operand, struct word name,
			enum compare compare, struct word sign)
{
	char shown[LEX_SHOWN_BYTES];

	lex_shown(shown, name.data, name.len);
	if (operand->type == OPERAND_OBJECT)
		return lex_error(lexer,
				 "%s at column %zu is an object: name a member, as in %.*s.pid",
				 shown, lex_column(lexer, name.data), (int)name.len, name.data);
	if (compare == COMPARE_IS_SET)
		return lex_error(lexer, "%s at column %zu is %s: compare it with %s", shown,
				 lex_column(lexer, name.data), operand_type_name(operand->type),
				 usage_of(operand->type));
	return lex_error(lexer, "%s is %s: `%.*s` at column %zu does not fit, use %s", shown,
			 operand_type_name(operand->type), (int)sign.len, sign.data,
			 lex_column(lexer, sign.data), usage_of(operand->type));
}

/* 1: there is an operator; 0: there is none; -EINVAL. */
static int parse_operator(struct lexer *lexer, enum compare *ret_compare)
{
	static const struct {
		const char *sign;
		enum compare compare;
	} operators[] = {
		{ "==", COMPARE_EQ },	 { "!=", COMPARE_NE },	     { "<=", COMPARE_LE },
		{ ">=", COMPARE_GE },	 { "<", COMPARE_LT },	     { ">", COMPARE_GT },
		{ "=~", COMPARE_REGEX }, { "!~", COMPARE_NOT_GLOB }, { "~", COMPARE_GLOB },
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (lex_accept_sign(lexer, operators[i].sign)) {
			*ret_compare = operators[i].compare;
			return 1;
		}
	}
	if (*lexer->at == '=')
		return lex_error(lexer, "`=` at column %zu: use `==` to compare",
				 lex_column(lexer, lexer->at));
	*ret_compare = COMPARE_IS_SET;
	return 0;
}

/* Fills @node, which the caller frees on failure. */
static int parse_comparison(struct lexer *lexer, struct word name, struct node *node)
{
	struct word sign;
	const char *at;
	char *text;
	size_t len;
	int rc;

	rc = operand_find(lexer, name, &node->operand);
	if (rc < 0)
		return rc;
	lex_skip_blanks(lexer);
	sign.data = lexer->at;
	rc = parse_operator(lexer, &node->compare);
	if (rc < 0)
		return rc;
	sign.len = (size_t)(lexer->at - sign.data);
	if (!fits(node->operand.type, node->compare))
		return does_not_fit(lexer, &node->operand, name, node->compare, sign);
	if (rc == 0)
		return 0;
	rc = lex_value(lexer, &text, &len, &at);
	return rc < 0 ? rc : value_set(lexer, node, text, len, at);
}

static void node_done(struct node *node)
{
	free(node->operand.variable);
	free(node->text);
	regex_free(node->regex);
}

static bool is_keyword(struct word name)
{
	return (name.len == 2 && memcmp(name.data, "or", 2) == 0) ||
	       (name.len == 3 && memcmp(name.data, "and", 3) == 0);
}

static int parse_primary(struct parser *parser, uint32_t *ret_node)
{
	struct node node = { .kind = NODE_TEST };
	struct lexer *lexer = &parser->lexer;
	char shown[LEX_SHOWN_BYTES];
	struct word name;
	int rc;

	lex_skip_blanks(lexer);
	if (*lexer->at == '(')
		return parse_group(parser, ret_node);
	name = lex_name(lexer);
	if (is_keyword(name))
		lexer->at = name.data;
	if (!name.len || is_keyword(name))
		return lex_error(lexer, "expected the name of a field at column %zu, found %s",
				 lex_column(lexer, lexer->at), lex_found(lexer, shown));
	lex_skip_blanks(lexer);
	if (*lexer->at == '(') {
		if (name.len == 5 && memcmp(name.data, "under", 5) == 0)
			return parse_under(parser, ret_node);
		if (name.len == 8 && memcmp(name.data, "ancestor", 8) == 0)
			return parse_ancestor(parser, ret_node);
		return lex_error(
			lexer,
			"unknown function %s at column %zu: there are under() and ancestor()",
			lex_shown(shown, name.data, name.len), lex_column(lexer, name.data));
	}
	rc = parse_comparison(lexer, name, &node);
	if (rc == 0)
		rc = add_node(parser, &node, ret_node);
	if (rc < 0)
		node_done(&node);
	return rc;
}

static bool accept_not(struct lexer *lexer)
{
	if (lex_accept_word(lexer, "not"))
		return true;
	if (*lexer->at != '!' || lexer->at[1] == '=' || lexer->at[1] == '~')
		return false;
	lexer->at++;
	return true;
}

static int parse_not(struct parser *parser, uint32_t *ret_node)
{
	struct node node = { .kind = NODE_NOT };
	int rc;

	if (!accept_not(&parser->lexer))
		return parse_primary(parser, ret_node);
	rc = enter(parser);
	if (rc == 0)
		rc = parse_not(parser, &node.left);
	parser->depth--;
	return rc < 0 ? rc : add_node(parser, &node, ret_node);
}

static bool accept_and(struct lexer *lexer)
{
	return lex_accept_word(lexer, "and") || lex_accept_sign(lexer, "&&");
}

static bool accept_or(struct lexer *lexer)
{
	return lex_accept_word(lexer, "or") || lex_accept_sign(lexer, "||");
}

static int parse_and(struct parser *parser, uint32_t *ret_node)
{
	int rc = parse_not(parser, ret_node);

	while (rc == 0 && accept_and(&parser->lexer)) {
		struct node node = { .kind = NODE_AND, .left = *ret_node };

		rc = parse_not(parser, &node.right);
		if (rc == 0)
			rc = add_node(parser, &node, ret_node);
	}
	return rc;
}

static int parse_or(struct parser *parser, uint32_t *ret_node)
{
	int rc = parse_and(parser, ret_node);

	while (rc == 0 && accept_or(&parser->lexer)) {
		struct node node = { .kind = NODE_OR, .left = *ret_node };

		rc = parse_and(parser, &node.right);
		if (rc == 0)
			rc = add_node(parser, &node, ret_node);
	}
	return rc;
}

static int parse_all(struct parser *parser)
{
	struct lexer *lexer = &parser->lexer;
	char shown[LEX_SHOWN_BYTES];
	int rc;

	if (strlen(lexer->text) > FILTER_TEXT_MAX)
		return lex_error(lexer, "the expression is longer than %d bytes", FILTER_TEXT_MAX);
	if (lex_at_end(lexer))
		return lex_error(lexer, "the expression is empty");
	rc = parse_or(parser, &parser->filter->root);
	if (rc < 0)
		return rc;
	if (lex_at_end(lexer))
		return 0;
	return lex_error(lexer, "expected `and`, `or` or the end at column %zu, found %s",
			 lex_column(lexer, lexer->at), lex_found(lexer, shown));
}

BEGAT_API int begat_filter_parse(const char *text, struct begat_filter **ret, char *error,
				 size_t error_len)
{
	struct parser parser = {
		.lexer = { .text = text, .at = text, .error = error, .error_len = error_len },
		.filter = calloc(1, sizeof(struct begat_filter)),
	};
	int rc;

	if (!parser.filter)
		return lex_no_memory(&parser.lexer);
	rc = parse_all(&parser);
	if (rc < 0) {
		begat_filter_free(parser.filter);
		return rc;
	}
	*ret = parser.filter;
	return 0;
}

BEGAT_API const struct begat_filter *begat_filter_ref(const struct begat_filter *filter)
{
	if (filter)
		atomic_fetch_add(&((struct begat_filter *)filter)->references, 1);
	return filter;
}

BEGAT_API void begat_filter_free(struct begat_filter *filter)
{
	if (!filter || atomic_fetch_sub(&filter->references, 1))
		return;
	for (uint32_t i = 0; i < filter->count; i++)
		node_done(&filter->nodes[i]);
	free(filter->nodes);
	free(filter);
}
