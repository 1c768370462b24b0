/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/resolve.c - the file that a command's name means, before anything is traced.
 *
 * Owns:  the search along PATH, by the rules of execvp(3): an empty element is the working
 *        directory, a file that may not be executed is passed over but remembered.
 * Not:   the exec (child.c).
 *
 * execvp() searches by trying, and each try that fails is an event of the command. Here the files
 * are looked at instead. A file that looks executable can still fail (the interpreter of a script
 * is missing); execvp() then goes on, so all files that look executable are returned, in order.
 */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0 if an exec of @path may succeed, else the errno that it would fail with. */
static int look_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* The value that execvp() takes if there is no PATH. */
static char *default_path(void)
{
	size_t size = confstr(_CS_PATH, NULL, 0);
	char *path = malloc(size + 1);

	if (path) {
		path[0] = 0;
		confstr(_CS_PATH, path, size);
	}
	return path;
}

static int add(struct candidates *candidates, size_t *count, const char *folder, int folder_len,
	       const char *command)
{
	char **paths = reallocarray(candidates->paths, *count + 2, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	candidates->paths = paths;
	paths[*count + 1] = NULL;
	if (asprintf(&paths[*count], "%.*s%s%s", folder_len, folder, folder_len ? "/" : "",
		     command) < 0) {
		paths[*count] = NULL;
		return -ENOMEM;
	}
	++*count;
	return 0;
}

static int search(const char *command, const char *path, struct candidates *ret)
{
	size_t count = 0;

	ret->error = ENOENT;
	if (strlen(command) > NAME_MAX)
		return ENAMETOOLONG;
	for (const char *element = path;; element++) {
		size_t len = strcspn(element, ":");

		if (len < PATH_MAX) {
			if (add(ret, &count, element, (int)len, command))
				return -ENOMEM;
			int error = look_at(ret->paths[count - 1]);

			if (error == EACCES)
				ret->error = EACCES;
			if (error) {
				free(ret->paths[--count]);
				ret->paths[count] = NULL;
			}
		}
		element += len;
		if (!*element)
			break;
	}
	return count ? 0 : ret->error;
}

int resolve_command(const char *command, const char *path, struct candidates *ret)
{
	size_t count = 0;
	char *standard = NULL;

	*ret = (struct candidates){ .error = ENOENT };
	if (!*command)
		return ENOENT;
	/* A name with a folder in it is not searched for: the kernel gives its own answer. */
	if (strchr(command, '/'))
		return add(ret, &count, "", 0, command);
	if (!path)
		path = standard = default_path();
	int err = path ? search(command, path, ret) : -ENOMEM;

	free(standard);
	return err;
}

void resolve_done(struct candidates *candidates)
{
	for (char **path = candidates->paths; path && *path; path++)
		free(*path);
	free(candidates->paths);
	candidates->paths = NULL;
}
