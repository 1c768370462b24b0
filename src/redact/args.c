/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact/args.c - secrets that only their place tells: --password X, mysql -pX, and the same
 * within a text that a shell will read.
 *
 * Owns:  the options of programs that take a secret; what one argument says about the next.
 * Not:   what tells by itself (rules.c).
 */
#include <string.h>

#include "base/byte_set.h"
#include "redact/secrets.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NESTED_MAX 4 /* sh -c "ssh h 'mysql -px'" is three */

enum redact_where {
	ATTACHED = 1 << 0, /* -pSECRET, --user=SECRET */
	NEXT = 1 << 1, /* -p SECRET */
	ALL = 1 << 2, /* set in a context only: the whole string */
	AFTER_COLON = 1 << 3, /* user:SECRET */
	AFTER_PERCENT = 1 << 4, /* user%SECRET */
	AFTER_COMMA = 1 << 5, /* user,SECRET */
	AFTER_EQUALS = 1 << 6, /* name=SECRET, and else it is a file */
	UNLESS_OTHER = 1 << 7, /* not what begins with - or has a colon */
	UNLESS_LONG = 1 << 8, /* not what begins with -- */
};

#define PARTS (AFTER_COLON | AFTER_PERCENT | AFTER_COMMA | AFTER_EQUALS)

struct program_option {
	const char *program; /* the beginning of argv[0]'s last component */
	const char *option;
	int where;
	const char *flags; /* one-letter options that may come before it in one word: -su u:p */
};

#define CURL_FLAGS "#0123468aBfgGiIjJkLlnNOpqRsSv"
#define MYSQL_FLAGS "ABEHLNUXbCfGinqrstvw"

/* One-letter options mean a secret only with these programs: mkdir -p must stay readable. */
static const struct program_option program_options[] = {
	/* The client takes -p x for a prompt and a database; the user means a password. */
	{ "mysql", "-p", ATTACHED | NEXT | UNLESS_OTHER, MYSQL_FLAGS },
	{ "mysqladmin", "password", NEXT, "" },
	{ "mariadb", "-p", ATTACHED | NEXT | UNLESS_OTHER, MYSQL_FLAGS },
	{ "sshpass", "-p", ATTACHED | NEXT, "ve" },
	{ "curl", "-u", ATTACHED | NEXT | AFTER_COLON, CURL_FLAGS },
	{ "curl", "-U", ATTACHED | NEXT | AFTER_COLON, CURL_FLAGS },
	{ "curl", "-E", ATTACHED | NEXT | AFTER_COLON, CURL_FLAGS },
	{ "curl", "-b", ATTACHED | NEXT | AFTER_EQUALS, CURL_FLAGS },
	{ "curl", "--cookie", ATTACHED | NEXT | AFTER_EQUALS, "" },
	{ "curl", "--user", ATTACHED | NEXT | AFTER_COLON, "" },
	{ "curl", "--proxy-user", ATTACHED | NEXT | AFTER_COLON, "" },
	{ "curl", "--cert", ATTACHED | NEXT | AFTER_COLON, "" },
	{ "curl", "--tlspassword", ATTACHED | NEXT, "" },
	{ "http", "-a", ATTACHED | NEXT | AFTER_COLON, "" },
	{ "redis-cli", "-a", NEXT, "" },
	{ "redis-cli", "auth", NEXT, "" },
	{ "ldap", "-w", ATTACHED | NEXT, "xZnvcMPL" },
	{ "mongo", "-p", ATTACHED | NEXT, "" },
	{ "mosquitto_", "-P", NEXT, "" },
	{ "sqlcmd", "-P", ATTACHED | NEXT, "" },
	{ "bcp", "-P", ATTACHED | NEXT, "" },
	{ "tsql", "-P", ATTACHED | NEXT, "" },
	{ "zip", "-P", ATTACHED | NEXT, "0123456789ejmoqrTuvXy" },
	{ "unzip", "-P", ATTACHED | NEXT, "aCjLnopqtuvX" },
	{ "7z", "-p", ATTACHED, "" },
	{ "smbclient", "-U", ATTACHED | NEXT | AFTER_PERCENT, "NkgLc" },
	{ "rpcclient", "-U", ATTACHED | NEXT | AFTER_PERCENT, "Nkc" },
	{ "lftp", "-u", ATTACHED | NEXT | AFTER_COMMA, "d" },
	{ "ipmitool", "-P", ATTACHED | NEXT, "v" },
	{ "rdesktop", "-p", ATTACHED | NEXT, "" },
	{ "xfreerdp", "/p:", ATTACHED, "" },
	{ "snmp", "-A", ATTACHED | NEXT, "" },
	{ "snmp", "-X", ATTACHED | NEXT, "" },
	{ "nmcli", "password", NEXT, "" },
	{ "openssl", "-k", NEXT, "" },
};
_Static_assert(COUNT(program_options) <= 64, "one bit each in redact_context");
/* docker login -p, oc login -p ... */
static const struct program_option login_option = { "", "-p", ATTACHED | NEXT, "" };

/* They run what their arguments say: a program may come later than first. */
static const char *const wrappers[] = {
	"sudo",	   "doas",	"su",	    "runuser",	   "env",	  "nohup",    "nice",
	"ionice",  "timeout",	"time",	    "setsid",	   "stdbuf",	  "strace",   "ltrace",
	"xargs",   "exec",	"command",  "chroot",	   "unshare",	  "nsenter",  "setpriv",
	"watch",   "flock",	"ssh",	    "sshpass",	   "docker",	  "podman",   "nerdctl",
	"kubectl", "oc",	"lxc",	    "busybox",	   "find",	  "taskset",  "chrt",
	"script",  "parallel",	"fakeroot", "proxychains", "systemd-run", "unbuffer", "begat",
	"if",	   "then",	"else",	    "do",	   "while",	  "until",    "!",
	"tini",	   "dumb-init", "gosu",	    "su-exec",
};

static bool is_wrapper(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(wrappers); i++) {
		if (strlen(wrappers[i]) == len && memcmp(wrappers[i], name, len) == 0)
			return true;
	}
	return false;
}

/* Several may be meant: in `docker exec zip mysql -px` the first is the name of a container. */
static void find_program(struct redact_context *context, const char *data, size_t len)
{
	const char *slash = memrchr(data, '/', len);

	if (!len)
		return;
	if (slash) {
		len -= (size_t)(slash + 1 - data);
		data = slash + 1;
	}
	context->is_wrapper |= is_wrapper(data, len);
	for (size_t i = 0; i < COUNT(program_options); i++) {
		if (redact_starts_with(data, len, program_options[i].program))
			context->options |= 1ull << i;
	}
}

/* Adds of data[start..len) what @where says. */
static void add_part(const char *data, size_t start, size_t len, int where, struct spans *spans)
{
	static const struct {
		int where;
		char sign;
	} signs[] = {
		{ AFTER_COLON, ':' },
		{ AFTER_PERCENT, '%' },
		{ AFTER_COMMA, ',' },
		{ AFTER_EQUALS, '=' },
	};

	if (!(where & PARTS)) {
		spans_add(spans, start, len);
		return;
	}
	for (size_t i = 0; i < COUNT(signs); i++) {
		const char *found = where & signs[i].where
					    ? memchr(data + start, signs[i].sign, len - start)
					    : NULL;

		if (found)
			spans_add(spans, (size_t)(found + 1 - data), len);
	}
}

/* Where behind @option a value that is attached begins; @len = it is the next string; 0 = other. */
static size_t match_option(const struct program_option *option, const char *data, size_t len)
{
	size_t n = strlen(option->option), at = 1;

	if (option->option[0] != '-' || option->option[1] == '-') {
		if (len < n || memcmp(data, option->option, n) != 0)
			return redact_starts_with(data, len, option->option) && len == n ? len : 0;
		if (len == n || option->option[n - 1] == ':')
			return n;
		return data[n] == '=' && option->option[0] == '-' ? n + 1 : 0;
	}
	if (data[0] != '-' || data[1] == '-')
		return 0;
	while (at < len && data[at] != option->option[1] && byte_is_one_of(data[at], option->flags))
		at++;
	return at < len && data[at] == option->option[1] ? at + 1 : 0;
}

static void try_option(struct redact_context *context, const struct program_option *option,
		       const char *data, size_t len, struct spans *spans)
{
	size_t at = match_option(option, data, len);

	if (at == len && option->where & NEXT)
		context->next = option->where & (PARTS | UNLESS_OTHER) ?: ALL;
	else if (at && at < len && option->where & ATTACHED)
		add_part(data, at, len, option->where, spans);
}

static void find_option(struct redact_context *context, const char *data, size_t len,
			struct spans *spans)
{
	uint64_t options = context->options;

	if (!options && context->is_login)
		try_option(context, &login_option, data, len, spans);
	for (; options; options &= options - 1)
		try_option(context, &program_options[__builtin_ctzll(options)], data, len, spans);
}

static bool is_secret_option(const char *word, size_t len)
{
	if (len < 3 || word[0] != '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!redact_is_name_char(word[i]))
			return false;
	}
	return redact_is_secret_name(word, len);
}

/* `Authorization:` or `{"password":` as a string of its own */
static bool is_header(const char *data, size_t len)
{
	size_t start;

	if (len < 2 || data[len - 1] != ':')
		return false;
	len--;
	while (len && (data[len - 1] == '"' || data[len - 1] == '\'' || data[len - 1] == '\\'))
		len--;
	for (start = len; start && redact_is_name_char(data[start - 1]); start--)
		;
	return len > start && redact_is_secret_name(data + start, len - start);
}

static bool is_scheme(const char *data, size_t len)
{
	static const char *const schemes[] = { "bearer", "basic", "digest", "token", "apikey" };

	for (size_t i = 0; i < COUNT(schemes); i++) {
		if (len == strlen(schemes[i]) && redact_starts_with(data, len, schemes[i]))
			return true;
	}
	return false;
}

/* `aws configure set aws_secret_access_key X`; but grep -r auth_token src */
static bool is_setting_of_secret(const struct redact_context *context, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!redact_is_name_char(data[i]) && data[i] != '/' && data[i] != ':')
			return false;
	}
	return context->is_setting && redact_is_secret_name(data, len);
}

static bool is_word(const char *data, size_t len, const char *word)
{
	return len == strlen(word) && redact_starts_with(data, len, word);
}

static bool is_dashed(const char *data, size_t len)
{
	return len && data[0] == '-';
}

/* What this string says about the next one. */
static void look_ahead(struct redact_context *context, const char *data, size_t len,
		       struct spans *spans)
{
	bool was_header = context->is_after_header;

	context->next = 0;
	context->is_after_header = context->is_shell_text = false;
	if (context->index == 0 ||
	    (context->is_wrapper && !is_dashed(data, len) && !context->is_after_long))
		find_program(context, data, len);
	context->is_after_long =
		len > 2 && data[0] == '-' && data[1] == '-' && !memchr(data, '=', len);
	if (!context->index++ && !is_dashed(data, len))
		return;
	context->is_login |= is_word(data, len, "login");
	context->is_setting |= is_word(data, len, "set") || is_word(data, len, "config");
	if ((!context->is_text && is_header(data, len)) || (was_header && is_scheme(data, len)) ||
	    is_word(data, len, "bearer")) {
		context->next = ALL;
		context->is_after_header = true;
	} else if (is_secret_option(data, len)) {
		context->next = ALL | UNLESS_LONG;
	} else if (context->is_login && is_word(data, len, "password")) { /* .netrc */
		context->next = ALL;
	} else if (!is_dashed(data, len) && is_setting_of_secret(context, data, len)) {
		context->next = ALL | UNLESS_OTHER;
	} else if (len >= 2) {
		find_option(context, data, len, spans);
	}
	context->is_shell_text =
		len >= 2 && len <= 8 && data[0] == '-' && data[1] != '-' && data[len - 1] == 'c';
}

static void add_expected(const struct redact_context *context, const char *data, size_t len,
			 struct spans *spans)
{
	int next = context->next;

	if (!next || (next & UNLESS_LONG && redact_starts_with(data, len, "--")) ||
	    (next & UNLESS_LONG && redact_is_switch(data, len)) ||
	    (next & UNLESS_OTHER && (is_dashed(data, len) || memchr(data, ':', len))))
		return;
	add_part(data, 0, len, next, spans);
}

/* The lines of a private key that came as strings of their own. */
static void find_key_lines(struct redact_context *context, const char *data, size_t len,
			   struct spans *spans)
{
	const char *dashes = memmem(data, len, "KEY-----", 8);

	if (context->is_in_key) {
		const char *end = memmem(data, len, "-----END", 8);

		spans_add(spans, 0, end ? (size_t)(end - data) : len);
		context->is_in_key = !end;
		return;
	}
	context->is_key_begun |= memmem(data, len, "-----BEGIN", 10) != NULL;
	if (!context->is_key_begun || !memmem(data, len, "-----", 5))
		return;
	context->is_in_key =
		dashes && !memmem(dashes, len - (size_t)(dashes - data), "-----END", 8);
	if (dashes)
		context->is_key_begun = false;
}

/* A word of a shell's text, without its quotes: as if it were a string of argv. */
static void read_word(struct redact_context *context, const char *data, size_t start, size_t end,
		      struct spans *spans)
{
	size_t first = spans->count, len = end - start;
	size_t name = 0;

	while (name < len && redact_is_name_char(data[start + name]))
		name++;
	if (!context->index && name && name < len && data[start + name] == '=')
		return; /* NAME=value before the program */
	add_expected(context, data + start, len, spans);
	look_ahead(context, data + start, len, spans);
	for (size_t i = first; i < spans->count; i++) {
		spans->items[i].start += start;
		spans->items[i].end += start;
	}
}

static void read_shell(const char *data, size_t start, size_t len, int depth, struct spans *spans);

/* Quoted parts with blanks in them may be for a shell of their own. */
static void read_quoted(const char *data, size_t start, size_t end, int depth, struct spans *spans)
{
	for (size_t i = start; i < end; i++) {
		size_t close;

		if (data[i] == '\\') {
			i++;
			continue;
		}
		if (data[i] != '"' && data[i] != '\'')
			continue;
		close = redact_closing_quote(data, end, i);
		if (close == end)
			continue;
		if (depth < NESTED_MAX && memchr(data + i, ' ', close - i))
			read_shell(data, i + 1, close, depth + 1, spans);
		i = close;
	}
}

/* Commands in data[start..len): options of programs in each. */
static void read_shell(const char *data, size_t start, size_t len, int depth, struct spans *spans)
{
	struct redact_context context = { .is_text = true };

	while (start < len) {
		char c = data[start];
		size_t end, from;

		if (c == '\\' && start + 1 < len && data[start + 1] == '\n') {
			start += 2;
			continue;
		}
		if (redact_is_blank(c) || byte_is_one_of(c, ";&|()`")) {
			if (c != ' ' && c != '\t')
				context = (struct redact_context){ .is_text = true };
			start++;
			continue;
		}
		end = redact_word_end(data, len, start);
		from = start;
		start = end;
		read_quoted(data, from, end, depth, spans);
		if (data[from] == '"' || data[from] == '\'') {
			if (redact_closing_quote(data, end, from) == end - 1) {
				from++;
				end--;
			}
		}
		read_word(&context, data, from, end, spans);
	}
}

void redact_argument(struct redact_context *context, const char *data, size_t len,
		     struct spans *spans)
{
	bool is_shell = context->is_shell_text;
	size_t name = 0;

	add_expected(context, data, len, spans);
	/* Without a shell to split it, a value goes on to the end of its string. */
	while (name < len && redact_is_name_char(data[name]))
		name++;
	if (name && name < len && data[name] == '=' && !is_shell &&
	    redact_is_secret_name(data, name) &&
	    !redact_is_switch(data + name + 1, len - name - 1) &&
	    !redact_is_folder(data, name, data + name + 1, len - name - 1))
		spans_add(spans, name + 1, len);
	if (redact_starts_with(data, len, "pass:")) /* openssl -passin pass:x */
		spans_add(spans, 5, len);
	redact_text(data, len, is_shell, spans);
	find_key_lines(context, data, len, spans);
	if (memchr(data, ' ', len))
		read_shell(data, 0, len, 0, spans);
	look_ahead(context, data, len, spans);
}

void redact_variable(const char *data, size_t len, struct spans *spans)
{
	const char *equals = memchr(data, '=', len);
	size_t value;

	if (!equals)
		return redact_text(data, len, false, spans);
	value = (size_t)(equals + 1 - data);
	if (redact_is_secret_name(data, value - 1) &&
	    !redact_is_folder(data, value - 1, data + value, len - value)) {
		spans_add(spans, value, len);
		return;
	}
	redact_text(data, len, false, spans);
	read_shell(data, value, len, 0, spans);
}
