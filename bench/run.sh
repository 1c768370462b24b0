#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/run.sh NAME... - run benchmarks one after the other; `make bench` calls it.
#
# Each prints its tables and appends rows to $BENCH_RESULTS. A benchmark that cannot run here says
# why; the status is that of the worst.

set -u
cd "$(dirname "$0")/.."

LIMIT=1000 # seconds for one; each bounds itself, this is for a machine that is worse than they think
build=${BUILD:-build}
status=0

# command_of NAME: what runs it; nothing if there is no such benchmark
command_of()
{
	case $1 in
	latency | hooks | memory | idle) echo "python3 bench/parts.py $1" ;;
	parts | copies | *[!a-z_]*) ;;
	*)
		if [ -f "bench/$1.py" ]; then
			echo "python3 bench/$1.py"
		elif [ "$1" != run ] && [ -f "bench/$1.sh" ]; then
			echo "bench/$1.sh"
		elif [ -x "$build/bench/$1" ] && [ "$1" != load ]; then
			echo "$build/bench/$1"
		fi
		;;
	esac
}

for name in "$@"; do
	[ -n "$(command_of "$name")" ] || {
		echo "bench: there is no benchmark '$name'; there are $BENCH_NAMES" >&2
		exit 2
	}
done
[ "$(id -u)" = 0 ] || {
	echo "bench: needs root: sudo make bench" >&2
	exit 1
}
began=$(date +%s)
for name in "$@"; do
	echo
	echo "== $name: $(uname -srm), $(git -c safe.directory='*' describe --always --dirty 2>/dev/null), load $(cut -d' ' -f1-3 /proc/loadavg)"
	started=$(date +%s)
	rc=0
	timeout --foreground -k 10 $LIMIT $(command_of "$name") || rc=$?
	case $rc in
	0) ;;
	124) echo "bench: $name was ended after $LIMIT s" >&2 && status=1 ;;
	*) echo "bench: $name failed" >&2 && status=1 ;;
	esac
	echo "-- $name: $(($(date +%s) - started)) s"
done
echo "rows: ${BENCH_RESULTS:-build/bench/results.jsonl}; $(($(date +%s) - began)) s in all"
exit $status
