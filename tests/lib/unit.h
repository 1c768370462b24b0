/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/unit.h - cmocka, and how a file of tests/unit becomes part of the one program tests/unit/run.
 *
 * A file ends with UNIT_TESTS() { ... return cmocka_run_group_tests(tests, NULL, NULL); }, as it
 * would with int main(void). Each file's tests run in a process of their own, and not one of their
 * functions is visible to another file.
 */
#ifndef BEGAT_TESTS_UNIT_H
#define BEGAT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct unit_file {
	const char *path;
	int (*run)(void); /* 0, or how many of its tests failed */
	struct unit_file *next;
};

void unit_register(struct unit_file *file);

#define UNIT_TESTS()                                                                    \
	static int unit_tests(void);                                                    \
	__attribute__((constructor)) static void unit_register_this(void)               \
	{                                                                               \
		static struct unit_file file = { .path = __FILE__, .run = unit_tests }; \
                                                                                        \
		unit_register(&file);                                                   \
	}                                                                               \
	static int unit_tests(void)

#endif
