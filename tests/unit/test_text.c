/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_text.c - the table for people: columns, results, the cut, hostile text, colours.
 */
#include "sink_help.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/utf8.h"

#define HEADER "TIME             EVENT    PID    PPID  USER  RESULT   AFTER      COMMAND\n"
#define NOBODY_HERE 3999999999u /* a uid without a name */

static struct begat_event at_work(enum begat_event_type type)
{
	struct begat_event ev = new_event(type);

	HAS(&ev, TIME), HAS(&ev, PID), HAS(&ev, PPID), HAS(&ev, UID), HAS(&ev, COMM);
	ev.time_ns = 1700000000123456789ull;
	ev.tgid = 41234;
	ev.parent_tgid = 41230;
	ev.comm = LITERAL("make");
	return ev;
}

static char *text_of(const struct begat_event *ev, struct begat_sink_options opts)
{
	opts.utc = true;
	return sink_output("text", &opts, ev, 1, NULL);
}

static void check(const struct begat_event *ev, const char *expected)
{
	char *text = text_of(ev, (struct begat_sink_options){ 0 });

	assert_memory_equal(text, HEADER, strlen(HEADER));
	assert_string_equal(text + strlen(HEADER), expected);
	free(text);
}

static void exec(void **state)
{
	struct begat_event ev = at_work(BEGAT_EXEC);

	HAS(&ev, ARGV), HAS(&ev, FORK_TO_EXEC);
	ev.argv = LITERALS("cc1\0-quiet\0lapi c.c", 3);
	ev.fork_to_exec_ns = 312999;
	check(&ev, "22:13:20.123456  exec   41234   41230  root  -        312 us     "
		   "cc1 -quiet 'lapi c.c'\n");
	HAS(&ev, ARGV_TRUNCATED);
	ev.argv_truncated = true;
	ev.uid = NOBODY_HERE;
	check(&ev, "22:13:20.123456  exec   41234   41230  3999999999  -  312 us     "
		   "cc1 -quiet 'lapi c.c' [cut]\n");
	HAS(&ev, ARGV_REWRITTEN);
	ev.argv_truncated = false;
	ev.argv_rewritten = true;
	ev.argv = LITERALS("sshd: root@pts/0", 1);
	check(&ev, "22:13:20.123456  exec   41234   41230  3999999999  -  312 us     "
		   "'sshd: root@pts/0' [title]\n");
	ev = at_work(BEGAT_EXEC);
	HAS(&ev, EXE);
	ev.exe = LITERAL("/usr/bin/true");
	ev.tgid = ev.parent_tgid = 4194304;
	check(&ev, "22:13:20.123456  exec 4194304 4194304  root  -        -          "
		   "/usr/bin/true\n");
	(void)state;
}

static void failed(void **state)
{
	struct begat_event ev = at_work(BEGAT_EXEC_FAILED);

	HAS(&ev, ARGV), HAS(&ev, FILENAME), HAS(&ev, ERRNO), HAS(&ev, REPEATS);
	ev.filename = LITERAL("/usr/local/bin/ld");
	ev.argv = LITERALS("ld\0-v", 2);
	ev.error = 2;
	check(&ev, "22:13:20.123456  fail   41234   41230  root  ENOENT   -          "
		   "/usr/local/bin/ld -v\n");
	ev.error = 36;
	ev.repeats = 4;
	check(&ev, "22:13:20.123456  fail   41234   41230  root  ENAMETOOLONG  -     "
		   "/usr/local/bin/ld -v (and 4 more like it)\n");
	HAS(&ev, FD_PATH), HAS(&ev, MISSING);
	ev.filename = LITERAL("/dev/fd/5/ld");
	ev.error = 2;
	ev.repeats = 0;
	ev.fd_path = LITERAL("/usr/my bin");
	ev.missing_interpreter = LITERAL("/bin/sh\r");
	check(&ev, "22:13:20.123456  fail   41234   41230  root  ENOENT   -          "
		   "/dev/fd/5/ld -v [descriptor of '/usr/my bin'] [interpreter $'/bin/sh\\r' is "
		   "missing]\n");
	(void)state;
}

static void exits(void **state)
{
	struct begat_event ev = at_work(BEGAT_EXIT);

	HAS(&ev, EXIT_CODE), HAS(&ev, SIGNAL), HAS(&ev, DURATION);
	ev.duration_ns = 222222222;
	check(&ev, "22:13:20.123456  exit   41234   41230  root  0        222.2 ms   make\n");
	ev.exit_code = 2;
	check(&ev, "22:13:20.123456  exit   41234   41230  root  2        222.2 ms   make\n");
	ev = at_work(BEGAT_EXIT);
	HAS(&ev, SIGNAL), HAS(&ev, CORE_DUMPED), HAS(&ev, KILLED_BY);
	ev.signal = 11;
	ev.core_dumped = true;
	ev.killed_by_tgid = 7;
	ev.killed_by_comm = LITERAL("ba\x1bsh");
	check(&ev, "22:13:20.123456  exit   41234   41230  root  SIGSEGV+core  -     "
		   "make [by ba\\x1bsh 7]\n");
	ev.signal = 9;
	ev.core_dumped = false;
	ev.killed_by_oom = true;
	check(&ev, "22:13:20.123456  exit   41234   41230  root  SIGKILL  -          "
		   "make [out of memory]\n");
	(void)state;
}

static void fork_lost_and_there(void **state)
{
	struct begat_event ev = at_work(BEGAT_FORK);

	check(&ev, "22:13:20.123456  fork   41234   41230  root  -        -          make\n");
	HAS(&ev, SYNTHETIC);
	ev.synthetic = true;
	check(&ev, "22:13:20.123456  fork   41234   41230  root  -        -          "
		   "make [made up after a loss]\n");
	ev = new_event(BEGAT_SNAPSHOT);
	check(&ev, "-                there      -       -  -     -        -          \n");
	ev = new_event(BEGAT_LOST);
	HAS(&ev, TIME), HAS(&ev, COUNT), HAS(&ev, CLASS), HAS(&ev, CPU);
	ev.count = 5134;
	ev.class_type = BEGAT_EXEC;
	ev.lost_cpu = 3;
	check(&ev, "00:00:00.000000  lost 5,134 exec events here, on CPU 3\n");
	ev.has.bits[0] &= ~(1ull << BEGAT_F_CPU); /* lost on the way to a file */
	check(&ev, "00:00:00.000000  lost 5,134 exec events here\n");
	(void)state;
}

static void summaries(void **state)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	struct begat_event ev = new_event(BEGAT_SUMMARY);
	char *text;

	ev.stats = &stats;
	stats.generated[BEGAT_FORK] = stats.received[BEGAT_FORK] = 5134;
	stats.generated[BEGAT_EXIT] = stats.received[BEGAT_EXIT] = 1;
	text = text_of(&ev, (struct begat_sink_options){ 0 });
	assert_string_equal(text,
			    "complete: 5,134 forks, 1 exit, 0 execs, 0 failed execs, 0 lost\n");
	free(text);
	stats.lost[BEGAT_EXEC] = 10;
	stats.generated[BEGAT_EXEC] = 11;
	stats.lost[BEGAT_EXIT] = 1;
	stats.generated[BEGAT_EXIT] = 2;
	stats.missed = 1;
	stats.lost_chunks = 2;
	text = text_of(&ev, (struct begat_sink_options){ .columns = 20 });
	assert_string_equal(text, "incomplete: 5,134 forks, 2 exits, 11 execs, 0 failed execs, "
				  "11 lost (10 exec, 1 exit), 2 parts of argv or env lost, "
				  "1 hook run missed, 1 event not accounted for\n");
	free(text);
	(void)state;
}

static uint32_t width_of(const char *text, size_t len)
{
	uint32_t width = 0;

	for (size_t at = 0; at < len;) {
		uint32_t c;
		size_t n = utf8_next(text + at, len - at, &c);

		assert_true(n > 0);
		assert_false(utf8_is_unsafe(c));
		width += (uint32_t)utf8_width(c);
		at += n;
	}
	return width;
}

/* Lines of every kind of text, at every width: never wider, never without the ellipsis. */
static void cut_to_width(void **state)
{
	static const char *const texts[] = {
		"short",
		"a long command that goes on and on until nothing fits any more, whatever it is",
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
		"\x1b[2J\x1b[H\x07\xc2\x9b\xff\xe2\x80\xae gpj.exe\nroot login",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (uint32_t columns = 1; columns < 140; columns++) {
			struct begat_event ev = at_work(BEGAT_EXEC);
			char *text, *line, *whole;
			size_t len, whole_len;

			HAS(&ev, ARGV);
			ev.argv = (struct begat_strv){ texts[i], strlen(texts[i]) + 1, 1, 0 };
			whole = text_of(&ev,
					(struct begat_sink_options){ .column_names = "command" });
			memmove(whole, strchr(whole, '\n') + 1, strlen(strchr(whole, '\n')));
			whole_len = strlen(whole) - 1;
			text = text_of(&ev, (struct begat_sink_options){ .columns = columns });
			line = strchr(text, '\n') + 1;
			assert_true(width_of(text, (size_t)(line - 1 - text)) <= columns);
			len = strcspn(line, "\n");
			assert_int_equal(strlen(line), len + 1);
			assert_true(width_of(line, len) <= columns);
			if (len < whole_len || memcmp(line + len - whole_len, whole, whole_len)) {
				assert_in_range(width_of(line, len), columns - 1, columns);
				assert_memory_equal(line + len - 3, "\xe2\x80\xa6", 3);
			}
			free(text);
			free(whole);
		}
	}
	(void)state;
}

/* The command has half of the line, from 40 columns on; what is left out goes in a fixed order. */
static void columns_by_width(void **state)
{
	static const struct {
		uint32_t columns;
		const char *text;
	} cases[] = {
		{ 40, "EVENT    PID RESULT COMMAND\n"
		      "exec   41234 -      cc1 -quiet -O2 lapi\xe2\x80\xa6\n" },
		{ 60, "TIME     EVENT    PID RESULT  COMMAND\n"
		      "22:13:20 exec   41234 -       cc1 -quiet -O2 lapi.c -o lapi\xe2\x80\xa6\n" },
		{ 80, "TIME         EVENT    PID USER RESULT  COMMAND\n"
		      "22:13:20.123 exec   41234 root -       cc1 -quiet -O2 lapi.c -o lapi.o\n" },
		{ 120, "TIME         EVENT    PID    PPID USER RESULT  AFTER    COMMAND\n"
		       "22:13:20.123 exec   41234   41230 root -       312 us   "
		       "cc1 -quiet -O2 lapi.c -o lapi.o\n" },
		{ 200, HEADER "22:13:20.123456  exec   41234   41230  root  -        312 us     "
			      "cc1 -quiet -O2 lapi.c -o lapi.o\n" },
	};
	struct begat_event ev = at_work(BEGAT_EXEC);

	HAS(&ev, ARGV), HAS(&ev, FORK_TO_EXEC);
	ev.argv = LITERALS("cc1\0-quiet\0-O2\0lapi.c\0-o\0lapi.o", 6);
	ev.fork_to_exec_ns = 312000;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text =
			text_of(&ev, (struct begat_sink_options){ .columns = cases[i].columns });

		assert_string_equal(text, cases[i].text);
		free(text);
	}
	/* A number without a name is whole, and its column grows for good: another column goes. */
	ev.uid = NOBODY_HERE;
	char *text = text_of(&ev, (struct begat_sink_options){ .columns = 80 });

	assert_non_null(strstr(text, "22:13:20 exec   41234 -       cc1 "));
	free(text);
	text = text_of(&ev, (struct begat_sink_options){ .columns = 120 });
	assert_non_null(strstr(text, "22:13:20.123 exec   41234 3999999999 -       312 us   cc1 "));
	free(text);
}

/* Columns by name; a text between others is cut on a terminal, and only there. */
static void own_columns(void **state)
{
	struct begat_event ev = at_work(BEGAT_EXEC);
	struct begat_sink_options opts = { .column_names = "exe,uid,pid,argv" };
	char error[512], *text;

	HAS(&ev, ARGV), HAS(&ev, EXE);
	ev.argv = LITERALS("a\0b c", 2);
	ev.exe = LITERAL("/usr/lib/gcc/x86_64-linux-gnu/12/cc1");
	text = text_of(&ev, opts);
	assert_non_null(strstr(text, "\n/usr/lib/gcc/x86_64-linux-gnu/12/cc1 0 41234  a 'b c'\n"));
	free(text);
	opts.columns = 80;
	text = text_of(&ev, opts);
	assert_non_null(strstr(text, "\n/usr/lib/gcc/x86_64-lin\xe2\x80\xa6        0    41234  "
				     "a 'b c'\n"));
	free(text);
	assert_int_equal(begat_sink_check_columns("pid,max_rss,user", error, sizeof(error)), 0);
	assert_int_equal(begat_sink_check_columns("pid,nosuch", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "'nosuch': there are time, event, pid"));
	assert_int_equal(begat_sink_check_columns("pid,,uid", NULL, 0), -EINVAL);
	assert_int_equal(begat_sink_check_columns("", NULL, 0), -EINVAL);
}

/* A replay says its date first; a live stream when it enters another day. */
static void dates(void **state)
{
	struct begat_event events[2] = { at_work(BEGAT_FORK), at_work(BEGAT_FORK) };
	struct begat_sink_options opts = { .utc = true };
	char *text;

	events[1].time_ns += 2 * 3600 * 1000000000ull;
	text = sink_output("text", &opts, events, 2, NULL);
	assert_memory_equal(text, HEADER, strlen(HEADER));
	assert_null(strstr(text, "2023-11-14"));
	assert_non_null(strstr(text, "make\n2023-11-15 UTC\n00:13:20.123456  fork"));
	free(text);
	opts.is_dated = true;
	text = sink_output("text", &opts, events, 1, NULL);
	assert_memory_equal(text, "2023-11-14 UTC\n" HEADER, 15 + strlen(HEADER));
	free(text);
	/* Local time says how far it is from UTC. */
	setenv("TZ", "XXX-5:30", 1);
	tzset();
	opts.utc = false;
	text = sink_output("text", &opts, events, 1, NULL);
	assert_memory_equal(text, "2023-11-15 UTC+05:30\n", 21);
	assert_non_null(strstr(text, "\n03:43:20.123456"));
	free(text);
	unsetenv("TZ");
	tzset();
}

static void hostile_text_cannot_forge(void **state)
{
	static const char evil[] = "x\n08:15:02.123456  exec   1  1  "
				   "root\r\x1b]0;title\x07\x1b[31m\xc2\x85\xe2\x80\xa8";
	struct begat_event ev = at_work(BEGAT_EXEC_FAILED);
	char *text;

	HAS(&ev, FILENAME), HAS(&ev, ARGV), HAS(&ev, ERRNO);
	ev.error = 2;
	ev.filename = LITERAL(evil);
	ev.argv = LITERALS(evil, 1);
	text = text_of(&ev, (struct begat_sink_options){ 0 });
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\r'));
	assert_null(strchr(text, '\x07'));
	assert_ptr_equal(strchr(strchr(text, '\n') + 1, '\n'), text + strlen(text) - 1);
	width_of(text + strlen(HEADER), strlen(text) - strlen(HEADER) - 1);
	free(text);
	(void)state;
}

/* On a terminal every colour ends before the line does, also when the line is cut. */
static void colours_end(void **state)
{
	struct begat_event ev = at_work(BEGAT_EXIT);

	HAS(&ev, SIGNAL), HAS(&ev, ARGV);
	ev.signal = 11;
	ev.argv = LITERALS("a command of some length, to be cut", 1);
	for (uint32_t columns = 0; columns < 120; columns++) {
		char *text = text_of(&ev, (struct begat_sink_options){ .is_terminal = true,
								       .columns = columns });
		bool on = false;

		for (const char *p = text; *p; p++) {
			if (*p == '\n')
				assert_false(on);
			if (*p == '\x1b')
				on = strncmp(p, "\x1b[0m", 4) != 0;
		}
		free(text);

		text = text_of(&ev, (struct begat_sink_options){ .is_terminal = true,
								 .no_color = true,
								 .columns = columns });
		assert_null(strchr(text, '\x1b'));
		free(text);
	}
	(void)state;
}

static void redacted(void **state)
{
	struct begat_event ev = at_work(BEGAT_EXEC);
	char *text;

	HAS(&ev, ARGV);
	ev.argv = LITERALS("app\0--token\0hunter2", 3);
	text = text_of(&ev, (struct begat_sink_options){ .redact = true });
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "app --token '[redacted]'"));
	free(text);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exec),
		cmocka_unit_test(failed),
		cmocka_unit_test(exits),
		cmocka_unit_test(fork_lost_and_there),
		cmocka_unit_test(summaries),
		cmocka_unit_test(cut_to_width),
		cmocka_unit_test(columns_by_width),
		cmocka_unit_test(own_columns),
		cmocka_unit_test(dates),
		cmocka_unit_test(hostile_text_cannot_forge),
		cmocka_unit_test(colours_end),
		cmocka_unit_test(redacted),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
