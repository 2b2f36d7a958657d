"""A task as Fargate runs it: a container that holds the pid namespace, the sidecar, and containers beside it, all by runc."""
import copy
import json
import os
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
STORY = os.path.join(HERE, "..", "..", "..", "deploy", "story")
PROFILE = "/usr/share/containers/seccomp.json"
CAPABILITIES = ["CAP_" + name for name in (
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID "
    "SYS_CHROOT").split()]
TRACER_CAPABILITIES = CAPABILITIES + ["CAP_SYS_PTRACE"]  # the one that Fargate lets a task add
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WAIT_S = 60
MOUNTS = [
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777", "size=268435456"]},
    {"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=755", "size=16777216"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "nodev", "mode=1777", "size=67108864"]},
]


def jq(program, *arguments, source=None):
    command = ["jq", *arguments, "-f", os.path.join(STORY, program)]
    return json.loads(subprocess.run(command + ([source] if source else ["-n"]), check=True, capture_output=True, text=True).stdout)


class Template:
    """The configuration that every container starts from; made once."""

    def __init__(self, shared):
        self.by_capabilities = {}
        for capabilities in (CAPABILITIES, TRACER_CAPABILITIES):
            seccomp = jq("seccomp.jq", "--argjson", "caps", json.dumps(capabilities), source=PROFILE)
            self.by_capabilities[len(capabilities)] = jq(
                "container.jq", "--argjson", "caps", json.dumps(capabilities), "--argjson", "more", "[]", "--arg", "rootfs", "",
                "--argjson", "args", "[]", "--argjson", "env", "[]", "--argjson", "mounts", json.dumps(MOUNTS),
                "--arg", "pid_namespace", "", "--arg", "shared", shared, "--argjson", "seccomp", json.dumps([seccomp]))

    def config(self, capabilities, rootfs, args, env, pid_namespace=None):
        config = copy.deepcopy(self.by_capabilities[len(capabilities)])
        config["root"] = {"path": rootfs, "readonly": True}
        config["process"]["args"] = args
        config["process"]["env"] = [PATH] + env
        if pid_namespace:
            config["linux"]["namespaces"][0]["path"] = pid_namespace
        return config


class Finished:
    def __init__(self, code, out, err, pid):
        self.code, self.out, self.err, self.pid = code, out, err, pid

    def __repr__(self):
        return "exit %s, out %r, err %r" % (self.code, self.out[-1500:], self.err[-1500:])


class Container:
    def __init__(self, task, name, config):
        self.task = task
        self.id = "%s-%s" % (task.id, name)
        self.folder = os.path.join(task.folder, name)
        os.makedirs(self.folder)
        with open(os.path.join(self.folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.files = [open(os.path.join(self.folder, kind), "w+", encoding="utf-8", errors="replace") for kind in ("out", "err")]
        self.runc = subprocess.Popen(["runc", "--root", task.runc, "run", "--pid-file", self.folder + "/pid", self.id],
                                     cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.files[0], stderr=self.files[1])

    def pid(self):
        """Of its first process, outside the task."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until and self.runc.poll() is None:
            try:
                with open(self.folder + "/pid", encoding="ascii") as file:
                    return int(file.read())
            except (OSError, ValueError):
                time.sleep(0.005)
        return None

    def text(self, which):
        with open(os.path.join(self.folder, which), encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self, name):
        subprocess.run(["runc", "--root", self.task.runc, "kill", self.id, name], check=False, capture_output=True)

    def enter(self, args, *options, wait=True):
        """Puts a process into it from outside, as the platform does for ECS Exec; its end, or the running command."""
        kinds = [open(os.path.join(self.folder, kind), "a+", encoding="utf-8", errors="replace") for kind in ("entered-out", "entered-err")]
        from_out, from_err = (os.path.getsize(file.name) for file in kinds)
        started = subprocess.Popen(["runc", "--root", self.task.runc, "exec", *options, self.id, *args], stdin=subprocess.DEVNULL,
                                   stdout=kinds[0], stderr=kinds[1])
        for file in kinds:
            file.close()
        if not wait:
            return started
        code = started.wait(WAIT_S)
        return Finished(code, self.text("entered-out")[from_out:], self.text("entered-err")[from_err:], started.pid)

    def finish(self, wait=WAIT_S):
        """Its end, or None as code if it had to be ended by force."""
        try:
            code = self.runc.wait(wait)
        except subprocess.TimeoutExpired:
            self.kill("KILL")
            self.runc.wait(WAIT_S)
            code = None
        return Finished(code, self.text("out"), self.text("err"), None)

    def close(self):
        if self.runc.poll() is None:
            subprocess.run(["runc", "--root", self.task.runc, "delete", "--force", self.id], check=False, capture_output=True)
            self.runc.wait(WAIT_S)
        for file in self.files:
            file.close()


class Task:
    """With the sidecar, or without it as the measure of what a workload does by itself."""
    count = 0

    def __init__(self, work, images, template, rules=None, options=()):
        Task.count += 1
        self.id = "clewline-%d-%d" % (os.getpid(), Task.count)
        self.folder = os.path.join(work, self.id)
        self.runc = os.path.join(work, "runc")
        os.makedirs(self.folder)
        self.images, self.template, self.containers = images, template, []
        self.shared = os.path.join(work, "shared")
        pause = self.start("pause", template.config(CAPABILITIES, images.root("shell"), ["/bin/pause"], []))
        self.pause = pause.pid()
        self.namespace = "/proc/%s/ns/pid" % self.pause
        self.sidecar, self.socket = None, "%s.sock" % self.id
        if rules:
            self.start_sidecar(rules, options)

    def start(self, name, config):
        container = Container(self, name, config)
        self.containers.append(container)
        return container

    def start_sidecar(self, rules, options=()):
        args = ["/clewline/secagent", "task", "-o", "json", "-r", "/clewline/" + os.path.basename(rules),
                "--socket", "/clewline/" + self.socket, "--once", *options]
        config = self.template.config(TRACER_CAPABILITIES, self.images.root("empty"), args, [], self.namespace)
        self.sidecar = self.start("sidecar", config)
        until = time.monotonic() + WAIT_S
        while not os.path.exists(os.path.join(self.shared, self.socket)):
            if time.monotonic() > until or self.sidecar.runc.poll() is not None:
                raise RuntimeError("the sidecar does not start: " + self.sidecar.text("err"))
            time.sleep(0.005)

    def launch(self, name, image, args, env=(), adapt=None, options=("--require",)):
        """A container; through the launcher if there is a sidecar."""
        env = list(env)
        if self.sidecar:
            args = ["/clewline/seclaunch", *options, "--socket", "/clewline/" + self.socket, "--", *args]
        config = self.template.config(CAPABILITIES, self.images.root(image), args, env, self.namespace)
        if adapt:
            adapt(config)
        return self.start(name, config)

    def seen(self):
        """What the sidecar has printed so far."""
        return [json.loads(line) for line in self.sidecar.text("out").splitlines(True) if line.startswith("{") and line.endswith("\n")]

    def events(self):
        """What the sidecar printed, once it has ended; and its log."""
        done = self.sidecar.finish()
        return self.seen(), done

    def close(self):
        for container in reversed(self.containers):
            container.close()


def is_alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def send(pid, name):
    os.kill(pid, getattr(signal, "SIG" + name))
