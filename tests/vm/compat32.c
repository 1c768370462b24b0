/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/compat32.c - a static 32-bit program without any library: its system calls are the 32-bit ones.
 *
 * usage: compat32 exit                     ends with 0
 *        compat32 exec PATH [ARG...]       execve PATH; ends with the errno if that fails
 *        compat32 execat PATH [ARG...]     the same by execveat
 *        compat32 try PATH                 execve PATH, which must fail; ends with 0 if it did
 *
 * Built for i386 (int 0x80) and arm (svc); the numbers of the calls are the same but for execveat.
 */
#define SYS_EXIT 1
#define SYS_EXECVE 11
#define AT_FDCWD (-100)

#if defined(__i386__)
#define SYS_EXECVEAT 358
__asm__(".globl _start\n"
	"_start:\n"
	"	mov %esp, %eax\n"
	"	and $-16, %esp\n"
	"	sub $12, %esp\n"
	"	push %eax\n"
	"	call compat_main\n");

static long call(long number, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}
#elif defined(__arm__)
#define SYS_EXECVEAT 387
__asm__(".globl _start\n"
	"_start:\n"
	"	mov r0, sp\n"
	"	bic sp, sp, #7\n"
	"	bl compat_main\n");

static long call(long number, long a, long b, long c, long d, long e)
{
	register long r7 __asm__("r7") = number;
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;
	register long r3 __asm__("r3") = d;
	register long r4 __asm__("r4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(r0)
			 : "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4)
			 : "memory");
	return r0;
}
#else
#error "compat32 is a 32-bit program: build it with -m32 or --target=arm-linux-gnueabi"
#endif

static int is_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static int run(long argc, char **argv, char **envp)
{
	long result;

	if (argc < 2 || is_same(argv[1], "exit"))
		return argc < 2;
	if (argc < 3)
		return 1;
	if (is_same(argv[1], "execat"))
		result = call(SYS_EXECVEAT, AT_FDCWD, (long)argv[2], (long)(argv + 2), (long)envp,
			      0);
	else
		result = call(SYS_EXECVE, (long)argv[2], (long)(argv + 2), (long)envp, 0, 0);
	if (is_same(argv[1], "try"))
		return result >= 0;
	return (int)-result;
}

/* The stack as the kernel leaves it: argc, argv, NULL, environment. */
__attribute__((noreturn, used)) void compat_main(long *stack)
{
	char **argv = (char **)(stack + 1);

	call(SYS_EXIT, run(stack[0], argv, argv + stack[0] + 1), 0, 0, 0, 0);
	__builtin_unreachable();
}
