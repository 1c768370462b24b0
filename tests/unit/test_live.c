/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_live.c - the table made from events as they come is that of their recording.
 */
#include <begat/report.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_help.h"
#include "unit.h"

static void build(struct synthetic *s)
{
	synthetic_build(s, 12, 100);
}

static void storm(struct synthetic *s)
{
	synthetic_storm(s, 500, 20);
}

static void chains(struct synthetic *s)
{
	synthetic_chains(s, 20);
}

static int take(const struct begat_event *ev, void *live)
{
	return begat_live_take(live, ev);
}

static struct begat_trace *live_trace(void (*story)(struct synthetic *s),
				      const struct begat_live_options *opts)
{
	struct begat_live *live;
	struct begat_trace *trace;
	struct synthetic s;

	assert_int_equal(begat_live_new(opts, &live), 0);
	synthetic_init(&s, take, live);
	story(&s);
	assert_int_equal(begat_live_finish(live, &trace), 0);
	return trace;
}

struct pair {
	struct begat_trace *a, *b;
	const struct begat_trace_table *ta, *tb;
};

/* Texts have other numbers; both become 0 if they say the same. */
static void same_text(const struct pair *p, uint32_t *a, uint32_t *b)
{
	struct begat_str x = begat_trace_string(p->a, *a), y = begat_trace_string(p->b, *b);

	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.data, y.data, x.len);
	*a = *b = 0;
}

static void same_context(const struct pair *p, uint32_t *a, uint32_t *b)
{
	struct begat_trace_context x, y;

	assert_int_equal(*a == BEGAT_TRACE_NONE, *b == BEGAT_TRACE_NONE);
	if (*a == BEGAT_TRACE_NONE)
		return;
	x = p->ta->contexts[*a];
	y = p->tb->contexts[*b];
	same_text(p, &x.tty, &y.tty);
	same_text(p, &x.cgroup, &y.cgroup);
	same_text(p, &x.container_id, &y.container_id);
	same_text(p, &x.container_runtime, &y.container_runtime);
	same_text(p, &x.pod_uid, &y.pod_uid);
	assert_memory_equal(&x, &y, sizeof(x));
	*a = *b = 0;
}

static void same_process(const struct pair *p, uint32_t i)
{
	struct begat_trace_process x = p->ta->processes[i], y = p->tb->processes[i];

	same_context(p, &x.context, &y.context);
	same_text(p, &x.comm, &y.comm);
	same_text(p, &x.exe, &y.exe);
	same_text(p, &x.argv, &y.argv);
	same_text(p, &x.killed_by_comm, &y.killed_by_comm);
	assert_memory_equal(&x, &y, sizeof(x));
}

static void same_exec(const struct pair *p, uint32_t i)
{
	struct begat_trace_exec x = p->ta->execs[i], y = p->tb->execs[i];

	same_context(p, &x.context, &y.context);
	same_text(p, &x.comm, &y.comm);
	same_text(p, &x.filename, &y.filename);
	same_text(p, &x.exe, &y.exe);
	same_text(p, &x.interpreter, &y.interpreter);
	same_text(p, &x.cwd, &y.cwd);
	same_text(p, &x.argv, &y.argv);
	same_text(p, &x.env, &y.env);
	assert_memory_equal(&x, &y, sizeof(x));
}

static void compare(void (*story)(struct synthetic *s))
{
	char *path = store_path("live.db");
	struct pair p = { .a = live_trace(story, NULL) };

	store_record(path, story, NULL);
	assert_int_equal(begat_trace_open(path, &p.b), 0);
	assert_int_equal(begat_trace_load(p.a, &p.ta), 0);
	assert_int_equal(begat_trace_load(p.b, &p.tb), 0);
	assert_int_equal(p.ta->processes_count, p.tb->processes_count);
	assert_int_equal(p.ta->execs_count, p.tb->execs_count);
	assert_int_equal(p.ta->losses_count, p.tb->losses_count);
	assert_int_equal(p.ta->first_ns, p.tb->first_ns);
	assert_int_equal(p.ta->last_ns, p.tb->last_ns);
	for (uint32_t i = 0; i < p.ta->processes_count; i++)
		same_process(&p, i);
	for (uint32_t i = 0; i < p.ta->execs_count; i++)
		same_exec(&p, i);
	for (uint32_t i = 0; i < p.ta->losses_count; i++)
		assert_memory_equal(&p.ta->losses[i], &p.tb->losses[i], sizeof(*p.ta->losses));
	begat_trace_close(p.a);
	begat_trace_close(p.b);
	unlink(path);
	free(path);
}

static void test_stories(void **state)
{
	compare(build);
	compare(storm);
	compare(chains);
}

static void test_hostile(void **state)
{
	compare(synthetic_hostile);
	compare(synthetic_every_field);
}

/* What reads the table works; what wants the file says so. */
static void test_without_file(void **state)
{
	struct begat_trace *trace = live_trace(build, NULL);
	struct begat_report_options opts = { .size = sizeof(opts), .format = "json" };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(begat_report(trace, &opts, out), 0);
	assert_int_equal(begat_export(trace, "folded", NULL, out), 0);
	fflush(out);
	assert_non_null(strstr(text, "\"processes\":51"));
	assert_int_equal(begat_trace_replay(trace, NULL, take, NULL), -ENOTSUP);
	assert_true(*begat_trace_error(trace));
	assert_int_equal(begat_export(trace, "sql", NULL, out), -ENOTSUP);
	assert_null(begat_trace_meta(trace, "host"));
	fclose(out);
	free(text);
	begat_trace_close(trace);
}

static void test_bounds(void **state)
{
	struct begat_live_options opts = {
		.size = sizeof(opts), .processes_max = 10, .execs_max = 5, .texts_bytes_max = 100
	};
	struct begat_trace *trace = live_trace(storm, &opts);
	const struct begat_trace_table *t;
	uint64_t lost = 0;

	assert_int_equal(begat_trace_load(trace, &t), 0);
	assert_int_equal(t->processes_count, 10);
	assert_int_equal(t->execs_count, 5);
	for (uint32_t i = 0; i < t->losses_count; i++)
		lost += t->losses[i].count;
	assert_true(lost > 1000);
	begat_trace_close(trace);
	begat_live_free(NULL);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_without_file),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
