/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/operand.c - what a name in an expression refers to.
 */
#include "filter/operand.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/fields.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define WORD_MAX 32 /* longer ones are not compared */

/* Members of objects, and what has another type than its field. */
static const struct {
	const char *name;
	struct operand operand;
} parts[] = {
	{ "errno_number", { OPERAND_NUMBER, PART_WHOLE, 0, BEGAT_F_ERRNO, NULL, false } },
	{ "ns.pid", { OPERAND_NUMBER, PART_INDEX, BEGAT_NS_PID, BEGAT_F_NS, NULL, false } },
	{ "ns.mnt", { OPERAND_NUMBER, PART_INDEX, BEGAT_NS_MNT, BEGAT_F_NS, NULL, false } },
	{ "ns.net", { OPERAND_NUMBER, PART_INDEX, BEGAT_NS_NET, BEGAT_F_NS, NULL, false } },
	{ "ns.user", { OPERAND_NUMBER, PART_INDEX, BEGAT_NS_USER, BEGAT_F_NS, NULL, false } },
	{ "ns.uts", { OPERAND_NUMBER, PART_INDEX, BEGAT_NS_UTS, BEGAT_F_NS, NULL, false } },
	{ "ns.ipc", { OPERAND_NUMBER, PART_INDEX, BEGAT_NS_IPC, BEGAT_F_NS, NULL, false } },
	{ "ns.cgroup", { OPERAND_NUMBER, PART_INDEX, BEGAT_NS_CGROUP, BEGAT_F_NS, NULL, false } },
	{ "forked_by.pid", { OPERAND_NUMBER, PART_PID, 0, BEGAT_F_FORKED_BY, NULL, false } },
	{ "forked_by.id", { OPERAND_HEX, PART_ID, 0, BEGAT_F_FORKED_BY, NULL, false } },
	{ "killed_by.pid", { OPERAND_NUMBER, PART_PID, 0, BEGAT_F_KILLED_BY, NULL, false } },
	{ "killed_by.id", { OPERAND_HEX, PART_ID, 0, BEGAT_F_KILLED_BY, NULL, false } },
	{ "killed_by.comm", { OPERAND_TEXT, PART_COMM, 0, BEGAT_F_KILLED_BY, NULL, false } },
	{ "killed_by.oom", { OPERAND_BOOL, PART_OOM, 0, BEGAT_F_KILLED_BY, NULL, false } },
	{ "killer", { OPERAND_NUMBER, PART_PID, 0, BEGAT_F_KILLED_BY, NULL, false } },
	{ "killer_pid", { OPERAND_NUMBER, PART_PID, 0, BEGAT_F_KILLED_BY, NULL, false } },
	{ "cpu_time", { OPERAND_DURATION, PART_CPU_TIME, 0, BEGAT_F_UTIME, NULL, false } },
	{ "cpu_ns", { OPERAND_DURATION, PART_CPU_TIME, 0, BEGAT_F_UTIME, NULL, false } },
	{ "cpu_s", { OPERAND_DURATION, PART_CPU_TIME, 0, BEGAT_F_UTIME, NULL, true } },
	{ "after", { OPERAND_DURATION, PART_AFTER, 0, BEGAT_F_DURATION, NULL, false } },
	{ "wall_s", { OPERAND_DURATION, PART_WHOLE, 0, BEGAT_F_DURATION, NULL, true } },
};

/* Words of begat's own screens and tables, and of other tools, for fields. */
static const struct {
	const char *word;
	int field;
} words[] = {
	{ "user", BEGAT_F_UID },
	{ "username", BEGAT_F_UID },
	{ "group", BEGAT_F_GID },
	{ "auid", BEGAT_F_LOGINUID },
	{ "login_user", BEGAT_F_LOGINUID },
	{ "command", BEGAT_F_ARGV },
	{ "commandline", BEGAT_F_ARGV },
	{ "command_line", BEGAT_F_ARGV },
	{ "cmdline", BEGAT_F_ARGV },
	{ "cmd", BEGAT_F_ARGV },
	{ "args", BEGAT_F_ARGV },
	{ "arguments", BEGAT_F_ARGV },
	{ "name", BEGAT_F_COMM },
	{ "process", BEGAT_F_COMM },
	{ "rss", BEGAT_F_MAX_RSS },
	{ "maxrss", BEGAT_F_MAX_RSS },
	{ "memory", BEGAT_F_MAX_RSS },
	{ "mem", BEGAT_F_MAX_RSS },
	{ "status", BEGAT_F_EXIT_CODE },
	{ "exit_status", BEGAT_F_EXIT_CODE },
	{ "exitcode", BEGAT_F_EXIT_CODE },
	{ "rc", BEGAT_F_EXIT_CODE },
	{ "exit", BEGAT_F_EXIT_CODE },
	{ "wall", BEGAT_F_DURATION },
	{ "elapsed", BEGAT_F_DURATION },
	{ "lifetime", BEGAT_F_DURATION },
	{ "path", BEGAT_F_EXE },
	{ "executable", BEGAT_F_EXE },
	{ "binary", BEGAT_F_EXE },
	{ "program", BEGAT_F_EXE },
	{ "read", BEGAT_F_READ_BYTES },
	{ "write", BEGAT_F_WRITE_BYTES },
	{ "image", BEGAT_F_EXE },
	{ "file", BEGAT_F_FILENAME },
	{ "dir", BEGAT_F_CWD },
	{ "workdir", BEGAT_F_CWD },
	{ "tgid", BEGAT_F_PID },
	{ "parent", BEGAT_F_PPID },
	{ "parent_pid", BEGAT_F_PPID },
	{ "session", BEGAT_F_SID },
	{ "terminal", BEGAT_F_TTY },
	{ "error", BEGAT_F_ERRNO },
	{ "type", BEGAT_F_EVENT },
	{ "kind", BEGAT_F_EVENT },
	{ "pod", BEGAT_F_POD_UID },
	{ "caps", BEGAT_F_CAPS },
	{ "capabilities", BEGAT_F_CAPS },
	{ "environ", BEGAT_F_ENV },
	{ "runtime", BEGAT_F_CONTAINER_RUNTIME },
};

/* Headings and columns of SQL that are of no event, with what to ask instead. */
static const struct {
	const char *word, *answer;
} answers[] = {
	{ "start", "events have `time`; a process starts with `event == fork`" },
	{ "started", "events have `time`; a process starts with `event == fork`" },
	{ "start_ns", "events have `time` and `ts`; a process starts with `event == fork`" },
	{ "start_time", "events have `time`; a process starts with `event == fork`" },
	{ "end_time", "events have `time`; a process ends with `event == exit`" },
	{ "end", "events have `time`; a process ends with `event == exit`" },
	{ "ended", "events have `time`; a process ends with `event == exit`" },
	{ "end_ns", "events have `time` and `ts`; a process ends with `event == exit`" },
	{ "unit", "ask for `cgroup ~ \"*/NAME.service*\"`" },
	{ "row", "it numbers the rows of a recording; events have `id` and `pid`" },
	{ "n", "it numbers the rows of a recording; events have `seq`" },
	{ "depth", "`under(PID)` and `ancestor(EXPR)` ask for ancestors" },
	{ "share", "it is of many processes: see `begat report`" },
	{ "runs", "it is of many processes: see `begat report`" },
	{ "times", "it is of many processes: see `begat report`" },
	{ "median", "it is of many processes: see `begat report`" },
	{ "processes", "it is of many processes: see `begat report`" },
	{ "change", "it is of two recordings: see `begat diff`" },
};

static enum operand_type type_of(const struct field *field)
{
	switch ((enum field_kind)field->kind) {
	case FIELD_EVENT:
	case FIELD_CLASS:
		return OPERAND_EVENT;
	case FIELD_TIME:
		return OPERAND_TIME;
	case FIELD_ID:
	case FIELD_CAPS:
		return OPERAND_HEX;
	case FIELD_BOOL:
		return OPERAND_BOOL;
	case FIELD_DURATION:
		return OPERAND_DURATION;
	case FIELD_BYTES:
		return OPERAND_BYTES;
	case FIELD_STR:
	case FIELD_STRV:
		return OPERAND_TEXT;
	case FIELD_PIDS:
		return OPERAND_PIDS;
	case FIELD_NS:
	case FIELD_FORKED_BY:
	case FIELD_KILLED_BY:
		return OPERAND_OBJECT;
	case FIELD_ERRNO:
		return OPERAND_ERRNO;
	case FIELD_SIGNAL:
		return OPERAND_SIGNAL;
	default:
		return OPERAND_NUMBER;
	}
}

const char *operand_type_name(enum operand_type type)
{
	static const char *const names[] = {
		[OPERAND_NUMBER] = "a number",	   [OPERAND_DURATION] = "a duration",
		[OPERAND_BYTES] = "a size",	   [OPERAND_HEX] = "a hexadecimal number",
		[OPERAND_TIME] = "a time",	   [OPERAND_EVENT] = "an event",
		[OPERAND_ERRNO] = "an error",	   [OPERAND_SIGNAL] = "a signal",
		[OPERAND_BOOL] = "true or false",  [OPERAND_TEXT] = "a text",
		[OPERAND_PIDS] = "a list of pids", [OPERAND_OBJECT] = "an object",
	};

	return names[type];
}

static int min(int a, int b)
{
	return a < b ? a : b;
}

/* Letters to insert, drop, change or swap; at least @limit if it is more than that. */
static int distance(const char *a, int a_len, const char *b, int b_len, int limit)
{
	int rows[3][WORD_MAX + 1];
	int *before = rows[0], *last = rows[1], *now = rows[2];

	if (a_len > WORD_MAX || b_len > WORD_MAX || abs(a_len - b_len) >= limit)
		return limit;
	for (int j = 0; j <= b_len; j++)
		last[j] = j;
	for (int i = 1; i <= a_len; i++) {
		now[0] = i;
		for (int j = 1; j <= b_len; j++) {
			int change = last[j - 1] + (tolower((unsigned char)a[i - 1]) !=
						    tolower((unsigned char)b[j - 1]));

			now[j] = min(change, min(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = min(now[j], before[j - 2] + 1);
		}
		int *spare = before;

		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

const char *operand_suggest(const char *word, size_t len, const char *(*name_of)(int number),
			    int count)
{
	int best = len <= 2 ? 2 : len <= 5 ? 3 : 4;
	const char *found = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (int i = 0; i < count; i++) {
		const char *name = name_of(i);
		int d;

		if (!name)
			continue;
		d = distance(word, (int)len, name, (int)strlen(name), best);
		if (d < best) {
			best = d;
			found = name;
		}
	}
	return found;
}

static const char *name_of_operand(int number)
{
	if (number < BEGAT_FIELD_COUNT)
		return fields[number].name;
	number -= BEGAT_FIELD_COUNT;
	if (number < BEGAT_FIELD_COUNT)
		return fields[number].alias;
	number -= BEGAT_FIELD_COUNT;
	return number < COUNT(parts) ? parts[number].name : words[number - COUNT(parts)].word;
}

static int unknown(struct lexer *lexer, struct word name)
{
	const char *near;
	char shown[LEX_SHOWN_BYTES];

	for (int i = 0; i < COUNT(answers); i++) {
		if (word_is(name, answers[i].word))
			return lex_error(lexer, "no event has %s (column %zu): %s",
					 lex_shown(shown, name.data, name.len),
					 lex_column(lexer, name.data), answers[i].answer);
	}
	near = operand_suggest(name.data, name.len, name_of_operand,
			       2 * BEGAT_FIELD_COUNT + COUNT(parts) + COUNT(words));

	if (near)
		return lex_error(lexer, "unknown field %s at column %zu; did you mean `%s`?",
				 lex_shown(shown, name.data, name.len),
				 lex_column(lexer, name.data), near);
	return lex_error(lexer, "unknown field %s at column %zu; 'begat help events' lists them",
			 lex_shown(shown, name.data, name.len), lex_column(lexer, name.data));
}

static int find_variable(struct lexer *lexer, struct word name, struct operand *ret_operand)
{
	size_t len = name.len - strlen("env.");
	char *variable = malloc(len + 2);

	if (!variable)
		return lex_no_memory(lexer);
	memcpy(variable, name.data + strlen("env."), len);
	variable[len] = '=';
	variable[len + 1] = '\0';
	*ret_operand =
		(struct operand){ OPERAND_TEXT, PART_VARIABLE, 0, BEGAT_F_ENV, variable, false };
	return 0;
}

/* Headings are in capitals, so a name in capitals is the same name. */
static int find_field(const char *name, size_t len)
{
	char lower[WORD_MAX];

	if (len > sizeof(lower))
		return -1;
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return fields_find(lower, len);
}

/* argv[2], pids[0] */
static int find_index(struct lexer *lexer, struct word name, struct operand *ret_operand)
{
	const char *bracket = memchr(name.data, '[', name.len);
	int field = find_field(name.data, (size_t)(bracket - name.data));
	unsigned long index = strtoul(bracket + 1, NULL, 10);

	if (field != BEGAT_F_ARGV && field != BEGAT_F_PIDS)
		return lex_error(lexer, "only argv and pids have an index (column %zu)",
				 lex_column(lexer, bracket));
	if (index > UINT32_MAX)
		return lex_error(lexer, "the index at column %zu is too large",
				 lex_column(lexer, bracket));
	*ret_operand = (struct operand){ field == BEGAT_F_ARGV ? OPERAND_TEXT : OPERAND_NUMBER,
					 PART_INDEX,
					 (uint32_t)index,
					 field,
					 NULL,
					 false };
	return 0;
}

int operand_find(struct lexer *lexer, struct word name, struct operand *ret_operand)
{
	int field;

	if (name.data[name.len - 1] == ']')
		return find_index(lexer, name, ret_operand);
	if (name.len > strlen("env.") && strncasecmp(name.data, "env.", strlen("env.")) == 0)
		return find_variable(lexer, name, ret_operand);
	for (int i = 0; i < COUNT(parts); i++) {
		if (word_is(name, parts[i].name)) {
			*ret_operand = parts[i].operand;
			return 0;
		}
	}
	field = find_field(name.data, name.len);
	for (int i = 0; field < 0 && i < COUNT(words); i++) {
		if (word_is(name, words[i].word))
			field = words[i].field;
	}
	if (field < 0)
		return unknown(lexer, name);
	*ret_operand =
		(struct operand){ type_of(&fields[field]), PART_WHOLE, 0, field, NULL, false };
	return 0;
}
