/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/comparison.c - one field against one value or a list of values.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/operand.h"
#include "filter/parser.h"
#include "filter/suspect.h"
#include "filter/value.h"

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

/* One comparison with the value that comes next; @test is what there is without it. */
static int parse_value(struct parser *parser, const struct node *test, struct word name,
		       uint32_t *ret_node)
{
	struct lexer *lexer = &parser->lexer;
	struct node node = *test;
	char *text, shown[40];
	const char *at;
	size_t len;
	int err;

	node.operand.variable = NULL;
	if (test->operand.variable) {
		node.operand.variable = strdup(test->operand.variable);
		if (!node.operand.variable)
			return lex_no_memory(lexer);
	}
	err = lex_value(lexer, &text, &len, &at);
	if (err == 0)
		err = value_set(lexer, &node, text, len, at);
	if (err == 0) {
		snprintf(shown, sizeof(shown), "%.*s", (int)name.len, name.data);
		suspect_test(parser->filter, &node, shown);
		err = parser_add_node(parser, &node, ret_node);
	}
	if (err < 0)
		parser_node_done(&node);
	return err;
}

/* FIELD in (A, B), FIELD not in (A, B): behind the `in`. Absent is false, as ever. */
static int parse_list(struct parser *parser, const struct node *test, struct word name,
		      uint32_t *ret_node)
{
	enum node_kind kind = test->compare == COMPARE_EQ ? NODE_OR : NODE_AND;
	struct lexer *lexer = &parser->lexer;
	char shown[LEX_SHOWN_BYTES];
	const char *open;
	uint32_t right;
	int err;

	lex_skip_blanks(lexer);
	open = lexer->at;
	if (!lex_accept_sign(lexer, "("))
		return lex_error(lexer, "expected a list such as (1, 2) at column %zu, found %s",
				 lex_column(lexer, open), lex_found(lexer, shown));
	lexer->is_in_list = true;
	err = parse_value(parser, test, name, ret_node);
	while (err == 0 && lex_accept_sign(lexer, ",")) {
		err = parse_value(parser, test, name, &right);
		if (err == 0)
			err = parser_join(parser, kind, right, ret_node);
	}
	lexer->is_in_list = false;
	return err < 0 ? err : parser_expect_close(parser, open);
}

int parse_comparison(struct parser *parser, struct word name, uint32_t *ret_node)
{
	struct node test = { .kind = NODE_TEST };
	struct lexer *lexer = &parser->lexer;
	struct word sign;
	int err, in;

	err = operand_find(lexer, name, &test.operand);
	if (err < 0)
		return err;
	lex_skip_blanks(lexer);
	sign.data = lexer->at;
	in = parser_accept_in(lexer);
	test.compare = in > 0 ? COMPARE_EQ : COMPARE_NE;
	err = in ? 1 : parse_operator(lexer, &test.compare);
	sign.len = (size_t)(lexer->at - sign.data);
	if (err >= 0 && !fits(test.operand.type, test.compare))
		err = does_not_fit(lexer, &test.operand, name, test.compare, sign);
	else if (err > 0)
		err = in ? parse_list(parser, &test, name, ret_node)
			 : parse_value(parser, &test, name, ret_node);
	else if (err == 0)
		return parser_add_node(parser, &test, ret_node);
	free(test.operand.variable);
	return err;
}
