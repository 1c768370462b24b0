#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/guest-tests.sh BACKEND TRANSPORT - what can only be tested where a kernel may be mistreated.
#
# Owns:    32-bit programs, probes as the kernel lists them, kprobes switched off, no BTF, lockdown,
#          capabilities, cgroups. BACKEND and TRANSPORT are what this kernel must come to.
# Not:     what begat says of ordinary processes (tests/integration, which runs here too).
# Called:  in a guest by guest-main.sh, by busybox's sh; $TOOLS has the programs.
#
# Prints "ok NAME", "FAIL NAME: why", "skip NAME reason" and "N passed, N failed, N skipped".
# The last tests lock the kernel down, which cannot be undone: nothing may come after them.
set -u
BACKEND=$1
TRANSPORT=$2
TOOLS=${TOOLS:-/begat/tools}
BEGAT=${BEGAT:-/begat/begat}
DIR=/tmp/guest-tests
passed=0 failed=0 skipped=0
mkdir -p $DIR
cd $DIR || exit 1

# A test is a function; it says what is wrong with `wrong` and stops being right.
wrong()
{
	if [ $is_right = 1 ]; then
		echo "FAIL $name: $*"
	else
		echo "     $*"
	fi
	is_right=0
}

skip()
{
	is_skipped=1
	echo "skip $name $*"
}

run_test()
{
	name=$1 is_right=1 is_skipped=0
	shift
	rm -f out.json err list
	"$@"
	if [ $is_right = 0 ]; then
		failed=$((failed + 1))
		[ ! -s err ] || sed 's/^/     stderr: /' err | head -n 20
		[ ! -s out.json ] || head -c 4000 out.json | sed 's/^/    /'
	elif [ $is_skipped = 1 ]; then
		skipped=$((skipped + 1))
	else
		passed=$((passed + 1))
		echo "ok $name"
	fi
}

# trace OPTIONS... -- COMMAND...: all events of the command into out.json, begat's words into err.
trace()
{
	"$BEGAT" run -v --format json -e fork,exec,exec_failed,exit -o out.json "$@" 2> err
	status=$?
	[ $status = 0 ] || wrong "begat run ended with status $status"
}

# has STRING...: one line of out.json has all of them.
has()
{
	cp out.json found 2> /dev/null || : > found
	for string in "$@"; do
		grep -F -e "$string" found > found.new
		mv found.new found
	done
	[ -s found ]
}

expect()
{
	has "$@" || wrong "no event with $*"
}

# expect_summary KEY VALUE: the last line, which is the summary, says so.
expect_summary()
{
	got=$(tail -n 1 out.json 2> /dev/null | sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p')
	[ "$got" = "$2" ] || wrong "the summary says $1 '$got', not '$2'"
}

# refused COMMAND...: begat watch's own failure, told in one sentence.
refused()
{
	"$@" > out.json 2> err
	status=$?
	[ $status = 1 ] || wrong "status $status, not 1"
	[ "$(wc -l < err)" = 1 ] || wrong "stderr has $(wc -l < err) lines, not one sentence"
	grep -q '^begat: .*[a-z]' err || wrong "no sentence of begat's on stderr"
	[ ! -s out.json ] || wrong "something is on stdout"
}

explained()
{
	"$BEGAT" doctor > out.json 2>&1
	status=$?
	[ $status = 1 ] || wrong "begat doctor ended with status $status, not 1"
	grep -qi -e "$1" out.json || wrong "begat doctor says nothing of $1"
}

the_expected_way_is_taken()
{
	trace -- /bin/true
	expect_summary backend "$BACKEND"
	expect_summary transport "$TRANSPORT"
	! has '"fallback":' || wrong "a fallback was taken"
	expect '"event":"exec"' '"filename":"/bin/true"'
	expect '"complete":true'
}

# kprobes_are_listed TRANSPORT
kprobes_are_listed()
{
	trace --backend kprobe --transport "$1" -- /bin/cp /sys/kernel/debug/kprobes/list list
	for symbol in sys_execve sys_execveat; do
		grep -qE " k +__[a-z0-9]+_$symbol\+0x" list || wrong "no kprobe on $symbol: $(cat list)"
		grep -qE " r +__[a-z0-9]+_$symbol\+0x" list || wrong "no kretprobe on $symbol: $(cat list)"
	done
	left=$(cat /sys/kernel/debug/kprobes/list)
	[ -z "$left" ] || wrong "probes were left behind: $left"
}

tracepoints_need_no_kprobes()
{
	trace --backend tracepoint -- /bin/cp /sys/kernel/debug/kprobes/list list
	expect_summary backend tracepoint
	[ ! -s list ] || wrong "kprobes are there: $(cat list)"
}

# compat32_exec BACKEND TRANSPORT
compat32_exec()
{
	for way in exec execat; do
		trace --backend "$1" --transport "$2" -- "$TOOLS/compat32" $way "$TOOLS/compat32" exit
		expect_summary backend "$1"
		expect_summary transport "$2"
		# By begat's own call, and by the 32-bit one: with "exit" for its first argument.
		expect '"event":"exec"' "\"filename\":\"$TOOLS/compat32\"" "\"$way\""
		count=$(grep -c '"event":"exec"' out.json)
		[ "$count" = 2 ] || wrong "$count execs by $way, not 2"
	done
	# Whoever is exec'ed by a 32-bit program may be a 64-bit one.
	trace --backend "$1" --transport "$2" -- "$TOOLS/compat32" exec /bin/true
	expect '"event":"exec"' '"filename":"/bin/true"'
	expect '"event":"exit"' '"exit_code":0'
}

compat32_exec_failed()
{
	trace --backend kprobe --transport "$1" -- "$TOOLS/compat32" try /no/such/compat32
	expect '"event":"exec_failed"' '"filename":"/no/such/compat32"' '"errno":"ENOENT"'
}

pid_namespace()
{
	trace --transport "$1" -- unshare -p -f /bin/sh -c '/bin/true; /bin/true'
	# Process 1 in there, known by another number out here.
	expect '"event":"exec"' '"filename":"/bin/sh"' ',1]'
	has '"event":"exec"' '"filename":"/bin/true"' ',2]' || wrong "no second process in the namespace"
	grep -qE '"pids":\[[0-9]+,1\]' out.json || wrong "no event has two pids, the second 1"
}

# begat itself is in a PID namespace: the command is followed, by the number that begat knows it by.
tracer_in_pid_namespace() # BACKEND TRANSPORT
{
	for depth in 1 2; do
		prefix="unshare -p -f"
		[ $depth = 1 ] || prefix="unshare -p -f unshare -p -f"
		$prefix "$BEGAT" run --backend "$1" --transport "$2" --format json -o out.json -- \
			/bin/sh -c '/bin/true; exit 3' 2> err
		status=$?
		[ $status = 3 ] || wrong "begat run ended with status $status, not 3"
		expect_summary backend "$1"
		expect_summary transport "$2"
		expect '"event":"exec"' '"filename":"/bin/true"'
		expect '"event":"exit"' '"exit_code":3'
		expect '"complete":true'
	done
}

cgroup_v2()
{
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	mkdir -p "$root/begat-v2/inner"
	trace -- /bin/sh -c "echo \$\$ > $root/begat-v2/inner/cgroup.procs; exec /bin/true"
	expect '"event":"exec"' '"filename":"/bin/true"' '"cgroup":"/begat-v2/inner"'
	rmdir "$root/begat-v2/inner" "$root/begat-v2"
}

cgroup_v1()
{
	mkdir -p v1
	for controller in pids memory; do
		if mount -t cgroup -o $controller none v1 2> err; then
			mkdir -p v1/begat-v1/inner
			trace -- /bin/sh -c "echo \$\$ > v1/begat-v1/inner/cgroup.procs; exec /bin/true"
			expect '"event":"exec"' '"filename":"/bin/true"' '"cgroup":"/begat-v1/inner"'
			rmdir v1/begat-v1/inner v1/begat-v1
			umount v1
			return
		fi
	done
	skip "this kernel mounts neither pids nor memory as cgroup v1"
}

kprobes_switched_off()
{
	echo 0 > /sys/kernel/debug/kprobes/enabled
	trace -- "$TOOLS/with-caps" -d sys_ptrace /bin/true
	expect_summary backend tracepoint
	has '"fallback":"' kprobe || wrong "the summary does not say why not kprobe"
	grep -q kprobe err || wrong "stderr does not say that another backend was taken"
	expect '"event":"exec"' '"filename":"/bin/true"'
	"$BEGAT" run --format json -o out.json -- /bin/true 2> err
	grep -q '^begat: warning: the tracepoint backend .*kprobe' err || wrong "no warning without -v"
	refused "$BEGAT" watch --backend kprobe
	echo 1 > /sys/kernel/debug/kprobes/enabled
}

no_btf()
{
	mkdir -p empty
	mount --bind empty /sys/kernel/btf
	explained BTF
	refused "$BEGAT" watch
	grep -q BTF err || wrong "the sentence does not name BTF"
	umount /sys/kernel/btf
}

# root_without CAPS
root_without()
{
	refused "$TOOLS/with-caps" -d "$1" "$BEGAT" watch
	grep -q CAP_ err || wrong "the sentence names no capability"
}

# Debian's kernels know a level 3, which asks for CAP_SYS_ADMIN whatever CAP_PERFMON says; 2 is the
# highest that other kernels have.
ordinary_user()
{
	chmod 777 $DIR
	ulimit -l unlimited # before 5.11 maps count as locked memory of the user
	echo 2 > /proc/sys/kernel/perf_event_paranoid
	"$TOOLS/with-caps" -u 65534 -k bpf,perfmon \
		"$BEGAT" run --format json -e fork,exec,exit -o out.json -- /bin/true 2> err
	status=$?
	[ $status = 0 ] || wrong "begat run ended with status $status"
	expect '"event":"exec"' '"filename":"/bin/true"' '"uid":65534'
	expect '"event":"exit"' '"exit_code":0'
	expect_summary backend "$BACKEND"
}

# Where maps count as locked memory, the limit that most users have is too low: that is said.
# With 0 not even a probe is possible: as where the user's other processes have used the limit up.
ordinary_user_and_memlock() # KIBIBYTES
{
	(
		ulimit -l $1
		exec "$TOOLS/with-caps" -u 65534 -k bpf,perfmon \
			"$BEGAT" run --format json -e exec -o out.json -- /bin/true
	) 2> err
	status=$?
	if [ $status = 0 ]; then
		expect '"event":"exec"' '"filename":"/bin/true"'
		return
	fi
	[ $status = 125 ] || wrong "begat run ended with status $status"
	[ "$(wc -l < err)" = 1 ] || wrong "stderr has $(wc -l < err) lines, not one sentence"
	grep -q '^begat: .*ulimit -l' err || wrong "the sentence does not name the limit"
}

ordinary_user_and_paranoid_perf()
{
	chmod 777 $DIR
	echo 3 > /proc/sys/kernel/perf_event_paranoid
	"$TOOLS/with-caps" -u 65534 -k bpf,perfmon \
		"$BEGAT" run --format json -e exec,exit -o out.json -- /bin/true 2> err || wrong "it does not run"
	expect '"event":"exec"' '"filename":"/bin/true"'
	expect_summary backend lifecycle
	grep -q 'no failed execs' err || wrong "it does not say what is missing"
	refused "$TOOLS/with-caps" -u 65534 -k bpf,perfmon "$BEGAT" watch -e exec_failed
	grep -q perf_event_paranoid err || wrong "the sentence does not name kernel.perf_event_paranoid"
	echo 2 > /proc/sys/kernel/perf_event_paranoid
}

ordinary_user_with_one() # CAP
{
	chmod 777 $DIR
	refused "$TOOLS/with-caps" -u 65534 -k "$1" "$BEGAT" watch
	grep -q CAP_ err || wrong "the sentence names no capability"
}

lockdown_integrity()
{
	if ! echo integrity > /sys/kernel/security/lockdown; then
		wrong "this kernel cannot be locked down"
		return
	fi
	the_expected_way_is_taken
}

lockdown_confidentiality()
{
	if ! echo confidentiality > /sys/kernel/security/lockdown; then
		wrong "this kernel cannot be locked down"
		return
	fi
	explained confidentiality
	refused "$BEGAT" watch
	grep -q confidentiality err || wrong "the sentence does not name the cause"
}

run_test the_expected_way_is_taken the_expected_way_is_taken
run_test tracepoints_need_no_kprobes tracepoints_need_no_kprobes
for transport in ringbuf perfbuf; do
	for backend in kprobe tracepoint; do
		run_test "compat32_exec/$backend/$transport" compat32_exec $backend $transport
		run_test "tracer_in_pid_namespace/$backend/$transport" tracer_in_pid_namespace $backend $transport
	done
	run_test "kprobes_are_listed/$transport" kprobes_are_listed $transport
	run_test "compat32_exec_failed/kprobe/$transport" compat32_exec_failed $transport
	run_test "pid_namespace/$transport" pid_namespace $transport
done
run_test cgroup_v2 cgroup_v2
run_test cgroup_v1 cgroup_v1
run_test kprobes_switched_off kprobes_switched_off
run_test no_btf no_btf
run_test root_without_both root_without bpf,perfmon,sys_admin
run_test root_without_cap_bpf root_without bpf,sys_admin
run_test root_without_cap_perfmon root_without perfmon,sys_admin
run_test ordinary_user ordinary_user
run_test ordinary_user_and_memlock ordinary_user_and_memlock 64
run_test ordinary_user_and_no_memlock ordinary_user_and_memlock 0
run_test ordinary_user_and_paranoid_perf ordinary_user_and_paranoid_perf
run_test ordinary_user_with_bpf_only ordinary_user_with_one bpf
run_test ordinary_user_with_perfmon_only ordinary_user_with_one perfmon
run_test lockdown_integrity lockdown_integrity
run_test lockdown_confidentiality lockdown_confidentiality
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
