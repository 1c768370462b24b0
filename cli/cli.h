/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/cli.h - what every file of the command shares: exit codes, messages, the registry.
 *
 * Owns:  the shape of a subcommand: one file that defines a struct command_spec, one line in
 *        commands.def.
 * Not:   options (options.h), what a subcommand does.
 */
#ifndef BEGAT_CLI_CLI_H
#define BEGAT_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct option_spec;
struct options;

enum cli_status {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_OWN_FAILURE = 125, /* `run`: begat's own, as env and timeout have it */
	CLI_NOT_EXECUTABLE = 126,
	CLI_NOT_FOUND = 127,
};

#define ANY_NUMBER (-1)

/* What a subcommand's own file says of it, at its top. */
struct command_spec {
	bool captures; /* needs rights to trace; else it has none at all (rights.h) */
	bool takes_command; /* CMD may follow: where it begins, the options end */
	int files; /* so many recordings, or ANY_NUMBER of words, with options anywhere */
	unsigned groups; /* of common options that it takes: enum option_group */
	const struct option_spec *own; /* further options, ended by a NULL name; or NULL */
	size_t own_size; /* of the struct that they fill, all zero at first: options->own */
	const char *about; /* for --help: whole lines */
	const char *examples; /* for --help: two real ones, whole lines */
	/* @argv: CMD, or the files; ends with NULL. Returns the exit status. */
	int (*run)(struct options *options, int argc, char **argv);
};

/* One line of commands.def. */
struct command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *summary; /* one line */
	const struct command_spec *spec;
};

extern const struct command commands[]; /* ended by a NULL name */

const struct command *command_by_name(const char *name);

/* "begat: " and the sentence and a newline to stderr, in one write. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A status line is on standard error's terminal (see status_line.h): the next message removes it.
 * Returns what was set before.
 */
bool cli_set_status(bool is_there);

/* The same of a sentence that may lack its full stop, as those of begat_error(). */
void cli_explain(const char *sentence);

/*
 * The same with "Try 'begat <command> --help'." behind it; @command may be NULL. Returns CLI_USAGE.
 */
int cli_usage_error(const char *command, const char *sentence);

/* @text as it may be shown on a terminal, cut to @size; returns @out. */
const char *cli_safe(char *out, size_t size, const char *text);

/* The word of @names (ended by NULL) that was probably meant, or NULL. */
const char *suggest_word(const char *word, const char *const *names);

/* help.c */
void help_begat(FILE *out);
/* What `begat help` explains beside commands, NULL-ended. */
const char *const *help_topic_names(void);
/* help_topics.c: one of them; false for another word. */
bool help_topic(FILE *out, const char *name);
void help_command(FILE *out, const struct command *command);

#endif
