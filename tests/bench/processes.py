#!/usr/bin/env python3
"""How many short-lived processes a second there can be: natively, under secagent run, under strace of execve, and under a tracer that looks
at nothing (resume).

usage: tests/bench/run.sh processes [COUNT] [ROUNDS]

All processors, modes in random order within a round, medians over the rounds. Each process is the least there can be: vfork, exec of a program
without a library, exit. "secagent" has the shipped rules, none of which holds; "told" prints every exec, fork and end as a line of JSON, and
counts whether each process was told exactly once. "cpu" is user and system time of the workload and its watcher together, for each process.
"""
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import Counter

BIN = sys.argv[1]
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOAD = os.path.join(HERE, "..", "integration", "workload")
sys.path.insert(0, WORKLOAD)
import image  # noqa: E402

MODES = {
    "native": [],
    "secagent": [BIN + "/secagent", "run", "--"],
    "told": [BIN + "/secagent", "run", "-o", "json", "-r", WORKLOAD + "/rules.yaml", "--"],
    "strace": ["strace", "-f", "--seccomp-bpf", "-e", "trace=execve", "-o", "/dev/null"],
    "resume": [BIN + "/resume"],
}


def compiled(folder):
    for name, options in (("processes", ("-static",)), ("instant", image.BARE)):
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", *options, "-o", "%s/%s" % (folder, name), "%s/%s.c" % (WORKLOAD, name)], check=True)
    return [folder + "/processes", folder + "/instant", str(COUNT)]


def run(watcher, workload, out):
    """Processes a second, and processor time of each in microseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(watcher + workload, stdout=out, stderr=subprocess.PIPE, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(re.search(r"^rate (\d+)$", done.stderr, re.M).group(1)), spent / COUNT * 1e6


def check_told(path):
    """Each once, by its own argument; and as many ends as births."""
    told = {"Exec": Counter(), "Fork": 0, "Exit": 0}
    with open(path, encoding="utf-8") as file:
        for event in (json.loads(line) for line in file if line.startswith("{")):
            if event["rule"] == "Exec":
                told["Exec"][event["output_fields"]["proc.cmdline"]] += 1
            elif event["rule"] in told:
                told[event["rule"]] += 1
    wanted = Counter("instant child %d" % i for i in range(COUNT))
    found = Counter({line: n for line, n in told["Exec"].items() if line.startswith("instant ")})
    if found != wanted or told["Fork"] + 1 != told["Exit"]:
        raise SystemExit("not told once: %s, %d forks, %d ends" % ((wanted - found) + (found - wanted), told["Fork"], told["Exit"]))


def measure(folder):
    workload, results = compiled(folder), {}
    for _ in range(ROUNDS):
        for mode in random.sample(sorted(MODES), len(MODES)):
            with open(folder + "/out", "w", encoding="utf-8") as out:
                results.setdefault(mode, []).append(run(MODES[mode], workload, out))
            if mode == "told":
                check_told(folder + "/out")
    return results


def main():
    subprocess.run(["ninja", "-C", os.path.dirname(BIN), "resume"], stdout=subprocess.DEVNULL, check=True)
    with tempfile.TemporaryDirectory() as folder:
        results = measure(folder)
    print("%d processes on %d processors, each told once" % (COUNT, len(os.sched_getaffinity(0))))
    print("%-9s %12s %12s" % ("mode", "a second", "cpu us each"))
    for mode, rows in sorted(results.items(), key=lambda item: list(MODES).index(item[0])):
        rate, spent = (statistics.median(column) for column in zip(*rows))
        print("%-9s %12.0f %12.1f" % (mode, rate, spent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
