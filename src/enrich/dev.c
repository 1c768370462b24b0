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

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* From the kernel's cache: no server of a file system (FUSE, NFS) is asked. */
static bool stat_exe(uint32_t proc_pid, const struct begat_event *ev, dev_t *ret_dev)
{
	struct statx st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/exe", proc_pid);
	if (!proc_pid ||
	    statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &st) ||
	    st.stx_ino != ev->inode)
		return false;
	*ret_dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	return true;
}

void enrich_dev(uint32_t proc_pid, struct begat_event *ev)
{
	dev_t dev;

	if (!begat_event_has(ev, BEGAT_F_DEV))
		return;
	ev->fs_dev = ev->dev;
	if (stat_exe(proc_pid, ev, &dev))
		ev->dev = dev;
	else
		ev->has.bits[BEGAT_F_DEV / 64] &= ~(1ull << BEGAT_F_DEV % 64);
	if (!begat_event_has(ev, BEGAT_F_DEV) || ev->dev != ev->fs_dev)
		begat_fields_add(&ev->has, BEGAT_F_FS_DEV);
}
