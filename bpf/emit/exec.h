/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* bpf/emit/exec.h - an exec that succeeded: what was asked for, the new image, its arguments. */
#ifndef BEGAT_BPF_EMIT_EXEC_H
#define BEGAT_BPF_EMIT_EXEC_H

#include "admit.h"
#include "attempt_store.h"
#include "emit/args.h"
#include "emit/identity.h"
#include "emit/path.h"

static __always_inline __u32 exec_string(struct rec_span *ret, const char *string, void *record,
					 __u32 offset)
{
	void *to = slot_at(record, offset, REC_PATH_BYTES_MAX);
	long n = to ? bpf_probe_read_kernel_str(to, REC_PATH_BYTES_MAX, string) : 0;

	ret->offset = offset;
	ret->bytes = n > 0 ? n : 0;
	return ALIGN8(offset + ret->bytes);
}

/* Does the file system report, for its files, the device numbers of layers or subvolumes? */
static __always_inline bool exec_has_many_devices(unsigned long magic)
{
	return magic == 0x794c7630 /* overlayfs */ || magic == 0x9123683e /* btrfs */ ||
	       magic == 0xca451a4e /* bcachefs */ || magic == 0x00c36400 /* ceph */ ||
	       magic == 0x61756673 /* aufs */;
}

static __always_inline __u32 exec_paths(struct rec_exec *rec, struct task_struct *task,
					struct linux_binprm *bprm, __u32 offset,
					const enum loops loops)
{
	const char *filename = READ_PROBED(bprm, filename);
	const char *interp = READ_PROBED(bprm, interp);

	offset = exec_string(&rec->filename, filename, rec, offset);
	rec->interpreter.bytes = 0;
	if (interp != filename) { /* the kernel shares the pointer until a script replaces it */
		offset = exec_string(&rec->interpreter, interp, rec, offset);
		rec->flags |= REC_EXEC_IS_SCRIPT;
	}
	rec->exe.bytes = 0;
	rec->exe.components = 0;
	rec->exe.flags = 0;
	if (config.want & CONFIG_WANT_EXE) {
		struct file *file = READ_PROBED(task, mm, exe_file);
		struct inode *inode = READ_PROBED(file, f_inode);
		struct super_block *super = READ_PROBED(inode, i_sb);

		rec->dev = READ_PROBED(super, s_dev);
		rec->inode = READ_PROBED(inode, i_ino);
		if (exec_has_many_devices(READ_PROBED(super, s_magic)))
			rec->flags |= REC_EXEC_DEV_DIFFERS;
		offset = path_fill(&rec->exe, task, &file->f_path, rec, SLOT_EXEC, offset, loops);
	}
	rec->cwd.bytes = 0;
	rec->cwd.components = 0;
	rec->cwd.flags = 0;
	if (config.want & CONFIG_WANT_CWD) {
		struct fs_struct *fs = READ_PROBED(task, fs);

		offset = path_fill(&rec->cwd, task, &fs->pwd, rec, SLOT_EXEC, offset, loops);
	}
	return offset;
}

static __always_inline void exec_numbers(struct rec_exec *rec, struct task_struct *task,
					 struct linux_binprm *bprm, const struct args_block *argv,
					 const struct args_block *env)
{
	rec->start_code = READ(task, mm, start_code);
	rec->end_code = READ(task, mm, end_code);
	rec->argc = READ_PROBED(bprm, argc);
	rec->envc = READ_PROBED(bprm, envc);
	rec->argv_bytes = argv->bytes;
	rec->env_bytes = env->bytes;
	rec->argv_chunk_bytes = args_is_long(argv) ? argv->kept : 0;
	rec->env_chunk_bytes = args_is_long(env) ? env->kept : 0;
	if (argv->kept < argv->bytes)
		rec->flags |= REC_EXEC_ARGV_CUT;
	if (env->kept < env->bytes)
		rec->flags |= REC_EXEC_ENV_CUT;
	if (rec->argv_chunk_bytes + rec->argv.bytes < argv->kept)
		rec->flags |= REC_EXEC_ARGV_UNREADABLE;
	if (rec->env_chunk_bytes + rec->env.bytes < env->kept)
		rec->flags |= REC_EXEC_ENV_UNREADABLE;
}

static __always_inline struct args_block exec_argv(struct task_struct *task)
{
	struct mm_struct *mm = READ(task, mm);
	struct args_block none = {};

	return config.want & CONFIG_WANT_ARGV ? args_block(READ(mm, arg_start), READ(mm, arg_end))
					      : none;
}

static __always_inline struct args_block exec_env(struct task_struct *task)
{
	struct mm_struct *mm = READ(task, mm);
	struct args_block none = {};

	return config.want & CONFIG_WANT_ENV ? args_block(READ(mm, env_start), READ(mm, env_end))
					     : none;
}

/*
 * The chunks of a long argv or env, ahead of the exec's record, from the @first_chunk on. All of
 * one exec carry the time stamp of the first, which is still in the slot.
 */
static __always_inline void emit_exec_args(void *ctx, struct task_struct *task, __u32 first_chunk,
					   const enum loops loops)
{
	struct args_block argv = exec_argv(task), env = exec_env(task);
	__u32 tgid = READ(task, tgid);
	struct rec_chunk *rec;
	struct emit emit;

	if (argv.kept <= first_chunk * REC_CHUNK_BYTES_MAX &&
	    env.kept <= first_chunk * REC_CHUNK_BYTES_MAX)
		return;
	if (!args_is_long(&argv) && !args_is_long(&env))
		return;
	if (!admit(task, cache_find(tgid, READ(task, start_boottime)), REC_CLASS_EXEC) ||
	    !emit_begin(&emit, ctx, SLOT_EXEC, tgid))
		return;
	rec = emit.record;
	if (first_chunk)
		emit.ts_ns = rec->header.ts_ns;
	args_send(&emit, &argv, REC_CHUNK_ARGV, first_chunk, loops);
	args_send(&emit, &env, REC_CHUNK_ENV, first_chunk, loops);
}

/*
 * Can the I/O of this process, which ran before begat did, be told from its children's from now on
 * (exit_io_apart())? Yes if it has one thread and no I/O of threads or children in its sum, as the
 * command of `begat run` has.
 */
static __always_inline void exec_note_io(struct proc_entry *entry, struct task_struct *task)
{
	if (entry->fork_ts_ns || !bpf_core_field_exists(task->ioac.read_bytes))
		return;
	if (!READ_PROBED(task, signal, ioac.read_bytes) &&
	    !READ_PROBED(task, signal, ioac.write_bytes))
		entry->flags |= PROC_NO_IO_BEFORE;
}

static __always_inline void emit_exec(void *ctx, struct task_struct *task, __u32 old_tid,
				      struct linux_binprm *bprm, const enum loops loops)
{
	struct args_block argv = exec_argv(task), env = exec_env(task);
	__u32 tgid = READ(task, tgid), size;
	struct proc_entry *entry = cache_find(tgid, READ(task, start_boottime));
	struct attempt attempt = {};
	struct rec_exec *rec;
	struct emit emit;

	attempt_take(entry, (__u64)task, &attempt);
	if (!emit_begin(&emit, ctx, SLOT_EXEC, tgid))
		return;
	if (entry) {
		entry->exec_ts_ns = emit.ts_ns;
		entry->execs++;
		exec_note_io(entry, task);
	}
	if (!admit(task, entry, REC_CLASS_EXEC))
		return;
	if (entry)
		entry->flags |= PROC_REPORTED;
	size = identity_fill(&emit, task, sizeof(*rec), TYPED, loops);
	rec = emit.record;
	rec->flags = 0;
	rec->attempt_ts_ns = attempt.ts_ns;
	rec->fork_ts_ns = entry ? entry->fork_ts_ns : 0;
	rec->old_tid = old_tid;
	size = exec_paths(rec, task, bprm, size, loops);
	size = args_inline(&rec->argv, &argv, rec, size);
	size = args_inline(&rec->env, &env, rec, size);
	exec_numbers(rec, task, bprm, &argv, &env);
	send(&emit, REC_EXEC, size);
}

#endif
