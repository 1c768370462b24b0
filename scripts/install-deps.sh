#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/install-deps.sh [SET...] - install what building and testing begat needs, and is missing.
#
# Owns:    what is needed, how to see that it is there, and the packages that bring it: Debian and
#          Ubuntu through apt-get, Fedora through dnf.
# Not:     kernels for the virtual machines (tests/vm fetches those).
# Sets:    build (default), test, browser, vm, docs, all; bench: the peers that `make bench` compares
#          with, not in all.
# --missing [SET...] (all): names what is required and missing, on one line, and installs nothing.
#
# A package manager is asked only when something is missing, and which versions of clang there are.

set -eu

# set | how to see that it is there | Debian's packages | Fedora's
#
# To see: a command, <header>, lib*.a of the C library, a /file, python:MODULE, clang:fuzzer. "a|b":
# either will do; of packages, the first that the distribution has is taken. "a|none": not required:
# it is installed if the distribution has it, and else a test is skipped.
table='
build   cc                  gcc                     gcc
build   <stdlib.h>          libc6-dev               glibc-devel
build   make                make                    make
build   CLANG               clang|clang-14|clang-16|clang-19    clang
build   LLVM-STRIP          llvm|llvm-14|llvm-16|llvm-19        llvm
build   <bpf/libbpf.h>      libbpf-dev              libbpf-devel
build   <gelf.h>            libelf-dev              elfutils-libelf-devel
build   <zlib.h>            zlib1g-dev              zlib-devel
build   <sqlite3.h>         libsqlite3-dev          sqlite-devel
build   pkg-config          pkg-config|pkgconf      pkgconf-pkg-config
test    <cmocka.h>          libcmocka-dev           libcmocka-devel
test    <jansson.h>         libjansson-dev          jansson-devel
test    libc.a              libc6-dev               glibc-static
test    jq                  jq                      jq
test    strace              strace                  strace
test    stress-ng           stress-ng               stress-ng
test    /usr/bin/time       time                    time
test    clang-format        clang-format            clang-tools-extra
test    sqlite3             sqlite3                 sqlite
test    git                 git                     git
test    mount               mount                   util-linux
test    setpriv             util-linux              util-linux
test    ps                  procps                  procps-ng
test    python3             python3                 python3
test    python:jsonschema   python3-jsonschema      python3-jsonschema
test    clang:fuzzer        libclang-rt-dev|libclang-rt-14-dev  compiler-rt
test    protoc              protobuf-compiler       protobuf-compiler
test    dot                 graphviz                graphviz
test    valgrind            valgrind|none           valgrind|none
test    zsh                 zsh|none                zsh|none
test    fish                fish|none               fish|none
browser chromium            chromium|none           chromium|none
browser node                nodejs                  nodejs
browser npm                 npm                     npm
vm      qemu-system-x86_64  qemu-system-x86         qemu-system-x86-core
vm      qemu-system-aarch64 qemu-system-arm         qemu-system-aarch64-core
vm      virtiofsd|/usr/lib/qemu/virtiofsd|/usr/libexec/virtiofsd virtiofsd|qemu-system-common|none virtiofsd|none
vm      busybox             busybox-static          busybox
vm      cpio                cpio                    cpio
vm      xz                  xz-utils                xz
vm      zstd                zstd                    zstd
vm      ld.lld              lld                     lld
vm      modprobe            kmod                    kmod
vm      dpkg-deb            dpkg                    dpkg
vm      /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring none
vm      debootstrap         debootstrap             debootstrap|none
docs    scdoc               scdoc                   scdoc
docs    mandoc              mandoc                  mandoc
bench   execsnoop           libbpf-tools|none       libbpf-tools|none
bench   bpftrace            bpftrace|none           bpftrace|none
bench   forkstat            forkstat|none           forkstat|none
bench   extrace             extrace|none            extrace|none
bench   strace              strace                  strace
bench   python3             python3                 python3
bench   perf                linux-perf|linux-tools-generic|none perf
bench   valgrind            valgrind                valgrind
bench   dpkg-source         dpkg-dev                none
'

usage()
{
	echo "usage: scripts/install-deps.sh [--missing] [build|test|browser|vm|docs|all|bench]..." >&2
	exit 2
}

die()
{
	echo "install-deps: $*" >&2
	exit 1
}

# is_there HOW
is_there()
{
	case $1 in
	CLANG) any_version clang ;;
	LLVM-STRIP) any_version llvm-strip ;;
	clang:fuzzer)
		echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
			"$(any_version clang)" -fsanitize=fuzzer -x c - -o /dev/null
		;;
	python:*) python3 -c "import ${1#*:}" ;;
	\<*) echo "#include $1" | cc -E -x c - ;;
	lib*.a) [ "$(cc -print-file-name="$1")" != "$1" ] ;;
	/*) [ -e "$1" ] ;;
	# Some shells have no folders of the administrator in their PATH.
	*) PATH=$PATH:/usr/sbin:/sbin command -v "$1" ;;
	esac >/dev/null 2>&1
}

# As the Makefile takes them: the plain name, or any version of 14 and up.
any_version()
{
	for name in "$1" $(seq -f "$1-%g" 14 30); do
		! command -v "$name" || return 0
	done
	return 1
}

# missing: of the rows of $sets of which nothing is there, what it is and its packages.
missing()
{
	echo "$table" | while read -r set how debian fedora; do
		case " $sets " in *" ${set:-none} "*) ;; *) continue ;; esac
		for one in $(echo "$how" | tr '|' ' '); do
			! is_there "$one" || continue 2
		done
		[ $family = fedora ] && echo "$how $fedora" || echo "$how $debian"
	done
}

# Each clang that Debian has and we have not: make test-vm loads the programs as every one of them
# compiles them. With --missing nobody asks for these: one clang is enough for the rest.
compilers()
{
	case "$family $sets " in debian*" vm "*) ;; *) return 0 ;; esac
	for name in $(apt-cache pkgnames clang- 2>/dev/null | grep -xE 'clang-(1[4-9]|[2-9][0-9])'); do
		command -v "$name" >/dev/null || echo "$name"
	done
}

is_available()
{
	if [ "$family" = debian ]; then
		apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
	else
		dnf -q list --available "$1" >/dev/null 2>&1
	fi
}

# choose: of each row of $rows the first package that the distribution has.
choose()
{
	[ -z "$rows" ] || echo "$rows" | while read -r _ packages; do
		for name in $(echo "$packages" | tr '|' ' '); do
			[ "$name" != none ] || continue 2
			! is_available "$name" || break
			name=${packages%%|*}
		done
		echo "$name"
	done | sort -u
	compilers
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

family=unknown
if command -v apt-get >/dev/null; then
	family=debian
elif command -v dnf >/dev/null; then
	family=fedora
fi

names_only=0 sets=
for arg in "$@"; do
	case $arg in
	--missing) names_only=1 ;;
	build | test | browser | vm | docs | bench) sets="$sets $arg" ;;
	all) sets="build test browser vm docs" ;;
	*) usage ;;
	esac
done
if [ $names_only = 1 ]; then
	sets=${sets:-build test browser vm docs}
	missing | awk '!/none$/ { printf " %s", $1 }'
	exit 0
fi
sets=${sets:-build}

rows=$(missing)
[ -n "$rows$(compilers)" ] || exit 0
[ $family != unknown ] || die "knows apt-get and dnf, and neither is here: install what corresponds to" \
	"these Debian packages:" $(echo "$rows" | awk '{ print $2 }')

export DEBIAN_FRONTEND=noninteractive
wanted=$(echo $(choose))
[ -n "$wanted" ] || exit 0
echo "install-deps: installing $wanted"
if [ $family = fedora ]; then
	as_root dnf install -y -q $wanted ||
		die "dnf could not install $wanted: see its message above"
# Lists may be absent (a fresh container) or stale (a file that the mirror has dropped).
elif ! apt install --no-install-recommends $wanted >/dev/null 2>&1; then
	apt update >/dev/null || die "apt-get update failed: is there a network and a mirror?"
	wanted=$(echo $(choose))
	apt install --no-install-recommends $wanted >/dev/null ||
		die "apt-get could not install $wanted: see its message above"
fi
still=$(missing | awk '!/none$/ { printf " %s (%s)", $1, $2 }')
[ -z "$still" ] || die "still missing after the installation:$still"
