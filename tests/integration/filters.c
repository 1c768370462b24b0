/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/filters.c - what is captured and what is not: users, cgroups, limits, secrets.
 */
#include "harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* One watch of the whole machine with @options; its stream in @ret. */
static bool watch_case(struct session *session, const char *const *args, const char *const *options,
		       struct stream *ret)
{
	*ret = (struct stream){ 0 };
	if (session_start(session, MODE_WATCH, "c_who", args, options) < 0)
		return false;
	session_finish(session);
	stream_parse(ret, &session->events);
	return true;
}

/* -u: nobody else's events, and all of that user's from the moment that it is that user. */
void test_filter_user(const struct test *test)
{
	static const char *const args[] = { "ids", NULL };
	static const char *const options[] = { "-v", "-u", "1000", NULL };
	struct session session;
	struct stream stream;

	(void)test;
	if (watch_case(&session, args, options, &stream)) {
		for (size_t i = 0; i < stream.count; i++) {
			const json_t *event = stream.events[i];

			if (event_int(event, "pid") >= 0 && event_int(event, "uid") != 1000)
				problem("-u 1000: %s of uid %" PRId64, event_name(event),
					event_int(event, "uid"));
		}
		if (stream_count(&stream, "exec") != 1 || stream_count(&stream, "exit") != 1)
			problem("-u 1000: %zu execs and %zu exits instead of one each",
				stream_count(&stream, "exec"), stream_count(&stream, "exit"));
	}
	stream_done(&stream);
	session_done(&session);
}

/* The cgroup @path; @folder gets where it is. */
static bool make_cgroup(char *folder, size_t size, const char *path)
{
	static const char *const bases[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };

	for (size_t i = 0; i < 2; i++) {
		char procs[128];

		snprintf(procs, sizeof(procs), "%s/cgroup.procs", bases[i]);
		snprintf(folder, size, "%s%s", bases[i], path);
		if (!access(procs, F_OK) && !mkdir(folder, 0755))
			return true;
	}
	return false;
}

/* -c @name: what happens in the cgroup @path, which is there when begat starts. */
static void check_cgroup(const char *path, const char *name)
{
	char folder[160];
	const char *args[] = { "enter", folder, NULL };
	const char *options[] = { "-v", "-c", name, NULL };
	struct session session;
	struct stream stream;

	if (!make_cgroup(folder, sizeof(folder), path)) {
		skip("no cgroup v2 can be made here");
		return;
	}
	if (watch_case(&session, args, options, &stream)) {
		for (size_t i = 0; i < stream.count; i++) {
			const char *cgroup =
				json_string_value(json_object_get(stream.events[i], "cgroup"));

			if (event_int(stream.events[i], "pid") >= 0 &&
			    (!cgroup || strcmp(cgroup, path) != 0))
				problem("-c %s: %s in cgroup %s", name,
					event_name(stream.events[i]), cgroup ? cgroup : "unknown");
		}
		if (stream_count(&stream, "exec") != 1 || stream_count(&stream, "exit") != 1)
			problem("-c %s: %zu execs and %zu exits instead of one each", name,
				stream_count(&stream, "exec"), stream_count(&stream, "exit"));
	}
	stream_done(&stream);
	session_done(&session);
	rmdir(folder);
}

void test_filter_cgroup(const struct test *test)
{
	char path[64], name[16];

	(void)test;
	snprintf(path, sizeof(path), "/begat-filter-%d", getpid());
	check_cgroup(path, path);
	/* A container by the name that its events have, however short. */
	snprintf(name, sizeof(name), "w%x", getpid() & 0xffff);
	snprintf(path, sizeof(path), "/lxc.payload.%s", name);
	check_cgroup(path, name);
}

/* What is cut says how much there was, unless (before 5.17, no bpf_loop()) nobody read on. */
static void check_told(const struct stream *stream, size_t i)
{
	const json_t *event = stream->events[i], *argc = json_object_get(event, "argc"), *next;
	struct utsname host;
	int major = 0, minor = 0;

	if (strcmp(event_name(event), "exec_failed") != 0 || !json_object_get(event, "argv") ||
	    !json_is_true(json_object_get(event, "argv_truncated")))
		return;
	uname(&host);
	sscanf(host.release, "%d.%d", &major, &minor);
	if (!argc && (major < 5 || (major == 5 && minor < 17)))
		return;
	while (++i < stream->count && strcmp(event_name(stream->events[i]), "exec") != 0)
		;
	next = i < stream->count ? stream->events[i] : NULL; /* with the same argv */
	if (!next || event_int(event, "argc") != event_int(next, "argc") ||
	    event_int(event, "argv_bytes") != event_int(next, "argv_bytes"))
		problem("a failed exec cut by --max-args does not say how much there was");
}

/* --max-args: what is kept is a prefix within the limit. */
void test_max_args(const struct test *test)
{
	static const char *const args[] = { "cut", "32k", NULL };
	static const char *const options[] = { "--max-args=1000", NULL };
	struct session session;
	struct stream stream = { 0 };

	(void)test;
	if (session_start(&session, MODE_RUN, "c_args", args, options) == 0) {
		int seen = 0;

		session_finish(&session);
		stream_parse(&stream, &session.events);
		match_truth(&session, &stream);
		for (size_t i = 0; i < stream.count; i++) {
			const json_t *argv = json_object_get(stream.events[i], "argv"), *item;
			size_t bytes = 0, j;

			if (strncmp(event_name(stream.events[i]), "exec", 4) != 0)
				continue;
			json_array_foreach(argv, j, item) bytes += json_string_length(item) + 1;
			if (bytes > 1001)
				problem("--max-args=1000 keeps %zu bytes", bytes);
			seen += bytes > 900;
			check_told(&stream, i);
		}
		if (seen != 2)
			problem("--max-args=1000 keeps much of %d long argv, not of the exec that "
				"failed and the one that did not",
				seen);
	}
	stream_done(&stream);
	session_done(&session);
}

/* --redact: a secret leaves begat in no event, neither as text nor as JSON. */
void test_redact(const struct test *test)
{
	static const char *const formats[] = { "json", "text" };
	struct outcome outcome;

	(void)test;
	for (size_t i = 0; i < 2; i++) {
		begat_call(&outcome, NULL, "run", "--redact", "-e", "exec,exit", "--format",
			   formats[i], "--", path_of_case("c_target"), "--password", "hunter2",
			   "TOKEN=hunter3", "--password=hunter4", NULL);
		if (strstr(outcome.err.data, "hunter"))
			problem("--redact --format %s shows a secret: %s", formats[i],
				outcome.err.data);
		if (!strstr(outcome.err.data, "--password"))
			problem("--redact hides the option too: %s", outcome.err.data);
		outcome_done(&outcome);
		/* A token where a command should be: in filename, of failed execs too. */
		begat_call(&outcome, NULL, "run", "--redact", "--env", "-e", "all", "--format",
			   formats[i], "--", "sh", "-c",
			   "exec 2>/dev/null; PGPASSWORD=hunter2 ghp_hunter2hunter2; curl -u "
			   "me:hunter2; "
			   "exec sh -c 'mysql -phunter2; exit 0'",
			   NULL);
		if (strstr(outcome.err.data, "hunter"))
			problem("--redact --format %s shows a secret: %s", formats[i],
				outcome.err.data);
		outcome_done(&outcome);
	}
}

/*
 * --fold-failures: of a hundred identical failures fewer events come, and their counts make up a
 * hundred. How many fewer depends on how many come within what coalescer.c waits.
 */
void test_fold(const struct test *test)
{
	static const char *const args[] = { "repeated", NULL };
	static const char *const options[] = { "--fold-failures", NULL };
	struct session session;
	struct stream stream = { 0 };

	(void)test;
	if (session_start(&session, MODE_RUN, "c_failed", args, options) == 0) {
		int64_t total = 0;

		session_finish(&session);
		stream_parse(&stream, &session.events);
		for (size_t i = 0; i < stream.count; i++) {
			int64_t repeats = event_int(stream.events[i], "repeats");

			if (!strcmp(event_name(stream.events[i]), "exec_failed"))
				total += 1 + (repeats > 0 ? repeats : 0);
		}
		if (total != 100 || stream_count(&stream, "exec_failed") >= 100)
			problem("100 failures: %zu events that stand for %" PRId64,
				stream_count(&stream, "exec_failed"), total);
	}
	stream_done(&stream);
	session_done(&session);
}
