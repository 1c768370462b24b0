#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034 # sourced by host.sh
#
# tests/integration/host_library.sh - the library as others use it: installed, linked, called.
#
# Owns: the examples of docs/, symbols, what make install puts where and make uninstall removes.
# Not:  what an event says: that is tested through the command.

host_library_tests="library_example library_pull library_trace library_static library_python library_interrupted
	library_symbols command_is_a_client install_tree install_without_rpath"

# A program without sanitizers cannot load a library with them.
need_plain()
{
	! nm -D "$build/libbegat.so" | grep -q __asan || { echo "the libraries have sanitizers"; exit 77; }
}

# docs/example.c against the installed library, found through pkg-config, as others would.
library_example()
{
	local stage=$1/stage prefix=/opt/begat flags
	need pkg-config gcc
	need_root
	need_plain
	make --no-print-directory BUILD="$build" DESTDIR="$stage" PREFIX=$prefix install >"$1/log" 2>&1 ||
		{ cat "$1/log"; return 1; }
	flags=$(PKG_CONFIG_PATH=$stage$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage \
		pkg-config --cflags --libs libbegat) || return 1
	# shellcheck disable=SC2086
	gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror docs/example.c $flags -o "$1/example" ||
		return 1
	# shellcheck disable=SC2086
	g++ -fsyntax-only -Wall -Werror -x c++ "$stage$prefix/include/begat/begat.h" $flags 2>"$1/log" ||
		{ ! command -v g++ >/dev/null || { cat "$1/log"; return 1; }; }
	LD_LIBRARY_PATH=$stage$prefix/lib start_traced "$1/said" "$1/example" >"$1/out" || return 1
	"$cases/c_target" 'an argument' $'\x1b[31m'
	end_traced || return 1
	grep -F "c_target 'an argument'" "$1/out" | grep -qF 'x1b[31m' || { cat "$1/out"; return 1; }
}

# declared HEADER...: the functions that they declare, sorted.
declared()
{
	local header
	for header; do
		gcc -fpreprocessed -dD -E -P "include/begat/$header.h" || return 1
	done | grep -v '^static inline' | grep -oE '\bbegat_[a-z0-9_]+\(' | tr -d '(' | sort -u
}

# same_symbols LIBRARY VERSION HEADER...: exported = in the map = declared, each with the version.
same_symbols()
{
	local library=$1 version=$2
	shift 2
	declared "$@" | grep -vxF -e begat_fields_add -e begat_fields_has -e begat_event_has >"$work/declared" || return 1
	sed -n '/^global:/,/^local:/s/^\t\(.*\);$/\1/p' "packaging/$library.map" | sort >"$work/mapped"
	nm -D --defined-only "$build/$library.so" | awk '$2 != "A" { print $3 }' | sort >"$work/exported"
	[[ $(wc -l <"$work/declared") -gt 20 ]] || { echo "few are declared"; return 1; }
	diff "$work/declared" "$work/mapped" || { echo "$library: headers (<) are not the map (>)"; return 1; }
	diff <(sed "s/\$/@@$version/" "$work/mapped") "$work/exported" ||
		{ echo "$library: the map (<) is not what is exported (>)"; return 1; }
	readelf -d "$build/$library.so" | grep -q "soname: \[$library.so.0\]"
}

library_symbols()
{
	need nm gcc
	same_symbols libbegat LIBBEGAT_0.1 begat event field filter search redact sink text &&
		same_symbols libbegat-trace LIBBEGAT_TRACE_0.1 trace report || return 1
	# What one static library takes from the other is public, too.
	nm -A "$build/libbegat-trace.a" | awk '$2 == "U" { print $3 }' | grep ^begat_ | sort -u >"$work/taken"
	nm "$build/libbegat-trace.a" | awk '$2 == "T" { print $3 }' | sort >"$work/own"
	comm -23 "$work/taken" "$work/own" | comm -23 - <(sed 's/@.*//' <(nm -D --defined-only "$build/libbegat.so" | awk '{ print $3 }') | sort) |
		grep . && return 1
	return 0
}

# The command has no code of the libraries in it; a copy beside copies of them works anywhere.
command_is_a_client()
{
	local needed
	need readelf
	needed=$(readelf -d "$begat" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p')
	grep -qx libbegat.so.0 <<<"$needed" && grep -qx libbegat-trace.so.0 <<<"$needed" ||
		{ echo "$needed"; return 1; }
	! grep -E 'sqlite|bpf|elf' <<<"$needed" || return 1
	copy_begat "$1/copy"
	[[ $(ldd "$1/copy/begat" | grep -c "=> $1/copy/libbegat") == 2 ]] || { ldd "$1/copy/begat"; return 1; }
	"$1/copy/begat" --version
}

# `make install` puts what a user needs where PREFIX says, nothing elsewhere; uninstall takes all.
install_tree()
{
	local file
	make --no-print-directory BUILD="$build" DESTDIR="$1/stage" PREFIX=/opt/begat install install-debug >"$1/log" 2>&1 ||
		{ cat "$1/log"; return 1; }
	for file in bin/begat lib/libbegat{,-trace}.{a,so,so.0} lib/pkgconfig/libbegat{,-trace}.pc \
		include/begat/{begat,event,field,filter,sink,trace,report}.h share/doc/begat/library.md; do
		[[ -e $1/stage/opt/begat/$file ]] || { echo "not installed: $file"; return 1; }
	done
	[[ $(ls "$1/stage") == opt && $(ls "$1/stage/opt") == begat ]] || { ls "$1/stage"; return 1; }
	"$1/stage/opt/begat/bin/begat" --version || return 1
	for file in bin/begat lib/libbegat.so lib/libbegat-trace.so; do
		! readelf -S "$1/stage/opt/begat/$file" | grep -E '\.(debug|symtab)' || { echo "$file is not stripped"; return 1; }
	done
	[[ $(find "$1/stage" -name '*.debug' | wc -l) == 3 ]] || return 1
	make --no-print-directory BUILD="$build" DESTDIR="$1/stage" PREFIX=/opt/begat uninstall >"$1/log" 2>&1 || return 1
	! find "$1/stage" ! -type d ! -name '*.debug' | grep . || return 1
	make --no-print-directory BUILD="$build" DESTDIR="$1/stage" PREFIX=/opt/begat INSTALL_STRIP= install >"$1/log" 2>&1 &&
		readelf -S "$1/stage/opt/begat/bin/begat" | grep -q '\.debug_info'
}

# A package has no search path of its own, and each folder is where the packager says.
install_without_rpath()
{
	local lib=/usr/lib/x86_64-linux-gnu
	make --no-print-directory BUILD="$build" DESTDIR="$1/stage" PREFIX=/usr LIBDIR=$lib \
		INCLUDEDIR=/usr/include/x DOCDIR=/usr/share/doc/libbegat-dev install >"$1/log" 2>&1 ||
		{ cat "$1/log"; return 1; }
	! readelf -d "$1/stage/usr/bin/begat" "$1/stage$lib"/*.so | grep -E 'RUNPATH|RPATH' || return 1
	[[ -e $1/stage/usr/include/x/begat/begat.h && -e $1/stage/usr/share/doc/libbegat-dev/store.md &&
		! -e $1/stage/usr/lib/libbegat.so.0 ]] || return 1
	LD_LIBRARY_PATH=$1/stage$lib "$1/stage/usr/bin/begat" --version
}

# install_library FOLDER [PACKAGE]: into FOLDER/stage, prefix /opt/begat; $flags are what a program
# needs.
install_library()
{
	need pkg-config gcc
	need_plain
	make --no-print-directory BUILD="$build" DESTDIR="$1/stage" PREFIX=/opt/begat install >"$1/log" 2>&1 ||
		{ cat "$1/log"; return 1; }
	flags=$(PKG_CONFIG_PATH=$1/stage/opt/begat/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$1/stage \
		pkg-config --cflags --libs ${2:-libbegat})
}

# Without a callback: the filter is freed at once, no error is left after a success.
library_pull()
{
	local flags held
	need_root
	install_library "$1" || return 1
	# shellcheck disable=SC2086 # words
	gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror docs/example-pull.c $flags -o "$1/pull" ||
		return 1
	export LD_LIBRARY_PATH=$1/stage/opt/begat/lib
	mkfifo "$1/go"
	sh -c 'read -r line; "$1" one "two words"; exec "$1" last' - "$cases/c_target" <"$1/go" >"$1/null" &
	held=$!
	exec {go}>"$1/go"
	start_traced "$1/said" "$1/pull" $held >"$1/out" || return 1
	echo go >&"$go"
	exec {go}>&-
	wait "$traced" || { cat "$1/out"; return 1; }
	exec {talk}<&-
	[[ $(jq -c .argv[1:] "$1/out" | tr '\n' ' ') == '["one","two words"] ["last"] ' ]] || { cat "$1/out"; return 1; }
}

# What docs/example-trace.c prints of a recording is what the command prints.
check_trace_example()
{
	"$begat" record -q -f -o "$work/t.db" -- sh -c '/no/such/program; true' 2>"$work/null"
	"$1" "$work/t.db" >"$work/out" || { cat "$work/out"; return 1; }
	head -n 1 "$work/out" | jq -e '.event == "exec_failed" and .filename == "/no/such/program"' || return 1
	diff <("$begat" report --format text "$work/t.db") <(tail -n +2 "$work/out")
}

library_trace()
{
	local flags
	need_root
	need jq
	install_library "$1" libbegat-trace || return 1
	# shellcheck disable=SC2086 # words
	gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror docs/example-trace.c $flags -o "$1/example" ||
		return 1
	LD_LIBRARY_PATH=$1/stage/opt/begat/lib check_trace_example "$1/example"
}

# pkg-config --static names all that is needed.
library_static()
{
	local flags
	need_root
	need jq
	install_library "$1" '--static libbegat-trace' || return 1
	for lib in sqlite3 bpf elf z; do
		[[ -e $(gcc -print-file-name=lib$lib.a) ]] || { echo "there is no lib$lib.a"; return 77; }
	done
	# Debian 13 has a libelf.a that lacks functions which it calls.
	echo '#include <libelf.h>
		int main(void) { return !elf_begin(0, ELF_C_NULL, 0); }' >"$1/elf.c"
	gcc -static "$1/elf.c" -lelf -lz -lzstd -o "$1/elf" 2>"$1/log" || gcc -static "$1/elf.c" -lelf -lz -o "$1/elf" 2>>"$1/log" ||
		{ echo "the libelf.a of this system cannot be linked"; return 77; }
	# shellcheck disable=SC2086 # words
	gcc -static -D_GNU_SOURCE docs/example-trace.c $flags -o "$1/example" 2>"$1/log" || { cat "$1/log"; return 1; }
	! readelf -d "$1/example" | grep NEEDED || return 1
	check_trace_example "$1/example"
}

# Bindings: both libraries through ctypes.
library_python()
{
	need_root
	need python3 jq
	need_plain
	"$begat" record -q -o "$1/t.db" -- sh -c '/bin/true "$1"; exit 3' - $'n\u00e4me\n'
	python3 tests/integration/library.py "$(realpath "$build")" replay "$1/t.db" >"$1/python" || return 1
	"$begat" show --format json "$1/t.db" >"$1/shown" || return 1
	diff <(jq -cS . "$1/shown") <(jq -cS . "$1/python") || return 1
	python3 tests/integration/library.py "$(realpath "$build")" live
}

# A loss that is being put right when an interrupt comes is put right afterwards.
library_interrupted()
{
	need python3
	need_root
	need_plain
	timeout 200 python3 tests/integration/library.py "$(realpath "$build")" interrupted
}
