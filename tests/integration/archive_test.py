#!/usr/bin/env python3
"""secctl db archive and db restore with a real collector and its database: kill -9 while days are archived, a full disk, damage.

usage: archive_test.py BIN-FOLDER

Events of a real command are copied into past days. Whatever happens to the collector, each day's events are in the database or
in the archive, whole; and what comes back is what was there, row by row.
"""
import datetime
import glob
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KILLS = 6
COPIES = 400  # of each event, in each day
SEED = 20261124
LATE = "0198a000-0000-7000-8000-000000000001"  # an event that comes when its day was archived


def secctl(state, *args):
    return subprocess.run([BIN + "/secctl", *args, "--state", state], capture_output=True, text=True, timeout=300, check=False)


def expect(done, code, sentence):
    check(done.returncode == code, sentence, "%d %s %s" % (done.returncode, done.stdout[-1000:], done.stderr[-1000:]))
    return done


def psql(state, sql):
    return subprocess.run(["psql", "-h", state + "/pg.sock", "-U", "clewline", "clewline", "-qAtc", sql], capture_output=True, text=True,
                          timeout=120, check=True).stdout.strip()


def rows(state):
    """Every column of every event, and of what is derived from them."""
    return psql(state, "SELECT count(*), md5(string_agg(to_jsonb(e)::text, E'\\n' ORDER BY to_jsonb(e)::text)) FROM event e"), \
        psql(state, "SELECT count(*), md5(string_agg(to_jsonb(a)::text, E'\\n' ORDER BY to_jsonb(a)::text)) FROM assertion a")


def fill(state, days):
    subprocess.run([BIN + "/secagent", "run", "--collector", "ipc://%s/intake.sock" % state, "--", "sh", "-c", "id; ls /; uname"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=True)
    psql(state, "CREATE TABLE seen AS SELECT * FROM event")
    count = int(psql(state, "SELECT count(*) FROM seen"))
    check(count > 0, "a command's events are stored")
    for day in days:
        psql(state, "CREATE TABLE event_%s PARTITION OF event FOR VALUES FROM ('%s 00:00+00') TO ('%s 00:00+00')"
             % (day.strftime("%Y%m%d"), day, day + datetime.timedelta(days=1)))
        psql(state, "INSERT INTO event SELECT tenant_id, gen_random_uuid(), '%s 00:00+00'::timestamptz + n * interval '1 second',"
                    " received_at, kind, type, origin_id, stream_id, task_id, actor_id, raw FROM seen, generate_series(1, %d) n"
             % (day, COPIES))
    psql(state, "DELETE FROM event e USING seen s WHERE e.event_id = s.event_id AND e.ts = s.ts")
    psql(state, "DROP TABLE seen")
    return count * COPIES


def pid_of(state):
    with open(state + "/collector.pid", encoding="ascii") as file:
        return int(file.read())


def kill(pid, number=signal.SIGKILL):
    """True once it has ended."""
    handle = os.pidfd_open(pid)
    signal.pidfd_send_signal(handle, number)
    ended = bool(select.select([handle], [], [], 60)[0])
    os.close(handle)
    return ended


def archived(state):
    """Days that only the archive has, each whole: its manifest's rows."""
    total = 0
    listed = json.loads(expect(secctl(state, "db", "archive", "-o", "json"), 0, "the list of archived days").stdout)
    for row in listed["days"]:
        if "dropped_at" not in row:
            continue
        path = "%s/archive/tenant-1/%s/event_%s_%s.json" % (state, row["day"][:4], row["day"].replace("-", ""), row["source"])
        with open(path, encoding="utf-8") as file:
            total += json.load(file)["parts"][-1]["files"][0]["rows"]
    return total


def check_kills(state, days, all_events):
    random.seed(SEED)
    span = ["--from", str(days[0]), "--until", str(days[-1])]
    begun = time.monotonic()
    expect(secctl(state, "db", "archive", *span), 0, "days are archived")
    whole = time.monotonic() - begun
    shutil.rmtree(state + "/archive")
    in_time = 0
    for number in range(KILLS):
        command = subprocess.Popen([BIN + "/secctl", "db", "archive", *span, "--drop", "--state", state], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(whole * 1.3 * (number + random.random()) / KILLS)
        in_time += command.poll() is None
        kill(pid_of(state))
        command.wait(timeout=60)
        expect(secctl(state, "up"), 0, "kill -9 number %d: the collector starts again" % (number + 1))
        count = int(psql(state, "SELECT count(*) FROM event")) + archived(state)
        check(count == all_events, "every event is in the database or in the archive", "%d of %d" % (count, all_events))
    check(in_time > 0, "%d of %d kills came while it was archiving" % (in_time, KILLS))
    expect(secctl(state, "db", "archive", *span, "--drop"), 0, "then it goes through")
    check(psql(state, "SELECT count(*) FROM event") == "0", "and nothing is left in the database")
    leftover = glob.glob(state + "/archive/**/*.tmp", recursive=True)
    check(not leftover, "no half file is left", leftover)


def check_round_trip(state, days, before):
    done = expect(secctl(state, "db", "restore", str(days[0]), str(days[-1])), 0, "all days are restored")
    check(rows(state) == before, "row by row as they were, with what is derived from them", done.stdout)
    done = expect(secctl(state, "db", "restore", str(days[0]), str(days[-1]), "-o", "json"), 0, "restored again")
    check(not any(row["restored"] for row in json.loads(done.stdout)["days"]) and rows(state) == before, "nothing is doubled")
    files = {path: open(path, "rb").read() for path in glob.glob(state + "/archive/**/*.zst", recursive=True)}
    expect(secctl(state, "db", "archive", "--older-than", "2d"), 0, "archived again")
    check(all(open(path, "rb").read() == data for path, data in files.items()) and
          len(glob.glob(state + "/archive/**/*.zst", recursive=True)) == len(files), "to the same bytes: the archive stays as it is")
    expect(secctl(state, "db", "restore", "2001-01-01"), 5, "a day that was never archived: exit code 5")
    expect(secctl(state, "db", "restore", "yesterday"), 2, "what is no day: exit code 2")
    expect(secctl(state, "db", "archive", "--from", str(datetime.date.today()), "--until", str(datetime.date.today())), 2,
           "a day that is not over is not archived")


def check_stop(state, days, before, all_events):
    """SIGTERM ends an archive, a restore and a rebuild at once, in the middle of a statement, here one that would take an hour."""
    psql(state, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NULL; END'")
    span = ["--from", str(days[0]), "--until", str(days[-1])]
    for table, words in (("archived_day", ["db", "restore", str(days[0]), str(days[-1])]), ("entity", ["admin", "rebuild"]),
                         ("archived_day", ["db", "archive", *span, "--drop"])):
        if "archive" in words:  # the first of these days
            shutil.rmtree(state + "/archive")
            psql(state, "DELETE FROM archived_day")
        psql(state, "CREATE TRIGGER slow BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION slow()" % table)
        command = subprocess.Popen([BIN + "/secctl", *words, "--state", state], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while psql(state, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "0" and time.monotonic() < until:
            time.sleep(0.05)
        check(time.monotonic() < until, "%s is at its slow statement" % " ".join(words[:2]))
        check(kill(pid_of(state), signal.SIGTERM), "SIGTERM does not wait for it")
        check(command.wait(timeout=60) == 8, "it ends with exit code 8", command.returncode)
        expect(secctl(state, "up"), 0, "the collector starts again")
        psql(state, "DROP TRIGGER slow ON %s" % table)
        check(rows(state) == before, "nothing has changed")
    check("halt-slow" not in open(state + "/collector.log", encoding="utf-8").read(), "none had to be waited for")
    psql(state, "DROP FUNCTION slow")
    # the files of a part that the manifest names are there, although the archive ended before the database noted them
    psql(state, "INSERT INTO event SELECT tenant_id, '%s', ts, received_at, kind, type, origin_id, stream_id, task_id, actor_id, raw"
                " FROM event WHERE ts < '%s 00:00+00' LIMIT 1" % (LATE, days[0] + datetime.timedelta(days=1)))
    expect(secctl(state, "db", "archive", *span, "--drop"), 0, "it is run again, with an event more")
    expect(secctl(state, "db", "restore", str(days[0]), str(days[-1])), 0, "and back")
    check(int(psql(state, "SELECT count(*) FROM event")) == all_events + 1, "all of it")
    psql(state, "DELETE FROM event WHERE event_id = '%s'" % LATE)
    shutil.rmtree(state + "/archive")
    expect(secctl(state, "admin", "rebuild"), 0, "without it")
    check(rows(state) == before, "as it was")


def check_backup(state, before):
    """The two lines of docs/operations.md, as they stand there: a dump of the database, taken over by a new one."""
    with open(TOP + "/docs/operations.md", encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.startswith(("    pg_dump ", "    psql "))]
    other = tempfile.mkdtemp(prefix="clewline-backup.", dir="/tmp")
    os.chmod(other, 0o755)
    try:
        expect(secctl(other, "up"), 0, "another collector, with a database of its own")
        for line, where in zip(lines, (state, other)):
            command = line.replace("STATE", where).replace("FILE", other + "/dump")
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=120, check=False)
            check(done.returncode == 0, "the documented command: " + line.split()[0], done.stderr[-500:])
        expect(secctl(other, "down"), 0, "it is started again")
        expect(secctl(other, "up"), 0, "with what was dumped")
        check(len(lines) == 2 and rows(other) == before, "row by row what it was")
    finally:
        secctl(other, "down")
        shutil.rmtree(other, ignore_errors=True)


def check_damage(state, days):
    path = glob.glob(state + "/archive/**/*_agent.1.event.copy.zst", recursive=True)[0]
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 64]))
    done = secctl(state, "db", "restore", str(days[0]), str(days[-1]))
    expect(done, 1, "a flipped bit: exit code 1")
    check("is damaged" in done.stderr and os.path.basename(path) in done.stderr, "and the file is named", done.stderr)
    expect(secctl(state, "db", "archive", "--older-than", "2d"), 0, "archived again, while the rows are still there")
    expect(secctl(state, "db", "restore", str(days[0]), str(days[-1])), 0, "the archive is whole again")


def check_full_disk(state, before, all_events):
    shutil.rmtree(state + "/archive")
    os.mkdir(state + "/archive")
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", state + "/archive"], check=False).returncode:
        print("skipped: a full disk needs a file system of its own, and root")
        return
    try:
        shutil.chown(state + "/archive", os.stat(state).st_uid, os.stat(state).st_gid)
        done = secctl(state, "db", "archive", "--older-than", "2d", "--drop")
        expect(done, 8, "a full disk: exit code 8")
        check("No space left on device" in done.stderr, "and it says so", done.stderr)
        in_archive = archived(state)
        check(int(psql(state, "SELECT count(*) FROM event")) + in_archive == all_events, "what is not archived is not dropped")
        check(not glob.glob(state + "/archive/**/*.tmp", recursive=True), "what was begun is gone: the room is free again")
        subprocess.run(["mount", "-o", "remount,size=64m", state + "/archive"], check=True)
        expect(secctl(state, "db", "archive", "--older-than", "2d", "--drop"), 0, "with room it goes through")
        check(psql(state, "SELECT count(*) FROM event") == "0", "all of it")
        days = sorted(os.path.basename(path)[6:14] for path in glob.glob(state + "/archive/**/*.json", recursive=True))
        expect(secctl(state, "db", "restore", *("%s-%s-%s" % (day[:4], day[4:6], day[6:]) for day in (days[0], days[-1]))), 0, "and back")
        check(rows(state) == before, "as it was")
    finally:
        subprocess.run(["umount", state + "/archive"], check=False)


def main():
    if not os.path.exists("/usr/lib/postgresql/15/bin/postgres"):
        print("skipped: PostgreSQL 15 is not installed")
        return SKIP
    state = tempfile.mkdtemp(prefix="clewline-archive.", dir="/tmp")
    os.chmod(state, 0o755)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    days = [today - datetime.timedelta(days=back) for back in range(43, 39, -1)]
    try:
        expect(secctl(state, "up"), 0, "up")
        all_events = fill(state, days) * len(days)
        expect(secctl(state, "admin", "rebuild"), 0, "what is derived is that of these events")
        before = rows(state)
        check(before[0].startswith("%d|" % all_events), "%d events in %d days" % (all_events, len(days)), before)
        check_kills(state, days, all_events)
        check_round_trip(state, days, before)
        check_backup(state, before)
        check_stop(state, days, before, all_events)
        expect(secctl(state, "db", "archive", "--older-than", "2d"), 0, "an archive of the whole")
        check_damage(state, days)
        check_full_disk(state, before, all_events)
    finally:
        secctl(state, "down")
        shutil.rmtree(state, ignore_errors=True)
    return conclude()


if __name__ == "__main__":
    sys.exit(main())
