#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/guest.sh [KERNEL...] - the storms with kprobes, in a virtual machine, beside execsnoop.
#
# usage: make bench BENCH=guest, or bench/guest.sh 6.1 6.12 (names of tests/vm/kernels.txt)
# Each kernel boots under emulation with this machine's own root, read-only, and storm.py runs in it;
# what the storm executes lies in the guest's memory, not in the shared root.
# Emulation is slow and its clock jumps: only ratios within one guest mean anything. Rows go where
# those of the other benchmarks go, with the guest's kernel.

set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
results=${BENCH_RESULTS:-$build/bench/results.jsonl}
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM
command -v qemu-system-x86_64 >/dev/null || {
	echo "guest: skipped: qemu-system-x86_64 is not installed (scripts/install-deps.sh vm)"
	exit 0
}

status=0
for kernel in ${*:-6.1}; do
	echo "kernel $kernel, kprobes, under emulation"
	BUILD=$build tests/vm/run-guest.sh -r -m 2G -t 570 "$kernel" -- \
		"mount -t tmpfs tmpfs /dev/shm 2>/dev/null; cp $build/bench/load /tmp/load;
		BUILD=$build BENCH_RESULTS=/tmp/rows BENCH_LOAD=/tmp/load python3 bench/storm.py \
			--kind ${KINDS:-spawn1,fail1} --rounds ${ROUNDS:-3} --scale 0.1 --tools begat,execsnoop,floor;
		sed 's/^/row: /' /tmp/rows" >"$log" 2>&1 || status=1
	sed -n '/^row: /!p' "$log"
	mkdir -p "$(dirname "$results")"
	sed -n 's/^row: //p' "$log" | tr -d '\r' >>"$results"
	grep -q '^row: ' "$log" || status=1
done
exit $status
