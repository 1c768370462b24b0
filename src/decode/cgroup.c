/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/cgroup.c - REC_CGROUP: cgroup paths, remembered by id.
 *
 * Owns:    the bounded table of paths.
 * Not:     containers (enrich/ reads them from the path).
 *
 * Invariants
 *  (1) At most DECODE_CGROUPS_MAX paths; entries are filled in order, then reused.
 *  (2) A path that events asked for since the hand last passed is spared once (second chance),
 *      since the kernel sends a path only once.
 */
#include "decode/decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t *head_of(const struct decode_cgroups *cgroups, uint64_t id)
{
	return &cgroups->heads[identity_mix(id) & (DECODE_CGROUPS_MAX - 1)];
}

static struct decode_cgroup *find(const struct decode_cgroups *cgroups, uint64_t id)
{
	for (uint32_t i = *head_of(cgroups, id); i; i = cgroups->entries[i - 1].next)
		if (cgroups->entries[i - 1].id == id)
			return &cgroups->entries[i - 1];
	return NULL;
}

int decode_cgroups_init(struct decode_cgroups *cgroups)
{
	cgroups->entries = calloc(DECODE_CGROUPS_MAX, sizeof(*cgroups->entries));
	cgroups->heads = calloc(DECODE_CGROUPS_MAX, sizeof(*cgroups->heads));
	return cgroups->entries && cgroups->heads ? 0 : -ENOMEM;
}

void decode_cgroups_done(struct decode_cgroups *cgroups)
{
	for (uint32_t i = 0; i < cgroups->count; i++)
		free(cgroups->entries[i].path);
	free(cgroups->entries);
	free(cgroups->heads);
}

bool decode_cgroups_find(struct decode_cgroups *cgroups, uint64_t id, struct begat_str *ret_path)
{
	struct decode_cgroup *entry = find(cgroups, id);

	if (!entry)
		return false;
	if (!entry->is_used)
		entry->is_used = true;
	*ret_path = (struct begat_str){ .data = entry->path, .len = entry->len };
	return true;
}

static void unlink_entry(struct decode_cgroups *cgroups, const struct decode_cgroup *entry)
{
	uint32_t index = (uint32_t)(entry - cgroups->entries) + 1;
	uint32_t *link = head_of(cgroups, entry->id);

	while (*link != index)
		link = &cgroups->entries[*link - 1].next;
	*link = entry->next;
}

static struct decode_cgroup *take_entry(struct decode_cgroups *cgroups)
{
	if (cgroups->count < DECODE_CGROUPS_MAX)
		return &cgroups->entries[cgroups->count++];
	for (;;) {
		struct decode_cgroup *entry = &cgroups->entries[cgroups->hand];

		cgroups->hand = (cgroups->hand + 1) & (DECODE_CGROUPS_MAX - 1);
		if (entry->is_used) {
			entry->is_used = false;
			continue;
		}
		unlink_entry(cgroups, entry);
		return entry;
	}
}

int decode_cgroup(struct decoder *decoder, const struct decode_in *in, const struct rec_cgroup *rec,
		  struct begat_event *ev)
{
	struct decode_cgroups *cgroups = &decoder->cgroups;
	struct begat_str path = { .data = "/", .len = 1 }; /* the root has no names */
	int found = decode_path(in, &rec->path, decoder->scratch, sizeof(decoder->scratch), &path);

	if (found < 0 || (!found && (rec->path.components || rec->path.flags)))
		return found;

	char *copy = malloc(path.len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, path.data, path.len + 1);

	struct decode_cgroup *entry = find(cgroups, rec->cgroup_id);

	if (!entry) {
		entry = take_entry(cgroups);

		uint32_t *head = head_of(cgroups, rec->cgroup_id);

		entry->id = rec->cgroup_id;
		entry->next = *head;
		*head = (uint32_t)(entry - cgroups->entries) + 1;
	}
	free(entry->path);
	entry->path = copy;
	entry->len = (uint32_t)path.len;
	entry->is_used = false;
	return 0;
}

_Static_assert((DECODE_CGROUPS_MAX & (DECODE_CGROUPS_MAX - 1)) == 0, "a power of two");
