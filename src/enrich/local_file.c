/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/local_file.c - see local_file.h.
 *
 * A name is walked in the kernel's cache alone (RESOLVE_CACHED). What the cache does not know is
 * looked up only in a folder on a file system of the kernel's own; a file is opened only if
 * its file system is.
 *
 * Invariants
 *  (1) Names are resolved below the given root and never by way of a magic link.
 *  (2) Only a regular file is opened, and without waiting: a FIFO or a device is looked at (O_PATH)
 *      and left alone.
 *  (3) Nothing else than O_PATH is done with a file before its mount is known.
 */
#include "enrich/local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20 /* Linux 5.12 */
#endif
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000 /* Linux 5.8 */
#endif

#define LEVELS_MAX 64 /* of folders that are not there */
#define MOUNTS_BYTES (64 << 10) /* of the list of mounts: a process with more is not explained */

static int open_path(int root, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* A regular file, to be read; or a negative errno. By the descriptor: the name may be another's. */
static int reopen(int at)
{
	char link[32];
	struct statx st;
	int file;

	if (statx(at, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) ||
	    !S_ISREG(st.stx_mode))
		return -EACCES;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	file = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return file < 0 ? -errno : file;
}

/* "... - ext4 /dev/sda1 rw": the type of mount @id in a list as /proc/PID/mountinfo is. */
static bool find_type(char *mounts, uint64_t id, char **ret_type)
{
	for (char *line = mounts, *next; *line; line = next) {
		char *end = strchr(line, '\n'), *type;

		if (!end)
			return false;
		*end = '\0';
		next = end + 1;
		if (strtoull(line, NULL, 10) != id)
			continue;
		type = strstr(line, " - ");
		if (!type)
			return false;
		*ret_type = type + 3;
		(*ret_type)[strcspn(*ret_type, " ")] = '\0';
		return true;
	}
	return false;
}

static bool read_mounts(uint32_t proc_pid, char *mounts)
{
	char path[40];
	size_t used = 0;
	ssize_t n = -1;
	int fd;

	if (proc_pid)
		snprintf(path, sizeof(path), "/proc/%u/mountinfo", proc_pid);
	else
		snprintf(path, sizeof(path), "/proc/self/mountinfo");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (used < MOUNTS_BYTES && (n = read(fd, mounts + used, MOUNTS_BYTES - used)) > 0)
		used += (size_t)n;
	close(fd);
	mounts[used] = '\0';
	return !n;
}

/* In a user namespace of its own anybody mounts an overlay of what somebody serves. */
static bool has_own_user_namespace(uint32_t proc_pid)
{
	struct stat own, theirs;
	char path[40];

	if (!proc_pid)
		return false;
	snprintf(path, sizeof(path), "/proc/%u/ns/user", proc_pid);
	return stat("/proc/self/ns/user", &own) || stat(path, &theirs) ||
	       own.st_ino != theirs.st_ino || own.st_dev != theirs.st_dev;
}

static bool is_of_kernel(const char *type, uint32_t proc_pid)
{
	static const char *const types[] = {
		"bcachefs", "btrfs", "erofs", "exfat", "ext2",	"ext3",	   "ext4",
		"f2fs",	    "jfs",   "msdos", "ntfs3", "ramfs", "rootfs",  "squashfs",
		"tmpfs",    "ubifs", "vfat",  "xfs",   "zfs",	"iso9660", "cramfs",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(type, types[i]))
			return true;
	return !strcmp(type, "overlay") && !has_own_user_namespace(proc_pid);
}

/*
 * Is the file system of @at one that the kernel serves without any program's help? One on a device
 * is: for a server to have a device (fuseblk) takes a mount by root.
 */
static bool is_local(int at, uint32_t proc_pid)
{
	char *mounts, *type;
	struct statx st;
	bool ret;

	if (statx(at, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) ||
	    !(st.stx_mask & STATX_MNT_ID))
		return false;
	if (st.stx_dev_major)
		return true;
	mounts = malloc(MOUNTS_BYTES + 1);
	ret = mounts && read_mounts(proc_pid, mounts) && find_type(mounts, st.stx_mnt_id, &type) &&
	      is_of_kernel(type, proc_pid);
	free(mounts);
	return ret;
}

/*
 * What is not in the cache: from the nearest folder that is, down through that one file system. The
 * cache keeps no names that are missing in a tmpfs.
 */
static int look_up(int root, uint32_t proc_pid, const char *path)
{
	char folder[PATH_MAX];
	size_t len = strlen(path);
	int at = -EAGAIN, ret;

	for (int level = 0; at == -EAGAIN && level < LEVELS_MAX; level++) {
		while (len && path[len - 1] == '/')
			len--;
		while (len && path[len - 1] != '/')
			len--;
		if (!len)
			return -EAGAIN;
		memcpy(folder, path, len);
		folder[len] = '\0';
		at = open_path(root, folder, RESOLVE_IN_ROOT | RESOLVE_CACHED);
	}
	if (at < 0)
		return at;
	ret = is_local(at, proc_pid)
		      ? open_path(at, path + len,
				  RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS)
		      : -EAGAIN;
	close(at);
	return ret;
}

int local_file_open(int root, uint32_t proc_pid, const char *path)
{
	int at, ret;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return -EINVAL;
	at = open_path(root, path, RESOLVE_IN_ROOT | RESOLVE_CACHED);
	if (at == -EINVAL || at == -ENOSYS)
		return -ENOTSUP;
	if (at == -EAGAIN)
		at = look_up(root, proc_pid, path);
	if (at < 0)
		return at;
	ret = is_local(at, proc_pid) ? reopen(at) : -EAGAIN;
	close(at);
	return ret;
}

int local_file_open_waiting(int root, const char *path)
{
	int at = open_path(root, path, RESOLVE_IN_ROOT), ret;

	if (at < 0)
		return at;
	ret = reopen(at);
	close(at);
	return ret;
}
