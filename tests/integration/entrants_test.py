#!/usr/bin/env python3
"""Processes that the platform puts into a container from outside, as ECS Exec and health checks do: no launcher hands them over.

usage: entrants_test.py BIN-FOLDER [--only WORD]

Containers are runc's, with Fargate's capabilities and a common pid namespace; runc exec puts in what is put in.
"""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench  # noqa: E402
import task  # noqa: E402
from entrance import AGENT, RULES, SESSION, Entrance  # noqa: E402

CHECKS = 20
OTHER_TRACER = """
import ctypes, os, sys, time
pid = int(sys.argv[1])
libc = ctypes.CDLL(None)
for thread in os.listdir("/proc/%d/task" % pid):
    assert libc.ptrace(0x4206, int(thread), None, None) == 0  # PTRACE_SEIZE
print("traces", flush=True)
time.sleep(1000)
"""
SMALL = """
static long call(long n, long a, long b, long c)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
	return r;
}
void _start(void)
{
	long fd = call(5, (long)"/tmp/by-32-bits", 0101, 0600);
	call(1, fd < 0 ? 1 : 6, 0, 0);
}
"""


def make_small(folder):
    """A 32-bit program without a library; False if the compiler cannot make one."""
    with open(folder + "/small.c", "w", encoding="ascii") as file:
        file.write(SMALL)
    return subprocess.run(["gcc", "-m32", "-O1", "-nostdlib", "-static", "-fno-stack-protector", "-o", folder + "/small",
                           folder + "/small.c"], check=False, capture_output=True).returncode == 0


def status_of_last(stage, name):
    """Of the process in the test's own view that has that name and is in the container's pid namespace."""
    space = os.readlink("/proc/%d/ns/pid" % stage.container.pid())
    for pid in sorted((int(p) for p in os.listdir("/proc") if p.isdigit()), reverse=True):
        try:
            if os.readlink("/proc/%d/ns/pid" % pid) == space and bench.status_of(pid)["Name"] == name:
                return bench.status_of(pid)
        except (OSError, KeyError):
            continue
    return {}


def session(setup):
    """The whole line: agent, worker, terminal, shell, what it runs."""
    check, stage = setup.check, Entrance(setup)
    try:
        stage.enter_agent()
        check(stage.open_session(SESSION, "/bin/touch /tmp/made-in-session; (/bin/sleep 0.3 &); echo $PPID"), "a session is opened and ends")
        check(bench.wait_until(lambda: stage.told("Create", "/tmp/made-in-session")), "the file that its shell makes is told", stage.log())
        made = stage.told("Create", "/tmp/made-in-session")[0]
        check(made["ecs.exec.session_id"] == SESSION and made["proc.name"] == "touch", "with the session", made)
        execs = {e["proc.cmdline"]: e["ecs.exec.session_id"] for e in stage.told("Exec")}
        check(execs.get("sh") == SESSION and execs.get("touch /tmp/made-in-session") == SESSION, "so are shell and command", execs)
        check(any(line.startswith("ssm-session-wor " + SESSION) for line in execs), "and the worker's own exec", execs)
        check(any(line.startswith("ssm-agent-worke") and not of for line, of in execs.items()), "the agent itself is in no session", execs)
        events, sidecar = stage.end()
        ends = [e for e in events if e["rule"] == "Exit" and e["output_fields"]["ecs.exec.session_id"] == SESSION]
        check(len(ends) >= 4, "ends have it, too", ends)
        check("events-lost" not in sidecar.err and "not-followed" not in sidecar.err and sidecar.code == 0, "nothing is lost", sidecar)
        check(all(e["output_fields"]["ecs.exec.session_id"] is None for e in events if "sleep 0.05" in e["output"]),
              "what the container does by itself has none")
    finally:
        stage.close()


def filters(setup):
    """Who has the filter: the shell, not the agent."""
    check, stage = setup.check, Entrance(setup)
    try:
        stage.enter_agent()
        bench.wait_until(lambda: status_of_last(stage, "ssm-agent-worke"))
        status = status_of_last(stage, "ssm-agent-worke")
        check(status.get("Seccomp_filters") == "1" and status.get("NoNewPrivs") == "0", "the agent runs without the filter", status)
        shown = "/bin/grep -e Seccomp_filters -e NoNewPrivs /proc/self/status >/clewline/status-%s" % stage.task.id
        check(stage.open_session(SESSION, shown), "a session")
        with open(stage.task.shared + "/status-" + stage.task.id, encoding="ascii") as file:
            lines = file.read().split()
        check(lines == ["NoNewPrivs:", "1", "Seccomp_filters:", "2"], "its shell has it", lines)
        stage.end()
    finally:
        stage.close()


def events_only(setup):
    """--exec events and none."""
    check = setup.check
    stage = Entrance(setup, "--exec", "events")
    try:
        stage.enter_agent()
        check(stage.open_session(SESSION, "/bin/touch /tmp/made-in-session"), "with --exec events a session works")
        events, _ = stage.end()
        execs = [e["output_fields"] for e in events if e["rule"] == "Exec" and e["output_fields"]["proc.cmdline"] == "touch /tmp/made-in-session"]
        check(len(execs) == 1 and execs[0]["ecs.exec.session_id"] == SESSION, "its commands are told", execs)
        check(not any(e["rule"] == "Create" for e in events), "its files are not")
    finally:
        stage.close()
    stage = Entrance(setup, "--exec", "none")
    try:
        done = stage.container.enter(["/bin/touch", "/tmp/made-by-check"])
        check(done.code == 0, "with --exec none what is put in runs", done)
        events, _ = stage.end()
        check(not any("made-by-check" in e["output"] for e in events), "and is not watched")
    finally:
        stage.close()


def checks(setup):
    """Health checks: short commands, one after the other; one that waits until it is followed; a 32-bit one."""
    check, stage = setup.check, Entrance(setup)
    try:
        codes = {stage.container.enter(["/bin/sh", "-c", "/bin/touch /tmp/check-%d; exit %d" % (i, 40 + i)]).code for i in range(CHECKS)}
        check(codes == set(range(40, 40 + CHECKS)), "commands that are put in end as they would", codes)
        has_small = make_small(setup.shared)
        command = "until [ -e /clewline/go-%s ]; do /bin/sleep 0.02; done; /bin/touch /tmp/patient; %s exit 5" % (
            stage.task.id, "/clewline/small; [ $? = 6 ] &&" if has_small else "")
        patient = stage.container.enter(["/usr/bin/bash", "-c", command], wait=False)
        check(bench.wait_until(lambda: stage.told("Exec", "bash -c until")), "one of them is told as it starts", stage.log())
        with open(stage.task.shared + "/go-" + stage.task.id, "w", encoding="ascii"):
            pass
        check(patient.wait(task.WAIT_S) == 5, "and ends as it would, a 32-bit program in it, too")
        events, sidecar = stage.end()
        made = {e["output_fields"]["fd.name"] for e in events if e["rule"] == "Create"}
        check("/tmp/patient" in made, "what it makes is told", made)
        if has_small:
            check("/tmp/by-32-bits" in made, "what the 32-bit one makes, too", made)
        seen = len(made & {"/tmp/check-%d" % i for i in range(CHECKS)})
        check(seen > 0, "short ones are followed", made)
        late = sidecar.err.count("entered:") - seen
        print("        %d of %d commands of one moment were followed from their exec; %d other processes" % (seen, CHECKS, late))
        check(sidecar.code == 0 and "events-lost" not in sidecar.err, "the sidecar ends with the workload", sidecar)
    finally:
        stage.close()


def successor(setup):
    """The tracer is killed while a session agent is followed: the next one follows it as well."""
    check, stage = setup.check, Entrance(setup)
    try:
        stage.enter_agent()
        os.kill(bench.children(stage.task.sidecar.pid())[0], signal.SIGKILL)
        check(bench.wait_until(lambda: "followed-on" in stage.log()), "after a death of the tracer another follows on", stage.log())
        check(stage.open_session(SESSION, "/bin/touch /tmp/made-later"), "a session is opened")
        check(bench.wait_until(lambda: stage.told("Create", "/tmp/made-later")), "its file is told", stage.log())
        check(stage.told("Create", "/tmp/made-later")[0]["ecs.exec.session_id"] == SESSION, "with the session")
        stage.end()
    finally:
        stage.close()


def elsewhere(setup):
    """A session in a container that no launcher is in, whose agent ran before the sidecar; one that is traced by another; the sidecar's own
    container."""
    check = setup.check
    stage = setup.task(False)
    other = None
    try:
        plain = stage.launch("plain", "session", ["/bin/sleep", "1000"])
        taken = stage.launch("taken", "session", ["/bin/sleep", "1000"])
        bench.wait_until(lambda: plain.pid() and taken.pid())
        check(bench.wait_until(lambda: plain.enter([AGENT, "/clewline/session-" + stage.id], "--detach", "--pid-file",
                                                   stage.folder + "/agent").code == 0), "an agent runs")
        check(taken.enter([AGENT, "/clewline/nothing"], "--detach", "--pid-file", stage.folder + "/taken-agent").code == 0, "and another")
        with open(stage.folder + "/taken-agent", encoding="ascii") as file:
            other = subprocess.Popen([sys.executable, "-c", OTHER_TRACER, file.read()], stdout=subprocess.PIPE, text=True)
        check(other.stdout.readline() == "traces\n", "that somebody traces")
        stage.start_sidecar(RULES)
        log = lambda: stage.sidecar.text("err")  # noqa: E731
        check(bench.wait_until(lambda: "entered:" in log() and "not-followed:" in log()), "one is followed, of the other it is said that "
              "it cannot be", log())
        check("entered-late:" in log(), "and that it ran before", log())
        with open(stage.shared + "/session-%s.new" % stage.id, "w", encoding="ascii") as file:
            file.write(SESSION + " /bin/touch /tmp/made-elsewhere")
        os.rename(stage.shared + "/session-%s.new" % stage.id, stage.shared + "/session-" + stage.id)
        told = lambda word: [e for e in stage.seen() if e["rule"] == "Create" and word in e["output"]]  # noqa: E731
        check(bench.wait_until(lambda: told("made-elsewhere")), "a session there is told", log())
        check(told("made-elsewhere")[0]["output_fields"]["ecs.exec.session_id"] == SESSION, "as what it is", told("made-elsewhere"))
        stage.sidecar.enter(["/clewline/secagent", "doctor"])
        check(bench.wait_until(lambda: any(e["rule"] == "Exec" and "secagent doctor" in e["output"] for e in stage.seen())),
              "what is put into the sidecar's container is told", log())
        check("process 1 " not in log(), "process 1 is left alone", log())
    finally:
        if other:
            other.kill()
            other.wait()
        stage.close()


def play(setup):
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    for part in (session, filters, checks, events_only, successor, elsewhere):
        if only in part.__name__:
            print(part.__name__.replace("_", " "), flush=True)
            part(setup)


if __name__ == "__main__":
    sys.exit(bench.run(os.path.abspath(sys.argv[1]), RULES, play))
