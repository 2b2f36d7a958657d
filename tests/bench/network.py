#!/usr/bin/env python3
"""Cost of seeing connections: loopback connections natively, under secagent with packets or with calls, and under strace.

usage: tests/bench/run.sh network [ROUNDS]

One CPU for everything, in a network namespace of its own, modes in random order within a round, medians over the rounds. The rule that is loaded
looks at every connect and accept, and holds for none, so that what is measured is the seeing. "cpu" is user and system time of the workload
and its watcher together.
"""
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

BIN = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
CONNECTIONS = 5000
RULES = """
- rule: Never
  desc: looks at all connections and holds for none
  condition: evt.type in (connect, accept, accept4) and fd.sport = 9
  output: "%fd.name"
  priority: NOTICE
"""
WORKLOAD = """
import socket, threading
server = socket.create_server(("127.0.0.1", 7000), backlog=1024)
def serve():
    for _ in range(COUNT):
        taken, _ = server.accept()
        taken.recv(1)
        taken.close()
thread = threading.Thread(target=serve)
thread.start()
for _ in range(COUNT):
    client = socket.create_connection(("127.0.0.1", 7000))
    client.send(b"x")
    client.close()
thread.join()
""".replace("COUNT", str(CONNECTIONS))


def modes(rules):
    agent = [BIN + "/secagent", "run", "-r", rules, "--network"]
    return {
        "native": [],
        "packets": agent + ["packets", "--"],
        "calls": agent + ["calls", "--"],
        "strace": ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,accept,accept4", "-o", "/dev/null"],
    }


def run(command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"] + command + [sys.executable, "-c", WORKLOAD],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    results = {}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(RULES)
        file.flush()
        commands = modes(file.name)
        for _ in range(ROUNDS):
            for mode in random.sample(sorted(commands), len(commands)):
                results.setdefault(mode, []).append(run(commands[mode]))
    native = [statistics.median(column) for column in zip(*results["native"])]
    print("%-8s %9s %9s %8s %8s %12s" % ("mode", "wall s", "cpu s", "wall x", "cpu x", "us more each"))
    for mode, rows in sorted(results.items()):
        wall, cpu = (statistics.median(column) for column in zip(*rows))
        print("%-8s %9.3f %9.3f %8.2f %8.2f %12.1f" % (mode, wall, cpu, wall / native[0], cpu / native[1],
                                                      (cpu - native[1]) / CONNECTIONS * 1e6))
    return 0


if __name__ == "__main__":
    sys.exit(main())
