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
#include <sys/mman.h>
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

#define NEAR_STRINGS 20
#define NEAR_LAYOUTS 240

/* Strings in memory that ends with them: the page behind it cannot be read. */
struct layout {
	char *memory; /* two pages, and the one that cannot be read */
	char *filename;
	char *argv[NEAR_STRINGS + 1];
	size_t argc;
	unsigned int random;
};

static unsigned int draw(struct layout *l, unsigned int below)
{
	l->random = l->random * 1103515245 + 12345;
	return (l->random >> 16) % below;
}

/* Bytes that are hard to tell from the end of a string, a word at a time. */
static void lay_text(struct layout *l, char *from, char *to)
{
	static const char hard[] = "\x01\x7f\x80\x81\xff";

	while (from < to)
		*from++ = draw(l, 4) ? (char)('a' + draw(l, 26)) : hard[draw(l, 5)];
}

/*
 * Layout @nth of memory from @at to @end (the end of a page): where strings lie, how long they are and
 * which is which is drawn, so that they are in any order, overlap, are the same, and are cut by
 * what lies behind them at every distance from what begat reads at once.
 */
static void lay(struct layout *l, unsigned int nth, char *at, char *end)
{
	char *start;

	l->random = nth * 7919;
	lay_text(l, at, end);
	end[-1] = '\0';
	for (char *p = at; p < end; p += 1 + draw(l, nth % 4 == 3 ? 300 : 1 + (nth % 5) * 20))
		*p = '\0';
	l->argc = 1 + draw(l, nth % 3 ? 8 : NEAR_STRINGS - 1);
	start = end - 1 - draw(l, 600); /* in the middle: across two pages */
	for (size_t i = 0; i < l->argc; i++) {
		char *string = start + draw(l, 120 + 60 * (nth % 8));

		l->argv[i] = string < end ? string : end - 1;
	}
	l->argv[l->argc] = NULL;
	l->filename = l->memory;
	if (nth % 4) {
		l->filename = l->argv[draw(l, (unsigned int)l->argc)];
		if (l->filename < end - 1)
			memcpy(l->filename, "/", 2); /* cannot be executed */
	}
}

static void lay_out(struct layout *l, unsigned int nth)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!l->memory) {
		l->memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (l->memory == MAP_FAILED || mprotect(l->memory + 2 * page, page, PROT_NONE) < 0)
			truth_broken("cannot map memory: %s", strerror(errno));
	}
	memset(l->memory, 0, 2 * page);
	strcpy(l->memory, "/no/such/file, far from its arguments");
	/* at the end of the last page, or across the two */
	if (nth % 2)
		lay(l, nth, l->memory + 2 * page - 1200, l->memory + 2 * page);
	else
		lay(l, nth, l->memory + page - 800, l->memory + page + 400);
}

/* What begat reads at once where strings lie near each other is what each of them is. */
static void near(void)
{
	int *errors = case_shared(NEAR_LAYOUTS * sizeof(*errors));
	struct layout l = { 0 };
	pid_t pid = case_fork();
	int status;

	if (pid == 0) {
		char *const env[] = { NULL };

		for (unsigned int nth = 0; nth < NEAR_LAYOUTS; nth++) {
			lay_out(&l, nth);
			execve(l.filename, l.argv, env);
			errors[nth] = errno;
		}
		_exit(0);
	}
	status = case_reap(pid);
	for (unsigned int nth = 0; nth < NEAR_LAYOUTS; nth++) {
		lay_out(&l, nth);
		truth_failed(pid, l.filename, errors[nth], l.argv);
	}
	truth_exit(pid, status);
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
	else if (!strcmp(what, "near"))
		near();
	else if (!strcmp(what, "late"))
		late();
	else if (!strcmp(what, "by_fd"))
		by_fd();
	else
		truth_broken("no such part: %s", what);
	return 0;
}
