/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/floor.c - a tracer that does the least possible: the floor of a slow-down.
 *
 * usage: floor empty|record|wake
 *   empty    programs on begat's hooks that return at once
 *   record   and that send a record each, without a wake-up; read every millisecond
 *   wake     and wake the reader with each
 *
 * Says "bench-ready" when the hooks are in; at SIGINT or SIGTERM what it has read and lost:
 * "forks N execs N failed N exits N lost N". storm.py runs it beside the tools.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FLOOR_READER
#include "lib/floor.h"

static unsigned long long seen[FLOOR_WHATS];
static volatile sig_atomic_t is_over;

static void end(int signal)
{
	is_over = 1;
}

static int take(void *ctx, void *data, size_t size)
{
	const struct floor_record *record = data;

	if (size == sizeof(*record) && record->what < FLOOR_WHATS)
		seen[record->what]++;
	return 0;
}

static void read_all(struct ring_buffer *ring, enum floor_kind kind)
{
	const struct timespec pause = { 0, 1000000 };

	while (!is_over && kind == FLOOR_EMPTY)
		usleep(100000);
	while (!is_over) {
		int r = kind == FLOOR_WAKE ? ring_buffer__poll(ring, -1)
					   : ring_buffer__consume(ring);

		if (r < 0 && r != -EINTR)
			errx(1, "cannot read the ring: %s", strerror(-r));
		if (kind == FLOOR_RECORD)
			nanosleep(&pause, NULL);
	}
	ring_buffer__consume(ring);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "empty", "record", "wake" };
	struct sigaction action = { .sa_handler = end };
	struct floor_settings settings = { 0 };
	struct floor floor;

	while (argc == 2 && settings.kind < FLOOR_KINDS && strcmp(argv[1], kinds[settings.kind]))
		settings.kind++;
	if (argc != 2 || settings.kind == FLOOR_KINDS)
		errx(2, "usage: floor empty|record|wake");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	floor_open(&floor, &settings, take, NULL);
	puts("bench-ready");
	fflush(stdout);
	read_all(floor.ring, settings.kind);
	printf("forks %llu execs %llu failed %llu exits %llu lost %llu\n", seen[FLOOR_FORK],
	       seen[FLOOR_EXEC], seen[FLOOR_FAILED], seen[FLOOR_EXIT], *floor.lost);
	floor_close(&floor);
	return 0;
}
