#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lib/run-suites.sh [SUITE...] - run every suite, then say once what passed.
#
# Called by `make test`, with $MAKE and $BUILD. A suite is a make target whose output ends with a
# line "N passed, N failed[, N skipped]" and has a line "skip NAME reason" for each skip.
# A suite that ends with an error and counts no failure is a failure itself.
# The last line sums all up; the exit status is 0 only if nothing failed.

set -u
MAKE=${MAKE:-make}
BUILD=${BUILD:-build}
logs=$BUILD/tests/logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
: >"$logs/skips"
: >"$logs/failures"

fail()
{
	failed=$((failed + 1))
	echo "$1" >>"$logs/failures"
	echo "$1"
}

skip()
{
	skipped=$((skipped + 1))
	echo "skip $1" >>"$logs/skips"
}

# run_suite NAME TARGET [VARIABLE=VALUE...]
run_suite()
{
	name=$1 log=$logs/$1.log began=$(date +%s)
	shift
	echo "== $name"
	{
		$MAKE --no-print-directory "BUILD=$BUILD" "$@" 2>&1
		echo $? >"$log.rc"
	} | tee "$log" | sed 's/^/   /'
	rc=$(cat "$log.rc")
	counts=$(sed -n \
		's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed\(, \([0-9][0-9]*\) skipped\)\{0,1\}$/\1 \2 \4/p' \
		"$log" | tail -n 1)
	grep -E '^skip(ped)?:? ' "$log" | sed "s/^skip[a-z:]*/skip $name:/" >>"$logs/skips"
	grep -E '^FAIL ' "$log" | sed "s/^FAIL/FAIL $name:/" >>"$logs/failures"
	if [ -z "$counts" ]; then
		fail "FAIL $name: the suite did not say how many tests passed (status $rc)"
		return
	fi
	# shellcheck disable=SC2086
	set -- $counts
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3:-0}))
	if [ "$rc" != 0 ] && [ "$2" = 0 ]; then
		fail "FAIL $name: the suite ended with status $rc"
	fi
	echo "   ($(($(date +%s) - began)) s)"
}

vm_suite()
{
	if [ ! -f tests/vm/vm.mk ]; then
		skip "vm: tests/vm/vm.mk is not there"
	elif ! command -v qemu-system-x86_64 >/dev/null; then
		skip "vm: qemu-system-x86_64 is not installed (scripts/install-deps.sh vm)"
	elif [ "$(uname -m)" != x86_64 ]; then
		skip "vm: the kernels are amd64, this machine is $(uname -m)"
	else
		# The two ends of the matrix, side by side: a quarter of an hour. make test-vm has all, and more rounds.
		export VM_COMPILERS="${VM_COMPILERS:-newest}" ROUNDS="${ROUNDS:-1}"
		run_suite vm test-vm "KERNEL=${VM_KERNELS:-oldest newest}" "ONLY=${VM_ONLY:-}"
	fi
}

for suite in ${*:-unit golden fuzz costs integration browser vm}; do
	case $suite in
	vm) vm_suite ;;
	golden)
		if [ -n "$(find tests/golden -name 'test_*' -print -quit 2>/dev/null)" ]; then
			run_suite golden golden
		fi
		;;
	fuzz) run_suite fuzz fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-5}" ;;
	*) run_suite "$suite" "$suite" ;;
	esac
done

echo
if [ -s "$logs/skips" ]; then
	echo "skipped:"
	sed 's/^skip /  /' "$logs/skips" | sort | uniq -c | sed 's/^ *1 /  /; s/^ *\([0-9][0-9]*\) /  \1 x/'
fi
if [ -s "$logs/failures" ]; then
	echo "failed (logs in $logs):"
	sed 's/^FAIL /  /' "$logs/failures"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
