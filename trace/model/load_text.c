/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/load_text.c - the texts of a recording become those of its model.
 *
 * Owns:    the table string; numbers of the file to numbers of the model.
 * Not:     texts during a replay (string_read.c).
 *
 * Invariant: a text that is a list is kept as its strings, not as JSON. Almost all lists are used
 * as lists only; one that is asked for as a text is read from the file again.
 */
#include <errno.h>

#include "base/array.h"
#include "model/load.h"
#include "store/format/text.h"

#define ROWS_MAX (UINT32_MAX - 1)

int load_fail_memory(struct load *load)
{
	return trace_fail_sqlite(load->trace, SQLITE_NOMEM);
}

int load_check_count(struct load *load, uint32_t count)
{
	if (count < ROWS_MAX)
		return 0;
	return trace_fail(load->trace, EFBIG, "%s has too many rows to load", load->trace->path);
}

/* The strings of the list in load->scratch. 0 or a negative errno. */
static int decode(struct load *load, const char *json, size_t len)
{
	uint32_t count;
	int err;

	load->scratch.len = 0;
	err = text_decode_vector(json, len, &load->scratch, &count);
	return err == -ENOMEM ? load_fail_memory(load) : err;
}

int load_text(struct load *load, sqlite3_stmt *stmt)
{
	struct begat_trace *trace = load->trace;
	int type = sqlite3_column_type(stmt, 1);
	struct load_text text = { .id = sqlite3_column_int64(stmt, 0),
				  .text = LOAD_UNKNOWN,
				  .strings = LOAD_UNKNOWN,
				  .is_blob = type == SQLITE_BLOB };
	const char *data;
	size_t len;
	int err = load_check_count(load, load->texts_count);

	if (!err)
		err = trace_bytes(trace, stmt, 1, &data, &len);
	if (err < 0)
		return err;
	if (type != SQLITE_TEXT && type != SQLITE_BLOB)
		return trace_fail_cell(trace, stmt, 1, "text or bytes belong there");
	err = !text.is_blob && len && *data == '[' ? decode(load, data, len) : -EBADMSG;
	if (err == -ENOMEM)
		return err;
	if (!err)
		err = model_add_text(load->model, load->scratch.data, load->scratch.len,
				     &text.strings);
	else
		err = model_add_text(load->model, data, len, &text.text);
	if (err < 0 ||
	    array_grow(&load->texts, load->texts_count, &load->texts_room, sizeof(text)) < 0)
		return load_fail_memory(load);
	load->texts[load->texts_count++] = text;
	return 0;
}

struct load_text *load_find_text(const struct load *load, int64_t id)
{
	uint32_t low = 0, high = load->texts_count;

	/* Ids are 1, 2, 3 ... in a file of ours. */
	if (id > 0 && id <= high && load->texts[id - 1].id == id)
		return &load->texts[id - 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (load->texts[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < load->texts_count && load->texts[low].id == id ? &load->texts[low] : NULL;
}

int load_number_of_text(struct load *load, struct load_text *text, uint32_t *ret)
{
	struct begat_str str;
	int err = 0;

	if (text->text == LOAD_UNKNOWN) {
		texts_reset(load->trace->texts);
		err = texts_str(load->trace, text->id, &str);
		if (!err && model_add_text(load->model, str.data, str.len, &text->text) < 0)
			err = load_fail_memory(load);
	}
	*ret = text->text;
	return err;
}

int load_number_of_strings(struct load *load, struct load_text *text, uint32_t *ret)
{
	struct begat_str str = model_text(load->model, text->text);
	int err = 0;

	if (text->strings == LOAD_UNKNOWN) {
		text->strings = 0;
		if (text->is_blob && str.len && !str.data[str.len - 1])
			text->strings = text->text;
		else if (!text->is_blob)
			err = decode(load, str.data, str.len);
		if (!text->is_blob && !err &&
		    model_add_text(load->model, load->scratch.data, load->scratch.len,
				   &text->strings) < 0)
			err = load_fail_memory(load);
	}
	*ret = text->strings;
	return err == -EBADMSG ? 0 : err;
}
