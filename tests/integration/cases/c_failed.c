/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_failed.c - execs that fail, one errno each.
 *
 * The file names are constants on pages of their own that the child has never touched: at the
 * entry of the system call they are not mapped yet, and a tracer that reads them there gets "".
 */
#include "truth.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fault maps the 64 KiB around it too: keep that far away from whatever else is read. */
#define FAR 131072
#define UNTOUCHED(name, text) static const char name[FAR] __attribute__((aligned(FAR))) = text

UNTOUCHED(absent, "no/such/file");
UNTOUCHED(secret, "no_x_bit");
UNTOUCHED(garbage, "garbage");
UNTOUCHED(below_file, "no_x_bit/below");
UNTOUCHED(loop, "loop");
UNTOUCHED(busy, "busy");
UNTOUCHED(folder, "folder");
UNTOUCHED(orphan, "orphan_script");
UNTOUCHED(big, "/proc/self/exe");
UNTOUCHED(
	long_name,
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");

static char huge[200000];

struct failure {
	int error;
	const char *filename;
	bool with_huge_string;
};

static const struct failure failures[] = {
	{ ENOENT, absent, false },   { EACCES, secret, false },
	{ ENOEXEC, garbage, false }, { ENOTDIR, below_file, false },
	{ ELOOP, loop, false },	     { ETXTBSY, busy, false },
	{ E2BIG, big, true },	     { EACCES, folder, false },
	{ ENOENT, orphan, false },   { ENAMETOOLONG, long_name, false },
};

/* On the stack, written just now: resident whatever the kernel reads and when. */
static int attempt(const char *filename, bool with_huge_string)
{
	char first[] = "failing", second[] = "two words";
	char *const argv[] = { first, second, with_huge_string ? huge : NULL, NULL };
	char *const env[] = { NULL };

	execve(filename, argv, env);
	return errno;
}

static void one(const struct failure *failure)
{
	char *const argv[] = { "failing", "two words", NULL };
	int *error = case_shared(sizeof(*error));
	pid_t pid = case_fork();
	int status;

	if (pid == 0) {
		*error = attempt(failure->filename, failure->with_huge_string);
		_exit(*error);
	}
	status = case_reap(pid);
	/* 6.11 and 6.12 let a file be executed that is open for writing: then it is an exec. */
	if (*error == 0 && failure->error == ETXTBSY)
		truth_exec(pid, failure->filename, NULL, argv);
	else if (*error != failure->error)
		truth_broken("%s: status %#x, errno %d instead of %d", failure->filename, status,
			     *error, failure->error);
	else
		truth_failed(pid, failure->filename, *error,
			     failure->with_huge_string ? NULL : argv);
	truth_exit(pid, status);
}

static void errnos(void)
{
	int writer;

	case_write("no_x_bit", "x", 0644);
	case_write("garbage",
		   "\x7f"
		   "not a program",
		   0755);
	case_write("orphan_script", "#!/no/such/interpreter\n", 0755);
	case_copy(case_target, "busy");
	writer = open("busy", O_WRONLY | O_CLOEXEC);
	if (writer < 0 || symlink("loop", "loop") < 0 || mkdir("folder", 0755) < 0)
		truth_broken("cannot make files: %s", strerror(errno));
	memset(huge, 'h', sizeof(huge) - 1);
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++)
		one(&failures[i]);
	close(writer);
	unlink("no_x_bit");
	unlink("garbage");
	unlink("orphan_script");
	unlink("busy");
	unlink("loop");
	rmdir("folder");
}

/* As a shell does: one miss after the other, then the hit. */
static void path_search(void)
{
	static const char *const misses[] = { "/no1/prog", "/no2/prog", "/no3/prog", "/no4/prog" };
	char *const argv[] = { "prog", "-v", NULL };
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		char name[] = "prog", option[] = "-v";
		char *const args[] = { name, option, NULL };
		char *const env[] = { NULL };

		for (size_t i = 0; i < 4; i++)
			execve(misses[i], args, env);
		execve(case_target, args, env);
		_exit(errno);
	}
	status = case_reap(pid);
	for (size_t i = 0; i < 4; i++)
		truth_failed(pid, misses[i], ENOENT, argv);
	truth_exec(pid, case_target, case_target, argv);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status);
	truth_num(&t, "execs", 1);
	truth_end(&t);
}

static void *fail_in_thread(void *arg)
{
	pid_t *tid = arg;

	*tid = (pid_t)syscall(SYS_gettid);
	attempt(absent, false);
	return NULL;
}

static void thread(void)
{
	pid_t *tid = case_shared(sizeof(*tid));
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		pthread_t thread_id;

		pthread_create(&thread_id, NULL, fail_in_thread, tid);
		pthread_join(thread_id, NULL);
		_exit(0);
	}
	status = case_reap(pid);
	truth_event(&t, "exec_failed", pid);
	truth_num(&t, "tid", *tid);
	truth_str(&t, "filename", absent);
	truth_raw(&t, "errno", "\"ENOENT\"");
	truth_end(&t);
	truth_exit(pid, status);
}

static void by_fd(void)
{
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		char arg[] = "failing", name[] = "absent";
		char *const argv[] = { arg, NULL };
		char *const env[] = { NULL };

		syscall(SYS_execveat, AT_FDCWD, name, argv, env, 0);
		_exit(errno);
	}
	status = case_reap(pid);
	char *const argv[] = { "failing", NULL };

	truth_failed(pid, "absent", ENOENT, argv);
	truth_exit(pid, status);

	/* A pointer that leads nowhere: there is no name to tell. */
	pid = case_fork();
	if (pid == 0) {
		syscall(SYS_execve, 8, NULL, NULL);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec_failed", pid);
	truth_raw(&t, "errno", "\"EFAULT\"");
	truth_absent(&t, "filename");
	truth_end(&t);
	truth_exit(pid, status);
}

static void *exec_broken(void *arg)
{
	attempt("broken", false);
	_exit(1);
	return arg;
}

/*
 * A program that turns out to be none when the old image is gone already: the exec fails, but there
 * is nothing left to return to. A thread has taken over the leader's tid by then. What the errno
 * is depends on the kernel; the name was in the old image's memory.
 */
static void late(void)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
	} file = { 0 };
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &file.header, sizeof(file.header)) != sizeof(file.header))
		truth_broken("cannot read myself: %s", strerror(errno));
	close(fd);
	file.header.e_type = ET_EXEC;
	file.header.e_phoff = sizeof(file.header);
	file.header.e_phnum = 1;
	file.segment = (Elf64_Phdr){ .p_type = PT_LOAD,
				     .p_flags = PF_R | PF_X,
				     .p_vaddr = 0xffff800000000000, /* the kernel's own half */
				     .p_filesz = 4096,
				     .p_memsz = 4096,
				     .p_align = 4096 };
	fd = open("broken", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, &file, sizeof(file)) != sizeof(file) || ftruncate(fd, 8192) < 0)
		truth_broken("cannot write a broken program: %s", strerror(errno));
	close(fd);

	for (int i = 0; i < 2; i++) {
		pid_t pid = case_fork();
		struct truth t;
		int status;

		if (pid == 0) {
			pthread_t other;

			if (i == 0)
				exec_broken(NULL);
			pthread_create(&other, NULL, exec_broken, NULL);
			for (;;)
				pause();
		}
		status = case_reap(pid);
		if (!WIFSIGNALED(status))
			truth_broken("it survived: wait status %#x", status);
		truth_event(&t, "exec_failed", pid);
		truth_num(&t, "tid", pid);
		truth_str(&t, "comm", "broken");
		truth_end(&t);
		truth_event(&t, "exit", pid);
		truth_raw(&t, "signal", "\"%s\"", case_signal_name(WTERMSIG(status)));
		truth_end(&t);
	}
	unlink("broken");
}

/* The same again and again, as a program does that polls for another. */
static void repeated(void)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		for (int i = 0; i < 100; i++)
			attempt(absent, false);
		_exit(0);
	}
	case_wait(pid);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	truth_begin();
	if (!strcmp(what, "errnos"))
		errnos();
	else if (!strcmp(what, "path_search"))
		path_search();
	else if (!strcmp(what, "thread"))
		thread();
	else if (!strcmp(what, "repeated"))
		repeated();
	else if (!strcmp(what, "late"))
		late();
	else if (!strcmp(what, "by_fd"))
		by_fd();
	else
		truth_broken("no such part: %s", what);
	return 0;
}
