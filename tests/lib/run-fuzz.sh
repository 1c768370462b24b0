#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lib/run-fuzz.sh SECONDS PROGRAM... - give each fuzz program its time.
#
# Seeds: tests/fuzz/corpus/NAME/ (committed); what is found new stays beside the program. A crash
# leaves its input there too, and its name is printed. A target without seeds fails: it would only
# see how its first check refuses noise. So does one whose seeds reach no more code than noise does.

set -u
seconds=$1
shift
passed=0 failed=0
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT

# coverage LOG: the edges that the last line of libFuzzer counts.
coverage()
{
	sed -n 's/^#.* cov: \([0-9]*\) .*/\1/p' "$1" | tail -n 1
}

fail()
{
	failed=$((failed + 1))
	echo "FAIL $name: $1"
}

for program in "$@"; do
	name=$(basename "$program")
	work=$program.corpus
	mkdir -p "$work"
	seeds=tests/fuzz/corpus/$name
	log=$program.log
	if [ -z "$(ls "$seeds" 2>/dev/null)" ]; then
		fail "it has no seeds in $seeds"
		continue
	fi
	# What do random bytes reach, and what do the seeds alone?
	"$program" -runs=1000 "$empty" >"$log" 2>&1
	noise=$(coverage "$log")
	rm -f "$empty"/*
	"$program" -runs=0 "$seeds" >"$log" 2>&1
	seeded=$(coverage "$log")
	if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$program." "$work" "$seeds" >"$log" 2>&1; then
		reached="coverage: noise ${noise:-0}, seeds ${seeded:-0}, after $seconds s $(coverage "$log")"
		if [ "${seeded:-0}" -gt "${noise:-0}" ]; then
			passed=$((passed + 1))
			echo "ok $name ($reached)"
		else
			fail "its seeds reach nothing that noise does not ($reached)"
		fi
	else
		fail "see $log"
		tail -n 20 "$log"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
