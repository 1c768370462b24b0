/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/attach.c - see attach.h: choose a backend and a transport, load, attach, test.
 *
 *   attach_open: for each backend, best first
 *       is_possible -> load -> hooks_attach_* -> self_test -> done
 *            \___________\____________\____________\_____-> next, with the reason noted
 */
#include "attach/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/internal.h"

#define BACKEND(name, meaning) #name,
static const char *const backends[] = {
#include "attach/backends.def"
};
#undef BACKEND
#define BACKEND_COUNT (sizeof(backends) / sizeof(backends[0]))

static int be_quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static int check_platform(const struct features *f, struct error *error)
{
	if (f->lockdown_confidentiality)
		return error_set(
			error, -ENOTSUP,
			"the kernel is locked down (confidentiality): no program may read its "
			"memory. Boot without lockdown=confidentiality");
	if (!f->has_bpf_cap || !f->has_perfmon_cap)
		return error_set(
			error, -EPERM,
			"cannot load BPF programs: this needs CAP_BPF and CAP_PERFMON (try "
			"sudo). 'begat doctor' explains");
	if (features_are_refused(f))
		return error_set(
			error, -EPERM,
			f->view.user_ns == VIEW_OTHER
				? "the capabilities of a user namespace do not count for "
				  "BPF: run begat outside of it. 'begat doctor' explains"
				: "the kernel refuses bpf() in spite of the capabilities: a "
				  "seccomp profile may forbid it (docker: --privileged). "
				  "'begat doctor' explains");
	if (!f->has_btf && !f->view.has_sys)
		return error_set(
			error, -ENOTSUP,
			"cannot attach: /sys is not mounted, and the kernel's BTF is below "
			"it (mount -t sysfs sysfs /sys). 'begat doctor' explains");
	if (!f->has_btf)
		return error_set(error, -ENOTSUP,
				 "cannot attach: the kernel has no BTF (/sys/kernel/btf/vmlinux, "
				 "CONFIG_DEBUG_INFO_BTF). Use a kernel that has it; 'begat doctor' "
				 "explains");
	if (!f->has_tp_btf)
		return error_set(error, -ENOTSUP,
				 "cannot attach: the kernel's BTF has no sched_process tracepoints "
				 "(kernel 5.5 or later is needed)");
	return 0;
}

static int is_possible(const char *backend, const struct features *f, struct error *error)
{
	if (!strcmp(backend, "kprobe") && !f->has_kprobes)
		return error_set(error, -ENOTSUP, "kprobe: this kernel was built without kprobes");
	if (!strcmp(backend, "tracepoint") && f->tracefs_is_closed)
		return error_set(
			error, -EACCES,
			"tracepoint: tracefs is closed to this user: give begat "
			"CAP_DAC_READ_SEARCH too (setcap "
			"cap_bpf,cap_perfmon,cap_dac_read_search+ep), or open it to a group "
			"(mount -o remount,mode=750,gid=GROUP /sys/kernel/tracing)");
	if (!strcmp(backend, "tracepoint") && !f->has_tracepoints)
		return error_set(error, -ENOTSUP,
				 "tracepoint: no system call tracepoints (mount tracefs: mount -t "
				 "tracefs tracefs /sys/kernel/tracing)");
	return 0;
}

/* The last way: it sees no attempts, so none can fail to be seen. */
static bool is_lifecycle(const char *backend)
{
	return !strcmp(backend, "lifecycle");
}

static uint64_t own_attempts(const struct attach *attach)
{
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < attach->cpus; cpu++)
		sum += __atomic_load_n(&attach_counters(attach, cpu)->own_attempts,
				       __ATOMIC_RELAXED);
	return sum;
}

static void try_execve(void)
{
	static char *const none[] = { NULL };

	syscall(SYS_execve, "", none, none);
}

/* Two execs that cannot succeed: no file has an empty name. kprobes can be switched off, and
 * then attach without an error and never fire. */
static int self_test(const struct attach *attach, const struct features *f, struct error *error)
{
	static char *const none[] = { NULL };

	try_execve();
	syscall(SYS_execveat, AT_FDCWD, "", none, none, 0);
	if (own_attempts(attach) >= 2 || is_lifecycle(attach->backend))
		return 0;
	if (f->view.error && f->view.pid_ns != VIEW_INITIAL)
		return error_set(
			error, -ENOTSUP,
			"%s: this kernel (before 5.10) does not tell a process in a PID "
			"namespace its own number: run begat in the first one (--pid=host)",
			attach->backend);
	return error_set(error, -ENOTSUP,
			 "%s: attached, but an exec of our own was not seen (is "
			 "/sys/kernel/debug/kprobes/enabled 0?)",
			 attach->backend);
}

static int try_backend(struct attach *attach, const char *backend,
		       const struct attach_options *opts, const struct features *f,
		       struct error *error)
{
	int err = is_possible(backend, f, error);

	if (err)
		return err;
	attach->has_failed = true; /* until it works */
	attach->is_partial = false;
	attach->backend = backend;
	err = load_backend(attach, opts, f, error);
	if (!err)
		err = opts->loaded(opts->ctx, attach);
	if (!err)
		err = hooks_attach_backend(attach, error);
	if (!err)
		err = self_test(attach, f, error);
	if (!err) {
		clocks_warm_up(attach, try_execve);
		err = opts->hooking ? opts->hooking(opts->ctx, attach) : 0;
	}
	if (!err)
		err = hooks_attach_lifecycle(attach, f, error);
	if (err) {
		opts->unloading(opts->ctx);
		load_undo(attach);
	}
	return err;
}

static void note_transport(struct attach *attach, const struct attach_options *opts)
{
	char text[128];

	for (const struct transport_ops *const *better = transports;
	     !opts->transport && *better != attach->transport; better++) {
		snprintf(text, sizeof(text), "%s: %s", (*better)->absence,
			 attach->transport->feature);
		attach_note(attach, text);
	}
}

static int open_best(struct attach *attach, const struct attach_options *opts,
		     const struct features *f, struct error *error)
{
	bool has_failed = false;
	int err = -ENOTSUP;

	note_transport(attach, opts);
	for (size_t i = 0; i < BACKEND_COUNT; i++) {
		if (opts->backend && strcmp(opts->backend, backends[i]))
			continue;
		if (is_lifecycle(backends[i]) && opts->needs_attempts)
			continue;
		err = try_backend(attach, backends[i], opts, f, error);
		if (!err) {
			attach->has_failed = has_failed || attach->is_partial ||
					     (is_lifecycle(backends[i]) && !opts->backend);
			return 0;
		}
		has_failed = attach->has_failed;
		attach_note(attach, error->text);
	}
	if (opts->backend && is_lifecycle(opts->backend) && opts->needs_attempts)
		return error_set(error, -EINVAL, "the lifecycle backend sees no failed execs");
	return error_set(error, err, "no way to see exec attempts: %s. 'begat doctor' explains",
			 attach->fallback);
}

static int check_backend_name(const char *name, struct error *error)
{
	if (!name)
		return 0;
	for (size_t i = 0; i < BACKEND_COUNT; i++)
		if (!strcmp(name, backends[i]))
			return 0;
	return error_set(error, -EINVAL,
			 "unknown backend '%s': there are kprobe, tracepoint and lifecycle", name);
}

int attach_open(const struct attach_options *opts, const struct features *f, struct error *error,
		struct attach **ret_attach)
{
	struct attach *attach;
	int err = check_backend_name(opts->backend, error);
	libbpf_print_fn_t print;

	if (!err)
		err = check_platform(f, error);
	if (err)
		return err;
	attach = calloc(1, sizeof(*attach));
	if (!attach)
		return error_set(error, -ENOMEM, "out of memory");
	print = libbpf_set_print(be_quiet); /* restored: the program may use libbpf itself */
	attach->cpus = libbpf_num_possible_cpus();
	attach->own_tgid = f->view.own_tgid;
	attach->window_ns = opts->config.short_lived_window_ns;
	attach->follows_any = opts->config.root_count > 0;
	err = transport_choose(opts->transport, error, &attach->transport);
	if (!err)
		err = open_best(attach, opts, f, error);
	libbpf_set_print(print);
	if (err) {
		attach_close(attach);
		return err;
	}
	*ret_attach = attach;
	return 0;
}

void attach_stop(struct attach *attach)
{
	struct cpu_counters *counters = attach->counters.data;

	for (uint32_t cpu = 0; cpu < attach->cpus; cpu++)
		__atomic_store_n(&counters[cpu].is_stopped, 1, __ATOMIC_RELAXED);
}

/* Detach fork hooks last, as they came last: each exec or exit that we see follows its fork. */
void attach_detach(struct attach *attach)
{
	for (int i = attach->forks_from; i-- > 0;)
		bpf_link__destroy(attach->links[i]);
	for (int i = attach->link_count; i-- > attach->forks_from;)
		bpf_link__destroy(attach->links[i]);
	attach->link_count = attach->forks_from = 0;
}

void attach_close(struct attach *attach)
{
	if (!attach)
		return;
	load_undo(attach);
	free(attach);
}

const char *attach_backend(const struct attach *attach)
{
	return attach->backend;
}

const struct transport_ops *attach_transport(const struct attach *attach)
{
	return attach->transport;
}

const char *attach_fallback(const struct attach *attach)
{
	return attach->fallback;
}

bool attach_has_failed(const struct attach *attach)
{
	return attach->has_failed;
}

uint32_t attach_cpus(const struct attach *attach)
{
	return attach->cpus;
}

/*
 * What the kernel skipped. Where a hook's program has copies, an event is missed only if none of
 * them took it: of all that came to the hook, those that were taken are known. A signal that is
 * missed costs a killed_by, no event.
 */
static uint64_t missed_at(const struct attach *attach, const char *program, uint64_t skipped)
{
	static const char *const hooks[] = { [HOOK_FORK] = "lifecycle__fork",
					     [HOOK_EXIT] = "lifecycle__exit",
					     [HOOK_EXEC] = "lifecycle__exec",
					     [HOOK_EXECVE] = "tracepoint__execve_enter",
					     [HOOK_EXECVEAT] = "tracepoint__execveat_enter",
					     [HOOK_RETURN] = "tracepoint__return" };
	int64_t missed = skipped;

	if (hooks_is_copy(program) || !strcmp(program, "lifecycle__signal"))
		return 0;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		if (strcmp(program, hooks[hook]))
			continue;
		for (uint32_t cpu = 0; cpu < attach->cpus; cpu++) {
			const struct cpu_counters *c = attach_counters(attach, cpu);

			missed += __atomic_load_n(&c->hook_runs[hook], __ATOMIC_RELAXED);
			missed -= __atomic_load_n(&c->hook_firsts[hook], __ATOMIC_RELAXED);
		}
	}
	return missed > 0 ? missed : 0; /* while events are under way it may be below */
}

void attach_program_stats(const struct attach *attach, uint64_t *ret_missed, uint64_t *ret_runs,
			  uint64_t *ret_ns)
{
	struct bpf_program *program;

	*ret_missed = *ret_runs = *ret_ns = 0;
	bpf_object__for_each_program(program, attach->object)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_program__fd(program) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		*ret_missed += missed_at(attach, bpf_program__name(program), info.recursion_misses);
		*ret_runs += info.run_cnt;
		*ret_ns += info.run_time_ns;
	}
}

int attach_program_at(const struct attach *attach, uint32_t index, const char **ret_name,
		      uint64_t *ret_runs, uint64_t *ret_ns)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, attach->object)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_program__fd(program) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) || index--)
			continue;
		*ret_name = bpf_program__name(program);
		*ret_runs = info.run_cnt;
		*ret_ns = info.run_time_ns;
		return 0;
	}
	return -ENOENT;
}

uint64_t attach_memlock_of(int fd)
{
	char path[64], line[128];
	uint64_t bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (!strncmp(line, "memlock:", 8))
			bytes = strtoull(line + 8, NULL, 10);
	if (info)
		fclose(info);
	return bytes;
}

uint64_t attach_map_bytes(const struct attach *attach)
{
	struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, attach->object)
	{
		if (bpf_map__fd(map) >= 0)
			sum += attach_memlock_of(bpf_map__fd(map));
	}
	return sum;
}
