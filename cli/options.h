/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/options.h - the options that subcommands share.
 *
 * Owns:  one table that feeds both getopt_long and --help, and the values it fills in.
 * Not:   what a subcommand does with them (stream.c makes struct begat_options of them).
 */
#ifndef BEGAT_CLI_OPTIONS_H
#define BEGAT_CLI_OPTIONS_H

#include <begat/begat.h>
#include <begat/filter.h>

/* Which options a subcommand takes: a mask in struct command_spec. */
enum option_group {
	OPTIONS_OUTPUT = 1 << 0, /* --format -o: events, by a sink */
	OPTIONS_EVENTS = 1 << 1, /* -e -w: which events are written */
	OPTIONS_SELECT = 1 << 2, /* -p -u -c: which processes of the machine */
	OPTIONS_CAPTURE = 1 << 3, /* how to capture, how much of it; OPTIONS_BACKEND too */
	OPTIONS_TALK = 1 << 4, /* --stats -v -q */
	OPTIONS_ALWAYS = 1 << 5, /* --help --version */
	OPTIONS_BACKEND = 1 << 6, /* --backend --transport alone */
	OPTIONS_SPAN = 1 << 8, /* --since --until: of a recording */
	OPTIONS_TEXT = 1 << 7, /* --columns --wide --utc: how events look as text */
	OPTIONS_ANSWER = 1 << 9, /* --format -o: text or JSON of the subcommand's own */
};

/* What becomes of failed execs that are a search along PATH. */
enum path_misses {
	PATH_MISSES_DEFAULT = 0, /* text folds, other formats do not */
	PATH_MISSES_EACH = 1,
	PATH_MISSES_FOLD = 2,
};

struct options {
	const char *format; /* a sink's name, or NULL: the subcommand's default */
	const char *output; /* -o, or NULL */
	const char *columns; /* of text: a list of names, or NULL */
	bool is_wide, is_utc; /* of text */
	enum path_misses path_misses;
	uint32_t events; /* BEGAT_EVENT_BIT()s of -e; 0 = not given */
	const char *where_text; /* -w as given, or NULL */
	bool reads; /* recordings: -w is parsed again with the names that they have */
	struct begat_filter *where;
	pid_t *pids;
	size_t pids_count;
	uint64_t since_ns, until_ns; /* wall clock, since 1970 UTC; 0 = open */
	uid_t *uids;
	size_t uids_count;
	const char **cgroups; /* NULL-ended, or NULL */
	size_t cgroups_count;
	enum begat_env env;
	char **env_names; /* NULL-ended, or NULL */
	size_t env_names_count;
	enum begat_latency latency;
	const char *backend, *transport; /* or NULL */
	size_t buffer_bytes;
	uint64_t short_lived_window_ns;
	uint32_t max_args_bytes;
	unsigned verbose;
	char **redact_patterns; /* NULL-ended, or NULL */
	size_t redact_patterns_count;
	bool quiet, stats, redact, fold_failures, is_forever;
	bool help, version;
	void *own; /* what the options of the subcommand itself fill: command_spec.own_size */
	char error[512]; /* after a failure: one sentence, without "begat: " */
};

struct option_spec {
	const char *name; /* long; NULL ends a table */
	int letter; /* 0 = long only */
	const char *value; /* its placeholder; NULL = takes none; "[=X]" = may follow */
	unsigned group; /* enum option_group; 0 in a subcommand's own table */
	const char *help; /* one line; a "%s" in front is the names that complete.c lists */
	/* 0, -EINVAL after option_fail(), or -ENOMEM. @value is NULL for an option without one. */
	int (*parse)(struct options *options, const char *value);
	/* Without parse(): offset of the bool that it sets, in options->own if group is 0. */
	size_t sets;
};

/* The common ones, in the order of the help. */
extern const struct option_spec common_options[];

/*
 * Reads the options of @argv (argv[0] is skipped) that @groups and @own allow, up to the first
 * argument that is none. Abbreviations are refused, so that a new option cannot break a script.
 * @ret_rest: index of the first argument.
 * Returns 0, -EINVAL with options->error set, or -ENOMEM. options_done() in any case.
 */
int options_parse(struct options *options, unsigned groups, const struct option_spec *own, int argc,
		  char **argv, int *ret_rest);
void options_done(struct options *options);

/*
 * What `watch` and `show` write: -e, or what the format has by default; always what was lost, and
 * the summary unless -q is given.
 */
uint32_t options_events(const struct options *options);

/* Sets options->error; returns -EINVAL. */
int option_fail(struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* when.c: a span of a recording. */
int option_since(struct options *options, const char *value);
int option_until(struct options *options, const char *value);

/* options.c: for a subcommand that has its own words for -v and -q. */
int option_verbose(struct options *options, const char *value);
int option_quiet(struct options *options, const char *value);

/* option_values.c: the values of options that take one of few, NULL-ended. */
const char *const *option_latency_names(void);
const char *const *option_path_miss_names(void);
const char *const *option_answer_names(void);

/* option_values.c: for an option that is one of @names; *@ret is that name. 0 or -EINVAL. */
int option_one_of(struct options *options, const char *option, const char *const *names,
		  const char *value, const char **ret);

/* option_values.c: the parse functions of the table. */
int option_format(struct options *options, const char *value);
int option_answer_format(struct options *options, const char *value);
int option_output(struct options *options, const char *value);
int option_columns(struct options *options, const char *value);
int option_path_misses(struct options *options, const char *value);
int option_events(struct options *options, const char *value);
int option_where(struct options *options, const char *value);
int option_pid(struct options *options, const char *value);
int option_user(struct options *options, const char *value);
int option_container(struct options *options, const char *value);
int option_env(struct options *options, const char *value);
int option_redact(struct options *options, const char *value);
int option_latency(struct options *options, const char *value);
int option_backend(struct options *options, const char *value);
int option_transport(struct options *options, const char *value);
int option_buffer(struct options *options, const char *value);
int option_max_args(struct options *options, const char *value);
int option_short_lived(struct options *options, const char *value);

#endif
