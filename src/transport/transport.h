/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport/transport.h - records out of memory that the kernel shares with us.
 *
 * Owns:    mappings, positions, the descriptor to sleep on. Knows no record type; of a record it
 *          reads the header's time stamp at most.
 * Not:     counting losses (the kernel side does), spinning and sleeping (tracer/waiter.c).
 *
 * Invariants
 *  (1) A record given to the callback is 8-byte aligned and valid until the callback returns.
 *  (2) The kernel may overwrite a record only after its callback has returned.
 *  (3) If one record was in the kernel's buffer before another was begun, it is given first.
 */
#ifndef BEGAT_TRANSPORT_TRANSPORT_H
#define BEGAT_TRANSPORT_TRANSPORT_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/config.h"
#include "base/error.h"

/* Returns 0 to go on; anything else stops the drain after this record and is returned. */
typedef int (*transport_callback)(void *ctx, const void *record, size_t size);

struct transport_options {
	int map_fd;
	size_t buffer_bytes; /* all CPUs together */
	uint32_t cpus; /* possible CPUs */
	enum config_wake wake; /* _VOLUME: when a quarter of the buffer is full */
};

struct transport;

/* One file defines one of them, and a line in transports.def lists it. */
struct transport_ops {
	const char *name; /* for --transport */
	const char *feature; /* what it needs of the kernel, for `begat doctor` */
	const char *absence; /* the same where it is missing: "this kernel has ..." */
	const char
		*meaning[2]; /* what it means that the feature is missing, and that it is there */
	const char *map; /* the BPF map that holds the records; others are not created */
	enum config_transport number; /* by which the BPF programs choose it */
	bool is_per_cpu; /* the map has an entry for each CPU; else it is as long as the buffer */
	/* Can this kernel do it, and are we permitted to use it? */
	bool (*is_available)(void);
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

extern const struct transport_ops *const transports[]; /* best first, NULL-ended */

/* The one that is @asked for, or the best that is available. -EINVAL or -ENOTSUP with @error. */
int transport_choose(const char *asked, struct error *error,
		     const struct transport_ops **ret_transport);

/* For is_available(): keys and values have @key and @value bytes. The map is closed at once. */
bool transport_can_create_map(enum bpf_map_type type, uint32_t key, uint32_t value,
			      uint32_t entries);

/* A power of two of pages, at least @bytes. */
size_t transport_round(size_t bytes);

#endif
