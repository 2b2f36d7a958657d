#!/usr/bin/env python3
"""Cost of the trace sensor: whole workloads natively, under secagent run, and under strace of the same system calls.

usage: tests/bench/run.sh sensor [ROUNDS]

One CPU for everything (as in a task of one vCPU or less), modes in random order within a round, medians over the rounds. "cpu" is user and
system time of the workload and its watcher together. strace --seccomp-bpf cannot test arguments, so it also stops on opens for reading.
"""
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BIN = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
CALLS = ("execve,execveat,open,openat,openat2,creat,unlink,unlinkat,rmdir,rename,renameat,renameat2,link,linkat,symlink,symlinkat,chmod,fchmodat,"
         "connect,bind,listen")
PYTHON = "/usr/bin/python3"
FILES = r"""
import os, sys
folder = sys.argv[1]
for i in range(3000):
    path = "%s/%d" % (folder, i)
    with open(path, "w") as file:
        file.write("x")
    os.rename(path, path + "r")
    with open(path + "r") as file:
        file.read()
    os.unlink(path + "r")
"""
CONNECTIONS = r"""
import os, socket
server = socket.create_server(("127.0.0.1", 0), backlog=64)
if os.fork() == 0:
    for i in range(3000):
        peer, _ = server.accept()
        peer.sendall(peer.recv(16)); peer.close()
    os._exit(0)
for i in range(3000):
    client = socket.create_connection(server.getsockname())
    client.sendall(b"x"); client.recv(16); client.close()
os.wait()
"""


def workloads(folder):
    return {
        "find": ["find", "/usr/share", "/usr/lib", "-xdev", "-name", "no-such-name"],
        "read": ["sh", "-c", "tar -cf - /usr/include /usr/share/doc 2>/dev/null | cat >/dev/null"],
        "files": [PYTHON, "-c", FILES, folder],
        "connections": [PYTHON, "-c", CONNECTIONS],
        "execs": ["sh", "-c", "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done"],
    }


MODES = {
    "native": [],
    "secagent": [BIN + "/secagent", "run", "--"],
    "strace": ["strace", "-f", "--seccomp-bpf", "-e", "trace=" + CALLS, "-o", "/dev/null"],
}


def run(command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def measure(folder):
    results = {}
    for _ in range(ROUNDS):
        for name, workload in workloads(folder).items():
            for mode in random.sample(sorted(MODES), len(MODES)):
                results.setdefault((name, mode), []).append(run(MODES[mode] + workload))
    return results


def main():
    if not shutil.which("strace"):
        print("strace is not installed: deploy/packages/install.sh test")
        return 1
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        run(workloads(folder)["find"])  # the cache
        results = measure(folder)
    print("%-11s %-9s %9s %9s %8s %8s" % ("workload", "mode", "wall s", "cpu s", "wall x", "cpu x"))
    for (name, mode), rows in sorted(results.items()):
        wall, cpu = (statistics.median(column) for column in zip(*rows))
        native = [statistics.median(column) for column in zip(*results[name, "native"])]
        print("%-11s %-9s %9.3f %9.3f %8.2f %8.2f" % (name, mode, wall, cpu, wall / native[0], cpu / native[1]))
    peak = memory()
    print("memory of the tracer at its peak: %.1f MiB resident, %.1f MiB of it its own" % peak)
    return 0


def memory():
    """Of the process of secagent run while its command waits, after a loop of files."""
    with tempfile.TemporaryDirectory() as folder:
        tracer = subprocess.Popen([BIN + "/secagent", "run", "--", PYTHON, "-c", FILES + "print('done', flush=True); sys.stdin.read()", folder],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while tracer.stdout.readline() not in (b"done\n", b""):
            pass
        with open("/proc/%d/status" % tracer.pid, encoding="ascii") as file:
            found = dict(line.split(":", 1) for line in file)
        tracer.communicate(b"")
    return int(found["VmHWM"].split()[0]) / 1024, int(found["RssAnon"].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
