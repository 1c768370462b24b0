/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/enrich.h - fields that follow from other fields.
 *
 * Owns:    container_id, container_runtime, pod_uid, read from the cgroup path that the kernel
 *          side recorded with the event: also the first process of a container has them;
 *          missing_interpreter, read from the file that a failed exec named; dev, where
 *          the file system's own is not what stat(2) shows.
 * Not:     asking a container runtime or /proc anything.
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

/*
 * Replaces dev, which is that of the file system, by what stat(2) shows of the file that the process
 * runs: fs_dev keeps the other. @proc_pid: its number in /proc; 0 = not known. If the process does
 * not run that file any more, dev becomes absent.
 */
void enrich_dev(uint32_t proc_pid, struct begat_event *ev);

/*
 * Why a file that is there gives ENOENT: the program that its first line names, or the loader that
 * an ELF file names, is not there. Looked at when the event is read.
 */
struct enrich_missing {
	int root_fd; /* of the tracer; -1 = not opened yet, or it cannot be */
	uint64_t window_ns; /* when the window began in which looks are counted */
	uint32_t looks;
	char buf[4096]; /* PATH_MAX */
};

/*
 * Sets missing_interpreter of @ev, a failed exec, if that is so. @has_reader_root: the process has
 * the tracer's root; else @proc_pid is its number in /proc, 0 if that is not known. The string lives
 * until the next call. Returns whether the field was set.
 */
bool enrich_missing(struct enrich_missing *state, bool has_reader_root, uint32_t proc_pid,
		    struct begat_event *ev);
void enrich_missing_done(struct enrich_missing *state);

#endif
