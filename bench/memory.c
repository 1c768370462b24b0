/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/memory.c - kernel memory a followed process, and our own, at many living processes.
 *
 * Owns:    the maps' own accounting (memlock in /proc/self/fdinfo) and VmRSS, before and after so
 *          many forks and execs have gone through the product's emitters, rings and table.
 *
 * usage: memory [COUNT]...
 * The processes are made up by feed.bpf.c, and go through begat's own emitters, rings and table:
 * 100,000 real ones would measure the machine's memory. ("begat bench memory" has real ones.)
 * "Of each": beyond what the maps, or begat, take with none.
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

static void print_maps(const struct begat *b)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, b->probes->object)
	{
		uint64_t bytes = bpf_map__fd(map) < 0 ? 0 : probes_memlock_of(bpf_map__fd(map));

		if (bytes)
			printf("  %-24s %10.1f KiB\n", bpf_map__name(map), (double)bytes / 1024);
	}
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
	kernel_empty = probes_map_bytes(b->probes);
	if (prints) {
		print_maps(b);
		printf("%10s %12s %14s %14s %10s %12s %8s\n", "processes", "in the cache",
		       "all maps, MiB", "bytes of each", "RSS, MiB", "bytes each", "no room");
	}
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
	kernel = probes_map_bytes(b->probes);
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
	}
	return 0;
}
