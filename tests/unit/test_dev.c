/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_dev.c - the device of a running file, where the kernel's record has the file system's.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "enrich/enrich.h"

#define DEV_OF_FS 0xfffff

static struct begat_event an_exec(uint64_t dev, uint64_t inode)
{
	struct begat_event ev = {
		.size = sizeof(ev), .type = BEGAT_EXEC, .dev = dev, .inode = inode
	};

	begat_fields_add(&ev.has, BEGAT_F_DEV);
	begat_fields_add(&ev.has, BEGAT_F_INODE);
	return ev;
}

static void check_unknown(struct begat_event ev, uint32_t pid)
{
	enrich_dev(pid, &ev);
	assert_false(begat_event_has(&ev, BEGAT_F_DEV));
	assert_true(begat_event_has(&ev, BEGAT_F_FS_DEV) && begat_event_has(&ev, BEGAT_F_INODE));
	assert_int_equal(ev.fs_dev, DEV_OF_FS);
}

static void of_this_process(void **state)
{
	uint32_t self = (uint32_t)getpid();
	struct begat_event ev;
	struct stat st;
	pid_t pid;

	assert_int_equal(stat("/proc/self/exe", &st), 0);
	ev = an_exec(DEV_OF_FS, st.st_ino);
	enrich_dev(self, &ev);
	assert_true(begat_event_has(&ev, BEGAT_F_DEV) && begat_event_has(&ev, BEGAT_F_FS_DEV));
	assert_int_equal(ev.dev, st.st_dev);
	assert_int_equal(ev.fs_dev, DEV_OF_FS);

	ev = an_exec(st.st_dev, st.st_ino); /* the rule */
	enrich_dev(self, &ev);
	assert_true(begat_event_has(&ev, BEGAT_F_DEV) && !begat_event_has(&ev, BEGAT_F_FS_DEV));
	assert_int_equal(ev.dev, st.st_dev);

	check_unknown(an_exec(DEV_OF_FS, st.st_ino + 1), self); /* it runs another file by now */
	check_unknown(an_exec(DEV_OF_FS, st.st_ino), 0);
	pid = fork();
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	check_unknown(an_exec(DEV_OF_FS, st.st_ino), (uint32_t)pid);

	ev = an_exec(DEV_OF_FS, st.st_ino);
	memset(&ev.has, 0, sizeof(ev.has));
	enrich_dev(self, &ev);
	assert_false(begat_event_has(&ev, BEGAT_F_DEV) || begat_event_has(&ev, BEGAT_F_FS_DEV));
	(void)state;
}

/* Runs until its standard input ends. */
static int run_in_overlay(const char *dir, int ready)
{
	char path[128], options[300];

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("t", dir, "tmpfs", 0, NULL) || chdir(dir) || mkdir("lower", 0755) ||
	    mkdir("top", 0755) || mkdir("m", 0755) || mount("t", "top", "tmpfs", 0, NULL) ||
	    mkdir("top/upper", 0755) || mkdir("top/work", 0755) ||
	    system("cp /bin/cat lower/cat") /* of another file system than upper */)
		return 77;
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/top/upper,workdir=%s/top/work,xino=off", dir, dir,
		 dir);
	snprintf(path, sizeof(path), "%s/m", dir);
	if (mount("o", path, "overlay", 0, options))
		return 77;
	strcat(path, "/cat");
	dup2(ready, STDOUT_FILENO);
	execl(path, "cat", NULL);
	return 77;
}

static void in_an_overlay(void **state)
{
	char dir[] = "/tmp/test_dev.XXXXXX", path[64], byte;
	int in[2], out[2], status;
	struct begat_event ev;
	struct stat exe, top;
	pid_t pid;

	assert_true(!pipe(in) && !pipe(out) && mkdtemp(dir));
	pid = fork();
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		close(in[1]);
		_exit(run_in_overlay(dir, out[1]));
	}
	close(in[0]);
	close(out[1]);
	/* What cat echoes says that it runs. */
	assert_int_equal(write(in[1], "x", 1), 1);
	if (read(out[0], &byte, 1) != 1) {
		waitpid(pid, &status, 0);
		rmdir(dir);
		print_message("skipped: no overlay can be mounted here\n");
		skip();
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	assert_int_equal(stat(path, &exe), 0);
	snprintf(path, sizeof(path), "/proc/%d/root%s/m", (int)pid, dir);
	assert_int_equal(stat(path, &top), 0);
	assert_int_not_equal(exe.st_dev, top.st_dev);
	ev = an_exec(top.st_dev, exe.st_ino); /* as the kernel side records it */
	enrich_dev((uint32_t)pid, &ev);
	assert_true(begat_event_has(&ev, BEGAT_F_DEV) && begat_event_has(&ev, BEGAT_F_FS_DEV));
	assert_int_equal(ev.dev, exe.st_dev);
	assert_int_equal(ev.fs_dev, top.st_dev);
	close(in[1]);
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir(dir);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_this_process),
		cmocka_unit_test(in_an_overlay),
	};

	return cmocka_run_group_tests_name("dev", tests, NULL, NULL);
}
