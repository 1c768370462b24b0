/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/string_write.c - the number of a text in the table string.
 *
 * Owns:    rows of the table string: a text that was stored lately gets the number it has.
 * Not:     remembering texts (intern.c), the reverse (string_read.c).
 */
#include <errno.h>
#include <string.h>

#include "store/format/text.h"
#include "store/write/recorder.h"

/* Adds a text or a vector to the table string; returns its number or -ENOMEM. */
static int64_t add_string(struct begat_recorder *rec, enum intern_kind kind,
			  const struct begat_strv *value)
{
	struct rows *rows = &rec->rows[TABLE_STRING];
	size_t offset = rows->bytes.len;
	bool is_text = kind == INTERN_STR && text_is_plain(value->data, value->bytes);
	struct row *row = rows_add(rows);

	if (!row)
		return -ENOMEM;
	if (kind == INTERN_STRV) {
		int encoded = text_encode_vector(value, &rows->bytes);

		if (encoded < 0)
			return encoded;
		is_text = encoded;
	}
	if ((kind == INTERN_STR || !is_text) &&
	    bytes_add(&rows->bytes, value->data, value->bytes) < 0)
		return -ENOMEM;
	row_set(row, STRING_id, ++rec->last_string);
	row_set_bytes(row, STRING_text, offset, rows->bytes.len - offset, is_text);
	return rec->last_string;
}

int64_t string_number(struct begat_recorder *rec, enum intern_kind kind, unsigned place,
		      const struct begat_strv *value)
{
	struct string_memo *memo = &rec->memos[place];
	uint64_t hash;
	int64_t number;

	if (memo->number && memo->kind == kind && memo->len == value->bytes &&
	    !memcmp(memo->data, value->data, value->bytes))
		return memo->number;
	number = intern_find(rec->intern, kind, value->data, value->bytes, &hash);
	if (!number) {
		number = add_string(rec, kind, value);
		if (number > 0)
			intern_add(rec->intern, kind, value->data, value->bytes, hash, number);
	}
	if (number > 0 && value->bytes <= sizeof(memo->data)) {
		memo->number = number;
		memo->kind = kind;
		memo->len = (uint32_t)value->bytes;
		memcpy(memo->data, value->data, value->bytes);
	}
	return number;
}
