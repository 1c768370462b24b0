/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/otel.c - processes as OpenTelemetry spans: OTLP in JSON, one message a line.
 *
 * Owns:    a span a process, with the attributes of the semantic conventions for processes;
 *          execs and failed execs are events of the span. The whole recording is one trace; its
 *          id is made of the boot id and the first time, so the same file gives the same id.
 *
 * A collector's otlpjsonfile receiver reads these lines.
 */
#include <string.h>

#include "base/json_print.h"
#include "export.h"
#include "json.h"

#define SPANS_PER_LINE 512

enum { STATUS_OK = 1, STATUS_ERROR = 2 };

struct otel {
	struct export *ex;
	char trace_id[33];
};

static void make_trace_id(struct otel *o)
{
	const char *boot_id = begat_trace_meta(o->ex->trace, "boot_id");
	uint64_t h[2] = { 0xcbf29ce484222325ull, o->ex->table->first_ns * 0x9e3779b97f4a7c15ull };

	for (const char *c = boot_id ? boot_id : "begat"; *c; c++)
		h[0] = (h[0] ^ (unsigned char)*c) * 0x100000001b3ull;
	h[1] ^= h[0] >> 7;
	/* All zero is no id. */
	snprintf(o->trace_id, sizeof(o->trace_id), "%016llx%016llx", (unsigned long long)h[0] | 1,
		 (unsigned long long)h[1]);
}

static void key(FILE *out, const char *name, bool *is_first)
{
	fprintf(out, "%s{\"key\":\"%s\",\"value\":", *is_first ? "" : ",", name);
	*is_first = false;
}

static void put_text(FILE *out, const char *name, struct begat_str value, bool *is_first)
{
	if (!value.len)
		return;
	key(out, name, is_first);
	fputs("{\"stringValue\":", out);
	json_print_string(out, value.data, value.len);
	fputs("}}", out);
}

/* Protobuf's JSON has 64-bit numbers as strings. */
static void put_int(FILE *out, const char *name, int64_t value, bool *is_first)
{
	key(out, name, is_first);
	fprintf(out, "{\"intValue\":\"%lld\"}}", (long long)value);
}

static void put_user(const struct otel *o, const char *prefix, uint32_t uid, bool *is_first)
{
	const char *text = o->ex->accounts->user_name(o->ex->accounts->ctx, uid);
	char name[64];

	snprintf(name, sizeof(name), "%s.id", prefix);
	put_int(o->ex->out, name, uid, is_first);
	snprintf(name, sizeof(name), "%s.name", prefix);
	if (text)
		put_text(o->ex->out, name, (struct begat_str){ text, strlen(text) }, is_first);
}

static void put_args(FILE *out, const struct begat_strv *argv, bool *is_first)
{
	if (!argv->count)
		return;
	key(out, "process.command_args", is_first);
	fputs("{\"arrayValue\":{\"values\":[", out);
	for (size_t i = 0; i < argv->bytes;) {
		size_t len = strlen(argv->data + i);

		fputs(i ? ",{\"stringValue\":" : "{\"stringValue\":", out);
		json_print_string(out, argv->data + i, len);
		putc('}', out);
		i += len + 1;
	}
	fputs("]}}}", out);
}

static void put_attributes(struct otel *o, uint32_t index)
{
	const struct begat_trace_process *p = &o->ex->table->processes[index];
	struct begat_strv argv = begat_trace_strings(o->ex->trace, p->argv);
	FILE *out = o->ex->out;
	bool is_first = true;

	fputs("\"attributes\":[", out);
	put_int(out, "process.pid", p->tgid, &is_first);
	put_int(out, "process.parent_pid", p->parent_tgid, &is_first);
	put_text(out, "process.executable.path", begat_trace_string(o->ex->trace, p->exe),
		 &is_first);
	put_text(out, "process.executable.name", export_program(o->ex, index), &is_first);
	put_args(out, &argv, &is_first);
	if (p->exec_last != BEGAT_TRACE_NONE)
		put_text(out, "process.working_directory",
			 begat_trace_string(o->ex->trace, o->ex->table->execs[p->exec_last].cwd),
			 &is_first);
	if (p->context != BEGAT_TRACE_NONE) {
		const struct begat_trace_context *c = &o->ex->table->contexts[p->context];

		if (begat_fields_has(&c->has, BEGAT_F_EUID))
			put_user(o, "process.user", c->euid, &is_first);
		if (begat_fields_has(&c->has, BEGAT_F_UID))
			put_user(o, "process.real_user", c->uid, &is_first);
		put_text(out, "container.id", begat_trace_string(o->ex->trace, c->container_id),
			 &is_first);
		put_text(out, "process.linux.cgroup", begat_trace_string(o->ex->trace, c->cgroup),
			 &is_first);
	}
	if (p->has_status && !p->signal)
		put_int(out, "process.exit.code", p->exit_code, &is_first);
	if (p->has_status && p->signal)
		put_int(out, "begat.process.signal", p->signal, &is_first);
	if (p->has_cpu) {
		put_int(out, "begat.process.cpu.user_ns", (int64_t)p->utime_ns, &is_first);
		put_int(out, "begat.process.cpu.system_ns", (int64_t)p->stime_ns, &is_first);
	}
	if (p->has_rss)
		put_int(out, "begat.process.memory.max_rss_bytes", (int64_t)p->max_rss_bytes,
			&is_first);
	putc(']', out);
}

static void put_events(struct otel *o, const struct begat_trace_process *p)
{
	FILE *out = o->ex->out;

	fputs(",\"events\":[", out);
	for (uint32_t i = 0; i < p->execs_count; i++) {
		const struct begat_trace_exec *e = &o->ex->table->execs[p->execs_first + i];
		uint64_t time_ns = e->ts_ns + (uint64_t)o->ex->table->realtime_offset_ns;
		struct begat_str file = begat_trace_string(
			o->ex->trace, e->type == BEGAT_EXEC_FAILED ? e->filename : e->exe);
		bool is_first = true;

		fprintf(out, "%s{\"timeUnixNano\":\"%llu\",\"name\":\"%s\",\"attributes\":[",
			i ? "," : "", (unsigned long long)time_ns,
			begat_event_name((enum begat_event_type)e->type));
		put_text(out, "process.executable.path", file, &is_first);
		if (e->error)
			put_int(out, "begat.errno", e->error, &is_first);
		fputs("]}", out);
	}
	putc(']', out);
}

static void put_span(struct otel *o, uint32_t index)
{
	const struct begat_trace_process *p = &o->ex->table->processes[index];
	uint64_t offset = (uint64_t)o->ex->table->realtime_offset_ns;
	struct begat_str name = export_program(o->ex, index);
	FILE *out = o->ex->out;

	/* Zero is no id; no process has it. */
	fprintf(out, "{\"traceId\":\"%s\",\"spanId\":\"%016llx\",", o->trace_id,
		(unsigned long long)p->id);
	if (p->parent != BEGAT_TRACE_NONE)
		fprintf(out, "\"parentSpanId\":\"%016llx\",", (unsigned long long)p->parent_id);
	fputs("\"name\":", out);
	json_print_string(out, name.len ? name.data : "?", name.len ? name.len : 1);
	fprintf(out, ",\"kind\":1,\"startTimeUnixNano\":\"%llu\",\"endTimeUnixNano\":\"%llu\",",
		(unsigned long long)(p->start_ns + offset),
		(unsigned long long)(p->end_ns + offset));
	put_attributes(o, index);
	put_events(o, p);
	if (p->has_status)
		fprintf(out, ",\"status\":{\"code\":%d}",
			p->exit_code || p->signal ? STATUS_ERROR : STATUS_OK);
	putc('}', out);
}

/* What uname calls a machine, with the name that the conventions have for it. */
static const char *arch_of(const char *machine)
{
	static const struct {
		const char *prefix, *arch;
	} arches[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "arm", "arm32" },
		       { "i386", "x86" },     { "i486", "x86" },      { "i586", "x86" },
		       { "i686", "x86" },     { "ppc64", "ppc64" },   { "ppc", "ppc32" } };

	for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]); i++)
		if (!strncmp(machine, arches[i].prefix, strlen(arches[i].prefix)))
			return arches[i].arch;
	return machine;
}

static void put_resource(struct otel *o)
{
	static const struct {
		const char *meta, *attribute;
	} facts[] = { { "host", "host.name" },
		      { "kernel", "os.version" },
		      { "version", "service.version" } };
	const char *machine = begat_trace_meta(o->ex->trace, "machine");
	FILE *out = o->ex->out;
	bool is_first = true;

	fputs("{\"resourceSpans\":[{\"resource\":{\"attributes\":[", out);
	put_text(out, "service.name", (struct begat_str){ "begat", 5 }, &is_first);
	put_text(out, "os.type", (struct begat_str){ "linux", 5 }, &is_first);
	if (machine) {
		const char *arch = arch_of(machine);

		put_text(out, "host.arch", (struct begat_str){ arch, strlen(arch) }, &is_first);
	}
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		const char *value = begat_trace_meta(o->ex->trace, facts[i].meta);

		if (value)
			put_text(out, facts[i].attribute,
				 (struct begat_str){ value, strlen(value) }, &is_first);
	}
	fputs("]},\"scopeSpans\":[{\"scope\":{\"name\":\"begat\"},\"spans\":[", out);
}

static int run(struct export *ex)
{
	struct otel o = { .ex = ex };
	uint32_t count = ex->table->processes_count;

	make_trace_id(&o);
	for (uint32_t i = 0; i < count && !ferror(ex->out); i++) {
		if (i % SPANS_PER_LINE == 0)
			put_resource(&o);
		put_span(&o, i);
		if (i + 1 == count || (i + 1) % SPANS_PER_LINE == 0)
			fputs("]}]}]}\n", ex->out);
		else
			putc(',', ex->out);
	}
	return 0;
}

const struct export_ops export_otel = { .needs_table = true, .run = run };
