#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/guest-main.sh BACKEND TRANSPORT PART... - everything that a guest of the matrix does.
#
# The part guest comes last: it locks the kernel down.
#
# Owns:    the order of the parts and the lines that test-vm.sh reads: "VM-PART name" before each,
#          "VM-SECONDS name n" after it, "VM-WAY backend transport" as begat's summary tells it, "VM-INSNS transport program n".
# Not:     the parts: integration (the host's own runner), guest (guest-tests.sh), verifier, compilers.
# Called:  by init, in the initramfs that test-vm.sh makes; /begat has everything.
set -u
BACKEND=$1
TRANSPORT=$2
shift 2
export TOOLS=/begat/tools BEGAT=/begat/begat TMPDIR=/tmp
failed=0

# Which program takes how many instructions to verify, for each backend and transport.
verifier()
{
	verifier_failed=0
	for transport in ringbuf perfbuf; do
		for backend in kprobe tracepoint; do
			if /begat/begat-verify -b $backend -t $transport > /tmp/facts; then
				awk -F '\t' -v t=$transport \
					'$1 == "prog" { print "VM-INSNS", t, $2, $5 }' /tmp/facts
			else
				echo "FAIL verifier/$backend/$transport: rejected with everything captured"
				verifier_failed=1
			fi
		done
	done
	return $verifier_failed
}

# Loads and attaches what each clang made of bpf/, in every configuration.
compilers()
{
	compilers_passed=0 compilers_failed=0
	for objects in /begat/compilers/clang-*; do
		for transport in ringbuf perfbuf; do
			for backend in kprobe tracepoint; do
				cell=compilers/${objects##*/}/$backend/$transport
				if /begat/begat-verify -o "$objects" -b $backend -t $transport -a > /dev/null 2> /tmp/why; then
					echo "ok $cell"
					compilers_passed=$((compilers_passed + 1))
				else
					echo "FAIL $cell: not loaded or not attached"
					tail -n 12 /tmp/why | sed 's/^/    /'
					compilers_failed=$((compilers_failed + 1))
				fi
			done
		done
	done
	echo "$compilers_passed passed, $compilers_failed failed"
	[ $compilers_failed = 0 ] && [ $compilers_passed -gt 0 ]
}

"$BEGAT" run --format json -o /tmp/way -- /bin/true 2> /tmp/way.err || sed 's/^/VM-WAY-ERROR /' /tmp/way.err
tail -n 1 /tmp/way | sed -n \
	's/.*"backend":"\([a-z]*\)","transport":"\([a-z]*\)".*/VM-WAY \1 \2/p'

for part in "$@"; do
	echo "VM-PART $part"
	began=$(cut -d. -f1 /proc/uptime)
	case $part in
	integration)
		# The runner asks for a map itself, and before 5.11 maps count as locked memory; the
		# other parts are left at the limit that users have. Emulated, a process costs 2 to 4 ms.
		(
			ulimit -l unlimited
			exec /begat/integration/begat-integration --begat "$BEGAT" --seconds 180 \
				--lives "${LIVES:-400}" ${ROUNDS:+--rounds "$ROUNDS"} --shared ${ONLY:+--only "$ONLY"}
		) || failed=1
		;;
	guest) /begat/guest-tests.sh "$BACKEND" "$TRANSPORT" || failed=1 ;;
	verifier) verifier || failed=1 ;;
	compilers) compilers || failed=1 ;;
	*) echo "guest-main: unknown part $part"; failed=1 ;;
	esac
	echo "VM-SECONDS $part $(($(cut -d. -f1 /proc/uptime) - began))"
done
exit $failed
