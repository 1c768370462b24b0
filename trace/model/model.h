/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/model.h - what ran: the one model that analyses, trees, comparisons and exports read.
 *
 * Owns:    struct model: begat/trace.h's table, and what it is made from.
 * Not:     where rows come from: load.c reads a recording, live.c takes events, tests make them up.
 *
 * Use: model_new(), model_add_*() in stream order, model_link() once; read-only afterwards, but for
 * further texts.
 *
 * Invariants
 *  (1) Equal texts have equal numbers; 0 is the empty text. An argument list is a text with a NUL
 *      behind each string.
 *  (2) See link.c for those of the table.
 */
#ifndef BEGAT_TRACE_MODEL_MODEL_H
#define BEGAT_TRACE_MODEL_MODEL_H

#include <begat/trace.h>

#include "base/id_map.h"
#include "base/string_table.h"

/* CPU time of a process that was there when the recording began or ended: few are. */
struct model_usage {
	uint64_t before_utime_ns, before_stime_ns; /* with p.has_cpu_before */
	uint64_t until_utime_ns, until_stime_ns; /* with has_until */
	bool has_until;
};

/*
 * Part of a life, as a row of a recording tells it. There is one for each process, so what link.c
 * needs for a while lies where the links will be:
 *   p.parent        row, or BEGAT_TRACE_NONE
 *   p.first_child   steps up to a process without a known parent
 *   p.next_sibling  row of the same id that it was merged into, or BEGAT_TRACE_NONE
 */
struct model_row {
	struct begat_trace_process p;
	uint64_t start_by_duration_ns; /* 0 = not known */
	uint64_t first_seen_ns; /* link.c: 0 = not known */
	uint32_t usage; /* in model->usages + 1; 0 = none */
};

struct model {
	struct begat_trace_table table; /* points to what follows, once it is linked */
	struct string_table texts;
	struct begat_trace_context *contexts;
	struct begat_trace_loss *losses;
	struct model_usage *usages; /* freed by model_link() */
	struct model_row *rows; /* freed by model_link() */
	struct begat_trace_process *processes; /* made by model_link() */
	struct begat_trace_exec *execs; /* before model_link() with a row for the process */
	uint32_t contexts_count, losses_count, usages_count, rows_count, execs_count;
	uint32_t contexts_room, losses_room, usages_room, rows_room, execs_room;
	struct id_map by_id; /* rows, then processes */
	uint64_t corrections; /* times and parents that could not be */
};

/* NULL without memory. */
struct model *model_new(void);
void model_free(struct model *model);

/* 0 or -ENOMEM. */
int model_add_text(struct model *model, const char *data, size_t len, uint32_t *ret_text);
int model_add_context(struct model *model, const struct begat_trace_context *context,
		      uint32_t *ret_context);
int model_add_row(struct model *model, const struct model_row *row, uint32_t *ret_row);
int model_add_exec(struct model *model, const struct begat_trace_exec *exec);
int model_add_loss(struct model *model, const struct begat_trace_loss *loss);
int model_add_usage(struct model *model, uint32_t row, const struct model_usage *usage);

/* link.c: rows of one id become one process; parents, order, images. 0 or -ENOMEM. */
int model_link(struct model *model);
/*
 * link.c: makes a forest of @count parents, the first at @parents, @stride bytes apart: each ring
 * loses a link. Returns how many were cut.
 */
uint32_t model_cut_rings(uint32_t *parents, size_t stride, uint32_t count);

/* usage.c: CPU times become those within the recording. */
void model_settle_usage(const struct model *model, struct model_row *row);

/* Valid as long as the model. */
static inline struct begat_str model_text(const struct model *model, uint32_t text)
{
	struct string_item item = string_table_get(&model->texts, text);

	return (struct begat_str){ .data = item.data, .len = item.len };
}

struct begat_strv model_strings(const struct model *model, uint32_t strings);

/* Index of a process, or BEGAT_TRACE_NONE. */
static inline uint32_t model_find(const struct model *model, uint64_t id)
{
	return id_map_find(&model->by_id, &model->processes[0].id, sizeof(*model->processes), id);
}

/* The part after the last slash. */
struct begat_str model_basename(struct begat_str path);

/* load.c: the model of a recording; @trace owns it. 0 or as begat_trace_load(). */
int model_of_trace(struct begat_trace *trace, struct model **ret_model);
/* load.c: has begat_trace_load() been called? A recording in a file can be unloaded again. */
bool model_is_loaded(const struct begat_trace *trace);
void model_unload(struct begat_trace *trace);

#endif
