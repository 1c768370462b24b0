/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/load.h - the inside of a recording in memory.
 *
 * Owns:    struct loaded, shared by load.c, load_text.c and link.c.
 */
#ifndef BEGAT_TRACE_MODEL_LOAD_H
#define BEGAT_TRACE_MODEL_LOAD_H

#include "base/bytes.h"
#include "store/read/reader.h"

struct loaded_text {
	int64_t id; /* in the table string */
	size_t offset; /* in bytes */
	uint32_t len;
	bool is_blob;
};

struct loaded_vector {
	char *data; /* NULL = not decoded yet */
	uint32_t bytes, count;
};

/* As read, before link.c merges, sorts and joins. */
struct loaded_process {
	struct begat_trace_process p;
	int64_t row;
	uint64_t start_by_duration_ns; /* 0 = not known */
	uint64_t first_seen_ns; /* 0 = not known */
	uint32_t merged_into; /* index of the row of the same id that it was added to, or NONE */
	uint64_t before_utime_ns, before_stime_ns; /* with p.has_cpu_before */
	uint64_t until_utime_ns, until_stime_ns;
	bool has_until;
	uint32_t depth; /* steps up to a process without a known parent, bounded */
	uint32_t place; /* in the final order */
};

struct loaded_exec {
	struct begat_trace_exec e;
	int64_t row; /* of its process */
};

struct loaded {
	struct begat_trace_table table; /* points to what follows */
	struct bytes bytes, scratch;
	struct loaded_text *texts; /* sorted by id */
	struct loaded_vector *vectors; /* by place of the text; made when first needed */
	struct begat_trace_context *contexts;
	struct begat_trace_loss *losses;
	struct loaded_process *processes; /* sorted by row; freed by link.c */
	struct loaded_exec *execs; /* sorted by n; freed by link.c */
	uint32_t texts_count, losses_count, processes_count, execs_count;
	size_t texts_capacity, losses_capacity, processes_capacity, execs_capacity;

	struct begat_trace_process *final_processes;
	struct begat_trace_exec *final_execs;
	bool is_short; /* a list was asked for and there was no memory for it */
	uint32_t *by_id; /* hash table of indexes + 1 */
	uint32_t by_id_mask;
};

/* load.c */
void loaded_free(struct loaded *loaded);
/* load.c: room for one more of @size bytes in *@array. 0 or a negative errno. */
int load_grow(struct begat_trace *trace, void *array, uint32_t count, size_t *capacity,
	      size_t size);

/* load_text.c: takes the current row of the table string in; rows come in the order of id. */
int load_text(struct begat_trace *trace, sqlite3_stmt *stmt);
/* Place of a number of the table string, from 1; 0 if there is none. */
uint32_t load_find_text(const struct loaded *loaded, int64_t id);
/* Strings and bytes of a vector, without keeping it decoded. */
void load_measure_vector(struct loaded *loaded, uint32_t string, uint32_t *ret_count,
			 uint64_t *ret_bytes);

/* load_usage.c: the table usage, and what meta tells of the readings. 0 or a negative errno. */
int load_usage(struct begat_trace *trace);
/* Makes CPU times those within the recording. */
void load_settle_usage(const struct loaded *loaded, struct loaded_process *process);

/* link.c: processes of one id become one; parents, order, images. 0 or -ENOMEM. */
int link_loaded(struct loaded *loaded);
/* link.c: index of the process of a row, or BEGAT_TRACE_NONE. */
uint32_t link_row(const struct loaded *loaded, int64_t row);

#endif
