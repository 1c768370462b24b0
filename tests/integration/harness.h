/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/harness.h - what the files of the integration runner share.
 *
 *   main.c       options, the list of tests, the count
 *   session.c    one begat and one case program: start, talk, end
 *   match.c      the case's truth against begat's events
 *   stream.c     what must hold for any stream of events
 *   leaks.c      what begat may not leave behind
 *   child.c      processes with their output collected
 *   shared.c     many cases under one begat
 *   storms.c, ends.c, wakeups.c, filters.c, cli.c   tests that need more than a case and its truth
 *
 * The runner needs no shell, no other program and only jansson: it runs in tiny guests too.
 */
#ifndef INTEGRATION_HARNESS_H
#define INTEGRATION_HARNESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARGS_MAX 12
#define IDS_MAX 512

/* ---- what the whole run shares ---- */
struct config {
	const char *begat; /* absolute */
	char dir[4096]; /* of the runner: cases/ is in it */
	const char *backend, *transport; /* of the test that runs now */
	const char *only;
	int seconds; /* a test may take */
	int lives; /* processes of a storm */
	int rounds; /* ends within a storm; 0 = 20, with begat shared or in a hurry 2 */
	bool list, verbose, is_quick, is_shared;
};
extern struct config config;

/* ---- growing text ---- */
struct text {
	char *data; /* NUL-terminated once anything was added */
	size_t len, size;
};
void text_add(struct text *text, const char *data, size_t len);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_done(struct text *text);

/* ---- verdict of the test that runs now ---- */
void problem(const char *format, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool has_problem(void);
bool is_skipped(void);

/* ---- child.c: processes ---- */
struct child {
	pid_t pid;
	int out, err; /* pipes; -1 = not ours or at their end */
	struct text out_text, err_text;
	int status; /* wait(2)'s, once reaped */
	bool is_reaped;
};
struct spawn {
	const char *const *argv;
	const char *cwd; /* NULL = as we */
	const char *const *env; /* NULL = as we */
	const char *stdin_path; /* NULL = /dev/null */
	int stdout_fd, stderr_fd; /* -1 = a pipe that is collected */
	uid_t uid; /* 0 = as we */
	bool own_group;
};
/* Returns 0 or -errno of what failed, exec included. */
int child_spawn(struct child *child, const struct spawn *spawn);
/* Reads what comes until @done says so, all pipes are at their end, or the time is over. */
bool child_pump(struct child *const children[], size_t count, bool (*done)(void *ctx), void *ctx,
		int64_t deadline_ms);
/* Waits for its end; kills it at the deadline. Returns the wait status. */
int child_wait(struct child *child, int64_t deadline_ms);
void child_done(struct child *child);
int64_t now_ms(void);
int64_t test_deadline(void);
char *path_of_case(const char *program); /* static buffer */

/* Runs begat with these arguments (NULL-ended) to its end. */
struct outcome {
	int status; /* exit status, or 128 + signal */
	struct text out, err;
};
void begat_call(struct outcome *outcome, const struct spawn *how, const char *first, ...)
	__attribute__((sentinel));
void outcome_done(struct outcome *outcome);

/* ---- leaks.c ---- */
struct leaks {
	uint32_t maps[IDS_MAX], programs[IDS_MAX], links[IDS_MAX];
	size_t map_count, program_count, link_count;
};
void leaks_note(struct leaks *leaks, pid_t begat); /* what it holds now */
void leaks_check(const struct leaks *leaks); /* once it has ended */
int leaks_own_descriptors(void);
void leaks_check_processes(void); /* none of our descendants may be left */
void leaks_expect(pid_t pid); /* but this one as well; 0 = none at all */

/* ---- session.c ---- */
enum mode {
	MODE_RUN, /* begat run -- CASE */
	MODE_WATCH, /* begat watch, the whole machine; the case was there before */
	MODE_PID, /* begat watch -p CASE */
};
struct session {
	struct child begat;
	struct child program; /* the case; in MODE_RUN only its pid and output are used */
	struct leaks leaks;
	enum mode mode;
	char folder[64], work[80], events_path[80], go_path[80];
	int go_fd;
	pid_t root; /* the case's pid */
	char path[4200]; /* of the case's program */
	const char *argv[ARGS_MAX + 2]; /* the case's */
	struct text *truth; /* what the case said */
	struct text events; /* begat's stream */
};
/* @args, @options: NULL-ended. Returns 0 when the case waits to be let go. */
int session_start(struct session *session, enum mode mode, const char *program,
		  const char *const *args, const char *const *options);
void session_command(struct session *session, const char *command);
/* The pid of a process that the waiting case makes on request, while @other is drained; 0 = failed. */
pid_t session_sentinel(struct session *session, struct child *other);
/* Until begat shows such a process. */
int session_wait_traced(struct session *session);
/* Until begat has shown each process whose line in the truth holds @needle: it heals when it can. */
void session_wait_shown(struct session *session, const char *needle);
/* Waits until the truth has @text; false at the deadline. */
bool session_wait_truth(struct session *session, const char *text);
/* Lets the case go, waits for its end, ends begat, collects the stream. */
void session_finish(struct session *session);
/* The same where the case was let go already. */
void session_collect(struct session *session);
void session_done(struct session *session);
/* The case alone, while @other goes on being drained. */
int session_start_alone(struct session *session, const char *program, const char *const *args,
			struct child *other);
void session_end_alone(struct session *session, struct child *other);

/* ---- stream.c ---- */
struct stream {
	json_t **events;
	size_t count;
	json_t *summary; /* borrowed; the last event */
};
/* Parses strictly; every line that is not one JSON object is a problem. */
void stream_parse(struct stream *stream, const struct text *text);
void stream_done(struct stream *stream);
/* Invariants of any stream; @lost_allowed: gaps may be there if they are told. */
void stream_check(const struct stream *stream, bool lost_allowed);
void stream_check_events(const struct stream *stream, bool lost_allowed); /* no summary yet */
const char *event_name(const json_t *event);
int64_t event_int(const json_t *event, const char *key); /* INT64_MIN = absent */
size_t stream_count(const struct stream *stream, const char *name);

/* ---- match.c ---- */
void match_truth(const struct session *session, const struct stream *stream);
bool truth_line_value(const struct text *truth, const char *key, json_t **ret); /* first such */

/* ---- tests ---- */
struct test {
	const char *name;
	enum mode mode;
	const char *program;
	const char *args[4];
	const char *options[4];
	void (*run)(const struct test *test); /* NULL = start, finish, stream_check, match_truth */
	bool is_once; /* the same for every backend and transport: run with the first */
	bool is_long; /* not with --quick */
};
extern const struct test tests[];
void test_run_case(const struct test *test);
bool test_is_selected(const struct test *test); /* by --only */

/* shared.c */
bool shared_fits(const struct test *test); /* may it run under the one that is there? */
bool shared_is_there(void);
void shared_run_case(const struct test *test);
void shared_finish(const struct test *test);
/* storms.c */
void test_loss(const struct test *test);
void test_loss_at_end(const struct test *test);
void test_loss_exiting(const struct test *test);
void test_loss_storm(const struct test *test);
void test_cache(const struct test *test);
void test_outlive(const struct test *test);
/* ends.c */
void test_start_stop(const struct test *test);
void test_start_stop_record(const struct test *test);
void test_start_stop_run(const struct test *test);
/* wakeups.c */
void test_wakeups(const struct test *test);
void test_late_forks(const struct test *test);
/* filters.c */
void test_filter_user(const struct test *test);
void test_filter_cgroup(const struct test *test);
void test_max_args(const struct test *test);
void test_redact(const struct test *test);
void test_fold(const struct test *test);
/* bounds.c */
void test_second_signal(const struct test *test);
void test_hostile_argv(const struct test *test);
/* cli.c */
void test_cli_usage(const struct test *test);
void test_cli_help(const struct test *test);
void test_cli_status(const struct test *test);
void test_cli_output(const struct test *test);
void test_cli_rights(const struct test *test);
void test_cli_signals(const struct test *test);
void test_cli_closed_pipe(const struct test *test);
void test_cli_text(const struct test *test);
void test_cli_doctor(const struct test *test);
void test_cli_bench(const struct test *test);
void test_cli_two(const struct test *test);
void test_cli_events(const struct test *test);
void test_cli_record_full(const struct test *test);

#endif
