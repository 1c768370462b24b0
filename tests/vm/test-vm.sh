#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/test-vm.sh [-A ARCH] [-u] [KERNEL...] - the tests on every kernel of kernels.txt, then two tables.
#
# Owns:    what goes into the initramfs, two guests side by side, judging and counting.
# Not:     building for this machine (make has done it), booting (run-guest.sh), the tests.
# Called:  by `make test-vm [KERNEL='...'] [ARCH=arm64]`. KERNEL also takes oldest (the first line).
#          -u writes the verifier's baseline instead of comparing it.
#
# Environment: VM_PARTS (integration verifier compilers guest), VM_JOBS (2), VM_LIMIT seconds a guest (2400),
# VM_COMPILERS (all, or newest), ONLY, LIVES (processes of a storm, 400), ROUNDS (ends within a storm, 2), and VM_MIN, how many kernels must have been had (half of those asked for, rounded up).
# Ends with "N passed, N failed, N skipped"; the exit status is 0 only if no guest failed.
set -eu
. "$(dirname "$0")/lib.sh"

arch=$(vm_arch)
is_update=''
while getopts A:u option; do
	case $option in
	A) arch=$(vm_arch "$OPTARG") ;;
	u) is_update=1 ;;
	*) die "usage: test-vm.sh [-A ARCH] [-u] [KERNEL...]" ;;
	esac
done
shift $((OPTIND - 1))
parts=${VM_PARTS:-integration verifier compilers guest}
limit=${VM_LIMIT:-2400}
cd "$vm_root"

# The kernels that were asked for, each once.
kernels=''
for asked in ${*:-$(vm_kernels "$arch")}; do
	asked=$(vm_kernel "$asked" "$arch")
	case " $kernels " in *" $asked "*) ;; *) kernels="$kernels $asked" ;; esac
done
asked_count=$(echo $kernels | wc -w)
minimum=${VM_MIN:-$(((asked_count + 1) / 2))}

case $arch in
amd64) qemu=qemu-system-x86_64 package=qemu-system-x86 ;;
arm64) qemu=qemu-system-aarch64 package=qemu-system-arm ;;
esac
if ! command -v "$qemu" > /dev/null; then
	echo "skip vm $qemu is not installed (package $package)"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

# --- what runs in the guests ---
if [ "$arch" = "$(vm_arch)" ]; then
	built=$vm_build
else
	built=$vm_build/vm/$arch
	echo "building for $arch"
	mkdir -p "$built"
	"$vm_dir/cross-$arch.sh" make vm-programs > "$built/build.log" 2>&1 || {
		tail -n 40 "$built/build.log"
		die "begat does not build for $arch: see $built/build.log"
	}
fi
initramfs=$vm_build/vm/$arch-tests.cpio

# What every clang makes of bpf/, or with VM_COMPILERS=newest the newest one.
compilers=$vm_build/vm/$arch-compilers
rm -rf "$compilers"
mkdir -p "$compilers"
case $arch in amd64) bpf_arch=x86 ;; *) bpf_arch=$arch ;; esac
versions=$(for version in $(seq 14 30); do
	! command -v "clang-$version" > /dev/null || echo "$version"
done)
[ "${VM_COMPILERS:-all}" != newest ] || versions=$(echo "$versions" | tail -n 1)
for version in $versions; do
	mkdir "$compilers/clang-$version"
	for object in begat begat_preemptible; do
		define=''
		[ $object = begat ] || define=-DBEGAT_PREEMPTIBLE
		"clang-$version" -target bpf -mcpu=v3 -O2 -g -std=gnu11 "-D__TARGET_ARCH_$bpf_arch" $define \
			-I. -Ibpf -c bpf/begat.bpf.c -o "$compilers/clang-$version/$object.bpf.o" ||
			die "clang-$version does not compile bpf/begat.bpf.c"
	done
done
compiler_count=$(ls "$compilers" | wc -l)
"$vm_dir/build-initramfs.sh" -A "$arch" "$initramfs" \
	"$built/begat=/begat/begat" \
	"$built/tests/begat-verify=/begat/begat-verify" \
	"$built/tests/integration/begat-integration=/begat/integration/begat-integration" \
	"$built/tests/integration/cases=/begat/integration/cases" \
	"$built/tests/vm/with-caps=/begat/tools/with-caps" \
	"$built/tests/vm/compat32=/begat/tools/compat32" \
	"$compilers=/begat/compilers" \
	"$vm_dir/guest-main.sh=/begat/guest-main.sh" \
	"$vm_dir/guest-tests.sh=/begat/guest-tests.sh"

# row CELL...: of the table that ends it all.
row()
{
	printf '%s' "$1" >> "$table"
	shift
	printf '\t%s' "$@" >> "$table"
	echo >> "$table"
}

# reproduce KERNEL: the command for this guest again.
reproduce()
{
	echo "make test-vm KERNEL=$1$([ "$arch" = "$(vm_arch)" ] || echo " ARCH=$arch")"
}

part_seconds()
{
	sed -n "s/^VM-SECONDS $1 //p" "$logs/console.log"
}

# --- the guests, so many at a time ---
run_one()
{
	logs=$vm_build/vm/$arch-$1
	mkdir -p "$logs"
	rm -f "$logs/result" "$logs/console.log" "$logs/dmesg.log"
	rc=0
	VM_REPRODUCE="$(reproduce "$1")${ONLY:+ ONLY='$ONLY'}" \
		"$vm_dir/run-guest.sh" -q -A "$arch" -i "$initramfs" -t "$limit" -m 2G -l "$logs" \
		-c pids -e 'c_exit[[][0-9]+[]]: segfault' "$1" -- \
		"ONLY='${ONLY:-}' LIVES='${LIVES:-}' ROUNDS='${ROUNDS:-}' sh /begat/guest-main.sh $(vm_kernel_field "$1" "$arch" backend) $(vm_kernel_field "$1" "$arch" transport) $parts" \
		> "$logs/run.log" 2>&1 || rc=$?
	echo "$rc" > "$logs/rc"
	echo "$arch $1: $([ "$rc" = 0 ] && echo "done" || { [ "$rc" = 77 ] && echo skipped || echo FAILED; })"
}

# A token for each guest at a time; one that ends passes its on.
mkdir -p "$vm_build/vm"
rm -f "$vm_build/vm/tokens"
mkfifo "$vm_build/vm/tokens"
exec 8<> "$vm_build/vm/tokens"
rm -f "$vm_build/vm/tokens"
seq "${VM_JOBS:-2}" >&8
for kernel in $kernels; do
	read -r token <&8
	{
		run_one "$kernel" 8>&-
		echo "$token" >&8
	} &
done
wait
exec 8>&-

# --- the judgement ---
passed=0 failed=0 skipped=0 had=0
table=$(mktemp)
notes=$(mktemp)
trap 'rm -f "$table" "$notes"' EXIT
row KERNEL RELEASE WHAT BACKEND TRANSPORT PASSED FAILED SKIPPED SECONDS

fail()
{
	failed=$((failed + 1)) guest_failed=$((guest_failed + 1))
	echo "FAIL $arch $kernel: $*" >> "$notes"
}

# The rows of the parts of this guest, of the integration tests one for each backend and transport.
# Where a guest was ended in the middle of one, its row has what was counted until then.
part_rows()
{
	awk -v OFS='\t' -v kernel="$kernel" -v release="$release" '
		function emit(what, backend, transport, seconds) {
			print kernel, release, what, backend, transport, ok + 0, bad + 0, left + 0, seconds
			ok = bad = left = 0
		}
		/^VM-PART / { part = $2; ok = bad = left = 0 }
		/^ok / { ok++ }
		/^FAIL / { bad++ }
		/^skip / { left++ }
		match($2, /\[[a-z]+,[a-z]+\]/) {
			split(substr($2, RSTART + 1, RLENGTH - 2), way, ",")
		}
		part == "integration" && /^-- / {
			sub(/:$/, "", $4)
			emit(part, $2, $4, $(NF - 1))
		}
		/^VM-SECONDS compilers / { emit("compilers", "all", "all", $3); part = "" }
		/^VM-SECONDS guest / { emit("guest", "all", "all", $3); part = "" }
		/^VM-SECONDS / { part = "" }
		END {
			if (part == "integration" || part == "guest")
				emit(part, part == "guest" ? "all" : way[1], part == "guest" ? "all" : way[2], "ended")
		}' "$logs/console.log" >> "$table"
}

# The instructions that each kernel's verifier processed for each program, most of all settings.
print_instructions()
{
	for kernel in $kernels; do
		sed -n "s/^VM-INSNS /$kernel /p" "$vm_build/vm/$arch-$kernel/console.log" 2>/dev/null || :
	done | awk -v names="$kernels" '
		BEGIN { count = split(names, kernel, " ") }
		NF == 4 {
			program = sprintf("%-9s  %-31s", $2, $3)
			if (!(program in seen)) {
				seen[program] = 1
				programs[++last] = program
			}
			if ($4 > most[program, $1])
				most[program, $1] = $4
		}
		END {
			if (!last)
				exit
			printf "\n%-9s  %-31s", "VERIFIER", "INSTRUCTIONS OF"
			for (i = 1; i <= count; i++)
				printf "  %8s", kernel[i]
			print ""
			for (j = 1; j <= last; j++) {
				printf "%s", programs[j]
				for (i = 1; i <= count; i++) {
					n = most[programs[j], kernel[i]]
					printf "  %8s", n ? n : "-"
				}
				print ""
			}
		}'
}

# Each pair that this line promises must have run: one that vanishes must not look like a success.
check_pairs()
{
	for backend in kprobe tracepoint; do
		[ "$backend $expected_backend" != "kprobe tracepoint" ] || continue
		for transport in ringbuf perfbuf; do
			[ "$transport $expected_transport" != "ringbuf perfbuf" ] || continue
			grep -qE "^-- $backend over $transport: [1-9][0-9]* passed" "$logs/console.log" ||
				fail "no test has passed with $backend over $transport"
		done
	done
}

for kernel in $kernels; do
	logs=$vm_build/vm/$arch-$kernel
	rc=$(cat "$logs/rc")
	guest_failed=0
	if [ "$rc" = 77 ]; then
		skipped=$((skipped + 1))
		echo "skip $arch $kernel: $(tail -n 1 "$logs/run.log")" >> "$notes"
		row "$kernel" - 'not to be had' - - 0 0 1 -
		continue
	fi
	if [ ! -s "$logs/console.log" ]; then
		cat "$logs/run.log"
		fail "did not boot: $(tail -n 1 "$logs/run.log")"
		row "$kernel" - 'did not boot' - - 0 1 0 -
		continue
	fi
	had=$((had + 1))
	release=$(sed -n 's/.*Linux version \([^ ]*\) .*/\1/p' "$logs/dmesg.log" | head -n 1)
	release=${release:-?}
	expected_backend=$(vm_kernel_field "$kernel" "$arch" backend)
	expected_transport=$(vm_kernel_field "$kernel" "$arch" transport)
	# Counts of all parts, and what they say of failures and skips.
	counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\{0,1\}$/\1 \2 \4/p' \
		"$logs/console.log" | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
	set -- $counts
	guest_passed=$1 guest_failed=$2 guest_skipped=$3
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	awk -v where="$arch $kernel" -v again="$(reproduce "$kernel")" '
		/^FAIL / { sub(/^FAIL /, "FAIL " where ": "); print; reasons = 12; next }
		/^skip / { sub(/^skip /, "skip " where ": "); print; reasons = 0; next }
		/^     again: / && reasons > 0 {
			only = match($0, /--only [^ ]+/) ? " ONLY=" substr($0, RSTART + 7, RLENGTH - 7) : ""
			print "     again: " again only
			next
		}
		/^    / && reasons > 0 { print; reasons--; next }
		{ reasons = 0 }' "$logs/console.log" >> "$notes"
	part_rows
	for part in $parts; do
		case $part in
		verifier)
			if [ -n "$is_update" ]; then
				"$vm_dir/baseline.sh" update "$arch" "$kernel" "$logs/console.log"
			elif "$vm_dir/baseline.sh" check "$arch" "$kernel" "$logs/console.log" > "$logs/verifier.log" 2>&1; then
				passed=$((passed + 1)) guest_passed=$((guest_passed + 1))
				row "$kernel" "$release" verifier all all 1 0 0 "$(part_seconds verifier)"
				sed -n "s/^note: /note $arch $kernel: /p" "$logs/verifier.log" >> "$notes"
			else
				fail "the verifier's instruction counts"
				row "$kernel" "$release" verifier all all 0 1 0 "$(part_seconds verifier)"
				sed "s/^FAIL /     /; s/^/     $arch $kernel: /" "$logs/verifier.log" >> "$notes"
			fi
			;;
		*)
			sed -n "/^VM-PART $part\$/,/^VM-PART /p" "$logs/console.log" |
				grep -q '^[0-9]* passed, [0-9]* failed' || fail "$part did not come to its end"
			[ "$part" != integration ] || [ -n "${ONLY:-}" ] || check_pairs
			;;
		esac
	done
	way=$(sed -n 's/^VM-WAY \([a-z]* [a-z]*\)$/\1/p' "$logs/console.log" | head -n 1)
	[ "$way" = "$expected_backend $expected_transport" ] ||
		fail "begat took '$way' where kernels.txt says '$expected_backend $expected_transport': $(sed -n 's/^VM-WAY-ERROR //p' "$logs/console.log" | head -n 1)"
	if [ "$rc" != 0 ] && { [ "$rc" != 1 ] || [ "$guest_failed" = 0 ]; }; then
		fail "$(grep '^run-guest.sh: kernel ' "$logs/run.log" | tail -n 1 | sed 's/^[^:]*: //')"
	fi
	[ "$rc" = 0 ] && [ "$guest_failed" = 0 ] || cat "$logs/run.log"
	# By itself it takes this backend and transport; the rows above ask for each.
	row "$kernel" "$release" total ${way:-- -} $guest_passed $guest_failed $guest_skipped \
		"$(cut -d' ' -f2 "$logs/result")"
done
if [ "$had" -lt "$minimum" ]; then
	kernel=all guest_failed=0
	fail "only $had of $asked_count kernels were to be had, $minimum are needed"
fi
if [ "$compiler_count" -lt "${VM_MIN_COMPILERS:-1}" ]; then
	kernel=all guest_failed=0
	fail "only $compiler_count compilers are installed, ${VM_MIN_COMPILERS:-1} are needed: scripts/install-deps.sh vm"
fi
for version in 14 15 16 19; do
	[ "${VM_COMPILERS:-all}" = all ] || continue
	[ -e "$compilers/clang-$version" ] && continue
	skipped=$((skipped + 1))
	echo "skip $arch compilers: clang-$version is not installed" >> "$notes"
done

echo
echo "architecture $arch, logs in $vm_build/vm/$arch-*/console.log"
awk -F '\t' '
	{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
	END {
		for (row = 1; row <= NR; row++) {
			line = ""
			for (i = 1; i <= 9; i++)
				line = line sprintf(i > 5 ? "%*s  " : "%-*s  ", width[i], cell[row, i])
			sub(/ +$/, "", line)
			print line
		}
	}' "$table"
print_instructions
[ ! -s "$notes" ] || { echo; cat "$notes"; }
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && { [ "$passed" -gt 0 ] || [ -n "$is_update" ]; }
