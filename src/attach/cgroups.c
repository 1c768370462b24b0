/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/cgroups.c - see cgroups.h.
 *
 * A cgroup's number is its folder's inode, unique within its hierarchy; the hierarchy's number
 * goes on top of it, as bpf/emit/cgroup.h does.
 */
#include "attach/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 24
#define ID_LENGTH_MIN 8

struct search {
	struct bpf_config *config;
	const char *name;
	bool (*is_container)(const char *path, const char *id);
	char path[4096]; /* of the folder that is looked at, from its hierarchy's root */
	uint64_t hierarchy;
	int found, err;
};

/* From /proc/self/cgroup, "7:pids:/path": the number of the hierarchy with these controllers. */
static uint64_t hierarchy_of(const struct mntent *mount)
{
	char line[4096], *controllers, *end;
	uint64_t number = 0;
	FILE *f;

	if (!strcmp(mount->mnt_type, "cgroup2"))
		return 0;
	f = fopen("/proc/self/cgroup", "re");
	while (f && fgets(line, sizeof(line), f)) {
		char *save = NULL, *one;
		bool all = true;

		number = strtoull(line, &controllers, 10);
		end = *controllers == ':' ? strchr(controllers + 1, ':') : NULL;
		if (!end || end == controllers + 1)
			continue;
		*end = 0;
		for (one = strtok_r(controllers + 1, ",", &save); one && all;
		     one = strtok_r(NULL, ",", &save))
			all = hasmntopt(mount, one);
		if (all)
			break;
		number = 0;
	}
	if (f)
		fclose(f);
	return number;
}

static void add(struct search *search, uint64_t inode)
{
	struct bpf_config *config = search->config;

	if (config->cgroup_count == CONFIG_CGROUPS_MAX) {
		search->err = -E2BIG;
		return;
	}
	config->cgroup_ids[config->cgroup_count++] = inode | search->hierarchy << 48;
	search->found++;
}

/* Short names are compared whole: "web" would be part of too many. */
static bool is_match(const struct search *search, const char *folder)
{
	if (strlen(search->name) >= ID_LENGTH_MIN && strstr(folder, search->name))
		return true;
	return search->is_container(search->path, search->name);
}

/* Folders of the container; a match's own folders are below it and need no look. */
static void walk(struct search *search, int fd, int depth)
{
	size_t len = strlen(search->path);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		close(fd);
		return;
	}
	while (!search->err && (entry = readdir(dir))) {
		int sub;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(search->path + len, sizeof(search->path) - len, "/%s",
			     entry->d_name) >= (int)(sizeof(search->path) - len))
			continue;
		if (is_match(search, entry->d_name)) {
			add(search, entry->d_ino);
			continue;
		}
		sub = depth < DEPTH_MAX ? openat(dirfd(dir), entry->d_name,
						 O_RDONLY | O_DIRECTORY | O_CLOEXEC)
					: -1;
		if (sub >= 0)
			walk(search, sub, depth + 1);
	}
	search->path[len] = '\0';
	closedir(dir);
}

static void look_in(struct search *search, const struct mntent *mount)
{
	size_t prefix = strlen(mount->mnt_dir);
	const char *path = search->name;
	char full[4096];
	struct stat st;
	int fd;

	search->hierarchy = hierarchy_of(mount);
	if (path[0] != '/') {
		fd = open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		search->path[0] = '\0';
		if (fd >= 0)
			walk(search, fd, 0);
		return;
	}
	if (!strncmp(path, mount->mnt_dir, prefix) && (path[prefix] == '/' || !path[prefix]))
		path += prefix;
	snprintf(full, sizeof(full), "%s/%s", mount->mnt_dir, path);
	if (!stat(full, &st) && S_ISDIR(st.st_mode))
		add(search, st.st_ino);
}

static int resolve_one(const char *name, bool (*is_container)(const char *path, const char *id),
		       struct bpf_config *config, struct error *error)
{
	struct search search = { .config = config, .name = name, .is_container = is_container };
	struct mntent entry, *mount;
	char buf[8192];
	FILE *mounts;

	mounts = setmntent("/proc/self/mounts", "re");
	if (!mounts)
		return error_set(
			error, -ENOENT,
			"cannot look for the cgroup '%s' without /proc: mount -t proc proc /proc",
			name);
	while (mounts && !search.err && (mount = getmntent_r(mounts, &entry, buf, sizeof(buf))))
		if (!strcmp(mount->mnt_type, "cgroup") || !strcmp(mount->mnt_type, "cgroup2"))
			look_in(&search, mount);
	if (mounts)
		endmntent(mounts);
	if (search.err)
		return error_set(error, -E2BIG, "'%s' names more than %d cgroups: be more exact",
				 name, CONFIG_CGROUPS_MAX);
	if (!search.found && name[0] != '/' && strlen(name) < ID_LENGTH_MIN)
		return error_set(
			error, -EINVAL,
			"no container is called '%s', and it is too short for a part of an "
			"id: give 8 characters or more, or a cgroup path that starts with /",
			name);
	if (!search.found)
		return error_set(
			error, -ENOENT,
			"no cgroup or container '%s' on this machine: see systemd-cgls, or "
			"/proc/PID/cgroup of a process in it",
			name);
	return 0;
}

int cgroups_resolve(const char *const *names,
		    bool (*is_container)(const char *path, const char *id),
		    struct bpf_config *config, struct error *error)
{
	int err = 0;

	for (; *names && !err; names++)
		err = resolve_one(*names, is_container, config, error);
	return err;
}
