#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/endtoend.py - from starting a program to reading its line on the tool's pipe.

usage: endtoend.py [--rounds N] [--count N] [--tools NAME,...]

What a user or a program behind the pipe feels: posix_spawn() begins, the line with the program's
marker is read. Tools take turns in each round; a tool prints at the system call's entry (before the
kernel has done the exec: marked), at the exec's success, or reads /proc after the fact. Tools whose
lines have no arguments are known by the pid in them. execsnoop holds its lines back in a buffer when
it writes into a pipe; "lines" is what it could do.
"""
import argparse
import os
import select
import time

from lib import benchlib as lib

PAUSE = 0.004
GIVE_UP = 2.0

TOOLS = [
    lib.begat("low", "exec"),
    lib.begat("balanced", "exec"),
    lib.begat("batch", "exec"),
    lib.Tool("bpftrace, entry", ["bpftrace", "-e", lib.BPFTRACE_ENTRY],
             note="prints at the call's entry"),
    lib.Tool("bpftrace, exec", ["bpftrace", "-e", lib.BPFTRACE_EXEC], note="no arguments",
             shows="pid"),
    lib.Tool("forkstat", ["forkstat", "-e", "exec", "-l"]),
    lib.Tool("extrace", ["extrace", "-f"]),
    lib.Tool("perf trace", ["perf", "trace", "-a", "-o", "/dev/stdout", "-e", "execve,execveat"],
             shows="load/"),
    lib.Tool("execsnoop, lines", ["stdbuf", "-oL", "execsnoop"], program="execsnoop",
             note="by stdbuf -oL"),
    lib.Tool("execsnoop", ["execsnoop"], note="as it comes"),
]


class Reader:
    """A tool with its stdout on a pipe of ours."""

    def __init__(self, tool):
        self.read, write = os.pipe()
        self.process = lib.subprocess.Popen(tool.argv, stdout=write, stdin=lib.subprocess.DEVNULL,
                                            stderr=lib.subprocess.DEVNULL)
        os.close(write)
        os.set_blocking(self.read, False)
        self.text = b""

    def wait_for(self, word, seconds):
        end = time.monotonic() + seconds
        while word not in self.text:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.read], [], [], left)[0]:
                return None
            data = os.read(self.read, 1 << 16)
            if not data:
                raise RuntimeError("the tool has ended")
            self.text += data
        now = time.perf_counter_ns()
        self.text = self.text[self.text.rindex(word):]
        return now

    def close(self):
        self.process.send_signal(lib.signal.SIGINT)
        try:
            while os.set_blocking(self.read, True) or os.read(self.read, 1 << 16):
                pass
            self.process.wait(10)
        except lib.subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read)


def spawn(word):
    return os.posix_spawn(lib.LOAD, [lib.LOAD, "nothing", word], {})


def mark(tool, pid, word):
    """What is in the tool's line of this process, and in no other line."""
    if tool.shows == "pid":
        return b"%d " % pid
    return b"load/%d" % pid if tool.shows == "load/" else word.encode()


def measure(tool, count, samples):
    reader = Reader(tool)
    try:
        for attempt in range(600):  # until it is up: a tool that buffers needs many lines
            pid = spawn("up")
            os.waitpid(pid, 0)
            if reader.wait_for(mark(tool, pid, "up"), 0.02):
                break
        for i in range(count):
            word = "m%06d" % i
            began = time.perf_counter_ns()
            pid = spawn(word)
            at = reader.wait_for(mark(tool, pid, word), GIVE_UP if i < 20 or samples else 0.05)
            os.waitpid(pid, 0)
            if at:
                samples.append((at - began) / 1000)
            time.sleep(PAUSE)
    finally:
        reader.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--tools")
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    tools = [t for t in TOOLS if not args.tools or
             any(t.name.startswith(w) for w in args.tools.split(","))]
    samples = {t.name: [] for t in tools}
    skipped = {}
    for turn in range(args.rounds):
        for tool in lib.rotated(tools, turn):
            if tool.missing():
                skipped[tool.name] = tool.missing()
                continue
            try:  # one that holds lines back for a tenth of a second is asked less often
                measure(tool, 15 if tool.name == "execsnoop" else args.count, samples[tool.name])
            except RuntimeError as reason:
                skipped[tool.name] = str(reason)
    rows = []
    for tool in tools:
        s = samples[tool.name]
        if not s:
            rows.append([tool.name, "skipped: %s" % skipped.get(tool.name, "nothing seen"), "", "",
                         "", ""])
            continue
        p = [lib.percentile(s, x) for x in (0.5, 0.9, 0.99, 1)]
        rows.append([tool.name] + ["%.0f" % x for x in p] + [len(s), tool.note])
        lib.row("endtoend", tool.name, p50_us=p[0], p90_us=p[1], p99_us=p[2], max_us=p[3],
                count=len(s), at_entry="entry" in tool.note)
    lib.table(["spawn to line, us", "p50", "p90", "p99", "max", "lines", ""],
              [r if len(r) == 7 else r + [""] for r in rows])


if __name__ == "__main__":
    main()
