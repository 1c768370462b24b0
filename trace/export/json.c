/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/json.c - JSON through stdio.
 *
 * Owns:    see json.h.
 * Called:  by the exporters.
 */
#include "json.h"

#include <string.h>

#include "base/json.h"
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
	static _Thread_local struct json_clock clock = { .second = UINT64_MAX };
	char quoted[JSON_TIME_MAX];
	size_t len = (size_t)(json_time(quoted, &clock, time_ns) - quoted) - 2;

	memcpy(out, quoted + 1, len);
	out[len] = '\0';
	return out;
}
