/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/capture_stats.h - what -v and --stats say about the capture itself, on stderr.
 */
#ifndef BEGAT_CLI_CAPTURE_STATS_H
#define BEGAT_CLI_CAPTURE_STATS_H

struct stream;

/* -v: backend, transport, latency mode, and what of --where the kernel checks. */
void capture_say_how(const struct stream *stream);

/* Without -v: a warning if a better backend failed; else nothing. */
void capture_say_failed_backend(const struct stream *stream);

/* --stats, before the tracer is closed. */
void capture_say_stats(const struct stream *stream);

#endif
