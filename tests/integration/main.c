/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/main.c - begat against processes whose truth is known, on this kernel.
 *
 *   begat-integration --begat PATH [--backend X] [--transport Y] [--only NAME] [--list]
 *                     [--seconds N] [--lives N] [--rounds N] [--quick] [--shared] [--verbose]
 *
 * --shared: cases that need nothing special run under one begat, as guests need it.
 * Each test runs once for every backend and transport that the kernel allows. Which are those is
 * asked of the kernel here, not of begat: one that begat cannot use although it is there fails.
 * Prints "ok|FAIL|skip NAME[backend,transport] reason" a test, at the end
 * "N passed, N failed, N skipped". Exit status: 0 if none failed and some passed.
 */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROBLEMS_SHOWN 12
#define TESTS_MAX 512

struct config config = { .seconds = 60, .lives = 2000 };

static struct text problems;
static size_t problem_count;
static char skip_reason[512];
static size_t passed, failed, skipped;

void problem(const char *format, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (problem_count++ < PROBLEMS_SHOWN || config.verbose)
		text_printf(&problems, "     %s\n", line);
}

void skip(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(skip_reason, sizeof(skip_reason), format, ap);
	va_end(ap);
}

bool has_problem(void)
{
	return problem_count > 0;
}

bool is_skipped(void)
{
	return skip_reason[0] != '\0';
}

void test_run_case(const struct test *test)
{
	struct session session;
	struct stream stream = { 0 };

	if (session_start(&session, test->mode, test->program, test->args, test->options) == 0) {
		session_finish(&session);
		stream_parse(&stream, &session.events);
		match_truth(&session, &stream);
		if (!is_skipped())
			stream_check(&stream, false);
	}
	if (has_problem() && config.verbose && session.events.data)
		text_add(&problems, session.events.data, session.events.len);
	stream_done(&stream);
	session_done(&session);
}

static bool is_sharable(const struct test *test)
{
	return config.is_shared && !test->run;
}

/* Once; what was wrong is in problems. */
static void try_test(const struct test *test)
{
	int descriptors =
		is_sharable(test) || test->run == shared_finish ? 0 : leaks_own_descriptors();

	problem_count = 0;
	skip_reason[0] = '\0';
	text_done(&problems);
	if (test->run)
		test->run(test);
	else if (is_sharable(test))
		shared_run_case(test);
	else
		test_run_case(test);
	if (descriptors && leaks_own_descriptors() != descriptors)
		problem("the runner itself has %d descriptors, before the test %d",
			leaks_own_descriptors(), descriptors);
}

static void run_test(const struct test *test)
{
	char where[80] = "";
	int64_t start = now_ms();

	if (!test->is_once)
		snprintf(where, sizeof(where), "[%s,%s]", config.backend, config.transport);
	try_test(test);
	if (problem_count) {
		failed++;
		printf("FAIL %s%s (%lld ms)\n%s", test->name, where, (long long)(now_ms() - start),
		       problems.data);
		if (problem_count > PROBLEMS_SHOWN && !config.verbose)
			printf("     and %zu more\n", problem_count - PROBLEMS_SHOWN);
		/* What belongs to no one test comes again with all of them. */
		printf("     again: %s --begat %s --backend %s --transport %s%s%s%s\n",
		       program_invocation_name, config.begat, config.backend, config.transport,
		       config.is_shared ? " --shared" : "",
		       test->run == shared_finish ? "" : " --only ",
		       test->run == shared_finish ? "" : test->name);
	} else if (is_skipped()) {
		skipped++;
		printf("skip %s%s %s\n", test->name, where, skip_reason);
	} else {
		passed++;
		printf("ok %s%s (%lld ms)\n", test->name, where, (long long)(now_ms() - start));
	}
	fflush(stdout);
}

/* ---- what this kernel has, found out without begat ---- */

static bool has_ringbuf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_RINGBUF,
				.max_entries = (uint32_t)sysconf(_SC_PAGESIZE) };
	int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static const char *why_no_backend(const char *backend)
{
	if (!strcmp(backend, "kprobe"))
		return access("/sys/bus/event_source/devices/kprobe", F_OK)
			       ? "this kernel has no kprobes"
			       : NULL;
	if (access("/sys/kernel/tracing/events", F_OK) &&
	    access("/sys/kernel/debug/tracing/events", F_OK))
		return "tracefs is not mounted";
	if (access("/sys/kernel/tracing/events/syscalls/sys_enter_execve", F_OK) &&
	    access("/sys/kernel/debug/tracing/events/syscalls/sys_enter_execve", F_OK))
		return "this kernel has no syscall tracepoints";
	return NULL;
}

bool test_is_selected(const struct test *test)
{
	return !config.only || strstr(test->name, config.only);
}

/* Without a begat that starts, a hundred tests would say the same. */
static bool can_start(void)
{
	struct outcome outcome;

	problem_count = 0;
	text_done(&problems);
	begat_call(&outcome, NULL, "run", "-q", "--backend", config.backend, "--transport",
		   config.transport, "--", path_of_case("c_target"), NULL);
	if (outcome.status) {
		failed++;
		printf("FAIL all[%s,%s] begat does not start: %s", config.backend, config.transport,
		       outcome.err.data);
	}
	outcome_done(&outcome);
	return !outcome.status;
}

static void end_shared(void)
{
	const struct test end = { .name = "shared_end", .run = shared_finish };

	if (shared_is_there())
		run_test(&end);
}

static bool is_wanted(const struct test *test, bool sharable, bool is_first)
{
	return test_is_selected(test) && is_sharable(test) == sharable &&
	       (!test->is_once || is_first) && (!test->is_long || !config.is_quick);
}

/* Those that ask for the same way and options under one begat, then those that ask for others. */
static void run_shared(bool is_first)
{
	bool is_done[TESTS_MAX] = { false }, has_run;

	do {
		has_run = false;
		for (size_t i = 0; tests[i].name && i < TESTS_MAX; i++) {
			if (is_done[i] || !is_wanted(&tests[i], true, is_first) ||
			    !shared_fits(&tests[i]))
				continue;
			run_test(&tests[i]);
			is_done[i] = has_run = true;
		}
		end_shared();
	} while (has_run);
}

static void run_alone(bool is_first)
{
	for (const struct test *test = tests; test->name; test++)
		if (is_wanted(test, false, is_first))
			run_test(test);
}

static void run_pair(const char *backend, const char *transport, bool *first)
{
	config.backend = backend;
	config.transport = transport;
	if (!can_start())
		return;
	run_shared(*first);
	run_alone(*first);
	*first = false;
}

/* @why: not, if not NULL. */
static void run_or_skip_pair(const char *backend, const char *transport, const char *why,
			     bool *first)
{
	size_t passed_before = passed, failed_before = failed, skipped_before = skipped;
	int64_t start = now_ms();

	if (why) {
		skipped++;
		printf("skip all[%s,%s] %s\n", backend, transport, why);
	} else {
		run_pair(backend, transport, first);
	}
	/* tests/vm/test-vm.sh makes a row of its table of this line. */
	printf("-- %s over %s: %zu passed, %zu failed, %zu skipped, %lld s\n", backend, transport,
	       passed - passed_before, failed - failed_before, skipped - skipped_before,
	       (long long)(now_ms() - start + 500) / 1000);
	fflush(stdout);
}

static void run_all(const char *backend_only, const char *transport_only)
{
	static const char *const backends[] = { "kprobe", "tracepoint" };
	static const char *const transports[] = { "ringbuf", "perfbuf" };
	bool first = true, has_ring = has_ringbuf();

	for (size_t i = 0; i < 2; i++) {
		const char *why = why_no_backend(backends[i]);

		if (backend_only && strcmp(backend_only, backends[i]) != 0)
			continue;
		for (size_t j = 0; j < 2; j++) {
			if (transport_only && strcmp(transport_only, transports[j]) != 0)
				continue;
			run_or_skip_pair(backends[i], transports[j],
					 !why && j == 0 && !has_ring
						 ? "this kernel has no ring buffer"
						 : why,
					 &first);
		}
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: begat-integration --begat PATH [--backend X] [--transport Y]\n"
			"       [--only NAME] [--list] [--seconds N] [--lives N] [--rounds N] "
			"[--quick] [--shared] [--verbose]\n");
	return 2;
}

static void list_tests(void)
{
	for (const struct test *test = tests; test->name; test++)
		printf("%s%s%s\n", test->name, test->is_once ? " (once)" : "",
		       test->is_long ? " (long)" : "");
}

static void learn_folder(void)
{
	ssize_t n = readlink("/proc/self/exe", config.dir, sizeof(config.dir) - 1);

	config.dir[n > 0 ? n : 0] = '\0';
	if (n > 0)
		*strrchr(config.dir, '/') = '\0';
}

/* What we were given is not for begat: it would look like a leak. */
static void keep_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (atoi(entry->d_name) > 2)
			fcntl(atoi(entry->d_name), F_SETFD, FD_CLOEXEC);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	/* clang-format off */
	static const struct option options[] = {
		{ "begat", required_argument, NULL, 'b' },
		{ "backend", required_argument, NULL, 'k' },
		{ "transport", required_argument, NULL, 't' },
		{ "only", required_argument, NULL, 'o' },
		{ "seconds", required_argument, NULL, 's' },
		{ "lives", required_argument, NULL, 'n' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "quick", no_argument, NULL, 'q' },
		{ "shared", no_argument, NULL, 'h' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "list", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	/* clang-format on */
	static char begat[PATH_MAX];
	const char *backend = NULL, *transport = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			config.begat = realpath(optarg, begat);
			break;
		case 'k':
			backend = optarg;
			break;
		case 't':
			transport = optarg;
			break;
		case 'o':
			config.only = optarg;
			break;
		case 's':
			config.seconds = atoi(optarg);
			break;
		case 'n':
			config.lives = atoi(optarg);
			break;
		case 'r':
			config.rounds = atoi(optarg);
			break;
		case 'q':
			config.is_quick = true;
			break;
		case 'v':
			config.verbose = true;
			break;
		case 'h':
			config.is_shared = true;
			break;
		case 'l':
			config.list = true;
			break;
		default:
			return usage();
		}
	}
	learn_folder();
	if (config.list) {
		list_tests();
		return 0;
	}
	if (!config.begat)
		fprintf(stderr, "begat-integration: no begat at the path of --begat\n");
	if (!config.begat || optind != argc)
		return usage();
	if (geteuid() != 0) {
		printf("skip all not root: BPF programs cannot be loaded\n0 passed, 0 failed, 1 "
		       "skipped\n");
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	keep_descriptors();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	run_all(backend, transport);
	if (passed + failed + skipped == 0) {
		failed = 1;
		printf("FAIL no test has %s in its name\n", config.only);
	}
	printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, skipped);
	return failed > 0;
}
