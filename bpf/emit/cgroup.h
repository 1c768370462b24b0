/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/emit/cgroup.h - which cgroup a task is in, and that cgroup's path, sent once.
 *
 * Records carry a 64-bit id. The path is sent ahead of the first record that names the id: so the
 * first process of a container is whole, and the others cost a hash lookup.
 */
#ifndef BEGAT_BPF_EMIT_CGROUP_H
#define BEGAT_BPF_EMIT_CGROUP_H

#include "emit/send.h"

#define CGROUP_NAME_BYTES 256
#define CGROUP_CONTAINER_BYTES 64
#define CGROUP_SENT_NS 1000000 /* within this, cgroups_sent does not evict it */

struct cgroup_place {
	struct kernfs_node *kn;
	__u32 hierarchy; /* 0 = v2 */
};

static __always_inline struct cgroup_place cgroup_place(struct cgroup *cgroup,
							const enum access access)
{
	struct cgroup_place place = {};

	place.kn = READ_BY(access, cgroup, kn);
	place.hierarchy = READ_BY(access, cgroup, root, hierarchy_id);
	return place;
}

static __always_inline struct cgroup_place cgroup_v1(struct css_set *set, __u64 subsys,
						     const enum access access)
{
	struct cgroup_subsys_state **from, *css = NULL;
	struct cgroup_place none = {};

	if (subsys >= 32)
		return none;
	from = (void *)&set->subsys + subsys * sizeof(css);
	if (access == TYPED)
		css = *from;
	else
		bpf_core_read(&css, sizeof(css), from);
	return cgroup_place(READ_BY(access, css, cgroup), access);
}

/* Engines name a container's cgroup by the container's id, 64 digits, or by more than that. */
static __noinline bool cgroup_is_container(struct kernfs_node *kn)
{
	char name[CGROUP_CONTAINER_BYTES + 1];

	return bpf_probe_read_kernel_str(name, sizeof(name), READ_PROBED(kn, name)) == sizeof(name);
}

/*
 * On a hybrid host, with v2 mounted beside v1, an engine that manages v1 leaves its containers in
 * the v2 cgroup of its own service: only their v1 cgroups show that they are containers.
 */
static __always_inline bool cgroup_is_v1_container(const struct cgroup_place *v1,
						   const struct cgroup_place *v2,
						   const enum access access)
{
	return v1->kn && v1->hierarchy && kernfs_parent(v1->kn, access) &&
	       cgroup_is_container(v1->kn) && !cgroup_is_container(v2->kn);
}

/*
 * The v2 cgroup. On a host that manages with v1: the cgroup in the pids, memory or cpu hierarchy,
 * the first where the task is not in the root. Container runtimes use all three alike.
 */
static __always_inline struct cgroup_place cgroup_of(struct task_struct *task,
						     const enum access access)
{
	struct css_set *set = READ_BY(access, task, cgroups);
	struct cgroup_place v2 = cgroup_place(READ_BY(access, set, dfl_cgrp), access);
	struct cgroup_place v1 = {};

	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		v1 = cgroup_v1(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id),
			       access);
	if (v2.kn && kernfs_parent(v2.kn, access))
		return cgroup_is_v1_container(&v1, &v2, access) ? v1 : v2;
	if (v1.kn && kernfs_parent(v1.kn, access))
		return v1;
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		v1 = cgroup_v1(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id),
			       access);
		if (v1.kn && kernfs_parent(v1.kn, access))
			return v1;
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, cpu_cgrp_id)) {
		v1 = cgroup_v1(set, bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id),
			       access);
		if (v1.kn && kernfs_parent(v1.kn, access))
			return v1;
	}
	return v2;
}

/* kernfs numbers are unique within a hierarchy only. */
static __always_inline __u64 cgroup_id(const struct cgroup_place *place, const enum access access)
{
	struct kernfs_node *kn = place->kn;

	return READ_BY(access, kn, id) | (__u64)place->hierarchy << 48;
}

struct cgroup_walk {
	struct kernfs_node *kn;
	volatile struct rec_cgroup *rec;
};

/* One name. Returns 1 at the hierarchy's root. */
static __always_inline long cgroup_step(struct cgroup_walk *walk)
{
	struct kernfs_node *kn = walk->kn, *parent = kernfs_parent(kn, PROBED);
	volatile struct rec_path *path = &walk->rec->path;
	void *to = slot_at((void *)walk->rec, path->offset + path->bytes, CGROUP_NAME_BYTES);
	long n;

	if (!parent) {
		path->flags = 0;
		return 1;
	}
	n = to ? bpf_probe_read_kernel_str(to, CGROUP_NAME_BYTES, READ_PROBED(kn, name)) : 0;
	if (n <= 0)
		return 1;
	path->bytes += n;
	path->components++;
	walk->kn = parent;
	return 0;
}

static long cgroup_step_callback(__u32 round, void *walk)
{
	return cgroup_step(walk);
}

/* Sends the path from the slot of @emit, whose own record is not begun yet. */
static __always_inline void cgroup_send(const struct emit *emit, const struct cgroup_place *place,
					__u64 id, const enum loops loops)
{
	volatile struct rec_cgroup *rec = emit->record;
	struct cgroup_walk walk = { .kn = place->kn, .rec = rec };
	struct emit path = *emit;
	__u32 sent = 1, bytes;

	path.tid = 0;
	rec->cgroup_id = id;
	rec->path.offset = sizeof(*rec);
	rec->path.bytes = 0;
	rec->path.components = 0;
	rec->path.flags = REC_PATH_TRUNCATED;
	LOOP(loops, REC_CGROUP_COMPONENTS_MAX, UNROLLED_CGROUP_COMPONENTS_MAX, cgroup_step, &walk);
	bytes = rec->path.bytes;
	if (!send(&path, REC_CGROUP, sizeof(*rec) + bytes))
		bpf_map_update_elem(&cgroups_sent, &id, &sent, BPF_ANY);
}

/* The id of the task's cgroup; its path has been sent. 0 = the task has none. */
static __always_inline __u64 cgroup_ensure(const struct emit *emit, struct task_struct *task,
					   const enum access access, const enum loops loops)
{
	struct cgroup_place place = cgroup_of(task, access);
	struct cpu_counters *c = emit->counters;
	__u64 id;

	if (!place.kn)
		return 0;
	id = cgroup_id(&place, access);
	if (id == c->cgroup_sent && emit->ts_ns < c->cgroup_until_ns)
		return id;
	if (bpf_map_lookup_elem(&cgroups_sent, &id)) {
		c->cgroup_sent = id;
		c->cgroup_until_ns = emit->ts_ns + CGROUP_SENT_NS;
	} else {
		cgroup_send(emit, &place, id, loops);
	}
	return id;
}

#endif
