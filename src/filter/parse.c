/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/parse.c - from an expression to nodes, by recursive descent.
 *
 *	or      = and { ("or" | "||") and }
 *	and     = not { ("and" | "&&") not }
 *	not     = ("not" | "!") not | primary
 *	primary = "(" or ")" | "under" "(" PID ")" | "ancestor" "(" or ")" | FIELD [ operator VALUE ]
 *	        | FIELD [ "not" ] "in" "(" VALUE { "," VALUE } ")" | "fail" | "result" ...
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
#include "filter/suspect.h"
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

static void node_done(struct node *node)
{
	free(node->operand.variable);
	free(node->text);
	regex_free(node->regex);
}

/* Two nodes under one; @ret_node is the left one before. */
static int join_nodes(struct parser *parser, enum node_kind kind, uint32_t right,
		      uint32_t *ret_node)
{
	struct node node = { .kind = kind, .left = *ret_node, .right = right };

	return add_node(parser, &node, ret_node);
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
	int rc;

	node.operand.variable = NULL;
	if (test->operand.variable) {
		node.operand.variable = strdup(test->operand.variable);
		if (!node.operand.variable)
			return lex_no_memory(lexer);
	}
	rc = lex_value(lexer, &text, &len, &at);
	if (rc == 0)
		rc = value_set(lexer, &node, text, len, at);
	if (rc == 0) {
		snprintf(shown, sizeof(shown), "%.*s", (int)name.len, name.data);
		suspect_test(parser->filter, &node, shown);
		rc = add_node(parser, &node, ret_node);
	}
	if (rc < 0)
		node_done(&node);
	return rc;
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
	int rc;

	lex_skip_blanks(lexer);
	open = lexer->at;
	if (!lex_accept_sign(lexer, "("))
		return lex_error(lexer, "expected a list such as (1, 2) at column %zu, found %s",
				 lex_column(lexer, open), lex_found(lexer, shown));
	lexer->is_in_list = true;
	rc = parse_value(parser, test, name, ret_node);
	while (rc == 0 && lex_accept_sign(lexer, ",")) {
		rc = parse_value(parser, test, name, &right);
		if (rc == 0)
			rc = join_nodes(parser, kind, right, ret_node);
	}
	lexer->is_in_list = false;
	return rc < 0 ? rc : expect_close(parser, open);
}

/* 1: `in`, -1: `not in`, 0: neither. */
static int accept_in(struct lexer *lexer)
{
	const char *at = lexer->at;

	if (lex_accept_word(lexer, "in"))
		return 1;
	if (lex_accept_word(lexer, "not") && lex_accept_word(lexer, "in"))
		return -1;
	lexer->at = at;
	return 0;
}

static int parse_comparison(struct parser *parser, struct word name, uint32_t *ret_node)
{
	struct node test = { .kind = NODE_TEST };
	struct lexer *lexer = &parser->lexer;
	struct word sign;
	int rc, in;

	rc = operand_find(lexer, name, &test.operand);
	if (rc < 0)
		return rc;
	lex_skip_blanks(lexer);
	sign.data = lexer->at;
	in = accept_in(lexer);
	test.compare = in > 0 ? COMPARE_EQ : COMPARE_NE;
	rc = in ? 1 : parse_operator(lexer, &test.compare);
	sign.len = (size_t)(lexer->at - sign.data);
	if (rc >= 0 && !fits(test.operand.type, test.compare))
		rc = does_not_fit(lexer, &test.operand, name, test.compare, sign);
	else if (rc > 0)
		rc = in ? parse_list(parser, &test, name, ret_node)
			: parse_value(parser, &test, name, ret_node);
	else if (rc == 0)
		return add_node(parser, &test, ret_node);
	free(test.operand.variable);
	return rc;
}

/* Parses @text, the expansion of a word; it has no errors. */
static int parse_meaning(struct parser *parser, const char *text, uint32_t *ret_node)
{
	struct lexer outer = parser->lexer;
	int rc;

	parser->lexer.text = parser->lexer.at = text;
	rc = enter(parser);
	if (rc == 0)
		rc = parse_or(parser, ret_node);
	parser->depth--;
	outer.rc = parser->lexer.rc;
	parser->lexer = outer;
	return rc;
}

/* Names of the screen that are no field: what they show is of several. */
static const struct meaning {
	const char *word;
	const char *is_true, *is_false;
} meanings[] = {
	{ "fail", "event == exec_failed or exit_code != 0 or signal", "exit_code == 0" },
	{ "failed", "event == exec_failed or exit_code != 0 or signal", "exit_code == 0" },
};

/* fail, fail == true, fail == false */
static int parse_word(struct parser *parser, const struct meaning *meaning, uint32_t *ret_node)
{
	struct lexer *lexer = &parser->lexer;
	bool is_false = false;

	if (lex_accept_sign(lexer, "==")) {
		is_false = lex_accept_word(lexer, "false") || lex_accept_word(lexer, "0");
		if (!is_false && !lex_accept_word(lexer, "true") && !lex_accept_word(lexer, "1"))
			return lex_error(lexer, "expected true or false at column %zu",
					 lex_column(lexer, lexer->at));
	}
	return parse_meaning(parser, is_false ? meaning->is_false : meaning->is_true, ret_node);
}

/* result == 1, ENOENT, SIGKILL or ok: an exit code, an error or a signal, as the screen has it. */
static int parse_result_value(struct parser *parser, bool is_equal, uint32_t *ret_node)
{
	struct lexer *lexer = &parser->lexer;
	char *text, shown[LEX_SHOWN_BYTES], meaning[128];
	const char *at;
	size_t len;
	int rc = lex_value(lexer, &text, &len, &at);

	if (rc < 0)
		return rc;
	const char *field = NULL;

	if (!strcmp(text, "ok"))
		snprintf(text, len + 1, "0"), field = "exit_code";
	else if (len && strspn(text, "0123456789") == len && len <= 3)
		field = "exit_code";
	for (int i = 1; !field && i < 1024; i++) {
		const char *name = i < 65 ? begat_signal_name(i) : NULL;

		if (name && (!strcmp(name, text) || !strcmp(name + 3, text)))
			field = "signal";
		name = begat_errno_name(i);
		if (name && !strcmp(name, text))
			field = "errno";
	}
	if (!field)
		rc = lex_error(lexer,
			       "%s at column %zu is no result: an exit code, ok, an error such as "
			       "ENOENT or a signal such as SIGKILL",
			       lex_shown(shown, text, len), lex_column(lexer, at));
	else
		snprintf(meaning, sizeof(meaning),
			 is_equal ? "%s == %s" : "event in (exit, exec_failed) and not %s == %s",
			 field, text);
	free(text);
	return rc < 0 ? rc : parse_meaning(parser, meaning, ret_node);
}

static int parse_result(struct parser *parser, uint32_t *ret_node)
{
	struct lexer *lexer = &parser->lexer;
	int in = accept_in(lexer), rc;
	uint32_t right;
	const char *open;
	bool is_equal = in > 0 || (!in && lex_accept_sign(lexer, "=="));

	if (!in && !is_equal && !lex_accept_sign(lexer, "!="))
		return lex_error(lexer, "compare result with == != or in at column %zu",
				 lex_column(lexer, lexer->at));
	lex_skip_blanks(lexer);
	open = lexer->at;
	if (!in)
		return parse_result_value(parser, is_equal, ret_node);
	if (!lex_accept_sign(lexer, "("))
		return lex_error(lexer, "expected a list such as (1, SIGKILL) at column %zu",
				 lex_column(lexer, open));
	lexer->is_in_list = true;
	rc = parse_result_value(parser, is_equal, ret_node);
	while (rc == 0 && lex_accept_sign(lexer, ",")) {
		lexer->is_in_list = true;
		rc = parse_result_value(parser, is_equal, &right);
		if (rc == 0)
			rc = join_nodes(parser, is_equal ? NODE_OR : NODE_AND, right, ret_node);
	}
	lexer->is_in_list = false;
	return rc < 0 ? rc : expect_close(parser, open);
}

static bool is_keyword(struct word name)
{
	return word_is(name, "or") || word_is(name, "and");
}

static int parse_primary(struct parser *parser, uint32_t *ret_node)
{
	struct lexer *lexer = &parser->lexer;
	char shown[LEX_SHOWN_BYTES];
	struct word name;

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
		if (word_is(name, "under"))
			return parse_under(parser, ret_node);
		if (word_is(name, "ancestor"))
			return parse_ancestor(parser, ret_node);
		return lex_error(
			lexer,
			"unknown function %s at column %zu: there are under() and ancestor()",
			lex_shown(shown, name.data, name.len), lex_column(lexer, name.data));
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (word_is(name, meanings[i].word))
			return parse_word(parser, &meanings[i], ret_node);
	}
	if (word_is(name, "result"))
		return parse_result(parser, ret_node);
	return parse_comparison(parser, name, ret_node);
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
	return begat_filter_parse_for(text, NULL, ret, error, error_len);
}

BEGAT_API int begat_filter_parse_for(const char *text, const struct begat_accounts *accounts,
				     struct begat_filter **ret, char *error, size_t error_len)
{
	struct parser parser = {
		.lexer = { .text = text,
			   .at = text,
			   .error = error,
			   .error_len = error_len,
			   .accounts = accounts },
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
	suspect_whole(parser.filter);
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
	for (uint32_t i = 0; i < filter->warnings_count; i++)
		free(filter->warnings[i]);
	free(filter->nodes);
	free(filter);
}
