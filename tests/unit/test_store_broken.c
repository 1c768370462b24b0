/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_store_broken.c - files that are broken, places that cannot be written.
 *
 * Owns:    one clear sentence each, no crash, nothing half-written.
 * Not:     sound recordings (test_store.c).
 */
#include <begat/trace.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "store/read/reader.h"
#include "store_help.h"

static void build_story(struct synthetic *s)
{
	synthetic_build(s, 6, 100);
}

static int ignore(const struct begat_event *ev, void *ctx)
{
	return 0;
}

/* Reads all that can be read; 0 or the first failure, which must have a sentence. */
static int read_all(const char *path, char why[512])
{
	struct begat_trace *trace = NULL;
	const struct begat_trace_table *table;
	int err = begat_trace_open(path, &trace);

	if (!err) {
		int64_t n = begat_trace_replay(trace, NULL, ignore, NULL);

		err = n < 0 ? (int)n : 0;
	}
	if (!err)
		err = begat_trace_load(trace, &table);
	snprintf(why, 512, "%s", begat_trace_error(trace));
	if (err < 0)
		assert_true(strlen(why) > 20);
	begat_trace_close(trace);
	return err;
}

static void expect_failure(const char *path, int err, const char *part)
{
	char why[512];

	assert_int_equal(read_all(path, why), err);
	if (!strstr(why, part))
		fail_msg("'%s' does not say '%s'", why, part);
	assert_null(strchr(why, '\n'));
}

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static char *read_file(const char *path, size_t *ret_len)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	char *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_len = (size_t)st.st_size;
	return data;
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *error = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(db);
}

/* ---- reading ---- */

static void test_no_recording(void **state)
{
	char *path = store_path("none");

	expect_failure(path, -ENOENT, "does not exist");
	write_file(path, "", 0);
	expect_failure(path, -ENODATA, "is empty");
	write_file(path, "GIF89a and more of it than sixteen bytes", 40);
	expect_failure(path, -EBADMSG, "not an SQLite database");
	write_file(path, "SQLite format 3", 16);
	expect_failure(path, -EBADMSG, "cut short");
	unlink(path);
	run_sql(path, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	expect_failure(path, -EBADMSG, "no recording of begat");
	unlink(path);
	expect_failure("/", -EBADMSG, "not a regular file");
	free(path);
}

static void test_schema(void **state)
{
	char *path = store_path("schema");

	store_record(path, build_story, NULL);
	run_sql(path, "PRAGMA user_version = 99");
	expect_failure(path, -ENOTSUP, "newer begat");
	run_sql(path, "PRAGMA user_version = 1; DROP VIEW events; DROP TABLE lost");
	expect_failure(path, -EBADMSG, "tables are missing");
	run_sql(path, "CREATE VIEW lost AS SELECT 1 AS n");
	expect_failure(path, -EBADMSG, "tables are missing");
	unlink(path);
	free(path);
}

static void test_hostile_cells(void **state)
{
	static const struct {
		const char *sql, *says;
	} cases[] = {
		{ "UPDATE exec SET argc = 'many' WHERE n = 3", "column argc of row 3 holds text" },
		{ "UPDATE exec SET ts_ns = x'00' WHERE n = 3", "ts_ns" },
		{ "UPDATE exec SET ppid = 1.5 WHERE n = 3", "ppid" },
		{ "UPDATE exec SET cpu = -1", "out of range" },
		{ "UPDATE exec SET event = 77", "no such event" },
		{ "UPDATE exec SET context = 4711", "no such context" },
		{ "UPDATE exec SET context = NULL", "no such context" },
		{ "UPDATE exec SET process = 4711", "no such process" },
		{ "UPDATE exec SET argv = 999999", "string 999999 is missing" },
		{ "UPDATE exec SET extra = 'text'", "extra" },
		{ "UPDATE exec SET extra = x'010203'", "extra" },
		{ "UPDATE string SET text = 5", "text" },
		{ "UPDATE string SET text = '[1,2' WHERE text LIKE '[%'", "list of strings" },
		{ "UPDATE string SET text = x'4141' WHERE text LIKE '[%'", "list of strings" },
		{ "UPDATE process SET fork_n = 9 WHERE fork_n IS NOT NULL", "out of order" },
		{ "UPDATE process SET exit_n = 9 WHERE exit_n IS NOT NULL", "out of order" },
		{ "UPDATE process SET pids = '[1,'", "pids" },
		{ "UPDATE process SET exit_code = 1e300", "exit_code" },
		{ "UPDATE process SET signal = 9000000000", "out of range" },
		{ "UPDATE context SET uid = 'root'", "uid" },
		{ "UPDATE lost SET class = 'x'", "class" },
		{ "DROP VIEW execs; ALTER TABLE exec DROP COLUMN argv", "no such column" },
	};
	char *path = store_path("cells");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink(path);
		store_record(path, build_story, NULL);
		run_sql(path, "DROP VIEW events; DROP VIEW tree; DROP VIEW commands; "
			      "DROP VIEW processes");
		run_sql(path, cases[i].sql);
		expect_failure(path, -EBADMSG, cases[i].says);
	}
	unlink(path);
	free(path);
}

static void test_circles(void **state)
{
	char *path = store_path("circle");
	struct begat_trace *trace = NULL;
	const struct begat_trace_table *t;

	store_record(path, build_story, NULL);
	/* Everybody is his own parent's parent; all begin at once, or are each other's child. */
	run_sql(path, "UPDATE process SET parent_id = (SELECT q.id FROM process q WHERE "
		      "q.row = (process.row + 1) % 10 + 1), fork_ts_ns = 5");
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_load(trace, &t), 0);
	for (uint32_t i = 0; i < t->processes_count; i++)
		assert_true(t->processes[i].parent == BEGAT_TRACE_NONE ||
			    t->processes[i].parent < i);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

/* Every 512th length, and single bytes changed: a sentence or a result, never a crash. */
static void test_damage(void **state)
{
	char *path = store_path("damage"), why[512];
	uint64_t random = 1;
	size_t len, refused = 0;
	char *data;

	store_record(path, build_story, NULL);
	data = read_file(path, &len);
	for (size_t cut = 100; cut < len; cut += 4099) {
		write_file(path, data, cut);
		assert_true(read_all(path, why) < 0);
	}
	for (int i = 0; i < 400; i++) {
		size_t at;
		char old;

		random = random * 6364136223846793005ull + 1442695040888963407ull;
		at = (random >> 20) % len;
		old = data[at];
		data[at] = (char)(random >> 56);
		write_file(path, data, len);
		refused += read_all(path, why) < 0;
		data[at] = old;
	}
	assert_true(refused > 0);
	free(data);
	unlink(path);
	free(path);
}

/* ---- writing ---- */

static void expect_refusal(const char *path, bool overwrite, int err, const char *part)
{
	struct begat_recorder_options opts = { .size = sizeof(opts), .overwrite = overwrite };
	struct begat_recorder *rec = NULL;

	assert_int_equal(begat_recorder_open(path, &opts, &rec), err);
	if (!strstr(begat_recorder_error(rec), part))
		fail_msg("'%s' does not say '%s'", begat_recorder_error(rec), part);
	begat_recorder_close(rec);
}

static void test_places(void **state)
{
	char *path = store_path("places");
	struct begat_recorder *rec = NULL;
	char other[4200];

	write_file(path, "precious", 8);
	expect_refusal(path, false, -EEXIST, "--force");
	size_t len;
	char *data = read_file(path, &len);

	assert_memory_equal(data, "precious", 8);
	free(data);
	expect_refusal("/nonexistent/folder/t.db", false, -ENOENT, "folder does not exist");
	expect_refusal("/", true, -EISDIR, "not a regular file");
	expect_refusal("/dev/null", true, -EISDIR, "not a regular file");
	/* Remains of another database beside it must not become part of ours. */
	snprintf(other, sizeof(other), "%s-wal", path);
	write_file(other, "stale", 5);
	struct begat_recorder_options opts = { .size = sizeof(opts), .overwrite = true };

	assert_int_equal(begat_recorder_open(path, &opts, &rec), 0);
	expect_refusal(path, true, -EBUSY, "another begat");
	expect_refusal(path, false, -EEXIST, "--force");
	assert_int_equal(begat_recorder_finish(rec), 0);
	begat_recorder_close(rec);
	char why[512];

	assert_int_equal(read_all(path, why), 0);
	unlink(path);
	free(path);
}

/* Root may write everywhere: a child gives that up. */
static void test_readonly_folder(void **state)
{
	char folder[] = "/tmp/begat-test-XXXXXX", path[64];
	int status;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0555), 0);
	snprintf(path, sizeof(path), "%s/t.db", folder);
	pid_t pid = fork();

	if (!pid) {
		struct begat_recorder *rec = NULL;

		if (!geteuid() && (setgid(65534) || setuid(65534)))
			_exit(2);
		int err = begat_recorder_open(path, NULL, &rec);

		_exit(err == -EACCES && strstr(begat_recorder_error(rec), "not writable") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access(path, F_OK), -1);
	rmdir(folder);
}

struct killed {
	struct begat_recorder *rec;
	int fd;
	uint64_t sent;
};

/* Tells the parent after each commit what is safe. */
static int record_and_tell(const struct begat_event *ev, void *ctx)
{
	struct killed *k = ctx;

	if (begat_recorder_write(k->rec, ev) < 0)
		_exit(3);
	k->sent++;
	if (k->sent % 1000 == 0 && write(k->fd, &k->sent, sizeof(k->sent)) != sizeof(k->sent))
		_exit(4);
	return 0;
}

static void test_kill_9(void **state)
{
	char *path = store_path("killed"), why[512], other[4200];
	struct begat_recorder_options opts = { .size = sizeof(opts), .batch_events = 1000 };
	uint64_t safe = 0, told;
	int fds[2], status;

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();

	if (!pid) {
		struct killed k = { .fd = fds[1] };
		struct synthetic s;

		close(fds[0]);
		if (begat_recorder_open(path, &opts, &k.rec) < 0)
			_exit(2);
		synthetic_init(&s, record_and_tell, &k);
		synthetic_storm(&s, 10000000, 100);
		_exit(0);
	}
	close(fds[1]);
	while (safe < 20000 && read(fds[0], &told, sizeof(told)) == sizeof(told))
		safe = told;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(fds[0]);

	struct begat_trace *trace = NULL;
	struct begat_trace_info info = { .size = sizeof(info) };

	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(begat_trace_info(trace, &info), 0);
	assert_false(info.complete);
	int64_t n = begat_trace_replay(trace, NULL, ignore, NULL);

	if (n < (int64_t)safe)
		fail_msg("%lld events of %llu that were committed: %s", (long long)n,
			 (unsigned long long)safe, begat_trace_error(trace));
	begat_trace_close(trace);
	assert_int_equal(read_all(path, why), 0);
	/* Nobody holds the lock any more. */
	struct begat_recorder *rec = NULL;

	opts.overwrite = true;
	assert_int_equal(begat_recorder_open(path, &opts, &rec), 0);
	begat_recorder_close(rec);
	unlink(path);
	for (int i = 0; i < 2; i++) {
		snprintf(other, sizeof(other), "%s%s", path, i ? "-wal" : "-shm");
		unlink(other);
	}
	free(path);
}

static int record_until_full(const struct begat_event *ev, void *ctx)
{
	struct killed *k = ctx;

	k->sent += begat_recorder_write(k->rec, ev) < 0;
	return 0;
}

/* In a mount namespace of its own, on a tmpfs of 4 MB. Returns 0, 77 = cannot, else the step. */
static int fill_disk(void)
{
	static const char path[] = "/mnt/t.db";
	struct begat_recorder_options opts = { .size = sizeof(opts), .batch_events = 3000 };
	struct begat_recorder_counts counts = { .size = sizeof(counts) };
	struct begat_trace_info info = { .size = sizeof(info) };
	struct begat_trace *trace = NULL;
	struct killed k = { .fd = -1 };
	struct synthetic s;
	int64_t n;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/mnt", "tmpfs", 0, "size=4m"))
		return 77;
	if (begat_recorder_open(path, &opts, &k.rec) < 0)
		return 2;
	synthetic_init(&s, record_until_full, &k);
	synthetic_storm(&s, 100000, 100);
	if (!k.sent || !strstr(begat_recorder_error(k.rec), "disk is full"))
		return 3;
	if (begat_recorder_finish(k.rec) != -ENOSPC)
		return 4;
	begat_recorder_counts(k.rec, &counts);
	begat_recorder_close(k.rec);
	if (begat_trace_open(path, &trace) < 0 || begat_trace_info(trace, &info) < 0) {
		fprintf(stderr, "%s\n", begat_trace_error(trace));
		return 5;
	}
	n = begat_trace_replay(trace, NULL, ignore, NULL);
	if (info.complete || n <= 0)
		return 6;
	/* Everything is either in the file or counted as dropped. */
	if ((uint64_t)n + counts.dropped != s.sent)
		return 7;
	begat_trace_close(trace);
	return 0;
}

static void test_full_disk(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fill_disk());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("skipped: a tmpfs of its own needs root\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/*
 * Beyond `ulimit -f` a write fails; a program that ignores the signal gets a sentence and a sound
 * file.
 */
static int outgrow_limit(const char *path)
{
	struct begat_recorder_options opts = { .size = sizeof(opts), .batch_events = 1000 };
	struct rlimit limit = { .rlim_cur = 1 << 20, .rlim_max = 1 << 20 };
	struct begat_trace_info info = { .size = sizeof(info) };
	struct begat_trace *trace = NULL;
	struct killed k = { .fd = -1 };
	struct synthetic s;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) || begat_recorder_open(path, &opts, &k.rec) < 0)
		return 2;
	synthetic_init(&s, record_until_full, &k);
	synthetic_storm(&s, 20000, 100);
	if (!k.sent || !strstr(begat_recorder_error(k.rec), "ulimit -f"))
		return 3;
	if (begat_recorder_finish(k.rec) != -EFBIG)
		return 4;
	begat_recorder_close(k.rec);
	if (begat_trace_open(path, &trace) < 0 || begat_trace_info(trace, &info) < 0)
		return 5;
	if (info.complete || begat_trace_replay(trace, NULL, ignore, NULL) <= 0)
		return 6;
	begat_trace_close(trace);
	/* With no room for its tables nothing is left behind. */
	limit.rlim_cur = 20000;
	if (unlink(path) || setrlimit(RLIMIT_FSIZE, &limit) ||
	    begat_recorder_open(path, &opts, &k.rec) != -EFBIG)
		return 7;
	if (!strstr(begat_recorder_error(k.rec), "cannot create"))
		return 8;
	begat_recorder_close(k.rec);
	return access(path, F_OK) ? 0 : 9;
}

static void test_file_size_limit(void **state)
{
	char *path = store_path("limit.db"), other[4200];
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(outgrow_limit(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		snprintf(other, sizeof(other), "%s%s", path, i ? "-wal" : "-shm");
		assert_int_equal(access(other, F_OK), -1);
	}
	free(path);
}

/* A column of a later version: NULL in a recording of an older one; one of 0.1 is an error. */
static void test_column_of_a_later_version(void **state)
{
	struct schema_table_info later = schema_tables[TABLE_EXEC];
	char *path = store_path("later");
	struct begat_trace *trace;
	sqlite3_stmt *stmt = NULL;

	store_record(path, build_story, NULL);
	run_sql(path, "DROP VIEW events; DROP VIEW tree; DROP VIEW commands; DROP VIEW processes; "
		      "DROP VIEW execs; ALTER TABLE exec DROP COLUMN repeats");
	assert_int_equal(begat_trace_open(path, &trace), 0);
	assert_int_equal(trace_prepare_rows(trace, &later, "ORDER BY n", &stmt), -EBADMSG);
	later.first = EXEC_repeats;
	assert_int_equal(trace_prepare_rows(trace, &later, "ORDER BY n", &stmt), 0);
	assert_int_equal(sqlite3_column_count(stmt), EXEC_COLUMNS);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_type(stmt, EXEC_repeats), SQLITE_NULL);
	assert_string_equal(sqlite3_column_name(stmt, EXEC_extra), "extra");
	assert_int_equal(sqlite3_column_type(stmt, EXEC_n), SQLITE_INTEGER);
	sqlite3_finalize(stmt);
	begat_trace_close(trace);
	unlink(path);
	free(path);
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_recording),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_column_of_a_later_version),
		cmocka_unit_test(test_hostile_cells),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_readonly_folder),
		cmocka_unit_test(test_kill_9),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_file_size_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
