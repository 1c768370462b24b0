/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * integration/tests.c - the list of tests: name, way of tracing, case program, its arguments.
 */
#include "harness.h"

#define CASE(name_, program_, ...)                                                            \
	{                                                                                     \
		.name = name_, .mode = MODE_RUN, .program = program_, .args = { __VA_ARGS__ } \
	}
/* The same where it was there before begat: seen by a tracer of all, and of its tree alone. */
#define WATCHED(name_, program_, ...)                                                  \
	{ .name = name_ "/watch",                                                      \
	  .mode = MODE_WATCH,                                                          \
	  .program = program_,                                                         \
	  .args = { __VA_ARGS__ } },                                                   \
	{                                                                              \
		.name = name_ "/pid", .mode = MODE_PID, .program = program_, .args = { \
			__VA_ARGS__                                                    \
		}                                                                      \
	}
#define ENV(name_, vector_)                                                                       \
	{                                                                                         \
		.name = name_, .mode = MODE_RUN, .program = "c_args", .args = { "env", vector_ }, \
		.options = {                                                                      \
			"--env"                                                                   \
		}                                                                                 \
	}
/* In one go from one CPU: a buffer divided by the number of CPUs must still hold it. */
#define BIG(name_, kind_, vector_, env_)                                                          \
	{                                                                                         \
		.name = name_, .mode = MODE_RUN, .program = "c_args", .args = { kind_, vector_ }, \
		.options = {                                                                      \
			"--buffer=64MiB",                                                         \
			env_                                                                      \
		}                                                                                 \
	}

const struct test tests[] = {
	/* execs */
	CASE("exec", "c_exec", "plain"),
	WATCHED("exec", "c_exec", "plain"),
	CASE("exec_relative", "c_exec", "relative"),
	CASE("exec_chain", "c_exec", "chain"),
	CASE("exec_thread", "c_exec", "thread"),
	WATCHED("exec_thread", "c_exec", "thread"),
	CASE("exec_script", "c_exec", "script"),
	CASE("exec_script_of_script", "c_exec", "script_of_script"),
	CASE("exec_memfd", "c_exec", "memfd"),
	CASE("exec_empty_path", "c_exec", "empty_path"),
	CASE("exec_o_path", "c_exec", "o_path"),
	CASE("exec_at_folder", "c_exec", "at_folder"),
	CASE("exec_fd_script", "c_exec", "fd_script"),
	/* execs that fail */
	CASE("failed_errnos", "c_failed", "errnos"),
	WATCHED("failed_errnos", "c_failed", "errnos"),
	CASE("failed_path_search", "c_failed", "path_search"),
	CASE("failed_thread", "c_failed", "thread"),
	CASE("failed_by_fd", "c_failed", "by_fd"),
	CASE("failed_at_descriptors", "c_failed_at", "at_descriptors"),
	WATCHED("failed_at_descriptors", "c_failed_at", "at_descriptors"),
	CASE("failed_missing", "c_failed_at", "missing"),
	CASE("failed_null_argv", "c_failed_at", "null_argv"),
	CASE("failed_near", "c_failed", "near"),
	CASE("failed_late", "c_failed", "late"),
	/* forks */
	CASE("fork", "c_fork", "plain"),
	WATCHED("fork", "c_fork", "plain"),
	CASE("vfork", "c_fork", "vfork"),
	CASE("clone_parent", "c_fork", "clone_parent"),
	CASE("double_fork", "c_fork", "double_fork"),
	WATCHED("double_fork", "c_fork", "double_fork"),
	CASE("threads", "c_fork", "threads"),
	WATCHED("threads", "c_fork", "threads"),
	CASE("thread_forks", "c_fork", "thread_forks"),
	CASE("deep", "c_fork", "deep", "30"),
	CASE("storm", "c_fork", "storm", "LIVES"),
	WATCHED("storm", "c_fork", "storm", "LIVES"),
	/* ends */
	CASE("exit_codes", "c_exit", "codes"),
	WATCHED("exit_codes", "c_exit", "codes"),
	CASE("exit_signals", "c_exit", "signals"),
	CASE("exit_core", "c_exit", "core"),
	CASE("exit_fault", "c_exit", "fault"),
	CASE("exit_killed", "c_exit", "killed"),
	CASE("exit_timer", "c_exit", "timer"),
	CASE("exit_unsent", "c_exit", "unsent"),
	CASE("exit_leader_first", "c_exit", "leader_first"),
	WATCHED("exit_leader_first", "c_exit", "leader_first"),
	CASE("exit_racing", "c_exit", "racing", "200"),
	CASE("exit_group", "c_exit", "group"),
	CASE("exit_rlimit_cpu", "c_exit", "rlimit_cpu"),
	/* arguments and environment */
	CASE("argv_plain", "c_args", "argv", "plain"),
	CASE("argv_empty", "c_args", "argv", "empty"),
	CASE("argv_newlines", "c_args", "argv", "newlines"),
	CASE("argv_escapes", "c_args", "argv", "escapes"),
	CASE("argv_utf8", "c_args", "argv", "utf8"),
	CASE("argv_liar", "c_args", "argv", "liar"),
	CASE("argv_32k", "c_args", "argv", "32k"),
	CASE("argv_edges", "c_args", "argv", "edges"),
	BIG("argv_string128k", "argv", "string128k", NULL),
	BIG("argv_strings40000", "argv", "strings40000", NULL),
	BIG("argv_2mb", "argv", "2mb", NULL),
	BIG("argv_5mb", "argv", "5mb", NULL),
	{ .name = "env_absent", .mode = MODE_RUN, .program = "c_args", .args = { "no_env" } },
	ENV("env_plain", "plain"),
	ENV("env_empty", "empty"),
	ENV("env_newlines", "newlines"),
	ENV("env_escapes", "escapes"),
	ENV("env_utf8", "utf8"),
	ENV("env_32k", "32k"),
	ENV("env_edges", "edges"),
	BIG("env_string128k", "env", "string128k", "--env"),
	BIG("env_strings40000", "env", "strings40000", "--env"),
	BIG("env_2mb", "env", "2mb", "--env"),
	BIG("env_5mb", "env", "5mb", "--env"),
	{ .name = "env_names",
	  .mode = MODE_RUN,
	  .program = "c_args",
	  .args = { "env_names" },
	  .options = { "--env=KEEP,ALSO" } },
	/* where and what */
	CASE("where_report", "c_where", "report"),
	CASE("where_cwd_2000", "c_where", "deep_2000"),
	CASE("where_cwd_4000", "c_where", "deep_4000"),
	CASE("where_cwd_4095", "c_where", "deep_4095"),
	CASE("where_cwd_500_names", "c_where", "deep_500_names"),
	CASE("where_exe_2000", "c_where", "deep_exe"),
	CASE("where_cwd_deleted", "c_where", "cwd_deleted"),
	CASE("where_chroot", "c_where", "chroot"),
	CASE("where_exe_deleted", "c_where", "exe_deleted"),
	CASE("where_odd_names", "c_where", "odd_names"),
	CASE("where_mounts", "c_where", "mounts"),
	/* who */
	CASE("who_ids", "c_who", "ids"),
	CASE("who_setuid", "c_who", "setuid"),
	CASE("who_capabilities", "c_who", "capabilities"),
	CASE("who_session", "c_who", "session"),
	CASE("who_terminal", "c_who", "terminal"),
	CASE("who_login", "c_who", "login"),
	CASE("who_pid_namespaces", "c_who", "pid_namespaces"),
	WATCHED("who_pid_namespaces", "c_who", "pid_namespaces"),
	CASE("who_namespaces", "c_who", "namespaces"),
	CASE("who_cgroup_own", "c_who", "cgroup_own"),
	CASE("who_cgroup_v2", "c_who", "cgroup"),
	CASE("who_cgroup_v1", "c_who", "cgroup", "pids"),
	CASE("who_cgroup_hybrid", "c_who", "cgroup_hybrid"),
	CASE("who_cgroup_at_birth", "c_who", "cgroup_at_birth"),
	CASE("who_pid_reuse", "c_who", "pid_reuse"),
	/* what it cost */
	CASE("usage_rusage", "c_usage", "rusage"),
	CASE("usage_threads", "c_usage", "threads"),
	CASE("usage_children", "c_usage", "children"),
	CASE("usage_io", "c_usage", "io"),
	CASE("usage_io_apart", "c_usage", "io_apart"),
	CASE("usage_switches", "c_usage", "switches"),
	CASE("usage_duration", "c_usage", "duration"),
	CASE("usage_oom", "c_usage", "oom"),
	/* under pressure */
	{ .name = "storm_low",
	  .mode = MODE_RUN,
	  .program = "c_fork",
	  .args = { "storm", "LIVES" },
	  .options = { "--latency", "low" } },
	{ .name = "storm_batch",
	  .mode = MODE_PID,
	  .program = "c_fork",
	  .args = { "storm", "LIVES" },
	  .options = { "--latency", "batch" } },
	{ .name = "loss", .run = test_loss },
	{ .name = "loss_at_end", .run = test_loss_at_end },
	{ .name = "loss_exiting", .run = test_loss_exiting },
	{ .name = "loss_storm", .run = test_loss_storm },
	{ .name = "wakeups", .run = test_wakeups },
	{ .name = "late_forks", .run = test_late_forks },
	{ .name = "start_stop", .run = test_start_stop },
	{ .name = "start_stop_record", .run = test_start_stop_record },
	{ .name = "start_stop_run", .run = test_start_stop_run },
	{ .name = "cache", .run = test_cache },
	{ .name = "outlive", .run = test_outlive },
	/* what is captured and what is not */
	{ .name = "filter_user", .run = test_filter_user },
	{ .name = "filter_cgroup", .run = test_filter_cgroup },
	{ .name = "filter_max_args", .run = test_max_args },
	{ .name = "filter_redact", .run = test_redact, .is_once = true },
	{ .name = "filter_fold", .run = test_fold },
	{ .name = "bounds_argv", .run = test_hostile_argv, .is_once = true },
	{ .name = "bounds_signal", .run = test_second_signal, .is_once = true },
	/* the command's manners */
	{ .name = "cli_usage", .run = test_cli_usage, .is_once = true },
	{ .name = "cli_help", .run = test_cli_help, .is_once = true },
	{ .name = "cli_status", .run = test_cli_status, .is_once = true },
	{ .name = "cli_output", .run = test_cli_output, .is_once = true },
	{ .name = "cli_rights", .run = test_cli_rights, .is_once = true },
	{ .name = "cli_signals", .run = test_cli_signals, .is_once = true },
	{ .name = "cli_closed_pipe", .run = test_cli_closed_pipe, .is_once = true },
	{ .name = "cli_text", .run = test_cli_text, .is_once = true },
	{ .name = "cli_doctor", .run = test_cli_doctor, .is_once = true },
	{ .name = "cli_bench", .run = test_cli_bench, .is_once = true },
	{ .name = "cli_two", .run = test_cli_two, .is_once = true },
	{ .name = "cli_events", .run = test_cli_events, .is_once = true },
	{ .name = "cli_record_full", .run = test_cli_record_full, .is_once = true },
	{ .name = NULL }
};
