/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_analysis.c - the analyses against cases computed by hand.
 *
 * Owns:    small traces written as tables, with the expected result beside them.
 * Not:     how results are shown, or loaded (tests/golden).
 *
 * Times are milliseconds after BASE. Process n has id n and the pid 1000 + n.
 */
#include <stddef.h>
#include <stdint.h>
#include "unit.h"

#include <begat/report.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/analysis/analysis.h"

#define BASE 5000000000ull
#define MS 1000000ull

struct life {
	unsigned id, parent;
	unsigned start, end; /* end 0 = never seen */
	const char *exe; /* NULL = fork only */
	unsigned cpu;
	int exit_code, signal;
};

static uint32_t text(struct analysis_base *b, const char *s)
{
	uint32_t number;

	assert_int_equal(model_add_text(b->model, s, strlen(s), &number), 0);
	return number;
}

static uint32_t add_row(struct analysis_base *b, const struct model_row *row)
{
	uint32_t number;

	assert_int_equal(model_add_row(b->model, row, &number), 0);
	return number;
}

static void add_life(struct analysis_base *b, const struct life *l)
{
	struct model_row row = { .p = {
					 .id = l->id,
					 .parent_id = l->parent,
					 .start_ns = BASE + l->start * MS,
					 .end_ns = l->end ? BASE + l->end * MS : 0,
					 .utime_ns = l->cpu * MS,
					 .tgid = 1000 + l->id,
					 .context = BEGAT_TRACE_NONE,
					 .comm = text(b, "comm"),
					 .exit_code = l->exit_code,
					 .signal = l->signal,
					 .has_fork = true,
					 .has_cpu = true,
					 .has_exit = l->end,
					 .has_status = l->end,
				 } };
	struct begat_trace_exec e = {
		.type = BEGAT_EXEC,
		.process = add_row(b, &row),
		.context = BEGAT_TRACE_NONE,
		.ts_ns = row.p.start_ns,
	};

	if (!l->exe)
		return;
	e.exe = e.filename = text(b, l->exe);
	assert_int_equal(model_add_exec(b->model, &e), 0);
}

/* The row of a process; one that nothing else is known of gets one, as in a recording. */
static uint32_t row_of(struct analysis_base *b, unsigned id)
{
	for (uint32_t i = b->model->rows_count; i-- > 0;)
		if (b->model->rows[i].p.id == id)
			return i;
	return add_row(b, &(struct model_row){ .p = { .id = id, .context = BEGAT_TRACE_NONE } });
}

static void add_exec(struct analysis_base *b, unsigned id, unsigned at, const char *filename,
		     int error)
{
	struct begat_trace_exec e = {
		.type = error ? BEGAT_EXEC_FAILED : BEGAT_EXEC,
		.process = row_of(b, id),
		.context = BEGAT_TRACE_NONE,
		.ts_ns = BASE + at * MS,
		.filename = text(b, filename),
		.exe = error ? 0 : text(b, filename),
		.error = error,
	};

	assert_int_equal(model_add_exec(b->model, &e), 0);
}

static struct analysis_base *begin(void)
{
	struct model *model = model_new();
	struct analysis_base *b = analysis_base_new(model, NULL);

	assert_true(model && b);
	return b;
}

static struct analysis *finish(struct analysis_base *b)
{
	struct analysis *a;

	assert_int_equal(model_link(b->model), 0);
	assert_int_equal(analysis_base_finish(b), 0);
	assert_int_equal(analysis_new(b, &a), 0);
	return a;
}

static struct analysis *analyse(const struct life *lives, size_t count)
{
	struct analysis_base *b = begin();

	for (size_t i = 0; i < count; i++)
		add_life(b, &lives[i]);
	return finish(b);
}

#define ANALYSE(lives) analyse(lives, sizeof(lives) / sizeof((lives)[0]))

struct steps {
	struct analysis_step all[256];
	size_t count;
};

static void keep_step(void *ctx, const struct analysis_step *step)
{
	struct steps *steps = ctx;

	assert_true(steps->count < sizeof(steps->all) / sizeof(steps->all[0]));
	steps->all[steps->count++] = *step;
}

static struct steps steps_of(const struct analysis *a)
{
	struct steps steps = { 0 };

	assert_int_equal(analysis_each_step(a, keep_step, &steps), 0);
	return steps;
}

static void done(struct analysis *a)
{
	struct analysis_base *b = (struct analysis_base *)a->base;

	analysis_free(a);
	model_free(b->model);
	analysis_base_free(b);
}

struct stretch {
	unsigned id; /* 0 = nothing was alive */
	unsigned from, to;
};

static unsigned id_of(const struct analysis *a, uint32_t process)
{
	return process == ANALYSIS_NONE ? 0 : base_row(a->base, process)->id;
}

static uint32_t index_of(const struct analysis *a, unsigned id)
{
	for (uint32_t i = 0; i < a->base->count; i++) {
		if (base_row(a->base, i)->id == id)
			return i;
	}
	fail_msg("no process %u", id);
	return 0;
}

/* Invariant (2) of analysis.h, on any path. */
static void check_path_sum(const struct analysis *a)
{
	const struct analysis_path *path = &a->path;
	uint64_t at = path->from_ns, own = 0;

	for (size_t i = 0; i < path->segments_count; i++) {
		assert_int_equal(path->segments[i].from_ns, at);
		assert_true(path->segments[i].to_ns > at);
		at = path->segments[i].to_ns;
	}
	assert_int_equal(at, path->to_ns);
	for (size_t i = 0; i < path->visits_count; i++)
		own += path->visits[i].own_ns;
	assert_int_equal(own, path->to_ns - path->from_ns);
}

static void check_path(const struct analysis *a, const struct stretch *want, size_t count)
{
	const struct analysis_path *path = &a->path;

	for (size_t i = 0; i < path->segments_count && i < count; i++) {
		const struct analysis_segment *s = &path->segments[i];

		if (id_of(a, s->process) != want[i].id || s->from_ns != BASE + want[i].from * MS ||
		    s->to_ns != BASE + want[i].to * MS)
			fail_msg("stretch %zu: process %u from %.3f to %.3f, not %u from %u to %u",
				 i, id_of(a, s->process), (s->from_ns - BASE) / 1e6,
				 (s->to_ns - BASE) / 1e6, want[i].id, want[i].from, want[i].to);
	}
	assert_int_equal(path->segments_count, count);
	check_path_sum(a);
}

#define CHECK_PATH(a, ...)                               \
	check_path(a, (struct stretch[]){ __VA_ARGS__ }, \
		   sizeof((struct stretch[]){ __VA_ARGS__ }) / sizeof(struct stretch))

/* --- critical path ----------------------------------------------------------------------- */

static void test_path_alone(void **state)
{
	struct life lives[] = { { 1, 0, 0, 100, "/bin/a", 50, 0, 0 } };
	struct analysis *a = ANALYSE(lives);

	CHECK_PATH(a, { 1, 0, 100 });
	done(a);
}

/* A parent runs two children one after the other. */
static void test_path_in_turn(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/sh", 0, 0, 0 },
		{ 2, 1, 10, 40, "/bin/a", 0, 0, 0 },
		{ 3, 1, 50, 90, "/bin/b", 0, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);

	CHECK_PATH(a, { 1, 0, 10 }, { 2, 10, 40 }, { 1, 40, 50 }, { 3, 50, 90 }, { 1, 90, 100 });
	done(a);
}

/* Two at once: the longer one bounded the run, the other is not on the path. */
static void test_path_parallel(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/make", 0, 0, 0 },
		{ 2, 1, 10, 60, "/bin/a", 0, 0, 0 },
		{ 3, 1, 20, 95, "/bin/b", 0, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);

	CHECK_PATH(a, { 1, 0, 20 }, { 3, 20, 95 }, { 1, 95, 100 });
	done(a);
}

/*
 * make -j2: slot one runs 2 (10..50) then 4 (50..90), slot two 3 (10..70) then 5 (71..80).
 * At the end 4 was waited for; it could start because 2 had ended; 3 and 5 hid behind them.
 */
static void test_path_slots(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/make", 0, 0, 0 }, { 2, 1, 10, 50, "/bin/cc", 0, 0, 0 },
		{ 3, 1, 10, 70, "/bin/cc", 0, 0, 0 },	{ 4, 1, 50, 90, "/bin/cc", 0, 0, 0 },
		{ 5, 1, 71, 80, "/bin/cc", 0, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);

	CHECK_PATH(a, { 1, 0, 10 }, { 2, 10, 50 }, { 4, 50, 90 }, { 1, 90, 100 });
	done(a);
}

/* The same from outside, in any order, with what makes no sense. */
static void test_path_of_lives(void **state)
{
	const struct begat_life lives[] = {
		{ 71, 80, 4, 0 }, { 50, 90, 4, 0 },  { 10, 70, 4, 0 },
		{ 10, 50, 4, 0 }, { 0, 100, 99, 0 }, { 60, 50, BEGAT_LIFE_NO_PARENT, 0 },
		{ 20, 30, 7, 0 }, { 20, 30, 6, 0 },
	};
	uint64_t own_ns[8];

	assert_int_equal(begat_critical_path(lives, 8, 4, own_ns), 0);
	assert_int_equal(own_ns[4], 20);
	assert_int_equal(own_ns[3], 40);
	assert_int_equal(own_ns[1], 40);
	assert_int_equal(own_ns[0] + own_ns[2] + own_ns[5] + own_ns[6] + own_ns[7], 0);
	assert_int_equal(begat_critical_path(lives, 8, 5, own_ns), 0);
	assert_int_equal(own_ns[5], 0);
	assert_int_equal(begat_critical_path(lives, 8, 8, own_ns), -EINVAL);
	assert_int_equal(begat_critical_path(NULL, 0, 0, own_ns), -EINVAL);
}

/* The path goes down: make, shell, compiler, its assembler. */
static void test_path_nested(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/make", 0, 0, 0 }, { 2, 1, 5, 95, "/bin/sh", 0, 0, 0 },
		{ 3, 2, 10, 90, "/bin/cc", 0, 0, 0 },	{ 4, 3, 12, 60, "/bin/cc1", 0, 0, 0 },
		{ 5, 3, 60, 88, "/bin/as", 0, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);
	const struct analysis_path *path = &a->path;
	const unsigned ids[] = { 1, 2, 3, 4, 5 }, own[] = { 10, 10, 4, 48, 28 };
	const unsigned depths[] = { 0, 1, 2, 3, 3 };

	CHECK_PATH(a, { 1, 0, 5 }, { 2, 5, 10 }, { 3, 10, 12 }, { 4, 12, 60 }, { 5, 60, 88 },
		   { 3, 88, 90 }, { 2, 90, 95 }, { 1, 95, 100 });
	assert_int_equal(path->visits_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(id_of(a, path->visits[i].process), ids[i]);
		assert_int_equal(path->visits[i].own_ns, own[i] * MS);
		assert_int_equal(path->visits[i].depth, depths[i]);
	}
	done(a);
}

/* A child that outlives its parent was not waited for; a pipeline's end is. */
static void test_path_background(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/sh", 0, 0, 0 },
		{ 2, 1, 10, 300, "/bin/daemon", 0, 0, 0 },
		{ 3, 1, 20, 70, "/bin/a", 0, 0, 0 },
		{ 4, 1, 21, 80, "/bin/b", 0, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);

	CHECK_PATH(a, { 1, 0, 21 }, { 4, 21, 80 }, { 1, 80, 100 });
	assert_int_equal(a->totals.wall_ns, 100 * MS);
	assert_int_equal(a->totals.end_ns - a->totals.begin_ns, 300 * MS);
	done(a);
}

/* A whole machine: no root, and nothing alive from 40 to 60. */
static void test_path_idle(void **state)
{
	struct life lives[] = {
		{ 1, 77, 0, 40, "/bin/a", 0, 0, 0 },
		{ 2, 78, 60, 100, "/bin/b", 0, 0, 0 },
		{ 3, 2, 70, 80, "/bin/c", 0, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);

	assert_int_equal(a->base->root, ANALYSIS_NONE);
	CHECK_PATH(a, { 1, 0, 40 }, { 0, 40, 60 }, { 2, 60, 70 }, { 3, 70, 80 }, { 2, 80, 100 });
	done(a);
}

/* Both end in the same moment: the one that started first is taken. */
static void test_path_tie(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/make", 0, 0, 0 },
		{ 2, 1, 30, 90, "/bin/a", 0, 0, 0 },
		{ 3, 1, 20, 90, "/bin/b", 0, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);

	CHECK_PATH(a, { 1, 0, 20 }, { 3, 20, 90 }, { 1, 90, 100 });
	done(a);
}

/* 4 ran before its parent did, says the trace: only the part within the parent counts. */
static void test_path_odd_clock(void **state)
{
	struct life lives[] = {
		{ 1, 0, 10, 100, "/bin/sh", 0, 0, 0 },
		{ 2, 1, 20, 15, "/bin/backwards", 0, 0, 0 },
		{ 3, 1, 50, 50, "/bin/nothing", 0, 0, 0 },
		{ 4, 1, 1, 30, "/bin/early", 0, 0, 0 },
	};
	struct analysis_base *b = begin();

	b->meta.root_id = 1;
	for (size_t i = 0; i < 4; i++)
		add_life(b, &lives[i]);
	struct analysis *a = finish(b);

	CHECK_PATH(a, { 4, 10, 30 }, { 1, 30, 100 });
	assert_int_equal(b->odd_clocks, 1);
	assert_int_equal(base_wall(&b->processes[index_of(a, 2)]), 0);
	done(a);
}

/* --- the model --------------------------------------------------------------------------- */

static void test_empty(void **state)
{
	struct analysis *a = analyse(NULL, 0);
	struct analysis_bucket buckets[4];

	assert_int_equal(a->path.segments_count, 0);
	assert_int_equal(steps_of(a).count, 0);
	assert_int_equal(a->programs_count, 0);
	assert_int_equal(a->totals.processes, 0);
	assert_true(a->totals.parallelism == 0);
	analysis_fill_buckets(a, buckets, 4);
	assert_true(buckets[3].cores == 0);
	done(a);
}

static void test_cycles(void **state)
{
	struct life lives[] = {
		{ 1, 3, 0, 100, "/bin/a", 1, 0, 0 }, { 2, 1, 10, 90, "/bin/b", 1, 0, 0 },
		{ 3, 2, 20, 80, "/bin/c", 1, 0, 0 }, { 4, 4, 30, 70, "/bin/self", 1, 0, 0 },
		{ 5, 4, 40, 60, "/bin/d", 1, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);
	uint64_t seen = 0;

	assert_int_equal(a->base->odd_clocks, 2);
	for (size_t i = 0; i < 5; i++)
		seen |= 1ull << a->base->order[i];
	assert_int_equal(seen, 31);
	assert_int_equal(a->nodes[index_of(a, 4)].subtree_count, 2);
	assert_int_equal(a->totals.cpu_ns, 5 * MS);
	check_path_sum(a);
	done(a);
}

/* An orphan stands alone; an older process is context and does not count. */
static void test_orphans_and_older(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/sh", 10, 0, 0 },
		{ 2, 999, 20, 60, "/bin/orphan", 20, 0, 0 },
	};
	struct analysis_base *b = begin();
	struct model_row older = { .p = { .id = 50,
					  .context = BEGAT_TRACE_NONE,
					  .utime_ns = 900 * MS,
					  .was_there_before = true,
					  .has_cpu = true },
				   .start_by_duration_ns = 1 };

	add_life(b, &lives[0]);
	add_life(b, &lives[1]);
	add_row(b, &older);
	struct analysis *a = finish(b);

	assert_int_equal(a->totals.processes, 2);
	assert_int_equal(a->totals.older, 1);
	assert_int_equal(a->totals.cpu_ns, 30 * MS);
	assert_int_equal(a->totals.begin_ns, BASE);
	assert_int_equal(a->totals.peak_alive, 2);
	assert_int_equal(b->root, ANALYSIS_NONE);
	CHECK_PATH(a, { 1, 0, 100 });
	done(a);
}

/* Lives without an end last until the end of the trace. */
static void test_running_at_end(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 0, "/bin/sh", 0, 0, 0 },
		{ 2, 1, 10, 80, "/bin/a", 0, 0, 0 },
		{ 3, 1, 30, 0, "/bin/b", 0, 0, 0 },
	};
	struct analysis_base *b = begin();

	b->meta.end_ns = BASE + 120 * MS;
	for (size_t i = 0; i < 3; i++)
		add_life(b, &lives[i]);
	struct analysis *a = finish(b);

	assert_int_equal(a->totals.running_at_end, 2);
	assert_int_equal(a->totals.wall_ns, 120 * MS);
	CHECK_PATH(a, { 1, 0, 30 }, { 3, 30, 120 });
	done(a);
}

/* --- concurrency and tree ---------------------------------------------------------------- */

/*
 *   1 ########################      0..100  10 ms CPU
 *   2   ########                   10..50   40 ms CPU
 *   3       #########              30..70   20 ms CPU
 * alive 1 2 3 2 1, active (without a living child) 1 1 2 1 1
 */
static void test_concurrency(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/make", 10, 0, 0 },
		{ 2, 1, 10, 50, "/bin/a", 40, 0, 0 },
		{ 3, 1, 30, 70, "/bin/b", 20, 0, 0 },
	};
	const unsigned at[] = { 0, 10, 30, 50, 70, 100 };
	const unsigned alive[] = { 1, 2, 3, 2, 1, 0 }, active[] = { 1, 1, 2, 1, 1, 0 };
	const double cores[] = { 0.1, 1.1, 1.6, 0.6, 0.1, 0 };
	struct analysis *a = ANALYSE(lives);
	struct analysis_bucket b[5];

	struct steps steps = steps_of(a);

	assert_int_equal(steps.count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(steps.all[i].at_ns, BASE + at[i] * MS);
		assert_int_equal(steps.all[i].alive, alive[i]);
		assert_int_equal(steps.all[i].active, active[i]);
		assert_true(steps.all[i].cores > cores[i] - 1e-9);
		assert_true(steps.all[i].cores < cores[i] + 1e-9);
	}
	/* 20 ms each: the second is half 2 alive, half 3 */
	analysis_fill_buckets(a, b, 5);
	assert_true(b[0].alive > 1.499 && b[0].alive < 1.501);
	assert_true(b[1].alive > 2.499 && b[1].alive < 2.501);
	assert_int_equal(b[1].peak_alive, 3);
	assert_true(b[2].cores > 1.099 && b[2].cores < 1.101);
	assert_true(b[4].alive > 0.999 && b[4].alive < 1.001);
	assert_int_equal(a->totals.peak_alive, 3);
	assert_int_equal(a->totals.peak_active, 2);
	assert_true(a->totals.parallelism > 0.699 && a->totals.parallelism < 0.701);
	done(a);
}

static void test_tree(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/make", 10, 2, 0 },
		{ 2, 1, 10, 50, "/bin/a", 40, 0, 0 },
		{ 3, 1, 30, 70, "/bin/b", 20, 1, 0 },
		{ 4, 3, 40, 160, "/bin/late", 5, 0, 0 },
	};
	struct analysis *a = ANALYSE(lives);
	const struct analysis_node *one = &a->nodes[index_of(a, 1)];
	const struct analysis_node *three = &a->nodes[index_of(a, 3)];

	assert_int_equal(one->own_wall_ns, 40 * MS); /* without 10..70 */
	assert_int_equal(one->subtree_wall_ns, 160 * MS);
	assert_int_equal(one->subtree_cpu_ns, 75 * MS);
	assert_int_equal(one->subtree_count, 4);
	assert_int_equal(one->subtree_failed, 2);
	assert_int_equal(three->own_wall_ns, 10 * MS);
	assert_int_equal(three->subtree_wall_ns, 130 * MS);
	assert_int_equal(three->depth, 1);
	done(a);
}

/* As many rows as lives at once, and no two lives of a row overlap. */
static void test_tracks(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/make", 0, 0, 0 }, { 2, 1, 10, 50, "/bin/a", 0, 0, 0 },
		{ 3, 1, 30, 70, "/bin/b", 0, 0, 0 },	{ 4, 1, 50, 90, "/bin/c", 0, 0, 0 },
		{ 5, 1, 71, 80, "/bin/d", 0, 0, 0 },
	};
	const unsigned tracks[] = { 0, 1, 2, 1, 2 };
	struct analysis *a = ANALYSE(lives);

	assert_int_equal(a->tracks, 3);
	for (unsigned id = 1; id <= 5; id++)
		assert_int_equal(a->nodes[index_of(a, id)].track, tracks[id - 1]);
	done(a);
}

/* --- programs, churn, failures ----------------------------------------------------------- */

static const struct analysis_program *program(const struct analysis *a, const char *name)
{
	for (size_t i = 0; i < a->programs_count; i++) {
		if (!strcmp(base_text(a->base, a->programs[i].name).data, name))
			return &a->programs[i];
	}
	fail_msg("no program %s", name);
	return NULL;
}

/* 2: env (10..12) becomes cc (12..40); 3: a fork of the shell; 4: cc again. */
static void test_programs(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/sh", 5, 0, 0 },
		{ 2, 1, 10, 40, "/bin/env", 20, 1, 0 },
		{ 3, 1, 40, 44, NULL, 1, 0, 0 },
		{ 4, 1, 50, 90, "/bin/cc", 30, 0, 0 },
	};
	struct analysis_base *b = begin();

	for (size_t i = 0; i < 4; i++)
		add_life(b, &lives[i]);
	add_exec(b, 2, 12, "/bin/cc", 0);
	struct analysis *a = finish(b);
	const struct analysis_program *cc = program(a, "/bin/cc"), *sh = program(a, "/bin/sh");
	const struct analysis_program *env = program(a, "/bin/env");

	assert_ptr_equal(cc, &a->programs[0]); /* most CPU */
	assert_int_equal(cc->runs, 2);
	assert_int_equal(cc->wall_ns, 68 * MS);
	assert_int_equal(cc->median_wall_ns, 34 * MS);
	assert_int_equal(cc->max_wall_ns, 40 * MS);
	assert_int_equal(cc->cpu_ns, 50 * MS);
	assert_int_equal(cc->failures, 1);
	assert_int_equal(cc->path_ns, 68 * MS);
	assert_int_equal(cc->parent_runs, 2);
	assert_int_equal(cc->parent, sh->name);
	assert_int_equal(cc->peak_per_second, 2);
	assert_int_equal(env->runs, 1);
	assert_int_equal(env->wall_ns, 2 * MS);
	assert_int_equal(env->cpu_ns, 0);
	assert_int_equal(sh->runs, 1);
	assert_int_equal(sh->forks, 1);
	assert_int_equal(sh->short_runs, 1);
	assert_int_equal(sh->short_wall_ns, 4 * MS);
	assert_int_equal(a->totals.short_lived, 1);
	assert_int_equal(a->totals.fork_only, 1);
	assert_int_equal(a->totals.execs, 4);
	done(a);
}

static const struct analysis_failure *failure(const struct analysis *a,
					      enum analysis_failure_kind kind, size_t n)
{
	for (size_t i = 0; i < a->failures_count; i++) {
		if (a->failures[i].kind == kind && !n--)
			return &a->failures[i];
	}
	fail_msg("no failure of kind %d", kind);
	return NULL;
}

static void test_failures(void **state)
{
	struct life lives[] = {
		{ 1, 0, 0, 100, "/bin/sh", 0, 0, 0 },	   { 2, 1, 10, 40, NULL, 0, 2, 0 },
		{ 3, 1, 10, 40, "/bin/cc", 0, 2, 0 },	   { 4, 1, 50, 90, "/bin/cc", 0, 2, 0 },
		{ 5, 1, 60, 61, "/bin/x", 0, 0, SIGKILL }, { 6, 1, 62, 63, NULL, 0, 127, 0 },
	};
	struct analysis_base *b = begin();

	for (size_t i = 0; i < 6; i++)
		add_life(b, &lives[i]);
	add_exec(b, 2, 11, "/usr/local/bin/cc", ENOENT);
	add_exec(b, 2, 12, "/usr/bin/cc", ENOENT);
	add_exec(b, 2, 13, "/bin/cc", 0);
	add_exec(b, 6, 62, "/usr/bin/nope", ENOENT);
	add_exec(b, 6, 62, "/bin/nope", ENOENT);
	add_exec(b, 6, 62, "/bin/script", EACCES);
	add_exec(b, 4242, 64, "/bin/stranger", EACCES);
	struct analysis *a = finish(b);
	const struct analysis_failure *miss = failure(a, ANALYSIS_PATH_MISS, 0);
	const struct analysis_failure *cc = failure(a, ANALYSIS_FAILED_EXIT, 0);
	const struct analysis_failure *killed = failure(a, ANALYSIS_FAILED_SIGNAL, 0);
	const struct analysis_failure *nope = failure(a, ANALYSIS_FAILED_EXEC, 0);

	assert_int_equal(miss->count, 2);
	assert_int_equal(miss->processes, 1);
	assert_string_equal(base_text(b, miss->filename).data, "/bin/cc");
	assert_int_equal(cc->count, 3);
	assert_int_equal(cc->value, 2);
	assert_int_equal(id_of(a, cc->example), 2);
	assert_int_equal(killed->value, SIGKILL);
	assert_int_equal(nope->count, 1);
	assert_int_equal(nope->attempts, 2);
	assert_int_equal(nope->processes, 1);
	assert_string_equal(base_text(b, nope->program).data, "nope");
	assert_int_equal(failure(a, ANALYSIS_FAILED_EXEC, 2)->value, EACCES);
	assert_int_equal(a->totals.failed_execs, 6);
	assert_int_equal(a->totals.path_misses, 2);
	assert_int_equal(a->totals.failed_exits, 4);
	assert_int_equal(a->totals.signalled, 1);
	done(a);
}

/* --- size -------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

/* Any forest must keep the invariants: random parents, times that fit nothing. */
static void test_random_forests(void **state)
{
	uint64_t seed = 42;

	for (int round = 0; round < 300; round++) {
		unsigned count = 1 + next_random(&seed) % 40;
		struct analysis_base *b = begin();
		uint64_t alive = 0, own = 0;

		for (unsigned id = 1; id <= count; id++) {
			struct life l = { .id = id, .parent = next_random(&seed) % (count + 5) };

			l.start = next_random(&seed) % 100;
			l.end = next_random(&seed) % 120;
			l.exe = "/bin/x";
			add_life(b, &l);
		}
		struct analysis *a = finish(b);
		struct steps steps = steps_of(a);

		check_path_sum(a);
		for (size_t i = 0; i + 1 < steps.count; i++) {
			alive +=
				steps.all[i].active * (steps.all[i + 1].at_ns - steps.all[i].at_ns);
			assert_true(steps.all[i].active <= steps.all[i].alive);
		}
		for (size_t i = 0; i < b->count; i++)
			own += a->nodes[i].own_wall_ns;
		assert_int_equal(alive, own);
		if (steps.count) {
			assert_int_equal(steps.all[steps.count - 1].alive, 0);
			assert_int_equal(steps.all[steps.count - 1].active, 0);
		}
		done(a);
	}
}

/* A million in a few seconds of CPU time, a chain a million deep among them. */
static void test_million(void **state)
{
	enum { COUNT = 1000000 };
	struct timespec t0, t1;
	uint64_t seed = 7;
	struct analysis_base *b = begin();

	add_life(b, &(struct life){ 1, 0, 0, COUNT + 1000, "/bin/make", 0, 0, 0 });
	for (unsigned id = 2; id <= COUNT; id++) {
		struct life l = { .id = id, .start = id, .exe = "/bin/cc", .cpu = 1 };

		l.parent = id <= COUNT / 2 ? id - 1 : 1 + next_random(&seed) % (id - 1);
		l.end = id <= COUNT / 2 ? COUNT + 1000 : id + 1 + next_random(&seed) % 20;
		add_life(b, &l);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	struct analysis *a = finish(b);

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	double seconds = t1.tv_sec - t0.tv_sec + (t1.tv_nsec - t0.tv_nsec) / 1e9;

	print_message("1,000,000 processes analysed in %.2f s\n", seconds);
	check_path_sum(a);
	assert_int_equal(a->totals.processes, COUNT);
	assert_int_equal(a->totals.cpu_ns, (COUNT - 1) * MS);
	assert_int_equal(a->nodes[index_of(a, 1)].subtree_count, COUNT);
	assert_true(seconds < 60);
	done(a);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_alone),
		cmocka_unit_test(test_path_in_turn),
		cmocka_unit_test(test_path_parallel),
		cmocka_unit_test(test_path_slots),
		cmocka_unit_test(test_path_of_lives),
		cmocka_unit_test(test_path_nested),
		cmocka_unit_test(test_path_background),
		cmocka_unit_test(test_path_idle),
		cmocka_unit_test(test_path_tie),
		cmocka_unit_test(test_path_odd_clock),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_orphans_and_older),
		cmocka_unit_test(test_running_at_end),
		cmocka_unit_test(test_concurrency),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_tracks),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_random_forests),
		cmocka_unit_test(test_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
