#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lib/run-cmocka.sh LOG PROGRAM... - run test programs, show what failed or was skipped.
#
# A program is cmocka's, or a *.sh that prints "ok NAME", "FAIL NAME reason", "skip NAME reason".
# 'PROGRAM FILE' are the tests of one file in a program of several (lib/unit.c), shown as FILE's.
# ONLY=name takes those programs with it in their name, and from 'PROGRAM FILE' such tests, too.
# All output goes to LOG; a failed test's own lines are shown too. A program that crashes, or
# says nothing, is a failure. A cmocka test that skips prints its reason last.
# The last line is: N passed, N failed, N skipped

set -u
log=$1
shift
mkdir -p "$(dirname "$log")"
: >"$log"
one=$(mktemp)
trap 'rm -f "$one"' EXIT
passed=0 failed=0 skipped=0

for program in "$@"; do
	file=${program##* } pattern=
	[ "$file" != "$program" ] || file=
	program=${program%% *}
	name=$(basename "${file:-$program}" .sh)
	case $name in
	*"${ONLY:-}"*) ;;
	*)
		[ -n "$file" ] || continue
		pattern="*$ONLY*"
		;;
	esac
	CMOCKA_MESSAGE_OUTPUT=STDOUT timeout -k 5 "${TEST_SECONDS:-300}" "$program" ${file:+"$file"} \
		${pattern:+"$pattern"} >"$one" 2>&1 </dev/null
	rc=$?
	{
		echo "=== $program $file: exit status $rc"
		cat "$one"
	} >>"$log"
	counts=$(awk -v program="$name" -v rc="$rc" -v may_be_empty="$pattern" '
	function say(text) { print text >"/dev/stderr" }
	function finish(kind, test, reason) {
		count[kind]++
		if (kind == "failed") {
			say("FAIL " program "/" test (reason ? " " reason : ""))
			for (i = 1; i <= lines && i <= 40; i++)
				say("     " kept[i])
		} else if (kind == "skipped") {
			say("skip " program "/" test " " (reason ? reason : last))
		}
		running = ""
	}
	/^\[ RUN      \] / { running = $4; lines = 0; last = ""; next }
	/^\[       OK \] / { finish("passed", $4); next }
	/^\[  FAILED  \] / { if (running != "") finish("failed", running); next }
	/^\[  SKIPPED \] / { if (running != "") finish("skipped", running); next }
	/^\[=+\]/ || /^\[  PASSED  \]/ { next }
	/^\[  ERROR   \]/ { sub(/^\[  ERROR   \] (--- )?/, "") }
	running == "" && /^ok [^ ]/ { finish("passed", $2); lines = 0; next }
	running == "" && /^(FAIL|skip) [^ ]/ {
		reason = $0
		sub(/^[^ ]+ [^ ]+ ?/, "", reason)
		finish($1 == "FAIL" ? "failed" : "skipped", $2, reason)
		lines = 0
		next
	}
	{ kept[++lines] = $0; if ($0 != "") last = $0; sub(/^skip: /, "", last) }
	END {
		if (running != "")
			finish("failed", running, "(the program ended in the middle of it, status " rc ")")
		else if (rc != 0 && count["failed"] == 0)
			finish("failed", "program", "(exit status " rc ")")
		else if (count["passed"] + count["failed"] + count["skipped"] == 0 && may_be_empty == "")
			finish("failed", "program", "(ran no test)")
		printf "%d %d %d\n", count["passed"], count["failed"], count["skipped"]
	}' "$one")
	# shellcheck disable=SC2086
	set -- $counts
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
done 2>&1
if [ -n "${ONLY:-}" ] && [ $((passed + failed + skipped)) = 0 ]; then
	echo "FAIL nothing has $ONLY in its name"
	failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
