#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/check-floor.sh BEGAT-VERIFY - does kernel 5.5 have all that the BPF side needs?
#
# Loads the perfbuf+kprobe configuration as it would be on kernel 5.5 and lists what the verifier
# really reached (branches that the settings remove do not count), then compares each helper, map,
# program and attach type with docs/kernel-floor.txt. Loading needs no kprobes, but root and a
# kernel that lets us: without, it says skipped and ends with status 77.
set -eu
FLOOR=5.5
table=$(dirname "$0")/../docs/kernel-floor.txt

if [ $# -ne 1 ]; then
	echo "usage: check-floor.sh BEGAT-VERIFY" >&2
	exit 2
fi
if [ "$(id -u)" != 0 ]; then
	echo "skip check-floor needs root to ask the kernel's verifier"
	exit 77
fi
facts=$(mktemp)
trap 'rm -f "$facts"' EXIT
"$1" -b kprobe -t perfbuf -5 -d > "$facts"

awk -F '\t+' -v floor=$FLOOR '
	function number(release, part) { split(release, part, "."); return part[1] * 1000 + part[2] }
	function check(kind, name, where) {
		if ((kind, name) in seen)
			return
		seen[kind, name] = 1
		if (!((kind, name) in since)) {
			print "check-floor: " kind " " name " (" where ") is not in docs/kernel-floor.txt: add a row with the release that brought it"
			bad++
		} else if (number(since[kind, name]) > number(floor)) {
			print "check-floor: " kind " " name " (" where ") came with kernel " since[kind, name] ", begat promises " floor
			bad++
		} else {
			checked++
		}
	}
	FNR == NR { if ($0 !~ /^#/) since[$1, $2] = $3; next }
	$1 == "prog" { check("prog", $3, $2); if ($4 != "-") check("attach", $4, $2); programs++ }
	$1 == "helper" { check("helper", $3, $2); helpers++ }
	$1 == "insn" { check("insn", $3, $2) }
	$1 == "map" {
		check("map", $3, $2)
		count = split($4, flags, ",")
		for (i = 1; i < count; i++)
			check("map_flag", flags[i], $2)
	}
	END {
		if (!programs || !helpers) {
			print "check-floor: nothing was loaded, so nothing is proven"
			exit 1
		}
		if (bad)
			exit 1
		print "check-floor: " programs " programs, " checked " features, none newer than kernel " floor
	}' "$table" "$facts"
