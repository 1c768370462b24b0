#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""jsonlines.py [--all] SCHEMA < STREAM - is each line one JSON object that fits the schema?

Every line is parsed strictly: UTF-8, no key twice, an end. jsonschema takes about a millisecond a
line, so that lines of one shape (the same members, of the same types and signs) are held against the
schema a hundred times, with --all always.

Exit status 0: all do, and there was a line at all; 1: not; 77: python3-jsonschema is missing.
"""
import json
import sys

EACH_SHAPE, SHOWN = 100, 20


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key twice")
    return members


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


def parse(line):
    if not line.endswith(b"\n"):
        raise ValueError("the last line has no end")
    value = json.loads(line.decode(), object_pairs_hook=unique, parse_constant=no_constant)
    if not isinstance(value, dict):
        raise ValueError("is no object")
    if b"\\ud" in line.lower():
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair has no UTF-8
    return value


def shape_of(value):
    if isinstance(value, dict):
        return tuple((key, shape_of(member)) for key, member in value.items())
    is_negative = isinstance(value, (int, float)) and value < 0
    return (type(value), is_negative)


def main(all_lines, path):
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        print("python3-jsonschema is not installed, or too old")
        return 77
    with open(path, encoding="utf-8") as file:
        schema = json.load(file, object_pairs_hook=unique)
    Draft202012Validator.check_schema(schema)
    validator, shapes, lines, bad = Draft202012Validator(schema), {}, 0, 0
    for lines, line in enumerate(sys.stdin.buffer, 1):
        wrong = []
        try:
            value = parse(line)
            shape = (value.get("event"), shape_of(value))
            shapes[shape] = shapes.get(shape, 0) + 1
            if all_lines or shapes[shape] <= EACH_SHAPE:
                wrong = [f"{e.json_path}: {e.message[:300]}" for e in validator.iter_errors(value)]
        except ValueError as why:
            wrong = [str(why)]
        bad += bool(wrong)
        if wrong and bad <= SHOWN:
            print(f"line {lines}: {'; '.join(wrong)}, in: {line[:300]!r}")
    print(f"{lines} lines of {len(shapes)} shapes, {bad} bad")
    return int(bad > 0 or lines == 0)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1:-1] not in ([], ["--all"]):
        sys.exit(__doc__)
    sys.exit(main(len(sys.argv) == 3, sys.argv[-1]))
