/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* bpf/emit/killer.h - the sender of a signal that may be fatal, noted in the process cache. */
#ifndef BEGAT_BPF_EMIT_KILLER_H
#define BEGAT_BPF_EMIT_KILLER_H

#include "cache.h"

#define TRACE_SIGNAL_DELIVERED 0

/* Stop, continue, and signals that are ignored unless caught: they never end a process. */
#define SIGNALS_HARMLESS                                                         \
	(1ull << 17 /* CHLD */ | 1ull << 18 /* CONT */ | 1ull << 19 /* STOP */ | \
	 1ull << 20 /* TSTP */ | 1ull << 21 /* TTIN */ | 1ull << 22 /* TTOU */ | \
	 1ull << 23 /* URG */ | 1ull << 28 /* WINCH */)

#define SI_TIMER -2
#define KERNEL_STACK_BYTES 32768u /* or one page, if pages are larger */

/* Is the siginfo made up by a system call of @task? rt_sigqueueinfo() may put anything in it. */
static __always_inline bool killer_is_on_stack(struct task_struct *task, __u64 info)
{
	__u64 bytes =
		config.page_bytes > KERNEL_STACK_BYTES ? config.page_bytes : KERNEL_STACK_BYTES;

	return info - (__u64)READ_PROBED(task, stack) < bytes;
}

/*
 * Is the signal from a process, and not from the kernel?
 *
 * As a siginfo pointer, 0 means "from the current task" and 1 "from the kernel". But 0 to the
 * current thread alone is the kernel's reaction to what it did (SIGPIPE, SIGXFSZ). 0 to a whole
 * process is kill(2) on newer kernels (seen on 7.3), and to another process the signal that it
 * asked for at its parent's death (PR_SET_PDEATHSIG). A POSIX timer has a code like a process's,
 * but expires while any task runs.
 */
static __always_inline bool killer_is_user(struct task_struct *sender, bool is_itself,
					   bool is_to_group, __u64 info)
{
	int code = 1;

	if (info <= 1)
		return !info && (is_to_group || !is_itself);
	bpf_core_read(&code, sizeof(code), &((struct kernel_siginfo *)info)->si_code);
	return code == SI_TIMER ? killer_is_on_stack(sender, info) : code <= 0;
}

static __always_inline void killer_note(__u64 *ctx)
{
	struct task_struct *sender = (void *)bpf_get_current_task();
	struct proc_entry fresh = {}, *entry;
	struct task_struct *target;
	struct cpu_counters *c;
	__u64 args[5], start_ns;
	__u32 tgid, sig, sender_tgid = bpf_get_current_pid_tgid() >> 32;

	/* A copy: the verifier takes a typed pointer for an address, never for 0 or 1. */
	if (bpf_probe_read_kernel(args, sizeof(args), ctx))
		return;
	sig = args[0];
	if (args[4] != TRACE_SIGNAL_DELIVERED || sig > 64 || SIGNALS_HARMLESS >> (sig & 63) & 1)
		return;
	target = (void *)args[2];
	tgid = READ_PROBED(target, tgid);
	start_ns = READ_PROBED(target, group_leader, start_boottime);
	entry = cache_find(tgid, start_ns);
	if (!entry) {
		c = cpu_counters();
		if (!c || config.admit & CONFIG_ADMIT_TREE)
			return;
		if (!READ_PROBED(target, signal, live.counter)) /* a zombie: no exit will follow */
			return;
		fresh.start_ns = start_ns;
		cache_put(c, tgid, &fresh);
		entry = cache_find(tgid, start_ns);
		if (!entry)
			return;
	}
	entry->killer_signal = sig;
	entry->killer_tgid = 0;
	entry->killer_start_ns = 0;
	entry->killer_comm[0] = 0;
	if (!killer_is_user(sender, sender_tgid == tgid, (int)args[3], args[1]))
		return;
	entry->killer_tgid = sender_tgid;
	entry->killer_start_ns = READ_PROBED(sender, group_leader, start_boottime);
	bpf_get_current_comm(entry->killer_comm, sizeof(entry->killer_comm));
}

#endif
