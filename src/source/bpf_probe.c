/* SPDX-License-Identifier: BSD-2-Clause */
/* source/bpf_probe.c - every feature probe in words, for `begat doctor`. */
#include <string.h>

#include "source/bpf.h"

struct report {
	void (*callback)(const struct begat_probe *probe, void *ctx);
	void *ctx;
	bool is_fatal;
};

static void say(struct report *report, const char *name, enum begat_probe_result result,
		const char *found, const char *meaning)
{
	struct begat_probe probe = {
		.size = sizeof(probe),
		.name = name,
		.found = found,
		.meaning = meaning,
		.result = result,
	};

	report->is_fatal |= result == BEGAT_PROBE_FATAL;
	report->callback(&probe, report->ctx);
}

static void say_rights(struct report *r, const struct features *f)
{
	bool has_both = f->has_bpf_cap && f->has_perfmon_cap, is_refused = features_are_refused(f);

	say(r, "capabilities", has_both && !is_refused ? BEGAT_PROBE_OK : BEGAT_PROBE_FATAL,
	    has_both && is_refused ? "CAP_BPF and CAP_PERFMON, but bpf() is refused"
	    : has_both		   ? "CAP_BPF and CAP_PERFMON"
	    : f->has_bpf_cap	   ? "CAP_BPF without CAP_PERFMON"
	    : f->has_perfmon_cap   ? "CAP_PERFMON without CAP_BPF"
				   : "neither CAP_BPF nor CAP_PERFMON",
	    has_both && is_refused && features_memlock_is_short(f)
		    ? "the limit of locked memory is too low or used up: see memlock"
	    : has_both && is_refused
		    ? "they do not count here: a user namespace, or a seccomp profile that forbids "
		      "bpf() (docker: --privileged, or --security-opt seccomp=unconfined)"
	    : has_both ? "BPF programs may be loaded"
		       : "BPF programs may not be loaded: run as root (sudo), or give both "
			 "capabilities (before kernel 5.8: CAP_SYS_ADMIN)");
	say(r, "lockdown", f->lockdown_confidentiality ? BEGAT_PROBE_FATAL : BEGAT_PROBE_OK,
	    f->lockdown,
	    f->lockdown_confidentiality
		    ? "no program may read kernel memory: boot without lockdown=confidentiality"
		    : "does not stand in the way");
	say(r, "memlock", features_memlock_is_short(f) ? BEGAT_PROBE_MISSING : BEGAT_PROBE_OK,
	    f->has_own_memlock_limit ? "programs and maps are charged to RLIMIT_MEMLOCK"
				     : "maps are charged to the memory cgroup",
	    features_memlock_is_short(f)
		    ? "the limit is too low for them: raise it (ulimit -l unlimited)"
	    : f->has_own_memlock_limit ? "the limit is lifted"
				       : "RLIMIT_MEMLOCK does not matter (5.11 and later)");
}

/* What a container may have taken away or moved, and what brings it back. */
static void say_surroundings(struct report *r, const struct view *view)
{
	static const char *const found[] = {
		[VIEW_UNKNOWN] = "cannot tell without /proc",
		[VIEW_INITIAL] = "the first one",
		[VIEW_OTHER] = "one of its own",
	};
	bool is_other = view->pid_ns == VIEW_OTHER;

	say(r, "/proc", view->has_proc ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING,
	    view->has_proc ? "mounted" : "not mounted, or of another PID namespace",
	    view->has_proc
		    ? "what already runs is known with its command"
		    : "what already runs has no exe, argv and cwd, and -c finds no cgroup: mount "
		      "-t proc proc /proc, or bind mount the host's (-v /proc:/proc)");
	say(r, "/sys", view->has_sys ? BEGAT_PROBE_OK : BEGAT_PROBE_FATAL,
	    view->has_sys ? "mounted" : "not mounted",
	    view->has_sys
		    ? "the kernel's BTF and tracefs are below it"
		    : "the kernel's BTF is below it: mount -t sysfs sysfs /sys, or bind mount "
		      "the host's (-v /sys:/sys:ro)");
	say(r, "PID namespace", is_other ? BEGAT_PROBE_MISSING : BEGAT_PROBE_OK,
	    found[view->pid_ns],
	    is_other ? "-p, under() and run take pids of this namespace, events have those of the "
		       "outermost one; what already runs outside of it is not listed: use "
		       "--pid=host "
		       "to have it"
	    : view->pid_ns == VIEW_INITIAL || !view->error ? "pids that you see are those of events"
							   : "");
	say(r, "user namespace",
	    view->user_ns != VIEW_OTHER ? BEGAT_PROBE_OK
	    : view->error		? BEGAT_PROBE_FATAL
					: BEGAT_PROBE_MISSING,
	    found[view->user_ns],
	    view->user_ns != VIEW_OTHER ? "capabilities are what they say"
	    : view->error
		    ? "its capabilities do not count for BPF: run begat outside of it (as root "
		      "on the host; with rootless containers, not in the container)"
		    : "the kernel takes BPF programs from it all the same");
	say(r, "time namespace", BEGAT_PROBE_OK, found[view->time_ns],
	    view->boot_ahead_ns ? "its boot clock is another: times are moved to the kernel's"
				: "its boot clock is the kernel's");
}

static void say_kernel(struct report *r, const struct features *f)
{
	say(r, "BTF", f->has_btf ? BEGAT_PROBE_OK : BEGAT_PROBE_FATAL,
	    f->has_btf ? "/sys/kernel/btf/vmlinux" : "not there, or not to be read",
	    f->has_btf ? "programs fit this kernel's own structures"
		       : "programs cannot be fitted to this kernel: it needs "
			 "CONFIG_DEBUG_INFO_BTF=y");
	say(r, "typed tracepoints", f->has_tp_btf ? BEGAT_PROBE_OK : BEGAT_PROBE_FATAL,
	    f->has_tp_btf ? "sched_process_{fork,exec,exit}" : "not there",
	    f->has_tp_btf
		    ? "forks, execs and exits are seen (5.5 and later)"
		    : "forks, execs and exits cannot be seen: 5.5 or later with BTF is needed");
}

static void say_transports(struct report *r)
{
	for (const struct transport_ops *const *t = transports; *t; t++) {
		bool is_there = (*t)->is_available();

		say(r, (*t)->feature, is_there ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING,
		    is_there ? "works" : "not there, or not allowed", (*t)->meaning[is_there]);
	}
}

static void say_backends(struct report *r)
{
	for (const struct backend *const *b = backends; *b; b++) {
		struct begat_probe probe = { 0 };

		if (!(*b)->explain)
			continue;
		(*b)->explain(&probe);
		say(r, probe.name, probe.result, probe.found, probe.meaning);
	}
}

static void say_details(struct report *r, const struct features *f)
{
	say(r, "boot clock", f->has_boot_clock ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING,
	    f->has_boot_clock ? "bpf_ktime_get_boot_ns" : "not there (5.8 and later)",
	    f->has_boot_clock ? "time stamps count time asleep"
			      : "time stamps are moved to the boot clock in user space");
	say(r, "bpf_loop", f->has_loop ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING,
	    f->has_loop ? "works" : "not there (5.17 and later)",
	    f->has_loop ? "paths and arguments are captured whole"
			: "argv of a failed exec after 96 strings (and on 5.5 a path of more "
			  "than 64 names) is cut and marked so");
	say(r, "task iterator", f->has_task_iterator ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING,
	    f->has_task_iterator ? "works" : "not there (5.8 and later)",
	    f->has_task_iterator
		    ? "what already runs is known with exact start times"
		    : "what already runs is read from /proc: start times to a clock tick");
	say(r, "map allocator", f->has_map_allocator ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING,
	    f->has_map_allocator ? "BPF memory allocator" : "not there (6.1 and later)",
	    f->has_map_allocator ? "the process cache takes memory for living processes only"
				 : "the process cache is allocated whole at start (9 MB)");
}

int bpf_probe(void (*callback)(const struct begat_probe *probe, void *ctx), void *ctx)
{
	struct report report = { callback, ctx, false };
	struct features features;

	features_probe(&features);
	say_surroundings(&report, &features.view);
	say_rights(&report, &features);
	say_kernel(&report, &features);
	say_transports(&report);
	say_backends(&report);
	if (features.has_btf) /* it tells of all of these */
		say_details(&report, &features);
	features_done(&features);
	return report.is_fatal;
}
