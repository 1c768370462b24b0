/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/enrich.h - fields that follow from other fields.
 *
 * Owns:    container_id, container_runtime, pod_uid, read from the cgroup path that the kernel
 *          side recorded with the event: also the first process of a container has them.
 * Not:     asking a container runtime or /proc anything.
 * Called:  by tracer.c, once per event, when somebody wants these fields; without state.
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

#endif
