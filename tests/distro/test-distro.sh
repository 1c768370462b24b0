#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# distro/test-distro.sh SUITE [TESTS...] - build, demo and tests in a fresh chroot of a Debian suite.
#
# Owns:    making the chroot, what a newcomer does there, removing all of it.
# Not:     the tests (tests/lib/run-suites.sh), other kernels (tests/vm).
# Called:  by `make test-distro SUITE=trixie`; needs root and debootstrap.
#
# The checkout lies in /root there, which other users cannot enter. The mounts are in a mount
# namespace of the script's own: they go with it, whatever ends it. The folder lies outside the tree.
#
# Environment: ONLY (integration tests with this in their name), KEEP=1 (leave the folder),
# TMPDIR (where it lies). TESTS: unit golden integration, demo first.
# Ends with "N passed, N failed, N skipped"; the exit status is 0 only if nothing failed.
set -eu
if [ -z "${DISTRO_IS_APART:-}" ]; then
	[ "$(id -u)" = 0 ] || {
		echo "test-distro: a chroot needs root: run this as root" >&2
		exit 1
	}
	command -v debootstrap > /dev/null || {
		echo "test-distro: debootstrap is missing (scripts/install-deps.sh vm)" >&2
		exit 1
	}
	DISTRO_IS_APART=1 exec unshare --mount --propagation slave "$0" "$@"
fi
. "$(dirname "$0")/../vm/lib.sh"

[ $# -ge 1 ] || die "usage: test-distro.sh SUITE [unit|golden|integration]..."
suite=$1
shift
tests=${*:-unit golden integration}
cd "$vm_root"
case $suite in
sid | unstable | experimental | testing) updates='' ;;
*) updates=$suite-updates security=$suite-security ;;
esac
mirror=$(vm_mirror "$suite")
[ -n "$mirror" ] || die "no Debian archive among this machine's apt sources: set BEGAT_MIRROR"

root=$(mktemp -d "${TMPDIR:-/tmp}/begat-$suite.XXXXXX")
log=$vm_build/distro/$suite.log
mkdir -p "$vm_build/distro"

# Nothing is removed through a mount: what is still mounted below it keeps the folder.
cleanup()
{
	for folder in proc sys dev; do
		umount -R -l "$root/$folder" 2> /dev/null || :
	done
	if [ -n "${KEEP:-}" ] || grep -q " $root/" /proc/self/mountinfo; then
		say "the chroot is left in $root"
	else
		rm -rf --one-file-system "$root"
	fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# step WORDS COMMAND...: one line for what it is, all output in the log, its end if it fails.
step()
{
	step_name=$1
	shift
	echo "== $step_name"
	if ! "$@" > "$log" 2>&1; then
		tail -n 40 "$log"
		echo "FAIL $suite/$step_name"
		echo "0 passed, 1 failed, 0 skipped"
		exit 1
	fi
}

inside()
{
	chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
		ONLY="${ONLY:-}" sh -c "cd /root/begat && $*"
}

# The packages come from where this machine's own come from, by the chroot's own lists.
make_root()
{
	includes=debian-archive-keyring
	case $mirror in https:*) includes=$includes,ca-certificates ;; esac
	debootstrap --variant=minbase --include="$includes" --keyring="$vm_keyring" \
		"$suite" "$root" "$mirror"
	{
		echo "deb [signed-by=$vm_keyring] $mirror $suite main"
		[ -z "$updates" ] ||
			echo "deb [signed-by=$vm_keyring] $mirror $updates main"
		[ -z "$updates" ] ||
			echo "deb [signed-by=$vm_keyring] $(vm_mirror "$security") $security main"
	} > "$root/etc/apt/sources.list"
	apt-config dump Acquire | grep -E '^Acquire::[A-Za-z:-]+ "[^"]+";' > "$root/etc/apt/apt.conf.d/90host" || :
	for file in /etc/resolv.conf /etc/hosts; do
		[ ! -e "$file" ] || cp -L "$file" "$root$file"
	done
	chmod 755 "$root" # mktemp's folder is for root alone
	for folder in proc sys dev; do
		mount --rbind "/$folder" "$root/$folder"
		mount --make-rslave "$root/$folder"
	done
}

# What git tracks, as it is here now; a release's archive has no .git and takes all but what is built.
copy_tree()
{
	mkdir -m 700 -p "$root/root/begat"
	chmod 700 "$root/root"
	if git -c safe.directory='*' rev-parse --git-dir > /dev/null 2>&1; then
		git -c safe.directory='*' ls-files -z | tar -c --null --ignore-failed-read -T -
	else
		tar -c --exclude=./build .
	fi | tar -x -C "$root/root/begat"
}

step 'debootstrap' make_root
step 'copy the tree' copy_tree
step 'install what it needs' inside 'apt-get -q update && scripts/install-deps.sh build test docs'
step 'build' inside 'make -s -j"$(nproc)" all unit-build integration-build'
step 'demo' inside 'make -s demo'
inside "tests/lib/run-suites.sh $tests" || exit 1
