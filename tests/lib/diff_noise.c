/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/diff_noise.c - see diff_noise.h.
 */
#include "diff_noise.h"

#include <math.h>
#include <stdint.h>

/* xorshift64*: small, repeatable, good enough for tails of 1 in 1,000. */
double noise_uniform(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (double)((state * 0x2545f4914f6cdd1dull) >> 11) / 9007199254740992.;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - noise_uniform())) * cos(2 * M_PI * noise_uniform());
}

static double draw_normal(double size)
{
	return 1 + size * normal();
}

/* What disturbs a build multiplies its time. */
static double draw_lognormal(double size)
{
	return exp(size * normal());
}

/* A floor that is often almost reached, and delays. */
static double draw_skewed(double size)
{
	return 1 - size * log(1 - noise_uniform());
}

/* Student's t with 3 degrees of freedom: quiet runs, and now and then one far away. */
static double draw_tailed(double size)
{
	double sum = 0, x = normal();

	for (int i = 0; i < 3; i++) {
		double y = normal();

		sum += y * y;
	}
	return fmax(0.1, 1 + size * x / sqrt(sum));
}

const struct noise_shape noise_shapes[] = {
	{ "normal, 3 %", draw_normal, 0.03 },	     { "lognormal, 10 %", draw_lognormal, 0.10 },
	{ "lognormal, 30 %", draw_lognormal, 0.30 }, { "exponential, 10 %", draw_skewed, 0.10 },
	{ "t with 3 d.f., 5 %", draw_tailed, 0.05 },
};
const size_t noise_shapes_count = sizeof(noise_shapes) / sizeof(noise_shapes[0]);
