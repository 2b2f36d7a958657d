#!/usr/bin/env python3
"""The tracer inside the container: pid namespaces of their own, no SYS_PTRACE anywhere, the command is process 1 as it would be without.

usage: inside_test.py BIN-FOLDER [--only WORD]
"""
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench  # noqa: E402
import collector  # noqa: E402
import rows  # noqa: E402
from entrance import RULES  # noqa: E402

PLAYED = ("shell script", "signals", "job control on a terminal", "500 threads", "20,000 short-lived processes",
          "python", "static Go program", "image of one static program, no shell")


class Alone:
    """A container with its own pid namespace, and what its sensor told."""

    def __init__(self, setup, image, args, adapt=None, watched=True, options=("--inside", "--require"), env=()):
        self.task = setup.task(False)
        self.alerts = "%s/alerts-%s" % (setup.shared, self.task.id)
        if watched:
            with open(self.alerts, "w", encoding="ascii"):
                os.chmod(self.alerts, 0o666)
            args = ["/clewline/seclaunch", *options, "--", *args]
            env = ["CLEWLINE_RULES=/clewline/" + os.path.basename(setup.rules), "CLEWLINE_OUTPUT=json",
                   "CLEWLINE_ALERTS=/clewline/" + os.path.basename(self.alerts), *env]

        def own(config):
            config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "pid"] + [{"type": "pid"}]
            if adapt:
                adapt(config)
        self.container = self.task.launch("alone", image, args, env=env, adapt=own)

    def told(self, rule, word=""):
        with open(self.alerts, encoding="utf-8") as file:
            events = [json.loads(line) for line in file if line.endswith("\n")]
        return [e["output_fields"] for e in events if e["rule"] == rule and word in e["output"]]

    def sensor(self):
        """The two processes of the sensor, as the test sees them: who stands by, who traces."""
        first = self.container.pid()
        standby = [pid for pid in bench.children(first) if bench.name_of(pid) == "secagent"]
        return standby[0], bench.children(standby[0])[0]

    def close(self):
        self.task.close()


def first_process(setup):
    """It is process 1, hears of its own children alone, and all that it does is told, its end too."""
    check, ends = setup.check, []
    for watched in (False, True):
        stage = Alone(setup, "shell", ["/bin/first"], watched=watched)
        try:
            ends.append(stage.container.finish())
            if not watched:
                continue
            check(ends[0].code == 17 and "process 1, group 1" in ends[0].out, "the command runs without the sensor", ends[0])
            check((ends[1].code, ends[1].out) == (ends[0].code, ends[0].out), "with it, it ends and says the same", ends)
            files = {e["fd.name"] for e in stage.told("Create")}
            check({"/tmp/by-child", "/tmp/by-user", "/tmp/last"} <= files, "files are told, of the other user as well", files)
            ends_told = [e for e in stage.told("Exit") if e["proc.pid"] == 1]
            check(len(ends_told) == 1, "so is the end of process 1", stage.told("Exit"))
            check("limits:" in ends[1].err, "the sensor says what it cannot see", ends[1].err)
        finally:
            stage.close()


def killed(setup):
    """SIGKILL from outside: the end is told all the same."""
    check = setup.check
    stage = Alone(setup, "shell", ["/bin/sh", "-c", "/bin/touch /tmp/before; echo ready; while :; do /bin/sleep 1; done"])
    try:
        check(bench.wait_until(lambda: "ready" in stage.container.text("out")), "a container runs", stage.container.text("err"))
        stage.container.kill("KILL")
        done = stage.container.finish()
        check(done.code == 137, "it is killed", done)
        check(len([e for e in stage.told("Exit") if e["proc.pid"] == 1]) == 1 and stage.told("Create", "/tmp/before"),
              "its last events are told", stage.told("Exit"))
    finally:
        stage.close()


def not_root(setup):
    """A user without capabilities."""
    check = setup.check
    stage = Alone(setup, "shell", ["/bin/sh", "-c", "/bin/touch /tmp/mine; exit 6"], adapt=rows.as_user(rows.UID_APP))
    try:
        done = stage.container.finish()
        check(done.code == 6, "it runs as who it is", done)
        check(stage.told("Create", "/tmp/mine"), "and is watched", stage.told("Exec"))
    finally:
        stage.close()


def sensor_killed(setup):
    """The tracer is killed and followed; then all of the sensor is."""
    check = setup.check
    script = "echo ready; until [ -e /clewline/go-$ID ]; do /bin/true || echo 'exec failed'; done; /bin/touch /tmp/after; exit 4"
    for part in ("tracer", "sensor"):
        stage = Alone(setup, "shell", ["/bin/sh", "-c", "ID=%s; %s" % (part, script)])
        try:
            check(bench.wait_until(lambda: "ready" in stage.container.text("out")), "a container runs", stage.container.text("err"))
            standby, tracer = stage.sensor()
            if part == "sensor":
                bench.kill_family(standby)
            else:
                os.kill(tracer, signal.SIGKILL)
            if part == "tracer":
                check(bench.wait_until(lambda: "followed-on" in stage.container.text("err")), "another tracer follows on",
                      stage.container.text("err"))
            time.sleep(0.2)
            with open(setup.shared + "/go-" + part, "w", encoding="ascii"):
                pass
            done = stage.container.finish()
            check(done.code == 4 and "exec failed" not in done.out, "without its %s the command goes on to its end" % part, done)
            if part == "tracer":
                check(stage.told("Create", "/tmp/after"), "and is watched to the end", stage.told("Exec")[-3:])
        finally:
            stage.close()


def no_sensor(setup):
    """secagent is not there, or ends at once."""
    check = setup.check
    for name, options, env in (("is not on the volume", ("--inside", "--agent", "/nowhere"), ()),
                               ("cannot load its rules", ("--inside",), ("CLEWLINE_RULES=/nowhere",))):
        for require in ((), ("--require",)):
            stage = Alone(setup, "shell", ["/bin/sh", "-c", "exit 12"], options=options + require, env=env)
            try:
                done = stage.container.finish()
                check(done.code == (70 if require else 12) and done.err, "where secagent %s, the command %s" %
                      (name, "is not started with --require" if require else "starts, and a line says so"), done)
            finally:
                stage.close()


def other_namespace(setup):
    """The sidecar is asked first, and cannot see the container."""
    check = setup.check
    stage = setup.task(True)
    try:
        def own(config):
            config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "pid"] + [{"type": "pid"}]
        env = ["CLEWLINE_RULES=/clewline/" + os.path.basename(setup.rules), "CLEWLINE_OUTPUT=json",
               "CLEWLINE_ALERTS=/clewline/other-" + stage.id]
        done = stage.launch("other", "shell", ["/bin/first"], env=env, adapt=own).finish()
        check(done.code == 17, "the command runs", done)
        with open(setup.shared + "/other-" + stage.id, encoding="utf-8") as file:
            check("/tmp/by-child" in file.read(), "and is watched from inside", done)
    finally:
        stage.close()


def delivered(setup):
    """The last events reach the collector before the container is gone, or the sensor says that they wait in its spool."""
    check, missing = setup.check, collector.why_not(setup.binaries)
    if missing:
        print("skipped: " + missing)
        return
    central = collector.Collector(setup)
    try:
        stage = Alone(setup, "shell", ["/bin/first"], env=("CLEWLINE_COLLECTOR=" + collector.URL, "CLEWLINE_SPOOL=/tmp/spool"))
        try:
            done = stage.container.finish()
            check(done.code == 17, "a container runs and ends", done)
        finally:
            stage.close()
        texts = [a["output"] for a in central.ask("alerts", "list")["alerts"]]
        if "not-delivered" in done.err:
            print("        declared: " + done.err.split("not-delivered: ")[1].splitlines()[0])
        else:
            check(any("/tmp/last" in text for text in texts) and any("exit 1 first" in text for text in texts),
                  "its last file and its end are in the store", texts)
    finally:
        central.close()


def entered(setup):
    """Processes that are put in from outside: followed with the rights there are, and what they execute is watched like everything else."""
    check = setup.check
    stage = Alone(setup, "shell", ["/bin/sh", "-c", "echo ready; until [ -e /clewline/go-entered ]; do /bin/sleep 0.05; done; exit 5"])
    try:
        check(bench.wait_until(lambda: "ready" in stage.container.text("out")), "a container runs", stage.container.text("err"))
        done = stage.container.enter(["/bin/sh", "-c", "/bin/sleep 0.5; /bin/touch /tmp/entered; /bin/sh -c ': >/tmp/deeper'; exit 7"])
        check(done.code == 7, "a command from outside ends as it does", done)
        check(bench.wait_until(lambda: stage.told("Create", "/tmp/entered") and stage.told("Create", "/tmp/deeper")),
              "what it has executed is watched, calls and all", (stage.told("Exec")[-4:], stage.container.text("err")[-600:]))
        log = stage.container.text("err")
        check("entered: process" in log and "entered-late" in log, "that it came, and how late it was found, is said", log[-600:])
        check([e for e in stage.told("Exec") if e["proc.cmdline"] == "touch /tmp/entered"], "its programs are told", stage.told("Exec")[-4:])
        _, tracer = stage.sensor()
        os.kill(tracer, signal.SIGKILL)
        check(bench.wait_until(lambda: "followed-on" in stage.container.text("err")), "another tracer follows on", stage.container.text("err"))
        done = stage.container.enter(["/bin/sh", "-c", "/bin/sleep 0.5; /bin/touch /tmp/again; exit 8"])
        check(done.code == 8 and bench.wait_until(lambda: stage.told("Create", "/tmp/again")), "which finds such processes as well", done)
        found = re.findall(r"entered: process (\d+)", stage.container.text("err"))
        check(len(found) == len(set(found)) > 1, "each of them once", stage.container.text("err")[-600:])
        check("not-followed" not in stage.container.text("err"), "nobody is left out", stage.container.text("err")[-600:])
        done = stage.container.enter(["/bin/sleep", "4"], "--user", "1000")
        check(done.code == 0 and bench.wait_until(lambda: "not-followed" in stage.container.text("err")),
              "one of another user cannot be followed without SYS_PTRACE, and that is said", stage.container.text("err")[-600:])
        with open(setup.shared + "/go-entered", "w", encoding="ascii"):
            pass
        done = stage.container.finish()
        check(done.code == 5, "the container ends as it would", done)
    finally:
        stage.close()


def workloads(setup):
    """Rows of the table of workloads, as process 1, without the sensor and with it."""
    check = setup.check
    for row in rows.rows():
        if row.name not in PLAYED:
            continue
        print("  " + row.name, flush=True)
        ends, seconds = [], []
        for watched in (False, True):
            start = time.monotonic()
            stage = Alone(setup, row.image, row.args, adapt=row.adapt, watched=watched)
            try:
                ends.append(stage.container.finish())
            finally:
                stage.close()
            seconds.append(time.monotonic() - start)
        print("        %.1f s and %.1f s" % tuple(seconds), flush=True)
        check(ends[0].code is not None and ends[0].code == ends[1].code, "ends the same", ends)
        check(row.same(ends[0].out) == row.same(ends[1].out), "says the same", ends)
        check(stage.told("Exec") and [e for e in stage.told("Exit") if e["proc.pid"] == 1], "is told to its end", ends[1])


def play(setup):
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    for part in (first_process, killed, not_root, sensor_killed, no_sensor, other_namespace, entered, delivered, workloads):
        if only in part.__name__:
            print(part.__name__.replace("_", " "), flush=True)
            part(setup)


if __name__ == "__main__":
    sys.exit(bench.run(os.path.abspath(sys.argv[1]), RULES, play))
