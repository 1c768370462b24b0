/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_where.c - what file an exec really ran, and where: paths that are hard to tell.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EMPTY_ENV ((char *const[]){ NULL })
#define REPORT_ENV ((char *const[]){ "BEGAT_TARGET=report", NULL })
#define ARGV ((char *const[]){ "target", "arg", NULL })

static char cwd[PATH_MAX];

/* An exec whose file and cwd are known here. NULL: not compared. */
static void truth_where(pid_t pid, const char *filename, const char *exe, const char *folder)
{
	struct truth t;

	truth_event(&t, "exec", pid);
	truth_str(&t, "filename", filename);
	if (exe)
		truth_str(&t, "exe", exe);
	if (folder)
		truth_str(&t, "cwd", folder);
	truth_vector(&t, "argv", ARGV);
	truth_end(&t);
}

/* Waits; the exec must have worked. */
static void wait_good(pid_t pid)
{
	int status = case_wait(pid);

	if (status != 0)
		truth_broken("the child of this part ended with status %#x", status);
}

/* A folder whose path is @bytes long, of names @name_len long; the process stays in it. */
static void dive(char *path, size_t bytes, size_t name_len)
{
	size_t len = strlen(path);
	char name[256];

	while (len + 2 <= bytes) {
		size_t n = bytes - len - 1 < name_len ? bytes - len - 1 : name_len;

		memset(name, 'd', n);
		name[n] = '\0';
		if (mkdir(name, 0755) < 0 || chdir(name) < 0)
			truth_broken("cannot go %zu bytes deep: %s", len, strerror(errno));
		path[len] = '/';
		memcpy(path + len + 1, name, n + 1);
		len += n + 1;
	}
}

/* Back up to @top, removing what dive() made. */
static void surface(char *path, size_t top)
{
	while (strlen(path) > top) {
		char *slash = strrchr(path, '/');

		if (chdir("..") < 0 || rmdir(slash + 1) < 0)
			truth_broken("cannot leave a path of %zu bytes: %s", strlen(path),
				     strerror(errno));
		*slash = '\0';
	}
}

static void deep(size_t bytes, size_t name_len)
{
	static char path[PATH_MAX + 1];
	pid_t pid;

	strcpy(path, cwd);
	dive(path, bytes, name_len);
	pid = case_fork();
	if (pid == 0) {
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	truth_where(pid, case_target, case_target, path);
	wait_good(pid);
	surface(path, strlen(cwd));
}

/* exe 2,000 bytes down, found by a relative name. */
static void deep_exe(void)
{
	static char path[PATH_MAX + 1], exe[PATH_MAX + 8];
	pid_t pid;

	strcpy(path, cwd);
	dive(path, 2000, 100);
	case_copy(case_target, "t");
	snprintf(exe, sizeof(exe), "%s/t", path);
	pid = case_fork();
	if (pid == 0) {
		execve("./t", ARGV, EMPTY_ENV);
		_exit(errno);
	}
	truth_where(pid, "./t", exe, path);
	wait_good(pid);
	unlink("t");
	surface(path, strlen(cwd));
}

static void cwd_deleted(void)
{
	pid_t pid = case_fork();
	char folder[PATH_MAX + 32];

	if (pid == 0) {
		if (mkdir("gone", 0755) < 0 || chdir("gone") < 0 || rmdir("../gone") < 0)
			truth_broken("cannot delete the cwd: %s", strerror(errno));
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	snprintf(folder, sizeof(folder), "%s/gone (deleted)", cwd);
	truth_where(pid, case_target, case_target, folder);
	wait_good(pid);
}

static void do_chroot(void)
{
	pid_t pid;

	if (mkdir("root", 0755) < 0 || mkdir("root/bin", 0755) < 0)
		truth_broken("mkdir: %s", strerror(errno));
	case_copy(case_target, "root/bin/t");
	pid = case_fork();
	if (pid == 0) {
		if (chroot("root") < 0 || chdir("/bin") < 0)
			truth_broken("chroot: %s", strerror(errno));
		execve("/bin/t", ARGV, EMPTY_ENV);
		_exit(errno);
	}
	truth_where(pid, "/bin/t", "/bin/t", "/bin");
	wait_good(pid);

	/* At the new root itself; the file by another way. */
	pid = case_fork();
	if (pid == 0) {
		if (chroot("root") < 0 || chdir("/") < 0)
			truth_broken("chroot: %s", strerror(errno));
		execve("bin/../bin/t", ARGV, EMPTY_ENV);
		_exit(errno);
	}
	truth_where(pid, "bin/../bin/t", "/bin/t", "/");
	wait_good(pid);
	unlink("root/bin/t");
	rmdir("root/bin");
	rmdir("root");
}

/* Unlinked before it is run, while it runs, and replaced by another while it runs. */
static bool is_asleep_in(pid_t pid, const char *name)
{
	char path[64], exe[PATH_MAX], stat[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
	stat[n > 0 ? n : 0] = '\0';
	close(fd);
	return strstr(exe, name) && strstr(stat, ") S ");
}

static void exe_deleted(void)
{
	char exe[PATH_MAX + 32], filename[32];
	struct truth t;
	struct stat st;
	int fd, hold[2], status;
	pid_t pid;

	case_copy(case_target, "copy");
	fd = open("copy", O_RDONLY | O_CLOEXEC);
	unlink("copy");
	pid = case_fork();
	if (pid == 0) {
		syscall(SYS_execveat, fd, "", ARGV, EMPTY_ENV, AT_EMPTY_PATH);
		_exit(errno);
	}
	snprintf(exe, sizeof(exe), "%s/copy (deleted)", cwd);
	snprintf(filename, sizeof(filename), "/dev/fd/%d", fd);
	truth_where(pid, filename, exe, cwd);
	wait_good(pid);
	close(fd);

	case_copy(case_target, "copy");
	if (stat("copy", &st) < 0 || pipe(hold) < 0)
		truth_broken("stat: %s", strerror(errno));
	pid = case_fork();
	if (pid == 0) {
		close(hold[1]);
		dup2(hold[0], 0);
		execve("./copy", ARGV, (char *const[]){ "BEGAT_TARGET=hold", NULL });
		_exit(errno);
	}
	close(hold[0]);
	/* Its exe is the copy before the exec is over; it runs once it sleeps on its input. */
	while (!is_asleep_in(pid, "/copy"))
		usleep(1000);
	case_copy(case_target, "other");
	if (rename("other", "copy") < 0)
		truth_broken("rename: %s", strerror(errno));
	close(hold[1]);
	status = case_reap(pid);
	snprintf(exe, sizeof(exe), "%s/copy", cwd);
	truth_event(&t, "exec", pid);
	truth_str(&t, "exe", exe);
	truth_num(&t, "inode", (long long)st.st_ino);
	truth_num(&t, "dev", (long long)st.st_dev);
	truth_end(&t);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_str(&t, "exe", exe);
	truth_end(&t);
	unlink("copy");
}

/* What /proc says of the new image: comm, exe, cwd, inode, start_code ... */
static void report(void)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		execve(case_target, ARGV, REPORT_ENV);
		_exit(errno);
	}
	wait_good(pid);
}

/* Names with every byte that a file name may have; comm is cut after 15. */
static void odd_names(void)
{
	static const char *const names[] = {
		"a name longer than fifteen bytes",
		"new\nline",
		"\x1b[31mred",
		"\xff\xfe invalid",
		"quo\"te\\",
		" (deleted)",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char exe[PATH_MAX + 64], comm[16];
		pid_t pid;
		struct truth t;

		case_copy(case_target, names[i]);
		snprintf(exe, sizeof(exe), "%s/%s", cwd, names[i]);
		snprintf(comm, sizeof(comm), "%s", names[i]);
		pid = case_fork();
		if (pid == 0) {
			execve(exe, ARGV, EMPTY_ENV);
			_exit(errno);
		}
		truth_event(&t, "exec", pid);
		truth_str(&t, "filename", exe);
		truth_str(&t, "exe", exe);
		truth_str(&t, "comm", comm);
		truth_end(&t);
		wait_good(pid);
		unlink(names[i]);
	}
}

/*
 * A mount namespace of its own, from which nothing spreads. In a chroot "/" may be no mount point, so
 * the change is made at the namespace's own root, on the way out of the chroot and back.
 */
static int private_mounts(void)
{
	int root, err;

	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || mkdir("way", 0700) < 0 || chroot("way") < 0 || fchdir(root) < 0)
		return -1;
	for (int i = 0; i < 64; i++) /* below the chroot's folder now: up to the top */
		if (chdir("..") < 0)
			return -1;
	if (chroot(".") < 0)
		return -1;
	err = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir(cwd) < 0 || rmdir("way") < 0)
		return -1;
	close(root);
	return err;
}

/* Mount points crossed: a file system on a file system, and a bind mount of it. */
static void mounts(void)
{
	static const char *const names[] = { "m/n/t", "b/t" };
	pid_t pid;

	if (mkdir("m", 0755) < 0 || mkdir("b", 0755) < 0)
		truth_broken("mkdir: %s", strerror(errno));
	for (size_t i = 0; i < 2; i++) {
		char exe[PATH_MAX + 16];

		pid = case_fork();
		if (pid == 0) {
			if (private_mounts() < 0 || mount("none", "m", "tmpfs", 0, NULL) < 0 ||
			    mkdir("m/n", 0755) < 0 || mount("none", "m/n", "tmpfs", 0, NULL) < 0)
				truth_skip("cannot mount: %s", strerror(errno));
			case_copy(case_target, "m/n/t");
			if (mount("m/n", "b", NULL, MS_BIND, NULL) < 0)
				truth_skip("cannot bind mount: %s", strerror(errno));
			execve(names[i], ARGV, EMPTY_ENV);
			_exit(errno);
		}
		snprintf(exe, sizeof(exe), "%s/%s", cwd, names[i]);
		truth_where(pid, names[i], exe, cwd);
		wait_good(pid);
	}
	rmdir("m");
	rmdir("b");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	truth_begin();
	if (!getcwd(cwd, sizeof(cwd)))
		truth_broken("getcwd: %s", strerror(errno));
	if (!strcmp(what, "deep_2000"))
		deep(2000, 200);
	else if (!strcmp(what, "deep_4000"))
		deep(4000, 250);
	else if (!strcmp(what, "deep_4095"))
		deep(4095, 250);
	else if (!strcmp(what, "deep_500_names"))
		deep(strlen(cwd) + 1000, 1);
	else if (!strcmp(what, "deep_exe"))
		deep_exe();
	else if (!strcmp(what, "cwd_deleted"))
		cwd_deleted();
	else if (!strcmp(what, "chroot"))
		do_chroot();
	else if (!strcmp(what, "exe_deleted"))
		exe_deleted();
	else if (!strcmp(what, "report"))
		report();
	else if (!strcmp(what, "odd_names"))
		odd_names();
	else if (!strcmp(what, "mounts"))
		mounts();
	else
		truth_broken("no such part: %s", what);
	return 0;
}
