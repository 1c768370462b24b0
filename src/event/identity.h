/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/identity.h - the id of a process: one rule for events of every source.
 *
 * Owns:    folding (boot, tgid, start time) to 64 bits.
 * Not:     which start times a source can know.
 */
#ifndef EVENT_IDENTITY_H
#define EVENT_IDENTITY_H

#include <stdint.h>

struct identity {
	uint64_t boot_salt; /* hash of the boot id */
	uint64_t start_unit_ns; /* ids ignore start times below this: 1, or a clock tick if some
				 * start times can only come from /proc */
};

static inline uint64_t identity_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* Never 0. @start_ns is on the boot clock. */
static inline uint64_t identity_of(const struct identity *identity, uint32_t tgid,
				   uint64_t start_ns)
{
	uint64_t start = start_ns, id;

	if (identity->start_unit_ns != 1)
		start /= identity->start_unit_ns;
	id = identity_mix(identity->boot_salt ^ identity_mix(start + 0x9e3779b97f4a7c15ull));
	id = identity_mix(id ^ tgid);
	return id ? id : 1;
}

#endif
