/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/safe_open.c - see safe_open.h.
 *
 * The kernel has fs.protected_symlinks and its like, but not everywhere, and only for folders that
 * are sticky. The walk keeps a descriptor of the folder that it has reached, so nobody can exchange
 * a part of the path behind it.
 */
#include "base/safe_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel */
#define TRIES 64

static int fail(int err, const char *why, const char **ret_why)
{
	if (ret_why)
		*ret_why = why;
	return -err;
}

/* Who called sudo? Only root is believed, and only a number. False = nobody. */
static bool sudo_caller(uid_t *ret_uid, gid_t *ret_gid)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
	char *uid_end, *gid_end;

	if (geteuid() != 0 || !uid || !gid || !*uid || !*gid)
		return false;
	*ret_uid = (uid_t)strtoul(uid, &uid_end, 10);
	*ret_gid = (gid_t)strtoul(gid, &gid_end, 10);
	return !*uid_end && !*gid_end;
}

bool safe_is_own(uid_t uid)
{
	uid_t caller;
	gid_t group;

	return uid == geteuid() || (sudo_caller(&caller, &group) && uid == caller);
}

/* Invariant (4). */
static void give(const struct safe_place *place, int fd)
{
	struct stat st;
	uid_t caller;
	gid_t group;

	/* If it fails, the file is root's: still nobody else's. */
	if (sudo_caller(&caller, &group) && fstat(place->dir_fd, &st) == 0 && st.st_uid == caller &&
	    fchown(fd, caller, group) < 0)
		return;
}

static bool is_trusted(const struct stat *st)
{
	return st->st_uid == geteuid() || st->st_uid == 0;
}

/* The path that is still ahead; owned. */
struct walk {
	struct safe_place *place;
	char *rest;
	int links;
};

/* The target of the link @fd goes before what is ahead. 0 or -errno. */
static int follow(struct walk *walk, int fd, const char **ret_why)
{
	char target[PATH_MAX], *joined;
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!is_trusted(&st))
		return fail(EACCES,
			    "a symbolic link of another user leads there; name the file itself",
			    ret_why);
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len <= 0)
		return len ? -errno : -ENOENT;
	target[len] = '\0';
	if (asprintf(&joined, "%s%s%s", target, *walk->rest ? "/" : "", walk->rest) < 0)
		return -ENOMEM;
	free(walk->rest);
	walk->rest = joined;
	return 0;
}

static int enter(struct walk *walk, const char *name)
{
	int fd = openat(walk->place->dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	if (walk->place->dir_fd >= 0)
		close(walk->place->dir_fd);
	walk->place->dir_fd = fd;
	return 0;
}

/* Takes the next name off the path; "" at its end. 0 or -errno. */
static int next_name(struct walk *walk, char name[NAME_MAX + 1], bool *ret_is_last)
{
	size_t skip = strspn(walk->rest, "/"), len = strcspn(walk->rest + skip, "/");
	size_t more = strspn(walk->rest + skip + len, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, walk->rest + skip, len);
	name[len] = '\0';
	*ret_is_last = !walk->rest[skip + len];
	memmove(walk->rest, walk->rest + skip + len + more,
		strlen(walk->rest + skip + len + more) + 1);
	return 0;
}

/* One name further. 1 = the place is found, 0 = there is more, or -errno. */
static int step(struct walk *walk, const char **ret_why)
{
	char name[NAME_MAX + 1];
	bool is_last;
	struct stat st;
	int fd, err;

	if (*walk->rest == '/') {
		if (walk->place->dir_fd >= 0)
			close(walk->place->dir_fd);
		walk->place->dir_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (walk->place->dir_fd < 0)
			return -errno;
	}
	err = next_name(walk, name, &is_last);
	if (err < 0)
		return err;
	if (!*name || (is_last && (!strcmp(name, ".") || !strcmp(name, ".."))))
		return -EISDIR;
	fd = openat(walk->place->dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno != ENOENT || !is_last))
		return -errno;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
		err = follow(walk, fd, ret_why);
		close(fd);
		return err;
	}
	if (fd >= 0)
		close(fd);
	if (!is_last)
		return enter(walk, name);
	strcpy(walk->place->name, name);
	return 1;
}

int safe_find(const char *path, struct safe_place *ret_place, const char **ret_why)
{
	struct walk walk = { .place = ret_place };
	int err = 0;

	*ret_place = (struct safe_place){ .dir_fd = -1 };
	if (ret_why)
		*ret_why = NULL;
	if (!*path)
		return -ENOENT;
	walk.rest = strdup(path);
	if (!walk.rest)
		return -ENOMEM;
	ret_place->dir_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret_place->dir_fd < 0 && *path != '/')
		err = -errno;
	while (!err)
		err = step(&walk, ret_why);
	free(walk.rest);
	return err < 0 ? err : 0;
}

void safe_done(struct safe_place *place)
{
	if (place->dir_fd >= 0)
		close(place->dir_fd);
	place->dir_fd = -1;
}

/* Could somebody else have made the second name of a file that is the caller's own? */
static bool is_shared_folder(int dir_fd)
{
	struct stat st;

	return fstat(dir_fd, &st) < 0 || !is_trusted(&st) || (st.st_mode & (S_IWGRP | S_IWOTH));
}

static int check(int dir_fd, int fd, const char **ret_why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		if (!safe_is_own(st.st_uid))
			return fail(EACCES,
				    "it belongs to another user; choose another name, or remove "
				    "it first",
				    ret_why);
		if (st.st_nlink > 1 && is_shared_folder(dir_fd))
			return fail(EACCES,
				    "it is a second name of another file, in a folder where "
				    "others can write; choose another name",
				    ret_why);
		return 0;
	case S_IFIFO:
	case S_IFCHR:
		if (!is_trusted(&st))
			return fail(EACCES, "it belongs to another user; choose another name",
				    ret_why);
		return 0;
	case S_IFDIR:
		return -EISDIR;
	default:
		return fail(EINVAL, "it is no file that can be written like a stream", ret_why);
	}
}

/* A device may be missing: /dev/tty without a terminal. */
static bool is_device(const struct safe_place *place)
{
	struct stat st;

	if (fstatat(place->dir_fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	errno = ENXIO;
	return S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
}

static int open_old(const struct safe_place *place, const char **ret_why)
{
	int fd = openat(place->dir_fd, place->name,
			O_WRONLY | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	int err, flags;

	if (fd < 0 && errno == ENXIO && !is_device(place))
		return fail(ENXIO, "it is a FIFO that no process reads, or a socket", ret_why);
	if (fd < 0)
		return -errno;
	err = check(place->dir_fd, fd, ret_why);
	flags = err ? 0 : fcntl(fd, F_GETFL);
	if (!err && (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* A file that was not there, under @name beside @place. A descriptor or -errno. */
static int make_new(const struct safe_place *place, const char *name, int way, mode_t mode)
{
	int fd =
		openat(place->dir_fd, name,
		       way | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	give(place, fd);
	return fd;
}

int safe_make(const struct safe_place *place, mode_t mode)
{
	return make_new(place, place->name, O_RDWR, mode);
}

int safe_open(const struct safe_place *place, mode_t mode, bool *ret_is_created,
	      const char **ret_why)
{
	if (ret_why)
		*ret_why = NULL;
	/* Somebody may create and remove it meanwhile; not for ever. */
	for (int i = 0; i < TRIES; i++) {
		int fd = open_old(place, ret_why);

		*ret_is_created = false;
		if (fd != -ENOENT)
			return fd;
		fd = make_new(place, place->name, O_WRONLY, mode);
		*ret_is_created = fd >= 0;
		if (fd != -EEXIST)
			return fd;
	}
	return -EBUSY;
}

int safe_create(const struct safe_place *place, mode_t mode, char *name)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned number = 0;
		int fd;

		if (getrandom(&number, sizeof(number), 0) < 0)
			return -errno;
		/* The name is cut where both do not fit: it only has to be new. */
		snprintf(name, NAME_MAX + 1, ".%.*s.%08x", NAME_MAX - 10, place->name, number);
		fd = make_new(place, name, O_RDWR, mode);
		if (fd != -EEXIST)
			return fd;
	}
	return -EBUSY;
}

int safe_replace(const struct safe_place *place, const char *name)
{
	return renameat(place->dir_fd, name, place->dir_fd, place->name) < 0 ? -errno : 0;
}
