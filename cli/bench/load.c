/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/bench/load.c - what `begat bench` measures with: processes to be traced, and floors.
 *
 * Owns:  the helper process that makes processes on demand, and the clock around them.
 * Not:   tracers, bars.
 *
 * The helper is forked before begat has opened anything: it is small, so its forks are cheap, and
 * what a tracer adds to them shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define JOBS_MAX 64
#define HAND_OVER_NS 5000

struct page {
	uint64_t stamp;
	int go;
	uint64_t end_ns[JOBS_MAX];
	unsigned int done[JOBS_MAX];
};

static char *const no_environment[] = { NULL };

static void spawn_one(void)
{
	static char *const argv[] = { "true", NULL };
	pid_t pid = fork();

	if (!pid) {
		execve("/bin/true", argv, no_environment);
		execve("/usr/bin/true", argv, no_environment);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void fail_one(void)
{
	static char *const argv[] = { "cc", "-c", "-O2", "no-such-file.c", NULL };

	execve("/nonexistent/bin/cc", argv, no_environment);
}

static void pause_for(unsigned int us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	if (us)
		nanosleep(&ts, NULL);
}

static void stamp(struct page *page)
{
	__atomic_store_n(&page->stamp, clock_read_ns(CLOCK_BOOTTIME), __ATOMIC_RELEASE);
}

static bool is_past(uint64_t monotonic_ns)
{
	return clock_read_ns(CLOCK_MONOTONIC) > monotonic_ns;
}

static uint64_t end_of(const struct bench_job *job)
{
	return clock_read_ns(CLOCK_MONOTONIC) + job->limit_ms * 1000000ull;
}

/* Returns how many it did. */
static unsigned int work(const struct bench_job *job, struct page *page, int eventfd)
{
	/* A failing exec takes a microsecond, so that the clock is asked less often. */
	unsigned int stride = job->kind == BENCH_FAIL ? 64 : 1;
	const uint64_t one = 1, end = end_of(job);
	unsigned int done = 0;

	for (; done < job->count && (done % stride || !is_past(end)); done++) {
		switch (job->kind) {
		case BENCH_FAIL:
			fail_one();
			break;
		case BENCH_HAND_OVER:
			for (uint64_t start = clock_read_ns(CLOCK_MONOTONIC);
			     !is_past(start + HAND_OVER_NS);)
				;
			stamp(page);
			break;
		case BENCH_KICK:
			stamp(page);
			if (write(eventfd, &one, sizeof(one)) != sizeof(one))
				_exit(1);
			spawn_one();
			break;
		default:
			spawn_one();
		}
		pause_for(job->pause_us);
	}
	return done;
}

static uint64_t children_cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
}

/* Ends with its parent. */
static pid_t fork_job(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	return 0;
}

static void run_jobs(const struct bench_job *job, struct page *page, int eventfd,
		     struct bench_result *result)
{
	uint64_t cpu = children_cpu_ns(), start, end = 0;
	unsigned int jobs = job->jobs < JOBS_MAX ? job->jobs : JOBS_MAX;

	memset(page->end_ns, 0, sizeof(page->end_ns));
	memset(page->done, 0, sizeof(page->done));
	page->go = 0;
	for (unsigned int i = 0; i < jobs; i++) {
		pid_t pid = fork_job();

		if (pid < 0)
			result->error = errno;
		if (pid)
			continue;
		while (!__atomic_load_n(&page->go, __ATOMIC_ACQUIRE))
			usleep(100);
		page->done[i] = work(job, page, eventfd);
		page->end_ns[i] = clock_read_ns(CLOCK_MONOTONIC);
		_exit(0);
	}
	start = clock_read_ns(CLOCK_MONOTONIC);
	__atomic_store_n(&page->go, 1, __ATOMIC_RELEASE);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	for (unsigned int i = 0; i < jobs; i++) {
		end = page->end_ns[i] > end ? page->end_ns[i] : end;
		result->done += page->done[i];
	}
	result->wall_ns = end > start ? end - start : 0;
	result->cpu_ns = children_cpu_ns() - cpu;
}

/* Those that live hang on one process: when it is killed, they get their signal. */
static pid_t live(const struct bench_job *job, struct bench_result *result)
{
	int ready[2];
	pid_t pid;

	if (pipe(ready)) {
		result->error = errno;
		return 0;
	}
	pid = fork_job();
	if (!pid) {
		uint64_t end = end_of(job);
		unsigned int done = 0;

		for (; done < job->count && !is_past(end); done++) {
			pid_t child = fork_job();

			if (child < 0)
				break;
			if (!child)
				for (;;)
					pause();
		}
		if (write(ready[1], &done, sizeof(done)) == sizeof(done))
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &result->done, sizeof(result->done)) < 0)
		result->error = errno;
	close(ready[0]);
	return pid > 0 ? pid : 0;
}

static void serve(int from, int to, struct page *page, int eventfd)
{
	struct bench_job job;
	pid_t living = 0;

	while (read(from, &job, sizeof(job)) == sizeof(job)) {
		struct bench_result result = { 0 };

		if (job.kind == BENCH_LIVE) {
			living = live(&job, &result);
		} else if (job.kind == BENCH_END) {
			if (living)
				kill(living, SIGKILL);
			while (wait(NULL) > 0)
				;
			living = 0;
		} else {
			run_jobs(&job, page, eventfd, &result);
		}
		if (write(to, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

int bench_load_open(struct bench_load *load)
{
	int jobs[2], results[2];
	struct page *page;

	*load = (struct bench_load){ .to = -1, .from = -1, .eventfd = -1 };
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -errno;
	load->stamp = &page->stamp;
	load->eventfd = eventfd(0, EFD_CLOEXEC);
	if (load->eventfd < 0 || pipe2(jobs, O_CLOEXEC))
		return -errno;
	if (pipe2(results, O_CLOEXEC)) {
		close(jobs[0]);
		close(jobs[1]);
		return -errno;
	}
	load->pid = fork_job();
	if (!load->pid) {
		close(jobs[1]);
		close(results[0]);
		serve(jobs[0], results[1], page, load->eventfd);
	}
	close(jobs[0]);
	close(results[1]);
	load->to = jobs[1];
	load->from = results[0];
	return load->pid < 0 ? -errno : 0;
}

void bench_load_close(struct bench_load *load)
{
	if (load->pid > 0) {
		kill(load->pid, SIGKILL); /* the others end with it */
		waitpid(load->pid, NULL, 0);
	}
	if (load->to >= 0)
		close(load->to);
	if (load->from >= 0)
		close(load->from);
	if (load->eventfd >= 0)
		close(load->eventfd);
	if (load->stamp)
		munmap(load->stamp, sizeof(struct page));
	*load = (struct bench_load){ .to = -1, .from = -1, .eventfd = -1 };
}

int bench_load_start(struct bench_load *load, const struct bench_job *job)
{
	return write(load->to, job, sizeof(*job)) == sizeof(*job) ? 0 : -EPIPE;
}

bool bench_load_is_over(struct bench_load *load, int timeout_ms, struct bench_result *ret_result)
{
	struct pollfd fd = { .fd = load->from, .events = POLLIN };

	if (poll(&fd, 1, timeout_ms) < 1)
		return false;
	if (read(load->from, ret_result, sizeof(*ret_result)) != sizeof(*ret_result))
		*ret_result = (struct bench_result){ .error = EPIPE };
	return true;
}

int bench_load_run(struct bench_load *load, const struct bench_job *job,
		   struct bench_result *ret_result)
{
	int err = bench_load_start(load, job);

	while (!err && !bench_load_is_over(load, -1, ret_result))
		;
	return err ? err : -ret_result->error;
}

int bench_floor_wake_up(struct bench_load *load, const struct bench_job *job, struct samples *into)
{
	struct epoll_event want = { .events = EPOLLIN }, got;
	struct bench_result result = { 0 };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int err = -errno;

	if (epoll < 0)
		return err;
	err = epoll_ctl(epoll, EPOLL_CTL_ADD, load->eventfd, &want) ? -errno : 0;
	if (!err)
		err = bench_load_start(load, job);
	while (!err && !bench_load_is_over(load, 0, &result)) {
		uint64_t value;

		if (epoll_wait(epoll, &got, 1, 10) < 1)
			continue;
		samples_add(into, clock_read_ns(CLOCK_BOOTTIME) -
					  __atomic_load_n(load->stamp, __ATOMIC_ACQUIRE));
		if (read(load->eventfd, &value, sizeof(value)) != sizeof(value))
			err = -EIO;
	}
	close(epoll);
	return err ? err : -result.error;
}

int bench_floor_hand_over(struct bench_load *load, struct samples *into)
{
	const struct bench_job job = { BENCH_HAND_OVER, 1, 20000, 0, 1000 };
	struct bench_result result = { 0 };
	uint64_t seen = *load->stamp;
	int err = bench_load_start(load, &job);

	for (unsigned int i = 0; !err; i++) {
		uint64_t value = __atomic_load_n(load->stamp, __ATOMIC_ACQUIRE);

		if (value != seen) {
			samples_add(into, clock_read_ns(CLOCK_BOOTTIME) - value);
			seen = value;
		} else if (!(i & 0xffff) && bench_load_is_over(load, 0, &result)) {
			break;
		}
	}
	return err ? err : -result.error;
}
