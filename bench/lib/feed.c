/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/lib/feed.c - see feed.h. */
#include "feed.h"

#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "attach/internal.h"
#include "bench.h"

static struct bpf_map *find(struct bpf_object *object, const char *suffix)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);
		size_t len = strlen(name), end = strlen(suffix);

		if (len >= end && !strcmp(name + len - end, suffix))
			return map;
	}
	errx(1, "no map %s", suffix);
}

struct bpf_config feed_config(const struct begat *b)
{
	struct bpf_map *map = find(bpf_source_of(b->source)->probes->object, ".rodata.config");
	struct bpf_config config;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(map), &zero, &config))
		err(1, "settings");
	return config;
}

void feed_open(struct feed *feed, const struct begat *b, const struct bpf_config *config)
{
	const struct bpf_source *bpf = bpf_source_of(b->source);
	const char *const shared[] = { bpf->transport_ops->map,
				       "scratch",
				       "processes",
				       "deaths",
				       "graveyards",
				       "attempts",
				       "cgroups_sent",
				       "counters",
				       "reader" };
	char path[4096];
	int error;

	snprintf(path, sizeof(path), "%.4000s/feed.bpf.o", bench_dir());
	feed->object = bpf_object__open_file(path, NULL);
	if (!feed->object)
		err(1, "%s", path);
	bpf_map__set_initial_value(find(feed->object, ".rodata.config"), config, sizeof(*config));
	for (const struct transport_ops *const *t = transports; *t; t++)
		bpf_map__set_autocreate(find(feed->object, (*t)->map), *t == bpf->transport_ops);
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		struct bpf_map *from = bpf_object__find_map_by_name(bpf->probes->object, shared[i]);

		if (bpf_map__reuse_fd(find(feed->object, shared[i]), bpf_map__fd(from)))
			err(1, "cannot share the map %s", shared[i]);
	}
	error = bpf_object__load(feed->object);
	if (error)
		errx(1, "cannot load %s: %s (bpf_loop() needs kernel 5.17)", path,
		     strerror(-error));
	feed->program_fd =
		bpf_program__fd(bpf_object__find_program_by_name(feed->object, "feed_run"));
	feed->state = mmap(NULL, sizeof(*feed->state), PROT_READ | PROT_WRITE, MAP_SHARED,
			   bpf_map__fd(find(feed->object, ".bss")), 0);
	if (feed->state == MAP_FAILED)
		err(1, "the feed's state");
	snprintf(feed->state->filename, sizeof(feed->state->filename), "/usr/bin/cc");
	feed->state->alive = 1000;
	feed->state->what = 1 << REC_CLASS_FORK | 1 << REC_CLASS_EXEC | 1 << REC_CLASS_EXIT;
	feed->state->ring_bytes = bpf->transport_ops->buffer_bytes(bpf->transport);
}

void feed_close(struct feed *feed)
{
	munmap(feed->state, sizeof(*feed->state));
	bpf_object__close(feed->object);
	feed->object = NULL;
}

void feed_run(struct feed *feed, uint64_t count)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &count, .ctx_size_in = sizeof(count));

	if (bpf_prog_test_run_opts(feed->program_fd, &opts))
		err(1, "bpf_prog_test_run");
}
