/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/with-caps.c - run a command with fewer capabilities, or as a user with exactly some.
 *
 * usage: with-caps -d CAP[,CAP...] COMMAND...          root without these
 *        with-caps -u UID -k CAP[,CAP...] COMMAND...   that user with exactly these
 *
 * Guests have busybox only, and its tools know nothing of ambient capabilities.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} capabilities[] = {
	{ "bpf", 39 },	      { "perfmon", 38 },	{ "sys_admin", 21 },
	{ "sys_ptrace", 19 }, { "dac_read_search", 2 },
};

static void die(const char *what)
{
	fprintf(stderr, "with-caps: %s: %s\n", what, strerror(errno));
	exit(125);
}

static uint64_t read_set(char *list)
{
	uint64_t set = 0;

	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		uint64_t before = set;

		for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
			if (!strcmp(name, capabilities[i].name))
				set |= UINT64_C(1) << capabilities[i].number;
		if (set == before) {
			errno = EINVAL;
			die(name);
		}
	}
	return set;
}

static void drop(uint64_t set)
{
	for (int cap = 0; cap < 64; cap++)
		if (set >> cap & 1 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			die("cannot drop from the bounding set");
}

static void become(uid_t uid, uint64_t set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(set >> (32 * i));

		data[i].effective = data[i].permitted = data[i].inheritable = half;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		die("cannot become that user");
	if (syscall(SYS_capset, &header, data))
		die("cannot set capabilities");
	for (int cap = 0; cap < 64; cap++)
		if (set >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			die("cannot raise an ambient capability");
}

int main(int argc, char **argv)
{
	uint64_t dropped = 0, kept = 0;
	uid_t uid = 0;
	int option;

	while ((option = getopt(argc, argv, "+d:u:k:")) != -1) {
		switch (option) {
		case 'd':
			dropped = read_set(optarg);
			break;
		case 'u':
			uid = (uid_t)atoi(optarg);
			break;
		case 'k':
			kept = read_set(optarg);
			break;
		default:
			return 125;
		}
	}
	if (optind == argc || (uid == 0 && !dropped)) {
		fputs("usage: with-caps -d CAPS | -u UID -k CAPS COMMAND...\n", stderr);
		return 125;
	}
	drop(dropped);
	if (uid)
		become(uid, kept);
	execvp(argv[optind], argv + optind);
	die(argv[optind]);
}
