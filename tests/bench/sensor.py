#!/usr/bin/env python3
"""Cost of the trace sensor: whole workloads natively, under secagent run, under strace of the same system calls, and under a tracer that
looks at nothing (resume), which is what ptrace itself costs.

usage: tests/bench/run.sh sensor [ROUNDS]

One CPU for everything (as in a task of one vCPU or less), modes in random order within a round, medians over the rounds. "cpu" is user and
system time of the workload and its watcher together, and of ab where it asks nginx, which alone is watched. Connections are seen as in a
task, from packets, in a network namespace of their own. strace --seccomp-bpf cannot test arguments, so it also stops on opens for reading.
"""
import os
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BIN = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
FILE_CALLS = "openat2,creat,unlink,unlinkat,rmdir,rename,renameat,renameat2,link,linkat,symlink,symlinkat,chmod,fchmodat"
CALLS = "execve,execveat,open,openat," + FILE_CALLS + ",bind,listen"
PORT = 7000
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
    for i in range(5000):
        peer, _ = server.accept()
        peer.sendall(peer.recv(16)); peer.close()
    os._exit(0)
for i in range(5000):
    client = socket.create_connection(server.getsockname())
    client.sendall(b"x"); client.recv(16); client.close()
os.wait()
"""
NGINX = """daemon off; worker_processes 1; user root; pid %(folder)s/pid; error_log %(folder)s/error;
events { worker_connections 128; }
http {
  access_log off; client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p; fastcgi_temp_path %(folder)s/f;
  uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s; keepalive_requests 1000000;
  server { listen 127.0.0.1:%(port)d; root %(folder)s; }
}
"""


def command(*words):
    """A workload that is one watched command."""
    return lambda watcher: subprocess.run(watcher + list(words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def wait_for_port():
    for _ in range(1000):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.01)
    raise SystemExit("nginx does not answer")


def nginx(folder, *options):
    """A watched nginx, asked by an ab that is not."""
    def run_nginx(watcher):
        server = subprocess.Popen(watcher + ["/usr/sbin/nginx", "-c", folder + "/nginx.conf"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        wait_for_port()
        subprocess.run(["ab", "-q", *options, "http://127.0.0.1:%d/page" % PORT], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        with open(folder + "/pid", encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGTERM)
        server.wait()
    return run_nginx


def workloads(folder):
    with open(folder + "/nginx.conf", "w", encoding="ascii") as file:
        file.write(NGINX % {"folder": folder, "port": PORT})
    with open(folder + "/page", "w", encoding="ascii") as file:
        file.write("served\n")
    return {
        "start": command("/bin/true"),
        "find": command("find", "/usr/share", "/usr/lib", "-xdev", "-name", "no-such-name"),
        "read": command("sh", "-c", "tar -cf - /usr/include /usr/share/doc 2>/dev/null | cat >/dev/null"),
        "files": command(PYTHON, "-c", FILES, folder),
        "connections": command(PYTHON, "-c", CONNECTIONS),
        "execs": command("sh", "-c", "i=0; while [ $i -lt 2000 ]; do /bin/true; i=$((i+1)); done"),
        "nginx-each": nginx(folder, "-n", "10000", "-c", "8"),
        "nginx-keep": nginx(folder, "-k", "-n", "40000", "-c", "8"),
    }


def modes(name):
    """How each watches that workload; connections by packets are our way, and calls everybody else's."""
    is_network = name == "connections" or name.startswith("nginx")
    calls = CALLS + (",connect,accept,accept4" if is_network else "")
    return {
        "native": [],
        "secagent": [BIN + "/secagent", "run", "--network", "packets" if is_network else "calls", "--"],
        "strace": ["strace", "-f", "--seccomp-bpf", "-e", "trace=" + calls, "-o", "/dev/null"],
        "resume": [BIN + "/resume"],
    }


def run(workload, watcher):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    workload(watcher)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def measure(folder):
    results = {}
    for _ in range(ROUNDS):
        for name, workload in workloads(folder).items():
            watchers = modes(name)
            for mode in random.sample(sorted(watchers), len(watchers)):
                results.setdefault((name, mode), []).append(run(workload, watchers[mode]))
    return results


def main():
    for tool in ("strace", "nginx", "ab"):
        if not shutil.which(tool):
            print("%s is not installed: deploy/packages/install.sh test" % tool)
            return 1
    subprocess.run(["ninja", "-C", os.path.dirname(BIN), "resume"], stdout=subprocess.DEVNULL, check=True)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        run(workloads(folder)["find"], [])  # the cache
        results = measure(folder)
    print("%-11s %-9s %9s %9s %8s %8s" % ("workload", "mode", "wall s", "cpu s", "wall x", "cpu x"))
    for (name, mode), rows in sorted(results.items()):
        wall, cpu = (statistics.median(column) for column in zip(*rows))
        native = [statistics.median(column) for column in zip(*results[name, "native"])]
        print("%-11s %-9s %9.3f %9.3f %8.2f %8.2f" % (name, mode, wall, cpu, wall / native[0], cpu / native[1]))
    for mode, (watcher, workload) in operations().items():
        print("one create, write, rename, read and unlink: %-9s watcher %5.1f us, workload %5.1f us" % (mode, watcher, workload))
    peak = memory()
    print("memory of the tracer at its peak: %.1f MiB resident, %.1f MiB of it its own" % peak)
    return 0


def spent(pid):
    """Nanoseconds on a processor; exact, where times are counted in ticks."""
    with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
        return int(file.read().split()[0])


def operation(watcher):
    """Microseconds of the watcher and of the workload for each round of the loop of files, start and end left out."""
    loop = "def loop(folder):\n" + "".join("    %s\n" % line for line in FILES.split("\n") if line and not line.startswith(("import", "folder")))
    code = "import os, sys\n" + loop + "loop(sys.argv[1])\n" + "".join("print(flush=True); sys.stdin.readline(); %s\n" % what
                                                                      for what in ("loop(sys.argv[1])", "pass"))
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(watcher + [PYTHON, "-c", code, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        child.stdout.readline()
        with open("/proc/%d/task/%d/children" % (child.pid, child.pid), encoding="ascii") as file:
            pids = [child.pid] + [int(pid) for pid in file.read().split()]
        before = [spent(pid) for pid in pids]
        child.stdin.write(b"\n")
        child.stdin.flush()
        child.stdout.readline()
        used = [(spent(pid) - start) / 3000e3 for pid, start in zip(pids, before)]
        child.communicate(b"\n")
    return (used[0], used[1]) if len(used) > 1 else (0.0, used[0])


def operations():
    results = {}
    for _ in range(ROUNDS):
        watchers = modes("files")
        for mode in random.sample(sorted(watchers), len(watchers)):
            results.setdefault(mode, []).append(operation(watchers[mode]))
    return {mode: [statistics.median(column) for column in zip(*rows)] for mode, rows in sorted(results.items())}


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
    # Packets of others must not be seen, so all of it runs in a network namespace of its own.
    if os.environ.get("CLEWLINE_BENCH_ALONE") != "1":
        os.environ["CLEWLINE_BENCH_ALONE"] = "1"
        os.execvp("unshare", ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"] + sys.argv)
    sys.exit(main())
