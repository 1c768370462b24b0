/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_summary.c - the tree at the end of a run: shapes, folding, bounds, hostile names.
 */
#include <begat/begat.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "cli/summary/nodes.h"
#include "cli/summary/summary.h"

#define ROOT 100
#define MS 1000000ull
#define ANSWERS 3 /* lines */

#define PIDS 300000

/* A run that is made up: events go in, text comes out. */
struct made {
	struct summary *summary;
	uint64_t now_ns; /* a step of 1 ms for each event */
	uint64_t start_ns[PIDS]; /* 0 = not yet */
	struct begat_stats stats;
};

static struct made *start(void)
{
	struct made *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	assert_int_equal(summary_new(ROOT, &m->summary), 0);
	m->now_ns = 1000 * MS;
	m->stats.size = sizeof(m->stats);
	return m;
}

static void finish(struct made *m)
{
	summary_free(m->summary);
	free(m);
}

static struct begat_event about(struct made *m, enum begat_event_type type, uint32_t pid,
				uint32_t ppid)
{
	struct begat_event ev = { .size = sizeof(ev), .type = type };

	/* A life begins with the step of its first event. */
	if (!m->start_ns[pid])
		m->start_ns[pid] = m->now_ns;
	m->now_ns += MS;
	ev.ts_ns = type == BEGAT_FORK ? m->start_ns[pid] : m->now_ns;
	ev.tgid = ev.tid = pid;
	ev.id = 0x1000 + pid;
	begat_fields_add(&ev.has, BEGAT_F_TS_NS);
	begat_fields_add(&ev.has, BEGAT_F_PID);
	begat_fields_add(&ev.has, BEGAT_F_ID);
	if (ppid) {
		ev.parent_id = 0x1000 + ppid;
		begat_fields_add(&ev.has, BEGAT_F_PARENT_ID);
	}
	/* What an event does not have may point anywhere. */
	ev.exe = ev.filename = ev.interpreter = ev.comm = (struct begat_str){ (char *)8, 99 };
	ev.argv = (struct begat_strv){ (char *)8, 99, 3, 0 };
	return ev;
}

static void add(struct made *m, const struct begat_event *ev)
{
	assert_int_equal(summary_add(m->summary, ev), 0);
}

static void do_fork(struct made *m, uint32_t pid, uint32_t ppid)
{
	struct begat_event ev = about(m, BEGAT_FORK, pid, ppid);

	add(m, &ev);
}

/* @command: words with one space between. */
static void do_exec(struct made *m, uint32_t pid, uint32_t ppid, const char *command)
{
	struct begat_event ev = about(m, BEGAT_EXEC, pid, ppid);
	char *args = strdup(command);
	size_t len = strlen(args);
	uint32_t count = 1;

	for (char *p = args; *p; p++)
		if (*p == ' ') {
			*p = 0;
			count++;
		}
	ev.argv = (struct begat_strv){ args, len + 1, count, 0 };
	begat_fields_add(&ev.has, BEGAT_F_ARGV);
	add(m, &ev);
	free(args);
}

static void do_exec_bytes(struct made *m, uint32_t pid, const char *data, size_t bytes,
			  uint32_t count)
{
	struct begat_event ev = about(m, BEGAT_EXEC, pid, 0);

	ev.argv = (struct begat_strv){ data, bytes, count, 0 };
	begat_fields_add(&ev.has, BEGAT_F_ARGV);
	add(m, &ev);
}

static void do_failed_exec(struct made *m, uint32_t pid, const char *filename, const char *argv0,
			   int error)
{
	struct begat_event ev = about(m, BEGAT_EXEC_FAILED, pid, 0);

	ev.filename = (struct begat_str){ filename, strlen(filename) };
	ev.argv = (struct begat_strv){ argv0, strlen(argv0) + 1, 1, 0 };
	ev.error = error;
	begat_fields_add(&ev.has, BEGAT_F_FILENAME);
	begat_fields_add(&ev.has, BEGAT_F_ARGV);
	begat_fields_add(&ev.has, BEGAT_F_ERRNO);
	add(m, &ev);
}

static struct begat_event exit_of(struct made *m, uint32_t pid, uint64_t wall_ms, uint64_t cpu_ms)
{
	struct begat_event ev = about(m, BEGAT_EXIT, pid, 0);

	ev.duration_ns = wall_ms * MS;
	ev.ts_ns = m->start_ns[pid] + ev.duration_ns;
	ev.utime_ns = cpu_ms * MS - cpu_ms * MS / 4;
	ev.stime_ns = cpu_ms * MS / 4;
	ev.max_rss_bytes = (uint64_t)pid * 1000 * 1024;
	begat_fields_add(&ev.has, BEGAT_F_DURATION);
	begat_fields_add(&ev.has, BEGAT_F_UTIME);
	begat_fields_add(&ev.has, BEGAT_F_STIME);
	begat_fields_add(&ev.has, BEGAT_F_MAX_RSS);
	return ev;
}

static void do_exit(struct made *m, uint32_t pid, uint64_t wall_ms, uint64_t cpu_ms, int code)
{
	struct begat_event ev = exit_of(m, pid, wall_ms, cpu_ms);

	ev.exit_code = code;
	begat_fields_add(&ev.has, BEGAT_F_EXIT_CODE);
	add(m, &ev);
}

static void do_signal_exit(struct made *m, uint32_t pid, int signal, bool has_core)
{
	struct begat_event ev = exit_of(m, pid, 5, 1);

	ev.signal = signal;
	ev.core_dumped = has_core;
	begat_fields_add(&ev.has, BEGAT_F_SIGNAL);
	begat_fields_add(&ev.has, BEGAT_F_CORE_DUMPED);
	add(m, &ev);
}

static void do_child(struct made *m, uint32_t pid, uint32_t ppid, const char *command,
		     uint64_t wall_ms, uint64_t cpu_ms, int code)
{
	do_fork(m, pid, ppid);
	do_exec(m, pid, ppid, command);
	do_exit(m, pid, wall_ms, cpu_ms, code);
}

static char *printed_with(struct made *m, struct summary_style style)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(summary_print(m->summary, &m->stats, m->now_ns, &style, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *printed(struct made *m)
{
	return printed_with(m, (struct summary_style){ .columns = 0 }); /* as a file: 100 */
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static size_t widest_of(const char *text)
{
	size_t widest = 0;

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len > widest)
			widest = len;
	}
	return widest;
}

static void test_one_process(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "/usr/bin/true");
	do_exit(m, ROOT, 4, 2, 0);
	char *text = printed(m);

	assert_string_equal(text, "     wall      cpu      rss exit  command\n"
				  "   4.0 ms   2.0 ms   102 MB    0  true\n"
				  " most CPU time (2.0 ms): true 100 %\n"
				  " most wall time (4.0 ms): true 100 %\n"
				  " failed first: nothing failed\n"
				  " complete: 1 process, 0 forks, 1 exit, 1 exec, 0 lost | wall "
				  "4.0 ms, cpu 2.0 ms, 0.50 busy "
				  "cores\n");
	free(text);
	finish(m);
}

static void test_tree_is_drawn(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make all");
	do_fork(m, 101, ROOT);
	do_exec(m, 101, ROOT, "/bin/sh -c x");
	do_child(m, 102, 101, "cc a.c", 10, 5, 0);
	do_child(m, 103, 101, "ld a.o", 20, 5, 0);
	do_exit(m, 101, 50, 1, 0);
	do_child(m, 104, ROOT, "strip a", 2, 1, 0);
	do_exit(m, ROOT, 100, 3, 0);
	char *text = printed(m);

	assert_has(text, "  make all\n");
	assert_has(text, "  |- sh -c x\n");
	assert_has(text, "  |  |- cc a.c\n");
	assert_has(text, "  |  `- ld a.o\n");
	assert_has(text, "  `- strip a\n");
	assert_has(text,
		   " complete: 5 processes, 4 forks, 5 exits, 5 execs, 0 lost | wall 100.0 ms, "
		   "cpu 15.0 ms, 0.15");
	free(text);
	finish(m);

	m = start();
	do_exec(m, ROOT, 1, "make all");
	do_child(m, 101, ROOT, "cc", 1, 1, 0);
	do_exit(m, ROOT, 100, 3, 0);
	text = printed_with(m, (struct summary_style){ .columns = 100, .has_utf8 = true });
	assert_has(text, "  └─ cc\n");
	free(text);
	finish(m);
}

/* What took the CPU, what bounded the wall time (the jobs of the example in docs/analysis.md). */
static void test_answers(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make all"); /* 1 ms after it began */
	do_child(m, 101, ROOT, "cc a.c", 3, 30, 0);
	do_fork(m, 102, ROOT);
	do_exec(m, 102, ROOT, "ld a.o");
	do_fork(m, 103, ROOT);
	do_failed_exec(m, 103, "./nosuch", "./nosuch", ENOENT);
	do_exit(m, 103, 3, 1, 127);
	do_exit(m, 102, 6, 20, 1);
	do_child(m, 104, ROOT, "cc b.c", 3, 40, 1);
	do_exit(m, ROOT, 20, 10, 2);
	char *text = printed(m);

	assert_has(text, " most CPU time (101.0 ms): cc 69 %, ld 20 %, make 11 %\n");
	assert_has(text, " failed first: ./nosuch (not run: ENOENT), pid 103, after ");
	assert_has(text, " most wall time (20.0 ms): make 40 %, cc 30 %, ld 30 %\n");
	free(text);
	finish(m);
}

/* Names beyond the first few are one figure; a run without a failure says so. */
static void test_answers_of_many(void **state)
{
	struct made *m = start();
	char name[8];

	do_exec(m, ROOT, 1, "make");
	for (uint32_t i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "job%" PRIu32, i);
		do_child(m, 101 + i, ROOT, name, 2, 10 * (8 - i), 0);
	}
	do_exit(m, ROOT, 28, 40, 0);
	char *text = printed(m);

	assert_has(text, " most CPU time (400.0 ms): job0 20 %, job1 18 %, job2 15 %, job3 12 %, "
			 "5 more 35 %\n");
	assert_has(text, " failed first: nothing failed\n");
	free(text);
	finish(m);
}

static void test_alike_fold(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make");
	for (uint32_t i = 1; i <= 33; i++) {
		do_fork(m, ROOT + 2 * i, ROOT);
		do_exec(m, ROOT + 2 * i, ROOT, i == 7 ? "gcc -c slow.c" : "gcc -c other.c");
		do_child(m, ROOT + 2 * i + 1, ROOT + 2 * i, "/usr/lib/cc1 -quiet", 9, 4, 0);
		do_exit(m, ROOT + 2 * i, i == 7 ? 900 : 10, 1, 0);
	}
	do_exit(m, ROOT, 1000, 3, 0);
	char *text = printed(m);

	assert_has(text, "gcc -c slow.c");
	assert_lacks(text, "gcc -c other.c");
	/* 32 gcc of 1 ms and their cc1 of 4 ms; the biggest is the last one's */
	assert_has(text, "(32 like it: 160.0 ms cpu, 171 MB max)");
	/* The column adds up to the 168 ms of the run: a group's line has all of it. */
	assert_has(text, " 161.0 ms ");
	assert_has(text, "  4.0 ms ");
	assert_has(text, "cpu 168.0 ms");
	assert_int_equal(lines_of(text), 5 + ANSWERS); /* header, make, gcc, cc1, totals */
	assert_has(text, "67 processes, 66 forks, 67 exits, 67 execs");
	free(text);
	finish(m);
}

/* Of a long line the file that it is about; what fits stays as it is. */
static void test_long_lines(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make");
	do_child(m, 101, ROOT,
		 "/usr/lib/cc1 -quiet -imultiarch x86_64-linux-gnu -D_GNU_SOURCE=1 src/lapi.c -o "
		 "/tmp/ccaaaaaa.s",
		 30, 1, 0);
	do_child(m, 102, ROOT, "gcc -O2 -std=gnu99 -Wall -Wextra -c -o lapi.o lapi.c", 20, 1, 0);
	do_child(m, 103, ROOT,
		 "ld -plugin /usr/lib/gcc/x86_64-linux-gnu/12/liblto_plugin.so -dynamic-linker "
		 "/lib64/ld.so -o lua lua.o",
		 10, 1, 0);
	do_exit(m, ROOT, 100, 1, 0);
	char *text = printed(m);

	assert_has(text, "- cc1 ... src/lapi.c\n");
	assert_has(text, "- gcc -O2 -std=gnu99 -Wall -Wextra -c -o lapi.o lapi.c\n");
	assert_has(text, "- ld ... lua\n");
	free(text);
	finish(m);
}

static void test_unlike_do_not_fold(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make");
	do_child(m, 101, ROOT, "cc a", 10, 1, 0);
	do_child(m, 102, ROOT, "cc b", 10, 1, 1); /* failed */
	do_child(m, 103, ROOT, "ld c", 10, 1, 0); /* another name */
	do_fork(m, 104, ROOT);
	do_exec(m, 104, ROOT, "cc d"); /* another shape */
	do_child(m, 105, 104, "as", 10, 1, 0);
	do_exit(m, 104, 10, 1, 0);
	do_exit(m, ROOT, 1000, 3, 0);
	char *text = printed(m);

	assert_int_equal(lines_of(text), 1 + 6 + 2 + ANSWERS);
	assert_lacks(text, "like it");
	assert_has(text, " failed: cc (1)\n");
	free(text);
	finish(m);
}

static void test_forks_without_exec(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "/bin/bash x.sh");
	for (uint32_t i = 1; i <= 5; i++) {
		do_fork(m, ROOT + i, ROOT);
		do_exit(m, ROOT + i, i, 1, 0);
	}
	/* The last image names a process, and its name at the fork the copy. */
	do_exec(m, ROOT, 1, "/bin/dash y.sh");
	do_exit(m, ROOT, 100, 1, 3);
	char *text = printed(m);

	assert_has(text, "  dash y.sh");
	assert_has(text, "`- (fork of bash)");
	assert_has(text, "(4 like it: 4.0 ms cpu, 106 MB max)");
	assert_has(text, "6 processes, 5 forks, 6 exits, 2 execs");
	free(text);
	finish(m);
}

static void test_ends_are_shown(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "sh");
	do_child(m, 101, ROOT, "one", 5, 1, 42);
	do_fork(m, 102, ROOT);
	do_exec(m, 102, ROOT, "two");
	do_signal_exit(m, 102, SIGSEGV, true);
	do_fork(m, 103, ROOT);
	do_exec(m, 103, ROOT, "three");
	do_signal_exit(m, 103, SIGKILL, false);
	do_fork(m, 104, ROOT);
	do_exec(m, 104, ROOT, "daemon");
	do_exit(m, ROOT, 100, 1, 0);
	char *text = printed(m);

	assert_has(text, "   42  |- one");
	assert_has(text, " SEGV  |- two");
	assert_has(text, "core dumped\n");
	assert_has(text, " KILL  |- three");
	assert_has(text, "killed\n");
	assert_has(text, "    -  `- daemon");
	assert_has(text, "still running\n");
	assert_has(text, " killed: two (SIGSEGV), three (SIGKILL)\n");
	assert_has(text, " failed: one (42)\n");
	assert_has(text, "5 processes, 4 forks, 4 exits, 1 still running, 5 execs");
	assert_has(text, " complete: ");
	free(text);
	finish(m);
}

static void test_path_search(void **state)
{
	struct made *m = start();

	do_failed_exec(m, ROOT, "/usr/local/bin/make", "make", ENOENT);
	do_failed_exec(m, ROOT, "/opt/bin/make", "make", ENOTDIR);
	do_exec(m, ROOT, 1, "make");
	do_fork(m, 101, ROOT);
	do_failed_exec(m, 101, "/opt/other", "/opt/other", ENOENT);
	do_failed_exec(m, 101, "/opt/tool", "tool", EACCES);
	do_failed_exec(m, 101, "/bin/tool", "tool", ENOENT);
	do_exit(m, 101, 1, 1, 126);
	do_exit(m, ROOT, 100, 1, 2);
	char *text = printed(m);

	assert_has(text, "5 failed execs (2 PATH misses)");
	assert_has(text, "tool (EACCES, searched 2 directories)");
	assert_has(text, "/opt/other (ENOENT)");
	assert_has(text, "(fork of make) could not exec tool: EACCES");
	assert_lacks(text, "could not exec make");
	free(text);
	finish(m);
}

static void test_bound_keeps_slow_and_guilty(void **state)
{
	struct made *m = start();
	char command[32];

	do_exec(m, ROOT, 1, "make");
	for (uint32_t i = 1; i <= 500; i++) {
		snprintf(command, sizeof(command), "tool%u", i);
		do_child(m, ROOT + i, ROOT, command, i == 250 ? 5000 : 10, 1, 0);
	}
	/* cheap, but why it all failed */
	do_fork(m, 700, ROOT);
	do_exec(m, 700, ROOT, "sh -c broken");
	do_child(m, 701, 700, "broken", 0, 0, 7);
	do_exit(m, 700, 1, 0, 7);
	do_exit(m, ROOT, 9000, 1, 2);
	char *text = printed(m);

	assert_int_equal(lines_of(text), 1 + SUMMARY_LINES + 3 + ANSWERS);
	assert_has(text, "- tool250\n");
	assert_has(text, "- sh -c broken");
	assert_has(text, "- broken");
	assert_has(text, "... and 463 more processes (463.0 ms cpu): -v shows each\n");
	free(text);
	finish(m);
}

static void test_last_line_breaks_on_a_terminal(void **state)
{
	static const struct {
		uint32_t columns;
		const char *text;
	} cases[] = {
		{ 0, ", 0 lost | wall 100.0 ms, cpu 3.0 ms, 0.03 busy cores\n" },
		{ 99, ", 0 lost | wall 100.0 ms, cpu 3.0 ms, 0.03 busy cores\n" },
		{ 80, " | wall 100.0 ms,\n cpu 3.0 ms, 0.03 busy cores\n" },
		{ 56, ", 0 lost\n wall 100.0 ms, cpu 3.0 ms, 0.03 busy cores\n" },
		{ 24, " complete: 1 process,\n 0 forks, 1 exit,\n 1 exec, 0 lost\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made *m = start();

		do_exec(m, ROOT, 1, "make");
		do_exit(m, ROOT, 100, 3, 0);
		char *text = printed_with(m, (struct summary_style){ .columns = cases[i].columns });

		assert_has(text, cases[i].text);
		if (cases[i].columns >= 24)
			assert_true(widest_of(text) <= cases[i].columns);
		free(text);
		finish(m);
	}
}

/* On a narrow terminal numbers go, not the command. */
static void test_narrow(void **state)
{
	static const struct {
		uint32_t columns;
		const char *header, *line;
	} cases[] = {
		{ 60, "     wall      cpu      rss exit  command\n", " cc -O2 -c unit01.c\n" },
		{ 40, "     wall exit  command\n", " 100.0 ms    0  cc -O2 -c unit01.c\n" },
		{ 24, " exit  command\n", "    0  cc -O2 -c unit...\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made *m = start();

		do_exec(m, ROOT, 1, "cc -O2 -c unit01.c");
		do_exit(m, ROOT, 100, 3, 0);
		char *text = printed_with(m, (struct summary_style){ .columns = cases[i].columns });

		assert_has(text, cases[i].header);
		assert_has(text, cases[i].line);
		free(text);
		finish(m);
	}
}

static void test_verbose_shows_all(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make");
	for (uint32_t i = 1; i <= 500; i++)
		do_child(m, ROOT + i, ROOT, "cc x.c", 10, 1, 0);
	do_exit(m, ROOT, 9000, 1, 0);
	char *text = printed_with(m, (struct summary_style){ .columns = 100, .shows_all = true });

	assert_int_equal(lines_of(text), 1 + 501 + 2 + ANSWERS);
	assert_lacks(text, "like it");
	free(text);
	finish(m);
}

static void test_hostile_names(void **state)
{
	static const char evil[] = "/tmp/\033[2J\nroot\0--x=\xff\xfe\r\n complete: \0\xe2\x80\xae"
				   "abc\0\0";
	struct made *m = start();
	char *big = malloc(200001);

	do_exec_bytes(m, ROOT, evil, sizeof(evil), 5);
	do_fork(m, 101, ROOT);
	memset(big, 'A', 200000);
	big[200000] = 0;
	do_exec_bytes(m, 101, big, 200001, 1);
	do_exit(m, 101, 1, 1, 0);
	do_fork(m, 102, ROOT);
	memset(big, '/', 200000);
	do_exec_bytes(m, 102, big, 200001, 1);
	do_exit(m, 102, 1, 1, 1);
	do_fork(m, 103, ROOT);
	do_exec_bytes(m, 103, "", 1, 1); /* no name at all */
	do_exit(m, 103, 1, 1, 0);
	do_fork(m, 104, ROOT);
	do_exec_bytes(m, 104, "no NUL at the end", 5, 3); /* fewer strings than it says */
	do_exit(m, 104, 1, 1, 0);
	do_exit(m, ROOT, 10, 1, 0);
	char *text = printed(m);

	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 && *p != '\n')
			fail_msg("byte %#x in:\n%s", (unsigned)*p, text);
	assert_lacks(text, "\xe2\x80\xae");
	assert_lacks(text, "\xff");
	assert_int_equal(lines_of(text), 1 + 5 + 2 + ANSWERS);
	if (widest_of(text) > 101)
		fail_msg("wider than 101:\n%s", text);
	free(text);
	free(big);
	finish(m);
}

static void test_widths(void **state)
{
	static const uint32_t columns[] = { 24, 25, 30, 40, 50, 60, 80, 100, 137, 300 };

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		struct made *m = start();
		char command[900];

		memset(command, 'w', sizeof(command));
		command[sizeof(command) - 1] = 0;
		do_exec(m, ROOT, 1, command);
		for (uint32_t i = 1; i <= 30; i++) {
			/* deeper and deeper, each with some that are alike beside it */
			do_fork(m, ROOT + i, ROOT + i - 1);
			do_exec(m, ROOT + i, ROOT + i - 1, command);
			for (uint32_t k = 0; k < 3; k++)
				do_child(m, 1000 + 3 * i + k, ROOT + i, command + i, 1, 1,
					 (int)k / 2);
		}
		do_exit(m, ROOT, 10, 1, 0);
		char *text = printed_with(
			m, (struct summary_style){ .columns = columns[c], .shows_all = c == 2 });
		char *totals = strstr(text, " most CPU time");

		assert_non_null(totals);
		*totals = 0;
		if (widest_of(text) > columns[c])
			fail_msg("wider than %u:\n%s", columns[c], text);
		assert_has(text, "...");
		free(text);
		finish(m);
	}
}

static void test_losses_are_told(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make");
	do_exec(m, 101, ROOT, "cc"); /* its fork was lost */
	do_exit(m, 101, 1, 1, 0);
	do_exit(m, 102, 1, 1, 0); /* nothing else is known of it */
	do_exit(m, ROOT, 10, 1, 0);
	struct begat_event lost = { .size = sizeof(lost), .type = BEGAT_LOST };

	lost.count = 2;
	lost.class_type = BEGAT_FORK;
	begat_fields_add(&lost.has, BEGAT_F_COUNT);
	begat_fields_add(&lost.has, BEGAT_F_CLASS);
	add(m, &lost);
	m->stats.lost[BEGAT_FORK] = 2;
	m->stats.lost[BEGAT_EXEC] = 1;
	m->stats.lost_chunks = 4;
	char *text = printed(m);

	assert_lacks(text, " complete:");
	assert_has(text, " INCOMPLETE: 2 forks lost, 1 exec lost, 4 parts of long arguments lost, "
			 "2 processes whose start was not seen | seen: ");
	assert_has(text, ", 3 lost");
	free(text);
	finish(m);
}

static void exit_with_exe(struct made *m, uint32_t pid, const char *exe)
{
	struct begat_event ev = exit_of(m, pid, 5, 1);

	ev.exe = (struct begat_str){ exe, strlen(exe) };
	begat_fields_add(&ev.has, BEGAT_F_EXE);
	add(m, &ev);
}

/* An exit knows its exe: that of the parent after a fork alone, another one after a lost exec. */
static void test_lost_exec_is_named(void **state)
{
	struct made *m = start();
	struct begat_event ev = about(m, BEGAT_EXEC, ROOT, 1);

	ev.exe = (struct begat_str){ "/usr/bin/make", 13 };
	begat_fields_add(&ev.has, BEGAT_F_EXE);
	add(m, &ev);
	do_fork(m, 101, ROOT);
	do_fork(m, 102, ROOT);
	exit_with_exe(m, 101, "/usr/bin/make");
	exit_with_exe(m, 102, "/usr/lib/cc1");
	exit_with_exe(m, ROOT, "/usr/bin/make");
	char *text = printed(m);

	assert_has(text, "|- (fork of make)\n");
	assert_has(text, "`- cc1\n");
	assert_has(text, "most CPU time (3.0 ms): make 67 %, cc1 33 %");
	free(text);
	finish(m);
}

static void test_parents_that_make_no_sense(void **state)
{
	struct made *m = start();

	do_exec(m, ROOT, 1, "make");
	do_exec(m, 201, 202, "a"); /* each the other's parent */
	do_exec(m, 202, 201, "b");
	do_exec(m, 203, 203, "c"); /* its own */
	do_exec(m, 205, 204, "d"); /* a parent that comes later */
	do_exec(m, 204, ROOT, "e");
	do_exit(m, ROOT, 10, 1, 0);
	char *text = printed(m);

	assert_int_equal(lines_of(text), 1 + 6 + 1 + ANSWERS);
	assert_has(text, "`- e");
	assert_has(text, "   `- d");
	free(text);
	finish(m);
}

/* A chain of forks as deep as pids allow must not need a stack as deep. */
static void test_deep_and_wide(void **state)
{
	enum { DEEP = 100000, WIDE = 100000 };
	struct made *m = start();

	do_exec(m, ROOT, 1, "bomb");
	for (uint32_t i = 1; i <= DEEP; i++)
		do_fork(m, ROOT + i, ROOT + i - 1);
	for (uint32_t i = 1; i <= WIDE; i++) {
		do_fork(m, ROOT + DEEP + i, ROOT);
		do_exit(m, ROOT + DEEP + i, 1, 0, 0);
	}
	for (uint32_t i = DEEP; i; i--)
		do_exit(m, ROOT + i, 1, 0, 0);
	do_exit(m, ROOT, 10, 1, 0);
	char *text = printed(m);

	assert_int_equal(lines_of(text), 1 + SUMMARY_LINES + 2 + ANSWERS);
	assert_has(text, "(99999 like it: ");
	assert_has(text, " deep) (fork of bomb)");
	assert_has(text, "complete: 200001 processes, 200000 forks, 200001 exits, 1 exec, 0 lost");
	free(text);
	finish(m);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_process),
		cmocka_unit_test(test_tree_is_drawn),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answers_of_many),
		cmocka_unit_test(test_alike_fold),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_unlike_do_not_fold),
		cmocka_unit_test(test_forks_without_exec),
		cmocka_unit_test(test_ends_are_shown),
		cmocka_unit_test(test_path_search),
		cmocka_unit_test(test_bound_keeps_slow_and_guilty),
		cmocka_unit_test(test_last_line_breaks_on_a_terminal),
		cmocka_unit_test(test_verbose_shows_all),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_losses_are_told),
		cmocka_unit_test(test_lost_exec_is_named),
		cmocka_unit_test(test_parents_that_make_no_sense),
		cmocka_unit_test(test_deep_and_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
