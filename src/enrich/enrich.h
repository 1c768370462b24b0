/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/enrich.h - fields that follow from other fields.
 *
 * Owns:    container_id, container_runtime, pod_uid, read from the cgroup path that the kernel
 *          side recorded with the event: also the first process of a container has them.
 * Not:     asking a container runtime or /proc anything.
 * Called:  by tracer.c, once per event, when somebody wants these fields.
 */
#ifndef BEGAT_ENRICH_ENRICH_H
#define BEGAT_ENRICH_ENRICH_H

#include <begat/event.h>

#define ENRICH_CONTAINER_BYTES 512

/*
 * Sets those of the three fields that @cgroup tells. Their strings live in @buf, of @size bytes
 * (ENRICH_CONTAINER_BYTES suffice): valid as long as that. Returns whether any was set.
 */
bool enrich_container(const struct begat_str *cgroup, struct begat_event *ev, char *buf,
		      size_t size);

/* What the last path told: most events come from where the one before came from. */
struct enrich_cache {
	char path[ENRICH_CONTAINER_BYTES]; /* longer ones are not kept */
	size_t len;
	bool is_set;
	struct begat_fields fields;
	struct begat_str container_id, container_runtime, pod_uid; /* in buf */
	char buf[ENRICH_CONTAINER_BYTES];
};

/* The same for ev->cgroup, by way of @cache, which starts as zeroes; strings live until next time. */
void enrich_container_cached(struct enrich_cache *cache, struct begat_event *ev);

#endif
