#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/events-man.sh [--meanings] - docs/man/begat-events.5.scd out of docs/events.md.
#
# Owns:    the form; the words are those of docs/events.md, so that there is one text.
# --meanings: one line MEANING("field", "meaning") for each field, for `begat help events`.
# tests/golden/test_man.sh checks that the page in the repository is what this prints.

set -eu
page=$(dirname "$0")/../docs/events.md

meanings()
{
	awk -F ' *[|] *' '
		/^## summary/ { exit }
		/^\| `[a-z_]*` \|/ && NF >= 7 {
			name = $2; text = $5
			gsub(/`/, "", name); gsub(/`/, "", text)
			gsub(/\\/, "\\\\", text); gsub(/"/, "\\\"", text)
			printf "MEANING(\"%s\", \"%s\")\n", name, text
		}' "$page"
}

if [ "${1:-}" = --meanings ]; then
	meanings
	exit
fi

cat <<'END'
begat-events(5)

# NAME

begat-events - the events of begat and their fields

# DESCRIPTION

*begat watch --format json* writes one JSON object a line. The names of the fields are also those of
expressions (*begat-filter*(7)) and of recordings. A field that cannot be filled is absent, never zero.
Times and durations are in nanoseconds, sizes in bytes.

END
awk -F ' *[|] *' '
	function plain(text) {
		gsub(/\[[^]]*\]\([^)]*\)/, "", text)
		gsub(/`/, "", text)
		gsub(/\\/, "\\\\", text)
		gsub(/[_*]/, "\\\\&", text)
		return text
	}
	/^## (The events|Fields of every event|Who|fork|exec and exec_failed|exit|lost|Later fields|summary)$/ {
		sub(/^## /, ""); title = toupper($0); gsub(/_/, " ", title)
		printf "# %s\n\n", title
		is_table = 1; next
	}
	/^## / { is_table = 0 }
	!is_table { next }
	/^\| (field|event|member) \|/ { for (i = 2; i < NF; i++) column[i] = $i; next }
	/^\|---/ { next }
	/^\|/ {
		head = ""; text = ""
		for (i = 3; i < NF; i++) {
			if ($i == "" || $i == "-") continue
			if (column[i] == "type" || column[i] == "unit")
				head = head (head == "" ? "" : ", ") plain($i)
			else if (column[i] == "meaning" || column[i] == "when")
				text = plain($i) "." text
			else
				text = text " " toupper(substr(column[i], 1, 1)) substr(column[i], 2) ": " plain($i) "."
		}
		printf "*%s*%s\n\t%s\n\n", plain($2), head == "" ? "" : " (" head ")", text
	}' "$page"
cat <<'END'
# SEE ALSO

*begat*(1), *begat-watch*(1), *begat-filter*(7); _events.md_ and _event.schema.json_ in the folder of begat's
documents
END
