/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/preempt.h - coping with preemptible tracepoints: a preempted program makes the kernel skip
 * the hook for other tasks.
 *
 * Owns: holding the CPU, copies of a program, and which of them does the work. Not: where they are
 * attached (hooks/), what they do (emit/).
 *
 * Tracepoints are preemptible from 7.0 on, those of system calls by 7.3 at the latest. While a
 * preempted task is inside a program, the kernel skips that program for any other task on the same
 * CPU. HELD() keeps the CPU while a program works, so that slots and counters are its own. It
 * cannot cover the few instructions before it. So each hook has copies of its program: the first
 * copy that is not skipped does the work, and src/attach/ counts as missed only the events that all
 * copies may have missed.
 *
 * The copies are in an object of their own, for kernels that have the functions below. Where a
 * function is missing, even a weak symbol makes libbpf search the modules for it, and an ordinary
 * user with CAP_BPF may not do that.
 */
#ifndef BEGAT_BPF_PREEMPT_H
#define BEGAT_BPF_PREEMPT_H

#include "compat.h"

#ifdef BEGAT_PREEMPTIBLE

/* 6.10: fc7566ad0a82 "bpf: Introduce bpf_preempt_[disable,enable] kfuncs" */
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
/* 6.14: c8e2ee1f3df0 "bpf: Introduce support for bpf_local_irq_{save,restore}" */
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;

/*
 * A task that waits for the CPU would get it as soon as preemption is on again, still inside the
 * program, and everything that it does at this hook would be skipped. With interrupts off at that
 * point it gets the CPU a moment later.
 */
#define HELD(what)                             \
	do {                                   \
		unsigned long flags;           \
                                               \
		bpf_preempt_disable();         \
		what;                          \
		bpf_local_irq_save(&flags);    \
		bpf_preempt_enable();          \
		bpf_local_irq_restore(&flags); \
	} while (0)

static __always_inline void preempt_count(enum hook hook, const __u32 nth, bool is_first)
{
	struct cpu_counters *c = cpu_counters();

	if (!c)
		return;
	c->hook_runs[hook] += nth == 1;
	c->hook_firsts[hook] += is_first;
}

/*
 * Is this program, the @nth at its hook, the first to see this event of this task? @event: what
 * distinguishes the event from others of the same kind.
 */
static __always_inline bool first_here(struct task_struct *task, enum hook hook, __u64 event,
				       const __u32 nth)
{
	struct visit_key key = { .task = (__u64)task, .what = hook + HOOK_COUNT * event };
	__u32 seen = 1;
	bool is_first;

	key.start_ns = READ_PROBED(task, start_boottime);
	is_first = !bpf_map_update_elem(&visits, &key, &seen, BPF_NOEXIST);
	preempt_count(hook, nth, is_first);
	return is_first;
}

/*
 * The same for a hook that a task reaches again and again, with nothing that distinguishes one time
 * from the next: a program does the work unless one of those before it was the last to run.
 */
static __always_inline bool first_again(enum hook hook, const __u32 nth)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct visit_key key = { .task = (__u64)task, .what = hook };
	bool is_first = true;
	__u32 ran = nth, *last;

	key.start_ns = READ_PROBED(task, start_boottime);
	last = bpf_map_lookup_elem(&visits, &key);
	if (last) {
		is_first = nth == 1 || *last >= nth;
		*last = ran;
	} else {
		bpf_map_update_elem(&visits, &key, &ran, BPF_ANY);
	}
	preempt_count(hook, nth, is_first);
	return is_first;
}

#define COPY(section, name, nth, context, function) \
	PROGRAM_AS(section, name##_##nth, context, function, nth)

#else

#define COPY(section, name, nth, context, function)
#define HELD(what) what
#define first_here(task, hook, event, nth) true
#define first_again(hook, nth) true

#endif

/* @function takes the context, and the number of its program at the hook: from 2 on, a copy. */
#define PROGRAM(section, name, context, function) PROGRAM_AS(section, name, context, function, 1)
#define PROGRAM_AS(section, name, context, function, nth) \
	SEC(section)                                      \
	int name(context *ctx)                            \
	{                                                 \
		HELD(function(ctx, nth));                 \
		return 0;                                 \
	}

#endif
