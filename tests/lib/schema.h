/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/schema.h - checks a JSON value against a JSON Schema.
 *
 * Owns:  the keywords that docs/event.schema.json uses; any other makes schema_open() fail, so that
 *        nothing is passed over. Patterns are POSIX extended regular expressions.
 */
#ifndef BEGAT_TESTS_SCHEMA_H
#define BEGAT_TESTS_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct schema;

/* NULL on failure, then @error says why. */
struct schema *schema_open(const char *path, char *error, size_t error_len);
void schema_close(struct schema *schema);

/* True if it fits; else @error says where and why. */
bool schema_check(struct schema *schema, const json_t *value, char *error, size_t error_len);

/*
 * Parses one line strictly: one object, no key twice, valid UTF-8. NULL on failure, with @error.
 */
json_t *schema_parse_line(const char *line, size_t len, char *error, size_t error_len);

#endif
