#!/usr/bin/env python3
"""secagent run, secagent task and seclaunch on the real kernel: what is told, exit codes, signals, threads, daemons.

usage: agent_test.py BIN-FOLDER
"""
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from programs import environment
from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
RULES = HERE + "/agent_rules.yaml"
AGENT, LAUNCH = BIN + "/secagent", BIN + "/seclaunch"
PYTHON = "/usr/bin/python3"
CONTAINER = "f1d2d2f924e986ac86fdf7b36c94bcdf-1265927825"
TASK = {
    "Cluster": "shop-cluster",
    "TaskARN": "arn:aws:ecs:eu-central-1:111122223333:task/shop-cluster/0123456789abcdef",
    "Family": "shop", "Revision": "17", "LaunchType": "FARGATE",
    "Containers": [{"DockerId": CONTAINER, "Name": "app", "Image": "registry:5000/shop/app:2.1", "ImageID": "sha256:aa",
                    "Labels": {"note": "x" * 5000}}],
}


def alerts_of(text):
    """Lines of alerts without the time of day, in order."""
    return [match.group(1) for match in re.finditer(r"^\d\d:\d\d:\d\d\.\d{9}: (.*)$", text, re.M)]


def run(command, *options, cwd=None, env=None, rules=RULES):
    arguments = [AGENT, "run"] + (["-r", rules] if rules else []) + list(options) + ["--"] + command
    return subprocess.run(arguments, capture_output=True, text=True, timeout=100, cwd=cwd, env=env or environment(),
                          errors="surrogateescape")


def tells_what_happens(work):
    script = "touch new; echo x >>new; mv new ../other; rm ../other; ln -s /etc/passwd link; rm absent 2>/dev/null; exit 7"
    os.mkdir(work + "/folder")
    done = run(["/bin/sh", "-c", script], cwd=work + "/folder")
    check(done.returncode == 7, "the exit code is the command's", done)
    expected = [
        "Warning created %s/folder/new by touch flags O_NONBLOCK|O_CREAT|O_WRONLY" % work,
        "Warning created %s/folder/new by sh flags O_APPEND|O_CREAT|O_WRONLY" % work,
        "Error changed %s/folder/new to %s/other by mv result SUCCESS" % (work, work),
        "Error changed %s/other to <NA> by rm result SUCCESS" % work,
        "Notice linked /etc/passwd as %s/folder/link" % work,
        "Error changed %s/folder/absent to <NA> by rm result ENOENT" % work,
    ]
    found = alerts_of(done.stdout)
    check(found == expected, "every act is told once, in order, with absolute paths", found)
    check(done.stderr == "", "nothing else is printed", done.stderr)


def follows_links(work):
    os.mkdir(work + "/folder")
    os.symlink("folder", work + "/alias")
    done = run(["/bin/sh", "-c", "mkdir deep; cd deep; touch ../../alias/./x; rm ../../alias//x"], cwd=work + "/folder")
    check(alerts_of(done.stdout) == [
        "Warning created %s/folder/x by touch flags O_NONBLOCK|O_CREAT|O_WRONLY" % work,
        "Error changed %s/folder/x to <NA> by rm result SUCCESS" % work,
    ], "folders that are links do not hide the real path", done.stdout)


def escapes(work):
    done = run(["/bin/sh", "-c", "printf x > \"$(printf '%s/a\\033[31m\\nb\\\\c')\"" % work])
    check(alerts_of(done.stdout) == [
        "Warning created %s/a\\u001B[31m\\nb\\\\c by sh flags O_TRUNC|O_CREAT|O_WRONLY" % work],
        "control characters of file names come out escaped", done.stdout)
    name = "ev\x1b]0;il"
    shutil.copy("/bin/sh", work + "/" + name)
    done = run([work + "/" + name, "-c", ": >%s/y" % work])
    check(alerts_of(done.stdout)[-1:] == ["Warning created %s/y by ev\\u001B]0;il flags O_TRUNC|O_CREAT|O_WRONLY" % work],
          "control characters of process names come out escaped", done.stdout)


def json_lines(work):
    done = run(["/bin/sh", "-c", ": >%s/z" % work], "-o", "json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check(len(lines) == 1 and lines[0]["rule"] == "Created" and lines[0]["priority"] == "Warning" and
          lines[0]["output_fields"]["fd.name"] == work + "/z" and lines[0]["tags"] == ["test"],
          "alerts are Falco's JSON lines on demand", done.stdout)


def exit_codes(work):
    for command, code in ((["/bin/true"], 0), (["/bin/sh", "-c", "exit 255"], 255), (["/bin/sh", "-c", "kill -9 $$"], 137),
                          ([work + "/absent"], 127), (["/etc/passwd"], 126)):
        done = run(command)
        check(done.returncode == code, "%s ends with %d" % (command[-1], code), done)
    check(run([work + "/absent"]).stderr == 'secagent: could not run "%s/absent": No such file or directory\n' % work,
          "a command that cannot be run is one line")


def reads(work):
    with open(work + "/reads.yaml", "w", encoding="ascii") as file:
        file.write("- rule: Read\n  desc: x\n  condition: evt.type in (open, openat) and evt.is_open_read=true and fd.name endswith /secret\n"
                   "  output: read %fd.name by %proc.name\n  priority: INFO\n")
    with open(work + "/secret", "w", encoding="ascii"):
        pass
    done = run(["/bin/cat", work + "/secret"], rules=work + "/reads.yaml")
    check(alerts_of(done.stdout) == ["Informational read %s/secret by cat" % work] and done.stderr == "",
          "a rule about reads that was given by name is not left blind", done)
    done = run(["/bin/cat", "/etc/shadow"], rules=None)
    check(alerts_of(done.stdout) == [] and done.stderr == "", "the built-in rules alone do not make reads cost", done)
    done = run(["/bin/cat", work + "/secret"], "--reads", rules=work + "/reads.yaml")
    check(alerts_of(done.stdout) == ["Informational read %s/secret by cat" % work] and done.stderr == "", "with --reads it sees", done)


def signals(_work):
    script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done"
    child = subprocess.Popen([AGENT, "run", "-r", RULES, "--", "/bin/sh", "-c", script], stdout=subprocess.PIPE, env=environment())
    child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    check(child.wait(60) == 9, "a signal is passed on to the command", child.returncode)
    script = "kill -STOP $$; exit 3"
    child = subprocess.Popen([AGENT, "run", "-r", RULES, "--", "/bin/sh", "-c", script], env=environment())
    stopped = None
    while stopped is None and child.poll() is None:
        for pid in open("/proc/%d/task/%d/children" % (child.pid, child.pid)).read().split():
            # "t" or "T": a traced process in a group stop
            if open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()[0] in "tT" and \
                    "kill -STOP" in open("/proc/%s/cmdline" % pid).read():
                stopped = int(pid)
    # a SIGCONT that came before the stop was complete changes nothing; the last one does
    while child.poll() is None:
        try:
            os.kill(stopped, signal.SIGCONT)
            child.wait(0.2)
        except (subprocess.TimeoutExpired, ProcessLookupError):
            pass
    check(child.returncode == 3, "a stopped command can be continued", child.returncode)


def many_processes(work):
    done = run(["/bin/sh", "-c", "i=0; while [ $i -lt 1000 ]; do /bin/echo agent-test >/dev/null; i=$((i+1)); done"])
    check(len(alerts_of(done.stdout)) == 1000, "1000 short processes are seen, none twice", len(alerts_of(done.stdout)))
    program = ("import threading, os\n"
               "def work(i):\n"
               "    for k in range(20):\n"
               "        path = '%s/t%%d-%%d' %% (i, k)\n"
               "        open(path, 'w').close(); os.unlink(path)\n"
               "threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]\n"
               "[t.start() for t in threads]; [t.join() for t in threads]\n" % work)
    found = alerts_of(run([PYTHON, "-c", program]).stdout)
    expected = {"%s/t%d-%d" % (work, i, k) for i in range(20) for k in range(20)}
    created = [line.split()[2] for line in found if line.startswith("Warning created")]
    changed = [line.split()[2] for line in found if line.startswith("Error changed")]
    check(sorted(created) == sorted(expected) and sorted(changed) == sorted(expected),
          "what 20 threads do is seen, each act once", (len(created), len(changed)))


def daemons(work):
    script = "(setsid sh -c 'read x <%s/go; : >%s/late' &) ; exit 4" % (work, work)
    os.mkfifo(work + "/go")
    child = subprocess.Popen([AGENT, "run", "-r", RULES, "--", "/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True,
                             env=environment())
    with open(work + "/go", "w", encoding="ascii") as go:
        go.write("x\n")
    out = child.communicate(timeout=60)[0]
    check(child.returncode == 4, "a daemon left behind does not change the exit code", child.returncode)
    check([line for line in alerts_of(out) if "late" in line] ==
          ["Warning created %s/late by sh flags O_TRUNC|O_CREAT|O_WRONLY" % work], "a daemon is followed to its end", out)


def bad_input(work):
    with open(work + "/bad.yaml", "w", encoding="ascii") as file:
        file.write("- rule: Broken\n  desc: x\n  condition: proc.nam = sh\n  output: x\n  priority: INFO\n")
    done = run(["/bin/true"], rules=work + "/bad.yaml")
    check(done.returncode == 1 and work + "/bad.yaml:3:" in done.stderr and "proc.nam" in done.stderr,
          "a rule with an unknown field is named by file, line and column", done)
    done = run(["/bin/true"], rules=work + "/absent.yaml")
    check(done.returncode in (1, 5) and "absent.yaml" in done.stderr, "a rule file that is not there is named", done)
    done = run(["/bin/true"], "-o", "xml")
    check(done.returncode == 2 and "xml" in done.stderr, "an unrecognized format is a usage error", done)
    done = run(["/bin/sh", "-c", "echo agent-test"], env=environment(ECS_CONTAINER_METADATA_URI_V4="http://127.0.0.1:9/v4/x"))
    check(done.returncode == 0 and done.stderr.count("\n") == 1 and "http://127.0.0.1:9/v4/x" in done.stderr,
          "a metadata endpoint that is not there is one line", done)
    done = run(["/bin/sh", "-c", ": >%s/spooled" % work], "--collector", "ipc://%s/none.sock" % work, "--spool", work + "/spool")
    check(done.returncode == 0 and done.stderr.count("\n") == 1 and "wait in" in done.stderr,
          "a collector that is not there is one line, and what waits for it is counted", done)


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answers = {"/v4/%s" % CONTAINER: TASK["Containers"][0], "/v4/%s/task" % CONTAINER: TASK}
        answer = answers.get(self.path)
        body = b"{broken" if self.path.startswith("/broken") else json.dumps(answer).encode()
        self.send_response(200 if answer or body == b"{broken" else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Sidecar:
    def __init__(self, work, *options):
        self.socket = work + "/launch.sock"
        self.child = subprocess.Popen([AGENT, "task", "-r", RULES, "--socket", self.socket, *options], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, env=environment())
        self.first = [self.child.stderr.readline()]
        while self.first[-1] and "listening" not in self.first[-1]:
            self.first.append(self.child.stderr.readline())

    def end(self):
        out, log = self.child.communicate(timeout=60)
        return out, "".join(self.first) + log

    def launch(self, command, *options, **env):
        return subprocess.run([LAUNCH, "--require", *options, "--", *command], capture_output=True, text=True, timeout=60,
                              env=environment(CLEWLINE_LAUNCH_SOCKET=self.socket, **env))


def sidecar(work):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = "http://127.0.0.1:%d" % server.server_port

    agent = Sidecar(work, "--once")
    check("listening" in agent.first[-1], "the sidecar says where it listens", agent.first)
    done = agent.launch(["/bin/sh", "-c", "/bin/echo agent-test-1; exit 5"],
                        ECS_CONTAINER_METADATA_URI_V4="%s/v4/%s" % (base, CONTAINER))
    out, log = agent.end()
    check(done.returncode == 5 and done.stdout == "agent-test-1\n" and done.stderr == "",
          "the launched command keeps its exit code and output", done)
    check(alerts_of(out) == ["Informational executed echo of sh in app of registry:5000/shop/app tag 2.1 task 0123456789abcdef "
                             "cluster arn:aws:ecs:eu-central-1:111122223333:cluster/shop-cluster"],
          "the sidecar names container, image, task and cluster", out)
    check(agent.child.returncode == 0 and not os.path.exists(agent.socket), "with --once it ends with the last process", log)

    agent = Sidecar(work, "--once")
    done = agent.launch(["/bin/echo", "agent-test-2"])
    out, log = agent.end()
    check(done.returncode == 0 and len(alerts_of(out)) == 1, "the exec of the entry point itself is the first event", out)
    check("is not set for the sidecar" in log and log.count("is not set for process") == 1,
          "a missing metadata endpoint is one line for each who has none", log)

    agent = Sidecar(work, "--once")
    done = agent.launch(["/bin/echo", "agent-test-3"], ECS_CONTAINER_METADATA_URI_V4=base + "/broken/v4/x")
    out, log = agent.end()
    check(done.returncode == 0 and len(alerts_of(out)) == 1 and log.count("/broken") == 1,
          "a malformed answer of the endpoint is one line, and nothing stops", log)

    agent = Sidecar(work)
    for noise in (b"", b"x", b"GET / HTTP/1.0\r\n\r\n", b"CLWL\x01\x00\xff\xff", b"CLWL\x02\x00\x00\x00"):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(agent.socket)
            client.sendall(noise)
    done = agent.launch(["/bin/echo", "agent-test-4"])
    check(done.returncode == 0, "nonsense on the socket does not keep launchers out", done)
    script = "trap ': >%s/last; exit 6' TERM; echo ready; while :; do sleep 0.02; done" % work
    workload = subprocess.Popen([LAUNCH, "--require", "--socket", agent.socket, "--", "/bin/sh", "-c", script],
                                stdout=subprocess.PIPE, env=environment())
    workload.stdout.readline()
    agent.child.send_signal(signal.SIGTERM)
    workload.send_signal(signal.SIGTERM)
    check(workload.wait(60) == 6 and os.path.exists(work + "/last"), "after SIGTERM the workload can still end in order")
    out, log = agent.end()
    check(agent.child.returncode == 0 and [line.split(" by")[0] for line in alerts_of(out)][1:] == ["Warning created %s/last" % work],
          "SIGTERM ends the sidecar after its workload", (out, log))
    server.shutdown()


def worker_of(agent):
    """The process that traces: the sidecar's child."""
    with open("/proc/%d/task/%d/children" % (agent.pid, agent.pid), encoding="ascii") as file:
        found = file.read().split()
    return int(found[0]) if found else 0


def successor(work):
    """The tracer is killed again and again: the workload lives, and what it does afterwards is seen."""
    times = 100 if "--long" in sys.argv else 4
    agent = Sidecar(work, "--once")
    script = ("n=0; while [ ! -e %s/enough ]; do n=$((n+1)); (: >%s/turn-$n) 2>/dev/null; sleep 0.01; done; "
              ": >%s/last && /bin/echo agent-test-last; exit 9" % (work, work, work))
    workload = subprocess.Popen([LAUNCH, "--require", "--socket", agent.socket, "--", "/bin/sh", "-c", script], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, env=environment())
    while not os.path.exists(work + "/turn-1"):
        time.sleep(0.01)
    seen = []
    for turn in range(times):
        former = worker_of(agent.child)
        time.sleep(0.01 * (turn % 7))
        os.kill(former, signal.SIGKILL)
        while not seen or "followed-on" not in seen[-1]:
            seen.append(agent.child.stderr.readline())
        seen.append("killed %d" % turn)
    with open(work + "/enough", "w", encoding="ascii"):
        pass
    out = workload.communicate(timeout=60)[0]
    told, log = agent.end()
    found = alerts_of(told)
    check(workload.returncode == 9 and out == "agent-test-last\n", "a workload survives %d tracers" % times, (workload.returncode, out))
    check(sum("tracer-died" in line for line in seen) == times, "each death is said", seen)
    check([line.split(" by ")[0] for line in found if "/last" in line] == ["Warning created %s/last" % work] and
          any(line.startswith("Informational executed echo of sh") for line in found), "the last tracer sees what it does", found[-3:])
    check(agent.child.returncode == 0, "the sidecar ends with its workload", (agent.child.returncode, log))


def standby_ends(work):
    """Signals to the sidecar reach the process that works, and its exit code is the sidecar's."""
    done = subprocess.run([AGENT, "task", "-r", work + "/absent.yaml", "--socket", work + "/launch.sock"], capture_output=True, text=True,
                          timeout=60, env=environment())
    check(done.returncode == 5 and done.stderr.count("\n") == 1, "an error of the worker is said once, with its exit code", done)
    agent = Sidecar(work)
    agent.child.send_signal(signal.SIGTERM)
    check(agent.child.wait(60) == 0, "SIGTERM to an idle sidecar ends it", agent.child.returncode)


def late_sidecar(work):
    launcher = subprocess.Popen([LAUNCH, "--require", "--socket", work + "/launch.sock", "--", "/bin/echo", "agent-test-5"],
                                stdout=subprocess.PIPE, text=True, env=environment())
    agent = Sidecar(work, "--once")
    check(launcher.communicate(timeout=60)[0] == "agent-test-5\n" and launcher.returncode == 0 and len(alerts_of(agent.end()[0])) == 1,
          "a launcher waits for a sidecar that starts at the same moment")


def without_sidecar(work):
    command = ["--socket", work + "/none.sock", "--", "/bin/sh", "-c", "exit 3"]
    done = subprocess.run([LAUNCH] + command, capture_output=True, text=True, timeout=60, env=environment())
    check(done.returncode == 3 and done.stderr.count("\n") == 1, "without a sidecar the command runs all the same", done)
    done = subprocess.run([LAUNCH, "--require"] + command, capture_output=True, text=True, timeout=60, env=environment())
    check(done.returncode == 70 and done.stderr.count("\n") == 1, "with --require it does not (70)", done)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(work + "/silent.sock")
        silent.listen(1)
        command[1] = work + "/silent.sock"
        done = subprocess.run([LAUNCH] + command, capture_output=True, text=True, timeout=60, env=environment())
    check(done.returncode == 3 and "2000 ms" in done.stderr, "a silent sidecar is waited for two seconds", done)
    done = subprocess.run([LAUNCH, "--socket", work + "/none.sock", "--", work + "/absent"], capture_output=True, text=True,
                          timeout=60, env=environment())
    check(done.returncode == 127, "a command that is not there ends with 127", done)


def main():
    if not os.path.exists(AGENT):
        print("skipped: no secagent in %s" % BIN)
        return SKIP
    for part in (tells_what_happens, follows_links, escapes, json_lines, exit_codes, reads, signals, many_processes, daemons, bad_input,
                 sidecar, successor, standby_ends, late_sidecar, without_sidecar):
        work = tempfile.mkdtemp(prefix="agent_test.")
        try:
            part(work)
        finally:
            shutil.rmtree(work)
    return conclude()


sys.exit(main())
