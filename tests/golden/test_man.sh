#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/golden/test_man.sh - every command has a man page, and it tells every option of its help.
#
# Needs no rights. Prints "ok NAME", "FAIL NAME reason", "skip NAME reason".

set -u
begat=${BUILD:-build}/begat
root=$(cd "$(dirname "$0")/../.." && pwd)
man=$root/docs/man
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

ok() { echo "ok $1"; }
fail() { echo "FAIL $1 $2"; failed=1; }
skip() { echo "skip $1 $2"; }

commands=$(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' "$root/cli/commands.def")
[ -n "$commands" ] || fail man_commands "cli/commands.def names none"

# Each option of `begat NAME --help`, by its long name or its letter. -h and --version are begat(1)'s.
options_told()
{
	"$begat" "$1" --help | sed -n 's/^  \(-[a-zA-Z]\|  \)[, ] --\([a-z-]*\).*/\1 \2/p' |
		while read -r letter long; do
			[ -n "$long" ] || long=$letter letter=
			case $long in help | version) continue ;; esac
			grep -q -- "\*--$long\*" "$man/begat-$1.1.scd" ||
				{ [ -n "$letter" ] && grep -q -- "\*$letter\*" "$man/begat-$1.1.scd"; } ||
				echo "--$long"
		done
}

for name in $commands; do
	page=$man/begat-$name.1.scd
	if [ ! -f "$page" ]; then
		fail "man_$name" "docs/man/begat-$name.1.scd is missing"
		continue
	fi
	grep -q "\*begat-$name\*(1)" "$man/begat.1.scd" || fail "man_$name" "begat.1.scd does not name it"
	untold=$(options_told "$name" | tr '\n' ' ')
	if [ -n "$untold" ]; then
		fail "man_$name" "its page does not tell $untold"
	else
		ok "man_$name"
	fi
done

if ! command -v scdoc >/dev/null; then
	skip man_scdoc "scdoc is not installed (scripts/install-deps.sh docs)"
	exit $failed
fi
for page in "$man"/*.scd; do
	name=$(basename "$page" .scd)
	if ! scdoc <"$page" >"$tmp/$name" 2>"$tmp/err"; then
		fail "scdoc_$name" "$(head -n 1 "$tmp/err")"
		continue
	fi
	ok "scdoc_$name"
	command -v mandoc >/dev/null || continue
	# scdoc begins sections with an empty paragraph; that is all that it may be blamed for.
	complaints=$(mandoc -Tlint -Wwarning "$tmp/$name" | grep -v 'skipping paragraph macro' | head -n 1)
	if [ -n "$complaints" ]; then fail "mandoc_$name" "$complaints"; else ok "mandoc_$name"; fi
done
command -v mandoc >/dev/null || skip man_mandoc "mandoc is not installed (scripts/install-deps.sh docs)"
exit $failed
