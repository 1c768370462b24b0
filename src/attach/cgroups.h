/* SPDX-License-Identifier: BSD-2-Clause */
/* attach/cgroups.h - from what a user calls a cgroup or container to the ids that the kernel side
 * compares. */
#ifndef BEGAT_ATTACH_CGROUPS_H
#define BEGAT_ATTACH_CGROUPS_H

#include <linux/types.h>
#include <stdbool.h>

#include "abi/config.h"
#include "base/error.h"

/*
 * Looks up each name in every cgroup hierarchy that is mounted: a path ("/system.slice", also
 * with the mount point in front), a container's id as events have it, of any length, or what a
 * cgroup folder's name contains (the first 8 digits of an id and more).
 * @is_container: does the cgroup at @path, from its hierarchy's root, belong to container @id?
 * Returns 0, -EINVAL, -ENOENT, -E2BIG.
 */
int cgroups_resolve(const char *const *names,
		    bool (*is_container)(const char *path, const char *id),
		    struct bpf_config *config, struct error *error);

#endif
