/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/leaks.c - maps, programs, links, descriptors and processes that begat left.
 *
 * While begat runs, /proc/PID/fdinfo tells the ids of the BPF objects it holds; once it has ended,
 * each of these ids must be gone. The kernel never gives an id again soon, so that others who use
 * BPF at the same time do not disturb.
 */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECTED_MAX 32

static void note(uint32_t *ids, size_t *count, const char *line, const char *key)
{
	unsigned id;

	if (strncmp(line, key, strlen(key)) != 0 || sscanf(line + strlen(key), " %u", &id) != 1)
		return;
	for (size_t i = 0; i < *count; i++) {
		if (ids[i] == id)
			return;
	}
	if (*count < IDS_MAX)
		ids[(*count)++] = id;
}

void leaks_note(struct leaks *leaks, pid_t begat)
{
	char path[300], line[256];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", begat);
	dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", begat, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		while (file && fgets(line, sizeof(line), file)) {
			note(leaks->maps, &leaks->map_count, line, "map_id:");
			note(leaks->programs, &leaks->program_count, line, "prog_id:");
			note(leaks->links, &leaks->link_count, line, "link_id:");
		}
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
	if (!leaks->map_count || !leaks->program_count)
		problem("begat (pid %d) holds %zu maps and %zu programs while it traces: its BPF "
			"objects "
			"cannot be checked",
			begat, leaks->map_count, leaks->program_count);
}

static size_t alive(const uint32_t *ids, size_t count, int command)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		union bpf_attr attr = { .map_id = ids[i] };
		int fd = (int)syscall(SYS_bpf, command, &attr, sizeof(attr));

		if (fd >= 0) {
			close(fd);
			n++;
		}
	}
	return n;
}

void leaks_check(const struct leaks *leaks)
{
	int64_t deadline = now_ms() + 10000;
	size_t maps, programs, links;

	/* Freed after an RCU grace period: wait for one, then look. */
	do {
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		maps = alive(leaks->maps, leaks->map_count, BPF_MAP_GET_FD_BY_ID);
		programs = alive(leaks->programs, leaks->program_count, BPF_PROG_GET_FD_BY_ID);
		links = alive(leaks->links, leaks->link_count, BPF_LINK_GET_FD_BY_ID);
	} while (maps + programs + links > 0 && now_ms() < deadline);
	if (maps + programs + links > 0)
		problem("left in the kernel after begat ended: %zu maps, %zu programs, %zu links",
			maps, programs, links);
}

int leaks_own_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static bool name_of(pid_t pid, char *name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, (int)size, file))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	fclose(file);
	return true;
}

static pid_t expected[EXPECTED_MAX];
static size_t expected_count;

void leaks_expect(pid_t pid)
{
	if (!pid)
		expected_count = 0;
	else if (expected_count < EXPECTED_MAX)
		expected[expected_count++] = pid;
}

static bool is_expected(pid_t pid)
{
	for (size_t i = 0; i < expected_count; i++) {
		if (expected[i] == pid)
			return true;
	}
	return false;
}

/* We are the reaper of all our descendants: whatever was left alone is our child now. */
void leaks_check_processes(void)
{
	char path[64], name[32] = "";
	int64_t end_ms = now_ms() + 10000;
	bool has_left = false;
	FILE *file;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &pid) == 1) {
		if (is_expected(pid))
			continue;
		name_of(pid, name, sizeof(name));
		/* It may be on its way out: its end is what counts, not that it has been. */
		int64_t deadline = now_ms() + 2000;
		bool is_gone = false;

		while (!is_gone && now_ms() < deadline) {
			syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
			is_gone = waitpid(pid, NULL, WNOHANG | __WALL) != 0;
		}
		if (is_gone)
			continue;
		problem("process %d (%s) is still there after the test", pid, name);
		kill(pid, SIGKILL);
		has_left = true;
	}
	if (file)
		fclose(file);
	/* In any order: the init of a PID namespace ends after all that are in there. */
	while (has_left && (pid = waitpid(-1, NULL, __WALL | WNOHANG)) >= 0 && now_ms() < end_ms)
		if (!pid)
			usleep(1000);
}
