/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/json.c - JSON through stdio.
 *
 * Owns:    see json.h.
 * Called:  by the exporters.
 */
#include "json.h"

#include <string.h>
#include <time.h>

#include "base/json_print.h"

void export_json_strings(FILE *out, const struct begat_strv *strv)
{
	putc('[', out);
	for (size_t i = 0; i < strv->bytes;) {
		size_t len = strlen(strv->data + i);

		if (i)
			putc(',', out);
		json_print_string(out, strv->data + i, len);
		i += len + 1;
	}
	putc(']', out);
}

void export_json_joined(FILE *out, const struct begat_strv *strv)
{
	putc('"', out);
	for (size_t i = 0; i < strv->bytes;) {
		size_t len = strlen(strv->data + i);

		if (i)
			putc(' ', out);
		json_print_bytes(out, strv->data + i, len);
		i += len + 1;
	}
	putc('"', out);
}

const char *export_json_time(char out[40], uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm;
	size_t used;

	/* Only a damaged file names a year that tm cannot hold. */
	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	used = strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + used, 40 - used, ".%09lluZ", (unsigned long long)(time_ns % 1000000000));
	return out;
}
