/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/probes.c - see probes.h: choose a backend and a transport, load, probes, test.
 *
 *   probes_open: for each backend, best first
 *       is_possible -> load -> hooks_attach_* -> self_test -> done
 *            \___________\____________\____________\_____-> next, with the reason noted
 */
#include "attach/probes.h"

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
#include "base/clock.h"
#include "base/names.h"

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
	if (features_are_refused(f) && features_memlock_is_short(f))
		return error_set(
			error, -EPERM,
			"the kernel refuses bpf(): the limit of locked memory, which this kernel "
			"charges programs and maps to, is too low or used up: raise it (ulimit -l "
			"unlimited). 'begat doctor' explains");
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

static uint64_t own_attempts(const struct probes *probes)
{
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < probes->cpus; cpu++)
		sum += __atomic_load_n(&probes_counters(probes, cpu)->own_attempts,
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
static int self_test(const struct probes *probes, const struct features *f, struct error *error)
{
	static char *const none[] = { NULL };

	try_execve();
	syscall(SYS_execveat, AT_FDCWD, "", none, none, 0);
	if (own_attempts(probes) >= 2 || !probes->backend->sees_attempts)
		return 0;
	if (f->view.error && f->view.pid_ns != VIEW_INITIAL)
		return error_set(
			error, -ENOTSUP,
			"%s: this kernel (before 5.10) does not tell a process in a PID "
			"namespace its own number: run begat in the first one (--pid=host)",
			probes->backend->name);
	return error_set(error, -ENOTSUP,
			 "%s: attached, but an exec of our own was not seen (is "
			 "/sys/kernel/debug/kprobes/enabled 0?)",
			 probes->backend->name);
}

static int try_backend(struct probes *probes, const struct backend *backend,
		       const struct probes_options *opts, const struct features *f,
		       struct error *error)
{
	int err = backend->is_possible ? backend->is_possible(error) : 0;

	if (err)
		return err;
	uint64_t began_ns = clock_read_ns(CLOCK_MONOTONIC), loaded_ns;

	probes->has_failed = true; /* until it works */
	probes->is_partial = false;
	probes->backend = backend;
	err = load_backend(probes, opts, f, error);
	loaded_ns = clock_read_ns(CLOCK_MONOTONIC);
	if (!err)
		err = opts->loaded(opts->ctx, probes);
	if (!err && backend->attach)
		err = backend->attach(probes, error);
	if (!err)
		err = self_test(probes, f, error);
	if (!err) {
		clocks_warm_up(probes, try_execve);
		err = opts->hooking ? opts->hooking(opts->ctx, probes) : 0;
	}
	if (!err)
		err = lifecycle_attach(probes, error);
	probes->load_ns = loaded_ns - began_ns;
	probes->attach_ns = clock_read_ns(CLOCK_MONOTONIC) - loaded_ns;
	if (err) {
		opts->unloading(opts->ctx);
		load_undo(probes);
	}
	return err;
}

static void note_transport(struct probes *probes, const struct probes_options *opts)
{
	char text[128];

	for (const struct transport_ops *const *better = transports;
	     !opts->transport && *better != probes->transport; better++) {
		snprintf(text, sizeof(text), "%s: %s", (*better)->absence,
			 probes->transport->feature);
		probes_note(probes, text);
	}
}

static int open_best(struct probes *probes, const struct probes_options *opts,
		     const struct features *f, struct error *error)
{
	bool has_failed = false;
	int err = -ENOTSUP;

	note_transport(probes, opts);
	for (const struct backend *const *b = backends; *b; b++) {
		if (opts->backend && strcmp(opts->backend, (*b)->name))
			continue;
		if (!(*b)->sees_attempts && opts->needs_attempts)
			continue;
		err = try_backend(probes, *b, opts, f, error);
		if (!err) {
			probes->has_failed = has_failed || probes->is_partial ||
					     (!(*b)->sees_attempts && !opts->backend);
			return 0;
		}
		has_failed = probes->has_failed;
		probes_note(probes, error->text);
	}
	if (opts->backend && opts->needs_attempts && !backend_find(opts->backend)->sees_attempts)
		return error_set(error, -EINVAL, "the %s backend sees no failed execs",
				 opts->backend);
	return error_set(error, err, "no way to see exec attempts: %s. 'begat doctor' explains",
			 probes->fallback);
}

static int check_backend_name(const char *name, struct error *error)
{
	char names[128];

	if (!name || backend_find(name))
		return 0;
	return error_set(error, -EINVAL, "unknown backend '%s': there are %s", name,
			 names_listed(names, sizeof(names), begat_backend_names(), "and"));
}

int probes_open(const struct probes_options *opts, struct features *f, struct error *error,
		struct probes **ret_probes)
{
	struct probes *probes;
	int err = check_backend_name(opts->backend, error);
	libbpf_print_fn_t print;

	if (!err)
		err = check_platform(f, error);
	if (err)
		return err;
	probes = calloc(1, sizeof(*probes));
	if (!probes)
		return error_set(error, -ENOMEM, "out of memory");
	print = libbpf_set_print(be_quiet); /* restored: the program may use libbpf itself */
	probes->cpus = libbpf_num_possible_cpus();
	probes->own_tgid = f->view.own_tgid;
	probes->window_ns = opts->config.short_lived_window_ns;
	probes->follows_any = opts->config.root_count > 0;
	object_shrink_btf(f);
	err = transport_choose(opts->transport, error, &probes->transport);
	if (!err)
		err = open_best(probes, opts, f, error);
	object_leave();
	libbpf_set_print(print);
	if (err) {
		probes_close(probes);
		return err;
	}
	*ret_probes = probes;
	return 0;
}

void probes_stop(struct probes *probes)
{
	struct cpu_counters *counters = probes->counters.data;

	for (uint32_t cpu = 0; cpu < probes->cpus; cpu++)
		__atomic_store_n(&counters[cpu].is_stopped, 1, __ATOMIC_RELAXED);
}

void probes_close(struct probes *probes)
{
	if (!probes)
		return;
	load_undo(probes);
	free(probes);
}

const struct backend *probes_backend(const struct probes *probes)
{
	return probes->backend;
}

const struct transport_ops *probes_transport(const struct probes *probes)
{
	return probes->transport;
}

void probes_times(const struct probes *probes, uint64_t *ret_load_ns, uint64_t *ret_attach_ns)
{
	*ret_load_ns = probes->load_ns;
	*ret_attach_ns = probes->attach_ns;
}

const char *probes_fallback(const struct probes *probes)
{
	return probes->fallback;
}

bool probes_has_failed(const struct probes *probes)
{
	return probes->has_failed;
}

uint32_t probes_cpus(const struct probes *probes)
{
	return probes->cpus;
}

uint64_t probes_memlock_of(int fd)
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

uint64_t probes_map_bytes(const struct probes *probes)
{
	struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, probes->object)
	{
		if (bpf_map__fd(map) >= 0)
			sum += probes_memlock_of(bpf_map__fd(map));
	}
	return sum;
}
