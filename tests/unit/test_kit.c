/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_kit.c - the containers of base/: strings by number, ids, a heap, growing arrays.
 */
#include <stddef.h>
#include <stdint.h>
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/heap.h"
#include "base/id_map.h"
#include "base/string_table.h"
#include "unit.h"

#define MANY 100000

static uint32_t add(struct string_table *t, const char *data, size_t len)
{
	uint32_t number = 77;

	assert_int_equal(string_table_add(t, data, len, &number), 0);
	return number;
}

static void test_strings_once(void **state)
{
	struct string_table t = { 0 };
	uint32_t one, two, nul;

	assert_int_equal(string_table_count(&t), 1);
	assert_string_equal(string_table_get(&t, 0).data, "");
	assert_int_equal(add(&t, "", 0), 0);
	one = add(&t, "one", 3);
	two = add(&t, "two", 3);
	nul = add(&t, "one\0", 4);
	assert_true(one && two && nul && one != two && one != nul);
	assert_int_equal(add(&t, "one", 3), one);
	assert_int_equal(add(&t, NULL, 0), 0);
	assert_int_equal(string_table_count(&t), 4);
	assert_int_equal(string_table_get(&t, nul).len, 4);
	assert_string_equal(string_table_get(&t, two).data, "two");
	assert_int_equal(string_table_get(&t, 4).len, 0);
	string_table_done(&t);
	string_table_done(&t);
}

/* Also those that are bigger than a block, between small ones; none moves. */
static void test_many_strings(void **state)
{
	struct string_table t = { 0 };
	char text[32], *big = malloc(3 << 20);
	const char *first;

	assert_non_null(big);
	memset(big, 'b', 3 << 20);
	assert_int_equal(add(&t, "first", 5), 1);
	first = string_table_get(&t, 1).data;
	for (uint32_t i = 0; i < MANY; i++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "/usr/lib/%u", i);

		assert_int_equal(add(&t, text, len), i + 2);
		if (i == MANY / 2)
			assert_int_equal(add(&t, big, 3 << 20) > MANY / 2, 1);
		if (i == MANY / 2)
			break;
	}
	for (uint32_t i = 0; i < MANY / 2; i++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "/usr/lib/%u", i);

		assert_int_equal(add(&t, text, len), i + 2);
		assert_string_equal(string_table_get(&t, i + 2).data, text);
	}
	assert_ptr_equal(string_table_get(&t, 1).data, first);
	assert_int_equal(string_table_get(&t, MANY / 2 + 3).len, 3 << 20);
	string_table_done(&t);
	free(big);
}

struct thing {
	uint32_t other;
	uint64_t id;
};

static void test_ids(void **state)
{
	struct thing *things = NULL;
	struct id_map map = { 0 };
	uint32_t count = 0, room = 0;

	assert_int_equal(id_map_find(&map, NULL, sizeof(*things), 1), ID_MAP_NONE);
	for (uint64_t i = 0; i < MANY; i++) {
		assert_int_equal(array_grow(&things, count, &room, sizeof(*things)), 0);
		things[count].id = i << 20;
		assert_int_equal(
			id_map_grow(&map, &things[0].id, sizeof(*things), count, count + 1), 0);
		uint32_t *bucket = id_map_bucket(&map, &things[0].id, sizeof(*things), i << 20);

		assert_int_equal(*bucket, 0);
		*bucket = ++count;
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(
			id_map_find(&map, &things[0].id, sizeof(*things), (uint64_t)i << 20), i);
	assert_int_equal(id_map_find(&map, &things[0].id, sizeof(*things), 1), ID_MAP_NONE);
	id_map_done(&map);
	free(things);
}

/* Smallest key first, then smallest value, whatever the order they came in. */
static void test_heap(void **state)
{
	struct heap h = { 0 };
	struct heap_item last = { 0 };
	uint64_t seed = 1;

	for (uint32_t i = 0; i < MANY; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		assert_int_equal(heap_push(&h, seed >> 48, (uint32_t)(seed >> 20)), 0);
		if (i % 3 == 0)
			heap_pop(&h);
	}
	while (h.count) {
		struct heap_item item = heap_pop(&h);

		assert_false(heap_is_less(item, last));
		last = item;
	}
	heap_done(&h);
}

static void test_bytes(void **state)
{
	struct bytes b = { 0 };

	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(bytes_add(&b, &i, sizeof(i)), 0);
	assert_int_equal(b.len, MANY * sizeof(uint32_t));
	for (uint32_t i = 0; i < MANY; i++)
		assert_memory_equal(b.data + i * sizeof(i), &i, sizeof(i));
	bytes_done(&b);
	assert_null(b.data);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings_once), cmocka_unit_test(test_many_strings),
		cmocka_unit_test(test_ids),	     cmocka_unit_test(test_heap),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
