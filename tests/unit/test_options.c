/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_options.c - the common options: every value, every way to get one wrong; units; the
 * word that was meant; help that lists what the parser takes.
 */
#include <begat/begat.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/when.h"

#define ALL_GROUPS 0xffffu
#define ARGS_MAX 64

/* Parses words with one space between; returns options_parse()'s result. */
static int parse_groups(struct options *options, unsigned groups, const struct option_spec *own,
			const char *line, int *ret_rest)
{
	static char bytes[1024];
	static char *argv[ARGS_MAX];
	int argc = 0, rest = -1;

	memset(options, 0, sizeof(*options));
	snprintf(bytes, sizeof(bytes), "watch %s", line);
	for (char *word = strtok(bytes, " "); word && argc < ARGS_MAX - 1; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	int r = options_parse(options, groups, own, argc, argv, &rest);

	if (ret_rest)
		*ret_rest = rest;
	return r;
}

static void assert_takes(struct options *options, const char *line)
{
	if (parse_groups(options, ALL_GROUPS, NULL, line, NULL))
		fail_msg("'%s': %s", line, options->error);
}

static void assert_refuses(const char *line, const char *part)
{
	struct options options;

	if (!parse_groups(&options, ALL_GROUPS, NULL, line, NULL))
		fail_msg("'%s' was taken", line);
	if (!strstr(options.error, part))
		fail_msg("'%s': no '%s' in: %s", line, part, options.error);
	assert_null(strchr(options.error, '\n'));
	options_done(&options);
}

static void test_nothing(void **state)
{
	struct options options, zero = { 0 };

	assert_takes(&options, "");
	assert_memory_equal(&options, &zero, sizeof(options));
	options_done(&options);
}

static void test_every_value(void **state)
{
	struct options o;

	assert_takes(&o,
		     "--format json -o out.json --events fork,exit -w uid==0 -p 12 --pid=13 "
		     "-u 0 --user root -c abc --container=/system.slice --env --latency low "
		     "--backend kprobe --transport perfbuf --buffer 64MiB --max-args 4k --redact "
		     "--fold-failures --short-lived-window 20 --stats -vvq");
	assert_string_equal(o.format, "json");
	assert_string_equal(o.output, "out.json");
	assert_int_equal(o.events, BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXIT));
	assert_non_null(o.where);
	assert_string_equal(o.where_text, "uid==0");
	assert_int_equal(o.pids_count, 2);
	assert_int_equal(o.pids[0], 12);
	assert_int_equal(o.pids[1], 13);
	assert_int_equal(o.uids_count, 2);
	assert_int_equal(o.uids[0], 0);
	assert_int_equal(o.uids[1], 0);
	assert_int_equal(o.cgroups_count, 2);
	assert_string_equal(o.cgroups[1], "/system.slice");
	assert_null(o.cgroups[2]);
	assert_int_equal(o.env, BEGAT_ENV_ALL);
	assert_int_equal(o.latency, BEGAT_LOW);
	assert_string_equal(o.backend, "kprobe");
	assert_string_equal(o.transport, "perfbuf");
	assert_int_equal(o.buffer_bytes, 64 << 20);
	assert_int_equal(o.max_args_bytes, 4096);
	assert_int_equal(o.short_lived_window_ns, 20000000);
	assert_true(o.redact && o.fold_failures && o.stats && o.quiet);
	assert_int_equal(o.verbose, 2);
	assert_false(o.help || o.version);
	options_done(&o);

	assert_takes(&o, "--env=PATH,HOME,X");
	assert_int_equal(o.env, BEGAT_ENV_NAMES);
	assert_int_equal(o.env_names_count, 3);
	assert_string_equal(o.env_names[0], "PATH");
	assert_string_equal(o.env_names[2], "X");
	assert_null(o.env_names[3]);
	options_done(&o);

	assert_takes(&o, "-e all -h --version");
	assert_int_equal(o.events, BEGAT_EVENTS_ALL);
	assert_true(o.help && o.version);
	options_done(&o);
}

static void test_many_of_one(void **state)
{
	struct options o = { 0 };
	char word[16];

	for (int i = 1; i <= 1000; i++) {
		snprintf(word, sizeof(word), "%d", i);
		assert_int_equal(option_pid(&o, word), 0);
		assert_int_equal(option_user(&o, word), 0);
		assert_int_equal(option_container(&o, "x"), 0);
	}
	assert_int_equal(o.pids_count, 1000);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(o.pids[i], i + 1);
		assert_int_equal(o.uids[i], i + 1);
		assert_string_equal(o.cgroups[i], "x");
	}
	assert_null(o.cgroups[1000]);
	options_done(&o);
}

static void test_stops_at_the_command(void **state)
{
	struct options o;
	int rest;

	assert_int_equal(parse_groups(&o, ALL_GROUPS, NULL, "-v make -j2 --stats", &rest), 0);
	assert_int_equal(rest, 2);
	assert_int_equal(o.verbose, 1);
	assert_false(o.stats); /* make's, not ours */
	options_done(&o);

	assert_int_equal(parse_groups(&o, ALL_GROUPS, NULL, "-q -- -v", &rest), 0);
	assert_int_equal(rest, 3);
	assert_int_equal(o.verbose, 0);
	options_done(&o);
}

static void test_unknown_options(void **state)
{
	assert_refuses("--fromat json", "unknown option '--fromat'; did you mean '--format'?");
	assert_refuses("--nonsense", "unknown option '--nonsense'");
	assert_refuses("--form json", "unknown option '--form'; did you mean '--format'?");
	assert_refuses("--s", "unknown option '--s'");
	assert_refuses("--verb", "unknown option '--verb'; did you mean '--verbose'?");
	assert_refuses("-vZq", "unknown option '-Z'");
	assert_refuses("--stats=3", "option '--stats' takes no value");
	assert_refuses("-v -o", "option '-o' needs a value: FILE");
	assert_refuses("-v --buffer", "option '--buffer' needs a value: SIZE");
	assert_refuses("--\033[2J", "\\x1b");

	struct options o;

	assert_int_equal(parse_groups(&o, OPTIONS_OUTPUT, NULL, "-p 1", NULL), -EINVAL);
	assert_string_equal(o.error, "option '-p' does not apply here");
	assert_int_equal(parse_groups(&o, OPTIONS_OUTPUT, NULL, "--pid 1", NULL), -EINVAL);
	assert_string_equal(o.error, "option '--pid' does not apply here");
	assert_int_equal(parse_groups(&o, 0, NULL, "--help", NULL), 0);
	options_done(&o);
}

static void test_wrong_values(void **state)
{
	assert_refuses("--format xml", "unknown format 'xml': it is ");
	assert_refuses("--format jsn", "did you mean 'json'?");
	assert_refuses("-e exce", "unknown event 'exce'; did you mean 'exec'?");
	assert_refuses("-e exce", "exec_failed"); /* the list */
	assert_refuses("-e exec,", "empty name");
	assert_refuses("-e ,exec", "empty name");
	assert_refuses("-p 0", "'0' is not a process id");
	assert_refuses("-p -5", "'-5' is not a process id");
	assert_refuses("-p 12x", "'12x' is not a process id");
	assert_refuses("-p 99999999999", "is not a process id");
	assert_refuses("-p 18446744073709551617", "is not a process id");
	assert_refuses("-u no-such-user-here", "no user 'no-such-user-here'");
	assert_refuses("--env=A,,B", "names of variables");
	assert_refuses("--env=A=B", "names of variables");
	assert_refuses("--latency fast",
		       "unknown latency mode 'fast': it is low, balanced or batch");
	assert_refuses("--latency balancd", "did you mean 'balanced'?");
	assert_refuses("--backend ftrace", "kprobe, tracepoint or lifecycle");
	assert_refuses("--transport ring", "did you mean 'ringbuf'?");
	assert_refuses("--buffer 64XB", "'64XB' is not a size");
	assert_refuses("--buffer -1", "is not a size");
	assert_refuses("--buffer 1", "out of range");
	assert_refuses("--buffer 99G", "out of range");
	assert_refuses("--buffer 99999999999999999999", "out of range");
	assert_refuses("--max-args 0", "out of range");
	assert_refuses("--max-args many", "'many' is not a size");
	assert_refuses("--short-lived-window soon", "'soon' is not a duration");
	assert_refuses("--short-lived-window 0", "out of range");
	assert_refuses("--short-lived-window 2h", "out of range");
	assert_refuses("-w uid==", "in --where: ");
	assert_refuses("-w uid==0 -w gid==0", "given twice");
}

static int set_own(struct options *options, const char *value)
{
	*(const char **)options->own = value;
	return 0;
}

static void test_own_options(void **state)
{
	static const struct option_spec own[] = {
		{ "to", 't', "FORMAT", 0, "which", .parse = set_own },
		{ .name = NULL },
	};
	const char *got = NULL;
	struct options o = { .own = &got };
	char *argv[] = { "export", "-q", "--to", "dot", NULL };
	int rest;

	assert_int_equal(options_parse(&o, OPTIONS_TALK, own, 4, argv, &rest), 0);
	assert_string_equal(got, "dot");
	assert_true(o.quiet);
	options_done(&o);
}

static void test_moments(void **state)
{
	const uint64_t second = 1000000000,
		       now = 1769869800 * second + 5; /* 2026-01-31T14:30:00Z */
	const struct {
		const char *text;
		int r;
		uint64_t ns;
	} table[] = {
		{ "10m", 0, now - 600 * second },
		{ "2h", 0, now - 7200 * second },
		{ "1.5h ago", 0, now - 5400 * second },
		{ "1d", 0, now - 86400 * second },
		{ "99999d", 0, 1 },
		{ "now", 0, now },
		{ "today", 0, now - 5 - 52200 * second },
		{ "yesterday", 0, now - 5 - 52200 * second - 86400 * second },
		{ "@1769869800", 0, now - 5 },
		{ "@1769869800.25", 0, now - 5 + second / 4 },
		{ "2026-01-31T14:30", 0, now - 5 },
		{ "2026-01-31 14:30:00.000000005 UTC", 0, now },
		{ "2026-01-31T14:30:01Z", 0, now - 5 + second },
		{ "2026-01-31", 0, now - 5 - 52200 * second },
		{ "14:30", 0, now - 5 },
		{ "14:30:01.5", 0, now - 5 + second + second / 2 },
		{ "10", -EDOM, 0 },
		{ "", -EINVAL, 0 },
		{ "-10m", -EINVAL, 0 },
		{ "ago", -EINVAL, 0 },
		{ "2026-02-31", -EINVAL, 0 },
		{ "2026-01-31T25:00", -EINVAL, 0 },
		{ "2026-01-31T14:30+01:00", -EINVAL, 0 },
		{ "25:00", -EINVAL, 0 },
		{ "14:30x", -EINVAL, 0 },
		{ "@", -EINVAL, 0 },
		{ "@x", -EINVAL, 0 },
		{ "soon", -EINVAL, 0 },
		{ "1969-12-31", -EINVAL, 0 },
		{ "99999999999999999999h", -ERANGE, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t ns = 0;
		int r = when_parse(table[i].text, now, &ns);

		if (r != table[i].r || ns != table[i].ns)
			fail_msg("%s: %d, %" PRIu64, table[i].text, r, ns);
	}
	assert_refuses("--since 10", "--since needs a unit: 10s, 10m, 10h or 10d ago");
	assert_refuses("--until soon", "'soon' is no time: --until takes ");
}

static void test_suggestions(void **state)
{
	static const char *const names[] = { "run", "watch", "doctor", NULL };

	assert_string_equal(suggest_word("wach", names), "watch");
	assert_string_equal(suggest_word("wathc", names), "watch");
	assert_string_equal(suggest_word("doc", names), "doctor");
	assert_string_equal(suggest_word("rnu", names), "run");
	assert_null(suggest_word("xyz", names));
	assert_null(suggest_word("", names));
	assert_null(suggest_word("a-word-that-is-much-too-long-to-be-any-of-these", names));
}

/* --help shows exactly what the parser takes, and fits. */
static void test_help_pages(void **state)
{
	for (const struct command *c = commands; c->name; c++) {
		char *text = NULL, *line, *rest;
		size_t size, lines = 0, examples = 0;
		FILE *out = open_memstream(&text, &size);

		help_command(out, c);
		fclose(out);
		for (const struct option_spec *spec = common_options; spec->name; spec++) {
			char name[40];

			snprintf(name, sizeof(name), " --%s", spec->name);
			bool is_shown = strstr(text, name);
			bool is_taken = false;

			/* A name may be there once for each group. */
			for (const struct option_spec *o = common_options; o->name; o++)
				is_taken |= !strcmp(o->name, spec->name) &&
					    (o->group & (c->spec->groups | OPTIONS_ALWAYS));
			for (const struct option_spec *o = c->spec->own; o && o->name; o++)
				is_taken |= !strncmp(o->name, spec->name, strlen(spec->name));
			if (is_shown != is_taken && strcmp(spec->name, "help"))
				fail_msg("%s of %s: shown %d, taken %d", name, c->name, is_shown,
					 is_taken);
		}
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
			lines++;
			examples += line[0] == ' ' && strstr(line, "begat ");
			if (strlen(line) > 100)
				fail_msg("%s: wider than 100: %s", c->name, line);
		}
		assert_in_range(lines, 8, 38); /* empty lines are not counted */
		if (examples < 2)
			fail_msg("%s: %zu examples", c->name, examples);
		free(text);
		assert_ptr_equal(command_by_name(c->name), c);
	}
	assert_null(command_by_name("nothing"));
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),		cmocka_unit_test(test_every_value),
		cmocka_unit_test(test_many_of_one),	cmocka_unit_test(test_stops_at_the_command),
		cmocka_unit_test(test_unknown_options), cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_own_options),	cmocka_unit_test(test_moments),
		cmocka_unit_test(test_suggestions),	cmocka_unit_test(test_help_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
