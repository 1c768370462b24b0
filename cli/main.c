/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/main.c - main(): which subcommand is it?
 *
 * Owns:    dispatch, `begat help`, `begat --version`.
 * Not:     anything a subcommand does; what tests link is everything but this file.
 * Called:  by the C library.
 */
#include <begat/begat.h>
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "cli.h"
#include "complete.h"
#include "matches.h"
#include "options.h"
#include "output.h"
#include "rights.h"
#include "signals.h"

static int fail_unknown_command(const char *word)
{
	const char *names[64];
	char safe[160], sentence[320];
	size_t count = 0;

	for (const struct command *c = commands; c->name && count < 63; c++)
		names[count++] = c->name;
	names[count] = NULL;
	const char *meant = suggest_word(word, names);

	snprintf(sentence, sizeof(sentence), "unknown command '%s'%s%s%s",
		 cli_safe(safe, sizeof(safe), word), meant ? "; did you mean '" : "",
		 meant ? meant : "", meant ? "'?" : "");
	return cli_usage_error(NULL, sentence);
}

static int print_version(void)
{
	printf("begat %s\n", begat_version());
	return output_flush_stdout();
}

/* `begat help [COMMAND]` */
static int help(int argc, char **argv)
{
	if (argc > 2)
		return cli_usage_error(NULL, "'begat help' takes the name of one command");
	if (argc < 2 || argv[1][0] == '-') {
		help_begat(stdout);
		return output_flush_stdout();
	}
	if (help_topic(stdout, argv[1]))
		return output_flush_stdout();

	const struct command *command = command_by_name(argv[1]);

	if (!command)
		return fail_unknown_command(argv[1]);
	help_command(stdout, command);
	return output_flush_stdout();
}

static int run_command(const struct command *command, struct options *options, int argc,
		       char **argv)
{
	const struct command_spec *spec = command->spec;
	int rest = argc;

	if (!spec->captures)
		rights_drop();

	options->reads = !spec->captures;

	int r = options_parse(options, spec->groups, spec->own, argc, argv, &rest);

	if (r == -ENOMEM) {
		cli_complain("out of memory.");
		return CLI_FAILED;
	}
	if (r)
		return cli_usage_error(command->name, options->error);
	if (options->help) {
		help_command(stdout, command);
		return output_flush_stdout();
	}
	if (options->version)
		return print_version();
	if (rest < argc && !spec->takes_arguments) {
		char safe[160];

		option_fail(options, "unexpected argument '%s'",
			    cli_safe(safe, sizeof(safe), argv[rest]));
		return cli_usage_error(command->name, options->error);
	}
	matches_suspect(options);
	return spec->run(options, argc - rest, argv + rest);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	output_guard_stdio();
	if (rights_are_set_id()) {
		cli_complain(
			"begat does not run set-user-ID or set-group-ID: it would open your files "
			"with the rights of another user. Give it capabilities (setcap): see "
			"begat(1).");
		return CLI_OWN_FAILURE;
	}
	rights_rest();
	signals_ignore_file_size();
	if (argc < 2) {
		help_begat(stderr);
		return CLI_USAGE;
	}
	const char *word = argv[1];

	if (!strcmp(word, "--complete"))
		return complete(argc - 2, argv + 2);
	if (!strcmp(word, "help"))
		return help(argc - 1, argv + 1);
	if (word[0] != '-') {
		const struct command *command = command_by_name(word);
		struct options options = { 0 };

		if (!command)
			return fail_unknown_command(word);
		int status = run_command(command, &options, argc - 1, argv + 1);

		matches_report(&options);
		options_done(&options);
		return status;
	}
	/* Options before any command: only these two make sense. */
	struct options options = { 0 };
	int rest;
	int status = CLI_OK;

	if (options_parse(&options, 0, NULL, argc, argv, &rest))
		status = cli_usage_error(NULL, options.error);
	else if (options.version)
		status = print_version();
	else if (options.help) {
		help_begat(stdout);
		status = output_flush_stdout();
	} else {
		status = cli_usage_error(NULL, "a command is missing");
	}
	options_done(&options);
	return status;
}
