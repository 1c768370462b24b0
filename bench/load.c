/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/load.c - makes processes: as fast as it can, at a rate, or execs that fail.
 *
 * usage: load spawn JOBS COUNT [PERIOD_US [ARGUMENT...]]  fork + exec + exit + wait; one a period
 *        load fail  JOBS COUNT                            execve() of what is not there
 *        load nothing ...                                 what `spawn` executes: returns at once
 *
 * COUNT is of each job. Prints the nanoseconds that the slowest job needed and the CPU time that
 * all together took, hooks included: on a busy machine only the second can be compared. Small and static: what
 * is measured is the kernel's work and the tracer's, not the dynamic loader's.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end)
		errx(2, "not a number: %s", text);
	return value;
}

/* In memory that a child has at once: tools that read arguments at entry see these. */
static char self[4096], nothing[] = "nothing";
static char *child_argv[64] = { self, nothing };
static char *const no_environment[] = { NULL };

static void spawn_one(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		execve(self, child_argv, no_environment);
		_exit(127);
	}
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
}

static void job_spawn(unsigned long count, unsigned long period_us)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned long i = 0; i < count; i++) {
		spawn_one();
		if (!period_us)
			continue;
		/* By the clock: what a process takes does not change the rate. */
		next.tv_nsec += (long)(period_us * 1000);
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

static void job_fail(unsigned long count)
{
	static char *const argv[] = { "cc", "-c", "-O2", "no-such-file.c", NULL };

	for (unsigned long i = 0; i < count; i++)
		execve("/nonexistent/bin/cc", argv, no_environment);
}

static unsigned long long children_cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ull +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ull;
}

/* All jobs start at the same moment; the clock runs from there to the end of the slowest. */
static unsigned long long run_jobs(const char *kind, unsigned long jobs, unsigned long count,
				   unsigned long period_us)
{
	struct shared {
		int go;
		unsigned long long end_ns[256];
	} *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	unsigned long long start, end = 0;

	if (shared == MAP_FAILED || jobs > 256)
		err(1, "jobs");
	for (unsigned long job = 0; job < jobs; job++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid)
			continue;
		while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
			usleep(100);
		if (!strcmp(kind, "fail"))
			job_fail(count);
		else
			job_spawn(count, period_us);
		shared->end_ns[job] = now_ns();
		_exit(0);
	}
	start = now_ns();
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	while (wait(NULL) > 0)
		;
	for (unsigned long job = 0; job < jobs; job++)
		end = shared->end_ns[job] > end ? shared->end_ns[job] : end;
	return end - start;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";

	if (!strcmp(kind, "nothing"))
		return 0;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		err(1, "/proc/self/exe");
	nothing[0] = 'n';
	__asm__ volatile("" : : "r"(nothing) : "memory");
	if (argc < 4 || (strcmp(kind, "spawn") && strcmp(kind, "fail")))
		errx(2, "usage: load spawn|fail JOBS COUNT [PERIOD_US [ARGUMENT...]]");
	for (int i = 5; i < argc && i < 60; i++)
		child_argv[i - 3] = argv[i];
	printf("%llu ",
	       run_jobs(kind, number(argv[2]), number(argv[3]), argc > 4 ? number(argv[4]) : 0));
	printf("%llu\n", children_cpu_ns());
	return 0;
}
