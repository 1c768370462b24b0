/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_field.c - what bindings read: fields by number, an event as JSON in memory,
 * structs of other sizes.
 *
 * Owns:    that each way of reading an event says the same.
 */
#include <begat/field.h>
#include <begat/sink.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/opts.h"
#include "store_help.h"

static void names(void **state)
{
	for (int f = 0;; f++) {
		struct begat_field_info info = { .size = sizeof(info) };
		int err = begat_field_info((enum begat_field)f, &info);

		if (err == -ENOENT) {
			assert_int_equal(f, BEGAT_FIELD_COUNT);
			break;
		}
		assert_int_equal(err, 0);
		assert_int_equal(begat_field_by_name(info.name), f);
		if (info.alias)
			assert_int_equal(begat_field_by_name(info.alias), f);
		assert_true(info.events && info.offset < sizeof(struct begat_event));
		if (strstr(info.name, "_ns"))
			assert_string_equal(info.unit, "ns");
		if (strstr(info.name, "_bytes"))
			assert_string_equal(info.unit, "bytes");
	}
	assert_int_equal(begat_field_by_name("nosuch"), -ENOENT);
	assert_int_equal(
		begat_field_info((enum begat_field) - 1, &(struct begat_field_info){ .size = 64 }),
		-ENOENT);
	assert_int_equal(begat_field_info(BEGAT_F_PID, &(struct begat_field_info){ .size = 0 }),
			 -EINVAL);
}

/* A struct of an older header gets its part; a member that it does not have is not touched. */
static void smaller_info(void **state)
{
	struct {
		struct begat_field_info info;
	} both;

	memset(&both, 0x5a, sizeof(both));
	both.info.size = offsetof(struct begat_field_info, alias);
	assert_int_equal(begat_field_info(BEGAT_F_PID, &both.info), 0);
	assert_string_equal(both.info.name, "pid");
	assert_int_equal(((unsigned char *)&both.info.alias)[0], 0x5a);
}

static bool is_number(uint32_t kind)
{
	return kind != BEGAT_KIND_STR && kind != BEGAT_KIND_STRV && kind != BEGAT_KIND_PIDS &&
	       kind != BEGAT_KIND_NS;
}

/* The value in JSON and the one that a function gives are the same. */
static void check_field(const struct begat_event *ev, int f, json_t *object, unsigned *ret_checked)
{
	struct begat_field_info info = { .size = sizeof(info) };
	enum begat_field field = (enum begat_field)f;
	uint64_t u64 = 0;
	int64_t i64 = 0;
	struct begat_str str;
	struct begat_strv strv;
	json_t *value;

	assert_int_equal(begat_field_info(field, &info), 0);
	value = json_object_get(object, info.name);
	assert_int_equal(begat_event_has_field(ev, field), begat_event_has(ev, field));
	if (!begat_event_has(ev, field)) {
		assert_int_equal(begat_event_u64(ev, field, &u64), -ENOENT);
		assert_int_equal(begat_event_str(ev, field, &str), -ENOENT);
		return;
	}
	assert_int_equal(begat_event_i64(ev, field, &i64) != -EINVAL, is_number(info.kind));
	assert_int_equal(begat_event_str(ev, field, &str) == 0, info.kind == BEGAT_KIND_STR);
	switch (info.kind) {
	case BEGAT_KIND_U32:
	case BEGAT_KIND_U64:
	case BEGAT_KIND_DURATION:
	case BEGAT_KIND_BYTES:
	case BEGAT_KIND_CPU:
		assert_int_equal(begat_event_u64(ev, field, &u64), 0);
		assert_true(json_is_number(value));
		assert_true((double)u64 == json_number_value(value));
		break;
	case BEGAT_KIND_I32:
		assert_int_equal(begat_event_i64(ev, field, &i64), 0);
		assert_true((double)i64 == json_number_value(value));
		break;
	case BEGAT_KIND_BOOL:
		assert_int_equal(begat_event_u64(ev, field, &u64), 0);
		assert_int_equal(u64, json_is_true(value));
		break;
	case BEGAT_KIND_STR:
		if (json_string_length(value) == str.len)
			assert_memory_equal(json_string_value(value), str.data, str.len);
		break;
	case BEGAT_KIND_STRV:
		assert_int_equal(begat_event_strv(ev, field, &strv), 0);
		assert_int_equal(strv.count, json_array_size(value));
		break;
	default:
		return;
	}
	(*ret_checked)++;
}

static void every_way_says_the_same(void **state)
{
	struct store_capture all = { 0 };
	struct begat_json *json = NULL;
	struct synthetic s;
	unsigned checked = 0;

	synthetic_init(&s, store_capture_event, &all);
	synthetic_build(&s, 3, 100);
	synthetic_hostile(&s);
	assert_int_equal(begat_json_new(&json), 0);
	for (size_t i = 0; i < all.count; i++) {
		size_t len = 0;
		const char *text = begat_json_event(json, all.events[i], &len);
		json_t *object;

		assert_non_null(text);
		assert_int_equal(text[len], '\0');
		assert_null(memchr(text, '\n', len));
		object = json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
		assert_non_null(object);
		for (int f = 0; f < BEGAT_FIELD_COUNT; f++)
			check_field(all.events[i], f, object, &checked);
		json_decref(object);
	}
	assert_true(checked > 1000);
	begat_json_free(json);
	begat_json_free(NULL);
	store_capture_done(&all);
}

static void options(void **state)
{
	struct {
		size_t size;
		int one, two, three, four;
	} newer = { sizeof(newer), 1, 2, 0, 0 };
	struct {
		size_t size;
		int one, two;
	} known;

	assert_true(opts_copy(&known, sizeof(known), &newer));
	assert_true(known.size == sizeof(known) && known.one == 1 && known.two == 2);
	newer.four = 1;
	assert_false(opts_copy(&known, sizeof(known), &newer));
	newer.size = offsetof(__typeof__(newer), two);
	assert_true(opts_copy(&known, sizeof(known), &newer));
	assert_true(known.one == 1 && known.two == 0);
	newer.size = 0;
	assert_false(opts_copy(&known, sizeof(known), &newer));
	newer.size = SIZE_MAX;
	assert_false(opts_copy(&known, sizeof(known), &newer));
	assert_false(opts_copy(&known, sizeof(known), NULL));
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(smaller_info),
		cmocka_unit_test(every_way_says_the_same),
		cmocka_unit_test(options),
	};

	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
