#!/usr/bin/env python3
"""A tracer for each container of a task: what holds one container's up leaves the others, and the sidecar, alone.

usage: tracers_test.py BIN-FOLDER

One container has a file system in it (workload/held.c) that keeps whoever looks up a name there waiting, or reads a file. The tracer looks
it up, to tell the path of a call that it has stopped; so it waits, and with it all that it traces.
"""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench as benches  # noqa: E402
import rows  # noqa: E402
import task  # noqa: E402
from bench import children, status_of, wait_until  # noqa: E402

RULES = """
- rule: Mkdir
  desc: a folder is made; where, is asked before it is
  condition: evt.type in (mkdir, mkdirat) and fs.path.name startswith /
  output: "mkdir %proc.pid %fs.path.name %evt.res"
  priority: INFO
"""
LATER = """
- rule: Later
  desc: loaded while a tracer waits
  condition: evt.type in (mkdir, mkdirat) and fs.path.name = /tmp/folder
  output: "later %proc.pid %fs.path.name"
  priority: INFO
"""
WATCH = """
- watch: Held
  paths: [/held/, /tmp/watched/]
"""
WRITER = "echo begins; echo x >>/held/slow; echo goes on; /bin/touch /tmp/after; exit 3"
TURNS = 100
HELD = "echo begins; /bin/held mkdir /held/held-folder/new; echo goes on; /bin/touch /tmp/after; exit 3"
OTHER = """
echo begins
n=0; while [ $n -lt %d ]; do n=$((n + 1)); /bin/touch /tmp/turn-$n; done
echo turned
until [ -e /clewline/enough-ID ]; do /bin/sleep 0.02; /bin/mkdir /tmp/folder; /bin/rm -r /tmp/folder; done
/bin/touch /tmp/last; exit 5
""" % TURNS


def of(events, rule):
    return [event["output_fields"] for event in events if event["rule"] == rule]


class HeldFolder:
    def __init__(self, bench):
        self.folder = bench.work + "/held"
        self.program = bench.work + "/held-server"
        if not os.path.exists(self.program):
            os.makedirs(self.folder)
            subprocess.run(["gcc", "-O1", "-Wall", "-D_GNU_SOURCE", "-o", self.program, os.path.join(task.HERE, "held.c")], check=True)
        self.out = open(bench.work + "/held.out", "w+", encoding="ascii")
        self.server = subprocess.Popen([self.program, self.folder], stdout=self.out, stderr=subprocess.STDOUT)
        if not wait_until(lambda: self.text().startswith("ready\n") or self.server.poll() is not None) or self.server.poll() is not None:
            raise RuntimeError("no file system: " + self.text())

    def text(self):
        with open(self.out.name, encoding="ascii") as file:
            return file.read()

    def waits(self, name="held-folder"):
        return "waits %s\n" % name in self.text()

    def mount(self, config):
        config["mounts"].append({"destination": "/held", "type": "bind", "source": self.folder, "options": ["bind", "rw"]})

    def let_go(self):
        self.server.send_signal(signal.SIGUSR1)

    def close(self):
        self.server.terminate()
        self.server.wait(task.WAIT_S)
        self.out.close()


class Stage:
    """A task whose first container has made its tracer wait: for a name, or for what is in a file that is watched."""

    def __init__(self, bench, *options, script=HELD, name="held-folder"):
        bench.images.root("shell")
        os.makedirs(os.path.join(bench.images.root("shell"), "held"), exist_ok=True)
        self.check, self.shared = bench.check, bench.shared
        self.rules = bench.shared + "/more.yaml"
        with open(self.rules, "w", encoding="ascii") as file:
            file.write(RULES)
        self.held = HeldFolder(bench)
        self.task = bench.task(True, "-r", "/clewline/more.yaml", *options)
        try:
            self.first = self.task.launch("first", "shell", rows.sh(script), adapt=self.held.mount)
            self.check(wait_until(lambda: self.held.waits(name)), "the first container's file system is asked", self.first.text("err"))
            # the shell, or the program that it has started, stands before its call
            maker = (children(self.first.pid()) + [self.first.pid()])[0]
            self.check(wait_until(lambda: status_of(maker)["State"].startswith("t")), "by its tracer, while the call has not been made",
                       status_of(maker))
        except BaseException:
            self.close()
            raise

    def worker(self):
        return children(self.task.sidecar.pid())[0]

    def tracer(self, container):
        """The thread that traces a container's first process, and the process that this is one of."""
        tid = int(status_of(container.pid())["TracerPid"])
        return tid, int(status_of(tid)["Tgid"])

    def launch_other(self, name="second"):
        return self.task.launch(name, "shell", rows.sh(OTHER.replace("ID", self.task.id)))

    def log(self):
        return self.task.sidecar.text("err")

    def enough(self):
        with open(self.shared + "/enough-" + self.task.id, "w", encoding="ascii"):
            pass

    def close(self):
        self.held.close()
        self.task.close()


def others_go_on(bench):
    """Started, traced, entered, given other rules and ended, while the first container's tracer waits."""
    stage = Stage(bench)
    check = stage.check
    try:
        other = stage.launch_other()
        check(wait_until(lambda: "turned" in other.text("out")), "another container is taken over and runs", (other.text("err"), stage.log()))
        one, two = stage.tracer(stage.first), stage.tracer(other)
        check(one[1] == two[1] == stage.worker() and one[0] != two[0], "each has a thread of the sidecar as its tracer", (one, two))
        check(wait_until(lambda: any(f["fd.name"] == "/tmp/turn-%d" % TURNS for f in of(stage.task.seen(), "Create"))),
              "what it does is told at once", stage.log())
        done = other.enter(["/bin/touch", "/tmp/entered"])
        check(done.code == 0, "a command is put into it from outside", done)
        with open(stage.rules, "w", encoding="ascii") as file:
            file.write(RULES + LATER)
        check(wait_until(lambda: of(stage.task.seen(), "Later")), "rules that were changed count for it", stage.log())
        stage.enough()
        done = other.finish()
        check(done.code == 5, "it ends as it would", done)
        check(wait_until(lambda: not os.path.exists("/proc/%d/task/%d" % (two[1], two[0]))), "its tracer ends with it")
        check("goes on" not in stage.first.text("out"), "all this while the first container waits")
        stage.held.let_go()
        done = stage.first.finish()
        check(done.code == 3, "which goes on when it is answered, and ends as it would", done)
        events, sidecar = stage.task.events()
        made = [fields["fd.name"] for fields in of(events, "Create")]
        turns = [name for name in made if name.startswith("/tmp/turn-")]
        check(turns == ["/tmp/turn-%d" % n for n in range(1, TURNS + 1)], "the other container's files are told once, and in order", turns)
        check("/held/held-folder/new" in [f["fs.path.name"] for f in of(events, "Mkdir")] and "/tmp/after" in made, "the first one's as well",
              of(events, "Mkdir"))
        execs = [f["proc.cmdline"] for f in of(events, "Exec")]
        check(execs.count("touch /tmp/entered") <= 1 and execs.count("touch /tmp/after") == 1, "and their programs", execs[-5:])
        check(sidecar.code == 0 and "events-lost" not in sidecar.err and "left-alone" not in sidecar.err, "nothing is lost", sidecar)
    finally:
        stage.close()


def content_waits(bench):
    """The same for what is in a watched file, read for its hash before it is written to."""
    with open(bench.shared + "/watch.yaml", "w", encoding="ascii") as file:
        file.write(WATCH)
    stage = Stage(bench, "--collector", "ipc:///clewline/nobody.sock", "--spool", "/tmp/spool", "--watch", "/clewline/watch.yaml", script=WRITER,
                  name="slow")
    check = stage.check
    try:
        other = stage.task.launch("second", "shell", rows.sh("/bin/mkdir /tmp/watched; for n in 1 2 3; do echo $n >/tmp/watched/$n; /bin/mv "
                                                             "/tmp/watched/$n /tmp/watched/to-$n; done; exit 5"))
        check(other.finish().code == 5, "another container writes to watched files, and ends as it would", other.text("err"))
        check(wait_until(lambda: any(f["fd.name"] == "/tmp/watched/3" for f in of(stage.task.seen(), "Create"))), "what it does is told at once",
              stage.log())
        check("goes on" not in stage.first.text("out"), "all this while the first container waits")
        stage.held.let_go()
        check(stage.first.finish().code == 3, "which goes on when it is answered, and ends as it would", stage.first.text("err"))
        events, sidecar = stage.task.events()
        made = [f["fd.name"] for f in of(events, "Create") if f["fd.name"] and f["fd.name"].startswith("/tmp/watched/")]
        check(made == ["/tmp/watched/%d" % n for n in (1, 2, 3)], "the other container's files are told in order", made)
        check(sidecar.code == 0 and "events-lost" not in sidecar.err, "nothing is lost", sidecar)
    finally:
        stage.close()


def tracer_is_killed(bench):
    """The process with all tracers is killed while one waits. It is gone as soon as the kernel lets go of that one; then all go on."""
    stage = Stage(bench)
    check = stage.check
    try:
        other = stage.launch_other()
        check(wait_until(lambda: "turned" in other.text("out")), "another container runs", (other.text("err"), stage.log()))
        os.kill(stage.worker(), signal.SIGKILL)
        stage.held.let_go()
        check(wait_until(lambda: "followed-on" in stage.log()), "another process follows both on", stage.log())
        check(stage.tracer(other)[1] == stage.worker(), "by a thread of its own", stage.tracer(other))
        check(stage.first.finish().code == 3, "the first container goes on, and ends as it would")
        stage.enough()
        check(other.finish().code == 5, "so does the other")
        events, sidecar = stage.task.events()
        check("/tmp/last" in [f["fd.name"] for f in of(events, "Create")], "watched to the end", sidecar)
        check(sidecar.code == 0, "the sidecar ends after them", sidecar)
    finally:
        stage.close()


def sidecar_ends(bench):
    """What is held up does not hold up what the sidecar has to do at its end."""
    stage = Stage(bench)
    check = stage.check
    try:
        for _ in range(2):
            stage.task.sidecar.kill("TERM")
            wait_until(lambda: not int(status_of(stage.worker())["ShdPnd"], 16))
        check(wait_until(lambda: "tracer-held-up" in stage.log()), "a sidecar that is to end at once says what it leaves", stage.log())
        stage.held.let_go()
        done = stage.task.sidecar.finish()
        check(done.code == 0, "and has ended as soon as the kernel lets it", done)
        check(wait_until(lambda: "goes on" in stage.first.text("out")), "the container goes on without it", stage.first.text("err"))
    finally:
        stage.close()


def pids_group(pid):
    """Folder of the control group that limits the number of threads; None where there is none."""
    with open("/proc/%d/cgroup" % pid, encoding="ascii") as file:
        for line in file:
            _, names, path = line.rstrip("\n").split(":", 2)
            for folder in ("/sys/fs/cgroup/pids" if names == "pids" else "", "/sys/fs/cgroup" if not names else ""):
                if folder and os.path.exists(folder + path + "/pids.max"):
                    return folder + path
    return None


def no_more_threads(bench):
    """A container for which no thread can be had shares the tracer of another."""
    check, stage = bench.check, bench.task(True)
    try:
        first = stage.launch("first", "shell", rows.sh(OTHER.replace("ID", stage.id)))
        check(wait_until(lambda: "begins" in first.text("out")), "a container runs", first.text("err"))
        group = pids_group(stage.sidecar.pid())
        if not group:
            print("skipped: nothing limits the number of threads here")
            return
        with open(group + "/pids.current", encoding="ascii") as file, open(group + "/pids.max", "w", encoding="ascii") as limit:
            limit.write(file.read())
        second = stage.launch("second", "shell", rows.sh("/bin/touch /tmp/by-second; sleep 0.1; exit 6"))
        check(second.finish().code == 6, "another one, when there are no more threads, too", second.text("err"))
        with open(bench.shared + "/enough-" + stage.id, "w", encoding="ascii"):
            pass
        check(first.finish().code == 5, "the first one ends as it would")
        events, sidecar = stage.events()
        made = {fields["fd.name"] for fields in of(events, "Create")}
        check({"/tmp/by-second", "/tmp/last"} <= made, "what both did is told", made)
        check(sidecar.err.count("tracer-shared") == 1 and sidecar.code == 0, "and once, that they share a tracer", sidecar)
    finally:
        stage.close()


def play(bench):
    if not os.path.exists("/dev/fuse"):
        print("skipped: no /dev/fuse")
        sys.exit(77)
    for part in (others_go_on, content_waits, tracer_is_killed, sidecar_ends, no_more_threads):
        print(part.__name__.replace("_", " "), flush=True)
        part(bench)


sys.exit(benches.run(os.path.abspath(sys.argv[1]), os.path.join(task.HERE, "rules.yaml"), play))
