/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * bpf/begat.bpf.c - the one BPF object: what we record (emit/), and where we are called (hooks/).
 *
 * Programs are named <backend>__<event> and none loads by itself ("?"): src/attach/ switches on
 * the lifecycle and one backend.
 */
#include "hooks/kprobe.bpf.c"
#include "hooks/lifecycle.bpf.c"
#include "hooks/tracepoint.bpf.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
