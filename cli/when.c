/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/when.c - moments of --since and --until.
 *
 * Owns:  what is relative to now; the two options.
 * Not:   dates (begat_time_parse()), durations (base/units.c).
 */
#include "when.h"

#include <begat/filter.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli.h"
#include "options.h"

#define SECOND UINT64_C(1000000000)
#define DAY (86400 * SECOND)

/* 0, -EINVAL: it is no duration, -EDOM: one without a unit. */
static int parse_ago(const char *text, uint64_t now_ns, uint64_t *ret_ns)
{
	char word[32];
	size_t len = strlen(text);
	uint64_t ns;

	if (len > 4 && !strcmp(text + len - 4, " ago"))
		len -= 4;
	if (!len || len >= sizeof(word))
		return -EINVAL;
	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	int err = units_parse_duration(word, 0, &ns);

	if (err)
		return err;
	*ret_ns = ns < now_ns ? now_ns - ns : 1;
	return 0;
}

/* Seconds since 1970. */
static int parse_epoch(const char *text, uint64_t *ret_ns)
{
	char word[40];
	uint64_t ns;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	snprintf(word, sizeof(word), "%ss", text);
	if (strlen(text) > 32 || units_parse_duration(word, SECOND, &ns) || !ns)
		return -EINVAL;
	*ret_ns = ns;
	return 0;
}

/* "14:30" of the day of @now_ns. */
static int parse_clock(const char *text, uint64_t now_ns, uint64_t *ret_ns)
{
	time_t seconds = (time_t)(now_ns / SECOND);
	struct tm tm;
	char whole[80];

	if (!isdigit((unsigned char)text[0]) || !strchr(text, ':') || strchr(text, '-') ||
	    strlen(text) > 40 || !gmtime_r(&seconds, &tm))
		return -EINVAL;
	strftime(whole, sizeof(whole), "%Y-%m-%dT", &tm);
	strncat(whole, text, sizeof(whole) - strlen(whole) - 1);
	return begat_time_parse(whole, ret_ns);
}

int when_parse(const char *text, uint64_t now_ns, uint64_t *ret_ns)
{
	uint64_t today_ns = now_ns - now_ns % DAY;

	if (!strcmp(text, "now"))
		*ret_ns = now_ns;
	else if (!strcmp(text, "today"))
		*ret_ns = today_ns;
	else if (!strcmp(text, "yesterday"))
		*ret_ns = today_ns - DAY;
	else if (*text == '@')
		return parse_epoch(text + 1, ret_ns);
	else if (!begat_time_parse(text, ret_ns) || !parse_clock(text, now_ns, ret_ns))
		return *ret_ns ? 0 : -EINVAL;
	else
		return parse_ago(text, now_ns, ret_ns);
	return 0;
}

static int parse(struct options *options, const char *name, const char *value, uint64_t *ret_ns)
{
	static uint64_t now_ns; /* one now for both options */
	char safe[96];

	if (!now_ns)
		now_ns = clock_read_ns(CLOCK_REALTIME);
	int err = when_parse(value, now_ns, ret_ns);

	cli_safe(safe, sizeof(safe), value);
	if (err == -EDOM)
		return option_fail(options, "--%s needs a unit: %ss, %sm, %sh or %sd ago", name,
				   safe, safe, safe, safe);
	if (err)
		return option_fail(
			options,
			"'%s' is no time: --%s takes 10m or 2h (so long ago), 14:30 (today), "
			"2026-01-31 or 2026-01-31T14:30:00, in UTC",
			safe, name);
	return 0;
}

int option_since(struct options *options, const char *value)
{
	return parse(options, "since", value, &options->since_ns);
}

int option_until(struct options *options, const char *value)
{
	return parse(options, "until", value, &options->until_ns);
}
