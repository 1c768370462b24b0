/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_exit.c - how processes end: codes, signals, threads that outlive their leader.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void codes(void)
{
	static const int list[] = {
		0, 1, 2, 3, 42, 77, 125, 126, 127, 128, 129, 137, 200, 254, 255
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		pid_t pid = case_fork();

		if (pid == 0)
			_exit(list[i]);
		case_wait(pid);
	}
	/* Only the low eight bits count. */
	pid_t pid = case_fork();

	if (pid == 0)
		_exit(0x1234);
	case_wait(pid);
}

static void no_core(void)
{
	struct rlimit limit = { 0, 0 };

	setrlimit(RLIMIT_CORE, &limit);
}

/* Exit by a signal that @killer sent (0: the kernel itself). */
static void truth_killed(pid_t pid, int status, pid_t killer, const char *comm)
{
	struct truth t;

	truth_event(&t, "exit", pid);
	truth_raw(&t, "signal", "\"%s\"", case_signal_name(WTERMSIG(status)));
	truth_absent(&t, "exit_code");
	truth_bool(&t, "core_dumped", WCOREDUMP(status));
	if (killer)
		truth_raw(&t, "killed_by", "{\"has\":{\"pid\":%d,\"comm\":\"%s\"}}", killer, comm);
	else
		truth_raw(&t, "killed_by", "{\"has\":{\"pid\":0,\"oom\":false}}");
	truth_end(&t);
}

static void signals(void)
{
	const int list[] = { SIGHUP,	SIGINT,	 SIGQUIT,  SIGILL,	SIGTRAP, SIGABRT,
			     SIGBUS,	SIGFPE,	 SIGKILL,  SIGUSR1,	SIGSEGV, SIGUSR2,
			     SIGPIPE,	SIGALRM, SIGTERM,  SIGXCPU,	SIGXFSZ, SIGSYS,
			     SIGVTALRM, SIGPROF, SIGRTMIN, SIGRTMIN + 5 };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		pid_t pid = case_fork();
		int status;

		if (pid == 0) {
			no_core();
			signal(list[i], SIG_DFL);
			kill(getpid(), list[i]);
			_exit(99);
		}
		status = case_reap(pid);
		if (!WIFSIGNALED(status))
			truth_broken("signal %d did not kill", list[i]);
		truth_killed(pid, status, pid, "c_exit");
	}
}

static void remove_cores(pid_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "core.%d", pid);
	unlink(name);
	unlink("core");
}

/* Whether a core is written is the kernel's matter: wait(2) says what it did. */
static void core(void)
{
	static const int list[] = { SIGABRT, SIGSEGV, SIGQUIT };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		pid_t pid = case_fork();

		if (pid == 0) {
			struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

			if (setrlimit(RLIMIT_CORE, &limit) < 0) {
				getrlimit(RLIMIT_CORE, &limit);
				limit.rlim_cur = limit.rlim_max;
				setrlimit(RLIMIT_CORE, &limit);
			}
			signal(list[i], SIG_DFL);
			if (list[i] == SIGSEGV)
				*(volatile int *)8 = 1;
			raise(list[i]);
			_exit(99);
		}
		case_wait(pid);
		remove_cores(pid);
	}
}

/* A fault is the kernel's doing, not somebody's. */
static void fault(void)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		no_core();
		signal(SIGSEGV, SIG_DFL);
		*(volatile int *)8 = 1;
		_exit(99);
	}
	truth_killed(pid, case_reap(pid), 0, NULL);
}

static void sleep_until_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3 };
	struct itimerspec when = { .it_value = { .tv_nsec = 20000000 } };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &when, NULL) < 0)
		_exit(99);
	for (;;)
		pause();
}

/*
 * A timer goes off while an unrelated process runs: that process is no killer. A signal that a
 * process sent with the code of a timer is no timer's.
 */
static void timer(void)
{
	pid_t busy[16], pid;
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_TIMER };
	size_t count = sysconf(_SC_NPROCESSORS_ONLN);

	if (count > sizeof(busy) / sizeof(*busy))
		count = sizeof(busy) / sizeof(*busy);
	for (size_t i = 0; i < count; i++) {
		busy[i] = case_fork();
		if (busy[i] == 0)
			for (;;)
				;
	}
	pid = case_fork();
	if (pid == 0)
		sleep_until_timer();
	truth_killed(pid, case_reap(pid), 0, NULL);
	for (size_t i = 0; i < count; i++) {
		kill(busy[i], SIGKILL);
		case_wait(busy[i]);
	}

	pid = case_fork();
	if (pid == 0)
		for (;;)
			pause();
	if (syscall(SYS_rt_sigqueueinfo, pid, SIGTERM, &info) < 0)
		truth_broken("rt_sigqueueinfo: %s", strerror(errno));
	truth_killed(pid, case_reap(pid), getpid(), "c_exit");
}

/* By the parent, and by a third process. */
static void killed(void)
{
	int status;
	pid_t pid = case_fork();

	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGKILL);
	status = case_reap(pid);
	truth_killed(pid, status, getpid(), "c_exit");

	pid = case_fork();
	if (pid == 0)
		for (;;)
			pause();
	pid_t killer = case_fork();

	if (killer == 0)
		_exit(kill(pid, SIGTERM));
	status = case_reap(pid);
	truth_killed(pid, status, killer, "c_exit");
	case_wait(killer);
}

/*
 * Without a system call to send one: the kernel's answer to what the process itself did, and what
 * a parent that dies has to be told for it by name.
 */
static void unsent(void)
{
	pid_t *made = case_shared(sizeof(*made));
	pid_t pid = case_fork();
	int ends[2], status;
	char byte;

	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		if (pipe(ends) < 0)
			_exit(98);
		close(ends[0]);
		_exit(write(ends[1], "x", 1) < 0 ? 97 : 99);
	}
	truth_killed(pid, case_reap(pid), 0, NULL);

	pid = case_fork();
	if (pid == 0) {
		struct rlimit limit = { 0, 0 };
		int fd = (int)syscall(SYS_memfd_create, "limited", 0);

		no_core();
		signal(SIGXFSZ, SIG_DFL);
		if (fd < 0 || setrlimit(RLIMIT_FSIZE, &limit) < 0)
			_exit(98);
		_exit(write(fd, "x", 1) < 0 ? 97 : 99);
	}
	truth_killed(pid, case_reap(pid), 0, NULL);

	if (pipe(ends) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		truth_broken("pipe or prctl: %s", strerror(errno));
	pid = case_fork();
	if (pid == 0) {
		pid_t child = fork();

		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGUSR1);
			if (write(ends[1], "x", 1) == 1)
				for (;;)
					pause();
			_exit(98);
		}
		*made = child;
		_exit(read(ends[0], &byte, 1) == 1 ? 3 : 98);
	}
	case_wait(pid);
	status = case_reap(*made);
	truth_fork(*made, pid);
	truth_killed(*made, status, pid, "c_exit");
	close(ends[0]);
	close(ends[1]);
}

static atomic_int *gate;

static void *outlive(void *arg)
{
	/* Until the leader is a zombie: state Z of its own task. */
	char path[64], text[512];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	do {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = '\0';
	} while (!strstr(text, ") Z "));
	*gate = 1;
	syscall(*(int *)arg, 9);
	return NULL;
}

/*
 * The leader goes first with 5. If the last thread leaves alone (exit), wait(2) reports the
 * leader's 5; if it ends the group (exit_group), 9. One exit event, when the last one goes.
 */
static void leader_first(void)
{
	static int calls[] = { SYS_exit, SYS_exit_group };

	gate = case_shared(sizeof(*gate));
	for (size_t i = 0; i < 2; i++) {
		pid_t pid;

		*gate = 0;
		pid = case_fork();
		if (pid == 0) {
			pthread_t thread;

			pthread_create(&thread, NULL, outlive, &calls[i]);
			syscall(SYS_exit, 5);
		}
		case_wait(pid);
		if (!*gate)
			truth_broken("the thread did not outlive its leader");
	}
}

static pthread_barrier_t start_line;

static void *leave(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&start_line);
	syscall(SYS_exit, 2);
	return NULL;
}

/* Leader and thread leave at the same moment: one exit event each time. */
static void racing(int times)
{
	for (int i = 0; i < times; i++) {
		pid_t pid = case_fork();

		if (pid == 0) {
			pthread_t thread;

			pthread_barrier_init(&start_line, NULL, 2);
			pthread_create(&thread, NULL, leave, NULL);
			pthread_barrier_wait(&start_line);
			syscall(SYS_exit, 1);
		}
		case_wait(pid);
	}
}

static void *spin(void *arg)
{
	(void)arg;
	for (;;)
		;
	return NULL;
}

/* exit_group with threads that are killed by it: still one exit. */
static void group(void)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		for (int i = 0; i < 6; i++) {
			pthread_t thread;

			pthread_create(&thread, NULL, i % 2 ? spin : outlive, &(int){ SYS_exit });
		}
		exit(33);
	}
	case_wait(pid);
}

static void rlimit_cpu(void)
{
	pid_t pid = case_fork();
	struct rusage usage;
	struct truth t;
	long long utime, stime;
	int status;

	if (pid == 0) {
		struct rlimit limit = { 1, 2 };

		no_core();
		setrlimit(RLIMIT_CPU, &limit);
		for (;;)
			;
	}
	status = case_reap(pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGXCPU)
		truth_broken("RLIMIT_CPU: status %#x", status);
	truth_event(&t, "exit", pid);
	truth_raw(&t, "signal", "\"SIGXCPU\"");
	/* A second, but where a tick comes late, as under emulation, more: it is asked. */
	getrusage(RUSAGE_CHILDREN, &usage);
	utime = usage.ru_utime.tv_sec * 1000000000LL + usage.ru_utime.tv_usec * 1000LL;
	/*
	 * The split moves by each tick of its exit, more than one on a slow machine. The sum does not,
	 * but for the interrupts since the scheduler looked: it will take them out at its next look, and
	 * this one dies of a tick, which is one. Under emulation an interrupt takes some milliseconds.
	 */
	stime = usage.ru_stime.tv_sec * 1000000000LL + usage.ru_stime.tv_usec * 1000LL;
	truth_range(&t, "utime_ns", utime - 100000000, utime + stime + 20000000);
	truth_end(&t);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	truth_begin();
	if (!strcmp(what, "codes"))
		codes();
	else if (!strcmp(what, "signals"))
		signals();
	else if (!strcmp(what, "core"))
		core();
	else if (!strcmp(what, "fault"))
		fault();
	else if (!strcmp(what, "timer"))
		timer();
	else if (!strcmp(what, "unsent"))
		unsent();
	else if (!strcmp(what, "killed"))
		killed();
	else if (!strcmp(what, "leader_first"))
		leader_first();
	else if (!strcmp(what, "racing"))
		racing(argc > 2 ? atoi(argv[2]) : 200);
	else if (!strcmp(what, "group"))
		group();
	else if (!strcmp(what, "rlimit_cpu"))
		rlimit_cpu();
	else
		truth_broken("no such part: %s", what);
	return 0;
}
