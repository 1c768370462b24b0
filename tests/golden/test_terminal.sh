#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/golden/test_terminal.sh [--update] - `begat show` on terminals of several widths.
#
# Owns:    terminal/*.txt: what is on each screen, a line of dots for each part that is like the rest.
#          --update writes them anew.
# Not:     watch, run and record on a terminal: they need root (tests/integration/on_terminal.py).
# Prints "ok NAME", "FAIL NAME reason", "skip NAME reason".

set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
begat=$(realpath "${BUILD:-build}")/begat
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if ! command -v python3 >/dev/null || ! command -v sqlite3 >/dev/null; then
	echo "skip terminal python3 or sqlite3 is not installed"
	exit 0
fi

# Of root, whose name the recording has; and one that crosses midnight in UTC.
cp "$root/tests/golden/build.db" "$tmp/build.db"
cp "$root/tests/golden/build.db" "$tmp/midnight.db"
chmod u+w "$tmp"/*.db
names="create table if not exists user(uid integer primary key, name);
	create table if not exists user_group(gid integer primary key, name);
	insert or replace into user values(0, 'root')"
sqlite3 "$tmp/build.db" "update context set uid = 0; $names"
sqlite3 "$tmp/midnight.db" "$names"';
	update context set uid = 0;
	update meta set value = value - 1000300000000 where name = "realtime_offset_ns"' ||
	exit 1
cd "$tmp" || exit 1
PYTHONPATH=$root/tests/lib exec python3 "$root/tests/golden/on_terminal.py" "$begat" \
	"$root/tests/golden/terminal" "$@"
