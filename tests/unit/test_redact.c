/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_redact.c - secrets go, everything else stays.
 */
#include "sink_help.h"

#include <errno.h>
#include <stdio.h>

#include "redact/secrets.h"

#define R "[redacted]"

static int bad_count; /* all of a table are told, not only the first */

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
		bad_count++, print_error("%s\n  became %s\nexpected %s\n", in, text, expected);
	else if (strcmp(in, expected) == 0)
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
	{ "mysqldump|-p|db", "mysqldump|-p|" R },
	{ "mysql|-p|-h|host", "mysql|-p|-h|host" },
	{ "sshpass|-p|x|ssh|h", "sshpass|-p|" R "|ssh|h" },
	{ "mkdir|-p|dir", "mkdir|-p|dir" },
	{ "docker|run|-p|80:80|img", "docker|run|-p|80:80|img" },
	{ "docker|login|-u|me|-p|x", "docker|login|-u|me|-p|" R },
	{ "smbclient|-U|me%pw", "smbclient|-U|me%" R },
	{ "openssl|rsa|-passin|pass:abc", "openssl|rsa|-passin|pass:" R },
	{ "aws|AKIAIOSFODNN7EXAMPLE", "aws|" R },
	{ "aws|xAKIAIOSFODNN7EXAMPLE", "aws|xAKIAIOSFODNN7EXAMPLE" },
	{ "x|ghp_0123456789abcdefghijABCDEFGHIJ012345", "x|" R },
	/* words of names */
	{ "app|--db-pass|x|--pwd|y|--auth|a:b", "app|--db-pass|" R "|--pwd|" R "|--auth|" R },
	{ "app|dbPass=a|dbPwd=b|DB_PWD=c|DBPASS=d",
	  "app|dbPass=" R "|dbPwd=" R "|DB_PWD=" R "|DBPASS=" R },
	{ "app|--author|X|--authors=a", "app|--author|X|--authors=a" },
	{ "app|--password-file|F|--token-file=/f", "app|--password-file|F|--token-file=/f" },
	{ "docker|login|--password-stdin|host", "docker|login|--password-stdin|host" },
	{ "llm|--max-tokens|4096|--tokenizer|t", "llm|--max-tokens|4096|--tokenizer|t" },
	{ "ansible|--ask-pass|hosts|--no-auth|x", "ansible|--ask-pass|hosts|--no-auth|x" },
	{ "env|PWD=/x|OLDPWD=/y|SSH_ASKPASS=/z", "env|PWD=/x|OLDPWD=/y|SSH_ASKPASS=/z" },
	{ "keytool|-storepass|x|-keypass|y", "keytool|-storepass|" R "|-keypass|" R },
	{ "x|Server=a;Uid=sa;Pwd=b;Database=c", "x|Server=a;Uid=sa;Pwd=" R ";Database=c" },
	/* programs */
	{ "mysql|-uroot|-p|X|db", "mysql|-uroot|-p|" R "|db" },
	{ "mysql|-NBpX", "mysql|-NBp" R },
	{ "curl|--user|me:pw|--proxy-user|a:b", "curl|--user|me:" R "|--proxy-user|a:" R },
	{ "curl|-sSLu|me:pw|h", "curl|-sSLu|me:" R "|h" },
	{ "curl|-b|jar.txt|-b|a=b; c=d", "curl|-b|jar.txt|-b|a=" R },
	{ "http|-a|me:pw|h", "http|-a|me:" R "|h" },
	{ "zip|-rP|X|o.zip|dir", "zip|-rP|" R "|o.zip|dir" },
	{ "sudo|-u|me|mysql|-pX", "sudo|-u|me|mysql|-p" R },
	{ "docker|exec|zip|mysql|-pX", "docker|exec|zip|mysql|-p" R },
	{ "kubectl|exec|p|--|mysqldump|-pX", "kubectl|exec|p|--|mysqldump|-p" R },
	{ "docker|run|--name|mysql|-p|80:80|x", "docker|run|--name|mysql|-p|80:80|x" },
	{ "sshpass|-p|X|ssh|h|mysql|-pY", "sshpass|-p|" R "|ssh|h|mysql|-p" R },
	{ "redis-cli|-h|h|AUTH|X", "redis-cli|-h|h|AUTH|" R },
	{ "ssh|-p|22|h", "ssh|-p|22|h" },
	{ "grep|-p|x", "grep|-p|x" },
	{ "cp|-p|a|b", "cp|-p|a|b" },
	{ "login|-p|root", "login|-p|root" },
	{ "docker|login|-pX", "docker|login|-p" R },
	/* a shell's text */
	{ "sh|-c|PGPASSWORD=X psql -p 5432", "sh|-c|PGPASSWORD=" R " psql -p 5432" },
	{ "sh|-c|cd /x && mysql -u root -pX db", "sh|-c|cd /x && mysql -u root -p" R " db" },
	{ "sh|-c|A=b mysql '-pX' db; mkdir -p d", "sh|-c|A=b mysql '-p" R "' db; mkdir -p d" },
	{ "ssh|h|curl -su me:pw http://h", "ssh|h|curl -su me:" R " http://h" },
	{ "sh|-c|ssh h \"sudo mysql -pX\" db", "sh|-c|ssh h \"sudo mysql -p" R "\" db" },
	{ "sh|-c|echo $(sshpass -p X ssh h)", "sh|-c|echo $(sshpass -p " R " ssh h)" },
	{ "sh|-c|PASS=a\\ b make", "sh|-c|PASS=" R " make" },
	{ "sh|-c|PASS='a b'\\''c' make", "sh|-c|PASS=" R " make" },
	{ "sh|-c|app --password \\\n  X y", "sh|-c|app --password \\\n  " R " y" },
	{ "sh|-c|curl -d 'password=a b&c=d' h", "sh|-c|curl -d 'password=" R "&c=d' h" },
	{ "sh|-c|don't --password X isn't", "sh|-c|don't --password " R " isn't" },
	{ "curl|-d|password=a b&c=d", "curl|-d|password=" R },
	{ "curl|-d|u=a&password=a b&c=d", "curl|-d|u=a&password=" R "&c=d" },
	{ "sh|-c|echo 'machine h login u password X' > f",
	  "sh|-c|echo 'machine h login u password " R "' > f" },
	{ "app|--password X", "app|--password " R },
	{ "ssh|-o|PasswordAuthentication=no|--token|true",
	  "ssh|-o|PasswordAuthentication=no|--token|true" },
	/* headers and bodies */
	{ "curl|-H|X-Auth-Token:abc|u", "curl|-H|X-Auth-Token:" R "|u" },
	{ "curl|-HX-Api-Key:abc|u", "curl|-HX-Api-Key:" R "|u" },
	{ "curl|-H|Proxy-Authorization: Digest a=\"b\", c", "curl|-H|Proxy-Authorization: " R },
	{ "sh|-c|curl -H 'Cookie: a=b; c=d' h", "sh|-c|curl -H 'Cookie: " R "' h" },
	{ "sh|-c|curl -H \"Authorization: Bearer X\" h",
	  "sh|-c|curl -H \"Authorization: " R "\" h" },
	{ "curl|-H|Authorization:|Bearer|X|u", "curl|-H|Authorization:|" R "|" R "|u" },
	{ "curl|-d|{\"password\":\"a\\\"b\",\"u\":1}", "curl|-d|{\"password\":\"" R "\",\"u\":1}" },
	{ "sh|-c|curl -d '{\"token\":\"X\",\"a\":\"b\"}' h",
	  "sh|-c|curl -d '{\"token\":\"" R "\",\"a\":\"b\"}' h" },
	{ "sh|-c|curl -d \"{\\\"token\\\":\\\"X\\\"}\" h",
	  "sh|-c|curl -d \"{\\\"token\\\":\\\"" R "\\\"}\" h" },
	{ "curl|-d|{\"password\":|\"X\"}", "curl|-d|{\"password\":|" R },
	{ "curl|-d|<a><password>X</password></a>", "curl|-d|<a><password>" R "</password></a>" },
	{ "mysql|-e|ALTER USER a IDENTIFIED BY 'X Y';",
	  "mysql|-e|ALTER USER a IDENTIFIED BY '" R "';" },
	{ "g++|a::Token::b|Token::of", "g++|a::Token::b|Token::of" },
	{ "curl|http://h/?key=X&a=b", "curl|http://h/?key=" R "&a=b" },
	{ "psql|postgres://u:p/w#1@h/d", "psql|postgres://u:" R "@h/d" },
	{ "curl|http://[::1]:80/a@b", "curl|http://[::1]:80/a@b" },
	{ "aws|configure|set|aws_secret_access_key|X",
	  "aws|configure|set|aws_secret_access_key|" R },
	{ "grep|-r|auth_token|src", "grep|-r|auth_token|src" },
	{ "git|-c|credential.helper=store|pull", "git|-c|credential.helper=store|pull" },
	/* what tells by itself */
	{ "x|eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiIxIn0.c2ln", "x|" R },
	{ "x|glpat-abcdefghij|xoxb-1234567890-a|ghp_abcdefghij", "x|" R "|" R "|" R },
	{ "x|-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
	  "x|-----BEGIN RSA PRIVATE KEY-----" R "-----END RSA PRIVATE KEY-----" },
	{ "x|-----BEGIN|EC|PRIVATE|KEY-----|MIIE|abc|-----END|EC|KEY-----|y",
	  "x|-----BEGIN|EC|PRIVATE|KEY-----|" R "|" R "|-----END|EC|KEY-----|y" },
	{ "x|-----BEGIN CERTIFICATE-----\nMIIE\n-----END",
	  "x|-----BEGIN CERTIFICATE-----\nMIIE\n-----END" },
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
	assert_int_equal(bad_count, 0);
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
	check_with(redactor, true,
		   "SUDO_COMMAND=/usr/bin/mysql -pX db|PASS=x|REDIS_AUTH=y|SSH_AUTH_SOCK=/tmp/a|"
		   "PGPASSFILE=/f|SHLVL=1|XAUTHORITY=/root/.Xauthority",
		   "SUDO_COMMAND=/usr/bin/mysql -p" R " db|PASS=" R "|REDIS_AUTH=" R
		   "|SSH_AUTH_SOCK=/tmp/a|PGPASSFILE=/f|SHLVL=1|XAUTHORITY=/root/.Xauthority");
	assert_int_equal(bad_count, 0);
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
	assert_int_equal(bad_count, 0);
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
	static const char *const units[] = { "token=",
					     "token: ",
					     "\"token\":'",
					     "--token ",
					     "://a:b@",
					     "bearer ",
					     "ghp_",
					     "--token 'x",
					     "=",
					     "AKIA-",
					     "eyJ-",
					     "\"'",
					     "a' ",
					     "\\\"'",
					     "<token>",
					     "password '",
					     "-----BEGIN PRIVATE KEY-----",
					     "mysql -p\"",
					     "(" };
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

/* Texts that made a search for an end start again and again. */
static const char *const hard_units[] = {
	"\"password\":\"",
	"{\"password\":\"",
	"password='",
	"\"password\":",
	"'",
	"\\\\\"",
	"token=\"a'",
	"password 'x",
	"://a:/",
	"hooks.slack.com/services/",
	"\" '",
	"a'b\"",
	"password=' ",
	"  =",
};

/* Bytes that the searches of a string of @unit read. */
static size_t work_of(const char *unit, size_t size, bool is_shell)
{
	struct redact_context context = { .is_shell_text = is_shell };
	struct spans spans = { 0 };
	char *data = malloc(size);

	assert_non_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = unit[i % strlen(unit)];
	redact_work_begin(size);
	redact_argument(&context, data, size, &spans);
	assert_false(redact_work_is_spent());
	free(spans.items);
	free(data);
	return redact_work_done();
}

static void work_is_linear(void **state)
{
	for (size_t i = 0; i < sizeof(hard_units) / sizeof(hard_units[0]); i++) {
		for (int is_shell = 0; is_shell < 2; is_shell++) {
			size_t small = work_of(hard_units[i], 15000, is_shell);
			size_t large = work_of(hard_units[i], 150000, is_shell);

			if (large > 11 * small + 1000 || large > 10 * 150000)
				fail_msg("%s: %zu bytes, then %zu", hard_units[i], small, large);
		}
	}
	(void)state;
}

/* Patterns that cannot look through all of an argv hide what they have not seen. */
static void patterns_are_bounded(void **state)
{
	static const char *const patterns[] = { "a.*b|a", NULL };
	struct begat_event ev = new_event(BEGAT_EXEC);
	const struct begat_event *out;
	struct begat_redactor *redactor;
	size_t size = 200000;
	char *data = malloc(size);

	assert_non_null(data);
	memset(data, 'a', size);
	memcpy(data, "x\0y", 3);
	strcpy(data + size - 5, "zzzz");
	HAS(&ev, ARGV);
	ev.argv = (struct begat_strv){ data, size, 2, 0 };
	assert_int_equal(begat_redactor_new(patterns, &redactor, NULL, 0), 0);
	out = begat_redact(redactor, &ev);
	assert_non_null(out);
	assert_int_equal(out->argv.count, 2);
	assert_string_equal(out->argv.data, "x");
	assert_int_equal(out->argv.data[2], 'y');
	assert_null(memmem(out->argv.data, out->argv.bytes, "zzzz", 4));
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
	ev.filename = LITERAL("/bin/ghp_0123456789abcdef/x");
	ev.argv = LITERALS("a\0--password\0hunt\xff"
			   "er",
			   3);
	ev.env = LITERALS("TOKEN=hunter2\0A=b", 2);
	text = sink_output("json", &opts, &ev, 1, NULL);
	assert_string_equal(text, "{\"event\":\"exec\",\"filename\":\"/bin/" R "/x\","
				  "\"argv\":[\"a\",\"--password\",\"" R "\"],"
				  "\"env\":[\"TOKEN=" R "\",\"A=b\"]}\n");
	free(text);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_argv),
		cmocka_unit_test(built_in_env),
		cmocka_unit_test(own_patterns),
		cmocka_unit_test(bad_pattern),
		cmocka_unit_test(long_strings_are_linear),
		cmocka_unit_test(work_is_linear),
		cmocka_unit_test(patterns_are_bounded),
		cmocka_unit_test(json_shows_none),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
