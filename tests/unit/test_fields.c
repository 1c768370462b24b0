/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_fields.c - the table of fields, docs/event.schema.json and docs/events.md say the same,
 * and what the JSON sink writes fits the schema.
 */
#include "sink_help.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>

#include "event/fields.h"

#define DOCS TESTS_DIR "/../docs/"

static bool is_string(const struct field *field)
{
	return field->kind == FIELD_STR || field->kind == FIELD_STRV;
}

static void schema_has_the_fields_of_each_event(void **state)
{
	json_t *root = json_load_file(DOCS "event.schema.json", JSON_REJECT_DUPLICATES, NULL);
	json_t *defs = json_object_get(root, "$defs");

	assert_non_null(root);
	for (unsigned int type = BEGAT_FORK; type <= BEGAT_SUMMARY; type++) {
		const char *event = begat_event_name((enum begat_event_type)type);
		json_t *def = json_object_get(defs, event);
		json_t *members = json_object_get(def, "properties");

		assert_true(json_is_false(json_object_get(def, "additionalProperties")));
		for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
			bool has = fields[i].events & BEGAT_EVENT_BIT(type);
			char b64[64];

			/* counters of a summary may be called like fields of others */
			if (type == BEGAT_SUMMARY && !has)
				continue;
			if ((json_object_get(members, fields[i].name) != NULL) != has)
				fail_msg("%s of %s", fields[i].name, event);
			snprintf(b64, sizeof(b64), "%s_b64", fields[i].name);
			if ((json_object_get(members, b64) != NULL) !=
			    (has && is_string(&fields[i])))
				fail_msg("%s of %s", b64, event);
		}
	}
	json_decref(root);
	(void)state;
}

static char *read_text(const char *path)
{
	static char text[1 << 17];
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	assert_true(len < sizeof(text) - 1);
	text[len] = '\0';
	fclose(file);
	return text;
}

static void page_has_a_row_for_each_field(void **state)
{
	char *page = read_text(DOCS "events.md");
	const char *last = page, *names = strstr(page, "\nShort names:");
	char *summary = strstr(page, "\n## summary");

	assert_non_null(names);
	assert_non_null(summary);
	*summary = '\0'; /* its counters may be called like fields */
	for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
		char row[64];
		const char *found;

		snprintf(row, sizeof(row), "\n| `%s` |", fields[i].name);
		found = strstr(page, row);
		if (!found)
			fail_msg("docs/events.md has no row for %s", fields[i].name);
		if (strstr(found + 1, row))
			fail_msg("docs/events.md has two rows for %s", fields[i].name);
		if (found < last)
			fail_msg("%s is out of order", fields[i].name);
		last = found;
	}
	for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
		if (fields[i].alias)
			assert_non_null(strstr(names, fields[i].alias));
	}
	(void)state;
}

static void names_are_found(void **state)
{
	for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
		const char *key = fields[i].json_key;

		assert_int_equal(fields_find(fields[i].name, strlen(fields[i].name)), i);
		if (fields[i].alias)
			assert_int_equal(fields_find(fields[i].alias, strlen(fields[i].alias)), i);
		assert_int_equal(strlen(key), fields[i].json_key_len);
		assert_memory_equal(key + 2, fields[i].name, strlen(fields[i].name));
	}
	assert_int_equal(fields_find("nam", 3), -1);
	assert_int_equal(fields_find("", 0), -1);
	(void)state;
}

/* An event of a kind with all that this kind can have. */
static struct begat_event full_event(enum begat_event_type type)
{
	static const uint32_t pids[] = { 500, 1 };
	static struct begat_stats stats = { .size = sizeof(stats),
					    .backend = "kprobe",
					    .transport = "ringbuf",
					    .latency = "low",
					    .fallback = "because",
					    .latency_count = 1 };
	struct begat_event ev = new_event(type);

	for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
		if (fields[i].events & BEGAT_EVENT_BIT(type))
			begat_fields_add(&ev.has, (enum begat_field)i);
	}
	ev.time_ns = 1700000000000000000ull;
	ev.tgid = ev.tid = 500;
	ev.pids = pids;
	ev.pids_count = 2;
	ev.comm = ev.killed_by_comm = LITERAL("b\xff");
	ev.exe = ev.cwd = ev.filename = ev.interpreter = ev.cgroup = LITERAL("/\xff");
	ev.container_id = ev.container_runtime = ev.pod_uid = ev.tty = LITERAL("x");
	ev.argv = ev.env = LITERALS("a\0\xff", 2);
	ev.error = 2;
	ev.count = 1;
	ev.class_type = BEGAT_EXEC;
	for (int i = 0; i < BEGAT_NS_COUNT; i++)
		ev.ns[i] = 4026531836u;
	if (type == BEGAT_SUMMARY)
		ev.stats = &stats;
	return ev;
}

/* Lines for lib/jsonlines.py, which holds them against the schema. */
struct lines {
	char path[32];
	FILE *file;
};

static struct lines new_lines(void)
{
	struct lines lines = { .path = "/tmp/test_fields.XXXXXX" };
	int fd = mkstemp(lines.path);

	assert_true(fd >= 0);
	lines.file = fdopen(fd, "w");
	assert_non_null(lines.file);
	return lines;
}

static void add_event(struct lines *lines, const struct begat_event *ev)
{
	struct begat_sink_options opts = { 0 };
	size_t len;
	char *line = sink_output("json", &opts, ev, 1, &len);

	assert_int_equal(fwrite(line, 1, len, lines->file), len);
	free(line);
}

/* What the checker says, a line for each line that does not fit, and then how many; its status. */
static int check_lines(struct lines *lines, char *ret_said, size_t size)
{
	char *command;
	FILE *checker;
	size_t len;
	int status;

	assert_int_equal(fclose(lines->file), 0);
	assert_true(asprintf(&command,
			     "python3 " TESTS_DIR "/lib/jsonlines.py --all " DOCS
			     "event.schema.json <%s 2>&1",
			     lines->path) > 0);
	checker = popen(command, "r");
	assert_non_null(checker);
	len = fread(ret_said, 1, size - 1, checker);
	ret_said[len] = '\0';
	status = pclose(checker);
	free(command);
	unlink(lines->path);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		printf("%s", ret_said);
		skip();
	}
	return WEXITSTATUS(status);
}

static void full_events_fit(void **state)
{
	struct lines lines = new_lines();
	char said[8192];

	for (unsigned int type = BEGAT_FORK; type <= BEGAT_SUMMARY; type++) {
		struct begat_event ev = full_event((enum begat_event_type)type);

		add_event(&lines, &ev);
	}

	struct begat_event ev = full_event(BEGAT_EXIT);

	for (int signal = 1; signal <= 64; signal++) {
		ev.signal = signal;
		ev.has.bits[BEGAT_F_EXIT_CODE / 64] &= ~(1ull << BEGAT_F_EXIT_CODE % 64);
		add_event(&lines, &ev);
	}
	ev = full_event(BEGAT_EXEC_FAILED);
	for (ev.error = 1; ev.error < 600; ev.error++)
		add_event(&lines, &ev);
	if (check_lines(&lines, said, sizeof(said)))
		fail_msg("%s", said);
	assert_non_null(strstr(said, "670 lines of "));
	(void)state;
}

/* The schema and its checker refuse what they should: else the test above proves nothing. */
static void wrong_events_do_not_fit(void **state)
{
	static const char *const refused[] = {
		/* exit_code, of which the checker does not say the place */
		"line 1: $",
		": False schema does not allow 0, in",
		"line 2: $: Additional properties are not allowed ('exit_code' ",
		"line 3: $: 'argv' is a required property, in",
		"line 5: $.count: 0 is less than the minimum of 1, in",
		"line 6: a key twice, in",
		"line 7: 'utf-8' codec can't decode byte 0xff",
		"line 8: is no object, in",
	};
	struct begat_event ev = full_event(BEGAT_EXIT);
	struct lines lines = new_lines();
	char said[8192];

	ev.signal = 9; /* and an exit code */
	add_event(&lines, &ev);
	ev = full_event(BEGAT_EXEC);
	HAS(&ev, EXIT_CODE);
	add_event(&lines, &ev);
	ev = full_event(BEGAT_EXEC);
	ev.has.bits[0] &= ~(1ull << BEGAT_F_ARGV);
	add_event(&lines, &ev);
	ev.synthetic = true; /* then it need not have one: line 4 fits */
	add_event(&lines, &ev);
	ev = full_event(BEGAT_LOST);
	ev.count = 0;
	add_event(&lines, &ev);
	fputs("{\"a\":1,\"a\":2}\n{\"a\":\"\xff\"}\n[]\n", lines.file);
	assert_int_equal(check_lines(&lines, said, sizeof(said)), 1);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!strstr(said, refused[i]))
			fail_msg("not in what the checker says: %s\n%s", refused[i], said);
	}
	assert_non_null(strstr(said, ", 7 bad\n"));
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schema_has_the_fields_of_each_event),
		cmocka_unit_test(page_has_a_row_for_each_field),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(full_events_fit),
		cmocka_unit_test(wrong_events_do_not_fit),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
