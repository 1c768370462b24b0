/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/nodes.h - the summary's inside, shared by summary.c and the files that print it.
 *
 * Owns:  struct node (what the summary adds to the model's process), struct fold (what the tree
 *        makes of it).
 * Not:   what ran: that is the table of begat_live, the same that a recording has.
 *
 * Invariants
 *  (1) Node i is process i - 1 of the table; node 0 is nobody, the parent of the tree's roots.
 *  (2) Parent links have no cycle, whatever the events say.
 */
#ifndef BEGAT_CLI_NODES_H
#define BEGAT_CLI_NODES_H

#include <begat/search.h>
#include <begat/trace.h>

#include "base/string_table.h"
#include "summary.h"

enum node_flags {
	NODE_EXECED = 1 << 0, /* it has an image of its own; else it is a copy of its parent */
	NODE_EXITED = 1 << 1,
	NODE_SIGNALLED = 1 << 2, /* status is a signal */
	NODE_CORE = 1 << 3,
	NODE_OOM = 1 << 4,
	NODE_HAS_STATUS = 1 << 5,
	NODE_HAS_WALL = 1 << 6,
	NODE_HAS_CPU = 1 << 7,
	NODE_HAS_RSS = 1 << 8,
};

struct node {
	uint64_t start_ns; /* boot clock */
	uint64_t wall_ns;
	uint64_t cpu_ns; /* its own, without children */
	uint32_t rss_kib;
	uint32_t tgid;
	uint32_t parent, first_child, last_child, next; /* 0 = none */
	uint32_t base; /* string: the command's name, which makes siblings alike */
	uint32_t inherited; /* string: its name before its first exec */
	uint32_t inherited_exe; /* text of the model: its exe then */
	uint32_t tried; /* string: the command that it last failed to become */
	uint16_t tried_error;
	uint16_t status; /* exit code, or signal */
	uint16_t flags;
};

/* A failure that happened, and how often. */
struct failure {
	uint32_t base; /* string */
	uint32_t what; /* exit code, signal, or errno */
	uint32_t count;
	uint32_t kind; /* enum failure_kind */
	uint32_t searched; /* folders of PATH, the most */
};

enum failure_kind {
	FAILURE_SIGNAL = 0, /* the order of the list */
	FAILURE_EXIT = 1,
	FAILURE_EXEC = 2,
};

/* A command that could not be run; the process may have gone on. */
struct not_run {
	uint64_t id; /* of the process */
	uint64_t ts_ns; /* boot clock */
	uint32_t name; /* string */
	int32_t error;
};

#define FAILURES_MAX 512 /* different ones; further ones are only counted */

struct summary {
	struct begat_live *live; /* of the events; until summary_print() */
	struct begat_trace *trace; /* what became of it */
	const struct begat_trace_table *table;
	const struct begat_usage *usage; /* or NULL */
	struct node *nodes;
	uint32_t count; /* of them, nobody included */
	uint32_t root; /* the command's node; 0 = not seen */
	uint32_t root_tgid;
	struct string_table strings; /* all escaped */
	struct begat_searches *searches; /* along PATH */
	struct not_run *not_run; /* in the order of the stream */
	uint32_t not_run_count, not_run_room;
	struct failure failures[FAILURES_MAX];
	uint32_t failures_count;
	uint64_t failures_beyond;
	bool is_out_of_memory;

	uint64_t forks, exits, execs;
	uint64_t failed_execs; /* all attempts that failed */
	uint64_t path_misses; /* of these: in a search along PATH that found the command */
	uint64_t cpu_ns;
	uint64_t running_cpu_ns; /* of this, by those that still run */
	uint64_t lost[BEGAT_TYPE_SLOTS]; /* by type of event */
};

/* Parallel to the nodes, made when the tree is. */
struct fold {
	uint64_t shape; /* equal for siblings that are alike */
	uint64_t cpu_ns; /* of its whole subtree */
	uint64_t like_cpu_ns; /* subtrees of the siblings that were folded into this one */
	uint64_t weight; /* how much its line deserves to be shown: at least that of any below */
	uint32_t processes; /* in its subtree, itself included */
	uint32_t rss_kib; /* the most in its subtree */
	uint32_t like; /* siblings folded into this one */
	uint32_t like_processes; /* in their subtrees, themselves included */
	uint32_t like_rss_kib;
	uint32_t first_child, next; /* the lines below it and beside it, in order of first start */
	uint32_t is_shown;
};

struct folds {
	struct fold *all;
	uint32_t lines; /* shown */
	uint64_t hidden; /* processes that no line represents */
	uint64_t hidden_cpu_ns;
};

#define BASE_BYTES 64 /* of a name */
#define LABEL_BYTES 480 /* of a command are shown, escaped */

/* Lives as long as the summary. */
static inline const char *summary_string(const struct summary *summary, uint32_t number)
{
	return string_table_get(&summary->strings, number).data;
}

/* label.c: keeps @str, escaped and cut to @max bytes. 0, the empty string, without memory. */
uint32_t label_keep(struct summary *summary, struct begat_str str, size_t max);
/* Names for all nodes, whose children are in order; sets NODE_EXECED. */
void label_nodes(struct summary *summary);
/* The command of the node at @index, escaped, with a NUL. */
void label_command(const struct summary *summary, uint32_t index, char out[LABEL_BYTES]);

/* failures.c: a search along PATH is over; one that found nothing is one failure. */
void failures_end_search(const struct begat_search *search, void *summary);
/* Counts what the nodes say, and tells them what they could not run. */
void failures_take_nodes(struct summary *summary);
/* "make (2), pid 7, after 1.0 s": what went wrong before anything else did. */
void failures_print_first(const struct summary *summary, FILE *out);
void failures_print(const struct summary *summary, const struct summary_style *style, FILE *out);

/* fold.c: 0 or -ENOMEM. */
int fold_make(struct summary *summary, bool shows_all, uint32_t lines_max, struct folds *ret_folds);
void fold_done(struct folds *folds);

/* tree.c: 0 or -ENOMEM. */
int tree_print(const struct summary *summary, const struct folds *folds,
	       const struct summary_style *style, FILE *out);

/* answers.c: 0 or -ENOMEM. */
int answers_print(const struct summary *summary, const struct summary_style *style, FILE *out);

/* totals.c */
void totals_print(const struct summary *summary, const struct begat_stats *stats,
		  const struct summary_style *style, FILE *out);

/* Did it end badly? */
static inline bool node_is_failed(const struct node *node)
{
	return (node->flags & NODE_HAS_STATUS) && node->status != 0;
}

/* How it ended badly. */
static inline enum failure_kind node_failure_kind(const struct node *node)
{
	return node->flags & NODE_SIGNALLED ? FAILURE_SIGNAL : FAILURE_EXIT;
}

/* "SEGV" for 11: the exit column is narrow. Valid until the next call of begat_signal_name(). */
static inline const char *short_signal(int signal)
{
	const char *name = begat_signal_name(signal);

	return name && name[0] == 'S' && name[1] == 'I' && name[2] == 'G' ? name + 3 : "?";
}

#endif
