/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/strings.c - each distinct string of a trace once, by number.
 *
 * Owns:    the bytes and the hash table of a model's strings.
 * Not:     what a string means: argv, paths and contexts are all bytes here.
 * Called:  by load.c for each row, by everyone for reading.
 */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

enum { BLOCK_BYTES = 1 << 20, SLOTS_FIRST = 1 << 12 };

/* Traces hold text that others chose: mixed well enough that no simple pattern collides. */
static uint64_t hash_bytes(const char *data, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15ull ^ len;

	while (len >= 8) {
		uint64_t word;

		memcpy(&word, data, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
		data += 8;
		len -= 8;
	}
	for (; len; len--)
		h = (h ^ (unsigned char)*data++) * 0x100000001b3ull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 33;
}

static int grow_slots(struct model_strings *s)
{
	size_t slots_count = s->slots_count ? s->slots_count * 2 : SLOTS_FIRST;
	uint32_t *slots = calloc(slots_count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		size_t at = hash_bytes(s->items[i].data, s->items[i].len) & (slots_count - 1);

		while (slots[at])
			at = (at + 1) & (slots_count - 1);
		slots[at] = i + 1;
	}
	free(s->slots);
	s->slots = slots;
	s->slots_count = slots_count;
	return 0;
}

/* Big strings get a block of their own, linked behind the current one. */
static char *carve(struct model_strings *s, size_t len)
{
	bool is_big = len > BLOCK_BYTES / 4;
	size_t size = sizeof(char *) + (is_big ? len : BLOCK_BYTES);

	if (is_big || !s->block || s->block_size - s->block_used < len) {
		char *block = malloc(size);

		if (!block)
			return NULL;
		if (is_big && s->block) {
			memcpy(block, s->block, sizeof(void *));
			memcpy(s->block, &block, sizeof(void *));
			return block + sizeof(char *);
		}
		memcpy(block, &s->block, sizeof(char *));
		s->block = block;
		s->block_used = sizeof(char *);
		s->block_size = size;
	}
	char *data = s->block + s->block_used;

	s->block_used += len;
	return data;
}

int model_intern(struct model *m, const char *data, size_t len, uint32_t *ret_number)
{
	struct model_strings *s = &m->strings;

	if (s->count * 2 >= s->slots_count && grow_slots(s) < 0)
		return -ENOMEM;
	size_t at = hash_bytes(data, len) & (s->slots_count - 1);

	for (; s->slots[at]; at = (at + 1) & (s->slots_count - 1)) {
		const struct model_string *item = &s->items[s->slots[at] - 1];

		if (item->len == len && (!len || !memcmp(item->data, data, len))) {
			*ret_number = s->slots[at] - 1;
			return 0;
		}
	}
	if (s->count == s->room) {
		size_t room = s->room ? s->room * 2 : 1024;
		struct model_string *items = realloc(s->items, room * sizeof(*items));

		if (!items || room > INT32_MAX)
			return -ENOMEM;
		s->items = items;
		s->room = room;
	}
	char *copy = carve(s, len + 1);

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	s->items[s->count] = (struct model_string){ .data = copy, .len = len };
	s->slots[at] = ++s->count;
	s->bytes += len;
	*ret_number = s->count - 1;
	return 0;
}

struct model_string model_text(const struct model *m, uint32_t number)
{
	return m->strings.items[number < m->strings.count ? number : 0];
}

int model_intern_context(struct model *m, const struct model_context *ctx, uint32_t *ret_number)
{
	return model_intern(m, (const char *)ctx, sizeof(*ctx), ret_number);
}

void model_get_context(const struct model *m, uint32_t number, struct model_context *ret_ctx)
{
	struct model_string bytes = model_text(m, number);

	memset(ret_ctx, 0, sizeof(*ret_ctx));
	if (bytes.len == sizeof(*ret_ctx))
		memcpy(ret_ctx, bytes.data, sizeof(*ret_ctx));
}

struct model_string model_basename(struct model_string path)
{
	path.data = path_base(path.data, path.len, &path.len);
	return path;
}

static size_t put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = 0xc0 | code >> 6;
		out[1] = 0x80 | (code & 0x3f);
		return 2;
	}
	if (code < 0x10000) {
		out[0] = 0xe0 | code >> 12;
		out[1] = 0x80 | (code >> 6 & 0x3f);
		out[2] = 0x80 | (code & 0x3f);
		return 3;
	}
	out[0] = 0xf0 | code >> 18;
	out[1] = 0x80 | (code >> 12 & 0x3f);
	out[2] = 0x80 | (code >> 6 & 0x3f);
	out[3] = 0x80 | (code & 0x3f);
	return 4;
}

/* Four hex digits, or UINT32_MAX. */
static uint32_t parse_unit(const char *text)
{
	uint32_t code = 0;

	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *at;

		at = text[i] ? strchr(digits, text[i] | (text[i] > '9' ? 0x20 : 0)) : NULL;
		if (!at)
			return UINT32_MAX;
		code = code << 4 | (uint32_t)(at - digits);
	}
	return code;
}

/* After a backslash; advances @text past the escape. Returns bytes written, 0 if it is none. */
static size_t parse_escape(const char **text, char *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name = **text ? strchr(names, **text) : NULL;
	uint32_t code, low;

	if (name) {
		*out = values[name - names];
		(*text)++;
		return 1;
	}
	if (**text != 'u' || (code = parse_unit(*text + 1)) == UINT32_MAX)
		return 0;
	*text += 5;
	if (code >> 10 == 0xd800 >> 10 && (*text)[0] == '\\' && (*text)[1] == 'u') {
		low = parse_unit(*text + 2);
		if (low != UINT32_MAX && low >> 10 == 0xdc00 >> 10) {
			*text += 6;
			return put_utf8(out, 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff));
		}
	}
	return put_utf8(out, code >> 11 == 0xd800 >> 11 ? 0xfffd : code);
}

static size_t parse_array(const char *text, char *out)
{
	size_t len = 0;

	if (*text++ != '[')
		return 0;
	for (;;) {
		text += strspn(text, " \t\n\r,");
		if (*text == ']')
			return len;
		if (*text++ != '"')
			return 0;
		while (*text && *text != '"') {
			if (*text != '\\') {
				out[len++] = *text++;
				continue;
			}
			text++;
			size_t used = parse_escape(&text, out + len);

			if (!used)
				return 0;
			len += used;
		}
		if (*text++ != '"')
			return 0;
		out[len++] = '\0';
	}
}

size_t model_parse_strings(const char *text, char *out)
{
	size_t len = parse_array(text, out);

	if (len || !strcmp(text, "[]"))
		return len;
	len = strlen(text) + 1;
	memcpy(out, text, len);
	return len;
}

static void strings_done(struct model_strings *s)
{
	while (s->block) {
		char *before;

		memcpy(&before, s->block, sizeof(before));
		free(s->block);
		s->block = before;
	}
	free(s->items);
	free(s->slots);
}

int model_new(struct model **ret_model)
{
	struct model *m = calloc(1, sizeof(*m));
	uint32_t zero;

	if (!m)
		return -ENOMEM;
	m->root = MODEL_NONE;
	if (model_intern(m, "", 0, &zero) < 0) {
		model_free(m);
		return -ENOMEM;
	}
	*ret_model = m;
	return 0;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	strings_done(&m->strings);
	free(m->processes);
	free(m->execs);
	free(m->child_first);
	free(m->children);
	free(m->order);
	free(m);
}
