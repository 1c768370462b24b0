/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary.c - remembers every process of a run, from the events as they come.
 *
 * Owns:  nodes, parents and children, counts, failures.
 * Not:   folding (fold.c), drawing (tree.c), the last line (totals.c).
 *
 * Invariants: those of nodes.h, and
 *  (4) Every string that is kept has passed begat_escape().
 */
#include <begat/report.h>
#include <begat/search.h>
#include <begat/sink.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"

#define LABEL_BYTES 480 /* of a command are kept, escaped */
#define LABEL_SHORT_BYTES 72 /* that much fits a line as it is */
#define LABEL_TAIL_BYTES 120 /* of them its end, if it is longer */
#define BASE_BYTES 64

static void end_search(const struct begat_search *search, void *ctx);

int summary_new(pid_t root, struct summary **ret_summary)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	summary->root_tgid = (uint32_t)root;
	summary->room = 1024;
	summary->nodes = calloc(summary->room, sizeof(*summary->nodes));
	summary->slots_mask = 2 * summary->room - 1;
	summary->slots = calloc(summary->slots_mask + 1, sizeof(*summary->slots));
	summary->count = 1; /* nobody */
	strings_init(&summary->strings);
	struct begat_searches_options searches = {
		.size = sizeof(searches),
		.callback = end_search,
		.ctx = summary,
	};

	if (!summary->nodes || !summary->slots ||
	    begat_searches_new(&searches, &summary->searches) < 0) {
		summary_free(summary);
		return -ENOMEM;
	}
	*ret_summary = summary;
	return 0;
}

void summary_free(struct summary *summary)
{
	if (!summary)
		return;
	begat_searches_free(summary->searches);
	strings_done(&summary->strings);
	free(summary->nodes);
	free(summary->slots);
	free(summary);
}

void summary_fields(struct begat_fields *fields)
{
	static const enum begat_field needed[] = {
		BEGAT_F_EVENT,
		BEGAT_F_TS_NS,
		BEGAT_F_ID,
		BEGAT_F_PID,
		BEGAT_F_PARENT_ID,
		BEGAT_F_COMM,
		BEGAT_F_FILENAME,
		BEGAT_F_EXE,
		BEGAT_F_INTERPRETER,
		BEGAT_F_ARGV,
		BEGAT_F_ARGV_TRUNCATED,
		BEGAT_F_ERRNO,
		BEGAT_F_REPEATS,
		BEGAT_F_EXIT_CODE,
		BEGAT_F_SIGNAL,
		BEGAT_F_CORE_DUMPED,
		BEGAT_F_KILLED_BY,
		BEGAT_F_DURATION,
		BEGAT_F_UTIME,
		BEGAT_F_STIME,
		BEGAT_F_MAX_RSS,
		BEGAT_F_EXECS,
		BEGAT_F_COUNT,
		BEGAT_F_CLASS,
		BEGAT_F_MISSING,
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		begat_fields_add(fields, needed[i]);
}

static uint32_t *find_slot(const struct summary *s, uint64_t id)
{
	size_t i = strings_hash(&id, sizeof(id)) & s->slots_mask;

	while (s->slots[i] && s->nodes[s->slots[i]].id != id)
		i = (i + 1) & s->slots_mask;
	return &s->slots[i];
}

static int make_room(struct summary *s)
{
	if (s->count < s->room)
		return 0;
	if (s->room >= UINT32_MAX / 8)
		return -ENOMEM;
	struct node *nodes = reallocarray(s->nodes, 2 * (size_t)s->room, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	s->nodes = nodes;
	size_t slots_count = 4 * (size_t)s->room; /* two for each node there will be */
	uint32_t *slots = calloc(slots_count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(s->slots);
	s->slots = slots;
	s->slots_mask = slots_count - 1;
	s->room *= 2;
	for (uint32_t i = 1; i < s->count; i++)
		*find_slot(s, s->nodes[i].id) = i;
	return 0;
}

static void link_child(struct summary *s, uint32_t parent, uint32_t child)
{
	struct node *p = &s->nodes[parent];

	s->nodes[child].parent = parent;
	s->nodes[child].next = 0;
	if (p->last_child)
		s->nodes[p->last_child].next = child;
	else
		p->first_child = child;
	p->last_child = child;
}

/* The node of @id, made without a parent if it is new; 0 = no memory. */
static uint32_t get_node(struct summary *s, uint64_t id)
{
	uint32_t *slot = find_slot(s, id);

	if (*slot)
		return *slot;
	if (make_room(s)) {
		s->is_out_of_memory = true;
		return 0;
	}
	uint32_t index = s->count++;

	s->nodes[index] = (struct node){ .id = id };
	*find_slot(s, id) = index;
	return index;
}

/* Is @index at or above @below? Then it must not become its child. */
static bool is_forebear(const struct summary *s, uint32_t index, uint32_t below)
{
	if (!s->nodes[index].first_child)
		return index == below; /* the usual: no walk up a deep chain for each fork */
	for (; below; below = s->nodes[below].parent)
		if (below == index)
			return true;
	return false;
}

/* The first event about a process names its parent. A later one (init) is not the parent. */
static void see_first(struct summary *s, uint32_t index, const struct begat_event *ev)
{
	s->nodes[index].flags |= NODE_SEEN;
	s->nodes[index].tgid = ev->tgid;
	s->nodes[index].start_ns = ev->ts_ns;
	if (ev->tgid == s->root_tgid && !s->root)
		s->root = index;
	if (!begat_event_has(ev, BEGAT_F_PARENT_ID) || !ev->parent_id || ev->parent_id == ev->id)
		return;
	uint32_t parent = get_node(s, ev->parent_id); /* may move the nodes */

	if (parent && !is_forebear(s, index, parent))
		link_child(s, parent, index);
}

/* @str if the event has it: else its members may be anything. */
static struct begat_str given(const struct begat_event *ev, enum begat_field field,
			      struct begat_str str)
{
	return begat_event_has(ev, field) ? str : (struct begat_str){ "", 0 };
}

/* @str without its folders. */
static struct begat_str base_of(struct begat_str str)
{
	size_t end = str.len;

	while (end > 1 && str.data[end - 1] == '/')
		end--;
	size_t start = end;

	while (start && str.data[start - 1] != '/')
		start--;
	return (struct begat_str){ str.data + start, end - start };
}

static uint32_t keep(struct summary *s, struct begat_str str, size_t max)
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

/* The image of an exec, or at exit the last one, if its exec was lost. */
static void take_image(struct summary *s, uint32_t index, const struct begat_event *ev)
{
	char label[LABEL_BYTES];
	struct begat_str name = { "", 0 };
	size_t len = 0;

	if (begat_event_has(ev, BEGAT_F_ARGV) && ev->argv.count && ev->argv.bytes) {
		len = make_label(label, &ev->argv);
		name = (struct begat_str){ ev->argv.data, strnlen(ev->argv.data, ev->argv.bytes) };
	}
	struct begat_str filename = given(ev, BEGAT_F_FILENAME, ev->filename);

	if (!name.len)
		name = given(ev, BEGAT_F_EXE, ev->exe);
	/* Of a script the script's name, not the shell's. */
	if (given(ev, BEGAT_F_INTERPRETER, ev->interpreter).len && filename.len)
		name = filename;
	if (!name.len)
		name = given(ev, BEGAT_F_COMM, ev->comm);
	struct node *node = &s->nodes[index];

	node->base = keep(s, base_of(name), BASE_BYTES);
	node->label = len ? strings_add(&s->strings, label, len) : node->base;
	if (!node->label)
		node->label = node->base;
	node->tried = STRING_NONE;
	node->tried_error = 0;
	node->flags |= NODE_EXECED;
}

static void count_failure(struct summary *s, enum failure_kind kind, uint32_t base, uint32_t what,
			  uint32_t count, uint32_t searched)
{
	for (uint32_t i = 0; i < s->failures_count; i++) {
		struct failure *f = &s->failures[i];

		if (f->kind == (uint32_t)kind && f->base == base && f->what == what) {
			f->count += count;
			if (searched > f->searched)
				f->searched = searched;
			return;
		}
	}
	if (s->failures_count == FAILURES_MAX) {
		s->failures_beyond += count;
		return;
	}
	s->failures[s->failures_count++] = (struct failure){ base, what, count, kind, searched };
}

static void note_failure(struct summary *s, const struct first_failure *failure)
{
	if (!s->first_failure.ts_ns || failure->ts_ns < s->first_failure.ts_ns)
		s->first_failure = *failure;
}

/* What was tried, with the reason where the error alone misleads. */
static uint32_t keep_tried(struct summary *s, const struct begat_event *ev)
{
	struct begat_str name = given(ev, BEGAT_F_FILENAME, ev->filename);
	const struct begat_str *missing = &ev->missing_interpreter;
	char text[BASE_BYTES * 2];
	int len;

	if (!begat_event_has(ev, BEGAT_F_MISSING))
		return keep(s, name, LABEL_BYTES);
	len = snprintf(text, sizeof(text), "%.*s [interpreter %.*s is missing]",
		       (int)(name.len < BASE_BYTES ? name.len : BASE_BYTES), name.data,
		       (int)(missing->len < BASE_BYTES / 2 ? missing->len : BASE_BYTES / 2),
		       missing->data);
	name = (struct begat_str){ text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1 };
	return keep(s, name, BASE_BYTES * 2);
}

/* A search that found nothing is one failure, whatever it tried. */
static void end_search(const struct begat_search *search, void *ctx)
{
	struct summary *s = ctx;
	const struct begat_event *ev = search->event;
	uint32_t index = *find_slot(s, ev->id);

	if (search->is_found) {
		s->path_misses += search->attempts;
		return;
	}
	uint32_t name = keep_tried(s, ev);
	uint32_t count = search->attempts < UINT32_MAX ? (uint32_t)search->attempts : UINT32_MAX;

	/* One file again and again is no search. */
	count_failure(s, FAILURE_EXEC, name, (uint32_t)ev->error,
		      search->directories > 1 ? 1 : count, search->directories);
	if (index) {
		struct first_failure failure = { ev->ts_ns, index, name, (uint32_t)ev->error,
						 FAILURE_EXEC };

		note_failure(s, &failure);
		s->nodes[index].tried = name;
		s->nodes[index].tried_error = (uint16_t)ev->error;
	}
}

static void take_exit(struct summary *s, uint32_t index, const struct begat_event *ev)
{
	struct node *node = &s->nodes[index];

	if (node->flags & NODE_EXITED)
		return;
	s->exits++;
	if (!(node->flags & NODE_EXECED) && begat_event_has(ev, BEGAT_F_EXECS) && ev->execs)
		take_image(s, index, ev);
	node->flags |= NODE_EXITED;
	if (begat_event_has(ev, BEGAT_F_SIGNAL) && ev->signal) {
		node->flags |= NODE_HAS_STATUS | NODE_SIGNALLED;
		node->status = (uint16_t)ev->signal;
		if (begat_event_has(ev, BEGAT_F_CORE_DUMPED) && ev->core_dumped)
			node->flags |= NODE_CORE;
		if (begat_event_has(ev, BEGAT_F_KILLED_BY) && ev->killed_by_oom)
			node->flags |= NODE_OOM;
	} else if (begat_event_has(ev, BEGAT_F_EXIT_CODE)) {
		node->flags |= NODE_HAS_STATUS;
		node->status = (uint16_t)ev->exit_code;
	}
	if (begat_event_has(ev, BEGAT_F_DURATION)) {
		node->flags |= NODE_HAS_WALL;
		node->wall_ns = ev->duration_ns;
		if (ev->ts_ns > ev->duration_ns)
			node->start_ns = ev->ts_ns - ev->duration_ns;
	}
	if (begat_event_has(ev, BEGAT_F_UTIME) && begat_event_has(ev, BEGAT_F_STIME)) {
		node->flags |= NODE_HAS_CPU;
		node->cpu_ns = ev->utime_ns + ev->stime_ns;
		s->cpu_ns += node->cpu_ns;
	}
	if (begat_event_has(ev, BEGAT_F_MAX_RSS)) {
		node->flags |= NODE_HAS_RSS;
		node->rss_kib = (uint32_t)(ev->max_rss_bytes >> 10);
	}
	if (!node_is_failed(node))
		return;
	enum failure_kind kind = node->flags & NODE_SIGNALLED ? FAILURE_SIGNAL : FAILURE_EXIT;
	struct first_failure failure = { ev->ts_ns, index, node->label ?: node->base, node->status,
					 kind };

	count_failure(s, kind, node->base, node->status, 1, 0);
	note_failure(s, &failure);
}

int summary_add(struct summary *s, const struct begat_event *ev)
{
	if (ev->type == BEGAT_LOST && ev->class_type < BEGAT_TYPE_SLOTS)
		s->lost[ev->class_type] += ev->count;
	if (!(BEGAT_EVENT_BIT(ev->type) &
	      (BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
	       BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) | BEGAT_EVENT_BIT(BEGAT_EXIT))))
		return 0;
	uint32_t index = get_node(s, ev->id);

	if (!index)
		return -ENOMEM;
	if (!(s->nodes[index].flags & NODE_SEEN))
		see_first(s, index, ev);

	begat_searches_take(s->searches, ev, true, 0);
	switch (ev->type) {
	case BEGAT_FORK:
		s->forks++;
		s->nodes[index].flags |= NODE_FORKED;
		break;
	case BEGAT_EXEC:
		s->execs++;
		take_image(s, index, ev);
		break;
	case BEGAT_EXEC_FAILED:
		s->failed_execs += 1 + (begat_event_has(ev, BEGAT_F_REPEATS) ? ev->repeats : 0);
		break;
	case BEGAT_EXIT:
		take_exit(s, index, ev);
		break;
	}
	/* Until it execs a child is what its parent is; the name must be the one of that moment. */
	struct node *node = &s->nodes[index];

	if (!node->base)
		node->base = s->nodes[node->parent].base;
	if (!node->base)
		node->base = keep(s, given(ev, BEGAT_F_COMM, ev->comm), BASE_BYTES);
	return s->is_out_of_memory ? -ENOMEM : 0;
}

/* NULL: nobody that lives. Without ids a pid has to do: of two lives the later one. */
static struct node *find_living(struct summary *s, const struct begat_usage_process *process)
{
	uint32_t found = process->id ? *find_slot(s, process->id) : 0;

	for (uint32_t i = s->count; !process->id && !found && i-- > 1;)
		if (s->nodes[i].tgid == process->tgid)
			found = i;

	struct node *node = &s->nodes[found];

	return found && (node->flags & (NODE_SEEN | NODE_EXITED)) == NODE_SEEN ? node : NULL;
}

void summary_take_usage(struct summary *s, const struct begat_usage *usage)
{
	for (size_t i = 0; i < usage->count; i++) {
		const struct begat_usage_process *process = &usage->processes[i];
		struct node *node = find_living(s, process);

		if (!node || node->flags & NODE_HAS_CPU)
			continue;
		node->cpu_ns = process->utime_ns + process->stime_ns;
		node->flags |= NODE_HAS_CPU;
		s->cpu_ns += node->cpu_ns;
		s->running_cpu_ns += node->cpu_ns;
	}
}

/* Children of parents that no event was about become roots; what still runs gets its time. */
static void settle(struct summary *s, uint64_t now_ns)
{
	for (uint32_t i = 1; i < s->count; i++) {
		struct node *node = &s->nodes[i];

		if (!(s->nodes[node->parent].flags & NODE_SEEN))
			node->parent = 0;
	}
	for (uint32_t i = 1; i < s->count; i++) {
		struct node *node = &s->nodes[i];

		if (!(node->flags & NODE_SEEN))
			continue;
		if (!node->parent)
			link_child(s, 0, i);
		if (!(node->flags & NODE_EXITED) && now_ns > node->start_ns) {
			node->wall_ns = now_ns - node->start_ns;
			node->flags |= NODE_HAS_WALL;
		}
	}
}

int summary_print(struct summary *s, const struct begat_stats *stats, uint64_t now_ns,
		  const struct summary_style *style, FILE *out)
{
	struct folds folds;

	/* In a PID namespace we call the command by another number; its event came first. */
	for (uint32_t i = 1; i < s->count && !s->root; i++)
		if (s->nodes[i].flags & NODE_SEEN)
			s->root = i;
	begat_searches_finish(s->searches);
	settle(s, now_ns);
	int r = fold_make(s, style->shows_all, SUMMARY_LINES, &folds);

	if (!r)
		r = tree_print(s, &folds, style, out);
	fold_done(&folds);
	if (!r)
		r = answers_print(s, style, out);
	totals_print_failures(s, style, out);
	totals_print(s, stats, style, out);
	return r;
}
