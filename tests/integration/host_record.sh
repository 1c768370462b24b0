#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # sourced by host.sh; code for inner shells
#
# tests/integration/host_record.sh - recordings made live: the same as the stream, whatever goes wrong.
#
# Owns: show beside run and watch, a disk that stands still, a file that may not grow, redaction.
# Not:  who may read or replace the file (host_files.sh).

host_record_tests="show_as_live show_as_watch record_slow_disk record_redacts \
	record_outgrows_limit"

# Processes of many kinds: hostile arguments, failures, scripts, namespaces, deaths, an orphan: whose
# parent ends when it has done its execs and whose own end is waited for, so that all tracers see the same.
make_story()
{
	cat >"$1" <<STORY
cd "${1%/*}"
for vector in plain empty escapes newlines utf8 liar 32k strings40000 string128k; do
	"$cases/c_args" argv \$vector
done
"$cases/c_exec" script; "$cases/c_exec" memfd; "$cases/c_exec" thread; "$cases/c_who" setuid
"$cases/c_who" pid_namespaces; "$cases/c_who" cgroup_own
./none; ./none; ./none; /etc/passwd; no-such-tool
sh -c 'kill -9 \$\$'; sh -c 'kill -SEGV \$\$'; sh -c 'exit 7'; (exit 5)
env A=\$(printf '\\377\\n') "$cases/c_target" \$(printf '\\377') </dev/null
mkfifo orphan ready end
sh -c 'setsid sh -c "exec 9<>end; echo >ready; exec <orphan; read go; /bin/true orphan; exit 3" & read ready <ready; exit 0'
{ echo go >orphan; read end; } <end
rm -f orphan ready end
STORY
}

# show gives what was told live, byte for byte, whatever was asked for and whatever was lost.
show_as_live()
{
	local options where
	need cmp
	need_root
	make_story "$1/story"
	for options in '' --env '--max-args 300' '--env=A,PATH --fold-failures' '--redact --env' \
		'--transport perfbuf' '--buffer 4KiB' "--buffer 4KiB --fold-failures"; do
		rm -f "$1/a.db"
		# shellcheck disable=SC2086
		"$begat" run --record "$1/a.db" --format json -o "$1/live" $options -- sh "$1/story" \
			>/dev/null 2>&1
		"$begat" show "$1/a.db" --format json >"$1/shown" && cmp "$1/live" "$1/shown" ||
			{ echo "run $options"; return 1; }
		[[ $(wc -l <"$1/live") -gt 50 ]] || { echo "run $options tells next to nothing"; return 1; }
		case $options in
		*4KiB*) grep -q '^{"event":"lost"' "$1/live" || echo "nothing was lost: $options" ;;
		esac
	done
	for where in 'event == exit and exit_code != 0' 'ancestor(exe ~ "*/c_args")' \
		'ancestor(argv ~ "*read [g]o*")' 'ancestor(uid == 1000) or synthetic' 'argc > 3'; do
		rm -f "$1/a.db"
		"$begat" run --record "$1/a.db" --format json -o "$1/live" -w "$where" -- \
			unshare --user --map-root-user sh "$1/story" >/dev/null 2>&1
		"$begat" show "$1/a.db" --format json -w "$where" >"$1/shown" && cmp "$1/live" "$1/shown" ||
			{ echo "run -w $where"; return 1; }
	done
	rm -f "$1/a.db"
	"$begat" run --record "$1/a.db" -e exec,exec_failed,exit -o "$1/live" -- sh "$1/story" >/dev/null 2>&1
	# A replay says first of which day it is.
	"$begat" show "$1/a.db" | sed '$d; /^[0-9-]* UTC/d' >"$1/shown"
	head -n "$(wc -l <"$1/shown")" "$1/live" | cmp - "$1/shown"
}

# The recording of one tracer, shown, beside what two others told live of the same processes.
show_as_watch()
{
	local options pid looks=0 tracers=() talks=()
	need python3
	need_root
	make_story "$1/story"
	for options in '' '--env --max-args 5000'; do
		mkfifo "$1/start"
		sh -c 'read go <"$0"; exec sh "$1"' "$1/start" "$1/story" >/dev/null 2>&1 &
		pid=$!
		tracers=() talks=()
		for what in 'watch --format json -e all -o json' 'watch -o text' 'record -f --max-args all -o db'; do
			# shellcheck disable=SC2086
			(cd "$1" && exec mkfifo said-"${what%% *}${#tracers[@]}")
			exec {talk}<>"$1/said-${what%% *}${#tracers[@]}"
			# shellcheck disable=SC2086
			(cd "$1" && exec "$begat" $what -v -p $pid $options 2>&$talk) &
			tracers+=($!)
			talks+=("$talk")
			while read -r -t 60 line <&"$talk"; do
				[[ $line != *" transport of "* ]] || break
			done
		done
		# Each has seen who was there before.
		until [[ -n $("$begat" show "$1/db" -e snapshot 2>/dev/null) ]] && grep -q snapshot "$1/json"; do
			((++looks < 1000)) || { echo "nobody was there before"; return 1; }
		done
		echo go >"$1/start"
		wait $pid
		kill -INT "${tracers[@]}"
		wait "${tracers[@]}"
		for talk in "${talks[@]}"; do exec {talk}<&-; done
		"$begat" show "$1/db" --format json -e all >"$1/json.shown" || return 1
		"$begat" show "$1/db" | sed '/^[0-9-]* UTC/d' >"$1/text.shown" || return 1
		python3 tests/integration/compare_streams.py "$1/json" "$1/json.shown" &&
			python3 tests/integration/compare_streams.py "$1/text" "$1/text.shown" text ||
			{ echo "watch $options"; return 1; }
		# Else the next round finds the snapshots of this one.
		rm -f "$1/start" "$1"/said-* "$1"/{json,text}{,.shown} "$1/db"
	done
}

# A disk that stands still: what is recorded goes on at its pace, the loss is where it happened, in
# the summary and in what is said at the end, and nothing else is missing.
record_slow_disk()
{
	local pid writer slow
	need strace python3
	need_root
	mkfifo "$1/start"
	python3 - "$1/start" 1500 <<'PY' &
import os, sys
open(sys.argv[1] + ".up", "w").close()
open(sys.argv[1]).read()
for i in range(int(sys.argv[2])):
    os.waitpid(os.posix_spawn("/bin/true", ["true", "x" * 120000], {}), 0)
PY
	pid=$!
	# Before that it may be a script that looks for its interpreter: execs which are none of ours.
	until [[ -e $1/start.up ]]; do kill -0 $pid || return 1; done
	start_traced "$1/said" "$begat" record -v -p $pid --buffer 64MiB -o "$1/a.db" || return 1
	writer=$(grep -lx begat-record /proc/$traced/task/*/comm | sed 's|.*/task/||; s|/comm||')
	strace -q -p "$writer" -e trace=pwrite64 -e inject=pwrite64:delay_enter=3600000000 \
		-o "$1/writes" 2>"$1/strace" &
	slow=$!
	until [[ $(awk '$1 == "TracerPid:" { print $2 }' "/proc/$traced/task/$writer/status") != 0 ]]; do
		kill -0 $slow 2>/dev/null && continue
		kill $pid
		end_traced >/dev/null
		echo "strace cannot attach: $(tail -n 1 "$1/strace")"
		exit 77
	done
	echo go >"$1/start"
	wait $pid # it ends although nothing can be written
	kill -KILL $slow
	wait $slow
	end_traced >"$1/end" || { cat "$1/end"; return 1; }
	"$begat" show "$1/a.db" --format json -e all >"$1/events" &&
		"$begat" report "$1/a.db" --format json >"$1/report" || return 1
	python3 - "$1" <<'PY'
import json, re, sqlite3, sys
folder = sys.argv[1]
events = [json.loads(line) for line in open(folder + "/events")]
summary = events[-1]
assert summary["event"] == "summary" and not summary["complete"] and summary["balance"] == 0, summary
said = int(re.search(r"(\d+) lost", open(folder + "/end").read()).group(1))
told = 0
for kind in "fork", "exec", "exit":
    here = sum(e["event"] == kind for e in events)
    lost = sum(e["count"] for e in events if e["event"] == "lost" and e["class"] == kind)
    assert here + lost == 1500 + (kind == "exit") and lost > 100, (kind, here, lost)
    assert summary["lost"][kind] == lost and summary["received"][kind] == here, (kind, summary)
    told += lost
db = sqlite3.connect(folder + "/a.db")
assert db.execute("pragma integrity_check").fetchone() == ("ok",)
assert db.execute("select sum(count) from lost").fetchone() == (told,) and told == said, (told, said)
assert json.load(open(folder + "/report"))["totals"]["lost"] == told
PY
}

# What --redact hides is nowhere in the recording, nor is it in the command line kept there.
record_redacts()
{
	need_root
	"$begat" run --redact --env --record "$1/a.db" -- env MY_TOKEN=hidden7 \
		sh -c 'true --password hidden7; :' 2>"$1/said" >/dev/null || { cat "$1/said"; return 1; }
	! grep -q hidden7 "$1/a.db" "$1/said" || { echo "a secret was recorded"; return 1; }
	grep -q 'redacted' "$1/a.db"
}

# A file that may not grow ends the recording with a sentence and a file that says it is not whole;
# the command goes on, and still dies of the signal where it ignores the limit itself.
record_outgrows_limit()
{
	local status
	need_root
	(
		ulimit -f 400
		exec "$begat" record -o "$1/a.db" -- sh -c \
			'i=0; while [ $i -lt 1000 ]; do /bin/true $i; i=$((i+1)); done; echo "done"; exec head -c 1000000 /dev/zero >"$0"' "$1/big"
	) >"$1/out" 2>"$1/said"
	status=$?
	[[ $status == $((128 + $(kill -l XFSZ))) && $(cat "$1/out") == "done" ]] ||
		{ echo "status $status"; cat "$1/said"; return 1; }
	grep -q 'ulimit -f.*incomplete.*raise the limit' "$1/said" || { cat "$1/said"; return 1; }
	"$begat" show "$1/a.db" 2>&1 >"$1/shown" | grep -q 'is incomplete' && [[ $(wc -l <"$1/shown") -gt 10 ]] ||
		{ echo "it does not open, or does not say that it is incomplete"; return 1; }
}
