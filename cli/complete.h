/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/complete.h - `begat --complete WORD...`: what could take the place of the last word.
 *
 * Owns:  the answer for every shell; see complete.c for its form.
 */
#ifndef BEGAT_CLI_COMPLETE_H
#define BEGAT_CLI_COMPLETE_H

#include <stdbool.h>
#include <stdio.h>

struct option_spec;

/* Writes to standard output; returns CLI_OK. */
int complete(int argc, char **argv);

/* The same to @out. */
void complete_to(FILE *out, int argc, char **argv);

/* The values that an option of @command takes if they are a closed list, NULL-ended; or NULL. */
const char *const *complete_choices(const char *command, const char *option, bool *ret_is_list);

#define COMPLETE_HELP_BYTES 256

/* An option's line of help, made in @buf if it names those values. */
const char *complete_help(const struct option_spec *spec, char buf[COMPLETE_HELP_BYTES]);

/* What the shell lists for such a value: "files", "recordings", "users", "pids"; NULL = free text. */
const char *complete_kind(const struct option_spec *spec);

#endif
