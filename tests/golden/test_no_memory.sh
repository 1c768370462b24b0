#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/golden/test_no_memory.sh - reading commands when one allocation fails.
#
# Owns:    the promise for each: the whole output, or a sentence about memory and a status that is
#          not 0; never a signal. STRIDE=1 tries every allocation, as is done when something new
#          allocates (some minutes); the default tries each 211th.
# Not:     what a kernel or a hook refuses: tests/unit, tests/integration.
# Prints "ok NAME", "FAIL NAME reason" or "skip NAME reason".

set -u
build=${BUILD:-build}
begat=$build/begat
fail_library=$build/tests/failmem.so
golden=$(dirname "$0")
stride=${STRIDE:-211}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TZ=UTC LC_ALL=C.UTF-8

if nm "$begat" 2>/dev/null | grep -q __asan_init; then
	echo "skip no_memory a sanitizer has its own allocator"
	exit 0
fi

# once N COMMAND...: with the Nth allocation failing; all later ones too if $from is set.
once()
{
	local at=$1
	shift
	timeout 30 env "FAILMEM_AT=$at" ${from:+FAILMEM_FROM=1} "LD_PRELOAD=$fail_library" "$@" \
		>"$tmp/out" 2>"$tmp/err"
}

# search NAME COMMAND...
search()
{
	local name=$1 count at rc why
	shift
	FAILMEM_COUNT=$tmp/count LD_PRELOAD=$fail_library "$@" >"$tmp/whole" 2>/dev/null
	count=$(cat "$tmp/count")
	if [ "$count" -lt 100 ]; then
		echo "FAIL no_memory_$name only $count allocations: is the library loaded?"
		return
	fi
	for from in '' 1; do
		for ((at = 1 + (from ? stride / 2 : 0); at <= count; at += stride * (from ? 3 : 1))); do
			once $at "$@" 2>/dev/null
			rc=$? why=
			if [ $rc -ge 124 ] && ! grep -q 'nss_database.c' "$tmp/err"; then
				why="status $rc" # but for an assertion of the C library's own
			elif [ $rc = 0 ] && ! cmp -s "$tmp/out" "$tmp/whole" && [ -z "$may_differ" ]; then
				why="status 0, and the output is not whole"
			elif [ $rc != 0 ] && [ $rc -lt 124 ] && ! grep -qi memory "$tmp/err"; then
				why="says '$(head -n 1 "$tmp/err")'"
			fi
			if [ -n "$why" ]; then
				echo "FAIL no_memory_$name allocation $at of $count: $why"
				return
			fi
		done
	done
	echo "ok no_memory_$name"
}

db=$golden/chains.db
may_differ=
search show_json "$begat" show --format json "$db"
search tree "$begat" show --tree "$db"
search where "$begat" show --format json "$db" -w 'exe ~ "*/true" and ancestor(comm == "sh")'
search report_text "$begat" report --format text "$db"
search report_json "$begat" report --format json "$db"
search report_page "$begat" report -o /dev/stdout "$db"
for format in perfetto chrome folded dot ndjson csv ecs otel; do
	search "$format" "$begat" export --to $format "$db" -o /dev/stdout
done
search diff "$begat" diff "$db" "$db"
search diff_html "$begat" diff --format html "$db" "$db"
echo 'count < 1000' >"$tmp/budget"
search budget "$begat" diff --budget "$tmp/budget" "$db"
# Names of users come from the C library, which gives none without memory.
may_differ=1
search show_text "$begat" show "$db"
