#!/usr/bin/env python3
"""Content of watched files, from a command to the answer: secagent run, a real collector, and the baseline commands.

usage: fim_test.py BIN-FOLDER
"""
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

from verdict import check, conclude

BIN = os.path.abspath(sys.argv[1])

RULES = """
- rule: Tool written
  desc: the tool is opened for writing
  condition: evt.type in (open, openat, openat2, creat) and evt.is_open_write = true and fd.filename = tool
  output: "written %fd.name"
  priority: ERROR
"""


def run(*args, **options):
    return subprocess.run(args, capture_output=True, text=True, timeout=150, check=False, **options)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def check_baseline(folder, sets):
    keep = ["-b", folder + "/baseline", "--watch", sets]
    write(folder + "/w/tool", "one\n")
    done = run(BIN + "/secagent", "fim", "baseline", *keep)
    check(done.returncode == 0 and "1 files" in done.stdout, "a baseline is taken", done)
    done = run(BIN + "/secagent", "fim", "verify", *keep)
    check(done.returncode == 0 and "1 files are as approved" in done.stdout, "and holds", done)
    write(folder + "/w/tool", "two\n")
    write(folder + "/w/new\x1b[31m", "x")
    done = run(BIN + "/secagent", "fim", "verify", *keep)
    check(done.returncode == 3 and "content  " + folder + "/w/tool" in done.stdout and "added" in done.stdout, "differences are told", done)
    check("\x1b" not in done.stdout, "and cannot speak to the terminal")
    done = run(BIN + "/secagent", "fim", "verify", "-o", "json", *keep)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    check([row["change"] for row in rows if row["path"].endswith("/tool")] == ["content"] and
          rows[-1]["now"]["sha256"] == sha256("two\n"), "also as JSON", rows)
    check(run(BIN + "/secagent", "fim", "approve", *keep, folder + "/w/tool", folder + "/w/new\x1b[31m").returncode == 0, "they are approved")
    check(run(BIN + "/secagent", "fim", "verify", *keep).returncode == 0, "and hold")
    check(run(BIN + "/secagent", "fim", "approve", *keep, "/not/watched").returncode == 2, "what is not watched cannot be approved")
    check(run(BIN + "/secagent", "fim", "verify", "-b", folder + "/none", "--watch", sets).returncode == 5, "without a baseline nothing is said")


def investigate(state, reference):
    return json.loads(run(BIN + "/secctl", "investigate", reference, "--state", state, "-o", "json").stdout)


def events_of(state):
    """The answer about the alert, and everything that happened on the host."""
    alerts = json.loads(run(BIN + "/secctl", "alerts", "list", "--state", state, "-o", "json").stdout)["alerts"]
    document = investigate(state, alerts[0]["id"])
    everything = investigate(state, "host/" + socket.gethostname())
    found = []
    for event in sorted({entry["event"] for entry in everything["timeline"]}):
        done = run(BIN + "/secctl", "events", "get", event, "--state", state)
        if done.returncode == 0:
            found.append(json.loads(done.stdout))
    return document, found


def content_of(events, op, path):
    for event in events:
        body = event.get("file")
        if body and body["op"] == op and body["path"] == path and body.get("content"):
            return body["content"]
    return None


def check_delivery(folder, sets):
    state, tool = folder + "/state", folder + "/w/tool"
    write(folder + "/rules.yaml", RULES)
    write(tool, "one\n")
    write(folder + "/w/gone", "two\n")
    run(BIN + "/secagent", "fim", "baseline", "-b", folder + "/baseline", "--watch", sets)
    up = run(BIN + "/secctl", "up", "--state", state)
    check(up.returncode == 0, "a collector runs", up.stderr)
    try:
        done = run(BIN + "/secagent", "run", "-r", folder + "/rules.yaml", "--watch", sets, "--baseline", folder + "/baseline",
                   "--spool", folder + "/spool", "--collector", "ipc://" + state + "/intake.sock", "--",
                   "/bin/sh", "-c", "echo two >w/tool; rm w/gone", cwd=folder)
        check("written " + tool in done.stdout, "the alert comes at once", done.stdout + done.stderr)
        document, events = events_of(state)
        content = content_of(events, "write", tool)
        check(content and content["before"] == sha256("one\n") and content["after"] == sha256("two\n"), "hashes of before and after", events)
        check(content and content["diff"] == "-one\n+two\n" and content["approval"] == "not approved" and content["watch"] == "Test",
              "lines, approval and set", content)
        content = content_of(events, "remove", folder + "/w/gone")
        check(content and content["before"] == sha256("two\n") and "after" not in content, "what was removed has its last hash", events)
        text = json.dumps(document["timeline"])
        check("changed the content of " + tool + " (" + sha256("one\n")[:12] + " to " + sha256("two\n")[:12] + ", not as approved)" in text,
              "the answer says it", text)
        check_reload(folder, state)
    finally:
        run(BIN + "/secctl", "down", "--state", state)


class Running:
    """secagent over a command that goes on step by step."""

    def __init__(self, folder, state, script):
        self.folder, self.steps = folder, 0
        self.log = open(folder + "/log", "w+", encoding="utf-8")
        self.agent = subprocess.Popen(
            [BIN + "/secagent", "run", "-r", folder + "/rules.yaml", "--watch", folder + "/sets.yaml", "--baseline", folder + "/baseline",
             "--spool", folder + "/spool2", "--collector", "ipc://" + state + "/intake.sock", "--", "/bin/sh", "-c", script],
            cwd=folder, stdout=self.log, stderr=self.log)

    def text(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def wait(self, words):
        until = time.monotonic() + 60
        while words not in self.text() and time.monotonic() < until and self.agent.poll() is None:
            time.sleep(0.05)
        check(words in self.text(), "it says: " + words, self.text())

    def reload(self):
        self.agent.send_signal(signal.SIGHUP)

    def step(self):
        self.steps += 1
        write(self.folder + "/go%d" % self.steps, "")
        self.wait("step %d" % self.steps)


STEP = "while [ ! -e go%d ]; do sleep 0.05; done; %s; echo step %d; "


def check_reload(folder, state):
    """Other sets and another baseline count while the command runs."""
    os.mkdir(folder + "/v")
    late = folder + "/v/late"
    sets, former = folder + "/sets.yaml", open(folder + "/sets.yaml", encoding="ascii").read()
    running = Running(folder, state, "echo begun; " + STEP % (1, "echo one >v/late; echo quiet >w/quiet", 1) +
                      STEP % (2, "echo two >v/late", 2) + STEP % (3, "echo three >v/late", 3))
    try:
        running.wait("begun")
        write(sets, "- watch: Second\n  paths: ['%s/v/']\n" % folder)
        running.reload()
        running.wait("watched-loaded: 1 sets of files are watched from here on")
        running.step()
        time.sleep(2.5)  # so that each content is told by itself: files are looked at when left alone
        write(late, "two\n")
        run(BIN + "/secagent", "fim", "baseline", "-b", folder + "/baseline", "--watch", sets)
        write(late, "between\n")  # a content that stays the same is no change
        running.reload()
        running.wait("1 files are approved")
        running.step()
        time.sleep(2.5)
        write(sets, "- watch: Third\n  pats: []\n")
        running.reload()
        running.wait("rules-not-loaded: " + sets + ":2:")
        running.step()
        check(running.agent.wait(60) == 0, "the command ends in order")
    finally:
        if running.agent.poll() is None:
            running.agent.kill()
        running.agent.wait(60)
        running.log.close()
        write(sets, former)
    _, events = events_of(state)
    told = [(c["watch"], c["after"], c.get("approval")) for c in
            (event["file"].get("content") or {} for event in events if event.get("file") and event["file"]["path"] == late and event["file"]["op"] == "write")]
    check(sorted(told) == sorted([("Second", sha256("one\n"), "not approved"), ("Second", sha256("two\n"), "approved"),
                                  ("Second", sha256("three\n"), "not approved")]),
          "new sets, then a new baseline count, and a file with a mistake changes nothing", told)
    check(content_of(events, "write", folder + "/w/quiet") is None, "what is in no set any more is not told")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(folder + "/w")
        sets = folder + "/sets.yaml"
        write(sets, "- watch: Test\n  paths: ['%s/w/']\n  diff: true\n" % folder)
        check_baseline(folder, sets)
        check_delivery(folder, sets)
    return conclude()


if __name__ == "__main__":
    sys.exit(main())
