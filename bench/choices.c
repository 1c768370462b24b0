/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/choices.c - what other ways to bring a record into the ring would cost.
 *
 * Owns:    the comparison: ns of the calling thread's CPU time a record, and how many records of
 *          that kind the ring holds before one is lost; by length of argv.
 * Not:     the emitters themselves (throughput.c, begat bench hooks).
 *
 * usage: choices [-r ROUNDS]
 *   slot     assembled in memory of the CPU, then copied: what begat does
 *   called   the same by a BPF function that is called, not inlined
 *   reserve  written straight into the ring, which needs a length that nothing exceeds
 *   chunk    argv in a record of its own ahead: what begat does beyond REC_INLINE_BYTES_MAX
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bench.h"
#include "lib/choices.h"

#define ROUNDS_MAX 64
#define REPEATS 40 /* of a ring half full */

static const char *const choices[] = { "slot", "called", "reserve", "chunk" };
static const size_t lengths[] = { 100, 1000, 8000, 24000 };
#define CHOICES (sizeof(choices) / sizeof(choices[0]))
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

static double ns[CHOICES][LENGTHS][ROUNDS_MAX];
static char argv_bytes[CHOICES_ARGV_MAX];

static int ignore(void *ctx, void *data, size_t size)
{
	return 0;
}

/* What the ring needs for one: each record has a header of 8 bytes and is aligned to 8. */
static size_t ring_bytes_each(size_t choice, size_t length)
{
	if (!strcmp(choices[choice], "reserve"))
		length = CHOICES_RESERVE_ARGV;
	if (!strcmp(choices[choice], "chunk"))
		length += 8 + CHOICES_CHUNK_BYTES;
	return 8 + ((CHOICES_FIXED_BYTES + length + 7) & ~(size_t)7);
}

static bool fits(size_t choice, size_t length)
{
	return strcmp(choices[choice], "reserve") || length <= CHOICES_RESERVE_ARGV;
}

static void run(int program_fd, uint64_t count, size_t length)
{
	uint64_t args[] = { count, (uintptr_t)argv_bytes, length };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(program_fd, &opts))
		err(1, "bpf_prog_test_run");
	if (opts.retval != count)
		errx(1, "the ring was full after %u of %lu records", opts.retval, count);
}

static double measure(struct bpf_object *object, struct ring_buffer *ring, size_t choice,
		      size_t length)
{
	uint64_t count = CHOICES_RING_BYTES / 2 / ring_bytes_each(choice, length), spent = 0;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "choice_%s", choices[choice]);
	fd = bpf_program__fd(bpf_object__find_program_by_name(object, name));
	for (int i = 0; i < REPEATS + 2; i++) {
		uint64_t start = bench_thread_cpu_ns();

		run(fd, count, length);
		if (i >= 2)
			spent += bench_thread_cpu_ns() - start;
		ring_buffer__consume(ring);
	}
	return (double)spent / REPEATS / count;
}

static void print(size_t rounds)
{
	printf("%-9s %12s %10s %17s %16s\n", "choice", "argv, bytes", "ns/record", "spread",
	       "fit into 8 MiB");
	for (size_t l = 0; l < LENGTHS; l++)
		for (size_t c = 0; c < CHOICES; c++) {
			size_t fit = CHOICES_RING_BYTES / ring_bytes_each(c, lengths[l]);
			double median;

			if (!fits(c, lengths[l])) {
				printf("%-9s %12zu %10s\n", choices[c], lengths[l], "-");
				continue;
			}
			median = samples_median(ns[c][l], rounds);
			printf("%-9s %12zu %10.0f %8.0f-%8.0f %16zu\n", choices[c], lengths[l],
			       median, ns[c][l][0], ns[c][l][rounds - 1], fit);
			bench_row("choices", choices[c],
				  "\"argv_bytes\":%zu,\"ns\":%.1f,\"ns_min\":%.1f,\"ns_max\":%.1f,"
				  "\"fit\":%zu",
				  lengths[l], median, ns[c][l][0], ns[c][l][rounds - 1], fit);
		}
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct ring_buffer *ring;
	size_t rounds = 5;
	char path[4096];
	int option;

	while ((option = getopt(argc, argv, "r:")) != -1) {
		if (option != 'r')
			errx(2, "usage: choices [-r ROUNDS]");
		rounds = strtoul(optarg, NULL, 10);
	}
	if (!rounds || rounds > ROUNDS_MAX)
		errx(2, "rounds: 1 to %d", ROUNDS_MAX);
	memset(argv_bytes, 'a', sizeof(argv_bytes));
	snprintf(path, sizeof(path), "%.4000s/choices.bpf.o", bench_dir());
	object = bpf_object__open_file(path, NULL);
	if (!object)
		err(1, "%s", path);
	if (bpf_object__load(object))
		errx(1, "cannot load %s: needs root, and bpf_loop() (kernel 5.17)", path);
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "records"), ignore, NULL,
				NULL);
	if (!ring)
		err(1, "ring");
	for (size_t round = 0; round < rounds; round++)
		for (size_t l = 0; l < LENGTHS; l++)
			for (size_t c = 0; c < CHOICES; c++)
				if (fits(c, lengths[l]))
					ns[c][l][round] = measure(object, ring, c, lengths[l]);
	print(rounds);
	ring_buffer__free(ring);
	bpf_object__close(object);
	return 0;
}
