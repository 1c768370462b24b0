/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/model/model.c - see model.h: rows and texts before they are linked.
 *
 * Owns:    memory.
 * Not:     parents and order (link.c).
 */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct model *model_new(void)
{
	return calloc(1, sizeof(struct model));
}

void model_free(struct model *m)
{
	if (!m)
		return;
	string_table_done(&m->texts);
	free(m->contexts);
	free(m->losses);
	free(m->usages);
	free(m->rows);
	free(m->processes);
	free(m->execs);
	id_map_done(&m->by_id);
	free(m);
}

int model_add_text(struct model *m, const char *data, size_t len, uint32_t *ret_text)
{
	return string_table_add(&m->texts, data, len, ret_text);
}

int model_add_context(struct model *m, const struct begat_trace_context *context,
		      uint32_t *ret_context)
{
	if (array_grow(&m->contexts, m->contexts_count, &m->contexts_room, sizeof(*context)) < 0)
		return -ENOMEM;
	m->contexts[m->contexts_count] = *context;
	*ret_context = m->contexts_count++;
	return 0;
}

int model_add_row(struct model *m, const struct model_row *row, uint32_t *ret_row)
{
	if (array_grow(&m->rows, m->rows_count, &m->rows_room, sizeof(*row)) < 0)
		return -ENOMEM;
	m->rows[m->rows_count] = *row;
	*ret_row = m->rows_count++;
	return 0;
}

int model_add_exec(struct model *m, const struct begat_trace_exec *exec)
{
	if (array_grow(&m->execs, m->execs_count, &m->execs_room, sizeof(*exec)) < 0)
		return -ENOMEM;
	m->execs[m->execs_count++] = *exec;
	return 0;
}

int model_add_loss(struct model *m, const struct begat_trace_loss *loss)
{
	if (array_grow(&m->losses, m->losses_count, &m->losses_room, sizeof(*loss)) < 0)
		return -ENOMEM;
	m->losses[m->losses_count++] = *loss;
	return 0;
}

int model_add_usage(struct model *m, uint32_t row, const struct model_usage *usage)
{
	if (array_grow(&m->usages, m->usages_count, &m->usages_room, sizeof(*usage)) < 0)
		return -ENOMEM;
	m->usages[m->usages_count++] = *usage;
	m->rows[row].usage = m->usages_count;
	return 0;
}

struct begat_strv model_strings(const struct model *m, uint32_t strings)
{
	struct string_item item = string_table_get(&m->texts, strings);
	struct begat_strv strv = { .data = item.data, .bytes = item.len };
	const char *end = item.data + item.len;

	for (const char *at = item.data; at < end; at += strlen(at) + 1)
		strv.count++;
	return strv;
}

struct begat_str model_basename(struct begat_str path)
{
	const char *slash = memrchr(path.data, '/', path.len);

	if (!slash || (size_t)(slash + 1 - path.data) == path.len)
		return path;
	path.len -= (size_t)(slash + 1 - path.data);
	path.data = slash + 1;
	return path;
}
