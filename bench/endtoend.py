#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/endtoend.py - from starting a program to reading its line on the tool's pipe.

usage: endtoend.py [--rounds N] [--count N] [--seconds N] [--tools NAME,...]

What a user or a program behind the pipe feels: posix_spawn() begins, the line with the program's
marker is read. Tools take turns in each round; a tool prints at the system call's entry (before the
kernel has done the exec: marked), at the exec's success, at its exit, or reads /proc after the fact.
Tools whose lines have no arguments are known by the pid in them. execsnoop and exitsnoop hold their
lines back in a buffer when they write into a pipe; "lines" is what they could do. strace prints a line
in two halves if another process comes between: the half at the entry has the arguments.
"""
import argparse
import os
import select
import time

from lib import benchlib as lib

PAUSE = 0.004
GIVE_UP = 2.0
TURN = 6.0  # seconds: a tool that holds lines back is asked less often

ENTRY = "prints at the call's entry"
TOOLS = [
    lib.begat("low", "exec"),
    lib.begat("balanced", "exec"),
    lib.begat("batch", "exec"),
    lib.Tool("bpftrace, entry", ["bpftrace", "-e", lib.BPFTRACE_ENTRY], note=ENTRY),
    lib.Tool("bpftrace, exec", ["bpftrace", "-e", lib.BPFTRACE_EXEC], note="no arguments",
             shows="pid"),
    lib.Tool("forkstat", ["forkstat", "-e", "exec", "-l"], note="reads /proc after it"),
    lib.Tool("extrace", ["extrace", "-f"], note="reads /proc after it"),
    lib.Tool("perf trace", ["perf", "trace", "-a", "-o", "/dev/stdout", "-e", "execve,execveat"],
             shows="load/", note="no arguments"),
    lib.Tool("execsnoop, lines", ["stdbuf", "-oL", "execsnoop"], program="execsnoop",
             note="by stdbuf -oL"),
    lib.Tool("execsnoop", ["execsnoop"], note="as it comes"),
    lib.Tool("exitsnoop, lines", ["stdbuf", "-oL", "exitsnoop"], program="exitsnoop", shows="pid",
             note="prints at the exit; by stdbuf -oL"),
    lib.Tool("strace -f", [*lib.STRACE, "/dev/stdout"], wraps=True, note=ENTRY),
]

# What strace starts, because it traces what it starts: spawns for each word, and tells when and whom.
SPAWNER = r"""
import os, sys, time
for word in sys.stdin:
    began = time.perf_counter_ns()
    pid = os.posix_spawn(sys.argv[1], [sys.argv[1], "nothing", word.strip()], {})
    os.write(int(sys.argv[2]), b"%d %d\n" % (began, pid))
    os.waitpid(pid, 0)
"""


class Reader:
    """A tool with its stdout on a pipe of ours."""

    def __init__(self, tool):
        self.read, write = os.pipe()
        self.told = None
        more, passed, stdin = [], [], lib.subprocess.DEVNULL
        if tool.wraps:
            told, tell = os.pipe()
            self.told = os.fdopen(told)
            more = [lib.sys.executable, "-c", SPAWNER, lib.LOAD, str(tell)]
            passed, stdin = [tell], lib.subprocess.PIPE
        self.process = lib.subprocess.Popen(tool.argv + more, stdout=write, stdin=stdin,
                                            stderr=lib.subprocess.DEVNULL, pass_fds=passed,
                                            preexec_fn=lib.end_with_us)
        for fd in (write, *passed):
            os.close(fd)
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

    def spawn(self, word):
        """(when it began, its pid)"""
        if self.told:
            self.process.stdin.write(word.encode() + b"\n")
            self.process.stdin.flush()
            words = self.told.readline().split()
            if not words:
                raise RuntimeError("the tool has ended")
            return int(words[0]), int(words[1])
        began = time.perf_counter_ns()
        return began, os.posix_spawn(lib.LOAD, [lib.LOAD, "nothing", word], {})

    def reap(self, pid):
        if not self.told:
            os.waitpid(pid, 0)

    def close(self):
        if self.told:  # the spawner ends, and with it who traces it
            self.process.stdin.close()
            self.told.close()
        else:
            self.process.send_signal(lib.signal.SIGINT)
        try:
            while os.set_blocking(self.read, True) or os.read(self.read, 1 << 16):
                pass
            self.process.wait(10)
        except lib.subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read)


def mark(tool, pid, word):
    """What is in the tool's line of this process, and in no other line."""
    if tool.shows == "pid":
        return b"%d " % pid
    return b"load/%d" % pid if tool.shows == "load/" else word.encode()


def measure(tool, count, samples):
    reader = Reader(tool)
    try:
        for attempt in range(600):  # until it is up: a tool that buffers needs many lines
            _, pid = reader.spawn("up")
            reader.reap(pid)
            if reader.wait_for(mark(tool, pid, "up"), 0.02):
                break
        end = time.monotonic() + TURN
        for i in range(count):
            word = "m%06d" % i
            began, pid = reader.spawn(word)
            at = reader.wait_for(mark(tool, pid, word), GIVE_UP if i < 20 or samples else 0.05)
            reader.reap(pid)
            if at:
                samples.append((at - began) / 1000)
            if time.monotonic() > end:
                break
            time.sleep(PAUSE)
    finally:
        reader.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=240, help="fewer rounds then")
    parser.add_argument("--tools")
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    tools = lib.select(TOOLS, args.tools)
    samples = {t.name: [] for t in tools}
    skipped = {t.name: t.missing() for t in tools}
    for tool in lib.turns(tools, args.rounds, args.seconds):
        if skipped[tool.name]:
            continue
        try:
            measure(tool, args.count, samples[tool.name])
        except (RuntimeError, OSError) as reason:
            skipped[tool.name] = "skipped: %s" % reason
    rows = []
    for tool in tools:
        s = samples[tool.name]
        if not s:
            rows.append([tool.name, skipped[tool.name] or "nothing seen", "", "", "", "", ""])
            continue
        p = [lib.percentile(s, x) for x in (0.5, 0.9, 0.99, 1)]
        rows.append([tool.name] + ["%.0f" % x for x in p] + [len(s), tool.note])
        lib.row("endtoend", tool.name, p50_us=p[0], p90_us=p[1], p99_us=p[2], max_us=p[3],
                count=len(s), at_entry=tool.note == ENTRY)
    lib.table(["spawn to line, us", "p50", "p90", "p99", "max", "lines", ""], rows)


if __name__ == "__main__":
    main()
