#!/usr/bin/env python3
"""docs/system-calls.md is what agent/sensor/calls.def and numbers.def say.

usage: calls.py [--write]    --write makes it anew. Exit code: 0 all is well, 1 not.
"""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
REFERENCE = os.path.join(ROOT, "docs", "system-calls.md")
HEAD = """# System calls that the sensors report

Made from `agent/sensor/calls.def` and `numbers.def` by `tests/lint/calls.py --write`. Names of events and parameters are Falco's.
"only if" is what the filter of the trace sensor tests of the arguments before it stops a call; a rule that could hold for other
arguments takes the test away. A parameter in brackets is one that Falco has and no sensor here.

| event | numbers x86-64, i386, arm64 | only if | parameters |
|---|---|---|---|
"""


def read(name):
    with open(os.path.join(ROOT, "agent", "sensor", name), encoding="ascii") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


def group(text, at):
    """The text inside the parentheses that open at at, and where they close."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return text[at + 1:i], i
    raise ValueError("unbalanced")


def rows(text):
    for match in re.finditer(r"^CALL\(", text, re.M):
        yield group(text, match.end() - 1)[0]


def inside(row, word):
    at = row.find(word + "(")
    return " ".join(group(row, at + len(word))[0].split()) if at >= 0 else ""


def params(row):
    found = re.findall(r'([A-Z_0-9]+)\("(\w+)"', inside(row, "PARAMS"))
    return ", ".join("(%s)" % name if kind == "NOTHING" else name for kind, name in found) or "those of its process"


def reference():
    numbers = {}
    for name, *columns in re.findall(r"NUMBER\((\w+), \w+, (-?\d+), (-?\d+), (-?\d+)\)", read("numbers.def")):
        numbers.setdefault(name, []).append(", ".join("-" if column == "-1" else column for column in columns))
    lines = []
    for row in rows(read("calls.def")):
        name, event = re.match(r'(\w+), "(\w+)"', row).groups()
        test = inside(row, "TESTS").replace("|", "\\|")
        lines.append("| %s | %s | %s | %s |\n" % (event, "; ".join(numbers.get(name, [])), "`%s`" % test if test else "", params(row)))
    return HEAD + "".join(lines)


def main():
    text = reference()
    if "--write" in sys.argv:
        with open(REFERENCE, "w", encoding="ascii") as file:
            file.write(text)
        return 0
    with open(REFERENCE, encoding="ascii") as file:
        if file.read() == text:
            return 0
    print("docs/system-calls.md is not what agent/sensor/calls.def says: run tests/lint/calls.py --write")
    return 1


sys.exit(main())
