#!/usr/bin/env python3
"""A server that DATABASE_URL names: secctl db migrate and db distribute, an owner with few rights, and what is refused.

usage: database_test.py BIN-FOLDER

The server is a real one of its own, on the loopback. Where CLEWLINE_CITUS_URL names a Citus coordinator (its database called
clewline_test or beginning so: whatever is in it is dropped), the tables are distributed there and a collector works on them.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEPS = sorted(os.path.basename(path)[:-4] for path in glob.glob(TOP + "/schema/*.sql"))
CITUS = os.environ.get("CLEWLINE_CITUS_URL")


def run(*words, url=None):
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run([BIN + "/secctl", *words], capture_output=True, text=True, timeout=200, check=False,
                          env={**environment, **({"DATABASE_URL": url} if url else {})})


def expect(done, code, sentence):
    check(done.returncode == code, sentence, "%d %s %s" % (done.returncode, done.stdout[-800:], done.stderr[-800:]))
    return done


def psql(url, *statements):
    words = [word for statement in statements for word in ("-c", statement)]
    return subprocess.run(["psql", "-XqAt", *words, url], capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, "HOME": "/nonexistent"}).stdout.strip()


class Server:
    def __init__(self, folder):
        self.programs = os.path.dirname(sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))[-1])
        self.data = folder + "/data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.prefix = ["setpriv", "--reuid=clewline", "--regid=clewline", "--clear-groups"] if os.geteuid() == 0 else []
        os.mkdir(self.data, 0o700)
        if os.geteuid() == 0:
            shutil.chown(self.data, "clewline", "clewline")
        subprocess.run(self.prefix + [self.programs + "/initdb", "-D", self.data, "-U", "boss", "--auth=trust", "--no-locale", "--encoding=UTF8"],
                       stdout=subprocess.DEVNULL, check=True)
        self.child = subprocess.Popen(self.prefix + [self.programs + "/postgres", "-D", self.data, "-p", str(self.port), "-c",
                                                     "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                psql(self.url("postgres"), "SELECT 1")
                return
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        raise SystemExit("the server does not start")

    def url(self, database, user="boss"):
        return "host=127.0.0.1 port=%d user=%s dbname=%s sslmode=disable" % (self.port, user, database)

    def stop(self):
        self.child.terminate()
        self.child.wait()


def check_migrate(server):
    psql(server.url("postgres"), "CREATE DATABASE clewline")
    url = server.url("clewline")
    done = expect(run("db", "migrate"), 2, "without DATABASE_URL there is nothing to migrate: exit code 2")
    check("secctl up" in done.stderr, "and what to do is said", done.stderr)
    expect(run("db", "migrate", url="host=127.0.0.1 port=1 dbname=x"), 8, "a server that is not there: exit code 8")
    done = expect(run("db", "migrate", "--dry-run", "-o", "json", url=url), 0, "a dry run")
    check([row["step"] for row in json.loads(done.stdout)] == STEPS and
          all(row["applied"] == "missing" for row in json.loads(done.stdout)), "shows every step as missing", done.stdout)
    check(psql(url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == "0", "and changes nothing")
    done = expect(run("db", "migrate", url=url), 0, "it migrates")
    check(done.stdout.count(" now") == len(STEPS), "every step now", done.stdout)
    done = expect(run("db", "migrate", url=url), 0, "again")
    check(len(re.findall(r"20\d\d-\d\d-\d\dT", done.stdout)) == len(STEPS), "and every step was there", done.stdout)
    psql(url, "DELETE FROM schema_step WHERE step = '%s'" % STEPS[-1])
    done = expect(run("db", "migrate", "--dry-run", url=url), 0, "one is missing")
    check(done.stdout.count("missing") == 1, "one", done.stdout)
    psql(url, "DROP DATABASE IF EXISTS other", "CREATE DATABASE other")
    expect(run("db", "migrate", url=server.url("other")), 0, "another database")
    psql(server.url("other"), "INSERT INTO schema_step VALUES ('9999_future', 'x', now())")
    for words in (("migrate",), ("migrate", "--dry-run"), ("distribute",)):
        done = expect(run("db", *words, url=server.url("other")), 1, "db %s refuses a newer schema" % " ".join(words))
        check("newer program" in done.stderr, "and says so", done.stderr)
    psql(server.url("other"), "DELETE FROM schema_step WHERE step = '9999_future'")
    done = expect(run("db", "distribute", url=server.url("other")), 1, "without Citus nothing is distributed")
    check("CREATE EXTENSION citus" in done.stderr, "and says what to do", done.stderr)
    done = expect(run("db", "distribute", url=url), 1, "nor with steps missing")
    check("secctl db migrate" in done.stderr, "and says what to do", done.stderr)


def log_of(state):
    with open(state + "/collector.log", encoding="utf-8") as file:
        return file.read()


def deliver(state):
    return subprocess.run([BIN + "/secagent", "run", "--collector", "ipc://%s/intake.sock" % state, "--", "sh", "-c", "id; ls /"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False).returncode


def events_of(state, url):
    status = run("status", "-o", "json", "--state", state, url=url)
    return json.loads(status.stdout)["counts"]["events"] if status.returncode == 0 else -1


def check_few_rights(server, folder):
    """An owner that may not make roles: it works with the owner's rights, says so, and what an administrator does is used."""
    state = folder + "/few"
    os.mkdir(state, 0o755)
    psql(server.url("postgres"), "CREATE ROLE plain LOGIN NOCREATEROLE NOCREATEDB", "CREATE DATABASE plain OWNER plain")
    url = server.url("plain", "plain")
    try:
        expect(run("up", "--state", state, url=url), 0, "a collector with an owner that may not make roles")
        check("rights-missing" in log_of(state), "says that rights are missing", log_of(state))
        check(deliver(state) == 0 and events_of(state, url) > 0, "and works")
        expect(run("down", "--state", state, url=url), 0, "down")
        psql(server.url("plain"), "CREATE ROLE clewline_reader NOLOGIN", "CREATE ROLE clewline_writer NOLOGIN BYPASSRLS",
             "GRANT clewline_reader, clewline_writer TO plain")
        os.unlink(state + "/collector.log")
        before = int(psql(url, "SELECT count(*) FROM event"))
        expect(run("up", "--state", state, url=url), 0, "an administrator made the roles: up again")
        check("rights-missing" not in log_of(state), "nothing is missing now", log_of(state))
        check(deliver(state) == 0 and events_of(state, url) > before, "and it works with them")
        check(psql(url, "SELECT has_table_privilege('clewline_writer', 'event', 'INSERT'), has_table_privilege('clewline_reader', 'event',"
                        " 'INSERT')") == "t|f", "each role has its rights")
    finally:
        run("down", "--state", state, url=url)


def check_upgrade(tables):
    """Tables that an earlier program distributed are migrated where they are, and new ones are distributed after that."""
    psql(CITUS, "CREATE TABLE schema_step (step text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL)")
    for step in STEPS[:STEPS.index("0014_archive") + 1]:
        with open("%s/schema/%s.sql" % (TOP, step), "rb") as file:
            text = file.read()
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", CITUS], input=text, check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "HOME": "/nonexistent"})
        psql(CITUS, "INSERT INTO schema_step VALUES ('%s', '%s', now())" % (step, hashlib.sha256(text).hexdigest()))
    psql(CITUS, "SELECT create_reference_table('schema_step')", "SELECT create_distributed_table('event', 'tenant_id', shard_count => 4)")
    there = psql(CITUS, "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'").split()
    for table in tables:
        if table in there and table not in ("schema_step", "event"):
            psql(CITUS, "SELECT create_distributed_table('%s', 'tenant_id', colocate_with => 'event')" % table)
    expect(run("db", "migrate", url=CITUS), 0, "Citus: distributed tables are migrated")
    done = expect(run("db", "distribute", url=CITUS), 0, "and what is new is distributed")
    check("create_distributed_table('event'" not in done.stdout and "enrol_role" in done.stdout, "that alone", done.stdout)
    check(psql(CITUS, "SELECT count(*) FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid WHERE NOT c.relispartition") ==
          str(len(tables)), "every table has its place")
    drop(tables)


def drop(tables):
    for table in tables:
        psql(CITUS, "DROP TABLE IF EXISTS %s CASCADE" % table)


def check_citus(folder):
    if not CITUS:
        print("skipped: CLEWLINE_CITUS_URL names no Citus; nothing was distributed")
        return
    name = psql(CITUS, "SELECT current_database()")
    if not name.startswith("clewline_test"):
        check(False, "the database of CLEWLINE_CITUS_URL is called clewline_test...", name)
        return
    with open(TOP + "/lib/store/distribution.def", encoding="utf-8") as file:
        tables = re.findall(r"^TABLE\((\w+)", file.read(), re.M)
    drop(tables)
    check_upgrade(tables)
    state = folder + "/citus"
    os.mkdir(state, 0o755)
    try:
        expect(run("db", "migrate", url=CITUS), 0, "Citus: migrated")
        done = expect(run("db", "distribute", "--dry-run", url=CITUS), 0, "a dry run")
        statements = done.stdout.splitlines()
        check(len(statements) >= len(tables) and psql(CITUS, "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = 'event'::regclass") == "0",
              "prints the statements and runs none", done.stdout)
        for statement in statements[:4]:
            psql(CITUS, statement)
        done = expect(run("db", "distribute", url=CITUS), 0, "what was begun goes on")
        check(done.stdout.splitlines() == statements[4:], "with the statements that were missing", done.stdout)
        done = expect(run("db", "distribute", url=CITUS), 0, "again")
        check(done.stdout == "", "nothing is left to do", done.stdout)
        check(psql(CITUS, "SELECT count(DISTINCT colocationid) FROM pg_dist_partition WHERE partmethod = 'h'") == "1", "all tenants' rows are together")
        expect(run("up", "--state", state, url=CITUS), 0, "a collector on it")
        check(deliver(state) == 0 and events_of(state, CITUS) > 0, "stores and answers")
        expect(run("admin", "rebuild", "--state", state, url=CITUS), 0, "derives everything again")
        expect(run("investigate", "user/nobody", "--state", state, url=CITUS), 5, "knows who is unknown")
        check("failed" not in log_of(state) and "rights-missing" not in log_of(state), "and nothing failed", log_of(state))
    finally:
        run("down", "--state", state, url=CITUS)
        drop(tables)


def main():
    if not glob.glob("/usr/lib/postgresql/*/bin/postgres"):
        print("skipped: PostgreSQL is not installed")
        return SKIP
    folder = tempfile.mkdtemp(prefix="clewline-database.", dir="/tmp")
    os.chmod(folder, 0o755)
    server = Server(folder)
    try:
        check_migrate(server)
        check_few_rights(server, folder)
        check_citus(folder)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return conclude()


if __name__ == "__main__":
    sys.exit(main())
