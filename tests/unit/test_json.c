/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_json.c - JSON lines: escaping, exact bytes, absent fields, any size, broken readers.
 *
 * Lines are parsed by jansson, which is strict about UTF-8 and escapes.
 */
#include "sink_help.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>

#include "event/fields.h"

static char *json_of(const struct begat_event *ev)
{
	struct begat_sink_options opts = { 0 };

	return sink_output("json", &opts, ev, 1, NULL);
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!json)
		fail_msg("%s at %d in: %.200s", error.text, error.position, text);
	assert_int_equal(strcspn(text, "\n") + 1, strlen(text)); /* one line */
	return json;
}

static json_t *parsed(const struct begat_event *ev)
{
	char *text = json_of(ev);
	json_t *json = parse(text);

	free(text);
	return json;
}

static void assert_string(json_t *json, const char *key, const char *value, size_t len)
{
	json_t *member = json_object_get(json, key);

	assert_true(json_is_string(member));
	assert_int_equal(json_string_length(member), len);
	assert_memory_equal(json_string_value(member), value, len);
}

static void exact_line(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	uint32_t pids[] = { 41234, 7 };

	HAS(&ev, TIME), HAS(&ev, TS_NS), HAS(&ev, SEQ), HAS(&ev, CPU), HAS(&ev, ID);
	HAS(&ev, PID), HAS(&ev, PPID), HAS(&ev, PARENT_ID), HAS(&ev, COMM), HAS(&ev, LOGINUID);
	HAS(&ev, CAPS), HAS(&ev, PIDS), HAS(&ev, NS), HAS(&ev, SYNTHETIC);
	HAS(&ev, ARGV), HAS(&ev, ARGV_TRUNCATED);
	ev.time_ns = 1700000000000000042ull;
	ev.ts_ns = UINT64_MAX;
	ev.id = 0x00c0ffee12345678;
	ev.parent_id = 1;
	ev.tgid = 41234;
	ev.parent_tgid = 1;
	ev.comm = LITERAL("gcc");
	ev.loginuid = UINT32_MAX;
	ev.cap_effective = 0x1ffffffffff;
	ev.pids = pids;
	ev.pids_count = 2;
	ev.ns[BEGAT_NS_PID] = 4026531836u;
	ev.ns[BEGAT_NS_CGROUP] = 99;
	ev.argv = LITERALS("gcc\0-O2\0", 3);

	char *text = json_of(&ev);

	assert_string_equal(text,
			    "{\"event\":\"exec\",\"time\":\"2023-11-14T22:13:20.000000042Z\","
			    "\"ts_ns\":18446744073709551615,\"seq\":0,\"cpu\":0,"
			    "\"id\":\"00c0ffee12345678\",\"pid\":41234,\"ppid\":1,"
			    "\"parent_id\":\"0000000000000001\",\"comm\":\"gcc\",\"loginuid\":null,"
			    "\"cap_effective\":\"000001ffffffffff\",\"pids\":[41234,7],"
			    "\"ns\":{\"pid\":4026531836,\"cgroup\":99},\"synthetic\":false,"
			    "\"argv\":[\"gcc\",\"-O2\",\"\"],\"argv_truncated\":false}\n");
	free(text);
	(void)state;
}

static void numbers(void **state)
{
	static const uint64_t values[] = {
		0,
		9,
		10,
		99,
		100,
		999,
		1000,
		9999,
		10000,
		65535,
		99999999,
		100000000,
		4294967295,
		4294967296ull,
		999999999999999999ull,
		10000000000000000000ull,
		UINT64_MAX,
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct begat_event ev = new_event(BEGAT_EXIT);
		char expected[128];

		HAS(&ev, ID), HAS(&ev, MINOR_FAULTS);
		ev.id = ev.minor_faults = values[i];
		snprintf(expected, sizeof(expected),
			 "{\"event\":\"exit\",\"id\":\"%016llx\",\"minor_faults\":%llu}\n",
			 (unsigned long long)values[i], (unsigned long long)values[i]);

		char *text = json_of(&ev);

		assert_string_equal(text, expected);
		free(text);
	}
	(void)state;
}

static void exit_by_code_and_by_signal(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXIT);
	char *text;

	HAS(&ev, EXIT_CODE), HAS(&ev, SIGNAL);
	ev.exit_code = 3;
	text = json_of(&ev);
	assert_string_equal(text, "{\"event\":\"exit\",\"exit_code\":3,\"signal\":null}\n");
	free(text);

	ev = new_event(BEGAT_EXIT);
	HAS(&ev, SIGNAL), HAS(&ev, CORE_DUMPED), HAS(&ev, KILLED_BY);
	ev.signal = 11;
	ev.core_dumped = true;
	ev.killed_by_tgid = 17;
	ev.killed_by_id = 0xab;
	ev.killed_by_comm = LITERAL("ki\xffll");
	text = json_of(&ev);
	assert_string_equal(text, "{\"event\":\"exit\",\"signal\":\"SIGSEGV\",\"core_dumped\":true,"
				  "\"killed_by\":{\"id\":\"00000000000000ab\",\"pid\":17,"
				  "\"comm\":\"ki\xef\xbf\xbdll\",\"comm_b64\":\"a2n/bGw=\","
				  "\"oom\":false}}\n");
	free(text);
	(void)state;
}

static void failed_fork_and_lost(void **state)
{
	struct begat_event events[4] = { new_event(BEGAT_EXEC_FAILED), new_event(BEGAT_EXEC_FAILED),
					 new_event(BEGAT_FORK), new_event(BEGAT_LOST) };
	struct begat_sink_options opts = { 0 };

	HAS(&events[0], ERRNO), HAS(&events[0], REPEATS);
	events[0].error = 2;
	events[0].repeats = 5;
	HAS(&events[1], ERRNO);
	events[1].error = 4000; /* has no name */
	HAS(&events[2], FORKED_BY);
	events[2].forked_by_tgid = 12;
	HAS(&events[3], CPU), HAS(&events[3], COUNT), HAS(&events[3], CLASS);
	events[3].cpu = 1;
	events[3].lost_cpu = 3;
	events[3].count = 7;
	events[3].class_type = BEGAT_EXIT;

	char *text = sink_output("json", &opts, events, 4, NULL);

	assert_string_equal(text,
			    "{\"event\":\"exec_failed\",\"errno\":\"ENOENT\",\"errno_number\":2,"
			    "\"repeats\":5}\n"
			    "{\"event\":\"exec_failed\",\"errno_number\":4000}\n"
			    "{\"event\":\"fork\",\"forked_by\":{\"pid\":12}}\n"
			    "{\"event\":\"lost\",\"cpu\":3,\"count\":7,\"class\":\"exit\"}\n");
	free(text);
	(void)state;
}

static void escapes(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	static const char text[] = "a\"b\\c\n\t\r\b\f\x01\x1f\x7f\xe2\x80\xa8/\xf0\x9f\x90\xa7";

	HAS(&ev, COMM);
	ev.comm = LITERAL(text);

	char *line = json_of(&ev);

	assert_string_equal(line, "{\"event\":\"exec\",\"comm\":\"a\\\"b\\\\c\\n\\t\\r\\b\\f"
				  "\\u0001\\u001f\x7f\xe2\x80\xa8/\xf0\x9f\x90\xa7\"}\n");
	free(line);

	json_t *json = parsed(&ev);

	assert_string(json, "comm", text, sizeof(text) - 1);
	assert_null(json_object_get(json, "comm_b64"));
	json_decref(json);
	(void)state;
}

/* Each character at each place of an 8-byte word, at the end and not: the bulk scan's borders. */
static void every_byte_at_every_place(void **state)
{
	char data[40];

	for (size_t len = 1; len <= 20; len++) {
		for (size_t at = 0; at < len; at++) {
			for (int c = 0; c < 128; c++) {
				struct begat_event ev = new_event(BEGAT_EXEC);

				memset(data, 'x', len);
				data[at] = (char)c;
				HAS(&ev, FILENAME);
				ev.filename = (struct begat_str){ data, len };

				json_t *json = parsed(&ev);

				assert_string(json, "filename", data, len);
				assert_int_equal(json_object_size(json), 2);
				json_decref(json);
			}
		}
	}
	(void)state;
}

/* The exact bytes of base64, by a decoder that shares nothing with the encoder. */
static size_t from_base64(const char *text, size_t len, char *out)
{
	size_t n = 0;
	uint32_t bits = 0, have = 0;

	assert_int_equal(len % 4, 0);
	for (size_t i = 0; i < len && text[i] != '='; i++) {
		const char *digits =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
		const char *digit = strchr(digits, text[i]);

		assert_non_null(digit);
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have);
		}
	}
	return n;
}

static void invalid_bytes_are_kept_beside(void **state)
{
	static const struct {
		const char *bytes, *shown;
	} cases[] = {
#define R "\xef\xbf\xbd"
		{ "\xff", R },
		{ "a\x80z", "a" R "z" },
		{ "\xc3", R },
		{ "\xc3(", R "(" },
		{ "\xc0\xaf", R R }, /* overlong */
		{ "\xe2\x82", R R },
		{ "\xed\xa0\x80", R R R }, /* surrogate */
		{ "\xf4\x90\x80\x80", R R R R }, /* over U+10FFFF */
		{ "\xf0\x9f\x90", R R R },
		{ "1234567\xe2\x82\xac\xfe", "1234567\xe2\x82\xac" R },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct begat_event ev = new_event(BEGAT_EXEC);
		char bytes[64];
		json_t *json, *b64;

		HAS(&ev, CWD);
		ev.cwd = (struct begat_str){ cases[i].bytes, strlen(cases[i].bytes) };
		json = parsed(&ev);
		assert_string(json, "cwd", cases[i].shown, strlen(cases[i].shown));
		b64 = json_object_get(json, "cwd_b64");
		assert_non_null(b64);
		assert_int_equal(
			from_base64(json_string_value(b64), json_string_length(b64), bytes),
			ev.cwd.len);
		assert_memory_equal(bytes, ev.cwd.data, ev.cwd.len);
		json_decref(json);
	}
	(void)state;
}

static void argv_with_one_bad_string(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	json_t *json, *argv, *b64;
	char bytes[16];

	HAS(&ev, ARGV);
	/* a sequence must not be completed from the next string */
	ev.argv = LITERALS("ok\0\xe2\x82\0\xac\0", 4);
	json = parsed(&ev);
	argv = json_object_get(json, "argv");
	b64 = json_object_get(json, "argv_b64");
	assert_int_equal(json_array_size(argv), 4);
	assert_int_equal(json_array_size(b64), 4);
	assert_string_equal(json_string_value(json_array_get(argv, 0)), "ok");
	assert_string_equal(json_string_value(json_array_get(argv, 1)), R R);
	assert_string_equal(json_string_value(json_array_get(argv, 2)), R);
	assert_string_equal(json_string_value(json_array_get(argv, 3)), "");
	assert_string_equal(json_string_value(json_array_get(b64, 0)), "b2s=");
	assert_int_equal(from_base64(json_string_value(json_array_get(b64, 1)), 4, bytes), 2);
	assert_memory_equal(bytes, "\xe2\x82", 2);
	assert_string_equal(json_string_value(json_array_get(b64, 3)), "");
	json_decref(json);
	(void)state;
}

/* A vector that lies about itself: no more than its bytes is read, no more than its count shown. */
static void argv_that_lies(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	char *text;

	HAS(&ev, ARGV);
	ev.argv = (struct begat_strv){ "a\0b\0c", 6, 2, 0 };
	text = json_of(&ev);
	assert_string_equal(text, "{\"event\":\"exec\",\"argv\":[\"a\",\"b\"]}\n");
	free(text);
	ev.argv = (struct begat_strv){ "a\0b", 4, 1000, 0 };
	text = json_of(&ev);
	assert_string_equal(text, "{\"event\":\"exec\",\"argv\":[\"a\",\"b\"]}\n");
	free(text);
	ev.argv = (struct begat_strv){ "abc", 2, 1, 0 };
	text = json_of(&ev);
	assert_string_equal(text, "{\"event\":\"exec\",\"argv\":[\"ab\"]}\n");
	free(text);
	ev.argv = (struct begat_strv){ NULL, 0, 0, 0 };
	text = json_of(&ev);
	assert_string_equal(text, "{\"event\":\"exec\",\"argv\":[]}\n");
	free(text);
	(void)state;
}

/* Megabytes of argv, of every byte, around the borders of the pieces. */
static void argv_of_any_size(void **state)
{
	static const size_t sizes[] = { 4095, 4096, 4097, 65536, 131072, 3 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct begat_event ev = new_event(BEGAT_EXEC);
		size_t size = sizes[i];
		char *data = calloc(1, size); /* the last byte is its NUL */
		uint32_t seed = 12345, strings = 0;

		assert_non_null(data);
		for (size_t n = 0; n + 1 < size; n++) {
			seed = seed * 1103515245 + 12345;
			data[n] = n % 4096 > 4080 ? "\xf0\x9f\x90\xa7"[n % 4] : (char)(seed >> 16);
		}
		for (size_t n = 0; n < size; n++)
			strings += !data[n];
		HAS(&ev, ARGV);
		ev.argv = (struct begat_strv){ data, size, strings, 0 };

		json_t *json = parsed(&ev);
		json_t *b64 = json_object_get(json, "argv_b64");
		char *back = malloc(size + 4);
		size_t at = 0;

		assert_int_equal(json_array_size(json_object_get(json, "argv")), strings);
		assert_int_equal(json_array_size(b64), strings);
		for (uint32_t n = 0; n < strings; n++) {
			json_t *string = json_array_get(b64, n);

			at += from_base64(json_string_value(string), json_string_length(string),
					  back + at);
			back[at++] = '\0';
		}
		assert_int_equal(at, size);
		assert_memory_equal(back, data, size);
		json_decref(json);
		free(back);
		free(data);
	}
	(void)state;
}

static void summary(void **state)
{
	struct begat_stats stats = { .size = sizeof(stats),
				     .backend = "tracepoint",
				     .transport = "ringbuf",
				     .latency = "balanced",
				     .fallback = "",
				     .started_ns = 1000,
				     .now_ns = 3500 };
	struct begat_event ev = new_event(BEGAT_SUMMARY);
	json_t *json;

	ev.stats = &stats;
	stats.generated[BEGAT_FORK] = stats.received[BEGAT_FORK] = 5;
	stats.generated[BEGAT_EXIT] = stats.received[BEGAT_EXIT] = 4;
	json = parsed(&ev);
	assert_true(json_is_true(json_object_get(json, "complete")));
	assert_int_equal(json_integer_value(json_object_get(json, "forks")), 5);
	assert_int_equal(json_integer_value(json_object_get(json, "exits")), 4);
	assert_int_equal(json_integer_value(json_object_get(json, "duration_ns")), 2500);
	assert_string(json, "backend", "tracepoint", 10);
	assert_null(json_object_get(json, "fallback"));
	assert_null(json_object_get(json, "latency_p50_ns"));
	json_decref(json);

	stats.generated[BEGAT_EXIT] = 6;
	stats.lost[BEGAT_EXIT] = 1;
	stats.latency_count = 1;
	stats.latency_p50_ns = 812;
	json = parsed(&ev);
	assert_true(json_is_false(json_object_get(json, "complete")));
	assert_int_equal(json_integer_value(json_object_get(json, "balance")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "lost"), "exit")),
			 1);
	assert_int_equal(json_integer_value(json_object_get(json, "latency_p50_ns")), 812);
	json_decref(json);
	(void)state;
}

/* Every field at once, to see that each has its key and the object stays an object. */
static void all_fields(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXIT);
	json_t *json;

	for (int i = 0; i < BEGAT_FIELD_COUNT; i++)
		begat_fields_add(&ev.has, (enum begat_field)i);
	ev.has.bits[1] |= 1ull << 63; /* of a newer library */
	ev.error = 1;
	ev.class_type = 99;
	ev.signal = 1000;
	json = parsed(&ev);
	for (int i = 0; i < BEGAT_FIELD_COUNT; i++) {
		assert_non_null(fields[i].name);
		assert_non_null(json_object_get(json, fields[i].name));
	}
	assert_int_equal(json_object_size(json), BEGAT_FIELD_COUNT + 1); /* errno_number */
	json_decref(json);
	(void)state;
}

static void reader_gone(void **state)
{
	struct begat_sink_options opts = { .size = sizeof(opts), .line_buffered = true };
	struct begat_event ev = new_event(BEGAT_FORK);
	struct begat_sink *sink;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	opts.fd = fds[1];
	assert_int_equal(begat_sink_open("json", &opts, &sink), 0);
	assert_int_equal(begat_sink_write(sink, &ev), 0);
	close(fds[0]);
	assert_int_equal(begat_sink_write(sink, &ev), -EPIPE);
	assert_int_equal(begat_sink_write(sink, &ev), -EPIPE);
	assert_int_equal(begat_sink_close(sink), -EPIPE);
	close(fds[1]);
	(void)state;
}

struct reader {
	int fd;
	size_t len;
	bool same;
};

static void *slow_reader(void *arg)
{
	struct reader *reader = arg;
	char data[777];
	ssize_t n;

	while ((n = read(reader->fd, data, sizeof(data))) > 0) {
		reader->len += (size_t)n;
		reader->same &= memchr(data, 'y', (size_t)n) == NULL;
	}
	return NULL;
}

/* A non-blocking pipe takes only parts: nothing is lost or doubled. */
static void partial_writes(void **state)
{
	struct begat_sink_options opts = { .size = sizeof(opts) };
	struct begat_event ev = new_event(BEGAT_EXEC);
	struct reader reader = { .same = true };
	static char data[200001];
	struct begat_sink *sink;
	pthread_t thread;
	int fds[2];

	memset(data, 'x', sizeof(data) - 1);
	HAS(&ev, FILENAME);
	ev.filename = (struct begat_str){ data, sizeof(data) - 1 };
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	reader.fd = fds[0];
	opts.fd = fds[1];
	assert_int_equal(begat_sink_open("json", &opts, &sink), 0);
	assert_int_equal(pthread_create(&thread, NULL, slow_reader, &reader), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(begat_sink_write(sink, &ev), 0);
	assert_int_equal(begat_sink_close(sink), 0);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_int_equal(reader.len, 20 * (sizeof(data) - 1 +
					   strlen("{\"event\":\"exec\",\"filename\":\"\"}\n")));
	assert_true(reader.same);
	(void)state;
}

static void bad_options(void **state)
{
	struct begat_sink_options opts = { .size = sizeof(opts), .fd = 1 };
	struct begat_sink *sink = NULL;

	assert_int_equal(begat_sink_open("yaml", &opts, &sink), -EINVAL);
	assert_int_equal(begat_sink_open(NULL, &opts, &sink), -EINVAL);
	opts.size = 0;
	assert_int_equal(begat_sink_open("json", &opts, &sink), -EINVAL);
	assert_null(sink);
	assert_int_equal(begat_sink_close(NULL), 0);
	for (const char *const *name = begat_sink_names(); *name; name++) {
		opts.size = sizeof(opts);
		assert_int_equal(begat_sink_open(*name, &opts, &sink), 0);
		assert_int_equal(begat_sink_close(sink), 0);
	}
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_line),
		cmocka_unit_test(numbers),
		cmocka_unit_test(exit_by_code_and_by_signal),
		cmocka_unit_test(failed_fork_and_lost),
		cmocka_unit_test(escapes),
		cmocka_unit_test(every_byte_at_every_place),
		cmocka_unit_test(invalid_bytes_are_kept_beside),
		cmocka_unit_test(argv_with_one_bad_string),
		cmocka_unit_test(argv_that_lies),
		cmocka_unit_test(argv_of_any_size),
		cmocka_unit_test(summary),
		cmocka_unit_test(all_fields),
		cmocka_unit_test(reader_gone),
		cmocka_unit_test(partial_writes),
		cmocka_unit_test(bad_options),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
