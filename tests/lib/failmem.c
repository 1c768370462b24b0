/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/failmem.c - a library to preload that lets one allocation fail.
 *
 * Owns:    FAILMEM_AT=N: the Nth call of malloc, calloc, realloc or reallocarray gives NULL; with
 *          FAILMEM_FROM=1 each later one too. At the end of a process it writes to the file
 *          FAILMEM_COUNT how many calls there were.
 * Used by: tests/golden/test_no_memory.sh.
 *
 * glibc's own allocator is reached by its __libc_ names: looking symbols up would allocate.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static atomic_ulong calls;
static unsigned long fail_at;
static bool fails_from;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAILMEM_AT");

	fail_at = at ? strtoul(at, NULL, 10) : 0;
	fails_from = getenv("FAILMEM_FROM") != NULL;
	atomic_store(&calls, 0);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAILMEM_COUNT");
	char line[32];
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	if (write(fd, line, (size_t)snprintf(line, sizeof(line), "%lu\n", atomic_load(&calls))) < 0)
		_exit(99);
	close(fd);
}

static bool fails(void)
{
	unsigned long call = atomic_fetch_add(&calls, 1) + 1;

	if (!fail_at || call < fail_at || (call > fail_at && !fails_from))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}
