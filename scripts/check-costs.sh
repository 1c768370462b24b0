#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/check-costs.sh [--update] - the regression gate that noise cannot fool.
#
# Counts the instructions that the user-side path needs for an event of bench/records.bin, stage
# by stage, under callgrind, and compares them with bench/costs.txt. Counts depend on the compiler
# and the C library, not on the machine's load: with the compiler of the baseline 3 % more is a
# failure, with another one 15 %.
# Needs valgrind, no root. BUILD=<folder> as for make. --update writes a new baseline.

set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
baseline=bench/costs.txt
stages='decode table filter json text'
costs=$build/bench/costs

command -v valgrind >/dev/null || {
	echo "check-costs: needs valgrind (scripts/install-deps.sh test)" >&2
	exit 77
}
${MAKE:-make} --no-print-directory -s BUILD="$build" "$costs"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# Instructions an event of stage $1.
count()
{
	# The C library picks its string functions by CPU: the plainest are everywhere.
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-EVEX,-AVX512F,-ERMS,-FSRM \
		valgrind --tool=callgrind --toggle-collect=measured \
		--callgrind-out-file="$work/out" "$costs" "$1" bench/records.bin \
		>"$work/events" 2>"$work/log" || {
		cat "$work/log" >&2
		return 1
	}
	awk -v events="$(cat "$work/events")" \
		'/Collected :/ { printf "%.0f\n", $NF / events }' "$work/log"
}

compiler=$(${CC:-cc} --version | head -n 1)
limit=3
if [ "${1:-}" != --update ] && [ "$compiler" != "$(sed -n 's/^# compiler: //p' $baseline)" ]; then
	limit=15
	echo "check-costs: another compiler than the baseline's: limit ${limit} %"
fi

failed=0
: >"$work/new"
printf '%-8s %10s %10s %8s\n' stage baseline now change
for stage in $stages; do
	now=$(count "$stage")
	echo "$stage $now" >>"$work/new"
	was=$(sed -n "s/^$stage //p" $baseline 2>/dev/null || true)
	awk -v s="$stage" -v was="${was:-0}" -v now="$now" -v limit=$limit 'BEGIN {
		change = was ? (now - was) * 100 / was : 0
		printf "%-8s %10s %10d %+7.1f%%%s\n", s, was ? was : "-", now, change,
			(change > limit) ? "  too much" : ""
		exit (change > limit)
	}' || failed=1
done
if [ "${1:-}" = --update ]; then
	{
		echo "# Instructions an event, by stage; each stage includes those before it (json and"
		echo "# text: decode and table). Written by scripts/check-costs.sh --update."
		echo "# compiler: $compiler"
		cat "$work/new"
	} >$baseline
	echo "check-costs: wrote $baseline"
	exit 0
fi
[ $failed = 0 ] || echo "check-costs: if it is worth it: scripts/check-costs.sh --update" >&2
exit $failed
