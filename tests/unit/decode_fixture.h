/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/decode_fixture.h - a decoder, a record and its event, for the tests of decode/.
 */
#ifndef BEGAT_TESTS_DECODE_FIXTURE_H
#define BEGAT_TESTS_DECODE_FIXTURE_H

#include "decode/decode.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "tests/unit/records.h"

#define HAS(ev, field) begat_event_has(ev, BEGAT_F_##field)
#define ALL_NAMES NULL

static struct record rec;
static struct begat_event ev;

static inline struct decoder *new_decoder(const char *const *env_names)
{
	struct decoder_options opts = {
		.boot_salt = 0xb007,
		.start_unit_ns = 1,
		.cpus = 4,
		.env_names = env_names,
	};
	struct decoder *decoder = NULL;

	assert_int_equal(decoder_new(&opts, &decoder), 0);
	return decoder;
}

/* From a block of exactly its size, so that a read beyond it is caught. */
static inline int decode_sized(struct decoder *decoder, size_t size)
{
	static char *block;

	free(block);
	block = malloc(size + 1);
	memcpy(block, rec.bytes, size);
	block = realloc(block, size ? size : 1);
	return decode_record(decoder, block, size, &ev);
}

static inline int decode(struct decoder *decoder)
{
	record_end(&rec);
	return decode_sized(decoder, rec.size);
}

static inline void assert_str(struct begat_str str, const char *expected)
{
	assert_int_equal(str.len, strlen(expected));
	assert_string_equal(str.data, expected);
}

static inline struct rec_exec *start_exec(const char *argv, size_t bytes, uint32_t argc)
{
	struct rec_exec *exec = record_exec(&rec);

	exec->argc = argc;
	exec->argv_bytes = (uint32_t)bytes;
	if (bytes)
		exec->argv = record_span(&rec, argv, bytes);
	return exec;
}

#endif
