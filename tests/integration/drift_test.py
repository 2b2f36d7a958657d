#!/usr/bin/env python3
"""Programs that were written and then run: told with who wrote them, on any file system, in containers and on a host.

usage: drift_test.py BIN-FOLDER
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench  # noqa: E402
import network  # noqa: E402
import task  # noqa: E402
from verdict import check, conclude, SKIP  # noqa: E402

BIN = os.path.abspath(sys.argv[1])

RULES = """
- rule: Drift
  desc: a program that was written and then run
  condition: evt.type in (execve, execveat) and drift.is_written = true
  output: "drift %drift.how %drift.path %drift.time %drift.age %drift.by.name %drift.by.exepath %drift.by.pid %drift.by.user %drift.by.container"
  priority: CRITICAL
"""


def events_of(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


def drifts(events):
    """How, path and writer of each, in order."""
    found = [event["output_fields"] for event in events if event["rule"] == "Drift"]
    return [(fields["drift.how"], fields["drift.path"], fields["drift.by.name"]) for fields in found]


def run(work, script, *options, rules=None):
    done = subprocess.run([BIN + "/secagent", "run", "-o", "json", "-r", rules or work + "/rules.yaml", *options, "--", "/bin/sh", "-ec",
                           script], cwd=work, capture_output=True, text=True, timeout=100, check=False)
    return done, drifts(events_of(done.stdout))


def tells_who_wrote_it(work):
    here = work + "/"
    rows = (
        ("written by a copy", "cp /bin/true a; ./a", [("write", here + "a", "cp")]),
        ("a script of its own", "printf '#!/bin/sh\\n' >s; chmod +x s; ./s", [("write", here + "s", "sh")]),
        ("a script whose interpreter has an argument", "printf '#!/bin/sh -e\\n' >s2; chmod +x s2; ./s2", [("write", here + "s2", "sh")]),
        ("written aside and moved into place", "cp /bin/true b.tmp; mv b.tmp b; ./b", [("write", here + "b", "cp")]),
        ("under another name", "cp /bin/true c; ln c d; rm c; ./d", [("write", here + "d", "cp")]),
        ("through a link", "cp /bin/true e; ln -s e f; ./f", [("write", here + "e", "cp")]),
        ("written over by somebody else", "cp /bin/true g; cat /bin/true >g; ./g", [("write", here + "g", "cat")]),
        ("made executable, written before", "chmod +x plain; ./plain", [("chmod", here + "plain", "chmod")]),
        ("moved, written before", "mv whole whole2; ./whole2", [("rename", here + "whole2", "mv")]),
        ("by its descriptor", "cp /bin/true h; %s -c 'import os; os.execve(os.open(\"h\", os.O_RDONLY), [\"h\"], {})'" % sys.executable,
         [("write", here + "h", "cp")]),
        ("in memory", "%s -c 'import os; fd = os.memfd_create(\"x\"); os.write(fd, open(\"/bin/true\", \"rb\").read()); "
                      "os.execve(fd, [\"m\"], {})'" % sys.executable, [("memfd", "/memfd:x (deleted)", os.path.basename(sys.executable)[:15])]),
        ("made without a name", "%s -c 'import os; fd = os.open(\".\", os.O_TMPFILE | os.O_RDWR, 0o700); "
                                "os.write(fd, open(\"/bin/true\", \"rb\").read()); os.link(\"/proc/self/fd/%%d\" %% fd, \"t\", src_dir_fd=0)'; ./t"
         % sys.executable, [("write", here + "t", os.path.basename(sys.executable)[:15])]),
        ("nobody wrote it", "/bin/true; ls >out; cat out; ./old", []),
        ("removed, and its place taken by a file of before", "cp /bin/true i; rm i; mv plain2 i; chmod 700 i; ./i; exit",
         [("chmod", here + "i", "chmod")]),
    )
    for name in ("plain", "plain2"):
        shutil.copy("/bin/true", here + name)
        os.chmod(here + name, 0o600)
    for name in ("whole", "old"):
        shutil.copy("/bin/true", here + name)
    for name, script, expected in rows:
        done, found = run(work, script)
        check(done.returncode == 0 and found == expected, name, (done, found))


def describes_the_writer(work):
    done, _ = run(work, "cp /bin/true who; sleep 0.01; ./who")
    fields = events_of(done.stdout)[0]["output_fields"]
    check(fields["drift.by.exepath"] == os.path.realpath("/bin/cp") and fields["drift.by.pid"] > 1 and
          fields["drift.by.container"] == "host" and fields["drift.by.user"] and fields["drift.time"] and
          10 ** 7 < fields["drift.age"] < 60 * 10 ** 9, "program, process, user, container, time and age of the writing are told", fields)


def costs_nothing_unasked(work):
    """Without a rule that asks, opens are not even stopped."""
    rules = work + "/other.yaml"
    with open(rules, "w", encoding="ascii") as file:
        file.write("- rule: Exec\n  desc: x\n  condition: evt.type = execve and proc.name = a\n  output: a\n  priority: INFO\n")
    done = subprocess.run([BIN + "/secagent", "run", "-o", "json", "-r", rules, "--", "/bin/sh", "-c",
                           "cat /proc/self/status >st; grep -c . st"], cwd=work, capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0 and done.stderr == "", "a run without such a rule works as before", done)


def shipped_rules(work):
    """The built-in rules find a download, here by a copy that is called curl."""
    shutil.copy("/bin/cp", work + "/curl")
    done = subprocess.run([BIN + "/secagent", "run", "-o", "json", "--", "/bin/sh", "-c", "./curl /bin/true got; ./got"], cwd=work,
                          capture_output=True, text=True, timeout=60, check=False)
    told = [event for event in events_of(done.stdout) if event["rule"] == "Downloaded program executed"]
    check(len(told) == 1 and "file=%s/got by=curl" % work in told[0]["output"], "a downloaded program is told by the shipped rule", done)


# The root is read-only: what can be written is a tmpfs and a volume that both containers have.
TMPFS = "/bin/busybox cp /bin/busybox /tmp/tool; /tmp/tool true; /bin/true"
WRITER = "/bin/busybox cp /bin/busybox /clewline/planted.new; /bin/mv /clewline/planted.new /clewline/planted; while [ ! -e /clewline/enough ]; do /bin/sleep 0.02; done"
RUNNER = "while [ ! -x /clewline/planted ]; do /bin/sleep 0.02; done; /clewline/planted true; : >/clewline/enough"


def containers(stand):
    stage = stand.task(True)
    try:
        writer = stage.launch("writer", "shell", ["/bin/sh", "-c", WRITER])
        # the sidecar ends with the last container that it was handed: this one has to be there before the next one ends
        check(bench.wait_until(lambda: "traced:" in stage.sidecar.text("err")), "the first container is watched", stage.sidecar.text("err"))
        done = stage.launch("tmpfs", "shell", ["/bin/sh", "-c", TMPFS]).finish()
        check(done.code == 0, "the container ends", done)
        runner = stage.launch("runner", "shell", ["/bin/sh", "-c", RUNNER])
        ends = writer.finish(), runner.finish()
        check([done.code for done in ends] == [0, 0], "both containers end", ends)
        events, sidecar = stage.events()
        found = drifts(events)
        check(("write", "/tmp/tool", "busybox") in found, "what was written into a tmpfs and run is told", (found, sidecar.err))
        check(("write", "/clewline/planted", "busybox") in found, "and what one container wrote into a volume and another one ran", found)
        check(len(found) == 2, "programs of the image are not", found)
    finally:
        stage.close()


def host(stand):
    out, err = stand.work + "/host.out", stand.work + "/host.err"
    with open(out, "w", encoding="ascii") as out_file, open(err, "w", encoding="ascii") as err_file:
        agent = subprocess.Popen([BIN + "/secagent", "host", "-o", "json", "-r", stand.rules], stdout=out_file, stderr=err_file)

    def text(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def wait_until(condition):
        until = time.monotonic() + task.WAIT_S
        while not condition() and time.monotonic() < until and agent.poll() is None:
            time.sleep(0.02)
        return condition()
    try:
        if not wait_until(lambda: "watching" in text(err)):
            print("skipped: " + text(err).strip())
            return
        tool = stand.work + "/host-tool"
        subprocess.run(["cp", "/bin/sleep", tool], check=True)
        program = subprocess.Popen([tool, "60"])
        check(wait_until(lambda: ("write", tool, "cp") in drifts(events_of(text(out)))), "on a host, too, with who wrote it",
              (text(out), text(err)))
        program.kill()
        program.wait()
    finally:
        if agent.poll() is None:
            agent.send_signal(signal.SIGTERM)
        agent.wait(60)


def main():
    if not os.path.exists(BIN + "/secagent"):
        print("skipped: no release build at %s" % BIN)
        return SKIP
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that containers are ended
    work = tempfile.mkdtemp(prefix="clewline-drift.", dir="/tmp")
    try:
        with open(work + "/rules.yaml", "w", encoding="ascii") as file:
            file.write(RULES)
        for part in (tells_who_wrote_it, describes_the_writer, costs_nothing_unasked, shipped_rules):
            print(part.__name__.replace("_", " "), flush=True)
            part(work)
        if os.geteuid() != 0 or not shutil.which("runc") or not os.path.exists(task.PROFILE):
            print("skipped: containers need root, runc and Docker's seccomp profile")
        else:
            network.enter()
            stand = bench.Bench(work, BIN, work + "/rules.yaml")
            for part in (containers, host):
                print(part.__name__, flush=True)
                part(stand)
    finally:
        subprocess.run(["rm", "-rf", work], check=False)
    return conclude()


sys.exit(main())
