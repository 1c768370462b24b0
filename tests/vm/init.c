/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/init.c - process 1 of a guest: mounts, modules, one command, its result, power off.
 *
 * Owns:    what a guest looks like before the command runs, and the lines that tell the host how
 *          it went: GUEST-BEGIN, GUEST-DMESG-BEGIN/END around the kernel log, GUEST-RC n.
 * Not:     booting and judging (run-guest.sh), what is in the initramfs (build-initramfs.sh).
 * Called:  by the kernel, as /init. Static, so that it needs nothing but itself.
 *
 * Reads /guest/options, "key value" lines: root virtiofs (the command runs in the host's root,
 * read-only), cwd DIR, hostname NAME, cgroup1 CONTROLLER (v1 mount beside the v2 one). The command
 * is the script /guest/command.
 *
 * Invariants
 *  (1) GUEST-RC is printed exactly once, last; a guest without that line died.
 *  (2) What cannot be set up is said, and the command does not run: a test that would skip for
 *      lack of a mount must not pass for it. Only what old kernels lack is optional.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARE "/share"
#define GUEST_RC_BROKEN 125

enum { KLOG_READ_ALL = 3, KLOG_SIZE = 10 };

struct options {
	bool has_host_root;
	char cwd[PATH_MAX];
	char hostname[64];
	char cgroup1[64];
};

static bool is_broken;

static void complain(const char *format, ...)
{
	va_list args;

	is_broken = true;
	printf("guest init: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", strerror(errno));
}

static void make_dirs(const char *path)
{
	char part[PATH_MAX];

	for (size_t i = 1; path[i - 1]; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		mkdir(part, 0755);
	}
}

static void mount_at(const char *type, const char *target, const char *data)
{
	make_dirs(target);
	if (mount(type, target, type, 0, data))
		complain("cannot mount %s at %s", type, target);
}

static void mount_kernel_views(const struct options *options)
{
	mount_at("proc", "/proc", NULL);
	mount_at("sysfs", "/sys", NULL);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) && errno != EBUSY)
		complain("cannot mount devtmpfs at /dev");
	mount_at("devpts", "/dev/pts", "ptmxmode=0666");
	mount_at("tmpfs", "/dev/shm", NULL);
	mount_at("tmpfs", "/run", "mode=0755");
	mount_at("tmpfs", "/tmp", "mode=1777");
	mount_at("securityfs", "/sys/kernel/security", NULL);
	/* lockdown=confidentiality does not forbid these mounts, only what is in them. */
	mount_at("debugfs", "/sys/kernel/debug", NULL);
	mount_at("tracefs", "/sys/kernel/tracing", NULL);
	mount_at("bpf", "/sys/fs/bpf", NULL);
	if (options->cgroup1[0]) {
		char target[PATH_MAX], data[80];

		mount_at("tmpfs", "/sys/fs/cgroup", "mode=0755");
		mount_at("cgroup2", "/sys/fs/cgroup/unified", NULL);
		snprintf(target, sizeof(target), "/sys/fs/cgroup/%s", options->cgroup1);
		snprintf(data, sizeof(data), "%s%s",
			 strncmp(options->cgroup1, "name=", 5) ? "" : "none,", options->cgroup1);
		mount_at("cgroup", target, data);
	} else {
		mount_at("cgroup2", "/sys/fs/cgroup", NULL);
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static int is_module(const struct dirent *entry)
{
	return strstr(entry->d_name, ".ko") != NULL;
}

/* /modules is numbered in the order of loading. */
static void load_modules(void)
{
	struct dirent **entries;
	int count = scandir("/modules", &entries, is_module, alphasort);

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "/modules/%s", entries[i]->d_name);
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			complain("cannot load %s", path);
		close(fd);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* Where the command runs may lie in a place that is empty here, as /tmp is: then it is shown there. */
static void uncover(int cwd_fd, const char *cwd)
{
	char target[PATH_MAX + sizeof(SHARE)], source[32];

	snprintf(target, sizeof(target), SHARE "%s", cwd);
	if (!access(target, F_OK))
		return;
	make_dirs(target);
	snprintf(source, sizeof(source), "/proc/self/fd/%d", cwd_fd);
	if (mount(source, target, NULL, MS_BIND | MS_REC, NULL))
		complain("cannot show %s", cwd);
}

/* The host's root, with this guest's own kernel views and empty places to write to. */
static void mount_host_root(const struct options *options)
{
	static const char *const moved[] = { "/sys", "/dev", "/tmp", "/run" };
	char target[PATH_MAX + sizeof(SHARE)];
	int cwd_fd;

	make_dirs(SHARE);
	if (mount("share", SHARE, "virtiofs", MS_RDONLY, NULL)) {
		complain("cannot mount the host's root");
		return;
	}
	snprintf(target, sizeof(target), SHARE "%s", options->cwd);
	cwd_fd = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd_fd < 0) {
		complain("cannot see %s", options->cwd);
		return;
	}
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		snprintf(target, sizeof(target), SHARE "%s", moved[i]);
		if (mount(moved[i], target, NULL, MS_MOVE, NULL))
			complain("cannot move %s to %s", moved[i], target);
	}
	if (mount("tmpfs", SHARE "/var/tmp", "tmpfs", 0, "mode=1777"))
		complain("cannot mount tmpfs at /var/tmp");
	uncover(cwd_fd, options->cwd);
	close(cwd_fd);
	/* The last: until here it was needed. */
	if (mount("/proc", SHARE "/proc", NULL, MS_MOVE, NULL))
		complain("cannot move /proc");
}

static void read_options(struct options *ret_options)
{
	FILE *file = fopen("/guest/options", "re");
	char line[PATH_MAX + 64];

	if (!file) {
		complain("cannot read /guest/options");
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "root"))
			ret_options->has_host_root = !strcmp(value, "virtiofs");
		else if (!strcmp(line, "cwd"))
			snprintf(ret_options->cwd, sizeof(ret_options->cwd), "%s", value);
		else if (!strcmp(line, "hostname"))
			snprintf(ret_options->hostname, sizeof(ret_options->hostname), "%.63s",
				 value);
		else if (!strcmp(line, "cgroup1"))
			snprintf(ret_options->cgroup1, sizeof(ret_options->cgroup1), "%.63s",
				 value);
	}
	fclose(file);
}

static void run_command(const struct options *options)
{
	char *script = options->has_host_root ? "/run/guest-command" : "/guest/command";
	char *argv[] = { "sh", script, NULL };
	char *envp[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			 "HOME=/root",
			 "TERM=dumb",
			 "LANG=C.UTF-8",
			 "BEGAT_IN_GUEST=1",
			 NULL };
	int null_fd = open("/dev/null", O_RDONLY);

	setsid();
	dup2(null_fd, STDIN_FILENO);
	close(null_fd);
	if (options->has_host_root && chroot(SHARE)) {
		complain("cannot chroot");
		_exit(GUEST_RC_BROKEN);
	}
	if (chdir(options->cwd[0] ? options->cwd : "/")) {
		complain("cannot enter %s", options->cwd);
		_exit(GUEST_RC_BROKEN);
	}
	execve("/bin/sh", argv, envp);
	complain("cannot run /bin/sh");
	_exit(GUEST_RC_BROKEN);
}

/* The command's script must be seen from within the host's root: /run is ours there. */
static void copy_command(void)
{
	char buffer[65536];
	int in = open("/guest/command", O_RDONLY | O_CLOEXEC);
	int out = open(SHARE "/run/guest-command", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ssize_t bytes;

	while ((bytes = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)bytes) != bytes)
			bytes = -1;
	if (in < 0 || out < 0 || bytes < 0)
		complain("cannot copy the command");
	close(in);
	close(out);
}

/* As process 1 it reaps whatever the command leaves behind, too. */
static int wait_for(pid_t child)
{
	int status;

	for (;;) {
		pid_t pid = wait(&status);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return GUEST_RC_BROKEN;
		if (pid == child)
			break;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void print_kernel_log(void)
{
	int size = klogctl(KLOG_SIZE, NULL, 0);
	char *log = size > 0 ? malloc((size_t)size) : NULL;
	int bytes = log ? klogctl(KLOG_READ_ALL, log, size) : -1;

	printf("\nGUEST-DMESG-BEGIN\n");
	if (bytes > 0)
		fwrite(log, 1, (size_t)bytes, stdout);
	else
		complain("cannot read the kernel log");
	printf("\nGUEST-DMESG-END\n");
	free(log);
}

int main(void)
{
	struct options options = { 0 };
	int rc = GUEST_RC_BROKEN;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("\n");
	read_options(&options);
	mount_kernel_views(&options);
	load_modules();
	if (options.hostname[0])
		sethostname(options.hostname, strlen(options.hostname));
	if (options.has_host_root) {
		mount_host_root(&options);
		copy_command();
	}

	if (!is_broken) {
		printf("GUEST-BEGIN\n");
		pid_t child = fork();

		if (child == 0)
			run_command(&options);
		if (child > 0)
			rc = wait_for(child);
	}
	print_kernel_log();
	printf("\nGUEST-RC %d\n", rc);
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
