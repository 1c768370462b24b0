#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/check-costs.sh [--update] - the regression gate that noise cannot fool.
#
# Counts the instructions that each stage of the path needs for an event of bench/records.bin,
# under callgrind. Counts depend on the compiler and the C library, not on the machine's load: with
# the compiler of the baseline 3 % more is a failure, with another one 15 %. The gate of the BPF
# programs is the verifier's instruction counts, which tests/vm compares; their run time moves with
# the load, so begat bench hooks shows it and no test asserts it.
#
# The baseline is bench/costs.txt; --update writes it anew. Needs valgrind, and says so where it is
# missing. BUILD=<folder> as for make.
# Ends with "N passed, N failed, N skipped": `make test` runs it as the suite "costs".

set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
baseline=bench/costs.txt
stages='decode table filter json text'
mode=${1:-}
passed=0 failed=0 skipped=0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
: >"$work/new"

skip()
{
	skipped=$((skipped + 1))
	echo "skip $1: $2"
	# An update must not lose what could not be measured.
	sed -n "/^$1/p" $baseline >>"$work/new"
}

# was NAME: what the baseline has, or 0
was()
{
	n=$(sed -n "s/^$1 \([0-9]*\)$/\1/p" $baseline 2>/dev/null)
	echo "${n:-0}"
}

# judge NAME NOW LIMIT_PERCENT
judge()
{
	echo "$1 $2" >>"$work/new"
	if awk -v name="$1" -v was="$(was "$1")" -v now="$2" -v limit="$3" 'BEGIN {
		change = was > 0 ? (now - was) * 100 / was : 0
		bad = (was > 0 && change > limit)
		printf "%s %-26s %8s -> %8d  %+6.1f%%%s\n", bad ? "FAIL" : "ok", name,
			(was > 0 ? was : "-"), now, change, bad ? "  (the limit is +" limit "%)" : ""
		exit bad
	}'; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
}

# Instructions an event of stage $1.
count()
{
	# The C library picks its string functions by CPU: the plainest are everywhere.
	GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-EVEX,-AVX512F,-ERMS,-FSRM \
		valgrind --tool=callgrind --toggle-collect=measured \
		--callgrind-out-file="$work/out" "$build/bench/costs" "$1" bench/records.bin \
		>"$work/events" 2>"$work/log" || {
		cat "$work/log" >&2
		return 1
	}
	awk -v events="$(cat "$work/events")" \
		'/Collected :/ { printf "%.0f\n", $NF / events }' "$work/log"
}

${MAKE:-make} --no-print-directory -s BUILD="$build" "$build/bench/costs"
compiler=$(${CC:-cc} --version | head -n 1)
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)

if command -v valgrind >/dev/null; then
	limit=3
	[ "$compiler" = "$(sed -n 's/^# compiler: //p' $baseline)" ] || limit=15
	for stage in $stages; do
		if now=$(count "$stage"); then
			judge "$stage" "$now" $limit
		else
			failed=$((failed + 1))
			echo "FAIL $stage: it did not run under valgrind"
		fi
	done
else
	skip '[a-z]' "valgrind is not installed (scripts/install-deps.sh test)"
fi

if [ "$mode" = --update ]; then
	{
		echo "# Instructions an event, by stage; each stage includes those before it (json and"
		echo "# text: decode and table). Written by scripts/check-costs.sh --update."
		echo "# compiler: $compiler"
		echo "# cpu: $cpu"
		cat "$work/new"
	} >"$work/baseline"
	cp "$work/baseline" $baseline
	echo "check-costs: wrote $baseline"
	exit 0
fi
[ $failed = 0 ] || echo "check-costs: if it is worth it: scripts/check-costs.sh --update"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
