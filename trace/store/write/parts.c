/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/write/parts.c - the files of a recording that is written in parts.
 *
 * Owns:    names of parts, which finished ones are removed.
 * Not:     when a part is full (recorder.c), what a new part gets from the old one (rotate.c), how a
 *          file is made (file.c).
 *
 *   svc-%F.db -> svc-2026-11-25.db -> svc-2026-11-25_002.db -> svc-2026-11-26.db ...
 *
 * Invariants
 *  (1) A part keeps its name: the name is made when the part begins, and never changes. So SQLite's
 *      files beside it stay with it, and a crash between two parts loses nothing.
 *  (2) No part takes the place of another file, whatever the clock does: a name that exists gets a
 *      number. With overwrite the first part of a run may.
 *  (3) Only parts of the same series are removed: files that say in their meta that they were made
 *      with this pattern and under the name that they still have. A copy and a renamed file stay.
 */
#include "base/api.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/safe_open.h"
#include "store/read/reader.h"
#include "store/write/recorder.h"

#define TRIES 1000 /* of names for one part */
#define TIME_FORMAT "-%Y-%m-%dT%H%M%S" /* of parts without a time in their name */

static size_t base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash + 1 - path) : 0;
}

/* Where the extension of the file name @base begins: ".db". */
static size_t extension_of(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? (size_t)(dot - base) : strlen(base);
}

/* The length of the strftime(3) conversion at @at, which begins with '%'; 0: there is none. */
static size_t conversion_at(const char *at)
{
	static const char letters[] = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%";
	size_t n = 1 + strspn(at + 1, "_-0^#");

	n += strspn(at + n, "0123456789");
	if (at[n] == 'E' || at[n] == 'O')
		n++;
	return at[n] && strchr(letters, at[n]) ? n + 1 : 0;
}

/* Does the name hold a time, not only "%%"? */
static bool has_time(const char *base)
{
	for (const char *at = strchr(base, '%'); at; at = strchr(at, '%')) {
		size_t n = conversion_at(at);

		if (n && at[n - 1] != '%')
			return true;
		at += n ? n : 1;
	}
	return false;
}

/* 0, -ENAMETOOLONG, or -EINVAL: the time has a character that a name must not have. */
static int expand(const char *base, time_t now, char out[NAME_MAX + 1])
{
	struct tm tm;

	tzset();
	if (!localtime_r(&now, &tm))
		return -EINVAL;
	/* The format is the user's: begat_recorder_check_path() has looked at it. */
	if (!strftime(out, NAME_MAX + 1, base, &tm))
		return -ENAMETOOLONG;
	for (const char *at = out; *at; at++)
		if (*at == '/' || (unsigned char)*at < ' ')
			return -EINVAL;
	return 0;
}

BEGAT_API int begat_recorder_check_path(const char *path, char *why, size_t why_size)
{
	const char *base = path + base_of(path);
	char name[NAME_MAX + 1];
	int err;

	for (const char *at = strchr(base, '%'); at; at = strchr(at, '%')) {
		size_t n = conversion_at(at);

		if (!n) {
			snprintf(why, why_size,
				 "'%.2s' in the name is no time that strftime(3) knows: write %%%% "
				 "for a percent sign",
				 at);
			return -EINVAL;
		}
		at += n;
	}
	err = *base ? expand(base, time(NULL), name) : 0;
	if (err == -ENAMETOOLONG)
		snprintf(why, why_size, "the name is too long for a file, or empty");
	else if (err)
		snprintf(why, why_size,
			 "the time in the name has a '/' or a line break: use %%F for the date");
	return err ? -EINVAL : 0;
}

static bool is_rotating(const struct begat_recorder *rec)
{
	return rec->opts.max_bytes || rec->opts.max_age_ns || rec->opts.rotates;
}

/* @base with each '%' doubled. Owned, or NULL. */
static char *escape(const char *base)
{
	char *out = malloc(2 * strlen(base) + 1), *to = out;

	for (; out && *base; base++) {
		if (*base == '%')
			*to++ = '%';
		*to++ = *base;
	}
	if (out)
		*to = '\0';
	return out;
}

/* rec->pattern: where the files of @path are. 0 or -ENOMEM. */
static int make_pattern(struct begat_recorder *rec, const char *path)
{
	size_t folder = base_of(path);
	char *base = rec->opts.path_has_time ? strdup(path + folder) : escape(path + folder);
	bool is_timed = base && has_time(base);
	size_t stem = base ? extension_of(base) : 0;
	int len = -1;

	if (base)
		len = asprintf(&rec->pattern, "%.*s%.*s%s%s", (int)folder, path, (int)stem, base,
			       is_timed ? "" : TIME_FORMAT, base + stem);
	free(base);
	if (len >= 0)
		return 0;
	rec->pattern = NULL;
	return -ENOMEM;
}

int parts_init(struct begat_recorder *rec, const char *path)
{
	const char *base = path + base_of(path);
	char why[256], name[NAME_MAX + 1] = "";

	if (rec->opts.path_has_time && begat_recorder_check_path(path, why, sizeof(why)) < 0)
		return recorder_fail(rec, EINVAL, "cannot create %s: %s", path, why);
	if (is_rotating(rec) || (rec->opts.path_has_time && has_time(base))) {
		if (make_pattern(rec, path) < 0)
			return recorder_fail(rec, ENOMEM, "not enough memory to record");
		return 0;
	}
	/* One file, but "%%" is a percent sign. */
	if (rec->opts.path_has_time && *base && expand(base, 0, name) < 0)
		return recorder_fail(rec, EINVAL, "cannot create %s: the name is too long", path);
	if (asprintf(&rec->path, "%.*s%s", (int)base_of(path), path, *name ? name : base) < 0) {
		rec->path = NULL;
		return recorder_fail(rec, ENOMEM, "not enough memory to record");
	}
	return 0;
}

/* The number in @name, if it is @stem, perhaps a number, and @extension; else 0. */
static unsigned number_in(const char *name, const char *stem, size_t stem_len,
			  const char *extension)
{
	const char *at = name + stem_len;
	unsigned number = 1;

	if (strncmp(name, stem, stem_len))
		return 0;
	if (*at == '_') {
		size_t digits = strspn(at + 1, "0123456789");

		if (digits < 3 || digits > 6)
			return 0;
		number = (unsigned)strtoul(at + 1, NULL, 10);
		at += 1 + digits;
	}
	return strcmp(at, extension) ? 0 : number;
}

static DIR *open_folder(const struct begat_recorder *rec)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", (int)base_of(rec->pattern), rec->pattern);
	return opendir(*folder ? folder : ".");
}

/* After all that were made at this time, also those that were removed since by this recorder. */
static unsigned next_number(struct begat_recorder *rec, const char *name)
{
	size_t stem = extension_of(name);
	unsigned last = rec->last_number && !strcmp(rec->last_name, name) ? rec->last_number : 0;
	struct dirent *entry;
	DIR *dir = open_folder(rec);

	if (!dir)
		return last +
		       1; /* it may be written but not read: parts_open() tries until one is free */
	while ((entry = readdir(dir))) {
		unsigned number = number_in(entry->d_name, name, stem, name + stem);

		last = number > last ? number : last;
	}
	closedir(dir);
	return last + 1;
}

/* rec->path for a part that begins at @now, when @tries names have been taken. */
static int name_part(struct begat_recorder *rec, time_t now, unsigned tries)
{
	char name[NAME_MAX + 1], *path;
	unsigned number;
	size_t folder, stem;
	int len, err;

	if (!rec->pattern)
		return 0;
	folder = base_of(rec->pattern);
	err = expand(rec->pattern + folder, now, name);
	if (err)
		return recorder_fail(rec, -err, "cannot create a part of %s: %s", rec->pattern,
				     strerror(-err));
	stem = extension_of(name);
	number = rec->opts.overwrite ? 1 : next_number(rec, name) + tries;
	if (number > 1)
		len = asprintf(&path, "%.*s%.*s_%03u%s", (int)folder, rec->pattern, (int)stem, name,
			       number, name + stem);
	else
		len = asprintf(&path, "%.*s%s", (int)folder, rec->pattern, name);
	if (len < 0)
		return recorder_fail(rec, ENOMEM, "not enough memory to record");
	free(rec->path);
	rec->path = path;
	rec->last_number = number;
	strcpy(rec->last_name, name);
	return 0;
}

int parts_open(struct begat_recorder *rec)
{
	time_t now = (time_t)(clock_read_ns(CLOCK_REALTIME) / 1000000000);
	int err = -EEXIST;

	rec->is_created = false;
	/* Of parts none takes the place of another: somebody else may make a file meanwhile. */
	for (unsigned tries = 0; err == -EEXIST && !rec->is_created && tries < TRIES; tries++) {
		rec->failure = 0;
		err = name_part(rec, now, tries);
		if (!err)
			err = file_open(rec);
		if (!rec->pattern)
			break;
	}
	/* What is replaced is what was there at the start. */
	rec->opts.overwrite = false;
	return err ? err : file_prepare(rec);
}

const char *parts_series(const struct begat_recorder *rec)
{
	return rec->pattern ? rec->pattern + base_of(rec->pattern) : NULL;
}

const char *parts_file(const struct begat_recorder *rec)
{
	return rec->pattern ? rec->path + base_of(rec->path) : NULL;
}

/* ---- which ones are removed ---- */

static int add_part(struct begat_recorder *rec, const char *path, int64_t created_ns,
		    int64_t number)
{
	struct part *grown = reallocarray(rec->parts, rec->parts_count + 1, sizeof(*grown));
	struct part part = { .path = strdup(path), .created_ns = created_ns, .number = number };

	if (grown)
		rec->parts = grown;
	if (!grown || !part.path) {
		free(part.path);
		return recorder_fail(rec, ENOMEM, "not enough memory to record");
	}
	rec->parts[rec->parts_count++] = part;
	return 0;
}

/* Is it a finished part of this series, which nobody writes? Then it joins the list. */
static int look_at(struct begat_recorder *rec, const char *path, const char *name)
{
	struct begat_trace *trace = NULL;
	const char *series, *file;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && safe_is_own(st.st_uid) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 && begat_trace_open(path, &trace) == 0) {
		series = begat_trace_meta(trace, "series");
		file = begat_trace_meta(trace, "file");
		if (series && file && !strcmp(file, name) && !strcmp(series, parts_series(rec)))
			err = add_part(rec, path, trace_meta_number(trace, "created_ns"),
				       trace_meta_number(trace, "part"));
	}
	begat_trace_close(trace);
	close(fd);
	return err;
}

static int by_age(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->created_ns != y->created_ns)
		return x->created_ns < y->created_ns ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

int parts_find(struct begat_recorder *rec)
{
	char path[PATH_MAX + NAME_MAX + 2];
	const char *series = parts_series(rec);
	struct dirent *entry;
	int err = 0;
	DIR *dir;

	if (!rec->opts.keep || !series)
		return 0;
	dir = open_folder(rec);
	if (!dir)
		return 0; /* a folder that may be written but not read */
	while (!err && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, series, strcspn(series, "%")) ||
		    !strcmp(entry->d_name, parts_file(rec)))
			continue;
		snprintf(path, sizeof(path), "%.*s%s", (int)(series - rec->pattern), rec->pattern,
			 entry->d_name);
		err = look_at(rec, path, entry->d_name);
	}
	closedir(dir);
	if (rec->parts_count)
		qsort(rec->parts, rec->parts_count, sizeof(*rec->parts), by_age);
	parts_prune(rec);
	return err;
}

int parts_add(struct begat_recorder *rec, const char *path)
{
	return rec->opts.keep ? add_part(rec, path, 0, 0) : 0;
}

void parts_prune(struct begat_recorder *rec)
{
	while (rec->opts.keep && rec->parts_count > rec->opts.keep) {
		file_remove(rec->parts[0].path);
		free(rec->parts[0].path);
		rec->parts_count--;
		memmove(rec->parts, rec->parts + 1, rec->parts_count * sizeof(*rec->parts));
	}
}

void parts_done(struct begat_recorder *rec)
{
	for (size_t i = 0; i < rec->parts_count; i++)
		free(rec->parts[i].path);
	free(rec->parts);
	free(rec->pattern);
	free(rec->finished);
	free(rec->path);
}
