#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""compare_strace.py EVENTS PREFIX - begat's events against strace -ff -xx -v of the same processes.

For each process that strace saw: the sequence of (file name, argv, result) of its execs, and how it
ended, must be the same; a process that begat saw and strace did not is an error too (but for
strace itself). Both watched the same run, so that pids are the same.
"""
import base64
import glob
import json
import re
import sys

HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
CALL = re.compile(r'^execve(at)?\((.*)\)\s+= (-?\d+)(?: (E\w+))?')


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def parse_call(line):
    """(file name, argv, result) of one line of strace; None if it is not a whole exec."""
    match = CALL.match(line)
    if not match:
        return None
    body = match.group(2)
    if match.group(1):
        body = body[body.index(",") + 1:]
    name = HEX.search(body)
    start = body.index("[", name.end()) + 1
    argv = HEX.findall(body[start:body.index("]", start)])
    return unhex(name.group(1)), [unhex(a) for a in argv], match.group(4) or "ok"


def read_strace(prefix):
    execs, ends = {}, {}
    for path in glob.glob(prefix + ".*"):
        pid = int(path.rsplit(".", 1)[1])
        for line in open(path):
            call = parse_call(line)
            if call:
                execs.setdefault(pid, []).append(call)
            end = re.match(r"\+\+\+ (?:exited with (\d+)|killed by (\w+))", line)
            if end:
                ends[pid] = int(end.group(1)) if end.group(1) else end.group(2)
    return execs, ends


def exact(event, key):
    exact_key = key + "_b64"
    if exact_key in event:
        value = event[exact_key]
        if isinstance(value, list):
            return [base64.b64decode(v) for v in value]
        return base64.b64decode(value)
    value = event[key]
    return [v.encode() for v in value] if isinstance(value, list) else value.encode()


def read_begat(path):
    execs, ends, images = {}, {}, {}
    for line in open(path, encoding="utf-8"):
        event = json.loads(line)
        kind, pid = event["event"], event.get("pid")
        if kind in ("exec", "exec_failed"):
            result = event["errno"] if kind == "exec_failed" else "ok"
            execs.setdefault(pid, []).append((exact(event, "filename"), exact(event, "argv"), result))
            if kind == "exec":
                images[pid] = event.get("comm")
        elif kind == "exit":
            ends[pid] = event["signal"] if event.get("signal") else event["exit_code"]
    return execs, ends, images


def main():
    execs, ends, images = read_begat(sys.argv[1])
    their_execs, their_ends = read_strace(sys.argv[2])
    bad = 0
    strace = {pid for pid, comm in images.items() if comm == "strace"}
    # strace looks for make itself, and forks a few helpers of its own before it traces.
    ours = {pid for pid in ends if pid not in strace and (pid in their_ends or execs.get(pid))}
    for pid in sorted(ours | set(their_ends) - strace):
        if pid not in their_ends or pid not in ends:
            print(f"pid {pid}: begat {'saw' if pid in ends else 'did not see'} its end, strace "
                  f"{'did' if pid in their_ends else 'did not'}")
            bad += 1
        elif ends[pid] != their_ends[pid]:
            print(f"pid {pid}: begat says it ended with {ends[pid]}, strace {their_ends[pid]}")
            bad += 1
        mine, theirs = execs.get(pid, []), their_execs.get(pid, [])
        # A script's argv is rewritten by the kernel: begat tells what the program got.
        if [(n, r) for n, _, r in mine] != [(n, r) for n, _, r in theirs]:
            print(f"pid {pid}: begat {mine}\n     strace {theirs}")
            bad += 1
            continue
        for (name, argv, result), (_, their_argv, _) in zip(mine, theirs):
            if argv != their_argv and argv[-len(their_argv) + 1:] != their_argv[1:]:
                print(f"pid {pid}: {name}: argv {argv}, strace {their_argv}")
                bad += 1
    count = sum(len(calls) for calls in their_execs.values())
    print(f"{len(their_ends)} processes, {count} execs, {bad} differ")
    return bad > 0 or count < 20


sys.exit(main())
