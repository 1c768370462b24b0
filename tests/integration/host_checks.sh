#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # sourced by host.sh; code for inner shells
#
# tests/integration/host_checks.sh - the scripts of make check refuse what they should.
#
# Owns: a tree made for each violation.
# Not:  this tree itself (make check).

host_checks_tests="layers_check_fails circles_check_fails help_check_fails"

# The check of the include rules must fail on each kind of violation.
layers_check_fails()
{
	local rule
	mkdir -p "$1/src/sink" "$1/abi" "$1/cli" "$1/include/begat" "$1/base"
	touch "$1/abi/record.h" "$1/src/sink/sink.h" "$1/include/begat/begat.h" "$1/base/utf8.h"
	printf '#include <begat/begat.h>\n#include "base/utf8.h"\n#include <stdio.h>\n' >"$1/src/sink/a.c"
	scripts/check-layers.sh "$1" || { echo "a clean tree is refused"; return 1; }
	for rule in 'src/sink/x.c:"abi/record.h"' 'src/sink/x.c:<bpf/libbpf.h>' \
		'cli/x.c:"src/sink/sink.h"' 'cli/x.c:"../src/sink/sink.h"' 'abi/x.h:<stdio.h>' \
		'include/begat/x.h:<unistd.h>' 'src/other/x.c:<stdio.h>' 'cli/x.c:"nowhere.h"'; do
		mkdir -p "$1/$(dirname "${rule%%:*}")"
		printf '#include %s\n' "${rule#*:}" >"$1/${rule%%:*}"
		! scripts/check-layers.sh "$1" >"$1/log" || { echo "not found: $rule"; return 1; }
		grep -q "^${rule%%:*}:1: " "$1/log" || { cat "$1/log"; return 1; }
		rm "$1/${rule%%:*}"
	done
	rm -rf "$1/src/other"
}

# Two files that call each other, through whatever they include, are a circle; a static function of
# the same name, a table of pointers and a call one way are none. Nor may headers be one.
circles_check_fails()
{
	mkdir -p "$1/src/x" "$1/base" "$1/cli"
	printf 'int a_do(void);\n' >"$1/src/x/a.h"
	printf '#include "a.h"\nint b_do(void);\n' >"$1/src/x/b.h"
	printf '#include "x/b.h"\nint a_do(void)\n{\n\treturn 0; /* not b_do() */\n}\nint (*table)(void) = b_do;\n' \
		>"$1/src/x/a.c"
	printf '#include "x/b.h"\nstatic int c_do(void)\n{\n\treturn 1;\n}\nint b_do(void)\n{\n\treturn a_do() + c_do();\n}\n' \
		>"$1/src/x/b.c"
	printf '#include "x/b.h"\nint c_do(void)\n{\n\treturn b_do();\n}\n' >"$1/src/x/c.c"
	scripts/check-circles.py "$1" || { echo "a clean tree is refused"; return 1; }
	printf '#include "x/b.h"\nint a_do(void)\n{\n\treturn b_do();\n}\n' >"$1/src/x/a.c"
	! scripts/check-circles.py "$1" >"$1/log" || { echo "a circle of two files is not found"; return 1; }
	grep -q 'src/x/a.c calls b_do() of src/x/b.c' "$1/log" && ! grep -q c_do "$1/log" ||
		{ cat "$1/log"; return 1; }
	printf '#include "x/b.h"\nint a_do(void)\n{\n\treturn 0;\n}\n' >"$1/src/x/a.c"
	printf '#include "b.h"\nint a_do(void);\n' >"$1/src/x/a.h"
	! scripts/check-circles.py "$1" >"$1/log" || { echo "a circle of two headers is not found"; return 1; }
	grep -q 'src/x/a.h includes src/x/b.h' "$1/log" || { cat "$1/log"; return 1; }
}

# A target without a line in make help, and a line without a target.
help_check_fails()
{
	printf '## one: the first\none:\n.PHONY: one\n' >"$1/Makefile"
	scripts/check-help.sh "$1/Makefile" || { echo "a clean file is refused"; return 1; }
	printf '.PHONY: two \\\n\tthree\n## four: gone\n' >>"$1/Makefile"
	! scripts/check-help.sh "$1/Makefile" >"$1/log" || { echo "nothing is found"; return 1; }
	grep -q 'target two' "$1/log" && grep -q 'target three' "$1/log" && grep -q 'no target four' "$1/log" &&
		! grep -q 'target one' "$1/log" || { cat "$1/log"; return 1; }
}
