#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/storm.py - processes as fast as the machine can, under each tool in turn.

usage: storm.py [--rounds N] [--seconds N] [--tools NAME,...] [--kind spawn1,spawn2,spawn8,fail1,failall]

A round of a tool is: the load alone, the load under the tool, the load alone. The slow-down is
the middle one against the mean of the others, by the clock, and of the CPU time that the load took
(the hooks run in it); the figures are medians of the rounds, the spread is their least and largest.
Tools take turns within each round, so that a slow minute of the machine is so for all.
Seen: events of the load in the tool's output (its execs, or its failures), against those that there
were. Unaccounted, for begat: what is neither seen nor counted as lost, of forks, execs and exits; or
of failures. Below 0: others on this machine lost events too.
The floors (bench/floor.c) do nothing, or send a record, on the hooks that begat uses.
"""
import argparse
import json
import os
import re
import select

from lib import benchlib as lib

SPAWN_COUNT = 1500
FAIL_COUNT = 60000
FIGURES = ("ratio", "cpu_ratio", "bare", "rate", "seen", "lost", "unaccounted", "cpu", "rss")
BARE_FAILS = 5  # bare, a failing exec takes a microsecond: so many times more, to be long enough

SPAWN_TOOLS = [
    lib.begat("low", "fork,exec,exit"),
    lib.begat("balanced", "fork,exec,exit"),
    lib.begat("batch", "fork,exec,exit"),
    *lib.life_peers(),
    *lib.floors(),
]
FAIL_TOOLS = [
    lib.begat("low", "exec_failed"),
    lib.begat("balanced", "exec_failed"),
    lib.begat("batch", "exec_failed"),
    lib.begat("balanced", "exec_failed", "--fold-failures", name="begat balanced, folded"),
    lib.Tool("execsnoop -x", ["execsnoop", "-x"]),
    lib.Tool("bpftrace", ["bpftrace", "-e", lib.BPFTRACE_FAILED]),
    lib.perf_trace(shows=b"execve"),
    lib.Tool("strace -f", lib.STRACE, wraps=True),
    *lib.floors(),
]


def kinds():
    cpus = os.cpu_count()
    return {
        "spawn1": ("spawn", 1, SPAWN_COUNT),
        "spawn2": ("spawn", 2, SPAWN_COUNT),
        "spawn8": ("spawn", 8, SPAWN_COUNT // 4),
        "fail1": ("fail", 1, FAIL_COUNT),
        "failall": ("fail", cpus, FAIL_COUNT),
    }


def strace(kind, jobs, count):
    """(times of the load, events seen, its own CPU share, its memory). Nothing to wait for: it starts the load."""
    path = "/dev/shm/strace.%d" % os.getpid()
    began = lib.time.monotonic()
    process = lib.subprocess.Popen([*lib.STRACE, path, lib.LOAD, kind, str(jobs), str(count)],
                                   stdout=lib.subprocess.PIPE)
    rss = 0
    while not select.select([process.stdout], [], [], 0.02)[0]:
        rss = lib.rss_megabytes(process.pid)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = lib.time.monotonic() - began
    with open(path, errors="replace") as f:
        seen = sum(1 for line in f if ("nothing" in line or "/nonexistent/bin/cc" in line)
                   and "resumed" not in line)
    os.unlink(path)
    if process.returncode:
        raise RuntimeError("strace ended with %d" % process.returncode)
    under = tuple(map(int, out.split()))
    cpu = max(usage.ru_utime + usage.ru_stime - under[1] / 1e9, 0)  # what it waited for is in there
    return under, seen, cpu / wall, rss


def begat_seen(kind, text):
    """(execs or failures of the load, what is not accounted for). By its own lines and summary."""
    if kind == "fail":
        lines = [l for l in text.splitlines() if "/nonexistent/bin/cc" in l]
        seen = sum(1 + int((re.search(r'"repeats":(\d+)', l) or [0, 0])[1]) for l in lines)
        return seen, seen
    found = {"fork": set(), "exec": set(), "exit": set()}
    for line in text.splitlines():
        event = json.loads(line)
        if event["event"] == "exec" and event["argv"][1:2] == ["nothing"]:
            found["exec"].add(event["id"])
        elif event["event"] in ("fork", "exit"):
            found[event["event"]].add(event["id"])
    execs = found["exec"]
    return len(execs), len(execs) + len(execs & found["fork"]) + len(execs & found["exit"])


def peer_seen(kind, tool, text):
    """Events of the load, by what the lines say of it."""
    floor = re.search(r"execs (\d+) failed (\d+)", text)
    if floor:
        return int(floor[2 if kind == "fail" else 1])
    if tool.name == "perf trace":
        return sum("load/" in l and "execve(" in l and ("= -1" in l) == (kind == "fail")
                   for l in text.splitlines())
    if tool.name == "exitsnoop":
        return sum(l.startswith("load ") for l in text.splitlines())
    if kind == "fail":
        return text.count("/nonexistent/bin/cc") or text.count("no-such-file.c")
    return sum("nothing" in l and " exit " not in l for l in text.splitlines())


def lost_of(kind, text):
    """What the tool itself says it lost of such events; None: it does not say."""
    for line in reversed(text.splitlines()):
        if '"event":"summary"' in line:
            lost = json.loads(line)["lost"]
            return lost["exec_failed"] if kind == "fail" else \
                lost["fork"] + lost["exec"] + lost["exit"]
        if re.match(r"forks \d+ execs", line):
            return int(line.split()[-1])
    return None


def run_bare(kind, jobs, count):
    """As lib.run_load(), for @count of each job."""
    more = BARE_FAILS if kind == "fail" else 1
    return tuple(ns / more for ns in lib.run_load(kind, jobs, count * more))


def compare(result, count, before, under, after):
    result["ratio"].append(under[0] * 2 / (before[0] + after[0]))
    result["cpu_ratio"].append(under[1] * 2 / (before[1] + after[1]))
    result["rate"].append(count * 1e9 / under[0])
    result["bare"].append(count * 2e9 / (before[0] + after[0]))


def measure(tool, kind, jobs, count, result):
    before = run_bare(kind, jobs, count)
    tool.start(attempt=kind == "fail")
    cpu, began = tool.cpu(), lib.time.monotonic()
    under = lib.run_load(kind, jobs, count)
    wall = lib.time.monotonic() - began
    lib.time.sleep(0.3)  # what a tool does behind the load is its own too
    result["cpu"].append((tool.cpu() - cpu) / wall)
    result["rss"].append(tool.rss())
    text = tool.stop()
    after = run_bare(kind, jobs, count)
    total = jobs * count
    compare(result, total, before, under, after)
    lost = lost_of(kind, text)
    if lost is not None:
        result["lost"].append(lost)
    if tool.program == lib.BEGAT:
        seen, all_seen = begat_seen(kind, text)
        result["unaccounted"].append((1 if kind == "fail" else 3) * total - all_seen - lost)
    else:
        seen = min(peer_seen(kind, tool, text), total)
    result["seen"].append(seen / total)


def measure_strace(tool, kind, jobs, count, result):
    count = max(count // 10, 1)  # a tenth: it is that slow
    before = run_bare(kind, jobs, count)
    under, seen, cpu, rss = strace(kind, jobs, count)
    after = run_bare(kind, jobs, count)
    compare(result, jobs * count, before, under, after)
    result["seen"].append(min(seen / (jobs * count), 1))
    result["cpu"].append(cpu)
    result["rss"].append(rss)


def show(name, results, scale):
    rows, skipped = [], []
    for tool, r in results.items():
        if not r["ratio"]:
            skipped.append("%s: %s" % (tool, r["skipped"] or "skipped: there was no time for it"))
            continue
        med = {k: lib.median(v) for k, v in r.items() if isinstance(v, list) and v}
        rows.append([tool, "%.3fx" % med["ratio"],
                     "%.2f-%.2f" % (min(r["ratio"]), max(r["ratio"])), "%.3fx" % med["cpu_ratio"], "%.0f" % med["bare"], "%.0f" % med["rate"],
                     "%.1f%%" % (100 * med["seen"]),
                     "%d" % max(r["lost"]) if r["lost"] else "not told",
                     "%d" % max(r["unaccounted"], key=abs) if r["unaccounted"] else "-",
                     "%.0f%%" % (100 * med["cpu"]) if "cpu" in med else "-",
                     "%.0f MB" % med["rss"] if "rss" in med else "-"])
        lib.row("storm", tool, kind=name, rounds=len(r["ratio"]), ratio_min=min(r["ratio"]),
                ratio_max=max(r["ratio"]), **{k: round(v, 4) for k, v in med.items()})
    kind, jobs, count = kinds()[name]
    rounds = max(len(r["ratio"]) for r in results.values())
    print("\n%s: %s, %d job%s of %d, %d round%s at most" %
          (name, kind, jobs, "s" if jobs > 1 else "", count * scale, rounds, "s" if rounds > 1 else ""))
    lib.table(["tool", "slow-down", "spread", "of CPU", "bare/s", "under/s", "seen", "lost", "unaccounted", "CPU",
               "RSS"], rows)
    for line in skipped:
        print(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=120, help="for each kind; fewer rounds then")
    parser.add_argument("--tools", help="only these (by the start of their names)")
    parser.add_argument("--scale", type=float, default=1, help="so many times the processes")
    parser.add_argument("--kind", default=",".join(kinds()))
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    for name in args.kind.split(","):
        if name not in kinds():
            parser.error("there is no kind %s; there are %s" % (name, ", ".join(kinds())))
    for name in args.kind.split(","):
        kind, jobs, count = kinds()[name]
        count = max(int(count * args.scale), 10)
        wanted = lib.select(FAIL_TOOLS if kind == "fail" else SPAWN_TOOLS, args.tools)
        results = {t.name: {"skipped": t.missing(), **{k: [] for k in FIGURES}} for t in wanted}
        for tool in lib.turns(wanted, args.rounds, args.seconds):
            result = results[tool.name]
            if result["skipped"]:
                continue
            try:
                (measure_strace if tool.wraps else measure)(tool, kind, jobs, count, result)
            except RuntimeError as reason:
                result["skipped"] = "skipped: %s" % reason
        show(name, results, args.scale)


if __name__ == "__main__":
    main()
