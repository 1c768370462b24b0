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
#include "filter/parser.h"
#include "filter/suspect.h"

static int parse_or(struct parser *parser, uint32_t *ret_node);

/* The part between parentheses; the opening one is next. */
static int parse_group(struct parser *parser, uint32_t *ret_node)
{
	const char *open;
	int err;

	lex_skip_blanks(&parser->lexer);
	open = parser->lexer.at++;
	err = parser_enter(parser);
	if (err == 0)
		err = parse_or(parser, ret_node);
	if (err == 0)
		err = parser_expect_close(parser, open);
	parser->depth--;
	return err;
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
	if (parser_expect_close(parser, open) < 0)
		return lexer->err;
	parser->filter->asks_lineage = true;
	return parser_add_node(parser, &node, ret_node);
}

static int parse_ancestor(struct parser *parser, uint32_t *ret_node)
{
	struct node node = { .kind = NODE_ANCESTOR };
	int err;

	if (parser->ancestors == FILTER_ANCESTORS_MAX)
		return lex_error(
			&parser->lexer, "ancestor() in more than %d ancestor() at column %zu",
			FILTER_ANCESTORS_MAX, lex_column(&parser->lexer, parser->lexer.at));
	parser->ancestors++;
	parser->filter->asks_lineage = true;
	err = parse_group(parser, &node.left);
	parser->ancestors--;
	return err < 0 ? err : parser_add_node(parser, &node, ret_node);
}

/* Parses @text, the expansion of a word; it has no errors. */
static int parse_meaning(struct parser *parser, const char *text, uint32_t *ret_node)
{
	struct lexer outer = parser->lexer;
	int err;

	parser->lexer.text = parser->lexer.at = text;
	err = parser_enter(parser);
	if (err == 0)
		err = parse_or(parser, ret_node);
	parser->depth--;
	outer.err = parser->lexer.err;
	parser->lexer = outer;
	return err;
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
	int err = lex_value(lexer, &text, &len, &at);

	if (err < 0)
		return err;
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
		err = lex_error(lexer,
				"%s at column %zu is no result: an exit code, ok, an error such as "
				"ENOENT or a signal such as SIGKILL",
				lex_shown(shown, text, len), lex_column(lexer, at));
	else
		snprintf(meaning, sizeof(meaning),
			 is_equal ? "%s == %s" : "event in (exit, exec_failed) and not %s == %s",
			 field, text);
	free(text);
	return err < 0 ? err : parse_meaning(parser, meaning, ret_node);
}

static int parse_result(struct parser *parser, uint32_t *ret_node)
{
	struct lexer *lexer = &parser->lexer;
	int in = parser_accept_in(lexer), err;
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
	err = parse_result_value(parser, is_equal, ret_node);
	while (err == 0 && lex_accept_sign(lexer, ",")) {
		lexer->is_in_list = true;
		err = parse_result_value(parser, is_equal, &right);
		if (err == 0)
			err = parser_join(parser, is_equal ? NODE_OR : NODE_AND, right, ret_node);
	}
	lexer->is_in_list = false;
	return err < 0 ? err : parser_expect_close(parser, open);
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
	int err;

	if (!accept_not(&parser->lexer))
		return parse_primary(parser, ret_node);
	err = parser_enter(parser);
	if (err == 0)
		err = parse_not(parser, &node.left);
	parser->depth--;
	return err < 0 ? err : parser_add_node(parser, &node, ret_node);
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
	int err = parse_not(parser, ret_node);

	while (err == 0 && accept_and(&parser->lexer)) {
		struct node node = { .kind = NODE_AND, .left = *ret_node };

		err = parse_not(parser, &node.right);
		if (err == 0)
			err = parser_add_node(parser, &node, ret_node);
	}
	return err;
}

static int parse_or(struct parser *parser, uint32_t *ret_node)
{
	int err = parse_and(parser, ret_node);

	while (err == 0 && accept_or(&parser->lexer)) {
		struct node node = { .kind = NODE_OR, .left = *ret_node };

		err = parse_and(parser, &node.right);
		if (err == 0)
			err = parser_add_node(parser, &node, ret_node);
	}
	return err;
}

static int parse_all(struct parser *parser)
{
	struct lexer *lexer = &parser->lexer;
	char shown[LEX_SHOWN_BYTES];
	int err;

	if (strlen(lexer->text) > FILTER_TEXT_MAX)
		return lex_error(lexer, "the expression is longer than %d bytes", FILTER_TEXT_MAX);
	if (lex_at_end(lexer))
		return lex_error(lexer, "the expression is empty");
	err = parse_or(parser, &parser->filter->root);
	if (err < 0)
		return err;
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
	int err;

	if (!parser.filter)
		return lex_no_memory(&parser.lexer);
	err = parse_all(&parser);
	if (err < 0) {
		begat_filter_free(parser.filter);
		return err;
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
		parser_node_done(&filter->nodes[i]);
	for (uint32_t i = 0; i < filter->warnings_count; i++)
		free(filter->warnings[i]);
	free(filter->nodes);
	free(filter);
}
