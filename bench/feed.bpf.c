/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bench/feed.bpf.c - the product's own emitters, called in a loop, with no system call between.
 *
 * The records, the maps and all that the emitters read of the kernel are real: the task is the one
 * that runs this program. Only the identity is made up, so that each round is a process of its own:
 * its tgid, start and parent, and what the linux_binprm of an exec would say.
 *
 * Called: through bpf_prog_test_run() by bench/lib/feed.c, which puts the tracer's maps in place of
 * these.
 */
#include "kernel.h"

#include "cache.h"
#include "emit/send.h"

struct feed_state {
	__u64 next; /* processes begun so far */
	__u64 number; /* of the process that the record in hand is about */
	__u64 alive; /* each exits this many after its fork */
	__u64 what; /* 1 << enum rec_class */
	__u64 stopped; /* rounds not begun because the buffer was nearly full */
	__u64 keep_free; /* bytes; 0 = go on and lose */
	__u64 ring_bytes;
	char filename[64];
	__u64 binprm[64];
};

struct feed_state feed;

static __always_inline void feed_identity(struct rec_identity *identity, __u64 number)
{
	identity->tgid = 1000 + number % 4000000;
	identity->start_ns = 1000000000 + number * 1000;
	identity->parent_tgid = 1000 + number / 16 % 4000000;
	identity->parent_start_ns = 1000000000 + number / 16 * 1000;
}

static __always_inline long feed_send(const struct emit *emit, const enum rec_type type, __u32 size)
{
	struct emit fed = *emit;

	fed.tid = 1000 + feed.number % 4000000;
	if (type != REC_CGROUP)
		feed_identity(fed.record + sizeof(struct rec_header), feed.number);
	if (type == REC_FORK) {
		struct rec_fork *rec = fed.record;

		rec->forked_by_tgid = rec->identity.parent_tgid;
		rec->forked_by_start_ns = rec->identity.parent_start_ns;
	}
	return send(&fed, type, size);
}

/* cache_put() of fork: the made-up process, not the one that runs. */
static __always_inline void feed_cache_put(struct cpu_counters *c, __u32 tgid,
					   const struct proc_entry *entry)
{
	struct proc_entry copy = *entry;

	copy.start_ns = 1000000000 + feed.number * 1000;
	cache_put(c, 1000 + feed.number % 4000000, &copy);
}

#define send feed_send
#define cache_put feed_cache_put
#include "emit/exec.h"
#include "emit/exit.h"
#include "emit/fork.h"
#undef cache_put
#undef send

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

/*
 * Global functions: the verifier looks at each once, not at all ways through all three. It knows
 * the context, which a perf buffer's helper wants, by the name of its type.
 */
__noinline int feed_fork(struct bpf_raw_tracepoint_args *ctx, __u64 number)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	feed.number = number;
	emit_fork(ctx, task->real_parent, task, WITH_BPF_LOOP);
	return 0;
}

__noinline int feed_exec(struct bpf_raw_tracepoint_args *ctx, __u64 number)
{
	feed.number = number;
	emit_exec(ctx, (void *)bpf_get_current_task_btf(), 0, (void *)feed.binprm, WITH_BPF_LOOP);
	return 0;
}

__noinline int feed_exit(struct bpf_raw_tracepoint_args *ctx, __u64 number)
{
	struct cpu_counters *c = cpu_counters();
	__u32 tgid = 1000 + number % 4000000;

	feed.number = number;
	emit_exit(ctx, (void *)bpf_get_current_task_btf(), true, WITH_BPF_LOOP);
	/* The emitter looked for the entry of the task that runs. */
	if (c && cache_find(tgid, 1000000000 + number * 1000))
		cache_bury(c, tgid, 1000000000 + number * 1000, now_ns());
	return 0;
}

struct feed_round {
	struct bpf_raw_tracepoint_args *ctx;
};

static long feed_one(__u32 index, struct feed_round *round)
{
	struct bpf_raw_tracepoint_args *ctx = round->ctx;
	__u64 number = feed.next;

	if (config.transport == CONFIG_RINGBUF && feed.keep_free &&
	    bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) + feed.keep_free > feed.ring_bytes) {
		feed.stopped++;
		return 1;
	}
	feed.next = number + 1;
	if (feed.what & 1 << REC_CLASS_FORK)
		feed_fork(ctx, number);
	if (feed.what & 1 << REC_CLASS_EXEC)
		feed_exec(ctx, number);
	if (feed.what & 1 << REC_CLASS_EXIT && number >= feed.alive)
		feed_exit(ctx, number - feed.alive);
	return 0;
}

/* What an exec's linux_binprm would say, at the offsets that this kernel has. */
static __always_inline void feed_binprm(void)
{
	__u64 filename = bpf_core_field_offset(struct linux_binprm, filename);
	__u64 interp = bpf_core_field_offset(struct linux_binprm, interp);
	__u64 argc = bpf_core_field_offset(struct linux_binprm, argc);

	feed.binprm[filename / 8 & 63] = (__u64)feed.filename;
	feed.binprm[interp / 8 & 63] = (__u64)feed.filename;
	*(__u32 *)((void *)feed.binprm + (argc & 0x1fc)) = 4;
}

SEC("raw_tp/sched_process_exec")
int feed_run(struct bpf_raw_tracepoint_args *ctx)
{
	struct feed_round round = { .ctx = ctx };

	feed_binprm();
	bpf_loop(ctx->args[0], feed_one, &round, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
