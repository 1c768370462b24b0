/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_redact.c - secrets go, everything else stays.
 */
#include "sink_help.h"

#include <errno.h>
#include <stdio.h>

#define R "[redacted]"

/* Strings with "|" between them, as argv or as env. */
static void check_with(struct begat_redactor *redactor, bool is_env, const char *in,
		       const char *expected)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	const struct begat_event *out;
	size_t len = strlen(in);
	char *data = malloc(len + 1), text[1024];
	const struct begat_strv *strv;
	uint32_t count = 1;

	assert_non_null(data);
	for (size_t i = 0; i <= len; i++) {
		data[i] = in[i] == '|' ? '\0' : in[i];
		count += in[i] == '|';
	}
	if (is_env) {
		HAS(&ev, ENV);
		ev.env = (struct begat_strv){ data, len + 1, count, 0 };
	} else {
		HAS(&ev, ARGV);
		ev.argv = (struct begat_strv){ data, len + 1, count, 0 };
	}
	out = begat_redact(redactor, &ev);
	assert_non_null(out);
	strv = is_env ? &out->env : &out->argv;
	assert_int_equal(strv->count, count);
	assert_true(strv->bytes <= sizeof(text));
	for (size_t i = 0; i + 1 < strv->bytes; i++)
		text[i] = strv->data[i] ? strv->data[i] : '|';
	text[strv->bytes - 1] = '\0';
	if (strcmp(text, expected) != 0)
		fail_msg("%s\n became %s\nexpected %s", in, text, expected);
	if (strcmp(in, expected) == 0)
		assert_ptr_equal(out, &ev); /* nothing to hide, nothing copied */
	free(data);
}

static const char *const argvs[][2] = {
	{ "app|--password|x y|--verbose", "app|--password|" R "|--verbose" },
	{ "app|--password=x y", "app|--password=" R },
	{ "app|--password=", "app|--password=" },
	{ "app|-password|x", "app|-password|" R },
	{ "app|--token|--verbose", "app|--token|--verbose" },
	{ "app|--api-key=abc|--apikey|d", "app|--api-key=" R "|--apikey|" R },
	{ "app|--client_secret|s3cr3t", "app|--client_secret|" R },
	{ "gcc|-DAPI_TOKEN=abc|x.c", "gcc|-DAPI_TOKEN=" R "|x.c" },
	{ "env|GITHUB_TOKEN=abc def|make", "env|GITHUB_TOKEN=" R "|make" },
	{ "env|PATH=/bin|make|-j2", "env|PATH=/bin|make|-j2" },
	{ "sh|-c|TOKEN=abc make all", "sh|-c|TOKEN=" R " make all" },
	{ "bash|-lc|mysql --password hunter2 db", "bash|-lc|mysql --password " R " db" },
	{ "sh|-c|app --secret 'a b' c", "sh|-c|app --secret '" R "' c" },
	{ "curl|-H|Authorization: Bearer abcdef|u", "curl|-H|Authorization: " R "|u" },
	{ "curl|-H|X-Auth-Token: abc", "curl|-H|X-Auth-Token: " R },
	{ "x|the Bearer abcdefghi, please", "x|the Bearer " R " please" },
	{ "x|basic types", "x|basic types" },
	{ "curl|https://user:pa:ss@host/p?q=1", "curl|https://user:" R "@host/p?q=1" },
	{ "curl|https://host:8080/a@b", "curl|https://host:8080/a@b" },
	{ "git|clone|https://user@host/x", "git|clone|https://user@host/x" },
	{ "git|clone|https://abcdefghijklmnopqrstuvwx@host/x", "git|clone|https://" R "@host/x" },
	{ "curl|http://h/?a=1&access_token=xyz&b=2", "curl|http://h/?a=1&access_token=" R "&b=2" },
	{ "curl|-d|{\"user\": \"me\", \"password\": \"x y\"}",
	  "curl|-d|{\"user\": \"me\", \"password\": \"" R "\"}" },
	{ "curl|-u|me:pw|-U|p:q", "curl|-u|me:" R "|-U|p:" R },
	{ "curl|-ume:pw", "curl|-ume:" R },
	{ "/usr/bin/curl|-u|me", "/usr/bin/curl|-u|me" },
	{ "mysql|-phunter2|db", "mysql|-p" R "|db" },
	{ "mysqldump|-p|db", "mysqldump|-p|db" },
	{ "sshpass|-p|x|ssh|h", "sshpass|-p|" R "|ssh|h" },
	{ "mkdir|-p|dir", "mkdir|-p|dir" },
	{ "docker|run|-p|80:80|img", "docker|run|-p|80:80|img" },
	{ "docker|login|-u|me|-p|x", "docker|login|-u|me|-p|" R },
	{ "smbclient|-U|me%pw", "smbclient|-U|me%" R },
	{ "openssl|rsa|-passin|pass:abc", "openssl|rsa|-passin|pass:" R },
	{ "aws|AKIAIOSFODNN7EXAMPLE", "aws|" R },
	{ "aws|xAKIAIOSFODNN7EXAMPLE", "aws|xAKIAIOSFODNN7EXAMPLE" },
	{ "x|ghp_0123456789abcdefghijABCDEFGHIJ012345", "x|" R },
	{ "cc1|-quiet|a.c|-o|/tmp/x.s", "cc1|-quiet|a.c|-o|/tmp/x.s" },
	{ "||", "||" },
	{ "", "" },
};

static void built_in_argv(void **state)
{
	struct begat_redactor *redactor;

	assert_int_equal(begat_redactor_new(NULL, &redactor, NULL, 0), 0);
	for (size_t i = 0; i < sizeof(argvs) / sizeof(argvs[0]); i++)
		check_with(redactor, false, argvs[i][0], argvs[i][1]);
	begat_redactor_free(redactor);
	begat_redactor_free(NULL);
	(void)state;
}

static void built_in_env(void **state)
{
	struct begat_redactor *redactor;

	assert_int_equal(begat_redactor_new(NULL, &redactor, NULL, 0), 0);
	check_with(redactor, true,
		   "HOME=/root|DB_PASSWORD=a b|PWD=/x|SSH_PRIVATE_KEY=-----BEGIN\nx|A=token|"
		   "AWS_SECRET_ACCESS_KEY=x|GOOGLE_APPLICATION_CREDENTIALS=/f|MYSQL_PWD=x|"
		   "DATABASE_URL=postgres://u:p@h/d|noequals|=|PASSWORD=",
		   "HOME=/root|DB_PASSWORD=" R "|PWD=/x|SSH_PRIVATE_KEY=" R "|A=token|"
		   "AWS_SECRET_ACCESS_KEY=" R "|GOOGLE_APPLICATION_CREDENTIALS=" R "|MYSQL_PWD=" R
		   "|DATABASE_URL=postgres://u:" R "@h/d|noequals|=|PASSWORD=");
	begat_redactor_free(redactor);
	(void)state;
}

static void own_patterns(void **state)
{
	static const char *const patterns[] = { "card=([0-9]+)", "sess-[a-z]+", "^x*", NULL };
	struct begat_redactor *redactor;

	assert_int_equal(begat_redactor_new(patterns, &redactor, NULL, 0), 0);
	check_with(redactor, false, "pay|card=123 card=456|sess-abc sess-d!|xxa|Xx",
		   "pay|card=" R " card=" R "|" R " " R "!|" R "a|Xx");
	begat_redactor_free(redactor);
	(void)state;
}

static void bad_pattern(void **state)
{
	static const char *const patterns[] = { "fine", "([a", NULL };
	struct begat_sink_options opts = { .size = sizeof(opts), .fd = 1, .redact = true };
	struct begat_redactor *redactor = NULL;
	struct begat_sink *sink = NULL;
	char error[128];

	assert_int_equal(begat_redactor_new(patterns, &redactor, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "bad pattern `([a`"));
	assert_null(redactor);
	opts.redact_patterns = patterns;
	assert_int_equal(begat_sink_open("json", &opts, &sink), -EINVAL);
	assert_null(sink);
	(void)state;
}

/* A hostile argv must not buy time by the square of its length. */
static void long_strings_are_linear(void **state)
{
	static const char *const units[] = { "token=",	 "token: ",    "\"token\":'",
					     "--token ", "://a:b@",    "bearer ",
					     "ghp_",	 "--token 'x", "=" };
	size_t size = 2 * 1024 * 1024;
	char *data = malloc(size);
	struct begat_redactor *redactor;

	assert_non_null(data);
	assert_int_equal(begat_redactor_new(NULL, &redactor, NULL, 0), 0);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct begat_event ev = new_event(BEGAT_EXEC);
		size_t len = strlen(units[i]);

		for (size_t at = 0; at < size; at++)
			data[at] = units[i][at % len];
		data[size - 1] = '\0';
		HAS(&ev, ARGV);
		ev.argv = (struct begat_strv){ data, size, 1, 0 };
		alarm(20); /* the square would take hours */
		assert_non_null(begat_redact(redactor, &ev));
		alarm(0);
	}
	begat_redactor_free(redactor);
	free(data);
	(void)state;
}

static void json_shows_none(void **state)
{
	struct begat_event ev = new_event(BEGAT_EXEC);
	struct begat_sink_options opts = { .redact = true };
	char *text;

	HAS(&ev, FILENAME), HAS(&ev, ARGV), HAS(&ev, ENV);
	ev.filename = LITERAL("/bin/TOKEN=kept");
	ev.argv = LITERALS("a\0--password\0hunt\xff"
			   "er",
			   3);
	ev.env = LITERALS("TOKEN=hunter2\0A=b", 2);
	text = sink_output("json", &opts, &ev, 1, NULL);
	assert_string_equal(text, "{\"event\":\"exec\",\"filename\":\"/bin/TOKEN=kept\","
				  "\"argv\":[\"a\",\"--password\",\"" R "\"],"
				  "\"env\":[\"TOKEN=" R "\",\"A=b\"]}\n");
	free(text);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_argv),
		cmocka_unit_test(built_in_env),
		cmocka_unit_test(own_patterns),
		cmocka_unit_test(bad_pattern),
		cmocka_unit_test(long_strings_are_linear),
		cmocka_unit_test(json_shows_none),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
