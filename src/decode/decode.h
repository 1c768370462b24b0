/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode/decode.h - from a record to a public event.
 *
 * Owns:    turning bytes that came from the kernel into struct begat_event, every offset and
 *          length checked against the record; joining chunks; remembering cgroup paths by id.
 * Not:     the identity of processes (proctable/), I/O, names of users or containers (enrich/).
 *
 * Invariants
 *  (1) An event borrows from the record and from the decoder: valid until the next call.
 *  (2) No allocation except for chunk joining and new cgroups, each bounded (REC_CHUNKS_MAX
 *      chunks a CPU, DECODE_CGROUPS_MAX paths).
 *  (3) No byte of a record is trusted: a record that fails a check yields -EBADMSG, no event,
 *      and leaves the decoder usable.
 */
#ifndef BEGAT_DECODE_DECODE_H
#define BEGAT_DECODE_DECODE_H

#include <begat/event.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/record.h"

struct decoder;

struct decoder_options {
	uint64_t boot_salt; /* hash of the boot id: folded into every process id */
	uint64_t start_unit_ns; /* ids ignore start times below this: 1, or a clock tick if the
				 * snapshot can only come from /proc */
	uint64_t clock_offset_ns; /* added to ts_ns of records on the monotonic clock */
	uint32_t cpus; /* possible CPUs: a record from any other is malformed */
	const char *const *env_names; /* keep only these variables; NULL = all */
};

/* Returns 0 or -ENOMEM. */
int decoder_new(const struct decoder_options *opts, struct decoder **ret_decoder);
void decoder_free(struct decoder *decoder);

/* Wall clock minus boot clock; set before each batch so that clock changes are followed. */
void decoder_set_realtime(struct decoder *decoder, int64_t realtime_minus_boot_ns);

/*
 * Decodes one record of @size bytes, 8-byte aligned, in stream order.
 * Returns 1: *ret_ev holds an event (for REC_LOST maybe more: ask decode_more());
 *         0: taken in, no event (REC_CHUNK, REC_CGROUP, a REC_LOST that lost no event);
 *         -EBADMSG: malformed; -ENOMEM.
 */
int decode_record(struct decoder *decoder, const void *record, size_t size,
		  struct begat_event *ret_ev);

/* Further events of the last record: one `lost` event a class. Returns false when done. */
bool decode_more(struct decoder *decoder, struct begat_event *ret_ev);

/* The events that are counted under @class; 0 = its records are no events. */
enum begat_event_type decode_class_event(enum rec_class class);

/* Of a record that was decoded: is it a failed exec of a process that has the tracer's root? */
bool decode_has_reader_root(const void *record);

/* For the same records: is it an exec of a file with a dev that stat(2) may show differently? */
bool decode_may_dev_differ(const void *record);

/* Identity of a process: never 0. start_ns is on the boot clock. */
uint64_t decode_process_id(const struct decoder *decoder, uint32_t tgid, uint64_t start_ns);

/* Chunks that arrived without their exec (it was lost), dropped so far; for the stats. */
uint64_t decoder_orphan_chunks(const struct decoder *decoder);

#endif
