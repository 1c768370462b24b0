/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_resync.c - what is made up after a loss, with a machine of the test's own: a
 * source that lists what the test says, and a process table that has seen something else.
 */
#include "tracer/resync.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define BEFORE_NS 1000ull /* processes that began long ago */

static struct machine {
	struct source base;
	struct source_process running[4];
	size_t count;
	uint64_t lost;
	bool is_held_up, is_gone_in_drain;
	uint32_t forked_in_drain; /* 0 = none */
	bool has_execed; /* what runs is another program, and shows its arguments */
	int list_err, drain_err;
	uint32_t followed; /* with trees: this one alone */
} machine;

static struct processes processes;
static struct scope scope;
static struct resync resync;
static struct begat_event delivered[8];
static size_t delivered_count;

static uint64_t count_lost(const struct source *source, uint32_t events)
{
	return events & BEGAT_EVENT_BIT(BEGAT_FORK) ? machine.lost : 0;
}

static int list(struct source *source, bool with_threads, source_visitor visit, void *ctx)
{
	for (size_t i = 0; i < machine.count; i++) {
		int err = visit(ctx, &machine.running[i]);

		if (err)
			return err;
	}
	return machine.list_err;
}

static struct begat_event event_of(enum begat_event_type type, uint32_t tgid)
{
	static const enum begat_field known[] = { BEGAT_F_EVENT, BEGAT_F_TS_NS, BEGAT_F_ID,
						  BEGAT_F_PID, BEGAT_F_COMM };
	struct begat_event ev = { .size = sizeof(ev),
				  .type = type,
				  .ts_ns = BEFORE_NS,
				  .id = tgid + 1000,
				  .tgid = tgid,
				  .comm = { "comm", 4 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		begat_fields_add(&ev.has, known[i]);
	return ev;
}

static int describe(struct source *source, const struct source_process *process,
		    struct begat_event *ret_ev)
{
	*ret_ev = event_of(BEGAT_SNAPSHOT, process->tgid);
	if (machine.has_execed) {
		ret_ev->comm = (struct begat_str){ "other", 5 };
		ret_ev->exe = (struct begat_str){ "/bin/other", 10 };
		ret_ev->argv = (struct begat_strv){ "other", 6, 1, 0 };
		begat_fields_add(&ret_ev->has, BEGAT_F_EXE);
		begat_fields_add(&ret_ev->has, BEGAT_F_ARGV);
	}
	return 0;
}

static bool is_followed(const struct source *source, uint32_t tgid)
{
	return tgid == machine.followed;
}

static bool is_held_up(const struct source *source)
{
	return machine.is_held_up;
}

static const struct source_ops ops = {
	.count_lost = count_lost,
	.list = list,
	.describe = describe,
	.is_followed = is_followed,
	.is_held_up = is_held_up,
};

static int deliver(void *ctx, struct begat_event *ev)
{
	assert_true(delivered_count < sizeof(delivered) / sizeof(delivered[0]));
	delivered[delivered_count++] = *ev;
	return proctable_apply(processes.table, ev) < 0 ? -ENOMEM : 0;
}

static int drain(void *ctx)
{
	struct begat_event ev = event_of(BEGAT_EXIT, 10);

	if (machine.is_gone_in_drain) /* its exit was on its way */
		assert_int_equal(proctable_apply(processes.table, &ev), 0);
	if (machine.forked_in_drain) {
		ev = event_of(BEGAT_FORK, machine.forked_in_drain);
		assert_int_equal(proctable_apply(processes.table, &ev), 0);
		machine.forked_in_drain = 0;
	}
	return machine.drain_err;
}

static int begin(void **state)
{
	machine = (struct machine){ .base.ops = &ops };
	delivered_count = 0;
	processes = (struct processes){ .source = &machine.base };
	assert_int_equal(proctable_new(1, &processes.table), 0);
	scope = (struct scope){ .source = &machine.base, .table = processes.table };
	resync = (struct resync){ .processes = &processes,
				  .scope = &scope,
				  .drain = drain,
				  .deliver = deliver,
				  .doubt_due_ns = UINT64_MAX };
	return 0;
}

static int end(void **state)
{
	proctable_free(processes.table);
	return 0;
}

static void add_to_table(uint32_t tgid)
{
	struct begat_event ev = event_of(BEGAT_FORK, tgid);

	assert_int_equal(proctable_apply(processes.table, &ev), 0);
}

static void add_to_machine(uint32_t tgid)
{
	machine.running[machine.count++] =
		(struct source_process){ .tgid = tgid, .start_ns = BEFORE_NS };
}

static void assert_delivered(size_t i, enum begat_event_type type, uint32_t tgid)
{
	assert_true(i < delivered_count);
	assert_int_equal(delivered[i].type, type);
	assert_int_equal(delivered[i].tgid, tgid);
	assert_true(delivered[i].synthetic && begat_event_has(&delivered[i], BEGAT_F_SYNTHETIC));
}

static void test_what_was_missed_is_made_up(void **state)
{
	add_to_table(10); /* has ended unseen */
	add_to_table(11);
	add_to_machine(11);
	add_to_machine(12); /* was forked unseen */
	machine.lost = 2;
	assert_true(resync_has_losses(&resync));
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 2);
	assert_delivered(0, BEGAT_EXIT, 10);
	assert_delivered(1, BEGAT_FORK, 12);
	assert_int_equal(resync.synthetic, 2);
	assert_false(resync_has_losses(&resync) || resync.is_due);

	assert_int_equal(resync_run(&resync), 0); /* all is right now */
	assert_int_equal(delivered_count, 2);
}

static void test_what_the_stream_has_is_not_made_up(void **state)
{
	add_to_table(10);
	machine.is_gone_in_drain = true;
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 0);
}

static void test_a_process_that_began_meanwhile(void **state)
{
	add_to_machine(12);
	machine.running[0].start_ns = UINT64_MAX; /* after the comparison began */
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 0);
}

/* Listed, and its parent was interrupted ahead of the fork hook: the fork will come. */
static void test_a_fork_under_way_is_not_made_up(void **state)
{
	add_to_machine(12);
	machine.running[0].is_new = true;
	machine.lost = 1;
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 0);
	assert_true(resync.doubt_due_ns != UINT64_MAX);

	machine.running[0].is_new = false; /* and was lost */
	assert_int_equal(resync_run(&resync), 0);
	assert_delivered(0, BEGAT_FORK, 12);
}

/* It was new when listed first, and its fork came with the drain. */
static void test_a_fork_that_came_with_the_drain(void **state)
{
	add_to_machine(12);
	machine.running[0].is_new = true;
	machine.forked_in_drain = 12;
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 0);
}

/* Not listed at first and known after the drain: not gone, but not listed yet, or ended since. */
static void test_the_unlisted_is_not_gone_at_once(void **state)
{
	machine.forked_in_drain = 12;
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 0);
	assert_true(resync.doubt_due_ns != UINT64_MAX);

	assert_int_equal(resync_run(&resync), 0); /* its exit was lost */
	assert_delivered(0, BEGAT_EXIT, 12);
}

/* Its memory is that of the new program already, and the exec hook has not run yet. */
static void test_an_exec_under_way_is_not_made_up(void **state)
{
	add_to_table(10);
	add_to_machine(10);
	machine.has_execed = true;
	machine.running[0].is_in_exec = true;
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 0);
	assert_true(resync.doubt_due_ns != UINT64_MAX);

	machine.running[0].is_in_exec = false; /* and was lost */
	machine.running[0].exec_id = 7;
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 1);
	assert_delivered(0, BEGAT_EXEC, 10);
	assert_true(resync.doubt_due_ns == UINT64_MAX);
}

static void test_others_get_no_events(void **state)
{
	add_to_machine(12);
	add_to_machine(13);
	scope.is_tree = true;
	machine.followed = 13;
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 1);
	assert_delivered(0, BEGAT_FORK, 13);
}

static void test_cut_short_is_due_again(void **state)
{
	add_to_table(10);
	machine.lost = 1;
	machine.drain_err = -EINTR;
	assert_int_equal(resync_run(&resync), -EINTR);
	assert_true(resync.is_due && resync_has_losses(&resync));
	machine.drain_err = 0;
	machine.is_held_up = true; /* a record that stays unwritten: no error, but later */
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(delivered_count, 0);
	assert_true(resync.is_due);
	machine.is_held_up = false;
	assert_int_equal(resync_run(&resync), 0);
	assert_delivered(0, BEGAT_EXIT, 10);
	assert_false(resync.is_due);
}

static void test_counters_are_looked_at_rarely(void **state)
{
	const uint64_t now_ns = 5000000000ull;

	assert_false(resync_is_due(&resync, now_ns));
	machine.lost = 1;
	assert_false(resync_is_due(&resync, now_ns + 500000));
	assert_true(resync_is_due(&resync, now_ns + 1000000));
}

static void test_the_doubtful_are_looked_at_again(void **state)
{
	uint64_t first_ns, now_ns = clock_boot_ns();

	add_to_table(10);
	add_to_machine(10);
	machine.running[0].is_exiting = true;
	assert_int_equal(resync_run(&resync), 0);
	first_ns = resync.doubt_wait_ns;
	assert_true(first_ns && resync.doubt_due_ns >= now_ns + first_ns);
	assert_true(resync_is_due(&resync, resync.doubt_due_ns));
	assert_int_equal(resync_run(&resync), 0);
	assert_int_equal(resync.doubt_wait_ns, 2 * first_ns);
	machine.count = 0; /* its exit was past indeed */
	assert_int_equal(resync_run(&resync), 0);
	assert_delivered(0, BEGAT_EXIT, 10);
	assert_true(resync.doubt_due_ns == UINT64_MAX);
}

static void test_fork_before_the_first_event(void **state)
{
	struct begat_event exit = event_of(BEGAT_EXIT, 20);

	exit.exit_code = 7;
	begat_fields_add(&exit.has, BEGAT_F_EXIT_CODE);
	assert_int_equal(resync_introduce(&resync, &exit), 0);
	assert_delivered(0, BEGAT_FORK, 20);
	assert_false(begat_event_has(&delivered[0], BEGAT_F_EXIT_CODE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, end)

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_missed_is_made_up),	TEST(what_the_stream_has_is_not_made_up),
		TEST(a_process_that_began_meanwhile),	TEST(others_get_no_events),
		TEST(cut_short_is_due_again),		TEST(counters_are_looked_at_rarely),
		TEST(a_fork_under_way_is_not_made_up),	TEST(a_fork_that_came_with_the_drain),
		TEST(an_exec_under_way_is_not_made_up), TEST(the_unlisted_is_not_gone_at_once),
		TEST(the_doubtful_are_looked_at_again), TEST(fork_before_the_first_event),
	};

	return cmocka_run_group_tests_name("resync", tests, NULL, NULL);
}
