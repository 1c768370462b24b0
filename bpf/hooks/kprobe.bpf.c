/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * hooks/kprobe.bpf.c - exec attempts by kprobes on the system calls themselves.
 *
 * The preferred backend: it sees 32-bit callers too, and needs no tracefs. src/attach/ finds the
 * symbol of each system call's wrapper, whose name differs by machine. A wrapper takes one
 * argument, the registers at the system call.
 */
#include "attempt.h"

SEC("?kprobe")
int kprobe__execve_enter(struct pt_regs *ctx)
{
	struct pt_regs *regs = SYSCALL_REGS(ctx);

	attempt_enter(SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), 0);
	return 0;
}

SEC("?kprobe")
int kprobe__execveat_enter(struct pt_regs *ctx)
{
	struct pt_regs *regs = SYSCALL_REGS(ctx);

	attempt_enter_at(SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), SYSCALL_ARG3(regs),
			 SYSCALL_ARG5(regs), 0);
	return 0;
}

SEC("?kprobe")
int kprobe__compat_execve_enter(struct pt_regs *ctx)
{
	struct pt_regs *regs = SYSCALL_REGS(ctx);

	attempt_enter(COMPAT_ARG1(regs), COMPAT_ARG2(regs), ATTEMPT_COMPAT);
	return 0;
}

SEC("?kprobe")
int kprobe__compat_execveat_enter(struct pt_regs *ctx)
{
	struct pt_regs *regs = SYSCALL_REGS(ctx);

	attempt_enter_at(COMPAT_ARG1(regs), COMPAT_ARG2(regs), COMPAT_ARG3(regs), COMPAT_ARG5(regs),
			 ATTEMPT_COMPAT);
	return 0;
}

/* One return program for all four: the attempt says what was asked for. */
SEC("?kretprobe")
int kprobe__return(struct pt_regs *ctx)
{
	attempt_return(ctx, (int)RETURN_VALUE(ctx), WITH_BPF_LOOP);
	return 0;
}

SEC("?kretprobe")
int kprobe__return_unrolled(struct pt_regs *ctx)
{
	attempt_return(ctx, (int)RETURN_VALUE(ctx), UNROLLED);
	return 0;
}
