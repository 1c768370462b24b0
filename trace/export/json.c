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

#include "utf8.h"

void export_json_bytes(FILE *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)data[i];
		unsigned n = utf8_sequence((const unsigned char *)data + i, len - i);

		if (!n)
			fputs("\xef\xbf\xbd", out);
		else if (n > 1)
			fwrite(data + i, 1, n, out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
		i += n ? n : 1;
	}
}

void export_json_string(FILE *out, const char *data, size_t len)
{
	putc('"', out);
	export_json_bytes(out, data, len);
	putc('"', out);
}

void export_json_strings(FILE *out, const struct begat_strv *strv)
{
	putc('[', out);
	for (size_t i = 0; i < strv->bytes;) {
		size_t len = strlen(strv->data + i);

		if (i)
			putc(',', out);
		export_json_string(out, strv->data + i, len);
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
		export_json_bytes(out, strv->data + i, len);
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
