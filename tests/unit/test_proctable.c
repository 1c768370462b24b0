/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_proctable.c - who is who, whatever the order and whatever was lost.
 */
#include "proctable/proctable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define HAS(ev, field) begat_event_has(ev, BEGAT_F_##field)
#define LINGER_NS 1000
#define NO_PARENT 0

static struct proctable *table;
static struct begat_event ev;

static int setup(void **state)
{
	(void)state;
	return proctable_new(LINGER_NS, &table);
}

static int teardown(void **state)
{
	(void)state;
	proctable_free(table);
	return 0;
}

/* Ids are the pid and the start, so that tests can be read: the table takes any number. */
static uint64_t id_of(uint32_t tgid, uint64_t start_ns)
{
	return ((uint64_t)tgid * 2654435761u) << 32 | start_ns;
}

static void make(enum begat_event_type type, uint32_t tgid, uint64_t start_ns, uint64_t ts_ns)
{
	ev = (struct begat_event){
		.size = sizeof(ev),
		.type = type,
		.id = id_of(tgid, start_ns),
		.tgid = tgid,
		.tid = tgid,
		.ts_ns = ts_ns,
		.duration_ns = ts_ns - start_ns,
		.comm = { "comm", 4 },
	};
	begat_fields_add(&ev.has, BEGAT_F_EVENT);
	begat_fields_add(&ev.has, BEGAT_F_ID);
	begat_fields_add(&ev.has, BEGAT_F_PID);
	begat_fields_add(&ev.has, BEGAT_F_COMM);
}

static void parent(uint32_t tgid, uint64_t start_ns)
{
	ev.parent_tgid = tgid;
	ev.parent_id = id_of(tgid, start_ns);
	begat_fields_add(&ev.has, BEGAT_F_PPID);
	begat_fields_add(&ev.has, BEGAT_F_PARENT_ID);
}

static void image(const char *exe, const char *argv, size_t bytes, uint32_t count)
{
	ev.exe = (struct begat_str){ exe, strlen(exe) };
	ev.argv = (struct begat_strv){ .data = argv, .bytes = bytes, .count = count };
	begat_fields_add(&ev.has, BEGAT_F_EXE);
	begat_fields_add(&ev.has, BEGAT_F_ARGV);
}

static int apply(void)
{
	return proctable_apply(table, &ev);
}

static void do_fork(uint32_t tgid, uint64_t start, uint32_t ppid, uint64_t pstart)
{
	make(BEGAT_FORK, tgid, start, start);
	if (ppid)
		parent(ppid, pstart);
	assert_int_equal(apply(), 0);
}

static void do_exec(uint32_t tgid, uint64_t start, uint64_t ts, const char *exe, const char *arg)
{
	make(BEGAT_EXEC, tgid, start, ts);
	image(exe, arg, strlen(arg) + 1, 1);
	assert_int_equal(apply(), 0);
}

static int do_exit(uint32_t tgid, uint64_t start, uint64_t ts)
{
	make(BEGAT_EXIT, tgid, start, ts);
	return apply();
}

static bool exists(uint32_t tgid, uint64_t start)
{
	struct begat_process process;

	return !proctable_find_id(table, id_of(tgid, start), &process);
}

static bool is_alive(uint32_t tgid, uint64_t start)
{
	struct begat_process process;

	return !proctable_find_id(table, id_of(tgid, start), &process) && !process.exited;
}

static void test_life(void **state)
{
	static const char argv[] = "cc\0-c\0x.c";
	struct begat_process process;

	do_fork(10, 100, 1, 5);
	assert_int_equal(proctable_alive(table), 1);
	assert_false(exists(1, 5)); /* named as a parent, but no event was about it */
	make(BEGAT_EXEC, 10, 100, 150);
	image("/usr/bin/cc", argv, sizeof(argv), 3);
	assert_int_equal(apply(), 0);
	assert_true(HAS(&ev, FORK_TO_EXEC));
	assert_int_equal(ev.fork_to_exec_ns, 50);
	assert_int_equal(ev.parent_tgid, 1); /* it had none: from the fork */
	assert_int_equal(ev.parent_id, id_of(1, 5));

	assert_int_equal(proctable_find_tgid(table, 10, &process), 0);
	assert_int_equal(process.id, id_of(10, 100));
	assert_int_equal(process.start_ns, 100);
	assert_int_equal(process.exit_ns, 0);
	assert_int_equal(process.execs, 1);
	assert_int_equal(process.parent_tgid, 1);
	assert_int_equal(process.fork_parent_id, id_of(1, 5));
	assert_false(process.exited || process.was_there_before);
	assert_string_equal(process.comm.data, "comm");
	assert_string_equal(process.exe.data, "/usr/bin/cc");
	assert_int_equal(process.argv.count, 3);
	assert_memory_equal(process.argv.data, argv, sizeof(argv));

	assert_int_equal(do_exit(10, 100, 300), 0);
	assert_string_equal(ev.exe.data, "/usr/bin/cc");
	assert_int_equal(ev.argv.bytes, sizeof(argv));
	assert_int_equal(ev.argv.count, 3);
	assert_true(HAS(&ev, ARGV_TRUNCATED) && !ev.argv_truncated);
	assert_true(HAS(&ev, PPID) && HAS(&ev, PARENT_ID));
	assert_int_equal(proctable_alive(table), 0);
	assert_int_equal(proctable_count(table), 1);
	assert_int_equal(proctable_find_tgid(table, 10, &process), 0);
	assert_true(process.exited);
	assert_int_equal(process.exit_ns, 300);

	assert_int_equal(do_exit(10, 100, 301), 1); /* a second time */
	assert_int_equal(proctable_alive(table), 0);

	proctable_expire(table, 300 + LINGER_NS - 1);
	assert_true(exists(10, 100));
	proctable_expire(table, 300 + LINGER_NS);
	assert_false(exists(10, 100));
	assert_int_equal(proctable_count(table), 0);
	assert_int_equal(proctable_find_tgid(table, 10, &process), -ENOENT);
	(void)state;
}

static void test_fields_of_the_event_stay(void **state)
{
	do_fork(10, 100, 1, 5);
	make(BEGAT_EXEC, 10, 100, 150);
	ev.fork_to_exec_ns = 7;
	begat_fields_add(&ev.has, BEGAT_F_FORK_TO_EXEC);
	image("/a", "a", 2, 1);
	assert_int_equal(apply(), 0);
	assert_int_equal(ev.fork_to_exec_ns, 7);
	make(BEGAT_EXIT, 10, 100, 200);
	parent(3, 3);
	image("/b", "b", 2, 1);
	assert_int_equal(apply(), 0);
	assert_int_equal(ev.parent_tgid, 3);
	assert_string_equal(ev.exe.data, "/b");
	assert_string_equal(ev.argv.data, "b");
	(void)state;
}

static void test_fork_without_exec(void **state)
{
	do_fork(10, 100, NO_PARENT, 0);
	do_exec(10, 100, 110, "/bin/sh", "sh");
	do_fork(11, 120, 10, 100);
	do_fork(12, 130, 11, 120);
	do_exec(10, 100, 140, "/bin/other", "other"); /* the children keep the old image */
	do_exec(11, 120, 150, "/bin/child", "child");
	assert_int_equal(do_exit(12, 130, 160), 0);
	assert_string_equal(ev.exe.data, "/bin/sh");
	assert_string_equal(ev.argv.data, "sh");
	assert_int_equal(do_exit(10, 100, 170), 0);
	assert_string_equal(ev.exe.data, "/bin/other");
	assert_int_equal(do_exit(11, 120, 180), 0);
	assert_string_equal(ev.exe.data, "/bin/child");

	/* CLONE_PARENT: the parent is another, what it runs is the forker's */
	do_fork(20, 200, NO_PARENT, 0);
	do_exec(20, 200, 210, "/bin/forker", "f");
	do_fork(21, 220, NO_PARENT, 0);
	do_exec(21, 220, 230, "/bin/parent", "p");
	make(BEGAT_FORK, 22, 240, 240);
	parent(21, 220);
	ev.forked_by_tgid = 20;
	ev.forked_by_id = id_of(20, 200);
	begat_fields_add(&ev.has, BEGAT_F_FORKED_BY);
	assert_int_equal(apply(), 0);
	assert_int_equal(do_exit(22, 240, 250), 0);
	assert_string_equal(ev.exe.data, "/bin/forker");
	(void)state;
}

static void test_image_is_replaced(void **state)
{
	do_fork(10, 100, NO_PARENT, 0);
	do_exec(10, 100, 110, "/bin/a-rather-long-name-of-a-program", "and its argument");
	do_exec(10, 100, 120, "/b", "b"); /* shorter: the block is used again */
	do_exec(10, 100, 130, "/bin/a-rather-long-name-of-a-program-and-more", "x");
	make(BEGAT_EXEC, 10, 100, 140); /* nothing was captured: not the old image */
	assert_int_equal(apply(), 0);
	assert_int_equal(do_exit(10, 100, 150), 0);
	assert_false(HAS(&ev, EXE) || HAS(&ev, ARGV));

	/* an exec that the kernel counted was lost: better nothing than the wrong thing */
	do_fork(11, 200, NO_PARENT, 0);
	do_exec(11, 200, 210, "/bin/first", "1");
	make(BEGAT_EXIT, 11, 200, 220);
	ev.execs = 2;
	begat_fields_add(&ev.has, BEGAT_F_EXECS);
	assert_int_equal(apply(), 0);
	assert_false(HAS(&ev, EXE) || HAS(&ev, ARGV));
	(void)state;
}

static void test_long_argv(void **state)
{
	size_t bytes = 100000;
	char *argv = malloc(bytes);

	for (size_t i = 0; i < bytes; i++)
		argv[i] = i % 100 == 99 ? '\0' : 'a';
	do_fork(10, 100, NO_PARENT, 0);
	make(BEGAT_EXEC, 10, 100, 110);
	image("/bin/x", argv, bytes, 1000);
	assert_int_equal(apply(), 0);
	assert_int_equal(ev.argv.bytes, bytes); /* the event itself is whole */
	assert_int_equal(do_exit(10, 100, 120), 0);
	assert_int_equal(ev.argv.bytes, 4000);
	assert_int_equal(ev.argv.count, 40);
	assert_memory_equal(ev.argv.data, argv, 4000);
	assert_true(ev.argv_truncated);

	/* A title is one at the exit, too; the arguments of the next image are not. */
	make(BEGAT_SNAPSHOT, 12, 100, 110);
	image("/usr/sbin/sshd", "sshd: root", 11, 1);
	ev.argv_rewritten = true;
	begat_fields_add(&ev.has, BEGAT_F_ARGV_REWRITTEN);
	assert_int_equal(apply(), 0);
	do_fork(13, 111, 12, 100);
	assert_int_equal(do_exit(12, 100, 120), 0);
	assert_true(HAS(&ev, ARGV_REWRITTEN) && ev.argv_rewritten);
	make(BEGAT_EXEC, 13, 111, 121);
	image("/bin/x", "x", 2, 1);
	assert_int_equal(apply(), 0);
	assert_int_equal(do_exit(13, 111, 122), 0);
	assert_false(HAS(&ev, ARGV_REWRITTEN));

	memset(argv, 'b', bytes);
	argv[bytes - 1] = '\0';
	do_fork(11, 100, NO_PARENT, 0);
	make(BEGAT_EXEC, 11, 100, 110);
	image("/bin/x", argv, bytes, 1);
	assert_int_equal(apply(), 0);
	assert_int_equal(do_exit(11, 100, 120), 0);
	assert_int_equal(ev.argv.bytes, 4096);
	assert_int_equal(ev.argv.count, 1);
	assert_int_equal(strlen(ev.argv.data), 4095);
	assert_true(ev.argv_truncated);
	free(argv);
	(void)state;
}

static void test_unseen_forks(void **state)
{
	struct begat_process process;

	do_exec(10, 100, 150, "/bin/x", "x");
	assert_false(HAS(&ev, FORK_TO_EXEC));
	assert_int_equal(proctable_find_tgid(table, 10, &process), 0);
	assert_int_equal(process.start_ns, 100);
	make(BEGAT_EXEC_FAILED, 11, 200, 250);
	parent(10, 100);
	assert_int_equal(apply(), 0);
	make(BEGAT_EXEC_FAILED, 11, 200, 260);
	assert_int_equal(apply(), 0);
	assert_int_equal(ev.parent_id, id_of(10, 100));
	assert_int_equal(do_exit(12, 300, 350), 0);
	assert_false(HAS(&ev, EXE) || HAS(&ev, PPID));
	assert_int_equal(do_exit(12, 300, 350), 1);
	assert_int_equal(proctable_alive(table), 2);
	assert_int_equal(proctable_count(table), 3);

	make(BEGAT_SNAPSHOT, 13, 50, 400);
	assert_int_equal(apply(), 0);
	assert_int_equal(proctable_find_tgid(table, 13, &process), 0);
	assert_true(process.was_there_before);
	make(BEGAT_SNAPSHOT, 14, 60, 400);
	ev.synthetic = true;
	assert_int_equal(apply(), 0);
	assert_int_equal(proctable_find_tgid(table, 14, &process), 0);
	assert_false(process.was_there_before);

	/* what a fork record that comes late says is taken, what is known already stays */
	make(BEGAT_FORK, 10, 100, 100);
	parent(13, 50);
	assert_int_equal(apply(), 0);
	assert_int_equal(proctable_find_tgid(table, 10, &process), 0);
	assert_string_equal(process.exe.data, "/bin/x");
	assert_int_equal(process.fork_parent_id, id_of(13, 50));
	assert_int_equal(proctable_alive(table), 4);
	(void)state;
}

static void test_pid_reuse(void **state)
{
	struct begat_process process;

	do_fork(10, 100, NO_PARENT, 0);
	do_exec(10, 100, 110, "/bin/old", "old");
	do_fork(10, 200, NO_PARENT, 0); /* the old one's exit was lost */
	assert_int_equal(proctable_alive(table), 1);
	assert_int_equal(proctable_count(table), 2);
	assert_int_equal(proctable_find_tgid(table, 10, &process), 0);
	assert_int_equal(process.id, id_of(10, 200));
	assert_int_equal(process.exe.len, 0);
	assert_int_equal(proctable_find_id(table, id_of(10, 100), &process), 0);
	assert_true(process.exited);
	assert_int_equal(process.exit_ns, 200);

	/* it comes after all, late: delivered once, the living one is left alone */
	assert_int_equal(do_exit(10, 100, 190), 0);
	assert_string_equal(ev.exe.data, "/bin/old");
	assert_int_equal(do_exit(10, 100, 190), 1);
	assert_true(is_alive(10, 200));
	assert_int_equal(proctable_find_id(table, id_of(10, 100), &process), 0);
	assert_int_equal(process.exit_ns, 190);

	/* late events of one that was never seen, older than the living: dead at once */
	assert_int_equal(do_exit(10, 50, 90), 0);
	make(BEGAT_EXEC, 10, 20, 40);
	assert_int_equal(apply(), 0);
	assert_true(is_alive(10, 200) && !is_alive(10, 50) && !is_alive(10, 20));
	assert_int_equal(proctable_alive(table), 1);

	/* of the dead, the last one */
	assert_int_equal(do_exit(10, 200, 300), 0);
	assert_int_equal(proctable_find_tgid(table, 10, &process), 0);
	assert_int_equal(process.id, id_of(10, 200));
	assert_int_equal(proctable_alive(table), 0);
	proctable_expire(table, 300 + LINGER_NS);
	assert_int_equal(proctable_count(table), 0);
	(void)state;
}

static void test_reparenting(void **state)
{
	struct begat_process process;
	struct begat_event ancestor;

	do_fork(1, 1, NO_PARENT, 0);
	do_fork(10, 100, 1, 1);
	do_fork(11, 110, 10, 100);
	do_fork(12, 120, 11, 110); /* a daemon by double fork */
	assert_int_equal(do_exit(11, 110, 130), 0);
	make(BEGAT_EXEC, 12, 120, 140);
	parent(1, 1);
	assert_int_equal(apply(), 0);
	assert_int_equal(ev.parent_id, id_of(1, 1));
	assert_int_equal(proctable_find_tgid(table, 12, &process), 0);
	assert_int_equal(process.parent_id, id_of(1, 1));
	assert_int_equal(process.parent_tgid, 1);
	assert_int_equal(process.fork_parent_id, id_of(11, 110));

	/* lineage goes by birth */
	assert_true(proctable_find_ancestor(table, id_of(12, 120), &ancestor));
	assert_int_equal(ancestor.type, BEGAT_SNAPSHOT);
	assert_int_equal(ancestor.parent_id, id_of(11, 110));
	assert_int_equal(ancestor.parent_tgid, 11);
	assert_string_equal(ancestor.comm.data, "comm");
	assert_true(proctable_find_ancestor(table, ancestor.parent_id, &ancestor));
	assert_int_equal(ancestor.parent_id, id_of(10, 100));

	/* a later event without a parent gets the latest that is known */
	assert_int_equal(do_exit(12, 120, 150), 0);
	assert_int_equal(ev.parent_tgid, 1);
	assert_false(proctable_find_ancestor(table, id_of(99, 99), &ancestor));
	(void)state;
}

static void test_ancestors_stay(void **state)
{
	do_fork(10, 100, NO_PARENT, 0);
	do_fork(11, 110, 10, 100);
	do_fork(12, 120, 11, 110);
	do_fork(13, 130, 10, 100);
	assert_int_equal(do_exit(10, 100, 200), 0);
	assert_int_equal(do_exit(11, 110, 210), 0);
	assert_int_equal(do_exit(13, 130, 220), 0);
	proctable_expire(table, 100000);
	assert_true(exists(10, 100) && exists(11, 110) && !exists(13, 130));
	assert_int_equal(do_exit(12, 120, 100000), 0);
	proctable_expire(table, 100000 + LINGER_NS - 1);
	assert_int_equal(proctable_count(table), 3);
	proctable_expire(table, 100000 + LINGER_NS);
	assert_int_equal(proctable_count(table), 0); /* the whole line at once */

	/* a parent that is reported after its children has them all the same */
	do_fork(21, 310, 20, 300);
	do_fork(22, 320, 20, 300);
	make(BEGAT_SNAPSHOT, 20, 300, 330);
	assert_int_equal(apply(), 0);
	assert_int_equal(do_exit(20, 300, 340), 0);
	assert_int_equal(do_exit(21, 310, 350), 0);
	proctable_expire(table, 200000);
	assert_true(exists(20, 300) && !exists(21, 310) && exists(22, 320));
	assert_int_equal(do_exit(22, 320, 200000), 0);
	proctable_expire(table, 300000);
	assert_int_equal(proctable_count(table), 0);
	(void)state;
}

/* Links that cannot be true must not hang anybody. */
static void test_rings(void **state)
{
	struct begat_event ancestor;
	uint64_t id = id_of(10, 100);
	int hops = 0;

	do_fork(10, 100, 11, 100);
	do_fork(11, 100, 12, 100);
	do_fork(12, 100, 10, 100);
	do_fork(13, 100, 13, 100);
	for (; hops < 100 && id && proctable_find_ancestor(table, id, &ancestor); hops++)
		id = HAS(&ancestor, PARENT_ID) ? ancestor.parent_id : 0;
	assert_in_range(hops, 1, 3);
	for (uint32_t tgid = 10; tgid < 14; tgid++)
		assert_int_equal(do_exit(tgid, 100, 200), 0);
	proctable_expire(table, 10000);
	assert_int_equal(proctable_count(table), 0);
	(void)state;
}

/* A daemon that forks itself and exits, for ever: what is kept of its line is bounded. */
static void test_endless_line(void **state)
{
	for (uint32_t i = 1; i < 20000; i++) {
		do_fork(i, i, i - 1, i - 1);
		if (i > 1)
			assert_int_equal(do_exit(i - 1, i - 1, i), 0);
		proctable_expire(table, i);
		assert_true(proctable_count(table) < LINGER_NS + 700);
	}
	assert_true(exists(19999, 19999) && exists(19800, 19800));
	assert_false(exists(10000, 10000));
	(void)state;
}

struct seen {
	int count, stop_at;
	uint32_t sum;
};

static int see(void *ctx, const struct begat_process *process)
{
	struct seen *seen = ctx;

	assert_false(process->exited);
	seen->sum += process->tgid;
	return ++seen->count == seen->stop_at ? 5 : 0;
}

static void test_many(void **state)
{
	struct seen seen = { .stop_at = -1 };
	struct begat_process process;
	uint32_t sum = 0;

	for (uint32_t i = 1; i <= 50000; i++) {
		do_fork(i, i, i > 1 ? i / 2 : 70000, i / 2);
		if (i % 3 == 0)
			assert_int_equal(do_exit(i, i, i + 1), 0);
		else
			sum += i;
	}
	assert_int_equal(proctable_count(table), 50000);
	assert_int_equal(proctable_alive(table), 50000 - 50000 / 3);
	for (uint32_t i = 1; i <= 50000; i++) {
		assert_int_equal(proctable_find_tgid(table, i, &process), 0);
		assert_int_equal(process.id, id_of(i, i));
		assert_int_equal(process.exited, i % 3 == 0);
	}
	assert_int_equal(proctable_for_each_alive(table, see, &seen), 0);
	assert_int_equal(seen.count, proctable_alive(table));
	assert_int_equal(seen.sum, sum);
	seen = (struct seen){ .stop_at = 10 };
	assert_int_equal(proctable_for_each_alive(table, see, &seen), 5);
	assert_int_equal(seen.count, 10);

	for (uint32_t i = 1; i <= 50000; i++)
		if (i % 3)
			assert_int_equal(do_exit(i, i, 60000), 0);
	proctable_expire(table, 60000 + LINGER_NS);
	assert_int_equal(proctable_count(table), 0);
	assert_int_equal(proctable_alive(table), 0);
	(void)state;
}

static void test_lost_changes_nothing(void **state)
{
	ev = (struct begat_event){ .size = sizeof(ev), .type = BEGAT_LOST, .count = 3 };
	assert_int_equal(apply(), 0);
	ev.type = BEGAT_SUMMARY;
	assert_int_equal(apply(), 0);
	assert_int_equal(proctable_count(table), 0);
	proctable_free(NULL);
	(void)state;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Born after every hook was in, and named by something else than its fork: that one went by unseen. */
static void test_forks_gone_by(void **state)
{
	proctable_expect_forks(table, 100);
	make(BEGAT_EXEC, 1, 50, 200); /* older */
	assert_int_equal(proctable_apply(table, &ev), 0);
	make(BEGAT_FORK, 2, 150, 150);
	assert_int_equal(proctable_apply(table, &ev), 0);
	make(BEGAT_EXIT, 2, 150, 201);
	assert_int_equal(proctable_apply(table, &ev), 0);
	make(BEGAT_SNAPSHOT, 3, 160, 202); /* its fork may be on its way */
	assert_int_equal(proctable_apply(table, &ev), 0);
	assert_int_equal(proctable_unseen_forks(table), 0);
	make(BEGAT_EXEC, 4, 170, 203);
	assert_int_equal(proctable_apply(table, &ev), 0);
	make(BEGAT_EXIT, 4, 170, 204);
	assert_int_equal(proctable_apply(table, &ev), 0);
	assert_int_equal(proctable_unseen_forks(table), 1);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_fields_of_the_event_stay),
		TEST(test_fork_without_exec),
		TEST(test_image_is_replaced),
		TEST(test_long_argv),
		TEST(test_unseen_forks),
		TEST(test_forks_gone_by),
		TEST(test_pid_reuse),
		TEST(test_reparenting),
		TEST(test_ancestors_stay),
		TEST(test_rings),
		TEST(test_endless_line),
		TEST(test_many),
		TEST(test_lost_changes_nothing),
	};

	return cmocka_run_group_tests_name("proctable", tests, NULL, NULL);
}
