/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/identity.h - what every record says of its process: identity, parent, credentials,
 * namespaces, its pid at every level.
 *
 * Owns: struct rec_identity. Not: what happened to the process (the other emitters).
 */
#ifndef BEGAT_BPF_EMIT_IDENTITY_H
#define BEGAT_BPF_EMIT_IDENTITY_H

#include "emit/cgroup.h"

static __always_inline void identity_parent(struct rec_identity *identity, struct task_struct *task,
					    const enum access access)
{
	struct task_struct *parent = READ_BY(access, task, real_parent);

	identity->parent_tgid = 0;
	identity->parent_start_ns = 0;
	if (!parent)
		return;
	identity->parent_tgid = READ_BY(access, parent, tgid);
	identity->parent_start_ns = READ_BY(access, parent, group_leader, start_boottime);
	identity->valid |= REC_IDENTITY_PARENT;
}

static __always_inline void identity_creds(struct rec_identity *identity, struct task_struct *task,
					   const enum access access)
{
	struct cred *cred = READ_BY(access, task, real_cred);

	identity->uid = READ_BY(access, cred, uid.val);
	identity->gid = READ_BY(access, cred, gid.val);
	identity->euid = READ_BY(access, cred, euid.val);
	identity->egid = READ_BY(access, cred, egid.val);
	if (config.want & CONFIG_WANT_IDS)
		identity->cap_effective = cred_cap_effective(cred, access);
	if (config.want & CONFIG_WANT_NS)
		identity->ns[REC_NS_USER] = READ_BY(access, cred, user_ns, ns.inum);
}

static __always_inline void identity_ids(struct rec_identity *identity, struct task_struct *task,
					 const enum access access)
{
	struct signal_struct *signal = READ_BY(access, task, signal);
	struct tty_struct *tty = READ_BY(access, signal, tty);

	identity->sid = READ_BY(access, signal, pids[PIDTYPE_SID], numbers[0].nr);
	identity->pgid = READ_BY(access, signal, pids[PIDTYPE_PGID], numbers[0].nr);
	if (!tty || bpf_probe_read_kernel_str(identity->tty, sizeof(identity->tty), tty->name) < 0)
		identity->tty[0] = 0;
	identity->valid |= REC_IDENTITY_IDS;
	if (bpf_core_field_exists(task->loginuid)) {
		identity->loginuid = READ_BY(access, task, loginuid.val);
		identity->valid |= REC_IDENTITY_LOGINUID;
	}
}

static __always_inline void identity_ns(struct rec_identity *identity, struct task_struct *task,
					struct pid *pid, __u32 level, const enum access access)
{
	struct nsproxy *nsproxy = READ_BY(access, task, nsproxy);
	struct pid_namespace *pid_ns = NULL;

	if (!nsproxy) /* the task has left its namespaces already */
		return;
	identity->ns[REC_NS_MNT] = READ_BY(access, nsproxy, mnt_ns, ns.inum);
	identity->ns[REC_NS_NET] = READ_BY(access, nsproxy, net_ns, ns.inum);
	identity->ns[REC_NS_UTS] = READ_BY(access, nsproxy, uts_ns, ns.inum);
	identity->ns[REC_NS_IPC] = READ_BY(access, nsproxy, ipc_ns, ns.inum);
	identity->ns[REC_NS_CGROUP] = READ_BY(access, nsproxy, cgroup_ns, ns.inum);
	if (access == TYPED && !level) {
		identity->ns[REC_NS_PID] = READ(pid, numbers[0].ns, ns.inum);
	} else {
		if (level < REC_PID_LEVELS_MAX)
			bpf_probe_read_kernel(&pid_ns, sizeof(pid_ns),
					      (void *)&pid->numbers[0].ns +
						      level * sizeof(struct upid));
		identity->ns[REC_NS_PID] = READ_PROBED(pid_ns, ns.inum);
	}
	identity->valid |= REC_IDENTITY_NS;
}

/* The pids at every level, at @offset of the record; none for a process of the first level. */
static __always_inline __u32 identity_pids(struct rec_identity *identity, void *record,
					   __u32 offset, struct pid *pid, __u32 level)
{
	identity->pids.offset = offset;
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
					  const enum access access)
{
	if (access == TYPED) {
		const __u64 *from = (const __u64 *)task->comm;
		__u64 *to = (__u64 *)identity->comm;

		to[0] = from[0];
		to[1] = from[1];
	} else {
		bpf_get_current_comm(&identity->comm, sizeof(identity->comm));
	}
}

/*
 * Fills the identity of @task into the record, behind the header; its variable bytes start at
 * @offset. Returns the offset behind them. A task that is PROBED must be the running one.
 *
 * Comes before everything else in the record: a cgroup's path is sent from the same slot.
 */
static __always_inline __u32 identity_fill(const struct emit *emit, struct task_struct *task,
					   __u32 offset, const enum access access,
					   const enum loops loops)
{
	struct rec_header *header = emit->record;
	struct rec_identity *identity = (void *)(header + 1);
	volatile __u32 *end = &header->size;
	struct task_struct *leader = READ_BY(access, task, group_leader);
	struct pid *pid = READ_BY(access, leader, thread_pid);
	__u32 level = READ_BY(access, pid, level), valid = 0;
	__u64 cgroup = 0;

	if (config.want & CONFIG_WANT_CGROUP) {
		cgroup = cgroup_ensure(emit, task, access, loops);
		valid = REC_IDENTITY_CGROUP;
	}
	identity->cgroup_id = cgroup;
	identity->valid = valid;
	identity->reserved = 0;
	identity->tgid = READ_BY(access, task, tgid);
	identity->start_ns = READ_BY(access, leader, start_boottime);
	identity_parent(identity, task, access);
	identity_creds(identity, task, access);
	if (config.want & CONFIG_WANT_IDS)
		identity_ids(identity, task, access);
	if (config.want & CONFIG_WANT_NS)
		identity_ns(identity, task, pid, level, access);
	identity_comm(identity, task, access);
	identity->pids.bytes = 0;
	if (!(config.want & CONFIG_WANT_PIDS))
		return offset;
	/* By way of memory: else the verifier follows each number of levels through what comes next. */
	*end = identity_pids(identity, emit->record, offset, pid, level);
	return *end;
}

#endif
