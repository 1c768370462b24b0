/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/suspect.c - expressions that are right, and probably not what was meant.
 *
 * Owns:    the sentences. A sentence never refuses anything.
 */
#include "filter/suspect.h"
#include "filter/suspect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "event/fields.h"
#include "filter/lex.h"
#include "filter/pushdown.h"

#define COMM_BYTES 15
#define CONTAINER_ID_BYTES 64

static void __attribute__((format(printf, 2, 3)))
suspect(struct begat_filter *filter, const char *format, ...)
{
	va_list args;
	char *text;

	if (filter->warnings_count == FILTER_WARNINGS_MAX)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0)
		filter->warnings[filter->warnings_count++] = text;
	va_end(args);
}

static bool has_wildcard(const struct node *node)
{
	return node->text_len && strpbrk(node->text, "*?[\\");
}

static const char *result_of(enum compare compare)
{
	return compare == COMPARE_NE || compare == COMPARE_NOT_GLOB ? "always true" : "never true";
}

static void suspect_text(struct begat_filter *filter, const struct node *node, const char *name)
{
	bool is_glob = node->compare == COMPARE_GLOB || node->compare == COMPARE_NOT_GLOB;
	bool is_whole = node->operand.part == PART_WHOLE;
	bool is_comm = (node->operand.field == BEGAT_F_COMM && is_whole) ||
		       node->operand.part == PART_COMM;
	bool is_exact = !is_glob || !has_wildcard(node);
	char shown[LEX_SHOWN_BYTES];

	if (node->compare == COMPARE_REGEX)
		return;
	lex_shown(shown, node->text, node->text_len);
	if (is_comm && is_exact && node->text_len > COMM_BYTES)
		suspect(filter, "%s has at most %d bytes: %s is %s; `%.*s` is what it would be",
			name, COMM_BYTES, shown, result_of(node->compare), COMM_BYTES, node->text);
	else if (is_whole && is_exact && node->text_len && !strchr(node->text, '/') &&
		 (node->operand.field == BEGAT_F_EXE || node->operand.field == BEGAT_F_CWD))
		suspect(filter,
			"%s is a path, and %s has no slash: it is %s; %s ~ \"*/%.*s\" looks at the "
			"last "
			"name",
			name, shown, result_of(node->compare), name,
			(int)(node->text_len < 48 ? node->text_len : 48), node->text);
	else if (is_whole && is_exact && node->operand.field == BEGAT_F_TTY &&
		 strncmp(node->text, "/dev/", 5) == 0)
		suspect(filter, "tty has no /dev/ in front: %s is %s", shown,
			result_of(node->compare));
	else if (is_whole && is_exact && node->operand.field == BEGAT_F_CONTAINER_ID &&
		 node->text_len >= 8 && node->text_len < CONTAINER_ID_BYTES &&
		 strspn(node->text, "0123456789abcdef") == node->text_len)
		suspect(filter,
			"%s of most runtimes has 64 digits: %s ~ \"%.*s*\" takes the first ones",
			name, name, (int)node->text_len, node->text);
	else if (is_glob && !has_wildcard(node))
		suspect(filter,
			"`~` compares the whole text: without a `*`, %s is the same as ==; did you "
			"mean "
			"%s ~ \"*%.*s*\"",
			shown, name, (int)(node->text_len < 48 ? node->text_len : 48), node->text);
}

/* What a number of the field can be. */
static bool limits_of(const struct node *node, __int128 *ret_least, __int128 *ret_most)
{
	const struct field *field = &fields[node->operand.field];

	*ret_least = 0;
	*ret_most = UINT64_MAX;
	if (node->operand.type == OPERAND_BOOL || node->operand.type == OPERAND_TEXT ||
	    node->operand.type == OPERAND_OBJECT || node->operand.type == OPERAND_TIME)
		return false;
	if (node->operand.field == BEGAT_F_EXIT_CODE)
		*ret_most = 255;
	else if (node->operand.type == OPERAND_SIGNAL)
		*ret_most = 64;
	else if (field->kind == FIELD_U32 || field->kind == FIELD_CPU ||
		 field->kind == FIELD_LOGINUID || field->kind == FIELD_PIDS)
		*ret_most = UINT32_MAX;
	return true;
}

static void suspect_number(struct begat_filter *filter, const struct node *node, const char *name)
{
	__int128 least, most, value = node->number;
	bool is_never, is_always;

	if (!limits_of(node, &least, &most))
		return;
	is_never = (node->compare == COMPARE_EQ && (value < least || value > most)) ||
		   (node->compare == COMPARE_LT && value <= least) ||
		   (node->compare == COMPARE_LE && value < least) ||
		   (node->compare == COMPARE_GT && value >= most) ||
		   (node->compare == COMPARE_GE && value > most);
	is_always = node->compare == COMPARE_NE && (value < least || value > most);
	if ((is_never || is_always) && most == UINT64_MAX)
		suspect(filter, "%s is never negative: the comparison is %s", name,
			is_never ? "never true" : "always true");
	else if (is_never || is_always)
		suspect(filter, "%s is from 0 to %llu: the comparison is %s", name,
			(unsigned long long)most, is_never ? "never true" : "always true");
}

void suspect_test(struct begat_filter *filter, const struct node *node, const char *name)
{
	if (node->compare == COMPARE_IS_SET)
		return;
	if (node->operand.type == OPERAND_TEXT)
		suspect_text(filter, node, name);
	else
		suspect_number(filter, node, name);
}

void suspect_whole(struct begat_filter *filter)
{
	struct filter_pushdown push;

	filter_pushable(filter, &push);
	if (!push.events)
		suspect(filter, "no kind of event has all that is asked for: it is never true "
				"('begat help events' says which events have which field)");
}

BEGAT_API const char *begat_filter_warning(const struct begat_filter *filter, unsigned index)
{
	return filter && index < filter->warnings_count ? filter->warnings[index] : NULL;
}
