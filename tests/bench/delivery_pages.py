"""Pages that the product's own statements touch, whatever the machine: EXPLAIN (ANALYZE, BUFFERS) of collector/store/sql.def as it stands."""
import json
import os
import pathlib
import re

DAYS = 90
USER, USER_EVENTS = 4711, 1000    # spread evenly over all days
TASK, TASK_EVENTS = 815, 30       # within 10 minutes before and after noon of day 45
TYPES = {"i": "bigint", "t": "text", "u": "uuid", "b": "bytea", "s": "timestamptz", "o": "boolean", "f": "double precision"}
LIMIT_USER, LIMIT_TASK = 1500, 50
TOP = pathlib.Path(__file__).resolve().parents[2]


def statement(name):
    """(text, parameter types) of a row of sql.def."""
    source = (TOP / "collector/store/sql.def").read_text()
    letters, body = re.search(r"^SQL\(%s, \"(\w*)\",((?:\s*\"(?:[^\"\\]|\\.)*\")+)\)" % name, source, re.M).groups()
    return "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", body)), ", ".join(TYPES[letter] for letter in letters)


def fill(bench, rows):
    """Events of 90 days that end today: 10,000 tasks and as many users at random, and the two that are asked for."""
    bench.sql("TRUNCATE event, origin")
    bench.sql("INSERT INTO origin SELECT 1, n, decode(repeat(md5(n::text), 6), 'hex') FROM generate_series(1, 100) n")
    for day in range(DAYS):
        date = "(current_date - %d)" % day
        bench.sql("SET client_min_messages = warning; DO $$ BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS event_%%s PARTITION OF event FOR VALUES FROM (%%L) TO (%%L)', "
                  "to_char(%s, 'YYYYMMDD'), %s::timestamptz, (%s + 1)::timestamptz); END $$" % (date, date, date))
        insert(bench, rows // DAYS, date, "interval '1 day'", "(random() * 9999)::bigint + 100000", "(random() * 9999)::bigint + 200000")
        insert(bench, USER_EVENTS // DAYS + 1, date, "interval '1 day'", "(random() * 9999)::bigint + 100000", "%d" % USER)
    insert(bench, TASK_EVENTS, "(current_date - 45) + time '11:50'", "interval '20 minutes'", "%d" % TASK, "NULL")
    bench.sql("VACUUM ANALYZE event")
    bench.sql("ANALYZE origin")


def insert(bench, count, begin, span, task, actor):
    bench.sql("SET synchronous_commit = off; INSERT INTO event (tenant_id, event_id, ts, received_at, kind, type, origin_id, stream_id, task_id, "
              "actor_id, raw) SELECT 1, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(n::text || random()::text), "
              "1, 20))::uuid, at, at, 1, 'execve', n %% 100 + 1, '00000000-0000-0000-0000-000000000001', %s, %s, "
              "decode(repeat(md5(n::text), 20), 'hex') FROM (SELECT n, (%s)::timestamptz + %s * (n - 0.5) / %d AS at "
              "FROM generate_series(1, %d) n) s" % (task, actor, begin, span, count, count))


def explain(bench, text, types, values):
    """(rows, pages, pages while planning), of the second time on a connection: the first reads the catalogue."""
    answer = bench.sql("SET plan_cache_mode = force_custom_plan; SET jit = off; PREPARE asked (%s) AS %s; EXECUTE asked (%s); "
                       "SELECT 'plan:'; EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked (%s)" % (types, text, values, values))
    plan = json.loads(answer.partition("plan:")[2])[0]
    pages = lambda node: node.get("Shared Hit Blocks", 0) + node.get("Shared Read Blocks", 0)
    return plan["Plan"]["Actual Rows"], pages(plan["Plan"]), pages(plan.get("Planning", {}))


READER = "SET ROLE clewline_reader; SET clewline.tenant = '1'; "
REPEATS = 400


def cost(bench, text, types, values, role):
    """(pages, CPU milliseconds of the server, planning included) of one execution, as the product's reader or as the owner."""
    ticks = "RESET ROLE; SELECT 'cpu:' || pg_read_file('/proc/self/stat'); "
    answer = bench.sql("SET plan_cache_mode = force_custom_plan; SET jit = off; %sPREPARE asked (%s) AS %s; EXPLAIN (ANALYZE, BUFFERS, FORMAT "
                       "JSON) EXECUTE asked (%s); %s%s%s%s" % (
                           role, types, text, values, ticks, role, "EXPLAIN (ANALYZE, TIMING OFF) EXECUTE asked (%s); " % values * REPEATS, ticks))
    plan, first, last = re.split(r"cpu:", answer)
    spent = [sum(int(field) for field in part.splitlines()[0].rsplit(")", 1)[1].split()[11:13]) for part in (first, last)]
    plan = json.loads(plan)[0]["Plan"]
    return (plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0),
            (spent[1] - spent[0]) * 1000 / os.sysconf("SC_CLK_TCK") / REPEATS)


def run_rls(bench, sizes):
    """Row-level security: what it costs that the reader cannot see another tenant."""
    print("%-50s %12s %8s %8s %12s %12s %6s" % ("row-level security", "table rows", "owner", "reader", "owner ms", "reader ms", "ratio"))
    for size in sizes:
        fill(bench, size)
        for name, _, text, types, values in statements():
            rounds = [(cost(bench, text, types, values, ""), cost(bench, text, types, values, READER)) for _ in range(3)]
            owner, reader = (sorted(round_[i][1] for round_ in rounds)[1] for i in (0, 1))
            print("%-50s %12d %8d %8d %12.2f %12.2f %6.2f" % (name, size, rounds[0][0][0], rounds[0][1][0], owner, reader, reader / owner), flush=True)


def statements():
    """(name, goal, text, parameter types, values)"""
    text, types = statement("EVENTS")
    newest, _ = statement("EVENTS_NEWEST")
    user = "1, now() - interval '90 days', now() + interval '1 day', NULL, %d, NULL, %d" % (USER, 500)
    behind = ("1, now() - interval '90 days', now() - interval '45 days', NULL, %d, 'ffffffff-ffff-ffff-ffff-ffffffffffff', %d"
              % (USER, 500))
    task = "1, (current_date - 45) + time '11:50', (current_date - 45) + time '12:10', %d, NULL, NULL, 2001" % TASK
    return [("user, 90 days, first 500 (EVENTS)", LIMIT_USER, text, types, user),
            ("user, 90 days, newest 500 (EVENTS_NEWEST)", LIMIT_USER, newest, types, user),
            ("the same, the page behind it (EVENTS_NEWEST)", LIMIT_USER, newest, types, behind),
            ("timeline around a task (EVENTS)", LIMIT_TASK, text, types, task)]


def run(bench, sizes):
    print("%-50s %12s %8s %8s %8s %10s" % ("pages", "table rows", "rows", "pages", "goal", "planning"))
    for size in sizes:
        fill(bench, size)
        for name, limit, text, types, values in statements():
            rows, pages, planning = explain(bench, text, types, values)
            print("%-50s %12d %8d %8d %8d %10d" % (name, size, rows, pages, limit, planning), flush=True)
