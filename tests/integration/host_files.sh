#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034 # sourced by host.sh
#
# tests/integration/host_files.sh - what capturing commands do with files and descriptors.
#
# Owns: recordings that replace, owners and modes of what is written.
# Not:  what another user may have put at a path: tests/unit/test_safe_open.c, golden/test_trace.sh.

host_files_tests="record_replaces_late record_is_private env_output_is_private sudo_owns closed_descriptors \
	file_capabilities set_id_is_refused record_goes_on record_rotates_on_hup record_ends_with_its_terminal \
	stuck_file_system"

# A recording that cannot begin leaves the old one; one that can replaces it, and nothing is left over.
record_replaces_late()
{
	local way
	"$begat" record -q -o "$1/t.db" -- true || return 1
	cp "$1/t.db" "$1/before.db"
	for way in 'record -f -o' 'run -f --record'; do
		# shellcheck disable=SC2086 # words
		! "$begat" $way "$1/t.db" --buffer 64TiB -- true 2>"$1/said" || return 1
		cmp "$1/t.db" "$1/before.db" || { echo "$way: the old recording is gone"; return 1; }
		# shellcheck disable=SC2086
		! setpriv --reuid 65534 --clear-groups "$begat" $way "$1/t.db" -- true 2>"$1/said" || return 1
		cmp "$1/t.db" "$1/before.db" || return 1
		# shellcheck disable=SC2086
		"$begat" $way "$1/t.db" -- sh -c 'exit 3' 2>"$1/said"
		[[ $? == 3 ]] || { cat "$1/said"; return 1; }
		! cmp -s "$1/t.db" "$1/before.db" || { echo "$way: not replaced"; return 1; }
		[[ $("$begat" show "$1/t.db" | grep -c 'exit 3') -gt 0 ]] || return 1
		cp "$1/before.db" "$1/t.db"
	done
	# A reader of the old one goes on reading it.
	exec {old}<"$1/t.db"
	"$begat" record -q -f -o "$1/t.db" -- true || return 1
	cmp "/proc/self/fd/$old" "$1/before.db" || { echo "the old file itself was written to"; return 1; }
	exec {old}<&-
	[[ $(find "$1" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ') == 'before.db said t.db ' ]] ||
		{ find "$1"; return 1; }
}

# Whatever the umask, and for the files that SQLite puts beside it too.
record_is_private()
{
	need_root
	(umask 0 && "$begat" record -q -o "$1/t.db" -- stat -c '%a %n' "$1/t.db" "$1/t.db-wal" \
		"$1/t.db-shm") >"$1/modes" || return 1
	grep -c '^600 ' "$1/modes" | grep -qx 3 || { cat "$1/modes"; return 1; }
	# A file of another user is never replaced; a link of one is never followed.
	mkdir -m 1777 "$1/all"
	cp "$1/t.db" "$1/all/theirs.db"
	ln -s "$1/t.db" "$1/all/link.db"
	chown -h 65534 "$1/all/theirs.db" "$1/all/link.db"
	cp "$1/t.db" "$1/before.db"
	for file in theirs link; do
		! "$begat" record -q -f -o "$1/all/$file.db" -- true 2>"$1/said" || return 1
		grep -q 'another user' "$1/said" || { cat "$1/said"; return 1; }
		cmp "$1/t.db" "$1/before.db" || return 1
	done
	# One that waits beside the name of the recording to be filled, or to be read.
	: >"$1/all/new.db-wal"
	chmod 666 "$1/all/new.db-wal"
	chown 65534 "$1/all/new.db-wal"
	"$begat" record -q -o "$1/all/new.db" -- true || return 1
	[[ ! -e $1/all/new.db-wal ]] || { ls -l "$1/all"; return 1; }
}

# Environments are secrets: a file that others may read, or hold open, does not get them.
env_output_is_private()
{
	echo old >"$1/out"
	chmod 666 "$1/out"
	exec {reader}<"$1/out"
	SECRET_OF_TEST=abc "$begat" run -q --env --format json -e exec -o "$1/out" -- true || return 1
	grep -q SECRET_OF_TEST "$1/out" || { cat "$1/out"; return 1; }
	[[ $(stat -c %a "$1/out") == 600 ]] || { ls -l "$1/out"; return 1; }
	! grep -q SECRET_OF_TEST <&"$reader" || { echo "an old reader sees it"; return 1; }
	exec {reader}<&-
	# Without environments the mode is the caller's business.
	rm "$1/out"
	(umask 022 && "$begat" run -q -e exec -o "$1/out" -- true) || return 1
	[[ $(stat -c %a "$1/out") == 644 ]] || { ls -l "$1/out"; return 1; }
}

# sudo begat record, then begat report without sudo.
sudo_owns()
{
	need_root
	need setpriv
	chmod 755 "$work" "$1"
	mkdir "$1/home"
	chown 65534 "$1/home"
	SUDO_UID=65534 SUDO_GID=65534 "$begat" record -q -o "$1/home/t.db" -- true || return 1
	SUDO_UID=65534 SUDO_GID=65534 "$begat" record -q -f -o "$1/home/t.db" -- true || return 1
	[[ $(stat -c '%u %a' "$1/home/t.db") == '65534 600' ]] || { ls -l "$1/home"; return 1; }
	copy_begat "$1"
	setpriv --reuid 65534 --clear-groups "$1/begat" report --format text "$1/home/t.db" >"$1/text" ||
		return 1
	SUDO_UID=65534 SUDO_GID=65534 "$begat" record -q -o "$1/t.db" -- true || return 1
	[[ $(stat -c %u "$1/t.db") == 0 ]] || { echo "given away in a folder of root"; return 1; }
}

# Runs "$@" with the descriptors in $closed closed.
without()
{
	local fd close=
	for fd in $closed; do close+=" $fd>&-"; done
	eval "\"\$@\" $close"
}

# Any of 0, 1, 2 closed, for any command: the work is done, and the output is where it was asked for.
closed_descriptors()
{
	local closed rc expected
	"$begat" record -q -o "$1/t.db" -- sh -c 'exit 4'
	# What a program finds, with begat and without.
	printf '#!/bin/sh\nls -l /proc/self/fd 2>/dev/null | sed "s/.* \\([0-9]*\\) ->/\\1 ->/" | grep -v -e "/proc/" -e pipe >"$1"\nexit 4\n' >"$1/list"
	chmod +x "$1/list"
	for closed in 0 1 2 '0 1' '0 2' '1 2' '0 1 2'; do
		without "$1/list" "$1/plain" </dev/null >"$1/null1" 2>"$1/null2"
		for way in 'run --' 'run -q --' "record -q -f -o $1/r.db --" "run -q -f --record $1/r.db --" \
			"run -q --format json -o $1/out.json --"; do
			rm -f "$1/r.db" "$1/out.json" "$1/traced"
			# shellcheck disable=SC2086 # words
			without "$begat" $way "$1/list" "$1/traced" </dev/null >"$1/null1" 2>"$1/null2"
			rc=$?
			[[ $rc == 4 ]] || { echo "$way without $closed: status $rc"; cat "$1/null2"; return 1; }
			cmp "$1/plain" "$1/traced" || { echo "$way without $closed"; cat "$1/traced"; return 1; }
			[[ $way != *r.db* ]] || "$begat" show "$1/r.db" | grep -q ' 4 ' || return 1
			[[ $way != *out.json* ]] || grep -q '"exit_code":4' "$1/out.json" || return 1
		done
		for way in "show $1/t.db -o $1/out" "report $1/t.db -o $1/out" "export --to csv $1/t.db -o $1/out" \
			"diff $1/t.db $1/t.db -o $1/out" "doctor -o $1/out"; do
			rm -f "$1/out"
			# shellcheck disable=SC2086
			without "$begat" $way </dev/null >"$1/null1" 2>"$1/null2"
			rc=$?
			[[ $rc == 0 && -s $1/out ]] || { echo "$way without $closed: status $rc"; return 1; }
		done
		# Nowhere to write to is an error, unless it was only stderr.
		without "$begat" show "$1/t.db" </dev/null >"$1/out" 2>"$1/null2"
		rc=$?
		expected=0
		[[ $closed != *1* ]] || expected=1
		[[ $rc == "$expected" ]] || { echo "show without $closed: status $rc"; return 1; }
	done
	! "$begat" show "$1/t.db" -o /dev/stderr 2>&- || { echo "a closed stderr took the output"; return 1; }
}

# Set-user-ID or set-group-ID, begat would open what only the owner may read.
set_id_is_refused()
{
	local mode copy=$1/opt/bin/begat
	need_root
	need setpriv
	chmod 755 "$work" "$1"
	make --no-print-directory BUILD="$build" PREFIX="$1/opt" install >"$1/log" 2>&1 || { cat "$1/log"; return 1; }
	"$begat" record -q -o "$1/t.db" -- true || return 1
	chmod 640 "$1/t.db"
	for mode in 4755 2755; do
		chmod $mode "$copy"
		setpriv --reuid 65534 --regid 65534 --clear-groups "$copy" show "$1/t.db" >"$1/out" 2>"$1/said"
		[[ $? == 125 && ! -s $1/out ]] && grep -q 'set-user-ID.*setcap' "$1/said" || { cat "$1/said"; return 1; }
	done
}

# With file capabilities, each file is opened with the rights of the user that names it.
file_capabilities()
{
	local copy=$1/opt/bin/begat caps=cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,cap_dac_override line
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	need_root
	need setpriv setcap
	chmod 755 "$work"
	chmod 777 "$1"
	# Installed: the dynamic linker takes no relative path for a program with capabilities.
	make --no-print-directory BUILD="$build" PREFIX="$1/opt" install >"$1/log" 2>&1 || { cat "$1/log"; return 1; }
	setcap "$caps+ep" "$copy" || { echo "this file system keeps no capabilities"; return 77; }
	"$begat" record -q -o "$1/root.db" -- true || return 1
	mkdir -m 700 "$1/root"
	echo 'count(secret) <= 1' >"$1/root/limits"
	"${as[@]}" cp "$1/root.db" "$1/none" 2>/dev/null && return 1
	cp "$1/root.db" "$1/readable.db"
	chmod 644 "$1/readable.db"
	for line in "diff --budget $1/root/limits $1/readable.db" "show $1/root.db" "report $1/root.db -o $1/x" \
		"export --to csv $1/root.db" "diff $1/root.db $1/readable.db" \
		"export --to csv $1/readable.db -o $1/root/out" "run -q -e exec -o $1/root/out -- true" \
		"record -q -o $1/root/out.db -- true" "run -q --record $1/root/out.db -- true" \
		"doctor -o $1/root/out" "watch -o $1/root/out"; do
		# shellcheck disable=SC2086 # words
		! "${as[@]}" timeout 20 "$copy" $line >"$1/said" 2>&1 || { echo "worked: $line"; return 1; }
		! grep -q secret "$1/said" || { echo "$line:"; cat "$1/said"; return 1; }
		grep -qi 'permission denied\|not writable\|not readable' "$1/said" || { echo "$line:"; cat "$1/said"; return 1; }
	done
	[[ $(ls "$1/root") == limits ]] || { ls "$1/root"; return 1; }
	# SQLite takes paths to the end: a folder that is another one by then gets and loses nothing.
	mkdir -m 755 "$1/others"
	touch "$1/others/own.db-wal" "$1/others/own.db-shm"
	"${as[@]}" mkdir "$1/d"
	"${as[@]}" "$copy" record -q -o "$1/d/own.db" -- sh -c 'mv "$1/d" "$1/moved"; ln -s others "$1/d"' - "$1" 2>"$1/said"
	[[ $(echo "$1"/others/*) == "$1/others/own.db-shm $1/others/own.db-wal" ]] || { ls "$1/others"; cat "$1/said"; return 1; }
	# They are good for what they are for, and the command has none of them.
	"${as[@]}" "$copy" record -q -o "$1/own.db" -- sh -c 'grep -h ^Cap /proc/self/status >"$1"; exit 6' - "$1/caps"
	[[ $? == 6 ]] || return 1
	"${as[@]}" grep -h ^Cap /proc/self/status >"$1/plain"
	cmp "$1/caps" "$1/plain" || { cat "$1/caps"; return 1; }
	[[ $("${as[@]}" "$copy" show "$1/own.db" | grep -c 'exec .*grep') -gt 0 ]] || return 1
}

# The next line of a capturing command that has TEXT in it.
said()
{
	local line
	while read -r -t 60 line <&"$talk"; do
		[[ $line != *"$1"* ]] || { echo "$line"; return 0; }
	done
	echo "it does not say '$1'"
	return 1
}

# Neither SIGHUP nor the signals of an operator end a recording; SIGUSR1 says how far it is.
record_goes_on()
{
	need_root
	start_traced "$1/said" "$begat" record -v -o "$1/t.db" || return 1
	kill -HUP "$traced"
	kill -USR2 "$traced"
	kill -PIPE "$traced"
	kill -USR1 "$traced"
	said "recording for" >"$1/line" || { cat "$1/line"; return 1; }
	grep -q "into $1/t.db (.* lost\.$" "$1/line" || { cat "$1/line"; return 1; }
	"$cases/c_target" it-goes-on
	end_traced || return 1
	[[ $("$begat" show "$1/t.db" -e exec -w 'argv ~ "*it-goes-on"' | grep -c it-goes-on) == 1 ]] ||
		{ echo "it recorded nothing after the signals"; return 1; }
	# With a command they are for the command, if not the command itself sends them.
	"$begat" record -q -o "$1/c.db" -- sh -c 'trap "exit 9" USR1; (kill -USR1 $PPID); while :; do :; done'
	[[ $? == 9 ]] || { echo "SIGUSR1 does not reach the command of record"; return 1; }
	"$begat" run -q -- sh -c 'trap "exit 9" USR2; (kill -USR2 $PPID); while :; do :; done'
	[[ $? == 9 ]] || { echo "SIGUSR2 does not reach the command of run"; return 1; }
}

# A service: a new part with each SIGHUP, as many as --keep says, and a process of the first one keeps its name.
record_rotates_on_hup()
{
	local i parts part=$1/svc-20.db
	need_root
	BEGAT_TARGET=pause "$cases/c_target" an-old-one >"$1/ready" & old=$!
	until [[ -s $1/ready ]]; do :; done
	start_traced "$1/said" "$begat" record -v -o "$1/svc-%C.db" --rotate-on-hup --keep 2 || return 1
	for i in 2 3 4; do
		"$cases/c_target" "in-$((i - 1))"
		# What is on its way when the signal comes goes into the next part.
		until "$begat" show "$part" -e exec --wide 2>/dev/null | grep -q "in-$((i - 1))"; do
			[[ -d /proc/$traced ]] || return 1
		done
		kill -HUP "$traced"
		part=$1/svc-20_00$i.db
		until [[ -e $part-wal ]]; do [[ -d /proc/$traced ]] || return 1; done
	done
	"$cases/c_target" in-4
	end_traced || return 1
	kill "$old"
	parts=$(cd "$1" && echo svc-*)
	[[ $parts == 'svc-20_002.db svc-20_003.db svc-20_004.db' ]] || { echo "$parts"; return 1; }
	for i in 2 3 4; do
		"$begat" show "$1/svc-20_00$i.db" -e exec --wide | grep -q "in-$i" || { echo "in-$i is not in part $i"; return 1; }
		[[ $("$begat" show --format json "$1/svc-20_00$i.db" -e snapshot -w "pid == $old" |
			jq -r 'select(.event == "snapshot") | .argv[1]') == an-old-one ]] ||
			{ echo "part $i does not know a process that was there before"; return 1; }
	done
}

# Who closes the terminal can no longer press Ctrl-C: the recording ends, whole. A kill -HUP before does nothing.
record_ends_with_its_terminal()
{
	need python3
	need_root
	timeout 100 python3 tests/integration/hangup.py "$begat" "$1/t.db" || return 1
	[[ $(sqlite3 "$1/t.db" "SELECT value FROM meta WHERE name = 'complete'") == 1 ]]
}

# A file system in user space that never answers begat: what begat would like to read there stays unknown, events go on.
stuck_file_system()
{
	local server rc i
	need_root
	need python3
	need jq
	[[ -c /dev/fuse ]] || { echo "no /dev/fuse"; return 77; }
	mkdir "$1/fs"
	for i in 1 2; do
		printf '#!%s/fs/interpreter%d\n' "$1" $i >"$1/script$i"
		chmod +x "$1/script$i"
	done
	mkfifo "$1/said" "$1/end"
	python3 tests/integration/stuck_fs.py "$1/fs" <"$1/end" >"$1/said" &
	server=$!
	exec {end}>"$1/end"
	grep -q ready "$1/said" || return 1
	timeout 100 "$begat" run --format json -o "$1/out" -- sh -c '"$1"1; "$1"2; env true; exit 7' - "$1/script" 2>"$1/err"
	rc=$?
	exec {end}>&-
	wait $server || return 1
	[[ $rc == 7 ]] || { echo "status $rc"; cat "$1/err"; return 1; }
	jq -se '([.[] | select(.event == "exec_failed" and .errno == "ENOENT" and (.filename | contains("/script")))] |
		 length == 2 and all(has("missing_interpreter") | not)) and
		any(.event == "exec" and .argv == ["true"]) and last.complete' "$1/out" || { cat "$1/out"; return 1; }
}
