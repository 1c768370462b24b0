/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_filter.c - the language of --where: grammar, types, errors, ancestors, push-down.
 */
#include "sink_help.h"

#include <begat/filter.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>

#include "filter/ast.h"
#include "filter/pushdown.h"

static struct begat_filter *parse(const char *text)
{
	struct begat_filter *filter = NULL;
	char error[256] = "";

	if (begat_filter_parse(text, &filter, error, sizeof(error)) != 0)
		fail_msg("%s: %s", text, error);
	return filter;
}

static bool is_match(const char *text, const struct begat_event *ev,
		     const struct begat_lineage *lineage)
{
	struct begat_filter *filter = parse(text);
	bool result = begat_filter_match(filter, ev, lineage);

	begat_filter_free(filter);
	return result;
}

/* What of each line is true of the event. */
static void check_all(const struct begat_event *ev, const char *const *texts, bool expected)
{
	for (; *texts; texts++) {
		if (is_match(*texts, ev, NULL) != expected)
			fail_msg("%s: should be %s", *texts, expected ? "true" : "false");
	}
}

static struct begat_event exec_event(void)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	static const uint32_t pids[] = { 500, 7, 1 };

	HAS(&ev, PID), HAS(&ev, UID), HAS(&ev, LOGINUID), HAS(&ev, EXE), HAS(&ev, ARGV);
	HAS(&ev, CWD), HAS(&ev, ENV), HAS(&ev, PIDS), HAS(&ev, NS), HAS(&ev, ID), HAS(&ev, TIME);
	HAS(&ev, FORK_TO_EXEC), HAS(&ev, SYNTHETIC), HAS(&ev, CAPS);
	ev.tgid = 500;
	ev.uid = 1000;
	ev.loginuid = UINT32_MAX;
	ev.exe = LITERAL("/usr/bin/gcc");
	ev.argv = LITERALS("gcc\0-c\0a b.c", 3);
	ev.cwd = LITERAL("/tmp/x y");
	ev.env = LITERALS("PATH=/bin\0HOME=/root\0PATH_X=1", 3);
	ev.pids = pids;
	ev.pids_count = 3;
	ev.ns[BEGAT_NS_PID] = 4026531836u;
	ev.id = 0xabc;
	ev.time_ns = 1700000000500000000ull; /* 2023-11-14T22:13:20.5Z */
	ev.fork_to_exec_ns = 1500000;
	return ev;
}

static void of_an_exec(void **state)
{
	static const char *const yes[] = {
		"event == exec",
		"event != exit",
		"event==exec",
		"uid == 1000",
		"uid != 0",
		"uid == 0x3e8",
		"uid > 999 and uid < 1001",
		"uid >= 1000 and uid <= 1000",
		"uid > -1",
		"exe == /usr/bin/gcc",
		"exe == \"/usr/bin/gcc\"",
		"exe == '/usr/bin/gcc'",
		"exe ~ */gcc",
		"exe ~ \"*/gcc\"",
		"exe !~ *clang",
		"exe =~ ^/usr/(local/)?bin/g[c+]+$",
		"(exe =~ ^/usr/(local/)?bin/(gcc|cc)$)",
		"exe =~ \"/gcc$\"",
		"event == exec and uid == 1000 and exe ~ \"*/gcc\" and not cwd ~ \"/var/*\"",
		"not (uid == 0 or uid == 1)",
		"! uid == 0 && !(uid == 1) || uid == 7",
		"uid == 0 or uid == 1000 and event == exec",
		"argv == \"gcc -c a b.c\"",
		"argv ~ \"gcc *b.c\"",
		"argv =~ \" -c \"",
		"argv[0] == gcc",
		"argv[2] == 'a b.c'",
		"not argv[3] ~ *",
		"env.HOME == /root",
		"env.PATH == /bin",
		"env.PATH_X == 1",
		"not env.NOPE ~ *",
		"env ~ *HOME=/root*",
		"pids == 7",
		"pids == 500",
		"pids != 8",
		"pids[0] == 500",
		"pids[2] == 1",
		"ns.pid == 4026531836",
		"not ns.mnt == 0",
		"id == abc",
		"id == 0000000000000abc",
		"id == 0xABC",
		"id != 1",
		"cap_effective == 0",
		"time > 2023-11-14",
		"time >= 2023-11-14T22:13:20.5Z and time <= \"2023-11-14T22:13:20.500\"",
		"time < 2023-11-14T22:14",
		"fork_to_exec == 1.5ms",
		"fork_to_exec_ns == 1500000",
		"fork_to_exec > 1499us and fork_to_exec < 1s",
		"exe",
		"not synthetic",
		"synthetic == false",
		"cwd == '/tmp/x y'",
		"cwd == \"/tmp/x y\"",
		"ns",
		NULL,
	};
	static const char *const no[] = {
		"event == exit",
		"uid == 0",
		"uid < 0",
		"uid == -1",
		"exe ~ gcc",
		"exe == gcc",
		"exe =~ ^gcc",
		"exe !~ */gcc",
		"synthetic",
		"loginuid == 4294967295", /* null in JSON: not set */
		"loginuid != 0",
		"argv[3] == x",
		"argv[4000000000] != x",
		"pids == 8",
		"pids != 7",
		"pids[3] != 0",
		"ns.mnt != 7",
		"env.HO == /root",
		"uid == 0 or uid == 1000 and event == exit",
		"(uid == 0 or uid == 1000) and event == exit",
		/* absent: false whatever is asked */
		"exit_code == 0",
		"exit_code != 0",
		"duration < 1h",
		"signal",
		"signal != SIGKILL",
		"comm == ''",
		"comm ~ *",
		"comm !~ x",
		"killed_by",
		"killed_by.pid == 0",
		"under(1)",
		"ancestor(uid == 0)",
		NULL,
	};
	struct begat_event ev = exec_event();

	check_all(&ev, yes, true);
	check_all(&ev, no, false);
	(void)state;
}

static void of_an_exit(void **state)
{
	static const char *const yes[] = {
		"signal == SIGKILL",
		"signal == KILL",
		"signal == 9",
		"signal != SIGTERM",
		"signal",
		"killed_by",
		"killed_by.pid == 77",
		"killed_by.comm == bash",
		"killed_by.oom",
		"killed_by.oom == true",
		"not killed_by.id == 0",
		"core_dumped == false",
		"max_rss > 64MiB",
		"max_rss_bytes == 0.5GiB",
		"max_rss < 1GB",
		"max_rss == 524288KiB",
		"max_rss >= 536870912B",
		"duration > 10ms and duration < 1m and duration == 20s",
		"duration_ns == 20000000000",
		"not exit_code == 0",
		"short_lived",
		"minor_faults == 18446744073709551615",
		NULL,
	};
	struct begat_event ev = new_event(BEGAT_EXIT);

	HAS(&ev, SIGNAL), HAS(&ev, CORE_DUMPED), HAS(&ev, KILLED_BY), HAS(&ev, MAX_RSS);
	HAS(&ev, DURATION), HAS(&ev, SHORT_LIVED), HAS(&ev, MINOR_FAULTS);
	ev.signal = 9;
	ev.killed_by_tgid = 77;
	ev.killed_by_comm = LITERAL("bash");
	ev.killed_by_oom = true;
	ev.max_rss_bytes = 512ull << 20;
	ev.duration_ns = 20000000000ull;
	ev.short_lived = true;
	ev.minor_faults = UINT64_MAX;
	check_all(&ev, yes, true);

	static const char *const normal[] = {
		"not signal",	  "not signal == SIGKILL", "not signal != SIGKILL",
		"exit_code == 1", "exit_code > 0",	   NULL,
	};

	HAS(&ev, EXIT_CODE);
	ev.signal = 0;
	ev.exit_code = 1;
	check_all(&ev, normal, true);
	(void)state;
}

static void of_others(void **state)
{
	static const char *const failed[] = {
		"event == exec_failed", "errno == ENOENT", "errno == 2", "errno_number < 3",
		"errno != EACCES",	"errno",	   NULL,
	};
	static const char *const lost[] = { "event == lost", "class == exit", "count >= 5",
					    "cpu == 3", NULL };
	struct begat_event ev = new_event(BEGAT_EXEC_FAILED);

	HAS(&ev, ERRNO);
	ev.error = 2;
	check_all(&ev, failed, true);
	ev = new_event(BEGAT_LOST);
	HAS(&ev, COUNT), HAS(&ev, CLASS), HAS(&ev, CPU);
	ev.count = 5;
	ev.class_type = BEGAT_EXIT;
	ev.lost_cpu = 3;
	check_all(&ev, lost, true);
	(void)state;
}

/* Long argv: no limit, no square. */
static void long_argv(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	size_t size = 2 * 1024 * 1024;
	char *data = malloc(size);

	assert_non_null(data);
	memset(data, 'a', size);
	data[size - 1] = '\0';
	data[1000] = '\0';
	data[size - 3] = 'z';
	HAS(&ev, ARGV);
	ev.argv = (struct begat_strv){ data, size, 2, 0 };
	alarm(20);
	assert_true(is_match("argv ~ *za", &ev, NULL));
	assert_true(is_match("argv ~ \"*a a*z*\"", &ev, NULL));
	assert_false(is_match("argv ~ *a*a*a*a*a*a*a*a*b", &ev, NULL));
	assert_true(is_match("argv =~ za$", &ev, NULL));
	alarm(0);
	free(data);
	(void)state;
}

/* Matches @text on an argv of @bytes that repeats @unit. Returns how many events were undecided. */
static uint64_t undecided(const char *text, const char *unit, size_t bytes, bool *ret_match)
{
	struct begat_filter *filter = parse(text);
	struct begat_event ev = new_event(BEGAT_EXEC);
	struct begat_filter_counts counts = { .size = sizeof(counts) };
	char *data = malloc(bytes);

	assert_non_null(data);
	for (size_t i = 0; i < bytes; i++)
		data[i] = unit[i % strlen(unit)];
	data[bytes - 1] = '\0';
	HAS(&ev, ARGV);
	ev.argv = (struct begat_strv){ data, bytes, 1, 0 };
	*ret_match = begat_filter_match(filter, &ev, NULL);
	begat_filter_counts(filter, &counts);
	assert_int_equal(counts.tested, 1);
	assert_int_equal(counts.matched, *ret_match);
	begat_filter_free(filter);
	free(data);
	return counts.undecided;
}

/* A process chooses its argv: whatever it is, an answer comes, or the event is counted. */
static void hostile_argv(void **state)
{
	bool is_match_now;
	char stars[600] = "argv ~ '";

	assert_int_equal(undecided("argv =~ '(x+x+)+y'", "x", 1966080, &is_match_now), 0);
	assert_false(is_match_now);
	assert_int_equal(
		undecided("argv =~ '(x+x+)+y' or argv =~ 'xx'", "x", 1966080, &is_match_now), 0);
	assert_true(is_match_now);
	assert_int_equal(undecided("argv ~ *x*x*x*x*y", "x", 1966080, &is_match_now), 0);
	assert_false(is_match_now);
	/* More than the budget: false, also under `not`, and counted. */
	assert_int_equal(undecided("argv =~ '[ab]*a[ab]{900}z'", "abbab", 1966080, &is_match_now),
			 1);
	assert_false(is_match_now);
	assert_int_equal(
		undecided("not argv =~ '[ab]*a[ab]{900}z'", "abbab", 1966080, &is_match_now), 1);
	assert_false(is_match_now);
	memset(stars + strlen(stars), 'x', 400);
	strcat(stars, "y*'");
	stars[8] = '*';
	assert_int_equal(undecided(stars, "x", 1966080, &is_match_now), 1);
	assert_false(is_match_now);
	(void)state;
}

/* Names of the screen, of the SQL tables and of other tools; lists, names of users, units. */
static void words(void **state)
{
	static const char *const of_exec[] = {
		"command ~ \"gcc*\"",
		"cmdline == 'gcc -c a b.c'",
		"args =~ b.c",
		"user == 1000",
		"user != root",
		"uid in (0, 1000)",
		"uid not in (0, 1,2)",
		"not uid in (0, 1)",
		"uid in (root,1000)",
		"event in (exec, exit)",
		"exe in (/bin/x, '/usr/bin/gcc')",
		"exe in (\"/usr/bin/gcc\")",
		"argv[0] in (cc, gcc)",
		"env.HOME in (/root,/x)",
		"pids in (3, 7)",
		"pids not in (3, 4)",
		"path ~ */gcc",
		"dir == '/tmp/x y'",
		"not fail",
		"not failed",
		"(uid in (1000)) and event == exec",
		"type == exec",
		"after == 1500us",
		"AFTER < 1s and EVENT == exec",
		"PROGRAM ~ */gcc",
		"exe in (a, b) or uid == 1000",
		NULL,
	};
	static const char *const of_failed_exit[] = {
		"fail",
		"failed",
		"fail == true",
		"not fail == false",
		"result == 3",
		"result != 0",
		"result != ok",
		"result in (1, 3)",
		"result in (ENOENT, SIGKILL, 3)",
		"result not in (0, SIGTERM)",
		"status == 3",
		"rc == 3",
		"exit_status in (3)",
		"exit == 3",
		"rss > 8M",
		"max_rss == 16MiB",
		"rss >= 16384K",
		"cpu > 10ms",
		"cpu == 30ms",
		"cpu == 2",
		"cpu in (1, 2)",
		"cpu_time == 30ms",
		"cpu_ns == 30000000",
		"cpu_s == 0.03",
		"cpu_s < 1",
		"wall > 1s",
		"after > 1s",
		"AFTER == 2s",
		"RESULT == 3",
		"USER == root AND NOT fail == FALSE OR UID IN (7)",
		"program ~ x OR event == exit",
		"wall_s == 2",
		"wall_s > 1.5",
		"elapsed < 1m",
		"user == root",
		"group == root",
		"euid == root",
		"egid in (root, 5)",
		"name == make",
		NULL,
	};
	struct begat_event ev = exec_event();

	check_all(&ev, of_exec, true);
	ev = new_event(BEGAT_EXIT);
	HAS(&ev, EXIT_CODE), HAS(&ev, MAX_RSS), HAS(&ev, UTIME), HAS(&ev, STIME), HAS(&ev, CPU);
	HAS(&ev, DURATION), HAS(&ev, UID), HAS(&ev, GID), HAS(&ev, EUID), HAS(&ev, EGID);
	HAS(&ev, COMM), HAS(&ev, SIGNAL);
	ev.exit_code = 3;
	ev.max_rss_bytes = 16ull << 20;
	ev.utime_ns = 10000000;
	ev.stime_ns = 20000000;
	ev.cpu = 2;
	ev.duration_ns = 2000000000;
	ev.comm = LITERAL("make");
	check_all(&ev, of_failed_exit, true);

	static const char *const killed[] = { "fail",	     "result == SIGKILL", "result == KILL",
					      "result != 0", "not result == 3",	  NULL };

	ev = new_event(BEGAT_EXIT);
	HAS(&ev, SIGNAL);
	ev.signal = 9;
	check_all(&ev, killed, true);
	(void)state;
}

/* What a kernel checks stays exact, whatever the words are. */
static void words_are_pushed(void **state)
{
	static const struct {
		const char *text;
		uint32_t events, uids_count;
	} cases[] = {
		{ "user == root", BEGAT_EVENTS_ALL, 1 },
		{ "uid in (root, 7, 8)", BEGAT_EVENTS_ALL, 3 },
		{ "uid not in (0, 7)", BEGAT_EVENTS_ALL, 0 },
		{ "event in (exec, exit)",
		  BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXIT), 0 },
		{ "cpu > 10ms", BEGAT_EVENT_BIT(BEGAT_EXIT), 0 },
		{ "cpu == 3", BEGAT_EVENTS_ALL, 0 },
		{ "after > 1s", BEGAT_EVENT_BIT(BEGAT_EXEC) | BEGAT_EVENT_BIT(BEGAT_EXIT), 0 },
		{ "fail", BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) | BEGAT_EVENT_BIT(BEGAT_EXIT), 0 },
		{ "result == ENOENT", BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED), 0 },
		{ "result != 0", BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) | BEGAT_EVENT_BIT(BEGAT_EXIT),
		  0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_pushdown push;
		struct begat_filter *filter = parse(cases[i].text);

		filter_pushable(filter, &push);
		if (push.events != cases[i].events || push.uids_count != cases[i].uids_count)
			fail_msg("%s: events %#x, %u users", cases[i].text, push.events,
				 push.uids_count);
		begat_filter_free(filter);
	}
	(void)state;
}

static void suspicions(void **state)
{
	static const struct {
		const char *text, *part; /* NULL: there is none */
	} cases[] = {
		{ "exe == gcc", "`gcc` has no slash: it is never true; exe ~ \"*/gcc\"" },
		{ "exe != gcc", "always true" },
		{ "exe in (gcc, /bin/x)", "`gcc` has no slash" },
		{ "argv ~ hello", "did you mean argv ~ \"*hello*\"" },
		{ "command ~ \"hello\"", "did you mean command ~ \"*hello*\"" },
		{ "comm == systemd-journald", "at most 15 bytes" },
		{ "name == systemd-journald", "`systemd-journal` is what it would be" },
		{ "exit_code == 256", "exit_code is from 0 to 255: the comparison is never true" },
		{ "uid == -1", "never true" },
		{ "uid < 0", "never true" },
		{ "duration < 0s", "never negative" },
		{ "event == exec and exit_code == 0", "no kind of event" },
		{ "event == exec and event == exit", "no kind of event" },
		{ "tty == /dev/pts/0", "no /dev/" },
		{ "container == 0123456789ab", "container ~ \"0123456789ab*\"" },
		{ "exe == /bin/gcc", NULL },
		{ "exe ~ */gcc", NULL },
		{ "exe ~ /bin/*", NULL },
		{ "comm == systemd-journal", NULL },
		{ "argv ~ *hello*", NULL },
		{ "argv =~ hello", NULL },
		{ "argv[0] ~ '[ab]c'", NULL },
		{ "uid == 0 and exit_code != 0", NULL },
		{ "exit_code == 255", NULL },
		{ "uid > -1", NULL },
		{ "filename == gcc", NULL },
		{ "container == web", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct begat_filter *filter = parse(cases[i].text);
		const char *warning = begat_filter_warning(filter, 0);

		if (!warning != !cases[i].part || (warning && !strstr(warning, cases[i].part)))
			fail_msg("%s: %s", cases[i].text, warning ? warning : "nothing");
		assert_null(begat_filter_warning(filter, 1));
		begat_filter_free(filter);
	}
	(void)state;
}

static void errors(void **state)
{
	static const char *const cases[][2] = {
		{ "uid == 0 and exxe == 1",
		  "unknown field `exxe` at column 14; did you mean `exe`?" },
		{ "exxe", "unknown field `exxe` at column 1; did you mean `exe`?" },
		{ "(((exxe)))", "unknown field `exxe` at column 4; did you mean `exe`?" },
		{ "flename == x", "unknown field `flename` at column 1; did you mean `filename`?" },
		{ "durration > 1s",
		  "unknown field `durration` at column 1; did you mean `duration`?" },
		{ "EXXE == x", "unknown field `EXXE` at column 1; did you mean `exe`?" },
		{ "usr == root", "unknown field `usr` at column 1; did you mean `user`?" },
		{ "START > 5",
		  "no event has `START` (column 1): events have `time`; a process starts with "
		  "`event == fork`" },
		{ "ns.pdi == 1", "unknown field `ns.pdi` at column 1; did you mean `ns.pid`?" },
		{ "zzzzzzzzzz == 1",
		  "unknown field `zzzzzzzzzz` at column 1; 'begat help events' lists them" },
		{ "", "the expression is empty" },
		{ " \t\n", "the expression is empty" },
		{ "uid", "`uid` at column 1 is a number: compare it with == != < <= > >=" },
		{ "event", "`event` at column 1 is an event: compare it with == !=" },
		{ "uid = 0", "`=` at column 5: use `==` to compare" },
		{ "uid == ", "expected a value at column 8, found the end" },
		{ "uid == )", "expected a value at column 8, found `)`" },
		{ "uid == no_such_user_9",
		  "`no_such_user_9` at column 8 is no user that this machine knows; a number is "
		  "taken as it is" },
		{ "group == no_such_group_9",
		  "`no_such_group_9` at column 10 is no group that this machine knows; a number is "
		  "taken as it is" },
		{ "uid in 5", "expected a list such as (1, 2) at column 8, found `5`" },
		{ "uid in (5", "missing `)` for the `(` at column 8: found the end at column 10" },
		{ "uid in ()", "expected a value at column 9, found `)`" },
		{ "uid in (1,)", "expected a value at column 11, found `)`" },
		{ "result == nonsense",
		  "`nonsense` at column 11 is no result: an exit code, ok, an error such as ENOENT "
		  "or a signal such as SIGKILL" },
		{ "result", "compare result with == != or in at column 7" },
		{ "fail == 7", "expected true or false at column 9" },
		{ "uid == 10ms", "`10ms` at column 8 is not a number" },
		{ "uid == 1.5", "`1.5` at column 8 is not a whole number" },
		{ "uid == 99999999999999999999",
		  "`99999999999999999999` at column 8 is not a number" },
		{ "duration > 10MiB", "`10MiB` at column 12 is not a duration" },
		{ "duration > 99999999999d",
		  "`99999999999d` at column 12 is not a number of 64 bits" },
		{ "max_rss > 10ms", "`10ms` at column 11 is not a size" },
		{ "uid ~ 1*",
		  "`uid` is a number: `~` at column 5 does not fit, use == != < <= > >=" },
		{ "exe > 5", "`exe` is a text: `>` at column 5 does not fit, use == != ~ !~ =~" },
		{ "event < exec", "`event` is an event: `<` at column 7 does not fit, use == !=" },
		{ "short_lived > 1",
		  "`short_lived` is true or false: `>` at column 13 does not fit, use == !=" },
		{ "short_lived == yes", "`yes` at column 16 is not true or false" },
		{ "ns == 1", "`ns` at column 1 is an object: name a member, as in ns.pid" },
		{ "event == exce", "`exce` at column 10 is not an event; did you mean `exec`?" },
		{ "errno == ENOET",
		  "`ENOET` at column 10 is not an error; did you mean `ENOENT`?" },
		{ "signal == SIGKIL",
		  "`SIGKIL` at column 11 is not a signal; did you mean `SIGKILL`?" },
		{ "signal == 9x", "`9x` at column 11 is not a signal" },
		{ "id == xyz", "`xyz` at column 7 is not a number of up to 16 hexadecimal digits" },
		{ "time > yesterday",
		  "`yesterday` at column 8 is not a time such as 2026-01-31T23:59:59Z" },
		{ "(uid == 0", "missing `)` for the `(` at column 1: found the end at column 10" },
		{ "(uid == 0 exe",
		  "missing `)` for the `(` at column 1: found `exe` at column 11" },
		{ "uid == 0)", "expected `and`, `or` or the end at column 9, found `)`" },
		{ "uid == 0 exe ~ x", "expected `and`, `or` or the end at column 10, found `exe`" },
		{ "uid == 0 and", "expected the name of a field at column 13, found the end" },
		{ "uid == 0 or or", "expected the name of a field at column 13, found `or`" },
		{ "and", "expected the name of a field at column 1, found `and`" },
		{ "not", "expected the name of a field at column 4, found the end" },
		{ "()", "expected the name of a field at column 2, found `)`" },
		{ "== 5", "expected the name of a field at column 1, found `==`" },
		{ "5 == uid", "expected the name of a field at column 1, found `5`" },
		{ "exe == \"abc", "missing \" at the end of the text at column 8" },
		{ "exe =~ '('",
		  "bad regular expression `(` at column 8, character 1: it has a ( without its )" },
		{ "exe =~ a{1000}{1000}", "bad regular expression `a{1000}{1000}` at column 8, "
					  "character 1: it is too large "
					  "with its repetitions written out" },
		{ "under(x)", "under() takes a pid, as in under(1234), at column 7" },
		{ "under()", "under() takes a pid, as in under(1234), at column 7" },
		{ "under(-5)", "under() takes a pid, as in under(1234), at column 7" },
		{ "under(0)", "under() takes a pid, as in under(1234), at column 7" },
		{ "under(5", "missing `)` for the `(` at column 6: found the end at column 8" },
		{ "ancestor()", "expected the name of a field at column 10, found `)`" },
		{ "ancestor(ancestor(ancestor(uid == 1)))",
		  "ancestor() in more than 2 ancestor() at column 27" },
		{ "over(5)",
		  "unknown function `over` at column 1: there are under() and ancestor()" },
		{ "exe[1] == x", "only argv and pids have an index (column 4)" },
		{ "uid == 0 and \x1b[31m",
		  "expected the name of a field at column 14, found `\\x1b[31m`" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct begat_filter *filter = NULL;
		char error[256] = "";

		assert_int_equal(begat_filter_parse(cases[i][0], &filter, error, sizeof(error)),
				 -EINVAL);
		if (strcmp(error, cases[i][1]) != 0)
			fail_msg("%s\n gave     %s\n expected %s", cases[i][0], error, cases[i][1]);
		assert_null(filter);
	}
	begat_filter_free(NULL);
	(void)state;
}

static void bounded(void **state)
{
	size_t size = 200000;
	char *text = malloc(size + 1), error[128];
	struct begat_filter *filter = NULL;

	assert_non_null(text);
	memset(text, '(', size);
	text[size] = '\0';
	assert_int_equal(begat_filter_parse(text, &filter, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "the expression is longer than 65536 bytes");
	text[60000] = '\0';
	assert_int_equal(begat_filter_parse(text, &filter, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "nested deeper than 64 levels at column 66");
	memset(text, '!', 60000);
	assert_int_equal(begat_filter_parse(text, &filter, error, sizeof(error)), -EINVAL);
	text[0] = '\0';
	for (int i = 0; i < 600; i++)
		strcat(text, i ? " and uid == 0" : "uid == 0");
	assert_int_equal(begat_filter_parse(text, &filter, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "the expression has more than 1024 parts");
	/* an error that does not fit is cut, not overrun */
	assert_int_equal(begat_filter_parse("exxe", &filter, error, 8), -EINVAL);
	assert_string_equal(error, "unknown");
	assert_int_equal(begat_filter_parse("exxe", &filter, NULL, 0), -EINVAL);
	free(text);
	(void)state;
}

/* The glob is the C library's, on patterns and texts of few letters, where it is well defined. */
static void glob_is_fnmatch(void **state)
{
	static const char letters[] = "ab*?[]!-\\";
	uint32_t seed = 4711;

	for (int i = 0; i < 300000; i++) {
		char pattern[9] = "", text[9] = "";
		int pattern_len, len;

		seed = seed * 1103515245 + 12345;
		pattern_len = (int)(seed >> 16) % 8;
		for (int n = 0; n < pattern_len; n++) {
			seed = seed * 1103515245 + 12345;
			pattern[n] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		seed = seed * 1103515245 + 12345;
		len = (int)(seed >> 16) % 8;
		for (int n = 0; n < len; n++) {
			seed = seed * 1103515245 + 12345;
			text[n] = "ab"[(seed >> 16) % 2];
		}
		/* Broken classes and a last backslash are anybody's guess: fnmatch itself is not
		 * of one mind. */
		if (strchr(pattern, '[') || (pattern_len && pattern[pattern_len - 1] == '\\'))
			continue;
		uint64_t work = FILTER_WORK_MAX;

		if (filter_glob(pattern, strlen(pattern), text, strlen(text), &work) !=
		    (fnmatch(pattern, text, 0) == 0))
			fail_msg("pattern %s text %s", pattern, text);
	}
	(void)state;
}

static void glob_cases(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "*", "", true },
		{ "?", "", false },
		{ "?", "\xc3\xbc", true },
		{ "??", "\xc3\xbc", false },
		{ "?", "\xff", true },
		{ "\xff", "\xff", true },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[!a-c]x", "dx", true },
		{ "[^a-c]x", "bx", false },
		{ "[]]", "]", true },
		{ "[!]]", "a", true },
		{ "[a-]", "-", true },
		{ "[\\]]", "]", true },
		{ "[abc", "[abc", true },
		{ "\\*", "*", true },
		{ "\\*", "x", false },
		{ "a\\", "a\\", true },
		{ "*/gcc", "/usr/bin/gcc", true },
		{ "/tmp/*", "/tmp/a/b", true },
		{ "*.c", ".c", true },
		{ "[\xc3\xa4-\xc3\xbc]", "\xc3\xb6", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t work = FILTER_WORK_MAX;

		if (filter_glob(cases[i].pattern, strlen(cases[i].pattern), cases[i].text,
				strlen(cases[i].text), &work) != cases[i].matches)
			fail_msg("%s %s", cases[i].pattern, cases[i].text);
	}
	(void)state;
}

/* A family: 1 init - 10 sshd - 20 bash - 30 make - 40 cc. The comm of the last one asked for lives
 * in one buffer, so that a stale pointer shows. */
static char last_comm[16];

static bool find(void *ctx, uint64_t id, struct begat_event *ret)
{
	static const struct {
		uint64_t id, parent;
		const char *comm;
	} family[] = {
		{ 1, 0, "init" },
		{ 10, 1, "sshd" },
		{ 20, 10, "bash" },
		{ 30, 20, "make" },
	};

	(void)ctx;
	for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++) {
		if (family[i].id != id)
			continue;
		ret->type = BEGAT_SNAPSHOT;
		ret->id = id;
		ret->tgid = (uint32_t)id;
		ret->parent_id = family[i].parent;
		memset(last_comm, 0, sizeof(last_comm));
		memcpy(last_comm, family[i].comm, strlen(family[i].comm));
		ret->comm = (struct begat_str){ last_comm, strlen(last_comm) };
		HAS(ret, ID), HAS(ret, PID), HAS(ret, COMM);
		if (ret->parent_id)
			HAS(ret, PARENT_ID);
		return true;
	}
	return false;
}

static void ancestors(void **state)
{
	static const char *const yes[] = {
		"under(1)",
		"under(30)",
		"not under(40)",
		"ancestor(comm == sshd)",
		"ancestor(comm == bash and under(10))",
		"ancestor(under(10) and comm == bash)",
		"ancestor(ancestor(comm == sshd) and comm == bash)",
		"ancestor(not ancestor(comm ~ *) and comm == init)",
		"not ancestor(comm == cc)",
		"ancestor(pid == 20) and comm == cc",
		NULL,
	};
	static const char *const no[] = {
		"under(40)",
		"under(99)",
		"ancestor(comm == bash and under(30))",
		"ancestor(ancestor(comm == make))",
		NULL,
	};
	struct begat_lineage lineage = { .find = find }, empty = { 0 };
	struct begat_event ev = new_event(BEGAT_EXEC);

	HAS(&ev, ID), HAS(&ev, PID), HAS(&ev, PARENT_ID), HAS(&ev, COMM);
	ev.id = 40;
	ev.tgid = 40;
	ev.parent_id = 30;
	ev.comm = LITERAL("cc");
	for (int i = 0; yes[i]; i++) {
		if (!is_match(yes[i], &ev, &lineage))
			fail_msg("%s: should be true", yes[i]);
	}
	for (int i = 0; no[i]; i++) {
		if (is_match(no[i], &ev, &lineage))
			fail_msg("%s: should be false", no[i]);
	}
	assert_false(is_match("under(1)", &ev, NULL));
	assert_false(is_match("under(1)", &ev, &empty));
	ev.parent_id = 777;
	assert_false(is_match("under(777)", &ev, &lineage));
	(void)state;
}

/* Its own ancestor for ever: ends. */
static bool find_ring(void *ctx, uint64_t id, struct begat_event *ret)
{
	++*(int *)ctx;
	ret->id = id;
	ret->parent_id = id;
	HAS(ret, PARENT_ID);
	return true;
}

static void ring(void **state)
{
	int steps = 0;
	struct begat_lineage lineage = { .find = find_ring, .ctx = &steps };
	struct begat_event ev = new_event(BEGAT_EXEC);

	HAS(&ev, PARENT_ID);
	ev.parent_id = 5;
	assert_false(is_match("under(9)", &ev, &lineage));
	assert_int_equal(steps, FILTER_CHAIN_MAX);
	(void)state;
}

static struct filter_pushdown push_of(const char *text)
{
	struct filter_pushdown push;
	struct begat_filter *filter = parse(text);

	filter_pushable(filter, &push);
	begat_filter_free(filter);
	return push;
}

static void pushed(void **state)
{
	static const struct {
		const char *text, *pushed;
	} cases[] = {
		{ "event == exec", "event == exec" },
		{ "event == exec or event == exit", "(event == exec or event == exit)" },
		{ "uid == 5", "uid == 5" },
		{ "uid == 5 and exe ~ x", "uid == 5" },
		{ "uid == 5 or exe ~ x", "" },
		{ "uid == 5 or uid == 6", "(uid == 5 or uid == 6)" },
		{ "not uid == 5", "" },
		{ "uid != 5", "" },
		{ "uid > 5", "" },
		{ "under(7) and event == exit", "event == exit and under(7)" },
		{ "under(7) or under(8)", "(under(7) or under(8))" },
		{ "not under(7)", "" },
		/* Ancestors of any user must be known, whatever they become. */
		{ "(uid == 1 and under(7)) or (uid == 2 and under(8))", "(under(7) or under(8))" },
		{ "under(7) and ancestor(comm == x)", "" },
		{ "uid == 1 and uid == 1", "uid == 1" },
		{ "(uid == 1 or uid == 2) and (uid == 2 or uid == 3)", "uid == 2" },
		{ "exit_code != 0", "event == exit" },
		{ "errno == ENOENT", "event == exec_failed" },
		{ "exit_code != 0 or errno == ENOENT", "(event == exec_failed or event == exit)" },
		{ "not exit_code == 0", "" },
		{ "exe ~ x", "" },
		{ "event == exec and event == exit", "nothing can match" },
		{ "not (event != exec)", "event == exec" },
		{ "not (event == fork or event == exit or event == lost or event == snapshot or "
		  "event == summary)",
		  "(event == exec or event == exec_failed)" },
		{ "ancestor(uid == 0)", "" },
		{ "ancestor(event == exec) and uid == 3", "" },
		{ "uid == 4294967296", "" },
		{ "cgroup == /x", "cgroup" },
		{ "uid == 1 and container == abc", "uid == 1 and cgroup" },
		{ "cgroup ~ \"/x/*\" or pod_uid and exe ~ y", "cgroup" },
		{ "not cgroup == /x", "cgroup" },
		{ "cgroup != /x and cgroup != /y", "cgroup" },
		{ "cgroup == /x or uid == 0", "" },
		{ "cgroup == /x and under(7)", "under(7)" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_pushdown push = push_of(cases[i].text);

		if (strcmp(push.pushed, cases[i].pushed) != 0)
			fail_msg("%s: %s, expected %s", cases[i].text, push.pushed,
				 cases[i].pushed);
	}

	struct filter_pushdown push = push_of("event == exec and uid == 5");

	assert_int_equal(push.events, BEGAT_EVENT_BIT(BEGAT_EXEC));
	assert_int_equal(push.uids_count, 1);
	assert_int_equal(push.uids[0], 5);
	push = push_of("event == exec and uid == 5 and under(7)");
	assert_int_equal(push.events, BEGAT_EVENT_BIT(BEGAT_EXEC));
	assert_int_equal(push.uids_count, 0);
	assert_int_equal(push.under_count, 1);
	assert_int_equal(push.under_tgids[0], 7);
	assert_true(push.asks_lineage);
	assert_false(push_of("uid == 5").asks_lineage);
	assert_true(push_of("ancestor(uid == 5)").asks_lineage);
	(void)state;
}

static uint32_t next_random(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

static void random_text(uint32_t *seed, int depth, char *out)
{
	static const char *const leaves[] = {
		"event == exec", "event != exit",  "event == fork",  "uid == 0",  "uid == 1",
		"uid != 1",	 "exit_code == 0", "errno == EPERM", "under(10)", "under(30)",
		"comm == cc",	 "signal",	   "uid > 0",
	};

	if (depth == 0 || next_random(seed, 4) == 0) {
		strcat(out, leaves[next_random(seed, sizeof(leaves) / sizeof(leaves[0]))]);
		return;
	}
	switch (next_random(seed, 3)) {
	case 0:
		strcat(out, "not (");
		random_text(seed, depth - 1, out);
		strcat(out, ")");
		return;
	default:
		strcat(out, "(");
		random_text(seed, depth - 1, out);
		strcat(out, next_random(seed, 2) ? ") and (" : ") or (");
		random_text(seed, depth - 1, out);
		strcat(out, ")");
	}
}

/* Whatever matches lies within what is pushed: else the kernel would withhold events. */
static void push_is_sound(void **state)
{
	static const uint64_t parents[] = { 1, 10, 20, 30, 777 };
	struct begat_lineage lineage = { .find = find };
	uint32_t seed = 42;

	for (int i = 0; i < 20000; i++) {
		char text[1024] = "";
		struct filter_pushdown push;
		struct begat_filter *filter;

		random_text(&seed, 4, text);
		filter = parse(text);
		filter_pushable(filter, &push);
		for (int n = 0; n < 40; n++) {
			struct begat_event ev =
				new_event((enum begat_event_type)(1 + next_random(&seed, 7)));
			bool in_uids = !push.uids_count, in_under = !push.under_count;

			ev.id = 40;
			ev.parent_id = parents[next_random(&seed, 5)];
			ev.uid = next_random(&seed, 3);
			HAS(&ev, PARENT_ID);
			if (next_random(&seed, 5))
				HAS(&ev, UID);
			if (ev.type == BEGAT_EXIT)
				HAS(&ev, EXIT_CODE), HAS(&ev, SIGNAL);
			if (ev.type == BEGAT_EXEC_FAILED)
				HAS(&ev, ERRNO);
			ev.error = 1;
			ev.signal = (int)next_random(&seed, 2);
			if (!begat_filter_match(filter, &ev, &lineage))
				continue;
			assert_true(push.events & BEGAT_EVENT_BIT(ev.type));
			for (uint32_t u = 0; u < push.uids_count; u++)
				in_uids |=
					begat_event_has(&ev, BEGAT_F_UID) && push.uids[u] == ev.uid;
			for (uint32_t u = 0; u < push.under_count; u++)
				in_under |=
					ev.parent_id != 777 && ev.parent_id >= push.under_tgids[u];
			if (!in_uids || !in_under)
				fail_msg("%s: pushed as %s", text, push.pushed);
		}
		begat_filter_free(filter);
	}
	(void)state;
}

static void fields_read(void **state)
{
	struct begat_filter *filter = parse("uid == 1 and (env.A == x or errno_number == 2) and "
					    "not ancestor(exe ~ y) and pod_uid");
	struct begat_fields fields = { { 0, 0 } };

	begat_filter_fields(filter, &fields);
	assert_true(begat_fields_has(&fields, BEGAT_F_UID));
	assert_true(begat_fields_has(&fields, BEGAT_F_ENV));
	assert_true(begat_fields_has(&fields, BEGAT_F_ERRNO));
	assert_true(begat_fields_has(&fields, BEGAT_F_EXE));
	assert_true(begat_fields_has(&fields, BEGAT_F_PARENT_ID));
	assert_true(begat_fields_has(&fields, BEGAT_F_CGROUP));
	assert_false(begat_fields_has(&fields, BEGAT_F_ARGV));
	begat_filter_free(filter);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_an_exec),	    cmocka_unit_test(of_an_exit),
		cmocka_unit_test(of_others),	    cmocka_unit_test(long_argv),
		cmocka_unit_test(hostile_argv),	    cmocka_unit_test(words),
		cmocka_unit_test(words_are_pushed), cmocka_unit_test(suspicions),
		cmocka_unit_test(errors),	    cmocka_unit_test(bounded),
		cmocka_unit_test(glob_is_fnmatch),  cmocka_unit_test(glob_cases),
		cmocka_unit_test(ancestors),	    cmocka_unit_test(ring),
		cmocka_unit_test(pushed),	    cmocka_unit_test(push_is_sound),
		cmocka_unit_test(fields_read),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
