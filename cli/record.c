/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/record.c - `begat record`: the events of a command, or of the machine, into a trace.db.
 *
 * Owns:  which events are recorded, the status line, what signals do to the recording of a machine.
 * Not:   the command and the order of start and end (session.c), the file and the thread that
 *        writes it (recorder.c).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli.h"
#include "session.h"
#include "status_line.h"

#define MACHINE_ARGS_MAX (64 << 10)

struct record_options {
	const char *path;
	bool overwrite, rotates_on_hup;
	uint64_t max_bytes, max_age_ns, keep;
};

static int parse_output(struct options *options, const char *value);
static int parse_max_size(struct options *options, const char *value);
static int parse_max_age(struct options *options, const char *value);
static int parse_keep(struct options *options, const char *value);
static int record(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "output", 'o', "FILE", 0,
	  "the recording (default: trace.db); a time may be in it: day-%F.db",
	  .parse = parse_output },
	{ "force", 'f', NULL, 0, "replace a file that is there",
	  .sets = offsetof(struct record_options, overwrite) },
	{ "max-size", 0, "SIZE", 0, "begin a new file after this much, as 1GiB",
	  .parse = parse_max_size },
	{ "max-age", 0, "TIME", 0, "begin a new file after this long, as 60min",
	  .parse = parse_max_age },
	{ "rotate-on-hup", 0, NULL, 0, "SIGHUP begins a new file",
	  .sets = offsetof(struct record_options, rotates_on_hup) },
	{ "keep", 0, "N", 0, "of finished files of this -o keep the newest N (default: all)",
	  .parse = parse_keep },
	{ .name = NULL },
};

const struct command_spec command_record = {
	.captures = true,
	.groups = OPTIONS_EVENTS | OPTIONS_SELECT | OPTIONS_CAPTURE | OPTIONS_TALK,
	.own = own_options,
	.own_size = sizeof(struct record_options),
	.takes_command = true,
	.about = "Records CMD and all that it begets, or without CMD the whole machine until "
		 "Ctrl-C, into an\n"
		 "SQLite database: see show, report, export, diff; or sqlite3 trace.db 'select * "
		 "from commands'.\n"
		 "If it is killed, all but the last 100 ms is in the file. The status is CMD's. "
		 "SIGHUP does not\n"
		 "end it (a closed terminal does), SIGUSR1 says how far it is.\n",
	.examples = "  sudo begat record -o build.db -- make -j8\n"
		    "  sudo begat record -o 'svc-%FT%H.db' --max-age 60min --keep 24\n",
	.run = record,
};

static int parse_output(struct options *options, const char *value)
{
	char why[256];

	if (!*value || !strcmp(value, "-"))
		return option_fail(options, "a recording goes into a file: -o trace.db");
	if (begat_recorder_check_path(value, why, sizeof(why)) < 0)
		return option_fail(options, "-o: %s", why);
	((struct record_options *)options->own)->path = value;
	return 0;
}

static int parse_max_size(struct options *options, const char *value)
{
	struct record_options *own = options->own;
	char safe[96];

	if (units_parse_size(value, &own->max_bytes) || own->max_bytes < 1 << 20)
		return option_fail(options, "--max-size takes a size of at least 1MiB, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	return 0;
}

static int parse_max_age(struct options *options, const char *value)
{
	struct record_options *own = options->own;
	char safe[96];
	int err = units_parse_duration(value, 0, &own->max_age_ns);

	/* "5" is hours to one reader and seconds to another. */
	if (err == -EDOM)
		return option_fail(options, "--max-age needs a unit: %ss, %smin or %sh", value,
				   value, value);
	if (err || own->max_age_ns < 1000000000)
		return option_fail(options, "--max-age takes a time of at least 1s, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	return 0;
}

static int parse_keep(struct options *options, const char *value)
{
	struct record_options *own = options->own;
	char safe[96];

	if (units_parse_count(value, 100000, &own->keep) || !own->keep)
		return option_fail(options, "--keep takes a number from 1 on, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	return 0;
}

struct record {
	struct session session;
	struct status_line line;
	char name[256]; /* of the recording, safe to print */
	int64_t alive; /* processes that the events so far leave; negative = unknown */
};

static void on_event(const struct begat_event *ev, void *ctx)
{
	struct record *record = ctx;

	status_line_touch(&record->line);
	if (record->alive < 0)
		return;
	if (ev->type == BEGAT_FORK || ev->type == BEGAT_SNAPSHOT)
		record->alive++;
	else if (ev->type == BEGAT_EXIT && record->alive)
		record->alive--;
}

/*
 * A command writes to the same terminal, so only the recording of a machine has a status line.
 * What an expression or a list leaves out is not counted: then it cannot say how many live.
 */
static void open_status(struct record *record)
{
	const uint32_t needed = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXIT) |
				BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	struct session *session = &record->session;
	const struct options *options = session->options;

	recorder_name(session->recorder, record->name, sizeof(record->name));
	stream_announce(&session->stream,
			session->argv ? "ends with the command" : stream_ending());
	if (options->where || (options->events && (options->events & needed) != needed))
		record->alive = -1;
	if (!session->argv && !options->quiet)
		status_line_open(&record->line, record->name);
}

static void show_status(void *ctx)
{
	struct record *record = ctx;
	struct stream *stream = &record->session.stream;
	struct status_counts counts = { .alive = record->alive };

	if (stream->was_resized)
		status_line_touch(&record->line);
	stream->was_resized = false;
	if (status_line_wait_ms(&record->line) == 0) {
		recorder_progress(record->session.recorder, &counts);
		recorder_name(record->session.recorder, record->name, sizeof(record->name));
		status_line_draw(&record->line, &counts);
	}
	int wait_ms = status_line_wait_ms(&record->line);

	stream->tick_ms = wait_ms > 0 ? (uint32_t)wait_ms : 0;
}

static bool on_signal(const struct signalfd_siginfo *signal, void *ctx)
{
	struct record *record = ctx;
	const struct session *session = &record->session;
	const struct record_options *own = session->options->own;

	status_line_touch(&record->line); /* what the signal makes begat say takes its place */
	if (signal->ssi_signo == SIGHUP && own->rotates_on_hup)
		recorder_begin_part(session->recorder);
	else if (signal->ssi_signo == SIGUSR1 && !session->argv)
		recorder_say_status(session->recorder);
	else
		return false;
	return true;
}

static void choose_recording(struct session *session)
{
	const struct options *options = session->options;
	const struct record_options *own = options->own;

	session->record_path = own->path ? own->path : "trace.db";
	session->recording = (struct begat_recorder_options){
		.overwrite = own->overwrite,
		.rotates = own->rotates_on_hup,
		.max_bytes = own->max_bytes,
		.max_age_ns = own->max_age_ns,
		.keep = (uint32_t)own->keep,
	};
	/* A whole recording needs every kind; older processes matter for a machine. */
	session->recorded = options->events;
	if (!options->events)
		session->recorded = session->argv
					    ? BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT)
					    : BEGAT_EVENTS_ALL;
}

/* From an open tracer to the end. 0 or a negative errno that was reported. */
static int trace(struct record *record)
{
	struct session *session = &record->session;

	open_status(record);
	int err = session_make_command(session);

	if (!err)
		err = session_release_command(session);
	if (err < 0)
		return err;
	err = session_follow(session);
	status_line_close(&record->line);
	return session_finish(session, err);
}

static int record(struct options *options, int argc, char **argv)
{
	struct record record = { .line.fd = -1 };
	struct session *session = &record.session;
	struct begat_options opts = { 0 };
	int status = session_init(session, options, argv);

	if (status)
		return status;
	/* A machine has programs that nobody chose: none of them must fill the disk by its argv. */
	if (!session->argv && !options->max_args_bytes)
		options->max_args_bytes = MACHINE_ARGS_MAX;
	session->on_event = on_event;
	session->on_turn = show_status;
	session->on_signal = on_signal;
	session->ctx = &record;
	choose_recording(session);
	status = session_open(session, "text", STDERR_FILENO, 0);
	int err = status || session_start(session, &opts) ? -ECANCELED : trace(&record);

	return session_close(session, err);
}
