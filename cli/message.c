/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/message.c - sentences for people on stderr, and the word that was probably meant.
 *
 * Owns:  the "begat: " in front, "Try 'begat ... --help'." behind; edit distance.
 * Not:   what went wrong (each caller says that).
 *
 * Invariants
 *  (1) A message is one write(2), so that it does not mix with a traced command's own output.
 *  (2) A message never shares a line with a status line: it removes that one first.
 *  (3) Words that came from outside pass cli_safe(): none can move the cursor.
 */
#include "cli.h"
#include "options.h"

#include <begat/text.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/byte_set.h"

static atomic_bool has_status_line;

bool cli_set_status(bool is_there)
{
	return atomic_exchange(&has_status_line, is_there);
}

static void write_stderr(const char *text, size_t len)
{
	/* Nobody is left to tell when this fails. */
	if (write(STDERR_FILENO, text, len) < 0)
		return;
}

void cli_complain(const char *format, ...)
{
	char text[2048];
	size_t used = (size_t)snprintf(text, sizeof(text),
				       "%sbegat: ", cli_set_status(false) ? "\r\033[J" : "");
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text + used, sizeof(text) - used - 1, format, args);
	va_end(args);
	if (n > 0)
		used += (size_t)n < sizeof(text) - used - 1 ? (size_t)n : sizeof(text) - used - 2;
	text[used++] = '\n';
	write_stderr(text, used);
}

/* The full stop that a sentence lacks, or "". */
static const char *stop_of(const char *sentence)
{
	size_t len = strlen(sentence);

	return len && byte_is_one_of(sentence[len - 1], ".?!") ? "" : ".";
}

void cli_explain(const char *sentence)
{
	cli_complain("%s%s", sentence, stop_of(sentence));
}

int cli_usage_error(const char *command, const char *sentence)
{
	cli_complain("%s%s Try 'begat %s%s--help'.", sentence, stop_of(sentence),
		     command ? command : "", command ? " " : "");
	return CLI_USAGE;
}

const char *cli_safe(char *out, size_t size, const char *text)
{
	begat_escape(out, size, text, strlen(text), false);
	return out;
}

#define WORD_MAX 32

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours between two short words. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3];
		const unsigned *before = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = smallest(last[j] + 1, now[j - 1] + 1,
					  last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *suggest_word(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned best_distance = 3;
	size_t len = strlen(word);

	for (; *names; names++) {
		unsigned d = distance(word, *names);

		/* The beginning of a word is meant as that word, however much is missing. */
		if (len >= 2 && !strncmp(word, *names, len))
			d = 1;
		/* Two wrong letters of three are not a typing error. */
		if (d < best_distance && d * 2 < strlen(*names) && d < len) {
			best = *names;
			best_distance = d;
		}
	}
	return best;
}

int option_fail(struct options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(options->error, sizeof(options->error), format, args);
	va_end(args);
	return -EINVAL;
}
