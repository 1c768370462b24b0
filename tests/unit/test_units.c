/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_units.c - durations, sizes and counts, written and read.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "unit.h"

#include "base/units.h"

static void durations_are_written(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ns" },
		{ 999, "999 ns" },
		{ 1000, "1.0 us" },
		{ 9999, "9.9 us" },
		{ 10000, "10 us" },
		{ 999999, "999 us" },
		{ 1000000, "1.0 ms" },
		{ 62000000, "62.0 ms" },
		{ 999999999, "999.9 ms" },
		{ 1000000000, "1.000 s" },
		{ 2651234567, "2.651 s" },
		{ 99999999999, "99.999 s" },
		{ 100000000000, "1m 40s" },
		{ 245000000000, "4m 05s" },
		{ 3600000000000, "1h 00m" },
		{ UINT64_MAX, "5124095h 34m" },
	};
	char out[UNITS_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(units_duration(out, cases[i].ns), cases[i].text);
}

static void sizes_are_written(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },	       { 999, "999 B" },	{ 1000, "1.0 kB" },
		{ 6100000, "6.1 MB" }, { 96000000, "96 MB" },	{ 999499, "999 kB" },
		{ 999500, "1.0 MB" },  { UINT64_MAX, "18 EB" },
	};
	char out[UNITS_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(units_size(out, cases[i].bytes), cases[i].text);
}

static void counts_are_written(void **state)
{
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	char out[UNITS_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(units_count(out, cases[i].count), cases[i].text);
}

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "1B", 0, 1 },
		{ "4k", 0, 4096 },
		{ "4K", 0, 4096 },
		{ "4KiB", 0, 4096 },
		{ "4kB", 0, 4000 },
		{ "64MiB", 0, 64 << 20 },
		{ "64M", 0, 64 << 20 },
		{ "64MB", 0, 64000000 },
		{ "8m", 0, 8 << 20 },
		{ "8mib", 0, 8 << 20 },
		{ "1TiB", 0, 1ull << 40 },
		{ "2TB", 0, 2000000000000 },
		{ "1s", -EINVAL, 0 },
		{ "1.5MiB", 0, 3 << 19 },
		{ "0.5k", 0, 512 },
		{ "2G", 0, 1ull << 31 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "1.5", -EILSEQ, 0 },
		{ "1.", -EINVAL, 0 },
		{ ".5k", -EINVAL, 0 },
		{ "1 k", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1kk", -EINVAL, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999G", -ERANGE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 7;
		int err = units_parse_size(cases[i].text, &bytes);

		if (err != cases[i].err || bytes != (err ? 7 : cases[i].bytes))
			fail_msg("'%s': %d, %llu", cases[i].text, err, (unsigned long long)bytes);
	}
}

static void durations_are_read(void **state)
{
	uint64_t ns;

	assert_int_equal(units_parse_duration("10", 1000000, &ns), 0);
	assert_int_equal(ns, 10000000);
	assert_int_equal(units_parse_duration("500us", 1000000, &ns), 0);
	assert_int_equal(ns, 500000);
	assert_int_equal(units_parse_duration("1.5s", 1000000, &ns), 0);
	assert_int_equal(ns, 1500000000);
	assert_int_equal(units_parse_duration("2h", 1, &ns), 0);
	assert_int_equal(ns, 7200000000000ull);
	assert_int_equal(units_parse_duration("ms", 1, &ns), -EINVAL);
	/* Without a unit of its own a number is no duration. */
	assert_int_equal(units_parse_duration("5", 0, &ns), -EDOM);
	assert_int_equal(units_parse_duration("0", 0, &ns), 0);
	assert_int_equal(units_parse_duration("1d", 0, &ns), 0);
	assert_int_equal(ns, 86400000000000ull);
	assert_int_equal(units_parse_duration("2w", 0, &ns), 0);
	assert_int_equal(ns, 2 * 7 * 86400000000000ull);
	/* Neither a minute nor a million of anything. */
	assert_int_equal(units_parse_duration("1M", 0, &ns), -EINVAL);
	assert_int_equal(units_parse_duration("1MS", 0, &ns), 0);
	assert_int_equal(ns, 1000000);
	assert_int_equal(units_parse_duration("1.5ns", 0, &ns), -EILSEQ);
	assert_int_equal(units_parse_duration("8M", 0, &ns), -EINVAL);
	assert_int_equal(units_parse_duration("5min", 0, &ns), 0);
	assert_int_equal(ns, 300000000000ull);
}

static void counts_are_read(void **state)
{
	uint64_t count = 7;

	assert_int_equal(units_parse_count("12", 100, &count), 0);
	assert_int_equal(count, 12);
	assert_int_equal(units_parse_count("101", 100, &count), -ERANGE);
	assert_int_equal(units_parse_count("1k", 100, &count), -EINVAL);
	assert_int_equal(units_parse_count("1.5", 100, &count), -EILSEQ);
	assert_int_equal(count, 12);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_written), cmocka_unit_test(sizes_are_written),
		cmocka_unit_test(counts_are_written),	 cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(durations_are_read),	 cmocka_unit_test(counts_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
