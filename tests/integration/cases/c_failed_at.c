/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_failed_at.c - execs that fail: by descriptor, for want of an interpreter, without argv.
 *
 * Runs in an empty folder of its own and leaves it empty, but for "orphan_script": begat reads that
 * when the event reaches it.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 5.12: a name is looked up in the kernel's cache alone. begat reads no file without that. */
static bool can_look_without_waiting(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = 0x20 /* RESOLVE_CACHED */ };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* One execveat(2) that fails, and what must be told of it. @path: of what @fd is open on. */
static void one_at(int fd, const char *name, int flags, const char *filename, const char *path,
		   const char *missing)
{
	char *const argv[] = { "failing", NULL };
	int *error = case_shared(sizeof(*error));
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		char arg[] = "failing";
		char *const args[] = { arg, NULL }, *const env[] = { NULL };

		syscall(SYS_execveat, fd, name, args, env, flags);
		*error = errno;
		_exit(0);
	}
	status = case_reap(pid);
	truth_event(&t, "exec_failed", pid);
	truth_str(&t, "filename", filename);
	truth_raw(&t, "errno", "\"%s\"", case_errno_name(*error));
	truth_vector(&t, "argv", argv);
	if (path)
		truth_str(&t, "fd_path", path);
	else
		truth_absent(&t, "fd_path");
	if (missing && can_look_without_waiting())
		truth_str(&t, "missing_interpreter", missing);
	else
		truth_absent(&t, "missing_interpreter");
	truth_end(&t);
	truth_exit(pid, status);
}

/* Named as the kernel names an exec by descriptor that succeeds. */
static void at_descriptors(void)
{
	char here[PATH_MAX], path[PATH_MAX + 16], filename[PATH_MAX + 32];
	int folder, file;

	if (!getcwd(here, sizeof(here)))
		truth_broken("getcwd: %s", strerror(errno));
	case_write("no_x_bit", "x", 0644);
	case_write("orphan_script", "#!/no/such/interpreter\n", 0755);
	folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	file = open("no_x_bit", O_RDONLY | O_CLOEXEC);
	if (folder < 0 || file < 0)
		truth_broken("cannot open: %s", strerror(errno));

	snprintf(filename, sizeof(filename), "/dev/fd/%d/nothing", folder);
	one_at(folder, "nothing", 0, filename, here, NULL);
	snprintf(filename, sizeof(filename), "/dev/fd/%d/orphan_script", folder);
	one_at(folder, "orphan_script", 0, filename, here, "/no/such/interpreter");
	snprintf(filename, sizeof(filename), "/dev/fd/%d", folder);
	one_at(folder, "", AT_EMPTY_PATH, filename, here, NULL);
	snprintf(filename, sizeof(filename), "/dev/fd/%d", file);
	snprintf(path, sizeof(path), "%s/no_x_bit", here);
	one_at(file, "", AT_EMPTY_PATH, filename, path, NULL);
	one_at(file, "", 0, "", NULL, NULL);
	one_at(folder, "/no/such/file", 0, "/no/such/file", NULL, NULL);
	one_at(9999, "nothing", 0, "/dev/fd/9999/nothing", NULL, NULL);
	one_at(-5, "nothing", 0, "/dev/fd/-5/nothing", NULL, NULL);
	one_at(AT_FDCWD, "nothing", 0, "nothing", NULL, NULL);
	unlink("no_x_bit");
	close(folder);
	close(file);
}

static int attempt(const char *filename)
{
	char arg[] = "failing";
	char *const argv[] = { arg, NULL }, *const env[] = { NULL };

	execve(filename, argv, env);
	return errno;
}

/* A file that exists without its interpreter, asked for from a known folder. */
static void missing(void)
{
	char here[PATH_MAX];
	pid_t pid;
	struct truth t;
	int status;

	if (!getcwd(here, sizeof(here)))
		truth_broken("getcwd: %s", strerror(errno));
	case_write("orphan_script", "#! /no/such/interpreter -x\n", 0755);
	pid = case_fork();
	if (pid == 0)
		_exit(attempt("orphan_script"));
	status = case_reap(pid);
	truth_event(&t, "exec_failed", pid);
	truth_str(&t, "filename", "orphan_script");
	truth_str(&t, "cwd", here);
	if (can_look_without_waiting())
		truth_str(&t, "missing_interpreter", "/no/such/interpreter");
	else
		truth_absent(&t, "missing_interpreter");
	truth_end(&t);
	truth_exit(pid, status);

	pid = case_fork();
	if (pid == 0)
		_exit(attempt("no_such_file"));
	status = case_reap(pid);
	truth_event(&t, "exec_failed", pid);
	truth_str(&t, "filename", "no_such_file");
	truth_str(&t, "cwd", here);
	truth_absent(&t, "missing_interpreter");
	truth_end(&t);
	truth_exit(pid, status);
}

/* NULL for argv: no strings, and nothing cut. The kernel gives a new image one since 5.18. */
static void null_argv(void)
{
	char *const none[] = { NULL };
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		syscall(SYS_execve, "/no/such/file", NULL, NULL);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec_failed", pid);
	truth_str(&t, "filename", "/no/such/file");
	truth_vector(&t, "argv", none);
	truth_bool(&t, "argv_truncated", false);
	truth_end(&t);
	truth_exit(pid, status);

	pid = case_fork();
	if (pid == 0) {
		syscall(SYS_execve, case_target, NULL, NULL);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec", pid);
	truth_str(&t, "filename", case_target);
	truth_range(&t, "argc", 0, 1);
	truth_bool(&t, "argv_truncated", false);
	truth_end(&t);
	truth_exit(pid, status);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	truth_begin();
	if (!strcmp(what, "at_descriptors"))
		at_descriptors();
	else if (!strcmp(what, "missing"))
		missing();
	else if (!strcmp(what, "null_argv"))
		null_argv();
	else
		truth_broken("no such part: %s", what);
	return 0;
}
