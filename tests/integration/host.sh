#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/integration/host.sh BUILD [NAME] - tests that need a whole distribution around begat.
#
# Owns: verdicts, and what the topics share: host_NAME.sh is a topic each.
# Prints "ok|FAIL|skip NAME reason" a test, at the end N passed, N failed, N skipped.
# STRESS_SECONDS (5) is how long each kind of stress lasts, STRESS_TRANSPORT (ringbuf) what carries it.

set -u
build=$1
only=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
begat=$(realpath "$build/begat")
cases=$(realpath "$build/tests/integration/cases")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
unset BEGAT_TEST_GO

# --- verdicts: a test returns 0, or 77 to skip; what it prints is the reason ---
test_()
{
	local name=$1 reason rc
	[[ -z $only || $name == *"$only"* ]] || return 0
	mkdir -p "$work/$name"
	reason=$(cd "$root" && "$name" "$work/$name" 2>&1)
	rc=$?
	case $rc in
	0) passed=$((passed + 1)); echo "ok $name" ;;
	77) skipped=$((skipped + 1)); echo "skip $name $(tail -n 1 <<<"$reason")" ;;
	*)
		failed=$((failed + 1))
		echo "FAIL $name (status $rc)"
		tail -n 25 <<<"$reason" | cut -c1-600 | sed 's/^/     /'
		;;
	esac
	rm -rf "${work:?}/$name"
}

need()
{
	local tool
	for tool; do
		command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
	done
}

need_root()
{
	[[ $(id -u) == 0 ]] || { echo "not root"; exit 77; }
}

# copy_begat FOLDER: the command and its libraries, for those that cannot enter the checkout.
copy_begat()
{
	mkdir -p "$1" && cp "$begat" "$build"/libbegat.so.0 "$build"/libbegat-trace.so.0 "$1"
}

# start_traced FILE COMMAND...: in the background, stderr to FILE; returns once it says that it
# traces. Its pid is in $traced.
start_traced()
{
	local said=$1 line
	shift
	mkfifo "$said"
	"$@" 2>"$said" &
	traced=$!
	exec {talk}<"$said"
	while read -r -t 60 line <&"$talk"; do
		[[ $line == *" transport of "* || $line == *"tracing"* ]] && return 0
		echo "$line" >&2
	done
	echo "it does not start"
	return 1
}

end_traced()
{
	local rc
	kill -INT "$traced"
	wait "$traced"
	rc=$?
	cat <&"$talk"
	exec {talk}<&-
	return $rc
}

# A C project of a dozen files: a library, a program, a generated header, a failing probe.
make_project()
{
	local i
	mkdir -p "$1"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		printf '#include "config.h"\nint f%d(int x) { return x * %d + SIZE; }\n' $i $i >"$1/f$i.c"
	done
	printf '#include <stdio.h>\nint f1(int);\nint main(void) { printf("%%d\\n", f1(2)); return 0; }\n' \
		>"$1/main.c"
	cat >"$1/Makefile" <<'MK'
OBJS := f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o f9.o f10.o
all: prog check
config.h:
	@echo "#define SIZE $$(ls | wc -l)" > $@
	-@no-such-tool --version 2>/dev/null
	-@sh -c 'kill -9 $$$$'
	-@false
%.o: %.c config.h
	$(CC) -O1 -c $< -o $@
libf.a: $(OBJS)
	ar rcs $@ $^
prog: main.o libf.a
	$(CC) main.o libf.a -o $@
check: prog
	./prog > out
MK
}

topics='witness record stress files namespaces library trees terminal living checks'
for topic in $topics; do
	# shellcheck disable=SC1090
	. "$root/tests/integration/host_$topic.sh"
done
for topic in $topics; do
	names=host_${topic}_tests
	for name in ${!names}; do
		test_ "$name"
	done
done
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 ]]
