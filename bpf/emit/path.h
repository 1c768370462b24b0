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
	struct dentry *mount_root; /* of vfsmount: read once a mount, not once a name */
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

	if (mount == parent)
		return false;
	walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	walk->vfsmount = (void *)parent + bpf_core_field_offset(struct mount, mnt);
	walk->mount_root = BPF_CORE_READ(parent, mnt.mnt_root);
	return true;
}

static __always_inline bool path_is_unlinked(struct dentry *dentry)
{
	return !BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_parent) != dentry;
}

/* Where the walk starts, and where it ends: the process's root. */
static __always_inline struct path_walk path_begin(struct task_struct *task, struct path *path)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct path_walk walk = {
		.dentry = BPF_CORE_READ(path, dentry),
		.vfsmount = BPF_CORE_READ(path, mnt),
		.root_dentry = BPF_CORE_READ(fs, root.dentry),
		.root_vfsmount = BPF_CORE_READ(fs, root.mnt),
	};

	struct vfsmount *vfsmount = walk.vfsmount;

	walk.mount_root = BPF_CORE_READ(vfsmount, mnt_root);
	return walk;
}

/* A file that never was in a folder, as memfd: its one name. */
static __always_inline __u32 path_pseudo(volatile struct rec_path *ret, struct dentry *dentry, void *record,
					 __u32 offset)
{
	void *to = slot_at(record, offset, PATH_NAME_BYTES);
	long n = to ? bpf_probe_read_kernel_str(to, PATH_NAME_BYTES,
						BPF_CORE_READ(dentry, d_name.name)) :
		      0;

	ret->bytes = n > 0 ? n : 0;
	ret->components = 1;
	ret->flags = REC_PATH_DELETED;
	return ALIGN8(offset + ret->bytes);
}

/*
 * Writes the names behind @offset of @record; at most @names of them. Returns the offset behind
 * them, 8-aligned. Few branches, and what grows is kept in the record: the verifier follows each
 * branch in each round, and what it cannot know in memory it does not tell apart.
 */
static __always_inline __u32 path_fill(volatile struct rec_path *ret, struct task_struct *task,
				       struct path *path, void *record, __u32 offset, int names)
{
	struct path_walk walk = path_begin(task, path);
	struct dentry *first = walk.dentry;
	__u32 flags = REC_PATH_TRUNCATED;

	ret->offset = offset;
	ret->bytes = 0;
	ret->components = 0;
	if (BPF_CORE_READ(first, d_parent) == first && walk.mount_root != first)
		return path_pseudo(ret, first, record, offset);
	for (int i = 0; i < names; i++) {
		struct dentry *dentry = walk.dentry;
		void *to;
		long n;

		if (dentry == walk.root_dentry && walk.vfsmount == walk.root_vfsmount) {
			flags = 0;
			break;
		}
		if (dentry == walk.mount_root) {
			if (path_cross(&walk))
				continue;
			flags = REC_PATH_UNREACHABLE;
			break;
		}
		to = slot_at(record, ret->offset + ret->bytes, PATH_NAME_BYTES);
		if (!to)
			break;
		n = bpf_probe_read_kernel_str(to, PATH_NAME_BYTES,
					      BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0)
			break;
		ret->bytes += n;
		ret->components++;
		walk.dentry = BPF_CORE_READ(dentry, d_parent);
	}
	if (path_is_unlinked(first))
		flags |= REC_PATH_DELETED;
	if (!ret->bytes) { /* the root itself: no name, but not absent */
		char *to = slot_at(record, offset, 1);

		if (to)
			*to = 0;
		ret->bytes = 1;
	}
	ret->flags = flags;
	return ALIGN8(ret->offset + ret->bytes);
}

#endif
