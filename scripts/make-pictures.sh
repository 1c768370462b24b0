#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/make-pictures.sh [FOLDER] - the pictures of the README: docs/pictures/*.png.
#
# Owns:   the recording that they show: a build of this repository's last commit. FOLDER keeps it; a
#         FOLDER that has one already is drawn again without a new build.
# Not:    how they are drawn: tests/browser/pictures.mjs.
# Needs:  root to trace, and what `make` and tests/browser/run.sh need. Takes as long as the build.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
begat=$root/${BUILD:-build}/begat
chromium=${CHROMIUM:-/usr/bin/chromium}
node_modules=tests/browser/node_modules

for tool in script node "$chromium" "$begat"; do
	command -v "$tool" >/dev/null || {
		echo "make-pictures: $tool is missing: run make, and scripts/install-deps.sh build browser" >&2
		exit 1
	}
done
[ -d $node_modules ] ||
	npm --prefix tests/browser ci --ignore-scripts --no-audit --no-fund --loglevel=error

if [ $# -gt 0 ]; then
	mkdir -p "$1"
	work=$(cd "$1" && pwd)
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
if [ ! -e "$work/build.db" ]; then
	mkdir "$work/begat"
	git archive HEAD | tar -x -C "$work/begat"
	# On a terminal of its own, for the colours; -e: the status is that of the command.
	(cd "$work/begat" && TERM=xterm-256color script -qec \
		"stty cols 100; exec $begat run --record $work/build.db -- make -s -j2" /dev/null) \
		</dev/null >"$work/run.ansi"
fi
"$begat" report "$work/build.db" -o "$work/report.html"

mkdir -p docs/pictures
CHROMIUM=$chromium OUT=$work node tests/browser/pictures.mjs "$work" docs/pictures
for picture in docs/pictures/*.png; do
	[ "$(wc -c <"$picture")" -lt 300000 ] || {
		echo "make-pictures: $picture is over 300 kB" >&2
		exit 1
	}
done
ls -l docs/pictures
