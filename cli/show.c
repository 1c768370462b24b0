/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/show.c - `begat show`: a recording as it would have looked live, or as a tree.
 *
 * Owns:  which options go together.
 * Not:   formats (sinks), the tree (show_tree.c).
 */
#include <begat/sink.h>
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "folding.h"
#include "show_tree.h"
#include "traces.h"

struct show {
	bool wants_tree;
};

static int show(struct options *options, int argc, char **argv);

static const struct option_spec own_options[] = {
	{ "tree", 0, NULL, 0, "every process under its parent, with what it cost",
	  .sets = offsetof(struct show, wants_tree) },
	{ "pid", 'p', "PID", 0, "this process and all that it begot; may be repeated",
	  .parse = option_pid },
	{ "redact", 0, "[=REGEX]", 0, "hide what looks like a secret, or matches; repeatable",
	  .parse = option_redact },
	{ .name = NULL },
};

const struct command_spec command_show = {
	.files = 1,
	.groups = OPTIONS_OUTPUT | OPTIONS_EVENTS | OPTIONS_TEXT,
	.own = own_options,
	.own_size = sizeof(struct show),
	.about = "Replays a recording: the lines are those that 'begat watch' would have written, "
		 "so everything\n"
		 "that reads its JSON reads this too. Needs no rights but to read the file.\n",
	.examples = "  begat show build.db -w 'event == exec_failed' | sort | uniq -c\n"
		    "  begat show build.db --tree -p 4711\n",
	.run = show,
};

struct shown {
	struct begat_sink *sink;
	struct folding *folding; /* NULL: each event is shown */
	bool is_file; /* what is written does not end the line that says how far it is */
	int error;
};

static void note_event(const struct begat_event *ev, bool is_wanted, void *ctx)
{
	folding_note(((struct shown *)ctx)->folding, ev, is_wanted, ev->ts_ns);
}

static int show_event(const struct begat_event *ev, void *ctx)
{
	struct shown *shown = ctx;

	if (!shown->is_file)
		traces_progress_end();
	if (!shown->folding)
		shown->error = begat_sink_write(shown->sink, ev);
	else if (ev->type == BEGAT_SUMMARY || ev->type == BEGAT_LOST)
		shown->error = folding_take(shown->folding, ev, true, ev->ts_ns);
	else if (ev->type != BEGAT_EXEC_FAILED)
		shown->error = folding_write(shown->folding, ev);
	return shown->error;
}

/* 0 or a negative errno; what the trace could not do was reported. */
static int show_events(struct begat_trace *trace, const struct options *options,
		       struct begat_trace_query *query, struct traces_out *out)
{
	const char *format = options->format ? options->format : "text";
	struct begat_sink_options opts = {
		.size = sizeof(opts),
		.fd = out->output.fd,
		.is_terminal = out->output.is_terminal,
		.no_color = !out->output.has_color,
		.redact = options->redact,
		.redact_patterns = (const char *const *)options->redact_patterns,
		.utc = options->is_utc,
		.is_dated = true,
		.accounts = begat_trace_accounts(trace),
		.column_names = options->columns,
		.columns = out->output.is_terminal && !options->is_wide ? out->output.columns : 0,
	};
	struct shown shown = { .is_file = out->output.is_file };
	int err = begat_sink_open(format, &opts, &shown.sink);

	if (err < 0) {
		cli_complain("cannot make a %s stream: %s.", format, strerror(-err));
		return err;
	}
	if (folding_is_wanted(options, format, query->events)) {
		err = folding_new(shown.sink, &shown.folding);
		query->seen = note_event;
		query->seen_ctx = &shown;
	}
	int64_t n = err < 0 ? err : begat_trace_replay(trace, query, show_event, &shown);

	if (shown.folding && !shown.error)
		shown.error = folding_finish(shown.folding);
	folding_free(shown.folding);
	int closed = begat_sink_close(shown.sink);

	out->error = shown.error ? shown.error : closed;
	if (err < 0)
		cli_complain("out of memory.");
	else if (n < 0 && n != -ECANCELED)
		traces_complain(trace);
	return n < 0 && n != -ECANCELED ? (int)n : 0;
}

static int show_file(const char *path, struct options *options, bool wants_tree)
{
	struct begat_trace_query query = {
		.size = sizeof(query),
		.events = options_events(options),
		.pids = options->pids,
		.pids_count = (uint32_t)options->pids_count,
	};
	struct begat_trace *trace = NULL;
	struct traces_out out;
	int status = CLI_FAILED;

	if (traces_open(path, &trace) == 0)
		status = traces_where(trace, options);
	query.where = options->where;
	if (!status)
		status = traces_out_open(&out, "show", options->output, &path, 1);
	if (!status) {
		int err = wants_tree ? show_tree(trace, &query, &out)
				     : show_events(trace, options, &query, &out);

		status = traces_out_close(&out, err);
	}
	begat_trace_close(trace);
	return status;
}

static int show(struct options *options, int argc, char **argv)
{
	const struct show *own = options->own;

	if (own->wants_tree && (options->format || options->where || options->events))
		return cli_usage_error("show",
				       "--tree shows processes, not events: it goes with -p alone");
	if (options->columns &&
	    (own->wants_tree || (options->format && strcmp(options->format, "text"))))
		return cli_usage_error("show", "--columns is for --format text");
	return show_file(argv[0], options, own->wants_tree);
}
