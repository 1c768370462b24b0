/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/object.c - the BPF objects that are inside the library, and which one a kernel gets.
 *
 * Owns: their bytes (embed.S). Not: which of its programs are loaded (programs.c).
 */
#include <sys/mman.h>
#include <unistd.h>

#include "attach/internal.h"

extern const char attach_object_start[], attach_object_end[];
extern const char attach_object_preemptible_start[], attach_object_preemptible_end[];

struct bpf_object *object_open(const struct features *features)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "begat");

	if (features->has_preemptible_tracepoints)
		return bpf_object__open_mem(
			attach_object_preemptible_start,
			attach_object_preemptible_end - attach_object_preemptible_start, &options);
	return bpf_object__open_mem(attach_object_start, attach_object_end - attach_object_start,
				    &options);
}

static void leave(const char *start, const char *end)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = ((uintptr_t)start + page - 1) & -page, last = (uintptr_t)end & -page;

	if (first < last)
		madvise((void *)first, last - first, MADV_DONTNEED);
}

void object_leave(void)
{
	leave(attach_object_start, attach_object_end);
	leave(attach_object_preemptible_start, attach_object_preemptible_end);
}
