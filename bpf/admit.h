/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/admit.h - which processes are followed: by tree, real uid and cgroup.
 *
 * Owns: the filters that run in the kernel. Not: which filters run (src/tracer/pushdown.c).
 *
 * A process must pass every filter that is set. They read kernel memory only. A tree is followed by
 * a flag in the process cache that each fork hands down. It survives reparenting, so a daemon is
 * still followed.
 */
#ifndef BEGAT_BPF_ADMIT_H
#define BEGAT_BPF_ADMIT_H

#include "cache.h"
#include "emit/cgroup.h"

#define ADMIT_CGROUP_DEPTH 32
#define CAP_SETUID 7

/*
 * A process may switch to a matching uid after its fork and exec; its exit must not be lost. With
 * CONFIG_ADMIT_UID_LATER a process that may switch is reported, and one that was reported stays so.
 */
static __always_inline bool admit_uid(struct task_struct *task, const struct proc_entry *entry,
				      const enum rec_class class)
{
	struct cred *cred = READ_PROBED(task, real_cred);
	__u32 uid = READ_PROBED(cred, uid.val);

	for (__u32 i = 0; i < CONFIG_UIDS_MAX && i < config.uid_count; i++)
		if (config.uids[i] == uid)
			return true;
	if (!(config.admit & CONFIG_ADMIT_UID_LATER) || class == REC_CLASS_EXEC_FAILED)
		return false;
	return (entry && entry->flags & PROC_REPORTED) ||
	       cred_cap_permitted(cred) & 1 << CAP_SETUID;
}

static __always_inline bool admit_cgroup(struct task_struct *task)
{
	struct cgroup_place place = cgroup_of(task, PROBED);

	for (int depth = 0; depth < ADMIT_CGROUP_DEPTH && place.kn; depth++) {
		__u64 id = cgroup_id(&place, PROBED);

		for (__u32 i = 0; i < CONFIG_CGROUPS_MAX && i < config.cgroup_count; i++)
			if (config.cgroup_ids[i] == id)
				return true;
		place.kn = kernfs_parent(place.kn, PROBED);
	}
	return false;
}

static __always_inline bool is_skipped(struct task_struct *task)
{
	struct cgroup_place place = cgroup_of(task, PROBED);
	__u64 id;

	if (!place.kn)
		return false;
	id = cgroup_id(&place, PROBED);
	return bpf_map_lookup_elem(&cgroups_skipped, &id) != NULL;
}

/* Is an event of @class of @task to be recorded? @entry: its process in the cache, or NULL. */
static __always_inline bool admit(struct task_struct *task, const struct proc_entry *entry,
				  const enum rec_class class)
{
	if (!(config.emit & 1 << class))
		return false;
	if ((config.admit & CONFIG_ADMIT_TREE) && !(entry && entry->flags & PROC_FOLLOWED))
		return false;
	if ((config.admit & CONFIG_ADMIT_UID) && !admit_uid(task, entry, class))
		return false;
	if ((config.admit & CONFIG_ADMIT_CGROUP) && !admit_cgroup(task))
		return false;
	return !(config.skip_classes & 1 << class) || !is_skipped(task);
}

/* Is this a requested pid that did not exist at open, or was reused since? */
static __always_inline bool admit_root(__u32 tgid)
{
	for (__u32 i = 0; i < CONFIG_ROOTS_MAX && i < config.root_count; i++)
		if (config.roots[i] == tgid)
			return true;
	return false;
}

#endif
