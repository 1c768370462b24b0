/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/rejectbpf.c - a library to preload that stands for a verifier which rejects programs.
 *
 * Owns:    REJECTBPF=NAME[,NAME...]: BPF_PROG_LOAD of a program whose name is in the list (the
 *          kernel knows the first 15 bytes of it) fails with EACCES, as a rejection does.
 * Used by: tests/integration/host_namespaces.sh.
 *
 * libbpf calls the C library's syscall(), so that is the place.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

long syscall(long number, ...);

static bool is_listed(const char *name)
{
	const char *at = getenv("REJECTBPF");

	while (at && *at) {
		size_t len = strcspn(at, ",");
		size_t known = len < BPF_OBJ_NAME_LEN - 1 ? len : BPF_OBJ_NAME_LEN - 1;

		if (len && strlen(name) == known && !strncmp(at, name, known))
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

#if defined(__x86_64__)
static long call(long number, const long *args)
{
	register long r10 __asm__("r10") = args[3];
	register long r8 __asm__("r8") = args[4];
	register long r9 __asm__("r9") = args[5];
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static long call(long number, const long *args)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = args[0];
	register long x1 __asm__("x1") = args[1];
	register long x2 __asm__("x2") = args[2];
	register long x3 __asm__("x3") = args[3];
	register long x4 __asm__("x4") = args[4];
	register long x5 __asm__("x5") = args[5];

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#endif

long syscall(long number, ...)
{
	long args[6], ret;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_bpf && args[0] == BPF_PROG_LOAD &&
	    is_listed(((const union bpf_attr *)args[1])->prog_name)) {
		errno = EACCES;
		return -1;
	}
	ret = call(number, args);
	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}
