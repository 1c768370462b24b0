/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/label.c - what a process is called in the tree: its command on a line, and its name.
 *
 * Owns:  how a long command is shortened; the name of a process that has no image of its own.
 * Not:   cutting a command to a width (tree.c).
 *
 * Invariants
 *  (1) Every string that is kept or written has passed begat_escape().
 *  (2) Each exec is looked at once or twice, however many children there are.
 */
#include <begat/report.h>
#include <begat/text.h>
#include <string.h>

#include "base/path.h"
#include "nodes.h"

#define LABEL_SHORT_BYTES 72 /* that much fits a line as it is */
#define LABEL_TAIL_BYTES 120 /* of them its end, if it is longer */

static struct begat_str base_of(struct begat_str str)
{
	str.data = path_base(str.data, str.len, &str.len);
	return str;
}

uint32_t label_keep(struct summary *s, struct begat_str str, size_t max)
{
	char safe[LABEL_BYTES];
	size_t len = begat_escape(safe, max < sizeof(safe) ? max : sizeof(safe), str.data,
				  str.len < LABEL_BYTES ? str.len : LABEL_BYTES, false);
	uint32_t number = 0;

	if (string_table_add(&s->strings, safe, len < max ? len : max - 1, &number) < 0)
		s->is_out_of_memory = true;
	return number;
}

/* Words from @p to @end, one space between, each as a shell would need it. Returns the length. */
static size_t join_words(char *out, size_t size, const char *p, const char *end, bool is_first)
{
	size_t used = 0;

	while (p < end && used < size - 1) {
		size_t len = strnlen(p, (size_t)(end - p));
		struct begat_str word = { p, len };

		if (is_first)
			word = base_of(word);
		else
			out[used++] = ' ';
		is_first = false;
		if (word.len > size)
			word.len = size; /* more cannot be shown; escaping never shortens */
		size_t n = begat_escape(out + used, size - used, word.data, word.len, true);

		used += n < size - used ? n : size - used - 1;
		p += len + 1;
	}
	return used;
}

/*
 * argv as one line, its first word without folders; of a long one its start and its end, or what it
 * is about: cc1 ... main.c
 */
static size_t make_label(char out[LABEL_BYTES], const struct begat_strv *argv)
{
	const char *end = argv->data + argv->bytes;
	struct begat_str subject = begat_report_subject(argv);

	if (argv->bytes > LABEL_SHORT_BYTES && subject.len && subject.len < LABEL_BYTES / 2) {
		const char *first = argv->data + strnlen(argv->data, argv->bytes);
		size_t len = join_words(out, LABEL_BYTES / 2 - 6, argv->data, first, true);

		memcpy(out + len, " ... ", 5);
		memcpy(out + len + 5, subject.data, subject.len);
		return len + 5 + subject.len;
	}

	if (argv->bytes < LABEL_BYTES)
		return join_words(out, LABEL_BYTES, argv->data, end, true);
	const char *tail = end - LABEL_TAIL_BYTES;
	size_t used = join_words(out, LABEL_BYTES - LABEL_TAIL_BYTES - 4, argv->data, tail, true);

	memcpy(out + used, " ...", 4);
	used += 4;
	/* From the first whole word; a part of one has nothing to say. */
	tail += strnlen(tail, (size_t)(end - tail)) + 1;
	if (tail < end)
		used += join_words(out + used, LABEL_BYTES - used, tail, end, false);
	return used;
}

static struct begat_str first_of(const struct begat_strv *argv)
{
	bool has_any = argv->count && argv->bytes;

	return (struct begat_str){ argv->data, has_any ? strnlen(argv->data, argv->bytes) : 0 };
}

/* The name of a process whose last image is @exec, escaped. */
static uint32_t name_of(struct summary *s, const struct begat_trace_exec *exec)
{
	struct begat_strv argv = begat_trace_strings(s->trace, exec->argv);
	struct begat_str name = first_of(&argv);
	struct begat_str filename = begat_trace_string(s->trace, exec->filename);

	if (!name.len)
		name = begat_trace_string(s->trace, exec->exe);
	/* Of a script the script's name, not the shell's. */
	if (begat_trace_string(s->trace, exec->interpreter).len && filename.len)
		name = filename;
	if (!name.len)
		name = begat_trace_string(s->trace, exec->comm);
	return label_keep(s, base_of(name), BASE_BYTES);
}

/* Where the life begins in the stream. */
static uint64_t first_n(const struct summary *s, const struct begat_trace_process *p)
{
	if (p->fork_n)
		return p->fork_n;
	return p->execs_count ? s->table->execs[p->execs_first].n : p->exit_n;
}

/*
 * Until it execs, a child is what its parent is at that moment: so images and children are walked
 * together, in the order of the stream.
 */
static void name_children(struct summary *s, uint32_t index)
{
	const struct begat_trace_process *p = &s->table->processes[index - 1];
	const struct begat_trace_exec *execs = &s->table->execs[p->execs_first];
	struct node *node = &s->nodes[index];
	uint32_t child = node->first_child, exe = node->inherited_exe, taken = 0;

	node->base = node->inherited;
	for (;;) {
		uint64_t until = child ? first_n(s, &s->table->processes[child - 1]) : UINT64_MAX;

		for (; taken < p->execs_count && execs[taken].n < until; taken++) {
			if (execs[taken].type != BEGAT_EXEC)
				continue;
			node->base = name_of(s, &execs[taken]) ?: node->base;
			exe = execs[taken].exe;
		}
		if (!child)
			break;
		s->nodes[child].inherited = node->base;
		s->nodes[child].inherited_exe = exe;
		child = s->nodes[child].next;
	}
	if (p->images_count)
		node->flags |= NODE_EXECED;
	if (p->images_count || !p->has_exit || !p->exe || p->exe == node->inherited_exe)
		return;
	/* The exec was lost; the exit says what the process was. */
	node->flags |= NODE_EXECED;
	node->base = label_keep(s, base_of(begat_trace_string(s->trace, p->exe)), BASE_BYTES);
}

void label_nodes(struct summary *s)
{
	/* Parents come before their children. */
	for (uint32_t i = 1; i < s->count; i++) {
		const struct begat_trace_process *p = &s->table->processes[i - 1];
		struct node *node = &s->nodes[i];

		if (!node->inherited)
			node->inherited =
				label_keep(s, begat_trace_string(s->trace, p->comm), BASE_BYTES);
		name_children(s, i);
	}
}

void label_command(const struct summary *s, uint32_t index, char out[LABEL_BYTES])
{
	const struct begat_trace_process *p = &s->table->processes[index - 1];
	size_t len = 0;

	if (p->exec_last != BEGAT_TRACE_NONE) {
		struct begat_strv argv =
			begat_trace_strings(s->trace, s->table->execs[p->exec_last].argv);

		if (argv.count && argv.bytes)
			len = make_label(out, &argv);
	}
	out[len] = 0;
	if (!len)
		snprintf(out, LABEL_BYTES, "%s", summary_string(s, s->nodes[index].base));
}
