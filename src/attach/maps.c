/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/maps.c - sizes and settings before the load, mappings after it.
 *
 * Owns: what probes_open() writes into the object, and the memory shared with the kernel.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/internal.h"

#define PROCESSES_MAX (1u << 17) /* 131,072 entries: 2 MiB of hash heads */
#define PROCESSES_PREALLOCATED_MAX (1u << 16)

/* Data sections are maps. libbpf cuts their names: the end of the name identifies them. */
static struct bpf_map *find_config(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(
		map, object) if (bpf_map__is_internal(map) &&
				 strstr(bpf_map__name(map), ".rodata.config")) return map;
	return NULL;
}

int maps_prepare(struct probes *probes, const struct probes_options *opts,
		 const struct features *features, struct error *error)
{
	struct bpf_object *object = probes->object;
	struct bpf_config config = opts->config;
	struct bpf_map *map;
	uint32_t flags = 0;

	config.transport = probes->transport->number;
	config.has_boot_clock = features->has_boot_clock;
	config.has_group_dead = features->has_group_dead;
	config.has_task_btf = features->has_task_btf;
	config.has_global_functions = features->has_global_functions;
	config.own_tgid = probes->own_tgid;
	config.proc_levels_up = features->view.proc_levels_up;
	config.page_bytes = sysconf(_SC_PAGESIZE);
	config.wake_bytes = opts->buffer_bytes / 4;
	map = find_config(object);
	if (!map || bpf_map__set_initial_value(map, &config, sizeof(config)))
		return error_set(error, -EINVAL, "the BPF object has no settings: rebuild begat");

	for (const struct transport_ops *const *t = transports; *t; t++)
		bpf_map__set_autocreate(bpf_object__find_map_by_name(object, (*t)->map),
					*t == probes->transport);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, probes->transport->map),
				 probes->transport->is_per_cpu ? probes->cpus : opts->buffer_bytes);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "clocks"), probes->cpus);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "counters"), probes->cpus);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "graveyards"), probes->cpus);

	/* Kernels without the BPF allocator warn in their log about a map that is not
	 * preallocated in a tracing program; the others need memory only for the living. */
	map = bpf_object__find_map_by_name(object, "processes");
	if (features->has_map_allocator)
		flags = BPF_F_NO_PREALLOC;
	bpf_map__set_map_flags(map, flags);
	bpf_map__set_max_entries(map, flags ? PROCESSES_MAX : PROCESSES_PREALLOCATED_MAX);
	return 0;
}

static int map_one(struct probes *probes, const char *name, struct mapping *ret)
{
	struct bpf_map *map = bpf_object__find_map_by_name(probes->object, name);
	size_t page = sysconf(_SC_PAGESIZE);
	size_t value = (bpf_map__value_size(map) + 7) & ~7ul;
	size_t bytes = (value * bpf_map__max_entries(map) + page - 1) & ~(page - 1);
	void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (data == MAP_FAILED)
		return -errno;
	ret->data = data;
	ret->bytes = bytes;
	return 0;
}

int maps_map(struct probes *probes, struct error *error)
{
	int err = map_one(probes, "counters", &probes->counters);

	if (!err)
		err = map_one(probes, "reader", &probes->reader);
	if (!err)
		err = map_one(probes, "graveyards", &probes->graveyards);
	probes->yard_bytes = (sizeof(struct graveyard) + 7) & ~7ul;
	if (err)
		return error_set(error, err, "cannot map BPF arrays into memory: %s",
				 strerror(-err));
	return 0;
}

void maps_unmap(struct probes *probes)
{
	struct mapping *mappings[] = { &probes->counters, &probes->reader, &probes->graveyards };

	for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++)
		if (mappings[i]->data)
			munmap(mappings[i]->data, mappings[i]->bytes);
}

int probes_skip_cgroup(struct probes *probes, uint64_t id)
{
	struct bpf_map *map = bpf_object__find_map_by_name(probes->object, "cgroups_skipped");
	uint32_t skipped = 1;

	return bpf_map_update_elem(bpf_map__fd(map), &id, &skipped, BPF_ANY) ? -errno : 0;
}

const struct cpu_counters *probes_counters(const struct probes *probes, uint32_t cpu)
{
	return (const struct cpu_counters *)probes->counters.data + cpu;
}

struct reader_state *probes_reader(const struct probes *probes)
{
	return probes->reader.data;
}

int probes_records_fd(const struct probes *probes)
{
	return bpf_map__fd(bpf_object__find_map_by_name(probes->object, probes->transport->map));
}
