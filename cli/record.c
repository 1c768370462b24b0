/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/record.c - `begat record`: the events of a command, or of the machine, into a trace.db.
 *
 * Owns:    its options, when a recording ends and with what status.
 * Not:     the file and the thread that writes it (recorder.c), the command (child.c).
 * Called:  by main.c.
 *
 *   child_find -> child_prepare -> stream_start -> recorder_open -> recorder_start -> child_start
 *      ... -> stream_wait until the command has ended, or a signal -> begat_finish ->
 *      recorder_close
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "child.h"
#include "cli.h"
#include "recorder.h"
#include "status_line.h"
#include "stream.h"

#define MACHINE_ARGS_MAX (64 << 10)

struct record_options {
	const char *path;
	bool overwrite, rotates_on_hup;
	uint64_t max_bytes, max_age_ns, keep;
};

static struct record_options chosen; /* one command line a process */

static int parse_output(struct options *options, const char *value)
{
	char why[256];

	if (!*value || !strcmp(value, "-"))
		return option_fail(options, "a recording goes into a file: -o trace.db");
	if (begat_recorder_check_path(value, why, sizeof(why)) < 0)
		return option_fail(options, "-o: %s", why);
	chosen.path = value;
	return 0;
}

static int parse_force(struct options *options, const char *value)
{
	chosen.overwrite = true;
	return 0;
}

static int parse_max_size(struct options *options, const char *value)
{
	char safe[96];

	if (units_parse_size(value, &chosen.max_bytes) || chosen.max_bytes < 1 << 20)
		return option_fail(options, "--max-size takes a size of at least 1MiB, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	return 0;
}

static int parse_max_age(struct options *options, const char *value)
{
	char safe[96];

	int r = units_parse_duration(value, 0, &chosen.max_age_ns);

	/* "5" is hours to one reader and seconds to another. */
	if (r == -EDOM)
		return option_fail(options, "--max-age needs a unit: %ss, %smin or %sh", value,
				   value, value);
	if (r || chosen.max_age_ns < 1000000000)
		return option_fail(options, "--max-age takes a time of at least 1s, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	return 0;
}

static int parse_keep(struct options *options, const char *value)
{
	char safe[96];

	if (units_parse_count(value, 100000, &chosen.keep) || !chosen.keep)
		return option_fail(options, "--keep takes a number from 1 on, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	return 0;
}

static int parse_rotate_on_hup(struct options *options, const char *value)
{
	chosen.rotates_on_hup = true;
	return 0;
}

static const struct option_spec own_options[] = {
	{ "output", 'o', "FILE", 0,
	  "the recording (default: trace.db); a time may be in it: day-%F.db", parse_output },
	{ "force", 'f', NULL, 0, "replace a file that is there", parse_force },
	{ "max-size", 0, "SIZE", 0, "begin a new file after this much, as 1GiB", parse_max_size },
	{ "max-age", 0, "TIME", 0, "begin a new file after this long, as 60min", parse_max_age },
	{ "rotate-on-hup", 0, NULL, 0, "SIGHUP begins a new file", parse_rotate_on_hup },
	{ "keep", 0, "N", 0, "of finished files of this -o keep the newest N (default: all)",
	  parse_keep },
	{ NULL, 0, NULL, 0, NULL, NULL },
};

struct record {
	struct stream stream;
	struct options stream_options; /* without -o: that is the recording's */
	struct signals signals;
	struct child child;
	struct recorder *recorder;
	struct status_line line;
	char name[256]; /* of the recording, safe to print */
	int64_t alive; /* processes that the events so far leave; negative = unknown */
	bool has_command, has_ended, could_exec;
	int wait_status, status;
};

static void count_alive(struct record *record, const struct begat_event *ev)
{
	if (record->alive < 0)
		return;
	if (ev->type == BEGAT_FORK || ev->type == BEGAT_SNAPSHOT)
		record->alive++;
	else if (ev->type == BEGAT_EXIT && record->alive)
		record->alive--;
}

static int on_event(const struct begat_event *ev, void *ctx)
{
	struct record *record = ctx;

	count_alive(record, ev);
	status_line_touch(&record->line);
	/* A command goes on without its recording; without one there is nothing left to do. */
	return !recorder_add(record->recorder, ev) && !record->has_command ? -ECANCELED : 0;
}

static void forward(const struct record *record, const struct signalfd_siginfo *signal)
{
	if (signal->ssi_code <= 0 && (pid_t)signal->ssi_pid != record->child.pid)
		kill(record->child.pid, (int)signal->ssi_signo);
}

static bool has_command_ended(struct record *record)
{
	pid_t pid = waitpid(record->child.pid, &record->wait_status, WNOHANG);

	record->has_ended = pid == record->child.pid || (pid < 0 && errno == ECHILD);
	return record->has_ended;
}

/*
 * A command writes to the same terminal, so only the recording of a machine has a status line. What
 * an expression or a list leaves out is not counted, so then nobody knows how many live.
 */
static void open_status(struct record *record, const struct options *options)
{
	const uint32_t needed = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXIT) |
				BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);

	recorder_name(record->recorder, record->name, sizeof(record->name));
	stream_announce(&record->stream,
			record->has_command ? "ends with the command" : stream_ending());
	if (options->where || (options->events && (options->events & needed) != needed))
		record->alive = -1;
	if (!record->has_command && !options->quiet)
		status_line_open(&record->line, record->name);
}

static void show_status(struct record *record)
{
	struct status_counts counts = { .alive = record->alive };

	if (record->stream.was_resized)
		status_line_touch(&record->line);
	record->stream.was_resized = false;
	if (status_line_wait_ms(&record->line) == 0) {
		recorder_progress(record->recorder, &counts);
		recorder_name(record->recorder, record->name, sizeof(record->name));
		status_line_draw(&record->line, &counts);
	}
	int wait_ms = status_line_wait_ms(&record->line);

	record->stream.tick_ms = wait_ms > 0 ? (uint32_t)wait_ms : 0;
}

/* Returns whether it ends the recording. A command gets each signal that begat has no use for. */
static bool take_signal(struct record *record, const struct signalfd_siginfo *signal)
{
	status_line_touch(&record->line); /* what the signal makes begat say takes its place */
	if (signal->ssi_signo == SIGHUP && chosen.rotates_on_hup) {
		recorder_begin_part(record->recorder);
	} else if (record->has_command) {
		if (signal->ssi_signo != SIGCHLD)
			forward(record, signal);
	} else if (signal->ssi_signo == SIGUSR1) {
		recorder_say_status(record->recorder);
	} else {
		return signals_ends(&record->signals, signal);
	}
	return false;
}

/* Until the command has ended or, without one, a signal ends it. 0 or a negative errno. */
static int capture(struct record *record)
{
	struct signalfd_siginfo signal;

	for (;;) {
		if (record->has_command && has_command_ended(record))
			return 0;
		show_status(record);
		int r = stream_wait(&record->stream, &record->signals, &signal);

		if (r == -ECANCELED) /* by on_event(): recorder.c has said why */
			return 0;
		if (r < 0)
			return r;
		if (r == STREAM_TREE_GONE && !record->has_command)
			return 0;
		if (r != STREAM_SIGNAL)
			continue;
		if (take_signal(record, &signal))
			return 0;
	}
}

/* Starts the command, held back until it is followed. 0 or a negative errno that was reported. */
static int start_command(struct record *record, char **argv)
{
	char why[512];
	int r = child_start(&record->child);

	if (r < 0) {
		cli_complain("cannot start a process: %s.", strerror(-r));
		return r;
	}
	r = stream_follow(&record->stream, record->child.pid);
	if (r < 0) {
		stream_explain(record->stream.begat);
		return r;
	}
	r = child_release(&record->child);
	record->could_exec = r <= 0;
	if (r > 0) {
		record->status = child_explain(argv, r, why, sizeof(why));
		cli_complain("%s", why);
	}
	return 0;
}

static int open_recording(struct record *record, const struct options *options, char **argv)
{
	struct begat_recorder_options opts = {
		.size = sizeof(opts),
		.overwrite = chosen.overwrite,
		.path_has_time = true,
		.rotates = chosen.rotates_on_hup,
		.command = record->has_command ? (const char *const *)argv : NULL,
		.max_bytes = chosen.max_bytes,
		.max_age_ns = chosen.max_age_ns,
		.keep = (uint32_t)chosen.keep,
	};

	return recorder_open(chosen.path ? chosen.path : "trace.db", options, &opts,
			     &record->recorder);
}

static int open_capture(struct record *record, struct options *options)
{
	struct begat_options opts = { .callback = on_event,
				      .ctx = record,
				      .follow = record->has_command };

	/* A whole recording needs every kind; older processes matter for a machine. */
	opts.events = options->events;
	if (!opts.events)
		opts.events = record->has_command
				      ? BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT)
				      : BEGAT_EVENTS_ALL;
	stream_fill(&record->stream, &opts);
	opts.reads_usage = true;
	recorder_fields(&opts.fields, options->env != BEGAT_ENV_NONE);
	return stream_start(&record->stream, &opts);
}

static int open_all(struct record *record, struct options *options, char **argv)
{
	/*
	 * A machine has programs that nobody chose: one of them must not fill the disk by its argv.
	 */
	if (!record->has_command && !options->max_args_bytes)
		options->max_args_bytes = MACHINE_ARGS_MAX;
	record->stream_options = *options;
	record->stream_options.output = NULL;
	if (stream_open(&record->stream, &record->stream_options, "text", STDERR_FILENO, 0))
		return CLI_OWN_FAILURE;
	int r = signals_open(&record->signals, record->has_command);

	if (!r && record->has_command)
		r = child_prepare(&record->child, &record->signals, argv);
	if (r < 0) {
		cli_complain("cannot start: %s.", strerror(-r));
		return CLI_OWN_FAILURE;
	}
	/* The file last: only a recording that can begin takes the place of an old one. */
	if (open_capture(record, options) < 0 || open_recording(record, options, argv) < 0 ||
	    recorder_start(record->recorder, record->stream.begat) < 0)
		return CLI_OWN_FAILURE;
	return CLI_OK;
}

static int exit_status(const struct record *record, int r)
{
	if (!record->has_command)
		return r < 0 ? CLI_FAILED : CLI_OK;
	if (!record->could_exec)
		return record->status ? record->status : CLI_OWN_FAILURE;
	int status = WIFSIGNALED(record->wait_status) ? 128 + WTERMSIG(record->wait_status)
						      : WEXITSTATUS(record->wait_status);

	return !status && r < 0 ? CLI_OWN_FAILURE : status;
}

static int record_all(struct record *record, const struct options *options, char **argv)
{
	int r;

	open_status(record, options);
	r = record->has_command ? start_command(record, argv) : 0;
	if (r < 0)
		return r;
	r = capture(record);
	status_line_close(&record->line);
	if (r < 0)
		stream_explain(record->stream.begat);
	while (record->has_command && !record->has_ended &&
	       waitpid(record->child.pid, &record->wait_status, 0) < 0 && errno == EINTR)
		;
	recorder_end(record->recorder);
	int finished = begat_finish(record->stream.begat);

	if (finished == -ECANCELED)
		finished = 0;
	if (finished < 0 && r >= 0)
		stream_explain(record->stream.begat);
	return r < 0 ? r : finished < 0 ? finished : 0;
}

static int record_command(struct options *options, int argc, char **argv)
{
	struct record record = {
		.signals.fd = -1,
		.line.fd = -1,
		.child = { .pid = -1, .maker = -1, .release_fd = -1, .error_fd = -1 },
		.stream.output.fd = -1,
		.has_command = argc > 0,
	};
	const char *ending = NULL;
	char why[200];
	int status = record.has_command ? child_find(&record.child, argv) : CLI_OK;

	if (status)
		return status;
	status = open_all(&record, options, argv);
	int r = status ? 0 : record_all(&record, options, argv);

	child_drop(&record.child);
	if (!status && r >= 0 && record.has_command)
		ending = child_ending(argv[0], record.could_exec, record.wait_status, why,
				      sizeof(why));
	int recorded = recorder_close(record.recorder, options->quiet || status, ending);

	stream_close(&record.stream);
	signals_close(&record.signals);
	if (status)
		return record.has_command ? status : CLI_FAILED;
	return exit_status(&record, r < 0 ? r : recorded);
}

const struct command_spec command_record = {
	.captures = true,
	.groups = OPTIONS_EVENTS | OPTIONS_SELECT | OPTIONS_CAPTURE | OPTIONS_TALK,
	.own = own_options,
	.takes_arguments = true,
	.about = "Records CMD and all that it begets, or without CMD the whole machine until "
		 "Ctrl-C, into an\n"
		 "SQLite database: see show, report, export, diff; or sqlite3 trace.db 'select * "
		 "from commands'.\n"
		 "If it is killed, all but the last 100 ms is in the file. The status is CMD's. "
		 "SIGHUP does not\n"
		 "end it (a closed terminal does), SIGUSR1 says how far it is.\n",
	.examples = "  sudo begat record -o build.db -- make -j8\n"
		    "  sudo begat record -o 'svc-%FT%H.db' --max-age 60min --keep 24\n",
	.run = record_command,
};
