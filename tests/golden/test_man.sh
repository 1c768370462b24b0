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

# The page of events is docs/events.md in another form.
if "$root/scripts/events-man.sh" | cmp -s - "$man/begat-events.5.scd"; then
	ok man_events
else
	fail man_events "run scripts/events-man.sh > docs/man/begat-events.5.scd"
fi

# What libbegat(3) names is in a public header.
for function in $(grep -o '\*begat_[a-z0-9_]*\*(' "$man/libbegat.3.scd" | tr -d '*(' | sort -u); do
	grep -q "[ *]$function(" "$root"/include/begat/*.h || fail man_libbegat "$function is in no header"
done
ok man_libbegat

# Every field of the library has a meaning in the help, and its name is understood by a filter.
"$begat" help events >"$tmp/events" || fail help_events "status $?"
for field in $(sed -n 's/^FIELD([A-Z_0-9]*, "\([a-z_0-9]*\)".*/\1/p' "$root/src/event/fields.def"); do
	grep -A1 "^$field[ ,]" "$tmp/events" | grep -q '^    .' || fail help_events "no meaning of $field"
	grep -q "^\*$(echo "$field" | sed 's/_/\\\\_/g')\*" "$man/begat-events.5.scd" ||
		fail man_events "does not have $field"
done
ok help_events
"$begat" help filter | grep -q 'under(PID)' && ok help_filter || fail help_filter "has no under()"
"$begat" help | grep -q 'begat help filter' && ok help_topics || fail help_topics "not named in the help"

# What a message names must be installed: documents are, under share/doc/begat, but by which path
# depends on the system. So messages name man pages and help pages.
if strings "$begat" 2>/dev/null | grep -E '(^|[^a-z])docs/[a-z]+\.(md|json|c)' >"$tmp/paths"; then
	fail message_paths "a message names $(head -n 1 "$tmp/paths")"
else
	ok message_paths
fi

# Everything in docs/ is installed, each man page in its section.
if make -s -C "$root" BUILD="${BUILD:-build}" install DESTDIR="$tmp/root" PREFIX=/usr >"$tmp/log" 2>&1; then
	for file in "$root"/docs/*.md "$root"/docs/*.json; do
		[ -f "$tmp/root/usr/share/doc/begat/$(basename "$file")" ] ||
			fail install_docs "$(basename "$file") is not installed"
	done
	ok install_docs
	# Links and pictures lead to what is installed.
	( cd "$tmp/root/usr/share/doc/begat" && grep -oE '(\]\(|src(set)?="|href=")[^)"#]+' ./*.md ) |
		sed -E 's/^\.\/[^:]*:(\]\(|[a-z]*=")//' | sort -u >"$tmp/links"
	[ "$(wc -l <"$tmp/links")" -gt 20 ] || fail install_links "only $(wc -l <"$tmp/links") found"
	while read -r link; do
		case $link in
		http*) ;;
		*) [ -e "$tmp/root/usr/share/doc/begat/$link" ] || fail install_links "$link leads nowhere" ;;
		esac
	done <"$tmp/links"
	ok install_links
	if command -v scdoc >/dev/null; then
		[ -s "$tmp/root/usr/share/man/man7/begat-filter.7" ] &&
			[ -s "$tmp/root/usr/share/man/man5/begat-events.5" ] &&
			[ -s "$tmp/root/usr/share/man/man3/libbegat.3" ] &&
			[ -s "$tmp/root/usr/share/man/man1/begat-watch.1" ] ||
			fail install_man "a page is not in its section"
		[ ! -e "$tmp/root/usr/share/man/man1/begat-filter.7" ] ||
			fail install_man "begat-filter.7 is in man1"
		ok install_man
	fi
else
	fail install_docs "make install: $(head -n 1 "$tmp/log")"
fi

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
