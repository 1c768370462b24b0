/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz/fuzz_json.c - any bytes in the strings of an event: each sink writes one line, valid UTF-8,
 * without a control character; with and without redaction.
 *
 * Input: option bits, event type, 16 bytes of has, then strings with 0xfe between them.
 */
#include <begat/sink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line, size_t len, bool is_text)
{
	if (!len || line[len - 1] != '\n')
		abort();
	for (size_t at = 0; at < len - 1;) {
		uint32_t c;
		size_t n = utf8_next(line + at, len - at, &c);

		if (!n || (is_text ? utf8_is_unsafe(c) : c < 0x20))
			abort();
		at += n;
	}
}

static void check(const char *name, const struct begat_event *ev, uint8_t bits)
{
	struct begat_sink_options opts = { .size = sizeof(opts),
					   .redact = bits & 1,
					   .utc = true,
					   .columns = bits & 2 ? bits : 0 };
	bool is_text = strcmp(name, "text") == 0;
	struct begat_sink *sink;
	char *out;
	off_t len;

	opts.fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (opts.fd < 0 || begat_sink_open(name, &opts, &sink) < 0)
		abort();
	begat_sink_write(sink, ev);
	if (begat_sink_close(sink) < 0)
		abort();
	len = lseek(opts.fd, 0, SEEK_END);
	out = malloc((size_t)len + 1);
	if (!out || pread(opts.fd, out, (size_t)len, 0) != len)
		abort();
	out[len] = '\0';
	/* text begins with its header */
	char *line = is_text ? strchr(out, '\n') : NULL;

	line = line && line[1] ? line + 1 : out;
	if (len)
		check_line(line, (size_t)(out + len - line), is_text);
	free(out);
	close(opts.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct begat_event ev = { .size = sizeof(ev) };
	struct begat_str strings[8] = { { NULL, 0 } };
	uint8_t bits;
	char *text;
	size_t n = 0;

	if (size < 18)
		return 0;
	bits = data[0];
	ev.type = data[1] % 8;
	memcpy(&ev.has, data + 2, sizeof(ev.has));
	data += 18;
	size -= 18;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 0; n < 8; n++) {
		const char *end = memchr(text + at, 0xfe, size - at);
		size_t len = end ? (size_t)(end - text) - at : size - at;

		strings[n] = (struct begat_str){ text + at, len };
		if (!end)
			break;
		at += len + 1;
	}
	ev.comm = strings[0];
	ev.filename = strings[1];
	ev.exe = strings[2];
	ev.cwd = strings[3];
	ev.killed_by_comm = ev.cgroup = ev.tty = strings[4];
	ev.fd_path = ev.missing_interpreter = strings[1];
	ev.interpreter = ev.container_id = ev.pod_uid = ev.container_runtime = strings[5];
	ev.argv = (struct begat_strv){ text, size + 1, bits, 0 };
	ev.env = (struct begat_strv){ strings[6].data, strings[6].len, 1000, 0 };
	ev.time_ns = (uint64_t)size << (bits & 63);
	ev.pids_count = 3; /* and no pids: absent */
	check("json", &ev, bits);
	check("text", &ev, bits);
	free(text);
	return 0;
}
