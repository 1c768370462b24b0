/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact/names.c - does a name say that what it names is secret?
 *
 * --db-pass, DB_PASS, dbPass and dbpass are one name to it: words, joined without regard to case.
 */
#include <ctype.h>
#include <string.h>

#include "redact/secrets.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX 16

struct name {
	char plain[NAME_MAX_BYTES + 1]; /* letters and digits, lower case */
	size_t len;
	size_t words[WORDS_MAX]; /* where they begin in plain */
	size_t count;
};

static void read_name(struct name *name, const char *text, size_t len)
{
	bool is_new = true;

	memset(name, 0, sizeof(*name));
	if (len > NAME_MAX_BYTES) {
		text += len - NAME_MAX_BYTES;
		len = NAME_MAX_BYTES;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (!isalnum(c)) {
			is_new = true;
			continue;
		}
		is_new |= i && isupper(c) && islower((unsigned char)text[i - 1]);
		if (is_new && name->count < WORDS_MAX)
			name->words[name->count++] = name->len;
		is_new = false;
		name->plain[name->len++] = (char)tolower(c);
	}
}

static bool is_one_of(const char *word, size_t len, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(list[i]) == len && memcmp(list[i], word, len) == 0)
			return true;
	}
	return false;
}

static bool ends_with_one_of(const struct name *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(list[i]);

		if (name->len >= n && memcmp(name->plain + name->len - n, list[i], n) == 0)
			return true;
	}
	return false;
}

/* --password-file F, --max-tokens 9, --no-auth: about a secret, but not one. */
static bool is_about_secret(const struct name *name)
{
	static const char *const first[] = {
		"no", "disable", "without", "ask", "max", "min", "num"
	};
	static const char *const last[] = {
		"file",	  "files",  "path",    "dir",	 "stdin",    "fd",     "type",
		"name",	  "url",    "uri",     "host",	 "env",	     "prompt", "policy",
		"length", "len",    "size",    "count",	 "limit",    "ttl",    "mode",
		"format", "expiry", "timeout", "helper", "endpoint", "server",
	};
	static const char *const programs[] = { "askpass", "bypass", "compass" };
	size_t from = name->words[name->count - 1];

	if (strncmp(name->plain, "tokeniz", 7) == 0)
		return true;
	if (name->count > 1 && (is_one_of(name->plain, name->words[1], first, COUNT(first)) ||
				is_one_of(name->plain + from, name->len - from, last, COUNT(last))))
		return true;
	return ends_with_one_of(name, programs, COUNT(programs));
}

bool redact_is_secret_name(const char *text, size_t len)
{
	static const char *const anywhere[] = {
		"password",   "passwd",	      "passphrase", "token",	  "secret",
		"apikey",     "accesskey",    "privatekey", "credential", "authkey",
		"mysqlpwd",   "masterkey",    "accountkey", "signingkey", "encryptionkey",
		"sessionkey", "amzsignature",
	};
	static const char *const at_end[] = { "pass", "authorization" };
	static const char *const last_word[] = {
		"pwd", "pw", "auth", "creds", "bearer", "cookie", "psk", "jwt", "otp",
	};
	static const char *const joined[] = { "setcookie" };
	struct name name;
	size_t from;

	read_name(&name, text, len);
	if (!name.count || is_about_secret(&name))
		return false;
	for (size_t i = 0; i < COUNT(anywhere); i++) {
		if (strstr(name.plain, anywhere[i]))
			return true;
	}
	from = name.words[name.count - 1];
	return ends_with_one_of(&name, at_end, COUNT(at_end)) ||
	       is_one_of(name.plain, name.len, joined, COUNT(joined)) ||
	       is_one_of(name.plain + from, name.len - from, last_word, COUNT(last_word));
}

/* The shell's PWD is no secret; Pwd=x of a connection string is. */
bool redact_is_folder(const char *name, size_t name_len, const char *value, size_t len)
{
	return name_len == 3 && (name[0] | 0x20) == 'p' && (name[1] | 0x20) == 'w' &&
	       (name[2] | 0x20) == 'd' && len && value[0] == '/';
}

/* PasswordAuthentication=no */
bool redact_is_switch(const char *value, size_t len)
{
	static const char *const values[] = { "yes", "no",   "true", "false", "on",
					      "off", "none", "null", "0",     "1" };

	return is_one_of(value, len, values, COUNT(values));
}
