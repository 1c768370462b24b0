/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enrich/dev.c - the device of the file that runs, as stat(2) shows it.
 *
 * A file system with layers or subvolumes (overlayfs, btrfs) has one device number for itself and
 * others for its files. Which one a file has only its own code knows; so it is asked, by way of
 * /proc/PID/exe, which is that very file whatever the mounts are.
 *
 * Invariant: dev is what stat(2) shows, or absent. The inode must be the one that was recorded: the
 * process may run another file by now.
 */
#include "enrich/enrich.h"

#include <stdio.h>
#include <sys/stat.h>

static bool stat_exe(uint32_t proc_pid, const struct begat_event *ev, struct stat *ret_stat)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/exe", proc_pid);
	return proc_pid && !stat(path, ret_stat) && ret_stat->st_ino == ev->inode;
}

void enrich_dev(uint32_t proc_pid, struct begat_event *ev)
{
	struct stat st;

	if (!begat_event_has(ev, BEGAT_F_DEV))
		return;
	ev->fs_dev = ev->dev;
	if (stat_exe(proc_pid, ev, &st))
		ev->dev = st.st_dev;
	else
		ev->has.bits[BEGAT_F_DEV / 64] &= ~(1ull << BEGAT_F_DEV % 64);
	if (!begat_event_has(ev, BEGAT_F_DEV) || ev->dev != ev->fs_dev)
		begat_fields_add(&ev->has, BEGAT_F_FS_DEV);
}
