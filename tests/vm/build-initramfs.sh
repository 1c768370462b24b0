#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/build-initramfs.sh - pack a guest's root: init, busybox, and what is given.
#
# usage: build-initramfs.sh [-A ARCH] OUT [FILE=PATH | DIR=PATH]...
#
# FILE=PATH puts FILE at PATH in the guest, with the shared libraries that it needs (by ldd; none
# where the file is static or of another architecture). The result is a plain cpio archive: without
# hardware acceleration unpacking a compressed one costs more than reading a large one.
set -eu
. "$(dirname "$0")/lib.sh"

arch=$(vm_arch)
while getopts A: option; do
	case $option in
	A) arch=$(vm_arch "$OPTARG") ;;
	*) die "usage: build-initramfs.sh [-A ARCH] OUT [FILE=PATH]..." ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || die "usage: build-initramfs.sh [-A ARCH] OUT [FILE=PATH]..."
out=$1
shift

# add_libraries FILE PATH: the loader and libraries of a dynamic binary, at the paths it asks for;
# those of this build beside it, where it looks first: the build may be in /tmp, which is another there.
add_libraries()
{
	ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' | while read -r library; do
		place=$library
		case $library in
		"$vm_build"/*) place=$(dirname "$2")/$(basename "$library") ;;
		esac
		[ ! -e "$tree$place" ] || continue
		mkdir -p "$tree$(dirname "$place")"
		cp -L "$library" "$tree$place"
	done
}

own=$(vm_arch)
if [ "$arch" = "$own" ]; then
	busybox=$(command -v busybox || :)
	[ -n "$busybox" ] || die "busybox is missing (install busybox-static)"
	init=$vm_build/vm/init
	mkdir -p "$vm_build/vm"
	[ "$init" -nt "$vm_dir/init.c" ] ||
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Wshadow -static \
			"$vm_dir/init.c" -o "$init"
else
	init=$vm_build/vm/$arch/init
	busybox=$vm_build/vm/$arch/busybox
	"$vm_dir/cross-$arch.sh" init "$init" "$vm_dir/init.c"
	"$vm_dir/cross-$arch.sh" busybox "$busybox"
fi

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/bin" "$tree/sbin" "$tree/usr" "$tree/etc" "$tree/root" "$tree/var/tmp" "$tree/tmp" \
	"$tree/lib" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/run"
ln -s ../bin "$tree/usr/bin"
ln -s ../sbin "$tree/usr/sbin"
ln -s ../lib "$tree/usr/lib"
cp "$init" "$tree/init"
cp "$busybox" "$tree/bin/busybox"
for applet in $(busybox --list); do
	case $applet in
	busybox | init | linuxrc) ;;
	*) ln -s busybox "$tree/bin/$applet" ;;
	esac
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' > "$tree/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$tree/etc/group"

for item in "$@"; do
	file=${item%%=*}
	path=${item#*=}
	mkdir -p "$tree$(dirname "$path")"
	if [ -d "$file" ]; then
		cp -a "$file" "$tree$path"
		find "$file" -type f -perm /111 | while read -r binary; do
			add_libraries "$binary" "$path${binary#"$file"}"
		done
	else
		rm -f "$tree$path"
		cp -L "$file" "$tree$path"
		add_libraries "$file" "$path"
	fi
done
mkdir -p "$(dirname "$out")"
(cd "$tree" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) > "$out.new"
mv "$out.new" "$out"
