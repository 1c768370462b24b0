/* SPDX-License-Identifier: BSD-2-Clause */
/* attach/cgroups.h - from what a user calls a cgroup or container to the ids that the kernel side
 * compares. */
#ifndef BEGAT_ATTACH_CGROUPS_H
#define BEGAT_ATTACH_CGROUPS_H

#include <linux/types.h>

#include "abi/config.h"
#include "base/error.h"

/*
 * Looks up each name in every cgroup hierarchy that is mounted: a path ("/system.slice", also
 * with the mount point in front), or what a cgroup folder's name contains (a container's id or
 * the first 8 digits of it and more). Returns 0, -ENOENT, -E2BIG.
 */
int cgroups_resolve(const char *const *names, struct bpf_config *config, struct error *error);

#endif
