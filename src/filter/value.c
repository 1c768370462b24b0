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
#include <strings.h>

#include "filter/operand.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{ "", 1 },
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * 1000000000ull },
	{ "min", 60 * 1000000000ull },
	{ "h", 3600 * 1000000000ull },
	{ "d", 86400 * 1000000000ull },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", 1ull << 10 },
	{ "MiB", 1ull << 20 },
	{ "GiB", 1ull << 30 },
	{ "TiB", 1ull << 40 },
	{ "KB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ "TB", 1000000000000 },
	{ "K", 1ull << 10 }, /* as --buffer has them */
	{ "k", 1ull << 10 },
	{ "M", 1ull << 20 },
	{ "G", 1ull << 30 },
	{ "T", 1ull << 40 },
	{ NULL, 0 },
};

static const struct unit none[] = { { "", 1 }, { NULL, 0 } };

static int bad_value(struct lexer *lexer, const char *what, const char *text, const char *at)
{
	char shown[LEX_SHOWN_BYTES];

	return lex_error(lexer, "%s at column %zu is not %s", lex_shown(shown, text, strlen(text)),
			 lex_column(lexer, at), what);
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		/* one letter: m is minutes, M nothing */
		if (name[0] && name[1] ? strcasecmp(units->name, name) == 0
				       : strcmp(units->name, name) == 0)
			return units;
	}
	return NULL;
}

/* "12", "0x1f", "1.5" before a unit. Returns what follows, or NULL if it is no such number. */
static const char *scan_digits(const char *text, uint64_t *ret_whole, uint64_t *ret_fraction,
			       uint64_t *ret_scale)
{
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	*ret_fraction = 0;
	*ret_scale = 1;
	if (!isdigit((unsigned char)text[0]))
		return NULL;
	if (is_hex && !isxdigit((unsigned char)text[2]))
		return NULL;
	errno = 0;
	*ret_whole = strtoull(text, &end, is_hex ? 16 : 10);
	if (errno)
		return NULL;
	if (is_hex || *end != '.')
		return end;
	if (!isdigit((unsigned char)end[1]))
		return NULL;
	for (end++; isdigit((unsigned char)*end); end++) {
		if (*ret_scale < 1000000000) {
			*ret_fraction = *ret_fraction * 10 + (uint64_t)(*end - '0');
			*ret_scale *= 10;
		}
	}
	return end;
}

static int set_number(struct lexer *lexer, struct node *node, const struct unit *units,
		      const char *text, const char *at)
{
	const char *what = operand_type_name(node->operand.type), *rest;
	uint64_t whole, fraction, scale;
	const struct unit *unit;
	unsigned __int128 value;

	rest = scan_digits(text + (*text == '-'), &whole, &fraction, &scale);
	unit = rest ? find_unit(units, rest) : NULL;
	if (!unit)
		return bad_value(lexer, what, text, at);
	if (node->operand.is_seconds && !*rest)
		unit = find_unit(units, "s");
	if (unit->factor == 1 && fraction)
		return bad_value(lexer, "a whole number", text, at);
	value = (unsigned __int128)whole * unit->factor +
		(unsigned __int128)fraction * unit->factor / scale;
	if (value > UINT64_MAX)
		return bad_value(lexer, "a number of 64 bits", text, at);
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
		return set_number(lexer, node, none, text, at);
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
	int rc = regex_new(node->text, node->text_len, &node->regex, &why, &bad);

	if (rc == -ENOMEM)
		return lex_no_memory(lexer);
	if (rc)
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

	if (node->operand.field == BEGAT_F_CPU && digits && find_unit(durations, text + digits) &&
	    text[digits])
		node->operand = (struct operand){ OPERAND_DURATION, PART_CPU_TIME, 0,
						  BEGAT_F_UTIME,    NULL,	   false };
}

int value_set(struct lexer *lexer, struct node *node, char *text, size_t len, const char *at)
{
	int rc = 0;

	choose_cpu(node, text);
	switch (node->operand.type) {
	case OPERAND_TEXT:
		node->text = text;
		node->text_len = len;
		return node->compare == COMPARE_REGEX ? set_regex(lexer, node, at) : 0;
	case OPERAND_DURATION:
		rc = set_number(lexer, node, durations, text, at);
		break;
	case OPERAND_BYTES:
		rc = set_number(lexer, node, sizes, text, at);
		break;
	case OPERAND_HEX:
		rc = set_hex(lexer, node, text, at);
		break;
	case OPERAND_TIME:
		rc = set_time(lexer, node, text, at);
		break;
	case OPERAND_EVENT:
		rc = set_named(lexer, node, "", event_name, BEGAT_SUMMARY + 1, text, at);
		break;
	case OPERAND_ERRNO:
		rc = set_named(lexer, node, "", begat_errno_name, 1024, text, at);
		break;
	case OPERAND_SIGNAL:
		rc = set_named(lexer, node, "SIG", begat_signal_name, 65, text, at);
		break;
	case OPERAND_BOOL:
		rc = set_bool(lexer, node, text, at);
		break;
	default:
		rc = set_account(lexer, node, text, at);
		rc = rc ? rc : set_number(lexer, node, none, text, at);
		rc = rc > 0 ? 0 : rc;
	}
	free(text);
	return rc;
}
