#!/usr/bin/env python3
"""Real workloads in containers as Fargate makes them, watched by the sidecar: each must run as it does without, and be told whole.

usage: workload_test.py BIN-FOLDER [--long] [--only WORD]

Containers are runc's, with Fargate's capabilities, Docker's seccomp profile and a read-only root; a third container holds the pid
namespace, as pidMode "task" does. Each row of workload/rows.py runs twice: without the sensor, then with it.
"""
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench as benches  # noqa: E402
import collector  # noqa: E402
import image  # noqa: E402
import rows  # noqa: E402
import task  # noqa: E402
from bench import children, status_of, wait_until  # noqa: E402

RULES = os.path.join(task.HERE, "rules.yaml")
def of(events, rule):
    return [event["output_fields"] for event in events if event["rule"] == rule]


def check_lives(check, events, sidecar):
    """Every process that execs or is forked has one end."""
    ends = Counter(fields["proc.pid"] for fields in of(events, "Exit"))
    born = {fields["proc.pid"] for fields in of(events, "Exec")}
    check(born and all(ends[pid] >= 1 for pid in born), "every process has an end", born - set(ends))
    forks = len(of(events, "Fork"))
    check(forks + 1 == sum(ends.values()), "as many ends as births", (forks, sum(ends.values())))
    check("events-lost" not in sidecar.err and "left-alone" not in sidecar.err, "no event of a process is lost", sidecar.err)
    for line in sidecar.err.splitlines():
        if "packets-lost" in line:  # under load the watcher of packets may lose some, and says how many
            print("        declared: " + line.split("packets-lost: ")[1])


def rate(plain, watched):
    """What a workload measured itself; only shown, never judged."""
    return "(%s and %s)" % (plain.err.strip(), watched.err.strip()) if plain.err.startswith("rate") else ""


def check_row(bench, row):
    check = bench.check
    start = time.monotonic()
    plain = bench.play(row, False)
    without = time.monotonic() - start
    check(plain.code == row.code, "it ends with %d without the sensor" % row.code, plain)
    start = time.monotonic()
    done, events, sidecar = bench.play(row, True)
    check(done.code == row.code, "and with it", (done, sidecar))
    check(row.same(done.out) == row.same(plain.out), "its output is the same", (done, plain))
    execs = Counter(fields["proc.cmdline"] for fields in of(events, "Exec"))
    if row.execs is not None:
        check(execs == row.execs, "every exec is told once", (execs - row.execs, row.execs - execs))
    check_lives(check, events, sidecar)
    if row.told:
        row.told(check, events)
    check(sidecar.code == 0, "the sidecar ends after it", sidecar)
    print("        %.1f s and %.1f s, %d events %s" % (without, time.monotonic() - start, len(events), rate(plain, done)), flush=True)


def in_place(bench):
    """The process that runc made is the workload itself, and hears what is sent to it from outside."""
    check = bench.check
    script = "for s in HUP USR1 USR2 WINCH; do trap \"echo got $s\" $s; done; trap 'echo ends; exit 44' TERM; echo ready; " \
             "while :; do /bin/sleep 0.02; done"
    stage = bench.task(True)
    try:
        container = stage.launch("workload", "shell", rows.sh(script))
        pid = container.pid()
        check(wait_until(lambda: "ready" in container.text("out")), "it starts", container.text("err"))
        status = status_of(pid)
        check(os.path.basename(os.readlink("/proc/%d/exe" % pid)) == "busybox" and int(status["PPid"]) == container.runc.pid,
              "runc's own child is the command, with nothing between", status)
        check(status["TracerPid"] != "0" and status["NoNewPrivs"] == "1" and int(status["Seccomp_filters"]) == 2,
              "it is traced, with one filter above Docker's", status)
        for name in ("HUP", "USR1", "USR2", "WINCH"):
            container.kill(name)
            check(wait_until(lambda: "got " + name in container.text("out")), "SIG%s of runc kill arrives" % name, container.text("out"))
        container.kill("TERM")
        done = container.finish()
        check(done.code == 44 and done.out.endswith("ends\n"), "SIGTERM lets it end in order", done)
        events, sidecar = stage.events()
        inner = status["NSpid"].split()[-1]
        check(str(of(events, "Exec")[0]["proc.pid"]) == inner, "events name it by its number in the task", (events[:2], inner))
        check_lives(check, events, sidecar)
    finally:
        stage.close()


SURVIVOR = """
n=0
while [ ! -e /clewline/enough ]; do
  /bin/true || echo "exec failed"
  n=$((n + 1)); /bin/touch /tmp/f 2>/dev/null || failed=$((${failed:-0} + 1))
  [ -r /etc/passwd ] || echo "read failed"
  echo turn $n
done
echo "files that failed ${failed:-0}"
/bin/touch /tmp/last && exit 12
"""


def check_gaps(check, central, deaths, container):
    """Each death lies in a span that the agent declared; and who investigates what happened there is shown that not all was seen."""
    declared = central.declared("tracer-died")
    unknown = [death for death in deaths if not any(since <= death[1] and until >= death[0] for since, until, _ in declared)]
    check(not unknown, "each of %d deaths lies in a gap that the collector has" % len(deaths), (unknown, declared))
    count = sum(count for _, _, count in declared)
    check(0 < count <= len(deaths), "and no gap is declared twice", (count, len(deaths)))
    shown = [gap for gap in central.ask("status").get("gaps", []) if "tracer-died" in gap["reason"]]
    check(len(shown) == 1 and shown[0]["lost"] == count and collector.seconds(shown[0]["from"]) <= deaths[0][1] and
          collector.seconds(shown[0]["until"]) >= deaths[-1][0], "status shows the span in which that was", (shown, deaths[0], deaths[-1]))
    last = [alert for alert in central.ask("alerts", "list").get("alerts", []) if "/tmp/last" in alert["output"]]
    text = central.secctl("investigate", last[0]["id"]).stdout if last else ""
    check("not all heard" in text and "tracer-died" in text, "and an investigation of what came after shows it", (last, text[-1500:], container))
    print("        %d deaths, %d gaps, %.0f ms in the median" % (len(deaths), len(declared), statistics.median(
        until - since for since, until, _ in declared) * 1000 if declared else 0))


# Who traces has several threads.
KILLER = """
for folder in /proc/[0-9]*; do
  read name <$folder/comm
  [ "$name" = secagent ] && /bin/grep -q 'Threads:.*[2-9]' $folder/status && kill -9 ${folder#/proc/}
done
exit 6
"""


def kill_from_inside(bench, central):
    """A container kills the tracer. No rule asks for signals; that it was done, and by whom, is in the spool before the tracer is dead."""
    check = bench.check
    stage = bench.task(True, "--collector", collector.URL, "--spool", "/tmp/spool")
    try:
        done = stage.launch("killer", "shell", rows.sh(KILLER)).finish()
        check(done.code == 6, "a container kills the tracer", done)
        check(wait_until(lambda: "followed-on" in stage.sidecar.text("err")), "another one follows on", stage.sidecar.text("err")[-500:])
        stage.events()
        kills = [event for event in central.ask("events", "list", "host/ip-10-0-1-23").get("events", []) if event["type"] == "kill"]
        check(len(kills) == 1 and "SIGKILL" in str(kills[0]) and "sh" in str(kills[0].get("process")), "who killed it is in the store",
              (kills, stage.sidecar.text("err")[-500:]))
    finally:
        stage.close()


def tracer_killed(bench, times):
    """The sidecar's worker is killed again and again: the workload lives, another follows on, and the collector has every gap."""
    missing = collector.why_not(bench.binaries)
    central = None if missing else collector.Collector(bench)
    if missing:
        print("without a collector: " + missing)
    try:
        kill_tracers(bench, times, central)
        if central:
            kill_from_inside(bench, central)
    finally:
        if central:
            central.close()


def kill_tracers(bench, times, central):
    check, deaths = bench.check, []
    stage = bench.task(True, *(("--collector", collector.URL, "--spool", "/tmp/spool") if central else ()))
    try:
        container = stage.launch("workload", "shell", rows.sh(SURVIVOR.replace("enough", "enough-" + stage.id)))
        sidecar = stage.sidecar.pid()
        check(wait_until(lambda: "turn 5\n" in container.text("out")), "the workload runs", container.text("err"))
        for turn in range(times):
            time.sleep(random.random() / 5 if turn % 3 else 0)  # every third successor has not written anything yet
            before = time.time()
            os.kill(children(sidecar)[0], signal.SIGKILL)
            deaths.append((before, time.time()))
            if not wait_until(lambda: stage.sidecar.text("err").count("followed-on") == turn + 1):
                break
        log = stage.sidecar.text("err")
        check(log.count("tracer-died") == log.count("followed-on") == times, "after each of %d deaths another tracer follows on" % times, log[-1500:])
        mark = len(container.text("out").splitlines())
        check(wait_until(lambda: len(container.text("out").splitlines()) > mark + 20), "the workload goes on", container.text("out")[-200:])
        with open(stage.shared + "/enough-" + stage.id, "w", encoding="ascii"):
            pass
        done = container.finish()
        check(done.code == 12 and "exec failed" not in done.out and "read failed" not in done.out,
              "programs started and files could be read all the time, until its own end", (done.code, done.out[-500:], done.err[-500:]))
        events, ended = stage.events()
        check(any(fields["fd.name"] == "/tmp/last" for fields in of(events, "Create")) and ended.code == 0, "and it is watched to the end",
              (ended.code, ended.err[-1500:]))
        print("        %d turns, %s" % (done.out.count("turn "), done.out.splitlines()[-1] if done.out else ""))
        if central:
            check_gaps(check, central, deaths, ended)
    finally:
        stage.close()


def sidecar_killed(bench):
    """All of it is gone: exec, fork, reads and the end still work; the calls that the filter stops fail."""
    check = bench.check
    stage = bench.task(True)
    try:
        container = stage.launch("workload", "shell", rows.sh(SURVIVOR.replace("enough", "enough-" + stage.id).replace("&& exit", "|| exit")))
        check(wait_until(lambda: "turn 5\n" in container.text("out")), "the workload runs", container.text("err"))
        benches.kill_family(stage.sidecar.pid())
        mark = len(container.text("out").splitlines())
        check(wait_until(lambda: len(container.text("out").splitlines()) > mark + 20), "it goes on", container.text("out")[-200:])
        with open(stage.shared + "/enough-" + stage.id, "w", encoding="ascii"):
            pass
        done = container.finish()
        check(done.code == 12 and "exec failed" not in done.out and "read failed" not in done.out,
              "programs start and files can be read until its own end", done)
    finally:
        stage.close()


def play(bench):
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    is_long = "--long" in sys.argv
    for row in rows.rows():
        if only not in row.name or (row.is_long and not is_long):
            continue
        print(row.name, flush=True)
        if row.lacks:
            print("skipped: " + row.lacks)
            continue
        try:
            check_row(bench, row)
        except image.Missing as missing:
            print("skipped: %s is not installed" % missing)
    for name, part in (("in place", in_place), ("tracer killed", lambda b: tracer_killed(b, 100 if is_long else 5)),
                       ("sidecar killed", sidecar_killed)):
        if only in name:
            print(name, flush=True)
            part(bench)


sys.exit(benches.run(os.path.abspath(sys.argv[1]), RULES, play))
