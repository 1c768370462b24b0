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
        check(len(re.findall(r"tracing \(", terminal.screen())) == 1, "said twice", terminal)
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
        check("tracing (" not in terminal.screen(), "said", terminal)
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
        # A message takes the line's place, and the line comes again below it.
        os.kill(terminal.pid, signal.SIGUSR1)
        terminal.wait(r"^begat: .*5 events.*\n(.*\n)*begat: .*: 5 events, 1 process alive, [\d.]+ kB, 0 lost$")
        terminal.resize(45)
        terminal.wait(r"^5 events, 1 alive, [\d.]+ kB, 0 lost$")
        terminal.resize(22)
        terminal.wait(r"^5 events, 0 lost$")
        terminal.resize(80)
        terminal.wait(r": 5 events, 1 process alive, [\d.]+ kB, 0 lost$")
        terminal.send("\x03")
        check(terminal.end() == 0, "status %s" % terminal.status, terminal)
        check(re.search(r"^begat: tracing [^\n]*\nbegat: recording for [^\n]*\n\^?C?begat: recorded 3 processes, 6 events[^\n]*\n?\Z",
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


# What a stream shows at these widths, one user being root; its command begins at the last column.
HEADERS = {
    132: "TIME             EVENT    PID    PPID  USER  RESULT   AFTER      COMMAND",
    80: "TIME         EVENT    PID USER RESULT  COMMAND",
    40: "EVENT    PID RESULT COMMAND",
    10: "EVENT COM\u2026",
}


class Worker:
    """A process that runs a command for each line that it gets, and waits."""

    def __init__(self, command):
        self.process = subprocess.Popen(["sh", "-c", "while read line; do %s; done" % command],
                                        stdin=subprocess.PIPE)
        self.pid = self.process.pid

    def work(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


WORDS = "some words that are too long for a narrow screen and not for a wide one"


def check_lines(terminal, columns, start=0):
    for line in terminal.screen().split("\n")[start:]:
        check(width_of(line) <= columns or line.startswith(("complete:", "begat:")),
              "%d columns of %d: %s" % (width_of(line), columns, line), terminal)


def watch_has_its_columns(begat, folder):
    """The command has at least half of the line, at every width, and each line is as wide as the screen."""
    with Worker("env " + WORDS.replace("some", "echo", 1) + " >/dev/null") as worker:
        for columns, header in list(HEADERS.items())[:3]:
            terminal = Terminal([begat, "watch", "-p", str(worker.pid), "-w", "exe ~ */env or exe ~ */echo"], columns)
            terminal.wait("^" + re.escape(header) + "$")
            worker.work()
            terminal.wait("^.*exit .*$")
            terminal.send("\x03")
            check(terminal.end() == 0, "status %s" % terminal.status, terminal)
            check_lines(terminal, columns)
            line = re.search("^(.*exec .*)$", terminal.screen(), re.M).group(1)
            command = "env echo" + WORDS[4:]
            start = header.find("COM")
            check(start <= columns / 2 + 1, "the command begins at %d of %d" % (start, columns))
            shown = line[start:].rstrip("\u2026")
            check(command.startswith(shown) and len(shown) >= min(len(command), columns - start - 2),
                  "the command is %r" % shown, terminal)


def watch_follows_width(begat, folder):
    """A header whenever other columns are shown; --wide and --columns do not change."""
    with Worker("env true") as worker:
        terminal = Terminal([begat, "watch", "-p", str(worker.pid)], 132)
        terminal.wait("^" + re.escape(HEADERS[132]) + "$")
        rows = 0
        for columns in (40, 80, 10, 132):
            terminal.resize(columns)
            # Below what was there, for the wide header comes twice.
            while not any(row.rstrip() == HEADERS[columns] for row in terminal.rows[rows + 1:]):
                check(terminal.read(1), "it has ended", terminal)
            rows = len(terminal.rows) - 1
            worker.work()
            while not any(row.startswith("exit") or " exit " in row for row in terminal.rows[rows:]):
                check(terminal.read(1), "it has ended", terminal)
            check_lines(terminal, columns, rows)
        terminal.send("\x03")
        check(terminal.end() == 0, "status %s" % terminal.status, terminal)
        for args, header in ((["--wide"], HEADERS[132]), (["--columns", "pid,command"], "    PID  COMMAND")):
            terminal = Terminal([begat, "watch", "-p", str(worker.pid), *args], 40)
            terminal.wait("^" + re.escape(header) + "$")
            terminal.resize(100)
            worker.work()
            terminal.wait("^.*true$")
            terminal.send("\x03")
            terminal.end()
            check(terminal.screen().count("COMMAND") == 1, "%s: another header" % args, terminal)


def run_has_its_columns(begat, folder):
    """Numbers go where there is no room for them, the command stays."""
    whole = "     wall      cpu      rss exit  command"
    for columns, header in ((132, whole), (80, whole), (40, "     wall exit  command"), (24, " exit  command")):
        terminal = Terminal([begat, "run", "--", "sh", "-c", "env echo " + WORDS[5:] + "; false"], columns,
                            redirect={1: "/dev/null"})
        check(terminal.end() == 1, "status %s" % terminal.status, terminal)
        rows = terminal.screen().split("\n")
        check(rows[0] == header, "the header is %r" % rows[0], terminal)
        check_lines(terminal, columns)
        start = header.index("command")
        check(rows[1][start:].startswith("sh -c 'e"), "the command is %r" % rows[1][start:], terminal)
        check(any("echo words"[:columns - start - 6] in row for row in rows[2:]), "no echo", terminal)


TESTS = {f.__name__: f for f in (tracing_is_said, status_line, status_line_only_there, background_job,
                                 watch_has_its_columns, watch_follows_width, run_has_its_columns)}

if __name__ == "__main__":
    run(TESTS)
