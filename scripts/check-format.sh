#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/check-format.sh - one look for all files: clang-format, SPDX lines, plain LF text.
#
# Checks what git tracks. Prints one line a finding; exits 1 if there is any.
# The style was written with clang-format 14: other versions disagree in details, so that they
# do not count; the rest is checked with any.

set -eu
cd "$(dirname "$0")/.."
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
vendored='^(third_party|vendor)/|/(third_party|vendor|node_modules)/'

finding()
{
	echo "check-format: $*"
	failed=1
}

tracked()
{
	git -c safe.directory='*' ls-files --cached --others --exclude-standard -- "$@" |
		grep -vE "$vendored" | while read -r file; do
		[ -f "$file" ] && [ ! -L "$file" ] && echo "$file"
	done || true
}

version_of()
{
	"$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p'
}

formatter=
for name in clang-format-14 clang-format; do
	if command -v $name >/dev/null; then
		formatter=$name
		break
	fi
done
c_files=$(tracked '*.c' '*.h')
if [ -z "$formatter" ]; then
	finding "clang-format is not installed: run scripts/install-deps.sh test"
elif [ "$(version_of $formatter)" != 14 ]; then
	echo "check-format: note: layout not checked: clang-format 14 decides," \
		"this is $(version_of $formatter)"
elif [ -n "$c_files" ]; then
	# One process for all files: a file each takes ten times as long.
	# shellcheck disable=SC2086
	if ! $formatter --dry-run -Werror --style=file $c_files 2>"$log"; then
		sed -n 's/^\([^ ]*:[0-9]*\):[0-9]*: error: .*/\1/p' "$log" |
			sort -t: -k1,1 -k2,2n -u | awk -F: '
			$1 != file { if (file) print file ":" list; file = $1; list = "" }
			{ list = list (list ? "," : "") $2 }
			END { if (file) print file ":" list }' |
			sed 's/^/check-format: not as clang-format would: /'
		echo "check-format: clang-format -i FILE mends these"
		failed=1
	fi
fi

# SPDX: in the first three lines, the licence that the folder has.
for file in $(tracked '*.c' '*.h' '*.S' '*.sh' '*.mk' Makefile .ci/run); do
	case $file in
	bpf/* | *.bpf.c) want='(BSD-2-Clause OR GPL-2.0-only)' ;;
	*) want=BSD-2-Clause ;;
	esac
	head -n 3 "$file" | grep -qF "SPDX-License-Identifier: $want" ||
		finding "$file: no 'SPDX-License-Identifier: $want' in its first three lines"
done

# Text: LF, a newline at the end, no blanks at the end of a line.
texts=$(tracked '*.c' '*.h' '*.S' '*.sh' '*.mk' '*.md' '*.def' '*.json' '*.map' '*.in' '*.txt' \
	Makefile .ci/run .gitignore .clang-format | grep -vE '^tests/golden/|\.min\.' || true)
cr=$(printf '\r')
for file in $texts; do
	[ -s "$file" ] || { finding "$file: is empty" && continue; }
	! grep -q "$cr" "$file" || finding "$file: has CR line ends"
	[ -z "$(tail -c 1 "$file")" ] || finding "$file: no newline at its end"
	case $file in
	*.md | *.txt) ;;
	*) ! grep -qE '[[:blank:]]+$' "$file" ||
		finding "$file:$(grep -nE '[[:blank:]]+$' "$file" | head -n 1 | cut -d: -f1):" \
			"blanks at the end of a line" ;;
	esac
done

for file in $(tracked '*.sh' .ci/run); do
	[ -x "$file" ] || finding "$file: is not executable"
done

exit $failed
