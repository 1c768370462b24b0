#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/golden/test_units.sh - a number looks the same wherever a user meets it.
#
# Owns:    durations in `show` (as `watch`), `show --tree` (as `run`), `report` and its page; units
#          in options, filters and conditions.
# Not:     which texts are right: tests/unit/test_units.c.
# Prints "ok NAME", "FAIL NAME reason", "skip NAME reason".

set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
begat=$(realpath "${BUILD:-build}")/begat
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if ! command -v sqlite3 >/dev/null; then
	echo "skip units sqlite3 is not installed"
	exit 0
fi

cp "$root/tests/golden/build.db" "$tmp/t.db"
chmod u+w "$tmp/t.db"
cd "$tmp" || exit 1

# lasts PID NS TEXT: everywhere @TEXT is what a process of NS ns shows.
lasts()
{
	sqlite3 t.db "update process set duration_ns = $2, fork_ts_ns = exit_ts_ns - $2,
		utime_ns = $2, stime_ns = 0 where pid = $1"
	"$begat" show t.db >stream 2>/dev/null
	"$begat" show --tree t.db >tree
	"$begat" report --format text -p "$1" t.db >report
	grep -E "exit +$1 .* $3 " stream >/dev/null || echo "show has: $(grep -E "exit +$1 " stream)"
	grep -F " $3 " tree | grep -q " $1 " || echo "show --tree has: $(grep " $1 " tree)"
	grep -F " $3 " report | grep -q " $1 " || echo "report has: $(grep " $1 " report)"
	! command -v node >/dev/null && return
	page=$(node --input-type=module -e "
		import { duration } from '$root/trace/report/web/src/format.js';
		console.log(duration($2))" 2>&1)
	[ "$page" = "$3" ] || echo "the page has: $page"
}

check()
{
	name=$1
	shift
	why=$("$@" 2>&1 | head -3 | tr '\n' ';')
	if [ -z "$why" ]; then
		echo "ok $name"
	else
		echo "FAIL $name $why"
	fi
}

check units_245_s lasts 1001 245000000000 '4m 05s'
check units_62_ms lasts 1004 62000000 '62.0 ms'
check units_2651_ms lasts 1005 2651000000 '2.651 s'
check units_99999_us lasts 1007 99999000 '99.9 ms'
check units_312_us lasts 1008 312000 '312 us'
check units_10_h lasts 1006 36061000000000 '10h 01m'

# reads: sizes and durations that --fail-if, --budget, -w and options all take.
reads()
{
	for size in 8M 8MiB 8m 8MB 1TiB 1G; do
		"$begat" show -w "max_rss > $size" t.db >/dev/null 2>log || head -1 log
		"$begat" diff t.db t.db --fail-if "rss > $size" >/dev/null 2>log || head -1 log
		echo "rss <= $size" >budget
		"$begat" diff t.db --budget budget >/dev/null 2>log
		[ $? != 2 ] || head -1 log
	done
	for age in 1d 2h 10ms 1w 5min 1.5s; do
		"$begat" show -w "duration > $age" t.db >/dev/null 2>log || head -1 log
		"$begat" diff t.db t.db --fail-if "wall > $age" >/dev/null 2>log || head -1 log
		"$begat" report --format text --since "$age" -o /dev/null t.db >/dev/null 2>log || head -1 log
	done
	for wrong in 8X 1y; do
		! "$begat" show -w "max_rss > $wrong" t.db >/dev/null 2>&1 || echo "-w takes $wrong"
		! "$begat" diff t.db t.db --fail-if "rss > $wrong" >/dev/null 2>&1 ||
			echo "--fail-if takes $wrong"
	done
}
check units_are_read reads
