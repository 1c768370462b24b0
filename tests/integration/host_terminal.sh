#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034 # sourced by host.sh
#
# tests/integration/host_terminal.sh - what capturing commands do on a terminal.
#
# Owns: the names of the tests; on_terminal.py has what each does, each of its names being one.

host_terminal_tests=$(sed -n '/^TESTS = /,/^$/p' "$root/tests/integration/on_terminal.py" |
	grep -oE '\b[a-z_]+_[a-z_]+\b' | grep -v '^__')

on_terminal()
{
	need_root
	need python3 sqlite3
	python3 "$root/tests/integration/on_terminal.py" "$1" "$begat" "$2"
}

for name in $host_terminal_tests; do
	eval "$name() { on_terminal $name \"\$1\"; }"
done
