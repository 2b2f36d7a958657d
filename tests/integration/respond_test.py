#!/usr/bin/env python3
"""What policies have done about it: processes killed and containers stopped, in real containers and by the host's sensor.

usage: respond_test.py BIN-FOLDER

A miner is played by a program of that name that waits. What is refused, and what nobody asked for, must live.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench  # noqa: E402
import network  # noqa: E402
import task  # noqa: E402
from verdict import check, conclude, SKIP  # noqa: E402

BIN = os.path.abspath(sys.argv[1])

# Names of its own: the host's sensor sees what others do on this machine, too, and must not touch it.
MINER_NAME = "xm%d" % os.getpid()
NAMES = {"MINER": MINER_NAME, "INTRUDER": "in%d" % os.getpid(), "PRECIOUS": "precious%d" % os.getpid(),
         "WRITTEN": "written%d" % os.getpid()}
INTRUDER_NAME = NAMES["INTRUDER"]

RULES = """
- rule: Miner
  desc: a program that mines
  condition: evt.type in (execve, execveat) and proc.name = MINER
  output: "miner %proc.name by %proc.pname"
  priority: CRITICAL
- rule: Precious removed
  desc: a file that must stay
  condition: evt.type in (unlink, unlinkat) and fs.path.name endswith /PRECIOUS
  output: "removes %fs.path.name %evt.res"
  priority: ERROR
- rule: Precious written
  desc: a file that was opened for writing
  condition: evt.type in (open, openat, creat) and evt.is_open_write = true and fd.num >= 0 and fd.name endswith /WRITTEN
  output: "wrote %fd.name"
  priority: ERROR
- rule: Intruder
  desc: a program that means the container is lost
  condition: evt.type in (execve, execveat) and proc.name = INTRUDER
  output: "intruder %proc.name"
  priority: CRITICAL
"""

POLICIES = """
- policy: Miners are killed
  severity: high
  source: syscall
  rules: [Miner, Precious removed, Precious written]
  actions: [notify, kill]
- policy: Intruders end the container
  severity: high
  source: syscall
  rules: [Intruder]
  actions: [stop]
"""

TELL = """
- policy: All is told
  severity: low
  rules: ["*"]
"""

MINER = """
/bin/busybox cp /bin/pause /tmp/MINER
/tmp/MINER; echo "miner ended with $?"
: >/tmp/PRECIOUS
/bin/rm /tmp/PRECIOUS; echo "rm ended with $?"
/bin/ls /tmp/PRECIOUS
/bin/sh -c 'echo lost >/tmp/WRITTEN; echo not reached'; echo "writer ended with $?"
/bin/sleep 0.05; echo "others live $?"
exit 7
"""

# The container's first process; a child of a child is the intruder.
INTRUDED = """
%s
/bin/busybox cp /bin/pause /tmp/INTRUDER
/bin/sh -c '/tmp/INTRUDER & wait' &
while :; do /bin/sleep 0.05; done
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def prepare(work):
    write(work + "/rules.yaml", named(RULES))
    stand = bench.Bench(work, BIN, work + "/rules.yaml")
    write(stand.shared + "/policies.yaml", POLICIES)
    write(stand.shared + "/tell.yaml", TELL)
    return stand


def responses(events, rule):
    return [(event["output_fields"], event.get("responses", [])) for event in events if event["rule"] == rule]


def named(text):
    for name, own in NAMES.items():
        text = text.replace(name, own)
    return text


def sh(script):
    return ["/bin/sh", "-c", named(script)]


def kills_in_a_task(stand):
    stage = stand.task(True, "--policy", "/clewline/policies.yaml", "--respond")
    try:
        bystander = stage.launch("bystander", "shell", sh("while [ ! -e /clewline/enough ]; do /bin/sleep 0.02; done; exit 11"))
        done = stage.launch("workload", "shell", sh(MINER)).finish()
        check("miner ended with 137" in done.out, "a miner is killed", done)
        check("rm ended with 137" in done.out and named("/tmp/PRECIOUS\n") in done.out, "before its call: the file is still there", done)
        check("writer ended with 137" in done.out and "not reached" not in done.out, "and after it, where only the result says it", done)
        check("others live 0" in done.out and done.code == 7, "others in the container live, and it ends as it wants", done)
        done = bystander.enter(sh("/bin/sleep 0.5; /bin/busybox cp /bin/pause /tmp/MINER; /tmp/MINER; echo \"miner ended with $?\""))
        check("miner ended with 137" in done.out, "a miner that somebody starts from outside, as ECS Exec does, is killed, too", done)
        write(stand.shared + "/enough", "")
        check(bystander.finish().code == 11, "the container beside it lives")
        events, sidecar = stage.events()
        for rule, when in (("Miner", "before the program's first instruction"), ("Precious removed", "before its call"),
                           ("Precious written", "after its call")):
            told = responses(events, rule)
            if rule == "Miner":
                check(len(told) == 2, "both miners are told", told)
                told = told[:1]
            check(len(told) == 1 and len(told[0][1]) == 1 and told[0][1][0]["action"] == "kill" and
                  told[0][1][0]["outcome"] == "done" and told[0][1][0]["detail"].endswith(when),
                  "%s: told once, with what was done" % rule, told)
        check(responses(events, "Precious removed")[0][0]["evt.res"] is None, "a call that was not made has no result", events)
        check(sidecar.code == 0 and sidecar.err.count("responded: kill done") == 4, "the log has it", sidecar.err)
    finally:
        os.path.exists(stand.shared + "/enough") and os.unlink(stand.shared + "/enough")
        stage.close()


def stops_a_container(stand):
    stage = stand.task(True, "--policy", "/clewline/policies.yaml", "--respond", "--stop-grace", "1")
    try:
        bystander = stage.launch("bystander", "shell", sh("while [ ! -e /clewline/enough ]; do /bin/sleep 0.02; done; exit 11"))
        done = stage.launch("orderly", "shell", sh(INTRUDED % "trap 'echo got TERM; exit 9' TERM")).finish()
        check(done.code == 9 and "got TERM" in done.out, "the container's first process gets SIGTERM, and ends in order", done)
        done = stage.launch("stubborn", "shell", sh(INTRUDED % "trap '' TERM")).finish()
        check(done.code == 137, "one that does not end is killed after the grace", done)
        entered = stage.launch("entered", "shell", sh("trap 'echo got TERM; exit 8' TERM; echo begun; while :; do /bin/sleep 0.05; done"))
        check(bench.wait_until(lambda: "begun" in entered.text("out")), "another one starts", entered.text("err"))
        entered.enter(sh("/bin/sleep 0.5; /bin/busybox cp /bin/pause /tmp/INTRUDER; /tmp/INTRUDER"), wait=False)
        done = entered.finish()
        check(done.code == 8 and "got TERM" in done.out, "an intruder from outside stops the container that it came into", done)
        check(bystander.runc.poll() is None, "the container beside them lives")
        write(stand.shared + "/enough", "")
        check(bystander.finish().code == 11, "to its own end")
        events, sidecar = stage.events()
        told = responses(events, "Intruder")
        check(len(told) == 3 and all(len(r) == 1 and r[0]["action"] == "stop" and r[0]["outcome"] == "done" and
                                     "SIGKILL after 1 s" in r[0]["detail"] for _, r in told), "it is told with the alert", told)
        check(sidecar.code == 0 and sidecar.err.count("stop-kills") == 1, "the sidecar lives and says whom it had to kill", sidecar)
    finally:
        os.path.exists(stand.shared + "/enough") and os.unlink(stand.shared + "/enough")
        stage.close()


def stop_outlives_its_tracer(stand):
    """The tracer that sent SIGTERM is killed within the grace: the one that follows on sends SIGKILL."""
    stage = stand.task(True, "--policy", "/clewline/policies.yaml", "--respond", "--stop-grace", "3")
    try:
        stubborn = stage.launch("stubborn", "shell", sh(INTRUDED % "trap 'echo got TERM' TERM"))
        check(bench.wait_until(lambda: "got TERM" in stubborn.text("out")), "a container gets SIGTERM and does not end", stubborn.text("err"))
        os.kill(bench.children(stage.sidecar.pid())[0], signal.SIGKILL)
        check(bench.wait_until(lambda: "followed-on" in stage.sidecar.text("err")), "its tracer is killed, and another follows on",
              stage.sidecar.text("err"))
        check(stubborn.runc.poll() is None, "the grace is not over")
        done = stubborn.finish()
        check(done.code == 137, "then the container is killed all the same", done)
        _, sidecar = stage.events()
        check(sidecar.code == 0 and sidecar.err.count("stop-kills") == 1, "and the log has it", sidecar.err)
    finally:
        stage.close()


LIVES = "printf '#!/bin/sh\\nexit 0\\n' >/tmp/MINER; /bin/chmod +x /tmp/MINER; /tmp/MINER; echo miner $?; " \
        ": >/tmp/PRECIOUS; /bin/rm /tmp/PRECIOUS; echo rm $?"


def never_without_leave(stand):
    """Both must say so: the policy, and who starts the agent."""
    for options, outcome in ((("--policy", "/clewline/policies.yaml"), "refused"), (("--policy", "/clewline/tell.yaml", "--respond"), None),
                             (("--respond",), None)):
        stage = stand.task(True, *options)
        try:
            done = stage.launch("workload", "shell", sh(LIVES)).finish()
            events, sidecar = stage.events()
            name = " ".join(options)
            check("miner 0" in done.out and "rm 0" in done.out, "nothing is killed with %s" % name, done)
            told = responses(events, "Miner") + responses(events, "Precious removed")
            check(len(told) == 2 and all([r["outcome"] for r in found] == ([outcome] if outcome else []) for _, found in told),
                  "what was refused is told" if outcome else "and nothing was to be done", told)
            check(("respond-off" in sidecar.err) == (outcome == "refused"), "the agent says at its start that policies ask in vain",
                  sidecar.err)
        finally:
            stage.close()


def located_errors(stand):
    for text, place, sentence in (
            ("- policy: A\n  severity: low\n  source: syscall\n  rules: [Miner]\n  actions: [notify, slay]\n", ":5:21:", 'unknown action "slay"'),
            ("- policy: A\n  severity: low\n  source: syscall\n  rules: [Miner]\n  actions: [isolate]\n", ":5:13:", "not available yet"),
            ("- policy: A\n  severity: low\n  rules: [Miner]\n  actions: [kill]\n", ":4:13:", 'needs "source: syscall"'),
            ("- policy: A\n  severity: low\n  source: syscall\n  rules: [Miner]\n  actions: {kill: yes}\n", ":5:13:", "must be a list")):
        path = stand.work + "/bad.yaml"
        write(path, text)
        done = subprocess.run([BIN + "/secagent", "run", "-r", stand.rules, "--policy", path, "--respond", "--", "/bin/true"],
                              capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 1 and path + place in done.stderr and sentence in done.stderr, "refused with its place: %s" % sentence, done)


def shows_it(stand):
    """From the agent to the screens of the investigator."""
    state, spool = stand.work + "/state", stand.work + "/spool"
    up = subprocess.run([BIN + "/secctl", "up", "--state", state], capture_output=True, text=True, timeout=120, check=False)
    check(up.returncode == 0, "a collector runs", up.stderr)
    try:
        miner = stand.work + "/" + MINER_NAME
        shutil.copy("/bin/sleep", miner)
        done = subprocess.run([BIN + "/secagent", "run", "-r", stand.rules, "--policy", stand.shared + "/policies.yaml", "--respond",
                               "--spool", spool, "--collector", "ipc://" + state + "/intake.sock", "--", miner, "60"],
                              capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 137, "secagent run ends with 137, too", done)

        def secctl(*args):
            return subprocess.run([BIN + "/secctl", *args, "--state", state], capture_output=True, text=True, timeout=60, check=False).stdout

        alerts = json.loads(secctl("alerts", "list", "-o", "json"))["alerts"]
        check(len(alerts) == 1 and [(r["action"], r["outcome"]) for r in alerts[0]["responses"]] == [("kill", "done")],
              "the alert is stored with its response", alerts)
        table = secctl("alerts", "list")
        check("RESPONSE" in table and "kill done" in table, "secctl alerts shows it", table)
        check("kill done: process " in secctl("alerts", "list", "-o", "csv"), "and all of it to a spreadsheet")
        told = " ".join(secctl("investigate", alerts[0]["id"]).split())
        check("; kill done: process" in told, "so does the timeline", told)
        before = json.loads(secctl("alerts", "list", "-o", "json"))
        done = subprocess.run([BIN + "/secctl", "admin", "rebuild", "--state", state], capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 0 and json.loads(secctl("alerts", "list", "-o", "json")) == before, "a rebuild derives it again", done)
    finally:
        subprocess.run([BIN + "/secctl", "down", "--state", state], capture_output=True, timeout=120, check=False)


class Host:
    """secagent host over the whole machine; None as agent where this kernel does not allow it."""

    def __init__(self, stand, *options, prefix=()):
        self.files = [open(stand.work + "/host." + kind, "w+", encoding="utf-8") for kind in ("out", "err")]
        self.agent = subprocess.Popen([*prefix, BIN + "/secagent", "host", "-o", "json", "-r", stand.rules, "--policy",
                                       stand.shared + "/policies.yaml", *options], stdout=self.files[0], stderr=self.files[1])
        bench.wait_until(lambda: self.agent.poll() is not None or "watching" in self.text(1))

    def text(self, which):
        with open(self.files[which].name, encoding="utf-8") as file:
            return file.read()

    def events(self):
        return [json.loads(line) for line in self.text(0).splitlines() if line.endswith("}")]

    def close(self):
        if self.agent.poll() is None:
            self.agent.send_signal(signal.SIGTERM)
        self.agent.wait(60)
        for file in self.files:
            file.close()


def kills_on_a_host(stand):
    host = Host(stand, "--respond", "--stop-grace", "1")
    try:
        if host.agent.poll() is not None:
            print("skipped: " + host.text(1).strip())
            return
        miner = stand.work + "/" + MINER_NAME
        shutil.copy("/bin/sleep", miner)
        done = subprocess.run([miner, "60"], timeout=60, check=False)
        check(done.returncode == -signal.SIGKILL, "a miner on a host is killed", done)
        check(bench.wait_until(lambda: responses(host.events(), "Miner")), "it is told", host.text(1))
        told = responses(host.events(), "Miner")
        check(told[0][1][0]["outcome"] == "done" and "ran on meanwhile" in told[0][1][0]["detail"], "with what was done", told)
        intruder = stand.work + "/" + INTRUDER_NAME
        shutil.copy("/bin/sleep", intruder)
        outside = subprocess.Popen([intruder, "60"])
        check(bench.wait_until(lambda: responses(host.events(), "Intruder")), "an intruder outside of containers is told", host.text(1))
        told = responses(host.events(), "Intruder")
        check(told[0][1][0]["outcome"] == "refused" and "in no container" in told[0][1][0]["detail"] and outside.poll() is None,
              "and not touched: there is nothing to stop", told)
        outside.kill()
        outside.wait()
        stops_a_container_of_a_host(stand, host)
    finally:
        host.close()


def fails_without_the_right(stand):
    """Another user's process, without CAP_KILL: what the kernel says is told."""
    host = Host(stand, "--respond", prefix=("setpriv", "--bounding-set=-kill", "--inh-caps=-kill", "--"))
    try:
        if host.agent.poll() is not None:
            print("skipped: " + host.text(1).strip())
            return
        miner = stand.work + "/" + MINER_NAME
        shutil.copy("/bin/sleep", miner)
        child = subprocess.Popen(["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "--", miner, "60"])
        check(bench.wait_until(lambda: responses(host.events(), "Miner")), "it is told", host.text(1))
        told = responses(host.events(), "Miner")
        check(told[0][1][0]["outcome"] == "failed" and "Operation not permitted" in told[0][1][0]["detail"] and child.poll() is None,
              "that it could not be killed, with the kernel's reason", told)
        child.kill()
        child.wait()
    finally:
        host.close()


def stops_a_container_of_a_host(stand, host):
    """One with a pid namespace of its own; its id stands in its control group."""
    stage = task.Task(stand.work, stand.images, stand.template)
    stage.id = "c1" * 31  # with the name: 64 digits
    try:
        config = stand.template.config(task.CAPABILITIES, stand.images.root("shell"), sh(INTRUDED % "trap '' TERM"), [])
        config["linux"]["cgroupsPath"] = "/host-respond/" + "c1" * 32
        container = stage.start("own", config)
        done = container.finish()
        check(done.code == 137, "a container of a host is stopped, its first process by force", (done, host.text(0), host.text(1)))
        told = [r for _, r in responses(host.events(), "Intruder")][-1]
        check(told[0]["action"] == "stop" and told[0]["outcome"] == "done", "and that is told", told)
    finally:
        stage.close()


def main():
    reason = bench.why_not(BIN)
    if reason:
        print("skipped: " + reason)
        return SKIP
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that containers are ended
    network.enter()
    work = tempfile.mkdtemp(prefix="clewline-respond.", dir="/tmp")
    try:
        stand = prepare(work)
        for part in (kills_in_a_task, stops_a_container, stop_outlives_its_tracer, never_without_leave, located_errors, shows_it, kills_on_a_host, fails_without_the_right):
            print(part.__name__.replace("_", " "), flush=True)
            part(stand)
    finally:
        subprocess.run(["rm", "-rf", work], check=False)
    return conclude()


sys.exit(main())
