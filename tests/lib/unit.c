/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/unit.c - main() of tests/unit/run: run FILE [PATTERN] runs the tests of tests/unit/FILE.c.
 *
 * Owns: the list of files. PATTERN (*, ?) chooses among a file's tests.
 * Not:  what failed or was skipped, and how many (lib/run-cmocka.sh).
 */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct unit_file *files;

void unit_register(struct unit_file *file)
{
	file->next = files;
	files = file;
}

/* Is it the path of the file @name, without its .c? */
static bool is_called(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	size_t len = strlen(name);

	return strncmp(file, name, len) == 0 && strcmp(file + len, ".c") == 0;
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: run FILE [PATTERN], with FILE one of\n");
		for (const struct unit_file *file = files; file; file = file->next)
			fprintf(stderr, "  %s\n", file->path);
		return 2;
	}
	if (argc == 3)
		cmocka_set_test_filter(argv[2]);
	for (const struct unit_file *file = files; file; file = file->next) {
		if (is_called(file->path, argv[1]))
			return file->run();
	}
	fprintf(stderr, "run: there is no tests/unit/%s.c\n", argv[1]);
	return 2;
}
