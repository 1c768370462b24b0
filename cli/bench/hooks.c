/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/hooks.c - the part "hooks": run time of the BPF programs, by the kernel's statistics.
 *
 * The statistics are on while a descriptor of BPF_ENABLE_STATS is open, here or elsewhere: they go
 * off again however this process ends.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define COUNT 400
#define LIMIT_MS 1500

static int enable_statistics(void)
{
	union bpf_attr attr = { .enable_stats.type = BPF_STATS_RUN_TIME };

	return (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr.enable_stats));
}

static void say_programs(struct bench *bench, const struct begat *b, unsigned int done,
			 double bare_cpu_ns)
{
	struct bench_verdict v = { .part = "hooks", .unit = BENCH_NS, .bar = -1 };
	uint64_t runs, ns;
	double sum = 0;

	for (uint32_t i = 0; !begat_stats_program(b, i, &v.name, &runs, &ns); i++) {
		double each = runs ? (double)ns / (double)runs : 0;

		/* Each runs once a process; what is more is the rest of the machine's. */
		if (runs < done / 2)
			continue;
		sum += runs < done ? each * (double)runs / done : each;
		v.what = v.name;
		v.value = each;
		snprintf(v.detail, sizeof(v.detail), "a run");
		if (bench->is_verbose || bench->is_json)
			bench_say(bench, &v);
	}
	v.name = "share";
	v.what = "all BPF programs of a fork+exec+exit";
	v.unit = BENCH_PERCENT;
	v.value = bare_cpu_ns > 0 ? 100 * sum / bare_cpu_ns : 0;
	v.bar = 2;
	v.advice = "-v shows which program it is; the statistics themselves add some 20 ns to each "
		   "run";
	snprintf(v.detail, sizeof(v.detail), "%.1f us of %.0f us of CPU", sum / 1000,
		 bare_cpu_ns / 1000);
	bench_say(bench, &v);
}

static int measure(struct bench *bench)
{
	const struct bench_job job = { BENCH_SPAWN, 1, COUNT, 0, LIMIT_MS };
	struct bench_result bare, under;
	struct begat *b;
	int stats, err = bench_run_bare(bench, &job, &bare);

	if (!err)
		err = bench_tracer_open(bench, BEGAT_BALANCED, bench_ignore_event, NULL, &b);
	if (err)
		return err;
	stats = enable_statistics();
	if (stats < 0)
		err = bench_fail(bench,
				 "this kernel keeps no statistics of BPF programs (5.8 does): %s; "
				 "leave the part 'hooks' out.",
				 strerror(errno));
	if (!err)
		err = bench_tracer_run(bench, b, &job, &under);
	if (stats >= 0)
		close(stats);
	if (!err)
		say_programs(bench, b, under.done, (double)bare.cpu_ns / bare.done);
	bench_tracer_close(bench, b);
	return err;
}

const struct bench_part bench_hooks = { "hooks", measure };
