/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * analysis/model.c - rows in any order become sorted, linked, corrected arrays.
 *
 * Owns:    sorting, parents, and what to do about impossible times.
 * Not:     strings (strings.c).
 * Called:  once a trace.
 */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int grow(void **items, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 1024;
	void *bigger;

	if (more > INT32_MAX)
		return -ENOMEM;
	bigger = reallocarray(*items, more, size);
	if (!bigger)
		return -ENOMEM;
	*items = bigger;
	*room = more;
	return 0;
}

int model_add_process(struct model *m, const struct model_process *process)
{
	if (m->count == m->room &&
	    grow((void **)&m->processes, &m->room, sizeof(*m->processes)) < 0)
		return -ENOMEM;
	m->processes[m->count++] = *process;
	return 0;
}

int model_add_exec(struct model *m, const struct model_exec *exec)
{
	if (m->execs_count == m->execs_room &&
	    grow((void **)&m->execs, &m->execs_room, sizeof(*m->execs)) < 0)
		return -ENOMEM;
	m->execs[m->execs_count++] = *exec;
	return 0;
}

/* Rows are large: keys are sorted, rows moved once. */
struct key {
	uint64_t first, second;
	uint32_t row;
};

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->second != y->second)
		return x->second < y->second ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static int sort_rows(void **rows, size_t count, size_t size, struct key *keys)
{
	char *sorted;

	qsort(keys, count, sizeof(*keys), compare_keys);
	sorted = reallocarray(NULL, count + 1, size);
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		memcpy(sorted + i * size, (char *)*rows + keys[i].row * size, size);
	free(*rows);
	*rows = sorted;
	return 0;
}

static void find_span(struct model *m)
{
	uint64_t begin = UINT64_MAX, end = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct model_process *p = &m->processes[i];

		if (p->flags & MODEL_OLDER)
			continue;
		if (p->start_ns && p->start_ns < begin)
			begin = p->start_ns;
		if (p->start_ns > end)
			end = p->start_ns;
		if (p->flags & MODEL_ENDED && p->end_ns > end)
			end = p->end_ns;
	}
	for (size_t i = 0; i < m->execs_count; i++) {
		if (m->execs[i].ts_ns > end)
			end = m->execs[i].ts_ns;
	}
	if (begin != UINT64_MAX && (!m->meta.begin_ns || m->meta.begin_ns > end))
		m->meta.begin_ns = begin;
	if (m->meta.end_ns < end)
		m->meta.end_ns = end;
}

static void correct_times(struct model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct model_process *p = &m->processes[i];

		if (p->flags & MODEL_OLDER && p->start_ns > m->meta.end_ns) {
			p->start_ns = m->meta.begin_ns;
			p->flags |= MODEL_ODD_CLOCK;
		}
		/* The fork was lost: it began before we looked, no one knows when. */
		if (!p->start_ns)
			p->start_ns = m->meta.begin_ns;
		if (!(p->flags & MODEL_ENDED))
			p->end_ns = m->meta.end_ns;
		if (p->end_ns < p->start_ns) {
			p->end_ns = p->start_ns;
			p->flags |= MODEL_ODD_CLOCK;
		}
		m->odd_clocks += !!(p->flags & MODEL_ODD_CLOCK);
	}
}

static int sort_processes(struct model *m)
{
	struct key *keys = calloc(m->count + 1, sizeof(*keys));
	int err;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++)
		keys[i] = (struct key){ m->processes[i].start_ns, m->processes[i].id, i };
	err = sort_rows((void **)&m->processes, m->count, sizeof(*m->processes), keys);
	free(keys);
	m->room = m->count + 1;
	return err;
}

struct id_table {
	uint32_t *slots; /* index + 1 */
	size_t mask;
};

static size_t id_slot(const struct id_table *t, uint64_t id)
{
	return (id * 0x9e3779b97f4a7c15ull >> 20) & t->mask;
}

static uint32_t find_id(const struct model *m, const struct id_table *t, uint64_t id)
{
	if (!id)
		return MODEL_NONE;
	for (size_t at = id_slot(t, id); t->slots[at]; at = (at + 1) & t->mask) {
		if (m->processes[t->slots[at] - 1].id == id)
			return t->slots[at] - 1;
	}
	return MODEL_NONE;
}

static int index_ids(const struct model *m, struct id_table *ret_table)
{
	size_t size = 16;

	while (size < m->count * 2)
		size *= 2;
	*ret_table = (struct id_table){ calloc(size, sizeof(uint32_t)), size - 1 };
	if (!ret_table->slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++) {
		uint64_t id = m->processes[i].id;
		size_t at = id_slot(ret_table, id);

		/* Two rows with one id: the first keeps it. */
		if (!id || find_id(m, ret_table, id) != MODEL_NONE)
			continue;
		while (ret_table->slots[at])
			at = (at + 1) & ret_table->mask;
		ret_table->slots[at] = i + 1;
	}
	return 0;
}

/* Follows parents until a known end; the process that closes a ring loses its parent. */
static int link_parents(struct model *m, const struct id_table *ids)
{
	uint32_t *walk = calloc(m->count + 1, sizeof(*walk)); /* number of the walk that saw i */

	if (!walk)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->count; i++)
		m->processes[i].parent = find_id(m, ids, m->processes[i].parent_id);
	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t at = i, last = MODEL_NONE;

		while (at != MODEL_NONE && !walk[at]) {
			walk[at] = i + 1;
			last = at;
			at = m->processes[at].parent;
		}
		if (at != MODEL_NONE && walk[at] == i + 1) {
			m->processes[last].parent = MODEL_NONE;
			m->processes[last].flags |= MODEL_ODD_CLOCK;
			m->odd_clocks++;
		}
	}
	free(walk);
	return 0;
}

static int list_children(struct model *m)
{
	uint32_t *first = calloc(m->count + 2, sizeof(*first));
	uint32_t *children = calloc(m->count + 1, sizeof(*children));

	m->child_first = first;
	m->children = children;
	if (!first || !children)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++) {
		if (m->processes[i].parent != MODEL_NONE)
			first[m->processes[i].parent + 2]++;
	}
	for (size_t i = 2; i < m->count + 2; i++)
		first[i] += first[i - 1];
	/* first[p + 1] is where p's next child goes; afterwards it is where p's children end. */
	for (size_t i = 0; i < m->count; i++) {
		if (m->processes[i].parent != MODEL_NONE)
			children[first[m->processes[i].parent + 1]++] = i;
	}
	return 0;
}

static int order_tree(struct model *m)
{
	uint32_t *stack = calloc(m->count + 1, sizeof(*stack));
	size_t done = 0;

	m->order = calloc(m->count + 1, sizeof(*m->order));
	if (!stack || !m->order) {
		free(stack);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < m->count; i++) {
		size_t depth = 0;

		if (m->processes[i].parent != MODEL_NONE)
			continue;
		stack[depth++] = i;
		while (depth) {
			uint32_t p = stack[--depth];

			m->order[done++] = p;
			for (uint32_t c = m->child_first[p + 1]; c > m->child_first[p]; c--)
				stack[depth++] = m->children[c - 1];
		}
	}
	free(stack);
	return 0;
}

static int link_execs(struct model *m, const struct id_table *ids)
{
	struct key *keys = calloc(m->execs_count + 1, sizeof(*keys));
	int err;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < m->execs_count; i++) {
		struct model_string name = model_basename(model_text(m, m->execs[i].filename));

		m->execs[i].process = find_id(m, ids, m->execs[i].process_id);
		if (model_intern(m, name.data, name.len, &m->execs[i].name) < 0) {
			free(keys);
			return -ENOMEM;
		}
		keys[i] = (struct key){ m->execs[i].process, m->execs[i].ts_ns, i };
	}
	err = sort_rows((void **)&m->execs, m->execs_count, sizeof(*m->execs), keys);
	free(keys);
	m->execs_room = m->execs_count + 1;
	if (err < 0)
		return err;
	for (uint32_t i = 0; i < m->execs_count; i++) {
		if (m->execs[i].process == MODEL_NONE)
			break;
		struct model_process *p = &m->processes[m->execs[i].process];

		if (!p->exec_count++)
			p->first_exec = i;
	}
	return 0;
}

const struct model_exec *model_image(const struct model *m, uint32_t i, uint64_t ts_ns)
{
	const struct model_process *p = &m->processes[i];

	for (uint32_t k = p->exec_count; k > 0; k--) {
		const struct model_exec *exec = &m->execs[p->first_exec + k - 1];

		if (!exec->error && exec->ts_ns <= ts_ns)
			return exec;
	}
	return NULL;
}

static void name_programs(struct model *m)
{
	/* Parents first: what a fork inherits is known by then. */
	for (size_t k = 0; k < m->count; k++) {
		struct model_process *p = &m->processes[m->order[k]];
		const struct model_exec *image = model_image(m, m->order[k], UINT64_MAX);

		if (!image)
			p->flags |= MODEL_FORK_ONLY;
		if (!image && p->parent != MODEL_NONE) {
			image = model_image(m, p->parent, p->start_ns);
			if (!image)
				p->program = m->processes[p->parent].program;
		}
		if (image)
			p->program = image->exe ? image->exe : image->filename;
		if (!p->program)
			p->program = p->comm;
	}
}

/*
 * The root is the process that all others descend from. Where a command was traced and forks were
 * lost there are several candidates: the command is the one that started first.
 */
static void find_root(struct model *m, const struct id_table *ids)
{
	uint32_t first = MODEL_NONE;
	size_t tops = 0;

	m->root = find_id(m, ids, m->meta.root_id);
	for (uint32_t i = 0; i < m->count && m->root == MODEL_NONE; i++) {
		uint32_t parent = m->processes[i].parent;

		if (!model_is_run(m, i) || (parent != MODEL_NONE && model_is_run(m, parent)))
			continue;
		if (!tops++)
			first = i;
	}
	/* Where the machine was read the recording is of the machine, whatever began within it. */
	if ((m->meta.command && !m->meta.narrowing.whole) || (tops == 1 && !m->meta.has_usage))
		m->root = m->root == MODEL_NONE ? first : m->root;
	/* A command that was started just before tracing began is still the run. */
	if (m->root != MODEL_NONE)
		m->processes[m->root].flags &= ~MODEL_OLDER;
}

int model_finish(struct model *m)
{
	struct id_table ids = { 0 };
	int err;

	if (m->count > INT32_MAX || m->execs_count > INT32_MAX)
		return -E2BIG;
	find_span(m);
	correct_times(m);
	err = sort_processes(m);
	if (err == 0)
		err = index_ids(m, &ids);
	if (err == 0)
		err = link_parents(m, &ids);
	if (err == 0)
		err = list_children(m);
	if (err == 0)
		err = order_tree(m);
	if (err == 0)
		err = link_execs(m, &ids);
	if (err == 0) {
		name_programs(m);
		find_root(m, &ids);
	}
	free(ids.slots);
	return err;
}
