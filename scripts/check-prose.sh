#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/check-prose.sh - no phrase in comments and documents that sends a reader back to its start.
#
# Owns:    the list of phrases. CONTRIBUTING.md says how to write instead.
# Not:     good English: that is for the one who writes.
set -eu
cd "$(dirname "$0")/.."

# "who" as a bare relative pronoun of a process: who is traced, of who lives, and who runs.
phrases='(of|for|by|to|from|and|not|than) who (is|are|was|has|had|lives|lived|runs|ran|writes|reads|traces|spins|changes|dies|ended)\b'
phrases="$phrases|\\bwhoever\\b|\\bnobody wants\\b|\\bhas got\\b|\\bnone was told\\b|\\bmust not be told\\b"
phrases="$phrases|\\b(is|are|was|were) told (of|by|to|at|when|once|in)\\b|\\bneed not come up\\b|\\bcomes? up (once|too|and)\\b"

if git grep --untracked -nIE "$phrases" -- ':!CONTRIBUTING.md' ':!scripts/check-prose.sh' ':!*.json' \
	':!trace/report/web/dist' ':!tests/golden' ':!tests/fuzz/*/*' ':!tests/fuzz/seeds'; then
	echo "check-prose: see \"How we write\" in CONTRIBUTING.md" >&2
	exit 1
fi
