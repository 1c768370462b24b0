/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink/memory.c - an event as a line of JSON in memory, for bindings and for consumers that write
 * by themselves.
 *
 * Owns:    begat_json_*(): a JSON sink without a descriptor.
 * Not:     the format (json.c).
 */
#include <begat/sink.h>
#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "sink/ops.h"

struct begat_json {
	struct begat_sink *sink;
};

BEGAT_API int begat_json_new(struct begat_json **ret_json)
{
	struct begat_sink_options opts = { .size = sizeof(opts), .fd = OUTBUF_MEMORY };
	struct begat_json *json = calloc(1, sizeof(*json));
	int err = json ? begat_sink_open("json", &opts, &json->sink) : -ENOMEM;

	if (err < 0) {
		free(json);
		return err;
	}
	*ret_json = json;
	return 0;
}

BEGAT_API const char *begat_json_event(struct begat_json *json, const struct begat_event *ev,
				       size_t *ret_len)
{
	struct outbuf *out = &json->sink->out;

	out->len = 0;
	out->error = 0;
	if (begat_sink_write(json->sink, ev) < 0 || !out->len)
		return NULL;
	/* The line's end makes room for the text's. */
	out->data[--out->len] = '\0';
	if (ret_len)
		*ret_len = out->len;
	return out->data;
}

BEGAT_API void begat_json_free(struct begat_json *json)
{
	if (!json)
		return;
	json->sink->out.len = 0;
	begat_sink_close(json->sink);
	free(json);
}
