/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/jsonlines.c - jsonlines SCHEMA < STREAM: is each line one JSON object that fits the schema?
 *
 * Exit status 0: all do, and there was a line at all; 1: not; 2: usage, or a bad schema.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "schema.h"

#define SHOWN_MAX 20 /* complaints */

static bool check_line(struct schema *schema, const char *line, size_t len, char *error,
		       size_t error_len)
{
	json_t *value = schema_parse_line(line, len, error, error_len);
	bool fits = value && schema_check(schema, value, error, error_len);

	json_decref(value);
	return fits;
}

int main(int argc, char **argv)
{
	unsigned long lines = 0, bad = 0;
	struct schema *schema;
	char error[1024] = "", *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: jsonlines SCHEMA < STREAM\n");
		return 2;
	}
	schema = schema_open(argv[1], error, sizeof(error));
	if (!schema) {
		fprintf(stderr, "jsonlines: %s\n", error);
		return 2;
	}
	while ((len = getline(&line, &size, stdin)) > 0) {
		lines++;
		if (line[len - 1] != '\n')
			snprintf(error, sizeof(error), "the last line has no end");
		else if (check_line(schema, line, (size_t)len - 1, error, sizeof(error)))
			continue;
		if (bad++ < SHOWN_MAX)
			fprintf(stderr, "line %lu: %s in: %.300s%s\n", lines, error, line,
				strchr(line, '\n') && len <= 300 ? "" : "\n");
	}
	printf("%lu lines, %lu bad\n", lines, bad);
	free(line);
	schema_close(schema);
	return lines && !bad ? 0 : 1;
}
