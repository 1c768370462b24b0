/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bench/floor.bpf.c - the least that any tracer costs on the hooks that begat uses.
 *
 * Owns: three floors on the tracepoints of fork, exec, exit, and of execve's entry and return:
 *       programs that do nothing; that send a record of FLOOR_BYTES without waking anybody; that
 *       send it with a wake-up each. A record tells of a fork, an exec, an exit or a failed exec.
 * Not:  anything that a tracer is for: nothing is read of the kernel or of the process.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>

#include "lib/floor.h"

const volatile struct floor_settings settings;
__u64 floor_lost;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

static __always_inline int floor_send(__u32 what)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct floor_record *record;

	if (settings.kind == FLOOR_EMPTY)
		return 0;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&floor_lost, 1);
		return 0;
	}
	record->ts_ns = now;
	record->pid_tgid = bpf_get_current_pid_tgid();
	record->what = what;
	bpf_ringbuf_submit(record,
			   settings.kind == FLOOR_WAKE ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	return 0;
}

struct sys_exit_context {
	__u64 common;
	__s64 number;
	__s64 ret;
};

SEC("raw_tp/sched_process_fork")
int floor_fork(void *ctx)
{
	return floor_send(FLOOR_FORK);
}

SEC("raw_tp/sched_process_exec")
int floor_exec(void *ctx)
{
	return floor_send(FLOOR_EXEC);
}

SEC("raw_tp/sched_process_exit")
int floor_exit(void *ctx)
{
	return floor_send(FLOOR_EXIT);
}

SEC("tp/syscalls/sys_enter_execve")
int floor_enter(void *ctx)
{
	return 0;
}

SEC("tp/syscalls/sys_exit_execve")
int floor_return(struct sys_exit_context *ctx)
{
	return ctx->ret < 0 ? floor_send(FLOOR_FAILED) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
