/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/latency.c - from the kernel's time stamp to the library's callback, beside two floors.
 *
 * Owns:    the distributions by mode, load and kind of event; the floors, taken in the same rounds.
 * Not:     what a tool's user sees on a pipe (endtoend.py).
 *
 * usage: latency [-r ROUNDS] [-n PROCESSES] [-p PAUSE_US] [-m MODE]... [-l paced|storm|busy]...
 * A round runs every mode and both floors one after the other, so that a machine that is busy
 * for a while is so for all of them. Loads, each by fork + exec + exit:
 *   paced   one every 2 ms: the fork is the first event after a pause, the rest a burst;
 *           "first" is the first event of any kind after half of that
 *   storm   one after the other
 *   busy    paced, and a process on each CPU that never sleeps
 * Floors: a time stamp handed to a spinning thread on another CPU; a time stamp and an eventfd to
 * a thread in epoll_wait(), the writer then doing what the paced load does; a bare record of the
 * hooks of the paced load (floor.bpf.c) to libbpf's reader, which spins or is woken: what is left
 * is what begat's own programs, decoding and process table add.
 */
#include <begat/begat.h>
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/priority.h"
#include "lib/bench.h"
#define FLOOR_READER
#include "lib/floor.h"

#define ROUNDS_MAX 64

enum load { PACED, STORM, BUSY, LOADS };
static const char *const load_names[] = { "paced", "storm", "busy" };

enum kind { FIRST, FORK, EXEC, EXIT, KINDS };
static const char *const kind_names[] = { "first", "fork", "exec", "exit" };

struct mode {
	const char *name;
	enum begat_latency latency;
	enum priority priority; /* the command's are the last two */
};

static const struct mode modes[] = {
	{ "low", BEGAT_LOW, PRIORITY_USUAL },
	{ "balanced", BEGAT_BALANCED, PRIORITY_USUAL },
	{ "batch", BEGAT_BATCH, PRIORITY_USUAL },
	{ "low, raised", BEGAT_LOW, PRIORITY_FIRST },
	{ "balanced, prompt", BEGAT_BALANCED, PRIORITY_PROMPT },
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

struct result {
	struct samples kinds[KINDS];
	double cpu[ROUNDS_MAX]; /* share of a core */
	double first_p50[ROUNDS_MAX], first_p99[ROUNDS_MAX]; /* against the floor of the round */
	size_t rounds;
};

static struct result results[MODES][LOADS];
static struct samples wake_floor[LOADS], hand_over;
/* A bare record on the same hooks, read by libbpf's reader: by one that spins, by one that
 * sleeps, and by one that sleeps but stands among tasks as begat's does. */
enum bare { BARE_SPINS, BARE_SLEEPS, BARE_PROMPT, BARES };
static const char *const bare_names[] = { "bare record, spinning", "bare record, woken",
					  "bare record, woken, prompt" };
static struct samples bare_floor[BARES][KINDS];
static size_t processes = 400;
static unsigned int pause_us = 2000;

struct capture {
	struct samples *kinds;
	struct samples first; /* of this round */
	uint64_t last_ts_ns;
};

static int take(const struct begat_event *ev, void *ctx)
{
	struct capture *capture = ctx;
	uint64_t ns = bench_now_ns() - ev->ts_ns;

	if (ev->type != BEGAT_FORK && ev->type != BEGAT_EXEC && ev->type != BEGAT_EXIT)
		return 0;
	samples_add(&capture->kinds[ev->type == BEGAT_FORK   ? FORK
				    : ev->type == BEGAT_EXEC ? EXEC
							     : EXIT],
		    ns);
	if (ev->ts_ns - capture->last_ts_ns > pause_us * 500ull) {
		samples_add(&capture->kinds[FIRST], ns);
		samples_add(&capture->first, ns);
	}
	capture->last_ts_ns = ev->ts_ns;
	return 0;
}

static pid_t start(enum load load)
{
	char count[24], pause[24];

	snprintf(count, sizeof(count), "%zu", processes);
	snprintf(pause, sizeof(pause), "%u", pause_us);
	if (load == STORM)
		return bench_start_load((const char *[]){ "spawn", "1", count, NULL });
	return bench_start_load((const char *[]){ "kick", count, pause, "-1", "3", NULL });
}

static void poll_while(struct begat *b, pid_t pid)
{
	while (!waitpid(pid, NULL, WNOHANG))
		if (begat_poll(b, 10) < 0)
			errx(1, "%s", begat_error(b));
	begat_poll(b, 0);
}

static pid_t burners[256];

/* Only while something is measured: opening a tracer beside them takes many times as long. */
static void burn(enum load load)
{
	for (int cpu = 0; load == BUSY && cpu < bench_cpus() && cpu < 256; cpu++)
		burners[cpu] = bench_burn(cpu);
}

static void stop_burning(void)
{
	for (int cpu = 0; cpu < 256; cpu++)
		if (burners[cpu])
			bench_stop(burners[cpu]);
	memset(burners, 0, sizeof(burners));
}

/* For the mode that comes next. */
static void take_back(enum priority priority)
{
	if (priority == PRIORITY_FIRST)
		setpriority(PRIO_PROCESS, 0, 0);
	priority_take(PRIORITY_USUAL);
}

static void measure(size_t mode, enum load load, size_t round)
{
	struct result *result = &results[mode][load];
	struct capture capture = { .kinds = result->kinds };
	struct begat_options opts = {
		.size = sizeof(opts),
		.callback = take,
		.ctx = &capture,
		.latency = modes[mode].latency,
		.follow = true,
	};
	struct begat *b = NULL;
	uint64_t cpu, began;

	if (begat_open(&opts, &b) < 0 || begat_follow(b, getpid()))
		errx(1, "%s", begat_error(b));
	if (modes[mode].priority != PRIORITY_USUAL)
		priority_take(modes[mode].priority);
	burn(load);
	cpu = bench_thread_cpu_ns();
	began = bench_now_ns();
	poll_while(b, start(load));
	result->cpu[round] =
		(double)(bench_thread_cpu_ns() - cpu) / (double)(bench_now_ns() - began);
	stop_burning();
	result->first_p50[round] = (double)samples_at(&capture.first, 0.5);
	result->first_p99[round] = (double)samples_at(&capture.first, 0.99);
	result->rounds = round + 1;
	samples_done(&capture.first);
	take_back(modes[mode].priority);
	begat_close(b);
}

/* Descriptor 3 is the shared page of the loads. */
static uint64_t *open_page(void)
{
	int fd = memfd_create("stamp", 0);
	uint64_t *page;

	if (fd < 0 || ftruncate(fd, 4096) || (fd != 3 && dup2(fd, 3) < 0))
		err(1, "memfd");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	return page;
}

static void measure_wake_up(const uint64_t *stamp, struct samples *into)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, 0);
	struct epoll_event want = { .events = EPOLLIN }, got;
	char count[24], pause[24], fd[12];
	pid_t pid;

	if (epoll < 0 || event < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &want))
		err(1, "eventfd");
	snprintf(count, sizeof(count), "%zu", processes);
	snprintf(pause, sizeof(pause), "%u", pause_us);
	snprintf(fd, sizeof(fd), "%d", event);
	pid = bench_start_load((const char *[]){ "kick", count, pause, fd, "3", NULL });
	while (!waitpid(pid, NULL, WNOHANG)) {
		uint64_t value;

		if (epoll_wait(epoll, &got, 1, 10) < 1)
			continue;
		samples_add(into, bench_now_ns() - __atomic_load_n(stamp, __ATOMIC_ACQUIRE));
		if (read(event, &value, sizeof(value)) != sizeof(value))
			err(1, "eventfd");
	}
	close(event);
	close(epoll);
}

struct bare_capture {
	struct samples *kinds;
	uint64_t last_ts_ns;
};

static int take_bare(void *ctx, void *data, size_t size)
{
	static const enum kind kind_of[FLOOR_WHATS] = {
		[FLOOR_FORK] = FORK,
		[FLOOR_EXEC] = EXEC,
		[FLOOR_EXIT] = EXIT,
	};
	struct bare_capture *capture = ctx;
	const struct floor_record *record = data;
	uint64_t ns = bench_now_ns() - record->ts_ns;

	if (record->what == FLOOR_FAILED)
		return 0;
	samples_add(&capture->kinds[kind_of[record->what]], ns);
	if (record->ts_ns - capture->last_ts_ns > pause_us * 500ull)
		samples_add(&capture->kinds[FIRST], ns);
	capture->last_ts_ns = record->ts_ns;
	return 0;
}

static void measure_bare(enum bare bare)
{
	const struct floor_settings settings = {
		.kind = bare == BARE_SPINS ? FLOOR_RECORD : FLOOR_WAKE,
		.is_load_only = true,
	};
	struct bare_capture capture = { .kinds = bare_floor[bare] };
	struct floor floor;
	uint64_t looks = 0;
	pid_t pid;

	floor_open(&floor, &settings, take_bare, &capture);
	priority_take(bare == BARE_PROMPT ? PRIORITY_PROMPT : PRIORITY_USUAL);
	pid = start(PACED);
	if (bare == BARE_SPINS)
		while (++looks % 4096 || !waitpid(pid, NULL, WNOHANG))
			ring_buffer__consume(floor.ring);
	else
		while (!waitpid(pid, NULL, WNOHANG))
			ring_buffer__poll(floor.ring, 10);
	priority_take(PRIORITY_USUAL);
	floor_close(&floor);
}

static void *hand_over_writer(void *page)
{
	bench_pin(bench_cpus() - 1);
	for (int i = 0; i < 20000; i++) {
		uint64_t start = bench_now_ns();

		while (bench_now_ns() - start < 5000)
			;
		__atomic_store_n((uint64_t *)page, bench_now_ns(), __ATOMIC_RELEASE);
	}
	__atomic_store_n((uint64_t *)page, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void measure_hand_over(uint64_t *page)
{
	uint64_t seen = 0, value;
	pthread_t writer;

	*page = 0;
	if (bench_cpus() < 2 || pthread_create(&writer, NULL, hand_over_writer, page))
		return;
	bench_pin(0);
	while ((value = __atomic_load_n(page, __ATOMIC_ACQUIRE)) != 1) {
		if (value == seen)
			continue;
		samples_add(&hand_over, bench_now_ns() - value);
		seen = value;
	}
	pthread_join(writer, NULL);
	bench_pin(-1);
}

static double us(struct samples *samples, double share)
{
	return (double)samples_at(samples, share) / 1000;
}

static void print_floor(const char *name, const char *load, struct samples *samples)
{
	if (!samples->count)
		return;
	printf("floor: %-29s %-6s %8.2f %8.2f %8.2f %9.2f %9.2f\n", name, load, us(samples, 0.5),
	       us(samples, 0.9), us(samples, 0.99), us(samples, 0.999), us(samples, 1));
	bench_row("latency-floor", name,
		  "\"load\":\"%s\",\"p50_us\":%.3f,\"p90_us\":%.3f,\"p99_us\":%.3f,"
		  "\"p999_us\":%.3f,\"max_us\":%.3f,\"count\":%zu",
		  load, us(samples, 0.5), us(samples, 0.9), us(samples, 0.99), us(samples, 0.999),
		  us(samples, 1), samples->count);
}

static void print_mode(size_t mode, enum load load)
{
	struct result *r = &results[mode][load];
	double cpu = samples_median(r->cpu, r->rounds) * 100;

	for (enum kind kind = FIRST; kind < KINDS; kind++) {
		struct samples *s = &r->kinds[kind];

		if (!s->count || (kind == FIRST && load == STORM))
			continue;
		printf("%-18s %-6s %-16s %8.2f %8.2f %8.2f %9.2f %9.2f %6.1f%%\n", modes[mode].name,
		       load_names[load], kind_names[kind], us(s, 0.5), us(s, 0.9), us(s, 0.99),
		       us(s, 0.999), us(s, 1), cpu);
		bench_row("latency", modes[mode].name,
			  "\"load\":\"%s\",\"event\":\"%s\",\"p50_us\":%.3f,\"p90_us\":%.3f,"
			  "\"p99_us\":%.3f,\"p999_us\":%.3f,\"max_us\":%.3f,\"count\":%zu,"
			  "\"cpu_percent\":%.2f",
			  load_names[load], kind_names[kind], us(s, 0.5), us(s, 0.9), us(s, 0.99),
			  us(s, 0.999), us(s, 1), s->count, cpu);
	}
}

/* The first event after a pause against the wake-up floor: medians of the rounds' ratios. */
static void print_ratios(size_t mode, enum load load, const double *floor_p50,
			 const double *floor_p99)
{
	struct result *r = &results[mode][load];
	double p50[ROUNDS_MAX], p99[ROUNDS_MAX];
	double median_p50, median_p99;

	if (!r->rounds)
		return;
	for (size_t i = 0; i < r->rounds; i++) {
		p50[i] = r->first_p50[i] / floor_p50[i];
		p99[i] = r->first_p99[i] / floor_p99[i];
	}
	median_p50 = samples_median(p50, r->rounds);
	median_p99 = samples_median(p99, r->rounds);
	printf("%-18s %-6s first event / eventfd+epoll: p50 %.2fx (%.2f-%.2f), p99 %.2fx "
	       "(%.2f-%.2f), %zu rounds\n",
	       modes[mode].name, load_names[load], median_p50, p50[0], p50[r->rounds - 1],
	       median_p99, p99[0], p99[r->rounds - 1], r->rounds);
	bench_row("latency-ratio", modes[mode].name,
		  "\"load\":\"%s\",\"p50_ratio\":%.3f,\"p50_ratio_min\":%.3f,"
		  "\"p50_ratio_max\":%.3f,\"p99_ratio\":%.3f,\"p99_ratio_min\":%.3f,"
		  "\"p99_ratio_max\":%.3f,\"pause_us\":%u,\"rounds\":%zu",
		  load_names[load], median_p50, p50[0], p50[r->rounds - 1], median_p99, p99[0],
		  p99[r->rounds - 1], pause_us, r->rounds);
}

int main(int argc, char **argv)
{
	static double floor_p50[LOADS][ROUNDS_MAX], floor_p99[LOADS][ROUNDS_MAX];
	uint64_t *page = open_page();
	bool is_asked[MODES] = { false }, is_any = false, has_load[LOADS] = { false };
	bool is_load_asked = false;
	size_t rounds = 5;
	int option;

	while ((option = getopt(argc, argv, "r:n:p:m:l:")) != -1) {
		if (option == 'r')
			rounds = strtoul(optarg, NULL, 10);
		else if (option == 'n')
			processes = strtoul(optarg, NULL, 10);
		else if (option == 'p')
			pause_us = (unsigned int)strtoul(optarg, NULL, 10);
		else if (option != 'm' && option != 'l')
			errx(2, "usage: latency [-r ROUNDS] [-n PROCESSES] [-p PAUSE_US] "
				"[-m MODE]... [-l paced|storm|busy]...");
		for (enum load load = PACED; option == 'l' && load < LOADS; load++)
			if (!strcmp(load_names[load], optarg))
				has_load[load] = is_load_asked = true;
		for (size_t i = 0; option == 'm' && i < MODES; i++)
			if (!strcmp(modes[i].name, optarg))
				is_asked[i] = is_any = true;
	}
	if (!rounds || rounds > ROUNDS_MAX || !processes)
		errx(2, "rounds: 1 to %d; processes: 1 or more", ROUNDS_MAX);
	for (size_t round = 0; round < rounds; round++)
		for (enum load load = PACED; load < LOADS; load++) {
			struct samples floor = { 0 };

			if (is_load_asked && !has_load[load])
				continue;
			for (size_t mode = 0; mode < MODES; mode++)
				if (!is_any || is_asked[mode])
					measure(mode, load, round);
			if (load != STORM) {
				burn(load);
				measure_wake_up(page, &floor);
				stop_burning();
				for (enum bare bare = 0; load == PACED && bare < BARES; bare++)
					measure_bare(bare);
				floor_p50[load][round] = (double)samples_at(&floor, 0.5);
				floor_p99[load][round] = (double)samples_at(&floor, 0.99);
				samples_append(&wake_floor[load], &floor);
				samples_done(&floor);
			} else {
				measure_hand_over(page);
			}
		}
	printf("%-18s %-6s %-16s %8s %8s %8s %9s %9s %7s\n", "mode", "load", "event, us", "p50",
	       "p90", "p99", "p99.9", "max", "cpu");
	for (enum load load = PACED; load < LOADS; load++)
		for (size_t mode = 0; mode < MODES; mode++)
			print_mode(mode, load);
	for (enum bare bare = 0; bare < BARES; bare++)
		for (enum kind kind = FIRST; kind < KINDS; kind++)
			print_floor(bare_names[bare], kind_names[kind], &bare_floor[bare][kind]);
	print_floor("shared memory, other CPU", "-", &hand_over);
	print_floor("eventfd+epoll", "paced", &wake_floor[PACED]);
	print_floor("eventfd+epoll", "busy", &wake_floor[BUSY]);
	for (size_t mode = 0; mode < MODES; mode++)
		for (enum load load = PACED; load < LOADS; load += BUSY)
			if ((!is_any || is_asked[mode]))
				print_ratios(mode, load, floor_p50[load], floor_p99[load]);
	return 0;
}
