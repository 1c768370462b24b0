#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/storm.py - processes as fast as the machine can, under each tool in turn.

usage: storm.py [--rounds N] [--tools NAME,...] [--kind spawn1,spawn2,spawn8,fail1,failall]

A round of a tool is: the load alone, the load under the tool, the load alone. The slow-down is
the middle one against the mean of the others, by the clock, and of the CPU time that the load took
(the hooks run in it); the figures are medians of the rounds. Tools take turns within each round.
Seen: events of the load in the tool's output, against those that there were.
"""
import argparse
import os
import re

from lib import benchlib as lib

SPAWN_COUNT = 1500
FAIL_COUNT = 60000

SPAWN_TOOLS = [
    lib.begat("low", "fork,exec,exit"),
    lib.begat("balanced", "fork,exec,exit"),
    lib.begat("batch", "fork,exec,exit"),
    lib.Tool("execsnoop", ["execsnoop"]),
    lib.Tool("bpftrace", ["bpftrace", "-e", lib.BPFTRACE_ENTRY]),
    lib.Tool("bpftrace life", ["bpftrace", "-e", lib.BPFTRACE_LIFE]),
    lib.Tool("forkstat", ["forkstat", "-e", "fork,exec,exit", "-l"]),
    lib.Tool("extrace", ["extrace", "-f"]),
]
FAIL_TOOLS = [
    lib.begat("low", "exec_failed"),
    lib.begat("balanced", "exec_failed"),
    lib.begat("batch", "exec_failed"),
    lib.begat("balanced", "exec_failed", "--fold-failures"),
    lib.Tool("execsnoop -x", ["execsnoop", "-x"]),
    lib.Tool("bpftrace", ["bpftrace", "-e", lib.BPFTRACE_FAILED]),
]
FAIL_TOOLS[3].name = "begat balanced, folded"


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
    """strace starts what it traces: no attaching, no readiness to wait for."""
    out = lib.subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve,execveat", "-o", "/dev/shm/strace.%d"
                              % os.getpid(), lib.LOAD, kind, str(jobs), str(count)],
                             capture_output=True, check=True)
    path = "/dev/shm/strace.%d" % os.getpid()
    with open(path, errors="replace") as f:
        seen = sum(1 for line in f if ("nothing" in line or "/nonexistent/bin/cc" in line)
                   and "resumed" not in line)
    os.unlink(path)
    return tuple(map(int, out.stdout.split())), seen


def count_seen(kind, tool, text):
    """Events of the load. JSON: by type; others by what their lines say of the load."""
    if tool.name.startswith("begat"):
        if kind == "fail":
            lines = [l for l in text.splitlines() if "/nonexistent/bin/cc" in l]
            return sum(1 + int((re.search(r'"repeats":(\d+)', l) or [0, 0])[1]) for l in lines)
        return sum('"event":"exec",' in l and '"nothing"' in l for l in text.splitlines())
    if kind == "fail":
        return text.count("/nonexistent/bin/cc") or text.count("no-such-file.c")
    return sum("nothing" in l and " exit " not in l for l in text.splitlines())


def lost_of(text):
    """What begat itself says it lost: from its summary."""
    for line in reversed(text.splitlines()):
        if '"event":"summary"' in line:
            found = re.search(r'"lost":\{([^}]*)\}', line)
            return sum(int(n) for n in re.findall(r":(\d+)", found[1])) if found else 0
    return None


def compare(result, count, before, under, after):
    result["ratio"].append(under[0] * 2 / (before[0] + after[0]))
    result["cpu_ratio"].append(under[1] * 2 / (before[1] + after[1]))
    result["rate"].append(count * 1e9 / under[0])
    result["bare"].append(count * 2e9 / (before[0] + after[0]))


def measure(tool, kind, jobs, count, result):
    before = lib.run_load(kind, jobs, count)
    tool.start(attempt=kind == "fail")
    cpu, began = tool.cpu(), lib.time.monotonic()
    under = lib.run_load(kind, jobs, count)
    wall = lib.time.monotonic() - began
    lib.time.sleep(0.3)  # what a tool does behind the load is its own too
    result["cpu"].append((tool.cpu() - cpu) / wall)
    result["rss"].append(tool.rss())
    text = tool.stop()
    after = lib.run_load(kind, jobs, count)
    compare(result, jobs * count, before, under, after)
    result["seen"].append(count_seen(kind, tool, text) / (jobs * count))
    lost = lost_of(text)
    if lost is not None:
        result["lost"].append(lost)
        result["unaccounted"].append(jobs * count - count_seen(kind, tool, text) - lost)


def measure_strace(kind, jobs, count, result):
    count = max(count // 10, 1)  # a tenth: it is that slow
    before = lib.run_load(kind, jobs, count)
    under, seen = strace(kind, jobs, count)
    after = lib.run_load(kind, jobs, count)
    compare(result, jobs * count, before, under, after)
    result["seen"].append(min(seen / (jobs * count), 1))


def show(name, results):
    rows = []
    for tool, r in results.items():
        if not r["ratio"]:
            rows.append([tool, r["skipped"]] + [""] * 8)
            continue
        med = {k: lib.median(v) for k, v in r.items() if isinstance(v, list) and v}
        rows.append([tool, "%.3fx" % med["ratio"],
                     "%.3fx" % med["cpu_ratio"], "%.0f" % med["bare"], "%.0f" % med["rate"],
                     "%.1f%%" % (100 * med["seen"]),
                     "%d" % max(r["lost"]) if r["lost"] else "not told",
                     "%d" % max(r["unaccounted"], key=abs) if r["unaccounted"] else "-",
                     "%.0f%%" % (100 * med["cpu"]) if "cpu" in med else "-",
                     "%.0f MB" % med["rss"] if "rss" in med else "-"])
        lib.row("storm", tool, kind=name, rounds=len(r["ratio"]),
                **{k: round(v, 4) for k, v in med.items()})
    print("\n%s: %s" % (name, " ".join(map(str, kinds()[name]))))
    lib.table(["tool", "slow-down", "of CPU", "bare/s", "under/s", "seen", "lost", "unaccounted", "CPU",
               "RSS"], rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tools", help="only these (by the start of their names)")
    parser.add_argument("--kind", default=",".join(kinds()))
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    for name in args.kind.split(","):
        kind, jobs, count = kinds()[name]
        tools = (FAIL_TOOLS if kind == "fail" else SPAWN_TOOLS) + [lib.Tool("strace -f", ["strace"])]
        wanted = [t for t in tools if not args.tools or
                  any(t.name.startswith(w) for w in args.tools.split(","))]
        results = {t.name: {k: [] for k in ("ratio", "cpu_ratio", "bare", "rate", "seen", "lost", "unaccounted",
                                            "cpu", "rss")} for t in wanted}
        for _ in range(args.rounds):
            for tool in wanted:
                result = results[tool.name]
                result["skipped"] = result.get("skipped") or tool.missing()
                if result["skipped"]:
                    continue
                try:
                    if tool.name == "strace -f":
                        measure_strace(kind, jobs, count, result)
                    else:
                        measure(tool, kind, jobs, count, result)
                except RuntimeError as reason:
                    result["skipped"] = "skipped: %s" % reason
        show(name, results)


if __name__ == "__main__":
    main()
