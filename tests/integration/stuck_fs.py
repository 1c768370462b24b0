#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""stuck_fs.py FOLDER - a file system at FOLDER that answers everybody but begat.

Nothing is in it. Says "ready" when it is mounted; ends, and is unmounted, with standard input.
"""
import ctypes
import os
import select
import signal
import struct
import sys

LOOKUP, INIT, DESTROY = 1, 26, 38
ENOENT, ENOSYS = 2, 38
PARALLEL_DIROPS = 1 << 18  # one lookup that hangs does not hold up the others
IN_HEADER = struct.Struct("=IIQQIIIHH")
OUT_HEADER = struct.Struct("=IiQ")
INIT_OUT = struct.Struct("=IIIIHHIIHHI28x")


def mount(folder, fd):
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"stuck", folder.encode(), b"fuse", 0, options):
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    return lambda: libc.umount2(folder.encode(), 2)


def is_begat(tid):
    try:
        with open(f"/proc/{tid}/comm") as comm:
            return comm.read().startswith("begat")
    except OSError:
        return False


def answer(fd):
    request = os.read(fd, 1 << 17)
    _, opcode, unique, _, _, _, tid, _, _ = IN_HEADER.unpack_from(request)
    if opcode == LOOKUP and is_begat(tid):
        return
    error, body = -ENOSYS, b""
    if opcode == INIT:
        error, body = 0, INIT_OUT.pack(7, 31, 0, PARALLEL_DIROPS, 16, 12, 4096, 1, 1, 0, 0)
    elif opcode == LOOKUP:
        error = -ENOENT
    if opcode != DESTROY:
        os.write(fd, OUT_HEADER.pack(OUT_HEADER.size + len(body), error, unique) + body)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("killed"))
    fd = os.open("/dev/fuse", os.O_RDWR)
    unmount = mount(sys.argv[1], fd)
    try:
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([fd, 0], [], [])
            if 0 in ready:
                break
            answer(fd)
    finally:
        unmount()


main()
