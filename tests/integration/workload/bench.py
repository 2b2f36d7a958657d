"""What the tests with containers share: checks, images, the volume with the programs, waiting for what must come."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

import image
import network
import task
import verdict


def why_not(binaries):
    """Why containers cannot be made here; None if they can."""
    if os.geteuid() != 0:
        return "containers need root"
    if not shutil.which("runc") or not os.path.exists(task.PROFILE):
        return "runc or Docker's seccomp profile is not installed"
    if not os.path.exists(binaries + "/secagent"):
        return "no release build at %s" % binaries
    return None


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def name_of(pid):
    """"" if it has ended."""
    try:
        return status_of(pid)["Name"]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_until(condition):
    until = time.monotonic() + task.WAIT_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def kill_family(pid):
    """A sensor with all that stands by: stopped first, so that none of them follows on another."""
    family = [pid, *children(pid)]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for member in family:
            os.kill(member, number)


class Bench:
    check = staticmethod(verdict.check)

    def __init__(self, work, binaries, rules):
        self.work, self.binaries, self.rules = work, binaries, rules
        self.shared = work + "/shared"
        os.makedirs(self.shared)
        os.chmod(work, 0o711)
        os.makedirs(work + "/images")
        for program in ("secagent", "seclaunch"):
            shutil.copy(binaries + "/" + program, self.shared)
        shutil.copy(rules, self.shared)
        self.images = image.Images(work + "/images", os.path.join(os.path.dirname(binaries), "workload-cache"))
        self.template = task.Template(self.shared)

    def task(self, watched, *options):
        return task.Task(self.work, self.images, self.template, self.rules if watched else None, options)

    def play(self, row, watched):
        """The end of the row's container, and with the sensor what it told and its log."""
        stage = self.task(watched, *(row.options if watched else ()))
        try:
            done = stage.launch("workload", row.image, row.args, adapt=row.adapt).finish()
            return (done, *stage.events()) if watched else done
        finally:
            stage.close()


def exit_now(*_):
    raise SystemExit(1)


def run(binaries, rules, play):
    """Calls play with a Bench, in a network of its own; the exit code of the test."""
    reason = why_not(binaries)
    if reason:
        print("skipped: " + reason)
        return verdict.SKIP
    signal.signal(signal.SIGTERM, exit_now)  # so that containers are ended
    network.enter()
    work = tempfile.mkdtemp(prefix="clewline-workload.", dir="/tmp")
    try:
        bench = Bench(work, binaries, rules)
        play(bench)
        return verdict.conclude()
    finally:
        subprocess.run(["rm", "-rf", work], check=False)
