/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source/bpf.h - what the BPF source consists of, for its own files, benchmarks and tests.
 *
 * Nothing of src/tracer/ includes it.
 */
#ifndef BEGAT_SOURCE_BPF_H
#define BEGAT_SOURCE_BPF_H

#include "attach/probes.h"
#include "decode/decode.h"
#include "source/source.h"
#include "transport/transport.h"

struct bpf_source {
	struct source base;
	struct features features;
	uint64_t probe_ns; /* that probing them took */
	struct probes *probes;
	const struct transport_ops *transport_ops;
	struct transport *transport;
	struct decoder *decoder;
	const struct source_options *opts; /* while it is opened */
	struct error *error;
	size_t buffer_bytes;
	bool follows;
	uint64_t clock_offset_ns; /* from the records' clock to the boot clock */
	uint64_t malformed;
	/* where drain() gives events to */
	source_callback callback;
	void *ctx;
};

static inline struct bpf_source *bpf_source_of(const struct source *source)
{
	return (struct bpf_source *)source;
}

extern const struct source_ops source_bpf;

/* bpf_request.c: what is asked for, in the words of the kernel side. 0 or a negative errno. */
int bpf_request(const struct source_options *opts, struct bpf_config *config, struct error *error);
/* 1 << enum rec_class for each of these BEGAT_EVENT_BIT()s. */
uint32_t bpf_classes_of(uint32_t events);

/* bpf_stats.c */
uint64_t bpf_count_lost(const struct source *source, uint32_t events);
void bpf_stats(const struct source *source, struct begat_stats *stats);
int bpf_stats_cpu(const struct source *source, uint32_t cpu, uint64_t *ret_generated,
		  uint64_t *ret_lost);
int bpf_stats_program(const struct source *source, uint32_t index, const char **ret_name,
		      uint64_t *ret_runs, uint64_t *ret_ns);

/* bpf_probe.c */
int bpf_probe(void (*callback)(const struct begat_probe *probe, void *ctx), void *ctx);

#endif
