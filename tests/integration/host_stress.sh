#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # sourced by host.sh; code for inner shells
#
# tests/integration/host_stress.sh - many processes at once, and what the kernel keeps of them.
#
# Owns: stress-ng under begat, short lives by the hundred thousand, what filters lose, zombies, the
#       reader's priority.
# Not:  storms of known truth (storms.c).

host_stress_tests="push_loses_nothing snapshot_without_zombies low_comes_first stress_schema \
	cache_200000"

# What the kernel checks of --where loses nothing that the whole expression would have kept.
push_loses_nothing()
{
	need python3
	python3 tests/integration/push_loses_nothing.py "$begat" "$cases/c_target"
}

# A zombie has ended: it is in no snapshot, and no loss makes it up anew.
snapshot_without_zombies()
{
	local parent tracer
	need jq
	need_root
	sh -c ': & exec sleep 1000' &
	parent=$!
	until [[ $(ps -o stat= --ppid $parent) == Z* ]]; do :; done
	mkfifo "$1/events"
	"$begat" watch -p $parent -e snapshot --format json -q >"$1/events" &
	tracer=$!
	tee "$1/all" <"$1/events" | { read -r _; kill -INT $tracer; cat; } >/dev/null
	wait $tracer
	kill $parent
	[[ $(jq -r .comm "$1/all") == sleep ]] || { cat "$1/all"; return 1; }
}

# In low the reader comes first, and only the reader: not what it starts.
low_comes_first()
{
	need_root
	"$build/begat" run --latency low -q -- sh -c 'ps -o ni= -p $$,$PPID' >"$1/nice" 2>"$1/log" ||
		{ cat "$1/log"; return 1; }
	[[ $(sort -n "$1/nice" | tr -d ' ' | tr '\n' ' ') == '-20 0 ' ]] || { cat "$1/nice"; return 1; }
}

# As nobody: root is refused by --exec, which then does nothing and calls that a success.
stress()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups stress-ng --quiet --temp-path "$2" \
		--"$1" 2 --timeout "${STRESS_SECONDS:-5}"
}

# Every line of a storm of every kind: strict JSON that fits the schema, and a complete balance.
stress_schema()
{
	local kind scratch
	need stress-ng setpriv jq python3
	need_root
	start_traced "$1/said" "$begat" watch --format json -v --buffer 64MiB -o "$1/events" \
		--transport "${STRESS_TRANSPORT:-ringbuf}" || return 1
	scratch=$(mktemp -d)
	chown 65534:65534 "$scratch"
	for kind in exec fork vfork clone; do
		stress $kind "$scratch" >"$1/log" 2>&1 ||
			{ echo "stress-ng --$kind:"; cat "$1/log"; end_traced; rm -rf "$scratch"; return 1; }
	done
	rm -rf "$scratch"
	end_traced || return 1
	tests/lib/jsonlines.py docs/event.schema.json <"$1/events" || return
	tail -n 1 "$1/events" | jq -e '.event == "summary" and .complete and .balance == 0' >/dev/null ||
		{ tail -n 1 "$1/events"; return 1; }
	[[ $(grep -c '^{"event":"lost"' "$1/events") == 0 && $(wc -l <"$1/events") -gt 1000 ]] ||
		{ echo "something was lost, or next to nothing came"; return 1; }
	[[ $(grep '^{"event":"exec"' "$1/events" | grep -c '"uid":65534') -gt 10 ]] ||
		{ echo "next to nothing of --exec came"; return 1; }
}

# Short lives by the hundred thousand leave nothing in the kernel's cache, and found it never full.
cache_200000()
{
	local parent go lives=200000
	need_root
	[[ -z ${CI:-} ]] || lives=100000 # still more than the cache has room for
	mkfifo "$1/go" "$1/done"
	bash -c 'read -r && { "$0" storm "$2" >/dev/null; echo >"$1"; read -r; }' \
		"$cases/c_fork" "$1/done" "$lives" <"$1/go" &
	parent=$!
	exec {go}>"$1/go"
	start_traced "$1/said" "$begat" watch -v --stats --pid $parent -o /dev/null || return 1
	echo >&"$go"
	read -r <"$1/done"
	echo >&"$go"
	exec {go}>&-
	wait $parent
	sleep 0.2 # longer than the window for which the dead are kept, and their look after
	end_traced >"$1/stats" || { cat "$1/stats"; return 1; }
	grep -qE 'processes +[0-9]+ in the table, 0 in the kernel.s cache, 0 found it full' "$1/stats" &&
		grep -qE "generated +fork ${lives:0:1}[0-9]{5},.* exit ${lives:0:1}[0-9]{5}" "$1/stats" &&
		grep -qE 'lost +none' "$1/stats" || { cat "$1/stats"; return 1; }
}
