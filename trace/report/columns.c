/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/report/columns.c - every process of a trace in a form that a browser opens quickly.
 *
 * Owns:    the packing: columns of variable-length integers, one deflate stream, base64.
 *          web/src/data.js unpacks it.
 * Not:     what the columns mean (base.h, analysis.h).
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

/* All zero for a process without. */
static const struct begat_trace_context *context_of(const struct analysis_base *b, uint32_t i)
{
	static const struct begat_trace_context none;
	uint32_t context = base_row(b, i)->context;

	return context < b->model->contexts_count ? &b->model->contexts[context] : &none;
}

static void put_processes(struct packer *p)
{
	const struct analysis_base *b = p->a->base;
	const struct analysis_process *ps = b->processes;
	const struct analysis_node *ns = p->a->nodes;
	uint64_t begin = p->a->totals.begin_ns;
	uint32_t n = b->count;

	COLUMN(p, "start", 'd', n, ps[i].start_ns - begin);
	COLUMN(p, "wall", 'U', n, cap(base_wall(&ps[i])));
	COLUMN(p, "parent", 'd', n,
	       (uint64_t)(ps[i].parent == ANALYSIS_NONE ? 0 : ps[i].parent + 1));
	COLUMN(p, "flags", 'u', n, ps[i].flags);
	COLUMN(p, "pid", 'd', n, base_row(b, i)->tgid);
	COLUMN(p, "ppid", 'd', n, base_row(b, i)->parent_tgid);
	COLUMN(p, "sid", 'd', n, context_of(b, i)->sid);
	COLUMN(p, "pgid", 'd', n, context_of(b, i)->pgid);
	COLUMN(p, "utime", 'U', n, cap(ps[i].utime_ns));
	COLUMN(p, "stime", 'U', n, cap(ps[i].stime_ns));
	COLUMN(p, "rss", 'U', n, cap(base_row(b, i)->max_rss_bytes));
	COLUMN(p, "read", 'U', n, cap(ps[i].read_bytes));
	COLUMN(p, "write", 'U', n, cap(ps[i].write_bytes));
	COLUMN(p, "minflt", 'U', n, cap(base_row(b, i)->minor_faults));
	COLUMN(p, "majflt", 'U', n, cap(base_row(b, i)->major_faults));
	COLUMN(p, "vcsw", 'U', n, cap(base_row(b, i)->voluntary_switches));
	COLUMN(p, "ivcsw", 'U', n, cap(base_row(b, i)->involuntary_switches));
	COLUMN(p, "exit", 'u', n, (uint32_t)base_row(b, i)->exit_code);
	COLUMN(p, "signal", 'u', n, (uint32_t)base_row(b, i)->signal);
	COLUMN(p, "killer", 'u', n, base_row(b, i)->killed_by_tgid);
	COLUMN(p, "killer_comm", 'u', n, place(p, base_row(b, i)->killed_by_comm));
	COLUMN(p, "comm", 'u', n, place(p, base_row(b, i)->comm));
	COLUMN(p, "program", 'u', n, (uint32_t)(p->a->program_of[i] + 1));
	COLUMN(p, "exe", 'u', n, place(p, ps[i].program));
	COLUMN(p, "track", 'u', n, ns[i].track);
	COLUMN(p, "depth", 'u', n, ns[i].depth);
	COLUMN(p, "own", 'U', n, cap(ns[i].own_wall_ns));
	COLUMN(p, "order", 'd', n, (uint64_t)b->order[i]);
	/* What the subtree adds to the process itself: nothing, for most. */
	COLUMN(p, "sub_count", 'u', n, ns[i].subtree_count);
	COLUMN(p, "sub_failed", 'u', n, ns[i].subtree_failed);
	COLUMN(p, "sub_wall", 'U', n, cap(ns[i].subtree_wall_ns - base_wall(&ps[i])));
	COLUMN(p, "sub_cpu", 'U', n, cap(ns[i].subtree_count ? ns[i].subtree_cpu_ns : 0));
	COLUMN(p, "sub_rss", 'U', n, cap(ns[i].subtree_max_rss_bytes));
	COLUMN(p, "sub_io", 'U', n, cap(ns[i].subtree_read_bytes + ns[i].subtree_write_bytes));
}

static void put_ids(struct packer *p)
{
	for (uint32_t i = 0; i < p->a->base->count; i++) {
		for (int shift = 56; shift >= 0; shift -= 8)
			put_byte(p, (unsigned char)(base_row(p->a->base, i)->id >> shift));
	}
	p->count = p->used;
	end_column(p, "id", 'b');
}

/* One value of each exec that counts, by process. */
#define EXEC_COLUMN(p, name, kind, expression)                                                 \
	do {                                                                                   \
		const struct begat_trace_exec *e;                                              \
                                                                                               \
		for (uint32_t i = 0; i < b->count; i++)                                        \
			for (uint32_t k = 0; (p)->err == 0 && (e = base_next_exec(b, i, &k));) \
				(kind) == 'd' ? put_delta(p, expression) : put(p, expression); \
		end_column(p, name, kind);                                                     \
	} while (0)

static void put_execs(struct packer *p)
{
	const struct analysis_base *b = p->a->base;
	uint64_t begin = p->a->totals.begin_ns;

	EXEC_COLUMN(p, "exec_process", 'd', (uint64_t)i);
	EXEC_COLUMN(p, "exec_ts", 'd', e->ts_ns - begin);
	EXEC_COLUMN(p, "exec_ns", 'U', cap(e->exec_ns));
	EXEC_COLUMN(p, "exec_argv_bytes", 'U', cap(e->argv_bytes));
	EXEC_COLUMN(p, "exec_exe", 'u', place(p, e->exe));
	EXEC_COLUMN(p, "exec_filename", 'u', place(p, e->filename));
	EXEC_COLUMN(p, "exec_interpreter", 'u', place(p, e->interpreter));
	EXEC_COLUMN(p, "exec_cwd", 'u', place(p, e->cwd));
	EXEC_COLUMN(p, "exec_argv", 'u', place(p, e->argv));
	EXEC_COLUMN(p, "exec_env", 'u', place(p, e->env));
	EXEC_COLUMN(p, "exec_error", 'u', (uint32_t)base_exec_error(e));
	EXEC_COLUMN(p, "exec_repeats", 'u', e->repeats);
	EXEC_COLUMN(p, "exec_was_there", 'u', (uint32_t)base_was_there(b, e));
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

/* A row of the page's contexts: 13 numbers, then texts. */
enum { CONTEXT_NUMBERS = 6 + BEGAT_NS_COUNT, CONTEXT_WORDS = CONTEXT_NUMBERS + 10 };

static uint32_t account(struct packer *p, const char *(*name_of)(void *, uint32_t), uint32_t id)
{
	const struct begat_accounts *accounts = p->a->base->accounts;
	const char *name = name_of ? name_of(accounts->ctx, id) : NULL;
	uint32_t text = 0;

	if (name && model_add_text(p->a->base->model, name, strlen(name), &text) < 0)
		p->err = -ENOMEM;
	return text;
}

static void fill_context(struct packer *p, const struct begat_trace_context *c,
			 uint32_t words[CONTEXT_WORDS])
{
	static const enum begat_field fields[] = { BEGAT_F_UID, BEGAT_F_LOGINUID, BEGAT_F_NS,
						   BEGAT_F_GID, BEGAT_F_EUID,	  BEGAT_F_EGID };
	const struct begat_accounts *names = p->a->base->accounts;
	const char *(*user)(void *, uint32_t) = names ? names->user_name : NULL;
	const char *(*group)(void *, uint32_t) = names ? names->group_name : NULL;
	const uint32_t ids[] = { c->uid, c->gid, c->euid, c->egid, c->loginuid };
	const uint32_t texts[] = { c->tty,
				   c->cgroup,
				   c->container_id,
				   c->container_runtime,
				   c->pod_uid,
				   account(p, user, c->uid),
				   account(p, group, c->gid),
				   account(p, user, c->euid),
				   account(p, group, c->egid),
				   account(p, user, c->loginuid) };

	words[0] = 0;
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		words[0] |= begat_fields_has(&c->has, fields[i]) ? 1u << i : 0;
	memcpy(words + 1, ids, sizeof(ids));
	memcpy(words + 6, c->ns, sizeof(c->ns));
	memcpy(words + CONTEXT_NUMBERS, texts, sizeof(texts));
}

/* What processes of one run mostly share: which row each has, then the rows, each once. */
static void put_contexts(struct packer *p)
{
	const struct analysis_base *b = p->a->base;
	struct string_table rows = { 0 };
	uint32_t contexts = b->model->contexts_count, number, words[CONTEXT_WORDS] = { 0 };
	uint32_t *row_of = calloc((size_t)contexts + 1, sizeof(*row_of)); /* the last: none */

	if (!row_of)
		p->err = -ENOMEM;
	for (uint32_t i = 0; i < b->count && p->err == 0; i++) {
		uint32_t context = base_row(b, i)->context;
		uint32_t *row = &row_of[context < contexts ? context : contexts];

		if (!*row) {
			memset(words, 0, sizeof(words));
			if (context < contexts)
				fill_context(p, &b->model->contexts[context], words);
			if (string_table_add(&rows, (char *)words, sizeof(words), &number) < 0)
				p->err = -ENOMEM;
			*row = number;
		}
		put(p, *row - 1);
	}
	end_column(p, "context", 'u');
	for (uint32_t k = 1; k < string_table_count(&rows) && p->err == 0; k++) {
		memcpy(words, string_table_get(&rows, k).data, sizeof(words));
		for (size_t i = 0; i < CONTEXT_WORDS; i++)
			put(p, i < CONTEXT_NUMBERS ? words[i] : place(p, words[i]));
	}
	end_column(p, "contexts", 'u');
	string_table_done(&rows);
	free(row_of);
}

static void put_strings(struct packer *p)
{
	const struct analysis_base *b = p->a->base;
	uint64_t total = 0;

	for (uint32_t i = 0; i < p->strings_count; i++)
		total += base_text(b, p->strings[i]).len;
	size_t most = total > TEXT_BYTES_MAX ? TEXT_BYTES_CUT : SIZE_MAX;

	for (uint32_t i = 0; i < p->strings_count; i++) {
		size_t len = base_text(b, p->strings[i]).len;

		put(p, len < most ? len : most);
	}
	end_column(p, "string_length", 'u');
	/* Straight through: the bytes may be more than a column should hold. */
	for (uint32_t i = 0; i < p->strings_count && p->err == 0; i++) {
		struct begat_str text = base_text(b, p->strings[i]);

		deflate_some(p, text.data, text.len < most ? text.len : most, Z_NO_FLUSH);
	}
}

int columns_write(const struct analysis *a, FILE *out)
{
	struct packer p = { .a = a, .out = out };
	size_t strings = string_table_count(&a->base->model->texts) +
			 5 * (size_t)a->base->model->contexts_count + 1;

	p.places = calloc(strings, sizeof(*p.places));
	p.strings = calloc(strings, sizeof(*p.strings));
	if (!p.places || !p.strings ||
	    deflateInit(&p.z, a->base->count > 300000 ? 4 : Z_DEFAULT_COMPRESSION) != Z_OK) {
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
