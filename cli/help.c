/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/help.c - what --help shows, made from commands.def and the option tables.
 *
 * Owns:  the layout: every page fits a screen of 100 columns.
 * Not:   the words (commands.def, options.c, each subcommand's own file).
 */
#include <string.h>

#include "cli.h"
#include "complete.h"
#include "options.h"

#define HELP_COLUMN 31 /* where the explanations start */

void help_begat(FILE *out)
{
	fputs("begat tells you every process that this machine starts: who started it, what it "
	      "ran,\n"
	      "how long it lived, what it cost and how it ended.\n"
	      "\n"
	      "Usage: begat COMMAND [OPTIONS]\n"
	      "\n",
	      out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-8s %s\n", c->name, c->summary);
	fputs("\n"
	      "Examples:\n"
	      "  sudo begat run -- make -j8       what did this build run, and where did the time "
	      "go?\n"
	      "  sudo begat watch                 every process of the machine, as it happens\n"
	      "\n"
	      "'begat COMMAND --help' explains one; 'begat help filter' the expressions of -w,\n"
	      "'begat help events' the fields of events. 'begat --version' says which version this "
	      "is.\n"
	      "Exit status: 0 done, 1 failed, 2 usage; 'begat run' has that of the command.\n",
	      out);
}

static void print_option(FILE *out, const struct option_spec *spec)
{
	char left[64], made[COMPLETE_HELP_BYTES];
	bool is_optional = spec->value && spec->value[0] == '[';
	char letter[4] = { '-', (char)spec->letter, ',', 0 };

	snprintf(left, sizeof(left), "  %3s --%s%s%s", spec->letter ? letter : "", spec->name,
		 spec->value && !is_optional ? " " : "", spec->value ? spec->value : "");
	fprintf(out, "%-*s%s%s\n", HELP_COLUMN, left, strlen(left) < HELP_COLUMN ? "" : "  ",
		complete_help(spec, made));
}

void help_command(FILE *out, const struct command *command)
{
	const struct command_spec *spec = command->spec;

	fprintf(out, "Usage: begat %s %s\n\n%s\nOptions:\n", command->name, command->usage,
		spec->about);
	for (const struct option_spec *own = spec->own; own && own->name; own++)
		print_option(out, own);
	for (const struct option_spec *common = common_options; common->name; common++)
		if (common->group & (spec->groups | OPTIONS_ALWAYS))
			print_option(out, common);
	fprintf(out, "\nExamples:\n%s", spec->examples);
}
