/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport/transport.h - records out of memory that the kernel shares with us.
 *
 * Owns:    mappings, positions, the descriptor to sleep on. Knows no record type; of a record it
 *          reads the header's time stamp at most.
 * Not:     counting losses (the kernel side does), spinning and sleeping (tracer/wait.c).
 *
 * Invariants
 *  (1) A record given to the callback is 8-byte aligned and valid until the callback returns.
 *  (2) The kernel may overwrite a record only after its callback has returned.
 *  (3) If one record was in the kernel's buffer before another was begun, it is given first.
 */
#ifndef BEGAT_TRANSPORT_TRANSPORT_H
#define BEGAT_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Returns 0 to go on; anything else stops the drain after this record and is returned. */
typedef int (*transport_callback)(void *ctx, const void *record, size_t size);

enum transport_wake {
	TRANSPORT_WAKE_NEVER = 0,
	TRANSPORT_WAKE_EACH = 1, /* a sleeping reader at each record */
	TRANSPORT_WAKE_VOLUME = 2, /* when a quarter of the buffer is full */
};

struct transport_options {
	int map_fd;
	size_t buffer_bytes; /* all CPUs together */
	uint32_t cpus; /* possible CPUs */
	enum transport_wake wake;
};

struct transport;

struct transport_ops {
	const char *name;
	int (*open)(const struct transport_options *opts, struct error *error,
		    struct transport **ret_transport);
	void (*close)(struct transport *transport);
	/* Adds the descriptors that tell of records to an epoll instance. */
	int (*watch)(struct transport *transport, int epoll_fd);
	/* Gives up to @most records. Returns how many, or what the callback returned if < 0. */
	int (*drain)(struct transport *transport, int most, transport_callback callback, void *ctx);
	/* What was given is the kernel's to overwrite at the latest now: ahead of any sleep. */
	void (*release)(struct transport *transport);
	/* Is there, as far as this CPU sees after a full barrier, nothing to drain? */
	bool (*is_empty)(const struct transport *transport);
	/* Did the drain end ahead of a record that is reserved and not yet written? */
	bool (*is_held_up)(const struct transport *transport);
	size_t (*buffer_bytes)(const struct transport *transport); /* what it got */
};

/* By name; NULL if there is none. */
const struct transport_ops *transport_by_name(const char *name);

/* A power of two of pages, at least @bytes. */
size_t transport_round(size_t bytes);

#endif
