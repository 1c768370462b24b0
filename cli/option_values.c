/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/option_values.c - the values of the common options: what is well-formed, what to say if not.
 *
 * Owns:  one parse function an option; copies where the value must change.
 * Not:   which options there are (options.c), whether a pid or cgroup exists (the library).
 */
#include "options.h"

#include <begat/sink.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/units.h"
#include "cli.h"

/* Room for one more element and a closing zero one. */
static int grow(void **array, size_t element_bytes, size_t count)
{
	if (count & (count - 1))
		return 0; /* capacities are powers of two */
	size_t capacity = count ? count * 2 : 1;
	void *bigger = reallocarray(*array, capacity + 1, element_bytes);

	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	return 0;
}

/* Refuses a word that is none of @names (ended by NULL), and names them. */
static int fail_choice(struct options *options, const char *what, const char *word,
		       const char *const *names)
{
	char safe[160], list[160];
	const char *meant = suggest_word(word, names);

	names_listed(list, sizeof(list), names, "or");
	if (meant)
		return option_fail(options, "unknown %s '%s'; did you mean '%s'? There are %s",
				   what, cli_safe(safe, sizeof(safe), word), meant, list);
	return option_fail(options, "unknown %s '%s': it is %s", what,
			   cli_safe(safe, sizeof(safe), word), list);
}

static const char *choose(const char *value, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(value, *names))
			return *names;
	return NULL;
}

int option_one_of(struct options *options, const char *option, const char *const *names,
		  const char *value, const char **ret)
{
	char safe[96], list[160];

	*ret = choose(value, names);
	if (*ret)
		return 0;
	return option_fail(options, "%s takes %s, not '%s'", option,
			   names_listed(list, sizeof(list), names, "or"),
			   cli_safe(safe, sizeof(safe), value));
}

int option_format(struct options *options, const char *value)
{
	options->format = choose(value, begat_sink_names());
	return options->format ? 0 : fail_choice(options, "format", value, begat_sink_names());
}

const char *const *option_answer_names(void)
{
	static const char *const names[] = { "text", "json", NULL };

	return names;
}

int option_answer_format(struct options *options, const char *value)
{
	return option_one_of(options, "--format", option_answer_names(), value, &options->format);
}

int option_output(struct options *options, const char *value)
{
	if (!*value)
		return option_fail(options, "option '-o' needs the name of a file");
	options->output = value;
	return 0;
}

int option_columns(struct options *options, const char *value)
{
	char why[512];

	if (begat_sink_check_columns(value, why, sizeof(why)) < 0)
		return option_fail(options, "in --columns: %s", why);
	options->columns = value;
	return 0;
}

static int add_event(struct options *options, const char *word)
{
	const char *names[BEGAT_TYPE_SLOTS + 2];
	size_t count = 0;

	if (!strcmp(word, "all")) {
		options->events |= BEGAT_EVENTS_ALL;
		return 0;
	}
	enum begat_event_type type = begat_event_by_name(word);

	if (type) {
		options->events |= BEGAT_EVENT_BIT(type);
		return 0;
	}
	for (int t = 1; t < BEGAT_TYPE_SLOTS; t++)
		if (begat_event_name(t))
			names[count++] = begat_event_name(t);
	names[count++] = "all";
	names[count] = NULL;
	return fail_choice(options, "event", word, names);
}

const char *const *option_path_miss_names(void)
{
	static const char *const names[] = { "each", "fold", NULL };

	return names;
}

int option_path_misses(struct options *options, const char *value)
{
	if (!value || !strcmp(value, "each"))
		options->path_misses = PATH_MISSES_EACH;
	else if (!strcmp(value, "fold"))
		options->path_misses = PATH_MISSES_FOLD;
	else
		return option_fail(options, "--path-misses is 'each' or 'fold'");
	return 0;
}

int option_events(struct options *options, const char *value)
{
	for (const char *p = value;; p++) {
		char word[64];
		size_t len = strcspn(p, ",");

		if (!len)
			return option_fail(options, "option '-e' has an empty name in its list");
		snprintf(word, sizeof(word), "%.*s", (int)(len < 63 ? len : 63), p);
		int err = add_event(options, word);

		if (err)
			return err;
		p += len;
		if (!*p)
			return 0;
	}
}

/* Any name will do: traces_where() asks the recording. */
static int any_id(void *ctx, const char *name, uint32_t *ret_id)
{
	*ret_id = 0;
	return 0;
}

static const struct begat_accounts any_accounts = {
	.size = sizeof(any_accounts),
	.user_id = any_id,
	.group_id = any_id,
};

int option_where(struct options *options, const char *value)
{
	char why[256];

	if (options->where)
		return option_fail(options, "option '-w' is given twice: join the two with 'and'");
	int err = begat_filter_parse_for(value, options->reads ? &any_accounts : NULL,
					 &options->where, why, sizeof(why));

	if (err == -EINVAL)
		return option_fail(options, "in --where: %s", why);
	options->where_text = value;
	return err;
}

int option_pid(struct options *options, const char *value)
{
	char safe[96];
	uint64_t pid;

	if (units_parse_count(value, INT32_MAX, &pid) || !pid)
		return option_fail(options, "'%s' is not a process id: -p takes a number",
				   cli_safe(safe, sizeof(safe), value));
	if (grow((void **)&options->pids, sizeof(*options->pids), options->pids_count))
		return -ENOMEM;
	options->pids[options->pids_count++] = (pid_t)pid;
	return 0;
}

int option_user(struct options *options, const char *value)
{
	char safe[160];
	uint64_t uid;

	/* A name made of digits is a uid to chown, ps and us. */
	if (units_parse_count(value, UINT32_MAX - 1, &uid)) {
		errno = 0;
		const struct passwd *user = getpwnam(value);

		if (!user)
			return option_fail(options, "there is no user '%s' on this machine",
					   cli_safe(safe, sizeof(safe), value));
		uid = user->pw_uid;
	}
	if (grow((void **)&options->uids, sizeof(*options->uids), options->uids_count))
		return -ENOMEM;
	options->uids[options->uids_count++] = (uid_t)uid;
	return 0;
}

int option_container(struct options *options, const char *value)
{
	if (!*value)
		return option_fail(options, "option '-c' needs a container id or a cgroup path");
	if (grow((void **)&options->cgroups, sizeof(*options->cgroups), options->cgroups_count))
		return -ENOMEM;
	options->cgroups[options->cgroups_count++] = value;
	options->cgroups[options->cgroups_count] = NULL;
	return 0;
}

int option_env(struct options *options, const char *value)
{
	if (!value) {
		options->env = BEGAT_ENV_ALL;
		return 0;
	}
	options->env = BEGAT_ENV_NAMES;
	for (const char *p = value;; p++) {
		size_t len = strcspn(p, ",");

		if (!len || memchr(p, '=', len))
			return option_fail(options, "option '--env' takes names of variables: "
						    "--env=PATH,HOME");
		if (grow((void **)&options->env_names, sizeof(*options->env_names),
			 options->env_names_count))
			return -ENOMEM;
		char *name = strndup(p, len);

		if (!name)
			return -ENOMEM;
		options->env_names[options->env_names_count++] = name;
		options->env_names[options->env_names_count] = NULL;
		p += len;
		if (!*p)
			return 0;
	}
}

const char *const *option_latency_names(void)
{
	static const char *const names[] = { "low", "balanced", "batch", NULL };

	return names;
}

int option_latency(struct options *options, const char *value)
{
	if (!strcmp(value, "low"))
		options->latency = BEGAT_LOW;
	else if (!strcmp(value, "balanced"))
		options->latency = BEGAT_BALANCED;
	else if (!strcmp(value, "batch"))
		options->latency = BEGAT_BATCH;
	else
		return fail_choice(options, "latency mode", value, option_latency_names());
	return 0;
}

int option_backend(struct options *options, const char *value)
{
	options->backend = choose(value, begat_backend_names());
	return options->backend ? 0 : fail_choice(options, "backend", value, begat_backend_names());
}

int option_transport(struct options *options, const char *value)
{
	options->transport = choose(value, begat_transport_names());
	return options->transport
		       ? 0
		       : fail_choice(options, "transport", value, begat_transport_names());
}

int option_buffer(struct options *options, const char *value)
{
	char safe[96];
	uint64_t bytes;
	int err = units_parse_size(value, &bytes);

	if (err == -EINVAL)
		return option_fail(options, "'%s' is not a size: --buffer takes bytes, or 64MiB",
				   cli_safe(safe, sizeof(safe), value));
	/* A BPF ring is addressed with 31 bits. */
	if (err || bytes < 4096 || bytes > 1ull << 30)
		return option_fail(options, "--buffer %s is out of range: 4KiB to 1GiB",
				   cli_safe(safe, sizeof(safe), value));
	options->buffer_bytes = bytes;
	return 0;
}

int option_max_args(struct options *options, const char *value)
{
	char safe[96];
	uint64_t bytes;
	int err = units_parse_size(value, &bytes);

	if (!strcmp(value, "all")) {
		options->max_args_bytes = UINT32_MAX;
		return 0;
	}
	if (err == -EINVAL)
		return option_fail(options,
				   "'%s' is not a size: --max-args takes bytes, 64KiB, or all",
				   cli_safe(safe, sizeof(safe), value));
	if (err || bytes < 1 || bytes >= UINT32_MAX)
		return option_fail(options, "--max-args %s is out of range: 1 byte to 4GB",
				   cli_safe(safe, sizeof(safe), value));
	options->max_args_bytes = (uint32_t)bytes;
	return 0;
}

int option_short_lived(struct options *options, const char *value)
{
	char safe[96];
	uint64_t ns;
	int err = units_parse_duration(value, 1000000, &ns);

	if (err == -EINVAL)
		return option_fail(options,
				   "'%s' is not a duration: --short-lived-window takes "
				   "milliseconds, or 500us",
				   cli_safe(safe, sizeof(safe), value));
	if (err || ns < 1 || ns > 60000000000ull)
		return option_fail(options, "--short-lived-window %s is out of range: up to 60s",
				   cli_safe(safe, sizeof(safe), value));
	options->short_lived_window_ns = ns;
	return 0;
}

int option_redact(struct options *options, const char *value)
{
	struct begat_redactor *redactor = NULL;
	const char *const patterns[] = { value, NULL };
	char why[256];

	options->redact = true;
	if (!value)
		return 0;
	if (begat_redactor_new(patterns, &redactor, why, sizeof(why)))
		return option_fail(options, "in --redact: %s", why);
	begat_redactor_free(redactor);
	if (grow((void **)&options->redact_patterns, sizeof(*options->redact_patterns),
		 options->redact_patterns_count))
		return -ENOMEM;
	options->redact_patterns[options->redact_patterns_count++] = (char *)value;
	options->redact_patterns[options->redact_patterns_count] = NULL;
	return 0;
}
