/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/test_missing.c - which interpreter or loader a failed exec did not find.
 *
 * Every file is made for the test; the folder of the test is the root of a process where one is
 * needed that is not our own.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "enrich/enrich.h"

static char dir[] = "/tmp/test_missing.XXXXXX";
static struct enrich_missing state = { .root_fd = -1 };

static struct begat_event failed(const char *filename, const char *cwd, const char *fd_path)
{
	struct begat_event ev = { .size = sizeof(ev),
				  .type = BEGAT_EXEC_FAILED,
				  .error = ENOENT,
				  .filename = { filename, strlen(filename) } };

	begat_fields_add(&ev.has, BEGAT_F_FILENAME);
	if (cwd) {
		ev.cwd = (struct begat_str){ cwd, strlen(cwd) };
		begat_fields_add(&ev.has, BEGAT_F_CWD);
	}
	if (fd_path) {
		ev.fd_path = (struct begat_str){ fd_path, strlen(fd_path) };
		begat_fields_add(&ev.has, BEGAT_F_FD_PATH);
	}
	return ev;
}

/* @missing: NULL = the field is absent. */
static void check(struct begat_event ev, const char *missing)
{
	state.looks = 0;
	assert_int_equal(enrich_missing(&state, true, 0, &ev), missing != NULL);
	assert_int_equal(begat_event_has(&ev, BEGAT_F_MISSING), missing != NULL);
	if (!missing)
		return;
	assert_string_equal(ev.missing_interpreter.data, missing);
	assert_int_equal(ev.missing_interpreter.len, strlen(missing));
}

static void put(const char *name, const void *data, size_t bytes)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	close(fd);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void scripts(void **unused)
{
	static const struct {
		const char *text, *missing;
	} cases[] = {
		{ "#!/no/such\n", "/no/such" },
		{ "#! \t /no/such -x y\n", "/no/such" },
		{ "#!/no/such", "/no/such" },
		{ "#!/bin/sh\r\n", "/bin/sh\r" },
		{ "#!no_such\n", "no_such" },
		{ "#!/bin/sh\n", NULL },
		{ "#!\n/no/such\n", NULL },
		{ "#!   \n", NULL },
		{ "/no/such\n", NULL },
		{ "#", NULL },
		{ "", NULL },
	};
	char text[400];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_text("script", cases[i].text);
		check(failed("script", dir, NULL), cases[i].missing);
		check(failed("./../../tmp/../tmp/x/../script", dir, NULL), NULL);
	}
	/* The kernel looks at 256 bytes; a name that does not end there is none. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/", 3);
	put("script", text, sizeof(text));
	check(failed("script", dir, NULL), NULL);
	text[255] = '\n';
	put("script", text, sizeof(text));
	text[255] = '\0';
	check(failed("script", dir, NULL), text + 2);
	unlink("script");
	(void)unused;
}

static void chains(void **unused)
{
	char text[128], name[8];

	put_text("s0", "#!/no/such\n");
	for (int i = 1; i < 9; i++) {
		snprintf(text, sizeof(text), "#!%s/s%d\n", dir, i - 1);
		snprintf(name, sizeof(name), "s%d", i);
		put_text(name, text);
	}
	check(failed("s4", dir, NULL), "/no/such");
	check(failed("s8", dir, NULL), NULL); /* ELOOP for the kernel */
	snprintf(text, sizeof(text), "#!%s/round\n", dir);
	put_text("round", text);
	check(failed("round", dir, NULL), NULL);
	unlink("round");
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		unlink(name);
	}
	(void)unused;
}

static void loaders(void **unused)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		char loader[16];
	} file = { .header = { .e_ident = ELFMAG,
			       .e_phoff = sizeof(Elf64_Ehdr),
			       .e_phentsize = sizeof(Elf64_Phdr),
			       .e_phnum = 1 },
		   .segment = { .p_type = PT_INTERP,
				.p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
				.p_filesz = 11 },
		   .loader = "/no/loader" };
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		char loader[16];
	} file32 = { .header = { .e_ident = ELFMAG,
				 .e_phoff = sizeof(Elf32_Ehdr),
				 .e_phentsize = sizeof(Elf32_Phdr),
				 .e_phnum = 1 },
		     .segment = { .p_type = PT_INTERP,
				  .p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
				  .p_filesz = 13 },
		     .loader = "/no/loader32" };

	file.header.e_ident[EI_CLASS] = ELFCLASS64;
	file32.header.e_ident[EI_CLASS] = ELFCLASS32;
	put("elf", &file, sizeof(file));
	check(failed("elf", dir, NULL), "/no/loader");
	put("elf", &file32, sizeof(file32));
	check(failed("elf", dir, NULL), "/no/loader32");

	file.segment.p_filesz = 10; /* no NUL at its end */
	put("elf", &file, sizeof(file));
	check(failed("elf", dir, NULL), NULL);
	file.segment.p_filesz = 1ull << 40;
	put("elf", &file, sizeof(file));
	check(failed("elf", dir, NULL), NULL);
	file.segment.p_filesz = 11;
	file.segment.p_offset = ~0ull - 4;
	put("elf", &file, sizeof(file));
	check(failed("elf", dir, NULL), NULL);
	file.header.e_phoff = ~0ull - 8;
	put("elf", &file, sizeof(file));
	check(failed("elf", dir, NULL), NULL);
	file.header.e_phnum = 65535;
	put("elf", &file, sizeof(file));
	check(failed("elf", dir, NULL), NULL);
	put("elf", &file, 5);
	check(failed("elf", dir, NULL), NULL);
	unlink("elf");
	(void)unused;
}

static void folders(void **unused)
{
	char path[128], other[128];

	assert_int_equal(mkdir("sub", 0755), 0);
	put_text("sub/script", "#!/no/such\n");
	snprintf(path, sizeof(path), "%s/sub", dir);
	snprintf(other, sizeof(other), "%s/sub/script", dir);
	check(failed(other, NULL, NULL), "/no/such");
	check(failed("script", path, NULL), "/no/such");
	check(failed("script", dir, NULL), NULL);
	check(failed("script", NULL, NULL), NULL); /* nobody knows from where */
	check(failed("/dev/fd/5/script", NULL, path), "/no/such");
	check(failed("/dev/fd/5/../sub/script", NULL, path), "/no/such");
	check(failed("/dev/fd/12", NULL, other), "/no/such");
	check(failed("/dev/fd/5/script", NULL, NULL), NULL);
	check(failed("script", "(unreachable)/tmp", NULL), NULL);
	check(failed("script", ".../tmp", NULL), NULL);
	check(failed("", path, NULL), NULL);
	unlink("sub/script");
	rmdir("sub");
	(void)unused;
}

/* What a process may put in the way. */
static void traps(void **unused)
{
	char loop[128];
	int fd;

	assert_int_equal(mkfifo("fifo", 0755), 0);
	check(failed("fifo", dir, NULL), NULL);
	put_text("to_fifo", "#!fifo\n");
	check(failed("to_fifo", dir, NULL), NULL);
	/* Nobody has opened it: a writer would have got in. */
	fd = open("fifo", O_WRONLY | O_NONBLOCK);
	assert_true(fd < 0 && errno == ENXIO);
	assert_int_equal(symlink("/proc/self/exe", "magic"), 0);
	check(failed("magic", dir, NULL), NULL);
	assert_int_equal(symlink("loop", "loop"), 0);
	check(failed("loop", dir, NULL), NULL);
	snprintf(loop, sizeof(loop), "%s/loop", dir);
	check(failed(loop, NULL, NULL), NULL);
	check(failed("/dev/zero", NULL, NULL), NULL);
	check(failed("/tmp", NULL, NULL), NULL);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	put_text("to_dangling", "#!dangling\n");
	/* The kernel keeps what it did not find, but not in every file system. */
	struct begat_event ev = failed("to_dangling", dir, NULL);

	assert_true(access("dangling", F_OK) < 0);
	if (enrich_missing(&state, true, 0, &ev))
		assert_string_equal(ev.missing_interpreter.data, "dangling");
	check(failed("dangling", dir, NULL), NULL);
	unlink("fifo");
	unlink("to_fifo");
	unlink("magic");
	unlink("loop");
	unlink("dangling");
	unlink("to_dangling");
	(void)unused;
}

/* Only ENOENT, and not more than so many in a moment. */
static void limits(void **unused)
{
	struct begat_event ev;
	int found = 0;

	put_text("script", "#!/no/such\n");
	ev = failed("script", dir, NULL);
	ev.error = EACCES;
	check(ev, NULL);
	state.window_ns = state.looks = 0;
	for (int i = 0; i < 1000; i++) {
		ev = failed("script", dir, NULL);
		ev.ts_ns = 1;
		found += enrich_missing(&state, true, 0, &ev);
	}
	assert_int_equal(found, 10);
	ev = failed("script", dir, NULL);
	ev.ts_ns = 10000001;
	assert_true(enrich_missing(&state, true, 0, &ev));
	unlink("script");
	(void)unused;
}

/* A root that is not ours is reached by way of /proc, as long as the process lives. */
static void by_process(void **unused)
{
	struct begat_event ev;

	put_text("script", "#!/no/such\n");
	state.looks = 0;
	ev = failed("script", dir, NULL);
	assert_true(enrich_missing(&state, false, (uint32_t)getpid(), &ev));
	ev = failed("script", dir, NULL);
	assert_false(enrich_missing(&state, false, 0, &ev));
	assert_false(enrich_missing(&state, false, 0x7fffffff, &ev));
	unlink("script");
	(void)unused;
}

UNIT_TESTS()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts),    cmocka_unit_test(chains), cmocka_unit_test(loaders),
		cmocka_unit_test(folders),    cmocka_unit_test(traps),	cmocka_unit_test(limits),
		cmocka_unit_test(by_process),
	};
	int failed_count;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	failed_count = cmocka_run_group_tests_name("missing", tests, NULL, NULL);
	enrich_missing_done(&state);
	rmdir(dir);
	return failed_count;
}
