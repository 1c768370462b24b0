/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/lib/floor.c - loads and attaches floor.bpf.c, and opens its ring with libbpf's reader. */
#include <bpf/bpf.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "lib/bench.h"
#define FLOOR_READER
#include "lib/floor.h"

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

void floor_open(struct floor *floor, const struct floor_settings *settings,
		ring_buffer_sample_fn take, void *ctx)
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
				       ctx, NULL);
	if (!floor->ring)
		err(1, "ring");
	floor->lost = section_of(object, ".bss");
	floor->object = object;
}

void floor_close(struct floor *floor)
{
	for (size_t i = 0; i < floor->link_count; i++)
		bpf_link__destroy(floor->links[i]);
	ring_buffer__free(floor->ring);
	bpf_object__close(floor->object);
}
