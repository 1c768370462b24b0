#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""push_loses_nothing.py BEGAT TARGET - what the kernel checks of --where loses no event and no field.

For each expression two tracers watch the same processes: one is given it, the other an expression
that means the same and of which nothing can be pushed. TARGET is a program that can be made setuid.
"""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

NOBODY = 65534
TESTS = [  # expression, what -v must say of it
    ("under(PID)", "under(PID)"),
    ("under(LATE)", "under(LATE)"),
    ("under(LATE) or under(PID)", "(under(LATE) or under(PID))"),
    ("under(PID) and not under(LATE)", "under(PID)"),
    ("under(PID) and ancestor(exe ~ *)", None),
    ("under(PID) and uid == 65534", "under(PID)"),
    ("uid == 65534", "uid == 65534"),
    ("uid == 65534 and exe ~ *", "uid == 65534"),
    ("event == exec and uid == 65534", "event == exec and uid == 65534"),
    ("cgroup == /begat_x", "cgroup (failed execs)"),
    ("event == exec and cgroup == /begat_x", "event == exec and cgroup"),
    ("(event == exec or errno) and cgroup ~ /begat_*", "(event == exec or event == exec_failed) and cgroup"),
    ("event == exec_failed and not cgroup == /begat_y", "event == exec_failed and cgroup"),
]


class CloneArgs(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in (
        "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls",
        "set_tid", "set_tid_size")]


def fork_as(pid):
    """A child that has this pid; 0 in the child."""
    tid = ctypes.c_int(pid)
    args = CloneArgs(exit_signal=signal.SIGCHLD, set_tid=ctypes.addressof(tid), set_tid_size=1)
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(435, ctypes.byref(args), ctypes.sizeof(args))


def child(action):
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(7)
    os.waitpid(pid, 0)


def try_exec(*argv):
    try:
        os.execv(argv[0], list(argv))
    except OSError:
        pass


def as_nobody(action):
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    action()


def orphan(action):
    """A daemon: its parent is another before it says anything."""
    reading, writing = os.pipe()
    def middle():
        if os.fork() == 0:
            os.close(writing)
            os.read(reading, 1)
            action()
            os._exit(3)
        os._exit(0)
    pid = os.fork()
    if pid == 0:
        middle()
    os.waitpid(pid, 0)
    os.close(writing)
    os.close(reading)


def work(target, root, late, done):
    def move(name):
        with open(f"{root}/{name}/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(os.getpid()))

    def there_and_back():
        move("begat_x")
        move("begat_y")
        try_exec("/nonexistent/y")
        move("begat_x")
        try_exec("/bin/true", "back")

    for _ in range(3):
        for name in ("begat_x", "begat_y"):
            os.mkdir(f"{root}/{name}")  # anew: the same path, another cgroup
        child(lambda: as_nobody(lambda: os._exit(3)))
        child(lambda: as_nobody(lambda: try_exec("/bin/true", "as nobody")))
        child(lambda: as_nobody(lambda: child(lambda: try_exec("/nonexistent/n"))))
        child(lambda: as_nobody(lambda: try_exec(target, "setuid")))
        child(lambda: (move("begat_x"), os._exit(4)))
        child(lambda: (move("begat_x"), try_exec("/bin/true", "moved")))
        child(lambda: try_exec("/bin/sh", "-c", f"echo $$ >{root}/begat_x/cgroup.procs; "
                               "(exit 3); /bin/true in; /nonexistent/in 2>&-; exit 5"))
        child(there_and_back)
        orphan(lambda: child(lambda: try_exec("/bin/true", "of an orphan")))
        for number in range(10):
            child(lambda: try_exec("/bin/true", str(number)))
            child(lambda: try_exec(f"/nonexistent/{number}"))
        if late:
            pid = fork_as(late)
            if pid == 0:
                child(lambda: try_exec("/bin/true", "of a late one"))
                os._exit(6)
            if pid < 0:
                sys.exit("no process can be given the pid")
            os.waitpid(pid, 0)
        for name in ("begat_x", "begat_y"):
            while True:
                try:
                    os.rmdir(f"{root}/{name}")
                    break
                except OSError:  # the dead are on their way out
                    pass
    os.write(done, b"d")


def cgroup_root():
    for root in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/pids"):
        if os.access(f"{root}/cgroup.procs", os.W_OK):
            return root
    return None


def start(begat, expression, output, extra):
    tracer = subprocess.Popen([begat, "watch", "-v", "--buffer", "32MiB", "--format", "json", "-o", output,
                               "-w", expression] + extra,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = ""
    for line in tracer.stderr:
        if "--where" in line:
            said = line.partition("the kernel checks: ")[2].strip().rstrip(".")
            break
    return tracer, said


def told(output, session):
    """What was reported of each process, without what two tracers have each their own of."""
    processes, summary = {}, {}
    with open(output, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["event"] == "summary":
                summary = event
            elif event.get("sid") == session:
                for clock in ("seq", "time", "ts_ns", "duration_ns", "fork_to_exec_ns", "exec_ns", "utime_ns",
                              "stime_ns", "short_lived"):
                    event.pop(clock, None)
                processes.setdefault(event["id"], []).append(event)
    return processes, summary


def run(begat, target, root, tests, work_dir, extra):
    unused = os.fork()  # its pid is given again later
    if unused == 0:
        os._exit(0)
    os.waitpid(unused, 0)
    go_reading, go = os.pipe()
    done_reading, done = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(go)
        os.setsid()  # by which the others on this machine are told apart
        os.read(go_reading, 1)
        work(target, root, unused, done)
        os._exit(0)
    bad, tracers = 0, []
    for number, (expression, pushed) in enumerate(tests):
        names = {"PID": str(worker), "LATE": str(unused)}
        for name, value in names.items():
            expression = expression.replace(name, value)
            pushed = pushed and pushed.replace(name, value)
        one, said = start(begat, expression, f"{work_dir}/{number}.a", extra)
        other, nothing = start(begat, f"({expression}) or comm == nosuch", f"{work_dir}/{number}.b", extra)
        tracers.append((expression, one, other))
        if said != (pushed or "") or nothing:
            print(f"{expression}: -v says that the kernel checks `{said}`, and without push `{nothing}`")
            bad += 1
    os.close(go)
    os.close(done)
    ended = os.read(done_reading, 1)
    os.waitpid(worker, 0)
    for number, (expression, one, other) in enumerate(tracers):
        for tracer in (one, other):
            tracer.send_signal(signal.SIGINT)
            tracer.stderr.read()
            tracer.wait()
        a, summary = told(f"{work_dir}/{number}.a", worker)
        b, whole = told(f"{work_dir}/{number}.b", worker)
        received = [sum(s.get("received", {}).values()) for s in (summary, whole)]
        events = sum(map(len, b.values()))
        print(f"{expression}: {events} events of {received[0]} that came up, {received[1]} without push")
        if not summary.get("complete") or not whole.get("complete"):
            print("   not complete")
            bad += 1
        if not events:
            print("   nothing matched")
            bad += 1
        for who in a.keys() | b.keys():
            if a.get(who) != b.get(who):
                print(f"   {a.get(who)}\n   without push: {b.get(who)}")
                bad += 1
    return bad or not ended


def main():
    begat, target = sys.argv[1:3]
    root = cgroup_root()
    if os.getuid() != 0 or not root:
        print("not root, or no cgroups")
        return 77
    with tempfile.TemporaryDirectory() as work_dir:
        os.chmod(work_dir, 0o755)
        suid = shutil.copy(target, f"{work_dir}/suid")
        os.chmod(suid, 0o4755)
        for first in range(0, len(TESTS), 5):  # each is two tracers
            if run(begat, suid, root, TESTS[first:first + 5], work_dir, sys.argv[3:]):
                return 1
    return 0


sys.exit(main())
