/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_kernel_btf.c - the part of the kernel's BTF that relocations look at.
 */
#include <bpf/btf.h>
#include <string.h>

#include "attach/kernel_btf.h"
#include "unit.h"

/* struct NAME { MEMBER }, 8 bytes long. */
static int add_struct(struct btf *btf, const char *name, const char *member, int type)
{
	int id = btf__add_struct(btf, name, 8);

	assert_true(id > 0);
	assert_int_equal(btf__add_field(btf, member, type, 0, 0), 0);
	return id;
}

static const struct btf_type *find(const struct btf *btf, const char *name, __u32 kind)
{
	int id = btf__find_by_name_kind(btf, name, kind);

	return id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
}

/*
 * The kernel has task { const inner inner; }, inner { number values[4]; }, holder { other *other; },
 * other and stranger; an object asks for task, in a flavor of its own, for holder and for an enum.
 */
static void test_what_lies_within(void **state)
{
	struct btf *kernel = btf__new_empty(), *local = btf__new_empty(), *part;
	const struct btf_type *task, *inner, *values, *number;
	int integer, typedef_id, array, other, id;

	integer = btf__add_int(kernel, "int", 4, BTF_INT_SIGNED);
	add_struct(kernel, "stranger", "a", integer);
	other = add_struct(kernel, "other", "a", integer);
	typedef_id = btf__add_typedef(kernel, "number", integer);
	array = btf__add_array(kernel, integer, typedef_id, 4);
	id = add_struct(kernel, "inner", "values", array);
	id = btf__add_const(kernel, id);
	id = add_struct(kernel, "task", "inner", id);
	id = btf__add_ptr(kernel, other);
	add_struct(kernel, "holder", "other", id);
	assert_true(btf__add_enum(kernel, "level", 4) > 0);
	assert_int_equal(btf__add_enum_value(kernel, "level_high", 7), 0);

	integer = btf__add_int(local, "int", 4, BTF_INT_SIGNED);
	add_struct(local, "task___old", "inner", integer);
	add_struct(local, "holder", "other", integer);
	assert_true(btf__add_enum(local, "level", 4) > 0);

	part = kernel_btf_part(kernel, local);
	assert_non_null(part);
	task = find(part, "task", BTF_KIND_STRUCT);
	assert_non_null(task);
	inner = btf__type_by_id(part, btf_members(task)[0].type);
	assert_true(btf_is_struct(inner));
	assert_string_equal(btf__name_by_offset(part, inner->name_off), "inner");
	values = btf__type_by_id(part, btf_members(inner)[0].type);
	assert_true(btf_is_array(values));
	assert_int_equal(btf_array(values)->nelems, 4);
	number = btf__type_by_id(part, btf_array(values)->type);
	assert_true(btf_is_int(number));
	assert_int_equal(number->size, 4);

	task = find(part, "holder", BTF_KIND_STRUCT);
	assert_non_null(task);
	assert_true(btf_is_ptr(btf__type_by_id(part, btf_members(task)[0].type)));
	assert_null(find(part, "other", BTF_KIND_STRUCT));
	assert_null(find(part, "stranger", BTF_KIND_STRUCT));
	assert_int_equal(btf_enum(find(part, "level", BTF_KIND_ENUM))->val, 7);
	btf__free(part);
	btf__free(local);
	btf__free(kernel);
}

/* Both of two types of one name stay: it is for libbpf to compare them. */
static void test_same_names(void **state)
{
	struct btf *kernel = btf__new_empty(), *local = btf__new_empty(), *part;
	int integer = btf__add_int(kernel, "int", 4, BTF_INT_SIGNED), count = 0;

	add_struct(kernel, "twin", "a", integer);
	add_struct(kernel, "twin", "b", integer);
	integer = btf__add_int(local, "int", 4, BTF_INT_SIGNED);
	add_struct(local, "twin", "a", integer);
	part = kernel_btf_part(kernel, local);
	assert_non_null(part);
	for (__u32 id = 1; id < btf__type_cnt(part); id++)
		count += btf_is_struct(btf__type_by_id(part, id));
	assert_int_equal(count, 2);
	btf__free(part);
	btf__free(local);
	btf__free(kernel);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_lies_within),
		cmocka_unit_test(test_same_names),
	};

	return cmocka_run_group_tests_name("kernel_btf", tests, NULL, NULL);
}
