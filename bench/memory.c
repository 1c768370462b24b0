/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/memory.c - kernel memory a followed process, and our own, at many living processes.
 *
 * Owns:    the maps' own accounting (memlock in /proc/self/fdinfo) and VmRSS, before and after so
 *          many forks and execs have gone through the product's emitters, rings and table.
 *
 * usage: memory [COUNT]...
 * The processes are made up by feed.bpf.c: 100,000 real ones would measure the machine's memory.
 * Kernels before 6.4 tell what a map may take at most, not what it takes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/internal.h"
#include "lib/bench.h"
#include "lib/feed.h"

static int ignore(const struct begat_event *ev, void *ctx)
{
	return 0;
}

static uint64_t memlock_of(int fd)
{
	char path[64], line[256];
	uint64_t bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	while (info && fgets(line, sizeof(line), info))
		if (!strncmp(line, "memlock:", 8))
			bytes = strtoull(line + 8, NULL, 10);
	if (info)
		fclose(info);
	return bytes;
}

static uint64_t kernel_bytes(const struct begat *b, bool prints)
{
	struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, b->attach->object)
	{
		uint64_t bytes = bpf_map__fd(map) < 0 ? 0 : memlock_of(bpf_map__fd(map));

		if (prints && bytes)
			printf("  %-24s %10.1f KiB\n", bpf_map__name(map), (double)bytes / 1024);
		sum += bytes;
	}
	return sum;
}

static uint64_t rss_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm || fscanf(statm, "%lu %lu", &size, &resident) != 2)
		err(1, "/proc/self/statm");
	fclose(statm);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* In a process of its own: what an earlier size took must not count for the next. */
static void measure(unsigned long count, bool prints)
{
	struct begat_options opts = {
		.size = sizeof(opts), .callback = ignore, .latency = BEGAT_BATCH, .follow = true
	};
	struct begat_stats stats = { .size = sizeof(stats) };
	struct begat *b = NULL;
	struct bpf_config config;
	struct feed feed;
	uint64_t kernel, rss, kernel_empty, rss_empty;

	if (begat_open(&opts, &b) < 0)
		errx(1, "%s", begat_error(b));
	malloc_trim(0); /* the verifier's log and the object file are gone by now */
	kernel_empty = kernel_bytes(b, prints);
	rss_empty = rss_bytes();
	config = feed_config(b);
	config.admit = 0;
	feed_open(&feed, b, &config);
	feed.state->alive = UINT64_MAX; /* none exits */
	feed.state->what = 1 << REC_CLASS_FORK | 1 << REC_CLASS_EXEC;
	for (unsigned long done = 0; done < count; done += 1000) {
		feed_run(&feed, count - done < 1000 ? count - done : 1000);
		while (begat_poll(b, 0) > 0)
			;
	}
	malloc_trim(0);
	feed_close(&feed);
	kernel = kernel_bytes(b, false);
	rss = rss_bytes();
	begat_stats(b, &stats);
	printf("%10lu %12llu %14.1f %14.0f %10.1f %12.0f %8llu\n", count,
	       (unsigned long long)stats.cache_entries, (double)kernel / 1048576,
	       (double)(kernel - kernel_empty) / (double)count, (double)rss / 1048576,
	       ((double)rss - (double)rss_empty) / (double)count,
	       (unsigned long long)stats.cache_full);
	bench_row("memory", "live",
		  "\"processes\":%lu,\"entries\":%llu,\"kernel_bytes\":%llu,\"kernel_empty_bytes\":"
		  "%llu,"
		  "\"kernel_bytes_each\":%.1f,\"rss_bytes\":%llu,\"rss_empty_bytes\":%llu",
		  count, (unsigned long long)stats.cache_entries, (unsigned long long)kernel,
		  (unsigned long long)kernel_empty, (double)(kernel - kernel_empty) / (double)count,
		  (unsigned long long)rss, (unsigned long long)rss_empty);
	fflush(stdout);
	begat_close(b);
}

int main(int argc, char **argv)
{
	static const char *const usual[] = { "1000", "10000", "100000" };
	const char *const *counts = argc > 1 ? (const char *const *)argv + 1 : usual;
	int count = argc > 1 ? argc - 1 : 3;

	printf("maps, empty:\n");
	for (int i = 0; i < count; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid) {
			measure(strtoul(counts[i], NULL, 10), !i);
			_exit(0);
		}
		if (pid < 0 || bench_wait(pid))
			errx(1, "measuring %s processes failed", counts[i]);
		if (!i)
			printf("(columns: living processes, in the kernel's cache, kernel memory "
			       "MiB "
			       "of all maps, bytes of it a process beyond the empty maps, our RSS "
			       "MiB, bytes of it a process, no room)\n");
	}
	return 0;
}
