/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/hooks.c - what each BPF program costs a run, and a process altogether.
 *
 * Owns:    the kernel's own statistics of our programs under a known load.
 * Not:     the slow-down that a user feels (storm.py): statistics themselves cost about 20 ns a
 *          run, and what a run does to caches is not in them.
 *
 * usage: hooks [-r ROUNDS] [-n PROCESSES] [-m low|balanced|batch]
 * Loads: fork + exec + exit, and failing execs; each also bare, so that the share can be told.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/internal.h"
#include "lib/bench.h"
#include "tracer/tracer.h"

#define PROGRAMS_MAX 32
#define ROUNDS_MAX 64

struct program {
	const char *name;
	double ns[ROUNDS_MAX]; /* a run */
	double runs; /* for each process, or each failing exec */
};

static struct program programs[PROGRAMS_MAX];
static size_t program_count;
static const char *const modes[] = { "balanced", "low", "batch" }; /* enum begat_latency */
static enum begat_latency mode;

static int ignore(const struct begat_event *ev, void *ctx)
{
	return 0;
}

static double run_load(struct begat *b, const char *kind, const char *count)
{
	uint64_t began = bench_now_ns();
	pid_t pid = bench_start_load((const char *[]){ kind, "1", count, NULL });

	while (b && !waitpid(pid, NULL, WNOHANG))
		if (begat_poll(b, 10) < 0)
			errx(1, "%s", begat_error(b));
	if (!b)
		bench_wait(pid);
	return (double)(bench_now_ns() - began) / strtod(count, NULL);
}

static void read_programs(const struct begat *b, size_t round, double count)
{
	struct bpf_program *program;

	program_count = 0;
	bpf_object__for_each_program(program, b->probes->object)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		struct program *p = &programs[program_count];

		if (bpf_program__fd(program) < 0 || program_count == PROGRAMS_MAX ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		if (!p->name)
			p->name = strdup(bpf_program__name(program));
		p->ns[round] = info.run_cnt ? (double)info.run_time_ns / (double)info.run_cnt : 0;
		p->runs = (double)info.run_cnt / count;
		program_count++;
	}
}

/* A tracer of what this process begets, its programs' run times counted until the result is closed. */
static int open_counted(const struct begat_options *opts, struct begat **ret_b)
{
	int stats;

	if (begat_open(opts, ret_b) < 0 || begat_follow(*ret_b, getpid()))
		errx(1, "%s", begat_error(*ret_b));
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		err(1, "BPF statistics");
	return stats;
}

static void measure(const char *kind, const char *count, size_t round, double *ret_bare)
{
	struct begat_options opts = {
		.size = sizeof(opts), .callback = ignore, .latency = mode, .follow = true
	};
	struct begat *b = NULL;
	int stats;

	*ret_bare = run_load(NULL, kind, count);
	stats = open_counted(&opts, &b);
	run_load(b, kind, count);
	close(stats);
	read_programs(b, round, strtod(count, NULL));
	begat_close(b);
}

static void print(const char *kind, double bare_ns, size_t rounds)
{
	double total = 0;

	printf("\n%s, %s: %.1f us each when bare\n%-28s %10s %14s %12s %8s\n", kind, modes[mode],
	       bare_ns / 1000, "program", "ns a run", "runs for each", "ns for each", "share");
	for (size_t i = 0; i < program_count; i++) {
		struct program *p = &programs[i];
		double ns = samples_median(p->ns, rounds);

		if (p->runs < 0.01)
			continue;
		total += ns * p->runs;
		printf("%-28s %10.0f %14.2f %12.0f %7.2f%%\n", p->name, ns, p->runs, ns * p->runs,
		       100 * ns * p->runs / bare_ns);
		bench_row("hooks", modes[mode],
			  "\"program\":\"%s\",\"load\":\"%s\",\"ns\":%.1f,\"runs\":%.3f,\"bare_"
			  "ns\":%.1f",
			  p->name, kind, ns, p->runs, bare_ns);
	}
	printf("%-28s %10s %14s %12.0f %7.2f%%\n", "all", "", "", total, 100 * total / bare_ns);
	bench_row("hooks", modes[mode],
		  "\"program\":\"all\",\"load\":\"%s\",\"ns\":%.1f,\"bare_ns\":%.1f", kind, total,
		  bare_ns);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "spawn", "fail" };
	const char *counts[] = { "2000", "100000" };
	double bare[ROUNDS_MAX];
	size_t rounds = 5;
	int option;

	while ((option = getopt(argc, argv, "r:n:m:")) != -1) {
		if (option == 'r')
			rounds = strtoul(optarg, NULL, 10);
		else if (option == 'n')
			counts[0] = optarg;
		else if (option == 'm' && !strcmp(optarg, "low"))
			mode = BEGAT_LOW;
		else if (option == 'm' && !strcmp(optarg, "batch"))
			mode = BEGAT_BATCH;
		else if (option != 'm' || strcmp(optarg, "balanced"))
			errx(2, "usage: hooks [-r ROUNDS] [-n PROCESSES] [-m MODE]");
	}
	if (!rounds || rounds > ROUNDS_MAX)
		errx(2, "rounds: 1 to %d", ROUNDS_MAX);
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t round = 0; round < rounds; round++)
			measure(kinds[kind], counts[kind], round, &bare[round]);
		print(kinds[kind], samples_median(bare, rounds), rounds);
	}
	return 0;
}
