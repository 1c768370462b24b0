# SPDX-License-Identifier: BSD-2-Clause
#
# vm/lib.sh - what the virtual-machine scripts share: where things lie, the kernel list, apt.
#
# Owns:    the cache's layout, reading kernels.txt, apt with a state of its own (the system's lists
#          and installed packages are never touched).
# Not:     choosing a kernel's version (fetch-kernel.sh), booting one (run-guest.sh).
# Called:  sourced by the scripts in this folder; they run under `set -eu`.

vm_dir=$(cd "$(dirname "$0")" && pwd)
vm_root=$(cd "$vm_dir/../.." && pwd)
vm_cache=${XDG_CACHE_HOME:-$HOME/.cache}/begat
vm_build=${BUILD:-build}
case $vm_build in /*) ;; *) vm_build=$vm_root/$vm_build ;; esac
vm_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Package lists older than this many minutes are fetched again.
vm_lists_max_age=${BEGAT_APT_MAX_AGE:-360}

say()
{
	echo "$(basename "$0"): $*" >&2
}

die()
{
	say "$*"
	exit 1
}

# vm_arch [NAME]: Debian's word for an architecture; this machine's own without NAME.
vm_arch()
{
	case ${1:-$(uname -m)} in
	x86_64 | amd64) echo amd64 ;;
	aarch64 | arm64) echo arm64 ;;
	*) die "no kernels for the architecture ${1:-$(uname -m)}: tests/vm/kernels.txt has amd64 and arm64" ;;
	esac
}

# vm_kernels ARCH: the names on the list, in its order.
vm_kernels()
{
	awk -v arch="$1" '!/^#/ && $2 == arch { print $1 }' "$vm_dir/kernels.txt"
}

# vm_kernel NAME ARCH: the name as the list has it; oldest is its first.
vm_kernel()
{
	vm_names=$(vm_kernels "$2")
	if [ "$1" = oldest ]; then
		echo "$vm_names" | head -n 1
	elif echo "$vm_names" | grep -qxF -e "$1"; then
		echo "$1"
	else
		# shellcheck disable=SC2086 # names on one line
		die "no kernel '$1' for $2 in tests/vm/kernels.txt (it has: $(echo $vm_names))"
	fi
}

# vm_kernel_field NAME ARCH FIELD: suites, package, backend or transport of one line.
vm_kernel_field()
{
	awk -v name="$1" -v arch="$2" -v field="$3" '
		BEGIN { n["suites"] = 3; n["package"] = 4; n["backend"] = 5; n["transport"] = 6 }
		!/^#/ && $1 == name && $2 == arch { print $n[field]; exit }' "$vm_dir/kernels.txt"
}

# vm_mirror SUITE: the archive that has it, by this machine's own apt sources.
vm_mirror()
{
	case $1 in
	*-security) label=Debian-Security; override=${BEGAT_SECURITY_MIRROR:-} ;;
	*) label=Debian; override=${BEGAT_MIRROR:-} ;;
	esac
	if [ -n "$override" ]; then
		echo "$override"
		return
	fi
	# A machine whose lists were never fetched knows no labels: the suite's name tells as much.
	apt-get indextargets --format '$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(RELEASE)|$(REPO_URI)' |
		awk -F'|' -v label="$label" '
			$1 != "Packages" { next }
			$2 == "Debian" && $3 == label { best = $5; exit }
			$2 == "" && ($4 ~ /-security$/) == (label == "Debian-Security") && !guess { guess = $5 }
			END { print best ? best : guess }'
}

# vm_apt ARCH SUITE TOOL ARGS...: an apt tool on one suite's own state.
vm_apt()
{
	vm_state=$vm_cache/apt/$1-$2
	vm_apt_arch=$1
	vm_tool=$3
	shift 3
	"$vm_tool" -q -o Dir::Etc::sourcelist="$vm_state/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
		-o Dir::State="$vm_state" -o Dir::State::lists="$vm_state/lists" \
		-o Dir::State::status="$vm_state/status" -o Dir::Cache="$vm_state/cache" \
		-o APT::Architecture="$vm_apt_arch" -o APT::Architectures::="$vm_apt_arch" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}

# vm_apt_update ARCH SUITE: fetch the suite's package list unless a fresh one is there. Lists that
# cannot be renewed are used as they are: the archive may be away for a moment.
vm_apt_update()
{
	vm_state=$vm_cache/apt/$1-$2
	mkdir -p "$vm_state/lists/partial" "$vm_state/cache/archives/partial"
	[ -e "$vm_state/status" ] || : > "$vm_state/status"
	if [ -n "$(find "$vm_state/fetched" -mmin "-$vm_lists_max_age" 2>/dev/null)" ]; then
		return 0
	fi
	[ -r "$vm_keyring" ] ||
		die "cannot verify packages: $vm_keyring is missing (install debian-archive-keyring)"
	mirror=$(vm_mirror "$2")
	[ -n "$mirror" ] ||
		die "no Debian archive among this machine's apt sources: set BEGAT_MIRROR and BEGAT_SECURITY_MIRROR"
	echo "deb [signed-by=$vm_keyring] $mirror $2 main" > "$vm_state/sources.list"
	if vm_apt "$1" "$2" apt-get update > "$vm_state/update.log" 2>&1 &&
		! grep -q '^[EW]:' "$vm_state/update.log"; then
		touch "$vm_state/fetched"
	elif [ -e "$vm_state/fetched" ]; then
		say "warning: the list of $2 could not be renewed, the last one is used: $(tail -n 1 "$vm_state/update.log")"
	else
		say "the list of $2 could not be fetched: $(tail -n 1 "$vm_state/update.log")"
		return 1
	fi
}

# vm_apt_candidates ARCH SUITES PATTERN: "version package suite", newest first. Suites by comma.
vm_apt_candidates()
{
	for vm_suite in $(echo "$2" | tr , ' '); do
		vm_apt_update "$1" "$vm_suite" || continue
		vm_names=$(vm_apt "$1" "$vm_suite" apt-cache pkgnames | grep -xE "$3" || :)
		[ -n "$vm_names" ] || continue
		# shellcheck disable=SC2086 # a list of package names
		vm_apt "$1" "$vm_suite" apt-cache madison $vm_names |
			awk -v suite="$vm_suite" '{ print $3, $1, suite }'
	done | sort -u -rV
}

# vm_apt_unpack ARCH SUITE PACKAGE VERSION DIR: download (apt verifies it) and unpack into DIR.
vm_apt_unpack()
{
	vm_tmp=$(mktemp -d "$vm_cache/download.XXXXXX")
	if ! (cd "$vm_tmp" && vm_apt "$1" "$2" apt-get download "$3=$4" > log 2>&1); then
		say "$3 $4 is not to be had: $(grep '^E:' "$vm_tmp/log" | head -n 1)"
		rm -rf "$vm_tmp"
		return 1
	fi
	dpkg-deb -x "$vm_tmp"/*.deb "$5"
	rm -rf "$vm_tmp"
}
