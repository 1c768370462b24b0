#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Reports in a real browser, headless Chromium driven by playwright-core, and exports before
# readers from npm. Skips, with the reason, where one of them is missing. BUILD says where the
# libraries are; ONLY=name runs those tests that have it in their name. BROWSER_SECONDS (900)
# bounds all of them together; a minute is usual. Ends with "N passed, N failed, N skipped".
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
OUT=$BUILD/tests/browser
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}

skip() {
	echo "skip browser: $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

command -v node >/dev/null || skip "node is missing (apt-get install nodejs)"
[ -x "$CHROMIUM" ] || skip "$CHROMIUM is missing (apt-get install chromium, or set CHROMIUM)"
# npm leaves its own copy of the lock in what it installed.
installed=tests/browser/node_modules/.package-lock.json
if [ ! -e $installed ] || [ tests/browser/package-lock.json -nt $installed ]; then
	command -v npm >/dev/null || skip "npm and what it would install are missing (apt-get install npm)"
	npm --prefix tests/browser ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
		skip "the packages cannot be installed (no network?): npm --prefix tests/browser ci"
fi
for lib in libbegat-trace.a libbegat.a begat; do
	[ -f "$BUILD/$lib" ] || skip "$BUILD/$lib is missing: run make first"
done
mkdir -p "$OUT"
# shellcheck disable=SC2086 # flags are words
${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wno-unused-parameter -I. -Iinclude -Itrace ${SAN_FLAGS:-} \
	tests/browser/make_page.c "$BUILD/libbegat-trace.a" "$BUILD/libbegat.a" \
	${LDLIBS_BPF:--lbpf -lelf} -lsqlite3 -lz -lm -pthread -o "$OUT/make_page"
CHROMIUM=$CHROMIUM OUT=$OUT BEGAT=$BUILD/begat ONLY=${ONLY:-} exec timeout -k 5 "${BROWSER_SECONDS:-900}" \
	node tests/browser/run.mjs
