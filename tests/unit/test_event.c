/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_event.c - copies of events, and the names of their numbers.
 */
#include <begat/begat.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct begat_str heap_str(const char *text)
{
	return (struct begat_str){ strdup(text), strlen(text) };
}

static void free_str(struct begat_str str)
{
	memset((char *)str.data, 'x', str.len);
	free((char *)str.data);
}

static void test_dup_outlives_original(void **state)
{
	static const char args[] = "cc\0-c\0\0x.c";
	struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_EXEC, .id = 42 };
	char *argv = malloc(sizeof(args));
	uint32_t *pids = malloc(3 * sizeof(*pids));

	memcpy(argv, args, sizeof(args));
	pids[0] = 500;
	pids[1] = 12;
	pids[2] = 1;
	ev.comm = heap_str("cc");
	ev.exe = heap_str("/usr/bin/cc");
	ev.cwd = heap_str("");
	ev.argv = (struct begat_strv){ .data = argv, .bytes = sizeof(args), .count = 4 };
	ev.pids = pids;
	ev.pids_count = 3;
	/* absent: may point anywhere */
	ev.tty = (struct begat_str){ (const char *)8, 100 };
	ev.env = (struct begat_strv){ .data = (const char *)8, .bytes = 100, .count = 3 };
	ev.stats = (const struct begat_stats *)8;
	begat_fields_add(&ev.has, BEGAT_F_COMM);
	begat_fields_add(&ev.has, BEGAT_F_EXE);
	begat_fields_add(&ev.has, BEGAT_F_CWD);
	begat_fields_add(&ev.has, BEGAT_F_ARGV);
	begat_fields_add(&ev.has, BEGAT_F_PIDS);

	struct begat_event *dup = begat_event_dup(&ev);

	assert_non_null(dup);
	free_str(ev.comm);
	free_str(ev.exe);
	free_str(ev.cwd);
	memset(argv, 'x', sizeof(args));
	free(argv);
	free(pids);
	assert_int_equal(dup->type, BEGAT_EXEC);
	assert_int_equal(dup->id, 42);
	assert_string_equal(dup->comm.data, "cc");
	assert_string_equal(dup->exe.data, "/usr/bin/cc");
	assert_int_equal(dup->exe.len, 11);
	assert_string_equal(dup->cwd.data, "");
	assert_int_equal(dup->argv.bytes, sizeof(args));
	assert_int_equal(dup->argv.count, 4);
	assert_memory_equal(dup->argv.data, args, sizeof(args));
	assert_int_equal(dup->pids_count, 3);
	assert_int_equal(dup->pids[0], 500);
	assert_int_equal(dup->pids[2], 1);
	assert_null(dup->tty.data);
	assert_null(dup->env.data);
	assert_null(dup->stats);
	begat_event_free(dup);
	begat_event_free(NULL);
	(void)state;
}

static void test_dup_copies_every_string(void **state)
{
	static const struct {
		enum begat_field field;
		size_t offset;
	} strings[] = {
		{ BEGAT_F_COMM, offsetof(struct begat_event, comm) },
		{ BEGAT_F_TTY, offsetof(struct begat_event, tty) },
		{ BEGAT_F_CGROUP, offsetof(struct begat_event, cgroup) },
		{ BEGAT_F_CONTAINER_ID, offsetof(struct begat_event, container_id) },
		{ BEGAT_F_CONTAINER_RUNTIME, offsetof(struct begat_event, container_runtime) },
		{ BEGAT_F_POD_UID, offsetof(struct begat_event, pod_uid) },
		{ BEGAT_F_FILENAME, offsetof(struct begat_event, filename) },
		{ BEGAT_F_EXE, offsetof(struct begat_event, exe) },
		{ BEGAT_F_INTERPRETER, offsetof(struct begat_event, interpreter) },
		{ BEGAT_F_CWD, offsetof(struct begat_event, cwd) },
		{ BEGAT_F_KILLED_BY, offsetof(struct begat_event, killed_by_comm) },
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_EXEC };
		struct begat_str *str = (void *)((char *)&ev + strings[i].offset);

		*str = heap_str("some text");
		begat_fields_add(&ev.has, strings[i].field);

		struct begat_event *dup = begat_event_dup(&ev);
		struct begat_str *copy = (void *)((char *)dup + strings[i].offset);

		free_str(*str);
		assert_string_equal(copy->data, "some text");
		assert_int_equal(copy->len, 9);
		begat_event_free(dup);
	}
	(void)state;
}

static void test_dup_summary(void **state)
{
	struct begat_stats stats = {
		.size = sizeof(stats),
		.backend = strdup("kprobe"),
		.transport = strdup("ringbuf"),
		.latency = strdup("low"),
		.fallback = NULL,
		.now_ns = 77,
	};
	struct begat_event ev = { .size = sizeof(ev), .type = BEGAT_SUMMARY, .stats = &stats };
	struct begat_event *dup = begat_event_dup(&ev);

	free((char *)stats.backend);
	free((char *)stats.transport);
	free((char *)stats.latency);
	memset(&stats, 0xee, sizeof(stats));
	assert_string_equal(dup->stats->backend, "kprobe");
	assert_string_equal(dup->stats->transport, "ringbuf");
	assert_string_equal(dup->stats->latency, "low");
	assert_null(dup->stats->fallback);
	assert_int_equal(dup->stats->now_ns, 77);
	begat_event_free(dup);
	(void)state;
}

static void test_event_names(void **state)
{
	static const char *const names[] = { "fork", "exec",	 "exec_failed", "exit",
					     "lost", "snapshot", "summary" };

	for (int i = 0; i < 7; i++) {
		assert_string_equal(begat_event_name((enum begat_event_type)(i + 1)), names[i]);
		assert_int_equal(begat_event_by_name(names[i]), i + 1);
	}
	assert_null(begat_event_name((enum begat_event_type)0));
	assert_null(begat_event_name((enum begat_event_type)8));
	assert_null(begat_event_name((enum begat_event_type) - 1));
	assert_int_equal(begat_event_by_name("execs"), 0);
	assert_int_equal(begat_event_by_name(""), 0);
	assert_int_equal(begat_event_by_name(NULL), 0);
	(void)state;
}

static void test_errno_names(void **state)
{
	assert_string_equal(begat_errno_name(ENOENT), "ENOENT");
	assert_string_equal(begat_errno_name(E2BIG), "E2BIG");
	assert_string_equal(begat_errno_name(ETXTBSY), "ETXTBSY");
	assert_string_equal(begat_errno_name(EAGAIN), "EAGAIN");
	assert_string_equal(begat_errno_name(ELOOP), "ELOOP");
	assert_string_equal(begat_errno_name(EHWPOISON), "EHWPOISON");
	assert_string_equal(begat_errno_name(513), "ERESTARTNOINTR");
	assert_null(begat_errno_name(0));
	assert_null(begat_errno_name(-2));
	assert_null(begat_errno_name(41));
	assert_null(begat_errno_name(134));
	assert_null(begat_errno_name(517));
	assert_null(begat_errno_name(INT32_MAX));
	assert_null(begat_errno_name(INT32_MIN));
#if __GLIBC_PREREQ(2, 32)
	/* glibc knows them as well: none may be missing or wrong */
	for (int i = 1; i < 134; i++)
		if (strerrorname_np(i))
			assert_string_equal(begat_errno_name(i), strerrorname_np(i));
#endif
	(void)state;
}

static void test_signal_names(void **state)
{
	for (int i = 1; i < 32; i++) {
		const char *name = begat_signal_name(i);

		assert_non_null(name);
		assert_memory_equal(name, "SIG", 3);
#if __GLIBC_PREREQ(2, 32)
		assert_string_equal(name + 3, i == SIGIO ? "IO" : sigabbrev_np(i));
#endif
	}
	assert_string_equal(begat_signal_name(9), "SIGKILL");
	assert_string_equal(begat_signal_name(32), "SIG32");
	assert_string_equal(begat_signal_name(34), "SIGRTMIN");
	assert_string_equal(begat_signal_name(37), "SIGRTMIN+3");
	assert_string_equal(begat_signal_name(64), "SIGRTMIN+30");
	assert_null(begat_signal_name(0));
	assert_null(begat_signal_name(65));
	assert_null(begat_signal_name(-9));
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dup_outlives_original),
		cmocka_unit_test(test_dup_copies_every_string),
		cmocka_unit_test(test_dup_summary),
		cmocka_unit_test(test_event_names),
		cmocka_unit_test(test_errno_names),
		cmocka_unit_test(test_signal_names),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
