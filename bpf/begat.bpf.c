/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/begat.bpf.c - the one BPF object: hooks/ says where the kernel calls us, emit/ what we record.
 *
 * Programs are named <backend>__<event>. None loads by itself ("?"): src/attach/ switches on the
 * lifecycle and one backend.
 */
#include "hooks/kprobe.bpf.c"
#include "hooks/lifecycle.bpf.c"
#include "hooks/tracepoint.bpf.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
