#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/golden/test_completions.sh - what bash, zsh and fish offer is what begat takes.
#
# Owns:    the comparison of what each shell offers with the help and the values that begat accepts.
# Needs no rights. Prints "ok NAME", "FAIL NAME reason", "skip NAME reason".

set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$(realpath "${BUILD:-build}"):$PATH
export PATH LC_ALL=C.UTF-8
scripts=$root/packaging/completions
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp XDG_CONFIG_HOME=$tmp XDG_DATA_HOME=$tmp XDG_CACHE_HOME=$tmp
mkdir "$tmp/files" "$tmp/files/folder"
touch "$tmp/files/a.db" "$tmp/files/a.txt"
cd "$tmp/files" || exit 1
failed=0

ok() { echo "ok $1"; }
fail() { echo "FAIL $1 $2"; failed=1; }

# --- offered_SHELL WORD...: what it offers for the last of these words of a line, one a line ---
offered_bash()
{
	# shellcheck disable=SC2016
	bash --norc -c '
		source "$0/begat.bash"
		COMP_WORDS=() COMP_WORDBREAKS=$'\'' \t\n"'\''"'\''"'\''><=;|&(:'\''
		for word; do # as readline breaks them
			if [[ $word == --*=* ]]; then
				COMP_WORDS+=("${word%%=*}" =)
				[[ -z ${word#*=} ]] || COMP_WORDS+=("${word#*=}")
			else
				COMP_WORDS+=("$word")
			fi
		done
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_begat 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' "$scripts" "$@"
}

offered_fish()
{
	local line=$1
	shift
	for word; do line+=" $word"; done
	fish --no-config -c "source $scripts/begat.fish; complete -C'$line'" | sed 's/\t.*//'
}

# The functions of zsh's own that list things are replaced: they need a line editor.
offered_zsh()
{
	# shellcheck disable=SC2016
	zsh -f -c '
		_describe() { local name=$argv[-1]; print -rl -- ${${(P)name}%%:*} }
		compset() { return 1 }
		_files() {
			local pattern="*"
			[[ $1 != -g ]] || pattern=$2
			print -rl -- ${~pattern}(N) *(/N)
		}
		_users() { print -r -- root }
		_pids() { print -rl -- /proc/<->(:t) }
		_normal() { (( CURRENT == 1 )) && print -rl -- ${(k)commands} || print -r -- ":$words[1]" }
		script=$1; shift
		words=("$@") CURRENT=$#
		source $script' zsh "$scripts/_begat" "$@"
}

# The long options of `begat NAME --help`: of its list, never of its examples.
options_of() { begat "$1" --help | sed -n '/^Options:/,/^$/s/^  \(-[a-zA-Z],\|   \) \(--[a-z-]*\).*/\2/p'; }

commands=$(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' "$root/cli/commands.def")
topics=$(begat help | grep -oE 'begat help [a-z]+' | awk '{ print $3 }' | sort -u)

# same WHAT FILE: as many words, and the same ones, as in $tmp/wanted.
same()
{
	sed 's,/$,,' "$2" | grep -v '^$' | sort -u >"$tmp/sorted"
	cmp -s "$tmp/wanted" "$tmp/sorted" ||
		complaints+="$1: $(diff "$tmp/wanted" "$tmp/sorted" | grep '^[<>]' | head -4 | tr '\n' ' '); "
}

# offers WANTED WORD...
offers()
{
	tr ' ' '\n' <<<"$1" | grep -v '^$' | sort -u >"$tmp/wanted"
	shift
	"offered_$shell" begat "$@" >"$tmp/offered" 2>"$tmp/said"
	[ ! -s "$tmp/said" ] || complaints+="$*: says $(head -n 1 "$tmp/said"); "
	same "$*" "$tmp/offered"
}

# offers_some WORD-THAT-IS-OFFERED WORD...
offers_some()
{
	local wanted=$1
	shift
	"offered_$shell" begat "$@" 2>/dev/null | sed 's,/$,,' | grep -qx -- "$wanted" ||
		complaints+="$*: not $wanted; "
}

check_commands()
{
	offers "$commands help" ''
	offers "$commands $topics" help ''
	offers watch wat
}

check_options()
{
	local name
	[ -n "$commands" ] || complaints+="no commands; "
	for name in $commands; do
		[ -n "$(options_of "$name")" ] || complaints+="$name: has no options; "
		offers "$(options_of "$name" | tr '\n' ' ')" "$name" --
	done
}

# Every sink is a format of live events.
sinks=$(sed -n 's/^SINK(\([a-z0-9]*\))$/\1/p' "$root/src/sink/sinks.def" | paste -sd ' ')

check_values()
{
	local events='fork exec exec_failed exit snapshot lost all'
	offers "$sinks" watch --format ''
	offers 'text json' doctor --format ''
	offers 'text json' bench --format ''
	offers 'html text json' report --format ''
	offers 'text json html' diff --format ''
	offers 'perfetto chrome folded dot ndjson csv ecs otel sql' export --to ''
	offers 'perfetto chrome folded dot ndjson csv ecs otel sql' export x.db -t ''
	offers 'low balanced batch' run --latency ''
	offers 'kprobe tracepoint lifecycle' run --backend ''
	offers 'ringbuf perfbuf' watch --transport ''
	offers "$events" watch -e ''
	offers 'exec,fork' watch --events exec,f
	offers 'latency storm hooks memory idle start' bench ''
}

# The usual columns, then every field of an event, each once.
check_columns()
{
	"offered_$shell" begat watch --columns '' 2>/dev/null | sort >"$tmp/offered"
	{
		printf '%s\n' time event pid ppid user result after command
		sed -n 's/^FIELD([A-Z_0-9]*, "\([a-z_0-9]*\)".*/\1/p' "$root/src/event/fields.def"
	} | sort -u >"$tmp/wanted"
	same --columns "$tmp/offered"
	[ "$(sort "$tmp/offered" | uniq -d | head -n 1)" = '' ] || complaints+="a column twice; "
	offers 'pid,user' watch --columns pid,us
}

check_equals_sign()
{
	local ahead='--format='
	[ "$shell" != bash ] || ahead= # readline leaves alone what is ahead of "="
	offers "${ahead}json" watch --format=j
	# shellcheck disable=SC2086 # a word for each
	offers "$(printf -- "$ahead%s " $sinks)" watch --format=
	offers "${ahead}text ${ahead}json" doctor --format=
}

check_files()
{
	offers 'a.db folder' show ''
	offers 'a.db folder' diff ''
	offers 'a.db folder' diff --base ''
	offers 'a.db a.txt folder' show -o ''
	offers 'a.db a.txt folder' run --record ''
}

check_others()
{
	offers_some root watch -u ''
	offers_some $$ watch -p ''
	offers_some env run -- ''
	offers_some env record -o x.db ''
	offers '' watch -- ''
	offers '' watch -w ''
	offers '' nosuch ''
	offers '' watch --nosuch=
}

for shell in bash zsh fish; do
	for check in commands options values columns equals_sign files others; do
		if ! command -v $shell >/dev/null; then
			echo "skip completions_${shell}_$check $shell is not installed"
			continue
		fi
		complaints=
		"check_$check"
		if [ -z "$complaints" ]; then
			ok "completions_${shell}_$check"
		else
			fail "completions_${shell}_$check" "$complaints"
		fi
	done
done

# Typed on a terminal, where the shells have line editors.
for shell in bash zsh fish; do
	if ! command -v $shell >/dev/null || ! command -v python3 >/dev/null; then
		echo "skip completions_${shell}_typed $shell or python3 is not installed"
	elif why=$(python3 "$root/tests/lib/type_completions.py" $shell "$scripts" 2>&1); then
		ok "completions_${shell}_typed"
	else
		fail "completions_${shell}_typed" "$(tail -n 12 <<<"$why" | tr '\n' '|')"
	fi
done
exit $failed
