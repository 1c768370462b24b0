/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter/lex.h - the words of an expression, and errors with their column.
 *
 * What a character means depends on its place: after an operator a word goes on to the next
 * blank, so that patterns need no quotes. So there is no list of tokens; the parser asks.
 */
#ifndef BEGAT_FILTER_LEX_H
#define BEGAT_FILTER_LEX_H

#include <begat/event.h>
#include <stdbool.h>
#include <stddef.h>

struct word {
	const char *data; /* in the expression */
	size_t len;
};

struct lexer {
	const char *text, *at;
	char *error; /* the first sentence stays */
	size_t error_len;
	int err; /* 0, -EINVAL, -ENOMEM */
	bool is_in_list; /* a comma ends a value */
	const struct begat_accounts *accounts; /* NULL = this machine's names */
};

/* Column from 1 of a place in the expression. */
size_t lex_column(const struct lexer *lexer, const char *at);

/* Records a sentence, unless there is one. Returns -EINVAL. */
int lex_error(struct lexer *lexer, const char *format, ...) __attribute__((format(printf, 2, 3)));
int lex_no_memory(struct lexer *lexer);

/* The text at this place, quoted and safe, or "the end"; in @buf. */
#define LEX_SHOWN_BYTES 56
const char *lex_shown(char buf[LEX_SHOWN_BYTES], const char *data, size_t len);
const char *lex_found(const struct lexer *lexer, char buf[LEX_SHOWN_BYTES]);

void lex_skip_blanks(struct lexer *lexer);
bool lex_at_end(struct lexer *lexer);

/* Takes @text if it comes next: a sign, or a word that ends there. */
bool lex_accept_sign(struct lexer *lexer, const char *sign);
bool lex_accept_word(struct lexer *lexer, const char *word);

/* Is it @text, in small letters or in capitals? */
bool word_is(struct word word, const char *text);

/* A field or function name: letters, digits, _ and ., then maybe [number]. len 0 if none. */
struct word lex_name(struct lexer *lexer);

/*
 * A value, quoted or not. Returns 0 and a copy with a NUL in *ret_text (free() it), *ret_at where
 * it began; -EINVAL, -ENOMEM.
 */
int lex_value(struct lexer *lexer, char **ret_text, size_t *ret_len, const char **ret_at);

#endif
