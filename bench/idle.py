#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/idle.py - CPU time of begat while nothing that it follows happens, and at 1,000 processes/s.

usage: idle.py [--seconds N]

Idle: begat watches one process that sleeps; the hooks are in and see the rest of the machine pass by.
Busy: 1,000 processes a second, whose events go to /dev/null as JSON. Exact CPU time, from schedstat.
"""
import argparse
import subprocess
import time

from lib import benchlib as lib

MODES = ["low", "balanced", "batch"]


def watch(mode, *more):
    process = subprocess.Popen([lib.BEGAT, "watch", "--latency", mode, "--format", "json", *more],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=lib.end_with_us)
    while not started(process.pid):  # it has a ring mapped when every hook is in
        if process.poll() is not None:
            raise SystemExit("begat has ended with %d" % process.returncode)
        time.sleep(0.01)
    time.sleep(0.5)
    return process


def started(pid):
    try:
        with open("/proc/%d/maps" % pid) as f:
            return "bpf-map" in f.read()
    except FileNotFoundError:
        return False


def share(process, seconds):
    cpu, began = lib.cpu_seconds(process.pid), time.monotonic()
    time.sleep(seconds)
    return (lib.cpu_seconds(process.pid) - cpu) / (time.monotonic() - began)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    lib.need_root_and_tracefs()
    sleeper = subprocess.Popen(["sleep", "infinity"], preexec_fn=lib.end_with_us)
    idle = {m: watch(m, "-p", str(sleeper.pid)) for m in MODES[1:]}
    cpu = {m: lib.cpu_seconds(p.pid) for m, p in idle.items()}
    began = time.monotonic()
    time.sleep(args.seconds)
    spent = time.monotonic() - began
    rows = []
    for mode, process in idle.items():
        percent = 100 * (lib.cpu_seconds(process.pid) - cpu[mode]) / spent
        rows.append([mode, "idle, %.0f s" % spent, "%.4f%%" % percent])
        lib.row("idle", mode, load="idle", cpu_percent=percent, seconds=spent)
        process.terminate()
        process.wait()
    low = watch("low", "-p", str(sleeper.pid))
    seconds = min(args.seconds, 5)  # alone and briefly: it takes a core, by design
    percent = 100 * share(low, seconds)
    rows.append(["low", "idle, %.0f s" % seconds, "%.1f%%" % percent])
    lib.row("idle", "low", load="idle", cpu_percent=percent, seconds=seconds)
    low.terminate()
    low.wait()
    sleeper.kill()
    for mode in MODES:
        process = watch(mode)
        cpu_before, began = lib.cpu_seconds(process.pid), time.monotonic()
        count = 5000
        lib.run_load("spawn", 1, count, 1000)  # one a millisecond
        spent = time.monotonic() - began
        used = lib.cpu_seconds(process.pid) - cpu_before
        process.terminate()
        process.wait()
        rate = count / spent
        rows.append([mode, "%.0f processes/s" % rate, "%.1f%%" % (100 * used / spent),
                     "%.1f us of CPU a process" % (1e6 * used / count)])
        lib.row("idle", mode, load="paced", rate=round(rate), cpu_percent=100 * used / spent,
                cpu_us_each=1e6 * used / count)
    lib.table(["mode", "load", "CPU of begat", ""], [r + [""] * (4 - len(r)) for r in rows])


if __name__ == "__main__":
    main()
