/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/path.h - a path as the process's own root shows it, names leaf first.
 *
 * Walks dentries up to the root and crosses mount points, as d_path() does; tracepoints may not
 * call bpf_d_path() itself. The walk takes no lock: a rename at the same moment may mix old and
 * new names, as it would in d_path() without its retry.
 */
#ifndef BEGAT_BPF_EMIT_PATH_H
#define BEGAT_BPF_EMIT_PATH_H

#include "compat.h"

#define PATH_NAME_BYTES 256 /* NAME_MAX and a NUL */

struct path_walk {
	void *record;
	volatile struct rec_path *ret; /* bytes and components grow in memory: see args_step() */
	struct dentry *dentry;
	struct vfsmount *vfsmount;
	struct dentry *mount_root; /* of vfsmount: read once for each mount, not for each name */
	struct dentry *root_dentry; /* where the walk ends: the process's root */
	struct vfsmount *root_vfsmount;
};

static __always_inline bool path_is_unlinked(struct dentry *dentry)
{
	return !READ_PROBED(dentry, d_hash.pprev) && READ_PROBED(dentry, d_parent) != dentry;
}

static __always_inline void path_begin(struct path_walk *walk, struct task_struct *task,
				       struct path *path)
{
	struct fs_struct *fs = READ_PROBED(task, fs);
	struct vfsmount *vfsmount = READ_PROBED(path, mnt);

	walk->dentry = READ_PROBED(path, dentry);
	walk->vfsmount = vfsmount;
	walk->mount_root = READ_PROBED(vfsmount, mnt_root);
	walk->root_dentry = READ_PROBED(fs, root.dentry);
	walk->root_vfsmount = READ_PROBED(fs, root.mnt);
}

/* Up one mount. False at the topmost one. */
static __always_inline bool path_cross(struct path_walk *walk)
{
	struct mount *mount = (void *)walk->vfsmount - bpf_core_field_offset(struct mount, mnt);
	struct mount *parent = READ_PROBED(mount, mnt_parent);

	if (mount == parent)
		return false;
	walk->dentry = READ_PROBED(mount, mnt_mountpoint);
	walk->vfsmount = (void *)parent + bpf_core_field_offset(struct mount, mnt);
	walk->mount_root = READ_PROBED(parent, mnt.mnt_root);
	return true;
}

static __always_inline bool path_name(struct path_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	volatile struct rec_path *ret = walk->ret;
	void *to = slot_at(walk->record, ret->offset + ret->bytes,
			   PATH_NAME_BYTES + sizeof(struct path_walk));
	long n = to ? bpf_probe_read_kernel_str(to, PATH_NAME_BYTES,
						READ_PROBED(dentry, d_name.name))
		    : 0;

	if (n <= 0)
		return false;
	ret->bytes += n;
	ret->components++;
	return true;
}

/* One name, or one mount. Returns 1 when the walk is over. */
static __always_inline long path_step(struct path_walk *walk)
{
	struct dentry *dentry = walk->dentry;

	if (dentry == walk->root_dentry && walk->vfsmount == walk->root_vfsmount) {
		walk->ret->flags = 0;
		return 1;
	}
	if (dentry == walk->mount_root) {
		if (path_cross(walk))
			return 0;
		walk->ret->flags = REC_PATH_UNREACHABLE;
		return 1;
	}
	if (!path_name(walk))
		return 1;
	walk->dentry = READ_PROBED(dentry, d_parent);
	return 0;
}

static long path_step_callback(__u32 round, void *walk)
{
	return path_step(walk);
}

/* The walk that path_unrolled() takes and leaves, at the end of the slot of the record. */
static __always_inline struct path_walk *path_parked(void *record)
{
	return record + REC_BYTES_MAX - sizeof(struct path_walk);
}

/*
 * Continues the walk that is parked in slot @index, for the rec_path at @ret_offset there. Returns
 * 1 when the walk is over. A global function that takes only numbers: from 5.6 on the verifier
 * checks its loop once, by itself, not again for each state of each caller.
 */
__noinline __u32 path_unrolled(__u32 index, __u32 ret_offset)
{
	void *record = slot(index), *ret;
	struct path_walk walk = {}, *parked;

	if (!record)
		return 1;
	ret = slot_at(record, ret_offset, sizeof(struct rec_path));
	if (!ret)
		return 1;
	parked = path_parked(record);
	walk.record = record;
	walk.ret = ret;
	walk.dentry = parked->dentry;
	walk.vfsmount = parked->vfsmount;
	walk.mount_root = parked->mount_root;
	walk.root_dentry = parked->root_dentry;
	walk.root_vfsmount = parked->root_vfsmount;
	for (int i = 0; i < UNROLLED_PATH_COMPONENTS_MAX; i++)
		if (path_step(&walk))
			return 1;
	parked->dentry = walk.dentry;
	parked->vfsmount = walk.vfsmount;
	parked->mount_root = walk.mount_root;
	return 0;
}

/*
 * Puts @path, as the task's root shows it, at @offset of the record. Returns the offset behind it,
 * 8-aligned.
 */
static __always_inline __u32 path_fill(volatile struct rec_path *ret, struct task_struct *task,
				       struct path *path, void *record, __u32 index, __u32 offset,
				       const enum loops loops)
{
	struct path_walk walk = { .record = record, .ret = ret };
	struct dentry *first;

	path_begin(&walk, task, path);
	first = walk.dentry;
	ret->offset = offset;
	ret->bytes = 0;
	ret->components = 0;
	ret->flags = REC_PATH_TRUNCATED;
	if (READ_PROBED(first, d_parent) == first && walk.mount_root != first) {
		path_name(
			&walk); /* a file that never was in a folder, such as a memfd, has one name */
		ret->flags = REC_PATH_DELETED;
	} else {
		if (loops == WITH_BPF_LOOP) {
			bpf_loop(REC_PATH_COMPONENTS_MAX, path_step_callback, &walk, 0);
		} else {
			struct path_walk *parked = path_parked(record);

			parked->dentry = walk.dentry;
			parked->vfsmount = walk.vfsmount;
			parked->mount_root = walk.mount_root;
			parked->root_dentry = walk.root_dentry;
			parked->root_vfsmount = walk.root_vfsmount;
			for (int i = 0; i < UNROLLED_PATH_CALLS_MAX; i++)
				if (path_unrolled(index, (void *)ret - record) ||
				    !config.has_global_functions)
					break;
		}
		if (path_is_unlinked(first))
			ret->flags |= REC_PATH_DELETED;
	}
	if (!ret->bytes) { /* the root itself has no name, but is not absent */
		char *to = slot_at(record, offset, 1);

		if (to)
			*to = 0;
		ret->bytes = 1;
	}
	return ALIGN8(ret->offset + ret->bytes);
}

#endif
