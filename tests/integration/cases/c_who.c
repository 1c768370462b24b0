/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_who.c - ids, sessions, terminals, capabilities, namespaces, cgroups.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EMPTY_ENV ((char *const[]){ NULL })
#define ARGV ((char *const[]){ "target", "arg", NULL })
#define NOBODY 65534

/* The value of "Name:\t..." in /proc/self/status, without its line end. */
static void own_status(const char *name, char *ret, size_t size)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[512];

	ret[0] = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			snprintf(ret, size, "%s", line + strlen(name) + 2);
	}
	if (file)
		fclose(file);
	ret[strcspn(ret, "\n")] = '\0';
}

static void ids(void)
{
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(2000, 2001, 2002) < 0 ||
		    setresuid(1000, 1001, 1002) < 0)
			truth_broken("setresuid: %s", strerror(errno));
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec", pid);
	truth_num(&t, "uid", 1000);
	truth_num(&t, "euid", 1001);
	truth_num(&t, "gid", 2000);
	truth_num(&t, "egid", 2001);
	truth_raw(&t, "cap_effective", "\"0000000000000000\"");
	truth_end(&t);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_num(&t, "uid", 1000);
	truth_num(&t, "euid", 1001);
	truth_end(&t);
}

/* A set-user-id file: the exec itself changes who it is. */
static void setuid_exec(void)
{
	pid_t pid;
	struct truth t;
	int status;

	case_copy(case_target, "suid");
	if (chown("suid", 0, 0) < 0 || chmod("suid", 06755) < 0)
		truth_broken("chmod: %s", strerror(errno));
	pid = case_fork();
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		    setresuid(NOBODY, NOBODY, NOBODY) < 0)
			truth_broken("setresuid: %s", strerror(errno));
		execve("./suid", ARGV, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec", pid);
	truth_num(&t, "uid", NOBODY);
	truth_num(&t, "gid", NOBODY);
	truth_num(&t, "euid", 0);
	truth_num(&t, "egid", 0);
	truth_end(&t);
	truth_exit(pid, status);
	unlink("suid");
}

/* Effective capabilities before and after some are dropped, as /proc has them. */
static void capabilities(void)
{
	char(*seen)[64] = case_shared(64);
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
		struct __user_cap_data_struct data[2];

		syscall(SYS_capget, &head, data);
		data[0].effective &= ~(1u << CAP_SYS_BOOT | 1u << CAP_CHOWN);
		syscall(SYS_capset, &head, data);
		own_status("CapEff", *seen, sizeof(*seen));
		_exit(0);
	}
	status = case_reap(pid);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_raw(&t, "cap_effective", "\"%s\"", *seen);
	truth_end(&t);
}

static void session(void)
{
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		setsid();
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec", pid);
	truth_num(&t, "sid", pid);
	truth_num(&t, "pgid", pid);
	truth_absent(&t, "tty");
	truth_end(&t);
	truth_exit(pid, status);

	pid = case_fork();
	if (pid == 0) {
		setpgid(0, 0);
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec", pid);
	truth_num(&t, "sid", getsid(0));
	truth_num(&t, "pgid", pid);
	truth_end(&t);
	truth_exit(pid, status);
}

static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status;
	const char *name;
	struct truth t;
	pid_t pid;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || !(name = ptsname(master)))
		truth_skip("no pseudo terminals: %s", strerror(errno));
	pid = case_fork();
	if (pid == 0) {
		int slave;

		setsid();
		slave = open(name, O_RDWR | O_CLOEXEC);
		if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
			truth_broken("%s: %s", name, strerror(errno));
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	truth_event(&t, "exec", pid);
	truth_num(&t, "sid", pid);
	truth_str(&t, "tty", name + strlen("/dev/"));
	truth_end(&t);
	truth_exit(pid, status);
	close(master);
}

static void login(void)
{
	int *result = case_shared(sizeof(*result)), status;
	pid_t pid = case_fork();
	struct truth t;

	if (pid == 0) {
		int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "1234", 4) != 4) {
			*result = errno;
			_exit(1);
		}
		close(fd);
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	if (*result)
		truth_skip("loginuid cannot be set: %s", strerror(*result));
	truth_event(&t, "exec", pid);
	truth_num(&t, "loginuid", 1234);
	truth_end(&t);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_num(&t, "loginuid", 1234);
	truth_end(&t);

	/* Not set: null, if we have none ourselves. */
	char own[32] = "";
	int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, own, sizeof(own) - 1) <= 0 || strcmp(own, "4294967295") != 0)
		return;
	close(fd);
	pid = fork();
	if (pid == 0)
		_exit(0);
	truth_event(&t, "fork", pid);
	truth_absent(&t, "loginuid");
	truth_end(&t);
	case_wait(pid);
}

/* "NSpid:" is the pid at each level, as begat's pids must be. */
static void truth_levels(const char *event)
{
	char pids[128], ppid[32];
	struct truth t;

	own_status("NSpid", pids, sizeof(pids));
	own_status("PPid", ppid, sizeof(ppid));
	for (char *c = pids; *c; c++) {
		if (*c == '\t')
			*c = ',';
	}
	truth_event(&t, event, case_outer_pid());
	if (atoi(ppid) > 0)
		truth_raw(&t, "ppid", "%s", ppid);
	truth_raw(&t, "pids", "[%s]", pids);
	truth_end(&t);
}

/* Each level says of itself how it began; the level above waits and says how it ended. */
static void pid_level(int depth)
{
	int ends[2];
	pid_t inner, outer = 0;

	if (pipe(ends) < 0)
		truth_broken("pipe: %s", strerror(errno));
	inner = (pid_t)syscall(SYS_clone, (depth > 0 ? CLONE_NEWPID : 0) | SIGCHLD, NULL, NULL,
			       NULL, NULL);
	if (inner < 0)
		truth_skip("no PID namespaces: %s", strerror(errno));
	if (inner == 0) {
		outer = case_outer_pid();
		truth_levels("fork");
		if (write(ends[1], &outer, sizeof(outer)) != sizeof(outer))
			_exit(1);
		if (depth > 0) {
			pid_level(depth - 1);
			_exit(depth);
		}
		truth_levels("exec");
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	if (read(ends[0], &outer, sizeof(outer)) != sizeof(outer))
		truth_broken("the inner level did not start");
	truth_exit(outer, case_reap(inner));
	close(ends[0]);
	close(ends[1]);
}

static void pid_namespaces(void)
{
	char own[64];

	own_status("NSpid", own, sizeof(own));
	if (!own[0])
		truth_skip("no NSpid in /proc/self/status");
	pid_level(3);
}

/* A process that moves into a new namespace and execs: the program itself says which. */
static void namespaces(void)
{
	static const int kinds[] = { CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS,
				     CLONE_NEWCGROUP };
	int *error = case_shared(sizeof(*error));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			*error = unshare(kinds[i]) < 0 ? errno : 0;
			if (*error)
				_exit(0);
			execve(case_target, ARGV,
			       (char *const[]){ "BEGAT_TARGET=report+ids", NULL });
			_exit(errno);
		}

		int status = case_reap(pid);

		if (*error) {
			truth_ignore(pid);
			truth_note("namespace %#x: %s", (unsigned)kinds[i], strerror(*error));
			continue;
		}
		truth_fork(pid, getpid());
		truth_exit(pid, status);
	}
}

/* ---- cgroups ---- */

/* Where a hierarchy is mounted; @v1: a controller's name, NULL = v2. */
static bool find_hierarchy(const char *v1, char *ret, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[1024], device[128], path[256], type[64], options[512];
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts)) {
		if (sscanf(line, "%127s %255s %63s %511s", device, path, type, options) != 4)
			continue;
		found = v1 ? !strcmp(type, "cgroup") && strstr(options, v1)
			   : !strcmp(type, "cgroup2");
	}
	if (mounts)
		fclose(mounts);
	snprintf(ret, size, "%s", path);
	return found;
}

static void enter_or_skip(const char *folder)
{
	char procs[1100];
	int fd;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", folder);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		truth_skip("cannot enter %s: %s", folder, strerror(errno));
	close(fd);
}

static void cgroup_in(const char *base, const char *parent, const char *name, const char *path,
		      const char *id, const char *runtime)
{
	char folder[1024], top[512];
	pid_t pid, grandchild;
	pid_t *made = case_shared(sizeof(*made));
	struct truth t;
	int status;

	snprintf(top, sizeof(top), "%s/%s", base, parent);
	snprintf(folder, sizeof(folder), "%s/%s", top, name);
	if ((mkdir(top, 0755) < 0 && errno != EEXIST) ||
	    (mkdir(folder, 0755) < 0 && errno != EEXIST))
		truth_skip("cannot make a cgroup %s: %s", folder, strerror(errno));
	pid = case_fork();
	if (pid == 0) {
		enter_or_skip(folder);
		grandchild = fork();
		if (grandchild == 0)
			_exit(0);
		*made = grandchild;
		case_reap(grandchild);
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	status = case_reap(pid);
	rmdir(folder);
	rmdir(top);
	for (int i = 0; i < 4; i++) {
		truth_event(&t,
			    i == 0   ? "fork"
			    : i == 1 ? "exit"
			    : i == 2 ? "exec"
				     : "exit",
			    i < 2 ? *made : pid);
		truth_str(&t, "cgroup", path);
		if (id) {
			truth_str(&t, "container_id", id);
			truth_str(&t, "container_runtime", runtime);
		} else {
			truth_absent(&t, "container_id");
		}
		if (i == 3)
			truth_num(&t, "exit_code", status >> 8);
		truth_end(&t);
	}
}

#define CONTAINER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void cgroup(const char *v1)
{
	char base[256];

	if (!find_hierarchy(v1, base, sizeof(base)))
		truth_skip(v1 ? "no cgroup v1 hierarchy for %s" : "no cgroup v2%s", v1 ? v1 : "");
	cgroup_in(base, "begat-test", "plain", "/begat-test/plain", NULL, NULL);
	cgroup_in(base, "docker", CONTAINER_ID, "/docker/" CONTAINER_ID, CONTAINER_ID, "docker");
	cgroup_in(base, "begat-test.slice", "cri-containerd-" CONTAINER_ID ".scope",
		  "/begat-test.slice/cri-containerd-" CONTAINER_ID ".scope", CONTAINER_ID,
		  "containerd");
	cgroup_in(base, "machine.slice", "libpod-" CONTAINER_ID ".scope",
		  "/machine.slice/libpod-" CONTAINER_ID ".scope", CONTAINER_ID, "podman");
}

/*
 * Both mounted: an engine that manages v1 leaves its container in the v2 cgroup of its own service.
 * What is no container is where v2 has it.
 */
static void cgroup_hybrid(void)
{
	char v1[256], v2[256], service[300];

	if (!find_hierarchy("pids", v1, sizeof(v1)) || !find_hierarchy(NULL, v2, sizeof(v2)))
		truth_skip("not both of cgroup v1 and v2");
	snprintf(service, sizeof(service), "%s/begat-engine.service", v2);
	if (mkdir(service, 0755) < 0 && errno != EEXIST)
		truth_skip("cannot make a cgroup %s: %s", service, strerror(errno));
	enter_or_skip(service);
	cgroup_in(v1, "docker", CONTAINER_ID, "/docker/" CONTAINER_ID, CONTAINER_ID, "docker");
	cgroup_in(v1, "begat-test", "plain", "/begat-engine.service", NULL, NULL);
	enter_or_skip(v2);
	rmdir(service);
}

/* In a cgroup that is there already. */
static void enter(const char *folder)
{
	pid_t pid = case_fork();

	if (pid == 0) {
		enter_or_skip(folder);
		execve(case_target, ARGV, EMPTY_ENV);
		_exit(errno);
	}
	truth_exec(pid, case_target, case_target, ARGV);
	case_wait(pid);
}

/* The same where /proc says it, whatever is mounted: begat must name one of these. */
static void cgroup_own(void)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[1024], best[1024] = "/";
	int best_rank = 9;
	struct truth t;
	pid_t pid;

	while (file && fgets(line, sizeof(line), file)) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		int rank;

		if (!path)
			continue;
		*path++ = '\0';
		names++;
		path[strcspn(path, "\n")] = '\0';
		rank = !*names						      ? 0
		       : !strcmp(names, "pids")				      ? 1
		       : !strcmp(names, "memory")			      ? 2
		       : !strncmp(names, "cpu", 3) && strcmp(names, "cpuset") ? 3
									      : 9;
		if (rank < best_rank && strcmp(path, "/") != 0) {
			best_rank = rank;
			snprintf(best, sizeof(best), "%s", path);
		}
	}
	if (!file)
		truth_skip("no /proc/self/cgroup: %s", strerror(errno));
	fclose(file);
	pid = fork();
	if (pid == 0)
		_exit(0);
	truth_event(&t, "fork", pid);
	truth_str(&t, "cgroup", best);
	truth_end(&t);
	case_wait(pid);
}

/* clone3 puts the child into its cgroup at birth: the fork event must have it already. */
static void cgroup_at_birth(void)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	char base[256], folder[512], path[64];
	struct truth t;
	pid_t pid;
	int fd;

	if (!find_hierarchy(NULL, base, sizeof(base)))
		truth_skip("no cgroup v2");
	snprintf(path, sizeof(path), "/begat-birth-%d", getpid());
	snprintf(folder, sizeof(folder), "%s%s", base, path);
	if (mkdir(folder, 0755) < 0)
		truth_skip("cannot make a cgroup %s: %s", folder, strerror(errno));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	args.cgroup = (uint64_t)fd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	if (pid < 0) {
		int error = errno;

		rmdir(folder);
		truth_skip("clone3 into a cgroup: %s", strerror(error));
	}
	truth_event(&t, "fork", pid);
	truth_str(&t, "cgroup", path);
	truth_end(&t);
	case_wait(pid);
	close(fd);
	rmdir(folder);
}

/* The same pid twice: two processes, two ids. */
static void pid_reuse(void)
{
	pid_t wanted = 0, pid;

	for (int i = 0; i < 4; i++) {
		pid_t set_tid[1] = { wanted };
		struct clone_args args = { .exit_signal = SIGCHLD,
					   .set_tid = wanted ? (uintptr_t)set_tid : 0,
					   .set_tid_size = wanted ? 1 : 0 };

		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (pid == 0)
			_exit(50 + i);
		if (pid < 0 && errno == EEXIST)
			truth_skip("somebody else took pid %d meanwhile", wanted);
		if (pid < 0)
			truth_skip("clone3 with a chosen pid: %s", strerror(errno));
		truth_fork(pid, getpid());
		case_wait(pid);
		wanted = pid;
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "ids", ids },
		{ "setuid", setuid_exec },
		{ "capabilities", capabilities },
		{ "session", session },
		{ "terminal", terminal },
		{ "login", login },
		{ "pid_namespaces", pid_namespaces },
		{ "namespaces", namespaces },
		{ "cgroup_own", cgroup_own },
		{ "cgroup_hybrid", cgroup_hybrid },
		{ "cgroup_at_birth", cgroup_at_birth },
		{ "pid_reuse", pid_reuse },
	};

	truth_begin();
	if (!strcmp(what, "cgroup")) {
		cgroup(argc > 2 ? argv[2] : NULL);
		return 0;
	}
	if (!strcmp(what, "enter") && argc > 2) {
		enter(argv[2]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strcmp(what, parts[i].name)) {
			parts[i].run();
			return 0;
		}
	}
	truth_broken("no such part: %s", what);
}
