#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
bench/scale.py - what begat makes of recordings of 100 thousand, a million and 10 million processes.

usage: scale.py [--sizes N,N] [--largest N] [--only WORD,...] [--recording FILE] [--folder DIR] [--keep]

Records a real build once (or takes FILE), copies it until there are enough processes (copies.c), and
runs each command that reads a whole recording, sqlite3 beside them. CPU time and memory are those of
the command alone; what it writes goes through a pipe and is counted. --largest (0 = none) is the
size at which only what must still work is run.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from lib import benchlib as lib

COPIES = os.path.join(lib.ROOT, lib.BUILD, "bench", "copies")
POLL_SECONDS = 0.02
WHERE = "exe ~ cc1 and event == exit"
# What sqlite3 needs for the same rows: all costs summed by program, and every command line.
SUMS = ("SELECT text, count(*), sum(utime_ns + stime_ns), max(max_rss_bytes), sum(read_bytes),"
        " sum(exit_code != 0) FROM process LEFT JOIN string s ON s.id = exe GROUP BY exe;"
        "SELECT event, errno_number, count(*) FROM exec GROUP BY 1, 2;")
LINES = ("SELECT e.n, e.ts_ns, e.event, p.pid, s.text FROM exec e JOIN process p ON p.row = e.process"
         " LEFT JOIN string s ON s.id = e.argv ORDER BY e.n;")


def record(folder, path):
    """A build of a part of begat itself: programs that every machine with begat's source has."""
    target = os.path.join(folder, "build")
    subprocess.run([lib.BEGAT, "record", "-q", "-f", "-o", path, "--", "make", "-s",
                    "-j%d" % os.cpu_count(), "BUILD=" + target, target + "/libbegat-trace.a"],
                   cwd=lib.ROOT, check=True)
    shutil.rmtree(target)


def commands(path):
    """(name, command) of everything that reads a whole recording."""
    begat = [lib.BEGAT]
    complaint = subprocess.run([lib.BEGAT, "export", "--to", "?", path], capture_output=True, text=True)
    formats = re.search(r"there are ([a-z, ]+)", complaint.stderr)[1].split(", ")
    return [
        ("show", begat + ["show", path]),
        ("show -w", begat + ["show", path, "-w", WHERE]),
        ("report --format text", begat + ["report", path, "--format", "text"]),
        ("report", begat + ["report", path, "-o", "-"]),
        ("show --tree", begat + ["show", path, "--tree"]),
        ("diff", begat + ["diff", path, path]),
    ] + [("export --to " + name, begat + ["export", "--to", name, path]) for name in formats
         if name != "sql"] + [
        ("sqlite3: sums by program", ["sqlite3", path, SUMS]),
        ("sqlite3: all command lines", ["sqlite3", path, LINES]),
    ]


def peak_kilobytes(pid):
    """Of the program alone: rusage has what this one had before its exec, too."""
    try:
        with open("/proc/%d/status" % pid) as f:
            return next(int(l.split()[1]) for l in f if l.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return 0


def run(command):
    """Status, CPU seconds, seconds, peak in MB, bytes written."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, preexec_fn=lib.end_with_us)
    written, complaint, peak = [0], [b""], 0

    def count():
        while True:
            piece = os.read(process.stdout.fileno(), 1 << 20)
            if not piece:
                return
            written[0] += len(piece)

    def listen():
        complaint[0] = process.stderr.read()

    readers = [threading.Thread(target=count), threading.Thread(target=listen)]
    for reader in readers:
        reader.start()
    while True:
        peak = max(peak, peak_kilobytes(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(POLL_SECONDS)
    seconds = time.monotonic() - began
    for reader in readers:
        reader.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(complaint[0].decode(errors="replace"), end="")
    return (process.returncode, usage.ru_utime + usage.ru_stime, seconds, peak / 1000, written[0])


def measure(path, processes, words, names):
    rows = {}
    for name, command in commands(path):
        if (names and name not in names) or (words and not any(w in name for w in words)):
            continue
        if not shutil.which(command[0]):
            continue
        status, cpu, seconds, megabytes, size = run(command)
        rows[name] = (cpu, megabytes)
        lib.row("scale", name, processes=processes, recording_bytes=os.path.getsize(path), status=status,
                cpu_s=round(cpu, 3), wall_s=round(seconds, 3), peak_mb=round(megabytes, 1), bytes=size)
        print("%-27s %8.2f s %8.2f s %8.1f MB %10.1f MB %8.2f us %7.0f B%s"
              % (name, cpu, seconds, megabytes, size / 1e6, cpu * 1e6 / processes,
                 megabytes * 1e6 / processes, "  FAILED" if status else ""), flush=True)
    return rows


def show_growth(sizes, all_rows):
    """How much more the largest takes than the one before: linear is the ratio of the sizes."""
    small, large = sizes[-2:]
    print("\nfrom %s to %s processes, %.1f times as many:" % (f"{small:,}", f"{large:,}", large / small))
    lib.table(["", "CPU", "memory"], [
        [name, "%.1fx" % (all_rows[large][name][0] / max(all_rows[small][name][0], 1e-3)),
         "%.1fx" % (all_rows[large][name][1] / max(all_rows[small][name][1], 1e-3))]
        for name in all_rows[large] if name in all_rows[small]])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="100000,1000000")
    parser.add_argument("--largest", type=int, default=10000000)
    parser.add_argument("--only", default="", help="those whose names have one of these words")
    parser.add_argument("--recording", help="copied instead of a build that is recorded now")
    parser.add_argument("--folder", help="for the recordings; 10 GB for 10 million processes")
    parser.add_argument("--keep", action="store_true", help="recordings that are there are used again")
    args = parser.parse_args()
    words = [w for w in args.only.split(",") if w]
    folder = args.folder or tempfile.mkdtemp(prefix="begat-scale-", dir="/var/tmp")
    original = args.recording or os.path.join(folder, "original.db")
    sizes, all_rows = [], {}

    os.makedirs(folder, exist_ok=True)
    try:
        if not os.path.exists(original):
            record(folder, original)
        for wanted in [int(n) for n in args.sizes.split(",") if n] + [args.largest] * (args.largest > 0):
            path = os.path.join(folder, "scale-%d.db" % wanted)
            if not os.path.exists(path):
                subprocess.run([COPIES, original, path, str(wanted)], check=True,
                               stdout=subprocess.DEVNULL)
            processes = int(subprocess.run(["sqlite3", path, "SELECT count(*) FROM process"], check=True,
                                           capture_output=True, text=True).stdout)
            print("\n%s processes, a recording of %.0f MB\n%-27s %10s %10s %11s %13s %11s %9s"
                  % (f"{processes:,}", os.path.getsize(path) / 1e6, "", "CPU", "wall", "peak", "written",
                     "CPU each", "peak each"))
            all_rows[processes] = measure(path, processes, words,
                                          ["show", "show -w", "report --format text"]
                                          if wanted == args.largest else None)
            sizes.append(processes)
            if len(sizes) > 1:
                show_growth(sizes, all_rows)
            if not args.keep:
                os.unlink(path)
    finally:
        if not args.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
