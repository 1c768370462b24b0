/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/id_map.h - 64-bit ids to places in an array that holds them.
 *
 * Owns:    the hash table of places.
 * Not:     the ids: they stay in the caller's array, @stride bytes apart, @ids being the first.
 */
#ifndef BASE_ID_MAP_H
#define BASE_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

#define ID_MAP_NONE UINT32_MAX

struct id_map {
	uint32_t *buckets; /* place + 1; 0 = free */
	uint32_t mask;
};

/* An empty map with room for @count ids. 0 or -ENOMEM, then it is as before. */
int id_map_init(struct id_map *map, uint32_t count);
/* Room for @count ids; the map has the first @used of the array, each once. 0 or -ENOMEM. */
int id_map_grow(struct id_map *map, const void *ids, size_t stride, uint32_t used, uint32_t count);
void id_map_done(struct id_map *map);

/* The bucket of @id: its place + 1, or 0 for the caller to set. The map must have room. */
uint32_t *id_map_bucket(const struct id_map *map, const void *ids, size_t stride, uint64_t id);
/* ID_MAP_NONE if @id is not in the map; the map may be zeroes. */
uint32_t id_map_find(const struct id_map *map, const void *ids, size_t stride, uint64_t id);

#endif
