# SPDX-License-Identifier: BSD-2-Clause
"""tests/golden/on_terminal.py BEGAT FOLDER [--update] - screens of commands that read recordings; see
test_terminal.sh."""
import os
import re
import sys

from terminal import Failure, Terminal, width_of

UTC = {"TZ": "UTC"}
# name, columns, arguments, environment, whether lines may be wider than the screen
SCREENS = (
    ("show-132", 132, ["build.db"], UTC, False),
    ("show-80", 80, ["build.db"], UTC, False),
    ("show-40", 40, ["build.db"], UTC, False),
    ("show-20", 20, ["build.db"], UTC, False),
    ("show-1", 1, ["build.db"], UTC, False),
    ("tree-80", 80, ["build.db", "--tree"], UTC, False),
    ("tree-40", 40, ["build.db", "--tree"], UTC, False),
    ("tree-20", 20, ["build.db", "--tree"], UTC, False),
    ("show-wide-40", 40, ["build.db", "--wide"], UTC, True),
    ("show-columns-80", 80, ["build.db", "--columns", "time,pid,exe,after,command"], UTC, False),
    ("show-columns-20", 20, ["build.db", "--columns", "PID,result,command"], UTC, False),
    # A terminal that does not know its width has 80; COLUMNS says more than the terminal.
    ("show-80", 0, ["build.db"], UTC, False),
    ("show-80", 132, ["build.db"], {"TZ": "UTC", "COLUMNS": "80"}, False),
    ("show-80", 80, ["build.db"], {"TZ": "UTC", "COLUMNS": "0"}, False),
    ("show-80", 80, ["build.db"], {"TZ": "UTC", "COLUMNS": "many"}, False),
    ("show-80", 80, ["build.db"], {"TZ": "UTC", "NO_COLOR": "1"}, False),
    ("show-80", 80, ["build.db"], {"TZ": "UTC", "TERM": "dumb"}, False),
    # The zone of the reader, and the date where a day begins.
    ("show-zone-80", 80, ["build.db"], {"TZ": "XST-5:45"}, False),
    ("show-utc-80", 80, ["build.db", "--utc"], {"TZ": "XST-5:45"}, False),
    ("show-midnight-80", 80, ["midnight.db", "--utc"], UTC, False),
    ("show-no-midnight-80", 80, ["midnight.db"], {"TZ": "XST-5:45"}, False),
)

# What takes more than a second says how far it is: the arguments, where standard output goes (None =
# the terminal), more environment, what the line says at last (None = there is none).
PROGRESS = (
    (["report", "build.db", "-o", "new.html"], None, {}, r"begat: 100 % of build\.db, [\d.]+ kB written"),
    (["report", "build.db", "--format", "text"], None, {}, r"begat: 100 % of build\.db"),
    (["show", "build.db", "--tree"], "new.txt", {}, r"begat: 100 % of build\.db"),
    (["show", "build.db", "-w", "fail"], "new.txt", {}, r"begat: 100 % of build\.db"),
    (["diff", "build.db", "midnight.db"], None, {}, r"begat: 100 % of midnight\.db"),
    (["export", "build.db", "--to", "csv", "-o", "new.csv"], None, {}, r"begat: 100 % of build\.db"),
    (["export", "build.db", "--to", "otel", "-o", "new.json"], None, {}, r"begat: 100 % of build\.db, "),
    (["show", "build.db"], None, {}, None),
    (["export", "build.db", "--to", "csv", "-o", "new.csv"], None, {"TERM": "dumb"}, None),
    (["export", "build.db", "--to", "csv", "-o", "new.csv"], None, {"LD_PRELOAD": ""}, None),
)


def is_date(line):
    return line[:4].isdigit() and line[4:5] == "-" and " UTC" in line


def shown(screen):
    """The first twelve lines, the last three, and each that is a date or a gap with its neighbours."""
    lines = screen.split("\n")
    wanted = set(range(12)) | set(range(len(lines) - 3, len(lines)))
    for number, line in enumerate(lines):
        if is_date(line) or " lost " in line:
            wanted |= {number - 1, number, number + 1}
    kept, last = [], -1
    for number in sorted(wanted & set(range(len(lines)))):
        if number != last + 1:
            kept.append("...")
        kept.append(lines[number])
        last = number
    return "\n".join(kept) + "\n"


def screen_of(begat, columns, arguments, environment, may_be_wide):
    terminal = Terminal([begat, "show", *arguments], columns, env=environment)
    status = terminal.end()
    screen = terminal.screen().rstrip("\n")
    if status:
        raise Failure("status %d: %s" % (status, screen[-300:]))
    has_colour = "\x1b[" in terminal.raw
    wants_colour = environment.get("TERM") != "dumb" and not environment.get("NO_COLOR")
    if has_colour != wants_colour and "--tree" not in arguments:
        raise Failure("colour: %s" % has_colour)
    width = int(environment["COLUMNS"]) if environment.get("COLUMNS", "0").isdigit() and \
        environment.get("COLUMNS", "0") != "0" else columns or 80
    for line in screen.split("\n"):
        # The summary is to be read whole.
        if width_of(line) > width and not may_be_wide and not line.startswith("complete: "):
            raise Failure("%d columns of %d: %s" % (width_of(line), width, line))
    return shown(screen)


def check_progress(begat, arguments, output, environment, wanted):
    library = os.path.join(os.path.dirname(begat), "tests", "fastclock.so")
    terminal = Terminal([begat, *arguments], 80, env={"LD_PRELOAD": library, **environment},
                        redirect={1: output} if output else None)
    status = terminal.end()
    line = "begat: 100 % of "
    if status and arguments[0] != "diff":
        raise Failure("status %d: %s" % (status, terminal.screen()[-300:]))
    if line in terminal.screen():
        raise Failure("the line is there at the end: " + terminal.screen())
    if (wanted is None and line in terminal.raw) or (wanted and not re.search(wanted, terminal.raw)):
        raise Failure("wanted %r in %r" % (wanted, terminal.raw[:600]))


def main():
    begat, folder = sys.argv[1:3]
    is_update = "--update" in sys.argv
    written, failed = set(), False
    for number, (name, *how) in enumerate(SCREENS):
        test = "terminal_%s_%d" % (name.replace("-", "_"), number)
        path = os.path.join(folder, name + ".txt")
        try:
            screen = screen_of(begat, *how)
            if is_update and name not in written:
                with open(path, "w") as file:
                    file.write(screen)
                written.add(name)
            with open(path) as file:
                wanted = file.read()
            if screen != wanted:
                differences = [(a, b) for a, b in zip(wanted.split("\n"), screen.split("\n")) if a != b]
                raise Failure("differs: wanted %r, is %r" % (differences or [("", "")])[0])
            print("ok " + test)
        except (Failure, OSError) as failure:
            print("FAIL %s %s" % (test, failure))
            failed = True
    for number, how in enumerate(PROGRESS):
        test = "terminal_progress_%s_%d" % (how[0][0], number)
        try:
            check_progress(begat, *how)
            print("ok " + test)
        except (Failure, OSError) as failure:
            print("FAIL %s %s" % (test, failure))
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
