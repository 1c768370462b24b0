/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/pace.c - how late events are, and who pays, at so many processes a second.
 *
 * Owns:    the load (one /bin/true after the other, at random distances), busy CPUs beside it, and
 *          the table.
 * Not:     storms (storm.py), and lines on a pipe (endtoend.py).
 *
 * usage: pace [-t SECONDS] [-r RATE]... [-b BUSY]... [-e json|text]
 * The reader waits as the command does: poll(2) on begat_fd(), then begat_poll(b, 0), with the same
 * short slice. For each rate and number of busy CPUs, and for streams with forks (json) and without
 * (text): p50 and p99 from the event to the callback, CPU time and sleeps of the reader, and how
 * long the load's fork(), exec and exit took together.
 */
#include <begat/begat.h>
#include <err.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sched.h"
#include "lib/bench.h"

#define CHOICES_MAX 8
#define BUSY_MAX 16
#define LIVES_MAX 200000
#define SLICE_NS 100000
#define SETTLE_MS 1000 /* what opening has used is forgotten */

struct page { /* shared with the load */
	int go, is_over;
	size_t count;
	uint64_t ns[LIVES_MAX];
};

static struct samples seen[BEGAT_TYPE_SLOTS];

static int take(const struct begat_event *ev, void *ctx)
{
	uint64_t now = begat_now_ns();

	samples_add(&seen[ev->type], now > ev->ts_ns ? now - ev->ts_ns : 0);
	return 0;
}

static pid_t fork_helper(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void sleep_until(uint64_t boot_ns)
{
	struct timespec until = { boot_ns / 1000000000, boot_ns % 1000000000 };

	clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL);
}

static void live_once(void)
{
	static char *const argv[] = { "true", NULL }, *const env[] = { NULL };
	pid_t pid = fork();

	if (!pid) {
		execve("/bin/true", argv, env);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void make_load(struct page *page, unsigned int rate, double seconds)
{
	unsigned int seed = 1;
	uint64_t end, next;

	while (!__atomic_load_n(&page->go, __ATOMIC_ACQUIRE))
		usleep(1000);
	next = bench_now_ns();
	end = next + (uint64_t)(seconds * 1e9);
	for (uint64_t now = next; now < end && page->count < LIVES_MAX; now = bench_now_ns()) {
		live_once();
		page->ns[page->count++] = bench_now_ns() - now;
		/* half to one and a half times the mean distance; too late is not made up for */
		next += (uint64_t)(1e9 / rate * (0.5 + rand_r(&seed) / (double)RAND_MAX));
		now = bench_now_ns();
		if (next < now)
			next = now;
		sleep_until(next);
	}
	__atomic_store_n(&page->is_over, 1, __ATOMIC_RELEASE);
	_exit(0);
}

static struct begat *open_tracer(bool has_forks, pid_t load)
{
	const struct sched_settings prompt = { .size = sizeof(prompt), .runtime_ns = SLICE_NS };
	struct begat_options opts = { .size = sizeof(opts), .callback = take, .follow = true };
	struct begat *b;

	opts.events = BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) |
		      BEGAT_EVENT_BIT(BEGAT_EXIT);
	if (has_forks)
		opts.events |= BEGAT_EVENT_BIT(BEGAT_FORK);
	if (begat_open(&opts, &b) || begat_follow(b, load))
		errx(1, "%s", begat_error(b));
	sched_settings_set(&prompt);
	return b;
}

static void wait_once(struct begat *b)
{
	struct pollfd fd = { .fd = begat_fd(b), .events = POLLIN };

	if (poll(&fd, 1, 50) > 0 && begat_poll(b, 0) < 0)
		errx(1, "%s", begat_error(b));
}

static double us(enum begat_event_type type, double share)
{
	return (double)samples_at(&seen[type], share) / 1e3;
}

static void report(const struct page *page, const char *mode, unsigned int rate, int busy,
		   double cpu, double sleeps)
{
	struct samples lives = { 0 };

	for (size_t i = 0; i < page->count; i++)
		samples_add(&lives, page->ns[i]);
	printf("%-5s %6u %5d  %7.1f %7.0f  %7.1f %7.0f  %7.1f %7.0f  %6.2f %%  %7.2f  %8.0f\n",
	       mode, rate, busy, us(BEGAT_FORK, 0.5), us(BEGAT_FORK, 0.99), us(BEGAT_EXEC, 0.5),
	       us(BEGAT_EXEC, 0.99), us(BEGAT_EXIT, 0.5), us(BEGAT_EXIT, 0.99), 100 * cpu, sleeps,
	       (double)samples_at(&lives, 0.5) / 1e3);
	bench_row("pace", mode,
		  "\"rate\":%u,\"busy\":%d,\"exec_p50_us\":%.2f,\"exec_p99_us\":%.2f,"
		  "\"exit_p50_us\":%.2f,\"exit_p99_us\":%.2f,\"cpu\":%.5f,\"sleeps\":%.3f,"
		  "\"life_p50_us\":%.1f,\"lives\":%zu",
		  rate, busy, us(BEGAT_EXEC, 0.5), us(BEGAT_EXEC, 0.99), us(BEGAT_EXIT, 0.5),
		  us(BEGAT_EXIT, 0.99), cpu, sleeps, (double)samples_at(&lives, 0.5) / 1e3,
		  page->count);
	samples_done(&lives);
}

static void measure(const char *mode, unsigned int rate, int busy, double seconds)
{
	struct page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rusage before, after;
	pid_t load, hogs[BUSY_MAX];
	uint64_t start, cpu, settled;
	struct begat *b;

	if (page == MAP_FAILED)
		err(1, "mmap");
	load = fork_helper();
	if (!load)
		make_load(page, rate, seconds);
	for (int i = 0; i < busy; i++) {
		hogs[i] = fork_helper();
		if (!hogs[i])
			for (;;)
				;
	}
	b = open_tracer(!strcmp(mode, "json"), load);
	settled = bench_now_ns() + SETTLE_MS * 1000000ull;
	while (bench_now_ns() < settled)
		wait_once(b);
	for (int type = 0; type < BEGAT_TYPE_SLOTS; type++)
		samples_clear(&seen[type]);
	getrusage(RUSAGE_THREAD, &before);
	cpu = bench_thread_cpu_ns();
	start = bench_now_ns();
	__atomic_store_n(&page->go, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&page->is_over, __ATOMIC_ACQUIRE))
		wait_once(b);
	cpu = bench_thread_cpu_ns() - cpu;
	getrusage(RUSAGE_THREAD, &after);
	report(page, mode, rate, busy, (double)cpu / (double)(bench_now_ns() - start),
	       (double)(after.ru_nvcsw - before.ru_nvcsw) / (double)page->count);
	begat_close(b);
	for (int i = 0; i < busy; i++)
		kill(hogs[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	munmap(page, sizeof(*page));
}

int main(int argc, char **argv)
{
	int rates[CHOICES_MAX] = { 5, 20, 100, 1000 }, rate_count = 0;
	int busy[CHOICES_MAX] = { 0, 1, 2 }, busy_count = 0;
	const char *only = NULL;
	double seconds = 4;
	int option;

	while ((option = getopt(argc, argv, "t:r:b:e:")) != -1) {
		if (option == 't')
			seconds = atof(optarg);
		else if (option == 'r' && rate_count < CHOICES_MAX && atoi(optarg) > 0)
			rates[rate_count++] = atoi(optarg);
		else if (option == 'b' && busy_count < CHOICES_MAX && atoi(optarg) <= BUSY_MAX)
			busy[busy_count++] = atoi(optarg);
		else if (option == 'e')
			only = optarg;
		else
			errx(2,
			     "usage: pace [-t SECONDS] [-r RATE]... [-b BUSY]... [-e json|text]");
	}
	printf("%-5s %6s %5s  %15s  %15s  %15s  %8s  %7s  %8s\n", "", "rate", "busy",
	       "fork p50 p99", "exec p50 p99", "exit p50 p99", "CPU", "sleeps", "life p50");
	for (int i = 0; i < (busy_count ? busy_count : 3); i++)
		for (int k = 0; k < (rate_count ? rate_count : 4); k++) {
			if (!only || !strcmp(only, "json"))
				measure("json", (unsigned int)rates[k], busy[i], seconds);
			if (!only || !strcmp(only, "text"))
				measure("text", (unsigned int)rates[k], busy[i], seconds);
		}
	puts("microseconds; sleeps of the reader a process; life: fork(), exec and exit of the "
	     "load");
	return 0;
}
