/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/lib/store_help.h - recordings for tests.
 *
 * Owns:    temporary files, capturing events, comparing two streams.
 */
#ifndef BEGAT_TESTS_STORE_HELP_H
#define BEGAT_TESTS_STORE_HELP_H

#include <begat/trace.h>

#include "synthetic.h"

/* Copies of events. */
struct store_capture {
	struct begat_event **events;
	uint64_t count, capacity;
};

int store_capture_event(const struct begat_event *ev, void *capture); /* a begat_callback */
void store_capture_done(struct store_capture *capture);

/* A name in a temporary folder that is not there yet; for free(). */
char *store_path(const char *name);

/* Records a story; ends the test if that fails. @before may be NULL: gets what was recorded. */
void store_record(const char *path, void (*story)(struct synthetic *s),
		  struct store_capture *before);
struct begat_recorder_counts store_record_with(const char *path,
					       const struct begat_recorder_options *opts,
					       void (*story)(struct synthetic *s),
					       struct store_capture *before);

/* Ends the test unless both are the same, as JSON and member by member. */
void store_compare(const struct store_capture *a, const struct store_capture *b);

/* Events as JSON lines, for free(). */
char *store_json(const struct store_capture *capture, size_t *ret_len);

#endif
