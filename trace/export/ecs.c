/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/export/ecs.c - events with the names of the Elastic Common Schema, one a line.
 *
 * Owns:    which ECS field says what; begat's own facts are below "begat".
 */
#include <string.h>

#include "base/json_print.h"
#include "export.h"
#include "json.h"

#define ECS_VERSION "8.11.0"

struct ecs {
	struct export *ex;
	const char *host;
};

static void put_str(FILE *out, const char *key, struct begat_str value)
{
	fprintf(out, ",\"%s\":", key);
	json_print_string(out, value.data ? value.data : "", value.len);
}

static const char *type_of(const struct begat_event *ev)
{
	switch (ev->type) {
	case BEGAT_EXIT:
		return "end";
	case BEGAT_FORK:
	case BEGAT_EXEC:
	case BEGAT_EXEC_FAILED:
		return "start";
	default:
		return "info";
	}
}

static void put_event(FILE *out, const struct begat_event *ev)
{
	bool has_failed = ev->type == BEGAT_EXEC_FAILED ||
			  (ev->type == BEGAT_EXIT && (ev->exit_code || ev->signal));

	fprintf(out,
		"\"event\":{\"kind\":\"event\",\"category\":[\"process\"],\"type\":[\"%s\"],"
		"\"action\":\"%s\",\"module\":\"begat\",\"dataset\":\"begat.process\"",
		type_of(ev), begat_event_name((enum begat_event_type)ev->type));
	if (ev->type != BEGAT_LOST)
		fprintf(out, ",\"outcome\":\"%s\"", has_failed ? "failure" : "success");
	if (begat_event_has(ev, BEGAT_F_SEQ))
		fprintf(out, ",\"sequence\":%llu", (unsigned long long)ev->seq);
	if (begat_event_has(ev, BEGAT_F_DURATION))
		fprintf(out, ",\"duration\":%llu", (unsigned long long)ev->duration_ns);
	putc('}', out);
	if (begat_event_has(ev, BEGAT_F_ERRNO)) {
		const char *name = begat_errno_name(ev->error);

		fprintf(out, ",\"error\":{\"code\":\"%s\"}", name ? name : "unknown");
	}
}

static struct begat_str name_of(struct begat_str path)
{
	const char *slash = path.len ? memrchr(path.data, '/', path.len) : NULL;

	if (slash) {
		path.len -= (size_t)(slash + 1 - path.data);
		path.data = slash + 1;
	}
	return path;
}

/* The file that a failed exec asked for. The process goes on as what it was. */
static void put_file(FILE *out, const struct begat_event *ev)
{
	if (ev->type != BEGAT_EXEC_FAILED || !begat_event_has(ev, BEGAT_F_FILENAME))
		return;
	fputs(",\"file\":{\"path\":", out);
	json_print_string(out, ev->filename.data ? ev->filename.data : "", ev->filename.len);
	put_str(out, "name", name_of(ev->filename));
	putc('}', out);
}

static void put_image(FILE *out, const struct begat_event *ev)
{
	if (begat_event_has(ev, BEGAT_F_EXE) && ev->exe.len) {
		put_str(out, "executable", ev->exe);
		put_str(out, "name", name_of(ev->exe));
	} else if (begat_event_has(ev, BEGAT_F_COMM)) {
		put_str(out, "name", ev->comm);
	}
	if (begat_event_has(ev, BEGAT_F_ARGV)) {
		fputs(",\"args\":", out);
		export_json_strings(out, &ev->argv);
		fprintf(out, ",\"args_count\":%u", ev->argv.count);
		fputs(",\"command_line\":", out);
		export_json_joined(out, &ev->argv);
	}
	if (begat_event_has(ev, BEGAT_F_CWD))
		put_str(out, "working_directory", ev->cwd);
}

static void put_process(FILE *out, const struct begat_event *ev)
{
	char time[40];

	fprintf(out, ",\"process\":{\"pid\":%u,\"entity_id\":\"%016llx\"", ev->tgid,
		(unsigned long long)ev->id);
	if (begat_event_has(ev, BEGAT_F_TID))
		fprintf(out, ",\"thread\":{\"id\":%u}", ev->tid);
	put_image(out, ev);
	if (begat_event_has(ev, BEGAT_F_PPID))
		fprintf(out, ",\"parent\":{\"pid\":%u,\"entity_id\":\"%016llx\"}", ev->parent_tgid,
			(unsigned long long)ev->parent_id);
	if (begat_event_has(ev, BEGAT_F_PGID))
		fprintf(out, ",\"group_leader\":{\"pid\":%u}", ev->pgid);
	if (begat_event_has(ev, BEGAT_F_SID))
		fprintf(out, ",\"session_leader\":{\"pid\":%u}", ev->sid);
	if (begat_event_has(ev, BEGAT_F_EXIT_CODE))
		fprintf(out, ",\"exit_code\":%d", ev->exit_code);
	if (ev->type == BEGAT_FORK)
		fprintf(out, ",\"start\":\"%s\"", export_json_time(time, ev->time_ns));
	if (ev->type == BEGAT_EXIT && begat_event_has(ev, BEGAT_F_DURATION)) {
		fprintf(out, ",\"start\":\"%s\"",
			export_json_time(time, ev->time_ns - ev->duration_ns));
		fprintf(out, ",\"end\":\"%s\"", export_json_time(time, ev->time_ns));
	}
	putc('}', out);
}

/* Where the recording has no name there is none: ECS has fields for the number. */
static void put_account(FILE *out, const char *key, uint32_t id, const char *name)
{
	fprintf(out, ",\"%s\":{\"id\":\"%u\"", key, id);
	if (name)
		put_str(out, "name", (struct begat_str){ name, strlen(name) });
}

static void put_user(const struct ecs *ecs, const struct begat_event *ev)
{
	const struct begat_accounts *names = ecs->ex->accounts;
	FILE *out = ecs->ex->out;

	if (begat_event_has(ev, BEGAT_F_UID)) {
		put_account(out, "user", ev->uid, names->user_name(names->ctx, ev->uid));
		if (begat_event_has(ev, BEGAT_F_GID)) {
			put_account(out, "group", ev->gid, names->group_name(names->ctx, ev->gid));
			putc('}', out);
		}
		if (begat_event_has(ev, BEGAT_F_EUID)) {
			put_account(out, "effective", ev->euid,
				    names->user_name(names->ctx, ev->euid));
			putc('}', out);
		}
		putc('}', out);
	}
	if (begat_event_has(ev, BEGAT_F_CONTAINER_ID)) {
		fputs(",\"container\":{\"id\":", out);
		json_print_string(out, ev->container_id.data, ev->container_id.len);
		if (begat_event_has(ev, BEGAT_F_CONTAINER_RUNTIME))
			put_str(out, "runtime", ev->container_runtime);
		putc('}', out);
	}
}

static void put_own(FILE *out, const struct begat_event *ev)
{
	const char *signal = ev->signal ? begat_signal_name(ev->signal) : NULL;

	if (ev->type == BEGAT_LOST) {
		const char *class = begat_event_name((enum begat_event_type)ev->class_type);

		fprintf(out, ",\"begat\":{\"lost\":{\"count\":%llu,\"class\":\"%s\"}}",
			(unsigned long long)ev->count, class ? class : "unknown");
		return;
	}
	if (ev->type != BEGAT_EXIT)
		return;
	fputs(",\"begat\":{\"signal\":", out);
	if (signal)
		json_print_string(out, signal, strlen(signal));
	else
		fputs("null", out);
	if (begat_event_has(ev, BEGAT_F_UTIME))
		fprintf(out, ",\"cpu\":{\"user\":{\"ns\":%llu},\"system\":{\"ns\":%llu}}",
			(unsigned long long)ev->utime_ns, (unsigned long long)ev->stime_ns);
	if (begat_event_has(ev, BEGAT_F_MAX_RSS))
		fprintf(out, ",\"memory\":{\"rss\":{\"max\":{\"bytes\":%llu}}}",
			(unsigned long long)ev->max_rss_bytes);
	putc('}', out);
}

static int write_line(const struct begat_event *ev, void *ctx)
{
	struct ecs *ecs = ctx;
	FILE *out = ecs->ex->out;
	char time[40];

	if (ev->type == BEGAT_SUMMARY)
		return 0;
	fprintf(out, "{\"@timestamp\":\"%s\",\"ecs\":{\"version\":\"" ECS_VERSION "\"},",
		export_json_time(time, ev->time_ns));
	put_event(out, ev);
	if (ecs->host) {
		fputs(",\"host\":{\"name\":", out);
		json_print_string(out, ecs->host, strlen(ecs->host));
		fputs(",\"os\":{\"type\":\"linux\"}}", out);
	}
	if (ev->type != BEGAT_LOST) {
		put_process(out, ev);
		put_file(out, ev);
		put_user(ecs, ev);
	}
	put_own(out, ev);
	fputs("}\n", out);
	return ferror(out);
}

static int run(struct export *ex)
{
	struct ecs ecs = { .ex = ex, .host = begat_trace_meta(ex->trace, "host") };

	return export_replay(ex, write_line, &ecs);
}

const struct export_ops export_ecs = { .run = run };
