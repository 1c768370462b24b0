/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/summary/nodes.h - the summary's inside, shared by summary.c and the files that print it.
 *
 * Owns:  struct node (what is remembered of a process), struct fold (what the tree makes of it).
 * Not:   for anybody else; summary.h is.
 *
 * Invariants
 *  (1) Node 0 is nobody. Once the summary is printed its children are the tree's roots.
 *  (2) Parent links have no cycle, whatever the events say.
 *  (3) A node without NODE_SEEN was only named as a parent; it is never shown, its children
 *      become roots.
 */
#ifndef BEGAT_CLI_NODES_H
#define BEGAT_CLI_NODES_H

#include <begat/search.h>

#include "strings.h"
#include "summary.h"

enum node_flags {
	NODE_SEEN = 1 << 0, /* an event was about it */
	NODE_FORKED = 1 << 1, /* its fork was among them */
	NODE_EXECED = 1 << 2, /* it has an image of its own; else it is a copy of its parent */
	NODE_EXITED = 1 << 3,
	NODE_SIGNALLED = 1 << 4, /* status is a signal */
	NODE_CORE = 1 << 5,
	NODE_OOM = 1 << 6,
	NODE_HAS_STATUS = 1 << 7,
	NODE_HAS_WALL = 1 << 8,
	NODE_HAS_CPU = 1 << 9,
	NODE_HAS_RSS = 1 << 10,
};

struct node {
	uint64_t id;
	uint64_t start_ns; /* boot clock: of its fork, of the first event until that is known */
	uint64_t wall_ns;
	uint64_t cpu_ns; /* its own, without children */
	uint32_t rss_kib;
	uint32_t tgid;
	uint32_t parent, first_child, last_child, next; /* 0 = none */
	uint32_t label; /* its command, safe to print */
	uint32_t base; /* the command's name: what makes siblings alike */
	uint32_t tried; /* the command that it last failed to become */
	uint16_t tried_error;
	uint16_t status; /* exit code, or signal */
	uint16_t flags;
	uint16_t reserved;
};

_Static_assert(sizeof(struct node) == 80, "a million processes are 80 MB");

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

/* What went wrong before anything else did. */
struct first_failure {
	uint64_t ts_ns; /* boot clock; 0 = nothing failed */
	uint32_t node;
	uint32_t label; /* string: the command, or what could not be run */
	uint32_t what; /* as in struct failure */
	uint32_t kind; /* enum failure_kind */
};

#define FAILURES_MAX 512 /* different ones; further ones are only counted */

struct summary {
	struct node *nodes;
	uint32_t count, room;
	uint32_t *slots; /* id -> node, open addressing, 0 = free */
	size_t slots_mask;
	uint32_t root; /* the command's node; 0 = not seen */
	uint32_t root_tgid;
	struct strings strings;
	struct begat_searches *searches; /* along PATH */
	struct failure failures[FAILURES_MAX];
	uint32_t failures_count;
	uint64_t failures_beyond;
	struct first_failure first_failure;
	bool is_out_of_memory;

	uint64_t forks, exits, execs;
	uint64_t failed_execs; /* all attempts that failed */
	uint64_t path_misses; /* of these: in a search along PATH that found the command */
	uint64_t cpu_ns;
	uint64_t running_cpu_ns; /* of this, by those that still run */
	uint64_t lost[BEGAT_TYPE_SLOTS]; /* as reported in the stream */
	uint64_t argv_incomplete;
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
#define LABEL_BYTES 480 /* of a command are kept, escaped */

/* summary.c: the node of a process; 0 = none. */
uint32_t summary_find(const struct summary *summary, uint64_t id);

/* Where the number of @id is, or belongs. */
uint32_t *summary_slot(const struct summary *summary, uint64_t id);

/* For one node more. 0 or -ENOMEM. */
int summary_make_room(struct summary *summary);

/* label.c: @str if the event has it: else its members may be anything. */
struct begat_str label_given(const struct begat_event *ev, enum begat_field field,
			     struct begat_str str);
/* Keeps @str, escaped and cut to @max bytes. */
uint32_t label_keep(struct summary *summary, struct begat_str str, size_t max);
/* The image of an exec, or at exit the last one, if its exec was lost. */
void label_image(struct summary *summary, struct node *node, const struct begat_event *ev);

/* failures.c: a search along PATH is over; one that found nothing is one failure. */
void failures_end_search(const struct begat_search *search, void *summary);
/* The process at @index has ended, and badly. */
void failures_take_exit(struct summary *summary, uint32_t index, uint64_t ts_ns);
/* "SIGSEGV", "1", "ENOENT, searched 5 directories". */
void failures_print_reason(enum failure_kind kind, uint32_t what, uint32_t searched, FILE *out);
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

/* "SEGV" for 11: the exit column is narrow. Valid until the next call of begat_signal_name(). */
static inline const char *short_signal(int signal)
{
	const char *name = begat_signal_name(signal);

	return name && name[0] == 'S' && name[1] == 'I' && name[2] == 'G' ? name + 3 : "?";
}

#endif
