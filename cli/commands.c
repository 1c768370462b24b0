/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/commands.c - the registry of subcommands, made from commands.def.
 *
 * Owns:  the table.
 * Not:   its entries.
 */
#include "cli.h"

#include <string.h>

#define COMMAND(name, usage, summary) extern const struct command_spec command_##name;
#include "commands.def"
#undef COMMAND

const struct command commands[] = {
#define COMMAND(name, usage, summary) { #name, usage, summary, &command_##name },
#include "commands.def"
#undef COMMAND
	{ NULL, NULL, NULL, NULL },
};

const struct command *command_by_name(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}
