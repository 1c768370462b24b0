/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace/store/schema.c - the SQL text of a trace.db.
 *
 * Owns:    tables, views, indexes, their version.
 * Not:     what goes into them (writer.c), reading (reader.c, load.c).
 * Called:  by writer.c when a file is created and when it is closed, by reader.c to check one.
 *
 * Invariants
 *  (1) docs/store.md describes every table and column here; a test compares the two.
 *  (2) Columns have no declared type but keys: SQLite then stores what it is given, unconverted.
 *  (3) A change that an old reader cannot bear raises BEGAT_TRACE_SCHEMA; columns may be added
 *      at a table's end without that.
 *  (4) NULL means absent. The exact set of fields that an event had is in its context.
 */
#include "schema.h"

/* 'bgat': tells file(1) and the reader that this is a recording, not just any database. */
const char schema_pragmas[] = "PRAGMA application_id = 1650942324;";

const char schema_tables[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE string(id INTEGER PRIMARY KEY, text);"
	"CREATE TABLE context(id INTEGER PRIMARY KEY, fields_low, fields_high, uid, gid, euid, "
	"egid,"
	" loginuid, sid, pgid, ns_pid, ns_mnt, ns_net, ns_user, ns_uts, ns_ipc, ns_cgroup, caps,"
	" cgroup_id, tty, cgroup, container_id, container_runtime, pod_uid, flags);"
	"CREATE TABLE process(row INTEGER PRIMARY KEY, id, pid, parent_id, ppid,"
	" fork_n, fork_ts_ns, fork_time_ns, fork_seq, fork_cpu, fork_tid, fork_context, fork_comm,"
	" fork_pids, fork_extra, forked_by_id, forked_by_pid,"
	" exit_n, exit_ts_ns, exit_time_ns, exit_seq, exit_cpu, exit_tid, exit_context, exit_comm,"
	" exit_pids, exit_extra, exit_parent_id, exit_ppid, exe, argv, argc, argv_bytes,"
	" exit_code, signal, killed_by_id, killed_by_pid, killed_by_comm, duration_ns,"
	" utime_ns, stime_ns, max_rss_bytes, read_bytes, write_bytes, minor_faults, major_faults,"
	" voluntary_switches, involuntary_switches, children_utime_ns, children_stime_ns,"
	" children_max_rss_bytes, execs);"
	"CREATE TABLE exec(n INTEGER PRIMARY KEY, event, process_id, pid, parent_id, ppid, ts_ns,"
	" time_ns, seq, cpu, tid, context, comm, pids, filename, exe, interpreter, cwd, argv, argc,"
	" argv_bytes, env, envc, env_bytes, dev, inode, start_code, end_code, fork_to_exec_ns,"
	" exec_ns, old_tid, errno, repeats, extra);"
	"CREATE TABLE lost(n INTEGER PRIMARY KEY, ts_ns, time_ns, seq, cpu, context, lost_cpu, "
	"class,"
	" count, extra);"
	"CREATE TABLE summary(name TEXT PRIMARY KEY, value) WITHOUT ROWID;";

/* Built when the recording ends: kept up to date on the way they would halve the writer's speed. */
const char schema_indexes[] = "CREATE INDEX process_by_id ON process(id);"
			      "CREATE INDEX process_by_parent ON process(parent_id);"
			      "CREATE INDEX exec_by_process ON exec(process_id);";

/*
 * argv is a JSON array; a shell would want quotes, people reading a table do not.
 * `printf('%016x')` is how JSON lines and the command show an id.
 */
#define TEXT(column) "(SELECT text FROM string WHERE id = " column ")"
#define WORDS(column)                                                                       \
	"(SELECT CASE typeof(text) WHEN 'blob' THEN 'x''' || hex(text) || '''' ELSE"        \
	" (SELECT group_concat(value, ' ') FROM json_each(text)) END FROM string WHERE id " \
	"= " column ")"
#define WALL(column) "strftime('%Y-%m-%dT%H:%M:%f', " column " / 1e9, 'unixepoch')"

const char
	schema_views
		[] = "CREATE VIEW processes AS SELECT p.row, printf('%016x', p.id) AS id, p.pid,"
		     " printf('%016x', p.parent_id) AS parent_id, p.ppid,"
		     " coalesce(p.fork_ts_ns, p.exit_ts_ns - p.duration_ns,"
		     "  (SELECT min(ts_ns) FROM exec WHERE process_id = p.id)) AS start_ns,"
		     " p.exit_ts_ns AS end_ns, p.duration_ns / 1e9 AS wall_s,"
		     " (p.utime_ns + p.stime_ns) / 1e9 AS cpu_s, p.max_rss_bytes, p.read_bytes, "
		     "p.write_bytes,"
		     " p.exit_code, p.signal, p.execs,"
		     " coalesce(" TEXT("p.exit_comm") ", " TEXT("p.fork_comm") ") AS comm,"
									       " coalesce(" TEXT(
										       "p.exe") ", "
												"(S"
												"EL"
												"EC"
												"T"
												" " TEXT("e.exe") " FROM exec e"
														  "  WHERE e.process_id = p.id AND e.event != 3 ORDER BY e.n DESC LIMIT 1)) AS exe,"
														  " coalesce(" WORDS("p.argv") ", (SELECT " WORDS("e.argv") " FROM exec e"
																					    "  WHERE e.process_id = p.id AND e.event != 3 ORDER BY e.n DESC LIMIT 1)) AS command"
																					    " FROM process p;"

																					    "CREATE VIEW events AS"
																					    " SELECT fork_n AS n, " WALL("fork_time_ns") " AS time, 'fork' AS event, pid, ppid,"
																											 "  fork_cpu AS cpu, " TEXT(
																												 "fork_comm") " AS comm, NULL AS result, NULL AS command,"
																													      "  fork_ts_ns AS ts_ns, printf('%016x', id) AS id"
																													      "  FROM process WHERE fork_n IS NOT NULL"
																													      " UNION ALL SELECT n, " WALL("time_ns") ","
																																		      "  CASE event WHEN 2 THEN 'exec' WHEN 3 THEN 'exec_failed' ELSE 'snapshot' END, pid, ppid,"
																																		      "  cpu, " TEXT("comm") ", errno, coalesce(" WORDS(
																																			      "argv") ", " TEXT("filename") "),"
																																							    "  ts_ns, printf('%016x', process_id) FROM exec"
																																							    " UNION ALL SELECT exit_n, " WALL(
																																								    "exit_time_ns") ", 'exit', pid, exit_ppid,"
																																										    "  exit_cpu, " TEXT("exit_comm") ", coalesce(exit_code, -signal), " WORDS("argv") ","
																																																				      "  exit_ts_ns, printf('%016x', id) FROM process WHERE exit_n IS NOT NULL"
																																																				      " UNION ALL SELECT n, " WALL("time_ns") ", 'lost', NULL, NULL, lost_cpu, NULL, count, NULL,"
																																																									      "  ts_ns, NULL FROM lost ORDER BY n;"

																																																									      "CREATE VIEW commands AS SELECT s.text AS exe, count(*) AS count,"
																																																									      " round(sum(p.duration_ns) / 1e9, 6) AS wall_s,"
																																																									      " round(sum(p.utime_ns + p.stime_ns) / 1e9, 6) AS cpu_s,"
																																																									      " max(p.max_rss_bytes) AS max_rss_bytes, sum(p.read_bytes) AS read_bytes,"
																																																									      " sum(p.write_bytes) AS write_bytes,"
																																																									      " sum(coalesce(p.exit_code, -p.signal) != 0) AS failed"
																																																									      " FROM process p LEFT JOIN string s ON s.id = p.exe WHERE p.exit_n IS NOT NULL"
																																																									      " GROUP BY s.text ORDER BY cpu_s DESC;"

																																																									      /* UNION ALL with ORDER BY on the path walks depth first. */
																																																									      "CREATE VIEW tree AS WITH RECURSIVE t(row, id, depth, path) AS ("
																																																									      " SELECT p.row, p.id, 0, printf('%020d', p.row) FROM process p"
																																																									      "  WHERE NOT EXISTS (SELECT 1 FROM process q WHERE q.id = p.parent_id AND q.row != p.row)"
																																																									      " UNION ALL SELECT p.row, p.id, t.depth + 1, t.path || printf('%020d', p.row)"
																																																									      "  FROM process p JOIN t ON p.parent_id = t.id AND p.row != t.row WHERE t.depth < 1000)"
																																																									      " SELECT t.depth, v.pid, v.wall_s, v.cpu_s, v.max_rss_bytes, v.exit_code, v.signal,"
																																																									      "  substr('                                                                ', 1,"
																																																									      "   min(2 * t.depth, 64)) || coalesce(v.command, '(' || v.comm || ')') AS command,"
																																																									      "  v.id FROM t JOIN processes v ON v.row = t.row ORDER BY t.path;";
