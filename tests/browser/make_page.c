/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * browser/make_page.c - reports of made-up traces, for the tests in a browser.
 *
 * Owns:    the traces: a parallel build of any size, hostile ones, ones that hold little or nothing.
 * Not:     what a report looks like. The same seed gives the same trace.
 * Called:  by run.sh: make_page KIND [PROCESSES] [html|text|json] > FILE
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "trace/report/report.h"

#define BEGIN UINT64_C(7200000000000)
#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define PARENT_LIMIT 64

static struct analysis_base *base;
static struct model *m;
static uint64_t seed = 20240229;
static uint64_t next_id = 0x9a3c51f27de00100;
static uint32_t next_pid = 41230;
static uint32_t context, row; /* of the process that was added last */

static void check(int err)
{
	if (err < 0) {
		fprintf(stderr, "make_page: %s\n", strerror(-err));
		exit(1);
	}
}

static uint64_t between(uint64_t low, uint64_t high)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return low + (seed >> 33) % (high - low + 1);
}

static uint32_t bytes(const char *data, size_t len)
{
	uint32_t number;

	check(model_add_text(m, data, len, &number));
	return number;
}

static uint32_t text(const char *s)
{
	return bytes(s, strlen(s));
}

/* Words separated by '|' as an argv. */
static uint32_t words(const char *line)
{
	char buffer[2048];
	size_t len = strlen(line);

	memcpy(buffer, line, len + 1);
	for (size_t i = 0; i < len; i++) {
		if (buffer[i] == '|')
			buffer[i] = '\0';
	}
	return bytes(buffer, len + 1);
}

struct plan {
	uint64_t parent, start, end, cpu, rss;
	const char *exe, *argv;
	int status, signal;
	unsigned misses; /* along PATH */
	uint64_t io;
};

static void add_miss(uint64_t at, const char *dir, const char *exe)
{
	char path[512];
	struct begat_str base = model_basename((struct begat_str){ exe, strlen(exe) });
	struct begat_trace_exec miss = { .type = BEGAT_EXEC_FAILED,
					 .process = row,
					 .context = BEGAT_TRACE_NONE,
					 .ts_ns = at,
					 .error = ENOENT };

	snprintf(path, sizeof(path), "%s/%.*s", dir, (int)base.len, base.data);
	miss.filename = text(path);
	check(model_add_exec(m, &miss));
}

static uint64_t add(const struct plan *plan)
{
	uint64_t id = next_id;
	static const char *const path[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin" };
	struct model_row r = { .p = {
				       .id = id,
				       .parent_id = plan->parent,
				       .start_ns = plan->start,
				       .end_ns = plan->end,
				       .utime_ns = plan->cpu - plan->cpu / 7,
				       .stime_ns = plan->cpu / 7,
				       .max_rss_bytes = plan->rss,
				       .read_bytes = plan->io,
				       .write_bytes = plan->io / 3,
				       .minor_faults = plan->rss / 4096,
				       .voluntary_switches = 3,
				       .involuntary_switches = plan->cpu / (4 * MS),
				       .tgid = next_pid++,
				       .comm = text("make"),
				       .context = context,
				       .exit_code = plan->status,
				       .signal = plan->signal,
				       .has_fork = true,
				       .has_exit = true,
				       .has_cpu = true,
				       .has_rss = true,
				       .has_io = true,
				       .has_status = true,
			       } };

	next_id += between(1, 999);
	if (plan->signal) {
		r.p.killed_by_tgid = 41111;
		r.p.killed_by_comm = text("timeout");
	}
	check(model_add_row(m, &r, &row));
	if (!plan->exe)
		return id;
	for (unsigned i = 0; i < plan->misses && i < 3; i++)
		add_miss(plan->start + (10 + 10 * i) * US, path[i], plan->exe);
	struct begat_trace_exec e = {
		.type = BEGAT_EXEC,
		.process = row,
		.context = BEGAT_TRACE_NONE,
		.ts_ns = plan->start + 60 * US,
		.exec_ns = 240 * US,
		.comm = text("make"),
		.exe = text(plan->exe),
		.filename = text(plan->exe),
		.cwd = text("/home/build/lua-5.4.6/src"),
		.argv = words(plan->argv),
		.argv_bytes = strlen(plan->argv) + 1,
		.env = words("PATH=/usr/local/bin:/usr/bin:/bin|LANG=C.UTF-8|MAKEFLAGS= -j4"),
	};

	check(model_add_exec(m, &e));
	return id;
}

static const char *const files[] = {
	"lapi",	  "lcode",    "lctype",	 "ldebug",   "ldo",	"ldump",    "lfunc",	"lgc",
	"llex",	  "lmem",     "lobject", "lopcodes", "lparser", "lstate",   "lstring",	"ltable",
	"ltm",	  "lundump",  "lvm",	 "lzio",     "lauxlib", "lbaselib", "lcorolib", "ldblib",
	"liolib", "lmathlib", "loslib",	 "lstrlib",  "ltablib", "lutf8lib", "loadlib",	"linit"
};

#define FILES (sizeof(files) / sizeof(files[0]))

/* sh -c gcc, which starts cc1 and as: five processes. Returns when it ends. */
static uint64_t add_compile(uint64_t make, uint64_t at, unsigned number, bool is_failing)
{
	const char *file = files[number % FILES];
	char line[1024];
	uint64_t work = between(18, 130) * MS, gcc, sh, end;

	if (!strcmp(file, "lvm") || !strcmp(file, "lparser"))
		work *= 4;
	end = at + work + 22 * MS;
	snprintf(line, sizeof(line), "/bin/sh|-c|gcc -std=gnu99 -O2 -Wall -c -o %s.o %s.c", file,
		 file);
	sh = add(&(struct plan){ make, at, end, 1 * MS, 1900000, "/usr/bin/dash", line, is_failing,
				 0, 0, 40000 });
	snprintf(line, sizeof(line),
		 "gcc|-std=gnu99|-O2|-Wall|-Wextra|-DLUA_USE_LINUX|-c|-o|%s.o|%s.c", file, file);
	gcc = add(&(struct plan){ sh, at + 1 * MS, end - 500 * US, 2 * MS, 5100000,
				  "/usr/bin/x86_64-linux-gnu-gcc-12", line, is_failing, 0, 3,
				  90000 });
	snprintf(line, sizeof(line),
		 "/usr/lib/gcc/x86_64-linux-gnu/12/cc1|-quiet|-imultiarch|x86_64-linux-gnu|-D|"
		 "LUA_USE_LINUX|%s.c|-quiet|-dumpbase|%s.c|-O2|-Wall|-o|/tmp/cc%06x.s",
		 file, file, number);
	add(&(struct plan){ gcc, at + 3 * MS, at + 3 * MS + work, work - work / 20,
			    between(60, 96) * 1000000, "/usr/lib/gcc/x86_64-linux-gnu/12/cc1", line,
			    is_failing, 0, 0, 700000 });
	if (!is_failing) {
		snprintf(line, sizeof(line), "as|--64|-o|%s.o|/tmp/cc%06x.s", file, number);
		add(&(struct plan){ gcc, at + 4 * MS + work,
				    at + 4 * MS + work + between(6, 14) * MS, 7 * MS, 12000000,
				    "/usr/bin/x86_64-linux-gnu-as", line, 0, 0, 3, 120000 });
	}
	return end;
}

/* A configure step: a forked subshell that runs a few tiny programs. Returns when it ends. */
static uint64_t add_probe(uint64_t sh, uint64_t at, unsigned number)
{
	static const char *const tools[] = { "/usr/bin/sed", "/usr/bin/grep", "/usr/bin/expr",
					     "/usr/bin/cat", "/usr/bin/rm" };
	uint64_t start = at;
	char line[200];

	for (unsigned i = 0; i < 3; i++) {
		const char *tool = tools[(number + i) % 5];
		uint64_t life = between(600, 2600) * US;

		snprintf(line, sizeof(line), "%s|-n|s/^x%u//p|conftest.out", tool, number);
		add(&(struct plan){ sh, at, at + life, life * 4 / 5, 1800000, tool, line,
				    (number + i) % 9 == 4, 0, 2, 0 });
		at += life + 200 * US;
	}
	add(&(struct plan){ sh, start, at, 300 * US, 900000, NULL, NULL, 0, 0, 0, 0 });
	return at + 100 * US;
}

static void add_command_not_found(uint64_t sh, uint64_t at)
{
	static const char *const path[] = { "/usr/local/bin", "/usr/bin", "/bin" };
	add(&(struct plan){ sh, at, at + 900 * US, 400 * US, 900000, NULL, NULL, 127, 0, 0, 0 });

	for (unsigned i = 0; i < 3; i++)
		add_miss(at + (100 + i) * US, path[i], "pkg-config-wrapper");
}

static void add_build(size_t processes)
{
	enum { SLOTS_MAX = 64 };
	unsigned slots = processes > 5000 ? SLOTS_MAX : 4;
	uint64_t free_at[SLOTS_MAX], end = 0;
	uint64_t root = next_id, parents[PARENT_LIMIT], starts[PARENT_LIMIT];
	unsigned groups = processes > 5000 ? 40 : 1, number = 0;
	size_t first;

	base->meta.command = words("make|-j4|linux");
	base->meta.cpus = slots;
	next_id += 7;
	uint64_t configure = next_id;

	next_id += 7;
	uint64_t at = BEGIN + 5 * MS;

	for (unsigned i = 0; m->rows_count < processes / 4; i++)
		at = add_probe(configure, at, i);
	add_command_not_found(configure, at);
	at += 2 * MS;
	uint64_t configured = at;

	for (unsigned i = 0; i < groups; i++) {
		parents[i] = next_id;
		next_id += 7;
		starts[i] = at + 3 * MS;
	}
	for (unsigned i = 0; i < slots; i++)
		free_at[i] = at + 6 * MS;
	uint64_t ends[PARENT_LIMIT] = { 0 };

	for (first = m->rows_count;
	     m->rows_count + 6 + groups < processes || m->rows_count < first + 20; number++) {
		unsigned slot = 0, group = number % groups;

		for (unsigned i = 1; i < slots; i++)
			slot = free_at[i] < free_at[slot] ? i : slot;
		uint64_t done =
			add_compile(parents[group], free_at[slot], number, number % 23 == 11);

		ends[group] = done > ends[group] ? done : ends[group];
		end = done > end ? done : end;
		free_at[slot] = done + between(200, 900) * US;
	}
	char line[400];

	for (unsigned i = 0; i < groups; i++) {
		uint64_t saved = next_id;

		next_id = parents[i];
		snprintf(line, sizeof(line), "make|-C|src/%u|all|SYSCFLAGS=-DLUA_USE_LINUX", i);
		ends[i] = ends[i] ? ends[i] : starts[i] + MS;
		add(&(struct plan){ root, starts[i], ends[i] + 2 * MS, 4 * MS, 5900000,
				    "/usr/bin/make", line, 0, 0, 1, 30000 });
		next_id = saved;
	}
	uint64_t saved = next_id;

	next_id = configure;
	add(&(struct plan){ root, BEGIN + 2 * MS, configured, 20 * MS, 3100000, "/usr/bin/dash",
			    "/bin/sh|./configure|--prefix=/usr|--disable-shared", 0, 0, 0, 50000 });
	next_id = root;
	add(&(struct plan){ 77, BEGIN, end + 270 * MS, 31 * MS, 6100000, "/usr/bin/make",
			    "make|-j4|linux", 0, 0, 0, 100000 });
	next_id = saved;
	add(&(struct plan){ root, end + 5 * MS, end + 240 * MS, 226 * MS, 88000000,
			    "/usr/bin/x86_64-linux-gnu-ld.bfd",
			    "ld|-o|lua|--fatal-warnings|-lm|-ldl|liblua.a|lua.o", 0, 0, 2,
			    4000000 });
	add(&(struct plan){ root, end + 240 * MS, end + 262 * MS, 3 * MS, 2200000, "/usr/bin/dash",
			    "/bin/sh|-c|./lua -e 'while true do end'", 0, SIGTERM, 0, 0 });
}

static void add_hostile(void)
{
	static const char script[] = "</script><img src=x onerror=\"document.title='pwned'\">";
	static const char ansi[] = "\033[31mred\033[0m\033]0;title\007\rback";
	static const char broken[] = "caf\xe9 \xff\xfe \xed\xa0\x80 \xe2\x80\xae"
				     "abc <!--";
	uint64_t root = next_id;
	char *big = malloc(100001);

	check(big ? 0 : -ENOMEM);
	memset(big, 'A', 100000);
	big[100000] = '\0';
	base->meta.command = bytes(script, sizeof(script));
	base->meta.cpus = 2;
	base->meta.host = text("<b>host</b>");
	add(&(struct plan){ 0, BEGIN, BEGIN + 100 * MS, 5 * MS, 4000000,
			    "/tmp/</title><script>alert(1)</script>", script, 1, 0, 0, 0 });
	const struct begat_str texts[] = { { script, sizeof(script) },
					   { ansi, sizeof(ansi) },
					   { broken, sizeof(broken) },
					   { big, 100001 },
					   { "", 1 },
					   { "a\0\0b c\0$(reboot)\0'quoted'\0new\nline", 35 } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct plan plan = { root,
				     BEGIN + (10 + 10 * i) * MS,
				     BEGIN + (19 + 10 * i) * MS,
				     1 * MS,
				     1000000,
				     NULL,
				     NULL,
				     0,
				     i == 1 ? SIGKILL : 0,
				     0,
				     0 };

		add(&plan);
		struct begat_trace_exec e = {
			.type = BEGAT_EXEC,
			.process = row,
			.context = BEGAT_TRACE_NONE,
			.ts_ns = plan.start + 1,
			.exe = bytes(texts[i].data, texts[i].len > 60 ? 60 : texts[i].len),
			.filename = bytes(texts[i].data, texts[i].len > 60 ? 60 : texts[i].len),
			.cwd = text("/tmp/<i>cwd</i>"),
			.argv = bytes(texts[i].data, texts[i].len),
			.argv_bytes = texts[i].len,
			.env = bytes(texts[i].data, texts[i].len),
		};

		check(model_add_exec(m, &e));
	}
	free(big);
}

static void forget_end(struct model_row *r)
{
	r->p.has_exit = r->p.has_cpu = r->p.has_rss = r->p.has_io = r->p.has_status = false;
	r->p.killed_by_tgid = r->p.killed_by_comm = 0;
	r->p.signal = r->p.exit_code = 0;
	r->p.utime_ns = r->p.stime_ns = 0;
}

/* A script of several lines that ended by @signal or with @status; without an end if both are -1. */
static void add_script(int status, int signal)
{
	static const char script[] =
		"/bin/sh\0-c\0set -e\nfirst <b>line</b>\n\tsecond 'line'\rx\033[1m\0";

	base->meta.command = bytes(script, sizeof(script) - 1);
	base->meta.cpus = 2;
	add(&(struct plan){ 0, BEGIN, BEGIN + 90 * MS, 5 * MS, 4000000, NULL, NULL, status, signal,
			    0, 0 });
	struct begat_trace_exec e = {
		.type = BEGAT_EXEC,
		.process = row,
		.context = BEGAT_TRACE_NONE,
		.ts_ns = BEGIN + 1,
		.exe = text("/usr/bin/dash"),
		.filename = text("/bin/sh"),
		.cwd = text("/tmp"),
		.argv = bytes(script, sizeof(script) - 1),
		.argv_bytes = sizeof(script) - 1,
	};

	check(model_add_exec(m, &e));
	if (status == -1 && signal == -1) {
		forget_end(&m->rows[row]);
	}
}

/* The command was never a program: 126 or 127. */
static void add_not_run(int status, int error)
{
	base->meta.command = words("nosuch|--flag");
	add(&(struct plan){ 0, BEGIN, BEGIN + 2 * MS, MS, 1000000, NULL, NULL, status, 0, 0, 0 });
	struct begat_trace_exec e = {
		.type = BEGAT_EXEC_FAILED,
		.process = row,
		.context = BEGAT_TRACE_NONE,
		.ts_ns = BEGIN + MS,
		.error = error,
		.filename = text("nosuch"),
	};

	check(model_add_exec(m, &e));
}

/* Only what was there before. */
static void add_snapshot(void)
{
	for (int i = 0; i < 3; i++) {
		add(&(struct plan){ 0, BEGIN + i * MS, BEGIN + 90 * MS, 0, 0, "/usr/sbin/daemon",
				    "daemon|-f", 0, 0, 0, 0 });
		forget_end(&m->rows[row]);
		m->rows[row].start_by_duration_ns = m->rows[row].p.start_ns;
		m->rows[row].p.has_fork = false;
		m->execs[m->execs_count - 1].type = BEGAT_SNAPSHOT;
	}
}

static const char *user_name(void *ctx, uint32_t uid)
{
	return uid == 1000 ? "builder" : NULL;
}

static const char *group_name(void *ctx, uint32_t gid)
{
	return gid == 1000 ? "users" : NULL;
}

int main(int argc, char **argv)
{
	struct begat_report_options opts = { .size = sizeof(opts), .columns = 120 };
	const char *kind = argc > 1 ? argv[1] : "build", *format = argc > 3 ? argv[3] : "html";
	struct analysis *a;

	m = model_new();
	base = m ? analysis_base_new(m, NULL) : NULL;
	check(base ? 0 : -ENOMEM);
	struct begat_trace_context ctx = {
		.uid = 1000,
		.gid = 1000,
		.euid = 1000,
		.egid = 1000,
		.sid = 41000,
		.pgid = 41230,
		.loginuid = 1000,
		.ns = { 4026531836, 4026531841, 4026531840, 4026531837, 4026531838, 4026531839,
			4026531835 },
		.tty = text("pts/3"),
		.cgroup = text("/user.slice/user-1000.slice/session-4.scope"),
	};
	static const enum begat_field fields[] = { BEGAT_F_UID,	 BEGAT_F_GID, BEGAT_F_EUID,
						   BEGAT_F_EGID, BEGAT_F_NS,  BEGAT_F_LOGINUID };
	const struct begat_accounts accounts = { .size = sizeof(accounts),
						 .user_name = user_name,
						 .group_name = group_name };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		begat_fields_add(&ctx.has, fields[i]);
	check(model_add_context(m, &ctx, &context));
	base->accounts = &accounts;
	base->meta.host = text("buildhost");
	base->meta.kernel = text("6.18.5");
	base->meta.version = text("0.1.0");
	base->meta.backend = text("kprobe");
	base->meta.transport = text("ringbuf");
	base->meta.realtime_offset_ns = INT64_C(1709208000000000000);
	if (!strcmp(kind, "build"))
		add_build(argc > 2 ? strtoul(argv[2], NULL, 10) : 200);
	else if (!strcmp(kind, "hostile"))
		add_hostile();
	else if (!strcmp(kind, "failed"))
		add_script(2, 0);
	else if (!strcmp(kind, "killed"))
		add_script(0, SIGSEGV);
	else if (!strcmp(kind, "unended"))
		add_script(-1, -1);
	else if (!strcmp(kind, "cut"))
		add_script(-1, -1), base->meta.is_incomplete = true;
	else if (!strcmp(kind, "not-run-126"))
		add_not_run(126, EACCES);
	else if (!strcmp(kind, "not-run-127"))
		add_not_run(127, ENOENT);
	else if (!strcmp(kind, "snapshot"))
		add_snapshot();
	check(model_link(m));
	check(analysis_base_finish(base));
	check(analysis_new(base, &a));
	check(!strcmp(format, "json")	? report_json(a, &opts, stdout)
	      : !strcmp(format, "text") ? report_text(a, &opts, stdout)
					: report_html(a, &opts, stdout));
	check(fflush(stdout) == EOF ? -errno : 0);
	analysis_free(a);
	analysis_base_free(base);
	model_free(m);
	return 0;
}
