/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/folder.h - where the kernel looked for the file of a failed exec.
 *
 * Owns: the folder of a name that is not absolute, or the file that execveat(2) was to run by its
 * descriptor alone; whether the process shares the reader's root. Not: the name (failed_argv.h).
 *
 * The descriptor is read when the system call returns, so that an exec that succeeds does not pay
 * for it. It must still be open on the same file as at the entry: another thread may have replaced
 * it, and then nothing is recorded.
 */
#ifndef BEGAT_BPF_EMIT_FOLDER_H
#define BEGAT_BPF_EMIT_FOLDER_H

#include "attempt_store.h"
#include "emit/path.h"
#include "emit/send.h"

/* The running task is the reader, which makes execs of its own to see that hooks fire. */
static __always_inline void folder_note_reader(struct task_struct *task)
{
	struct reader_state *state = reader_state();
	struct fs_struct *fs = READ_PROBED(task, fs);

	if (!state)
		return;
	state->root_dentry = (__u64)READ_PROBED(fs, root.dentry);
	state->root_mount = (__u64)READ_PROBED(fs, root.mnt);
}

static __always_inline bool folder_is_reader_root(struct task_struct *task)
{
	struct reader_state *state = reader_state();
	struct fs_struct *fs = READ_PROBED(task, fs);

	return state && state->root_dentry == (__u64)READ_PROBED(fs, root.dentry) &&
	       state->root_mount == (__u64)READ_PROBED(fs, root.mnt);
}

/* Is the recorded name absolute, or is there none? */
static __always_inline bool folder_is_needless(struct rec_exec_failed *rec,
					       const struct attempt *attempt)
{
	const char *name = slot_at(rec, rec->filename.offset, 1);

	if (!rec->filename.bytes || !name || *name == '/')
		return true;
	return !*name && !(attempt->flags & ATTEMPT_EMPTY_PATH);
}

static __always_inline struct path *
folder_path(struct rec_exec_failed *rec, struct task_struct *task, const struct attempt *attempt)
{
	struct fs_struct *fs;
	struct file *file;

	if (attempt->flags & ATTEMPT_HAS_FD) {
		file = (void *)attempt_file(task, attempt->fd);
		if (!file || (__u64)file != attempt->file)
			return NULL;
		rec->flags |= REC_FAILED_FOLDER_IS_FD;
		return &file->f_path;
	}
	fs = READ_PROBED(task, fs);
	return &fs->pwd;
}

/* Puts the folder at @offset, behind the strings. Returns the offset behind it. */
static __always_inline __u32 folder_fill(struct rec_exec_failed *rec, struct task_struct *task,
					 const struct attempt *attempt, __u32 offset,
					 const enum loops loops)
{
	struct path *path;

	if (!(config.want & CONFIG_WANT_FOLDER) || folder_is_needless(rec, attempt))
		return offset;
	path = folder_path(rec, task, attempt);
	return path ? path_fill(&rec->folder, task, path, rec, SLOT_FAILED, offset, loops) : offset;
}

#endif
