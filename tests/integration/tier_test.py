#!/usr/bin/env python3
"""What each tier sees and lets through, whole programs on the real kernel: full, filter and events; io_uring; setuid programs.

usage: tier_test.py BIN-FOLDER
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
PYTHON = "/usr/bin/python3"

RULES = """
- rule: Exec
  desc: a program is started, or was not
  condition: evt.type in (execve, execveat) and (evt.res != SUCCESS or proc.name in (cat, mine))
  output: "exec %evt.res %proc.name"
  priority: INFO
- rule: Exit
  desc: the end of one
  condition: evt.type = procexit and proc.name = cat
  output: "exit %proc.name"
  priority: INFO
- rule: Read
  desc: a file opened for reading
  condition: evt.type in (open, openat) and evt.is_open_read = true and fd.filename = readme
  output: "read %fd.name %evt.res"
  priority: INFO
- rule: Write
  desc: a file opened for writing
  condition: evt.type in (open, openat) and evt.is_open_write = true and fd.filename = written
  output: "write %fd.name"
  priority: INFO
- rule: Connect
  desc: a connection, or what became of it
  condition: evt.type = connect and fd.sport = 1
  output: "connect %evt.res %proc.name"
  priority: INFO
- rule: Ring
  desc: a ring of io_uring
  condition: evt.type = io_uring_setup
  output: "ring %evt.res"
  priority: INFO
"""

ACTS = """
cat readme
./absent
./readme
echo x >written
exec %s -c 'import socket; socket.socket().connect_ex(("127.0.0.1", 1))'
""" % PYTHON

RING = ("import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
        "print('ring', libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0, ctypes.get_errno())")


def run(work, command, *options):
    """The end of the command, and what was told: the texts of its alerts."""
    done = subprocess.run([BIN + "/secagent", "run", "-r", work + "/rules.yaml", "-o", "json", *options, "--", *command], cwd=work,
                          capture_output=True, text=True, timeout=100, check=False)
    told = [json.loads(line)["output"].split(" ", 2)[2] for line in done.stdout.splitlines() if line.startswith("{")]
    return done, told


def tiers(work):
    script = ["/bin/sh", "-c", ACTS]
    done, told = run(work, script, "--tier", "full")
    for text in ("exec SUCCESS cat", "exec ENOENT sh", "exec EACCES sh", "exit cat", "read %s/readme SUCCESS" % work,
                 "write %s/written" % work, "connect ECONNREFUSED python3"):
        check(any(line == text for line in told), "tier full tells: %s" % text.replace(work, ""), (told, done.stderr))
    if os.geteuid() == 0:
        done, told = run(work, script, "--tier", "full", "--network", "packets")
        check("connect ECONNREFUSED python3" in told, "with its result and its process, although packets are watched, too", (told, done.stderr))
    done, told = run(work, script)
    check("exec SUCCESS cat" in told and "write %s/written" % work in told and "connect ECONNREFUSED python3" in told,
          "tier filter tells what the rules need", (told, done.stderr))
    check(not any(line.startswith(("exec ENOENT", "exec EACCES")) for line in told), "but for execs that fail", told)
    done, told = run(work, script, "--tier", "events")
    check("exec SUCCESS cat" in told and "exit cat" in told, "tier events tells the life of processes", (told, done.stderr))
    check(not any(line.startswith(("read", "write", "connect")) for line in told), "and nothing that a filter would have to stop", told)


def filters(work):
    """What the command itself finds to be installed."""
    status = ["/bin/grep", "-hE", "^(NoNewPrivs|Seccomp|Seccomp_filters):", "/proc/self/status"]
    before = subprocess.run(status, capture_output=True, text=True, check=True).stdout.split()
    inside = run(work, status, "--tier", "events")[0].stdout.split()
    check(inside == before, "in tier events a program has no filter and no less rights than before", (before, inside))
    inside = run(work, status)[0].stdout.split()
    check(inside[1] == "1" and inside[3] == "2" and int(inside[5]) == int(before[5]) + 1, "in tier filter one filter more, and no_new_privs", inside)


def rings(work):
    plain = subprocess.run([PYTHON, "-c", RING], capture_output=True, text=True, check=True).stdout.split()
    done, told = run(work, [PYTHON, "-c", RING])
    check(done.stdout.splitlines()[-1].split() == plain or plain[:2] == ["ring", "False"], "a ring is made as without the sensor", (plain, done.stdout))
    check(len([line for line in told if line.startswith("ring ")]) == 1, "and is an event", told)
    done, told = run(work, [PYTHON, "-c", RING], "--deny-io-uring")
    check("ring False 38" in done.stdout, "--deny-io-uring refuses it as a kernel without it would: ENOSYS", (done.stdout, done.stderr))
    check([line for line in told if line.startswith("ring ")] == ["ring ENOSYS"], "and that somebody tried is told", told)


def setuid_programs(work):
    """A program of root with the bit, started by an ordinary user."""
    program = work + "/mine"
    source = work + "/mine.c"
    with open(source, "w", encoding="ascii") as file:
        file.write('#include <stdio.h>\n#include <unistd.h>\nint main(void) { printf("euid %d\\n", geteuid()); return 0; }\n')
    if os.geteuid() != 0 or not shutil.which("setpriv") or subprocess.run(["cc", "-o", program, source], check=False).returncode != 0:
        print("skipped: needs root, setpriv and a compiler")
        return
    os.chmod(program, 0o4755)
    command = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "--", program]
    plain = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if plain != "euid 0\n":
        print("skipped: setuid programs gain nothing here")
        return
    done, told = run(work, command, "--tier", "events")
    check("euid 0" in done.stdout and "exec SUCCESS mine" in told, "in tier events a setuid program gains what it should, and is told",
          (done.stdout, done.stderr))
    for tier in ("filter", "full"):
        done, told = run(work, command, "--tier", tier)
        check("euid 1000" in done.stdout and "exec SUCCESS mine" in told and done.returncode == 0,
              "in tier %s it runs with the rights of its user" % tier, (done.stdout, done.stderr))


def main():
    if not os.path.exists(BIN + "/secagent"):
        print("skipped: no %s/secagent" % BIN)
        return SKIP
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        with open(work + "/rules.yaml", "w", encoding="ascii") as file:
            file.write(RULES)
        with open(work + "/readme", "w", encoding="ascii") as file:
            file.write("hello\n")
        for part in (tiers, filters, rings, setuid_programs):
            print(part.__name__.replace("_", " "), flush=True)
            part(work)
    return conclude()


sys.exit(main())
