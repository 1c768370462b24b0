#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check-names.py - every function(), struct.member and file that prose names exists.

A function exists if its name is a word of some code, or stands in OUTSIDE below: functions of the
kernel and of libraries that no code here calls. A member is looked for where the word before the
dot is a struct of ours, with or without begat_ before it; in documents, where JSON and SQL have such
names too, only with it. A file exists if the end of some path here is its name. Prose is comments, .md
and .scd; CHANGELOG.md may name what is gone.
"""
import os
import re
import subprocess
import sys

OUTSIDE = {
    "__bpf_ringbuf_reserve", "bpf_d_path", "bpf_prog_test_run", "bpf_ringbuf_commit",
    "bpf_send_signal_task", "copy_process", "cputime_adjust", "d_path", "exit_notify",
    "irq_work_queue", "release_task", "rt_sigqueueinfo",
}
OUTSIDE_MEMBERS = {("kernfs_node", "parent"), ("trace", "begin_ns")}
# Made by the build, of other projects, or of an example.
OUTSIDE_FILES = {
    "bpf/hooks/fentry.bpf.c", "kernel/events/ring_buffer.c", "kernel/exit.c", "kernel/fork.c", "lapi.c", "linux/magic.h", "meanings.def", "part2.c", "program.c",
    "tmpwatch.c", "lostrun.sh", "src/attach/fentry.c",
    "tools/testing/selftests/bpf/benchs/run_bench_ringbufs.sh",
}
# "config.bpf.c", "file.path": what follows such a dot names a file, or a field of somebody's JSON.
FILES = re.compile(r"\.(?:bpf\.[co]|[chS]|o|so|def|md|sh|py|mk|db|json|html|js|mjs|txt|map|\d)\b")
TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|[^/"\']+|.', re.S)
CALL = re.compile(r"(?<![\w.-])([A-Za-z_]\w*)\(\)")
MEMBER = re.compile(r"(?<![\w./-])(\w+)\.(\w+)\b(?![\w/(])")
FILE = re.compile(r"(?<![\w<./-])((?:[\w-]+/)*[\w-]+\.(?:bpf\.c|c|h|def|sh|py|mk|md))\b(?![\w/.-])")
STRUCT = re.compile(r"\bstruct\s+(\w+)\s*\{")
DECLARED = re.compile(r"\b(\w+)\s*(?:\[[^\]]*\]\s*)*(?::\s*\d+\s*)?[;,]|\(\*(\w+)\)")


def split(text):
    """Code without strings, and the comments with their places."""
    code, comments = [], []
    for match in TOKEN.finditer(text):
        token = match.group()
        if token.startswith(("/*", "//")):
            comments.append((match.start(), token))
            code.append(" ")
        else:
            code.append(" " if token.startswith(('"', "'")) else token)
    return "".join(code), comments


def bodies(code):
    """Name and inside of each struct, those within others too."""
    for match in STRUCT.finditer(code):
        depth, at = 1, match.end()
        while depth and at < len(code):
            depth += (code[at] == "{") - (code[at] == "}")
            at += 1
        yield match.group(1), code[match.end():at]


class Names:
    def __init__(self, files):
        self.words = set(OUTSIDE)
        self.structs = {}
        self.prose = []  # file, line, text
        self.files = files

    def add(self, name):
        with open(name, errors="replace") as file:
            text = file.read()
        if name.endswith((".c", ".h", ".def", ".S")):
            code, comments = split(text)
            self.words.update(re.findall(r"[A-Za-z_]\w*", code))
            for struct, body in bodies(code):
                members = {a or b for a, b in DECLARED.findall(body)}
                self.structs.setdefault(struct, set()).update(members)
            self.prose += [(name, text.count("\n", 0, at) + 1, part) for at, part in comments]
        elif name.endswith((".md", ".scd")) and name != "CHANGELOG.md":
            self.prose.append((name, 1, text))
        else:
            self.words.update(re.findall(r"[A-Za-z_]\w*", text))

    def is_member(self, struct, member, is_document):
        if is_document and not struct.startswith("begat_"):
            return True
        for tag in (struct, "begat_" + struct, "bpf_" + struct):
            if tag in self.structs and member in self.structs[tag]:
                return True
        return not any(tag in self.structs for tag in (struct, "begat_" + struct))

    def is_file(self, path):
        if path in OUTSIDE_FILES or re.search("NAME|EVENT", path):
            return True
        return any(("/" + file).endswith("/" + path) for file in self.files)

    def wrong(self, name, text):
        for match in FILE.finditer(text):
            if not self.is_file(match.group()):
                yield match.start(), match.group()
        for match in CALL.finditer(text):
            if match.group(1) not in self.words:
                yield match.start(), match.group()
        for match in MEMBER.finditer(text):
            if FILES.match(text, match.start(2) - 1) or match.groups() in OUTSIDE_MEMBERS:
                continue
            if not self.is_member(*match.groups(), not name.endswith((".c", ".h", ".def", ".S"))):
                yield match.start(), match.group()


def main():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True, text=True)
    names, count = Names([name for name in listed.stdout.split() if os.path.exists(name)]), 0
    for name in names.files:
        if not re.search(r"\.(png|ico|db|gz|lock|bin)$|package-lock|/dist/|/records/", name):
            names.add(name)
    for name, line, text in names.prose:
        for at, what in names.wrong(name, text):
            print(f"check-names: {name}:{line + text.count(chr(10), 0, at)}: {what} does not exist")
            count += 1
    sys.exit(count > 0)


main()
