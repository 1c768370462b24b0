#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # sourced by host.sh; code for inner shells
#
# tests/integration/host_trees.sh - -p: which processes it stands for, and when a stream of them ends.
#
# Owns: what run answers below its tree, how the command of a recording ended, threads given for processes, the end of watch and record when a whole tree has ended.
# Not:  which events a tree has (cases/c_fork.c), PID namespaces as such (host_namespaces.sh).

host_trees_tests="tree_ends tree_of_a_thread tree_of_a_thread_is_said tree_ends_in_pid_namespace tree_of_a_zombie tree_forever \
	ending_is_said ending_of_an_interrupted_recording totals_agree shell_line_is_hinted run_waits run_answers"

# What was started ends without a signal, and has said this.
ends_alone()
{
	local said
	said=$(timeout 60 cat <&"$talk" | tr '\n' ' ')
	wait "$traced" || { echo "$said"; return 1; }
	[[ $said =~ $1 ]] || { echo "$said"; return 1; }
	exec {talk}<&-
}

# The root ends first, then what it left behind; with each mode, transport and command.
tree_ends()
{
	local latency transport root
	need_root
	need jq
	for transport in ringbuf perfbuf; do
		for latency in low balanced batch; do
			mkfifo "$1/go" "$1/on"
			sh -c '(read -r on <"$2"; true; exec /bin/true) & read -r go <"$1"; exit 0' - \
				"$1/go" "$1/on" &
			root=$!
			start_traced "$1/said" "$begat" watch -v -p $root --latency $latency \
				--transport $transport --format json >"$1/out" || return 1
			echo >"$1/go"
			wait $root
			echo >"$1/on"
			ends_alone "process $root and all that it began have ended" || return 1
			jq -se --argjson root $root 'any(.[]; .event == "exit" and .pid == $root) and
				any(.[]; .event == "exec" and .argv == ["/bin/true"]) and
				(map(select(.event == "exit")) | length) == 2 and
				any(.[]; .event == "summary" and .complete)' "$1/out" || { cat "$1/out"; return 1; }
			rm "$1/go" "$1/on" "$1/said"
		done
	done
	sleep 1000 &
	root=$!
	start_traced "$1/said" "$begat" record -v -p $root -o "$1/tree.db" || return 1
	kill $root
	ends_alone 'all that it began have ended.*recorded 1 process' || return 1
}

# A thread's id: its process is followed, by -p and by under().
tree_of_a_thread()
{
	local code='
import os, sys, threading
def work():
    open(sys.argv[1] + "/tid", "w").write(f"{threading.get_native_id()}\n")
    open(sys.argv[1] + "/go").read()
thread = threading.Thread(target=work)
thread.start()
thread.join()
if os.fork() == 0:
    os.execv("/bin/true", ["/bin/true"])
os.wait()
' root tid how
	need_root
	need python3 jq
	mkfifo "$1/go"
	for how in -p -w; do
		rm -f "$1/tid"
		python3 -c "$code" "$1" &
		root=$!
		until [[ -s $1/tid ]]; do kill -0 $root || return 1; done
		tid=$(cat "$1/tid")
		[[ $tid != "$root" ]] || return 1
		[[ $how == -p ]] && set -- "$1" -p "$tid" || set -- "$1" -w "under($tid)"
		rm -f "$1/said"
		start_traced "$1/said" "$begat" watch -v "${@:2}" --format json >"$1/out" || return 1
		echo >"$1/go"
		wait $root
		if [[ $how == -p ]]; then
			ends_alone 'all that it began have ended' || return 1
		else
			end_traced || return 1
		fi
		jq -se 'any(.[]; .event == "exec" and .argv == ["/bin/true"])' "$1/out" >/dev/null ||
			{ cat "$1/out"; return 1; }
	done
}

# -p of a thread says so.
tree_of_a_thread_is_said()
{
	local tid
	need_root
	need python3
	tid=$(python3 -c '
import os, subprocess, sys, threading
def work():
    tid = threading.get_native_id()
    end = subprocess.Popen([sys.argv[1], "watch", "-p", str(tid)], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    for line in end.stderr:
        if f"-p {tid} is a thread of process {os.getpid()}, which is followed" in line:
            print("said")
            break
    end.terminate()
    end.wait()
thread = threading.Thread(target=work)
thread.start()
thread.join()
' "$begat")
	[[ $tid == said ]]
}

# The numbers are those that the shell of the namespace has.
tree_ends_in_pid_namespace()
{
	local mount mounts
	need_root
	need unshare
	pid_mounts
	for mount in "${mounts[@]}"; do
		# shellcheck disable=SC2086 # words
		unshare -p -f $mount bash -c '
			sleep 1000 & root=$!
			timeout 60 "$1" watch -v -p $root 2>&1 >/dev/null | while read -r line; do
				echo "$line"
				[[ $line != *" transport of "* ]] || kill $root
			done
			exit "${PIPESTATUS[0]}"' - "$begat" >"$1/said" || { cat "$1/said"; return 1; }
		grep -q 'all that it began have ended' "$1/said" || { cat "$1/said"; return 1; }
	done
}

# A zombie is there, and nobody will come of it.
tree_of_a_zombie()
{
	local zombie
	need_root
	mkfifo "$1/go"
	# It ends when the shell is cat: a shell might reap it.
	sh -c '(until read -r comm <"/proc/$$/comm" && [ "$comm" = cat ]; do :; done) &
		echo $! >"$1/pid"; exec cat "$1/go"' - "$1" >/dev/null &
	until zombie=$(cat "$1/pid" 2>/dev/null) && [[ $(sed -n 's/^State:\t\(.\).*/\1/p' /proc/"$zombie"/status) == Z ]]; do
		:
	done
	timeout 60 "$begat" watch -p "$zombie" >"$1/out" 2>"$1/said" || { cat "$1/said"; return 1; }
	grep -q 'all that it began have ended' "$1/said" || { cat "$1/said"; return 1; }
	echo >"$1/go"
	wait
}

# --forever goes on to a signal; without -p it says what it is for.
tree_forever()
{
	local root
	need_root
	sleep 1000 &
	root=$!
	start_traced "$1/said" "$begat" watch -v -p $root --forever --format json >"$1/out" || return 1
	kill $root
	wait $root
	until grep -q '"exit"' "$1/out"; do kill -0 "$traced" || return 1; done
	! read -r -t 0 -u "$talk" || { cat <&"$talk"; return 1; }
	end_traced || return 1
	rm "$1/said"
	"$begat" watch --forever 2>"$1/said"
	[[ $? == 2 ]] && grep -q -- '--forever goes with -p' "$1/said"
}

# The last line of record, and each format of its report, begin with how the command ended.
ending_is_said()
{
	local code sentence value said status
	need_root
	need jq
	: >"$1/noexec"
	while IFS='|' read -r code status value sentence; do
		rm -f "$1/t.db"
		CODE=$code DIR=$1 "$begat" record -o "$1/t.db" -- sh -c 'eval "$CODE"' 2>"$1/said"
		[[ $? == "$status" ]] || { echo "$code: status $?"; return 1; }
		said=$(tail -n 1 "$1/said")
		[[ $said == "begat: $sentence; recorded "* ]] || { echo "$code: record says: $said"; return 1; }
		"$begat" report "$1/t.db" --format text >"$1/text" && "$begat" report "$1/t.db" -o "$1/page" 2>/dev/null || return 1
		[[ $(head -n 1 "$1/text") == "$sentence" ]] || { head -n 1 "$1/text"; return 1; }
		grep -q "<title>$sentence - " "$1/page" || { grep -o '<title>.*' "$1/page"; return 1; }
		"$begat" report "$1/t.db" --format json | jq -e --arg sentence "$sentence" --argjson value "$value" \
			'.trace.ending | .failed and .sentence == $sentence and (.exit_code // -.signal) == $value' >/dev/null ||
			{ echo "$code: not in the JSON"; return 1; }
	done <<-'END'
		exit 2|2|2|sh ended with status 2
		exit 126|126|126|sh ended with status 126
		exit 127|127|127|sh ended with status 127
		kill -SEGV $$|139|-11|sh was killed by SIGSEGV
		kill -TERM $$|143|-15|sh was killed by SIGTERM
	END
	# What never became a program says why, and what ended with 0 has no such sentence.
	"$begat" record -f -o "$1/t.db" -- "$1/noexec" 2>"$1/said"
	[[ $? == 126 ]] || return 1
	[[ $(tail -n 1 "$1/said") == "begat: $1/noexec could not be run; recorded "* ]] || { cat "$1/said"; return 1; }
	[[ $("$begat" report "$1/t.db" --format text | head -n 1) == 'noexec could not be run: EACCES' ]] || return 1
	rm "$1/t.db"
	"$begat" record -o "$1/t.db" -- no-such-command-anywhere 2>"$1/said"
	[[ $? == 127 && ! -e $1/t.db ]] || { cat "$1/said"; return 1; }
	"$begat" record -o "$1/t.db" -- true 2>"$1/said" || return 1
	[[ $(tail -n 1 "$1/said") == 'begat: recorded '* ]] || { cat "$1/said"; return 1; }
	"$begat" report "$1/t.db" --format json | jq -e '.trace.ending.sentence == "" and (.trace.ending.failed | not)' >/dev/null
}

# begat is killed while the command runs: what it wrote says so, and names no status.
ending_of_an_interrupted_recording()
{
	local command tracer
	need_root
	need jq
	mkfifo "$1/up"
	"$begat" record -o "$1/t.db" -- sh -c 'echo $$ >"$1"; exec sleep 1000' - "$1/up" 2>"$1/said" &
	tracer=$!
	read -r command <"$1/up"
	# Until the exec is in the file.
	until "$begat" show "$1/t.db" -e exec 2>/dev/null | grep -q 'sleep 1000'; do
		[[ -d /proc/$tracer ]] || { cat "$1/said"; return 1; }
	done
	kill -KILL $tracer
	wait $tracer
	kill "$command" 2>/dev/null
	"$begat" report "$1/t.db" --format json 2>/dev/null | jq -e '.trace | (.complete | not) and .ending.running and
		(.ending.failed | not) and .ending.exit_code == null and
		.ending.sentence == "sh still ran when the recording was cut short"' >/dev/null ||
		{ "$begat" report "$1/t.db" --format json | cut -c1-900; return 1; }
	[[ $("$begat" report "$1/t.db" --format text 2>/dev/null | head -n 1) == 'sh still ran when the recording was cut short' ]]
}

# One real build, and each way to count what it did: all say the same.
totals_agree()
{
	local begin
	need python3
	need_root
	command -v gcc >/dev/null && command -v make >/dev/null || { echo "no gcc or no make"; return 77; }
	mkdir "$1/src"
	printf 'int f%d(void) { return %d; }\n' 1 1 >"$1/src/f1.c"
	printf 'int f%d(void) { return %d; }\n' 2 2 >"$1/src/f2.c"
	cat >"$1/src/search.py" <<-'PY'
		import os

		def child(path, *argv):
		    pid = os.fork()
		    if not pid:
		        os.environ["PATH"] = path
		        try:
		            os.execvp(argv[0], argv)
		        except OSError:
		            os._exit(7)
		    os.waitpid(pid, 0)

		child("/no/1:/no/2:/usr/bin:/bin", "true", "a")
		child("/no/1:/no/1:/no/2", "nosuch", "b")
		child("/usr/bin", "/no/such/file")
	PY
	cat >"$1/src/Makefile" <<-'MK'
		.RECIPEPREFIX = >
		all: f1.o f2.o
		> env nosuch-in-path || true
		> $(PYTHON) search.py
		%.o: %.c
		> gcc -c $<
	MK
	"$begat" run --record "$1/t.db" --format json -o "$1/run.json" -- \
		make -s -C "$1/src" -j2 PYTHON="$(python3 -c 'import sys; print(sys.executable)')" 2>"$1/err" ||
		{ cat "$1/err"; return 1; }
	rm "$1"/src/*.o
	"$begat" show "$1/t.db" >"$1/show.txt" && "$begat" show "$1/t.db" --format json >"$1/show.json" &&
		"$begat" show "$1/t.db" --path-misses >"$1/each.txt" &&
		"$begat" report "$1/t.db" --format text -o - >"$1/report.txt" &&
		"$begat" report "$1/t.db" --format json -o - >"$1/report.json" || return 1
	"$begat" run -o "$1/run.txt" -- \
		make -s -C "$1/src" -j2 PYTHON="$(python3 -c 'import sys; print(sys.executable)')" 2>/dev/null || return 1
	python3 - "$1" <<-'PY'
		import collections, json, os, re, sqlite3, sys
		d = sys.argv[1] + "/"
		text = lambda name: open(d + name).read().replace("\n ", " ")
		GOES_ON = {"ENOENT", "ENOTDIR", "EACCES"}
		bad = []

		def of_stream(name):
		    """The totals by a definition of its own: from each single attempt."""
		    c, open_, not_run = collections.Counter(), {}, collections.Counter()
		    for e in map(json.loads, open(d + name)):
		        kind, key = e["event"], e.get("id")
		        c[kind] += 1
		        if kind == "exec_failed":
		            assert e["errno"] in GOES_ON, e
		            open_.setdefault(key, collections.Counter())[os.path.basename(e["filename"])] += 1
		        elif kind in ("exec", "exit"):
		            for base, n in open_.pop(key, {}).items():
		                if kind == "exec" and base == os.path.basename(e["filename"]):
		                    c["misses"] += n
		                else:
		                    not_run[base] += 1
		    return (c["fork"], c["exec"], c["exit"], c["exec_failed"], c["misses"]), not_run

		def of_text(name):
		    t = text(name)
		    n = lambda what: int((re.search(r"(\d+) " + what, t) or [0, 0])[1])
		    return n("forks?\\b"), n("execs?\\b"), n("exits?\\b"), n("failed execs?\\b"), n("PATH miss")

		truth, not_run = of_stream("run.json")
		print("forks, execs, exits, failed, misses:", truth, dict(not_run))
		if truth[4] < 2 or truth[3] < truth[4] + 5 or not_run["nosuch"] != 1 or not_run["nosuch-in-path"] != 1:
		    bad.append("the build is not what this test is about")
		summary = json.loads(open(d + "run.json").readlines()[-1])
		seen = tuple(summary[k] for k in ("forks", "execs", "exits", "exec_failures"))
		db = sqlite3.connect(d + "t.db")
		one = lambda q: db.execute(q).fetchone()[0]
		sql = (one("SELECT count(*) FROM process WHERE fork_n IS NOT NULL"),
		       one("SELECT count(*) FROM exec WHERE errno_number IS NULL AND event & 31 = 2"),
		       one("SELECT count(*) FROM process WHERE exit_n IS NOT NULL"),
		       one("SELECT sum(1 + coalesce(repeats, 0)) FROM exec WHERE errno_number IS NOT NULL"))
		t = json.load(open(d + "report.json"))["totals"]
		report_text = re.search(r"([\d,]+) processes, ([\d,]+) execs, .*?([\d,]+) failed execs? \((\d+) PATH", text("report.txt"))
		for what, got, want in (
		    ("show JSON", of_stream("show.json")[0], truth),
		    ("run JSON's summary", seen, truth[:4]),
		    ("show text", of_text("show.txt"), truth),
		    ("show text --path-misses", of_text("each.txt")[:4], truth[:4]),
		    ("run text", of_text("run.txt"), truth),
		    ("SQL", sql, truth[:4]),
		    ("report JSON", (t["execs"], t["failed_execs"], t["path_misses"]), (truth[1], truth[3], truth[4])),
		    ("report text", tuple(int(n) for n in report_text.groups()), (truth[0] + 1, truth[1], truth[3], truth[4])),
		):
		    if tuple(got) != tuple(want):
		        bad.append(f"{what}: {got}, not {want}")
		for name, shape in (("run.txt", "{} (ENOENT, searched"), ("show.txt", "{} (searched"),
		                    ("report.txt", "{}, searched")):
		    for base in ("nosuch", "nosuch-in-path"):
		        if text(name).replace("nosuch b", "nosuch").count(shape.format(base)) != 1:
		            bad.append(f"{name} does not say once that {base} was not run")
		lines = open(d + "show.txt").read().count(" fail ")
		if lines != sum(not_run.values()):
		    bad.append(f"show text has {lines} lines of failed execs")
		print("\n".join(bad))
		sys.exit(bool(bad))
	PY
}

# A whole line of shell as one word is what people type: the sentence says what to type instead.
shell_line_is_hinted()
{
	local line
	need_root
	for line in 'make && make test' './configure | tee log' 'no$(such)'; do
		"$begat" run "$line" 2>"$1/said"
		[[ $? == 127 ]] && grep -qF "needs a shell: sh -c '$line'" "$1/said" ||
			{ echo "no hint for $line"; cat "$1/said"; return 1; }
	done
	for line in nosuch /no/such; do
		"$begat" run "$line" 2>"$1/said"
		[[ $? == 127 ]] && ! grep -q 'sh -c' "$1/said" || { echo "a hint for $line"; return 1; }
	done
	"$begat" run 'no such' arg 2>"$1/said"
	[[ $? == 127 ]] && ! grep -q 'sh -c' "$1/said" || { echo "a hint for a name with arguments"; return 1; }
}

# --wait: until nobody of the tree lives, a signal comes or the time is over. The status is the command's.
run_waits()
{
	local waiting
	need_root
	need jq
	mkfifo "$1/go" "$1/said"
	"$begat" run --wait --format json -o "$1/out" -- sh -c '(read -r go <"$1"; exit 5) & exit 4' - "$1/go" 2>"$1/said" &
	waiting=$!
	grep -q 'waits for what it left running' "$1/said" || return 1
	echo >"$1/go"
	wait $waiting
	[[ $? == 4 ]] || return 1
	jq -se '[.[] | select(.event == "exit") | .exit_code] == [4, 5]' "$1/out" || { cat "$1/out"; return 1; }
	"$begat" run --wait -- sh -c 'sleep 1000 & echo $! >"$1"; exit 4' - "$1/pid" 2>"$1/said" &
	waiting=$!
	exec {talk}<"$1/said"
	read -r line <&"$talk"
	[[ $line == *'waits for what it left running'* ]] || { echo "$line"; return 1; }
	kill -TERM $waiting
	wait $waiting
	[[ $? == 4 ]] && grep -q '1 still running' <&"$talk" || return 1
	exec {talk}<&-
	kill "$(cat "$1/pid")"
	"$begat" run --wait=1ms -o "$1/text" -- sh -c 'sleep 1000 & echo $! >"$1"; exit 4' - "$1/pid" 2>/dev/null
	[[ $? == 4 ]] && kill "$(cat "$1/pid")" && grep -q '1 still running' "$1/text" || { cat "$1/text"; return 1; }
	"$begat" run --wait=5 -- true 2>"$1/usage"
	[[ $? == 2 ]] && grep -q -- '--wait needs a unit' "$1/usage"
}

# What took the CPU, what bounded the wall time, what failed first: as the recording of the same run has it.
run_answers()
{
	need_root
	need jq
	"$begat" run --record "$1/t.db" -o "$1/text" -- sh -c '
		awk "BEGIN { for (i = 0; i < 3000000; i++) s += i }" & sleep 2; cat ./nosuch; ./nosuch; wait; exit 3' 2>/dev/null
	[[ $? == 3 ]] || return 1
	"$begat" report --format json "$1/t.db" >"$1/json" || return 1
	grep -q '^ most CPU time ([^)]*): awk \([5-9][0-9]\|100\) %' "$1/text" &&
		grep -q '^ most wall time ([^)]*): sleep \([5-9][0-9]\|100\) %' "$1/text" &&
		grep -q '^ failed first: cat ./nosuch (1), pid [0-9]*, after ' "$1/text" || { cat "$1/text"; return 1; }
	python3 - "$1/text" "$1/json" <<'END' || return 1
import json, re, sys
said = dict(re.findall(r"^ most (CPU|wall) time [^:]*: (.*)$", open(sys.argv[1]).read(), re.M))
report = json.load(open(sys.argv[2]))
for what, key, whole in ("CPU", "cpu_ns", report["totals"]["cpu_ns"]), ("wall", "path_ns", report["totals"]["wall_ns"]):
    truth = {p["exe"].rsplit("/", 1)[-1]: 100 * p[key] / whole for p in report["programs"]}
    seen = re.findall(r"(\S+) ([0-9.]+) %", said[what])
    assert seen, said
    for name, percent in seen:
        # mawk goes by another name, sh is dash: those that keep theirs have to agree.
        if name in truth:
            assert abs(truth[name] - float(percent)) < 2, (what, name, percent, truth)
    assert "sleep" in truth and "sleep" in [n for n, _ in seen], (seen, truth)
END
	"$begat" run -o "$1/text" -- true && grep -q '^ failed first: nothing failed$' "$1/text" || { cat "$1/text"; return 1; }
}
