/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * example-trace.c - read a recording: its failed execs as JSON lines, then the report as text.
 *
 * cc example-trace.c $(pkg-config --cflags --libs libbegat-trace) -o example-trace
 * sudo begat record -o t.db -- make
 * ./example-trace t.db
 */
#include <begat/filter.h>
#include <begat/report.h>
#include <begat/sink.h>
#include <begat/trace.h>
#include <err.h>
#include <stdio.h>

/* The filter may go at once: the replay has a reference. */
static struct begat_replay *open_replay(struct begat_trace *trace, const char *expression)
{
	struct begat_trace_query query = { .size = sizeof(query) };
	struct begat_filter *where = NULL;
	struct begat_replay *replay = NULL;
	char why[256];

	if (begat_filter_parse(expression, &where, why, sizeof(why)) < 0)
		errx(2, "%s", why);
	query.where = where;
	if (begat_replay_open(trace, &query, &replay) < 0)
		errx(1, "%s", begat_trace_error(trace));
	begat_filter_free(where);
	return replay;
}

int main(int argc, char **argv)
{
	struct begat_report_options opts = { .size = sizeof(opts), .format = "text" };
	const struct begat_event *ev;
	struct begat_trace *trace = NULL;
	struct begat_replay *replay;
	struct begat_json *json = NULL;
	int got;

	if (argc != 2)
		errx(2, "usage: example-trace RECORDING");
	if (begat_trace_open(argv[1], &trace) < 0)
		errx(1, "%s", begat_trace_error(trace));
	if (begat_json_new(&json) < 0)
		errx(1, "out of memory");
	replay = open_replay(trace, "event == exec_failed");
	while ((got = begat_replay_next(replay, &ev)) > 0)
		if (ev->type == BEGAT_EXEC_FAILED)
			puts(begat_json_event(json, ev, NULL));
	begat_replay_close(replay);
	if (got < 0 || begat_report(trace, &opts, stdout) < 0)
		errx(1, "%s", begat_trace_error(trace));
	begat_json_free(json);
	begat_trace_close(trace);
	return 0;
}
