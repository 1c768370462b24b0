/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/schema.c - checks a JSON value against a JSON Schema.
 */
#include "schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERNS_MAX 64
#define REF_PREFIX "#/$defs/"

struct pattern {
	const json_t *source;
	regex_t regex;
};

struct schema {
	json_t *root;
	struct pattern patterns[PATTERNS_MAX];
	int patterns_count;
};

/* Where in the value we are, from the inside to the outside. */
struct place {
	const struct place *outer;
	const char *key; /* or NULL */
	size_t index;
};

struct check {
	struct schema *schema;
	char *error; /* NULL: only a condition */
	size_t error_len;
};

static bool check_value(struct check *check, const json_t *rule, const json_t *value,
			const struct place *place);

static size_t write_place(const struct place *place, char *out, size_t size)
{
	size_t len = place->outer ? write_place(place->outer, out, size) : 0;
	int n;

	if (len >= size)
		return len;
	if (place->key)
		n = snprintf(out + len, size - len, "/%s", place->key);
	else if (place->outer)
		n = snprintf(out + len, size - len, "/%zu", place->index);
	else
		n = 0;
	return len + (size_t)n;
}

__attribute__((format(printf, 3, 4))) static bool
fail(struct check *check, const struct place *place, const char *format, ...)
{
	char where[256] = "", what[512];
	va_list args;

	if (!check->error)
		return false;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	write_place(place, where, sizeof(where));
	snprintf(check->error, check->error_len, "%s: %s", where[0] ? where : "/", what);
	return false;
}

static bool is_type(const json_t *value, const char *type)
{
	if (strcmp(type, "object") == 0)
		return json_is_object(value);
	if (strcmp(type, "array") == 0)
		return json_is_array(value);
	if (strcmp(type, "string") == 0)
		return json_is_string(value);
	if (strcmp(type, "integer") == 0)
		return json_is_integer(value);
	if (strcmp(type, "number") == 0)
		return json_is_number(value);
	if (strcmp(type, "boolean") == 0)
		return json_is_boolean(value);
	return strcmp(type, "null") == 0 && json_is_null(value);
}

static bool check_type(struct check *check, const json_t *types, const json_t *value,
		       const struct place *place)
{
	size_t i;
	json_t *type;

	if (json_is_string(types))
		return is_type(value, json_string_value(types)) ||
		       fail(check, place, "is not of type %s", json_string_value(types));
	json_array_foreach(types, i, type)
	{
		if (is_type(value, json_string_value(type)))
			return true;
	}
	return fail(check, place, "is of none of the types allowed");
}

static bool check_enum(struct check *check, const json_t *values, const json_t *value,
		       const struct place *place)
{
	size_t i;
	json_t *allowed;

	json_array_foreach(values, i, allowed)
	{
		if (json_equal(allowed, value))
			return true;
	}
	return fail(check, place, "is none of the values allowed");
}

static const regex_t *find_regex(struct schema *schema, const json_t *source)
{
	struct pattern *pattern;

	for (int i = 0; i < schema->patterns_count; i++) {
		if (schema->patterns[i].source == source)
			return &schema->patterns[i].regex;
	}
	if (schema->patterns_count == PATTERNS_MAX)
		return NULL;
	pattern = &schema->patterns[schema->patterns_count];
	if (regcomp(&pattern->regex, json_string_value(source), REG_EXTENDED | REG_NOSUB))
		return NULL;
	pattern->source = source;
	schema->patterns_count++;
	return &pattern->regex;
}

static bool check_pattern(struct check *check, const json_t *source, const json_t *value,
			  const struct place *place)
{
	const regex_t *regex;

	if (!json_is_string(value))
		return true;
	regex = find_regex(check->schema, source);
	if (regex && regexec(regex, json_string_value(value), 0, NULL, 0) == 0)
		return true;
	return fail(check, place, "`%.64s` does not match %s", json_string_value(value),
		    json_string_value(source));
}

static bool check_limit(struct check *check, const char *keyword, const json_t *limit,
			const json_t *value, const struct place *place)
{
	json_int_t bound = json_integer_value(limit);
	bool is_minimum = strncmp(keyword, "min", 3) == 0;
	json_int_t number;

	if (strstr(keyword, "Items")) {
		if (!json_is_array(value))
			return true;
		number = (json_int_t)json_array_size(value);
	} else {
		if (!json_is_integer(value))
			return true;
		number = json_integer_value(value);
	}
	if (is_minimum ? number >= bound : number <= bound)
		return true;
	return fail(check, place, "%" JSON_INTEGER_FORMAT " is beyond the %s", number, keyword);
}

static bool check_required(struct check *check, const json_t *names, const json_t *value,
			   const struct place *place)
{
	size_t i;
	json_t *name;

	if (!json_is_object(value))
		return true;
	json_array_foreach(names, i, name)
	{
		if (!json_object_get(value, json_string_value(name)))
			return fail(check, place, "has no %s", json_string_value(name));
	}
	return true;
}

static bool check_members(struct check *check, const json_t *rule, const json_t *value,
			  const struct place *place)
{
	const json_t *rules = json_object_get(rule, "properties");
	const json_t *others = json_object_get(rule, "additionalProperties");
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		return true;
	json_object_foreach((json_t *)value, key, member)
	{
		const json_t *own = json_object_get(rules, key);
		struct place inner = { place, key, 0 };

		if (!own)
			own = others;
		if (own && !check_value(check, own, member, &inner))
			return false;
	}
	return true;
}

static bool check_items(struct check *check, const json_t *rule, const json_t *value,
			const struct place *place)
{
	size_t i;
	json_t *item;

	if (!json_is_array(value))
		return true;
	json_array_foreach(value, i, item)
	{
		struct place inner = { place, NULL, i };

		if (!check_value(check, rule, item, &inner))
			return false;
	}
	return true;
}

static bool holds(struct check *check, const json_t *rule, const json_t *value,
		  const struct place *place)
{
	struct check quiet = { .schema = check->schema };

	return check_value(&quiet, rule, value, place);
}

static bool check_all_of(struct check *check, const json_t *rules, const json_t *value,
			 const struct place *place)
{
	size_t i;
	json_t *rule;

	json_array_foreach(rules, i, rule)
	{
		if (!check_value(check, rule, value, place))
			return false;
	}
	return true;
}

static bool check_one_of(struct check *check, const json_t *rules, const json_t *value,
			 const struct place *place)
{
	size_t i, count = 0;
	json_t *rule;

	json_array_foreach(rules, i, rule) count += holds(check, rule, value, place);
	return count == 1 || fail(check, place, "fits %zu of the alternatives", count);
}

static bool check_if(struct check *check, const json_t *rule, const json_t *value,
		     const struct place *place)
{
	bool condition = holds(check, json_object_get(rule, "if"), value, place);
	const json_t *branch = json_object_get(rule, condition ? "then" : "else");

	return !branch || check_value(check, branch, value, place);
}

static bool check_ref(struct check *check, const json_t *ref, const json_t *value,
		      const struct place *place)
{
	const json_t *defs = json_object_get(check->schema->root, "$defs");
	const char *name = json_string_value(ref) + strlen(REF_PREFIX);

	return check_value(check, json_object_get(defs, name), value, place);
}

static bool check_keyword(struct check *check, const json_t *rule, const char *keyword,
			  const json_t *argument, const json_t *value, const struct place *place)
{
	if (strcmp(keyword, "type") == 0)
		return check_type(check, argument, value, place);
	if (strcmp(keyword, "enum") == 0)
		return check_enum(check, argument, value, place);
	if (strcmp(keyword, "const") == 0)
		return json_equal(argument, value) || fail(check, place, "is not the constant");
	if (strcmp(keyword, "pattern") == 0)
		return check_pattern(check, argument, value, place);
	if (strncmp(keyword, "min", 3) == 0 || strncmp(keyword, "max", 3) == 0)
		return check_limit(check, keyword, argument, value, place);
	if (strcmp(keyword, "required") == 0)
		return check_required(check, argument, value, place);
	if (strcmp(keyword, "properties") == 0)
		return check_members(check, rule, value, place);
	if (strcmp(keyword, "items") == 0)
		return check_items(check, argument, value, place);
	if (strcmp(keyword, "allOf") == 0)
		return check_all_of(check, argument, value, place);
	if (strcmp(keyword, "oneOf") == 0)
		return check_one_of(check, argument, value, place);
	if (strcmp(keyword, "if") == 0)
		return check_if(check, rule, value, place);
	if (strcmp(keyword, "$ref") == 0)
		return check_ref(check, argument, value, place);
	return true; /* said elsewhere, or a remark: check_rule() knows all */
}

static bool check_value(struct check *check, const json_t *rule, const json_t *value,
			const struct place *place)
{
	const char *keyword;
	json_t *argument;

	if (json_is_true(rule))
		return true;
	if (json_is_false(rule))
		return fail(check, place, "is not allowed here");
	json_object_foreach((json_t *)rule, keyword, argument)
	{
		if (!check_keyword(check, rule, keyword, argument, value, place))
			return false;
	}
	return true;
}

/* --- the schema itself --- */

static bool is_known(const char *keyword)
{
	static const char *const known[] = {
		"type",	      "enum",	  "const",
		"pattern",    "minimum",  "maximum",
		"minItems",   "maxItems", "required",
		"properties", "items",	  "allOf",
		"oneOf",      "if",	  "then",
		"else",	      "$ref",	  "additionalProperties",
		"$schema",    "title",	  "description",
		"$comment",   "$defs",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i], keyword) == 0)
			return true;
	}
	return false;
}

/* Every rule is of keywords that are checked, and refers to what is there. */
static bool check_rule(struct check *check, const json_t *rule, const struct place *place)
{
	static const char *const tables[] = { "properties", "$defs" };
	static const char *const lists[] = { "allOf", "oneOf" };
	static const char *const single[] = { "items", "if", "then", "else",
					      "additionalProperties" };
	const json_t *defs = json_object_get(check->schema->root, "$defs");
	const json_t *ref = json_object_get(rule, "$ref");
	const char *key;
	json_t *inner;
	size_t n;

	if (json_is_boolean(rule))
		return true;
	if (!json_is_object(rule))
		return fail(check, place, "is no rule");
	json_object_foreach((json_t *)rule, key, inner)
	{
		if (!is_known(key))
			return fail(check, place, "uses `%s`, which is not checked here", key);
	}
	/* then it would not be looked at */
	if (json_object_get(rule, "additionalProperties") && !json_object_get(rule, "properties"))
		return fail(check, place, "has additionalProperties but no properties");
	if (ref && (!json_is_string(ref) ||
		    strncmp(json_string_value(ref), REF_PREFIX, strlen(REF_PREFIX)) != 0 ||
		    !json_object_get(defs, json_string_value(ref) + strlen(REF_PREFIX))))
		return fail(check, place, "refers to nothing");
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		json_object_foreach(json_object_get(rule, tables[i]), key, inner)
		{
			struct place at = { place, key, 0 };

			if (!check_rule(check, inner, &at))
				return false;
		}
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		json_array_foreach(json_object_get(rule, lists[i]), n, inner)
		{
			struct place at = { place, NULL, n };

			if (!check_rule(check, inner, &at))
				return false;
		}
	}
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		struct place at = { place, single[i], 0 };

		inner = json_object_get(rule, single[i]);
		if (inner && !check_rule(check, inner, &at))
			return false;
	}
	return true;
}

struct schema *schema_open(const char *path, char *error, size_t error_len)
{
	struct schema *schema = calloc(1, sizeof(*schema));
	struct check check = { schema, error, error_len };
	struct place top = { 0 };
	json_error_t why;

	if (!schema)
		return NULL;
	schema->root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	if (!schema->root) {
		snprintf(error, error_len, "%s:%d: %s", path, why.line, why.text);
	} else if (check_rule(&check, schema->root, &top)) {
		return schema;
	}
	schema_close(schema);
	return NULL;
}

void schema_close(struct schema *schema)
{
	if (!schema)
		return;
	for (int i = 0; i < schema->patterns_count; i++)
		regfree(&schema->patterns[i].regex);
	json_decref(schema->root);
	free(schema);
}

bool schema_check(struct schema *schema, const json_t *value, char *error, size_t error_len)
{
	struct check check = { schema, error, error_len };
	struct place top = { 0 };

	return check_value(&check, schema->root, value, &top);
}

json_t *schema_parse_line(const char *line, size_t len, char *error, size_t error_len)
{
	json_error_t why;
	json_t *value = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);

	if (!value) {
		snprintf(error, error_len, "column %d: %s", why.column, why.text);
		return NULL;
	}
	if (json_is_object(value))
		return value;
	snprintf(error, error_len, "is no object");
	json_decref(value);
	return NULL;
}
