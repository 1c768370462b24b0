/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_complete.c - what `begat --complete` offers is what the parser takes.
 *
 * Not: the shells (tests/golden/test_completions.sh).
 */
#include <stddef.h>
#include <stdint.h>

#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/options.h"

#define ANSWER_BYTES 32768

/* The answer to the words of @line, which ends with a '|'; "" is the word between a blank and it. */
static void ask(const char *line, char answer[ANSWER_BYTES])
{
	char copy[256], *argv[16], *word = copy;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	*strchr(copy, '|') = 0;
	do {
		argv[argc] = strsep(&word, " ");
	} while (argv[argc++] && word && argc < 16);

	FILE *out = fmemopen(answer, ANSWER_BYTES, "w");

	assert_non_null(out);
	complete_to(out, argc, argv);
	fclose(out);
}

static void assert_offers(const char *line, const char *wanted)
{
	char answer[ANSWER_BYTES] = "";

	ask(line, answer);
	assert_string_equal(answer, wanted);
}

static bool is_free_text(const char *value)
{
	static const char *const free_text[] = { "EXPR", "ID",	 "REGEX", "BYTES", "MS",
						 "SIZE", "TIME", "N",	  "COND",  "NAME" };
	size_t len;

	value += !strncmp(value, "[=", 2) ? 2 : 0;
	len = strcspn(value, ",]");
	for (size_t i = 0; i < sizeof(free_text) / sizeof(free_text[0]); i++) {
		if (strlen(free_text[i]) == len && !strncmp(free_text[i], value, len))
			return true;
	}
	return false;
}

/* One option with one value, as a user types it. */
static void assert_accepted(const struct command *command, const char *option, const char *value)
{
	char word[128], *argv[] = { (char *)command->name, word, NULL };
	struct options options = { .own = calloc(1, command->spec->own_size + 1) };
	int rest;

	snprintf(word, sizeof(word), "--%s=%s", option, value);
	if (options_parse(&options, command->spec->groups, command->spec->own, 2, argv, &rest))
		fail_msg("%s %s: %s", command->name, word, options.error);
	free(options.own);
	options_done(&options);
}

static void check_option(const struct command *command, const struct option_spec *option)
{
	bool is_list = false;
	const char *const *choices = complete_choices(command->name, option->name, &is_list);

	if (!option->value) {
		assert_null(choices);
		return;
	}
	for (size_t i = 0; choices && choices[i]; i++) {
		char value[64];

		snprintf(value, sizeof(value), "%s", choices[i]);
		assert_accepted(command, option->name, value);
	}
	/* A new kind of value has to be decided upon. */
	if (!choices && !complete_kind(option) && !is_free_text(option->value))
		fail_msg("begat %s --%s %s: what can be offered?", command->name, option->name,
			 option->value);
	/* Those that are a name of a few. */
	if (!choices && (!strcmp(option->value, "NAME") || !strcmp(option->value, "MODE") ||
			 !strcmp(option->value, "FORMAT")))
		fail_msg("begat %s --%s: its values are not offered", command->name, option->name);
}

static void every_value_is_offered_and_accepted(void **state)
{
	for (const struct command *c = commands; c->name; c++) {
		for (const struct option_spec *own = c->spec->own; own && own->name; own++)
			check_option(c, own);
		for (const struct option_spec *o = common_options; o->name; o++) {
			if (o->group & (c->spec->groups | OPTIONS_ALWAYS))
				check_option(c, o);
		}
	}
}

static void every_topic_is_there(void **state)
{
	FILE *out = fopen("/dev/null", "w");

	for (const char *const *name = help_topic_names(); *name; name++)
		assert_true(help_topic(out, *name));
	fclose(out);
}

static void follows_the_line(void **state)
{
	assert_offers("wat|", "watch\tstream the machine's process events\n");
	assert_offers("watch --transport |", "ringbuf\nperfbuf\n");
	assert_offers("watch --transport=|", "--transport=ringbuf\n--transport=perfbuf\n");
	assert_offers("watch -q --latency b|", "balanced\nbatch\n");
	assert_offers("watch -e exec,exi|", "exec,exit\n");
	assert_offers("watch -ef|", "-efork\n");
	assert_offers("watch -o x -e fo|", "fork\n");
	assert_offers("watch -o -e fo|", ""); /* "-e" is the file's name */
	assert_offers("run -qo |", ":files\n");
	assert_offers("run --env |", ":command 2\n"); /* its value is in the same word */
	assert_offers("run |", ":command 1\n");
	assert_offers("run -q -- make -|", ":command 3\n");
	assert_offers("run -q make --format |", ":command 2\n");
	assert_offers("record -o x -- |", ":command 4\n");
	assert_offers("show |", ":recordings\n");
	assert_offers("show x.db -p |", ":pids\n");
	assert_offers("watch -- |", "");
	assert_offers("watch -u |", ":users\n");
	assert_offers("watch -w |", "");
	assert_offers("nosuch |", "");
	assert_offers("help nosuch |", "");
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_is_offered_and_accepted),
		cmocka_unit_test(every_topic_is_there),
		cmocka_unit_test(follows_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
