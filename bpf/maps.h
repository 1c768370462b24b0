/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/maps.h - every map, and the settings.
 *
 * src/attach/ sets the sizes that depend on the machine (CPUs, buffer) before it loads the object.
 * Of the two record maps, it creates the one that config.transport names.
 */
#ifndef BEGAT_BPF_MAPS_H
#define BEGAT_BPF_MAPS_H

#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "abi/config.h"
#include "bound.h"

/* Read-only and frozen: the verifier takes its values as constants and drops dead branches. */
const volatile struct bpf_config config SEC(".rodata.config");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} records_perf SEC(".maps");

/* A cpu-clock perf event on each CPU: see emit/clock.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} clocks SEC(".maps");

/*
 * Assembly slots, one for each kind of program: the kernel never runs a program twice at once on a
 * CPU, but on a preemptible kernel another program may run in the middle of it.
 */
enum slot {
	SLOT_FORK = 0,
	SLOT_EXEC = 1,
	SLOT_FAILED = 2,
	SLOT_FAILED_ARGV = 3,
	SLOT_EXIT = 4,
	SLOT_COUNT = 5,
};

struct slot_bytes {
	__u8 bytes[REC_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOT_COUNT);
	__type(key, __u32);
	__type(value, struct slot_bytes);
} scratch SEC(".maps");

/* The process cache. Not preallocated where the kernel lets tracing programs allocate. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, __u32);
	__type(value, struct proc_entry);
} processes SEC(".maps");

/*
 * Processes that have died, for kernels that do not pass group_dead: there, the last two threads of
 * a process may both find the group dead, and only the first is to report it. LRU: the race lasts
 * microseconds.
 */
struct death {
	__u64 start_ns;
	__u32 tgid;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct death);
	__type(value, __u32);
} deaths SEC(".maps");

#ifdef BEGAT_PREEMPTIBLE
/* Events that a program has handled, so that its copies skip them: see preempt.h. */
struct visit_key {
	__u64 task; /* the address: a thread that execs takes over its leader's tid and start time */
	__u64 start_ns;
	__u64 what;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct visit_key);
	__type(value, __u32);
} visits SEC(".maps");
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct graveyard);
} graveyards SEC(".maps");

/* Execs under way that are not in an entry of the process cache, by task: see attempt_store.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct attempt);
} attempts SEC(".maps");

/* Cgroups whose path was sent. LRU: the path of an evicted one is sent again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, __u32);
} cgroups_sent SEC(".maps");

/*
 * Cgroups that user space has found to match no filter. Ids are never reused, and user space finds
 * an evicted one again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, __u32);
} cgroups_skipped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct reader_state);
} reader SEC(".maps");

static __always_inline struct cpu_counters *cpu_counters(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&counters, &cpu);
}

static __always_inline void *slot(__u32 index)
{
	return bpf_map_lookup_elem(&scratch, &index);
}

/* A place for @room bytes at @offset in a slot, NULL if they do not fit. */
static __always_inline void *slot_at(void *slot, __u64 offset, const __u32 room)
{
	return bound_at(slot, offset, REC_BYTES_MAX - room);
}

#define ALIGN8(n) (((n) + 7) & ~7u)

#endif
