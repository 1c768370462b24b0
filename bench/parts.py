#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/parts.py - a part of `begat bench`, several times, and where others can do the same, the peers.

usage: parts.py latency|hooks|memory|idle|start [--rounds N] [--seconds N] [--tools NAME,...]

What is measured, and how, is in cli/bench/: here are medians and rows. Beside "idle": what begat and
its peers take of a CPU, and of memory, at 1,000 processes a second, which all of them write as text.
"""
import argparse
import json
import subprocess
import sys
import time

from lib import benchlib as lib

PARTS = ("latency", "hooks", "memory", "idle", "start")
UNITS = {"ns": (1e-3, "us"), "ratio": (1, "x"), "percent": (1, "%"), "bytes": (1, "bytes"), "count": (1, "")}
PACED_COUNT, PACED_US = 5000, 1000


def run_part(part):
    """The verdicts of one run."""
    out = subprocess.run([lib.BEGAT, "bench", part, "--quiet", "--format", "json"],
                         stdout=subprocess.PIPE, check=True, text=True, preexec_fn=lib.end_with_us)
    lines = [json.loads(line) for line in out.stdout.splitlines()]
    return [line for line in lines if "value" in line]


def show_part(part, rounds, seconds):
    verdicts, began, done = {}, time.monotonic(), 0
    while done < rounds and (time.monotonic() - began) * (done + 1) <= seconds * max(done, 1):
        for verdict in run_part(part):
            verdicts.setdefault(verdict["name"], []).append(verdict)
        done += 1
    rows = []
    for name, found in verdicts.items():
        factor, unit = UNITS[found[0]["unit"]]
        values = [v["value"] * factor for v in found]
        low, middle, high = min(values), lib.median(values), max(values)
        bar = found[0].get("bar")
        show = "%.0f" if unit in ("bytes", "") else "%.3f"
        rows.append([found[0]["what"], show % middle, unit, (show + "-" + show) % (low, high),
                     "-" if bar is None else "<= %g" % (bar * factor), found[-1].get("detail", "")])
        lib.row(part, name, unit=unit, value=middle, min=low, max=high, rounds=len(values))
    lib.table(["%s, %d rounds" % (part, done), "median", "", "spread", "bar", ""], rows)


def show_paced(tools, names):
    """CPU time and memory of each tool while 1,000 processes a second come and go."""
    rows = []
    for tool in lib.select(tools, names):
        if tool.wraps:  # has nothing to watch until it starts something
            continue
        if tool.missing():
            rows.append([tool.name, tool.missing(), "", ""])
            continue
        tool.start()
        cpu, began = tool.cpu(), time.monotonic()
        lib.run_load("spawn", 1, PACED_COUNT, PACED_US)
        spent, used, rss = time.monotonic() - began, tool.cpu() - cpu, tool.rss()
        tool.stop()
        rows.append([tool.name, "%.1f %%" % (100 * used / spent),
                     "%.1f us" % (1e6 * used / PACED_COUNT), "%.1f MB" % rss])
        lib.row("paced", tool.name, rate=round(PACED_COUNT / spent), cpu_percent=100 * used / spent,
                cpu_us_each=1e6 * used / PACED_COUNT, rss_mb=rss)
    print()
    lib.table(["1,000 processes/s", "CPU", "for each", "RSS"], rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=120, help="fewer rounds then")
    parser.add_argument("--tools")
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    show_part(args.part, args.rounds, args.seconds)
    if args.part == "idle":
        events = "fork,exec,exec_failed,exit"
        show_paced([lib.begat(mode, events) for mode in ("low", "balanced", "batch")] + lib.life_peers(),
                   args.tools)


if __name__ == "__main__":
    sys.exit(main())
