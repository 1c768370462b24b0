#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034 # sourced by host.sh
#
# tests/integration/host_library.sh - the library as others use it: installed, linked, called.
#
# Owns: the examples of docs/, symbols, what make install puts where.
# Not:  what an event says: that is tested through the command.

host_library_tests="library_example library_pull library_symbols install_tree"

# docs/example.c against the installed library, found through pkg-config, as others would.
library_example()
{
	local stage=$1/stage prefix=/opt/begat flags
	need pkg-config gcc
	need_root
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

# The symbols that are there are those of the map, with their version.
library_symbols()
{
	need nm
	nm -D --defined-only "$build/libbegat.so" | awk '
	{ print $3 }
	$2 == "T" && $3 !~ /^begat_[a-z0-9_]+@@LIBBEGAT_/ && $3 !~ /^begat_[a-z0-9_]+@@BEGAT_/ { bad = 1; print "unversioned or foreign: " $3 }
	$2 == "T" { n++ }
	END { exit bad || n < 10 }'
}

# `make install` puts what a user needs where PREFIX says, and nothing elsewhere.
install_tree()
{
	local file
	make --no-print-directory BUILD="$build" DESTDIR="$1/stage" PREFIX=/usr install >"$1/log" 2>&1 ||
		{ cat "$1/log"; return 1; }
	for file in bin/begat lib/libbegat.a lib/libbegat.so lib/libbegat.so.0 \
		lib/pkgconfig/libbegat.pc include/begat/begat.h; do
		[[ -e $1/stage/usr/$file ]] || { echo "not installed: $file"; return 1; }
	done
	[[ $(ls "$1/stage") == usr ]] || { ls "$1/stage"; return 1; }
	"$1/stage/usr/bin/begat" --version
}

# install_library FOLDER: into FOLDER/stage, prefix /opt/begat; $flags are what a program needs.
install_library()
{
	need pkg-config gcc
	make --no-print-directory BUILD="$build" DESTDIR="$1/stage" PREFIX=/opt/begat install >"$1/log" 2>&1 ||
		{ cat "$1/log"; return 1; }
	flags=$(PKG_CONFIG_PATH=$1/stage/opt/begat/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$1/stage \
		pkg-config --cflags --libs "${2:-libbegat}")
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
