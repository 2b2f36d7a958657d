#!/usr/bin/env python3
"""The processes of a sidecar are killed, each in turn and several at once: as long as one of them lives, what was launched is watched.

usage: standby_test.py BIN-FOLDER
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from programs import environment, until
from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
TIMES = 20
SCRIPT = ("n=0; while [ ! -e %(work)s/enough ]; do n=$((n+1)); (: >%(work)s/turn-$n) 2>/dev/null; /bin/true || echo 'exec failed'; sleep 0.01; done; "
          ": >%(work)s/last && /bin/echo agent-test-last; exit 9")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def children(pid, name):
    """Of a process, those that are called so."""
    try:
        found = read("/proc/%d/task/%d/children" % (pid, pid)).split()
        return [int(child) for child in found if read("/proc/%s/comm" % child).strip() == name]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid):
    try:
        return read("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Sidecar:
    """Its processes change; who is in charge, who traces and who is the spare is looked up."""

    def __init__(self, work):
        self.log, self.out, self.socket = work + "/log", work + "/out", work + "/launch.sock"
        with open(self.out, "w", encoding="ascii") as out, open(self.log, "w", encoding="ascii") as log:
            self.child = subprocess.Popen([BIN + "/secagent", "task", "-r", HERE + "/agent_rules.yaml", "--socket", self.socket, "--once"],
                                          stdout=out, stderr=log, env=environment())
        self.charge = self.child.pid
        self.worker = until(lambda: children(self.charge, "secagent"))[0]
        until(lambda: "listening" in read(self.log))

    def spare(self):
        return until(lambda: children(self.charge, "secagent-spare"))[-1]

    def said(self, word):
        return read(self.log).count(word)

    def kill(self, in_charge, worker):
        """Kills those; the spare is in charge then, or another worker is started, or both."""
        spare, former = self.spare(), self.worker
        deaths, follows = self.said("standby-died"), self.said("followed-on")
        victims = [pid for pid, is_one in ((self.charge, in_charge), (self.worker, worker)) if is_one]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        self.child.poll()
        if in_charge:
            self.charge = spare
            until(lambda: self.said("standby-died") > deaths)
        if worker:
            until(lambda: self.said("followed-on") > follows)
            self.worker = until(lambda: [pid for pid in children(self.charge, "secagent") if pid != former])[0]
        return self.said("standby-died") == deaths + in_charge and self.said("followed-on") == follows + worker


def each_is_killed(work):
    sidecar = Sidecar(work)
    workload = subprocess.Popen([BIN + "/seclaunch", "--require", "--socket", sidecar.socket, "--", "/bin/sh", "-c", SCRIPT % {"work": work}],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())
    until(lambda: os.path.exists(work + "/turn-1"))
    for name, victims in (("who is in charge", (True, False)), ("the tracer", (False, True)), ("both at once", (True, True))):
        good = sum(sidecar.kill(*victims) for _ in range(TIMES))
        check(good == TIMES, "%s: killed %d times, and each time another one takes its place" % (name, TIMES), (good, read(sidecar.log)[-1500:]))
    spare = sidecar.spare()
    os.kill(spare, signal.SIGKILL)
    check(until(lambda: [pid for pid in children(sidecar.charge, "secagent-spare") if pid != spare]), "a spare that is killed is replaced")
    check(sidecar.kill(True, False), "and the new one is as good")
    with open(work + "/enough", "w", encoding="ascii"):
        pass
    out = workload.communicate(timeout=100)[0]
    check(workload.returncode == 9 and out == "agent-test-last\n", "the workload has noticed nothing but calls that failed", (workload.returncode, out))
    check(until(lambda: not is_alive(sidecar.charge) and not is_alive(sidecar.worker)), "all of the sidecar ends with its workload", read(sidecar.log)[-500:])
    check(re.search(r"created %s/last" % re.escape(work), read(sidecar.out)),
          "and its last act was seen", read(sidecar.out)[-300:])
    check(not [pid for pid in os.listdir("/proc") if pid.isdigit() and is_alive(int(pid)) and sidecar.socket in command_of(pid)],
          "no process of the sidecar is left")


def command_of(pid):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as file:
            return file.read().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def codes_and_signals(work):
    """Whoever is in charge passes signals on, and ends as the worker does."""
    sidecar = Sidecar(work)
    sidecar.kill(True, False)
    os.kill(sidecar.charge, signal.SIGTERM)
    check(until(lambda: not is_alive(sidecar.charge) and not is_alive(sidecar.worker)), "SIGTERM to the one in charge ends an idle sidecar",
          read(sidecar.log)[-500:])
    check(sidecar.child.wait() == -signal.SIGKILL and "no-more" not in read(sidecar.log), "in order", read(sidecar.log)[-500:])


def main():
    if not os.path.exists(BIN + "/secagent") or not hasattr(os, "pidfd_open"):
        print("skipped: no secagent in %s, or no pidfd_open" % BIN)
        return SKIP
    for part in (each_is_killed, codes_and_signals):
        work = tempfile.mkdtemp(prefix="agent_test.standby.")
        try:
            part(work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return conclude()


sys.exit(main())
