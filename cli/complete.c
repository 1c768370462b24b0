/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/complete.c - `begat --complete WORD...`: what could take the place of the last word.
 *
 * Owns:  the answer for every shell: packaging/completions/ hold only what differs between them.
 * Not:   names of commands, options, columns ... (their tables), files, users, processes (the
 *        shell lists those).
 *
 *	begat --complete watch --format ''	->	text
 *						json
 *	begat --complete show --ou		->	--output	write to this file
 *	begat --complete show ''		->	:recordings
 *
 * A line is a word, then a tab and an explanation if there is one. A line with ":" says what the
 * shell has to list: :files, :recordings, :users, :pids, or ":command N": the words from the Nth on
 * are another command's line.
 *
 * Invariants
 *  (1) Every option, command and help topic is offered: all come from the tables that the parser
 *      reads.
 *  (2) Nothing is opened and nobody needs rights. It always succeeds: a shell cannot show a reason.
 */
#include <begat/begat.h>
#include <begat/field.h>
#include <begat/sink.h>
#include <begat/report.h>
#include <begat/trace.h>
#include <string.h>

#include "base/names.h"
#include "bench/bench.h"
#include "cli.h"
#include "complete.h"
#include "diff_formats.h"
#include "options.h"
#include "output.h"

#define WORDS_MAX 160

/* A list that is made anew each time; one is in use at once. */
static const char *words[WORDS_MAX + 1];

static const char *const *event_words(void)
{
	size_t count = 0;

	for (int type = BEGAT_FORK; type < BEGAT_SUMMARY; type++)
		if (begat_event_name((enum begat_event_type)type))
			words[count++] = begat_event_name((enum begat_event_type)type);
	words[count++] = "all";
	words[count] = NULL;
	return words;
}

static const char *const *column_words(void)
{
	struct begat_field_info info = { .size = sizeof(info) };
	size_t count = 0;

	for (const char *const *name = begat_sink_columns(); *name; name++)
		words[count++] = *name;
	for (int i = 0; !begat_field_info((enum begat_field)i, &info) && count < WORDS_MAX; i++) {
		bool is_there = false;

		for (size_t k = 0; k < count; k++)
			is_there |= !strcmp(words[k], info.name);
		if (!is_there)
			words[count++] = info.name;
	}
	words[count] = NULL;
	return words;
}

static const char *const *export_words(void)
{
	const struct begat_exporter *all = begat_exporters();
	size_t count = 0;

	for (; all[count].name && count < WORDS_MAX; count++)
		words[count] = all[count].name;
	words[count] = NULL;
	return words;
}

/* Options with a closed list of values. */
static const struct {
	const char *command; /* NULL: whichever has the option */
	const char *option;
	const char *const *(*choices)(void);
	bool is_list; /* several, with commas between */
} closed[] = {
	{ "diff", "format", diff_format_names, false },
	{ "report", "format", begat_report_formats, false },
	{ "export", "to", export_words, false },
	{ "doctor", "format", option_answer_names, false },
	{ "bench", "format", option_answer_names, false },
	{ NULL, "format", begat_sink_names, false },
	{ NULL, "columns", column_words, true },
	{ NULL, "events", event_words, true },
	{ NULL, "latency", option_latency_names, false },
	{ NULL, "backend", begat_backend_names, false },
	{ NULL, "transport", begat_transport_names, false },
	{ NULL, "path-misses", option_path_miss_names, false },
};

const char *const *complete_choices(const char *command, const char *option, bool *ret_is_list)
{
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		if (strcmp(closed[i].option, option) ||
		    (closed[i].command && strcmp(closed[i].command, command)))
			continue;
		*ret_is_list = closed[i].is_list;
		return closed[i].choices();
	}
	return NULL;
}

const char *complete_help(const struct option_spec *spec, char buf[COMPLETE_HELP_BYTES])
{
	bool is_list;
	char names[128];

	if (strncmp(spec->help, "%s", 2))
		return spec->help;
	names_listed(names, sizeof(names), complete_choices("", spec->name, &is_list), "or");
	snprintf(buf, COMPLETE_HELP_BYTES, "%s%s", names, spec->help + 2);
	return buf;
}

const char *complete_kind(const struct option_spec *spec)
{
	static const struct {
		const char *option, *value, *kind; /* option NULL: whichever has that value */
	} kinds[] = {
		{ "base", "FILE", "recordings" },
		{ NULL, "FILE", "files" },
		{ NULL, "USER", "users" },
		{ NULL, "PID", "pids" },
	};

	for (size_t i = 0; spec->value && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].value, spec->value) &&
		    (!kinds[i].option || !strcmp(kinds[i].option, spec->name)))
			return kinds[i].kind;
	}
	return NULL;
}

/* A line that begins with ahead, if the word that is typed so far is the beginning of it. */
static void offer(FILE *out, const char *ahead, size_t ahead_len, const char *word,
		  const char *typed, const char *explanation)
{
	if (strncmp(word, typed, strlen(typed)))
		return;
	fprintf(out, "%.*s%s%s%s\n", (int)ahead_len, ahead, word, explanation ? "\t" : "",
		explanation ? explanation : "");
}

static void offer_names(FILE *out, const char *const *names, const char *typed)
{
	for (; *names; names++)
		offer(out, "", 0, *names, typed, NULL);
}

static void offer_commands(FILE *out, const char *typed)
{
	for (const struct command *c = commands; c->name; c++)
		offer(out, "", 0, c->name, typed, c->summary);
}

/* The value of an option, which begins at @value in @word. */
static void offer_values(FILE *out, const struct command *command, const struct option_spec *spec,
			 const char *word, const char *value)
{
	bool is_list = false;
	const char *const *choices = complete_choices(command->name, spec->name, &is_list);
	const char *comma = is_list ? strrchr(value, ',') : NULL;
	const char *kind = complete_kind(spec);

	if (comma)
		value = comma + 1;
	for (; choices && *choices; choices++)
		offer(out, word, (size_t)(value - word), *choices, value, NULL);
	if (!choices && kind)
		fprintf(out, ":%s\n", kind);
}

static void offer_option(FILE *out, const struct option_spec *spec, const char *typed)
{
	char name[40], made[COMPLETE_HELP_BYTES];
	const char *help = complete_help(spec, made);

	/* "-o" is offered as itself only: a list has one line for an option. */
	snprintf(name, sizeof(name), "-%c", spec->letter);
	if (spec->letter && !strcmp(name, typed))
		offer(out, "", 0, name, typed, help);
	snprintf(name, sizeof(name), "--%s", spec->name);
	offer(out, "", 0, name, typed, help);
}

static bool has_option(const struct command_spec *spec, const struct option_spec *option)
{
	return !option->group || option->group & (spec->groups | OPTIONS_ALWAYS);
}

/* The next option of a command after @last (NULL: the first), or NULL. */
static const struct option_spec *next_option(const struct command_spec *spec,
					     const struct option_spec *last)
{
	bool is_own = !last || !last->group;

	if (!last)
		last = spec->own;
	else
		last++;
	if (is_own && last && last->name)
		return last;
	if (is_own)
		last = common_options;
	while (last->name && !has_option(spec, last))
		last++;
	return last->name ? last : NULL;
}

static void offer_options(FILE *out, const struct command *command, const char *typed)
{
	const struct option_spec *option = NULL;

	while ((option = next_option(command->spec, option)))
		offer_option(out, option, typed);
}

static const struct option_spec *option_by(const struct command *command, const char *name,
					   size_t len, int letter)
{
	const struct option_spec *option = NULL;

	while ((option = next_option(command->spec, option))) {
		if (letter ? option->letter == letter
			   : strlen(option->name) == len && !strncmp(name, option->name, len))
			return option;
	}
	return NULL;
}

/*
 * The option that @word is, of several letters the last one, or NULL. *ret_value: where its value
 * begins if it has one in the same word, else NULL.
 */
static const struct option_spec *option_of(const struct command *command, const char *word,
					   const char **ret_value)
{
	const struct option_spec *option = NULL;
	size_t len = strcspn(word, "=");

	*ret_value = NULL;
	if (word[0] != '-')
		return NULL;
	if (word[1] == '-') {
		*ret_value = word[len] ? word + len + 1 : NULL;
		return option_by(command, word + 2, len - 2, 0);
	}
	for (const char *letter = word + 1; *letter; letter++) {
		option = option_by(command, NULL, 0, *letter);
		if (!option)
			return NULL;
		if (option->value) {
			*ret_value = letter[1] ? letter + 1 : NULL;
			break;
		}
	}
	return option;
}

static bool takes_next_word(const struct option_spec *option, const char *value)
{
	return option && option->value && option->value[0] != '[' && !value;
}

/* What is no option: FILE, CMD, PART. */
static void offer_argument(FILE *out, const struct command *command, int index, bool is_behind,
			   const char *typed)
{
	if (strstr(command->usage, "CMD"))
		fprintf(out, ":command %d\n", index);
	else if (strstr(command->usage, "FILE") || strstr(command->usage, "BASE"))
		fputs(":recordings\n", out);
	else if (strstr(command->usage, "PART"))
		offer_names(out, bench_part_names(), typed);
	else if (!*typed && !is_behind) /* nothing but options can come */
		offer_options(out, command, "--");
}

static void complete_command(FILE *out, const struct command *command, int argc, char **argv)
{
	const struct option_spec *option = NULL;
	const char *typed = argv[argc - 1], *value = NULL;
	bool is_behind = false; /* behind "--" */

	for (int i = 1; i < argc - 1; i++) {
		if (takes_next_word(option, value)) {
			option = NULL;
			continue;
		}
		is_behind |= !option && !strcmp(argv[i], "--");
		if ((is_behind || argv[i][0] != '-') && strstr(command->usage, "CMD")) {
			offer_argument(out, command, i + is_behind, is_behind, typed);
			return;
		}
		option = is_behind ? NULL : option_of(command, argv[i], &value);
	}
	if (takes_next_word(option, value)) {
		offer_values(out, command, option, typed, typed);
		return;
	}
	option = is_behind ? NULL : option_of(command, typed, &value);
	if (option && option->value && value)
		offer_values(out, command, option, typed, value);
	else if (!is_behind && typed[0] == '-')
		offer_options(out, command, typed);
	else
		offer_argument(out, command, argc - 1, is_behind, typed);
}

void complete_to(FILE *out, int argc, char **argv)
{
	const char *typed = argc > 0 ? argv[argc - 1] : "";
	const struct command *command;

	if (argc <= 1) {
		offer_commands(out, typed);
		offer(out, "", 0, "help", typed, "explain a command, expressions or events");
		if (typed[0] == '-') {
			offer(out, "", 0, "--help", typed, "all commands");
			offer(out, "", 0, "--version", typed, "the version");
		}
	} else if (!strcmp(argv[0], "help")) {
		if (argc > 2)
			return;
		offer_commands(out, typed);
		offer_names(out, help_topic_names(), typed);
	} else {
		command = command_by_name(argv[0]);
		if (command)
			complete_command(out, command, argc, argv);
	}
}

int complete(int argc, char **argv)
{
	complete_to(stdout, argc, argv);
	return output_flush_stdout();
}
