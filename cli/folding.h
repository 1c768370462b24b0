/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/folding.h - a stream in which each search along PATH is at most one line.
 *
 * Owns:  what `watch`, `run` and `show` write of failed execs, unless --path-misses shows each.
 * Not:   what a search is (begat/search.h), which events are wanted (their caller).
 */
#ifndef BEGAT_CLI_FOLDING_H
#define BEGAT_CLI_FOLDING_H

#include <begat/sink.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct folding;

/* Is folding asked for, in @format and with @events? */
bool folding_is_wanted(const struct options *options, const char *format, uint32_t events);

/* May @where drop the exec that a search found? Then the filter is asked here, not before. */
bool folding_splits(const struct begat_filter *where);

/* @sink: what is left is written there; it must outlive the folding. 0 or -ENOMEM. */
int folding_new(struct begat_sink *sink, struct folding **ret_folding);
void folding_free(struct folding *folding);

/*
 * The next event of the stream, wanted or not. Failed execs are kept until their search has ended;
 * any other event is written at once if it is wanted. @now_ns: any clock that does not go back.
 * 0 or -errno of the sink.
 */
int folding_take(struct folding *folding, const struct begat_event *ev, bool is_wanted,
		 uint64_t now_ns);

/* In two steps, for a caller that writes the other events itself. */
void folding_note(struct folding *folding, const struct begat_event *ev, bool is_wanted,
		  uint64_t now_ns);
int folding_write(struct folding *folding, const struct begat_event *ev);

/* Writes what has waited long enough. 0 or -errno. */
int folding_settle(struct folding *folding, uint64_t now_ns);

/* For poll(2): until folding_settle() has work; -1 = no bound. */
int folding_wait_ms(const struct folding *folding, uint64_t now_ns);

/* Writes all: nothing follows. 0 or -errno. */
int folding_finish(struct folding *folding);

#endif
