/* SPDX-License-Identifier: BSD-2-Clause */
/* What execvp(3) would run is found without trying. */
#include "cli/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char top[] = "/tmp/begat-resolve.XXXXXX";

static void make(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(top) || chdir(top) || mkdir("a", 0755) || mkdir("b", 0755) ||
	    mkdir("a/folder", 0755))
		return -1;
	make("a/plain", 0644);
	make("b/plain", 0755);
	make("b/tool", 0755);
	make("b/folder", 0755);
	make("a/locked", 0644);
	make("here", 0755);
	return 0;
}

static int end(void **state)
{
	static const char *const files[] = { "a/plain",	 "b/plain",  "b/tool",
					     "b/folder", "a/locked", "here" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
	return rmdir("a/folder") || rmdir("a") || rmdir("b") || chdir("/") || rmdir(top);
}

/* @expected: the first path, or NULL. */
static void check(const char *command, const char *path, int error, const char *expected)
{
	struct candidates found;

	assert_int_equal(resolve_command(command, path, &found), error);
	if (expected)
		assert_string_equal(found.paths[0], expected);
	resolve_done(&found);
}

static void test_path(void **state)
{
	(void)state;
	check("tool", "a:b", 0, "b/tool");
	check("tool", "/nosuch:a/plain:b", 0, "b/tool"); /* ENOENT, ENOTDIR */
	check("plain", "a:b", 0, "b/plain"); /* not executable: passed over */
	check("folder", "a:b", 0, "b/folder");
	check("locked", "a:b", EACCES, NULL); /* remembered */
	check("locked", "b:a", EACCES, NULL);
	check("nosuch", "a:b", ENOENT, NULL);
	check("", "a:b", ENOENT, NULL);
}

/* An empty element is the working directory: at the start, in the middle, at the end, alone. */
static void test_empty_elements(void **state)
{
	(void)state;
	check("here", ":a", 0, "here");
	check("here", "a::b", 0, "here");
	check("here", "a:", 0, "here");
	check("here", "", 0, "here");
	check("here", "a:b", ENOENT, NULL);
}

/* A slash: no search, and the kernel says what is wrong. */
static void test_slash(void **state)
{
	(void)state;
	check("./nosuch", "b", 0, "./nosuch");
	check("a/locked", "b", 0, "a/locked");
}

static void test_no_path(void **state)
{
	(void)state;
	check("sh", NULL, 0, "/bin/sh");
}

/* A file whose interpreter is missing fails only when tried: the later ones are known. */
static void test_all_candidates(void **state)
{
	struct candidates found;

	(void)state;
	assert_int_equal(resolve_command("plain", "b:a:b", &found), 0);
	assert_string_equal(found.paths[0], "b/plain");
	assert_string_equal(found.paths[1], "b/plain");
	assert_null(found.paths[2]);
	assert_int_equal(found.error, EACCES);
	resolve_done(&found);
}

static void test_long_name(void **state)
{
	char name[400];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	check(name, "a:b", ENAMETOOLONG, NULL);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),	       cmocka_unit_test(test_empty_elements),
		cmocka_unit_test(test_slash),	       cmocka_unit_test(test_no_path),
		cmocka_unit_test(test_all_candidates), cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
