/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_usage.c - what processes cost, against wait4(2) and /proc/self/io.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000LL
#define TICK (10 * MS) /* the coarsest clock tick of any kernel */
#define FEW_TICKS (10 * TICK)
#define SPLIT (2 * TICK) /* user and system are told apart by ticks: each may be one off */

static long long own_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000 * MS + now.tv_nsec;
}

static long long timeval_ns(struct timeval tv)
{
	return tv.tv_sec * 1000 * MS + tv.tv_usec * 1000;
}

/* Half of it in user space, half in the kernel. */
static void burn(long long ns)
{
	static char buf[65536];
	long long end = own_cpu_ns() + ns / 2;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	while (own_cpu_ns() < end) {
		for (volatile int i = 0; i < 100000; i++)
			;
	}
	end += ns / 2;
	while (own_cpu_ns() < end) {
		for (int i = 0; i < 100 && fd >= 0; i++) {
			if (read(fd, buf, sizeof(buf)) < 0)
				break;
		}
	}
	close(fd);
}

static void touch(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < bytes; i += 4096)
		p[i] = 1;
	if (p != MAP_FAILED)
		munmap(p, bytes);
}

static void truth_usage(pid_t pid)
{
	struct rusage ru;
	struct truth t;
	int status;
	long long utime, stime, split;

	if (wait4(pid, &status, 0, &ru) != pid)
		truth_broken("wait4: %s", strerror(errno));
	utime = timeval_ns(ru.ru_utime);
	stime = timeval_ns(ru.ru_stime);
	/*
	 * The kernel splits CPU time by ticks. A guest that was not run for a while gets several at
	 * once, all of one kind; of a short time that can be all that there are.
	 */
	split = utime + stime < FEW_TICKS ? FEW_TICKS : SPLIT + (utime + stime) / 4;
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_range(&t, "utime_ns", utime > split ? utime - split : 0,
		    utime + (stime < split ? stime + SPLIT : split));
	truth_range(&t, "stime_ns", stime > split ? stime - split : 0,
		    stime + (utime < split ? utime + SPLIT : split));
	truth_num(&t, "max_rss_bytes", ru.ru_maxrss * 1024);
	truth_range(&t, "minor_faults", ru.ru_minflt - 16, ru.ru_minflt);
	truth_range(&t, "major_faults", ru.ru_majflt, ru.ru_majflt);
	/* The last switch is away from the dead. */
	truth_range(&t, "voluntary_switches", ru.ru_nvcsw > 4 ? ru.ru_nvcsw - 4 : 0, ru.ru_nvcsw);
	truth_range(&t, "involuntary_switches", ru.ru_nivcsw > 4 ? ru.ru_nivcsw - 4 : 0,
		    ru.ru_nivcsw);
	truth_end(&t);
}

static void rusage(void)
{
	static const struct {
		int ms, mib;
	} list[] = { { 0, 0 }, { 60, 8 }, { 200, 40 } };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		pid_t pid = case_fork();

		if (pid == 0) {
			touch((size_t)list[i].mib << 20);
			burn(list[i].ms * MS);
			_exit(0);
		}
		truth_usage(pid);
	}
}

static void *burn_in_thread(void *arg)
{
	(void)arg;
	burn(50 * MS);
	return NULL;
}

/* Of the whole group: threads that ended long before, and those that end with it. */
static void threads(void)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		pthread_t thread[4];

		for (int i = 0; i < 2; i++)
			pthread_create(&thread[i], NULL, burn_in_thread, NULL);
		for (int i = 0; i < 2; i++)
			pthread_join(thread[i], NULL);
		for (int i = 2; i < 4; i++)
			pthread_create(&thread[i], NULL, burn_in_thread, NULL);
		for (int i = 2; i < 4; i++)
			pthread_join(thread[i], NULL);
		_exit(0);
	}
	truth_usage(pid);
}

/* What children cost is theirs: kept apart in the parent's exit. */
static void children(void)
{
	pid_t *made = case_shared(sizeof(*made));
	int *status = case_shared(sizeof(*status));
	struct rusage *ru = case_shared(sizeof(*ru));
	pid_t pid = case_fork();
	struct truth t;
	long long utime, stime;

	if (pid == 0) {
		pid_t child = fork();

		if (child == 0) {
			touch(20 << 20);
			burn(100 * MS);
			_exit(0);
		}
		*made = child;
		*status = case_reap(child);
		getrusage(RUSAGE_CHILDREN, ru);
		_exit(0);
	}
	int parent_status = case_reap(pid);

	truth_fork(*made, pid);
	truth_exit(*made, *status);
	utime = timeval_ns(ru->ru_utime);
	stime = timeval_ns(ru->ru_stime);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", parent_status >> 8);
	truth_range(&t, "utime_ns", 0, 2 * TICK);
	truth_range(&t, "children_utime_ns", utime - SPLIT, utime + SPLIT);
	truth_range(&t, "children_stime_ns", stime - SPLIT, stime + SPLIT);
	truth_num(&t, "children_max_rss_bytes", ru->ru_maxrss * 1024);
	truth_end(&t);
}

static long long own_io(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char line[128];
	long long value = -1;

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoll(line + strlen(name) + 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return value;
}

/* Bytes that went to storage, as the kernel accounts them. */
static void io(void)
{
	long long *seen = case_shared(2 * sizeof(*seen));
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		static char block[65536];
		int fd = open("written", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		for (int i = 0; i < 32; i++) {
			if (write(fd, block, sizeof(block)) != sizeof(block))
				_exit(1);
		}
		fsync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		if (lseek(fd, 0, SEEK_SET) < 0)
			_exit(1);
		while (read(fd, block, sizeof(block)) > 0)
			;
		close(fd);
		unlink("written");
		seen[0] = own_io("/proc/self/io", "read_bytes");
		seen[1] = own_io("/proc/self/io", "write_bytes");
		_exit(0);
	}
	status = case_reap(pid);
	if (seen[0] < 0)
		truth_skip("no /proc/self/io on this kernel");
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_range(&t, "read_bytes", seen[0], seen[0] + 65536);
	truth_range(&t, "write_bytes", seen[1], seen[1] + 65536);
	truth_end(&t);
}

/* Returns how much of it goes to storage: nothing where files are in memory. */
static long long write_blocks(const char *name, int count)
{
	static const char io[] = "/proc/thread-self/io";
	static char block[65536];
	long long before = own_io(io, "write_bytes");
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (int i = 0; i < count; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			_exit(1);
	close(fd);
	unlink(name);
	return own_io(io, "write_bytes") - before;
}

static long long *written; /* by the process under test, by its child */

static void *write_in_thread(void *arg)
{
	(void)arg;
	written[0] += write_blocks("by-thread", 16);
	return NULL;
}

static void *write_and_end(void *leader)
{
	if (leader)
		pthread_join(*(pthread_t *)leader, NULL);
	written[0] += write_blocks("by-last", 4);
	_exit(0);
}

/*
 * Only their own exits report what children wrote, also where the process had threads. The leader
 * is there to the end, or goes before the last thread.
 */
static void io_apart(void)
{
	static pthread_t leader;

	if (own_io("/proc/thread-self/io", "write_bytes") < 0)
		truth_skip("no /proc/thread-self/io on this kernel");
	for (int leader_first = 0; leader_first < 2; leader_first++) {
		pid_t *made = case_shared(sizeof(*made));
		int *child_status = case_shared(sizeof(*child_status));
		pid_t pid;
		struct truth t;
		int status;

		written = case_shared(2 * sizeof(*written));
		pid = case_fork();
		if (pid == 0) {
			pthread_t thread;
			pid_t child = fork();

			if (child == 0) {
				written[1] = write_blocks("by-child", 64);
				_exit(0);
			}
			*made = child;
			*child_status = case_reap(child);
			pthread_create(&thread, NULL, write_in_thread, NULL);
			pthread_join(thread, NULL);
			written[0] += write_blocks("by-leader", 8);
			if (!leader_first)
				write_and_end(NULL);
			leader = pthread_self();
			pthread_create(&thread, NULL, write_and_end, &leader);
			pthread_exit(NULL);
		}
		status = case_reap(pid);
		truth_fork(*made, pid);
		truth_event(&t, "exit", *made);
		truth_num(&t, "exit_code", *child_status >> 8);
		truth_num(&t, "write_bytes", written[1]);
		truth_end(&t);
		truth_event(&t, "exit", pid);
		truth_num(&t, "exit_code", status >> 8);
		truth_num(&t, "write_bytes", written[0]);
		truth_end(&t);
	}
}

/* Two processes that hand a byte back and forth switch each time. */
static void switches(void)
{
	enum { ROUNDS = 500 };
	int there[2], back[2];
	pid_t pid;
	char c = 0;

	if (pipe(there) < 0 || pipe(back) < 0)
		truth_broken("pipe: %s", strerror(errno));
	pid = case_fork();
	if (pid == 0) {
		for (int i = 0; i < ROUNDS; i++) {
			if (read(there[0], &c, 1) != 1 || write(back[1], &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			truth_broken("pipe: %s", strerror(errno));
	}
	truth_usage(pid);
}

/* A life that is measured: fork to exec, exec to exit. */
static void duration(void)
{
	struct timespec begin, end;
	long long total;
	struct truth t;
	pid_t pid;
	int status;

	clock_gettime(CLOCK_BOOTTIME, &begin);
	pid = case_fork();
	if (pid == 0) {
		burn(30 * MS);
		execve(case_target, (char *const[]){ "t", NULL }, (char *const[]){ NULL });
		_exit(99);
	}
	status = case_reap(pid);
	clock_gettime(CLOCK_BOOTTIME, &end);
	total = (end.tv_sec - begin.tv_sec) * 1000 * MS + end.tv_nsec - begin.tv_nsec;
	truth_event(&t, "exec", pid);
	truth_range(&t, "fork_to_exec_ns", 30 * MS, total);
	truth_range(&t, "exec_ns", 1, total);
	truth_range(&t, "ts_ns", begin.tv_sec * 1000 * MS + begin.tv_nsec,
		    end.tv_sec * 1000 * MS + end.tv_nsec);
	truth_end(&t);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_range(&t, "duration_ns", 30 * MS, total);
	truth_end(&t);
}

static bool write_to(const char *folder, const char *name, const char *value)
{
	char path[512];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* A cgroup that may have 24 MiB; "" if there is no way. */
static bool small_cgroup(char *ret, size_t size)
{
	static const char *const bases[] = { "/sys/fs/cgroup/memory", "/sys/fs/cgroup",
					     "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < 3; i++) {
		snprintf(ret, size, "%s/begat-oom-%d", bases[i], getpid());
		write_to(bases[i], "cgroup.subtree_control", "+memory");
		if (mkdir(ret, 0755) < 0)
			continue;
		if (write_to(ret, "memory.limit_in_bytes", "25165824") ||
		    write_to(ret, "memory.max", "25165824")) {
			write_to(ret, "memory.memsw.limit_in_bytes", "25165824");
			write_to(ret, "memory.swap.max", "0");
			return true;
		}
		rmdir(ret);
	}
	return false;
}

static void oom(void)
{
	char folder[256];
	int *entered = case_shared(sizeof(*entered));
	struct truth t;
	pid_t pid;
	int status;

	if (!small_cgroup(folder, sizeof(folder)))
		truth_skip("no memory cgroup can be made here");
	pid = case_fork();
	if (pid == 0) {
		*entered = write_to(folder, "cgroup.procs", "0");
		if (*entered)
			touch(96 << 20);
		_exit(0);
	}
	status = case_reap(pid);
	/* On v1 the cgroup is busy until the dead task is off its list. */
	while (rmdir(folder) < 0 && errno == EBUSY)
		sched_yield();
	if (!*entered || !WIFSIGNALED(status))
		truth_skip("the memory limit did not kill (status %#x)", status);
	truth_event(&t, "exit", pid);
	truth_raw(&t, "signal", "\"SIGKILL\"");
	truth_raw(&t, "killed_by", "{\"has\":{\"oom\":true}}");
	truth_end(&t);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "rusage", rusage },	  { "threads", threads },
		{ "children", children }, { "io", io },
		{ "io_apart", io_apart }, { "switches", switches },
		{ "duration", duration }, { "oom", oom },
	};

	truth_begin();
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strcmp(what, parts[i].name)) {
			parts[i].run();
			return 0;
		}
	}
	truth_broken("no such part: %s", what);
}
