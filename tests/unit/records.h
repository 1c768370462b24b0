/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/records.h - build records as the kernel side would send them.
 *
 * Each record_<kind>() starts one in a struct record; record_span(), record_path() and
 * record_string() append variable bytes and return where they are; record_end() rounds up and
 * sets the size. Fixed members are set through record_<kind>()'s result.
 */
#ifndef BEGAT_TESTS_RECORDS_H
#define BEGAT_TESTS_RECORDS_H

#include <assert.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "abi/record.h"

#define RECORD_TS_NS 5000000000ull
#define RECORD_START_NS 4000000000ull
#define RECORD_TGID 1234u

struct record {
	_Alignas(8) char bytes[REC_BYTES_MAX];
	size_t size;
};

static inline struct rec_header *record_start(struct record *r, uint16_t type, size_t fixed)
{
	struct rec_header *header = (struct rec_header *)(void *)r->bytes;

	memset(r->bytes, 0, fixed);
	r->size = fixed;
	header->type = type;
	header->ts_ns = RECORD_TS_NS;
	header->seq = 7;
	header->cpu = 1;
	header->tid = RECORD_TGID;
	return header;
}

static inline void record_identity(struct rec_identity *identity)
{
	identity->start_ns = RECORD_START_NS;
	identity->tgid = RECORD_TGID;
	identity->parent_tgid = 1000;
	identity->parent_start_ns = 3000000000ull;
	identity->uid = 1;
	identity->gid = 2;
	identity->euid = 3;
	identity->egid = 4;
	identity->loginuid = 5;
	identity->sid = 6;
	identity->pgid = 7;
	identity->cap_effective = 0x1ff;
	identity->cgroup_id = 99;
	identity->valid = REC_IDENTITY_NS | REC_IDENTITY_CGROUP | REC_IDENTITY_IDS |
			  REC_IDENTITY_LOGINUID | REC_IDENTITY_PARENT;
	for (uint32_t i = 0; i < REC_NS_COUNT; i++)
		identity->ns[i] = 4026531000u + i;
	strcpy(identity->comm, "cc1");
	strcpy(identity->tty, "pts3");
}

#define RECORD_WITH_WHO(kind, number)                                                \
	static inline struct rec_##kind *record_##kind(struct record *r)             \
	{                                                                            \
		record_start(r, number, sizeof(struct rec_##kind));                  \
		record_identity(&((struct rec_##kind *)(void *)r->bytes)->identity); \
		return (struct rec_##kind *)(void *)r->bytes;                        \
	}

#define RECORD_PLAIN(kind, number)                                       \
	static inline struct rec_##kind *record_##kind(struct record *r) \
	{                                                                \
		record_start(r, number, sizeof(struct rec_##kind));      \
		return (struct rec_##kind *)(void *)r->bytes;            \
	}

RECORD_WITH_WHO(fork, REC_FORK)
RECORD_WITH_WHO(exec, REC_EXEC)
RECORD_WITH_WHO(exec_failed, REC_EXEC_FAILED)
RECORD_WITH_WHO(exit, REC_EXIT)
RECORD_WITH_WHO(snapshot, REC_SNAPSHOT)
RECORD_PLAIN(lost, REC_LOST)
RECORD_PLAIN(chunk, REC_CHUNK)
RECORD_PLAIN(cgroup, REC_CGROUP)

static inline struct rec_span record_span(struct record *r, const void *data, size_t bytes)
{
	struct rec_span span = { .offset = (uint32_t)r->size, .bytes = (uint32_t)bytes };

	assert(r->size + bytes <= sizeof(r->bytes));
	memcpy(r->bytes + r->size, data, bytes);
	r->size += bytes;
	while (r->size % 8)
		r->bytes[r->size++] = 0x55; /* not NUL: nobody may run into it */
	return span;
}

static inline struct rec_span record_string(struct record *r, const char *string)
{
	return record_span(r, string, strlen(string) + 1);
}

/* "/usr/bin/cc" as the kernel walks it; "/" as one NUL without components. */
static inline struct rec_path record_path(struct record *r, const char *path, uint32_t flags)
{
	char names[REC_PATH_BYTES_MAX];
	size_t bytes = 0, end = strlen(path);
	struct rec_path ret = { .flags = flags };

	while (end && path[1]) {
		size_t start = end;

		while (path[start - 1] != '/')
			start--;
		memcpy(names + bytes, path + start, end - start);
		bytes += end - start;
		names[bytes++] = '\0';
		ret.components++;
		end = start - 1;
	}
	if (!bytes)
		names[bytes++] = '\0';

	struct rec_span span = record_span(r, names, bytes);

	ret.offset = span.offset;
	ret.bytes = span.bytes;
	return ret;
}

static inline void record_end(struct record *r)
{
	((struct rec_header *)(void *)r->bytes)->size = (uint32_t)r->size;
}

#endif
