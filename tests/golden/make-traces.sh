#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/golden/make-traces.sh BUILD - make the golden recordings anew, in a neutral folder.
#
# Only when the schema's number changes, and then into files of other names: the old ones prove
# that old recordings stay readable. The fuzz target of recordings begins with one of them.
set -eu
here=$(realpath "$(dirname "$0")")
program=$(realpath "$1/tests/golden/test_traces")
work=$(mktemp -d /tmp/begat-golden.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
env -i PATH=/usr/bin:/bin "$program" --make "$work"
# Whatever a later schema adds: no name of this machine may be left.
if strings -a "$work"/*.db | grep -F -e "$(uname -r)" -e "$here" -e "${here%/tests/golden}"; then
	echo "make-traces: a recording names the machine that made it" >&2
	exit 1
fi
cp "$work"/*.db "$here/"
cp "$work/build.db" "$here/../fuzz/corpus/fuzz_trace/"
