#!/usr/bin/env python3
"""secagent run and task under load while their rules and policies are read again: nothing is lost, nothing is judged twice.

usage: reload_test.py BIN-FOLDER
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from programs import environment
from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
AGENT, LAUNCH = BIN + "/secagent", BIN + "/seclaunch"
RELOADS = 50
TOLD = 200  # events at least between two reloads
WAIT_S = 60
WORKERS = "abc"
# Creates numbered files until it is told to stop, and says how many.
WORK = """
import os, sys

folder, name = sys.argv[1:]
number = 0
while not os.path.exists(folder + "/stop"):
    path = "%s/%s-%d" % (folder, name, number)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    os.unlink(path)
    number += 1
os.write(1, b"count %s %d\\n" % (name.encode(), number))
"""


class Agent:
    """A running secagent with all that it printed so far."""

    def __init__(self, *arguments):
        self.changed = threading.Condition()
        self.out, self.log = [], []
        self.child = subprocess.Popen([AGENT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      env=environment())
        self.readers = [threading.Thread(target=self.read, args=pair)
                        for pair in ((self.child.stdout, self.out), (self.child.stderr, self.log))]
        for reader in self.readers:
            reader.start()

    def read(self, stream, lines):
        for line in stream:
            with self.changed:
                lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def wait(self, lines, words, start=0):
        """The first line from number start on that holds words."""
        at = start
        with self.changed:
            while True:
                while at < len(lines):
                    if words in lines[at]:
                        return lines[at]
                    at += 1
                if not self.changed.wait(WAIT_S):
                    return None

    def wait_more(self, lines, count):
        """True when lines are so many; they are all the output of a load that goes on by itself."""
        with self.changed:
            while len(lines) < count:
                if not self.changed.wait(WAIT_S):
                    return False
        return True

    def end(self):
        self.child.wait(WAIT_S)
        for reader in self.readers:
            reader.join()
        return self.child.returncode


def replace(path, text):
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(path + ".new", path)


def rules(work, generation, calls="open, openat, creat"):
    return ("- rule: Made\n  desc: x\n  condition: evt.type in (%s) and (fd.name glob %s/[abc]-* or fs.path.name glob %s/[abc]-*)"
            " and (evt.type in (unlink, unlinkat) or evt.is_open_write=true)\n"
            "  output: g%d %%evt.type %%fd.name\n  priority: WARNING\n") % (calls, work, work, generation)


def load(work):
    return ["/bin/sh", "-c", "".join("%s %s/work.py %s %s & " % (sys.executable, work, work, name) for name in WORKERS) + "wait"]


def reload(agent, work, generation):
    start, seen = len(agent.log), len(agent.out)
    replace(work + "/rules.yaml", rules(work, generation))
    agent.child.send_signal(signal.SIGHUP)
    if not agent.wait(agent.log, "rules-loaded: 1 rules count", start):
        check(False, "reload %d is said" % generation, agent.log[start:])
    if not agent.wait(agent.out, " g%d " % generation, seen):
        check(False, "rules of generation %d count" % generation, agent.out[-3:])
    if not agent.wait_more(agent.out, seen + TOLD):
        check(False, "the load goes on after reload %d" % generation, agent.out[-3:])


def break_rules(agent, work, path, text, place):
    with open(path, encoding="ascii") as file:
        good = file.read()
    start = len(agent.log)
    replace(path, text)
    agent.child.send_signal(signal.SIGHUP)
    line = agent.wait(agent.log, "rules-not-loaded", start)
    check(line and place in line and "stay" in line, "what is wrong is one line with its place, and the rules of before stay", line)
    seen = len(agent.out)
    check(agent.wait(agent.out, " g", seen), "what happens is still seen", agent.out[-3:])
    replace(path, good)


def judge(agent):
    counts = dict(line.split()[1:] for line in agent.out if line.startswith("count "))
    check(sorted(counts) == sorted(WORKERS), "every worker ended in order", counts)
    for name in counts:
        found = [re.search(r" g(\d+) open\w* \S*/%s-(\d+)$" % name, line) for line in agent.out]
        found = [(int(match.group(1)), int(match.group(2))) for match in found if match]
        check([number for _, number in found] == list(range(int(counts[name]))),
              "each of %s files of %s is told exactly once, in order" % (counts[name], name), len(found))
        check(all(before[0] <= after[0] for before, after in zip(found, found[1:])),
              "rules of before, then rules of after, for " + name)


def run_is_reloaded(work):
    agent = Agent("run", "-r", work + "/rules.yaml", "--policy", work + "/policies.yaml", "--", *load(work))
    agent.wait(agent.out, " g0 ")
    for generation in range(1, RELOADS + 1):
        reload(agent, work, generation)
    break_rules(agent, work, work + "/rules.yaml", "- rule: Made\n  desc: x\n  condition: proc.nam = sh\n  output: x\n  priority: INFO\n",
                "/rules.yaml:3:14:")
    break_rules(agent, work, work + "/policies.yaml", "- policy: P\n  severity: high\n  rules: [Mad]\n", "/policies.yaml:3:11:")
    start = len(agent.log)
    replace(work + "/rules.yaml", rules(work, RELOADS + 1, "open, openat, creat, unlink"))
    agent.child.send_signal(signal.SIGHUP)
    line = agent.wait(agent.log, "calls-not-seen", start)
    check(line and line.endswith(": unlink") and "until the command is started anew" in line,
          "calls that the running filter does not deliver are named", line)
    open(work + "/stop", "w", encoding="ascii").close()
    check(agent.end() == 0, "secagent run ends with its command", agent.log[-3:])
    judge(agent)


def task_is_reloaded(work):
    agent = Agent("task", "--policy", work + "/rules.yaml", "--socket", work + "/launch.sock", "--once")
    check(agent.end() == 1 and any("files of rules are given with --rules" in line for line in agent.log), "a rule given as policy is refused", agent.log)
    agent = Agent("task", "-r", work + "/rules.yaml", "--policy", work + "/policies.yaml", "--socket", work + "/launch.sock", "--once")
    agent.wait(agent.log, "listening")
    launcher = [LAUNCH, "--require", "--socket", work + "/launch.sock", "--"]
    command = load(work)
    command[2] = command[2].replace(" & ", " >>%s/counts & " % work)
    workload = subprocess.Popen(launcher + command, env=environment())
    agent.wait(agent.out, " g0 ")
    for generation in range(1, RELOADS + 1):
        reload(agent, work, generation)
    start = len(agent.log)
    replace(work + "/rules.yaml", rules(work, RELOADS + 1, "open, openat, creat, unlink, unlinkat"))
    check(agent.wait(agent.log, "rules-loaded", start), "a changed file is noticed without a signal", agent.log[start:])
    line = agent.wait(agent.log, "calls-not-seen", start)
    check(line and ": unlink, unlinkat" in line and "launched from now on" in line, "calls that running filters do not deliver are named",
          line)
    with open(work + "/a-gone", "w", encoding="ascii"):
        pass
    subprocess.run(launcher + ["/bin/rm", work + "/a-gone"], check=True, env=environment())
    check(agent.wait(agent.out, " g%d unlink" % (RELOADS + 1)), "what is launched then has a filter that delivers them", agent.out[-3:])
    open(work + "/stop", "w", encoding="ascii").close()
    workload.wait(WAIT_S)
    check(agent.end() == 0, "secagent task ends with its workload", agent.log[-3:])
    with open(work + "/counts", encoding="ascii") as file:
        agent.out.extend(file.read().splitlines())
    judge(agent)


def main():
    if not os.path.exists(AGENT):
        print("skipped: no secagent in %s" % BIN)
        return SKIP
    for part in (run_is_reloaded, task_is_reloaded):
        work = tempfile.mkdtemp(prefix="reload_test.")
        try:
            replace(work + "/rules.yaml", rules(work, 0))
            replace(work + "/policies.yaml", "- policy: P\n  severity: high\n  rules: [Made]\n")
            replace(work + "/work.py", WORK)
            part(work)
        finally:
            shutil.rmtree(work)
    return conclude()


sys.exit(main())
