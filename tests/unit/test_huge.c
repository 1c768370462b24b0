/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_huge.c - one argument as long as a file: memory follows it, not the number of its events.
 *
 * Owns:    peak memory of everything that reads a recording, as multiples of its largest value.
 * Not:     time; what is written (test_export.c, test_report.c).
 */
#include "unit.h"

#include <begat/report.h>
#include <begat/sink.h>
#include <begat/trace.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_help.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_OWN_MEMORY 1 /* what is freed stays for a while */
#else
#define HAS_OWN_MEMORY 0
#endif

#define VALUE_BYTES ((size_t)5 << 20)
#define EXECS 5 /* with the same argument: a search along PATH, and what it finds */
#define OTHER_BYTES ((size_t)5 << 20) /* caches of SQLite and ours, buffers */

/* A process that tries EXECS - 1 files and becomes the last, with one huge argument of @fill. */
static char *record_huge(char fill)
{
	struct begat_recorder_options opts = { .size = sizeof(opts) };
	struct begat_recorder *rec;
	char *path = store_path("huge.db"), *argv = malloc(VALUE_BYTES + 6);
	const char *found = "/usr/bin/prog";
	struct begat_event ev = {
		.size = sizeof(ev),
		.id = 7,
		.parent_id = 1,
		.tgid = 100,
		.parent_tgid = 1,
		.comm = { "prog", 4 },
		.filename = { found, strlen(found) },
		.exe = { found, strlen(found) },
		.argv = { .data = argv, .bytes = VALUE_BYTES + 6, .count = 2 },
		.error = ENOENT,
		.ts_ns = 1000000,
		.time_ns = 1700000000000000000ull,
	};
	static const enum begat_field of_all[] = { BEGAT_F_EVENT, BEGAT_F_TIME, BEGAT_F_TS_NS,
						   BEGAT_F_ID,	  BEGAT_F_PID,	BEGAT_F_PPID,
						   BEGAT_F_COMM };

	assert_non_null(argv);
	memcpy(argv, "prog", 5);
	memset(argv + 5, fill, VALUE_BYTES);
	argv[VALUE_BYTES + 5] = '\0';
	assert_int_equal(begat_recorder_open(path, &opts, &rec), 0);
	for (int i = 0; i < EXECS + 2; i++) {
		bool is_exec = i > 0 && i <= EXECS;

		ev.type = i == 0       ? BEGAT_FORK
			  : i < EXECS  ? BEGAT_EXEC_FAILED
			  : i == EXECS ? BEGAT_EXEC
				       : BEGAT_EXIT;
		ev.has = (struct begat_fields){ 0 };
		for (size_t k = 0; k < sizeof(of_all) / sizeof(of_all[0]); k++)
			begat_fields_add(&ev.has, of_all[k]);
		if (is_exec) {
			begat_fields_add(&ev.has, BEGAT_F_ARGV);
			begat_fields_add(&ev.has, BEGAT_F_FILENAME);
			begat_fields_add(&ev.has, i < EXECS ? BEGAT_F_ERRNO : BEGAT_F_EXE);
		} else if (i) {
			begat_fields_add(&ev.has, BEGAT_F_EXIT_CODE);
		}
		ev.ts_ns += 1000;
		ev.time_ns += 1000;
		assert_int_equal(begat_recorder_write(rec, &ev), 0);
	}
	assert_int_equal(begat_recorder_finish(rec), 0);
	begat_recorder_close(rec);
	free(argv);
	return path;
}

static int write_event(const struct begat_event *ev, void *sink)
{
	return begat_sink_write(sink, ev);
}

/* What a command does: a format of a sink, of begat_export() or of begat_report(), to nowhere. */
static int make(struct begat_trace *trace, const char *what)
{
	const char *format = strchr(what, ' ') + 1;
	FILE *out = fopen("/dev/null", "w");
	int err = out ? 0 : -errno;

	if (!err && !strncmp(what, "export", 6)) {
		err = begat_export(trace, format, NULL, out);
	} else if (!err && !strncmp(what, "report", 6)) {
		struct begat_report_options opts = { .size = sizeof(opts), .format = format };

		err = begat_report(trace, &opts, out);
	} else if (!err) {
		struct begat_sink_options opts = { .size = sizeof(opts), .fd = fileno(out) };
		struct begat_sink *sink;

		err = begat_sink_open(format, &opts, &sink);
		if (!err && begat_trace_replay(trace, NULL, write_event, sink) != EXECS + 2)
			err = -EIO;
		if (!err)
			err = begat_sink_close(sink);
	}
	if (out)
		fclose(out);
	return err;
}

static size_t peak_bytes(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (size_t)usage.ru_maxrss * 1024;
}

/* In a process of its own. Exit status: how many times VALUE_BYTES it took, 100 = it failed. */
static int peak_of(const char *path, const char *what)
{
	/* Pieces that lie in a file in memory count too: one event is the longest. */
	struct rlimit limit = { .rlim_cur = VALUE_BYTES * 7, .rlim_max = VALUE_BYTES * 7 };
	struct begat_trace *trace;
	size_t before = peak_bytes(), more;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || begat_trace_open(path, &trace) < 0 ||
	    make(trace, what) < 0)
		return 100;
	more = peak_bytes() - before;
	begat_trace_close(trace);
	return more < OTHER_BYTES ? 0 : (int)((more - OTHER_BYTES + VALUE_BYTES - 1) / VALUE_BYTES);
}

/* @times: of the value, at most. A text is in SQLite's memory and in ours, escaped in a third. */
static void check(const char *path, const char *what, int times)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		_exit(peak_of(path, what));
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > times)
		fail_msg("%s: status %x, expected at most %d times the value", what, status, times);
}

static void check_all(char fill, int of_sink, int of_csv, int of_model)
{
	static const char *const models[] = { "report html", "report text",    "report json",
					      "export otel", "export chrome",  "export folded",
					      "export dot",  "export perfetto" };
	char *path;

	if (HAS_OWN_MEMORY)
		skip();
	path = record_huge(fill);
	check(path, "show text", of_sink);
	check(path, "show json", 2);
	check(path, "export ndjson", 2);
	check(path, "export csv", of_csv);
	check(path, "export ecs", 2);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		check(path, models[i], of_model);
	unlink(path);
	free(path);
}

static void test_text(void **state)
{
	check_all('x', 2, 2, 3);
}

/* As text each byte is four, as UTF-8 three; a protobuf message is in memory as a whole. */
static void test_bytes(void **state)
{
	check_all('\xff', 5, 2, 6);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
