#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034 # sourced by host.sh
#
# tests/integration/host_living.sh - CPU time of processes that neither begin nor end while begat
# looks, against what /proc says of them.
#
# Owns: two busy loops around a recording, a daemon that a run leaves behind.
#       Also how many bpf() calls of a start fail.
# Not:  the sums (unit/test_usage.c).
#
# /proc is read outside of the recording and inside of it, so its two differences enclose the figure
# on a machine however busy. What is added are ticks: 4 a reading.

host_living_tests="living_loops living_parts living_of_run living_same_by_proc
	start_probes_once"

# cpu_ms PID: user and system time, of threads that have ended too.
cpu_ms()
{
	local stat
	stat=$(<"/proc/$1/stat") || return 1
	set -- ${stat##*) }
	echo $(((${12} + ${13}) * 1000 / $(getconf CLK_TCK)))
}

spin()
{
	while :; do :; done
}

# A loop in a thread that ends, then one in another thread: the process's figure has both.
spin_in_threads()
{
	python3 -c '
import threading
def work(n):
    while n: n -= 1
t = threading.Thread(target=work, args=(3000000,)); t.start(); t.join()
t = threading.Thread(target=work, args=(10**15,), daemon=True); t.start(); t.join()' &
}

# until_cpu PID MS: returns once it has used so much.
until_cpu()
{
	while (($(cpu_ms "$1") < $2)); do read -r -t 0.05 <> <(:); done
}

within()
{
	local what=$1 value=$2 low=$3 high=$4
	((value >= low && value <= high)) && return
	echo "$what: $value ms of CPU, and not $low to $high ms"
	return 1
}

living_loops()
{
	local loop threads before1 before2 inside1 inside2 end1 end2 after1 after2 ms rc=0
	need python3 sqlite3
	need_root
	spin & loop=$!
	spin_in_threads; threads=$!
	until_cpu $loop 300
	until_cpu $threads 600
	before1=$(cpu_ms $loop) before2=$(cpu_ms $threads)
	start_traced "$1/said" "$begat" record -v -o "$1/t.db" || { kill $loop $threads; return 1; }
	inside1=$(cpu_ms $loop) inside2=$(cpu_ms $threads)
	until_cpu $loop $((inside1 + 500))
	until_cpu $threads $((inside2 + 500))
	end1=$(cpu_ms $loop) end2=$(cpu_ms $threads)
	end_traced >"$1/end" || rc=1
	after1=$(cpu_ms $loop) after2=$(cpu_ms $threads)
	kill $loop $threads
	ms=$(sqlite3 "$1/t.db" "SELECT cast(round(cpu_s * 1000) AS int) FROM processes WHERE pid = $loop")
	within loop "$ms" $((end1 - inside1 - 40)) $((after1 - before1 + 40)) || rc=1
	ms=$(sqlite3 "$1/t.db" "SELECT cast(round(cpu_s * 1000) AS int) FROM processes WHERE pid = $threads")
	within threads "$ms" $((end2 - inside2 - 40)) $((after2 - before2 + 40)) || rc=1
	"$begat" report --format text "$1/t.db" >"$1/report"
	grep -Eq '^  accounts for (all )?[0-9.]+ (of [0-9.]+ )?CPU seconds that this machine used$' "$1/report" ||
		{ cat "$1/report"; rc=1; }
	# No more than the machine had: its figure is counted in ticks of each CPU.
	"$begat" report --format json "$1/t.db" | jq -e \
		'.totals | .machine_cpu_ns > 0 and .cpu_ns <= .machine_cpu_ns * 1.25 + 2e8' >/dev/null ||
		{ echo "more CPU time than the machine used"; head -8 "$1/report"; rc=1; }
	return $rc
}

# The parts of a rotated recording add up to what the loop used.
living_parts()
{
	local loop before inside end after ms=0 part rc=0
	need sqlite3
	need_root
	spin & loop=$!
	until_cpu $loop 200
	before=$(cpu_ms $loop)
	start_traced "$1/said" "$begat" record -v --max-age 1s -o "$1/t.db" || { kill $loop; return 1; }
	inside=$(cpu_ms $loop)
	# A part is full when an event says so.
	while (($(ls "$1"/t*.db | wc -l) < 3)) && kill -0 $traced; do /bin/true; done
	end=$(cpu_ms $loop)
	end_traced >"$1/end" || rc=1
	after=$(cpu_ms $loop)
	kill $loop
	for part in "$1"/t*.db; do
		ms=$((ms + $(sqlite3 "$part" "SELECT cast(round(cpu_s * 1000) AS int) FROM processes WHERE pid = $loop")))
		sqlite3 "$part" "SELECT 1 / (count(*) = 2) FROM meta WHERE name LIKE 'machine_%_ns'" | grep -qx 1 ||
			{ echo "$part does not tell of the machine"; rc=1; }
	done
	within parts $ms $((end - inside - 40)) $((after - before + 40)) || rc=1
	return $rc
}

# A daemon that the command leaves behind: its CPU time until the end counts, and is said.
living_of_run()
{
	local rc=0 left
	need sqlite3
	need_root
	"$begat" run --record "$1/t.db" -- sh -c 'while :; do :; done & echo $! >"$1"
		while [ "$(cut -d" " -f14 /proc/$!/stat)" -lt 20 ]; do /bin/true; done' - "$1/pid" >"$1/tree" 2>&1
	left=$(<"$1/pid")
	kill "$left"
	grep -Eq '1 still running.* cpu [0-9.]+ (ms|s) \([0-9.]+ (ms|s) by what still runs\)' \
		<(tr '\n' ' ' <"$1/tree" | tr -s ' ') || { cat "$1/tree"; rc=1; }
	sqlite3 "$1/t.db" "SELECT 1 / (cpu_s >= 0.19) FROM processes WHERE pid = $left" | grep -qx 1 ||
		{ sqlite3 "$1/t.db" "SELECT * FROM processes"; rc=1; }
	return $rc
}

# Where the iterator's program is rejected /proc tells, in ticks.
living_same_by_proc()
{
	local loop inside end ms rc=0
	need sqlite3
	need_root
	spin & loop=$!
	until_cpu $loop 200
	start_traced "$1/said" env LD_PRELOAD="$(realpath "$build/tests/rejectbpf.so")" \
		REJECTBPF=lifecycle__snapshot "$begat" record -v -o "$1/t.db" || { kill $loop; return 1; }
	inside=$(cpu_ms $loop)
	until_cpu $loop $((inside + 300))
	end=$(cpu_ms $loop)
	end_traced >"$1/end" || rc=1
	kill $loop
	ms=$(sqlite3 "$1/t.db" "SELECT cast(round(cpu_s * 1000) AS int) FROM processes WHERE pid = $loop")
	((${ms:-0} >= end - inside - 40)) || { echo "$ms ms, and it used $((end - inside)) ms"; cat "$1/end"; rc=1; }
	return $rc
}

# What a start tries in vain: libbpf asks once whether perf links are there, and begat looks into its
# map of processes before anybody is in it. Each further failure is a probe too many.
few_calls_fail()
{
	local failed
	failed=$(grep -c '= -1 ' "$2")
	grep -q 'bpf(BPF_PROG_LOAD' "$2" || { echo "begat $1 loads nothing"; return 1; }
	((failed <= 6)) && return
	echo "begat $1: $failed bpf() calls fail"
	grep '= -1 ' "$2"
	return 1
}

start_probes_once()
{
	local rc=0
	need strace pgrep
	need_root
	strace -f -e trace=bpf -o "$1/run" "$begat" run -q -- true || rc=1
	few_calls_fail run "$1/run" || rc=1
	strace -f -e trace=bpf -o "$1/record" "$begat" record -q -o "$1/t.db" -- true || rc=1
	few_calls_fail record "$1/record" || rc=1
	start_traced "$1/said" strace -f -e trace=bpf -o "$1/watch" "$begat" watch -v -o "$1/out" || return 1
	kill -INT "$(pgrep -P "$traced")"
	wait "$traced" || rc=1
	exec {talk}<&-
	few_calls_fail watch "$1/watch" || rc=1
	return $rc
}
