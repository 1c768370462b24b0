#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""compare_streams.py A B [text] - two streams of the same processes by two tracers, field by field.

What two tracers cannot have alike is left out: their clocks' readings (they look one after the
other), how many records each was sent, how late. Processes that run side by side may be told in
another order: events are compared process by process, in their order.
"""
import json
import re
import sys

CLOCKS = {"seq", "time", "ts_ns", "duration_ns", "fork_to_exec_ns", "exec_ns", "utime_ns", "stime_ns",
          "short_lived"}
LATE = {"late", "latency_p50_ns", "latency_p90_ns", "latency_p99_ns", "latency_max_ns"}
LINE = re.compile(r"^[\d:.]{15}  (\w+) +(\d+) +(\d+)  (\S+ +\S+) +(?:-|\d[\d.]* \w+)  (.*)$")


def by_process(events):
    told = {}
    for who, what in events:
        told.setdefault(who, []).append(what)
    return told


def from_json(line):
    event = json.loads(line)
    if event["event"] == "summary":
        return "summary", {k: v for k, v in event.items() if k not in CLOCKS | LATE}
    kept = {k: (v if k not in CLOCKS else type(v).__name__) for k, v in event.items()}
    kept.pop("short_lived", None)
    return event.get("id"), kept


def from_text(line):
    match = LINE.match(line)
    if not match:
        return "other", {"line": line}
    event, pid, ppid, result, command = match.groups()
    return pid, {"event": event, "ppid": ppid, "result": " ".join(result.split()), "command": command.lstrip()}


def main():
    parse = from_text if sys.argv[3:] == ["text"] else from_json
    a, b = (by_process(map(parse, open(path, encoding="utf-8"))) for path in sys.argv[1:3])
    bad = 0
    for who in sorted(a.keys() | b.keys()):
        one, other = a.get(who, []), b.get(who, [])
        if len(one) != len(other):
            print(f"{who}: {len(one)} events here, {len(other)} there")
            bad += 1
        for left, right in zip(one, other):
            for key in left.keys() | right.keys():
                if left.get(key) != right.get(key):
                    print(f"{who} {left.get('event')} {key}: {left.get(key)!r:.200} here, "
                          f"{right.get(key)!r:.200} there")
                    bad += 1
    events = sum(map(len, a.values()))
    print(f"{events} events of {len(a)} processes, {bad} differences")
    return bad > 0 or events < 20


sys.exit(main())
