#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/cross-arm64.sh - build for arm64 without a cross gcc: clang, lld and Debian's arm64 libraries.
#
# usage: cross-arm64.sh cc ARGS...           compile, like cc
#        cross-arm64.sh init OUT SOURCE      a static program
#        cross-arm64.sh busybox OUT          Debian's arm64 busybox
#        cross-arm64.sh make TARGET...       make, for arm64, under build/vm/arm64
#
# The libraries are unpacked into the cache (the sysroot), verified like the kernels. Everything is
# linked statically: a guest then needs no libraries.
set -eu
. "$(dirname "$0")/lib.sh"

# One release's libraries fit together; which one does not matter to a static program.
SUITES=bookworm,bookworm-security,bookworm-updates
LIBRARIES="libc6-dev libc6 libcrypt-dev libgcc-12-dev libgcc-s1 linux-libc-dev libbpf-dev libelf-dev
	zlib1g-dev libsqlite3-dev libjansson-dev libcmocka-dev"
SYSROOT_VERSION=1 # raise it when the list above changes
sysroot=$vm_cache/sysroot-arm64-$SYSROOT_VERSION

# newest PACKAGE DIR: unpack the newest obtainable version.
newest()
{
	vm_apt_candidates arm64 $SUITES "$1" | head -n 3 > "$vm_cache/candidates.$$"
	while read -r version package suite; do
		if vm_apt_unpack arm64 "$suite" "$package" "$version" "$2"; then
			rm -f "$vm_cache/candidates.$$"
			return 0
		fi
	done < "$vm_cache/candidates.$$"
	rm -f "$vm_cache/candidates.$$"
	say "skipped: the arm64 package $1 is not to be had"
	exit 77
}

make_sysroot()
{
	[ ! -e "$sysroot/complete" ] || return 0
	mkdir -p "$vm_cache"
	exec 9> "$vm_cache/lock"
	flock 9
	[ ! -e "$sysroot/complete" ] || return 0
	rm -rf "$sysroot"
	for library in $LIBRARIES; do
		newest "$library" "$sysroot"
	done
	touch "$sysroot/complete"
	exec 9>&-
}

find_clang()
{
	for clang in clang clang-14 clang-16 clang-19; do
		! command -v "$clang" || return 0
	done
	die "clang is missing: it cross-builds for arm64 (install clang and lld)"
}

cross_cc()
{
	"$clang" --target=aarch64-linux-gnu --sysroot="$sysroot" -fuse-ld=lld \
		-Wno-unused-command-line-argument "$@"
}

clang=$(find_clang)
verb=${1:-}
[ $# -lt 1 ] || shift
case $verb in
cc)
	make_sysroot
	cross_cc "$@"
	;;
init)
	[ "$1" -nt "$2" ] && exit 0
	make_sysroot
	mkdir -p "$(dirname "$1")"
	cross_cc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wshadow -static "$2" -o "$1"
	;;
busybox)
	if [ ! -e "$vm_cache/busybox-arm64" ]; then
		mkdir -p "$vm_cache"
		exec 9> "$vm_cache/lock"
		flock 9
		tree=$(mktemp -d "$vm_cache/unpack.XXXXXX")
		newest busybox-static "$tree"
		mv "$(find "$tree" -path '*bin/busybox' -type f | head -n 1)" "$vm_cache/busybox-arm64"
		rm -rf "$tree"
	fi
	mkdir -p "$(dirname "$1")"
	cp "$vm_cache/busybox-arm64" "$1"
	;;
make)
	make_sysroot
	ar=$(command -v llvm-ar || command -v llvm-ar-14 || command -v llvm-ar-16 ||
		command -v llvm-ar-19 || :)
	[ -n "$ar" ] || die "llvm-ar is missing: it makes the arm64 archives (install llvm)"
	cd "$vm_root"
	${MAKE:-make} --no-print-directory ARCH=aarch64 BUILD="$vm_build/vm/arm64" \
		CC="$vm_dir/cross-arm64.sh cc" AR="$ar" LINK=static LDFLAGS=-static "$@"
	;;
*)
	sed -n '/^# usage:/,/^#$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
