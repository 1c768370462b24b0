#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/start.py - how long a tool takes to begin and to end.

usage: start.py [--rounds N] [--seconds N] [--tools NAME,...]

First line: from starting the tool to its first line about a process; such processes are started one
after the other meanwhile, so that a figure is late by the life of one. End: from SIGINT to the end of
the tool. Whole: a command that does nothing, run under the tool; execsnoop runs none, so its sum of
both stands there. The floor is begat's own programs, loaded, attached and detached by a loader that
does nothing else.
"""
import argparse
import os
import select
import signal
import subprocess
import sys
import time

from lib import benchlib as lib

GIVE_UP = 20.0
VERIFY = os.path.join(lib.ROOT, lib.BUILD, "tests", "begat-verify")
TOOLS = [
    lib.Tool("begat watch", [lib.BEGAT, "watch", "-q"]),
    lib.Tool("begat watch, JSON", [lib.BEGAT, "watch", "-q", "--format", "json"]),
    lib.Tool("begat watch -e exec", [lib.BEGAT, "watch", "-q", "-e", "exec"]),
    lib.Tool("execsnoop", ["stdbuf", "-oL", "execsnoop"], program="execsnoop"),
    lib.Tool("bpftrace", ["bpftrace", "-e", lib.BPFTRACE_ENTRY]),
]
WHOLE = [
    lib.Tool("begat run -q", [lib.BEGAT, "run", "-q", "--", "true"]),
    lib.Tool("strace -f", ["strace", "-f", "-qq", "-e", "trace=execve", "-o", "/dev/null", "true"]),
    lib.Tool("floor: a bare loader", [VERIFY, "-b", "tracepoint", "-a"], program=VERIFY),
]


def milliseconds(began):
    return 1e3 * (time.perf_counter() - began)


def has_shown(fd, seen):
    """Adds what the tool has written to @seen; has it shown a marker?"""
    while select.select([fd], [], [], 0)[0]:
        data = os.read(fd, 65536)
        if not data:
            sys.exit("start: a tool has ended: %s" % bytes(seen)[-300:])
        seen += data
    return b"bench-start" in seen


def begin_and_end(tool):
    """Milliseconds to the first line, and from the signal to the end."""
    began, seen = time.perf_counter(), bytearray()
    process = subprocess.Popen(tool.argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, preexec_fn=lib.end_with_us)
    fd = process.stdout.fileno()
    while not has_shown(fd, seen):
        if milliseconds(began) > 1e3 * GIVE_UP:
            sys.exit("start: %s has shown nothing in %d s" % (tool.name, GIVE_UP))
        os.waitpid(os.posix_spawn(lib.MARKER, [lib.MARKER, "bench-start"], {},
                                  file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]), 0)
    first = milliseconds(began)
    began = time.perf_counter()
    process.send_signal(signal.SIGINT)
    while os.read(fd, 65536):  # what it still had to say
        pass
    process.wait()
    return first, milliseconds(began)


def whole(tool):
    began = time.perf_counter()
    subprocess.run(tool.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   preexec_fn=lib.end_with_us)
    return milliseconds(began)


def spread(values):
    return "%.0f (%.0f-%.0f)" % (lib.median(values), min(values), max(values)) if values else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=120, help="fewer rounds then")
    parser.add_argument("--tools")
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    tools = lib.select(TOOLS + WHOLE, args.tools)
    first, end, all_of_it, rows = {}, {}, {}, []
    for tool in lib.turns([t for t in tools if not t.missing()], args.rounds, args.seconds):
        if tool in WHOLE:
            all_of_it.setdefault(tool, []).append(whole(tool))
            continue
        begin, stop = begin_and_end(tool)
        first.setdefault(tool, []).append(begin)
        end.setdefault(tool, []).append(stop)
        if tool.name == "execsnoop":
            all_of_it.setdefault(tool, []).append(begin + stop)
    for tool in tools:
        if tool.missing():
            rows.append([tool.name, tool.missing(), "", ""])
            continue
        values = [found.get(tool, []) for found in (first, end, all_of_it)]
        rows.append([tool.name] + [spread(v) for v in values])
        lib.row("start", tool.name, **{key: lib.median(v) for key, v in
                                       zip(("first_ms", "end_ms", "whole_ms"), values) if v})
    lib.table(["milliseconds, median (spread)", "first line", "SIGINT to end", "whole"], rows)


if __name__ == "__main__":
    sys.exit(main())
