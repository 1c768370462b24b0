/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_decode_exit.c - exits, losses, cgroups, identities.
 */
#include "tests/unit/decode_fixture.h"

static void test_exit_status(void **state)
{
	static const struct {
		uint32_t status;
		int exit_code, signal; /* exit_code -1: absent */
		bool core_dumped;
	} cases[] = {
		{ 0, 0, 0, false },
		{ 1 << 8, 1, 0, false },
		{ 255 << 8, 255, 0, false },
		{ 0x80 << 8, 128, 0, false },
		{ SIGKILL, -1, SIGKILL, false },
		{ SIGSEGV | 0x80, -1, SIGSEGV, true },
		{ SIGABRT | 0x80, -1, SIGABRT, true },
		{ 64, -1, 64, false },
		{ 64 | 0x80, -1, 64, true },
	};
	struct decoder *decoder = new_decoder(ALL_NAMES);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record_exit(&rec)->status = cases[i].status;
		assert_int_equal(decode(decoder), 1);
		assert_int_equal(HAS(&ev, EXIT_CODE), cases[i].exit_code >= 0);
		if (cases[i].exit_code >= 0)
			assert_int_equal(ev.exit_code, cases[i].exit_code);
		assert_true(HAS(&ev, SIGNAL) && HAS(&ev, CORE_DUMPED));
		assert_int_equal(ev.signal, cases[i].signal);
		assert_int_equal(ev.core_dumped, cases[i].core_dumped);
		assert_false(HAS(&ev, KILLED_BY));
	}
	decoder_free(decoder);
	(void)state;
}

static void test_exit_killer(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_exit *ended = record_exit(&rec);

	ended->status = SIGKILL;
	ended->flags = REC_EXIT_HAS_KILLER;
	ended->killer_tgid = 50;
	ended->killer_start_ns = 1000;
	ended->killer_signal = SIGKILL;
	strcpy(ended->killer_comm, "kill");
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, KILLED_BY));
	assert_int_equal(ev.killed_by_tgid, 50);
	assert_int_equal(ev.killed_by_id, decode_process_id(decoder, 50, 1000));
	assert_str(ev.killed_by_comm, "kill");
	assert_false(ev.killed_by_oom);

	ended->killer_signal = SIGTERM; /* was sent, but it is not what it died of */
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, KILLED_BY));
	ended->status = 0;
	ended->killer_signal = 0;
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, KILLED_BY));

	ended->status = SIGSEGV; /* by the kernel */
	ended->killer_signal = SIGSEGV;
	ended->killer_tgid = 0;
	ended->killer_start_ns = 0;
	strcpy(ended->killer_comm, "");
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, KILLED_BY));
	assert_int_equal(ev.killed_by_tgid, 0);
	assert_int_equal(ev.killed_by_id, 0);

	ended->flags = REC_EXIT_OOM; /* slots are reused: the name is not there */
	memset(ended->killer_comm, 'x', sizeof(ended->killer_comm));
	ended->status = SIGKILL;
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, KILLED_BY) && ev.killed_by_oom);
	assert_str(ev.killed_by_comm, "");
	ended->status = 0; /* marked, but it ended by itself */
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, KILLED_BY) || ev.killed_by_oom);

	ended->flags = REC_EXIT_HAS_KILLER;
	ended->status = ended->killer_signal = SIGKILL;
	assert_int_equal(decode(decoder), -EBADMSG);
	decoder_free(decoder);
	(void)state;
}

static void test_exit_cpu_time(void **state)
{
	static const struct {
		uint64_t utime, stime, runtime, expected_utime, expected_stime;
	} cases[] = {
		{ 300, 100, 1000, 750, 250 },
		{ 4000000, 0, 1234567, 1234567, 0 },
		{ 0, 4000000, 1234567, 0, 1234567 },
		{ 0, 0, 1234567, 1234567, 0 },
		{ 5, 6, 0, 5, 6 }, /* no exact time: as it is */
		{ 1, 2, 10, 4, 6 }, /* 20 / 3 rounded down is system */
		/* more than 64 bits in the product */
		{ 1ull << 62, 1ull << 62, 1ull << 40, 1ull << 39, 1ull << 39 },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX, 1ull << 63, (1ull << 63) - 1 },
	};
	struct decoder *decoder = new_decoder(ALL_NAMES);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rec_exit *ended = record_exit(&rec);

		ended->utime_ns = cases[i].utime;
		ended->stime_ns = cases[i].stime;
		ended->runtime_ns = cases[i].runtime;
		assert_int_equal(decode(decoder), 1);
		assert_true(HAS(&ev, UTIME) && HAS(&ev, STIME));
		assert_int_equal(ev.utime_ns, cases[i].expected_utime);
		assert_int_equal(ev.stime_ns, cases[i].expected_stime);
	}
	decoder_free(decoder);
	(void)state;
}

static void test_exit_usage(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_exit *ended = record_exit(&rec);

	ended->execs = 3;
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, UTIME) || HAS(&ev, MAX_RSS) || HAS(&ev, READ_BYTES) ||
		     HAS(&ev, EXECS) || ev.short_lived);
	assert_true(HAS(&ev, SHORT_LIVED) && HAS(&ev, DURATION));
	assert_int_equal(ev.duration_ns, RECORD_TS_NS - RECORD_START_NS);

	ended->runtime_ns = 1;
	ended->max_rss_bytes = 4096;
	ended->read_bytes = 10;
	ended->write_bytes = 20;
	ended->minor_faults = 1;
	ended->major_faults = 2;
	ended->voluntary_switches = 3;
	ended->involuntary_switches = 4;
	ended->children_utime_ns = 5;
	ended->children_stime_ns = 6;
	ended->children_max_rss_bytes = 7;
	ended->flags = REC_EXIT_HAS_IO | REC_EXIT_WAS_CACHED | REC_EXIT_SHORT_LIVED;
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.max_rss_bytes, 4096);
	assert_int_equal(ev.read_bytes, 10);
	assert_int_equal(ev.write_bytes, 20);
	assert_int_equal(ev.minor_faults, 1);
	assert_int_equal(ev.major_faults, 2);
	assert_int_equal(ev.voluntary_switches, 3);
	assert_int_equal(ev.involuntary_switches, 4);
	assert_int_equal(ev.children_utime_ns, 5);
	assert_int_equal(ev.children_stime_ns, 6);
	assert_int_equal(ev.children_max_rss_bytes, 7);
	assert_int_equal(ev.execs, 3);
	assert_true(HAS(&ev, READ_BYTES) && HAS(&ev, WRITE_BYTES) && HAS(&ev, EXECS));
	assert_true(HAS(&ev, MAX_RSS) && HAS(&ev, CHILDREN_MAX_RSS) && ev.short_lived);

	ended->identity.start_ns = RECORD_TS_NS + 1;
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, DURATION));
	decoder_free(decoder);
	(void)state;
}

static void test_lost(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_lost *lost = record_lost(&rec);

	assert_int_equal(decode(decoder), 0);
	lost->count[REC_CLASS_CHUNK] = 5;
	lost->count[REC_CLASS_CGROUP] = 5;
	assert_int_equal(decode(decoder), 0);
	assert_false(decode_more(decoder, &ev));

	lost->count[REC_CLASS_FORK] = 1;
	lost->count[REC_CLASS_EXEC] = 2;
	lost->count[REC_CLASS_EXEC_FAILED] = 3;
	lost->count[REC_CLASS_EXIT] = 4;
	assert_int_equal(decode(decoder), 1);
	for (uint32_t i = 1; i <= 4; i++) {
		assert_int_equal(ev.type, BEGAT_LOST);
		assert_int_equal(ev.class_type, i); /* fork, exec, exec_failed, exit */
		assert_int_equal(ev.count, i);
		assert_int_equal(ev.lost_cpu, 1);
		assert_int_equal(ev.seq, 7);
		assert_true(HAS(&ev, COUNT) && HAS(&ev, CLASS) && !HAS(&ev, ID));
		assert_int_equal(decode_more(decoder, &ev), i < 4);
	}
	assert_false(decode_more(decoder, &ev));

	/* what was not asked for is gone with the next record */
	assert_int_equal(decode(decoder), 1);
	record_fork(&rec);
	assert_int_equal(decode(decoder), 1);
	assert_false(decode_more(decoder, &ev));
	decoder_free(decoder);
	(void)state;
}

static void cgroup_record(struct decoder *decoder, uint64_t id, const char *path)
{
	struct rec_cgroup *cgroup = record_cgroup(&rec);

	cgroup->cgroup_id = id;
	cgroup->path = record_path(&rec, path, 0);
	assert_int_equal(decode(decoder), 0);
}

static bool knows_cgroup(struct decoder *decoder, uint64_t id)
{
	record_fork(&rec)->identity.cgroup_id = id;
	assert_int_equal(decode(decoder), 1);
	return HAS(&ev, CGROUP);
}

static void test_cgroups(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	char path[64];

	assert_false(knows_cgroup(decoder, 99));
	cgroup_record(decoder, 99, "/system.slice/docker-abc.scope");
	cgroup_record(decoder, 100, "/");
	assert_true(knows_cgroup(decoder, 99));
	assert_str(ev.cgroup, "/system.slice/docker-abc.scope");
	assert_int_equal(ev.cgroup_id, 99);
	assert_false(HAS(&ev, CONTAINER_ID));
	assert_true(knows_cgroup(decoder, 100));
	assert_str(ev.cgroup, "/");
	cgroup_record(decoder, 99, "/new");
	assert_true(knows_cgroup(decoder, 99));
	assert_str(ev.cgroup, "/new");

	/* the root as the kernel side sends it: no names at all */
	record_cgroup(&rec)->cgroup_id = 101;
	assert_int_equal(decode(decoder), 0);
	assert_true(knows_cgroup(decoder, 101));
	assert_str(ev.cgroup, "/");

	/* far more than fit: bounded, the newest are there, and one that is in use stays */
	for (uint64_t i = 1000; i < 60000; i++) {
		snprintf(path, sizeof(path), "/c/%llu", (unsigned long long)i);
		cgroup_record(decoder, i, path);
		if (i % 1000 == 0)
			assert_true(knows_cgroup(decoder, 99));
	}
	assert_true(knows_cgroup(decoder, 59999));
	assert_str(ev.cgroup, "/c/59999");
	assert_true(knows_cgroup(decoder, 50000));
	assert_false(knows_cgroup(decoder, 1500));
	assert_true(knows_cgroup(decoder, 99));
	assert_str(ev.cgroup, "/new");
	decoder_free(decoder);
	(void)state;
}

static void test_ids(void **state)
{
	struct decoder_options opts = { .boot_salt = 1, .start_unit_ns = 10000000, .cpus = 1 };
	struct decoder *decoder = new_decoder(ALL_NAMES), *ticks = NULL, *other_boot = NULL;
	uint64_t ids[2000];
	size_t count = 0;

	assert_int_equal(decoder_new(&opts, &ticks), 0);
	opts.boot_salt = 2;
	assert_int_equal(decoder_new(&opts, &other_boot), 0);
	for (uint32_t tgid = 0; tgid < 40; tgid++)
		for (uint64_t start = 0; start < 50; start++)
			ids[count++] = decode_process_id(decoder, tgid, start);
	for (size_t i = 0; i < count; i++) {
		assert_int_not_equal(ids[i], 0);
		for (size_t j = i + 1; j < count; j++)
			assert_int_not_equal(ids[i], ids[j]);
	}
	assert_int_equal(decode_process_id(decoder, 3, 7), ids[3 * 50 + 7]);
	assert_int_equal(decode_process_id(ticks, 5, 10000000),
			 decode_process_id(ticks, 5, 19999999));
	assert_int_not_equal(decode_process_id(ticks, 5, 9999999),
			     decode_process_id(ticks, 5, 10000000));
	assert_int_not_equal(decode_process_id(ticks, 5, 0), decode_process_id(other_boot, 5, 0));
	decoder_free(decoder);
	decoder_free(ticks);
	decoder_free(other_boot);
	decoder_free(NULL);
	(void)state;
}

static void test_monotonic_clock(void **state)
{
	struct decoder_options opts = { .cpus = 4, .clock_offset_ns = 1000 };
	struct decoder *decoder = NULL;

	assert_int_equal(decoder_new(&opts, &decoder), 0);
	decoder_set_realtime(decoder, -500);

	struct rec_exec *exec = start_exec("cc", 3, 1);

	exec->attempt_ts_ns = RECORD_TS_NS - 10;
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.ts_ns, RECORD_TS_NS + 1000);
	assert_int_equal(ev.time_ns, RECORD_TS_NS + 500);
	assert_int_equal(ev.exec_ns, 10); /* both on the same clock */
	record_exit(&rec);
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.duration_ns, RECORD_TS_NS + 1000 - RECORD_START_NS);
	decoder_free(decoder);
	(void)state;
}

static void test_snapshot(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);

	record_snapshot(&rec);
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.type, BEGAT_SNAPSHOT);
	assert_true(HAS(&ev, SYNTHETIC) && !ev.synthetic);
	assert_false(HAS(&ev, SEQ) || HAS(&ev, CPU));
	assert_str(ev.comm, "cc1");
	assert_int_equal(ev.duration_ns, RECORD_TS_NS - RECORD_START_NS);
	decoder_free(decoder);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_status),   cmocka_unit_test(test_exit_killer),
		cmocka_unit_test(test_exit_cpu_time), cmocka_unit_test(test_exit_usage),
		cmocka_unit_test(test_lost),	      cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_ids),	      cmocka_unit_test(test_monotonic_clock),
		cmocka_unit_test(test_snapshot),
	};

	return cmocka_run_group_tests_name("decode_exit", tests, NULL, NULL);
}
