/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/cli.c - the command's manners: exit statuses, sentences, signals, outputs.
 */
#include "harness.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A refusal: this status, nothing on stdout, "begat: ..." on stderr that names @word. */
static void check_refused(const struct outcome *outcome, int status, const char *word,
			  const char *what)
{
	const char *err = outcome->err.data ? outcome->err.data : "";

	if (outcome->status != status)
		problem("%s: exit status %d instead of %d: %s", what, outcome->status, status, err);
	if (outcome->out.len)
		problem("%s: writes to stdout: %.200s", what, outcome->out.data);
	if (strncmp(err, "begat: ", 7) != 0 || strchr(err, '\n') != err + strlen(err) - 1)
		problem("%s: not one line that starts with 'begat: ': %s", what, err);
	if (word && !strstr(err, word))
		problem("%s: the sentence does not name %s: %s", what, word, err);
}

#define REFUSED(status, word, ...)                                    \
	do {                                                          \
		struct outcome outcome_;                              \
		begat_call(&outcome_, NULL, __VA_ARGS__, NULL);       \
		check_refused(&outcome_, status, word, #__VA_ARGS__); \
		outcome_done(&outcome_);                              \
	} while (0)

void test_cli_usage(const struct test *test)
{
	struct outcome outcome;
	const char *argv[] = { config.begat, NULL };
	struct spawn spawn = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1 };
	struct child child;

	(void)test;
	REFUSED(2, "wach", "wach");
	REFUSED(2, "watch", "wach");
	REFUSED(2, "--formt", "watch", "--formt", "json");
	REFUSED(2, "--format", "watch", "--formt", "json");
	REFUSED(2, "-Z", "watch", "-Z");
	REFUSED(2, "yaml", "watch", "--format", "yaml");
	REFUSED(2, "forq", "watch", "-e", "forq");
	REFUSED(2, "exxe", "watch", "-w", "exxe == 1");
	REFUSED(2, "`exe`", "watch", "-w", "exxe == 1");
	REFUSED(2, NULL, "watch", "-w", "pid ==");
	REFUSED(2, "abc", "watch", "-p", "abc");
	REFUSED(2, NULL, "watch", "-p", "-5");
	REFUSED(2, "nosuchuser", "watch", "-u", "nosuchuser");
	REFUSED(2, "fast", "watch", "--latency", "fast");
	REFUSED(2, "ebpf", "watch", "--backend", "ebpf");
	REFUSED(2, "smoke", "watch", "--transport", "smoke");
	REFUSED(2, "huge", "watch", "--buffer", "huge");
	REFUSED(2, "extra", "watch", "extra");
	REFUSED(2, NULL, "run");
	REFUSED(2, NULL, "run", "--");
	REFUSED(2, NULL, "watch", "--format");
	begat_call(&outcome, NULL, "--version", NULL);
	if (outcome.status || strncmp(outcome.out.data, "begat ", 6) != 0 || outcome.err.len)
		problem("--version: status %d, %s", outcome.status, outcome.out.data);
	outcome_done(&outcome);
	if (child_spawn(&child, &spawn) == 0) {
		if (child_wait(&child, test_deadline()) != 2 << 8 || child.out_text.len ||
		    !child.err_text.len)
			problem("begat alone: not a usage error on stderr");
		child_done(&child);
	}
}

void test_cli_help(const struct test *test)
{
	static const char *const commands[] = { "run", "watch", "doctor", "bench" };
	struct outcome outcome;

	(void)test;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		size_t lines = 0, widest = 0;

		begat_call(&outcome, NULL, commands[i], "--help", NULL);
		for (const char *at = outcome.out.data; at && *at; lines++) {
			size_t len = strcspn(at, "\n");

			widest = len > widest ? len : widest;
			at += len + (at[len] == '\n');
		}
		if (outcome.status || outcome.err.len || !strstr(outcome.out.data, "Examples:") ||
		    !strstr(outcome.out.data, commands[i]))
			problem("%s --help: status %d, %s", commands[i], outcome.status,
				outcome.out.data);
		if (lines < 5 || lines > 50 || widest > 100)
			problem("%s --help does not fit a screen: %zu lines of up to %zu",
				commands[i], lines, widest);
		outcome_done(&outcome);
	}
	begat_call(&outcome, NULL, "--help", NULL);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (outcome.status || !strstr(outcome.out.data, commands[i]))
			problem("--help does not name %s", commands[i]);
	}
	outcome_done(&outcome);
}

/* run: the command's own status comes through; 127, 126 and 125 as shells use them. */
void test_cli_status(const struct test *test)
{
	static const int codes[] = { 0, 1, 2, 42, 125, 126, 127, 255 };
	static const int signals[] = { SIGTERM, SIGKILL, SIGSEGV };
	char folder[] = "/tmp/begat-cli.XXXXXX", path[64], value[32];
	const char *env[] = { value, NULL };
	struct spawn spawn = { .env = env, .stdout_fd = -1, .stderr_fd = -1 };
	struct outcome outcome;

	(void)test;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		snprintf(value, sizeof(value), "BEGAT_TARGET=exit:%d", codes[i]);
		begat_call(&outcome, &spawn, "run", "--", path_of_case("c_target"), NULL);
		if (outcome.status != codes[i])
			problem("command exits with %d, begat run with %d: %s", codes[i],
				outcome.status, outcome.err.data);
		outcome_done(&outcome);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		snprintf(value, sizeof(value), "BEGAT_TARGET=kill:%d", signals[i]);
		begat_call(&outcome, &spawn, "run", "--", path_of_case("c_target"), NULL);
		if (outcome.status != 128 + signals[i])
			problem("command dies of signal %d, begat run ends with %d", signals[i],
				outcome.status);
		outcome_done(&outcome);
	}
	if (!mkdtemp(folder)) {
		problem("mkdtemp: %s", strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%s/file", folder);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	begat_call(&outcome, NULL, "run", "-q", "--", path, NULL);
	check_refused(&outcome, 126, path, "run of a file without x");
	outcome_done(&outcome);
	begat_call(&outcome, NULL, "run", "-q", "--", folder, NULL);
	check_refused(&outcome, 126, folder, "run of a folder");
	outcome_done(&outcome);
	unlink(path);
	begat_call(&outcome, NULL, "run", "-q", "--", path, NULL);
	check_refused(&outcome, 127, path, "run of a path that is not there");
	outcome_done(&outcome);
	REFUSED(127, "no-such-command", "run", "-q", "no-such-command", "arg");
	rmdir(folder);
}

/* Where begat writes: never into the command's stdout; what cannot be written is said. */
void test_cli_output(const struct test *test)
{
	char name[4300];
	const char *env[] = { "BEGAT_TARGET=report", name, NULL };
	struct spawn spawn = { .env = env, .stdout_fd = -1, .stderr_fd = -1 };
	struct outcome outcome;
	json_t *line;

	(void)test;
	snprintf(name, sizeof(name), "BEGAT_FILENAME=%s", path_of_case("c_target"));
	begat_call(&outcome, &spawn, "run", "--format", "json", "--", path_of_case("c_target"),
		   NULL);
	line = json_loads(outcome.out.data, 0, NULL);
	if (outcome.status || !line || strchr(outcome.out.data, '\n')[1] != '\0')
		problem("run: stdout is not the command's alone: %.300s", outcome.out.data);
	if (!strstr(outcome.err.data, "\"event\":\"exec\""))
		problem("run --format json: no events on stderr");
	json_decref(line);
	outcome_done(&outcome);

	begat_call(&outcome, &spawn, "run", "--", path_of_case("c_target"), NULL);
	if (!strstr(outcome.err.data, "c_target") || !strstr(outcome.err.data, "complete: "))
		problem("run: no summary on stderr: %s", outcome.err.data);
	outcome_done(&outcome);

	begat_call(&outcome, &spawn, "run", "-q", "--", path_of_case("c_target"), NULL);
	if (outcome.status || outcome.err.len)
		problem("run -q says: %s", outcome.err.data);
	outcome_done(&outcome);

	REFUSED(1, "/no/such/folder/x", "watch", "-o", "/no/such/folder/x");
	REFUSED(125, "/no/such/folder/x", "run", "-o", "/no/such/folder/x", "--",
		path_of_case("c_target"));
	REFUSED(1, "/tmp", "watch", "-o", "/tmp");
	begat_call(&outcome, &spawn, "run", "--format", "json", "-o", "/dev/full", "--",
		   path_of_case("c_target"), NULL);
	if (!strstr(outcome.err.data, "/dev/full"))
		problem("run -o /dev/full: nobody is told: %s", outcome.err.data);
	outcome_done(&outcome);
}

void test_cli_rights(const struct test *test)
{
	struct spawn nobody = { .uid = 65534, .stdout_fd = -1, .stderr_fd = -1 };
	struct outcome outcome;
	char text[16];
	pid_t pid;

	(void)test;
	/* A pid that was somebody's just now. */
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	snprintf(text, sizeof(text), "%d", pid);
	REFUSED(1, text, "watch", "-p", text);
	REFUSED(1, "999999999", "watch", "-p", "999999999");
	begat_call(&outcome, &nobody, "watch", NULL);
	check_refused(&outcome, 1, "CAP_BPF", "watch as nobody");
	outcome_done(&outcome);
	begat_call(&outcome, &nobody, "run", "--", path_of_case("c_target"), NULL);
	check_refused(&outcome, 125, "CAP_BPF", "run as nobody");
	outcome_done(&outcome);
	begat_call(&outcome, &nobody, "doctor", NULL);
	if (outcome.status != 1 || !strstr(outcome.out.data, "CAP_BPF"))
		problem("doctor as nobody: status %d: %s", outcome.status, outcome.out.data);
	outcome_done(&outcome);
	begat_call(&outcome, &nobody, "bench", "idle", NULL);
	check_refused(&outcome, 1, "CAP_BPF", "bench as nobody");
	outcome_done(&outcome);
}

static bool says_ready(void *ctx)
{
	const struct child *child = ctx;

	return child->err_text.data && strstr(child->err_text.data, " transport of ");
}

static bool says_status(void *ctx)
{
	const struct child *child = ctx;

	return child->err_text.data && strstr(child->err_text.data, " events so far, ");
}

static bool start_begat(struct child *child, const char *const *argv)
{
	struct spawn spawn = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1, .own_group = true };
	struct child *const list[] = { child };

	if (child_spawn(child, &spawn) < 0 ||
	    !child_pump(list, 1, says_ready, child, test_deadline())) {
		problem("begat does not start: %s",
			child->err_text.data ? child->err_text.data : "");
		return false;
	}
	return true;
}

void test_cli_signals(const struct test *test)
{
	static const int ends[] = { SIGINT, SIGTERM };
	static const int goes_on[] = { SIGHUP, SIGUSR2, SIGPIPE, SIGUSR1 };
	const char *watch[] = { config.begat, "watch", "--format", "json", "-v", NULL };
	const char *env_hold[] = {
		config.begat, "run", "-v", "--", path_of_case("c_target"), NULL
	};
	struct child child;
	int status;

	(void)test;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct leaks leaks = { 0 };

		if (start_begat(&child, watch)) {
			struct child *const list[] = { &child };

			leaks_note(&leaks, child.pid);
			for (size_t k = 0; k < sizeof(goes_on) / sizeof(*goes_on); k++)
				kill(child.pid, goes_on[k]);
			if (!child_pump(list, 1, says_status, &child, test_deadline()))
				problem("watch says nothing about SIGUSR1: %s",
					child.err_text.data);
			kill(child.pid, ends[i]);
			status = child_wait(&child, test_deadline());
			if (status != 0 || !child.out_text.data ||
			    !strstr(child.out_text.data, "\"event\":\"summary\""))
				problem("watch ended by %s: status %#x, no summary",
					sigabbrev_np(ends[i]), status);
			leaks_check(&leaks);
		}
		child_done(&child);
	}
	/* Ctrl-C of a terminal goes to both; kill goes to begat alone, which hands it on. */
	setenv("BEGAT_TARGET", "pause", 1);
	for (size_t i = 0; i < 2; i++) {
		struct leaks leaks = { 0 };

		if (start_begat(&child, env_hold)) {
			struct child *const list[] = { &child };

			leaks_note(&leaks, child.pid);
			/* The command says when it is there. */
			while (!child.out_text.len && child.out >= 0 &&
			       child_pump(list, 1, NULL, NULL, now_ms() + 20))
				;
			while (!child.out_text.len && child.out >= 0)
				child_pump(list, 1, NULL, NULL, now_ms() + 20);
			kill(i ? child.pid : -child.pid, i ? SIGTERM : SIGINT);
			status = child_wait(&child, test_deadline());
			if (!WIFEXITED(status) || WEXITSTATUS(status) != (i ? 143 : 130))
				problem("run ended by %s: wait status %#x", i ? "kill" : "Ctrl-C",
					status);
			if (!strstr(child.err_text.data, "complete: "))
				problem("run ended by a signal has no summary: %s",
					child.err_text.data);
			leaks_check(&leaks);
		}
		child_done(&child);
	}
	unsetenv("BEGAT_TARGET");
}

/* The reader of the stream goes: begat ends too, quietly and at once. */
void test_cli_closed_pipe(const struct test *test)
{
	const char *watch[] = { config.begat, "watch", "--format", "json", "-v", NULL };
	struct leaks leaks = { 0 };
	struct child child;

	(void)test;
	if (start_begat(&child, watch)) {
		size_t said = child.err_text.len;

		leaks_note(&leaks, child.pid);
		close(child.out);
		child.out = -1;
		child_wait(&child, test_deadline());
		if (WIFSIGNALED(child.status))
			problem("watch into a closed pipe died of signal %d",
				WTERMSIG(child.status));
		if (child.err_text.len != said)
			problem("watch into a closed pipe says: %s", child.err_text.data + said);
		leaks_check(&leaks);
	}
	child_done(&child);
}

/* Text: no byte of an argv may move a cursor, colour a screen or forge a line. */
void test_cli_text(const struct test *test)
{
	static const char *const vectors[] = { "escapes", "newlines", "utf8" };
	struct outcome outcome;

	(void)test;
	unsetenv("BEGAT_TEST_GO");
	for (size_t i = 0; i < 3; i++) {
		begat_call(&outcome, NULL, "run", "-e", "exec,exit", "--format", "text", "--",
			   path_of_case("c_args"), "argv", vectors[i], NULL);
		if (!strstr(outcome.err.data, "c_target") && !strstr(outcome.err.data, "exec"))
			problem("no text events: %s", outcome.err.data);
		for (const char *c = outcome.err.data; *c; c++) {
			if ((unsigned char)*c < ' ' && *c != '\n') {
				problem("text for %s has the control character %#x", vectors[i],
					*c);
				break;
			}
		}
		if (strstr(outcome.err.data, "\n{\"event\"") ||
		    strstr(outcome.err.data, "\xe2\x80\xae"))
			problem("text for %s: an argv forged a line or turned it round",
				vectors[i]);
		outcome_done(&outcome);
	}
}

void test_cli_doctor(const struct test *test)
{
	struct outcome outcome;

	(void)test;
	begat_call(&outcome, NULL, "doctor", NULL);
	if (outcome.status != 0 || outcome.err.len || !strstr(outcome.out.data, "BTF") ||
	    !strstr(outcome.out.data, "kprobes") || !strstr(outcome.out.data, "ring buffer") ||
	    !strstr(outcome.out.data, "lockdown"))
		problem("doctor: status %d: %s%s", outcome.status, outcome.out.data,
			outcome.err.data);
	if (!strstr(outcome.out.data, "backend"))
		problem("doctor does not say which backend is used: %s", outcome.out.data);
	outcome_done(&outcome);

	begat_call(&outcome, NULL, "doctor", "--format", "json", NULL);
	if (outcome.status == 0) {
		struct stream stream;

		stream_parse(&stream, &outcome.out);
		if (stream.count < 1)
			problem("doctor --format json says nothing");
		stream_done(&stream);
	} else {
		problem("doctor --format json: status %d: %s", outcome.status, outcome.err.data);
	}
	outcome_done(&outcome);
}

/* It measures, whatever the figures are; the part that is quick in a guest too. */
void test_cli_bench(const struct test *test)
{
	struct outcome outcome;

	(void)test;
	REFUSED(2, "did you mean 'latency'", "bench", "latencz");
	REFUSED(2, "does not apply", "bench", "idle", "--stats");
	begat_call(&outcome, NULL, "bench", "hooks", "--format", "json", NULL);
	if (outcome.status == 0) {
		struct stream stream;

		stream_parse(&stream, &outcome.out);
		if (stream.count < 4 ||
		    !strstr(outcome.out.data, "\"part\":\"machine\",\"begat\"") ||
		    !strstr(outcome.out.data, "\"part\":\"total\",\"met\":"))
			problem("bench --format json: %s", outcome.out.data);
		if (strstr(outcome.out.data, "report it"))
			problem("bench found a bug: %s", outcome.out.data);
		if (!strstr(outcome.out.data, "lifecycle__fork"))
			problem("bench does not tell all: %s", outcome.out.data);
		stream_done(&stream);
	} else {
		problem("bench: status %d: %s", outcome.status, outcome.err.data);
	}
	outcome_done(&outcome);
}

/* Two tracers at once do not disturb each other. */
void test_cli_two(const struct test *test)
{
	const char *watch[] = { config.begat, "watch", "--format", "json", "-v", NULL };
	struct child child;

	(void)test;
	if (start_begat(&child, watch)) {
		struct test inner = { .mode = MODE_PID, .program = "c_exec", .args = { "plain" } };
		struct stream stream;

		leaks_expect(child.pid);
		test_run_case(&inner);
		leaks_expect(0);
		kill(child.pid, SIGINT);
		child_wait(&child, test_deadline());
		stream_parse(&stream, &child.out_text);
		if (!stream_count(&stream, "exec"))
			problem("the first tracer saw nothing of what the second saw");
		stream_done(&stream);
	}
	child_done(&child);
}

/* -e: these kinds only (and what is always told); --where: only what matches. */
void test_cli_events(const struct test *test)
{
	struct outcome outcome;
	struct stream stream;

	(void)test;
	unsetenv("BEGAT_TEST_GO");
	begat_call(&outcome, NULL, "run", "-e", "exec", "--format", "json", "--",
		   path_of_case("c_fork"), "vfork", NULL);
	stream_parse(&stream, &outcome.err);
	if (stream_count(&stream, "exec") != 2 || stream.count != 3 || !stream.summary)
		problem("-e exec: %zu events, %zu of them exec: %.600s", stream.count,
			stream_count(&stream, "exec"), outcome.err.data);
	stream_done(&stream);
	outcome_done(&outcome);

	begat_call(&outcome, NULL, "run", "-w", "event == exit and exit_code == 11", "--format",
		   "json", "--", path_of_case("c_fork"), "vfork", NULL);
	stream_parse(&stream, &outcome.err);
	if (stream_count(&stream, "exit") != 1 || stream.count != 2 || !stream.summary)
		problem("--where: %zu events, %zu of them exit: %.600s", stream.count,
			stream_count(&stream, "exit"), outcome.err.data);
	stream_done(&stream);
	outcome_done(&outcome);
}

/* A process that starts others until it is killed; what begat has to write. */
static pid_t start_churn(void)
{
	pid_t pid = fork();

	while (pid == 0) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	return pid;
}

/* A recording of the machine that cannot be written any more ends at once, and says why. */
void test_cli_record_full(const struct test *test)
{
	char folder[] = "/tmp/begat-full.XXXXXX", path[64];
	struct rlimit before, small = { .rlim_cur = 320 << 10 };
	struct outcome outcome;

	(void)test;
	if (!mkdtemp(folder)) {
		problem("mkdtemp: %s", strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%s/x.db", folder);
	pid_t churn = start_churn();

	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	begat_call(&outcome, NULL, "record", "-o", path, NULL);
	setrlimit(RLIMIT_FSIZE, &before);
	kill(churn, SIGKILL);
	waitpid(churn, NULL, 0);
	if (outcome.status != 1 || !strstr(outcome.err.data, "may not grow") ||
	    !strstr(outcome.err.data, "marked incomplete") ||
	    !strstr(outcome.err.data, "events are not in the recording"))
		problem("record: status %d: %s", outcome.status, outcome.err.data);
	outcome_done(&outcome);
	unlink(path);
	strcat(path, "-wal");
	unlink(path);
	strcpy(path + strlen(path) - 3, "shm");
	unlink(path);
	if (rmdir(folder) < 0)
		problem("rmdir %s: %s", folder, strerror(errno));
}
