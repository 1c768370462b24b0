/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * golden/test_programs.c - the BPF objects keep to the rules that attach/programs.c goes by: names
 * say which form a kernel gets, the order in the object is the order of attaching.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attach/internal.h"

static char order[4096]; /* the wanted programs' names, each between blanks */

/* As the build made it: no tests are linked with the objects. */
static struct bpf_object *open_built(bool is_preemptible)
{
	const char *build = getenv("BUILD");
	char path[4096];

	snprintf(path, sizeof(path), "%s/bpf/begat%s.bpf.o", build ? build : "build",
		 is_preemptible ? "_preemptible" : "");
	return bpf_object__open_file(path, NULL);
}

static void list_wanted(const char *backend, bool has_loop, bool is_preemptible)
{
	struct features features = {
		.has_loop = has_loop,
		.has_task_iterator = true,
	};
	struct probes probes = { .object = open_built(is_preemptible) };
	struct bpf_program *program;

	assert_non_null(probes.object);
	probes.backend = backend_find(backend);
	strcpy(order, " ");
	bpf_object__for_each_program(program, probes.object)
	{
		bpf_program__set_autoload(program, programs_is_wanted(&probes, program, &features));
		if (bpf_program__autoload(program)) {
			strcat(order, bpf_program__name(program));
			strcat(order, " ");
		}
	}
	for (program = programs_next(&probes, backend, NULL); program;
	     program = programs_next(&probes, backend, program))
		assert_ptr_equal(programs_find(&probes, bpf_program__name(program)), program);
	bpf_object__close(probes.object);
}

static void test_forms(void **state)
{
	list_wanted("kprobe", true, false);
	assert_string_equal(order,
			    " kprobe__execve_enter kprobe__execveat_enter "
			    "kprobe__compat_execve_enter kprobe__compat_execveat_enter "
			    "kprobe__return lifecycle__exit lifecycle__signal lifecycle__exec "
			    "lifecycle__fork lifecycle__snapshot ");
	list_wanted("tracepoint", false, false);
	assert_string_equal(order, " lifecycle__exit_unrolled lifecycle__signal "
				   "lifecycle__exec_args_unrolled lifecycle__exec_args_2_unrolled "
				   "lifecycle__exec_args_3_unrolled lifecycle__exec_unrolled "
				   "lifecycle__fork_unrolled lifecycle__snapshot "
				   "tracepoint__return_unrolled tracepoint__execveat_enter "
				   "tracepoint__execve_enter ");
	(void)state;
}

static void test_copies(void **state)
{
	list_wanted("tracepoint", true, true);
	assert_string_equal(order, " lifecycle__exit lifecycle__exit_2 lifecycle__exit_3 "
				   "lifecycle__signal lifecycle__exec lifecycle__exec_2 "
				   "lifecycle__exec_3 lifecycle__fork lifecycle__fork_2 "
				   "lifecycle__fork_3 lifecycle__snapshot tracepoint__return "
				   "tracepoint__return_2 tracepoint__return_3 "
				   "tracepoint__execveat_enter tracepoint__execveat_enter_2 "
				   "tracepoint__execveat_enter_3 tracepoint__execve_enter "
				   "tracepoint__execve_enter_2 tracepoint__execve_enter_3 ");
	(void)state;
}

/* What may be rejected must be something that the object has. */
static void test_optional(void **state)
{
	list_wanted("lifecycle", true, false);
	assert_string_equal(order, " lifecycle__exit lifecycle__signal lifecycle__exec "
				   "lifecycle__fork lifecycle__snapshot ");
	assert_true(programs_is_left_out("lifecycle__signal", UINT_MAX));
	assert_true(programs_is_left_out("lifecycle__snapshot", UINT_MAX));
	assert_false(programs_is_left_out("lifecycle__exec", UINT_MAX));
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
