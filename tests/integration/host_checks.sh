#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # sourced by host.sh; code for inner shells
#
# tests/integration/host_checks.sh - the scripts of make check refuse what they should.
#
# Owns: a tree made for each violation.
# Not:  this tree itself (make check).

host_checks_tests="layers_check_fails"

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
