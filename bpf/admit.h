/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/admit.h - follow this process or not: by tree, real uid and cgroup.
 *
 * Every kind that is given must agree. Reads kernel memory only. A tree is followed by a flag in
 * the process cache that a fork hands down: it survives reparenting, so daemons stay followed.
 */
#ifndef BEGAT_BPF_ADMIT_H
#define BEGAT_BPF_ADMIT_H

#include "cache.h"
#include "emit/cgroup.h"

#define ADMIT_CGROUP_DEPTH 32

static __always_inline bool admit_uid(struct task_struct *task)
{
	__u32 uid = BPF_CORE_READ(task, cred, uid.val);

	for (__u32 i = 0; i < CONFIG_UIDS_MAX && i < config.uid_count; i++)
		if (config.uids[i] == uid)
			return true;
	return false;
}

static __always_inline bool admit_cgroup(struct task_struct *task)
{
	struct cgroup_place place = cgroup_of(task, false);

	for (int depth = 0; depth < ADMIT_CGROUP_DEPTH && place.kn; depth++) {
		__u64 id = cgroup_id(&place, false);

		for (__u32 i = 0; i < CONFIG_CGROUPS_MAX && i < config.cgroup_count; i++)
			if (config.cgroup_ids[i] == id)
				return true;
		place.kn = kernfs_parent(place.kn, false);
	}
	return false;
}

/* @entry: the task's process in the cache, or NULL */
static __always_inline bool admit(struct task_struct *task, const struct proc_entry *entry)
{
	if ((config.admit & CONFIG_ADMIT_TREE) && !(entry && entry->flags & PROC_FOLLOWED))
		return false;
	if ((config.admit & CONFIG_ADMIT_UID) && !admit_uid(task))
		return false;
	if ((config.admit & CONFIG_ADMIT_CGROUP) && !admit_cgroup(task))
		return false;
	return true;
}

#endif
