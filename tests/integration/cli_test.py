#!/usr/bin/env python3
"""secctl with a real collector and its database: up, status, down, what a crash leaves behind; and its output on a terminal.

usage: cli_test.py BIN-FOLDER
"""
import datetime
import fcntl
import gzip
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from verdict import check, conclude, failures, SKIP

BIN = os.path.abspath(sys.argv[1])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STORY = TOP + "/tests/golden/cli/documents/story.json"


def secctl(*args, program=BIN + "/secctl", env=None):
    return subprocess.run([program, *args], capture_output=True, text=True, timeout=150, check=False,
                          env={**os.environ, **(env or {})})


def expect(done, code, sentence):
    check(done.returncode == code, sentence)
    if done.returncode != code:
        print(done.returncode, done.stdout[-1000:], done.stderr[-1000:])


def on_terminal(*args, **env):
    """What the program writes to a terminal."""
    main, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    child = subprocess.Popen([BIN + "/secctl", *args], stdout=terminal, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                             env={**environment, "TERM": "xterm", "COLUMNS": "100", **env})
    os.close(terminal)
    text = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    child.wait()
    os.close(main)
    return text.replace(b"\r\n", b"\n")


def check_terminal():
    piped = secctl("investigate", "--from", STORY, env={"COLUMNS": "100"}).stdout.encode()
    coloured = on_terminal("investigate", "--from", STORY)
    check(b"\x1b[" in coloured and b"\x1b[" not in piped, "colour on a terminal, none on a pipe")
    stripped = b"".join(part.split(b"m", 1)[1] if i else part for i, part in enumerate(coloured.split(b"\x1b[")))
    check(stripped == piped, "the same content on both")
    check(on_terminal("investigate", "--from", STORY, NO_COLOR="1") == piped, "NO_COLOR is obeyed")
    check(on_terminal("investigate", "--from", STORY, NO_COLOR="") == coloured, "an empty NO_COLOR is none")
    check(on_terminal("investigate", "--from", STORY, TERM="dumb") == piped, "a dumb terminal gets no colour")


def kill(pid):
    handle = os.pidfd_open(pid)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    select.select([handle], [], [], 60)
    os.close(handle)


def check_crash(state):
    with open(state + "/collector.pid", encoding="ascii") as file:
        kill(int(file.read()))
    expect(secctl("status", "--state", state), 8, "a killed collector: status exits with 8")
    done = secctl("down", "--state", state)
    expect(done, 0, "down: nothing is running")
    check("nothing is running" in done.stderr, "and says so, whatever the pid file says")
    expect(secctl("up", "--state", state), 0, "up starts it again over what the crash left")


def check_metrics(state):
    """Prometheus's text format: every line is a comment or a name, maybe labels, and a number."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(state + "/api.sock")
        connection.sendall(b"GET /v1/metrics HTTP/1.0\r\nHost: x\r\n\r\n")
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).decode().partition("\r\n\r\n")
    check("text/plain; version=0.0.4" in head, "metrics are text")
    line = re.compile(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [0-9.]+(e[+-]?\d+)?')
    wrong = [text for text in body.splitlines() if not line.fullmatch(text)]
    check(not wrong, "every line has the format: %s" % wrong[:3])
    for name in ("clewline_database_up 1", "clewline_queue_batches{lane=\"alert\"} 0", "clewline_dead_letters 0",
                 "clewline_event_days_ahead 3", "clewline_events_without_day 0", "clewline_table_bytes{table=\"event\"}",
                 "clewline_group_seconds_bucket{le=\"+Inf\"}"):
        check(name in body, "%s is among them" % name)


def check_days(state):
    """An event of a time that cannot be true is in no day; days that nobody makes are told."""
    psql = ["psql", "-h", state + "/pg.sock", "-U", "clewline", "clewline", "-qAtc"]
    subprocess.run(psql + ["INSERT INTO event (tenant_id, event_id, ts, received_at, kind, type, raw)"
                           " SELECT 1, gen_random_uuid(), '1999-01-01', now(), 1, 'execve', '' FROM generate_series(1, 3)"], check=True)
    check("about 3 events have times that no day is made for" in secctl("status", "--state", state).stdout, "status tells of them")
    check("3 days to come have a partition, about 3 events have no day" in secctl("doctor", "--state", state).stdout, "doctor as well")
    subprocess.run(psql + ["DELETE FROM event"], check=True)
    for back in subprocess.run(psql + ["SELECT relname FROM pg_class WHERE relname > to_char(now(), '\"event_\"YYYYMMDD') AND relname ~"
                                       " '^event_[0-9]{8}$'"], check=True, capture_output=True, text=True).stdout.split():
        subprocess.run(psql + ["DROP TABLE " + back], check=True)
    done = secctl("doctor", "--state", state)
    check(done.returncode == 1 and "grep upkeep-failed" in done.stdout, "no day ahead is bad, and where to look is said")


def check_unread(state):
    """A CloudTrail file that is cut is a gap: in the status, and in what is told of somebody at that time."""
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    bucket = tempfile.mkdtemp(prefix="clewline-bucket.", dir="/tmp")
    record = ('{"eventVersion":"1.09","eventTime":"%s","eventName":"ConsoleLogin","eventID":"one","eventSource":"signin.amazonaws.com",'
              '"awsRegion":"eu-west-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"cutter","accountId":'
              '"111122223333","principalId":"AIDACUTTER","arn":"arn:aws:iam::111122223333:user/cutter"},"responseElements":{"ConsoleLogin":"Success"}}'
              % now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    name = bucket + "/111122223333_CloudTrail_eu-west-1_" + now.strftime("%Y%m%dT%H%MZ")
    with open(name + "_Whole.json", "w", encoding="ascii") as file:
        file.write('{"Records":[' + record + "]}")
    with gzip.open(name + "_Cut.json.gz", "wb") as file:
        file.write(('{"Records":[' + record.replace('"one"', '"two"') + "]}").encode())
    os.truncate(name + "_Cut.json.gz", 100)
    done = subprocess.run([BIN + "/seccloudtrail", "run", "--once", "--files", bucket, "--spool", bucket + "/spool", "--collector",
                           "ipc://%s/intake.sock" % state], capture_output=True, text=True, timeout=60, check=False)
    expect(done, 1, "a cut file of CloudTrail: exit code 1")
    text = "1 file or record of CloudTrail could not be read"
    status = json.loads(secctl("status", "-o", "json", "--state", state).stdout)
    gap = [gap for gap in status["gaps"] if gap["reason"] == text]
    check(len(gap) == 1 and gap[0]["closed"] and gap[0]["backfillable"] and
          gap[0]["from"][:16] == (now - datetime.timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M"),
          "status tells of it as a gap of that time: %s" % status["gaps"])
    done = secctl("investigate", "user/cutter", "-o", "json", "--state", state)
    expect(done, 0, "somebody who is in what was read can be investigated")
    check(any(gap["reason"] == text for gap in json.loads(done.stdout).get("gaps", [])), "and the answer tells what was not read")
    check_events(state, bucket, record, now)
    shutil.rmtree(bucket)


def check_unentered(state):
    """A folder of CloudTrail's that cannot be entered is a gap of the day that it is of. Root, too, is kept out here."""
    bucket = tempfile.mkdtemp(prefix="clewline-bucket.", dir="/tmp")
    day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
    folder = bucket + day.strftime("/AWSLogs/111122223333/CloudTrail/eu-west-1/%Y/%m/%d")
    os.makedirs(folder)
    os.chmod(folder, 0)
    kept_out = [] if os.geteuid() else ["setpriv", "--groups=%d" % os.stat(state + "/intake.sock").st_gid,
                                        "--bounding-set=-dac_override,-dac_read_search"]
    done = subprocess.run([*kept_out, BIN + "/seccloudtrail", "run", "--once", "--files", bucket, "--spool", bucket + "/spool", "--collector",
                           "ipc://%s/intake.sock" % state], capture_output=True, text=True, timeout=60, check=False)
    expect(done, 1, "a folder of CloudTrail that cannot be entered: exit code 1")
    begin = day.replace(hour=0, minute=0)
    told = [gap for gap in json.loads(secctl("status", "-o", "json", "--state", state).stdout)["gaps"]
            if gap["reason"] == "1 folder of CloudTrail could not be entered"]
    check(len(told) == 1 and told[0]["closed"] and
          told[0]["from"][:16] == (begin - datetime.timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M") and
          told[0]["until"][:16] == (begin + datetime.timedelta(days=1, minutes=5)).strftime("%Y-%m-%dT%H:%M"),
          "status tells of it as a gap of that day: %s" % told)
    os.chmod(folder, 0o700)
    shutil.rmtree(bucket)


def check_events(state, bucket, record, now):
    """What somebody did, newest first, page by page: two events of one second are told apart by their ids."""
    name = bucket + "/111122223333_CloudTrail_eu-west-1_" + now.strftime("%Y%m%dT%H%MZ") + "_More.json"
    with open(name, "w", encoding="ascii") as file:
        file.write('{"Records":[' + ",".join(record.replace('"one"', '"n%d"' % i) for i in range(5)) + "]}")
    subprocess.run([BIN + "/seccloudtrail", "run", "--once", "--files", bucket, "--spool", bucket + "/spool", "--collector",
                    "ipc://%s/intake.sock" % state], capture_output=True, timeout=60, check=False)
    ids, more, page = [], True, []
    while more and len(ids) < 20:
        answer = secctl("events", "list", "user/cutter", "--limit", "2", "-o", "json", "--state", state, *page)
        expect(answer, 0, "a page of what somebody did")
        answer = json.loads(answer.stdout or "{}")
        ids += [event["event"] for event in answer["events"]]
        more = answer["more"]
        page = ["--until", answer["events"][-1]["time"], "--before", answer["events"][-1]["event"]]
    check(len(ids) == 6 and len(set(ids)) == 6 and ids == sorted(ids, reverse=True), "six, each once, newest first: %s" % ids)
    done = secctl("events", "list", "user/cutter", "--oldest-first", "-o", "jsonl", "--state", state)
    check([json.loads(line)["event"] for line in done.stdout.splitlines()] == ids[::-1], "oldest first it is the other way round")
    done = secctl("events", "list", "user/cutter", "--state", state)
    check(done.stdout.count("ConsoleLogin") == 6 and "signin.amazonaws.com" in done.stdout, "and as a table")
    expect(secctl("events", "list", "user/nobody", "--state", state), 5, "of whom nothing is known: exit code 5")
    expect(secctl("events", "list", "user/cutter", "--before", ids[0], "--state", state), 2, "a page needs the time of where it begins")


def check_life(state):
    done = secctl("up", "--state", state)
    expect(done, 0, "up makes the database and starts")
    check("ready (process" in done.stderr and not done.stdout, "progress goes to standard error")
    done = secctl("up", "--state", state)
    expect(done, 0, "up again is fine")
    check("already running" in done.stderr, "and says that it runs already")
    done = secctl("status", "--state", state)
    expect(done, 0, "status answers")
    check("database connected" in done.stdout and "0 events" in done.stdout, "status tells about the database and counts")
    check_metrics(state)
    check_days(state)
    done = secctl("db", "retention", "agent", "30", "--state", state)
    expect(done, 0, "retention can be set")
    check("30 days" in done.stdout and "for ever" in done.stdout, "and is told for every source")
    expect(secctl("db", "retention", "agent", "some", "--state", state), 2, "days must be a number")
    expect(secctl("db", "retention", "agent", "forever", "--state", state), 0, "and taken back")
    expect(secctl("alerts", "list", "--state", state), 0, "no alerts are an answer, too")
    expect(secctl("investigate", "user/nobody", "--state", state), 5, "an unknown reference exits with 5")
    expect(secctl("investigate", "what is this", "--state", state), 2, "what has no shape of a reference exits with 2")
    expect(secctl("admin", "rebuild", "--state", state), 0, "an empty store can be rebuilt")
    check_unread(state)
    check_unentered(state)
    check_crash(state)
    expect(secctl("down", "--state", state), 0, "down stops it")
    check(not os.path.exists(state + "/collector.pid"), "the pid file is gone")
    expect(secctl("status", "--state", state), 8, "then status exits with 8")


def check_refusals(state):
    with open(state + "/collector.pid", "w", encoding="ascii") as file:
        file.write("%d\n" % os.getpid())
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        done = secctl("down", "--state", state)
        expect(done, 0, "a pid file that names another program stops nothing")
    os.unlink(state + "/collector.pid")
    os.rename(state + "/collector.log", state + "/collector.log.1")
    os.symlink("/tmp/clewline-must-not-exist", state + "/collector.log")
    done = secctl("up", "--state", state)
    check(done.returncode in (1, 4) and not os.path.exists("/tmp/clewline-must-not-exist"), "the log is never written through a link")
    os.unlink(state + "/collector.log")
    shutil.copy(BIN + "/secctl", state + "/secctl-alone")
    done = secctl("up", "--state", state, program=state + "/secctl-alone", env={"PATH": "/usr/bin:/bin"})
    expect(done, 1, "without its program up exits with 1")
    check("seccollector" in done.stderr and done.stderr.count("\n") == 1, "in one line that names it")
    os.unlink(state + "/secctl-alone")
    done = secctl("up", "--state", state, env={"DATABASE_URL": "host=/nowhere-at-all dbname=x"})
    expect(done, 1, "a database that is not there: up exits with 1")
    check("did not start" in done.stderr.splitlines()[-1], "and the last line says why")


def main():
    check_terminal()
    if not os.path.exists("/usr/lib/postgresql/15/bin/postgres"):
        print("skipped: PostgreSQL 15 is not installed")
        return 1 if failures else SKIP
    state = tempfile.mkdtemp(prefix="clewline-cli.", dir="/tmp")
    os.chmod(state, 0o755)
    try:
        check_life(state)
        check_refusals(state)
    finally:
        secctl("down", "--state", state)
        shutil.rmtree(state, ignore_errors=True)
    return conclude()


if __name__ == "__main__":
    sys.exit(main())
