/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/rights.c - see rights.h.
 */
#include "rights.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sets {
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static bool read_sets(struct sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return geteuid() != 0 && syscall(SYS_capget, &header, sets->data) == 0;
}

static void write_sets(const struct sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	/* To have less is always allowed, and so is to have what is permitted. */
	syscall(SYS_capset, &header, sets->data);
}

bool rights_are_set_id(void)
{
	return getuid() != geteuid() || getgid() != getegid();
}

void rights_rest(void)
{
	struct sets sets;

	if (!read_sets(&sets))
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets.data[i].effective = 0;
	write_sets(&sets);
}

void rights_take(void)
{
	struct sets sets;

	if (!read_sets(&sets))
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets.data[i].effective = sets.data[i].permitted;
	write_sets(&sets);
}

void rights_drop(void)
{
	struct sets sets;

	if (!read_sets(&sets))
		return;
	memset(&sets, 0, sizeof(sets));
	write_sets(&sets);
}
