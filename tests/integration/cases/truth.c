/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/truth.c - the lines of cases/truth.h, and what most cases need.
 *
 * Owns: the text of a truth line, the hand-shake with the harness.
 * Not:  what is true: each case knows that itself.
 */
#include "truth.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VECTOR_BYTES_SHOWN 1024 /* beyond, a vector travels as its hash */

char case_dir[PATH_MAX];
char case_self[PATH_MAX];
char case_target[PATH_MAX + 16];
static int go_fd = -1;

static void write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(99);
		data += n;
		len -= (size_t)n;
	}
}

static void append(struct truth *t, const void *data, size_t len)
{
	if (t->len + len + 1 > t->size) {
		t->size = (t->len + len + 1) * 2;
		t->data = realloc(t->data, t->size);
		if (!t->data)
			abort();
	}
	memcpy(t->data + t->len, data, len);
	t->len += len;
	t->data[t->len] = '\0';
}

static void append_text(struct truth *t, const char *text)
{
	append(t, text, strlen(text));
}

static void append_hex(struct truth *t, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	append_text(t, "\"");
	for (size_t i = 0; i < len; i++) {
		char pair[3];

		snprintf(pair, sizeof(pair), "%02x", bytes[i]);
		append(t, pair, 2);
	}
	append_text(t, "\"");
}

static void append_key(struct truth *t, const char *key)
{
	append_text(t, ",\"");
	append_text(t, key);
	append_text(t, "\":");
}

void truth_event(struct truth *t, const char *event, pid_t pid)
{
	char head[96];

	*t = (struct truth){ 0 };
	snprintf(head, sizeof(head), "{\"event\":\"%s\",\"pid\":%d", event, pid);
	append_text(t, head);
}

void truth_raw(struct truth *t, const char *key, const char *format, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	append_key(t, key);
	append_text(t, text);
}

void truth_num(struct truth *t, const char *key, long long value)
{
	truth_raw(t, key, "%lld", value);
}

void truth_range(struct truth *t, const char *key, long long min, long long max)
{
	truth_raw(t, key, "{\"min\":%lld,\"max\":%lld}", min, max);
}

void truth_bool(struct truth *t, const char *key, bool value)
{
	truth_raw(t, key, "%s", value ? "true" : "false");
}

void truth_absent(struct truth *t, const char *key)
{
	truth_raw(t, key, "{\"absent\":true}");
}

void truth_bytes(struct truth *t, const char *key, const void *data, size_t len)
{
	append_key(t, key);
	append_text(t, "{\"hex\":");
	append_hex(t, data, len);
	append_text(t, "}");
}

void truth_str(struct truth *t, const char *key, const char *value)
{
	truth_bytes(t, key, value, strlen(value));
}

void truth_block(struct truth *t, const char *key, const char *data, size_t bytes)
{
	const char *const counts[] = { "argc", "argv_bytes" };
	const char *const env_counts[] = { "envc", "env_bytes" };
	const char *const *names = !strcmp(key, "argv") ? counts : env_counts;
	uint64_t fnv = 0xcbf29ce484222325ull;
	size_t count = 0;

	for (size_t i = 0; i < bytes; i++) {
		fnv = (fnv ^ (unsigned char)data[i]) * 0x100000001b3ull;
		count += !data[i];
	}
	truth_num(t, names[0], (long long)count);
	truth_num(t, names[1], (long long)bytes);
	if (bytes > VECTOR_BYTES_SHOWN) {
		truth_raw(t, key, "{\"count\":%zu,\"bytes\":%zu,\"fnv\":\"%016llx\"}", count, bytes,
			  (unsigned long long)fnv);
		return;
	}
	append_key(t, key);
	append_text(t, "{\"hexv\":[");
	for (size_t i = 0; i < bytes; i += strlen(data + i) + 1) {
		if (i > 0)
			append_text(t, ",");
		append_hex(t, data + i, strlen(data + i));
	}
	append_text(t, "]}");
}

void truth_vector(struct truth *t, const char *key, char *const strings[])
{
	struct truth block = { 0 };

	for (size_t i = 0; strings[i]; i++)
		append(&block, strings[i], strlen(strings[i]) + 1);
	truth_block(t, key, block.data ? block.data : "", block.len);
	free(block.data);
}

void truth_end(struct truth *t)
{
	append_text(t, "}\n");
	write_all(t->data, t->len);
	free(t->data);
	*t = (struct truth){ 0 };
}

void truth_fork(pid_t pid, pid_t ppid)
{
	struct truth t;

	truth_event(&t, "fork", pid);
	truth_num(&t, "tid", pid);
	truth_num(&t, "ppid", ppid);
	truth_end(&t);
}

void truth_exec(pid_t pid, const char *filename, const char *exe, char *const argv[])
{
	struct truth t;

	truth_event(&t, "exec", pid);
	truth_num(&t, "tid", pid);
	truth_str(&t, "filename", filename);
	if (exe)
		truth_str(&t, "exe", exe);
	if (argv) {
		truth_vector(&t, "argv", argv);
		truth_bool(&t, "argv_truncated", false);
	}
	truth_end(&t);
}

void truth_failed(pid_t pid, const char *filename, int error, char *const argv[])
{
	struct truth t;

	truth_event(&t, "exec_failed", pid);
	truth_str(&t, "filename", filename);
	truth_raw(&t, "errno", "\"%s\"", case_errno_name(error));
	truth_num(&t, "errno_number", error);
	if (argv)
		truth_vector(&t, "argv", argv);
	truth_end(&t);
}

void truth_exit(pid_t pid, int wait_status)
{
	struct truth t;

	truth_event(&t, "exit", pid);
	if (WIFSIGNALED(wait_status)) {
		truth_raw(&t, "signal", "\"%s\"", case_signal_name(WTERMSIG(wait_status)));
		truth_absent(&t, "exit_code");
		truth_bool(&t, "core_dumped", WCOREDUMP(wait_status));
	} else {
		truth_num(&t, "exit_code", WEXITSTATUS(wait_status));
		truth_absent(&t, "signal");
	}
	truth_end(&t);
}

static void say(const char *key, const char *format, va_list ap)
{
	char text[1024], line[2304];
	size_t n = 0;

	vsnprintf(text, sizeof(text), format, ap);
	n += (size_t)snprintf(line, sizeof(line), "{\"%s\":\"", key);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			line[n++] = '\\';
		line[n++] = (unsigned char)*c < ' ' ? ' ' : *c;
	}
	n += (size_t)snprintf(line + n, sizeof(line) - n, "\"}\n");
	write_all(line, n);
}

void truth_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("note", format, ap);
	va_end(ap);
}

void truth_skip(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("skip", format, ap);
	va_end(ap);
	_exit(TRUTH_SKIP);
}

void truth_broken(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("broken", format, ap);
	va_end(ap);
	_exit(98);
}

/* Which descriptors this process was given: begat must not pass on its own. */
static void say_ready(void)
{
	char line[512];
	DIR *dir = opendir("/proc/self/fd");
	size_t n = (size_t)snprintf(line, sizeof(line), "{\"ready\":%d,\"fds\":[", getpid());
	const char *comma = "";

	for (struct dirent *entry; dir && (entry = readdir(dir)) && n < 400;) {
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
			continue;
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", comma, entry->d_name);
		comma = ",";
	}
	if (dir)
		closedir(dir);
	n += (size_t)snprintf(line + n, sizeof(line) - n, "]}\n");
	write_all(line, n);
}

void truth_ignore(pid_t pid)
{
	char line[64];

	snprintf(line, sizeof(line), "{\"sentinel\":%d}\n", pid);
	write_all(line, strlen(line));
}

void case_sentinel(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	case_reap(pid);
	truth_ignore(pid);
}

/* Byte by byte: nothing of the next command may be taken. */
bool truth_command(char *buf, size_t size)
{
	size_t n = 0;
	char c;

	for (;;) {
		ssize_t got = read(go_fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (c == '\n')
			break;
		if (n + 1 < size)
			buf[n++] = c;
	}
	buf[n] = '\0';
	return true;
}

bool truth_has_command(void)
{
	struct pollfd go = { .fd = go_fd, .events = POLLIN };

	return poll(&go, 1, 0) > 0;
}

void truth_begin(void)
{
	const char *go = getenv("BEGAT_TEST_GO");
	char command[64];
	ssize_t n = readlink("/proc/self/exe", case_self, sizeof(case_self) - 1);

	if (n < 0)
		truth_broken("no /proc/self/exe: %s", strerror(errno));
	case_self[n] = '\0';
	snprintf(case_dir, sizeof(case_dir), "%s", case_self);
	*strrchr(case_dir, '/') = '\0';
	snprintf(case_target, sizeof(case_target), "%s/c_target", case_dir);
	say_ready();
	if (!go)
		return;
	go_fd = open(go, O_RDONLY | O_CLOEXEC);
	if (go_fd < 0)
		truth_broken("%s: %s", go, strerror(errno));
	while (truth_command(command, sizeof(command)) && !strcmp(command, "sentinel"))
		case_sentinel();
	if (strcmp(command, "go") != 0)
		_exit(97); /* the harness has gone */
}

pid_t case_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		truth_broken("fork: %s", strerror(errno));
	if (pid > 0)
		truth_fork(pid, parent);
	return pid;
}

int case_reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0) {
		if (errno != EINTR)
			truth_broken("waitpid %d: %s", pid, strerror(errno));
	}
	return status;
}

int case_wait(pid_t pid)
{
	int status = case_reap(pid);

	truth_exit(pid, status);
	return status;
}

void case_copy(const char *from, const char *to)
{
	static char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n = -1;

	while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0) {
		if (write(out, buf, (size_t)n) != n)
			break;
	}
	if (n != 0)
		truth_broken("cannot copy %s to %s: %s", from, to, strerror(errno));
	close(in);
	close(out);
}

void case_write(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, mode) < 0)
		truth_broken("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

pid_t case_outer_pid(void)
{
	char text[32] = "";

	if (readlink("/proc/self", text, sizeof(text) - 1) < 0)
		truth_broken("no /proc/self: %s", strerror(errno));
	return atoi(text);
}

void *case_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		truth_broken("mmap: %s", strerror(errno));
	return p;
}

const char *case_errno_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

const char *case_signal_name(int signal)
{
	static char name[32];
	const char *abbrev = sigabbrev_np(signal);

	if (abbrev)
		snprintf(name, sizeof(name), "SIG%s", abbrev);
	else if (signal == SIGRTMIN)
		snprintf(name, sizeof(name), "SIGRTMIN");
	else
		snprintf(name, sizeof(name), "SIGRTMIN+%d", signal - SIGRTMIN);
	return name;
}
