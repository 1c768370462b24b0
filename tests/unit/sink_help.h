/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/sink_help.h - events made by hand, and what a sink makes of them.
 */
#ifndef BEGAT_TESTS_SINK_HELP_H
#define BEGAT_TESTS_SINK_HELP_H

#include <begat/begat.h>
#include <begat/sink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#define HAS(ev, field) begat_fields_add(&(ev)->has, BEGAT_F_##field)
#define LITERAL(text) ((struct begat_str){ text, sizeof(text) - 1 })
/* LITERALS("a\0b", 2): the last NUL is the literal's own */
#define LITERALS(text, n) ((struct begat_strv){ text, sizeof(text), n, 0 })

static inline struct begat_event new_event(enum begat_event_type type)
{
	struct begat_event ev = { .size = sizeof(ev), .type = type };

	HAS(&ev, EVENT);
	return ev;
}

/* Everything the sink writes for @count events, with a NUL after it; free() it. */
static inline char *sink_output(const char *name, struct begat_sink_options *opts,
				const struct begat_event *events, size_t count, size_t *ret_len)
{
	struct begat_sink *sink = NULL;
	int fd = memfd_create("sink", MFD_CLOEXEC);
	char *text;
	off_t len;

	assert_true(fd >= 0);
	opts->size = sizeof(*opts);
	opts->fd = fd;
	assert_int_equal(begat_sink_open(name, opts, &sink), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(begat_sink_write(sink, &events[i]), 0);
	assert_int_equal(begat_sink_close(sink), 0);
	len = lseek(fd, 0, SEEK_END);
	text = malloc((size_t)len + 1);
	assert_non_null(text);
	for (off_t at = 0; at < len;) {
		ssize_t n = pread(fd, text + at, (size_t)(len - at), at);

		assert_true(n > 0);
		at += n;
	}
	text[len] = '\0';
	close(fd);
	if (ret_len)
		*ret_len = (size_t)len;
	return text;
}

#endif
