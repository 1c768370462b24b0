/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report/columns.c - every process of a trace in a form that a browser opens quickly.
 *
 * Owns:    the packing: columns of variable-length integers, one deflate stream, base64.
 *          web/src/data.js unpacks it.
 * Not:     what the columns mean (model.h, analysis.h).
 * Called:  by html.c, once a page.
 *
 *   name length (1 byte), name, kind (1 byte), count (4), bytes (4), little endian; then the data
 *   kind 'u'  unsigned LEB128, values below 2^32
 *        'U'  the same, values below 2^53
 *        'd'  zigzag LEB128 of the difference to the value before
 *        'b'  bytes
 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Above this, long argv and env are cut: a page is for looking, the recording keeps everything. */
#define TEXT_BYTES_MAX (192ull << 20)
#define TEXT_BYTES_CUT 2048u

struct packer {
	const struct analysis *a;
	FILE *out;
	z_stream z;
	unsigned char *column; /* being filled */
	size_t used, room, count;
	uint64_t last; /* of a 'd' column */
	unsigned char rest[3]; /* base64: bytes that do not make a group yet */
	size_t rest_count;
	uint32_t *places; /* string -> place in the page + 1 */
	uint32_t *strings; /* the reverse */
	uint32_t strings_count;
	int err;
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_base64(struct packer *p, const unsigned char *data, size_t len)
{
	char text[4096];
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		p->rest[p->rest_count++] = data[i];
		if (p->rest_count < 3)
			continue;
		uint32_t group = p->rest[0] << 16 | p->rest[1] << 8 | p->rest[2];

		text[n++] = digits[group >> 18];
		text[n++] = digits[group >> 12 & 63];
		text[n++] = digits[group >> 6 & 63];
		text[n++] = digits[group & 63];
		p->rest_count = 0;
		if (n == sizeof(text)) {
			fwrite(text, 1, n, p->out);
			n = 0;
		}
	}
	fwrite(text, 1, n, p->out);
}

static void end_base64(struct packer *p)
{
	uint32_t group = p->rest[0] << 16 | (p->rest_count == 2 ? p->rest[1] << 8 : 0);

	if (p->rest_count)
		fprintf(p->out, "%c%c%c=", digits[group >> 18], digits[group >> 12 & 63],
			p->rest_count == 2 ? digits[group >> 6 & 63] : '=');
}

static void deflate_some(struct packer *p, const void *data, size_t len, int flush)
{
	unsigned char buffer[32768];
	int state = Z_OK;

	p->z.next_in = (void *)data;
	p->z.avail_in = len;
	do {
		p->z.next_out = buffer;
		p->z.avail_out = sizeof(buffer);
		state = deflate(&p->z, flush);
		put_base64(p, buffer, sizeof(buffer) - p->z.avail_out);
	} while (!p->z.avail_out || (flush == Z_FINISH && state == Z_OK));
}

static void put_byte(struct packer *p, unsigned char byte)
{
	if (p->used == p->room) {
		size_t room = p->room ? p->room * 2 : 65536;
		unsigned char *column = room <= INT32_MAX ? realloc(p->column, room) : NULL;

		if (!column) {
			p->err = -ENOMEM;
			return;
		}
		p->column = column;
		p->room = room;
	}
	p->column[p->used++] = byte;
}

static void put(struct packer *p, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		put_byte(p, value | 0x80);
	put_byte(p, value);
	p->count++;
}

static void put_delta(struct packer *p, uint64_t value)
{
	int64_t step = value - p->last;

	p->last = value;
	put(p, (uint64_t)step << 1 ^ (step < 0 ? UINT64_MAX : 0));
}

static void end_column(struct packer *p, const char *name, char kind)
{
	unsigned char head[64];
	size_t n = strlen(name);

	head[0] = n;
	memcpy(head + 1, name, n);
	head[++n] = kind;
	n++;
	for (int i = 0; i < 4; i++)
		head[n++] = p->count >> 8 * i;
	for (int i = 0; i < 4; i++)
		head[n++] = p->used >> 8 * i;
	if (p->err == 0) {
		deflate_some(p, head, n, Z_NO_FLUSH);
		deflate_some(p, p->column, p->used, Z_NO_FLUSH);
	}
	p->used = p->count = 0;
	p->last = 0;
}

/* Only strings that the page refers to travel; place 0 is the empty one. */
static uint32_t place(struct packer *p, uint32_t string)
{
	if (!p->places[string]) {
		p->strings[p->strings_count] = string;
		p->places[string] = ++p->strings_count;
	}
	return p->places[string] - 1;
}

#define COLUMN(p, name, kind, rows, expression)                                        \
	do {                                                                           \
		for (size_t i = 0; i < (rows) && (p)->err == 0; i++)                   \
			(kind) == 'd' ? put_delta(p, expression) : put(p, expression); \
		end_column(p, name, kind);                                             \
	} while (0)

static uint64_t cap(uint64_t value)
{
	return value < 1ull << 53 ? value : (1ull << 53) - 1;
}

static void put_processes(struct packer *p)
{
	const struct model *m = p->a->model;
	const struct model_process *ps = m->processes;
	const struct analysis_node *ns = p->a->nodes;
	uint64_t begin = p->a->totals.begin_ns;
	size_t n = m->count;

	COLUMN(p, "start", 'd', n, ps[i].start_ns - begin);
	COLUMN(p, "wall", 'U', n, cap(model_wall(&ps[i])));
	COLUMN(p, "parent", 'd', n, (uint64_t)(ps[i].parent == MODEL_NONE ? 0 : ps[i].parent + 1));
	COLUMN(p, "flags", 'u', n, ps[i].flags);
	COLUMN(p, "pid", 'd', n, ps[i].tgid);
	COLUMN(p, "ppid", 'd', n, ps[i].parent_tgid);
	COLUMN(p, "sid", 'd', n, ps[i].sid);
	COLUMN(p, "pgid", 'd', n, ps[i].pgid);
	COLUMN(p, "utime", 'U', n, cap(ps[i].utime_ns));
	COLUMN(p, "stime", 'U', n, cap(ps[i].stime_ns));
	COLUMN(p, "rss", 'U', n, cap(ps[i].max_rss_bytes));
	COLUMN(p, "read", 'U', n, cap(ps[i].read_bytes));
	COLUMN(p, "write", 'U', n, cap(ps[i].write_bytes));
	COLUMN(p, "minflt", 'U', n, cap(ps[i].minor_faults));
	COLUMN(p, "majflt", 'U', n, cap(ps[i].major_faults));
	COLUMN(p, "vcsw", 'U', n, cap(ps[i].voluntary_switches));
	COLUMN(p, "ivcsw", 'U', n, cap(ps[i].involuntary_switches));
	COLUMN(p, "exit", 'u', n, (uint32_t)ps[i].exit_code);
	COLUMN(p, "signal", 'u', n, (uint32_t)ps[i].signal);
	COLUMN(p, "killer", 'u', n, ps[i].killed_by_tgid);
	COLUMN(p, "killer_comm", 'u', n, place(p, ps[i].killed_by_comm));
	COLUMN(p, "comm", 'u', n, place(p, ps[i].comm));
	COLUMN(p, "program", 'u', n, (uint32_t)(p->a->program_of[i] + 1));
	COLUMN(p, "exe", 'u', n, place(p, ps[i].program));
	COLUMN(p, "track", 'u', n, ns[i].track);
	COLUMN(p, "depth", 'u', n, ns[i].depth);
	COLUMN(p, "own", 'U', n, cap(ns[i].own_wall_ns));
	COLUMN(p, "order", 'd', n, (uint64_t)m->order[i]);
	/* What the subtree adds to the process itself: nothing, for most. */
	COLUMN(p, "sub_count", 'u', n, ns[i].subtree_count);
	COLUMN(p, "sub_failed", 'u', n, ns[i].subtree_failed);
	COLUMN(p, "sub_wall", 'U', n, cap(ns[i].subtree_wall_ns - model_wall(&ps[i])));
	COLUMN(p, "sub_cpu", 'U', n, cap(ns[i].subtree_count ? ns[i].subtree_cpu_ns : 0));
	COLUMN(p, "sub_rss", 'U', n, cap(ns[i].subtree_max_rss_bytes));
	COLUMN(p, "sub_io", 'U', n, cap(ns[i].subtree_read_bytes + ns[i].subtree_write_bytes));
}

static void put_ids(struct packer *p)
{
	for (size_t i = 0; i < p->a->model->count; i++) {
		for (int shift = 56; shift >= 0; shift -= 8)
			put_byte(p, p->a->model->processes[i].id >> shift);
	}
	p->count = p->used;
	end_column(p, "id", 'b');
}

static void put_execs(struct packer *p)
{
	const struct model_exec *es = p->a->model->execs;
	uint64_t begin = p->a->totals.begin_ns;
	size_t n = p->a->model->execs_count;

	/* Those of processes that are not in the trace come last; there is nobody to show them at. */
	while (n && es[n - 1].process == MODEL_NONE)
		n--;
	COLUMN(p, "exec_process", 'd', n, (uint64_t)es[i].process);
	COLUMN(p, "exec_ts", 'd', n, es[i].ts_ns - begin);
	COLUMN(p, "exec_ns", 'U', n, cap(es[i].exec_ns));
	COLUMN(p, "exec_argv_bytes", 'U', n, cap(es[i].argv_bytes));
	COLUMN(p, "exec_exe", 'u', n, place(p, es[i].exe));
	COLUMN(p, "exec_filename", 'u', n, place(p, es[i].filename));
	COLUMN(p, "exec_interpreter", 'u', n, place(p, es[i].interpreter));
	COLUMN(p, "exec_cwd", 'u', n, place(p, es[i].cwd));
	COLUMN(p, "exec_argv", 'u', n, place(p, es[i].argv));
	COLUMN(p, "exec_env", 'u', n, place(p, es[i].env));
	COLUMN(p, "exec_error", 'u', n, (uint32_t)es[i].error);
	COLUMN(p, "exec_repeats", 'u', n, es[i].repeats);
	COLUMN(p, "exec_was_there", 'u', n, (uint32_t)es[i].was_there);
}

static void put_path(struct packer *p)
{
	const struct analysis_path *path = &p->a->path;
	uint64_t begin = p->a->totals.begin_ns;
	const struct analysis_segment *ss = path->segments;
	const struct analysis_visit *vs = path->visits;

	COLUMN(p, "seg_from", 'd', path->segments_count, ss[i].from_ns - begin);
	COLUMN(p, "seg_to", 'd', path->segments_count, ss[i].to_ns - begin);
	COLUMN(p, "seg_process", 'u', path->segments_count, (uint32_t)(ss[i].process + 1));
	COLUMN(p, "visit_from", 'd', path->visits_count, vs[i].from_ns - begin);
	COLUMN(p, "visit_to", 'd', path->visits_count, vs[i].to_ns - begin);
	COLUMN(p, "visit_own", 'U', path->visits_count, cap(vs[i].own_ns));
	COLUMN(p, "visit_process", 'u', path->visits_count, (uint32_t)(vs[i].process + 1));
	COLUMN(p, "visit_depth", 'u', path->visits_count, vs[i].depth);
}

/* Contexts are numbers and strings in turn: a table of 32-bit words, one row each. */
static void put_contexts(struct packer *p)
{
	const struct model *m = p->a->model;
	uint32_t *rows = calloc(m->strings.count + 1, sizeof(*rows));
	uint32_t *list = calloc(m->count + 1, sizeof(*list));
	uint32_t count = 0;

	if (!rows || !list) {
		p->err = -ENOMEM;
		free(rows);
		free(list);
		return;
	}
	for (size_t i = 0; i < m->count; i++) {
		uint32_t number = m->processes[i].context;

		if (!rows[number]) {
			list[count] = number;
			rows[number] = ++count;
		}
		put(p, rows[number] - 1);
	}
	end_column(p, "context", 'u');
	for (uint32_t k = 0; k < count; k++) {
		struct model_context ctx;

		model_get_context(m, list[k], &ctx);
		const uint32_t words[] = { ctx.has,  ctx.uid,  ctx.gid,
					   ctx.euid, ctx.egid, ctx.loginuid };
		const uint32_t texts[] = { ctx.tty,    ctx.cgroup, ctx.container, ctx.runtime,
					   ctx.pod,    ctx.user,   ctx.group,	  ctx.euser,
					   ctx.egroup, ctx.login };

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			put(p, words[i]);
		for (size_t i = 0; i < MODEL_NS_COUNT; i++)
			put(p, ctx.ns[i]);
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			put(p, place(p, texts[i]));
	}
	end_column(p, "contexts", 'u');
	free(rows);
	free(list);
}

static void put_strings(struct packer *p)
{
	const struct model *m = p->a->model;
	uint64_t total = 0;

	for (uint32_t i = 0; i < p->strings_count; i++)
		total += model_text(m, p->strings[i]).len;
	size_t most = total > TEXT_BYTES_MAX ? TEXT_BYTES_CUT : SIZE_MAX;

	for (uint32_t i = 0; i < p->strings_count; i++) {
		size_t len = model_text(m, p->strings[i]).len;

		put(p, len < most ? len : most);
	}
	end_column(p, "string_length", 'u');
	/* Straight through: the bytes may be more than a column should hold. */
	for (uint32_t i = 0; i < p->strings_count && p->err == 0; i++) {
		struct model_string text = model_text(m, p->strings[i]);

		deflate_some(p, text.data, text.len < most ? text.len : most, Z_NO_FLUSH);
	}
}

int columns_write(const struct analysis *a, FILE *out)
{
	struct packer p = { .a = a, .out = out };
	size_t strings = a->model->strings.count + 1;

	p.places = calloc(strings, sizeof(*p.places));
	p.strings = calloc(strings, sizeof(*p.strings));
	if (!p.places || !p.strings ||
	    deflateInit(&p.z, a->model->count > 300000 ? 4 : Z_DEFAULT_COMPRESSION) != Z_OK) {
		p.err = -ENOMEM;
	} else {
		place(&p, 0);
		put_processes(&p);
		put_ids(&p);
		put_execs(&p);
		put_path(&p);
		put_contexts(&p);
		put_strings(&p);
		if (p.err == 0)
			deflate_some(&p, NULL, 0, Z_FINISH);
		end_base64(&p);
		deflateEnd(&p.z);
	}
	free(p.column);
	free(p.places);
	free(p.strings);
	return p.err;
}
