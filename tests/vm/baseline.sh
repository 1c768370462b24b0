#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# vm/baseline.sh check|update ARCH KERNEL LOG - the verifier's instruction counts, kept and compared.
#
# LOG is a guest's console with the VM-INSNS lines of guest-main.sh. check fails where a program
# takes over 10 % more than verifier-baseline.txt says; update writes what LOG says, on purpose.
set -eu
. "$(dirname "$0")/lib.sh"
baseline=$vm_dir/verifier-baseline.txt
[ $# -eq 4 ] || die "usage: baseline.sh check|update ARCH KERNEL LOG"
facts=$(mktemp)
trap 'rm -f "$facts"' EXIT
awk -v arch="$2" -v kernel="$3" '$1 == "VM-INSNS" && NF == 4 {
	key = arch "\t" kernel "\t" $2 "\t" $3
	if ($4 > most[key])
		most[key] = $4
} END { for (key in most) print key "\t" most[key] }' "$4" | sort > "$facts"
[ -s "$facts" ] || die "$4 has no instruction counts"

case $1 in
check)
	awk -F '\t' '
		FNR == NR { if ($0 !~ /^#/) old[$1, $2, $3, $4] = $5; next }
		!(($1, $2, $3, $4) in old) {
			print "note: " $4 " (" $3 ") takes " $5 " instructions on " $2 " and has no baseline: make verifier-baseline"
			next
		}
		$5 > old[$1, $2, $3, $4] * 1.1 {
			printf "FAIL verifier: %s (%s) takes %d instructions on %s, the baseline is %d: make it cheaper, or accept it with make verifier-baseline\n", $4, $3, $5, $2, old[$1, $2, $3, $4]
			bad = 1
		}
		END { exit bad }' "$baseline" "$facts"
	;;
update)
	{
		grep '^#' "$baseline" 2>/dev/null ||
			printf '# The instructions that each kernel'"'"'s verifier processes, most of all settings.\n# make verifier-baseline writes this file.\n#\n# arch\tkernel\ttransport\tprogram\tinstructions\n'
		{
			grep -v '^#' "$baseline" 2>/dev/null |
				awk -F '\t' -v arch="$2" -v kernel="$3" '$1 != arch || $2 != kernel' || :
			cat "$facts"
		} | sort -V
	} > "$baseline.new"
	mv "$baseline.new" "$baseline"
	;;
esac
