/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cases/c_args.c - argument vectors and environments that break tracers.
 *
 * c_args argv NAME: one exec with the vector NAME. c_args env NAME: the same as environment.
 */
#include "truth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STRING_MAX 131071 /* MAX_ARG_STRLEN without its NUL */

static char **vector;
static size_t vector_count;

static void add_bytes(const char *data, size_t len)
{
	char *copy = malloc(len + 1);

	vector = realloc(vector, (vector_count + 2) * sizeof(*vector));
	if (!copy || !vector)
		truth_broken("out of memory");
	memcpy(copy, data, len);
	copy[len] = '\0';
	vector[vector_count++] = copy;
	vector[vector_count] = NULL;
}

static void add(const char *text)
{
	add_bytes(text, strlen(text));
}

/* A long string whose every part differs: a shifted or repeated chunk shows. */
static void add_long(size_t len, unsigned seed)
{
	char *text = malloc(len + 1);

	for (size_t i = 0; text && i < len; i++)
		text[i] = (char)('!' + (i * 7 + i / 93 + seed) % 90);
	if (!text)
		truth_broken("out of memory");
	add_bytes(text, len);
	free(text);
}

static void make_plain(void)
{
	add("just=one");
}

static void make_empty(void)
{
	add("");
	add("");
	add("middle=1");
	add("");
}

static void make_newlines(void)
{
	add("a=line one\nline two\n");
	add("\n");
	add("tab\tand\rreturn");
	add("{\"event\":\"exec\",\"pid\":1}\n{\"event\":\"exit\"}");
	add("quote\" back\\slash / 'single' `tick` $(cmd)");
}

static void make_escapes(void)
{
	char every[256];

	add("\x1b[31mred\x1b[0m\x1b]0;title\x07");
	add("\x1b[2J\x1b[1;1H");
	add("\x08\x08\x08\x7f");
	add("\xe2\x80\xae"
	    "gnp.exe"); /* right-to-left override */
	for (int i = 1; i < 256; i++)
		every[i - 1] = (char)i;
	add_bytes(every, 255);
}

static void make_utf8(void)
{
	add("valid=\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7");
	add("overlong \xc0\xaf");
	add("surrogate \xed\xa0\x80");
	add("too big \xf4\x90\x80\x80");
	add("cut \xf0\x9f\x90");
	add("alone \xff\xfe\x80");
	add("noncharacter \xef\xbf\xbf");
}

static void make_liar(void)
{
	add("/usr/sbin/sshd");
	add("-D");
}

static void make_32k(void)
{
	add("first=1");
	add_long(32768, 1);
	add("last=1");
}

/* Around what fits into a record. */
static void make_edges(void)
{
	for (size_t len = 8000; len <= 8448; len += 64)
		add_long(len / 8, (unsigned)len);
	add_long(4096 - 1, 2);
	add_long(4096, 3);
	add_long(4096 + 1, 4);
}

static void make_string128k(void)
{
	add("before=1");
	add_long(STRING_MAX, 3);
	add("after=1");
}

static void make_strings40000(void)
{
	for (unsigned i = 0; i < 40000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "v%u=%u", i, i * 2654435761u);
		add(i % 16 == 15 ? "" : text);
	}
}

static void make_2mb(void)
{
	for (unsigned i = 0; i < 18; i++)
		add_long(STRING_MAX - i, i);
}

/* The kernel's own limit: three quarters of 8 MiB, if the stack may be that big. */
static void make_5mb(void)
{
	for (unsigned i = 0; i < 40; i++)
		add_long(STRING_MAX - i, i);
}

static const struct {
	const char *name;
	void (*make)(void);
} makers[] = {
	{ "plain", make_plain },
	{ "empty", make_empty },
	{ "newlines", make_newlines },
	{ "escapes", make_escapes },
	{ "utf8", make_utf8 },
	{ "liar", make_liar },
	{ "32k", make_32k },
	{ "edges", make_edges },
	{ "string128k", make_string128k },
	{ "strings40000", make_strings40000 },
	{ "2mb", make_2mb },
	{ "5mb", make_5mb },
};

static void make(const char *name)
{
	struct rlimit stack = { 64 << 20, RLIM_INFINITY };

	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		if (!strcmp(makers[i].name, name))
			makers[i].make();
	}
	if (!vector)
		truth_broken("no such vector: %s", name);
	/* argv and env may take a quarter of the stack's limit, whatever it is used for. */
	if (setrlimit(RLIMIT_STACK, &stack) < 0)
		truth_skip("the stack limit cannot be raised: %s", strerror(errno));
}

/*
 * As who made it up would have: what a fork copies is not accessible to a BPF program, which may not
 * fault, where the CPU leaves it to the kernel to note accesses (arm64 before 8.1). Since 6.9 the
 * kernel does not look at argv where there is no file to execute.
 */
static void touch(char *const argv[])
{
	volatile size_t bytes = 0;

	for (size_t i = 0; argv[i]; i++)
		bytes += strlen(argv[i]);
}

static void run(char *const argv[], char *const env[], const char *key)
{
	int *error = case_shared(sizeof(*error));
	pid_t pid = case_fork();
	struct truth t;
	int status;

	if (pid == 0) {
		if (!strcmp(key, "cut")) { /* the limit is for what fails, too */
			touch(argv);
			execve("/nowhere", argv, env);
		}
		execve(case_target, argv, env);
		*error = errno;
		_exit(99);
	}
	status = case_reap(pid);
	if (*error)
		truth_broken("execve: %s", strerror(*error));
	if (!strcmp(key, "cut")) {
		truth_event(&t, "exec_failed", pid);
		truth_str(&t, "filename", "/nowhere");
		truth_bool(&t, "argv_truncated", true);
		truth_end(&t);
	}
	truth_event(&t, "exec", pid);
	truth_str(&t, "filename", case_target);
	truth_str(&t, "exe", case_target);
	if (!strcmp(key, "argv")) {
		truth_vector(&t, "argv", argv);
		truth_bool(&t, "argv_truncated", false);
	} else if (!strcmp(key, "env")) {
		truth_vector(&t, "env", env);
		truth_bool(&t, "env_truncated", false);
	} else if (!strcmp(key, "cut")) { /* --max-args=1000: what was there, not what is here */
		size_t count = 0, bytes = 0;

		for (; argv[count]; count++)
			bytes += strlen(argv[count]) + 1;
		truth_num(&t, "argc", (long long)count);
		truth_num(&t, "argv_bytes", (long long)bytes);
		truth_bool(&t, "argv_truncated", true);
	} else if (!strcmp(key, "no_env")) {
		truth_absent(&t, "env");
		truth_absent(&t, "env_b64");
	} else { /* --env=KEEP,ALSO */
		truth_raw(&t, "env", "{\"hexv\":[\"4b4545503d31\",\"414c534f3d\"]}");
	}
	truth_end(&t);
	truth_event(&t, "exit", pid);
	truth_num(&t, "exit_code", status >> 8);
	truth_str(&t, "exe", case_target);
	truth_end(&t);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : "";

	truth_begin();
	if (!strcmp(what, "argv")) {
		make(name);
		run(vector, (char *const[]){ NULL }, "argv");
	} else if (!strcmp(what, "env")) {
		make(name);
		run((char *const[]){ "target", NULL }, vector, "env");
	} else if (!strcmp(what, "cut")) {
		make(name);
		run(vector, (char *const[]){ NULL }, "cut");
	} else if (!strcmp(what, "no_env")) {
		make("plain");
		run((char *const[]){ "target", NULL }, vector, "no_env");
	} else if (!strcmp(what, "env_names")) {
		add("DROP=1");
		add("KEEP=1");
		add("KEEPER=1");
		add("ALSO=");
		add("NOT");
		run((char *const[]){ "target", NULL }, vector, "env_names");
	} else {
		truth_broken("no such part: %s", what);
	}
	return 0;
}
