/* SPDX-License-Identifier: BSD-2-Clause */
/* bench/lib/bench.c - see bench.h. */
#include "bench.h"

#include <err.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static void make_parents(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(copy, 0777);
		*slash = '/';
	}
}

static void read_first_line(const char *command, char *out, size_t size)
{
	FILE *from = popen(command, "r");

	out[0] = '\0';
	if (from && fgets(out, (int)size, from))
		out[strcspn(out, "\n")] = '\0';
	if (from)
		pclose(from);
}

/* What every row says of where it comes from. */
static const char *origin(void)
{
	static char text[512];
	char commit[64], cpu[128];
	struct utsname host;

	if (text[0])
		return text;
	uname(&host);
	read_first_line(
		"git -c safe.directory='*' describe --always --dirty --abbrev=12 2>/dev/null",
		commit, sizeof(commit));
	read_first_line("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo", cpu, sizeof(cpu));
	snprintf(text, sizeof(text),
		 "\"machine\":\"%s, %d CPUs\",\"kernel\":\"%s\",\"arch\":\"%s\",\"commit\":\"%s\"",
		 cpu, bench_cpus(), host.release, host.machine, commit);
	return text;
}

void bench_row(const char *bench, const char *mode, const char *format, ...)
{
	const char *path = getenv("BENCH_RESULTS");
	char when[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list args;
	FILE *out;

	if (!path)
		path = "build/bench/results.jsonl";
	make_parents(path);
	out = fopen(path, "a");
	if (!out)
		err(1, "%s", path);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	fprintf(out, "{\"when\":\"%s\",%s,\"bench\":\"%s\",\"mode\":\"%s\",", when, origin(), bench,
		mode);
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fputs("}\n", out);
	if (fclose(out))
		err(1, "%s", path);
}

const char *bench_dir(void)
{
	static char dir[PATH_MAX];
	ssize_t n;

	if (dir[0])
		return dir;
	n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (n < 0)
		err(1, "/proc/self/exe");
	dir[n] = '\0';
	*strrchr(dir, '/') = '\0';
	return dir;
}

int bench_cpus(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

void bench_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (cpu < 0 ? i < bench_cpus() : i == cpu)
			CPU_SET(i, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity: CPU %d", cpu);
}
