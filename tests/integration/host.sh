#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/integration/host.sh BUILD [NAME] - tests that need a whole distribution around begat.
#
# Owns: the cross-checks against programs that nobody here wrote (strace, time, stress-ng, jq,
#       python3-jsonschema), the library as others use it, the scripts that check the tree.
# Prints "ok|FAIL|skip NAME reason" a test, at the end N passed, N failed, N skipped.
# STRESS_SECONDS (5) is how long each kind of stress lasts, STRESS_TRANSPORT (ringbuf) what carries it.

set -u
build=$1
only=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
begat=$(realpath "$build/begat")
cases=$(realpath "$build/tests/integration/cases")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
unset BEGAT_TEST_GO

# --- verdicts: a test returns 0, or 77 to skip; what it prints is the reason ---
test_()
{
	local name=$1 reason rc
	[[ -z $only || $name == *"$only"* ]] || return 0
	mkdir -p "$work/$name"
	reason=$(cd "$root" && "$name" "$work/$name" 2>&1)
	rc=$?
	case $rc in
	0) passed=$((passed + 1)); echo "ok $name" ;;
	77) skipped=$((skipped + 1)); echo "skip $name $(tail -n 1 <<<"$reason")" ;;
	*)
		failed=$((failed + 1))
		echo "FAIL $name (status $rc)"
		tail -n 25 <<<"$reason" | cut -c1-600 | sed 's/^/     /'
		;;
	esac
	rm -rf "${work:?}/$name"
}

need()
{
	local tool
	for tool; do
		command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
	done
}

need_root()
{
	[[ $(id -u) == 0 ]] || { echo "not root"; exit 77; }
}

# copy_begat FOLDER: the command and its libraries, for those that cannot enter the checkout.
copy_begat()
{
	mkdir -p "$1" && cp "$begat" "$build"/libbegat.so.0 "$build"/libbegat-trace.so.0 "$1"
}

# start_traced FILE COMMAND...: in the background, stderr to FILE; returns once it says that it
# traces. Its pid is in $traced.
start_traced()
{
	local said=$1 line
	shift
	mkfifo "$said"
	"$@" 2>"$said" &
	traced=$!
	exec {talk}<"$said"
	while read -r -t 60 line <&"$talk"; do
		[[ $line == *" transport of "* || $line == *"tracing"* ]] && return 0
		echo "$line" >&2
	done
	echo "it does not start"
	return 1
}

end_traced()
{
	local rc
	kill -INT "$traced"
	wait "$traced"
	rc=$?
	cat <&"$talk"
	exec {talk}<&-
	return $rc
}

# A C project of a dozen files: a library, a program, a generated header, a failing probe.
make_project()
{
	local i
	mkdir -p "$1"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		printf '#include "config.h"\nint f%d(int x) { return x * %d + SIZE; }\n' $i $i >"$1/f$i.c"
	done
	printf '#include <stdio.h>\nint f1(int);\nint main(void) { printf("%%d\\n", f1(2)); return 0; }\n' \
		>"$1/main.c"
	cat >"$1/Makefile" <<'MK'
OBJS := f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o f9.o f10.o
all: prog check
config.h:
	@echo "#define SIZE $$(ls | wc -l)" > $@
	-@no-such-tool --version 2>/dev/null
	-@sh -c 'kill -9 $$$$'
	-@false
%.o: %.c config.h
	$(CC) -O1 -c $< -o $@
libf.a: $(OBJS)
	ar rcs $@ $^
prog: main.o libf.a
	$(CC) main.o libf.a -o $@
check: prog
	./prog > out
MK
}

# --- the independent witness: strace -f of the same build, in the same run ---
strace_same_execs()
{
	need strace make gcc python3
	need_root
	make_project "$1/project"
	mkdir "$1/st"
	(cd "$1/project" && "$begat" run --format json -o "$1/events" -- \
		strace -ff -xx -v -s 1000000 -e trace=execve,execveat -o "$1/st/t" make -j2 >"$1/log" 2>&1) ||
		{ cat "$1/log"; return 1; }
	python3 tests/integration/compare_strace.py "$1/events" "$1/st/t"
}

# The same build with begat alone and with strace alone: as many execs, as many failures.
strace_same_counts()
{
	local ours theirs
	need strace make gcc jq
	need_root
	make_project "$1/a"
	cp -r "$1/a" "$1/b"
	(cd "$1/a" && "$begat" run --format json -o "$1/events" -- make -j2 >/dev/null 2>&1)
	(cd "$1/b" && strace -f -e trace=execve,execveat -o "$1/strace" make -j2 >/dev/null 2>&1)
	ours=$(jq -r 'select(.event == "exec") | .pid' "$1/events" | wc -l)
	theirs=$(grep -cE 'execve(at)?.*= 0$' "$1/strace")
	[[ $ours == "$theirs" && $ours -gt 20 ]] ||
		{ echo "begat: $ours execs, strace: $theirs"; return 1; }
}

# /usr/bin/time and begat about the same process.
time_same_usage()
{
	need jq awk
	need_root
	[[ -x /usr/bin/time ]] || { echo "/usr/bin/time is not installed"; exit 77; }
	"$begat" run --format json -o "$1/events" -- /usr/bin/time -f '%U %S %M' -o "$1/time" \
		awk 'BEGIN { for (i = 0; i < 3000000; i++) a[i % 200000] = i }' || return 1
	jq -r 'select(.event == "exit" and (.argv[0] // "" | test("awk$"))) |
		"\(.utime_ns / 1e9) \(.stime_ns / 1e9) \(.max_rss_bytes / 1024)"' "$1/events" |
		cat "$1/time" - | awk '
		NR == 1 { u = $1; s = $2; m = $3 }
		NR == 2 { d = u + s - $1 - $2; ok = d < 0.03 && d > -0.03 && m == $3 && u + s > 0.1 }
		{ print }
		END { exit !(NR == 2 && ok) }'
}

# The tree's last line, the events and the recording of one run tell the same; --where thins out
# what is written, not what is recorded.
record_same_totals()
{
	need make gcc jq python3
	need_root
	make_project "$1/a"
	cp -r "$1/a" "$1/b"
	(cd "$1/a" && "$begat" run --record "$1/text.db" -o "$1/tree" -- make -j2 >/dev/null 2>"$1/said") ||
		{ cat "$1/said"; return 1; }
	(cd "$1/b" && "$begat" run --env --record "$1/json.db" --format json \
		-o "$1/events" -w 'event == exit' \
		-- make -j2 >/dev/null 2>>"$1/said") || { cat "$1/said"; return 1; }
	"$begat" report "$1/text.db" --format json >"$1/text.json" || return 1
	"$begat" report "$1/json.db" --format json >"$1/json.json" || return 1
	"$begat" diff "$1/text.db" "$1/text.db" --format json >"$1/diff.json" || return 1
	! "$begat" run --record "$1/json.db" -- true 2>"$1/refused" && grep -q 'exists' "$1/refused" ||
		{ echo "a recording that is there is replaced"; return 1; }
	! "$begat" run --record "$1/one.db" -o "$1/./one.db" -- true 2>"$1/refused" &&
		grep -q 'same file' "$1/refused" && [[ ! -e $1/one.db ]] ||
		{ echo "one file for two outputs is taken"; return 1; }
	[[ $(stat -c %a "$1/json.db") == 600 ]] || { echo "everybody may read the environment"; return 1; }
	python3 - "$1" <<'PY'
import json, re, sys

folder = sys.argv[1]
last = open(folder + "/tree").read().splitlines()[-1]
totals = json.load(open(folder + "/text.json"))["totals"]
unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
count = {what.rstrip("s"): int(n) for n, what in re.findall(r"(\d+) (forks?|exits?|execs?|lost)\b", last)}
failed = int(re.search(r"(\d+) failed exec", last).group(1))
cpu = re.search(r"cpu ([\d.]+) (ns|us|ms|s)\b", last)
shown = float(cpu.group(1)) * unit[cpu.group(2)]
assert last.startswith(" complete:"), last
assert count["fork"] + 1 == count["exit"] == totals["processes"] > 20, (last, totals) # the command has no fork
assert count["exec"] == totals["execs"] and failed == totals["failed_execs"], (last, totals)
assert count["lost"] == totals["lost"] == 0, (last, totals)
assert abs(shown - totals["cpu_ns"]) <= 0.05 * totals["cpu_ns"], (last, totals)
assert f"wall {totals['wall_ns'] / 1e9:.3f} s" in last or totals["wall_ns"] < 1e9, (last, totals)
compared = json.loads(open(folder + "/diff.json").readline())
for name, value in ("count", "processes"), ("wall", "wall_ns"), ("cpu", "cpu_ns"), ("rss", "max_rss_bytes"):
    assert compared[name]["base"]["mean"] == totals[value], (name, compared, totals)
assert compared["failed"]["base"]["mean"] == totals["failed_exits"] + totals["signalled"], (compared, totals)

totals = json.load(open(folder + "/json.json"))["totals"]
events = [json.loads(line) for line in open(folder + "/events")]
exits = [e for e in events if e["event"] == "exit"]
summary = events[-1]
assert {e["event"] for e in events} == {"exit", "summary"}, "--where did not thin out the events"
assert len(exits) == totals["processes"] > 20, (len(exits), totals)
assert summary["execs"] == totals["execs"], (summary, totals)
assert summary["exec_failures"] == totals["failed_execs"], (summary, totals)
assert sum(e["utime_ns"] + e["stime_ns"] for e in exits) == totals["cpu_ns"] > 0, totals
assert max(e["max_rss_bytes"] for e in exits) == totals["max_rss_bytes"], totals
PY
}

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
		rm -f "$1/start" "$1"/said-*
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

# What --redact hides is nowhere in the recording, nor is it in the command line kept there.
record_redacts()
{
	need_root
	"$begat" run --redact --env --record "$1/a.db" -- env MY_TOKEN=hidden7 \
		sh -c 'true --password hidden7; :' 2>"$1/said" >/dev/null || { cat "$1/said"; return 1; }
	! grep -q hidden7 "$1/a.db" "$1/said" || { echo "a secret was recorded"; return 1; }
	grep -q 'redacted' "$1/a.db"
}

# In low the reader comes first, and only the reader: not what it starts.
low_comes_first()
{
	need_root
	"$build/begat" run --latency low -q -- sh -c 'ps -o ni= -p $$,$PPID' >"$1/nice" 2>"$1/log" ||
		{ cat "$1/log"; return 1; }
	[[ $(sort -n "$1/nice" | tr -d ' ' | tr '\n' ' ') == '-20 0 ' ]] || { cat "$1/nice"; return 1; }
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

# Lines of every shape that real output has fit the schema.
schema_of_real_lines()
{
	local vector rc
	need python3 make gcc
	need_root
	make_project "$1/project"
	(cd "$1/project" && "$begat" run --env --format json -o "$1/events" -- make -j2 >/dev/null 2>&1)
	for vector in escapes utf8 newlines empty; do
		"$begat" run --env --format json -o "$1/more" -- "$cases/c_args" argv $vector >/dev/null
		cat "$1/more" >>"$1/events"
	done
	tests/lib/jsonlines.py docs/event.schema.json <"$1/events" >"$1/said"
	rc=$?
	[[ $rc == 0 ]] || { cat "$1/said"; return $rc; }
	[[ $(sed -n 's/.* of \([0-9]*\) shapes.*/\1/p' "$1/said") -ge 5 ]] || { cat "$1/said"; return 1; }
}

# jq as a reader: whatever an argv holds, one line is one object.
jq_reads_all()
{
	local vector
	need jq
	need_root
	for vector in escapes newlines utf8 32k strings40000; do
		"$begat" run --format json -- "$cases/c_args" argv $vector 2>"$1/events" >/dev/null || return 1
		jq -es 'length > 3 and all(.event)' "$1/events" >/dev/null || return 1
		[[ $(jq -c . "$1/events" | wc -l) == $(wc -l <"$1/events") ]] || return 1
	done
}

# The check of the include rules must fail on each kind of violation.
layers_check_fails()
{
	local rule
	mkdir -p "$1/src/sink" "$1/abi" "$1/cli" "$1/include/begat" "$1/base"
	touch "$1/abi/record.h" "$1/src/sink/sink.h" "$1/include/begat/begat.h" "$1/base/utf8.h"
	printf '#include <begat/begat.h>\n#include "base/utf8.h"\n#include <stdio.h>\n' >"$1/src/sink/a.c"
	scripts/check-layers.sh "$1" || { echo "a clean tree is refused"; return 1; }
	for rule in 'src/sink/x.c:"abi/record.h"' 'src/sink/x.c:<bpf/libbpf.h>' \
		'cli/x.c:"src/sink/sink.h"' 'cli/x.c:"../src/sink/sink.h"' 'abi/x.h:<stdio.h>' \
		'include/begat/x.h:<unistd.h>' 'src/other/x.c:<stdio.h>' 'cli/x.c:"nowhere.h"'; do
		mkdir -p "$1/$(dirname "${rule%%:*}")"
		printf '#include %s\n' "${rule#*:}" >"$1/${rule%%:*}"
		! scripts/check-layers.sh "$1" >"$1/log" || { echo "not found: $rule"; return 1; }
		grep -q "^${rule%%:*}:1: " "$1/log" || { cat "$1/log"; return 1; }
		rm "$1/${rule%%:*}"
	done
	rm -rf "$1/src/other"
}

# shellcheck source=host_files.sh
. "$root/tests/integration/host_files.sh"
# shellcheck source=host_namespaces.sh
. "$root/tests/integration/host_namespaces.sh"
# shellcheck source=host_library.sh
. "$root/tests/integration/host_library.sh"
# shellcheck source=host_trees.sh
. "$root/tests/integration/host_trees.sh"
# shellcheck source=host_terminal.sh
. "$root/tests/integration/host_terminal.sh"
# shellcheck source=host_living.sh
. "$root/tests/integration/host_living.sh"

# shellcheck disable=SC2086 # words
for name in strace_same_execs strace_same_counts time_same_usage record_same_totals show_as_live show_as_watch record_slow_disk \
	push_loses_nothing snapshot_without_zombies record_redacts \
	record_outgrows_limit low_comes_first stress_schema cache_200000 \
	schema_of_real_lines jq_reads_all layers_check_fails \
	$host_files_tests $host_namespaces_tests $host_library_tests $host_trees_tests \
	$host_terminal_tests $host_living_tests; do
	test_ $name
done
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 ]]
