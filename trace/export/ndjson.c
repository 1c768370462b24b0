/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/ndjson.c - every event, one JSON object a line: what `watch --format json` writes.
 *
 * Owns:    bringing the json sink, which writes to a descriptor, to a FILE.
 */
#include <begat/sink.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "export.h"

/* What a piece may take: arguments may be as long as memory allows, the rest of an event may not. */
#define PIECE_BYTES (4 << 20)
#define EVENT_BYTES 4096

struct ndjson {
	struct export *ex;
	struct begat_sink *sink;
	int fd; /* memory that the sink writes to */
	size_t bytes; /* in it, at a guess */
	int err;
};

static int move_piece(struct ndjson *n)
{
	char buf[1 << 16];
	ssize_t got;
	off_t at = 0;
	int err = begat_sink_flush(n->sink);

	while (!err && (got = pread(n->fd, buf, sizeof(buf), at)) > 0) {
		if (fwrite(buf, 1, (size_t)got, n->ex->out) != (size_t)got)
			err = errno ? -errno : -EIO;
		at += got;
	}
	if (!err && (ftruncate(n->fd, 0) < 0 || lseek(n->fd, 0, SEEK_SET) < 0))
		err = -errno;
	n->bytes = 0;
	return err;
}

static int write_event(const struct begat_event *ev, void *ctx)
{
	struct ndjson *n = ctx;

	n->err = begat_sink_write(n->sink, ev);
	n->bytes += EVENT_BYTES + ev->argv.bytes;
	if (!n->err && n->bytes >= PIECE_BYTES)
		n->err = move_piece(n);
	return n->err;
}

static int run(struct export *ex)
{
	struct ndjson n = { .ex = ex, .fd = memfd_create("ndjson", MFD_CLOEXEC) };
	struct begat_sink_options opts = { .size = sizeof(opts), .fd = n.fd };
	int err;

	if (n.fd < 0)
		return -errno;
	err = begat_sink_open("json", &opts, &n.sink);
	if (!err)
		err = export_replay(ex, write_event, &n);
	if (n.err)
		err = n.err;
	if (!err)
		err = move_piece(&n);
	begat_sink_close(n.sink);
	close(n.fd);
	return err;
}

const struct export_ops export_ndjson = { .run = run };
