#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/fuzz/make-seeds.sh BUILD - capture the seeds of fuzz_decode from real processes.
#
# Owns:    tests/fuzz/corpus/fuzz_decode: one file a kind of life, records in a row as in the ring.
# Not:     the other targets' seeds, which are written by hand.
# Called:  by `make fuzz-seeds` after a change of abi/; needs root. The result is committed.
#
# The commands run in an empty environment and in a neutral folder: nothing of the machine that
# makes the seeds is in them but its kernel's numbers.
set -eu
costs=$(realpath "$1/bench/costs")
seeds=$(realpath "$(dirname "$0")")/corpus/fuzz_decode
work=$(mktemp -d /tmp/begat-seeds.XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir -p "$seeds"
cd "$work"

# capture NAME COMMAND...: what COMMAND does.
capture()
{
	name=$1
	shift
	env -i PATH=/usr/bin:/bin "$costs" "$mode" "$seeds/$name" "$@" || :
	[ -s "$seeds/$name" ] || { echo "make-seeds: $name is empty" >&2; exit 1; }
}

mode=capture
printf '#!/bin/sh\nexit 3\n' > script
printf '#!/nosuch/interpreter\n' > orphan
chmod +x script orphan
capture shell sh -c 'true; nice -n 1 sh -c "exit 4"; ./script; ./orphan; ./nosuch; (sleep 0 &) ; kill -SEGV $$'
capture hostile sh -c '"$@"' - /bin/echo "$(printf 'a\nb\033[31m\377')" ''
capture chunks sh -c '/bin/true $(seq 6000)'
capture threads python3 -c 'import os, threading
t = threading.Thread(target=lambda: os.execv("/bin/true", ["true", "from", "a", "thread"]))
t.start()
t.join()'
capture users setpriv --reuid 65534 --clear-groups sh -c 'kill -9 $$'
capture namespaces unshare -p -f -m -u sh -c 'true'
mode=capture-env
capture environment env A=1 'B=two words' PATH=/bin:/usr/bin sh -c 'true; env -i true'
ls -l "$seeds"
