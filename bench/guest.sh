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

LIMIT=480 # seconds of a guest, its boot included
SECONDS_EACH=120 # of each of the two storms
build=${BUILD:-build}
results=${BENCH_RESULTS:-$build/bench/results.jsonl}
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM
command -v qemu-system-x86_64 >/dev/null || {
	echo "guest: skipped: qemu-system-x86_64 is not installed (scripts/install-deps.sh vm)"
	exit 0
}

status=0
for kernel in ${*:-6.1 newest}; do
	echo "kernel $kernel, kprobes, under emulation"
	BUILD=$build tests/vm/run-guest.sh -r -m 2G -t "$LIMIT" "$kernel" -- \
		"cp $build/bench/load /tmp/load
		cp \$(command -v busybox) /tmp/echo
		export BUILD=$build BENCH_LOAD=/tmp/load BENCH_MARKER=/tmp/echo
		for kind in spawn1 fail1; do
			export BENCH_RESULTS=/tmp/rows.\$kind
			python3 bench/storm.py --kind \$kind --rounds 3 --seconds $SECONDS_EACH --scale 0.1 \
				--tools 'execsnoop,begat balanced,begat batch,begat low,floor: a record'
			sed 's/^/row: /' \$BENCH_RESULTS
		done" >"$log" 2>&1 || status=1
	sed -n '/^row: /!p' "$log"
	mkdir -p "$(dirname "$results")"
	sed -n 's/^row: //p' "$log" | tr -d '\r' >>"$results"
	grep -q '^row: ' "$log" || status=1
done
exit $status
