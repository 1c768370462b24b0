#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/integration/hangup.py BEGAT FILE - a recording on a terminal that is then closed.
#
# Owns: the terminal. Exits with the recording's status; 1 with a sentence if it ended too early.

import os
import pty
import signal
import sys

begat, path = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(begat, [begat, "record", "-v", "-o", path])


def read_until(text):
    said = b""
    while text not in said:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            more = b""
        if not more:
            sys.exit("it ended too early: " + said.decode(errors="replace"))
        said += more


read_until(b" transport of ")
os.kill(pid, signal.SIGHUP)
os.kill(pid, signal.SIGUSR1)
read_until(b"recording for")
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
