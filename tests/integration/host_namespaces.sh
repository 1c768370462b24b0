#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # sourced by host.sh; code for inner shells
#
# tests/integration/host_namespaces.sh - begat inside namespaces, and without /proc or /sys.
#
# Owns: PID and time namespaces of the tracer, what doctor says of the surroundings, what two
#       capabilities are enough for, programs that are rejected.
# Not:  traced processes that are in namespaces (cases/), namespaces on other kernels (vm/).

host_namespaces_tests="pid_namespace_run pid_namespace_of_two_levels pid_namespace_pids pid_namespace_under \
	pid_namespace_snapshot pid_namespace_heals time_namespace surroundings_missing \
	two_capabilities lifecycle_backend optional_programs"

need_unshare()
{
	need_root
	need unshare jq
	unshare "$@" true 2>/dev/null || { echo "unshare $* does not work here"; exit 77; }
}

# pid_mounts: the kinds of /proc that a PID namespace can have here. In a chroot that is no mount
# point there is but one.
pid_mounts()
{
	mounts=('')
	! unshare -p -f --mount-proc true 2>/dev/null || mounts+=(--mount-proc)
}

# The command is followed to its end, and is the root of the tree, with either kind of /proc.
pid_namespace_run()
{
	local mount mounts transport
	need_unshare -p -f
	pid_mounts
	for mount in "${mounts[@]}"; do
		for transport in ringbuf perfbuf; do
			# shellcheck disable=SC2086 # words
			unshare -p -f $mount "$begat" run --transport $transport -- \
				sh -c '/bin/true; exit 3' 2>"$1/said"
			[[ $? == 3 ]] || { cat "$1/said"; return 1; }
			grep -q '3  sh -c .*failed' "$1/said" || { cat "$1/said"; return 1; }
			grep -q 'complete: 2 processes, 1 fork, 2 exits, 2 execs' "$1/said" ||
				{ cat "$1/said"; return 1; }
		done
	done
}

# Pids at all three levels, outermost first; the last is what the process itself sees.
pid_namespace_of_two_levels()
{
	need_unshare -p -f --mount-proc
	unshare -p -f --mount-proc unshare -p -f --mount-proc "$begat" run --format json -e exit -o "$1/out" -- \
		sh -c 'echo $$ >"$1"' - "$1/pid" 2>"$1/said" || { cat "$1/said"; return 1; }
	jq -se --argjson own "$(cat "$1/pid")" '.[] | select(.event == "exit") |
		(.pids | length) == 3 and .pids[0] == .pid and .pids[2] == $own' "$1/out" || return 1
}

# -p takes what the shell calls the process; events have the outermost number.
pid_namespace_pids()
{
	local mount mounts
	need_unshare -p -f
	pid_mounts
	mkfifo "$1/go"
	for mount in "${mounts[@]}"; do
		rm -f "$1/out"
		# shellcheck disable=SC2086 # words
		unshare -p -f $mount bash -c '
			cd "$2" || exit 1
			sh -c "read x <go; /bin/true; exec sh -c \"exit 7\"" & p=$!
			coproc "$1" watch -v -p $p --format json -e exec,exit -o out 2>&1
			w=$COPROC_PID
			while read -r -t 60 line <&"${COPROC[0]}"; do
				[[ $line == *" transport of "* ]] && break
			done
			echo >go
			wait $p; [[ $? == 7 ]] || exit 1
			echo $p >pid
			while ! grep -q "\"exit_code\":7" out && [[ -d /proc/self ]] && ((i++ < 6000)); do read -r -t 0.01 <&"${COPROC[0]}"; done
			kill -INT $w; wait $w
		' - "$begat" "$1" || return 1
		jq -se --argjson own "$(cat "$1/pid")" '
			[.[] | select(.event == "exec")] as $execs |
			($execs | length) == 2 and $execs[0].argv == ["/bin/true"] and
			$execs[1].pids[1] == $own and $execs[1].pids[0] == $execs[1].pid and
			($execs[0].ppid == $execs[1].pid)' "$1/out" || { cat "$1/out"; return 1; }
	done
}

# under() too; and it stays what it was for a recording, where pids are those of events.
pid_namespace_under()
{
	need_unshare -p -f --mount-proc
	unshare -p -f --mount-proc bash -c '
		cd "$2" || exit 1
		(while :; do /bin/true; done) & p=$!
		(while :; do /bin/false; done) & q=$!
		"$1" watch -w "under($p)" --format json -e exec 2>/dev/null | head -n 5 >out
		kill $p $q; wait
	' - "$begat" "$1"
	jq -se 'length == 5 and all(.argv == ["/bin/true"])' "$1/out" || { cat "$1/out"; return 1; }
}

# What runs is that of the namespace, each with its own facts and not those of a namesake outside.
pid_namespace_snapshot()
{
	need_unshare -p -f --mount-proc
	unshare -p -f --mount-proc bash -c '
		exec -a first sleep 1000 & p=$!
		echo $p >"$2/pid"
		"$1" watch -e snapshot --format json 2>/dev/null | head -n 2 >"$2/out"
		kill $p
	' - "$begat" "$1"
	jq -se --argjson own "$(cat "$1/pid")" '.[0].pids[1] == 1 and .[0].argv[0] == "bash" and
		(.[1] | .pids[1] == $own and .argv[0] == "first" and .pids[0] == .pid)' "$1/out" ||
		{ cat "$1/out"; return 1; }
}

# After a loss nobody outside of the namespace is declared dead that lives.
pid_namespace_heals()
{
	local inner held hold
	need_unshare -p -f --mount-proc
	mkfifo "$1/hold"
	start_traced "$1/said" unshare -p -f --mount-proc "$begat" watch -v --buffer 4KiB --format json \
		-e fork,exec,exit,lost -o "$1/out" || return 1
	# Begun under its eyes, and still there at the end.
	sh -c 'exec 3<"$1"; read x <&3' - "$1/hold" &
	held=$!
	exec {hold}>"$1/hold"
	inner=$(pgrep -P $traced)
	kill -STOP $inner
	for _ in $(seq 50); do /bin/true; done
	kill -CONT $inner
	/bin/true
	kill -INT $inner
	wait $traced
	exec {talk}<&-
	exec {hold}>&-
	wait $held
	grep -q '"event":"lost"' "$1/out" || { echo "nothing was lost"; return 1; }
	grep -q "\"event\":\"fork\".*\"pid\":$held," "$1/out" || { echo "its start was not seen"; return 1; }
	! grep "\"event\":\"exit\".*\"pid\":$held," "$1/out" || return 1
}

# Times, ages and delays are those of the machine, whatever the namespace adds to the clocks.
time_namespace()
{
	local begin until
	need_unshare -T --boottime 7776000 --monotonic 100
	begin=$(date +%s)
	unshare -T --boottime 7776000 --monotonic 100 "$begat" run --stats --format json -o "$1/out" \
		--record "$1/t.db" -- sh -c 'exit 4' 2>"$1/said"
	[[ $? == 4 ]] || { cat "$1/said"; return 1; }
	until=$(date +%s)
	jq -se --argjson begin "$begin" --argjson until "$until" 'all(.[] | select(.time);
		(.time[:19] + "Z" | fromdate) as $t | $t >= $begin and $t <= $until)' "$1/out" || return 1
	jq -se '.[] | select(.event == "summary") | .latency_max_ns < 60e9 and .late == 0' "$1/out" || return 1
	jq -se 'any(.[] | select(.event == "exit"); .duration_ns < 60e9)' "$1/out" || return 1
	"$begat" show --format json "$1/t.db" | jq -se --argjson begin "$begin" --argjson until "$until" '
		all(.[] | select(.event == "exit" or .event == "exec");
			(.time[:19] + "Z" | fromdate) as $t | $t >= $begin and $t <= $until)' || return 1
	"$begat" report --format json "$1/t.db" | grep -q "\"$(date -u -d "@$begin" +%Y-%m-)" || return 1
	# Ids are the same ones in and out: a process that is there before is known by one of them.
	sleep 1000 &
	local sleeper=$! ids
	ids=$(for in in '' 'unshare -T --boottime 7776000 --monotonic 100'; do
		# shellcheck disable=SC2086 # words
		timeout -s INT 60 $in "$begat" watch -e snapshot -w "pid == $sleeper" --format json 2>/dev/null |
			head -n 1 | jq -r '.id'
	done | sort -u | wc -l)
	kill $sleeper
	[[ $ids == 1 ]] || { echo "$ids ids for one process"; return 1; }
}

# Each thing that a container may lack is named, with what helps.
surroundings_missing()
{
	need_unshare -m
	unshare -p -f --mount-proc "$begat" doctor >"$1/doctor" || { cat "$1/doctor"; return 1; }
	grep -A3 'PID namespace *one of its own' "$1/doctor" | grep -q -- --pid=host || { cat "$1/doctor"; return 1; }
	# Without /proc all of it works; only -c needs it.
	unshare -m sh -c 'umount -R -l /proc && "$1" doctor >"$2/doctor" && "$1" run -q -- true &&
		! "$1" watch -c /there 2>"$2/said"' - "$begat" "$1" || { cat "$1/doctor"; return 1; }
	tr -s ' \n' ' ' <"$1/doctor" | grep -q 'missing /proc not mounted.*mount -t proc proc /proc' || return 1
	grep -q 'without /proc' "$1/said" || { cat "$1/said"; return 1; }
	unshare -m sh -c 'umount -R -l /sys; ! "$1" doctor >"$2/doctor"; ! "$1" run -- true 2>"$2/said"' - "$begat" "$1"
	tr -s ' \n' ' ' <"$1/doctor" | grep -q 'FATAL /sys not mounted.*mount -t sysfs sysfs /sys' || return 1
	grep -q '^begat: .*/sys is not mounted' "$1/said" || { cat "$1/said"; return 1; }
	# All capabilities of a user namespace are not enough, and that is said.
	unshare -U -r true 2>/dev/null || return 0
	! unshare -U -r "$begat" run -- true 2>"$1/said" || return 1
	grep -q '^begat: the capabilities of a user namespace do not count' "$1/said" || { cat "$1/said"; return 1; }
	! unshare -U -r "$begat" doctor >"$1/doctor" || return 1
	grep -q 'FATAL *user namespace *one of its own' "$1/doctor" || { cat "$1/doctor"; return 1; }
}

# CAP_BPF and CAP_PERFMON are enough for all but the numbers in a closed tracefs; that is said.
two_capabilities()
{
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups) both=+bpf,+perfmon
	need_root
	need setpriv jq
	copy_begat "$1"
	chmod 755 "$work" "$1"
	chmod 777 "$1"
	"${as[@]}" --inh-caps $both --ambient-caps $both "$1/begat" run --format json -o "$1/out" -- \
		sh -c '/bin/true; exit 6' 2>"$1/said"
	[[ $? == 6 ]] || { cat "$1/said"; return 1; }
	jq -se 'any(.[]; .event == "exec" and .argv == ["/bin/true"]) and any(.[]; .exit_code == 6)' "$1/out" || return 1
	[[ $(jq -r 'select(.event == "summary") | .backend' "$1/out") == lifecycle ]] || return 0
	grep -q 'warning: the lifecycle backend .*no failed execs.*cap_dac_read_search' "$1/said" ||
		{ cat "$1/said"; return 1; }
	! "${as[@]}" --inh-caps $both --ambient-caps $both "$1/begat" watch -e exec_failed 2>"$1/said" || return 1
	grep -q 'cap_dac_read_search' "$1/said" || { cat "$1/said"; return 1; }
	both=$both,+dac_read_search
	rm "$1/out"
	"${as[@]}" --inh-caps $both --ambient-caps $both "$1/begat" run --format json -o "$1/out" -- \
		sh -c '/no/such; exit 6' 2>"$1/said"
	jq -se 'any(.[]; .event == "summary" and .backend == "tracepoint") and
		any(.[]; .event == "exec_failed" and .filename == "/no/such")' "$1/out" || return 1
}

# All but attempts; and who asks for these alone is told.
lifecycle_backend()
{
	local transport
	need_root
	need jq
	for transport in ringbuf perfbuf; do
		rm -f "$1/out"
		"$begat" run --backend lifecycle --transport $transport --format json -o "$1/out" -- \
			sh -c '/bin/true; /no/such; exit 6' 2>"$1/said"
		[[ $? == 6 ]] || { cat "$1/said"; return 1; }
		jq -se 'all(.[]; .event != "exec_failed") and any(.[]; .argv == ["/bin/true"] and .event == "exec") and
			any(.[]; .event == "exit" and .exit_code == 6) and
			any(.[]; .event == "summary" and .complete and .backend == "lifecycle")' "$1/out" ||
			{ cat "$1/out"; return 1; }
	done
	! "$begat" watch --backend lifecycle -e exec_failed 2>"$1/said" || return 1
	grep -q 'sees no failed execs' "$1/said" || { cat "$1/said"; return 1; }
}

# A rejected program costs what it reports, which is said; one of every process costs the tracer.
optional_programs()
{
	local program transport reject=$build/tests/rejectbpf.so
	need_root
	need jq
	for transport in ringbuf perfbuf; do
		for program in lifecycle__signal lifecycle__snapshot lifecycle__signal,lifecycle__snapshot; do
			rm -f "$1/out"
			LD_PRELOAD=$reject REJECTBPF=$program "$begat" run --transport $transport --format json \
				-o "$1/out" -- env -u LD_PRELOAD sh -c '/bin/true; /no/such; kill -9 $$' 2>"$1/said"
			[[ $? == 137 ]] || { cat "$1/said"; return 1; }
			for one in ${program//,/ }; do
				grep -q "warning: .*the kernel rejects $one (" "$1/said" || { cat "$1/said"; return 1; }
			done
			jq -se --arg without "$program" '(map(select(.event == "exit")) | length) == 3 and
				any(.[]; .event == "exec" and .argv == ["/bin/true"]) and
				any(.[]; .event == "exec_failed" and .filename == "/no/such") and
				any(.[]; .event == "exit" and .signal == "SIGKILL" and
					((.killed_by == null) == ($without | contains("signal")))) and
				any(.[]; .event == "summary" and .complete)' "$1/out" ||
				{ cat "$1/out"; return 1; }
		done
	done
	LD_PRELOAD=$reject REJECTBPF=lifecycle__snapshot "$begat" doctor >"$1/said"
	grep -q 'Not better because .*lifecycle__snapshot' "$1/said" || { cat "$1/said"; return 1; }
	LD_PRELOAD=$reject REJECTBPF=lifecycle__exec,lifecycle__exec_unrolled "$begat" run -- true 2>"$1/said"
	[[ $? == 125 ]] && grep -q 'programs do not load' "$1/said" || { cat "$1/said"; return 1; }
}
