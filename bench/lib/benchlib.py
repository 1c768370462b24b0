# SPDX-License-Identifier: BSD-2-Clause
"""
bench/lib/benchlib.py - what the benchmarks that run whole tools share.

Owns:    tools and how each is started, known to be ready, measured and stopped; rows; tables.
Not:     loads (bench/load.c), what is measured (one script a benchmark).

A tool writes to a file in a memory file system. It is ready when a process that was started after
it shows there: no tool is measured before it sees anything, and none is waited for by the clock.
"""
import ctypes
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", "build")
BEGAT = os.path.join(ROOT, BUILD, "begat")
LOAD = os.environ.get("BENCH_LOAD", os.path.join(ROOT, BUILD, "bench", "load"))
FLOOR = os.path.join(ROOT, BUILD, "bench", "floor")
RESULTS = os.environ.get("BENCH_RESULTS", os.path.join(ROOT, BUILD, "bench", "results.jsonl"))
MARKER = os.environ.get("BENCH_MARKER", "/bin/echo")  # named echo
READY_SECONDS = 60


def need_root_and_tracefs():
    """Peers need tracefs: in a mount namespace of our own if nobody has mounted it."""
    if os.geteuid():
        sys.exit("this benchmark needs root: sudo make bench")
    if os.path.exists("/sys/kernel/tracing/events") or os.environ.get("BENCH_UNSHARED"):
        return
    script = "mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec \"$@\""
    os.environ["BENCH_UNSHARED"] = "1"
    os.execvp("unshare", ["unshare", "-m", "sh", "-c", script, "sh", sys.executable] + sys.argv)


def cpu_name():
    with open("/proc/cpuinfo") as f:
        names = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    return "%s, %d CPUs" % (names[0] if names else platform.machine(), os.cpu_count())


def commit():
    out = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"],
                         capture_output=True, text=True)
    return out.stdout.strip()


_origin = {}


def row(bench, mode, **figures):
    if not _origin:
        _origin.update(machine=cpu_name(), kernel=platform.release(), arch=platform.machine(),
                       commit=commit())
    os.makedirs(os.path.dirname(os.path.abspath(RESULTS)), exist_ok=True)
    fields = {"when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **_origin,
              "bench": bench, "mode": mode, **figures}
    with open(RESULTS, "a") as f:
        f.write(json.dumps(fields, separators=(",", ":")) + "\n")


def percentile(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


median = statistics.median


def table(header, rows):
    cells = [[str(c) for c in r] for r in [header] + rows]
    widths = [max(len(r[i]) for r in cells) for i in range(len(header))]
    for r in cells:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                        for i, (c, w) in enumerate(zip(r, widths))).rstrip())
    sys.stdout.flush()


def cpu_seconds(pid):
    """Exact CPU time of a process, its threads and its living children."""
    total = 0
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
                total += int(f.read().split()[0]) / 1e9
            with open("/proc/%d/task/%s/children" % (pid, task)) as f:
                total += sum(cpu_seconds(int(c)) for c in f.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def rss_megabytes(pid):
    try:
        with open("/proc/%d/status" % pid) as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0.0


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def end_with_us():
    """In a child, before its exec: a benchmark that is ended leaves no tool behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Tool:
    """One way to watch processes. @shows: what is in its output once it has seen the marker."""

    def __init__(self, name, argv, program=None, note="", wraps=False, shows=b"bench-ready"):
        self.name, self.argv, self.note, self.wraps = name, argv, note, wraps
        self.shows = shows
        self.program = program or argv[0]
        self.process = None

    def missing(self):
        return None if shutil.which(self.program) else "not installed: " + self.program

    def start(self, attempt=False):
        """Starts it and returns when it has shown a process that is younger than it."""
        self.file = tempfile.TemporaryFile(dir="/dev/shm")
        self.process = subprocess.Popen(self.argv, stdout=self.file, stderr=self.file,
                                        stdin=subprocess.DEVNULL, preexec_fn=end_with_us)
        end, sent, seen = time.monotonic() + READY_SECONDS, 0, 0
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError("%s has ended: %s" % (self.name, self.output()[-300:]))
            word = "bench-ready-%d" % sent
            sent += 1
            if attempt:  # shown by tools for failures only
                make_failures(20, word)
            else:
                subprocess.run([MARKER, word], stdout=subprocess.DEVNULL)
            time.sleep(0.02)
            if self.shows in self.new_output():
                return self
        self.stop()
        raise RuntimeError("%s has shown nothing in %d s" % (self.name, READY_SECONDS))

    def new_output(self):
        self.file.seek(0)
        return self.file.read()

    def output(self):
        return self.new_output().decode("utf-8", "replace")

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def rss(self):
        return rss_megabytes(self.process.pid)

    def stop(self):
        """Asks it to end and waits: what it still holds it writes now."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.output()


FAIL = "import os,sys\nfor i in range(int(sys.argv[1])):\n try: os.execve('/nonexistent/'+sys.argv[2],['x'],{})\n except OSError: pass\n"


def make_failures(count, word):
    subprocess.run([sys.executable, "-c", FAIL, str(count), word])


BPFTRACE_EXEC = 'tracepoint:sched:sched_process_exec { printf("%d %s\\n", pid, str(args->filename)); }'
BPFTRACE_ENTRY = 'tracepoint:syscalls:sys_enter_exec* { printf("%d ", pid); join(args->argv); }'
BPFTRACE_LIFE = (BPFTRACE_ENTRY + ' tracepoint:sched:sched_process_fork { printf("%d fork\\n", pid); }'
                 ' tracepoint:sched:sched_process_exit { printf("%d exit\\n", pid); }')
BPFTRACE_FAILED = ('tracepoint:syscalls:sys_enter_execve { @f[tid] = args->filename; }'
                   ' tracepoint:syscalls:sys_exit_execve /@f[tid]/ { printf("%d %d %s\\n", pid, args->ret,'
                   ' str(@f[tid])); delete(@f[tid]); }')


def begat(mode, events, *more, name=None):
    return Tool(name or "begat " + mode, [BEGAT, "watch", "--latency", mode, "-e", events, "--format",
                                  "json", *more])


def life_peers():
    """Those that see processes start or end; strace has to start what it traces."""
    return [
        Tool("execsnoop", ["execsnoop"]),
        Tool("exitsnoop", ["exitsnoop"], shows=b"echo"),
        Tool("bpftrace", ["bpftrace", "-e", BPFTRACE_ENTRY]),
        Tool("bpftrace life", ["bpftrace", "-e", BPFTRACE_LIFE]),
        Tool("forkstat", ["forkstat", "-e", "fork,exec,exit", "-l"]),
        Tool("extrace", ["extrace", "-f"]),
        perf_trace(shows=b"echo"),
        Tool("strace -f", STRACE, wraps=True),
    ]


def perf_trace(shows):
    return Tool("perf trace", ["perf", "trace", "-a", "-e", "execve,execveat"], shows=shows)


STRACE = ["strace", "-f", "-qq", "-e", "trace=execve,execveat", "-o"]  # and where to


def select(tools, names):
    """Those of the comma-separated @names, in that order: a whole name, or how it starts. Or all."""
    if not names:
        return tools
    found = []
    for word in names.split(","):
        whole = [t for t in tools if t.name == word]
        found += [t for t in whole or tools if t.name.startswith(word) and t not in found]
    return found


def turns(tools, rounds, seconds):
    """
    The tools, @rounds times, as long as @seconds are not over; no round begins that would not fit.
    Another one first in each round: what a machine does just then is not always the same one's.
    """
    began = time.monotonic()
    for turn in range(rounds):
        spent = time.monotonic() - began
        if turn and spent + spent / turn > seconds:
            print("%d of %d rounds in %.0f s" % (turn, rounds, spent))
            return
        first = turn % len(tools) if tools else 0
        for tool in tools[first:] + tools[:first]:
            if time.monotonic() - began < seconds:
                yield tool


def floors():
    """What no tracer can be cheaper than: bench/floor.c."""
    return [Tool("floor: " + words, [FLOOR, kind]) for kind, words in
            (("empty", "empty programs"), ("record", "a record each"), ("wake", "and a wake-up each"))]


def run_load(*args):
    """Nanoseconds that the load needed, by the clock and of CPU."""
    out = subprocess.run([LOAD, *map(str, args)], check=True, capture_output=True)
    return tuple(map(int, out.stdout.split()))
