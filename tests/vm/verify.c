/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm/verify.c - load the BPF programs in one configuration and report what the verifier saw.
 *
 * Owns:    a developer's view of the programs: instructions processed, helpers really reached
 *          (dead branches do not count), program, attach and map types.
 * Not:     which programs, maps and settings those are: that is asked of src/attach/ itself, so
 *          that what is judged here is what begat loads and attaches. Judging the figures
 *          (scripts/check-floor.sh, tests/vm/baseline.sh).
 * Called:  from those scripts, on this machine and in guests; needs root.
 *
 * Output, fields by tabs, one fact a line:
 *   prog NAME PROG-TYPE ATTACH-TYPE INSNS
 *   helper PROG HELPER                with -d only, once each
 *   insn PROG KIND                    with -d only: instructions newer than the basic set; some
 *                                     count even in dead branches, where old kernels reject them
 *   map NAME MAP-TYPE FLAGS
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/internal.h"

/* What a log may take: the kernel fills only what it needs, and the pages are ours only then. */
#define LOG_BYTES_DETAILS (512u << 20)
#define LOG_BYTES_STATS (64u << 10)
#define PROGRAMS_MAX 64
#define FACTS_MAX 64

enum log_level {
	LOG_DETAILS = 2, /* each instruction that is reached */
	LOG_STATS = 4, /* only the last line; any kernel since 5.2 */
};

struct settings {
	const char *backend;
	const char *transport;
	const char *objects; /* a folder with both objects; NULL = begat's own */
	bool is_attached;
	bool is_floor;
	bool has_details;
};

/* What a kernel 5.5 has; whatever else begat learns to use, it must do without there. */
static const struct features floor_features = {
	.part_fd = -1,
	.has_btf = true,
	.has_tp_btf = true,
	.has_bpf_cap = true,
	.has_perfmon_cap = true,
	.has_own_memlock_limit = true,
};

/* Everything captured and everything sent, so that no branch of the programs is dead. */
static const struct probes_options everything = {
	.buffer_bytes = 1 << 20,
	.config = {
		.short_lived_window_ns = 10000000,
		.cgroup_count = 1,
		.uid_count = 1,
		.admit = CONFIG_ADMIT_TREE | CONFIG_ADMIT_UID | CONFIG_ADMIT_UID_LATER |
			 CONFIG_ADMIT_CGROUP,
		.root_count = 1,
		.skip_classes = 1 << REC_CLASS_EXEC | 1 << REC_CLASS_CHUNK |
				1 << REC_CLASS_EXEC_FAILED,
		.want = 0xffffffff,
		.emit = 0xffffffff,
		.wake = CONFIG_WAKE_SLEEPER,
		.max_args_bytes = 0xffffffff,
	},
};

/* Copies the word at @text that ends at one of @ends; true if it was not in @facts yet. */
static bool add_fact(char facts[][64], size_t *count, const char *text, const char *ends)
{
	size_t length = strcspn(text, ends);

	if (length == 0)
		return false;
	if (length >= sizeof(facts[0]) || *count == FACTS_MAX) {
		fputs("begat-verify: a program uses more than this can count\n", stderr);
		exit(1);
	}
	for (size_t i = 0; i < *count; i++)
		if (!strncmp(facts[i], text, length) && facts[i][length] == '\0')
			return false;
	snprintf(facts[*count], sizeof(facts[0]), "%.*s", (int)length, text);
	(*count)++;
	return true;
}

/*
 * "85: (85) call bpf_probe_read_kernel#113", "86: (db) r1 = atomic64_fetch_add(...)". Only what the
 * verifier walks through starts like this: newer kernels also list whole programs, dead code too.
 */
static bool is_step(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return digits && !strncmp(line + digits, ": (", 3);
}

static void print_details(const char *program, char *log)
{
	char facts[FACTS_MAX][64];
	size_t count = 0;
	char *save = NULL;

	for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *call = strstr(line, ") call ");
		char *atomic = strstr(line, "= atomic");

		if (!is_step(line))
			continue;
		if (call) {
			call += strlen(") call ");
			if (!strncmp(call, "pc+", 3))
				continue;
			if (strncmp(call, "bpf_", 4) == 0 && add_fact(facts, &count, call, "#\n "))
				printf("helper\t%s\t%s\n", program, facts[count - 1]);
			else if (strncmp(call, "bpf_", 4) && add_fact(facts, &count, "kfunc", "\n"))
				printf("insn\t%s\tkfunc\n", program);
		}
		if (atomic && add_fact(facts, &count, "atomic_fetch", "\n"))
			printf("insn\t%s\tatomic_fetch\n", program);
		if (strstr(line, "=bswap") || strstr(line, "= bswap") || strstr(line, " s/= ") ||
		    strstr(line, "= (s8)") || strstr(line, "= (s16)") || strstr(line, "gotol "))
			if (add_fact(facts, &count, "cpu_v4", "\n"))
				printf("insn\t%s\tcpu_v4\n", program);
	}
}

/*
 * What old kernels reject before they look which branches are dead: a function's address (5.13) and
 * atomics that are more than an addition (5.12).
 */
static void print_static_details(const struct bpf_program *program)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	bool has_function = false, has_atomic = false;

	for (size_t i = 0; i < bpf_program__insn_cnt(program); i++) {
		const struct bpf_insn *insn = &insns[i];

		if (insn->code == (BPF_LD | BPF_DW | BPF_IMM)) {
			has_function |= insn->src_reg == BPF_PSEUDO_FUNC;
			i++; /* its second half is no instruction */
		} else if (BPF_CLASS(insn->code) == BPF_STX) {
			has_atomic |= BPF_MODE(insn->code) == BPF_ATOMIC && insn->imm != BPF_ADD;
		}
	}
	if (has_function)
		printf("insn\t%s\tfunction_address\n", bpf_program__name(program));
	if (has_atomic)
		printf("insn\t%s\tatomic_fetch\n", bpf_program__name(program));
}

static int print_program(struct bpf_program *program, char *log, const struct settings *settings)
{
	const char *name = bpf_program__name(program);
	const char *attach = libbpf_bpf_attach_type_str(bpf_program__expected_attach_type(program));
	const char *type = libbpf_bpf_prog_type_str(bpf_program__type(program));
	unsigned int insns = 0;
	char *stats = NULL;

	for (char *at = log; (at = strstr(at, "processed ")) != NULL; at++)
		stats = at;
	if (!stats || sscanf(stats, "processed %u insns", &insns) != 1) {
		fprintf(stderr, "begat-verify: the kernel told no figures for %s\n", name);
		return -EINVAL;
	}
	/* Where the type of attachment plays no part in loading, libbpf leaves the first one. */
	if (bpf_program__type(program) != BPF_PROG_TYPE_TRACING)
		attach = "-";
	printf("prog\t%s\t%s\t%s\t%u\n", name, type ? type : "?", attach ? attach : "?", insns);
	if (settings->has_details) {
		print_details(name, log);
		print_static_details(program);
	}
	return 0;
}

static void print_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *type = libbpf_bpf_map_type_str(bpf_map__type(map));
		__u32 flags = bpf_map__map_flags(map);

		if (bpf_map__autocreate(map))
			printf("map\t%s\t%s\t%s%s%s\n", bpf_map__name(map), type ? type : "?",
			       flags & BPF_F_MMAPABLE ? "mmapable," : "",
			       flags & BPF_F_NO_PREALLOC ? "no_prealloc," : "",
			       flags & BPF_F_INNER_MAP ? "inner_map," : "");
	}
}

static int usage(void)
{
	fputs("usage: begat-verify [-b kprobe|tracepoint] [-t ringbuf|perfbuf] [-o DIR] [-a] [-d] "
	      "[-5]\n"
	      "  -o  the objects in DIR, as another compiler made them, in place of begat's own\n"
	      "  -a  attach the programs too\n"
	      "  -d  details: every helper and new instruction that is reached (needs kernel "
	      "5.16)\n"
	      "  -5  as on kernel 5.5: only what that kernel has\n",
	      stderr);
	return 2;
}

struct loading {
	struct bpf_program *programs[PROGRAMS_MAX];
	char *logs[PROGRAMS_MAX];
	size_t count;
	size_t log_bytes;
};

/* Loading stops at the first program that is rejected: the last log has the verifier's reason. */
static void print_rejection(const struct loading *loading)
{
	for (size_t i = loading->count; i-- > 0;) {
		size_t length = strlen(loading->logs[i]);

		if (!length)
			continue;
		fprintf(stderr, "--- %s, the end of the verifier's log\n%s\n",
			bpf_program__name(loading->programs[i]),
			loading->logs[i] + (length > 2000 ? length - 2000 : 0));
		return;
	}
}

static int want_program(struct loading *loading, struct bpf_program *program, bool has_details)
{
	char *log = mmap(NULL, loading->log_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (log == MAP_FAILED || loading->count == PROGRAMS_MAX)
		return -ENOMEM;
	bpf_program__set_autoload(program, true);
	bpf_program__set_log_buf(program, log, loading->log_bytes);
	bpf_program__set_log_level(program, has_details ? LOG_DETAILS : LOG_STATS);
	loading->programs[loading->count] = program;
	loading->logs[loading->count++] = log;
	return 0;
}

/* The one that begat would take on this kernel. */
static struct bpf_object *open_object(const struct settings *settings,
				      const struct features *features)
{
	char path[PATH_MAX];

	if (!settings->objects)
		return object_open(features);
	snprintf(path, sizeof(path), "%s/%s", settings->objects,
		 features->has_preemptible_tracepoints ? "begat_preemptible.bpf.o" : "begat.bpf.o");
	return bpf_object__open_file(path, NULL);
}

static int attach_all(struct probes *probes)
{
	struct error error = { 0 };
	int err = probes->backend->attach ? probes->backend->attach(probes, &error) : 0;

	if (!err)
		err = lifecycle_attach(probes, &error);
	if (err)
		fprintf(stderr, "begat-verify: %s\n", error.text);
	probes_detach(probes);
	return err;
}

static int load(const struct settings *settings, struct probes *probes, struct loading *loading)
{
	struct features features = floor_features;
	struct bpf_program *program;
	struct error error = { 0 };
	int err;

	if (!settings->is_floor) {
		features_probe(&features);
		object_shrink_btf(&features);
	}
	err = transport_choose(settings->transport, &error, &probes->transport);
	if (err) {
		fprintf(stderr, "begat-verify: %s\n", error.text);
		return err;
	}
	probes->object = open_object(settings, &features);
	if (!probes->object) {
		perror("begat-verify: cannot open the BPF object");
		return -errno;
	}
	err = maps_prepare(probes, &everything, &features, &error);
	if (err) {
		fprintf(stderr, "begat-verify: %s\n", error.text);
		return err;
	}
	bpf_object__for_each_program(program, probes->object)
	{
		if (!programs_is_wanted(probes, program, &features))
			continue;
		err = want_program(loading, program, settings->has_details);
		if (err)
			return err;
	}
	err = bpf_object__load(probes->object);
	if (err) {
		fprintf(stderr, "begat-verify: cannot load the %s backend: %s\n",
			probes->backend->name, strerror(-err));
		print_rejection(loading);
		return err;
	}
	return settings->is_attached ? attach_all(probes) : 0;
}

static int verify(const struct settings *settings)
{
	struct loading loading = {
		.log_bytes = settings->has_details ? LOG_BYTES_DETAILS : LOG_BYTES_STATS,
	};
	struct probes probes = {
		.backend = backend_find(settings->backend),
		.cpus = (uint32_t)libbpf_num_possible_cpus(),
		.own_tgid = (uint32_t)getpid(),
	};
	int err;

	if (!probes.backend)
		return usage();
	err = load(settings, &probes, &loading);
	for (size_t i = 0; i < loading.count && !err; i++)
		err = print_program(loading.programs[i], loading.logs[i], settings);
	if (!err)
		print_maps(probes.object);
	for (size_t i = 0; i < loading.count; i++)
		munmap(loading.logs[i], loading.log_bytes);
	bpf_object__close(probes.object);
	return err;
}

int main(int argc, char **argv)
{
	struct settings settings = { .backend = "kprobe", .transport = "ringbuf" };
	int option;

	while ((option = getopt(argc, argv, "b:t:o:ad5")) != -1) {
		switch (option) {
		case 'b':
			settings.backend = optarg;
			break;
		case 't':
			settings.transport = optarg;
			break;
		case 'o':
			settings.objects = optarg;
			break;
		case 'a':
			settings.is_attached = true;
			break;
		case 'd':
			settings.has_details = true;
			break;
		case '5':
			settings.is_floor = true;
			break;
		default:
			return usage();
		}
	}
	if (optind != argc)
		return usage();
	return verify(&settings) ? 1 : 0;
}
