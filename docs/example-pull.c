/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * example-pull.c - a loop without a callback: the execs of one process tree as JSON lines, until
 * its first process ends.
 *
 * cc example-pull.c $(pkg-config --cflags --libs libbegat) -o example-pull
 * sudo ./example-pull PID
 */
#include <begat/begat.h>
#include <begat/field.h>
#include <begat/filter.h>
#include <begat/sink.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

/* The filter is the tracer's from here on: it takes a reference. */
static struct begat *open_tracer(pid_t pid)
{
	struct begat_options opts = { .size = sizeof(opts), .pids = &pid, .pids_count = 1 };
	struct begat_filter *where = NULL;
	struct begat *b = NULL;
	char why[256];

	if (begat_filter_parse("event == exec or event == exit", &where, why, sizeof(why)) < 0)
		errx(1, "%s", why);
	opts.where = where;
	if (begat_open(&opts, &b) < 0)
		errx(1, "%s", begat_error(b));
	begat_filter_free(where);
	return b;
}

int main(int argc, char **argv)
{
	pid_t pid = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
	const struct begat_event *ev;
	struct begat_json *json = NULL;
	struct begat *b;
	uint64_t who = 0;
	int got;

	if (pid <= 0)
		errx(2, "usage: example-pull PID");
	b = open_tracer(pid);
	if (begat_json_new(&json) < 0)
		errx(1, "out of memory");
	warnx("tracing, it ends with process %d", (int)pid);
	while ((got = begat_next(b, -1, &ev)) > 0) {
		begat_event_u64(ev, BEGAT_F_PID, &who);
		if (ev->type == BEGAT_EXEC && puts(begat_json_event(json, ev, NULL)) < 0)
			break;
		if (ev->type == BEGAT_EXIT && who == (uint64_t)pid)
			break;
	}
	if (got < 0)
		errx(1, "%s", begat_error(b));
	/* What was captured meanwhile, up to the summary. */
	begat_finish(b);
	while (begat_next(b, 0, &ev) > 0)
		if (ev->type == BEGAT_EXEC)
			puts(begat_json_event(json, ev, NULL));
	begat_json_free(json);
	begat_close(b);
	return 0;
}
