/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/event.c - what anybody may do with an event: copy it, name its type.
 *
 * Owns:    begat_event_dup(), the names of event types.
 * Not:     making events (decode/, proctable/), printing them (sink/), other names (names.c).
 *
 * A copy is one block: the event, then stats and pids (aligned), then the bytes of the strings.
 * Only members that the event has are followed: the others may point anywhere.
 */
#include "base/api.h"

#include <begat/begat.h>
#include <begat/event.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(field, member)                                         \
	{                                                             \
		BEGAT_F_##field, offsetof(struct begat_event, member) \
	}

static const struct {
	enum begat_field field;
	size_t offset;
} strings[] = {
	MEMBER(COMM, comm),
	MEMBER(TTY, tty),
	MEMBER(CGROUP, cgroup),
	MEMBER(CONTAINER_ID, container_id),
	MEMBER(CONTAINER_RUNTIME, container_runtime),
	MEMBER(POD_UID, pod_uid),
	MEMBER(FILENAME, filename),
	MEMBER(EXE, exe),
	MEMBER(INTERPRETER, interpreter),
	MEMBER(CWD, cwd),
	MEMBER(KILLED_BY, killed_by_comm),
	MEMBER(FD_PATH, fd_path),
	MEMBER(MISSING, missing_interpreter),
}, vectors[] = {
	MEMBER(ARGV, argv),
	MEMBER(ENV, env),
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct begat_str *string_of(struct begat_event *ev, size_t i)
{
	return (struct begat_str *)(void *)((char *)ev + strings[i].offset);
}

static struct begat_strv *vector_of(struct begat_event *ev, size_t i)
{
	return (struct begat_strv *)(void *)((char *)ev + vectors[i].offset);
}

static size_t aligned(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* What is absent becomes empty, so that the copy holds no pointer of the original's. */
static size_t forget_absent(struct begat_event *ev)
{
	size_t bytes = 0;

	for (size_t i = 0; i < LENGTH(strings); i++) {
		struct begat_str *string = string_of(ev, i);

		if (!begat_event_has(ev, strings[i].field) || !string->data)
			*string = (struct begat_str){ 0 };
		else
			bytes += string->len + 1;
	}
	for (size_t i = 0; i < LENGTH(vectors); i++) {
		struct begat_strv *vector = vector_of(ev, i);

		if (!begat_event_has(ev, vectors[i].field) || !vector->data)
			*vector = (struct begat_strv){ 0 };
		else
			bytes += vector->bytes + 1;
	}
	if (!begat_event_has(ev, BEGAT_F_PIDS) || !ev->pids) {
		ev->pids = NULL;
		ev->pids_count = 0;
	}
	if (ev->type != BEGAT_SUMMARY)
		ev->stats = NULL;
	return bytes;
}

static char *copy_bytes(const char **data, size_t len, char *at)
{
	memcpy(at, *data, len);
	at[len] = '\0';
	*data = at;
	return at + len + 1;
}

static char *copy_text(const char **text, char *at)
{
	return *text ? copy_bytes(text, strlen(*text), at) : at;
}

static void copy_strings(struct begat_event *ev, struct begat_stats *stats, char *at)
{
	for (size_t i = 0; i < LENGTH(strings); i++) {
		struct begat_str *string = string_of(ev, i);

		if (string->data)
			at = copy_bytes(&string->data, string->len, at);
	}
	for (size_t i = 0; i < LENGTH(vectors); i++) {
		struct begat_strv *vector = vector_of(ev, i);

		if (vector->data)
			at = copy_bytes(&vector->data, vector->bytes, at);
	}
	if (!stats)
		return;
	at = copy_text(&stats->backend, at);
	at = copy_text(&stats->transport, at);
	at = copy_text(&stats->latency, at);
	copy_text(&stats->fallback, at);
}

BEGAT_API struct begat_event *begat_event_dup(const struct begat_event *ev)
{
	struct begat_event copy = *ev;
	size_t bytes = forget_absent(&copy);
	size_t stats_at = aligned(sizeof(copy));
	size_t pids_at = stats_at + (copy.stats ? aligned(sizeof(*copy.stats)) : 0);
	size_t strings_at = pids_at + aligned(copy.pids_count * sizeof(*copy.pids));

	if (copy.stats)
		bytes += text_bytes(copy.stats->backend) + text_bytes(copy.stats->transport) +
			 text_bytes(copy.stats->latency) + text_bytes(copy.stats->fallback);

	char *block = malloc(strings_at + bytes);

	if (!block)
		return NULL;

	struct begat_event *dup = (struct begat_event *)(void *)block;
	struct begat_stats *stats = NULL;

	*dup = copy;
	if (copy.stats) {
		stats = (struct begat_stats *)(void *)(block + stats_at);
		*stats = *copy.stats;
		dup->stats = stats;
	}
	if (copy.pids) {
		memcpy(block + pids_at, copy.pids, copy.pids_count * sizeof(*copy.pids));
		dup->pids = (const uint32_t *)(const void *)(block + pids_at);
	}
	copy_strings(dup, stats, block + strings_at);
	return dup;
}

BEGAT_API void begat_event_free(struct begat_event *ev)
{
	free(ev);
}

static const char *const event_names[] = {
	[BEGAT_FORK] = "fork",	     [BEGAT_EXEC] = "exec", [BEGAT_EXEC_FAILED] = "exec_failed",
	[BEGAT_EXIT] = "exit",	     [BEGAT_LOST] = "lost", [BEGAT_SNAPSHOT] = "snapshot",
	[BEGAT_SUMMARY] = "summary",
};

BEGAT_API const char *begat_event_name(enum begat_event_type type)
{
	return (size_t)type < LENGTH(event_names) ? event_names[type] : NULL;
}

BEGAT_API enum begat_event_type begat_event_by_name(const char *name)
{
	for (size_t i = 0; name && i < LENGTH(event_names); i++)
		if (event_names[i] && !strcmp(event_names[i], name))
			return (enum begat_event_type)i;
	return (enum begat_event_type)0;
}
