/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * hooks/tracepoint.bpf.c - exec attempts by the system call tracepoints, for kernels without
 * kprobes. These tracepoints skip 32-bit tasks on a 64-bit kernel: a 32-bit exec that fails is not
 * seen. preempt.h explains the copies.
 *
 * They attach in the order in which they are here: an entry without a return would leave its
 * attempt behind.
 */
#include "attempt.h"
#include "preempt.h"

/* As in the tracepoint's format file: a number and six arguments. */
struct sys_enter_context {
	__u64 common;
	__s64 number;
	__u64 args[6];
};

struct sys_exit_context {
	__u64 common;
	__s64 number;
	__s64 ret;
};

/* One program for both returns: the attempt says what was asked for. */
static __always_inline void on_return(struct sys_exit_context *ctx, const __u32 nth)
{
	if (first_again(HOOK_RETURN, nth))
		attempt_return(ctx, ctx->ret, WITH_BPF_LOOP);
}

#define RETURN "?tp/syscalls/sys_exit_execve"
PROGRAM(RETURN, tracepoint__return, struct sys_exit_context, on_return)
COPY(RETURN, tracepoint__return, 2, struct sys_exit_context, on_return)
COPY(RETURN, tracepoint__return, 3, struct sys_exit_context, on_return)

SEC(RETURN)
int tracepoint__return_unrolled(struct sys_exit_context *ctx)
{
	attempt_return(ctx, ctx->ret, UNROLLED);
	return 0;
}

static __always_inline void on_execveat(const struct sys_enter_context *ctx, const __u32 nth)
{
	if (first_again(HOOK_EXECVEAT, nth))
		attempt_enter_at(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[4], 0);
}

#define EXECVEAT "?tp/syscalls/sys_enter_execveat"
PROGRAM(EXECVEAT, tracepoint__execveat_enter, struct sys_enter_context, on_execveat)
COPY(EXECVEAT, tracepoint__execveat_enter, 2, struct sys_enter_context, on_execveat)
COPY(EXECVEAT, tracepoint__execveat_enter, 3, struct sys_enter_context, on_execveat)

static __always_inline void on_execve(const struct sys_enter_context *ctx, const __u32 nth)
{
	if (first_again(HOOK_EXECVE, nth))
		attempt_enter(ctx->args[0], ctx->args[1], 0);
}

#define EXECVE "?tp/syscalls/sys_enter_execve"
PROGRAM(EXECVE, tracepoint__execve_enter, struct sys_enter_context, on_execve)
COPY(EXECVE, tracepoint__execve_enter, 2, struct sys_enter_context, on_execve)
COPY(EXECVE, tracepoint__execve_enter, 3, struct sys_enter_context, on_execve)
