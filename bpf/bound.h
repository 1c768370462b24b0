/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/bound.h - offsets and lengths that are known at run time only, with a bound.
 *
 * Owns: every comparison that the verifier needs to accept such a number. Not: which bound is
 * right (the callers).
 *
 * The verifier knows the bound of a register that was compared. A compiler may compare one copy
 * of a number and use another, keep it on the stack in between (where verifiers before 6.8 lose
 * the bound), or leave out a comparison that seems needless. clang 14 to 19 do each of these. So
 * the comparison and the use are one asm statement: the same register, and nothing in between. C
 * code may compare before, for reasons of its own.
 *
 * Two kinds of numbers need no such care: an index that is a constant in each round of a loop, and
 * a kernel address, which bpf_probe_read_kernel() checks at run time.
 */
#ifndef BEGAT_BPF_BOUND_H
#define BEGAT_BPF_BOUND_H

#include "kernel.h"

#include <bpf/bpf_helpers.h>

#define BOUND_READ_USER 112 /* the helpers' numbers: part of the kernel's interface */
#define BOUND_READ_KERNEL 113
#define BOUND_PERF_EVENT_OUTPUT 25
#define BOUND_RINGBUF_OUTPUT 130

/*
 * After an exclusive or, a verifier derives the range from the known bits alone. Without it, the
 * range may contain no number with these bits (0x7001 to 0x7007, a multiple of 8), and verifiers
 * from 6.8 on report that as their own bug in the kernel's log.
 */
#define BOUND_FORGET(number) number " ^= 0\n\t"

/* @base + @offset; NULL where @offset is more than @most. */
static __always_inline void *bound_at(void *base, __u64 offset, const __u64 most)
{
	asm volatile goto(BOUND_FORGET("%[offset]") "if %[offset] > %[most] goto %l[outside]\n\t"
						    "%[base] += %[offset]"
			  : [base] "+r"(base), [offset] "+r"(offset)
			  : [most] "i"(most)
			  :
			  : outside);
	return base;
outside:
	return NULL;
}

/*
 * Calls of helpers with a length. A length of more than @most is an error like the helper's own:
 * the two paths join, so the verifier follows no extra one. Arguments are in the registers that
 * calls take them in.
 */
#define BOUND_CALL(length) \
	BOUND_FORGET(length) "if " length " > %[most] goto %l[too_long]\n\tcall %[call]"
#define BOUND_E2BIG (-7)

#define BOUND_READ(number)                                                 \
	do {                                                               \
		register long r0 asm("r0");                                \
		register void *r1 asm("r1") = to;                          \
		register __u64 r2 asm("r2") = bytes;                       \
		register const void *r3 asm("r3") = from;                  \
                                                                           \
		asm volatile goto(BOUND_CALL("r2")                         \
				  : "=r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) \
				  : [most] "i"(most), [call] "i"(number)   \
				  : "r4", "r5", "memory"                   \
				  : too_long);                             \
		return r0;                                                 \
too_long:                                                                  \
		return BOUND_E2BIG;                                        \
	} while (0)

static __always_inline long bound_read_user(void *to, __u64 bytes, const __u64 most,
					    const void *from)
{
	BOUND_READ(BOUND_READ_USER);
}

static __always_inline long bound_read_kernel(void *to, __u64 bytes, const __u64 most,
					      const void *from)
{
	BOUND_READ(BOUND_READ_KERNEL);
}

static __always_inline long bound_ringbuf_output(void *ring, void *data, __u64 bytes,
						 const __u64 most, __u64 flags)
{
	register long r0 asm("r0");
	register void *r1 asm("r1") = ring;
	register void *r2 asm("r2") = data;
	register __u64 r3 asm("r3") = bytes;
	register __u64 r4 asm("r4") = flags;

	asm volatile goto(BOUND_CALL("r3")
			  : "=r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4)
			  : [most] "i"(most), [call] "i"(BOUND_RINGBUF_OUTPUT)
			  : "r5", "memory"
			  : too_long);
	return r0;
too_long:
	return BOUND_E2BIG;
}

static __always_inline long bound_perf_event_output(void *ctx, void *events, void *data,
						    __u64 bytes, const __u64 most)
{
	register long r0 asm("r0");
	register void *r1 asm("r1") = ctx;
	register void *r2 asm("r2") = events;
	register __u64 r3 asm("r3") = BPF_F_CURRENT_CPU;
	register void *r4 asm("r4") = data;
	register __u64 r5 asm("r5") = bytes;

	asm volatile goto(BOUND_CALL("r5")
			  : "=r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5)
			  : [most] "i"(most), [call] "i"(BOUND_PERF_EVENT_OUTPUT)
			  : "memory"
			  : too_long);
	return r0;
too_long:
	return BOUND_E2BIG;
}

#endif
