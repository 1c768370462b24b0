#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/workload.py - a real parallel build, under each tool in turn.

usage: workload.py [--rounds N] [--seconds N] [--tools NAME,...] [--source FOLDER]

Builds Debian's lua5.4 (fetched with apt-get source through a private state, the system's lists stay as
they are) with make -j<CPUs>; where that is not to be had, begat's own library. The figure is the
wall clock under the tool against the mean of the bare builds before and after it, and the same for
the CPU time of the build.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import time

from lib import benchlib as lib

CACHE = os.path.join(lib.ROOT, lib.BUILD, "bench", "source")


def tools():
    events = "fork,exec,exec_failed,exit"
    return [lib.begat(mode, events) for mode in ("low", "balanced", "batch")] + lib.life_peers()


def fetch(folder):
    """lua5.4's source in @folder/lua, or None."""
    if not shutil.which("apt-get"):
        return None
    state = os.path.join(folder, "apt")
    for sub in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(state, sub), exist_ok=True)
    # The archive that this machine's own apt sources name, or BEGAT_MIRROR: as for the guests' kernels.
    suite = next((l.split("=")[1].strip() for l in open("/etc/os-release")
                  if l.startswith("VERSION_CODENAME=")), "stable")
    mirror = subprocess.run(["sh", "-c", '. tests/vm/lib.sh; vm_mirror "$1"', "tests/vm/lib.sh", suite],
                            cwd=lib.ROOT, capture_output=True, text=True).stdout.strip()
    if not mirror:
        return None
    with open(os.path.join(state, "sources.list"), "w") as f:
        f.write("deb-src %s %s main\n" % (mirror, suite))
    options = ["-o", "Dir::Etc::sourcelist=%s/sources.list" % state, "-o", "Dir::Etc::sourceparts=-",
               "-o", "Dir::State::lists=%s/lists" % state, "-o", "Dir::Cache=%s/cache" % state]
    for command in (["apt-get", *options, "-qq", "update"],
                    ["apt-get", *options, "-qq", "source", "--download-only", "lua5.4"]):
        if subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode:
            return None
    archives = glob.glob(os.path.join(folder, "lua5.4_*.orig.tar.*"))
    if not archives:
        return None
    os.makedirs(os.path.join(folder, "lua"), exist_ok=True)
    subprocess.run(["tar", "-xf", archives[0], "-C", os.path.join(folder, "lua"),
                    "--strip-components=1"], check=True)
    return os.path.join(folder, "lua")


def the_build(source):
    """(name, command, folder)"""
    jobs = "-j%d" % os.cpu_count()
    if not source:
        source = os.path.join(CACHE, "lua")
        if not os.path.exists(os.path.join(source, "src", "lua.c")):
            os.makedirs(CACHE, exist_ok=True)
            source = fetch(CACHE)
    if source:
        return "lua5.4", "make -s clean; exec make -s %s posix" % jobs, source
    print("lua5.4's source is not to be had (apt-get source): building "
          "libbegat.a instead; --source FOLDER names one")
    return "libbegat", ("rm -rf /dev/shm/bench-build; exec make -s %s BUILD=/dev/shm/bench-build "
                        "/dev/shm/bench-build/libbegat.a" % jobs), lib.ROOT


def run_build(command, folder, under=()):
    before = os.times()
    began = time.monotonic()
    subprocess.run([*under, "sh", "-c", command], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - began
    after = os.times()
    return wall, (after.children_user - before.children_user +
                  after.children_system - before.children_system)


def measure(tool, command, folder, before, result):
    """Returns the bare build behind it: the next tool's bare build before it."""
    if tool.wraps:
        under = run_build(command, folder, [*tool.argv, "/dev/null"])
    else:
        tool.start()
        cpu = tool.cpu()
        under = run_build(command, folder)
        result["tool"].append((tool.cpu() - cpu) / under[0])
        tool.stop()
    after = run_build(command, folder)
    result["wall"].append(2 * under[0] / (before[0] + after[0]))
    result["bare"].append((before[0] + after[0]) / 2)
    if not tool.wraps:  # strace's own time is in there
        result["cpu"].append(2 * under[1] / (before[1] + after[1]))
    return after


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=280, help="fewer rounds then")
    parser.add_argument("--tools")
    parser.add_argument("--source", help="a folder with lua's source")
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    name, command, folder = the_build(args.source)
    run_build(command, folder)  # warm the page cache
    wanted = lib.select(tools(), args.tools)
    results = {t.name: {"wall": [], "cpu": [], "bare": [], "tool": []} for t in wanted}
    skipped = {t.name: t.missing() for t in wanted}
    bare = run_build(command, folder)
    for tool in lib.turns(wanted, args.rounds, args.seconds):
        if skipped[tool.name]:
            continue
        try:
            bare = measure(tool, command, folder, bare, results[tool.name])
        except (RuntimeError, subprocess.CalledProcessError) as reason:
            skipped[tool.name] = "skipped: %s" % reason
    rows = []
    for tool, r in results.items():
        if not r["wall"]:
            rows.append([tool, skipped[tool] or "skipped: there was no time for it", "", "", "", "", ""])
            continue
        med = {k: lib.median(v) for k, v in r.items() if v}
        rows.append([tool, "%.3fx" % med["wall"], "%.2f-%.2f" % (min(r["wall"]), max(r["wall"])),
                     "%.3fx" % med["cpu"] if "cpu" in med else "-", "%.2f s" % med["bare"],
                     "%.1f%%" % (100 * med["tool"]) if "tool" in med else "-", len(r["wall"])])
        lib.row("workload", tool, build=name, rounds=len(r["wall"]), wall_ratio=round(med["wall"], 4),
                cpu_ratio=round(med["cpu"], 4) if "cpu" in med else None,
                tool_cpu=round(med["tool"], 4) if "tool" in med else None,
                bare_s=round(med["bare"], 3))
    lib.table(["build of " + name, "wall", "spread", "CPU", "bare", "tool's CPU", "rounds"], rows)


if __name__ == "__main__":
    main()
