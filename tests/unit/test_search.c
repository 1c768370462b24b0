/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_search.c - searches along PATH: what belongs together, how they end, what bounds them,
 * and the lines of a stream that folds them.
 */
#include <begat/begat.h>
#include <begat/search.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#include "cli/folding.h"

#define MS 1000000ull
#define HAS(ev, field) begat_fields_add(&(ev)->has, BEGAT_F_##field)

/* What ended, one line each: "found cc 3/3 ENOENT", "not nosuch 4/3 EACCES, unfinished". */
static char ended[1 << 16];
static size_t ended_count;

static void note(const struct begat_search *search, void *ctx)
{
	const struct begat_event *ev = search->event;
	size_t len = strlen(ended);

	ended_count++;
	assert_int_equal(ev->type, BEGAT_EXEC_FAILED);
	snprintf(ended + len, sizeof(ended) - len, "%s %.*s %llu/%u %s%s\n",
		 search->is_found ? "found" : "not", (int)ev->filename.len, ev->filename.data,
		 (unsigned long long)search->attempts, search->directories,
		 begat_errno_name(ev->error), search->is_unfinished ? ", unfinished" : "");
}

static struct begat_searches *start(struct begat_searches_options opts)
{
	struct begat_searches *s;

	opts.size = sizeof(opts);
	opts.callback = note;
	ended[0] = '\0';
	ended_count = 0;
	assert_int_equal(begat_searches_new(&opts, &s), 0);
	return s;
}

static void stop(struct begat_searches *s, const char *expected)
{
	begat_searches_finish(s);
	begat_searches_free(s);
	if (expected)
		assert_string_equal(ended, expected);
}

/* @words: argv, one space between. */
static struct begat_event event(enum begat_event_type type, uint64_t id, const char *filename,
				const char *words, int error, char args[256])
{
	struct begat_event ev = { .size = sizeof(ev), .type = type, .id = id, .error = error };

	ev.tgid = ev.tid = (uint32_t)id;
	HAS(&ev, EVENT), HAS(&ev, ID), HAS(&ev, PID), HAS(&ev, TIME), HAS(&ev, TS_NS);
	if (type == BEGAT_EXIT)
		return ev;
	ev.filename = (struct begat_str){ filename, strlen(filename) };
	ev.argv = (struct begat_strv){ args, strlen(words) + 1, 1, 0 };
	strcpy(args, words);
	for (char *p = args; *p; p++)
		if (*p == ' ') {
			*p = '\0';
			ev.argv.count++;
		}
	HAS(&ev, FILENAME), HAS(&ev, ARGV);
	if (error)
		HAS(&ev, ERRNO);
	return ev;
}

static void fails_at(struct begat_searches *s, uint64_t id, const char *filename, const char *words,
		     int error, uint64_t now_ns)
{
	char args[256];
	struct begat_event ev = event(BEGAT_EXEC_FAILED, id, filename, words, error, args);

	begat_searches_take(s, &ev, true, now_ns);
	memset(args, 'x', sizeof(args)); /* nothing of it may be looked at later */
}

static void fails(struct begat_searches *s, uint64_t id, const char *filename, const char *words,
		  int error)
{
	fails_at(s, id, filename, words, error, 0);
}

static void execs(struct begat_searches *s, uint64_t id, const char *filename, const char *words)
{
	char args[256];
	struct begat_event ev = event(BEGAT_EXEC, id, filename, words, 0, args);

	begat_searches_take(s, &ev, true, 0);
}

static void exits(struct begat_searches *s, uint64_t id)
{
	struct begat_event ev = event(BEGAT_EXIT, id, NULL, NULL, 0, NULL);

	begat_searches_take(s, &ev, true, 0);
}

static void test_found(void **state)
{
	struct begat_searches *s = start((struct begat_searches_options){ 0 });

	fails(s, 1, "/a/cc", "cc x.c", ENOENT);
	fails(s, 1, "/b/cc", "cc x.c", ENOTDIR);
	fails(s, 1, "/c/cc", "cc x.c", EACCES);
	execs(s, 1, "/usr/bin/cc", "cc -E");
	/* Resolved: another name, the same arguments. */
	fails(s, 1, "/a/cc", "cc x.c", ENOENT);
	execs(s, 1, "/usr/bin/gcc-12", "cc x.c");
	/* execvp() of a file without #!. */
	fails(s, 2, "/a/tool", "tool -v", ENOENT);
	fails(s, 2, "/b/tool", "tool -v", ENOEXEC);
	execs(s, 2, "/bin/sh", "/bin/sh /b/tool -v");
	/* A folder that is twice in PATH, side by side and apart. */
	fails(s, 3, "/a/ld", "ld", ENOENT);
	fails(s, 3, "/a/ld", "ld", ENOENT);
	fails(s, 3, "/b/ld", "ld", ENOENT);
	fails(s, 3, "/a/ld", "ld", ENOENT);
	execs(s, 3, "/c/ld", "ld");
	stop(s, "found cc 3/3 EACCES\nfound /a/cc 1/1 ENOENT\nfound tool 2/2 ENOEXEC\n"
		"found ld 4/2 ENOENT\n");
}

static void test_not_found(void **state)
{
	struct begat_searches *s = start((struct begat_searches_options){ 0 });

	fails(s, 1, "/a/nosuch", "nosuch", ENOENT);
	fails(s, 1, "/b/nosuch", "nosuch", EACCES);
	fails(s, 1, "/c/nosuch", "nosuch", ENOENT);
	exits(s, 1);
	/* Something else runs instead. */
	fails(s, 2, "/a/vim", "vim f", ENOENT);
	fails(s, 2, "/b/vim", "vim f", ENOENT);
	execs(s, 2, "/bin/vi", "vi f");
	/* It was found, and could not run: a failure of its own. */
	fails(s, 3, "/a/cc", "cc 1", ENOENT);
	fails(s, 3, "/b/cc", "cc 1", E2BIG);
	assert_int_equal(ended_count, 4);
	execs(s, 3, "/b/cc", "cc 2");
	/* One file is asked for by its path. */
	fails(s, 4, "/opt/tool", "/opt/tool", ENOENT);
	fails(s, 4, "./tool/", "x", ENOENT);
	exits(s, 4);
	fails(s, 5, "", "", ENOENT);
	/* The stream ends in the middle. */
	fails(s, 6, "/a/late", "late", ENOENT);
	stop(s, "not nosuch 3/3 EACCES\nnot vim 2/2 ENOENT\nfound /a/cc 1/1 ENOENT\n"
		"not /b/cc 1/1 E2BIG\n"
		"not tool 2/2 ENOENT\nnot  1/1 ENOENT\nnot /a/late 1/1 ENOENT, unfinished\n");
}

static void test_threads(void **state)
{
	struct begat_searches *s = start((struct begat_searches_options){ 0 });
	char name[64];

	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 8; i++) {
			snprintf(name, sizeof(name), "/dir%d/tool%d", round, i);
			fails(s, 1, name, "x", ENOENT);
		}
	assert_int_equal(ended_count, 0);
	execs(s, 1, "/usr/bin/tool3", "y");
	assert_int_equal(ended_count, 8);
	assert_non_null(strstr(ended, "found tool3 3/3"));
	assert_non_null(strstr(ended, "not tool0 3/3"));
	stop(s, NULL);
}

static void test_bounds(void **state)
{
	struct begat_searches *s = start((struct begat_searches_options){ .open_max = 100 });
	char name[64];

	/* Many processes, many names of one, and one that never ends. */
	for (uint64_t id = 1; id <= 1000; id++)
		fails(s, id, "/a/x", "x", ENOENT);
	assert_int_equal(ended_count, 900);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/a/%d", i);
		fails(s, 5000, name, "x", ENOENT);
	}
	assert_int_equal(ended_count, 1900); /* 64 of one process remain, and 36 of others */
	stop(s, NULL);
	assert_int_equal(ended_count, 2000);

	s = start((struct begat_searches_options){ .bytes_max = 100000 });
	for (uint64_t id = 1; id <= 1000; id++)
		fails(s, id, "/a/x", "x", ENOENT);
	assert_in_range(ended_count, 980, 999);
	stop(s, NULL);
	assert_int_equal(ended_count, 1000);

	s = start((struct begat_searches_options){ .quiet_ns = 100 * MS, .whole_ns = 1000 * MS });
	assert_true(begat_searches_due_ns(s) == UINT64_MAX);
	fails_at(s, 1, "/a/x", "x", ENOENT, 5 * MS);
	assert_true(begat_searches_due_ns(s) == 105 * MS);
	begat_searches_settle(s, 104 * MS);
	assert_int_equal(ended_count, 0);
	begat_searches_settle(s, 105 * MS);
	assert_string_equal(ended, "not /a/x 1/1 ENOENT, unfinished\n");
	for (uint64_t ms = 200; ms < 4200; ms += 50)
		fails_at(s, 2, "/a/y", "y", ENOENT, ms * MS);
	assert_int_equal(ended_count, 1 + 3);
	stop(s, NULL);
}

/* What a folding stream of text is, without its times. */
struct lines {
	int fd;
	struct begat_sink *sink;
	struct folding *folding;
	uint64_t now_ns;
};

static void open_lines(struct lines *l)
{
	struct begat_sink_options opts = { .size = sizeof(opts), .utc = true };

	*l = (struct lines){ .fd = memfd_create("lines", 0), .now_ns = 1000 * MS };
	opts.fd = l->fd;
	opts.column_names = "time,event,pid,result,command";
	assert_int_equal(begat_sink_open("text", &opts, &l->sink), 0);
	assert_int_equal(folding_new(l->sink, &l->folding), 0);
}

static void give(struct lines *l, struct begat_event ev, uint64_t ms)
{
	l->now_ns += ms * MS;
	ev.ts_ns = ev.time_ns = l->now_ns;
	if (ev.type == BEGAT_EXIT)
		HAS(&ev, EXIT_CODE);
	assert_int_equal(folding_take(l->folding, &ev, true, l->now_ns), 0);
}

static void expect_lines(struct lines *l, const char *expected)
{
	char text[4096];
	ssize_t len;

	assert_int_equal(folding_finish(l->folding), 0);
	folding_free(l->folding);
	assert_int_equal(begat_sink_close(l->sink), 0);
	len = pread(l->fd, text, sizeof(text) - 1, 0);
	close(l->fd);
	assert_true(len > 0);
	text[len] = '\0';
	assert_non_null(strchr(text, '\n'));
	assert_string_equal(strchr(text, '\n') + 1, expected);
}

static void test_lines(void **state)
{
	char args[256];
	struct lines l;

	open_lines(&l);
	give(&l, event(BEGAT_EXEC_FAILED, 1, "/a/cc", "cc x.c", ENOENT, args), 0);
	give(&l, event(BEGAT_EXEC_FAILED, 2, "/a/nosuch", "nosuch y", ENOENT, args), 1);
	give(&l, event(BEGAT_EXEC_FAILED, 1, "/b/cc", "cc x.c", ENOENT, args), 1);
	give(&l, event(BEGAT_EXEC, 3, "/bin/id", "id", 0, args), 1); /* waits for nobody */
	give(&l, event(BEGAT_EXEC_FAILED, 2, "/b/nosuch", "nosuch y", ENOENT, args), 1);
	give(&l, event(BEGAT_EXEC, 1, "/c/cc", "cc x.c", 0, args), 1);
	give(&l, event(BEGAT_EXIT, 2, NULL, NULL, 0, args), 1);
	/* It lives on: after 0.1 s its line is written, ahead of what comes then. */
	give(&l, event(BEGAT_EXEC_FAILED, 4, "/opt/t", "t", EACCES, args), 1);
	give(&l, event(BEGAT_EXIT, 3, NULL, NULL, 0, args), 99);
	give(&l, event(BEGAT_EXIT, 1, NULL, NULL, 0, args), 1);
	give(&l, event(BEGAT_EXEC_FAILED, 5, "/opt/u", "u", ENOENT, args), 1);
	assert_int_equal(folding_wait_ms(l.folding, l.now_ns + 40 * MS), 61);
	assert_int_equal(folding_settle(l.folding, l.now_ns + 101 * MS), 0);
	assert_int_equal(folding_wait_ms(l.folding, l.now_ns), -1);
	give(&l, event(BEGAT_EXEC_FAILED, 6, "/opt/v", "v", ENOENT, args), 1);
	expect_lines(&l,
		     "00:00:01.003000  exec        3  -        id\n"
		     "00:00:01.005000  exec        1  -        cc x.c\n"
		     "00:00:01.005000  fail        2  ENOENT   nosuch y (searched 2 directories)\n"
		     "00:00:01.006000  exit        2  0        \n"
		     "00:00:01.106000  exit        3  0        \n"
		     "00:00:01.106000  fail        4  EACCES   /opt/t\n"
		     "00:00:01.107000  exit        1  0        \n"
		     "00:00:01.108000  fail        5  ENOENT   /opt/u\n"
		     "00:00:01.109000  fail        6  ENOENT   /opt/v\n");
}

static void test_splits(void **state)
{
	static const struct {
		const char *text;
		bool splits;
	} cases[] = {
		{ "uid == 0", false },	     { "under(1)", false },
		{ "errno == ENOENT", true }, { "event == exec_failed", true },
		{ "argv ~ \"x\"", true },    { "uid == 0 and exe ~ \"*\"", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct begat_filter *where = NULL;
		char why[256];

		assert_int_equal(begat_filter_parse(cases[i].text, &where, why, sizeof(why)), 0);
		if (folding_splits(where) != cases[i].splits)
			fail_msg("%s", cases[i].text);
		begat_filter_free(where);
	}
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),	cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_lines),	cmocka_unit_test(test_splits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
