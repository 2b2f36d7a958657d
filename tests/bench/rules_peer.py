#!/usr/bin/env python3
"""The rule engine beside sysdig: the same official conditions on the same events of a capture.

usage: rules_peer.py BIN CAPTURES RULE-FILE...

sysdig of Debian (libsinsp of 2022) reads a capture whose event blocks are repeated, once with a filter that no event
passes and once with the conditions joined by "or"; the difference is what its filter costs. Our engine gets the fields of the same events as
sysdig itself prints them, and the same conditions as rules. Both must find the same events.
"""
import gzip
import json
import os
import re
import resource
import statistics
import struct
import subprocess
import sys
import tempfile

BIN, CAPTURES, FILES = sys.argv[1], sys.argv[2], sys.argv[3:]
ROUNDS = 2
EVENTS = 60_000
US = "\x1f"
ANCESTORS = 7
EVENT_BLOCKS = {0x204, 0x208, 0x216, 0x217}
NOTHING = "evt.num=0"
# Ours, and simple: the official conditions hold for none of these events, and who finds nothing may have looked at nothing.
HOLDING = {
    "names": "proc.name in (curl, sh, id)",
    "libraries": "evt.type=open and fd.name startswith /lib",
    "settings": "evt.type=open and fd.name pmatch (/etc, /proc) and not fd.name endswith .cache",
    "parts": "fd.name contains so.",
    "parents": "proc.pname in (bash, sh) and proc.name=curl and evt.type in (read, write, connect)",
    "failed": "evt.type=open and evt.failed=true",
}
OPENS = {2, 3} # open, entry and result, as captures number them
# what a field that only conditions may name is made of
ENDS = {"fd.ip": ("fd.cip", "fd.sip"), "fd.net": ("fd.cip", "fd.sip"), "fd.port": ("fd.cport", "fd.sport"), "fd.snet": ("fd.sip",),
        "fd.cnet": ("fd.cip",), "fd.rnet": ("fd.rip",), "fd.lnet": ("fd.lip",)}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def conditions():
    """Conditions of the rules for system calls, macros and lists put in."""
    files = [word for name in FILES for word in ("-r", name)]
    found = {}
    for name in json.loads(run(f"{BIN}/secctl", "rules", "list", "-o", "json", *FILES).stdout):
        rule = json.loads(run(f"{BIN}/secctl", "rules", "explain", "-o", "json", *files, name["rule"]).stdout)
        if rule["source"] == "syscall" and rule["enabled"]:
            found[rule["rule"]] = rule["condition_expanded"]
    return found


def accepted(rules, capture):
    return {name: text for name, text in rules.items() if run("sysdig", "-r", capture, text).returncode == 0}


def blocks(data):
    at = 0
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        yield kind, data[at:at + length]
        at += length


def header_at(kind):
    """Where an event's header lies: behind type and length of the block and the number of the processor (and flags)."""
    return 8 + 2 + (4 if kind in (0x208, 0x217) else 0)


def event_type(kind, block):
    return struct.unpack_from("<H", block, header_at(kind) + 8 + 8 + 4)[0]


def repeat(source, target, times, only=None):
    """Writes a capture with its events, or those of some types, so many times, each time later. Returns how many there are then."""
    head, events = [], []
    with open(source, "rb") as file:
        packed = file.read()
    for kind, block in blocks(gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed):
        if kind not in EVENT_BLOCKS:
            head.append((kind, block))
        elif not only or event_type(kind, block) in only:
            events.append((kind, block))
    place = {kind: header_at(kind) for kind in EVENT_BLOCKS}
    stamps = [struct.unpack_from("<Q", block, place[kind])[0] for kind, block in events]
    span = max(stamps) - min(stamps) + 1_000_000
    with open(target, "wb") as file:
        for _, block in head:
            file.write(block)
        for i in range(times):
            for (kind, block), stamp in zip(events, stamps):
                file.write(block[:place[kind]] + struct.pack("<Q", stamp + i * span) + block[place[kind] + 8:])
    return len(events) * times


def cpu(capture, condition):
    """CPU seconds of the fastest of several runs, and events that passed."""
    times = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(["taskset", "-c", "0", "sysdig", "-r", capture, "-p", "%evt.num", condition], stdout=subprocess.PIPE) as child:
            passed = sum(chunk.count(b"\n") for chunk in iter(lambda: child.stdout.read(1 << 20), b""))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times), passed


def fields_of(rules):
    names = set(re.findall(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+(?:\[[^\]]*\])?(?= (?:exists|[a-z]* *[=!<>(]|[a-z]+ ))", " ".join(rules.values())))
    plain = set()
    for name in names:
        plain.update(ENDS.get(name, [name]))
        if name == "proc.aname":
            plain.update(f"proc.aname[{i}]" for i in range(1, ANCESTORS + 1))
    return sorted(name for name in plain if name != "proc.aname" and run("sysdig", "-r", SMALL, "-p", f"%{name}", NOTHING).returncode == 0)


def texts(value):
    if value is None or isinstance(value, (list, dict)):
        return []
    return ["true" if value is True else "false" if value is False else str(value).replace("\n", " ").replace(US, " ")]


def export(capture, rules, target):
    """Writes what sysdig says of each event for our engine to read."""
    names = fields_of(rules)
    unpacked = run("sysdig", "-r", capture, "-j", "-p", " ".join(["*%evt.type"] + [f"%{name}" for name in names])).stdout
    count = 0
    with open(target, "w", encoding="utf-8", errors="surrogateescape") as file:
        for line in unpacked.splitlines():
            if not line.startswith("{"):
                continue
            event = json.loads(line)
            row = [event["evt.type"]]
            for name in names:
                row += [f"{name}={text}" for text in texts(event.get(name))]
            for name, parts in ENDS.items():
                row += [f"{name}={text}" for part in parts for text in texts(event.get(part))]
            file.write(US.join(row) + "\n")
            count += 1
    return count


def as_rules(rules, target):
    with open(target, "w", encoding="utf-8") as file:
        json.dump([{"rule": name, "desc": "d", "output": "o", "priority": "INFO", "condition": text} for name, text in rules.items()], file)


def compare(label, capture, rules, folder):
    big, events, ours = f"{folder}/big.scap", f"{folder}/events", f"{folder}/rules.yaml"
    count = export(capture, rules, events)
    total = repeat(capture, big, max(1, EVENTS // max(count, 1)))
    condition = " or ".join(f"({text})" for text in rules.values())
    base, _ = cpu(big, NOTHING)
    full, _ = cpu(big, condition)
    _, passed = cpu(capture, condition)
    as_rules(rules, ours)
    replay = run("taskset", "-c", "0", f"{BIN}/rules_replay", events, ours)
    if replay.returncode:
        sys.exit(replay.stderr)
    nanoseconds, matched = replay.stdout.split()
    theirs = (full - base) / total * 1e9
    print(f"{label:<28} {len(rules)} rules, {count} events x {total // count}: sysdig reads in {base / total * 1e9:.0f} ns, its filter "
          f"{theirs:.0f} ns/event ({passed} pass); ours {float(nanoseconds):.0f} ns/event ({matched} match): {theirs / float(nanoseconds):.0f}x")
    if passed != int(matched):
        sys.exit(f"{label}: the two do not find the same events")


SMALL = f"{CAPTURES}/cat_write.scap"


def main():
    rules = conditions()
    fit = accepted(rules, SMALL)
    print(f"sysdig {run('sysdig', '--version').stdout.split()[-1]} takes {len(fit)} of {len(rules)} conditions of the files")
    with tempfile.TemporaryDirectory() as folder:
        for name, only in (("curl_google", None), ("curl_google", OPENS), ("psp_run_as_user_0_container", None)):
            capture = f"{folder}/capture.scap"
            repeat(f"{CAPTURES}/{name}.scap", capture, 1, only)
            compare(f"{name}{', opens alone' if only else ''}", capture, fit, folder)
        holding = accepted(HOLDING, SMALL)
        for name in ("curl_google", "psp_run_as_user_0_container"):
            compare(f"{name}, own conditions", f"{CAPTURES}/{name}.scap", holding, folder)


main()
