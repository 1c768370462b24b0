#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# scripts/check-layers.sh [ROOT] - who may include whom; the table is the architecture.
#
# Prints one line a violation and exits 1 if there is any. A folder may always include itself.
# Words that are not folders: libbpf = <bpf/...>, sqlite = <sqlite3.h>, libc = any other <...>,
# c = headers of ISO C and <sys/types.h> only.

set -eu
cd "${1:-$(dirname "$0")/..}"

# folder         may include
table='
abi
bpf              abi libbpf libc
base             libc
include/begat    c
src/event        base include/begat libc
src/attach       base include/begat src/event src/transport abi libc libbpf
src/transport    base include/begat src/event abi libc libbpf
src/decode       base include/begat src/event abi libc
src/procfs       base include/begat src/event libc
src/proctable    base include/begat src/event libc
src/enrich       base include/begat src/event libc
src/filter       base include/begat src/event libc
src/redact       base include/begat src/event libc
src/sink         base include/begat src/event libc
src/source       base include/begat src/event abi libc src/attach src/transport src/decode
src/tracer       base include/begat src/event libc src/source
src/tracer       src/procfs src/proctable src/enrich src/filter
trace/store/format base include/begat libc
trace/store/read base include/begat libc sqlite trace/store/format
trace/store/write base include/begat libc sqlite trace/store/format trace/store/read
trace/model      base include/begat libc sqlite trace/store/format trace/store/read
trace/replay     base include/begat libc sqlite trace/store/format trace/store/read trace/model
trace/analysis   base include/begat libc trace/store/format trace/model
trace/diff       base include/begat trace/model libc
trace/export     base include/begat libc sqlite trace/store/format trace/store/read trace/model
trace/report     base include/begat libc trace/store/read trace/model trace/analysis
cli              base include/begat libc
'

folders='abi base bpf include/begat src trace cli'
present=
for folder in $folders; do
	[ ! -d "$folder" ] || present="$present $folder"
done
if [ -z "$present" ]; then
	echo "check-layers: none of these is in $(pwd): $folders"
	exit 1
fi

# shellcheck disable=SC2086
find $present -type f \( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.def' \) |
	sort | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
	TABLE="$table" awk '
BEGIN {
	n = split(ENVIRON["TABLE"], lines, "\n")
	for (i = 1; i <= n; i++) {
		words = split(lines[i], word, " ")
		for (j = 2; j <= words; j++) {
			may[word[1], word[j]] = 1
			list[word[1]] = list[word[1]] " " word[j]
		}
		if (words > 0)
			known[word[1]] = 1
	}
	split("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp " \
	      "signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn " \
	      "string tgmath threads time uchar wchar wctype sys/types", names, " ")
	for (i in names)
		is_c[names[i] ".h"] = 1
}

function exists(path,    line, found) {
	found = (getline line < path) >= 0
	close(path)
	return found
}

# The row of the table that a path belongs to.
function folder_of(path,    part) {
	if (path ~ /^include\/begat\//)
		return "include/begat"
	split(path, part, "/")
	if (part[1] == "trace" && part[2] == "store")
		return part[1] "/" part[2] "/" part[3]
	return part[1] == "src" || part[1] == "trace" ? part[1] "/" part[2] : part[1]
}

# A path without its "x/../".
function plain(path) {
	while (sub(/[^\/.][^\/]*\/\.\.\//, "", path))
		;
	return path
}

# What an include line names: a row of the table, or one of its words.
function target_of(file, name, angle,    dir, mine) {
	if (name ~ /^begat\//)
		return "include/begat"
	if (angle) {
		if (name ~ /^bpf\//)
			return "libbpf"
		if (name ~ /^sqlite3/)
			return "sqlite"
		return (name in is_c) ? "c" : "libc"
	}
	dir = file
	sub(/\/[^\/]*$/, "", dir)
	mine = folder_of(file)
	if (name ~ /\.bpf\.o$/ || name ~ /^gen\//) # made by the build
		return mine
	if (exists(dir "/" name))
		return folder_of(plain(dir "/" name))
	if (exists(name))
		return folder_of(name)
	if (exists("src/" name))
		return folder_of("src/" name)
	if (exists("trace/" name))
		return folder_of("trace/" name)
	if (mine == "bpf" && exists("bpf/" name))
		return "bpf"
	return "no file of this tree (" name ")"
}

{
	file = $0
	sub(/:.*/, "", file)
	line = $0
	sub(/^[^:]*:/, "", line)
	number = line
	sub(/:.*/, "", number)
	if (!match(line, /[<"][^>"]*[>"]/)) {
		printf "%s:%s: include of something that is not a name\n", file, number
		bad++
		next
	}
	name = substr(line, RSTART + 1, RLENGTH - 2)
	angle = substr(line, RSTART, 1) == "<"
	mine = folder_of(file)
	target = target_of(file, name, angle)
	seen++
	if (!(mine in known)) {
		printf "%s:%s: folder %s has no row in the table of check-layers.sh\n",
			file, number, mine
		bad++
	} else if (target != mine && !((mine, target) in may) &&
		   !(target == "c" && (mine, "libc") in may)) {
		printf "%s:%s: includes %s (%s); %s may include only: itself%s\n",
			file, number, name, target, mine, list[mine]
		bad++
	}
}
END {
	if (seen == 0)
		print "check-layers: no include line was found: wrong folder?"
	exit bad > 0 || seen == 0
}'

# strchr(set, 0) is true: bytes of traced processes go through byte_is_one_of().
# shellcheck disable=SC2086
if grep -rnE 'strchr\("' $present --include='*.[ch]'; then
	echo "check-layers: strchr() takes NUL for a member of the set: use byte_is_one_of()"
	exit 1
fi
