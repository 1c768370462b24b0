#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check-circles.py [ROOT] - no file of src/, trace/, cli/ and base/ needs one that needs it.

b.c needs a.c if it calls a function that a.c defines and a header that b.c includes, by whatever way,
declares. What a header calls, in a macro or an inline function, is called by its own .c file. Tables of
pointers (sinks.def, commands.def) are no calls: that is what they are for. Nor may headers include each
other in a circle.

Prints each circle, with a call for each of its arrows, and exits 1 if there is one.
"""
import os
import re
import sys

FOLDERS = ("src", "trace", "cli", "base")
WHERE = (".", "include", "src")  # as the compiler looks for headers
SILENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)
# In kernel style a definition begins in the first column, and so does the brace of its body.
DEFINED = re.compile(r"^(?!#)(\w[\w \t*]*?[ *\n])(\w+)\(([^;{}]*)\)[^;{}()]*\n\{", re.M)
DECLARED = re.compile(r"\b(\w+)\s*\(")
CALLED = re.compile(r"(?<![\w.>])(\w+)\s*\(")


class Tree:
    def __init__(self, root):
        self.root, self.code, self.includes = root, {}, {}
        self.defined = {}  # function: the files that define it
        self.own = {}  # file: all functions that it defines, static ones too
        names = [os.path.relpath(os.path.join(at, name), root)
                 for folder in FOLDERS + ("include",)
                 for at, _, found in os.walk(os.path.join(root, folder)) for name in found]
        self.files = {name for name in names if name.endswith((".c", ".h"))}
        for name in sorted(self.files):
            self.read(name)

    def read(self, name):
        with open(os.path.join(self.root, name), encoding="utf-8") as file:
            text = file.read()
        self.includes[name] = {self.find(name, what) for what in INCLUDE.findall(text)} - {None}
        code = self.code[name] = SILENT.sub(" ", text)
        self.own[name] = set()
        for match in DEFINED.finditer(code):
            self.own[name].add(match.group(2))
            if name.endswith(".c") and not re.search(r"\bstatic\b", match.group(1)):
                self.defined.setdefault(match.group(2), []).append(name)

    def find(self, name, what):
        for folder in (os.path.dirname(name),) + WHERE:
            path = os.path.normpath(os.path.join(folder, what))
            if path in self.files:
                return path
        return None

    def all_includes(self, name):
        seen, left = set(), [name]
        while left:
            for other in self.includes[left.pop()] - seen:
                seen.add(other)
                left.append(other)
        return seen

    def calls(self):
        """{file: {file that it needs: a function}}"""
        needs = {name: {} for name in self.files if name.endswith(".c")}
        for name, code in self.code.items():
            home = name[:-2] + ".c"
            if home not in needs:
                continue
            declared = {word for header in self.all_includes(name) | {name}
                        if header.endswith(".h") for word in DECLARED.findall(self.code[header])}
            for word in set(CALLED.findall(code)) & declared - self.own[name]:
                for other in self.defined.get(word, ()):
                    if other != home and self.is_seen(name, other, word):
                        needs[home].setdefault(other, word)
        return needs

    def is_seen(self, name, other, word):
        """Of two functions of one name, that of a library or of the command's own?"""
        return len(self.defined[word]) == 1 or name.split("/")[0] == other.split("/")[0]


def circles(needs):
    """Tarjan's strongly connected components of more than one node."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(needs[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(needs):
        if node not in index:
            visit(node)
    return found


def main(root):
    sys.setrecursionlimit(10000)
    tree = Tree(root)
    needs = tree.calls()
    if not any(needs.values()):
        sys.exit("check-circles: no file calls another: wrong folder?")
    headers = {name: {to: "" for to in inside if to.endswith(".h")}
               for name, inside in tree.includes.items() if name.endswith(".h")}
    count = 0
    for graph, how in ((needs, "calls"), (headers, "includes")):
        for circle in circles(graph):
            count += 1
            print(f"check-circles: {len(circle)} files need each other:")
            for name in circle:
                for other in sorted(set(graph[name]) & set(circle)):
                    word = f" {graph[name][other]}() of" if graph[name][other] else ""
                    print(f"    {name} {how}{word} {other}")
    return count > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")))
