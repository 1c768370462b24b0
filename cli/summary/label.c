/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/label.c - what a process is called in the tree: its command on a line, and its name.
 *
 * Owns:  how a long command is shortened.
 * Not:   cutting it to a width (tree.c).
 *
 * Invariants
 *  (1) Every string that is kept has passed begat_escape().
 */
#include <begat/report.h>
#include <begat/sink.h>
#include <string.h>

#include "base/path.h"
#include "nodes.h"

#define LABEL_SHORT_BYTES 72 /* that much fits a line as it is */
#define LABEL_TAIL_BYTES 120 /* of them its end, if it is longer */

struct begat_str label_given(const struct begat_event *ev, enum begat_field field,
			     struct begat_str str)
{
	return begat_event_has(ev, field) ? str : (struct begat_str){ "", 0 };
}

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

	return strings_add(&s->strings, safe, len < max ? len : max - 1);
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

void label_image(struct summary *s, struct node *node, const struct begat_event *ev)
{
	char label[LABEL_BYTES];
	struct begat_str name = { "", 0 };
	size_t len = 0;

	if (begat_event_has(ev, BEGAT_F_ARGV) && ev->argv.count && ev->argv.bytes) {
		len = make_label(label, &ev->argv);
		name = (struct begat_str){ ev->argv.data, strnlen(ev->argv.data, ev->argv.bytes) };
	}
	struct begat_str filename = label_given(ev, BEGAT_F_FILENAME, ev->filename);

	if (!name.len)
		name = label_given(ev, BEGAT_F_EXE, ev->exe);
	/* Of a script the script's name, not the shell's. */
	if (label_given(ev, BEGAT_F_INTERPRETER, ev->interpreter).len && filename.len)
		name = filename;
	if (!name.len)
		name = label_given(ev, BEGAT_F_COMM, ev->comm);
	node->base = label_keep(s, base_of(name), BASE_BYTES);
	node->label = len ? strings_add(&s->strings, label, len) : node->base;
	if (!node->label)
		node->label = node->base;
	node->tried = STRING_NONE;
	node->tried_error = 0;
	node->flags |= NODE_EXECED;
}
