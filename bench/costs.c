/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/costs.c - the user-side path on stored records, for counting instructions.
 *
 * Owns:    replaying bench/records.bin through a stage of the path, inside measured() alone, so
 *          that callgrind counts nothing else (scripts/check-costs.sh).
 * Not:     time: instruction counts are the same on a busy machine, times are not.
 *
 * usage: costs STAGE FILE            stages: decode table filter json text; prints the events
 *        costs capture FILE CMD...      stores what CMD does (root); capture-env also its environment
 *
 * A stored file is records in a row, as the ring has them. Each pass moves the processes in time,
 * so that they are new ones; CPU, paths and arguments stay.
 */
#include <begat/filter.h>
#include <begat/sink.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/bench.h"
#include "source/bpf.h"
#include "tracer/tracer.h"

#define PASSES 40
#define PASS_NS 10000000000ull

enum stage { DECODE, TABLE, FILTER, JSON, TEXT, STAGES };
static const char *const names[] = { "decode", "table", "filter", "json", "text" };

struct replay {
	enum stage stage;
	char *records;
	size_t bytes;
	struct decoder *decoder;
	struct proctable *table;
	struct begat_filter *filter;
	struct begat_sink *sink;
	struct begat_lineage lineage;
	uint64_t events, kept;
};

static void load(struct replay *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	r->bytes = (size_t)st.st_size;
	r->records = malloc(r->bytes + 8);
	if (!r->records || read(fd, r->records, r->bytes) != (ssize_t)r->bytes)
		err(1, "%s", path);
	close(fd);
}

static void open_parts(struct replay *r)
{
	struct decoder_options decoder = { .boot_salt = 1, .start_unit_ns = 1, .cpus = 1024 };
	struct begat_sink_options sink = { .size = sizeof(sink), .utc = true };
	char error[256];

	sink.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (decoder_new(&decoder, &r->decoder) || proctable_new(1000000000, &r->table))
		errx(1, "out of memory");
	r->lineage = (struct begat_lineage){ proctable_find_ancestor, r->table };
	if (begat_filter_parse("uid == 0 and not exe ~ \"/opt/*\" and (event == exec or "
			       "exit_code != 77 or not ancestor(comm == \"sshd\"))",
			       &r->filter, error, sizeof(error)))
		errx(1, "%s", error);
	if (r->stage >= JSON && begat_sink_open(names[r->stage], &sink, &r->sink))
		errx(1, "cannot open the sink %s", names[r->stage]);
}

/* One record. Never inlined: what is called from here, and only that, is counted. */
static __attribute__((noinline)) void measured(struct replay *r, const void *record, size_t size)
{
	struct begat_event ev;

	if (decode_record(r->decoder, record, size, &ev) != 1)
		return;
	r->events++;
	if (r->stage == DECODE || proctable_apply(r->table, &ev))
		return;
	if (r->stage == FILTER)
		r->kept += begat_filter_match(r->filter, &ev, &r->lineage);
	if (r->sink && begat_sink_write(r->sink, &ev))
		errx(1, "cannot write");
}

static void move(struct rec_identity *identity)
{
	identity->start_ns += PASS_NS;
	identity->parent_start_ns += PASS_NS;
}

static void move_in_time(struct rec_header *header)
{
	header->ts_ns += PASS_NS;
	switch (header->type) {
	case REC_FORK:
		move(&((struct rec_fork *)header)->identity);
		((struct rec_fork *)header)->forked_by_start_ns += PASS_NS;
		break;
	case REC_EXEC:
		move(&((struct rec_exec *)header)->identity);
		((struct rec_exec *)header)->attempt_ts_ns += PASS_NS;
		((struct rec_exec *)header)->fork_ts_ns += PASS_NS;
		break;
	case REC_EXEC_FAILED:
		move(&((struct rec_exec_failed *)header)->identity);
		((struct rec_exec_failed *)header)->attempt_ts_ns += PASS_NS;
		break;
	case REC_EXIT:
		move(&((struct rec_exit *)header)->identity);
		((struct rec_exit *)header)->fork_ts_ns += PASS_NS;
		((struct rec_exit *)header)->exec_ts_ns += PASS_NS;
		break;
	}
}

static void replay(struct replay *r)
{
	for (int pass = 0; pass < PASSES; pass++) {
		uint64_t now = 0;

		for (size_t at = 0; at < r->bytes;) {
			struct rec_header *header = (void *)(r->records + at);

			if (header->size < sizeof(*header) || header->size > r->bytes - at)
				errx(1, "not records of this version: capture them again");
			move_in_time(header);
			now = header->ts_ns;
			measured(r, header, header->size);
			at += header->size;
		}
		proctable_expire(r->table, now);
	}
}

static int store_record(void *ctx, const void *record, size_t size)
{
	return fwrite(record, size, 1, ctx) == 1 ? 0 : -1;
}

static int ignore(const struct begat_event *ev, void *ctx)
{
	return 0;
}

static int capture(const char *path, bool has_env, char **argv)
{
	struct begat_options opts = {
		.size = sizeof(opts),
		.callback = ignore,
		.latency = BEGAT_BATCH,
		.follow = true,
		.env = has_env,
	};
	FILE *out = fopen(path, "w");
	const struct bpf_source *bpf;
	struct begat *b = NULL;
	int go[2];
	char byte;
	pid_t pid;

	if (!out || pipe2(go, O_CLOEXEC))
		err(1, "%s", path);
	if (begat_open(&opts, &b) < 0)
		errx(1, "%s", begat_error(b));
	pid = fork();
	if (!pid) {
		if (read(go[0], &byte, 1) == 1)
			execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || begat_follow(b, pid) || write(go[1], "g", 1) != 1)
		errx(1, "cannot start %s", argv[0]);
	bpf = bpf_source_of(b->source);
	while (!waitpid(pid, NULL, WNOHANG))
		bpf->transport_ops->drain(bpf->transport, INT32_MAX, store_record, out);
	bpf->transport_ops->drain(bpf->transport, INT32_MAX, store_record, out);
	begat_close(b);
	return fclose(out) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct replay r = { .stage = STAGES };

	if (argc >= 4 && !strncmp(argv[1], "capture", 7))
		return capture(argv[2], !strcmp(argv[1], "capture-env"), argv + 3);
	for (enum stage stage = DECODE; argc == 3 && stage < STAGES; stage++)
		if (!strcmp(names[stage], argv[1]))
			r.stage = stage;
	if (r.stage == STAGES)
		errx(2,
		     "usage: costs decode|table|filter|json|text FILE | costs capture FILE CMD...");
	load(&r, argv[2]);
	open_parts(&r);
	replay(&r);
	printf("%llu\n", (unsigned long long)r.events);
	begat_sink_close(r.sink);
	begat_filter_free(r.filter);
	proctable_free(r.table);
	decoder_free(r.decoder);
	free(r.records);
	return 0;
}
