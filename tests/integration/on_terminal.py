# SPDX-License-Identifier: BSD-2-Clause
"""tests/integration/on_terminal.py NAME BEGAT FOLDER - what capturing commands do on a terminal.

Owns:  the tests by name; host_terminal.sh lists them.
"""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from terminal import Failure, Terminal, run, width_of  # noqa: E402

TRACING = r"^begat: tracing \((kprobe|tracepoint|lifecycle), (ringbuf|perfbuf)\); Ctrl-C ends\.$"


def check(condition, what, terminal=None):
    if not condition:
        raise Failure(what + ("\n" + terminal.screen()[-3000:] if terminal else ""))


def tracing_is_said(begat, folder):
    """Once the hooks are in, on a terminal, and nowhere else."""
    db, out = folder + "/t.db", folder + "/out"
    me = str(os.getpid())
    for command, redirect in (([begat, "watch", "-p", me], None), ([begat, "watch", "-p", me], {1: out}),
                              ([begat, "record", "-f", "-o", db, "-p", me], None)):
        terminal = Terminal(command, 80, redirect=redirect)
        terminal.wait(TRACING)
        # The hooks are in: what runs now is seen.
        subprocess.run(["true"], check=True)
        terminal.send("\x03")
        check(terminal.end() == 0, "status %s" % terminal.status, terminal)
        check(len(re.findall("tracing", terminal.screen())) == 1, "said twice", terminal)
        seen = terminal.screen() if "watch" in command and not redirect else (
            open(out).read() if redirect else
            subprocess.run([begat, "show", db], capture_output=True, text=True).stdout)
        check(re.search(r"exec .* true\b", seen), "%s: the first exec is missing" % command, terminal)
    # With -q, and where standard error is a file.
    for command, redirect in (([begat, "watch", "-q"], None), ([begat, "watch"], {2: folder + "/err"})):
        terminal = Terminal(command, 80, redirect=redirect)
        terminal.wait("TIME")
        terminal.send("\x03")
        check(terminal.end() == 0, "status %s" % terminal.status, terminal)
        check("tracing" not in terminal.screen(), "said", terminal)
        check("\x1b" not in open(folder + "/err").read() if redirect else True, "escapes in a file")
    check(open(folder + "/err").read() == "", "a file has " + open(folder + "/err").read())
    # A command has the terminal to itself.
    terminal = Terminal([begat, "record", "-f", "-o", db, "--", "echo", "hello"], 80)
    terminal.end()
    check(re.search(r"^begat: tracing \(.*\); ends with the command\.\nhello\nbegat: recorded 1 process",
                    terminal.screen()), "a command's recording", terminal)
    check("\x1b[J" not in terminal.raw, "a line over the command's", terminal)
    # Where Ctrl-C is ignored it is not promised.
    terminal = Terminal(["sh", "-c", 'trap "" INT; exec "$0" watch -p $PPID', begat], 80)
    pid = int(terminal.wait(r"tracing .*; 'kill (\d+)' ends\.$").group(1))
    os.kill(pid, signal.SIGTERM)
    check(terminal.end() == 0, "status %s" % terminal.status, terminal)


def status_line(begat, folder):
    """Its numbers are true at last, it follows the width, and nothing of it is left."""
    db = folder + "/t.db"
    sleeper = subprocess.Popen(["sh", "-c", "read line; (:); (:); read line"], stdin=subprocess.PIPE)
    try:
        terminal = Terminal([begat, "record", "-f", "-o", db, "-p", str(sleeper.pid)], 90)
        terminal.wait(re.escape(db[-10:]) + r": 1 event, 1 process alive, [\d.]+ kB, 0 lost$")
        sleeper.stdin.write(b"\n")
        sleeper.stdin.flush()
        terminal.wait(r": 5 events, 1 process alive, [\d.]+ kB, 0 lost$")
        terminal.resize(45)
        terminal.wait(r"^5 events, 1 alive, [\d.]+ kB, 0 lost$")
        terminal.resize(22)
        terminal.wait(r"^5 events, 0 lost$")
        terminal.resize(80)
        terminal.wait(r": 5 events, 1 process alive, [\d.]+ kB, 0 lost$")
        terminal.send("\x03")
        check(terminal.end() == 0, "status %s" % terminal.status, terminal)
        check(re.search(r"^begat: tracing [^\n]*\n\^?C?begat: recorded 3 processes, 6 events[^\n]*\n?\Z",
                        terminal.screen()), "something is left", terminal)
    finally:
        sleeper.kill()
        sleeper.wait()


def status_line_only_there(begat, folder):
    """TERM=dumb cannot remove it, -q does not want it, a file is none."""
    db = folder + "/t.db"
    for args, env, redirect in (([], {"TERM": "dumb"}, None), (["-q"], None, None),
                                ([], None, {2: folder + "/err"})):
        terminal = Terminal([begat, "record", "-f", "-o", db, "-p", "1", *args], 80, env=env,
                            redirect=redirect)
        wait_for_recording(terminal, begat, db)
        terminal.send("\x03")
        check(terminal.end() == 0, "status %s" % terminal.status, terminal)
        check("\x1b" not in terminal.raw and "alive" not in terminal.raw, "drawn", terminal)
        os.unlink(db)


def wait_for_recording(terminal, begat, db):
    """Until the snapshot is in it: it captures."""
    while True:
        shown = subprocess.run([begat, "show", db, "-e", "snapshot"], capture_output=True, text=True)
        if "there" in shown.stdout:
            return
        check(terminal.read(0.05), "it has ended", terminal)


def background_job(begat, folder):
    """Neither writes on the terminal nor is stopped by it, also where `stty tostop` is set."""
    db = folder + "/t.db"
    terminal = Terminal([begat, "record", "-o", db, "-p", "1"], 80, in_background=True)
    job = int(terminal.wait(r"^job (\d+)$").group(1))
    wait_for_recording(terminal, begat, db)
    check("tracing" not in terminal.screen(), "a background job writes", terminal)
    os.kill(job, signal.SIGTERM)
    # Its last line is a message as every program's: the terminal's mode stops it there, not before.
    terminal.wait(r"^(stopped|ended 0)$")
    info = subprocess.run(["sqlite3", db, "select value from meta where name = 'complete'"],
                          capture_output=True, text=True)
    check(info.stdout.strip() in ("1", "yes", "true"), "not complete: %r" % info.stdout, terminal)
    terminal.end()


TESTS = {f.__name__: f for f in (tracing_is_said, status_line, status_line_only_there, background_job)}

if __name__ == "__main__":
    run(TESTS)
