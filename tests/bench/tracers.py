#!/usr/bin/env python3
"""What a tracer for each container brings: stops a second of two containers together, with one tracer for both and with one each.

usage: tests/bench/run.sh tracers [SECONDS] [ROUNDS]

Each of two processes renames a file there and back, as often as it can; each rename stops once, its two paths are read, its folder's links
followed and all shipped rules asked. "one" has both processes in one container, which has one tracer; "each" has them in two. Modes in
random order within a round, medians over the rounds. "cpu" is user and system time of the tracers' process for each rename, "memory" what
it has resident, and of it its own, at the end.
"""
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

BIN = sys.argv[1]
SECONDS = sys.argv[2] if len(sys.argv) > 2 else "3"
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
HERE = os.path.dirname(os.path.abspath(__file__))
MODES = {"native": (2,), "one": (2,), "each": (1, 1)}  # processes of each container
TICKS = os.sysconf("SC_CLK_TCK")


def worker_of(sidecar):
    with open("/proc/%d/task/%d/children" % (sidecar, sidecar), encoding="ascii") as file:
        return int(file.read().split()[0])


def spent(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        text = file.read()
    return tuple(int(re.search(name + r":\s+(\d+)", text).group(1)) / 1024 for name in ("VmRSS", "RssAnon"))


def start_sidecar(folder, log):
    sidecar = subprocess.Popen([BIN + "/secagent", "task", "--socket", folder + "/socket", "--network", "calls"], stdout=log, stderr=log)
    while not os.path.exists(folder + "/socket"):
        if sidecar.poll() is not None:
            raise SystemExit("the sidecar does not start")
        time.sleep(0.01)
    return sidecar


def run(folder, mode):
    """Renames a second, CPU us of each, memory."""
    launcher = [] if mode == "native" else [BIN + "/seclaunch", "--require", "--socket", folder + "/socket", "--"]
    with open(folder + "/log", "w", encoding="ascii") as log:
        sidecar = start_sidecar(folder, log) if launcher else None
        before = spent(worker_of(sidecar.pid)) if sidecar else 0
        started = [subprocess.Popen(launcher + [folder + "/renames", SECONDS, folder, str(count)], stdout=subprocess.PIPE, text=True)
                   for count in MODES[mode]]
        count = sum(int(process.communicate()[0]) for process in started)
        worker = worker_of(sidecar.pid) if sidecar else 0
        took, size = (spent(worker) - before, memory(worker)) if sidecar else (0, (0, 0))
        if sidecar:
            sidecar.send_signal(signal.SIGTERM)
            sidecar.wait()
    return (count / float(SECONDS), took / count * 1e6, *size)


def main():
    results = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-o", folder + "/renames", HERE + "/renames.c"], check=True)
        for _ in range(ROUNDS):
            for mode in random.sample(sorted(MODES), len(MODES)):
                results[mode].append(run(folder, mode))
    print("%d processors, load %.1f" % (len(os.sched_getaffinity(0)), os.getloadavg()[0]))
    print("%-8s %12s %14s %12s %10s" % ("tracers", "renames/s", "cpu us each", "memory MiB", "its own"))
    for mode, rows in results.items():
        print("%-8s %12.0f %14.1f %12.1f %10.1f" % (mode, *(statistics.median(column) for column in zip(*rows))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
