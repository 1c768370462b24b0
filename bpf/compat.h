/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/compat.h - everything that changed in kernels since 5.5, and what differs by machine.
 *
 * Owns: kernel drift, a block for each change, with the version and the commit that made it. Not:
 * types that every kernel has (kernel.h). Nothing else in bpf/ may depend on the kernel's version.
 * Delete a block when the oldest supported kernel has the new form.
 */
#ifndef BEGAT_BPF_COMPAT_H
#define BEGAT_BPF_COMPAT_H

#include "maps.h"

/*
 * 5.8: bpf_ktime_get_boot_ns() (71d19214776e "bpf: add bpf_ktime_get_boot_ns()"). Before, user
 * space adds the time that the machine was suspended.
 */
static __always_inline __u64 now_ns(void)
{
	return config.has_boot_clock ? bpf_ktime_get_boot_ns() : bpf_ktime_get_ns();
}

/*
 * 5.17: bpf_loop() (e6f2dd0f8067 "bpf: Add bpf_loop helper"): the verifier looks at the body once.
 * Before, a bounded loop of fewer rounds. A kernel without it does not even load a program that
 * names a callback, so this is a constant of each program and not a setting: the programs for
 * those kernels are called *_unrolled.
 */
enum loops {
	WITH_BPF_LOOP,
	UNROLLED,
};

/* Repeats @step until it returns 1; @step##_callback wraps it for bpf_loop(). */
#define LOOP(loops, most, most_unrolled, step, state)                         \
	do {                                                                  \
		if ((loops) == WITH_BPF_LOOP) {                               \
			bpf_loop(most, step##_callback, state, 0);            \
			break;                                                \
		}                                                             \
		for (__u32 __round = 0; __round < (most_unrolled); __round++) \
			if (step(state))                                      \
				break;                                        \
	} while (0)

/*
 * How a program reads the kernel's memory. A typed pointer comes from a tp_btf hook (5.5) or from
 * bpf_get_current_task_btf() (5.11, 3ca1032ab7ab "bpf: Implement get_current_task_btf and
 * RET_PTR_TO_BTF_ID"): the program follows it itself, a few instructions for each arrow. Any other
 * pointer is probed: each arrow is a call of bpf_probe_read_kernel(), 30 to 50 ns.
 */
enum access {
	TYPED,
	PROBED,
};

/* A chain of fields, written as BPF_CORE_READ() takes it. */
#define READ(from, ...) ___arrow(from, __VA_ARGS__)
#define READ_PROBED(from, ...) BPF_CORE_READ(from, __VA_ARGS__)
#define READ_BY(access, from, ...) \
	((access) == TYPED ? READ(from, __VA_ARGS__) : READ_PROBED(from, __VA_ARGS__))

/* Every kernel with bpf_loop() has the typed running task. */
static __always_inline enum access access_of_current(const enum loops loops)
{
	return loops == WITH_BPF_LOOP ? TYPED : PROBED;
}

/*
 * 5.12: atomic instructions that return the old value (5ca419f2864a "bpf: Add BPF_FETCH field /
 * create atomic_fetch_add instruction"). Before, there is only an addition that returns nothing.
 * Compilers since LLVM 20 choose the new kind for __sync_fetch_and_add(), even if its result is
 * unused, so this names the old instruction.
 */
static __always_inline void atomic_add_u64(__u64 *counter, __u64 number)
{
	asm volatile("lock *(u64 *)(%[counter] + 0) += %[number]"
		     :
		     : [counter] "r"(counter), [number] "r"(number)
		     : "memory");
}

/*
 * 6.3: a set of capabilities is one 64-bit number (f122a08b197d "capability: just use a 'u64'
 * instead of a 'u32[2]' array"). Before, two halves, the lower one first.
 */
struct cap_number___since_6_3 {
	__u64 val;
} __attribute__((preserve_access_index));

struct cred___since_6_3 {
	struct cap_number___since_6_3 cap_permitted;
	struct cap_number___since_6_3 cap_effective;
} __attribute__((preserve_access_index));

static __always_inline __u64 cred_cap_effective(struct cred *cred, const enum access access)
{
	struct cred___since_6_3 *new = (void *)cred;
	__u64 caps = 0;

	if (bpf_core_field_exists(new->cap_effective.val))
		return READ_BY(access, new, cap_effective.val);
	bpf_core_read(&caps, sizeof(caps), &cred->cap_effective);
	return caps;
}

static __always_inline __u64 cred_cap_permitted(struct cred *cred)
{
	struct cred___since_6_3 *new = (void *)cred;
	__u64 caps = 0;

	if (bpf_core_field_exists(new->cap_permitted.val))
		return READ_PROBED(new, cap_permitted.val);
	bpf_core_read(&caps, sizeof(caps), &cred->cap_permitted);
	return caps;
}

/* 5.14: the state of a task is called __state (2f064a59a11f "sched: Change task_struct::state"). */
struct task_struct___before_5_14 {
	long state;
} __attribute__((preserve_access_index));

struct task_struct___since_5_14 {
	unsigned int __state;
} __attribute__((preserve_access_index));

#define TASK_NEW 0x800 /* since 4.8, a macro: no type information has it */

/* 1: it is in fork(), its parent is not yet past the hook of forks; else 0. */
static __always_inline __u32 task_is_new(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;
	struct task_struct___since_5_14 *new = (void *)task;

	if (bpf_core_field_exists(new->__state))
		return READ_PROBED(new, __state) / TASK_NEW & 1;
	return (__u64)READ_PROBED(old, state) / TASK_NEW & 1;
}

/*
 * 6.15: kernfs_node.parent is called __parent (633488947ef6 "kernfs: Use RCU to access
 * kernfs_node::parent.").
 */
struct kernfs_node___before_6_15 {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

struct kernfs_node___since_6_15 {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn,
							 const enum access access)
{
	struct kernfs_node___before_6_15 *old = (void *)kn;
	struct kernfs_node___since_6_15 *new = (void *)kn;

	/* The barriers keep the compiler from reading the missing field ahead of the test. */
	if (bpf_core_field_exists(new->__parent)) {
		barrier_var(new);
		return READ_BY(access, new, __parent);
	}
	barrier_var(old);
	return READ_BY(access, old, parent);
}

/* A system call's wrapper gets a pointer to the caller's registers as its first argument. */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL_REGS(ctx) ((struct pt_regs *)((ctx)->di))
#define SYSCALL_ARG1(regs) READ_PROBED(regs, di)
#define SYSCALL_ARG2(regs) READ_PROBED(regs, si)
#define SYSCALL_ARG3(regs) READ_PROBED(regs, dx)
#define SYSCALL_ARG5(regs) READ_PROBED(regs, r8)
#define COMPAT_ARG1(regs) ((__u32)READ_PROBED(regs, bx))
#define COMPAT_ARG2(regs) ((__u32)READ_PROBED(regs, cx))
#define COMPAT_ARG3(regs) ((__u32)READ_PROBED(regs, dx))
#define COMPAT_ARG5(regs) ((__u32)READ_PROBED(regs, di))
#define RETURN_VALUE(ctx) ((long)(ctx)->ax)
#elif defined(__TARGET_ARCH_arm64)
#define pt_regs user_pt_regs
#define SYSCALL_REGS(ctx) ((struct pt_regs *)((ctx)->regs[0]))
#define SYSCALL_ARG1(r) READ_PROBED(r, regs[0])
#define SYSCALL_ARG2(r) READ_PROBED(r, regs[1])
#define SYSCALL_ARG3(r) READ_PROBED(r, regs[2])
#define SYSCALL_ARG5(r) READ_PROBED(r, regs[4])
#define COMPAT_ARG1(r) ((__u32)READ_PROBED(r, regs[0]))
#define COMPAT_ARG2(r) ((__u32)READ_PROBED(r, regs[1]))
#define COMPAT_ARG3(r) ((__u32)READ_PROBED(r, regs[2]))
#define COMPAT_ARG5(r) ((__u32)READ_PROBED(r, regs[4]))
#define RETURN_VALUE(ctx) ((long)(ctx)->regs[0])
#else
#error "begat knows x86-64 and arm64"
#endif

#endif
