/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/view.c - see view.h.
 *
 * A program of a few instructions runs once in our own context (BPF_PROG_TEST_RUN for raw
 * tracepoints, 5.10). It needs the two capabilities that tracing needs, and no /proc.
 */
#include "attach/view.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/boot_clock.h"

/* What the program gives, by its first argument. Each answer has 32 bits. */
enum question {
	ASK_TGID = 0,
	ASK_CLOCK_LOW = 1,
	ASK_CLOCK_HIGH = 2,
};

#define CLOCK_TRIES 16

/* The inode numbers of the first namespaces never change (the kernel's PROC_*_INIT_INO). */
#define USER_NS_FIRST 0xeffffffdu
#define PID_NS_FIRST 0xeffffffcu
#define TIME_NS_FIRST 0xeffffffau

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

static int load_program(void)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_6, BPF_REG_1, 0, 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_6, 0, 2, ASK_TGID),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid),
		INSN(BPF_JMP | BPF_JA, 0, 0, 2, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_boot_ns),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_6, 0, 1, ASK_CLOCK_LOW),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 32),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "Dual BSD/GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
}

static int ask(int program, uint64_t question, uint32_t *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &question, .ctx_size_in = sizeof(question));
	int err = bpf_prog_test_run_opts(program, &opts);

	*ret = opts.retval;
	return err ? -errno : 0;
}

/* The kernel's boot clock, within [@ret_before, @ret_after] of ours if they are the same. */
static int read_clock(int program, uint64_t *ret_before, uint64_t *ret_kernel, uint64_t *ret_after)
{
	uint32_t high, low, high_again;
	int err = ask(program, ASK_CLOCK_HIGH, &high);

	do {
		*ret_before = clock_read_ns(CLOCK_BOOTTIME);
		err = err ? err : ask(program, ASK_CLOCK_LOW, &low);
		*ret_after = clock_read_ns(CLOCK_BOOTTIME);
		high_again = high;
		err = err ? err : ask(program, ASK_CLOCK_HIGH, &high);
	} while (!err && high != high_again);
	if (!err)
		*ret_kernel = (uint64_t)high << 32 | low;
	return err;
}

/* Equal as far as can be seen is equal; else the closest of a few comparisons counts. */
static int compare_clocks(int program, int64_t *ret_ahead_ns)
{
	uint64_t before, kernel, after, closest = UINT64_MAX;
	int64_t ahead_ns = 0;

	for (int i = 0; i < CLOCK_TRIES; i++) {
		int err = read_clock(program, &before, &kernel, &after);

		if (err)
			return err;
		if (kernel >= before && kernel <= after) {
			*ret_ahead_ns = 0;
			return 0;
		}
		if (after - before >= closest)
			continue;
		closest = after - before;
		ahead_ns = (int64_t)(kernel - before - closest / 2);
	}
	*ret_ahead_ns = ahead_ns;
	return 0;
}

static enum view_namespace namespace_of(const char *name, unsigned int first)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &st))
		return VIEW_UNKNOWN;
	return st.st_ino == first ? VIEW_INITIAL : VIEW_OTHER;
}

/* "NSpid:\t1234\t1": our pid in the namespace of /proc, then at each level down to our own. */
static bool read_proc_levels(uint32_t *ret_up)
{
	FILE *status = fopen("/proc/self/status", "re");
	bool is_found = false;
	char line[512];

	while (status && !is_found && fgets(line, sizeof(line), status)) {
		uint32_t pids = 0;

		is_found = !strncmp(line, "NSpid:", 6);
		for (char *at = line + 6; is_found && *at; at++)
			pids += *at >= '0' && *at <= '9' && (at[-1] < '0' || at[-1] > '9');
		if (is_found && pids)
			*ret_up = pids - 1;
	}
	if (status)
		fclose(status);
	return is_found;
}

void view_read(struct view *ret)
{
	struct view view = { .own_tgid = (uint32_t)getpid() };
	int program = load_program();

	view.error = program < 0 ? -errno : ask(program, ASK_TGID, &view.own_tgid);
	if (!view.error)
		view.error = compare_clocks(program, &view.boot_ahead_ns);
	if (program >= 0)
		close(program);
	view.has_proc = read_proc_levels(&view.proc_levels_up);
	view.pid_ns = namespace_of("pid", PID_NS_FIRST);
	view.user_ns = namespace_of("user", USER_NS_FIRST);
	view.time_ns = namespace_of("time", TIME_NS_FIRST);
	if (view.has_proc && view.time_ns == VIEW_UNKNOWN)
		view.time_ns = VIEW_INITIAL; /* kernels before 5.6 have no other */
	/* What /proc does not tell, the numbers may. */
	if (!view.error && view.own_tgid != (uint32_t)getpid())
		view.pid_ns = VIEW_OTHER;
	if (view.boot_ahead_ns)
		view.time_ns = VIEW_OTHER;
	view.has_sys = !access("/sys/kernel", F_OK);
	*ret = view;
}
