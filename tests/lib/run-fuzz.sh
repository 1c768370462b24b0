#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lib/run-fuzz.sh SECONDS PROGRAM... - give each fuzz program its time.
#
# Seeds: tests/fuzz/corpus/NAME/ (committed); what is found new stays beside the program. A crash
# leaves its input there too, and its name is printed.

set -u
seconds=$1
shift
passed=0 failed=0
for program in "$@"; do
	name=$(basename "$program")
	work=$program.corpus
	mkdir -p "$work"
	seeds=tests/fuzz/corpus/$name
	[ -d "$seeds" ] || seeds=
	# shellcheck disable=SC2086
	if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
		-artifact_prefix="$program." "$work" $seeds >"$program.log" 2>&1; then
		passed=$((passed + 1))
		echo "ok $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name: see $program.log"
		tail -n 20 "$program.log"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
