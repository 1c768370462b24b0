/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/test_decode_join.c - long argv and env, sent in chunks, with and without holes.
 */
#include "tests/unit/decode_fixture.h"

static void send_chunk(struct decoder *decoder, uint32_t what, const char *block, size_t offset,
		       size_t bytes)
{
	struct rec_chunk *chunk = record_chunk(&rec);

	chunk->tgid = RECORD_TGID;
	chunk->what = what;
	chunk->offset = (uint32_t)offset;
	chunk->bytes = record_span(&rec, block + offset, bytes);
	assert_int_equal(decode(decoder), 0);
}

/* All of a block, but for the chunk with number @skip; -1 = none. Returns how many there are. */
static int send_block(struct decoder *decoder, uint32_t what, const char *block, size_t bytes,
		      int skip)
{
	int count = 0;

	for (size_t at = 0; at < bytes; at += REC_CHUNK_BYTES_MAX, count++) {
		size_t n = bytes - at < REC_CHUNK_BYTES_MAX ? bytes - at : REC_CHUNK_BYTES_MAX;

		if (count != skip)
			send_chunk(decoder, what, block, at, n);
	}
	return count;
}

/* Strings of @len characters each, numbered; the last one is cut to fit. */
static char *make_block(size_t bytes, size_t len)
{
	char *block = malloc(bytes + 16);

	assert_non_null(block);
	assert_true(bytes > 0);
	if (!bytes) /* the compiler does not know that the assertion jumps away */
		abort();

	for (size_t i = 0; i < bytes; i++)
		block[i] = i % (len + 1) == len ? '\0' : (char)('a' + i / (len + 1) % 26);
	block[bytes - 1] = '\0';
	return block;
}

static uint32_t count_nuls(const char *block, size_t bytes)
{
	uint32_t count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += !block[i];
	return count;
}

static void send_exec(struct decoder *decoder, const char *argv, size_t argv_bytes,
		      size_t env_bytes)
{
	struct rec_exec *exec = record_exec(&rec);

	exec->argc = count_nuls(argv, argv_bytes);
	exec->argv_bytes = exec->argv_chunk_bytes = (uint32_t)argv_bytes;
	exec->env_bytes = exec->env_chunk_bytes = (uint32_t)env_bytes;
	exec->envc = 3;
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(ev.type, BEGAT_EXEC);
}

static void assert_argv_is(const char *block, size_t bytes)
{
	assert_true(HAS(&ev, ARGV));
	assert_int_equal(ev.argv.bytes, bytes);
	assert_memory_equal(ev.argv.data, block, bytes);
	assert_int_equal(ev.argv.count, count_nuls(block, bytes));
}

static void test_join_whole(void **state)
{
	static const size_t sizes[] = { REC_INLINE_BYTES_MAX + 1,
					REC_CHUNK_BYTES_MAX,
					REC_CHUNK_BYTES_MAX + 1,
					2 * REC_CHUNK_BYTES_MAX,
					128 * 1024,
					2 * 1024 * 1024 + 77,
					REC_CHUNKS_MAX * (size_t)REC_CHUNK_BYTES_MAX };
	static const size_t lengths[] = { 0, 1, 7, 50, 1000, 131071 };
	struct decoder *decoder = new_decoder(ALL_NAMES);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			char *block = make_block(sizes[i], lengths[j]);

			send_block(decoder, REC_CHUNK_ARGV, block, sizes[i], -1);
			send_exec(decoder, block, sizes[i], 0);
			assert_argv_is(block, sizes[i]);
			assert_false(ev.argv_truncated);
			free(block);
		}
	}
	assert_int_equal(decoder_orphan_chunks(decoder), 0);
	decoder_free(decoder);
	(void)state;
}

static void test_join_argv_and_env(void **state)
{
	const char *names[] = { "zz", NULL };
	struct decoder *all = new_decoder(ALL_NAMES), *some = new_decoder(names);
	char *argv = make_block(100000, 30), *env = make_block(60000, 9);

	memcpy(env + 50000, "zz=1\0", 5); /* 50000 is where a string starts */
	for (int i = 0; i < 2; i++) {
		struct decoder *decoder = i ? some : all;

		send_block(decoder, REC_CHUNK_ARGV, argv, 100000, -1);
		send_block(decoder, REC_CHUNK_ENV, env, 60000, -1);
		send_exec(decoder, argv, 100000, 60000);
		assert_argv_is(argv, 100000);
		assert_true(HAS(&ev, ENV) && !ev.env_truncated);
		assert_int_equal(ev.env_bytes, 60000);
	}
	assert_int_equal(ev.env.count, 1);
	assert_string_equal(ev.env.data, "zz=1");
	decoder_free(all);
	decoder_free(some);
	free(argv);
	free(env);
	(void)state;
}

/* Each chunk in turn is lost: what comes before it is kept, to the last whole string. */
static void test_join_with_a_hole(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	const size_t bytes = 5 * REC_CHUNK_BYTES_MAX + 100;
	char *block = make_block(bytes, 99);

	for (int skip = 0; skip < 6; skip++) {
		size_t kept = (size_t)skip * REC_CHUNK_BYTES_MAX;

		assert_int_equal(send_block(decoder, REC_CHUNK_ARGV, block, bytes, skip), 6);
		send_exec(decoder, block, bytes, 0);
		while (kept && block[kept - 1])
			kept--;
		assert_argv_is(block, kept);
		assert_true(ev.argv_truncated);
		assert_int_equal(ev.argc, count_nuls(block, bytes));
		assert_int_equal(ev.argv_bytes, bytes);
	}
	/* and nothing is left over for the next */
	send_block(decoder, REC_CHUNK_ARGV, block, bytes, -1);
	send_exec(decoder, block, bytes, 0);
	assert_argv_is(block, bytes);
	assert_false(ev.argv_truncated);
	/* all of them */
	send_exec(decoder, block, bytes, 0);
	assert_argv_is("", 0);
	assert_true(ev.argv_truncated);
	decoder_free(decoder);
	free(block);
	(void)state;
}

static void test_join_one_long_string(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	char *block = make_block(128 * 1024, 131071);

	send_block(decoder, REC_CHUNK_ARGV, block, 128 * 1024, 3);
	send_exec(decoder, block, 128 * 1024, 0);
	assert_int_equal(ev.argv.count, 0); /* no string is whole */
	assert_true(ev.argv_truncated);
	decoder_free(decoder);
	free(block);
	(void)state;
}

/* The user's limit falls into a string: what there is of it is kept. */
static void test_join_cut(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	const size_t bytes = REC_CHUNK_BYTES_MAX + 1000;
	char *block = make_block(bytes, 99);

	for (int skip = -1; skip < 2; skip++) {
		send_block(decoder, REC_CHUNK_ARGV, block, bytes - 50, skip);

		struct rec_exec *exec = record_exec(&rec);

		exec->argc = 5000;
		exec->argv_bytes = 500000;
		exec->argv_chunk_bytes = (uint32_t)bytes - 50;
		exec->flags = REC_EXEC_ARGV_CUT;
		assert_int_equal(decode(decoder), 1);
		assert_true(ev.argv_truncated);
		if (skip >= 0) {
			assert_true(ev.argv.bytes <= (size_t)skip * REC_CHUNK_BYTES_MAX);
			continue;
		}
		assert_int_equal(ev.argv.bytes, bytes - 50);
		assert_memory_equal(ev.argv.data, block, bytes - 51);
		assert_int_equal(ev.argv.count, count_nuls(block, bytes - 51) + 1);
	}
	decoder_free(decoder);
	free(block);
	(void)state;
}

static void test_join_of_another(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	char *block = make_block(3 * REC_CHUNK_BYTES_MAX, 99);
	const size_t bytes = 3 * REC_CHUNK_BYTES_MAX;

	/* other processes' records in between change nothing; nor does the same one's on another
	 * CPU */
	send_block(decoder, REC_CHUNK_ARGV, block, bytes, -1);
	start_exec("cc", 3, 1)->identity.tgid = 77;
	assert_int_equal(decode(decoder), 1);
	assert_argv_is("cc", 3);
	start_exec("cc", 3, 1)->header.cpu = 2;
	assert_int_equal(decode(decoder), 1);
	record_exit(&rec);
	assert_int_equal(decode(decoder), 1);
	send_exec(decoder, block, bytes, 0);
	assert_argv_is(block, bytes);

	/* the exec that wanted them is lost, and the next of this process has none */
	send_block(decoder, REC_CHUNK_ARGV, block, bytes, -1);
	start_exec("cc", 3, 1);
	assert_int_equal(decode(decoder), 1);
	assert_int_equal(decoder_orphan_chunks(decoder), 3);

	/* the next has its own, and its first chunk is lost: nothing may be mixed */
	send_chunk(decoder, REC_CHUNK_ARGV, block, 0, REC_CHUNK_BYTES_MAX);

	struct rec_chunk *chunk = record_chunk(&rec);

	chunk->header.ts_ns++;
	chunk->tgid = RECORD_TGID;
	chunk->what = REC_CHUNK_ARGV;
	chunk->offset = REC_CHUNK_BYTES_MAX;
	chunk->bytes = record_span(&rec, block + REC_CHUNK_BYTES_MAX, REC_CHUNK_BYTES_MAX);
	assert_int_equal(decode(decoder), 0);
	assert_int_equal(decoder_orphan_chunks(decoder), 4);
	send_exec(decoder, block, bytes, 0);
	assert_argv_is("", 0);
	assert_true(ev.argv_truncated);

	/* an exec was lost meanwhile: whose chunks are these? The time of the attempt tells */
	for (int knows = 0; knows < 2; knows++) {
		send_block(decoder, REC_CHUNK_ARGV, block, bytes, -1);
		record_lost(&rec)->count[REC_CLASS_EXEC] = 1;
		assert_int_equal(decode(decoder), 1);
		record_exec(&rec)->attempt_ts_ns = knows ? RECORD_TS_NS - 1 : 0;
		((struct rec_exec *)(void *)rec.bytes)->argv_chunk_bytes = (uint32_t)bytes;
		assert_int_equal(decode(decoder), 1);
		assert_argv_is(block, knows ? bytes : 0);
	}

	/* all of the attempt's are lost, and others wait */
	send_block(decoder, REC_CHUNK_ARGV, block, bytes, -1);

	struct rec_exec *exec = record_exec(&rec);

	exec->header.ts_ns += 1000;
	exec->attempt_ts_ns = RECORD_TS_NS + 1;
	exec->argv_bytes = exec->argv_chunk_bytes = (uint32_t)bytes;
	assert_int_equal(decode(decoder), 1);
	assert_argv_is("", 0);
	assert_true(ev.argv_truncated);

	/* chunks of another process take the place; a chain that starts anew too */
	uint64_t orphans = decoder_orphan_chunks(decoder);

	send_chunk(decoder, REC_CHUNK_ARGV, block, 0, REC_CHUNK_BYTES_MAX);
	((struct rec_chunk *)(void *)rec.bytes)->tgid = 77;
	assert_int_equal(decode(decoder), 0);
	assert_int_equal(decoder_orphan_chunks(decoder), orphans + 1);
	send_block(decoder, REC_CHUNK_ARGV, block, bytes, -1);
	assert_int_equal(decoder_orphan_chunks(decoder), orphans + 2);
	send_exec(decoder, block, bytes, 0);
	assert_argv_is(block, bytes);

	/* more than the exec says: not its own */
	send_block(decoder, REC_CHUNK_ARGV, block, bytes, -1);
	send_exec(decoder, block, REC_CHUNK_BYTES_MAX, 0);
	assert_argv_is("", 0);
	decoder_free(decoder);
	free(block);
	(void)state;
}

static void test_join_of_a_failure(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	const size_t bytes = REC_CHUNK_BYTES_MAX + 500;
	char *block = make_block(bytes, 20);

	for (int skip = -1; skip < 2; skip++) {
		send_block(decoder, REC_CHUNK_ARGV, block, bytes, skip);

		struct rec_exec_failed *failed = record_exec_failed(&rec);

		failed->error = E2BIG;
		failed->argc = count_nuls(block, bytes);
		failed->argv_bytes = failed->argv_chunk_bytes = (uint32_t)bytes;
		assert_int_equal(decode(decoder), 1);
		assert_int_equal(ev.argv_truncated, skip >= 0);
		assert_int_equal(ev.argc, count_nuls(block, bytes));
		assert_int_equal(ev.argv_bytes, bytes);
		if (skip < 0)
			assert_argv_is(block, bytes);
	}
	decoder_free(decoder);
	free(block);
	(void)state;
}

static void test_bad_chunks(void **state)
{
	struct decoder *decoder = new_decoder(ALL_NAMES);
	char *block = make_block(REC_CHUNK_BYTES_MAX + 8, 20);
	struct rec_chunk *chunk = record_chunk(&rec);

	chunk->what = REC_CHUNK_ARGV;
	assert_int_equal(decode(decoder), -EBADMSG); /* no bytes */
	chunk->bytes = record_span(&rec, block, REC_CHUNK_BYTES_MAX + 1);
	assert_int_equal(decode(decoder), -EBADMSG);
	chunk->bytes.bytes--;
	assert_int_equal(decode(decoder), 0);
	chunk->what = 0;
	assert_int_equal(decode(decoder), -EBADMSG);
	chunk->what = 3;
	assert_int_equal(decode(decoder), -EBADMSG);
	chunk->what = REC_CHUNK_ENV;
	chunk->offset = (REC_CHUNKS_MAX - 1) * REC_CHUNK_BYTES_MAX + 1;
	assert_int_equal(decode(decoder), -EBADMSG);
	chunk->offset = UINT32_MAX;
	assert_int_equal(decode(decoder), -EBADMSG);
	chunk->offset = 0;
	chunk->header.cpu = 4;
	assert_int_equal(decode(decoder), -EBADMSG);
	decoder_free(decoder);
	free(block);
	(void)state;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_whole),
		cmocka_unit_test(test_join_argv_and_env),
		cmocka_unit_test(test_join_with_a_hole),
		cmocka_unit_test(test_join_one_long_string),
		cmocka_unit_test(test_join_cut),
		cmocka_unit_test(test_join_of_another),
		cmocka_unit_test(test_join_of_a_failure),
		cmocka_unit_test(test_bad_chunks),
	};

	return cmocka_run_group_tests_name("decode_join", tests, NULL, NULL);
}
