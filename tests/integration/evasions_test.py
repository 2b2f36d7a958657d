#!/usr/bin/env python3
"""Ways around the trace sensor: arguments that change while a call is made, and attacks on the sensor itself.

usage: evasions_test.py BIN-FOLDER

Other ways are tried in agent_calls_test.py (links, /proc/self/root, CLONE_UNTRACED, clone3, int 0x80, x32, memfd, very long arguments),
tier_test.py (io_uring) and entrants_test.py (processes from outside, 32-bit programs).
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from programs import environment, until
from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
AGENT, LAUNCH = BIN + "/secagent", BIN + "/seclaunch"
PYTHON = "/usr/bin/python3"
TURNS = 3000


def rule(condition, output):
    return "- rule: Act\n  desc: x\n  condition: %s\n  output: \"told %s\"\n  priority: INFO\n" % (condition, output)


def told_of(text):
    return [line.split("told ", 1)[1] for line in text.splitlines() if "told " in line]


def turn(work, text, *words):
    """What a turncoat says that it did, and what was told of it."""
    with open(work + "/rules.yaml", "w", encoding="ascii") as file:
        file.write(text)
    done = subprocess.run([AGENT, "run", "-r", work + "/rules.yaml", "--", work + "/turncoat", *words], capture_output=True, text=True,
                          timeout=200, env=environment(), check=False)
    found = re.search(r"^a (\d+) b (\d+)$", done.stdout, re.M)
    check(done.returncode == 0 and found, "a turncoat of %s runs to its end" % words[0], (done.returncode, done.stdout[-300:], done.stderr))
    really = [int(count) for count in found.groups()] if found else [0, 0]
    print("        %d times the one, %d times the other" % tuple(really), flush=True)
    return really, told_of(done.stdout)


def paths_that_change(work):
    """Each open is told by the file that it opened, whatever stood in the memory when it began."""
    write = "evt.type in (open, openat) and evt.is_open_write = true and fd.name startswith %s/" % os.path.realpath(work)
    really, told = turn(work, rule(write, "%fd.name"), "paths", work, str(TURNS))
    check([sum(line.endswith("/" + name) for line in told) for name in "ab"] == really, "every open is told by what was opened",
          (really, len(told), told[-3:]))
    really, told = turn(work, rule(write + "b", "%fd.name"), "paths", work, str(TURNS))
    check(len(told) == really[1], "also where a rule looks at one of the files alone", (really, len(told)))
    for name in "ab":
        os.unlink(work + "/" + name)
        os.mkdir(work + "/" + name)
    really, told = turn(work, rule(write, "%fd.name"), "links", work, str(TURNS))
    check([sum(line.endswith("/%s/file" % name) for line in told) for name in "ab"] == really, "and through links that change, too",
          (really, len(told), told[-3:]))


def addresses_that_change(work):
    servers = [socket.create_server(("127.0.0.1", 0), backlog=TURNS) for _ in range(2)]
    ports = [server.getsockname()[1] for server in servers]

    def serve(server):
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return
    threads = [threading.Thread(target=serve, args=(server,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    really, told = turn(work, rule("evt.type = connect and fd.sport = %d" % ports[1], "%fd.sport"), "addresses", *map(str, ports), str(TURNS))
    check(len(told) == really[1], "every connection is told by where it went", (really, len(told)))
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


class Sidecar:
    def __init__(self, work, text):
        self.socket = work + "/launch.sock"
        with open(work + "/rules.yaml", "w", encoding="ascii") as file:
            file.write(text)
        self.out, self.log = open(work + "/out", "w+", encoding="utf-8"), open(work + "/log", "w+", encoding="utf-8")
        self.child = subprocess.Popen([AGENT, "task", "-r", work + "/rules.yaml", "--socket", self.socket, "--once"], stdout=self.out,
                                      stderr=self.log, env=environment())
        until(lambda: os.path.exists(self.socket))

    def read(self, name):
        with open(getattr(self, name).name, encoding="utf-8") as file:
            return file.read()

    def close(self):
        self.out.close()
        self.log.close()

    def worker(self):
        with open("/proc/%d/task/%d/children" % (self.child.pid, self.child.pid), encoding="ascii") as file:
            return int((file.read().split() or [0])[0])


ATTACKER = """
import ctypes, os, signal, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
for line in sys.stdin:
    how, name, pid = line.split()
    number = getattr(signal, "SIG" + name)
    if how == "kill":
        os.kill(int(pid), number)
    elif how == "queue":
        libc.syscall(%d, int(pid), int(number), struct.pack("iii116x", number, 0, -1))
    else:
        signal.pidfd_send_signal(os.pidfd_open(int(pid)), number)
    print("done", flush=True)
""" % (129 if os.uname().machine == "x86_64" else 138)
CLOSED = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
sensor = os.getppid()
trace = libc.ptrace(0x4206, sensor, None, None) == 0
try:
    memory = open("/proc/%d/mem" % sensor, "rb") is not None
except OSError:
    memory = False
descriptor = libc.syscall(438, os.pidfd_open(sensor), 1, 0) >= 0
print("trace", trace, "memory", memory, "descriptor", descriptor)
"""


def sensor_attacked(work):
    """Whoever acts against the sensor is told, even where nobody lives on to see how it ended."""
    sidecar = Sidecar(work, rule("evt.type in (kill, rt_sigqueueinfo, pidfd_send_signal, ptrace) and proc.name startswith python",
                                 "%evt.type %evt.args by %proc.pid"))
    attacker = subprocess.Popen([LAUNCH, "--require", "--socket", sidecar.socket, "--", PYTHON, "-c", ATTACKER],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())

    def attack(how, pid):
        attacker.stdin.write("%s %d\n" % (how, pid))
        attacker.stdin.flush()
        return attacker.stdout.readline() == "done\n"

    def told(pattern):
        return until(lambda: re.search("told %s by %d$" % (pattern, attacker.pid), sidecar.read("out"), re.M))
    worker = until(sidecar.worker)
    check(attack("kill WINCH", sidecar.child.pid) and told(r"kill .*pid=%d sig=SIGWINCH" % sidecar.child.pid), "a signal to the sensor is told",
          sidecar.read("out"))
    check(attack("kill STOP", worker) and told(r"kill .*pid=%d sig=SIGSTOP" % worker), "so is one that stops the tracer", sidecar.read("out"))
    check(until(lambda: "tracer-stopped" in sidecar.read("log")) and attack("kill WINCH", worker), "but it goes on", sidecar.read("log")[-500:])
    for count, (how, pattern) in enumerate((("kill KILL", r"kill .*pid=%d sig=SIGKILL"), ("queue KILL", r"rt_sigqueueinfo .*pid=%d sig=SIGKILL"),
                                            ("pidfd KILL", r"pidfd_send_signal .*sig=SIGKILL"))):
        worker = until(sidecar.worker)
        check(attack(how, worker) and told(pattern % worker if "%d" in pattern else pattern), "who kills the tracer by %s is told" % how.split()[0],
              sidecar.read("out")[-500:])
        check(until(lambda: sidecar.read("log").count("followed-on") == count + 1), "and another one follows on", sidecar.read("log")[-500:])
    attacker.stdin.close()
    attacker.wait()
    check(sidecar.child.wait() == 0, "the sidecar ends with its workload", sidecar.read("log")[-500:])
    sidecar.close()


def sensor_is_closed(work):
    """A process of the same user, without a capability: the sensor of that user cannot be traced, nor its memory read, nor its descriptors taken."""
    user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    os.chmod(work, 0o755)
    with open(work + "/rules.yaml", "w", encoding="ascii") as file:
        file.write(rule("evt.type = ptrace", "%evt.args"))
    done = subprocess.run([*user, AGENT, "run", "-r", work + "/rules.yaml", "--", PYTHON, "-c", CLOSED], capture_output=True, text=True, timeout=200,
                          env=environment(HOME=work), check=False)
    check("trace False memory False descriptor False" in done.stdout, "the sensor is closed to the user that it runs as", done)
    check("request=PTRACE_SEIZE" in done.stdout, "and that it was tried is told", done)


def main():
    if not os.path.exists(AGENT) or not shutil.which("cc"):
        print("skipped: no secagent in %s, or no compiler" % BIN)
        return SKIP
    for part in (paths_that_change, addresses_that_change, sensor_attacked, sensor_is_closed):
        work = tempfile.mkdtemp(prefix="evasions.")
        try:
            subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-pthread", "-static", "-o", work + "/turncoat", HERE + "/workload/turncoat.c"], check=True)
            part(work)
        finally:
            shutil.rmtree(work)
    return conclude()


sys.exit(main())
