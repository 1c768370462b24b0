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
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <linux/types.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/bench.h"
#include "lib/floor.h"

struct floor {
	struct bpf_object *object;
	struct bpf_link *links[8];
	size_t link_count;
	struct ring_buffer *ring;
	unsigned long long *lost;
};

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

static void *section_of(struct bpf_object *object, const char *suffix)
{
	struct bpf_map *map;
	size_t size;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);

		if (strlen(name) > strlen(suffix) &&
		    !strcmp(name + strlen(name) - strlen(suffix), suffix))
			return (void *)bpf_map__initial_value(map, &size);
	}
	errx(1, "no section %s", suffix);
}

/* Loads and attaches floor.bpf.c; ends the program with a sentence if it cannot. */
static void floor_open(struct floor *floor, const struct floor_settings *settings)
{
	struct bpf_object *object;
	struct bpf_program *program;
	char path[4096];

	memset(floor, 0, sizeof(*floor));
	snprintf(path, sizeof(path), "%.4000s/floor.bpf.o", bench_dir());
	object = bpf_object__open_file(path, NULL);
	if (!object)
		err(1, "%s", path);
	memcpy(section_of(object, ".rodata"), settings, sizeof(*settings));
	if (bpf_object__load(object))
		errx(1, "cannot load %s: needs root", path);
	bpf_object__for_each_program(program, object)
	{
		if (!bpf_program__autoload(program))
			continue;
		floor->links[floor->link_count] = bpf_program__attach(program);
		if (!floor->links[floor->link_count++])
			err(1, "cannot attach %s", bpf_program__name(program));
	}
	floor->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "records"), take,
				       NULL, NULL);
	if (!floor->ring)
		err(1, "ring");
	floor->lost = section_of(object, ".bss");
	floor->object = object;
}

static void floor_close(struct floor *floor)
{
	for (size_t i = 0; i < floor->link_count; i++)
		bpf_link__destroy(floor->links[i]);
	ring_buffer__free(floor->ring);
	bpf_object__close(floor->object);
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
	floor_open(&floor, &settings);
	puts("bench-ready");
	fflush(stdout);
	read_all(floor.ring, settings.kind);
	printf("forks %llu execs %llu failed %llu exits %llu lost %llu\n", seen[FLOOR_FORK],
	       seen[FLOOR_EXEC], seen[FLOOR_FAILED], seen[FLOOR_EXIT], *floor.lost);
	floor_close(&floor);
	return 0;
}
