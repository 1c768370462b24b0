/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/id_map.c - see id_map.h.
 */
#include "id_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int id_map_init(struct id_map *map, uint32_t count)
{
	uint64_t size = 64;
	uint32_t *buckets;

	while (size < (uint64_t)count * 2)
		size *= 2;
	buckets = calloc(size, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	free(map->buckets);
	*map = (struct id_map){ buckets, (uint32_t)(size - 1) };
	return 0;
}

int id_map_grow(struct id_map *map, const void *ids, size_t stride, uint32_t used, uint32_t count)
{
	uint64_t id;

	if (map->buckets && (uint64_t)count * 2 <= (uint64_t)map->mask + 1)
		return 0;
	if (id_map_init(map, count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < used; i++) {
		memcpy(&id, (const char *)ids + i * stride, sizeof(id));
		*id_map_bucket(map, ids, stride, id) = i + 1;
	}
	return 0;
}

void id_map_done(struct id_map *map)
{
	free(map->buckets);
	*map = (struct id_map){ 0 };
}

uint32_t *id_map_bucket(const struct id_map *map, const void *ids, size_t stride, uint64_t id)
{
	for (uint32_t i = (uint32_t)(id * 0x9e3779b97f4a7c15ull >> 32) & map->mask;;
	     i = (i + 1) & map->mask) {
		uint64_t found;

		if (!map->buckets[i])
			return &map->buckets[i];
		memcpy(&found, (const char *)ids + (size_t)(map->buckets[i] - 1) * stride,
		       sizeof(found));
		if (found == id)
			return &map->buckets[i];
	}
}

uint32_t id_map_find(const struct id_map *map, const void *ids, size_t stride, uint64_t id)
{
	/* 0 - 1 is ID_MAP_NONE. */
	return map->buckets ? *id_map_bucket(map, ids, stride, id) - 1 : ID_MAP_NONE;
}
