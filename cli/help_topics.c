/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli/help_topics.c - `begat help filter` and `begat help events`.
 *
 * Owns:  the page about expressions, the layout of the fields.
 * Not:   names, kinds and events of fields (the library's table), their meanings (docs/events.md,
 *        from which meanings.def is made).
 */
#include <begat/field.h>
#include <string.h>

#include "cli.h"

static const struct {
	const char *field, *meaning;
} meanings[] = {
#define MEANING(field, meaning) { field, meaning },
#include "gen/meanings.def"
};

static const char *const filter_page =
	"Expressions of --where (-w), of every command that writes events.\n"
	"\n"
	"  begat watch -w 'event == exec and user == root and exe ~ \"*/gcc\"'\n"
	"  begat watch -w 'fail and not cwd ~ \"/tmp/*\"'\n"
	"  begat show build.db -w 'event == exit and duration > 10ms and rss > 8M'\n"
	"  begat show build.db -w 'result in (ENOENT, SIGKILL, 127)'\n"
	"  begat watch -w 'argv =~ \"(curl|wget) .*http://\" and ancestor(comm == sshd)'\n"
	"\n"
	"  == !=                  everything\n"
	"  < <= > >=              numbers, durations, sizes, times\n"
	"  in (A, B)  not in      one of a list, none of it\n"
	"  ~ !~                   a text as a whole against a shell pattern: * ? [a-z] [!a-z]\n"
	"  =~                     a text, anywhere in it, against an extended regular expression\n"
	"  and or not ( )         also && || !\n"
	"  FIELD                  alone: a truth is true; a text, a signal, an error is there\n"
	"  under(PID)             the process is below that one\n"
	"  ancestor(EXPR)         EXPR is true of an ancestor\n"
	"\n"
	"Values: names of events, errors and signals; users and groups by name or number; "
	"durations\n"
	"with ns us ms s m h d w; sizes with K M G T or KiB MiB GiB TiB (powers of 1,024) or KB MB "
	"GB TB;\n"
	"times such as 2026-01-31T23:59 in UTC. A value with a blank needs quotes, \"...\" or "
	"'...'.\n"
	"\n"
	"A comparison with a field that an event does not have is false; `not` of it is true.\n"
	"\n"
	"Names, in small letters or in capitals: those of the fields ('begat help events'), "
	"argv[N],\n"
	"env.NAME, and\n"
	"  user group             uid, gid\n"
	"  command cmdline args   argv, with a blank between two\n"
	"  name process           comm\n"
	"  rss memory             max_rss\n"
	"  status exit            exit_code\n"
	"  wall elapsed           duration\n"
	"  cpu > 10ms, cpu_time   user and system time together; cpu == 3 is the number of a CPU\n"
	"  path executable        exe\n"
	"  after                  as that column: of an exit duration, of an exec fork_to_exec\n"
	"  fail                   a failed exec, an exit code other than 0, death by a signal\n"
	"  result                 exit code, ok, error or signal: result == 1, result != ok\n"
	"\n"
	"An event may cost 67,108,864 steps of matching. One that costs more does not match, and "
	"is\n"
	"counted. More: begat-filter(7).\n";

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[BEGAT_KIND_EVENT] = "name",	   [BEGAT_KIND_TIME] = "time",
		[BEGAT_KIND_ID] = "hex",	   [BEGAT_KIND_CAPS] = "hex",
		[BEGAT_KIND_BOOL] = "true/false",  [BEGAT_KIND_DURATION] = "duration",
		[BEGAT_KIND_BYTES] = "size",	   [BEGAT_KIND_STR] = "text",
		[BEGAT_KIND_STRV] = "texts",	   [BEGAT_KIND_PIDS] = "pids",
		[BEGAT_KIND_NS] = "object",	   [BEGAT_KIND_FORKED_BY] = "object",
		[BEGAT_KIND_KILLED_BY] = "object", [BEGAT_KIND_ERRNO] = "error",
		[BEGAT_KIND_SIGNAL] = "signal",	   [BEGAT_KIND_CLASS] = "name",
	};
	bool has_name = kind < sizeof(names) / sizeof(names[0]) && names[kind];

	return has_name ? names[kind] : "number";
}

static const char *meaning_of(const char *field)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (!strcmp(meanings[i].field, field))
			return meanings[i].meaning;
	}
	return "";
}

#define INDENT 4
#define PAGE_COLUMNS 96

/* Words of @text, indented, each where it still fits. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > PAGE_COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%*s%.*s", column ? 1 : INDENT, "", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	fputc('\n', out);
}

static void print_events(FILE *out, uint32_t events)
{
	const char *separator = "";

	if ((events & BEGAT_EVENTS_ALL) == BEGAT_EVENTS_ALL) {
		fputs("all", out);
		return;
	}
	for (int type = BEGAT_FORK; type <= BEGAT_SUMMARY; type++) {
		const char *name = begat_event_name((enum begat_event_type)type);

		if (!name || !(events & BEGAT_EVENT_BIT((uint32_t)type)))
			continue;
		fprintf(out, "%s%s", separator, name);
		separator = " ";
	}
}

static void print_fields(FILE *out)
{
	struct begat_field_info info = { .size = sizeof(info) };

	fputs("Events: fork, exec, exec_failed, exit, snapshot (a process that was there before),\n"
	      "lost (a gap), summary (the end). Their fields, as JSON and --where name them:\n"
	      "\n"
	      "name (short name), kind, unit, events that have it\n\n",
	      out);
	for (int i = 0; !begat_field_info((enum begat_field)i, &info); i++) {
		fprintf(out, "%s", info.name);
		if (info.alias)
			fprintf(out, " (%s)", info.alias);
		fprintf(out, ", %s%s%s: ", kind_name(info.kind), info.unit ? ", " : "",
			info.unit ? info.unit : "");
		print_events(out, info.events);
		fputc('\n', out);
		print_wrapped(out, meaning_of(info.name));
	}
	fputs("\nMembers of objects: ns.pid ns.mnt ns.net ns.user ns.uts ns.ipc ns.cgroup,\n"
	      "forked_by.pid forked_by.id, killed_by.pid killed_by.id killed_by.comm "
	      "killed_by.oom.\n"
	      "More: begat-events(5); expressions: 'begat help filter'.\n",
	      out);
}

const char *const *help_topic_names(void)
{
	static const char *const names[] = { "filter", "events", NULL };

	return names;
}

bool help_topic(FILE *out, const char *name)
{
	if (!strcmp(name, "filter") || !strcmp(name, "where"))
		fputs(filter_page, out);
	else if (!strcmp(name, "events") || !strcmp(name, "fields"))
		print_fields(out);
	else
		return false;
	return true;
}
