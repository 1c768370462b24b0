/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact/secrets.h - where in a string of argv or env a secret is.
 *
 * Owns:  the built-in rules. When in doubt they hide: a value too many hidden is a nuisance, one
 *        too few is a leak.
 * Not:   the user's patterns and the replacing (redact.c).
 *
 *	names.c      what is the name of a secret
 *	words.c      what all of these share
 *	rules.c      what tells by itself, anywhere in a text
 *	keys.c       of these, keys by their first characters
 *	args.c       what only its place among the arguments of a program tells
 */
#ifndef REDACT_SECRETS_H
#define REDACT_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_BYTES 64 /* of a name, its end counts */
#define REDACT_WORK_PER_BYTE 64 /* bytes that all searches may read for each byte of a string */
#define REDACT_WORK_MIN 4096 /* for any string */

struct span {
	size_t start, end;
};

struct spans {
	struct span *items;
	size_t count, cap;
	bool failed; /* out of memory: nothing may be shown */
};

void spans_add(struct spans *spans, size_t start, size_t end);

/*
 * The budget of one string of @len bytes, by thread. Once it is spent, every search reports the end
 * of the string, and the caller hides the string. Done: bytes that were charged, for tests.
 */
void redact_work_begin(size_t len);
bool redact_work_is_spent(void);
size_t redact_work_done(void);

/* A search read @count bytes; @found is its result. Returns that, or @len once the budget is spent. */
size_t redact_charge(size_t count, size_t found, size_t len);

/* What the strings of an argv before this one say about it; zero before argv[0]. */
struct redact_context {
	size_t index;
	int next; /* enum redact_where of the next string */
	bool is_text; /* words of a longer text: its headers are seen as a whole */
	bool is_after_header; /* the string before was "Authorization:", the next may be "Bearer" */
	bool is_after_long; /* the string before was --like-this */
	bool is_shell_text; /* the string before was -c */
	bool is_login; /* there was a `login` */
	bool is_setting; /* there was a `set` or `config`: a bare name may be followed by a value */
	bool is_wrapper; /* the program runs another that its arguments name */
	bool is_in_key; /* between the lines of a private key */
	bool is_key_begun; /* "-----BEGIN" was there */
	uint64_t options; /* rows of the table of programs that may apply */
};

/* Adds the secrets in string @data of an argv; call for each in order. */
void redact_argument(struct redact_context *context, const char *data, size_t len,
		     struct spans *spans);

/* Adds the secrets in NAME=value of an environment. */
void redact_variable(const char *data, size_t len, struct spans *spans);

/* Adds what tells by itself that it is a secret. @is_shell: a shell splits this at blanks. */
void redact_text(const char *data, size_t len, bool is_shell, struct spans *spans);

/* Part of the above: keys by their first characters. */
void redact_keys(const char *data, size_t len, struct spans *spans);

bool redact_is_secret_name(const char *text, size_t len);
bool redact_is_switch(const char *value, size_t len);
bool redact_is_folder(const char *name, size_t name_len, const char *value, size_t len);

/* Of the characters of a text. */
bool redact_is_blank(char c);
bool redact_is_name_char(char c);
bool redact_starts_with(const char *data, size_t len, const char *prefix);

/* Index of the quote that ends what the one at @at begins; @len if none does. */
size_t redact_closing_quote(const char *data, size_t len, size_t at);

/* The end of the shell's word that begins at @at: a blank, or an operator, outside of quotes. */
size_t redact_word_end(const char *data, size_t len, size_t at);

/* Adds a word without the quotes around it. */
void redact_add_word(const char *data, size_t start, size_t end, struct spans *spans);

#endif
