#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/golden/test_trace.sh - recordings through the command, and through readers of others.
#
# Needs no rights. Prints "ok NAME", "FAIL NAME reason", "skip NAME reason".

set -u
begat=${BUILD:-build}/begat
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

ok() { echo "ok $1"; }
fail() { echo "FAIL $1 $2"; failed=1; }
skip() { echo "skip $1 $2"; }
has() { command -v "$1" >/dev/null 2>&1; }

# check NAME COMMAND...: ok if it succeeds, else the last line that it said.
check()
{
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then ok "$name"; else fail "$name" "$(tail -n 1 "$tmp/out")"; fi
}

# refuse NAME STATUS TEXT COMMAND...: it must fail with that status and say TEXT, on one line.
refuse()
{
	name=$1 status=$2 text=$3
	shift 3
	"$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	if [ $rc != "$status" ]; then
		fail "$name" "exit status $rc, not $status"
	elif ! grep -q -- "$text" "$tmp/err"; then
		fail "$name" "does not say '$text': $(head -n 1 "$tmp/err")"
	elif [ "$(wc -l <"$tmp/err")" != 1 ]; then
		fail "$name" "more than one line"
	else
		ok "$name"
	fi
}

build=$here/build.db
hostile=$here/hostile.db

# --- show ---
"$begat" show "$build" --format json >"$tmp/events.ndjson" 2>&1
check show_is_json python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
kinds = [e["event"] for e in events]
assert kinds.count("fork") == 51 and kinds.count("exit") == 51, kinds
assert kinds[-1] == "summary" and kinds.count("lost") == 1
assert "snapshot" not in kinds
' "$tmp/events.ndjson"
check show_filters sh -c '[ "$("$1" show "$2" --format json -w "event == exec and exe ~ \"*/cc1\"" | grep -c "\"event\":\"exec\"")" = 12 ]' - "$begat" "$build"
check show_lineage sh -c '[ "$("$1" show "$2" --format json -e exit -w "ancestor(comm == \"make\")" | grep -c "\"event\":\"exit\"")" = 50 ]' - "$begat" "$build"
check show_under sh -c '[ "$("$1" show "$2" --format json -e exit -w "under(1000)" | grep -c "\"event\":\"exit\"")" = 50 ]' - "$begat" "$build"
check show_pid sh -c '[ "$("$1" show "$2" --format json -e exit -p 1000 | grep -c "\"event\":\"exit\"")" = 51 ]' - "$begat" "$build"
check show_tree sh -c '[ "$("$1" show "$2" --tree | wc -l)" = 53 ]' - "$begat" "$build"
check show_tree_of_one sh -c '[ "$("$1" show --tree -p 1002 "$2" | wc -l)" = 5 ]' - "$begat" "$build"
check show_text_is_safe sh -c '! { "$1" show "$2" -e all; "$1" show "$2" --tree; } | LC_ALL=C grep -q "[[:cntrl:]]"' - "$begat" "$hostile"

# --- refusals: a sentence each ---
refuse record_age_without_unit 2 'needs a unit: 5s, 5min or 5h' "$begat" record --max-age 5 -o "$tmp/age.db"
if has script; then
	# script(1) gives a terminal, and says what was written to it.
	for to in '' '-o /dev/tty' '-o -'; do
		script -qec "$begat export --to perfetto $to $build" /dev/null >"$tmp/tty" 2>&1 </dev/null
		check "binary_refuses_terminal$to" sh -c '[ "$1" = 2 ] && grep -q "cannot show this binary format" "$2" && [ "$(wc -c <"$2")" -lt 300 ]' - $? "$tmp/tty"
	done
	script -qec "$begat export --to perfetto $build | wc -c" /dev/null >"$tmp/tty" 2>&1 </dev/null
	check binary_into_pipe sh -c '[ "$(tr -d "\r\n" <"$1")" -gt 1000 ]' - "$tmp/tty"
else
	skip binary_refuses_terminal 'no script(1)'
fi
: >"$tmp/empty.db"
head -c 5000 "$build" >"$tmp/cut.db"
printf 'GIF89a is no database, whatever its name' >"$tmp/foreign.db"
refuse no_file 1 'does not exist' "$begat" show "$tmp/none.db"
refuse empty_file 1 'is empty' "$begat" show "$tmp/empty.db"
refuse cut_file 1 'cut short' "$begat" show "$tmp/cut.db"
refuse foreign_file 1 'not an SQLite database' "$begat" export "$tmp/foreign.db" --to csv
refuse no_format 2 'into which format' "$begat" export "$build"
refuse unknown_format 2 'unknown format' "$begat" export "$build" --to perfeto
cp "$build" "$tmp/beside.db"
for end in -wal -shm -journal; do
	refuse over_its$end 2 'overwrite its recording' "$begat" show "$tmp/beside.db" -o "$tmp/beside.db$end"
	[ ! -e "$tmp/beside.db$end" ] || fail over_its$end 'the file was made'
done
refuse over_itself 2 'overwrite its recording' "$begat" export "$build" --to csv -o "$build"
refuse diff_of_one 2 'two recordings' "$begat" diff "$build"
refuse bad_condition 2 'no measure' "$begat" diff "$build" "$build" --fail-if 'speed > 1'
# Beyond `ulimit -f` no signal ends it: what is half-written goes, and a sentence follows.
refuse size_limit 1 'File too large' sh -c 'ulimit -f 4; exec "$@"' - "$begat" export "$build" --to csv -o "$tmp/cut.csv"
if [ -e "$tmp/cut.csv" ]; then fail size_limit_leaves_nothing "a file"; else ok size_limit_leaves_nothing; fi
if has sqlite3; then
	cp "$build" "$tmp/newer.db"
	sqlite3 "$tmp/newer.db" 'PRAGMA user_version = 99'
	refuse newer_file 1 'newer begat' "$begat" show "$tmp/newer.db"
	sqlite3 "$tmp/other.db" 'CREATE TABLE t(a)'
	refuse other_database 1 'no recording of begat' "$begat" show "$tmp/other.db"
	cp "$build" "$tmp/open.db"
	sqlite3 "$tmp/open.db" "UPDATE meta SET value = 0 WHERE name = 'complete'"
	check incomplete_is_said sh -c '"$1" show "$2" 2>&1 >/dev/null | grep -q "is incomplete"' - "$begat" "$tmp/open.db"
fi

# --- exports, each with a reader of others ---
for format in perfetto chrome folded dot ndjson csv ecs otel; do
	"$begat" export "$build" --to $format -o "$tmp/build.$format" 2>"$tmp/err" ||
		fail "export_$format" "$(cat "$tmp/err")"
	"$begat" export "$hostile" --to $format -o "$tmp/hostile.$format" 2>"$tmp/err" ||
		fail "export_hostile_$format" "$(cat "$tmp/err")"
done
if has protoc; then
	for one in build hostile; do
		check perfetto_protoc_$one sh -c 'protoc --proto_path="$1" --decode=Trace perfetto.proto <"$2" >"$3" &&
			! grep -q "^ *[0-9][0-9]*[:{ ]" "$3" && grep -q TYPE_SLICE_BEGIN "$3"' - \
			"$here" "$tmp/$one.perfetto" "$tmp/decoded"
		check perfetto_raw_$one sh -c 'protoc --decode_raw <"$1" >/dev/null' - "$tmp/$one.perfetto"
	done
else
	skip perfetto_protoc "protoc is not installed (protobuf-compiler)"
fi
if has dot; then
	"$begat" export "$build" --to dot --raw -o "$tmp/raw.dot"
	check dot_graphviz_build sh -c 'dot -Tsvg "$1" | grep -c "<g id=\"node" | grep -qx 12' - "$tmp/build.dot"
	check dot_graphviz_raw sh -c 'dot -Tsvg "$1" | grep -c "<g id=\"node" | grep -qx 52' - "$tmp/raw.dot"
	check dot_graphviz_hostile sh -c 'dot -Tplain -Knop2 "$1" >/dev/null 2>&1 || dot -Tcanon "$1" >/dev/null' - "$tmp/hostile.dot"
else
	skip dot_graphviz "dot is not installed (graphviz)"
fi
if has sqlite3; then
	check csv_sqlite sh -c '[ "$(sqlite3 :memory: ".import --csv $1 events" \
		"SELECT count(*), sum(event = '\''exit'\''), count(DISTINCT id) FROM events WHERE pid != '\'''\''")" = "166|51|52" ]' - "$tmp/build.csv"
	check csv_sqlite_json sh -c '[ "$(sqlite3 :memory: ".import --csv $1 events" \
		"SELECT json_extract(argv, '\''\$[1]'\'') FROM events WHERE comm = '\''make'\'' AND event = '\''exec'\''")" = "-j2" ]' - "$tmp/build.csv"
else
	skip csv_sqlite "sqlite3 is not installed"
fi
check csv_python python3 -c '
import csv, json, sys
for name in sys.argv[1:]:
    rows = list(csv.DictReader(open(name, newline="")))
    assert all(None not in row and None not in row.values() for row in rows)
    for row in rows:
        if row["argv"]:
            json.loads(row["argv"])
' "$tmp/build.csv" "$tmp/hostile.csv"
check json_python python3 -c '
import json, sys
for name in sys.argv[1:]:
    data = open(name, encoding="utf-8", errors="strict").read()
    if name.endswith(".chrome"):
        assert json.loads(data)["traceEvents"]
    else:
        assert [json.loads(line) for line in data.splitlines() if line]
' "$tmp"/build.chrome "$tmp"/hostile.chrome "$tmp"/build.ndjson "$tmp"/hostile.ndjson \
	"$tmp"/build.ecs "$tmp"/hostile.ecs "$tmp"/build.otel "$tmp"/hostile.otel
check folded_python python3 -c '
import re, sys
total = {}
for name in sys.argv[1:]:
    for line in open(name, encoding="utf-8", errors="surrogateescape"):
        match = re.fullmatch(r"(\S+) (\d+)\n", line)
        assert match, line
        assert match.group(1) not in total.get(name, {}), "twice: " + line
        total.setdefault(name, {})[match.group(1)] = int(match.group(2))
' "$tmp/build.folded" "$tmp/hostile.folded"

# --- the document ---
if has sqlite3; then
	n=0
	awk '/^```sql/ { inside = 1; n++; next } /^```/ { inside = 0 } inside { print > (dir "/q" n ".sql") }' \
		dir="$tmp" "$here/../../docs/store.md"
	# Recordings of an older begat get the views of this one as the document says.
	for one in build storm hostile; do
		cp "$here/$one.db" "$tmp/new_$one.db"
		"$begat" export --to sql "$tmp/new_$one.db" | sqlite3 "$tmp/new_$one.db" ||
			fail "views_of_today_$one" "sqlite3 refuses them"
	done
	check views_twice sh -c '"$1" export --to sql "$2" | sqlite3 -bail "$2"' - "$begat" "$tmp/new_build.db"
	check views_keep_events sh -c '"$1" show --format json "$2" >"$4" && "$1" show --format json "$3" | cmp - "$4"' \
		- "$begat" "$tmp/new_hostile.db" "$hostile" "$tmp/shown"
	# An auditor's questions: the same rows as ever, from the SELECTs of the document.
	cp "$tmp/new_build.db" "$tmp/audit.db"
	sqlite3 "$tmp/audit.db" "INSERT INTO user VALUES (0, 'root'), (1000, 'alice');
		INSERT INTO string VALUES (999999, 'c0ffee');
		UPDATE context SET uid = 0, container_id = 999999 WHERE id IN (5, 8);
		UPDATE context SET uid = 4242424242 WHERE id = 6;"
	for n in 1 2 3 4 5 6 7 8 9 10; do
		grep -q '^SELECT' "$tmp/q$n.sql" && [ "$(grep -c ';' "$tmp/q$n.sql")" = 1 ] ||
			fail "audit_$n" "it is not one SELECT"
		echo "-- $n"
		sqlite3 "$tmp/audit.db" <"$tmp/q$n.sql" 2>&1
	done >"$tmp/audit.txt"
	check audit_rows diff "$here/audit.txt" "$tmp/audit.txt"
	n=0
	for query in "$tmp"/q*.sql; do
		n=$((n + 1))
		for one in build storm; do
			if rows=$(sqlite3 "$tmp/new_$one.db" <"$query" 2>"$tmp/err") && [ ! -s "$tmp/err" ]; then
				# The rows of the first ten are compared above.
				[ "$one" = build ] && [ -z "$rows" ] &&
					[ "${#query}" = "$((${#tmp} + 8))" ] && [ "${query##*/}" != q10.sql ] &&
					fail "store_md_$(basename "$query")" "no rows"
			else
				fail "store_md_$(basename "$query")_$one" "$(cat "$tmp/err")"
			fi
		done
	done
	if [ $n = 20 ]; then ok store_md_queries; else fail store_md_queries "$n, not twenty"; fi
	for table in $(sqlite3 "$tmp/new_build.db" "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"); do
		for column in $(sqlite3 "$tmp/new_build.db" "SELECT name FROM pragma_table_info('$table')"); do
			grep -qw -- "$column" "$here/../../docs/store.md" ||
				fail "store_md_columns" "$table.$column is not described"
		done
	done
	ok store_md_columns
	check views sqlite3 "$build" 'SELECT * FROM events; SELECT * FROM processes; SELECT * FROM commands; SELECT * FROM tree'
	check new_views sqlite3 "$tmp/new_hostile.db" 'SELECT * FROM events; SELECT * FROM processes; SELECT * FROM commands;
		SELECT * FROM tree; SELECT * FROM execs'
	check no_signal_is_null sh -c '[ "$(sqlite3 "$1" "SELECT count(*), count(signal) FROM processes WHERE end_ns")" = "51|1" ]' \
		- "$tmp/new_build.db"
	check view_events sh -c '[ "$(sqlite3 "$1" "SELECT count(*) FROM events")" = "$(($("$2" export "$1" --to ndjson | wc -l) - 1))" ]' - "$build" "$begat"
	check integrity sh -c '[ "$(sqlite3 "$1" "PRAGMA integrity_check")" = ok ]' - "$build"
fi

# --- diff ---
check diff_same sh -c '"$1" diff "$2" "$2" --fail-if "wall > 1%" --fail-if "new exe" >/dev/null' - "$begat" "$build"
"$begat" diff "$build" "$here/storm.db" --fail-if 'new exe' >"$tmp/out" 2>&1
if [ $? = 1 ] && grep -q '^FAIL: new exe: /usr/bin/true is new' "$tmp/out"; then
	ok diff_fail_if
else
	fail diff_fail_if "$(tail -n 1 "$tmp/out")"
fi
check diff_json python3 -c '
import json, subprocess, sys
out = subprocess.run(sys.argv[1:], capture_output=True, check=True).stdout.decode()
rows = [json.loads(line) for line in out.splitlines()]
assert rows[0]["row"] == "total" and rows[0]["count"]["base"]["mean"] == 51
' "$begat" diff "$build" "$hostile" --format json
check diff_html sh -c '"$1" diff "$2" "$3" --format html >"$4" && ! grep -qi "<script\|<img" "$4" && grep -q "Content-Security-Policy" "$4"' - \
	"$begat" "$build" "$hostile" "$tmp/diff.html"
printf '%s\n' 'count(cc1) <= 12 # compilers' '' 'rss < 1GiB' >"$tmp/kept"
printf '%s\n' 'count(cc1) <= 11' >"$tmp/broken"
check budget_kept "$begat" diff --budget "$tmp/kept" "$build"
"$begat" diff --budget "$tmp/broken" "$build" >/dev/null 2>&1
if [ $? = 1 ]; then ok budget_broken; else fail budget_broken "its status is not 1"; fi
# A budget that checks nothing must not be kept.
echo '# later' >"$tmp/empty"
for budget in "$tmp/empty" "$tmp" "$tmp/none"; do
	"$begat" diff --budget "$budget" "$build" >/dev/null 2>"$tmp/said"
	if [ $? = 2 ] && [ "$(wc -l <"$tmp/said")" = 1 ]; then
		ok "budget_refused"
	else
		fail "budget_refused" "it is not refused with one sentence"
	fi
done
# A name that matches nothing is a mistake, not a limit that is kept.
echo 'count(nosuch) <= 40' >"$tmp/typo"
refuse budget_of_nobody 2 "no program 'nosuch' ran" "$begat" diff --budget "$tmp/typo" "$build"
refuse fail_if_of_nobody 2 "no program 'nosuch' ran" "$begat" diff "$build" "$build" \
	--fail-if 'count(nosuch) > 0'
# No output may take the place of what it is made from.
cp "$build" "$tmp/base.db"
cp "$build" "$tmp/other.db"
for output in base.db other.db; do
	"$begat" diff "$tmp/base.db" "$tmp/other.db" -o "$tmp/$output" 2>/dev/null
	if [ $? = 2 ] && cmp -s "$build" "$tmp/$output"; then
		ok "diff_keeps_$output"
	else
		fail "diff_keeps_$output" "it was written over"
	fi
done
"$begat" diff --budget "$tmp/kept" "$build" -o "$tmp/kept" 2>/dev/null
if [ $? = 2 ] && grep -q cc1 "$tmp/kept"; then ok diff_keeps_budget; else fail diff_keeps_budget "it was written over"; fi
# A report of a part says so; a wrong part is a sentence and status 2, and leaves the old report.
part='narrowed to process 1000 and all that it begot; processes with an event that matches exe ~ "*/cc1"'
if "$begat" report "$build" --format text -p 1000 -w 'exe ~ "*/cc1"' | grep -qF "$part: "; then
	ok report_of_a_part
else
	fail report_of_a_part "it does not say '$part'"
fi
for wrong in '--since soon' '--since 10' '--until 2026-02-31' '--since now --until 10m' '-p 0' '-w exxe'; do
	# shellcheck disable=SC2086 # words
	"$begat" report "$build" $wrong -o "$tmp/kept" 2>"$tmp/said"
	if [ $? = 2 ] && grep -q cc1 "$tmp/kept" && [ "$(wc -l <"$tmp/said")" = 1 ]; then
		ok "report_refuses_${wrong%% *}"
	else
		fail "report_refuses_$wrong" "$(cat "$tmp/said")"
	fi
done
# What is private stays private, and a failure leaves the old file.
mode_of() { stat -c %a "$1"; }
cp "$build" "$tmp/private.db"
chmod 600 "$tmp/private.db"
umask 022
for what in 'export --to csv' 'show' 'report --format text' 'report' "diff $tmp/private.db"; do
	echo old >"$tmp/of_private"
	chmod 666 "$tmp/of_private"
	# shellcheck disable=SC2086 # words
	"$begat" $what "$tmp/private.db" -o "$tmp/of_private" 2>/dev/null
	if [ "$(mode_of "$tmp/of_private")" = 600 ] && ! grep -q '^old$' "$tmp/of_private"; then
		ok "private_${what%% *}"
	else
		fail "private_${what%% *}" "mode $(mode_of "$tmp/of_private")"
	fi
	rm -f "$tmp/of_private"
	# shellcheck disable=SC2086 # words
	"$begat" $what "$tmp/private.db" -o "$tmp/of_private" 2>/dev/null
	if [ "$(mode_of "$tmp/of_private")" = 600 ]; then
		ok "new_private_${what%% *}"
	else
		fail "new_private_${what%% *}" "mode $(mode_of "$tmp/of_private")"
	fi
done
# Who may not read the recording may not read what is made of it.
chmod 640 "$tmp/private.db"
"$begat" export --to csv "$tmp/private.db" -o "$tmp/of_group.csv"
check group_stays_group [ "$(mode_of "$tmp/of_group.csv")" = 600 ]
chmod 644 "$tmp/private.db"
rm -f "$tmp/public.csv"
"$begat" export --to csv "$tmp/private.db" -o "$tmp/public.csv"
check public_stays_public [ "$(mode_of "$tmp/public.csv")" = 644 ]
echo old >"$tmp/kept.csv"
(ulimit -f 4; exec "$begat" export --to csv "$build" -o "$tmp/kept.csv") 2>/dev/null
if [ $? = 1 ] && [ "$(cat "$tmp/kept.csv")" = old ] && [ -z "$(find "$tmp" -name '.kept*')" ]; then
	ok failure_keeps_old
else
	fail failure_keeps_old "the old file is gone, or a piece is left"
fi
# Where others can write, they may have prepared the way.
mkdir -m 1777 "$tmp/all"
ln -s "$tmp/public.csv" "$tmp/all/link"
mkfifo "$tmp/all/fifo"
refuse fifo_without_reader 1 'FIFO that no process reads' timeout 10 "$begat" export --to csv "$build" \
	-o "$tmp/all/fifo"
check own_link "$begat" export --to csv "$build" -o "$tmp/all/link"
check own_link_stays [ -L "$tmp/all/link" ]
if [ "$(id -u)" = 0 ]; then
	cp "$tmp/public.csv" "$tmp/victim"
	echo bait >"$tmp/all/theirs"
	ln -s "$tmp/victim" "$tmp/all/their_link"
	chown -h 65534 "$tmp/all/theirs" "$tmp/all/their_link" "$tmp/all/fifo"
	ln "$tmp/victim" "$tmp/all/second"
	refuse their_file 1 'belongs to another user' "$begat" export --to csv "$hostile" -o "$tmp/all/theirs"
	refuse their_link 1 'link of another user' "$begat" export --to csv "$hostile" -o "$tmp/all/their_link"
	refuse second_name 1 'second name' "$begat" export --to csv "$hostile" -o "$tmp/all/second"
	refuse their_fifo 1 'cannot write' timeout 10 "$begat" export --to csv "$build" -o "$tmp/all/fifo"
	check victim_is_whole cmp "$tmp/victim" "$tmp/public.csv"
fi
# Names of descriptors are the descriptors.
check to_dev_stdout sh -c '"$1" export --to csv "$2" -o /dev/stdout | cmp - "$3"' - "$begat" "$build" "$tmp/public.csv"
check to_dev_fd sh -c '"$1" export --to csv "$2" -o /dev/fd/3 3>"$3.3" && cmp "$3.3" "$3"' - "$begat" "$build" "$tmp/public.csv"
# A hundred alike have no spread.
bases=$(for _ in $(seq 100); do echo "--base $build"; done)
# shellcheck disable=SC2086
check alike_are_alike sh -c '! "$@" | grep -E "spread|%"' - "$begat" diff $bases "$build"
# With two recordings nobody knows what is noise, and the table says so.
check noise_unknown sh -c '"$@" | grep -q "^Noise is unknown (marked ?): 1 + 1 recordings"' - \
	"$begat" diff "$build" "$here/storm.db"
check noise_known sh -c '! "$@" | grep -qi "noise is unknown"' - \
	"$begat" diff $bases "$here/storm.db"
check noise_json sh -c '"$@" | head -n 1 | jq -e ".noise_is_known == true"' - \
	"$begat" diff --format json $bases "$here/storm.db"
# What programs are called cannot forge a verdict.
"$begat" diff "$build" "$hostile" --fail-if "$(printf 'cpu([!\033]*) > 1%%')" \
	--fail-if 'new exe' >"$tmp/diff"
if [ $? = 1 ] && ! grep -q "$(printf '\033')" "$tmp/diff"; then
	ok verdict_escapes
else
	fail verdict_escapes "a control character comes through"
fi

# An expression that is probably not meant is said once, before the file and behind it.
for order in before behind; do
	if [ $order = before ]; then set -- -w 'exe == gcc' "$build"; else set -- "$build" -w 'exe == gcc'; fi
	"$begat" show "$@" 2>"$tmp/said" >"$tmp/out"
	if [ "$(grep -c 'has no slash' "$tmp/said")" = 1 ] && grep -q ': 0 of .* matched' "$tmp/said"; then
		ok "suspect_$order"
	else
		fail "suspect_$order" "$(head -n 1 "$tmp/said")"
	fi
done

exit $failed
