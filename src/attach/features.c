/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/features.c - see features.h.
 *
 * A probe asks for the thing itself: a type or a helper in the kernel's BTF, a right that is in
 * force.
 */
#include "attach/features.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/read_line.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

/* /proc may be missing, or another PID namespace's: only the call says what is in force. */
static void probe_capabilities(struct features *f)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	uint64_t caps;

	syscall(SYS_capget, &header, data);
	caps = (uint64_t)data[1].effective << 32 | data[0].effective;
	f->has_bpf_cap = caps & (1ull << CAP_BPF | 1ull << CAP_SYS_ADMIN);
	f->has_perfmon_cap = caps & (1ull << CAP_PERFMON | 1ull << CAP_SYS_ADMIN);
}

static void probe_lockdown(struct features *f)
{
	char line[128], *start, *end;

	read_line("/sys/kernel/security/lockdown", line, sizeof(line));
	start = strchr(line, '[');
	end = start ? strchr(start, ']') : NULL;
	if (!end) {
		snprintf(f->lockdown, sizeof(f->lockdown), "none, or securityfs is not mounted");
		return;
	}
	*end = 0;
	snprintf(f->lockdown, sizeof(f->lockdown), "%s", start + 1);
	f->lockdown_confidentiality = !strcmp(start + 1, "confidentiality");
}

/* A tracepoint's type is a typedef of a pointer to its prototype; the first argument is void *. */
static int tracepoint_arguments(const struct btf *btf, const char *name)
{
	const struct btf_type *type;
	char typedef_name[64];
	int id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -ENOENT;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!type || !btf_is_ptr(type))
		return -ENOENT;
	type = btf__type_by_id(btf, type->type);
	if (!type || !btf_is_func_proto(type))
		return -ENOENT;
	return btf_vlen(type) - 1;
}

static bool has_helper(const struct btf *btf, const char *helper)
{
	int id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);

	if (!type)
		return false;
	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), helper))
			return true;
	return false;
}

static bool has_variable(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_VAR) > 0;
}

/*
 * 7.0 calls tracepoints under SRCU of a kind that leaves preemption on (a46023d5616e); its counters
 * are a variable of each CPU, and those are in BTF. Where BTF has none at all nobody can tell: then
 * they are taken to be preemptible, which is right on every kernel and costs a few programs more.
 */
static bool has_preemptible_tracepoints(const struct btf *btf)
{
	/* What the programs for them call; the younger of two pairs, 6.14. */
	if (btf__find_by_name_kind(btf, "bpf_local_irq_save", BTF_KIND_FUNC) <= 0)
		return false;
	return has_variable(btf, "tracepoint_srcu_srcu_data") || !has_variable(btf, "runqueues");
}

static void probe_btf(struct features *f)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return;
	f->has_btf = true;
	f->has_tp_btf = tracepoint_arguments(btf, "sched_process_fork") >= 2 &&
			tracepoint_arguments(btf, "sched_process_exec") >= 3 &&
			tracepoint_arguments(btf, "sched_process_exit") >= 1;
	f->has_group_dead = tracepoint_arguments(btf, "sched_process_exit") >= 2;
	f->has_loop = has_helper(btf, "BPF_FUNC_loop");
	f->has_task_btf = has_helper(btf, "BPF_FUNC_get_current_task_btf");
	/* 5.6 brought both; no BTF tells of the verifier itself. */
	f->has_global_functions = has_helper(btf, "BPF_FUNC_jiffies64");
	f->has_boot_clock = has_helper(btf, "BPF_FUNC_ktime_get_boot_ns");
	f->has_preemptible_tracepoints = has_preemptible_tracepoints(btf);
	f->has_task_iterator = btf__find_by_name_kind(btf, "bpf_iter_task", BTF_KIND_FUNC) > 0;
	/* 5.11 charges maps to memory cgroups; this helper came with the same version. */
	f->has_own_memlock_limit = !has_helper(btf, "BPF_FUNC_task_storage_get");
	f->has_map_allocator = btf__find_by_name_kind(btf, "bpf_mem_alloc", BTF_KIND_STRUCT) > 0;
	f->btf = btf;
}

bool features_are_refused(const struct features *f)
{
	return f->has_bpf_cap && f->has_perfmon_cap &&
	       (f->view.error == -EPERM || f->view.error == -EACCES || f->view.error == -ENOSYS);
}

bool features_memlock_is_short(const struct features *f)
{
	struct rlimit limit;

	return f->has_own_memlock_limit && !getrlimit(RLIMIT_MEMLOCK, &limit) &&
	       limit.rlim_cur != RLIM_INFINITY;
}

void features_probe(struct features *ret)
{
	struct features f = { .part_fd = -1 };
	/* What is missing is for begat to say; restored, the program may use libbpf itself. */
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	probe_capabilities(&f);
	view_read(&f.view);
	probe_lockdown(&f);
	probe_btf(&f);
	libbpf_set_print(print);
	*ret = f;
}

void features_done(struct features *f)
{
	btf__free(f->btf);
	f->btf = NULL;
	if (f->part_fd >= 0)
		close(f->part_fd);
	f->part_fd = -1;
}
