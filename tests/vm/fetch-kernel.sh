#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/fetch-kernel.sh - a stock Debian kernel by its name in kernels.txt; prints the folder it is in.
#
# usage: fetch-kernel.sh [-A ARCH] NAME
#
# The folder has vmlinuz, release (what uname -r says there) and modules/ (the virtiofs modules and
# what they need, numbered in the order of loading, where the kernel does not have them built in).
# It lies in the cache, outside the tree. Exit status 77: skipped, not to be had.
set -eu
. "$(dirname "$0")/lib.sh"

WANTED_MODULES="virtio_pci virtiofs overlay"
TRIES=4

# keep_modules TREE DEST: copy the wanted modules after those they depend on.
keep_modules()
{
	mkdir -p "$2"
	find "$1" -name '*.ko' -o -name '*.ko.xz' -o -name '*.ko.zst' > "$2/.all"
	count=0
	for wanted in $WANTED_MODULES; do
		keep_module "$wanted" "$2"
	done
	rm -f "$2/.all" "$2/.seen"
}

keep_module()
{
	grep -qx "$1" "$2/.seen" 2>/dev/null && return 0
	echo "$1" >> "$2/.seen"
	# File names may have - where module names have _ .
	file=$(grep -E "/$(echo "$1" | sed 's/_/[-_]/g')\.ko(\.xz|\.zst)?$" "$2/.all" || :)
	[ -n "$file" ] || return 0 # built in, or this kernel has no such thing
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -qdc "$file" ;;
	*) cat "$file" ;;
	esac > "$2/.$1.ko"
	for needed in $(tr '\0' '\n' < "$2/.$1.ko" | sed -n 's/^depends=//p' | tr , ' '); do
		keep_module "$(echo "$needed" | tr - _)" "$2"
	done
	count=$((count + 1))
	mv "$2/.$1.ko" "$2/$(printf %02d "$count")-$1.ko"
}

# fetch ARCH SUITE PACKAGE VERSION DIR: one candidate.
fetch()
{
	tree=$(mktemp -d "$vm_cache/unpack.XXXXXX")
	if ! vm_apt_unpack "$1" "$2" "$3" "$4" "$tree/x"; then
		rm -rf "$tree"
		return 1
	fi
	vmlinuz=$(find "$tree/x/boot" "$tree/x/usr/lib/modules" -name 'vmlinuz*' 2>/dev/null | head -n 1)
	if [ -z "$vmlinuz" ]; then
		say "$3 $4 has no vmlinuz in a place that is known: teach tests/vm/fetch-kernel.sh the new one"
		rm -rf "$tree"
		return 1
	fi
	mkdir "$tree/kernel"
	cp "$vmlinuz" "$tree/kernel/vmlinuz"
	echo "$3" | sed 's/^linux-[a-z]*-//' > "$tree/kernel/release"
	echo "$3 $4 $2" > "$tree/kernel/package"
	keep_modules "$tree/x" "$tree/kernel/modules"
	rm -rf "$5"
	mkdir -p "$(dirname "$5")"
	mv "$tree/kernel" "$5"
	rm -rf "$tree"
}

arch=$(vm_arch)
while getopts A: option; do
	case $option in
	A) arch=$(vm_arch "$OPTARG") ;;
	*) die "usage: fetch-kernel.sh [-A ARCH] NAME" ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || die "usage: fetch-kernel.sh [-A ARCH] NAME"
name=$(vm_kernel "$1" "$arch")
suites=$(vm_kernel_field "$name" "$arch" suites)
pattern=$(vm_kernel_field "$name" "$arch" package)

mkdir -p "$vm_cache"
exec 9> "$vm_cache/lock"
flock 9

candidates=$(vm_apt_candidates "$arch" "$suites" "$pattern" | head -n "$TRIES")
while read -r version package suite; do
	[ -n "$package" ] || continue
	dir=$vm_cache/kernels/$arch/$name/$version
	if [ ! -e "$dir/package" ]; then
		fetch "$arch" "$suite" "$package" "$version" "$dir" || continue
		# One older version may be in use by a guest that runs now; the rest has had its time.
		ls -d "$vm_cache/kernels/$arch/$name"/* | grep -vxF "$dir" | sort -V | head -n -1 |
			while read -r old; do rm -rf "$old"; done
	fi
	echo "$dir"
	exit 0
done <<CANDIDATES
$candidates
CANDIDATES

# The archive is away: a kernel that was had before still boots.
for dir in $(ls -d "$vm_cache/kernels/$arch/$name"/* 2>/dev/null | sort -rV); do
	if [ -e "$dir/package" ]; then
		say "warning: the archive has no kernel '$name' now, the cached $(cat "$dir/release") is used"
		echo "$dir"
		exit 0
	fi
done
say "skipped: kernel '$name' for $arch is not to be had (packages $pattern in $suites)"
exit 77
