/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_exec.c - successful execs of every kind: plain, from a thread, by descriptor, scripts.
 *
 * Runs in an empty folder of its own and leaves it empty.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EMPTY_ENV ((char *const[]){ NULL })

static char cwd[PATH_MAX];

/* Forks; the child execs and never returns; the parent waits. */
static void run(const char *filename, const char *exe, char *const argv[], char *const env[])
{
	pid_t pid = case_fork();

	if (pid == 0) {
		execve(filename, argv, env);
		_exit(errno);
	}
	truth_exec(pid, filename, exe, argv);
	case_wait(pid);
}

static void plain(void)
{
	char *const argv[] = { "target", "one", "two three", NULL };
	char *const exit_3[] = { "BEGAT_TARGET=exit:3", NULL };
	char filename[PATH_MAX + 64];

	run(case_target, case_target, argv, EMPTY_ENV);
	run(case_target, case_target, argv, exit_3);

	/* The program itself says what it is. */
	snprintf(filename, sizeof(filename), "BEGAT_FILENAME=%s", case_target);
	char *const report[] = { "BEGAT_TARGET=report+ids", filename, NULL };
	pid_t pid = case_fork();

	if (pid == 0) {
		execve(case_target, argv, report);
		_exit(errno);
	}
	case_wait(pid);
}

static void relative(void)
{
	static const char *const names[] = { "./copy", "copy", "sub/../copy", "sub/../sub//link" };
	char exe[PATH_MAX + 16];
	char *const argv[] = { "copy", NULL };

	case_copy(case_target, "copy");
	if (mkdir("sub", 0755) < 0 || symlink("../copy", "sub/link") < 0)
		truth_broken("cannot make sub: %s", strerror(errno));
	snprintf(exe, sizeof(exe), "%s/copy", cwd);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		run(names[i], exe, argv, EMPTY_ENV);
	unlink("sub/link");
	rmdir("sub");
	unlink("copy");
}

/* env, nice, sh -c exec: one process, several images. */
static void chain(void)
{
	char *const argv[] = { "chain", NULL };
	char *const env[] = { "BEGAT_TARGET=chain:3", NULL };
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		execve(case_target, argv, env);
		_exit(errno);
	}
	truth_exec(pid, case_target, case_target, argv);
	for (int more = 2; more >= 0; more--) {
		char text[16];
		char *const next[] = { "chained", text, NULL };

		snprintf(text, sizeof(text), "%d", more);
		truth_exec(pid, case_target, case_target, next);
	}
	status = case_reap(pid);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_num(&t, "execs", 4);
	truth_str(&t, "exe", case_target);
	truth_end(&t);
}

static void *exec_in_thread(void *arg)
{
	pid_t *tid = arg;
	char *const argv[] = { "threaded", "exec", NULL };

	*tid = (pid_t)syscall(SYS_gettid);
	execve(case_target, argv, EMPTY_ENV);
	_exit(errno);
}

/* The kernel gives the thread the leader's pid: no exit and no second process may show. */
static void thread(void)
{
	pid_t *tid = case_shared(sizeof(*tid));
	char *const argv[] = { "threaded", "exec", NULL };
	pid_t pid = case_fork();
	struct truth t;

	if (pid == 0) {
		pthread_t thread_id;

		pthread_create(&thread_id, NULL, exec_in_thread, tid);
		for (;;)
			pause();
	}
	int status = case_reap(pid);

	truth_event(&t, "exec", pid);
	truth_num(&t, "tid", pid);
	truth_num(&t, "old_tid", *tid);
	truth_str(&t, "filename", case_target);
	truth_vector(&t, "argv", argv);
	truth_range(&t, "exec_ns", 1, 60000000000);
	truth_end(&t);
	truth_exit(pid, status);
}

static void script(void)
{
	char text[PATH_MAX + 64], path[PATH_MAX + 16];
	pid_t pid;
	struct truth t;
	int status;

	snprintf(path, sizeof(path), "%s/script", cwd);
	snprintf(text, sizeof(text), "#!%s -opt with blank\n", case_target);
	case_write(path, text, 0755);
	pid = case_fork();
	if (pid == 0) {
		char *const argv[] = { "lies", "arg", NULL };

		execve(path, argv, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	char *const argv[] = { case_target, "-opt with blank", path, "arg", NULL };

	truth_event(&t, "exec", pid);
	truth_str(&t, "filename", path);
	truth_str(&t, "exe", case_target);
	truth_str(&t, "interpreter", case_target);
	truth_str(&t, "comm", "script");
	truth_vector(&t, "argv", argv);
	truth_end(&t);
	truth_exit(pid, status);
	unlink(path);

	/* No interpreter in a plain exec. */
	char *const plain_argv[] = { "plain", NULL };

	pid = case_fork();
	if (pid == 0) {
		execve(case_target, plain_argv, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec", pid);
	truth_absent(&t, "interpreter");
	truth_end(&t);
	truth_exit(pid, status);
}

/* A script whose interpreter is a script, three deep. */
static void script_of_script(void)
{
	char path[3][PATH_MAX + 16], text[PATH_MAX + 64];
	pid_t pid;
	struct truth t;
	int status;

	for (int i = 0; i < 3; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/script%d", cwd, i);
		snprintf(text, sizeof(text), "#!%s -%d\n", i ? path[i - 1] : case_target, i);
		case_write(path[i], text, 0755);
	}
	pid = case_fork();
	if (pid == 0) {
		char *const argv[] = { "lies", "arg", NULL };

		execve(path[2], argv, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	char *const argv[] = {
		case_target, "-0", path[0], "-1", path[1], "-2", path[2], "arg", NULL
	};

	truth_event(&t, "exec", pid);
	truth_str(&t, "filename", path[2]);
	truth_str(&t, "exe", case_target);
	truth_str(&t, "interpreter", case_target);
	truth_vector(&t, "argv", argv);
	truth_end(&t);
	truth_exit(pid, status);
	for (int i = 0; i < 3; i++)
		unlink(path[i]);
}

/* By descriptor: the kernel calls the file /dev/fd/N; exe is what it really is. */
static void by_fd(int fd, const char *exe, const char *name, int flags)
{
	pid_t *self = case_shared(sizeof(*self));
	pid_t pid = case_fork();
	char filename[PATH_MAX];
	char *const argv[] = { "by descriptor", NULL };
	struct truth t;
	int status;

	if (pid == 0) {
		syscall(SYS_execveat, fd, name, argv, EMPTY_ENV, flags);
		*self = errno;
		_exit(errno);
	}
	status = case_reap(pid);
	if (*self)
		truth_broken("execveat of %s: %s", exe, strerror(*self));
	snprintf(filename, sizeof(filename), "/dev/fd/%d%s%s", fd, *name ? "/" : "", name);
	truth_event(&t, "exec", pid);
	truth_str(&t, "filename", filename);
	truth_str(&t, "exe", exe);
	truth_vector(&t, "argv", argv);
	truth_range(&t, "exec_ns", 1, 60000000000);
	truth_end(&t);
	truth_exit(pid, status);
	close(fd);
}

static void memfd(void)
{
	int fd = memfd_create("payload", MFD_CLOEXEC);
	int in = open(case_target, O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t n;

	if (fd < 0 || in < 0)
		truth_skip("memfd_create: %s", strerror(errno));
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		if (write(fd, buf, (size_t)n) != n)
			truth_broken("cannot fill the memfd: %s", strerror(errno));
	}
	close(in);
	by_fd(fd, "/memfd:payload (deleted)", "", AT_EMPTY_PATH);
}

static void empty_path(void)
{
	by_fd(open(case_target, O_RDONLY | O_CLOEXEC), case_target, "", AT_EMPTY_PATH);
}

static void o_path(void)
{
	by_fd(open(case_target, O_PATH | O_CLOEXEC), case_target, "", AT_EMPTY_PATH);
}

static void at_folder(void)
{
	by_fd(open(case_dir, O_PATH | O_DIRECTORY | O_CLOEXEC), case_target, "c_target", 0);
}

/* A script by descriptor: the interpreter gets /dev/fd/N as its name. */
static void fd_script(void)
{
	char text[PATH_MAX + 16], name[32];
	pid_t pid;
	struct truth t;
	int fd, status;

	snprintf(text, sizeof(text), "#!%s\n", case_target);
	case_write("script", text, 0755);
	fd = open("script", O_RDONLY); /* no O_CLOEXEC: the interpreter could not open it */
	pid = case_fork();
	if (pid == 0) {
		char *const argv[] = { "lies", NULL };

		syscall(SYS_execveat, fd, "", argv, EMPTY_ENV, AT_EMPTY_PATH);
		_exit(errno);
	}
	status = case_reap(pid);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	char *const argv[] = { case_target, name, NULL };

	truth_event(&t, "exec", pid);
	truth_str(&t, "filename", name);
	truth_str(&t, "interpreter", case_target);
	truth_str(&t, "exe", case_target);
	truth_vector(&t, "argv", argv);
	truth_end(&t);
	truth_exit(pid, status);
	close(fd);
	unlink("script");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "plain", plain },	    { "relative", relative },
		{ "chain", chain },	    { "thread", thread },
		{ "script", script },	    { "script_of_script", script_of_script },
		{ "memfd", memfd },	    { "empty_path", empty_path },
		{ "o_path", o_path },	    { "at_folder", at_folder },
		{ "fd_script", fd_script },
	};

	truth_begin();
	if (!getcwd(cwd, sizeof(cwd)))
		truth_broken("getcwd: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (argc > 1 && !strcmp(argv[1], parts[i].name)) {
			parts[i].run();
			return 0;
		}
	}
	truth_broken("no such part: %s", argc > 1 ? argv[1] : "");
}
