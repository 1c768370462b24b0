/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/path.h - a path as the process's own root shows it, names leaf first.
 *
 * Walks dentries up to the root and crosses mount points, as d_path() does; bpf_d_path() itself
 * is not to be had in tracepoints. The walk takes no lock: a rename at the very same moment may
 * show, as it may in d_path() without its retry.
 */
#ifndef BEGAT_BPF_EMIT_PATH_H
#define BEGAT_BPF_EMIT_PATH_H

#include "../compat.h"

#define PATH_NAME_BYTES 256 /* NAME_MAX and a NUL */

struct path_walk {
	struct dentry *dentry;
	struct vfsmount *vfsmount;
	struct dentry *root_dentry;
	struct vfsmount *root_vfsmount;
};

static __always_inline struct mount *path_mount(struct vfsmount *vfsmount)
{
	return (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
}

/* Up one mount. False at the topmost one. */
static __always_inline bool path_cross(struct path_walk *walk)
{
	struct mount *mount = path_mount(walk->vfsmount);
	struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

	if (mount == parent || !parent)
		return false;
	walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	walk->vfsmount = (void *)parent + bpf_core_field_offset(struct mount, mnt);
	return true;
}

static __always_inline bool path_is_unlinked(struct dentry *dentry)
{
	return !BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_parent) != dentry;
}

/* Writes the names behind @offset of @record. Returns the offset behind them, 8-aligned. */
static __always_inline __u32 path_fill(struct rec_path *ret, struct task_struct *task,
				       struct path *path, void *record, __u32 offset)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct path_walk walk = {
		.dentry = BPF_CORE_READ(path, dentry),
		.vfsmount = BPF_CORE_READ(path, mnt),
		.root_dentry = BPF_CORE_READ(fs, root.dentry),
		.root_vfsmount = BPF_CORE_READ(fs, root.mnt),
	};
	__u32 end = offset, components = 0, flags = 0;

	ret->offset = offset;
	if (path_is_unlinked(walk.dentry))
		flags |= REC_PATH_DELETED;
	for (int i = 0; i < REC_PATH_COMPONENTS_MAX; i++) {
		struct dentry *parent;
		void *to;
		long n;

		if (walk.dentry == walk.root_dentry && walk.vfsmount == walk.root_vfsmount)
			goto done;
		parent = BPF_CORE_READ(walk.dentry, d_parent);
		if (walk.dentry == BPF_CORE_READ(walk.vfsmount, mnt_root) ||
		    (walk.dentry == parent && components)) {
			if (path_cross(&walk))
				continue;
			flags |= REC_PATH_UNREACHABLE;
			goto done;
		}
		to = slot_at(record, end, PATH_NAME_BYTES);
		if (!to || end - offset > REC_PATH_BYTES_MAX - PATH_NAME_BYTES)
			break;
		n = bpf_probe_read_kernel_str(to, PATH_NAME_BYTES,
					      BPF_CORE_READ(walk.dentry, d_name.name));
		if (n <= 0)
			break;
		end += n;
		components++;
		if (walk.dentry == parent) { /* a file of no folder: memfd; never linked */
			flags |= REC_PATH_DELETED;
			goto done;
		}
		walk.dentry = parent;
	}
	flags |= REC_PATH_TRUNCATED;
done:
	ret->bytes = end - offset;
	ret->flags = flags;
	ret->components = components;
	return ALIGN8(end);
}

#endif
