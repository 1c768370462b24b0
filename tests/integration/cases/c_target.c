/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_target.c - what other cases exec. Does what $BEGAT_TARGET says, whatever its argv.
 *
 * (nothing)     exit with 0
 * exit:N        exit with N
 * chain:N       exec itself N more times, then exit with 0
 * report        print the exec that made it, as /proc shows it, and exit with 0
 * report+ids    the same with credentials and namespaces
 * kill:N        die of signal N
 * pause         print a line, wait until a signal kills it
 * hold          print nothing, wait until stdin ends, exit with 0
 */
#include "truth.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void report_link(struct truth *t, const char *key, const char *link)
{
	char path[PATH_MAX + 1];
	ssize_t n = readlink(link, path, sizeof(path));

	if (n >= 0)
		truth_bytes(t, key, path, (size_t)n);
}

/* start_code and end_code are the 26th and 27th of /proc/self/stat. */
static void report_stat(struct truth *t)
{
	char text[2048] = "";
	int fd = open("/proc/self/stat", O_RDONLY);
	char *at;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return;
	close(fd);
	at = strrchr(text, ')');
	for (int field = 2; at && field < 26; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return;
	truth_num(t, "start_code", strtoll(at, &at, 10));
	truth_num(t, "end_code", strtoll(at, NULL, 10));
}

static void report_ids(struct truth *t)
{
	static const char *const names[] = { "pid", "mnt", "net", "user", "uts", "ipc", "cgroup" };
	char text[512] = "{\"has\":{";
	size_t n = strlen(text);
	const char *comma = "";

	truth_num(t, "uid", getuid());
	truth_num(t, "euid", geteuid());
	truth_num(t, "gid", getgid());
	truth_num(t, "egid", getegid());
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		if (stat(path, &st) < 0)
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\"%s\":%llu", comma, names[i],
				      (unsigned long long)st.st_ino);
		comma = ",";
	}
	truth_raw(t, "ns", "%s}}", text);
}

static void report(char **argv, bool with_ids)
{
	const char *asked = getenv("BEGAT_FILENAME");
	struct truth t;
	struct stat st;
	char comm[17] = "";

	truth_event(&t, "exec", case_outer_pid());
	truth_num(&t, "ppid", getppid());
	if (asked)
		truth_str(&t, "filename", asked);
	prctl(PR_GET_NAME, comm);
	truth_str(&t, "comm", comm);
	truth_vector(&t, "argv", argv);
	report_link(&t, "exe", "/proc/self/exe");
	report_link(&t, "cwd", "/proc/self/cwd");
	if (stat("/proc/self/exe", &st) == 0) {
		truth_num(&t, "inode", (long long)st.st_ino);
		truth_num(&t, "dev", (long long)st.st_dev);
	}
	report_stat(&t);
	if (with_ids)
		report_ids(&t);
	truth_end(&t);
}

static int chain(char **argv, int more)
{
	char text[32], value[32];
	char *const env[] = { value, NULL };

	if (more == 0)
		return 0;
	snprintf(value, sizeof(value), "BEGAT_TARGET=chain:%d", more - 1);
	snprintf(text, sizeof(text), "%d", more - 1);
	char *const args[] = { "chained", text, NULL };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)argv;
	if (n < 0)
		return 96;
	self[n] = '\0';
	execve(self, args, env);
	return 96;
}

int main(int argc, char **argv)
{
	const char *what = getenv("BEGAT_TARGET");
	char c;

	(void)argc;
	if (!what || !*what)
		return 0;
	if (!strncmp(what, "exit:", 5))
		return atoi(what + 5);
	if (!strncmp(what, "kill:", 5))
		return kill(getpid(), atoi(what + 5)) ? 94 : 93;
	if (!strcmp(what, "pause")) {
		if (write(STDOUT_FILENO, "\n", 1) != 1)
			return 92;
		for (;;)
			pause();
	}
	if (!strncmp(what, "chain:", 6))
		return chain(argv, atoi(what + 6));
	if (!strcmp(what, "report") || !strcmp(what, "report+ids")) {
		report(argv, !strcmp(what, "report+ids"));
		return 0;
	}
	if (!strcmp(what, "hold")) {
		while (read(STDIN_FILENO, &c, 1) > 0)
			;
		return 0;
	}
	return 95;
}
