/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/identity.h - the part that every record about a process has: identity, parent,
 * credentials, namespaces, its pid at every level.
 *
 * One piece of code serves all hooks; @is_typed says how it may read (compat.h).
 */
#ifndef BEGAT_BPF_EMIT_IDENTITY_H
#define BEGAT_BPF_EMIT_IDENTITY_H

#include "cgroup.h"

static __always_inline void identity_parent(struct rec_identity *identity, struct task_struct *task,
					    const bool is_typed)
{
	struct task_struct *parent = READ(is_typed, task, real_parent);

	identity->parent_tgid = 0;
	identity->parent_start_ns = 0;
	if (!parent)
		return;
	identity->parent_tgid = READ(is_typed, parent, tgid);
	identity->parent_start_ns = READ(is_typed, parent, group_leader, start_boottime);
	identity->valid |= REC_IDENTITY_PARENT;
}

static __always_inline void identity_creds(struct rec_identity *identity, struct task_struct *task,
					   const bool is_typed)
{
	struct cred *cred = READ(is_typed, task, real_cred);

	identity->uid = READ(is_typed, cred, uid.val);
	identity->gid = READ(is_typed, cred, gid.val);
	identity->euid = READ(is_typed, cred, euid.val);
	identity->egid = READ(is_typed, cred, egid.val);
	if (config.want & CONFIG_WANT_IDS)
		identity->cap_effective = cred_cap_effective(cred, is_typed);
	if (config.want & CONFIG_WANT_NS)
		identity->ns[REC_NS_USER] = READ(is_typed, cred, user_ns, ns.inum);
}

static __always_inline void identity_ids(struct rec_identity *identity, struct task_struct *task,
					 const bool is_typed)
{
	struct signal_struct *signal = READ(is_typed, task, signal);
	struct tty_struct *tty = READ(is_typed, signal, tty);

	identity->sid = READ(is_typed, signal, pids[PIDTYPE_SID], numbers[0].nr);
	identity->pgid = READ(is_typed, signal, pids[PIDTYPE_PGID], numbers[0].nr);
	if (!tty || bpf_probe_read_kernel_str(identity->tty, sizeof(identity->tty), tty->name) < 0)
		identity->tty[0] = 0;
	identity->valid |= REC_IDENTITY_IDS;
	if (bpf_core_field_exists(task->loginuid)) {
		identity->loginuid = READ(is_typed, task, loginuid.val);
		identity->valid |= REC_IDENTITY_LOGINUID;
	}
}

static __always_inline void identity_ns(struct rec_identity *identity, struct task_struct *task,
					struct pid *pid, __u32 level, const bool is_typed)
{
	struct nsproxy *nsproxy = READ(is_typed, task, nsproxy);
	struct pid_namespace *pid_ns = NULL;

	if (!nsproxy) /* gone already */
		return;
	identity->ns[REC_NS_MNT] = READ(is_typed, nsproxy, mnt_ns, ns.inum);
	identity->ns[REC_NS_NET] = READ(is_typed, nsproxy, net_ns, ns.inum);
	identity->ns[REC_NS_UTS] = READ(is_typed, nsproxy, uts_ns, ns.inum);
	identity->ns[REC_NS_IPC] = READ(is_typed, nsproxy, ipc_ns, ns.inum);
	identity->ns[REC_NS_CGROUP] = READ(is_typed, nsproxy, cgroup_ns, ns.inum);
	if (is_typed && !level) {
		identity->ns[REC_NS_PID] = READ(true, pid, numbers[0].ns, ns.inum);
	} else {
		if (level < REC_PID_LEVELS_MAX)
			bpf_probe_read_kernel(&pid_ns, sizeof(pid_ns),
					      (void *)&pid->numbers[0].ns +
						      level * sizeof(struct upid));
		identity->ns[REC_NS_PID] = BPF_CORE_READ(pid_ns, ns.inum);
	}
	identity->valid |= REC_IDENTITY_NS;
}

/* The pids at every level, at @offset of the record; nothing for a process of the first level. */
static __always_inline __u32 identity_pids(struct rec_identity *identity, void *record,
					   __u32 offset, struct pid *pid, __u32 level)
{
	identity->pids.offset = offset;
	identity->pids.bytes = 0;
	if (!level || level >= REC_PID_LEVELS_MAX)
		return offset;
	for (__u32 i = 0; i < REC_PID_LEVELS_MAX; i++) {
		__u32 *to = slot_at(record, offset + i * sizeof(__u32), sizeof(__u32));

		if (i > level || !to)
			break;
		bpf_probe_read_kernel(to, sizeof(*to),
				      (void *)&pid->numbers[0].nr + i * sizeof(struct upid));
		identity->pids.bytes += sizeof(__u32);
	}
	return ALIGN8(offset + identity->pids.bytes);
}

static __always_inline void identity_comm(struct rec_identity *identity, struct task_struct *task,
					  const bool is_typed, const bool is_running)
{
	if (is_typed) {
		const __u64 *from = (const __u64 *)task->comm;
		__u64 *to = (__u64 *)identity->comm;

		to[0] = from[0];
		to[1] = from[1];
	} else if (is_running) {
		bpf_get_current_comm(&identity->comm, sizeof(identity->comm));
	} else {
		BPF_CORE_READ_INTO(&identity->comm, task, comm);
	}
}

/*
 * Fills @identity, which lies in @record, from the task; variable bytes start at @offset.
 * Returns the offset behind what was written. @is_running: the task is the one that runs here.
 */
static __always_inline __u32 identity_fill(struct rec_identity *identity, struct task_struct *task,
					   __u64 cgroup_id, void *record, __u32 offset,
					   const bool is_typed, const bool is_running)
{
	struct task_struct *leader = READ(is_typed, task, group_leader);
	struct pid *pid = READ(is_typed, leader, thread_pid);
	__u32 level = READ(is_typed, pid, level);

	identity->valid = 0;
	identity->reserved = 0;
	identity->tgid = READ(is_typed, task, tgid);
	identity->start_ns = READ(is_typed, leader, start_boottime);
	identity->cgroup_id = cgroup_id;
	if (config.want & CONFIG_WANT_CGROUP)
		identity->valid |= REC_IDENTITY_CGROUP;
	identity_parent(identity, task, is_typed);
	identity_creds(identity, task, is_typed);
	if (config.want & CONFIG_WANT_IDS)
		identity_ids(identity, task, is_typed);
	if (config.want & CONFIG_WANT_NS)
		identity_ns(identity, task, pid, level, is_typed);
	identity_comm(identity, task, is_typed, is_running);
	if (config.want & CONFIG_WANT_PIDS)
		return identity_pids(identity, record, offset, pid, level);
	identity->pids.bytes = 0;
	return offset;
}

#endif
