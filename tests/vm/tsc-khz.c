/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/tsc-khz.c - how fast this machine's time stamp counter counts, in kHz.
 *
 * Without hardware acceleration the guest reads that counter too, and a kernel that measures it
 * while the machine is busy may come to a fiftieth: its clock then runs away, and its watchdogs
 * bark. run-guest.sh tells it instead (tsc_early_khz=).
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES 20
#define SPAN_NS 100000000

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Both clocks at one moment: of some readings the one that nothing came in between. */
static void read_both(int64_t *ret_ns, uint64_t *ret_ticks)
{
	int64_t shortest = INT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		int64_t before = now_ns();
		uint64_t ticks = __rdtsc();
		int64_t after = now_ns();

		if (after - before >= shortest)
			continue;
		shortest = after - before;
		*ret_ns = before + shortest / 2;
		*ret_ticks = ticks;
	}
}

int main(void)
{
	const struct timespec span = { .tv_nsec = SPAN_NS };
	int64_t start_ns = 0, end_ns = 0;
	uint64_t start = 0, end = 0;

	read_both(&start_ns, &start);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
	read_both(&end_ns, &end);
	printf("%lld\n", (long long)((double)(end - start) * 1e6 / (double)(end_ns - start_ns)));
	return 0;
}
