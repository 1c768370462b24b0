/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * hooks/tracepoint.bpf.c - exec attempts by the system call tracepoints, for kernels without
 * kprobes. They skip 32-bit tasks on a 64-bit kernel: those fail unseen here.
 */

/* The context is documented by the tracepoint's format file: a number and six arguments. */
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

SEC("?tp/syscalls/sys_enter_execve")
int tracepoint__execve_enter(struct sys_enter_context *ctx)
{
	attempt_enter(ctx->args[0], ctx->args[1], 0);
	return 0;
}

SEC("?tp/syscalls/sys_enter_execveat")
int tracepoint__execveat_enter(struct sys_enter_context *ctx)
{
	attempt_enter(ctx->args[1], ctx->args[2], 0);
	return 0;
}

/* One program for both returns: what was asked is in the attempt. */
SEC("?tp/syscalls/sys_exit_execve")
int tracepoint__return(struct sys_exit_context *ctx)
{
	attempt_return(ctx, ctx->ret, true);
	return 0;
}

SEC("?tp/syscalls/sys_exit_execve")
int tracepoint__return_unrolled(struct sys_exit_context *ctx)
{
	attempt_return(ctx, ctx->ret, false);
	return 0;
}
