/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/sink.c - the registry of sinks, and what they have in common: options, redaction, flushing.
 */
#include <begat/sink.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/opts.h"
#include "sink/ops.h"

#define SINK(name) extern const struct sink_ops sink_##name;
#include "sink/sinks.def"
#undef SINK

static const struct sink_ops *const sinks[] = {
#define SINK(name) &sink_##name,
#include "sink/sinks.def"
#undef SINK
};

BEGAT_API const char *const *begat_sink_names(void)
{
	static const char *const names[] = {
#define SINK(name) #name,
#include "sink/sinks.def"
#undef SINK
		NULL,
	};

	return names;
}

static const struct sink_ops *find_ops(const char *name)
{
	for (size_t i = 0; name && i < sizeof(sinks) / sizeof(sinks[0]); i++) {
		if (strcmp(sinks[i]->name, name) == 0)
			return sinks[i];
	}
	return NULL;
}

/* Frees without flushing; @sink may be half built. */
static void sink_free(struct begat_sink *sink)
{
	sink->ops->close(sink);
	begat_redactor_free(sink->redactor);
	outbuf_done(&sink->out);
	free(sink);
}

BEGAT_API int begat_sink_open(const char *name, const struct begat_sink_options *opts,
			      struct begat_sink **ret_sink)
{
	const struct sink_ops *ops = find_ops(name);
	struct begat_sink *sink;
	int err;

	if (!ops)
		return -EINVAL;
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return -ENOMEM;
	sink->ops = ops;
	if (!opts_copy(&sink->opts, sizeof(sink->opts), opts)) {
		free(sink);
		return -EINVAL;
	}
	err = outbuf_init(&sink->out, sink->opts.fd);
	if (err == 0 && sink->opts.redact)
		err = begat_redactor_new(sink->opts.redact_patterns, &sink->redactor, NULL, 0);
	if (err == 0)
		err = ops->open(sink);
	if (err < 0) {
		sink_free(sink);
		return err;
	}
	sink->opts.redact_patterns = NULL;
	sink->opts.column_names = NULL;
	*ret_sink = sink;
	return 0;
}

BEGAT_API void begat_sink_fields(const struct begat_sink *sink, struct begat_fields *fields)
{
	sink->ops->fields(sink, fields);
}

BEGAT_API int begat_sink_write(struct begat_sink *sink, const struct begat_event *ev)
{
	int err;

	if (sink->out.error)
		return sink->out.error;
	/* The rest of a line that a stalled reader did not take goes first. */
	if (sink->out.fd != OUTBUF_MEMORY && sink->out.len > OUTBUF_FLUSH_BYTES) {
		err = outbuf_flush(&sink->out);
		if (err < 0)
			return err;
	}
	if (sink->redactor) {
		ev = begat_redact(sink->redactor, ev);
		if (!ev)
			return -ENOMEM;
	}
	err = sink->ops->write(sink, ev);
	if (err < 0)
		return err;
	if (sink->out.error)
		return sink->out.error;
	return sink->opts.line_buffered ? outbuf_flush(&sink->out) : 0;
}

BEGAT_API void begat_sink_resize(struct begat_sink *sink, uint32_t columns)
{
	sink->opts.columns = columns;
	if (sink->ops->resize)
		sink->ops->resize(sink);
}

BEGAT_API int begat_sink_flush(struct begat_sink *sink)
{
	if (sink->ops->flush)
		sink->ops->flush(sink);
	return outbuf_flush(&sink->out);
}

BEGAT_API int begat_sink_close(struct begat_sink *sink)
{
	int err;

	if (!sink)
		return 0;
	err = outbuf_flush(&sink->out);
	sink_free(sink);
	return err;
}
