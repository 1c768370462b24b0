/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/object.c - the BPF objects that are inside the library, and which one a kernel gets.
 *
 * Owns: their bytes (embed.S). Not: which of its programs are loaded (programs.c).
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/internal.h"
#include "attach/kernel_btf.h"

extern const char attach_object_start[], attach_object_end[];
extern const char attach_object_preemptible_start[], attach_object_preemptible_end[];

static struct bpf_object *open_with(const struct features *features, const char *btf_path)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "begat",
		    .btf_custom_path = btf_path);
	const char *start = attach_object_start, *end = attach_object_end;

	if (features->has_preemptible_tracepoints) {
		start = attach_object_preemptible_start;
		end = attach_object_preemptible_end;
	}
	return bpf_object__open_mem(start, (size_t)(end - start), &options);
}

/* A file without a name that has @data. -1: the whole of the kernel's BTF has to do. */
static int write_to_memory(const void *data, size_t bytes)
{
	int fd = memfd_create("begat-btf", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < bytes) {
		ssize_t n = write(fd, (const char *)data + done, bytes - done);

		if (n <= 0) {
			close(fd);
			fd = -1;
		} else {
			done += (size_t)n;
		}
	}
	return fd;
}

void object_shrink_btf(struct features *features)
{
	struct bpf_object *object = features->btf ? open_with(features, NULL) : NULL;
	struct btf *part = NULL;
	const void *data = NULL;
	__u32 bytes;

	if (object)
		part = kernel_btf_part(features->btf, bpf_object__btf(object));
	if (part)
		data = btf__raw_data(part, &bytes);
	if (data)
		features->part_fd = write_to_memory(data, bytes);
	btf__free(part);
	bpf_object__close(object);
	btf__free(features->btf);
	features->btf = NULL;
}

struct bpf_object *object_open(const struct features *features)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", features->part_fd);
	return open_with(features, features->part_fd >= 0 && !access(path, R_OK) ? path : NULL);
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
