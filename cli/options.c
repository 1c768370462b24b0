/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/options.c - the table of common options, and getopt_long fed from it.
 *
 * Owns:  names, letters, one line of help each; strictness about all of them.
 * Not:   the syntax of values (option_values.c), the layout of the help (help.c).
 *
 * Invariants
 *  (1) An option that is not in the table is neither accepted nor shown.
 *  (2) Every failure leaves one sentence in options->error; nothing is printed here.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

int option_verbose(struct options *options, const char *value)
{
	options->verbose++;
	return 0;
}

int option_quiet(struct options *options, const char *value)
{
	options->quiet = true;
	return 0;
}

#define SETS(member) .sets = offsetof(struct options, member)

/* clang-format off */
const struct option_spec common_options[] = {
	{ "format", 0, "FORMAT", OPTIONS_OUTPUT, "text, or json: one object a line", .parse = option_format },
	{ "format", 0, "FORMAT", OPTIONS_ANSWER, "text, or json: one object a line", .parse = option_answer_format },
	{ "output", 'o', "FILE", OPTIONS_OUTPUT | OPTIONS_ANSWER, "write to this file", .parse = option_output },
	{ "columns", 0, "LIST", OPTIONS_TEXT, "text: these columns, as time,user,exe,command", .parse = option_columns },
	{ "wide", 0, NULL, OPTIONS_TEXT, "text: every column, and commands whole, on a terminal too", SETS(is_wide) },
	{ "utc", 0, NULL, OPTIONS_TEXT, "text: times in UTC, not local ones", SETS(is_utc) },
	{ "events", 'e', "LIST", OPTIONS_EVENTS, "fork,exec,exec_failed,exit,snapshot or all; lost always shows", .parse = option_events },
	{ "where", 'w', "EXPR", OPTIONS_EVENTS, "only events that match: 'user == root and fail'; begat help filter", .parse = option_where },
	{ "since", 0, "TIME", OPTIONS_SPAN, "from then on: 10m or 2h ago, 14:30, 2026-01-31T14:30; UTC", .parse = option_since },
	{ "until", 0, "TIME", OPTIONS_SPAN, "up to then: the same", .parse = option_until },
	{ "path-misses", 0, "[=MODE]", OPTIONS_TEXT, "each failed exec of a PATH search; fold: at most one (text does)", .parse = option_path_misses },
	{ "pid", 'p', "PID", OPTIONS_SELECT, "this process and all that it begets; may be repeated", .parse = option_pid },
	{ "forever", 0, NULL, OPTIONS_SELECT, "with -p: go on when the whole tree has ended", SETS(is_forever) },
	{ "user", 'u', "USER", OPTIONS_SELECT, "processes of this user, by name or uid; may be repeated", .parse = option_user },
	{ "container", 'c', "ID", OPTIONS_SELECT, "processes in this container or cgroup path; repeatable", .parse = option_container },
	{ "env", 0, "[=NAME,...]", OPTIONS_CAPTURE, "capture the environment, or only these variables", .parse = option_env },
	{ "max-args", 0, "BYTES", OPTIONS_CAPTURE, "cut argv and environment after this much, or all (default: all)", .parse = option_max_args },
	{ "redact", 0, "[=REGEX]", OPTIONS_CAPTURE, "hide what looks like a secret, or matches; repeatable", .parse = option_redact },
	{ "fold-failures", 0, NULL, OPTIONS_CAPTURE, "identical failed execs in a row become one, counted", SETS(fold_failures) },
	{ "short-lived-window", 0, "MS", OPTIONS_CAPTURE, "what lives shorter is flagged short_lived (default 10)", .parse = option_short_lived },
	{ "latency", 0, "MODE", OPTIONS_CAPTURE, "low: takes a core; balanced: default; batch: least CPU", .parse = option_latency },
	{ "backend", 0, "NAME", OPTIONS_CAPTURE | OPTIONS_BACKEND, "%s (default: the best that works)", .parse = option_backend },
	{ "transport", 0, "NAME", OPTIONS_CAPTURE | OPTIONS_BACKEND, "%s (default: the best that works)", .parse = option_transport },
	{ "buffer", 0, "SIZE", OPTIONS_CAPTURE, "kernel buffer of all CPUs, as 64MiB (default 8MiB)", .parse = option_buffer },
	{ "stats", 0, NULL, OPTIONS_TALK, "at the end: losses, delivery latency, costs, on stderr", SETS(stats) },
	{ "verbose", 'v', NULL, OPTIONS_TALK, "say how it is captured; 'run' shows every process", .parse = option_verbose },
	{ "quiet", 'q', NULL, OPTIONS_TALK, "no summary at the end", SETS(quiet) },
	{ "help", 'h', NULL, OPTIONS_ALWAYS, "this text", SETS(help) },
	{ "version", 0, NULL, OPTIONS_ALWAYS, "the version", SETS(version) },
	{ .name = NULL },
};
/* clang-format on */

#define OPTIONS_MAX 64
#define VALUE_BASE 256 /* getopt's value of an option is this plus its index */

/* The options that one subcommand takes, in getopt's two forms. */
struct menu {
	const struct option_spec *specs[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 1];
	const char *names[OPTIONS_MAX + 1]; /* with their "--", for suggestions */
	char name_bytes[OPTIONS_MAX][32];
	char shorts[3 * OPTIONS_MAX + 3];
	size_t count;
};

static void menu_add(struct menu *menu, const struct option_spec *spec, char **shorts)
{
	size_t i = menu->count;

	if (i == OPTIONS_MAX)
		return;
	bool is_optional = spec->value && spec->value[0] == '[';

	menu->specs[i] = spec;
	menu->longs[i] = (struct option){
		.name = spec->name,
		.has_arg = is_optional	 ? optional_argument
			   : spec->value ? required_argument
					 : no_argument,
		.val = VALUE_BASE + (int)i,
	};
	snprintf(menu->name_bytes[i], sizeof(menu->name_bytes[i]), "--%s", spec->name);
	menu->names[i] = menu->name_bytes[i];
	menu->count++;
	if (!spec->letter)
		return;
	*(*shorts)++ = (char)spec->letter;
	if (spec->value)
		*(*shorts)++ = ':';
	if (is_optional)
		*(*shorts)++ = ':';
}

static void menu_init(struct menu *menu, unsigned groups, const struct option_spec *own)
{
	memset(menu, 0, sizeof(*menu));
	char *shorts = menu->shorts;

	*shorts++ = '+'; /* stop at the first argument: what follows may be another command's */
	*shorts++ = ':';
	for (; own && own->name; own++)
		menu_add(menu, own, &shorts);
	for (const struct option_spec *spec = common_options; spec->name; spec++)
		if (spec->group & (groups | OPTIONS_ALWAYS))
			menu_add(menu, spec, &shorts);
}

/* An option without a parse() sets a flag. */
static int take_option(const struct option_spec *spec, struct options *options, const char *value)
{
	if (spec->parse)
		return spec->parse(options, value);
	*(bool *)((char *)(spec->group ? options : options->own) + spec->sets) = true;
	return 0;
}

static const struct option_spec *menu_find(const struct menu *menu, int value)
{
	if (value >= VALUE_BASE)
		return menu->specs[value - VALUE_BASE];
	for (size_t i = 0; i < menu->count; i++)
		if (menu->specs[i]->letter == value)
			return menu->specs[i];
	return NULL;
}

/* Is it one of another subcommand's? Then say so, rather than "unknown". */
static const struct option_spec *find_elsewhere(const char *name, size_t name_len, int letter)
{
	for (const struct option_spec *spec = common_options; spec->name; spec++)
		if ((letter && spec->letter == letter) || (name && strlen(spec->name) == name_len &&
							   !strncmp(spec->name, name, name_len)))
			return spec;
	return NULL;
}

static int fail_unknown_long(struct options *options, const struct menu *menu, const char *element)
{
	char word[128], safe[192];
	size_t len = strcspn(element, "=");

	if (find_elsewhere(element + 2, len - 2, 0))
		return option_fail(options, "option '%.*s' does not apply here", (int)len, element);
	snprintf(word, sizeof(word), "%.*s", (int)(len < 100 ? len : 100), element);
	const char *meant = suggest_word(word, menu->names);

	return option_fail(options, "unknown option '%s'%s%s%s", cli_safe(safe, sizeof(safe), word),
			   meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static int fail_unknown_letter(struct options *options, int letter)
{
	char word[2] = { (char)letter, 0 }, safe[16];

	if (find_elsewhere(NULL, 0, letter))
		return option_fail(options, "option '-%c' does not apply here", letter);
	return option_fail(options, "unknown option '-%s'", cli_safe(safe, sizeof(safe), word));
}

/* What getopt_long complained of, as one sentence. @element: the argument that it stopped at. */
static int fail_getopt(struct options *options, const struct menu *menu, int code,
		       const char *element)
{
	const struct option_spec *spec = optopt ? menu_find(menu, optopt) : NULL;

	if (code == ':' && spec) {
		/* A letter's element may be a cluster: name the letter itself. */
		if (optopt < VALUE_BASE)
			return option_fail(options, "option '-%c' needs a value: %s", optopt,
					   spec->value);
		return option_fail(options, "option '--%s' needs a value: %s", spec->name,
				   spec->value);
	}
	if (spec && optopt >= VALUE_BASE)
		return option_fail(options, "option '--%s' takes no value", spec->name);
	if (optopt)
		return fail_unknown_letter(options, optopt);
	return fail_unknown_long(options, menu, element);
}

int options_parse(struct options *options, unsigned groups, const struct option_spec *own, int argc,
		  char **argv, int *ret_rest)
{
	struct menu menu;

	menu_init(&menu, groups, own);
	optind = 0; /* glibc, musl: start afresh */
	opterr = 0;
	for (;;) {
		int code = getopt_long(argc, argv, menu.shorts, menu.longs, NULL);

		if (code == -1)
			break;
		const char *element = argv[optind - 1];

		if (code == ':' || code == '?')
			return fail_getopt(options, &menu, code, element);
		const struct option_spec *spec = menu_find(&menu, code);

		if (code >= VALUE_BASE) {
			/* The value may be an argument of its own; then the name is before it. */
			if (optarg && optarg == element)
				element = argv[optind - 2];
			if (strcspn(element + 2, "=") != strlen(spec->name))
				return fail_unknown_long(options, &menu, element);
		}
		int err = take_option(spec, options, optarg);

		if (err)
			return err;
	}
	if (options->is_forever && !options->pids_count)
		return option_fail(options, "--forever goes with -p PID");
	*ret_rest = optind;
	return 0;
}

uint32_t options_events(const struct options *options)
{
	bool is_text = !options->format || !strcmp(options->format, "text");
	uint32_t events = options->events;

	if (!events && is_text)
		events = BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) |
			 BEGAT_EVENT_BIT(BEGAT_EXIT);
	else if (!events)
		events = BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	/* A gap that is not shown is a lie; how it ended is what -q is for. */
	events |= BEGAT_EVENT_BIT(BEGAT_LOST);
	return options->quiet ? events & ~BEGAT_EVENT_BIT(BEGAT_SUMMARY)
			      : events | BEGAT_EVENT_BIT(BEGAT_SUMMARY);
}

void options_done(struct options *options)
{
	begat_filter_free(options->where);
	free(options->pids);
	free(options->uids);
	free(options->cgroups);
	for (size_t i = 0; i < options->env_names_count; i++)
		free(options->env_names[i]);
	free(options->env_names);
	free(options->redact_patterns);
	memset(options, 0, sizeof(*options));
}
