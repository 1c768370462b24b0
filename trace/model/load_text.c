/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/load_text.c - all texts of a recording in memory.
 *
 * Owns:    the table string as one block; vectors decoded when they are asked for.
 * Not:     texts during a replay (string_read.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "model/load.h"
#include "store/format/text.h"

int load_text(struct begat_trace *trace, sqlite3_stmt *stmt)
{
	struct loaded *l = trace->loaded;
	int type = sqlite3_column_type(stmt, 1);
	const char *data;
	size_t len;
	int err =
		load_grow(trace, &l->texts, l->texts_count, &l->texts_capacity, sizeof(*l->texts));

	if (!err)
		err = trace_bytes(trace, stmt, 1, &data, &len);
	if (err < 0)
		return err;
	if (type != SQLITE_TEXT && type != SQLITE_BLOB)
		return trace_fail_cell(trace, stmt, 1, "text or bytes belong there");

	struct loaded_text *text = &l->texts[l->texts_count++];

	*text = (struct loaded_text){ .id = sqlite3_column_int64(stmt, 0),
				      .offset = l->bytes.len,
				      .len = (uint32_t)len,
				      .is_blob = type == SQLITE_BLOB };
	/* With a NUL behind it. */
	if (bytes_add(&l->bytes, data, len) < 0 || bytes_add(&l->bytes, "", 1) < 0)
		return trace_fail_sqlite(trace, SQLITE_NOMEM);
	return 0;
}

/* Place of a number of the table string, from 1; 0 if there is none. */
uint32_t load_find_text(const struct loaded *l, int64_t id)
{
	size_t low = 0, high = l->texts_count;

	if (id > 0 && (uint64_t)id <= high && l->texts[id - 1].id == id)
		return (uint32_t)id;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->texts[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->texts_count && l->texts[low].id == id ? (uint32_t)low + 1 : 0;
}

/* Without keeping the decoded strings: a million of them would. */
void load_measure_vector(struct loaded *l, uint32_t number, uint32_t *ret_count,
			 uint64_t *ret_bytes)
{
	const struct loaded_text *text = &l->texts[number - 1];
	const char *data = l->bytes.data + text->offset;

	l->scratch.len = 0;
	if (text->is_blob && text_count_vector(data, text->len, ret_count) == 0)
		*ret_bytes = text->len;
	else if (!text->is_blob && text_decode_vector(data, text->len, &l->scratch, ret_count) == 0)
		*ret_bytes = l->scratch.len;
}

BEGAT_API struct begat_str begat_trace_string(const struct begat_trace *trace, uint32_t string)
{
	const struct loaded *l = trace->loaded;

	if (!l || !string || string > l->texts_count)
		return (struct begat_str){ .data = "" };
	return (struct begat_str){ .data = l->bytes.data + l->texts[string - 1].offset,
				   .len = l->texts[string - 1].len };
}

static struct begat_strv loaded_strings(struct loaded *l, uint32_t string)
{
	const struct begat_strv none = { .data = "" };
	struct loaded_text *text;
	struct bytes decoded = { 0 };
	uint32_t count = 0;

	if (!string || string > l->texts_count)
		return none;
	text = &l->texts[string - 1];

	const char *data = l->bytes.data + text->offset;

	if (text->is_blob) {
		if (text_count_vector(data, text->len, &count) < 0)
			return none;
		return (struct begat_strv){ .data = data, .bytes = text->len, .count = count };
	}
	/* Decoded when asked for, then kept. */
	if (!l->vectors)
		l->vectors = calloc(l->texts_count, sizeof(*l->vectors));
	if (!l->vectors) {
		l->is_short = true;
		return none;
	}

	struct loaded_vector *vector = &l->vectors[string - 1];

	if (!vector->data) {
		int err = text_decode_vector(data, text->len, &decoded, &count);

		if (err < 0) {
			l->is_short |= err == -ENOMEM;
			bytes_done(&decoded);
			return none;
		}
		char *fitting = realloc(decoded.data, decoded.len + 1);

		vector->data = fitting ? fitting : decoded.data;
		vector->data[decoded.len] = '\0';
		vector->bytes = (uint32_t)decoded.len;
		vector->count = count;
	}
	return (struct begat_strv){ .data = vector->data,
				    .bytes = vector->bytes,
				    .count = vector->count };
}

BEGAT_API struct begat_strv begat_trace_strings(const struct begat_trace *trace, uint32_t strings)
{
	if (!trace->loaded)
		return (struct begat_strv){ .data = "" };
	return loaded_strings(trace->loaded, strings);
}

BEGAT_API int begat_trace_check(struct begat_trace *trace)
{
	if (!trace->loaded || !trace->loaded->is_short)
		return 0;
	trace->loaded->is_short = false;
	return trace_fail_sqlite(trace, SQLITE_NOMEM);
}
