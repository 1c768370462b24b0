/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_fork.c - how processes come to be: fork, vfork, clone; who their parents are.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EMPTY_ENV ((char *const[]){ NULL })

/* No exec: its exit must still say what it was, namely its parent's image. */
static void plain(void)
{
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0)
		_exit(7);
	status = case_reap(pid);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", WEXITSTATUS(status));
	truth_num(&t, "ppid", getpid());
	truth_num(&t, "execs", 0);
	truth_str(&t, "exe", case_self);
	truth_range(&t, "duration_ns", 1, 60000000000);
	truth_end(&t);
}

static void do_vfork(void)
{
	char *const argv[] = { "vforked", NULL };
	char *const env[] = { "BEGAT_TARGET=exit:9", NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execve(case_target, argv, env);
		_exit(99);
	}
	truth_fork(pid, getpid());
	truth_exec(pid, case_target, case_target, argv);
	case_wait(pid);

	pid = vfork();
	if (pid == 0)
		_exit(11);
	truth_fork(pid, getpid());
	case_wait(pid);
}

/* The middle one clones a sibling of itself: who forked is not the parent. */
static void clone_parent(void)
{
	pid_t *made = case_shared(2 * sizeof(*made));
	pid_t middle = case_fork();
	struct truth t;

	if (middle == 0) {
		pid_t sibling =
			(pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);

		if (sibling == 0)
			_exit(21);
		made[0] = sibling;
		_exit(20);
	}
	case_wait(middle);
	if (made[0] <= 0)
		truth_broken("clone with CLONE_PARENT failed");
	truth_event(&t, "fork", made[0]);
	truth_num(&t, "ppid", getpid());
	truth_raw(&t, "forked_by", "{\"has\":{\"pid\":%d}}", middle);
	truth_end(&t);
	case_wait(made[0]);

	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	truth_event(&t, "fork", pid);
	truth_num(&t, "ppid", getpid());
	truth_absent(&t, "forked_by");
	truth_end(&t);
	case_wait(pid);
}

/*
 * A daemon's two forks. The grandchild outlives the middle one: its parent at the fork is the
 * middle one, at its exec and exit the one that the kernel gave it to.
 */
static void double_fork(void)
{
	pid_t *made = case_shared(4 * sizeof(*made));
	int alive[2], dead[2];
	struct truth t;
	pid_t middle;
	char c;

	if (pipe(alive) < 0 || pipe(dead) < 0)
		truth_broken("pipe: %s", strerror(errno));
	middle = case_fork();
	if (middle == 0) {
		setsid();
		pid_t grandchild = fork();

		if (grandchild == 0) {
			char *const argv[] = { "daemon", NULL };

			close(dead[0]);
			close(alive[1]);
			/* The parent says when the middle one is reaped. */
			while (read(alive[0], &c, 1) < 0)
				;
			made[1] = getppid();
			execve(case_target, argv, EMPTY_ENV);
			_exit(99);
		}
		made[0] = grandchild;
		_exit(30);
	}
	close(dead[1]);
	close(alive[0]);
	case_wait(middle);
	close(alive[1]);
	/* Inherited through the exec: it ends when the grandchild does. */
	while (read(dead[0], &c, 1) > 0)
		;
	truth_fork(made[0], middle);
	char *const argv[] = { "daemon", NULL };

	truth_event(&t, "exec", made[0]);
	truth_num(&t, "ppid", made[1]);
	truth_vector(&t, "argv", argv);
	truth_end(&t);
	truth_event(&t, "exit", made[0]);
	truth_num(&t, "ppid", made[1]);
	truth_num(&t, "exit_code", 0);
	truth_end(&t);
}

static void *nothing(void *arg)
{
	return arg;
}

/* Threads are no processes: no fork, no exit, one process. */
static void threads(void)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		for (int round = 0; round < 4; round++) {
			pthread_t thread[8];

			for (int i = 0; i < 8; i++)
				pthread_create(&thread[i], NULL, nothing, NULL);
			for (int i = 0; i < 8; i++)
				pthread_join(thread[i], NULL);
		}
		_exit(0);
	}
	case_wait(pid);
}

/* A thread that forks: the parent is the process, not the thread. */
static void *fork_in_thread(void *arg)
{
	pid_t *made = arg;

	pid_t pid = fork();

	if (pid == 0)
		_exit(41);
	made[0] = pid;
	made[1] = case_reap(pid);
	return NULL;
}

static void thread_forks(void)
{
	pid_t *made = case_shared(2 * sizeof(*made));
	pid_t pid = case_fork();

	if (pid == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, fork_in_thread, made);
		pthread_join(thread, NULL);
		_exit(0);
	}
	case_wait(pid);
	truth_fork(made[0], pid);
	truth_exit(made[0], made[1]);
}

static pid_t start_short_life(int number, char *const argv[])
{
	char value[32];
	char *const env[] = { value, NULL };

	snprintf(value, sizeof(value), "BEGAT_TARGET=exit:%d", number % 256);

	pid_t pid = number % 4 == 1 ? vfork() : fork();

	if (pid == 0) {
		if (number % 2)
			execve(case_target, argv, env);
		_exit(number % 256);
	}
	return pid;
}

/* @count lives, eight at a time; every second one execs. */
static void storm(int count)
{
	enum { ABREAST = 8 };
	char *const argv[] = { "short", "life", NULL };
	int started = 0, running = 0, status;
	pid_t pid;

	while (started < count || running > 0) {
		if (started < count && running < ABREAST) {
			pid = start_short_life(started, argv);
			if (pid < 0)
				truth_broken("fork: %s", strerror(errno));
			truth_fork(pid, getpid());
			if (started % 2)
				truth_exec(pid, case_target, case_target, argv);
			started++;
			running++;
			continue;
		}
		pid = waitpid(-1, &status, 0);
		truth_exit(pid, status);
		running--;
	}
}

/* Each forks the next and waits for it: lineage @depth deep. */
static void deep(int depth)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		if (depth > 1)
			deep(depth - 1);
		_exit(depth);
	}
	case_wait(pid);
}

static void survivor(int ends[2])
{
	static const char *const argv[] = { "survivor", "of", "a", "loss", NULL };
	pid_t pid = case_fork();

	if (pid == 0) {
		close(ends[1]);
		dup2(ends[0], 0);
		execve(case_target, (char *const *)argv,
		       (char *const[]){ "BEGAT_TARGET=hold", NULL });
		_exit(99);
	}
	truth_exec(pid, case_target, case_target, (char *const *)argv);
}

/* A child that has ended and stays unreaped, until its parent ends with @ends. */
static pid_t zombie(int ends[2])
{
	pid_t *made = case_shared(sizeof(*made)), pid;
	int told[2];
	char byte;

	if (pipe(told) < 0)
		truth_broken("pipe: %s", strerror(errno));
	pid = case_fork();
	if (pid == 0) {
		siginfo_t info;
		pid_t child = fork();

		if (child == 0)
			_exit(9);
		*made = child;
		close(ends[1]);
		if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) < 0 ||
		    write(told[1], "z", 1) != 1)
			_exit(98);
		_exit(read(ends[0], &byte, 1) ? 98 : 0);
	}
	close(told[1]);
	if (read(told[0], &byte, 1) != 1)
		truth_broken("the zombie was not made");
	close(told[0]);
	truth_fork(*made, pid);
	truth_exit(*made, 9 << 8);
	return pid;
}

struct realm {
	pid_t keeper;
	int end[2], ended[2], bury[2]; /* closed, written and closed, one after the other */
};

/* Ends the init of the namespace that it made, and stays until the other one is to be buried. */
static void keep_realm(struct realm *realm, pid_t *made)
{
	siginfo_t info;
	char byte;

	close(realm->end[1]);
	close(realm->bury[1]);
	if (unshare(CLONE_NEWPID) < 0)
		_exit(98);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork(); /* made is shared: the child must not write there */

		if (pid == 0 && i == 0)
			_exit(read(realm->end[0], &byte, 1) ? 98 : 5);
		while (pid == 0)
			pause();
		made[i] = pid;
	}
	if (write(realm->ended[1], "m", 1) != 1 ||
	    waitid(P_PID, (id_t)made[1], &info, WEXITED | WNOWAIT) < 0 ||
	    write(realm->ended[1], "e", 1) != 1 || read(realm->bury[0], &byte, 1))
		_exit(98);
	case_reap(made[1]);
	case_reap(made[0]);
	_exit(0);
}

/*
 * A PID namespace of two. When its init ends it kills the other one and stays in do_exit(), behind
 * its exit hook, until that one is reaped: by its keeper, on "bury".
 */
static void make_realm(struct realm *realm)
{
	pid_t *made = case_shared(2 * sizeof(*made));
	char byte;

	if (pipe(realm->end) < 0 || pipe(realm->ended) < 0 || pipe(realm->bury) < 0)
		truth_broken("pipe: %s", strerror(errno));
	realm->keeper = case_fork();
	if (realm->keeper == 0)
		keep_realm(realm, made);
	close(realm->end[0]);
	close(realm->ended[1]);
	close(realm->bury[0]);
	if (read(realm->ended[0], &byte, 1) != 1)
		truth_broken("the PID namespace was not made");
	truth_fork(made[0], realm->keeper);
	truth_fork(made[1], realm->keeper);
	truth_exit(made[0], 5 << 8);
	truth_exit(made[1], SIGKILL);
}

static void end_realm(struct realm *realm)
{
	char byte;

	close(realm->end[1]);
	if (read(realm->ended[0], &byte, 1) != 1)
		truth_broken("the init of the PID namespace did not end");
}

/*
 * Does what the harness says: "lives N" at once; "survivors" start, with "end" they end; a
 * "zombie" is made and "bury" ends it; a "realm" is made, its "fall" begins, "bury" ends it;
 * "quit". After each it says so.
 */
static void phases(void)
{
	enum { SURVIVORS = 3 };
	char command[64];
	int ends[2], grave[2];
	struct realm realm = { 0 };
	pid_t mourner = 0;

	if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(grave, O_CLOEXEC) < 0)
		truth_broken("pipe: %s", strerror(errno));
	while (truth_command(command, sizeof(command)) && strcmp(command, "quit") != 0) {
		if (!strncmp(command, "lives ", 6))
			storm(atoi(command + 6));
		else if (!strcmp(command, "sentinel"))
			case_sentinel();
		else if (!strcmp(command, "zombie"))
			mourner = zombie(grave);
		else if (!strcmp(command, "realm"))
			make_realm(&realm);
		else if (!strcmp(command, "fall"))
			end_realm(&realm);
		if (!strcmp(command, "bury")) {
			close(mourner ? grave[1] : realm.bury[1]);
			case_wait(mourner ?: realm.keeper);
		}
		for (int i = 0; !strcmp(command, "survivors") && i < SURVIVORS; i++)
			survivor(ends);
		if (!strcmp(command, "end")) {
			close(ends[1]);
			for (int i = 0; i < SURVIVORS; i++) {
				int status;
				pid_t pid = waitpid(-1, &status, 0);

				truth_exit(pid, status);
			}
		}
		truth_note("done %s", command);
	}
}

/* Short lives until the harness says anything; their truth is not told. */
static void endless(void)
{
	char *const argv[] = { "short", "life", NULL };
	char command[64];

	for (int i = 0; !truth_has_command(); i++) {
		pid_t pid = start_short_life(i, argv);

		if (pid > 0)
			case_reap(pid);
	}
	truth_command(command, sizeof(command));
}

/* A child that goes on when the case has ended; it holds none of the pipes. */
static void outlive(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(0);
		close(1);
		close(2);
		for (;;)
			pause();
	}
	truth_fork(pid, getpid());
	truth_note("outlives");
}

/* Ends while a child of its goes on with a storm, which only a signal ends. */
static void leave(void)
{
	enum { LIVES_BEFORE = 50 };
	char *const argv[] = { "short", "life", NULL };
	int told[2];
	char byte;

	if (pipe2(told, O_CLOEXEC) < 0)
		truth_broken("pipe: %s", strerror(errno));

	pid_t pid = fork();

	if (pid == 0) {
		close(0);
		close(1);
		close(2);
		for (int i = 0;; i++) {
			pid_t life = start_short_life(i, argv);

			if (life > 0)
				case_reap(life);
			if (i == LIVES_BEFORE && write(told[1], "", 1) < 0)
				_exit(1);
		}
	}
	close(told[1]);
	truth_note("leaves %d", (int)pid);
	if (read(told[0], &byte, 1) != 1)
		truth_broken("the storm did not begin");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 2000;

	truth_begin();
	if (!strcmp(what, "plain"))
		plain();
	else if (!strcmp(what, "vfork"))
		do_vfork();
	else if (!strcmp(what, "clone_parent"))
		clone_parent();
	else if (!strcmp(what, "double_fork"))
		double_fork();
	else if (!strcmp(what, "threads"))
		threads();
	else if (!strcmp(what, "thread_forks"))
		thread_forks();
	else if (!strcmp(what, "storm"))
		storm(n);
	else if (!strcmp(what, "phases"))
		phases();
	else if (!strcmp(what, "endless"))
		endless();
	else if (!strcmp(what, "leave"))
		leave();
	else if (!strcmp(what, "outlive"))
		outlive();
	else if (!strcmp(what, "deep"))
		deep(n);
	else
		truth_broken("no such part: %s", what);
	return 0;
}
