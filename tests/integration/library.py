#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""library.py FOLDER MODE [FILE] - the libraries in FOLDER, called through ctypes.

MODE replay: the events of the recording FILE as JSON lines. MODE live: trace a child and expect its
exec, with options of which only the first members are known here. MODE interrupted: lose events once,
with an interrupt at each that comes: what began has ended, or lives.
"""
import ctypes
import json
import os
import subprocess
import sys
import time

c_void_p, byref = ctypes.c_void_p, ctypes.byref


class Options(ctypes.Structure):
    """struct begat_options as far as this program knows it."""
    _fields_ = [("size", ctypes.c_size_t), ("callback", c_void_p), ("ctx", c_void_p)]


class LongerOptions(ctypes.Structure):
    """The same, as far as buffer_bytes."""
    _fields_ = Options._fields_ + [
        ("backend", c_void_p), ("transport", c_void_p), ("latency", ctypes.c_int),
        ("events", ctypes.c_uint32), ("fields", ctypes.c_uint64 * 2), ("buffer_bytes", ctypes.c_size_t),
    ]


class Str(ctypes.Structure):
    """struct begat_str"""
    _fields_ = [("data", c_void_p), ("len", ctypes.c_size_t)]


def load(folder):
    """Both libraries, and a function that makes a dict of an event."""
    begat = ctypes.CDLL(folder + "/libbegat.so.0")
    trace = ctypes.CDLL(folder + "/libbegat-trace.so.0")
    begat.begat_json_event.restype = ctypes.c_char_p
    begat.begat_error.restype = ctypes.c_char_p
    trace.begat_trace_error.restype = ctypes.c_char_p
    writer = c_void_p()
    assert begat.begat_json_new(byref(writer)) == 0
    return begat, trace, lambda event: json.loads(begat.begat_json_event(writer, event, None))


def replay(begat, lib, to_dict, path):
    trace, stream, event = c_void_p(), c_void_p(), c_void_p()
    if lib.begat_trace_open(path.encode(), byref(trace)) < 0:
        sys.exit(lib.begat_trace_error(trace).decode())
    exe, text = begat.begat_field_by_name(b"exe"), Str()
    assert lib.begat_replay_open(trace, None, byref(stream)) == 0
    while lib.begat_replay_next(stream, byref(event)) == 1:
        said = to_dict(event)
        if "exe" in said:
            assert begat.begat_event_str(event, exe, byref(text)) == 0
            assert ctypes.string_at(text.data, text.len).decode() == said["exe"], said
        print(json.dumps(said))
    assert not event
    assert lib.begat_replay_next(stream, byref(event)) == 0, "after the end"
    lib.begat_replay_close(stream)
    lib.begat_trace_close(trace)


def live(begat, to_dict):
    tracer, event = c_void_p(), c_void_p()
    opts = Options(size=ctypes.sizeof(Options))
    if begat.begat_open(byref(opts), byref(tracer)) < 0:
        sys.exit(begat.begat_error(tracer).decode())
    child = subprocess.run(["/bin/sh", "-c", "exit 7", "called from ctypes"], check=False)
    assert child.returncode == 7
    assert begat.begat_finish(tracer) >= 0
    events = []
    while begat.begat_next(tracer, 0, byref(event)) == 1:
        events.append(to_dict(event))
    begat.begat_close(tracer)
    ours = [e for e in events if e["event"] == "exec" and e["argv"][-1] == "called from ctypes"]
    assert len(ours) == 1, ours
    ends = [e for e in events if e["event"] == "exit" and e["id"] == ours[0]["id"]]
    assert [e["exit_code"] for e in ends] == [7], ends
    assert events[-1]["event"] == "summary"


# Eight at a time, each so long that several end while nobody reads.
LIVES = """for j in 1 2 3 4 5 6 7 8; do
    (i=0; while [ $i -lt 200 ]; do sleep 0.02; i=$((i+1)); done) &
done; wait"""


def interrupted(begat, to_dict):
    tracer, events = c_void_p(), []

    @ctypes.CFUNCTYPE(ctypes.c_int, c_void_p, c_void_p)
    def callback(event, _):
        events.append(to_dict(c_void_p(event)))
        begat.begat_interrupt(tracer)
        return 0

    opts = LongerOptions(size=ctypes.sizeof(LongerOptions), buffer_bytes=16384,
                         callback=ctypes.cast(callback, c_void_p))
    if begat.begat_open(byref(opts), byref(tracer)) < 0:
        sys.exit(begat.begat_error(tracer).decode())
    with subprocess.Popen(["/bin/sh", "-c", LIVES]) as storm:
        has_slept = False
        while storm.poll() is None:
            begat.begat_poll(tracer, 1)
            if len(events) > 200 and not has_slept:
                time.sleep(2)
                has_slept = True
    while begat.begat_poll(tracer, 0) != 0:
        pass
    assert begat.begat_finish(tracer) >= 0
    begat.begat_close(tracer)
    assert sum(e["count"] for e in events if e["event"] == "lost") > 0, "nothing was lost"
    # Of the storm alone: others on this machine may end between the stream's end and now.
    ended = {e["id"] for e in events if e["event"] == "exit"}
    ours, gone = {storm.pid}, []
    for e in events:
        if e["event"] == "fork" and e["ppid"] in ours:
            ours.add(e["pid"])
            gone += [e["pid"]] if e["id"] not in ended else []
    assert len(ours) > 100, f"few forks of the storm: {len(ours)}"
    assert not gone, f"dead without an exit: {gone}"


if __name__ == "__main__":
    library, trace_library, as_dict = load(sys.argv[1])
    if sys.argv[2] == "replay":
        replay(library, trace_library, as_dict, sys.argv[3])
    elif sys.argv[2] == "interrupted":
        interrupted(library, as_dict)
    else:
        live(library, as_dict)
