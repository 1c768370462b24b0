/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/value.c - the right side of a comparison.
 */
#include "filter/value.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "filter/operand.h"

static int bad_value(struct lexer *lexer, const char *what, const char *text, const char *at)
{
	char shown[LEX_SHOWN_BYTES];

	return lex_error(lexer, "%s at column %zu is not %s", lex_shown(shown, text, strlen(text)),
			 lex_column(lexer, at), what);
}

/* Sets @ret to a number in base 10, or 16 behind "0x". 0, or as units_parse(). */
static int parse_number(const char *text, enum units_kind kind, uint64_t bare, uint64_t *ret)
{
	char *end;

	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
		return units_parse(text, kind, bare, ret);
	errno = 0;
	*ret = strtoull(text, &end, 16);
	if (errno)
		return -ERANGE;
	return *end || !isxdigit((unsigned char)text[2]) ? -EINVAL : 0;
}

static int set_number(struct lexer *lexer, struct node *node, enum units_kind kind,
		      const char *text, const char *at)
{
	uint64_t value, bare = node->operand.is_seconds ? 1000000000 : 1;
	int err = parse_number(text + (*text == '-'), kind, bare, &value);

	if (err == -EILSEQ)
		return bad_value(lexer, "a whole number", text, at);
	if (err == -ERANGE && kind != UNITS_NONE)
		return bad_value(lexer, "a number of 64 bits", text, at);
	if (err)
		return bad_value(lexer, operand_type_name(node->operand.type), text, at);
	node->number = *text == '-' ? -(__int128)value : (__int128)value;
	return 0;
}

static int set_hex(struct lexer *lexer, struct node *node, const char *text, const char *at)
{
	const char *digits = text + 2 * (text[0] == '0' && text[1] == 'x');
	size_t len = strlen(digits);

	if (!len || len > 16 || strspn(digits, "0123456789abcdefABCDEF") != len)
		return bad_value(lexer, "a number of up to 16 hexadecimal digits", text, at);
	node->number = (__int128)strtoull(digits, NULL, 16);
	return 0;
}

static int set_time(struct lexer *lexer, struct node *node, const char *text, const char *at)
{
	uint64_t ns;

	if (begat_time_parse(text, &ns))
		return bad_value(lexer, "a time such as 2026-01-31T23:59:59Z", text, at);
	node->number = (__int128)ns;
	return 0;
}

static const char *event_name(int number)
{
	return begat_event_name((enum begat_event_type)number);
}

/* Numbers that have names; @prefix may be left out. */
static int set_named(struct lexer *lexer, struct node *node, const char *prefix,
		     const char *(*name_of)(int number), int count, const char *text,
		     const char *at)
{
	char shown[LEX_SHOWN_BYTES];
	const char *near;

	for (int i = 0; i < count; i++) {
		const char *name = name_of(i);

		if (name &&
		    (strcmp(name, text) == 0 || (strncmp(name, prefix, strlen(prefix)) == 0 &&
						 strcmp(name + strlen(prefix), text) == 0))) {
			node->number = i;
			return 0;
		}
	}
	if (node->operand.type != OPERAND_EVENT && isdigit((unsigned char)*text))
		return set_number(lexer, node, UNITS_NONE, text, at);
	near = operand_suggest(text, strlen(text), name_of, count);
	lex_shown(shown, text, strlen(text));
	if (near)
		return lex_error(lexer, "%s at column %zu is not %s; did you mean `%s`?", shown,
				 lex_column(lexer, at), operand_type_name(node->operand.type),
				 near);
	return bad_value(lexer, operand_type_name(node->operand.type), text, at);
}

static int set_regex(struct lexer *lexer, struct node *node, const char *at)
{
	char shown[LEX_SHOWN_BYTES];
	const char *why;
	size_t bad;
	int err = regex_new(node->text, node->text_len, &node->regex, &why, &bad);

	if (err == -ENOMEM)
		return lex_no_memory(lexer);
	if (err)
		return lex_error(lexer,
				 "bad regular expression %s at column %zu, character %zu: it %s",
				 lex_shown(shown, node->text, node->text_len),
				 lex_column(lexer, at), bad + 1, why);
	return 0;
}

static int set_bool(struct lexer *lexer, struct node *node, const char *text, const char *at)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return bad_value(lexer, "true or false", text, at);
	node->number = text[0] == 't';
	return 0;
}

/* A name where a number of a user or a group is asked for. 1: it was one; 0: it is none. */
static int set_account(struct lexer *lexer, struct node *node, const char *text, const char *at)
{
	bool is_group = node->operand.field == BEGAT_F_GID || node->operand.field == BEGAT_F_EGID;
	bool is_user = node->operand.field == BEGAT_F_UID || node->operand.field == BEGAT_F_EUID ||
		       node->operand.field == BEGAT_F_LOGINUID;
	const struct begat_accounts *accounts = lexer->accounts;
	char shown[LEX_SHOWN_BYTES], buf[16384];
	uint32_t id;
	struct passwd user, *found_user = NULL;
	struct group group, *found_group = NULL;

	if ((!is_group && !is_user) || isdigit((unsigned char)*text) || *text == '-' || !*text)
		return 0;
	if (accounts && accounts->user_id && accounts->group_id) {
		if ((is_group ? accounts->group_id : accounts->user_id)(accounts->ctx, text, &id) <
		    0)
			return lex_error(lexer,
					 "%s at column %zu is no %s of this recording; a number is "
					 "taken as it is",
					 lex_shown(shown, text, strlen(text)),
					 lex_column(lexer, at), is_group ? "group" : "user");
		node->number = id;
		return 1;
	}
	if (is_user && !getpwnam_r(text, &user, buf, sizeof(buf), &found_user) && found_user)
		node->number = user.pw_uid;
	else if (is_group && !getgrnam_r(text, &group, buf, sizeof(buf), &found_group) &&
		 found_group)
		node->number = group.gr_gid;
	else
		return lex_error(lexer,
				 "%s at column %zu is no %s that this machine knows; a number "
				 "is taken as it is",
				 lex_shown(shown, text, strlen(text)), lex_column(lexer, at),
				 is_group ? "group" : "user");
	return 1;
}

/* cpu > 10ms is about time, cpu == 3 about the number of a CPU. */
static void choose_cpu(struct node *node, const char *text)
{
	size_t digits = strspn(text, "0123456789.");

	if (node->operand.field == BEGAT_F_CPU && digits &&
	    units_factor(UNITS_DURATION, text + digits, strlen(text + digits)))
		node->operand = (struct operand){ OPERAND_DURATION, PART_CPU_TIME, 0,
						  BEGAT_F_UTIME,    NULL,	   false };
}

int value_set(struct lexer *lexer, struct node *node, char *text, size_t len, const char *at)
{
	int err = 0;

	choose_cpu(node, text);
	switch (node->operand.type) {
	case OPERAND_TEXT:
		node->text = text;
		node->text_len = len;
		return node->compare == COMPARE_REGEX ? set_regex(lexer, node, at) : 0;
	case OPERAND_DURATION:
		err = set_number(lexer, node, UNITS_DURATION, text, at);
		break;
	case OPERAND_BYTES:
		err = set_number(lexer, node, UNITS_SIZE, text, at);
		break;
	case OPERAND_HEX:
		err = set_hex(lexer, node, text, at);
		break;
	case OPERAND_TIME:
		err = set_time(lexer, node, text, at);
		break;
	case OPERAND_EVENT:
		err = set_named(lexer, node, "", event_name, BEGAT_SUMMARY + 1, text, at);
		break;
	case OPERAND_ERRNO:
		err = set_named(lexer, node, "", begat_errno_name, 1024, text, at);
		break;
	case OPERAND_SIGNAL:
		err = set_named(lexer, node, "SIG", begat_signal_name, 65, text, at);
		break;
	case OPERAND_BOOL:
		err = set_bool(lexer, node, text, at);
		break;
	default:
		err = set_account(lexer, node, text, at);
		err = err ? err : set_number(lexer, node, UNITS_NONE, text, at);
		err = err > 0 ? 0 : err;
	}
	free(text);
	return err;
}
