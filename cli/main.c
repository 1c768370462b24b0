/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/main.c - main(): which subcommand is it?
 *
 * Owns:  dispatch, `begat help`, `begat --version`.
 * Not:   anything a subcommand does; what tests link is everything but this file.
 */
#include <begat/begat.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
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

static int fail_unexpected(const struct command *command, const char *word)
{
	char safe[160], sentence[200];

	snprintf(sentence, sizeof(sentence), "unexpected argument '%s'",
		 cli_safe(safe, sizeof(safe), word));
	return cli_usage_error(command->name, sentence);
}

/*
 * Reads @command's options and moves what is none to the front of @argv, ended by NULL: CMD with
 * its own options, or files with more of ours between them.
 * 0, -EINVAL with options->error set, or -ENOMEM.
 */
static int read_arguments(const struct command_spec *spec, struct options *options, int argc,
			  char **argv, int *ret_count)
{
	int count = 0, rest = 0;

	for (char **at = argv; argc > 0; at += rest, argc -= rest) {
		/* The parser skips the first word: the command's name, then a file. */
		if (at > argv)
			argv[count++] = at[0];
		int err = options_parse(options, spec->groups, spec->own, argc, at, &rest);

		if (err)
			return err;
		if (options->help || options->version)
			break;
		if (!spec->files) {
			count = argc - rest;
			memmove(argv, at + rest, (size_t)count * sizeof(*argv));
			break;
		}
	}
	argv[count] = NULL;
	*ret_count = count;
	return 0;
}

static int run_command(const struct command *command, struct options *options, int argc,
		       char **argv)
{
	const struct command_spec *spec = command->spec;
	int count = 0;

	if (!spec->captures)
		rights_drop();
	options->reads = !spec->captures;
	options->own = calloc(1, spec->own_size + 1);

	int err = options->own ? read_arguments(spec, options, argc, argv, &count) : -ENOMEM;

	if (err == -ENOMEM) {
		cli_complain("out of memory.");
		return CLI_FAILED;
	}
	if (err)
		return cli_usage_error(command->name, options->error);
	if (options->help) {
		help_command(stdout, command);
		return output_flush_stdout();
	}
	if (options->version)
		return print_version();
	if (count && !spec->files && !spec->takes_command)
		return fail_unexpected(command, argv[0]);
	matches_suspect(options);
	if (spec->files > 0 && count != spec->files)
		return cli_usage_error(command->name, count ? "one recording at a time"
							    : "which recording? Name a trace.db");
	return spec->run(options, count, argv);
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
		free(options.own);
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
