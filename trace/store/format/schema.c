/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/format/schema.c - the SQL text of a trace.db.
 *
 * Owns:    tables, views, indexes, their version.
 * Not:     what goes into them (batch.c), reading (reader.c, load.c).
 *
 * Invariants
 *  (1) docs/store.md describes every table and column; a test compares the two.
 *  (2) Columns have no declared type but keys: SQLite then stores what it is given, unconverted.
 *  (3) A change that an old reader cannot bear raises BEGAT_TRACE_SCHEMA; columns may be added
 *      at a table's end without that.
 *  (4) NULL means absent. The exact set of fields that an event had is in its context.
 */
#include "store/format/schema.h"

#include <begat/trace.h>

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

#define NAME_FIRST(table, name, declaration) #name
#define NAME_NEXT(table, name, declaration) ", " #name
#define NAMES(list) list(NAME_FIRST, NAME_NEXT)
#define DECLARE_FIRST(table, name, declaration) #name declaration
#define DECLARE_NEXT(table, name, declaration) ", " #name declaration
#define CREATE(table, list) "CREATE TABLE " table "(" list(DECLARE_FIRST, DECLARE_NEXT) ");"

#define NAME(table, name, declaration) #name,
static const char *const string_names[] = { SCHEMA_STRING(NAME, NAME) };
static const char *const context_names[] = { SCHEMA_CONTEXT(NAME, NAME) };
static const char *const process_names[] = { SCHEMA_PROCESS(NAME, NAME) };
static const char *const exec_names[] = { SCHEMA_EXEC(NAME, NAME) };
static const char *const lost_names[] = { SCHEMA_LOST(NAME, NAME) };

const char *const schema_accounts[2] = { "user", "user_group" };

const struct schema_table_info schema_tables[TABLE_COUNT] = {
	[TABLE_STRING] = { "string", NAMES(SCHEMA_STRING), string_names, STRING_COLUMNS,
			   STRING_COLUMNS, STRING_text + 1 },
	[TABLE_CONTEXT] = { "context", NAMES(SCHEMA_CONTEXT), context_names, CONTEXT_COLUMNS,
			    CONTEXT_COLUMNS, CONTEXT_flags + 1 },
	[TABLE_PROCESS] = { "process", NAMES(SCHEMA_PROCESS), process_names, PROCESS_COLUMNS,
			    PROCESS_pids, PROCESS_killed_by_comm + 1 },
	[TABLE_EXEC] = { "exec", NAMES(SCHEMA_EXEC), exec_names, EXEC_COLUMNS, EXEC_interpreter,
			 EXEC_extra + 1 },
	[TABLE_LOST] = { "lost", NAMES(SCHEMA_LOST), lost_names, LOST_COLUMNS, LOST_COLUMNS,
			 LOST_extra + 1 },
};

/* Built when the recording ends: kept up to date on the way they would halve the writer's speed. */
const char schema_indexes[] = "CREATE INDEX process_by_id ON process(id);"
			      "CREATE INDEX process_by_parent ON process(parent_id);"
			      "CREATE INDEX exec_by_process ON exec(process);";

/* clang-format off */
/* People reading a table want words, not a JSON array. A BLOB is what is not valid UTF-8. */
#define TEXT(column) "(SELECT text FROM string WHERE id = " column ")"
#define WORDS(column) \
	"(SELECT CASE typeof(text) WHEN 'blob' THEN 'x''' || hex(text) || '''' ELSE" \
	" (SELECT group_concat(value, ' ') FROM json_each(text)) END" \
	" FROM string WHERE id = " column ")"
#define WALL(ts, clock) \
	"strftime('%Y-%m-%dT%H:%M:%f', (" ts " + " clock \
	" + (SELECT value FROM meta WHERE name = 'realtime_offset_ns')) / 1e9, 'unixepoch')"
/*
 * CPU time within the recording: what it had used at its end, or was read when the recording ended,
 * beyond what it had used when the recording began. NULL: not known.
 */
#define CPU_S \
	"max(0, coalesce(p.utime_ns + p.stime_ns, CASE WHEN p.fork_n IS NOT NULL OR" \
	" u.before_utime_ns IS NOT NULL THEN u.utime_ns + u.stime_ns END)" \
	" - coalesce(u.before_utime_ns + u.before_stime_ns, 0)) / 1e9"
/* Who or what @ctx, a context, says it was. */
#define OF(ctx, column) "(SELECT " column " FROM context WHERE id = " ctx ")"
/* A name, as the recording machine knew it; else the number. */
#define USER(uid) "coalesce((SELECT name FROM user WHERE uid = " uid "), " uid ")"
/* The last .service or .scope of a control group's path. */
#define IS_UNIT(name) "(" name " LIKE '%.service' OR " name " LIKE '%.scope')"
#define UNIT(string) \
	"(SELECT CASE WHEN " IS_UNIT("last") " THEN last END FROM (SELECT" \
	" substr(t, length(rtrim(t, replace(t, '/', ''))) + 1) AS last FROM (SELECT CASE" \
	" WHEN " IS_UNIT("text") " THEN text" \
	" WHEN instr(text, '.service/') THEN substr(text, 1, instr(text, '.service/') + 7)" \
	" WHEN instr(text, '.scope/') THEN substr(text, 1, instr(text, '.scope/') + 5)" \
	" END AS t FROM string WHERE id = " string " AND typeof(text) = 'text')))"
/* What the last image says, while the process has not ended. */
#define LAST_IMAGE(expression) \
	"(SELECT " expression " FROM exec e WHERE e.process = p.row AND e.event != 3" \
	" ORDER BY e.n DESC LIMIT 1)"

#define LAST_CONTEXT "coalesce(p.exit_context, " LAST_IMAGE("e.context") ", p.fork_context)"

static const char views_sql[] =
	"CREATE VIEW processes AS SELECT p.row, printf('%016x', p.id) AS id, p.pid,"
	" printf('%016x', p.parent_id) AS parent_id, p.ppid,"
	" coalesce(p.fork_ts_ns, p.exit_ts_ns - p.duration_ns,"
	"  (SELECT min(ts_ns) FROM exec WHERE process = p.row)) AS start_ns,"
	" p.exit_ts_ns AS end_ns, p.duration_ns / 1e9 AS wall_s,"
	" " CPU_S " AS cpu_s, p.max_rss_bytes, p.read_bytes, p.write_bytes,"
	" p.exit_code, nullif(p.signal, 0) AS signal, p.execs,"
	" coalesce(" TEXT("p.exit_comm") ", " LAST_IMAGE(TEXT("e.comm")) ", " TEXT("p.fork_comm") ")"
	"  AS comm,"
	" coalesce(" TEXT("p.exe") ", " LAST_IMAGE(TEXT("e.exe")) ") AS exe,"
	" coalesce(" WORDS("p.argv") ", " LAST_IMAGE(WORDS("e.argv")) ") AS command,"
	" coalesce(" WALL("p.fork_ts_ns", "p.fork_clock_ns") ", "
	WALL("p.exit_ts_ns - p.duration_ns", "p.exit_clock_ns") ", (SELECT "
	WALL("e.ts_ns", "e.clock_ns") " FROM exec e WHERE e.process = p.row ORDER BY e.n LIMIT 1))"
	"  AS start_time,"
	" " WALL("p.exit_ts_ns", "p.exit_clock_ns") " AS end_time,"
	" " OF(LAST_CONTEXT, "uid") " AS uid, " USER(OF(LAST_CONTEXT, "uid")) " AS user,"
	" " OF(LAST_CONTEXT, USER("nullif(loginuid, 4294967295)")) " AS login_user,"
	" " LAST_IMAGE(TEXT("e.cwd")) " AS cwd,"
	" " OF(LAST_CONTEXT, UNIT("cgroup")) " AS unit,"
	" " OF(LAST_CONTEXT, TEXT("container_id")) " AS container,"
	" CASE WHEN coalesce(p.signal, 0) = 0 THEN NULL"
	"  WHEN " OF("p.exit_context", "flags") " & 8 THEN 'out of memory'"
	"  WHEN p.killed_by_pid = 0 THEN 'kernel' ELSE " TEXT("p.killed_by_comm") " END AS killer,"
	" p.killed_by_pid AS killer_pid,"
	" CASE WHEN p.exit_n IS NOT NULL THEN"
	"  coalesce(p.exit_code, 0) != 0 OR coalesce(p.signal, 0) != 0 END AS failed"
	" FROM process p LEFT JOIN usage u ON u.process = p.row;"

	"CREATE VIEW execs AS SELECT e.n, " WALL("e.ts_ns", "e.clock_ns") " AS time,"
	" CASE e.event WHEN 2 THEN 'exec' ELSE 'exec_failed' END AS event, p.pid,"
	" coalesce(e.ppid, p.ppid) AS ppid, c.uid, " USER("c.uid") " AS user,"
	" " USER("nullif(c.loginuid, 4294967295)") " AS login_user, " TEXT("e.comm") " AS comm,"
	" " TEXT("e.filename") " AS filename, " TEXT("e.exe") " AS exe,"
	" " TEXT("e.interpreter") " AS interpreter, " WORDS("e.argv") " AS command,"
	" " TEXT("e.argv") " AS argv, " TEXT("e.cwd") " AS cwd, " TEXT("c.tty") " AS tty,"
	" " UNIT("c.cgroup") " AS unit, " TEXT("c.container_id") " AS container,"
	" e.errno_number AS errno, coalesce(e.repeats, 0) + 1 AS times,"
	" e.ts_ns, printf('%016x', p.id) AS id, e.process AS row"
	" FROM exec e LEFT JOIN process p ON p.row = e.process"
	"  LEFT JOIN context c ON c.id = e.context WHERE e.event IN (2, 3);"

	"CREATE VIEW events AS"
	" SELECT fork_n AS n, " WALL("fork_ts_ns", "fork_clock_ns") " AS time, 'fork' AS event, pid,"
	"  ppid, fork_cpu AS cpu, " TEXT("fork_comm") " AS comm, NULL AS result, NULL AS command,"
	"  fork_ts_ns AS ts_ns, printf('%016x', id) AS id"
	"  FROM process WHERE fork_n IS NOT NULL"
	" UNION ALL SELECT n, " WALL("ts_ns", "clock_ns") ","
	"  CASE event WHEN 2 THEN 'exec' WHEN 3 THEN 'exec_failed' ELSE 'snapshot' END, p.pid,"
	"  coalesce(e.ppid, p.ppid), cpu, " TEXT("comm") ", errno_number,"
	"  coalesce(" WORDS("e.argv") ", " TEXT("filename") "), ts_ns, printf('%016x', p.id)"
	"  FROM exec e LEFT JOIN process p ON p.row = e.process"
	" UNION ALL SELECT exit_n, " WALL("exit_ts_ns", "exit_clock_ns") ", 'exit', pid,"
	"  coalesce(exit_ppid, ppid), exit_cpu, " TEXT("exit_comm") ", coalesce(exit_code, -signal),"
	"  " WORDS("argv") ", exit_ts_ns, printf('%016x', id) FROM process WHERE exit_n IS NOT NULL"
	" UNION ALL SELECT n, " WALL("ts_ns", "clock_ns") ", 'lost', NULL, NULL, lost_cpu, NULL,"
	"  count, NULL, ts_ns, NULL FROM lost ORDER BY n;"

	"CREATE VIEW commands AS SELECT s.text AS exe, count(*) AS count,"
	" round(sum(p.duration_ns) / 1e9, 6) AS wall_s,"
	" round(sum(" CPU_S "), 6) AS cpu_s,"
	" max(p.max_rss_bytes) AS max_rss_bytes, sum(p.read_bytes) AS read_bytes,"
	" sum(p.write_bytes) AS write_bytes,"
	" sum(coalesce(p.exit_code, -p.signal) != 0) AS failed"
	" FROM process p LEFT JOIN usage u ON u.process = p.row LEFT JOIN string s"
	"  ON s.id = coalesce(p.exe, " LAST_IMAGE("e.exe") ")"
	" WHERE p.exit_n IS NOT NULL OR u.utime_ns + u.stime_ns >"
	"  coalesce(u.before_utime_ns + u.before_stime_ns, 0)"
	" GROUP BY s.text ORDER BY cpu_s DESC;"

	/* The path sorts depth first. */
	"CREATE VIEW tree AS WITH RECURSIVE t(row, id, depth, path) AS ("
	" SELECT p.row, p.id, 0, printf('%010d', p.row) FROM process p"
	"  WHERE NOT EXISTS (SELECT 1 FROM process q WHERE q.id = p.parent_id AND q.row != p.row)"
	" UNION ALL SELECT p.row, p.id, t.depth + 1, t.path || printf('%010d', p.row)"
	"  FROM process p JOIN t ON p.parent_id = t.id AND p.row != t.row WHERE t.depth < 1000)"
	" SELECT t.depth, v.pid, v.wall_s, v.cpu_s, v.max_rss_bytes, v.exit_code, v.signal,"
	"  substr(printf('%128s', ''), 1, 2 * t.depth) || coalesce(v.command, '(' || v.comm || ')')"
	"   AS command, v.id"
	"  FROM t JOIN processes v ON v.row = t.row ORDER BY t.path;";

/* Tables that recordings of an older begat do not have. */
#define ADDED(condition) \
	"CREATE TABLE " condition "usage(process INTEGER PRIMARY KEY, before_utime_ns," \
	" before_stime_ns, utime_ns, stime_ns);" \
	"CREATE TABLE " condition "user(uid INTEGER PRIMARY KEY, name);" \
	"CREATE TABLE " condition "user_group(gid INTEGER PRIMARY KEY, name);"

/* Views of an older begat look into no table that is new, so that they work until this is done. */
static const char drop_sql[] =
	ADDED("IF NOT EXISTS ")
	"DROP VIEW IF EXISTS events; DROP VIEW IF EXISTS processes; DROP VIEW IF EXISTS commands;"
	"DROP VIEW IF EXISTS tree; DROP VIEW IF EXISTS execs;";

static const char tables_sql[] =
	"PRAGMA application_id = " NUMBER(SCHEMA_APPLICATION_ID) ";"
	"PRAGMA user_version = " NUMBER(BEGAT_TRACE_SCHEMA) ";"
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE summary(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	CREATE("string", SCHEMA_STRING) CREATE("context", SCHEMA_CONTEXT)
	CREATE("process", SCHEMA_PROCESS) CREATE("exec", SCHEMA_EXEC) CREATE("lost", SCHEMA_LOST)
	ADDED("");
/* clang-format on */

const char *const schema_create[] = { tables_sql, views_sql, NULL };
const char *const schema_upgrade[] = { drop_sql, views_sql, NULL };
