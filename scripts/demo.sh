#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/demo.sh - `make demo`: begat on a real command, in a minute.
#
# Owns:   the tour: install what is missing, build, trace a small build, explain what is seen.
# Not:    tests. Leaves nothing behind but build/.
# Exit:   0 if everything was shown, 1 with a sentence if it could not be.

set -eu

cd "$(dirname "$0")/.."
build=${BUILD:-build}
begat=$build/begat

say()
{
	printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then cat; else
		sed 's/\x1b\[[0-9]*m//g'; fi
}

as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "demo: tracing needs root, and there is no sudo: run 'make demo' as root." >&2
		exit 1
	}
	as_root=sudo
	echo "demo: tracing needs root: sudo may ask for your password."
fi

say "1. What is missing is installed, then begat is built."
$as_root scripts/install-deps.sh
mkdir -p "$build"
make --no-print-directory -j"$(getconf _NPROCESSORS_ONLN)" BUILD="$build" "$begat" \
	>"$build/demo.log" 2>&1 || {
	tail -20 "$build/demo.log" >&2
	echo "demo: the build failed; all of its output is in $build/demo.log." >&2
	exit 1
}
ls -l "$begat"

# A program of six files, and a test of it that fails: something to look at.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for i in 1 2 3 4 5 6; do
	printf '#include <stdio.h>\nint part%d(int x) { printf("%%d\\n", x); return x + %d; }\n' $i $i \
		>"$work/part$i.c"
done
cat >"$work/main.c" <<'C'
int part1(int x), part2(int x), part3(int x), part4(int x), part5(int x), part6(int x);
int main(void) { return part1(part2(part3(part4(part5(part6(0)))))) == 21 ? 3 : 0; }
C
cat >"$work/Makefile" <<'M'
OBJECTS := main.o part1.o part2.o part3.o part4.o part5.o part6.o
all: program
	-./program >/dev/null
program: $(OBJECTS)
	$(CC) -o $@ $^
M

say "2. 'begat doctor': what this kernel allows."
$as_root "$begat" doctor || {
	echo "demo: this kernel cannot be traced; the lines above say why." >&2
	exit 1
}

say "3. 'begat run -- make -j2': a build of seven files, and a program that fails at its end."
$as_root "$begat" run -- make -s -C "$work" -j2 || true
cat <<'T'

 Each line is a process: how long it lived, the CPU time and memory that it took itself, its exit
 code, its command. Compilers that are alike share the line of the slowest. What failed is listed.
 "complete" means that every fork, exec and exit was seen; lost events would be counted there.
T

say "4. The same as JSON, one object a line: here the program that failed."
rm -f "$work"/*.o "$work/program"
$as_root "$begat" run --format json -o "$work/events.json" \
	-w 'filename ~ "*program" or exe ~ "*/program"' -- make -s -C "$work" -j2 2>/dev/null || true
grep -E '"event":"(exec|exit)"' "$work/events.json" |
	if command -v jq >/dev/null; then
		jq -c '{event, time, id, pid, parent_id, exe, argv, cwd, exit_code, duration_ns, utime_ns,
			max_rss_bytes} | del(.[] | nulls)'
	else
		cat
	fi
cat <<'T'

 Every event says who (id, pid, parent), what (exe, argv, cwd), and at exit how it ended and what
 it cost; there are more fields than these. 'begat watch --format json' gives the whole machine's.
T

say "Next: sudo $begat run -- YOUR COMMAND, sudo $begat watch, $begat help run."
