#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/run-guest.sh - boot a kernel of kernels.txt under emulation, run one command, give its result.
#
# usage: run-guest.sh [options] KERNEL -- COMMAND...
#   -A ARCH    amd64 or arm64 (this machine's own)
#   -i FILE    the initramfs that build-initramfs.sh made; without it, busybox alone
#   -r         run in this machine's own root, read-only, in the folder that we are in
#   -a WORDS   more words for the kernel's command line
#   -c NAME    cgroup v1 controller to mount beside v2, e.g. pids or name=begat
#   -t SECONDS time limit of the whole run (300)
#   -b SECONDS time limit of the boot, until the command starts (240)
#   -m SIZE    memory (1G)
#   -l DIR     where the logs go (build/vm/ARCH-KERNEL)
#   -j         both CPUs truly at once (thread=multi); one boot in 150 dies of an emulator race
#   -e REGEX   kernel log lines that this run provokes on purpose
#   -q         no output unless it fails
#
# Exit status: the command's; 124 time limit; 125 the guest broke (panic, setup); 126 the command
# was fine but the kernel's log was not; 77 skipped.
set -eu
. "$(dirname "$0")/lib.sh"

# Kernel log lines that fail a run, and stock lines that look alike.
BAD_LINES='WARNING:|BUG:|kernel BUG|cut here|Oops|Kernel panic|Call Trace|general protection|[Bb]ad page|corruption|UBSAN|verifier|BPF:|bpf:|KASAN|soft lockup|detected stall|hung task|blocked for more than|possible recursive locking|refcount_t|Unable to handle|segfault'
OK_LINES='trace event string verifier disabled'
INT3_OOPS='Oops: int3'

usage()
{
	sed -n '/^# usage:/,/^# was fine/s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

arch=$(vm_arch) initramfs='' has_root='' append='' cgroup1='' limit=300 boot_limit=240 memory=1G logs=''
thread=single provoked='' is_quiet='' again='' clock=''
while getopts A:i:ra:c:t:b:m:l:je:q option; do
	case $option in
	A) arch=$(vm_arch "$OPTARG") ;;
	i) initramfs=$OPTARG ;;
	r) has_root=1 ;;
	a) append=$OPTARG ;;
	c) cgroup1=$OPTARG ;;
	t) limit=$OPTARG ;;
	b) boot_limit=$OPTARG ;;
	m) memory=$OPTARG ;;
	l) logs=$OPTARG ;;
	j) thread=multi ;;
	e) provoked=$OPTARG ;;
	q) is_quiet=1 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 3 ] && [ "$2" = -- ] || usage
kernel=$(vm_kernel "$1" "$arch")
shift 2
command=$*

case $arch in
amd64) qemu=qemu-system-x86_64 package=qemu-system-x86 machine='-M q35 -cpu max' console=ttyS0 ;;
arm64) qemu=qemu-system-aarch64 package=qemu-system-arm machine='-M virt -cpu cortex-a72' console=ttyAMA0 ;;
esac
if ! command -v "$qemu" > /dev/null; then
	say "skipped: $qemu is not installed (package $package)"
	exit 77
fi
logs=${logs:-$vm_build/vm/$arch-$kernel}
mkdir -p "$logs"
# See tsc-khz.c; an arm64 guest's counter says itself how fast it is.
if [ "$arch" = amd64 ] && [ "$(vm_arch)" = amd64 ]; then
	tsc=$vm_build/vm/tsc-khz
	mkdir -p "$vm_build/vm"
	if [ ! "$tsc" -nt "$vm_dir/tsc-khz.c" ]; then
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra "$vm_dir/tsc-khz.c" -o "$tsc.$$"
		mv "$tsc.$$" "$tsc"
	fi
	clock="tsc_early_khz=$("$tsc")"
fi
kernel_dir=$("$vm_dir/fetch-kernel.sh" -A "$arch" "$kernel") || exit $?

work=$(mktemp -d)
virtiofsd_pid='' watcher_pid=''
cleanup()
{
	for pid in $virtiofsd_pid $watcher_pid; do
		kill "$pid" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The initramfs, then what differs from run to run; the kernel unpacks one archive after another.
if [ -z "$initramfs" ]; then
	initramfs=$vm_build/vm/$arch-busybox.cpio
	"$vm_dir/build-initramfs.sh" -A "$arch" "$initramfs"
else
	again="-i $initramfs "
fi
mkdir -p "$work/tree/guest"
printf '%s\n' "$command" > "$work/tree/guest/command"
{
	echo "hostname $(echo "guest-$kernel" | tr . -)"
	[ -z "$cgroup1" ] || echo "cgroup1 $cgroup1"
	[ -z "$has_root" ] || printf 'root virtiofs\ncwd %s\n' "$PWD"
} > "$work/tree/guest/options"
[ -z "$has_root" ] || cp -r "$kernel_dir/modules" "$work/tree/modules"
(cd "$work/tree" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) > "$work/run.cpio"
cat "$initramfs" "$work/run.cpio" > "$work/initrd"

# This machine's root as the guest may see it: every real file system, none of it writable, by a
# mount namespace of its own, because the daemon has no read-only mode.
start_virtiofsd()
{
	daemon=$(command -v virtiofsd || :)
	daemon=${daemon:-/usr/lib/qemu/virtiofsd}
	if [ ! -x "$daemon" ]; then
		say "skipped: virtiofsd is not installed (package qemu-system-common)"
		exit 77
	fi
	[ "$(id -u)" = 0 ] || die "sharing this machine's root needs root (try sudo)"
	mkdir "$work/root"
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --propagation private sh -euc '
		root=$1 daemon=$2 socket=$3
		mount --bind / "$root"
		mount -o remount,bind,ro "$root"
		findmnt -rno TARGET -t ext2,ext3,ext4,xfs,btrfs,zfs,f2fs,overlay | while read -r at; do
			case $at in / | "$root"*) continue ;; esac
			mount --bind "$at" "$root$at" && mount -o remount,bind,ro "$root$at"
		done
		# Debian 12 has the daemon of QEMU itself, later ones the one written in Rust.
		if "$daemon" --help 2>&1 | grep -q -- "--shared-dir"; then
			exec "$daemon" --socket-path="$socket" --shared-dir="$root" --sandbox=chroot
		fi
		exec "$daemon" --socket-path="$socket" -f -o source="$root" -o cache=auto \
			-o sandbox=chroot
	' virtiofsd "$work/root" "$daemon" "$work/socket" > "$logs/virtiofsd.log" 2>&1 &
	virtiofsd_pid=$!
	tries=0
	while [ ! -S "$work/socket" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 100 ] || ! kill -0 "$virtiofsd_pid" 2>/dev/null; then
			die "virtiofsd did not start: $(tail -n 1 "$logs/virtiofsd.log")"
		fi
		sleep 0.05
	done
}

# A boot that hangs need not take the time that tests may take.
end_hung_boot()
{
	waited=0
	until grep -q '^GUEST-BEGIN' "$logs/console.log"; do
		if [ $waited -ge "$boot_limit" ]; then
			: > "$work/hung"
			kill "$(cat "$work/qemu.pid")"
			return
		fi
		sleep 1
		waited=$((waited + 1))
	done
}

# boot: one run; the guest's console goes to console.log and, unless -q, its command's to stdout.
boot()
{
	share=''
	if [ -n "$has_root" ]; then
		start_virtiofsd
		share="-object memory-backend-memfd,id=mem,size=$memory,share=on -numa node,memdev=mem
			-chardev socket,id=share,path=$work/socket
			-device vhost-user-fs-pci,chardev=share,tag=share"
	fi
	: > "$logs/console.log"
	end_hung_boot > /dev/null 2>&1 &
	watcher_pid=$!
	# shellcheck disable=SC2086 # lists of words
	timeout -k 5 "$limit" "$qemu" -pidfile "$work/qemu.pid" \
		-accel tcg,thread=$thread $machine -smp 2 -m "$memory" -nodefaults -no-user-config \
		-display none -serial stdio -monitor none -no-reboot \
		-kernel "$kernel_dir/vmlinuz" -initrd "$work/initrd" $share \
		-append "console=$console panic=-1 quiet log_buf_len=4M mitigations=off $clock $append" \
		< /dev/null 2> "$logs/qemu.log" | sed -u 's/\r//g' | tee "$logs/console.log" |
		sed -un '/^GUEST-BEGIN$/,/^GUEST-DMESG-BEGIN$/{/^GUEST-/d;'"${is_quiet:+d;}"'p}'
	virtiofsd_pid=''
	kill "$watcher_pid" 2>/dev/null || :
	wait "$watcher_pid" 2>/dev/null || :
	watcher_pid=''
	sed -n '/^GUEST-DMESG-BEGIN$/,/^GUEST-DMESG-END$/{/^GUEST-/d;p}' "$logs/console.log" \
		> "$logs/dmesg.log"
}

started=$(date +%s)
boot
if [ $thread = multi ] && grep -q "$INT3_OOPS" "$logs/console.log"; then
	say "the emulator's text patching race (int3) ended this run, once more"
	boot
fi
seconds=$(($(date +%s) - started))

rc=$(sed -n 's/^GUEST-RC \([0-9]*\)$/\1/p' "$logs/console.log" | tail -n 1)
# Where the guest died its log is on the console.
[ -s "$logs/dmesg.log" ] && judged=$logs/dmesg.log || judged=$logs/console.log
# What the OOM killer says of a victim has a trace of calls too, and is no fault.
awk -v bad="$BAD_LINES" -v ok="$OK_LINES${provoked:+|$provoked}" '
	/ invoked oom-killer: / { is_oom = 1 }
	is_oom && /oom-kill:|[Oo]ut of memory/ { is_oom = 0 }
	$0 ~ bad && $0 !~ ok && !(is_oom && /Call Trace/) { print NR ":" $0 }' "$judged" \
	> "$logs/bad-lines.log"

reason=''
if [ -z "$rc" ] && [ -e "$work/hung" ]; then
	rc=124 reason="the guest had not booted after $boot_limit seconds and was ended"
elif [ -z "$rc" ] && [ "$seconds" -ge "$limit" ]; then
	rc=124 reason="the guest was still running after $limit seconds and was ended"
elif [ -z "$rc" ]; then
	rc=125 reason="the guest died: no GUEST-RC line$(grep -m 1 -oE 'Kernel panic.*' "$logs/console.log" | sed 's/^/; /' || :)"
elif [ "$rc" = 125 ] && grep -q '^guest init: ' "$logs/console.log"; then
	reason="the guest broke: $(grep -m 1 '^guest init: ' "$logs/console.log" | cut -d' ' -f3-)"
elif [ "$rc" != 0 ] && [ "$rc" != 77 ]; then
	reason="the command ended with status $rc"
elif [ -s "$logs/bad-lines.log" ]; then
	rc=126 reason="the kernel's log has $(wc -l < "$logs/bad-lines.log") bad lines"
fi
echo "$rc $seconds" > "$logs/result"
[ -n "$reason" ] || exit "$rc"

{
	[ -z "$is_quiet" ] && grep -q '^GUEST-RC' "$logs/console.log" || {
		echo "--- console of kernel $kernel ($arch), last 200 lines of $logs/console.log"
		sed '/^GUEST-DMESG-BEGIN$/,/^GUEST-DMESG-END$/d' "$logs/console.log" | tail -n 200
	}
	if [ -s "$logs/bad-lines.log" ]; then
		echo "--- bad lines in its kernel log"
		cat "$logs/bad-lines.log"
	fi
	[ ! -s "$logs/qemu.log" ] || { echo "--- qemu said"; tail -n 20 "$logs/qemu.log"; }
	say "kernel $kernel ($arch, $(cat "$kernel_dir/release")): $reason"
	say "again: ${VM_REPRODUCE:-tests/vm/run-guest.sh -A $arch $again${has_root:+-r }${append:+-a '$append' }${cgroup1:+-c $cgroup1 }$kernel -- '$(printf %s "$command" | sed "s/'/'\\\\''/g")'}"
	say "logs: $logs"
} >&2
exit "$rc"
