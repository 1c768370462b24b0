/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctable/image.c - what a process runs: exe and the first 4 KiB of argv, in one block.
 *
 * Owns:    struct image, shared by reference from a process to the children it forks.
 * Not:     which process has which image (apply.c).
 *
 * Invariant: an image with more than one reference never changes.
 */
#include "proctable/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event/strv.h"

#define EXE_BYTES_MAX 8192 /* a path of the kernel's and its marks is about half of it */

struct image *image_share(struct image *image)
{
	if (image)
		image->refs++;
	return image;
}

void image_release(struct image *image)
{
	if (image && !--image->refs)
		free(image);
}

/* The old block if it is ours alone and fits without waste, else a new one. */
static struct image *make_room(struct image *old, size_t bytes)
{
	if (old && old->refs == 1 && bytes <= old->capacity && old->capacity <= 4 * bytes + 256)
		return old;

	size_t capacity = (bytes + 31) & ~(size_t)31;
	struct image *image = malloc(sizeof(*image) + capacity);

	if (!image)
		return NULL;
	image->capacity = (uint32_t)capacity;
	image->refs = 1;
	image_release(old);
	return image;
}

/*
 * After an exec, also one of which neither exe nor argv was captured: the old image is gone in any
 * case. The event's strings must not lie in the old one.
 */
int image_set(struct image **image, const struct begat_event *ev)
{
	bool has_exe = begat_event_has(ev, BEGAT_F_EXE);
	bool has_argv = begat_event_has(ev, BEGAT_F_ARGV);

	if (!has_exe && !has_argv) {
		image_release(*image);
		*image = NULL;
		return 0;
	}

	size_t exe_len = has_exe ? ev->exe.len : 0;
	struct begat_strv argv = { 0 };

	if (exe_len > EXE_BYTES_MAX)
		exe_len = EXE_BYTES_MAX;
	if (has_argv)
		argv = strv_cut(&ev->argv, STRV_KEPT_BYTES);

	struct image *room = make_room(*image, exe_len + 1 + argv.bytes);

	if (!room) {
		image_release(*image);
		*image = NULL;
		return -ENOMEM;
	}
	room->exe_len = (uint32_t)exe_len;
	room->argv_bytes = (uint32_t)argv.bytes;
	room->argv_count = argv.count;
	room->has_exe = has_exe;
	room->has_argv = has_argv;
	room->is_truncated = has_argv && (ev->argv_truncated || argv.bytes < ev->argv.bytes);
	room->is_rewritten =
		has_argv && begat_event_has(ev, BEGAT_F_ARGV_REWRITTEN) && ev->argv_rewritten;
	if (exe_len)
		memcpy(room->text, ev->exe.data, exe_len);
	room->text[exe_len] = '\0';
	if (argv.bytes) {
		memcpy(room->text + exe_len + 1, argv.data, argv.bytes);
		room->text[exe_len + argv.bytes] = '\0'; /* where one long string was cut */
	}
	*image = room;
	return 0;
}
