#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/check-help.sh MAKEFILE... - every target of .PHONY has a "## NAME: what it does" line, which
# `make help` lists, and every such line is about a target.

set -eu
awk '
/^## / {
	name = $2
	sub(/:$/, "", name)
	helped[name] = FILENAME ":" FNR
}
/^\.PHONY:/, !/\\$/ {
	for (i = 1; i <= NF; i++)
		if ($i != ".PHONY:" && $i != "\\")
			target[$i] = FILENAME
}
END {
	for (name in target)
		if (!(name in helped)) {
			print "check-help: " target[name] ": target " name " has no \"## " name ": ...\" line"
			bad = 1
		}
	for (name in helped)
		if (!(name in target)) {
			print "check-help: " helped[name] ": there is no target " name
			bad = 1
		}
	exit bad
}' "$@"
