/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/fuzz_trace.c - no trace file can crash us: it is read, or refused with a sentence.
 *
 * Owns:    opening, replay with and without a filter, loading, two exports, one comparison.
 */
#include <begat/trace.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ignore(const struct begat_event *ev, void *ctx)
{
	return 0;
}

static void export_to_nowhere(struct begat_trace *trace, const char *format)
{
	FILE *out = fopen("/dev/null", "w");

	if (!out)
		abort();
	begat_export(trace, format, NULL, out);
	fclose(out);
}

static void read_all(const char *path)
{
	struct begat_trace *trace = NULL;
	const struct begat_trace_table *table;
	struct begat_diff *diff = NULL;
	int err = begat_trace_open(path, &trace);

	if (err < 0 && !*begat_trace_error(trace))
		abort();
	if (!err) {
		int64_t n = begat_trace_replay(trace, NULL, ignore, NULL);

		if (n < 0 && !*begat_trace_error(trace))
			abort();
		err = begat_trace_load(trace, &table);
	}
	if (!err) {
		export_to_nowhere(trace, "perfetto");
		export_to_nowhere(trace, "folded");
		if (begat_diff_new(&trace, 1, &trace, 1, &diff) == 0)
			begat_diff_free(diff);
	}
	begat_trace_close(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/begat-fuzz-%d.db", (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	read_all(path);
	unlink(path);
	return 0;
}
