/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs/argv.c - argv of a process as /proc shows it, and whether it is a title by now.
 *
 * Owns:    reading /proc/PID/cmdline. A process may write over its arguments, as sshd and postgres
 *          do to show what they are at, or move them away (prctl(PR_SET_MM_ARG_START)). Then
 *          cmdline is a title, often with the rest of the old space behind it: hundreds of empty
 *          strings.
 * Not:     the rest of /proc (procfs.c); execs that were seen: the kernel side reads their argv.
 *
 * How to distinguish a title from arguments, of which the last may be empty too: the kernel writes
 * argc to the bottom of the new stack, where nothing changes it. As many strings are what the
 * process was started with. If that cannot be read (another user's process), only what can be
 * nothing else counts as a title: one string and many empty ones.
 */
#include "procfs/argv.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "event/strv.h"

#define EMPTY_MANY 16 /* empty strings behind a single one, where argc is not known */
#define CMDLINE_BYTES_MAX (8u << 20) /* the kernel allows 6 MiB */

struct scan {
	size_t bytes; /* of the whole cmdline */
	size_t strings; /* that it has: ends of them */
	size_t text; /* up to the last byte that is not NUL */
	size_t solid; /* up to the last that is not a blank either */
	char last;
};

static void scan_bytes(struct scan *scan, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		scan->strings += !bytes[i];
		if (bytes[i])
			scan->text = scan->bytes + i + 1;
		if (bytes[i] && bytes[i] != ' ')
			scan->solid = scan->bytes + i + 1;
	}
	scan->bytes += count;
	if (count)
		scan->last = bytes[count - 1];
}

/* All of cmdline into @scan, its first bytes into @buf. False: not readable, or a kernel thread. */
static bool read_cmdline(int dir, char *buf, size_t size, struct scan *scan)
{
	int fd = openat(dir, "cmdline", O_RDONLY | O_CLOEXEC);
	char more[4096];
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (scan->bytes < CMDLINE_BYTES_MAX) {
		bool is_first = scan->bytes < size;
		char *to = is_first ? buf + scan->bytes : more;

		n = read(fd, to, is_first ? size - scan->bytes : sizeof(more));
		if (n <= 0)
			break;
		scan_bytes(scan, to, (size_t)n);
	}
	close(fd);
	return n >= 0 && scan->bytes;
}

/* What the kernel put there: argc, and where the first string is. False: not readable. */
static bool read_stack(int dir, const struct procfs_argv_area *area, uint64_t *ret_argc,
		       uint64_t *ret_first)
{
	int fd = openat(dir, "mem", O_RDONLY | O_CLOEXEC);
	uint64_t words[2];
	ssize_t n;

	if (fd < 0)
		return false;
	n = pread(fd, words, sizeof(words), (off_t)area->stack);
	close(fd);
	if (n != sizeof(words))
		return false;
	*ret_argc = words[0];
	*ret_first = words[1];
	if (words[0] > INT32_MAX) { /* of 32 bits each */
		*ret_argc = (uint32_t)words[0];
		*ret_first = words[0] >> 32;
	}
	return true;
}

/* ld.so, run as a command, takes its own arguments away from argc. */
static bool is_loader(const struct begat_str *exe)
{
	const char *slash = exe->data ? strrchr(exe->data, '/') : NULL;

	return slash && (!strncmp(slash, "/ld-", 4) || !strncmp(slash, "/ld.so", 6));
}

static bool is_title(int dir, const struct procfs_argv_area *area, const struct scan *scan,
		     const struct begat_str *exe)
{
	size_t padding = scan->bytes - scan->text;
	uint64_t argc, first;

	if (scan->last) /* arguments end with a NUL */
		return true;
	if (area->stack && area->end > area->start && !is_loader(exe)) {
		/* The kernel shows a title to its end, which may be before or behind the space. */
		if (scan->bytes != area->end - area->start)
			return true;
		if (read_stack(dir, area, &argc, &first))
			return scan->strings != argc ||
			       (area->end != area->env_start && area->start != first);
	}
	return scan->strings == padding && padding > EMPTY_MANY;
}

size_t procfs_read_argv(int dir, const struct procfs_argv_area *area, char *buf, size_t size,
			struct procfs_facts *facts)
{
	char raw[STRV_KEPT_BYTES + 1];
	size_t limit = STRV_KEPT_BYTES < size ? STRV_KEPT_BYTES : size, bytes;
	struct begat_strv argv = { .data = raw };
	struct scan scan = { 0 };

	facts->argv = (struct begat_strv){ 0 };
	facts->argv_truncated = facts->argv_rewritten = false;
	if (!read_cmdline(dir, raw, sizeof(raw), &scan))
		return 0;
	facts->argv_rewritten = is_title(dir, area, &scan, &facts->exe);
	if (facts->argv_rewritten && !scan.solid) /* wiped out: nothing is shown */
		return 0;
	bytes = facts->argv_rewritten ? scan.solid + 1 : scan.bytes;
	facts->argv_truncated = bytes > limit;
	if (!limit)
		return 0;
	argv.bytes = bytes < sizeof(raw) ? bytes : sizeof(raw);
	if (bytes <= sizeof(raw))
		raw[bytes - 1] = '\0';
	for (size_t i = 0; i < argv.bytes; i++)
		argv.count += !raw[i];
	argv = strv_cut(&argv, limit);
	memcpy(buf, raw, argv.bytes);
	buf[argv.bytes - 1] = '\0';
	facts->argv = argv;
	facts->argv.data = buf;
	return argv.bytes;
}
