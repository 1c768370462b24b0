# SPDX-License-Identifier: BSD-2-Clause
"""tests/lib/terminal.py - a program on a terminal of its own, and what is on its screen.

Owns:  the pseudo-terminal, job control on it, the few control sequences that begat uses.
Not:   waiting for a time: wait() waits for what is on the screen; only a failure takes DEADLINE.
"""
import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata

DEADLINE = 60


class Failure(Exception):
    pass


def width_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


class Terminal:
    """The program leads a session on a terminal. in_background: a group of its own beside the leader's."""

    def __init__(self, command, columns, rows=50, env=None, redirect=None, in_background=False,
                 is_lenient=False):
        self.rows, self.columns = [""], columns
        self.row = self.column = 0
        self.is_lenient = is_lenient  # a shell's line editor uses much more
        self.raw = ""
        self.rest = b""
        self.status = None
        self.fd, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if in_background:
            mode = termios.tcgetattr(terminal)
            mode[3] |= termios.TOSTOP
            termios.tcsetattr(terminal, termios.TCSANOW, mode)
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "TERM")}
        environment.update({"TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})})
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(terminal, fd)
            for fd, path in (redirect or {}).items():
                os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), fd)
            os.closerange(3, 64)
            if in_background:
                self.lead(command, environment)
            # A job in the background of a shell ignores it; a user of a terminal does not.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvpe(command[0], command, environment)
        os.close(terminal)

    @staticmethod
    def lead(command, environment):
        """As a shell does: the job has its own group, the terminal stays with the leader's."""
        job = os.fork()
        if job == 0:
            os.setpgid(0, 0)
            os.execvpe(command[0], command, environment)
        print("job %d" % job, flush=True)
        status = os.waitpid(job, os.WUNTRACED)[1]
        print("stopped" if os.WIFSTOPPED(status) else "ended %d" % os.waitstatus_to_exitcode(status),
              flush=True)
        if os.WIFSTOPPED(status):
            os.kill(job, signal.SIGKILL)
        os._exit(0)

    def put(self, character):
        while len(self.rows) <= self.row:
            self.rows.append("")
        line = self.rows[self.row].ljust(self.column)
        self.rows[self.row] = line[:self.column] + character + line[self.column + 1:]
        self.column += 1

    def show(self, text):
        self.raw += text
        if self.is_lenient:  # titles, two-character sequences
            text = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[()][0-9AB]|\x1b[=>78]", "", text)
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]|\x1b", text):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.row += 1
            elif part == "\b":
                self.column = max(0, self.column - 1)
            elif part[0] == "\x1b" and part[-1] in "JK":
                self.rows = self.rows[:self.row] + [(self.rows + [""])[self.row][:self.column]]
            elif part[0] == "\x1b" and part[-1] == "m":
                pass
            elif part[0] == "\x1b" and not self.is_lenient:
                raise Failure("an escape sequence that is not expected: %r" % part)
            elif re.fullmatch(r"\x1b\[\d*[ABCD]", part):
                count = int(part[2:-1] or 1)
                self.row = max(0, self.row + count * {"A": -1, "B": 1}.get(part[-1], 0))
                self.column = max(0, self.column + count * {"C": 1, "D": -1}.get(part[-1], 0))
            elif part < " " or part[0] == "\x1b":
                pass
            else:
                self.put(part)

    def read(self, seconds):
        """False once the program has closed the terminal."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = self.rest + os.read(self.fd, 65536)
        except OSError:
            return False
        if not data:
            return False
        # A character or a sequence may be cut at the end of what was read.
        end = len(data)
        match = re.search(rb"(\x1b(\[[0-9;?]*)?|[\xc0-\xff][\x80-\xbf]{0,2})$", data)
        if match:
            end = match.start()
        try:
            self.show(data[:end].decode())
            self.rest = data[end:]
        except UnicodeDecodeError:
            self.show(data.decode(errors="replace"))
            self.rest = b""
        return True

    def screen(self):
        return "\n".join(line.rstrip() for line in self.rows)

    def wait(self, pattern, what=None):
        """Until @pattern is on the screen."""
        end = time.monotonic() + DEADLINE
        while True:
            match = re.search(pattern, self.screen(), re.M)
            if match:
                return match
            if time.monotonic() > end or not self.read(0.5):
                raise Failure("not on the screen: %s\n%s" % (what or pattern, self.screen()[-3000:]))

    def send(self, text):
        os.write(self.fd, text.encode())

    def resize(self, columns, rows=50):
        self.columns = columns
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self):
        """What the program leaves, once it has ended; its status."""
        end = time.monotonic() + DEADLINE
        while self.read(0.5):
            if time.monotonic() > end:
                raise Failure("it does not end\n" + self.screen()[-3000:])
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        self.pid = 0
        return self.status

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.fd)


def run(tests):
    """NAME BEGAT FOLDER: runs one of @tests, each a function of (begat, folder)."""
    try:
        tests[sys.argv[1]](sys.argv[2], sys.argv[3])
    except Failure as failure:
        print(failure)
        sys.exit(1)
