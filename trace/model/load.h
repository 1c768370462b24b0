/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/load.h - a recording that is being read into a model.
 *
 * Owns:    struct load, shared by load.c and load_text.c.
 */
#ifndef BEGAT_TRACE_MODEL_LOAD_H
#define BEGAT_TRACE_MODEL_LOAD_H

#include "base/bytes.h"
#include "model/model.h"
#include "store/read/reader.h"

#define LOAD_UNKNOWN UINT32_MAX

/* A row of the table string. */
struct load_text {
	int64_t id;
	uint32_t text, strings; /* numbers in the model, LOAD_UNKNOWN until they are asked for */
	bool is_blob;
};

/* While it is loaded. */
struct load {
	struct begat_trace *trace;
	struct model *model;
	struct load_text *texts; /* sorted by id */
	int64_t *rows; /* of the table process, as the model has them */
	uint32_t texts_count, texts_room, rows_count, rows_room;
	struct bytes scratch;
	uint64_t rows_read, rows_total; /* of all tables; the total is what the recording says */
};

/* Sets the sentence; returns -ENOMEM. */
int load_fail_memory(struct load *load);
/* Can one more row of a table of @count be counted? 0 or a negative errno. */
int load_check_count(struct load *load, uint32_t count);

/* Takes the current row of the table string in; rows come in the order of id. */
int load_text(struct load *load, sqlite3_stmt *stmt);
/* The row of this id of the table string, or NULL. */
struct load_text *load_find_text(const struct load *load, int64_t id);
/* The number of the text as it is in the file. 0 or a negative errno. */
int load_number_of_text(struct load *load, struct load_text *text, uint32_t *ret);
/* The number of the list; one that is none is empty. 0 or a negative errno. */
int load_number_of_strings(struct load *load, struct load_text *text, uint32_t *ret);

#endif
