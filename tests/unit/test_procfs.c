/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_procfs.c - what is read from /proc about processes made for it.
 *
 * The program starts itself again, with arguments that say to write a byte and wait for one.
 */
#include "procfs/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static char buf[16384];

struct child {
	pid_t pid;
	int out, in;
};

/* Returns when the child says that it is where it should be. */
static struct child start(void (*be)(void *arg), void *arg)
{
	struct child child;
	int out[2], in[2];
	char byte;

	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(in), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (!child.pid) {
		dup2(out[1], STDOUT_FILENO);
		dup2(in[0], STDIN_FILENO);
		close(in[1]);
		close(out[0]);
		be(arg);
		if (write(STDOUT_FILENO, "x", 1) == 1 && read(STDIN_FILENO, &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(out[1]);
	close(in[0]);
	child.out = out[0];
	child.in = in[1];
	assert_int_equal(read(child.out, &byte, 1), 1);
	return child;
}

static void stop(struct child child)
{
	close(child.in);
	close(child.out);
	assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
}

static void set_name(void *name)
{
	prctl(PR_SET_NAME, name);
}

static void exec_self(void *argv)
{
	execv("/proc/self/exe", argv);
	_exit(127);
}

static void test_self(void **state)
{
	struct procfs_facts facts;
	char exe[4096];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct timespec now;

	assert_true(len > 0);
	exe[len] = '\0';
	clock_gettime(CLOCK_BOOTTIME, &now);
	assert_int_equal(procfs_read((uint32_t)getpid(), buf, sizeof(buf), &facts), 0);
	assert_int_equal(facts.tgid, getpid());
	assert_int_equal(facts.parent_tgid, getppid());
	assert_int_equal(facts.uid, getuid());
	assert_int_equal(facts.gid, getgid());
	assert_int_equal(facts.euid, geteuid());
	assert_int_equal(facts.egid, getegid());
	assert_int_equal(facts.sid, getsid(0));
	assert_int_equal(facts.pgid, getpgid(0));
	assert_string_equal(facts.exe.data, exe);
	assert_int_equal(facts.exe.len, len);
	assert_non_null(facts.cwd.data);
	assert_memory_equal(facts.cwd.data, "/", 1);
	assert_false(facts.argv_truncated);
	assert_true(facts.argv.count >= 1 && facts.argv.data[facts.argv.bytes - 1] == '\0');
	assert_int_equal(facts.start_ns % (1000000000 / sysconf(_SC_CLK_TCK)), 0);
	assert_true(facts.start_ns <= (uint64_t)now.tv_sec * 1000000000u + 1000000000u);
	assert_true(facts.start_ns > 0);
	(void)state;
}

static void test_hostile_comm(void **state)
{
	static const char *const names[] = { ") R 1 2 3", "a b) (c", "x\ny\nUid:\t7", "((", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct child child = start(set_name, (void *)names[i]);
		struct procfs_facts facts;

		assert_int_equal(procfs_read((uint32_t)child.pid, buf, sizeof(buf), &facts), 0);
		assert_string_equal(facts.comm.data, names[i]);
		assert_int_equal(facts.parent_tgid, getpid());
		assert_int_equal(facts.uid, getuid());
		assert_int_equal(facts.sid, getsid(0));
		stop(child);
	}
	(void)state;
}

static void test_argv(void **state)
{
	char *many[2003] = { "test_snapshot", "--wait" };
	struct procfs_facts facts;
	char *huge = malloc(100001);

	for (int i = 2; i < 2002; i++)
		many[i] = i % 100 ? "argument" : "";

	struct child child = start(exec_self, many);

	assert_int_equal(procfs_read((uint32_t)child.pid, buf, sizeof(buf), &facts), 0);
	assert_in_range(facts.argv.bytes, 4096 - 9, 4096);
	assert_string_equal(facts.argv.data, "test_snapshot");
	assert_int_equal(facts.argv.data[facts.argv.bytes - 1], 0);
	assert_memory_equal(facts.argv.data + facts.argv.bytes - 9, "argument", 9);

	uint32_t count = 0;

	for (size_t i = 0; i < facts.argv.bytes; i++)
		count += !facts.argv.data[i];
	assert_int_equal(facts.argv.count, count);
	assert_true(facts.argv_truncated);

	/* too little room: what does not fit is absent, nothing is written beyond */
	for (size_t size = 0; size < 600; size += 7) {
		char *small = malloc(size + 1);

		assert_int_equal(procfs_read((uint32_t)child.pid, small, size, &facts), 0);
		assert_true(!facts.argv.bytes || !facts.argv.data[facts.argv.bytes - 1]);
		free(small);
	}
	stop(child);

	memset(huge, 'h', 100000);
	huge[100000] = '\0';
	many[0] = huge;
	many[2] = NULL;
	child = start(exec_self, many);
	assert_int_equal(procfs_read((uint32_t)child.pid, buf, sizeof(buf), &facts), 0);
	assert_int_equal(facts.argv.count, 1);
	assert_int_equal(facts.argv.bytes, 4096);
	assert_int_equal(strlen(facts.argv.data), 4095);
	stop(child);
	free(huge);
	(void)state;
}

#define NOT_ALLOWED 77

/* What a process does to its own arguments: the third of them says it. */
static int rewrite(int argc, char **argv)
{
	char *last = argv[argc - 1], *end = last + strlen(last) + 1;
	size_t room = (size_t)(end - argv[0]);
	char kind[16];

	snprintf(kind, sizeof(kind), "%s", argv[2]);
	if (!strcmp(kind, "padded")) {
		memset(argv[0], 0, room);
		strcpy(argv[0], "sshd: root@pts/0");
	} else if (!strcmp(kind, "blanks")) {
		memset(argv[0], ' ', room - 1);
		memcpy(argv[0], "postgres: idle", 14);
	} else if (!strcmp(kind, "long")) {
		memset(argv[0], 'x', room + 3); /* into the environment, which has an A=1 there */
	} else if (!strcmp(kind, "exact")) {
		memset(argv[0], 'x', room);
	} else if (!strcmp(kind, "short")) {
		strcpy(argv[0], "me");
	} else if (!strcmp(kind, "wiped")) {
		memset(argv[0], 0, room);
	} else if (!strcmp(kind, "moved")) {
		/* The kernel shows anonymous memory only. */
		char *title = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
		unsigned long at = (unsigned long)title;

		if (title == MAP_FAILED)
			_exit(1);
		strcpy(title, "(sd-pam)");
		if (prctl(PR_SET_MM, PR_SET_MM_ARG_START, at, 0, 0) < 0 ||
		    prctl(PR_SET_MM, PR_SET_MM_ARG_END, at + 9, 0, 0) < 0)
			_exit(NOT_ALLOWED);
	}
	return 0;
}

static void exec_with_env(void *argv)
{
	static char *const env[] = { "A=1", "B=2", NULL };

	execve("/proc/self/exe", argv, env);
	_exit(127);
}

static void check_title(const char *kind, const char *const *more, bool is_title,
			const char *expected, size_t bytes)
{
	char *argv[64] = { "test_snapshot", "--title", (char *)kind };
	struct procfs_facts facts;
	struct child child;

	for (size_t i = 0; more[i]; i++)
		argv[3 + i] = (char *)more[i];
	child = start(exec_with_env, argv);
	assert_int_equal(procfs_read((uint32_t)child.pid, buf, sizeof(buf), &facts), 0);
	assert_int_equal(facts.argv_rewritten, is_title);
	assert_false(facts.argv_truncated);
	assert_int_equal(facts.argv.bytes, bytes);
	if (bytes)
		assert_memory_equal(facts.argv.data, expected, bytes);
	stop(child);
}

#define TITLE(kind, more, is_title, text) check_title(kind, more, is_title, text, sizeof(text))

static void test_titles(void **state)
{
	const char *const none[] = { NULL };
	const char *const empty[] = { "", "", "", NULL };
	const char *many[60] = { NULL };
	char whole[128] = "";

	TITLE("none", none, false, "test_snapshot\0--title\0none");
	TITLE("none", empty, false, "test_snapshot\0--title\0none\0\0\0");
	for (size_t i = 0; i < 59; i++)
		many[i] = "";
	memcpy(whole, "test_snapshot\0--title\0none", 27);
	check_title("none", many, false, whole, 27 + 59);
	TITLE("padded", none, true, "sshd: root@pts/0");
	TITLE("padded", empty, true, "sshd: root@pts/0");
	TITLE("padded", many, true, "sshd: root@pts/0");
	TITLE("blanks", empty, true, "postgres: idle");
	TITLE("exact", none, true, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxA=1");
	TITLE("long", none, true, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	TITLE("short", empty, true, "me\0t_snapshot\0--title\0short");
	check_title("wiped", empty, true, NULL, 0);
	(void)state;
}

/* The kernel lets the arguments be moved where it has checkpoints, and by who may raise limits. */
static void test_moved_title(void **state)
{
	char *argv[] = { "test_snapshot", "--title", "moved", NULL };
	int status;
	pid_t pid = fork();

	if (!pid) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		exec_with_env(argv);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == NOT_ALLOWED) {
		print_message("skipped: prctl(PR_SET_MM_ARG_START) is not allowed here\n");
		skip();
	}
	TITLE("moved", (const char *const[]){ NULL }, true, "(sd-pam)");
	(void)state;
}

/* A title in more space than is looked at: what is behind is only padding. */
static void test_title_in_much_space(void **state)
{
	char *argv[803] = { "test_snapshot", "--title", "padded" };
	struct procfs_facts facts;

	for (int i = 3; i < 802; i++)
		argv[i] = "an argument";

	struct child child = start(exec_with_env, argv);

	assert_int_equal(procfs_read((uint32_t)child.pid, buf, sizeof(buf), &facts), 0);
	assert_true(facts.argv_rewritten && !facts.argv_truncated);
	assert_int_equal(facts.argv.count, 1);
	assert_string_equal(facts.argv.data, "sshd: root@pts/0");
	stop(child);
	(void)state;
}

static void test_gone(void **state)
{
	struct child child = start(set_name, "short");
	struct procfs_facts facts;
	siginfo_t info;

	kill(child.pid, SIGKILL);
	/* dead but not reaped: it has ended */
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(procfs_read((uint32_t)child.pid, buf, sizeof(buf), &facts), -ESRCH);
	stop(child);
	assert_int_equal(procfs_read((uint32_t)child.pid, buf, sizeof(buf), &facts), -ESRCH);
	assert_int_equal(procfs_read(UINT32_MAX, buf, sizeof(buf), &facts), -ESRCH);
	(void)state;
}

static void test_kernel_thread(void **state)
{
	struct procfs_facts facts;

	if (procfs_read(2, buf, sizeof(buf), &facts) < 0 || strcmp(facts.comm.data, "kthreadd")) {
		print_message("skipped: pid 2 is not kthreadd here (a pid namespace)\n");
		skip();
	}
	assert_int_equal(facts.parent_tgid, 0);
	assert_null(facts.exe.data);
	assert_int_equal(facts.argv.bytes, 0);
	assert_int_equal(facts.argv.count, 0);
	(void)state;
}

struct seen {
	uint32_t self, child, stop_at, count;
	bool has_self, has_child;
};

static int see(void *ctx, uint32_t tgid)
{
	struct seen *seen = ctx;

	seen->has_self |= tgid == seen->self;
	seen->has_child |= tgid == seen->child;
	return ++seen->count == seen->stop_at ? 9 : 0;
}

static void test_list(void **state)
{
	struct child child = start(set_name, "listed");
	struct seen seen = { .self = (uint32_t)getpid(), .child = (uint32_t)child.pid };

	assert_int_equal(procfs_list(see, &seen), 0);
	assert_true(seen.has_self && seen.has_child);
	seen.count = 0;
	seen.stop_at = 2;
	assert_int_equal(procfs_list(see, &seen), 9);
	assert_int_equal(seen.count, 2);
	stop(child);
	(void)state;
}

/* What exec_self() started: it is one of these children, and runs no tests. */
__attribute__((constructor)) static void be_the_child(int argc, char **argv)
{
	bool is_title = argc > 2 && !strcmp(argv[1], "--title");
	char byte;

	if (!is_title && (argc < 2 || strcmp(argv[1], "--wait") != 0))
		return;
	_exit((is_title && rewrite(argc, argv)) || write(STDOUT_FILENO, "x", 1) != 1 ||
	      read(STDIN_FILENO, &byte, 1) != 0);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),	      cmocka_unit_test(test_hostile_comm),
		cmocka_unit_test(test_argv),	      cmocka_unit_test(test_gone),
		cmocka_unit_test(test_kernel_thread), cmocka_unit_test(test_list),
		cmocka_unit_test(test_titles),	      cmocka_unit_test(test_title_in_much_space),
		cmocka_unit_test(test_moved_title),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
