#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Rebuilds the page of `begat report` from trace/report/web/src. Only who changes the page needs
# this, and with it node and npm: the built file is committed.
#
#   build-report.sh           write trace/report/web/dist
#   build-report.sh --check   build elsewhere and compare; 1 if the committed file is not what
#                             its source gives, 77 if node, npm or npm's registry are missing
set -eu
cd "$(dirname "$0")/../trace/report/web"

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	echo "build-report: node and npm are needed (apt-get install nodejs npm)" >&2
	exit 77
fi
if [ ! -x node_modules/.bin/esbuild ] ||
	[ -n "$(find package-lock.json -newer node_modules/.package-lock.json)" ]; then
	npm ci --no-audit --no-fund --loglevel=error >&2 || {
		echo "build-report: npm cannot install what the page is built with: is there a network?" >&2
		exit 77
	}
fi
if [ "${1:-}" != --check ]; then
	node build.mjs
	exit
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
node build.mjs "$out"
for file in report.html LICENSES; do
	if ! cmp -s "$out/$file" "dist/$file"; then
		echo "build-report: trace/report/web/dist/$file is not what its source gives: run scripts/build-report.sh" >&2
		exit 1
	fi
done
echo "build-report: dist is up to date"
