#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/install-deps.sh [SET...] - install what building and testing begat needs.
#
# Owns:    the names of packages; Debian and Ubuntu through apt-get, Fedora through dnf.
# Not:     kernels for the virtual machines (tests/vm fetches those).
# Sets:    build (default), test, browser, vm, docs, all; bench: the peers that `make bench` compares with.
# Does nothing, in well under a second, when all is there. "a|b" means that either will do;
# the first that the distribution has is taken. "a|none": only if it has a (a test then skips).

set -eu

usage()
{
	echo "usage: scripts/install-deps.sh [--print] [build|test|browser|vm|docs|all|bench]..." >&2
	exit 2
}

die()
{
	echo "install-deps: $*" >&2
	exit 1
}

# For the page of `begat report`. Often they come from elsewhere, as one package or none.
web_packages()
{
	command -v node >/dev/null || echo nodejs
	command -v npm >/dev/null || echo npm
}

# Each clang that there is: make test-vm loads the programs as every one of them compiles them.
compilers()
{
	apt-cache pkgnames clang- 2>/dev/null | grep -xE 'clang-(1[4-9]|[2-9][0-9])' || true
}

debian_packages()
{
	case $1 in
	build)
		echo "gcc libc6-dev make clang|clang-14|clang-16|clang-19 llvm|llvm-14|llvm-16|llvm-19
		      libbpf-dev libelf-dev zlib1g-dev libsqlite3-dev pkg-config|pkgconf" ;;
	test)
		echo "libcmocka-dev libjansson-dev jq strace stress-ng time clang-format sqlite3 git
		      mount util-linux procps python3 python3-jsonschema libclang-rt-dev|libclang-rt-14-dev
		      protobuf-compiler graphviz valgrind|none zsh|none fish|none" ;;
	browser)
		echo "chromium|none $(web_packages)" ;;
	vm)
		echo "qemu-system-x86 qemu-system-arm qemu-system-common busybox-static cpio xz-utils zstd lld kmod
		      debian-archive-keyring debootstrap $(compilers)" ;;
	docs)
		echo "scdoc mandoc" ;;
	bench)
		echo "libbpf-tools|none bpftrace|none forkstat|none extrace|none strace python3
		      linux-perf|linux-tools-generic|none valgrind dpkg-dev" ;;
	esac
}

fedora_packages()
{
	case $1 in
	build)
		echo "gcc glibc-devel make clang llvm libbpf-devel elfutils-libelf-devel zlib-devel
		      sqlite-devel pkgconf-pkg-config" ;;
	test)
		echo "libcmocka-devel jansson-devel glibc-static jq strace stress-ng time
		      clang-tools-extra sqlite git util-linux procps-ng python3 python3-jsonschema compiler-rt
		      protobuf-compiler graphviz valgrind|none zsh|none fish|none" ;;
	browser)
		echo "chromium|none $(web_packages)" ;;
	vm)
		echo "qemu-system-x86-core qemu-system-aarch64-core busybox cpio xz zstd lld kmod dpkg
		      debootstrap|none" ;;
	docs)
		echo "scdoc mandoc" ;;
	bench)
		echo "libbpf-tools|none bpftrace|none forkstat|none extrace|none strace python3 perf
		      valgrind" ;;
	esac
}

# Names out of "$@" that are installed, one a line.
installed()
{
	if [ "$family" = debian ]; then
		dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
			sed -n 's/^[hi]i  *//p'
	else
		rpm -q --qf '%{NAME}\n' "$@" 2>/dev/null | grep -v ' is not installed' || true
	fi
}

is_available()
{
	if [ "$family" = debian ]; then
		apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
	else
		dnf -q list --available "$1" >/dev/null 2>&1
	fi
}

# Prints those groups of "a|b" in "$@" of which no member is installed.
missing()
{
	# shellcheck disable=SC2046
	have=" $(installed $(echo "$*" | sed 's/|none//g; s/|/ /g') | tr '\n' ' ') "
	for group in "$@"; do
		found=0
		for name in $(echo "$group" | tr '|' ' '); do
			case $have in *" $name "*) found=1 ;; esac
		done
		[ $found = 1 ] || echo "$group"
	done
}

# Prints, for each group, its first member that the distribution has.
choose()
{
	for group in "$@"; do
		for name in $(echo "$group" | tr '|' ' '); do
			if [ "$name" = none ]; then
				continue 2
			elif is_available "$name"; then
				echo "$name"
				continue 2
			fi
		done
		echo "${group%%|*}"
	done
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		die "needs root to install $wanted; there is no sudo: become root and run this again"
	fi
}

apt()
{
	as_root apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	family=debian
elif command -v dnf >/dev/null; then
	family=fedora
else
	family=unknown
fi

print_only=0
sets=
for arg in "$@"; do
	case $arg in
	--print) print_only=1 ;;
	build | test | browser | vm | docs | bench) sets="$sets $arg" ;;
	all) sets="build test browser vm docs" ;;
	*) usage ;;
	esac
done

groups=
for set in ${sets:-build}; do
	if [ $family = fedora ]; then
		groups="$groups $(fedora_packages "$set")"
	else
		groups="$groups $(debian_packages "$set")"
	fi
done

if [ $family = unknown ]; then
	die "knows apt-get and dnf, and neither is here: install what corresponds to" \
		"these Debian packages: $(echo $groups)"
fi

todo=$(missing $groups)
[ -n "$todo" ] || exit 0
if [ $print_only = 1 ]; then
	echo "$todo"
	exit 0
fi

export DEBIAN_FRONTEND=noninteractive
wanted=$(echo $(choose $todo))
[ -n "$wanted" ] || exit 0
echo "install-deps: installing $wanted"
if [ $family = fedora ]; then
	as_root dnf install -y -q $wanted ||
		die "dnf could not install $wanted: see its message above"
	exit 0
fi

# Lists may be absent (a fresh container) or stale (a file that the mirror has dropped).
if ! apt install --no-install-recommends $wanted >/dev/null 2>&1; then
	apt update >/dev/null || die "apt-get update failed: is there a network and a mirror?"
	wanted=$(echo $(choose $todo))
	apt install --no-install-recommends $wanted >/dev/null ||
		die "apt-get could not install $wanted: see its message above"
fi
todo=$(missing $groups | grep -v '|none$' || true)
[ -z "$todo" ] || die "still missing after the installation: $(echo $todo)"
