/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kprobe.c - the kprobe backend: kprobes and kretprobes on the system calls themselves.
 *
 * Owns: symbol names by machine. Sees 32-bit callers too, and needs no tracefs.
 */
#include <errno.h>
#include <unistd.h>

#include "attach/internal.h"
#include "base/read_line.h"

#if defined(__x86_64__)
#define SYSCALL_PREFIX "__x64_sys_"
#define COMPAT_PREFIX "__ia32_compat_sys_"
#elif defined(__aarch64__)
#define SYSCALL_PREFIX "__arm64_sys_"
#define COMPAT_PREFIX "__arm64_compat_sys_"
#else
#error "begat knows x86-64 and arm64"
#endif

static const struct kprobe {
	const char *program;
	const char *symbol;
	bool is_compat; /* not on every kernel: absence is no failure */
} kprobes[] = {
	{ "kprobe__execve_enter", SYSCALL_PREFIX "execve", false },
	{ "kprobe__execveat_enter", SYSCALL_PREFIX "execveat", false },
	{ "kprobe__compat_execve_enter", COMPAT_PREFIX "execve", true },
	{ "kprobe__compat_execveat_enter", COMPAT_PREFIX "execveat", true },
};

/* Was the kernel built with them? */
static bool has_kprobes(void)
{
	return !access("/sys/bus/event_source/devices/kprobe/type", F_OK);
}

/* Switched off at run time: then they attach without an error and never fire. */
static bool is_switched_off(void)
{
	char enabled[16];

	read_line("/sys/kernel/debug/kprobes/enabled", enabled, sizeof(enabled));
	return enabled[0] == '0';
}

static int kprobe_is_possible(struct error *error)
{
	if (has_kprobes())
		return 0;
	return error_set(error, -ENOTSUP, "kprobe: this kernel was built without kprobes");
}

static void kprobe_explain(struct begat_probe *ret)
{
	bool is_there = has_kprobes(), is_off = is_switched_off();

	ret->name = "kprobes";
	ret->result = is_there && !is_off ? BEGAT_PROBE_OK : BEGAT_PROBE_MISSING;
	ret->found = !is_there ? "kprobes are missing: the kernel was built without them"
		     : is_off  ? "switched off in /sys/kernel/debug/kprobes/enabled"
			       : "the kernel has them";
	ret->meaning = ret->result == BEGAT_PROBE_OK
			       ? "backend kprobe: failed execs are seen, 32-bit programs' too"
			       : "backend tracepoint is used: failed execs of 32-bit programs are "
				 "not seen";
}

static int attach_one(struct probes *probes, const struct kprobe *kprobe)
{
	struct bpf_program *enter = programs_find(probes, kprobe->program);
	struct bpf_program *back = programs_find(probes, "kprobe__return");
	/* The return first: an entry without a return would leave its attempt behind. */
	int err = probes_keep(probes, bpf_program__attach_kprobe(back, true, kprobe->symbol));

	if (err)
		return err;
	return probes_keep(probes, bpf_program__attach_kprobe(enter, false, kprobe->symbol));
}

static int kprobe_attach(struct probes *probes, struct error *error)
{
	for (size_t i = 0; i < sizeof(kprobes) / sizeof(kprobes[0]); i++) {
		int err = attach_one(probes, &kprobes[i]);

		if (err && !kprobes[i].is_compat)
			return error_set(error, err, "kprobe: %s cannot be probed: %s",
					 kprobes[i].symbol, programs_refusal(err));
	}
	return 0;
}

extern const struct backend backend_kprobe;
const struct backend backend_kprobe = {
	.name = "kprobe",
	.sees_attempts = true,
	.is_possible = kprobe_is_possible,
	.attach = kprobe_attach,
	.explain = kprobe_explain,
};
