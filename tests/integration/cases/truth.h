/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/truth.h - how a test program says what it has just caused.
 *
 * A case prints JSON lines to stdout, one an event that begat must report: its keys are those of
 * begat's own events, its values what they must be. ../match.c compares.
 *
 * A value is a JSON scalar (equal), or one of
 *   {"hex":"2f62"}                exactly these bytes
 *   {"hexv":["2f62",""]}          a vector of exactly these strings
 *   {"count":9,"bytes":99,"fnv":"..."}  a long vector, by FNV-1a of its bytes, NULs included
 *   {"min":1,"max":2}             a number between these, both included
 *   {"absent":true}               no such key, or null
 *   {"present":true}              any value
 *   {"has":{...}}                 an object with these members
 *
 * For each pid that a case names, the events must be exactly those that it printed, in the order
 * printed; only "fork" is taken as first and "exit" as last wherever they stand.
 * Other lines: {"ready":PID,"fds":[...]}, {"skip":"reason"}, {"broken":"what went wrong"},
 * {"sentinel":PID} (events of it are of no interest), {"note":...}.
 */
#ifndef CASES_TRUTH_H
#define CASES_TRUTH_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct truth {
	char *data;
	size_t len, size;
};

#define TRUTH_SKIP 77 /* exit status of a case that could not do what it is for */

/* Directory of the case programs and paths in it; absolute. Set by truth_begin(). */
extern char case_dir[];
extern char case_self[];
extern char case_target[]; /* c_target: does what $BEGAT_TARGET says, whatever its argv */

/* Says that the case is there and waits until the harness lets it go. First thing in main(). */
void truth_begin(void);

/* One more command from the harness: a line without its end, in @buf. False at the end. */
bool truth_command(char *buf, size_t size);
/* Does one wait? */
bool truth_has_command(void);
/* A process of no interest, by which the harness sees that begat is there. */
void case_sentinel(void);

/* One event: begin, members, end (one write). */
void truth_event(struct truth *t, const char *event, pid_t pid);
void truth_raw(struct truth *t, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void truth_num(struct truth *t, const char *key, long long value);
void truth_range(struct truth *t, const char *key, long long min, long long max);
void truth_bool(struct truth *t, const char *key, bool value);
void truth_absent(struct truth *t, const char *key);
void truth_bytes(struct truth *t, const char *key, const void *data, size_t len);
void truth_str(struct truth *t, const char *key, const char *value);
/* @key is "argv" or "env"; with their counts and sizes. */
void truth_vector(struct truth *t, const char *key, char *const strings[]);
void truth_block(struct truth *t, const char *key, const char *data, size_t bytes);
void truth_end(struct truth *t);

/* Whole lines of the common kinds. */
void truth_fork(pid_t pid, pid_t ppid);
void truth_exec(pid_t pid, const char *filename, const char *exe, char *const argv[]);
void truth_failed(pid_t pid, const char *filename, int error, char *const argv[]);
void truth_exit(pid_t pid, int wait_status);
void truth_ignore(pid_t pid); /* its events are of no interest */
void truth_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void truth_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void truth_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* fork(2) that prints the fork line (in the parent). */
pid_t case_fork(void);
/* waitpid(2), which must work, and the exit line. Returns the wait status. */
int case_wait(pid_t pid);
/* waitpid(2), which must work; prints nothing. */
int case_reap(pid_t pid);
/* A copy of @from, executable. */
void case_copy(const char *from, const char *to);
/* A file with these contents and mode. */
void case_write(const char *path, const char *text, mode_t mode);
/* This process's pid as the proc file system in /proc numbers it, from inside any namespace. */
pid_t case_outer_pid(void);
/* Memory that this process and its children share, zeroed. */
void *case_shared(size_t size);

const char *case_errno_name(int error);
const char *case_signal_name(int signal);

#endif
