/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_safe_open.c - what another user may have put at the path of an output.
 *
 * Owns:    links, FIFOs, second names, files of others, in a sticky folder for everybody.
 * Needs root: it makes files of another user.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

#include "base/safe_open.h"

#define OTHER 65534

static char folder[64], buffer[4][400];

/* A path in the folder; four are valid at a time. */
static const char *in(const char *name)
{
	static unsigned next;
	char *path = buffer[next++ % 4];

	snprintf(path, sizeof(buffer[0]), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text, uid_t owner, mode_t mode)
{
	FILE *out = fopen(in(name), "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(in(name), mode), 0);
	assert_int_equal(chown(in(name), owner, owner), 0);
}

static void expect_text(const char *name, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(in(name), "r");

	assert_non_null(file);
	if (!fgets(found, sizeof(found), file))
		*found = '\0';
	fclose(file);
	assert_string_equal(found, text);
}

static void link_to(const char *target, const char *name, uid_t owner)
{
	assert_int_equal(symlink(target, in(name)), 0);
	assert_int_equal(lchown(in(name), owner, owner), 0);
}

/* What safe_find() and safe_open() say together; a descriptor is closed. */
static int try_open(const char *path, bool *ret_is_created)
{
	struct safe_place place;
	const char *why = NULL;
	int fd, err = safe_find(path, &place, &why);

	*ret_is_created = false;
	fd = err ? err : safe_open(&place, 0600, ret_is_created, &why);
	if (fd >= 0) {
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
		assert_int_equal(write(fd, "ours\n", 5), 5);
		close(fd);
	}
	safe_done(&place);
	return fd >= 0 ? 0 : fd;
}

static int opened(const char *path)
{
	bool is_created;

	return try_open(path, &is_created);
}

static void need_root(void)
{
	if (geteuid()) {
		puts("needs root to make files of another user");
		skip();
	}
}

static int set_up(void **state)
{
	strcpy(folder, "/tmp/begat-safe-XXXXXX");
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	if (!mkdtemp(folder) || chmod(folder, 01777))
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void links(void **state)
{
	need_root();

	put("victim", "precious", 0, 0644);
	link_to("victim", "theirs", OTHER);
	link_to(in("new"), "dangling", OTHER);
	link_to("victim", "own", 0);
	link_to("own", "own2", 0);
	link_to(in("made"), "own_dangling", 0);
	link_to("loop2", "loop1", 0);
	link_to("loop1", "loop2", 0);
	assert_int_equal(opened(in("theirs")), -EACCES);
	expect_text("victim", "precious");
	assert_int_equal(opened(in("dangling")), -EACCES);
	assert_int_equal(access(in("new"), F_OK), -1);
	assert_int_equal(opened(in("own2")), 0);
	assert_int_equal(opened(in("own_dangling")), 0);
	expect_text("made", "ours\n");
	assert_int_equal(opened(in("loop1")), -ELOOP);
}

static void folders(void **state)
{
	need_root();

	assert_int_equal(mkdir(in("deep"), 0755), 0);
	link_to("deep", "their_way", OTHER);
	link_to("deep", "own_way", 0);
	link_to("..", "deep/up", 0);
	assert_int_equal(opened(in("their_way/x")), -EACCES);
	assert_int_equal(access(in("deep/x"), F_OK), -1);
	assert_int_equal(opened(in("own_way/x")), 0);
	assert_int_equal(opened(in("deep/up/deep/./../deep//y")), 0);
	expect_text("deep/y", "ours\n");
	assert_int_equal(opened(in("deep")), -EISDIR);
	assert_int_equal(opened(in("deep/")), -EISDIR);
	assert_int_equal(opened(in("deep/.")), -EISDIR);
	assert_int_equal(opened(in("deep/..")), -EISDIR);
	assert_int_equal(opened(in("none/x")), -ENOENT);
	assert_int_equal(opened(in("deep/y/z")), -ENOTDIR);
	assert_int_equal(opened(""), -ENOENT);
}

static void other_owners(void **state)
{
	need_root();

	put("theirs", "bait", OTHER, 0666);
	assert_int_equal(opened(in("theirs")), -EACCES);
	expect_text("theirs", "bait");
	/* The file of the user that called sudo is the caller's own. */
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	assert_int_equal(opened(in("theirs")), 0);
	setenv("SUDO_UID", "65534x", 1);
	assert_int_equal(opened(in("theirs")), -EACCES);
}

static void second_names(void **state)
{
	need_root();

	put("victim", "precious", 0, 0644);
	assert_int_equal(link(in("victim"), in("name")), 0);
	assert_int_equal(opened(in("name")), -EACCES);
	expect_text("victim", "precious");
	/* In a folder of the caller's own it can only be the caller that made it. */
	assert_int_equal(mkdir(in("own"), 0755), 0);
	assert_int_equal(link(in("victim"), in("own/name")), 0);
	assert_int_equal(opened(in("own/name")), 0);
}

static void fifos_and_sockets(void **state)
{
	need_root();

	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int reader, fd;

	assert_int_equal(mkfifo(in("theirs"), 0666), 0);
	assert_int_equal(chown(in("theirs"), OTHER, OTHER), 0);
	assert_int_equal(mkfifo(in("own"), 0600), 0);
	/* Neither waits, whether a process reads or not. */
	assert_int_equal(opened(in("theirs")), -ENXIO);
	assert_int_equal(opened(in("own")), -ENXIO);
	reader = open(in("theirs"), O_RDONLY | O_NONBLOCK);
	assert_int_equal(opened(in("theirs")), -EACCES);
	close(reader);
	reader = open(in("own"), O_RDONLY | O_NONBLOCK);
	assert_int_equal(opened(in("own")), 0);
	close(reader);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in("socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(opened(in("socket")), -ENXIO);
	close(fd);
}

static void devices(void **state)
{
	need_root();

	assert_int_equal(opened("/dev/null"), 0);
	if (mknod(in("their_null"), S_IFCHR | 0666, 0x103) == 0) {
		assert_int_equal(chown(in("their_null"), OTHER, OTHER), 0);
		assert_int_equal(opened(in("their_null")), -EACCES);
	}
}

static void a_new_file(void **state)
{
	need_root();

	struct safe_place place;
	char name[NAME_MAX + 1], long_name[NAME_MAX + 1];
	bool is_created;
	struct stat st;
	int fd;

	umask(0);
	assert_int_equal(try_open(in("new"), &is_created), 0);
	assert_true(is_created);
	assert_int_equal(stat(in("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(try_open(in("new"), &is_created), 0);
	assert_false(is_created);
	/* Beside the old one, then in its place, with a name of any length. */
	memset(long_name, 'n', NAME_MAX);
	long_name[NAME_MAX] = '\0';
	put(long_name, "old", 0, 0644);
	assert_int_equal(safe_find(in(long_name), &place, NULL), 0);
	fd = safe_create(&place, 0600, name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "new", 3), 3);
	expect_text(long_name, "old");
	assert_int_equal(safe_replace(&place, name), 0);
	expect_text(long_name, "new");
	assert_int_equal(access(in(name), F_OK), -1);
	close(fd);
	safe_done(&place);
}

/* Under sudo, what is made in the caller's folder is the caller's. */
static void sudo(void **state)
{
	need_root();

	struct stat st;

	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	assert_int_equal(mkdir(in("home"), 0755), 0);
	assert_int_equal(chown(in("home"), OTHER, OTHER), 0);
	assert_int_equal(opened(in("home/new")), 0);
	assert_int_equal(stat(in("home/new"), &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	assert_int_equal(opened(in("elsewhere")), 0);
	assert_int_equal(stat(in("elsewhere"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	/* Its links are not believed: root reaches further than this user. */
	link_to(in("target"), "home/link", OTHER);
	assert_int_equal(opened(in("home/link")), -EACCES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		TEST(links),
		TEST(folders),
		TEST(other_owners),
		TEST(second_names),
		TEST(fifos_and_sockets),
		TEST(devices),
		TEST(a_new_file),
		TEST(sudo),
	};

	return cmocka_run_group_tests_name("safe_open", tests, NULL, NULL);
}
