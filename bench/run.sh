#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/run.sh NAME... - run benchmarks one after the other; `make bench` calls it.
#
# Each prints its tables and appends rows to $BENCH_RESULTS. A benchmark that cannot run here says
# why; the status is that of the worst.

set -u
cd "$(dirname "$0")/.."

build=${BUILD:-build}
status=0
[ "$(id -u)" = 0 ] || {
	echo "bench: needs root: sudo make bench" >&2
	exit 1
}
for name in "$@"; do
	echo "== $name: $(uname -srm), $(git describe --always --dirty 2>/dev/null), load $(cut -d' ' -f1-3 /proc/loadavg)"
	if [ -x "$build/bench/$name" ]; then
		"$build/bench/$name" || status=1
	elif [ -f "bench/$name.py" ]; then
		python3 "bench/$name.py" || status=1
	elif [ -f "bench/$name.sh" ]; then
		"bench/$name.sh" || status=1
	else
		echo "bench: there is no benchmark $name" >&2
		status=2
	fi
done
echo "rows: ${BENCH_RESULTS:-build/bench/results.jsonl}"
exit $status
