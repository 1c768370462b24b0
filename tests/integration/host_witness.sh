#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # sourced by host.sh; code for inner shells
#
# tests/integration/host_witness.sh - begat beside programs that nobody here wrote.
#
# Owns: execs and failures by strace, usage by time, every line read by jq, totals of tree, events
#       and recording against each other.
# Not:  truth that a program prints itself (cases/).

host_witness_tests="strace_same_execs strace_same_counts time_same_usage record_same_totals \
	jq_reads_all schema_of_real_lines"

# The independent witness: strace -f of the same build, in the same run.
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
assert f"wall {totals['wall_ns'] // 1000000 / 1e3:.3f} s" in last or totals["wall_ns"] < 1e9, (last, totals)
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
