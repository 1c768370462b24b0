/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/ops.h - what a sink is made of.
 *
 * A sink is one file with a `const struct sink_ops sink_<name>` and one line in sinks.def. It
 * formats into sink->out and neither keeps a pointer into an event nor writes by itself.
 */
#ifndef BEGAT_SINK_OPS_H
#define BEGAT_SINK_OPS_H

#include <begat/sink.h>

#include "base/outbuf.h"

struct begat_sink {
	const struct sink_ops *ops;
	struct begat_sink_options opts; /* redact_patterns is not kept */
	struct begat_redactor *redactor; /* NULL = show everything */
	void *state; /* the sink's own */
	struct outbuf out;
};

struct sink_ops {
	const char *name;
	int (*open)(struct begat_sink *sink); /* makes sink->state; 0 or a negative errno */
	void (*close)(struct begat_sink *sink); /* after a failed open too */
	void (*fields)(const struct begat_sink *sink,
		       struct begat_fields *fields); /* adds those that it shows */
	int (*write)(struct begat_sink *sink, const struct begat_event *ev);
	void (*flush)(struct begat_sink *sink); /* before what was written leaves; or NULL */
	void (*resize)(struct begat_sink *sink); /* opts.columns has changed; or NULL */
};

#endif
