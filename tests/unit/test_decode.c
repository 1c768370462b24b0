/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_decode.c - forks, execs and failures become events; broken records do not.
 */
#include "tests/unit/decode_fixture.h"

#include <sys/sysmacros.h>

static void test_fork_and_identity(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	const uint32_t pids[] = { RECORD_TGID, 17, 1 };
	struct rec_fork *fork = record_fork(&rec);

	decoder_set_realtime(decoder, 1000000);
	fork->forked_by_tgid = 1000;
	fork->forked_by_start_ns = 3000000000ull;
	fork->identity.pids = record_span(&rec, pids, sizeof(pids));
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.type, BEGAT_FORK);
	assert_int_equal(ev.size, sizeof(ev));
	assert_int_equal(ev.ts_ns, RECORD_TS_NS);
	assert_int_equal(ev.time_ns, RECORD_TS_NS + 1000000);
	assert_int_equal(ev.seq, 7);
	assert_int_equal(ev.cpu, 1);
	assert_int_equal(ev.tgid, RECORD_TGID);
	assert_int_equal(ev.tid, RECORD_TGID);
	assert_int_equal(ev.parent_tgid, 1000);
	assert_int_equal(ev.id, decode_process_id(decoder, RECORD_TGID, RECORD_START_NS));
	assert_int_equal(ev.parent_id, decode_process_id(decoder, 1000, 3000000000ull));
	assert_int_equal(ev.uid, 1);
	assert_int_equal(ev.egid, 4);
	assert_int_equal(ev.loginuid, 5);
	assert_int_equal(ev.sid, 6);
	assert_int_equal(ev.pgid, 7);
	assert_int_equal(ev.cap_effective, 0x1ff);
	assert_int_equal(ev.ns[BEGAT_NS_CGROUP], 4026531006u);
	assert_str(ev.comm, "cc1");
	assert_str(ev.tty, "pts/3");
	assert_int_equal(ev.pids_count, 3);
	assert_memory_equal(ev.pids, pids, sizeof(pids));
	assert_true(HAS(&ev, SYNTHETIC) && !ev.synthetic);
	assert_false(HAS(&ev, FORKED_BY)); /* the parent itself */
	assert_false(HAS(&ev, CGROUP)); /* path not known */
	assert_false(HAS(&ev, DURATION) || HAS(&ev, SHORT_LIVED) || HAS(&ev, ARGV));

	fork->forked_by_tgid = 1001; /* CLONE_PARENT */
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, FORKED_BY));
	assert_int_equal(ev.forked_by_tgid, 1001);
	assert_int_equal(ev.forked_by_id, decode_process_id(decoder, 1001, 3000000000ull));
	decoder_free(decoder);
	(void)state;
}

static void test_identity_absent(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_fork *fork = record_fork(&rec);

	fork->identity.valid = 0;
	memset(fork->identity.tty, 'x', sizeof(fork->identity.tty)); /* not looked at */
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, PPID) || HAS(&ev, PARENT_ID) || HAS(&ev, NS) || HAS(&ev, CGROUP) ||
		     HAS(&ev, SID) || HAS(&ev, PGID) || HAS(&ev, TTY) || HAS(&ev, CAPS) ||
		     HAS(&ev, LOGINUID));
	assert_int_equal(ev.pids_count, 1);
	assert_int_equal(ev.pids[0], RECORD_TGID);

	/* the first process has a ppid of 0, and nobody's id as parent */
	fork->identity.valid = REC_IDENTITY_PARENT;
	fork->identity.parent_tgid = 0;
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, PPID) && !HAS(&ev, PARENT_ID));
	assert_int_equal(ev.parent_tgid, 0);

	fork->identity.valid = REC_IDENTITY_IDS;
	assert_int_equal(decode(decoder), -EBADMSG); /* now the tty counts */
	strcpy(fork->identity.tty, "");
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, TTY));
	strcpy(fork->identity.tty, "tty1");
	assert_int_equal(decode(decoder), 1);
	assert_str(ev.tty, "tty1");
	strcpy(fork->identity.tty, "ptsy");
	assert_int_equal(decode(decoder), 1);
	assert_str(ev.tty, "ptsy");
	strcpy(fork->identity.tty, "pts123456789012");
	assert_int_equal(decode(decoder), 1);
	assert_str(ev.tty, "pts/123456789012");
	memset(fork->identity.comm, 'c', sizeof(fork->identity.comm));
	assert_int_equal(decode(decoder), -EBADMSG);
	decoder_free(decoder);
	(void)state;
}

static void test_header_checks(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_fork *fork = record_fork(&rec);

	assert_int_equal(decode(decoder), 1);
	fork->header.cpu = 4;
	assert_int_equal(decode(decoder), -EBADMSG);
	fork->header.cpu = 3;
	assert_int_equal(decode(decoder), 1);
	fork->header.size = (uint32_t)rec.size + 8;
	assert_int_equal(decode_sized(decoder, rec.size), -EBADMSG);
	fork->header.size = (uint32_t)rec.size;
	for (unsigned type = 0; type < 70000; type += type < 20 ? 1 : 997) {
		if (type >= REC_FORK && type <= REC_SNAPSHOT)
			continue;
		fork->header.type = (uint16_t)type;
		assert_int_equal(decode(decoder), -EBADMSG);
	}
	assert_int_equal(decode_sized(decoder, 0), -EBADMSG);
	/* still usable */
	record_fork(&rec);
	assert_int_equal(decode(decoder), 1);
	/* longer than a record may be, or not a multiple of 8 */
	char *big = calloc(1, 2 * REC_BYTES_MAX);

	memcpy(big, rec.bytes, rec.size);
	((struct rec_header *)(void *)big)->size = REC_BYTES_MAX + 8;
	assert_int_equal(decode_record(decoder, big, REC_BYTES_MAX + 8, &ev), -EBADMSG);
	((struct rec_header *)(void *)big)->size = sizeof(struct rec_fork) + 4;
	assert_int_equal(decode_record(decoder, big, sizeof(struct rec_fork) + 4, &ev), -EBADMSG);
	free(big);
	decoder_free(decoder);
	(void)state;
}

/* Something of every kind, with everything that it can carry. */
static void build(unsigned type)
{
	const uint32_t pids[] = { RECORD_TGID, 17 };
	static const char argv[] = "cc\0-c\0x.c", env[] = "A=1\0PATH=/bin";

	if (type == REC_FORK) {
		record_fork(&rec)->identity.pids = record_span(&rec, pids, sizeof(pids));
	} else if (type == REC_EXEC) {
		struct rec_exec *exec = start_exec(argv, sizeof(argv), 3);

		exec->identity.pids = record_span(&rec, pids, sizeof(pids));
		exec->envc = 2;
		exec->env_bytes = sizeof(env);
		exec->env = record_span(&rec, env, sizeof(env));
		exec->filename = record_string(&rec, "./cc");
		exec->interpreter = record_string(&rec, "/bin/sh");
		exec->exe = record_path(&rec, "/usr/bin/cc", REC_PATH_DELETED);
		exec->cwd = record_path(&rec, "/tmp/a", 0);
	} else if (type == REC_EXEC_FAILED) {
		struct rec_exec_failed *failed = record_exec_failed(&rec);

		failed->error = ENOENT;
		failed->argc = 3;
		failed->filename = record_string(&rec, "/bin/nothing");
		failed->argv = record_span(&rec, argv, sizeof(argv));
		failed->argv_bytes = sizeof(argv);
		failed->identity.pids = record_span(&rec, pids, sizeof(pids));
	} else if (type == REC_EXIT) {
		record_exit(&rec)->identity.pids = record_span(&rec, pids, sizeof(pids));
	} else if (type == REC_LOST) {
		record_lost(&rec)->count[REC_CLASS_EXIT] = 2;
	} else if (type == REC_CHUNK) {
		struct rec_chunk *chunk = record_chunk(&rec);

		chunk->tgid = RECORD_TGID;
		chunk->what = REC_CHUNK_ARGV;
		chunk->bytes = record_span(&rec, argv, sizeof(argv));
	} else if (type == REC_CGROUP) {
		record_cgroup(&rec)->path = record_path(&rec, "/system.slice/a.service", 0);
	} else {
		record_snapshot(&rec)->identity.pids = record_span(&rec, pids, sizeof(pids));
	}
	record_end(&rec);
}

/* Reads all that an event points to: the sanitizer sees what is not there. */
static uint64_t touch(const struct begat_event *event)
{
	const struct begat_str strs[] = { event->comm,
					  event->tty,
					  event->cgroup,
					  event->exe,
					  event->cwd,
					  event->filename,
					  event->argv.data ? event->interpreter : event->comm,
					  event->killed_by_comm };
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(strs) / sizeof(strs[0]); i++) {
		if (!strs[i].data)
			continue;
		assert_int_equal(strlen(strs[i].data), strs[i].len);
		sum += strs[i].len;
	}
	const struct begat_strv vecs[] = { event->argv, event->env };

	for (size_t i = 0; i < 2; i++) {
		uint32_t nuls = 0;

		for (size_t j = 0; j < vecs[i].bytes; j++)
			nuls += !vecs[i].data[j];
		assert_int_equal(nuls, vecs[i].count);
		assert_true(!vecs[i].bytes || !vecs[i].data[vecs[i].bytes - 1]);
		sum += nuls;
	}
	for (uint32_t i = 0; i < event->pids_count; i++)
		sum += event->pids[i];
	return sum;
}

static void test_every_truncation(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);

	for (unsigned type = REC_FORK; type <= REC_SNAPSHOT; type++) {
		bool has_event = type != REC_CHUNK && type != REC_CGROUP;

		build(type);

		size_t whole = rec.size;
		struct rec_header *header = (void *)rec.bytes;

		assert_int_equal(decode_sized(decoder, whole), has_event);
		for (size_t size = 0; size < whole; size++) {
			/* cut, and the header does not know */
			assert_int_equal(decode_sized(decoder, size), -EBADMSG);
			/* cut, and it says so: spans point beyond the end */
			header->size = (uint32_t)size;

			int result = decode_sized(decoder, size);

			assert_true(result == -EBADMSG || (result == 1 && touch(&ev)));
			header->size = (uint32_t)whole;
		}
		assert_int_equal(decode_sized(decoder, whole), has_event);
		if (has_event && type != REC_LOST)
			assert_true(touch(&ev) > 0);
	}
	decoder_free(decoder);
	(void)state;
}

static void check_spans(struct decoder *decoder, struct rec_span *span, uint32_t fixed)
{
	const struct rec_span good = *span;
	const uint32_t size = (uint32_t)rec.size;
	const struct rec_span bad[] = {
		{ 0, good.bytes },
		{ fixed - 1, good.bytes },
		{ size, 1 },
		{ size - 1, 2 },
		{ UINT32_MAX, good.bytes },
		{ good.offset, UINT32_MAX },
		{ UINT32_MAX, UINT32_MAX },
		{ good.offset, size },
	};

	assert_int_equal(decode(decoder), 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		*span = bad[i];
		assert_int_equal(decode(decoder), -EBADMSG);
	}
	*span = (struct rec_span){ UINT32_MAX, 0 }; /* absent, whatever the offset */
	assert_int_equal(decode(decoder), 1);
	*span = good;
	assert_int_equal(decode(decoder), 1);
}

static void test_bad_spans(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_exec *exec = (void *)rec.bytes;

	build(REC_EXEC);
	check_spans(decoder, &exec->filename, sizeof(*exec));
	check_spans(decoder, &exec->interpreter, sizeof(*exec));
	check_spans(decoder, &exec->argv, sizeof(*exec));
	check_spans(decoder, &exec->env, sizeof(*exec));
	check_spans(decoder, &exec->identity.pids, sizeof(*exec));
	check_spans(decoder, (struct rec_span *)(void *)&exec->exe, sizeof(*exec));
	check_spans(decoder, (struct rec_span *)(void *)&exec->cwd, sizeof(*exec));

	exec->filename.bytes = 4; /* "./cc" without its NUL */
	assert_int_equal(decode(decoder), -EBADMSG);
	exec->filename.bytes = 8; /* the string ends at its first NUL */
	assert_int_equal(decode(decoder), 1);
	assert_str(ev.filename, "./cc");
	exec->exe.bytes--;
	assert_int_equal(decode(decoder), -EBADMSG);
	exec->exe.bytes++;
	exec->identity.pids.bytes = 6;
	assert_int_equal(decode(decoder), -EBADMSG);
	decoder_free(decoder);
	(void)state;
}

static void test_pid_levels(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	uint32_t pids[REC_PID_LEVELS_MAX + 1];
	struct rec_fork *fork = record_fork(&rec);

	for (uint32_t i = 0; i <= REC_PID_LEVELS_MAX; i++)
		pids[i] = i + 1;
	fork->identity.pids = record_span(&rec, pids, sizeof(pids));
	assert_int_equal(decode(decoder), -EBADMSG);
	fork->identity.pids.bytes -= 4;
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.pids_count, REC_PID_LEVELS_MAX);
	assert_int_equal(ev.pids[REC_PID_LEVELS_MAX - 1], REC_PID_LEVELS_MAX);
	decoder_free(decoder);
	(void)state;
}

static void test_exec(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	static const char argv[] = "cc\0-c\0\0x.c", env[] = "A=1\0PATH=/bin";
	struct rec_exec *exec = start_exec(argv, sizeof(argv), 4);

	exec->envc = 2;
	exec->env_bytes = sizeof(env);
	exec->env = record_span(&rec, env, sizeof(env));
	exec->filename = record_string(&rec, "./cc");
	exec->exe = record_path(&rec, "/usr/bin/cc", 0);
	exec->cwd = record_path(&rec, "/", 0);
	exec->attempt_ts_ns = RECORD_TS_NS - 300;
	exec->fork_ts_ns = RECORD_TS_NS - 5000;
	exec->dev = 259 << 20 | 300;
	exec->inode = 77;
	exec->start_code = 0x400000;
	exec->end_code = 0x500000;
	exec->old_tid = RECORD_TGID;
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.type, BEGAT_EXEC);
	assert_str(ev.filename, "./cc");
	assert_str(ev.exe, "/usr/bin/cc");
	assert_str(ev.cwd, "/");
	assert_false(HAS(&ev, INTERPRETER));
	assert_int_equal(ev.argv.count, 4);
	assert_int_equal(ev.argv.bytes, sizeof(argv));
	assert_memory_equal(ev.argv.data, argv, sizeof(argv));
	assert_int_equal(ev.argc, 4);
	assert_int_equal(ev.argv_bytes, sizeof(argv));
	assert_true(HAS(&ev, ARGV) && HAS(&ev, ARGC) && HAS(&ev, ARGV_BYTES));
	assert_true(HAS(&ev, ARGV_TRUNCATED) && !ev.argv_truncated);
	assert_true(HAS(&ev, ENV) && HAS(&ev, ENV_TRUNCATED) && !ev.env_truncated);
	assert_int_equal(ev.env.count, 2);
	assert_int_equal(ev.envc, 2);
	assert_int_equal(ev.exec_ns, 300);
	assert_int_equal(ev.fork_to_exec_ns, 5000);
	assert_int_equal(ev.dev, makedev(259, 300));
	assert_int_equal(ev.inode, 77);
	assert_int_equal(ev.end_code, 0x500000);
	assert_false(HAS(&ev, OLD_TID));

	exec->old_tid = 1240;
	exec->interpreter = record_string(&rec, "/bin/sh");
	exec->attempt_ts_ns = 0;
	exec->fork_ts_ns = RECORD_TS_NS + 1; /* nonsense */
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, OLD_TID));
	assert_int_equal(ev.old_tid, 1240);
	assert_str(ev.interpreter, "/bin/sh");
	assert_false(HAS(&ev, EXEC_NS) || HAS(&ev, FORK_TO_EXEC));
	decoder_free(decoder);
	(void)state;
}

static void test_exec_cut_argv(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_exec *exec = start_exec("cc\0-c", 6, 9);

	exec->argv_bytes = 400;
	exec->flags = REC_EXEC_ARGV_CUT;
	assert_int_equal(decode(decoder), 1);
	assert_true(ev.argv_truncated);
	assert_int_equal(ev.argv.count, 2);
	assert_int_equal(ev.argc, 9);
	assert_int_equal(ev.argv_bytes, 400);

	exec->flags = 0; /* fewer bytes than there were, and nobody said so */
	assert_int_equal(decode(decoder), 1);
	assert_true(ev.argv_truncated);

	exec->flags = REC_EXEC_ARGV_CUT; /* within a string: its last byte becomes the NUL */
	exec->argv.bytes = 5;
	assert_int_equal(decode(decoder), 1);
	assert_true(ev.argv_truncated);
	assert_int_equal(ev.argv.count, 2);
	assert_int_equal(ev.argv.bytes, 5);
	assert_memory_equal(ev.argv.data, "cc\0-", 5);

	exec->flags = 0; /* not ended by a NUL, nobody says why: whole strings only */
	exec->argv_bytes = 5;
	exec->argc = 2;
	assert_int_equal(decode(decoder), 1);
	assert_true(ev.argv_truncated);
	assert_int_equal(ev.argv.count, 1);
	assert_int_equal(ev.argv.bytes, 3);

	exec = start_exec(NULL, 0, 2); /* not a page could be read */
	exec->argv_bytes = 7;
	exec->flags = REC_EXEC_ARGV_UNREADABLE;
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, ARGV) && ev.argv_truncated);
	assert_int_equal(ev.argv.count, 0);
	assert_non_null(ev.argv.data);

	exec->flags = 0; /* nobody asked */
	exec->argv_bytes = 0;
	exec->envc = 5;
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, ARGV) || HAS(&ev, ARGV_BYTES) || ev.argv_truncated);
	assert_false(HAS(&ev, ENV) || HAS(&ev, ENV_BYTES) || HAS(&ev, ENV_TRUNCATED));
	assert_true(HAS(&ev, ARGC) && HAS(&ev, ENVC));
	decoder_free(decoder);
	(void)state;
}

static void test_env_filter(void **state)
{
	const char *names[] = { "PATH", "HO", "EMPTY", NULL };
	struct decoder *decoder = new_decoder(names);
	static const char env[] = "HOME=/root\0PATH=/bin\0PATHS=x\0PATH\0EMPTY=\0=x\0HO=me";
	struct rec_exec *exec = start_exec("cc", 3, 1);

	names[0] = names[1] = "gone"; /* the decoder has its own copy */
	exec->envc = 7;
	exec->env_bytes = sizeof(env);
	exec->env = record_span(&rec, env, sizeof(env));
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.env.count, 3);
	assert_int_equal(ev.env.bytes, sizeof("PATH=/bin\0EMPTY=\0HO=me"));
	assert_memory_equal(ev.env.data, "PATH=/bin\0EMPTY=\0HO=me", ev.env.bytes);
	assert_int_equal(ev.envc, 7);
	assert_int_equal(ev.env_bytes, sizeof(env));
	assert_false(ev.env_truncated);

	exec = start_exec("cc", 3, 1); /* an empty environment */
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, ENV) && HAS(&ev, ENVC) && HAS(&ev, ENV_BYTES));
	assert_int_equal(ev.env.count, 0);
	decoder_free(decoder);
	(void)state;
}

static void test_exec_failed(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_exec_failed *failed = (void *)rec.bytes;

	build(REC_EXEC_FAILED);
	failed->attempt_ts_ns = RECORD_TS_NS - 40;
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.type, BEGAT_EXEC_FAILED);
	assert_int_equal(ev.error, ENOENT);
	assert_str(ev.filename, "/bin/nothing");
	assert_int_equal(ev.argv.count, 3);
	assert_int_equal(ev.argc, 3);
	assert_int_equal(ev.argv_bytes, 10);
	assert_int_equal(ev.exec_ns, 40);
	assert_false(ev.argv_truncated || HAS(&ev, REPEATS) || HAS(&ev, EXE));
	assert_true(HAS(&ev, ARGV_TRUNCATED));

	failed->flags = REC_FAILED_ARGV_LIMITED; /* to what is here, of more that was read */
	failed->argc = 5;
	failed->argv_bytes = 42;
	assert_int_equal(decode(decoder), 1);
	assert_true(ev.argv_truncated);
	assert_int_equal(ev.argv.count, 3);
	assert_int_equal(ev.argc, 5);
	assert_int_equal(ev.argv_bytes, 42);

	failed->argc = 3;
	failed->flags = REC_FAILED_ARGV_UNREADABLE;
	failed->unreadable = 1;
	assert_int_equal(decode(decoder), 1);
	assert_true(ev.argv_truncated && HAS(&ev, ARGC) && !HAS(&ev, ARGV_BYTES));

	failed->flags = REC_FAILED_ARGV_CUT;
	assert_int_equal(decode(decoder), 1);
	assert_true(ev.argv_truncated && !HAS(&ev, ARGC) && !HAS(&ev, ARGV_BYTES));

	failed = record_exec_failed(&rec); /* execve("", NULL, NULL) */
	failed->error = ENOENT;
	failed->filename = record_string(&rec, "");
	assert_int_equal(decode(decoder), 1);
	assert_true(HAS(&ev, FILENAME) && HAS(&ev, ARGV) && !ev.argv_truncated);
	assert_str(ev.filename, "");
	assert_int_equal(ev.argv.count, 0);

	failed->filename.bytes = 0;
	failed->flags = REC_FAILED_FILENAME_UNREADABLE | REC_FAILED_ARGV_CUT;
	failed->error = EFAULT;
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, FILENAME) || HAS(&ev, ARGC));
	assert_true(HAS(&ev, ARGV) && ev.argv_truncated);
	decoder_free(decoder);
	(void)state;
}

/* execveat(2): the name as the kernel spells it, and what the descriptor was open on. */
static void test_exec_failed_by_descriptor(void **state)
{
	static const struct {
		const char *name;
		uint32_t flags;
		int fd;
		const char *filename;
	} cases[] = {
		{ "", REC_FAILED_HAS_FD | REC_FAILED_EMPTY_PATH, 5, "/dev/fd/5" },
		{ "", REC_FAILED_HAS_FD, 5, "" },
		{ "x", REC_FAILED_HAS_FD, 5, "/dev/fd/5/x" },
		{ "x/y", REC_FAILED_HAS_FD | REC_FAILED_EMPTY_PATH, 1234567,
		  "/dev/fd/1234567/x/y" },
		{ "x", REC_FAILED_HAS_FD, -2147483647 - 1, "/dev/fd/-2147483648/x" },
		{ "/x", REC_FAILED_HAS_FD, 5, "/x" },
		{ "x", 0, -100, "x" },
		{ "", REC_FAILED_EMPTY_PATH, -100, "" },
	};
	struct decoder *decoder = new_decoder(ALL_NAMES);
	struct rec_exec_failed *failed;
	char longest[REC_PATH_BYTES_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		failed = record_exec_failed(&rec);
		failed->error = ENOENT;
		failed->flags = cases[i].flags | REC_FAILED_FOLDER_IS_FD;
		failed->fd = cases[i].fd;
		failed->filename = record_string(&rec, cases[i].name);
		failed->folder = record_path(&rec, "/tmp/folder", 0);
		assert_int_equal(decode(decoder), 1);
		assert_str(ev.filename, cases[i].filename);
		assert_str(ev.fd_path, "/tmp/folder");
		assert_false(HAS(&ev, CWD));
		failed->flags &= ~REC_FAILED_FOLDER_IS_FD;
		assert_int_equal(decode(decoder), 1);
		assert_str(ev.cwd, "/tmp/folder");
		assert_false(HAS(&ev, FD_PATH));
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	failed = record_exec_failed(&rec);
	failed->flags = REC_FAILED_HAS_FD | REC_FAILED_READER_ROOT;
	failed->fd = -2147483647 - 1;
	failed->filename = record_string(&rec, longest);
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.filename.len, strlen("/dev/fd/-2147483648/") + strlen(longest));
	assert_false(HAS(&ev, FD_PATH) || HAS(&ev, CWD));
	assert_true(decode_has_reader_root(rec.bytes));
	decoder_free(decoder);
	(void)state;
}

static void check_path(struct decoder *decoder, const char *path, uint32_t flags,
		       const char *expected)
{
	struct rec_exec *exec = start_exec("cc", 3, 1);

	exec->exe = record_path(&rec, path, flags);
	assert_int_equal(decode(decoder), 1);
	assert_str(ev.exe, expected);
}

static void test_paths(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	char longest[REC_PATH_BYTES_MAX + 1];

	check_path(decoder, "/usr/bin/cc", 0, "/usr/bin/cc");
	check_path(decoder, "/cc", 0, "/cc");
	check_path(decoder, "/", 0, "/");
	check_path(decoder, "/tmp/x", REC_PATH_DELETED, "/tmp/x (deleted)");
	check_path(decoder, "/memfd:a b", REC_PATH_DELETED, "/memfd:a b (deleted)");
	check_path(decoder, "/bin/x", REC_PATH_UNREACHABLE, "(unreachable)/bin/x");
	check_path(decoder, "/", REC_PATH_UNREACHABLE, "(unreachable)/");
	check_path(decoder, "/bin/x", REC_PATH_TRUNCATED, ".../bin/x");
	check_path(decoder, "/b\n/\xff", REC_PATH_TRUNCATED | REC_PATH_DELETED,
		   ".../b\n/\xff (deleted)");
	for (size_t i = 0; i < REC_PATH_BYTES_MAX; i++)
		longest[i] = i % 2 ? 'x' : '/';
	longest[REC_PATH_BYTES_MAX] = '\0';
	check_path(decoder, longest, 0, longest);

	/* deeper than PATH_MAX, as chdir() goes: as long as a record can hold it */
	struct rec_exec *exec = start_exec("cc", 3, 1);
	size_t room = sizeof(rec.bytes) - rec.size;

	exec->cwd = (struct rec_path){ (uint32_t)rec.size, (uint32_t)room, 3, 1 };
	memset(rec.bytes + rec.size, 'n', room);
	rec.bytes[sizeof(rec.bytes) - 1] = '\0';
	rec.size = sizeof(rec.bytes);
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.cwd.len, strlen("(unreachable) (deleted)") + room);

	exec = start_exec("cc", 3, 1); /* a root, but not the process's: no names at all */
	exec->cwd.flags = REC_PATH_UNREACHABLE;
	assert_int_equal(decode(decoder), 1);
	assert_str(ev.cwd, "(unreachable)/");

	exec = start_exec("cc", 3, 1); /* absent, whatever else it says */
	exec->exe = (struct rec_path){ 1, 0, 5, 3 };
	exec->inode = 5;
	assert_int_equal(decode(decoder), 1);
	assert_false(HAS(&ev, EXE) || HAS(&ev, INODE) || HAS(&ev, DEV));

	/* empty names, more NULs than components: no crash, still a path */
	exec->exe = record_path(&rec, "/a/b", 0);
	exec->exe.components = 1;
	memset(rec.bytes + exec->exe.offset, 0, 4);
	assert_int_equal(decode(decoder), 1);
	assert_str(ev.exe, "////");
	decoder_free(decoder);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fork_and_identity),
		cmocka_unit_test(test_identity_absent),
		cmocka_unit_test(test_header_checks),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_bad_spans),
		cmocka_unit_test(test_pid_levels),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_exec_cut_argv),
		cmocka_unit_test(test_env_filter),
		cmocka_unit_test(test_exec_failed),
		cmocka_unit_test(test_exec_failed_by_descriptor),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
