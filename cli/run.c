/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/run.c - `begat run`: a command, everything that it begets, and where the time went.
 *
 * Owns:  which events are written, the wait for what the command leaves running, the summary's place.
 * Not:   the command, its signals and its exit status (session.c), the summary (summary/).
 *
 * Invariants
 *  (1) Nothing is written to the command's standard output.
 *  (2) No signal ends begat before the summary is out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli.h"
#include "session.h"
#include "summary/summary.h"

struct run_options {
	const char *record_path; /* of --record, or NULL */
	bool overwrites;
	bool waits; /* for what the command leaves running */
	uint64_t wait_ns; /* at most so long; 0 = for ever */
};

static int parse_record(struct options *options, const char *value);
static int parse_wait(struct options *options, const char *value);
static int run(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "record", 0, "FILE", 0, "also record all of it into FILE, as 'begat record' does",
	  .parse = parse_record },
	{ "force", 'f', NULL, 0, "replace a recording that is there",
	  .sets = offsetof(struct run_options, overwrites) },
	{ "wait", 0, "[=TIME]", 0, "wait for what CMD leaves running, at most so long",
	  .parse = parse_wait },
	{ .name = NULL },
};

const struct command_spec command_run = {
	.captures = true,
	.groups = OPTIONS_OUTPUT | OPTIONS_TEXT | OPTIONS_EVENTS | OPTIONS_CAPTURE | OPTIONS_TALK,
	.own = own_options,
	.own_size = sizeof(struct run_options),
	.takes_command = true,
	.about = "Runs CMD, follows everything that it begets, then shows on standard error a tree "
		 "of what\n"
		 "ran, what it cost and how it ended. With -e, -w or --format json the events are "
		 "written\n"
		 "too, as they happen, to -o or standard error. The exit status is that of CMD; "
		 "125 if\n"
		 "begat failed, 126 if CMD cannot be executed, 127 if it is not found.\n",
	.examples = "  sudo begat run -- make -j8\n"
		    "  sudo begat run --record build.db -- make -j8\n"
		    "  sudo begat run --format json -o build.ndjson -- ./configure --quiet\n",
	.run = run,
};

static int parse_record(struct options *options, const char *value)
{
	char why[256];

	/* "--" would be what separates the command. */
	if (!*value || !strcmp(value, "-") || !strcmp(value, "--"))
		return option_fail(options, "a recording goes into a file: --record trace.db");
	if (begat_recorder_check_path(value, why, sizeof(why)) < 0)
		return option_fail(options, "--record: %s", why);
	((struct run_options *)options->own)->record_path = value;
	return 0;
}

static int parse_wait(struct options *options, const char *value)
{
	struct run_options *own = options->own;
	char safe[96];
	int err = value ? units_parse_duration(value, 0, &own->wait_ns) : 0;

	if (err == -EDOM)
		return option_fail(options, "--wait needs a unit: %ss, %smin or %sh", value, value,
				   value);
	if (err || (value && !own->wait_ns))
		return option_fail(options, "--wait takes a time such as 30s, not '%s'",
				   cli_safe(safe, sizeof(safe), value));
	own->waits = true;
	return 0;
}

struct run {
	struct session session;
	struct summary *summary; /* NULL: no tree is wanted */
};

static void on_event(const struct begat_event *ev, void *ctx)
{
	struct run *run = ctx;

	/* A lack of memory must not stop the command: the summary reports it. */
	if (run->summary)
		summary_add(run->summary, ev);
}

static bool wants_json(const struct options *options)
{
	return options->format && strcmp(options->format, "text");
}

static uint32_t events_to_write(const struct options *options)
{
	uint32_t events = options->events;

	if (!events && !wants_json(options) && !options->where)
		return 0;
	if (!events)
		events = BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	events |= BEGAT_EVENT_BIT(BEGAT_LOST) | BEGAT_EVENT_BIT(BEGAT_SUMMARY);
	/* As text the tree says it better. */
	if (options->quiet || !wants_json(options))
		events &= ~BEGAT_EVENT_BIT(BEGAT_SUMMARY);
	return events;
}

static bool wants_summary(const struct options *options)
{
	return !options->quiet && !wants_json(options);
}

static int start_summary(struct run *run)
{
	pid_t pid = run->session.child.pid;
	uint32_t root = (uint32_t)pid;

	begat_translate_pid(run->session.stream.begat, pid, &root);
	if (!summary_new((pid_t)root, &run->summary))
		return 0;
	cli_complain("out of memory.");
	return -ENOMEM;
}

/*
 * The command has ended; what it left runs on. Until all of it has ended, the time is over or a
 * signal comes, which is for us: there is no command any more. 0 or a negative errno.
 */
static int wait_for_the_left(struct session *s)
{
	uint64_t wait_ns = ((const struct run_options *)s->options->own)->wait_ns;
	struct stream *stream = &s->stream;
	struct signalfd_siginfo signal;
	uint64_t end_ns = clock_read_ns(CLOCK_MONOTONIC) + wait_ns;
	int wake = stream_wait_tree(stream);

	if (wake == STREAM_EVENTS && !s->options->quiet)
		cli_complain("the command has ended; begat waits for what it left running. Ctrl-C "
			     "ends that.");
	while (wake == STREAM_EVENTS || (wake == STREAM_SIGNAL && signal.ssi_signo == SIGCHLD)) {
		uint64_t now = clock_read_ns(CLOCK_MONOTONIC);

		if (wait_ns && now >= end_ns)
			break;
		if (wait_ns) /* rounded up: never a busy loop */
			stream->tick_ms = (end_ns - now) / 1000000 < 60000
						  ? (uint32_t)((end_ns - now) / 1000000) + 1
						  : 60000;
		wake = stream_wait(stream, &s->signals, &signal);
	}
	stream->tick_ms = 0;
	s->was_interrupted |= wake == STREAM_SIGNAL && signal.ssi_signo == SIGINT;
	if (wake == STREAM_READER_GONE && !stream->error)
		stream->error = -EPIPE;
	return wake < 0 ? wake : 0;
}

static void print_summary(struct run *run)
{
	struct begat_stats stats = { .size = sizeof(stats) };
	struct session *session = &run->session;
	struct stream *stream = &session->stream;
	char *text = NULL;
	size_t size;

	if (session->usage)
		summary_take_usage(run->summary, session->usage);
	if (!session->could_exec || stream->error)
		return;
	struct summary_style style = {
		.columns = stream->output.columns,
		.has_color = stream->output.has_color,
		.has_utf8 = stream->output.has_utf8,
		.shows_all = stream->options->verbose,
	};
	if (session->was_interrupted && stream->output.is_terminal)
		stream->error = output_write(&stream->output, "\n", 1);
	bool has_stats = !begat_stats(stream->begat, &stats);
	FILE *out = open_memstream(&text, &size);

	if (!out ||
	    summary_print(run->summary, has_stats ? &stats : NULL, stats.now_ns, &style, out))
		cli_complain("out of memory: the summary is not whole.");
	/* Written in one piece: daemons of the command may still talk. */
	if (out && !fclose(out)) {
		if (stream->sink)
			stream->error = begat_sink_flush(stream->sink);
		if (!stream->error)
			stream->error = output_write(&stream->output, text, size);
	}
	free(text);
}

/* From an open tracer to the command's end. 0 or a negative errno that was reported. */
static int trace_command(struct run *run)
{
	struct session *session = &run->session;
	const struct run_options *own = session->options->own;
	int err = session_make_command(session);

	/* From here on events can come; none can before. */
	if (!err && wants_summary(session->options))
		err = start_summary(run);
	if (!err)
		err = session_release_command(session);
	if (err < 0)
		return err;
	err = session_follow(session);
	if (!err && own->waits)
		err = wait_for_the_left(session);
	session->reads_usage = run->summary;
	err = session_finish(session, err);
	if (run->summary)
		print_summary(run);
	return err;
}

/* Each output is of another kind: none may be the command's own, or another one. */
static bool can_write(const struct session *session)
{
	const struct options *options = session->options;

	if (session->record_path &&
	    output_is_one_of(&session->stream.output, &session->record_path, 1)) {
		cli_complain("-o and --record name the same file: give each its own.");
		return false;
	}
	/* Piped it must stay JSON alone; on a terminal somebody reads it. */
	if (wants_json(options) && !options->output && !options->quiet && isatty(STDERR_FILENO))
		cli_complain("events go to standard error, where the command writes, too: "
			     "-o FILE keeps them apart.");
	return true;
}

/* The tracer, and with it all that reads its events. CLI_OK or an exit status. */
static int start_capture(struct session *session)
{
	const struct options *options = session->options;
	struct begat_options opts = { 0 };

	if (wants_summary(options)) {
		opts.events = BEGAT_EVENT_BIT(BEGAT_FORK) | BEGAT_EVENT_BIT(BEGAT_EXEC) |
			      BEGAT_EVENT_BIT(BEGAT_EXEC_FAILED) | BEGAT_EVENT_BIT(BEGAT_EXIT);
		summary_fields(&opts.fields);
	}
	/* --where thins out what is written, never what the tree or a recording gets. */
	session->stream.is_filtered_here |=
		options->where && (!wants_json(options) || session->record_path);
	return session_start(session, &opts);
}

static int run(struct options *options, int argc, char **argv)
{
	const struct run_options *own = options->own;
	struct run run = { 0 };
	struct session *session = &run.session;

	if (!argc)
		return cli_usage_error("run", "a command to run is missing");
	int status = session_init(session, options, argv);

	if (status)
		return status;
	session->on_event = on_event;
	session->ctx = &run;
	session->record_path = own->record_path;
	session->recorded = BEGAT_EVENTS_ALL & ~BEGAT_EVENT_BIT(BEGAT_SNAPSHOT);
	session->recording.overwrite = own->overwrites;
	if (options->output && !strcmp(options->output, "-")) {
		cli_complain("-o - would mix into the command's own output: name a file, or use "
			     "/dev/stderr.");
		return session_close(session, -EINVAL);
	}
	status = session_open(session, options->format ? options->format : "text", STDERR_FILENO,
			      events_to_write(options));
	int err = status || !can_write(session) || start_capture(session) ? -ECANCELED
									  : trace_command(&run);

	status = session_close(session, err);
	summary_free(run.summary);
	return status;
}
