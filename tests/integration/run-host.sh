#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/integration/run-host.sh BUILD [NAME] - all integration tests on this machine.
#
# Owns: the order: first what also runs in guests (the runner), then what needs a whole
#       distribution (host.sh): compilers, strace, stress-ng.
# The last line sums both up.

set -u
build=$1
only=${2:-}
runner=$build/tests/integration/begat-integration
begat=$build/begat
log=$(mktemp)
reach=
trap 'rm -rf "$log" "$reach"' EXIT

# Other users run these too, and cannot enter a checkout in /root: then they get copies.
if [ "$(id -u)" = 0 ] && ! setpriv --reuid 65534 --regid 65534 --clear-groups \
	test -x "$(realpath "$begat")"; then
	reach=$(mktemp -d)
	chmod 755 "$reach"
	cp -rL "$build/tests/integration" "$begat" "$build"/libbegat.so.0 "$build"/libbegat-trace.so.0 "$reach"
	runner=$reach/integration/begat-integration begat=$reach/begat
fi

# Without it the tracepoint backend cannot work; root may mount it.
if [ "$(id -u)" = 0 ] && [ ! -e /sys/kernel/tracing/events ]; then
	mount -t tracefs tracefs /sys/kernel/tracing || true
fi

# begat's sanitizer build must fail a test when it leaks; the runner itself has none.
{
	if [ -z "$only" ] || "$runner" --list | grep -q -- "$only"; then
		"$runner" --begat "$begat" ${only:+--only "$only"} ${TEST_OPTIONS:-}
	fi
	tests/integration/host.sh "$build" $only
} 2>&1 | tee "$log" | grep -vE '^[0-9]+ passed, '

awk '
/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { passed += $1; failed += $3; skipped += $5; n++ }
/^FAIL / { seen++ }
END {
	if (n == 0 || (seen > failed))
		failed = seen > failed ? seen : failed + 1
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}' "$log"
