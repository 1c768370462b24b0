/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/resolve.h - the file that a command's name means, before anything is traced.
 *
 * Owns:  the search along PATH, by the rules of execvp(3).
 * Not:   the exec (child.c), the words for a failure (child.c).
 */
#ifndef BEGAT_CLI_RESOLVE_H
#define BEGAT_CLI_RESOLVE_H

/* Paths that may be the command, the first one first; ends with NULL. */
struct candidates {
	char **paths;
	int error; /* errno if none of them can be executed, as execvp() reports it */
};

/*
 * @path: the value of PATH; NULL = not set, the system's default is searched.
 * Returns 0 with at least one path, the positive errno of a search that found nothing, or -ENOMEM.
 * resolve_done() is due after each.
 */
int resolve_command(const char *command, const char *path, struct candidates *ret);
void resolve_done(struct candidates *candidates);

#endif
