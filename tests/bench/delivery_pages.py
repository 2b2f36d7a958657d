"""Pages that the product's own statements touch, whatever the machine: EXPLAIN (ANALYZE, BUFFERS) of collector/store/sql.def as it stands."""
import json
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


def ask(bench):
    text, types = statement("EVENTS")
    newest = text.replace("ORDER BY e.ts, e.event_id", "ORDER BY e.ts DESC, e.event_id DESC")
    user = "1, now() - interval '90 days', now() + interval '1 day', NULL, %d, NULL, %d" % (USER, 500)
    task = "1, (current_date - 45) + time '11:50', (current_date - 45) + time '12:10', %d, NULL, NULL, 2001" % TASK
    assert newest != text
    return [("user, 90 days, first 500 (EVENTS)", LIMIT_USER, explain(bench, text, types, user)),
            ("user, 90 days, newest 500 (EVENTS, turned round)", LIMIT_USER, explain(bench, newest, types, user)),
            ("timeline around a task (EVENTS)", LIMIT_TASK, explain(bench, text, types, task))]


def run(bench, sizes):
    print("%-50s %12s %8s %8s %8s %10s" % ("pages", "table rows", "rows", "pages", "goal", "planning"))
    for size in sizes:
        fill(bench, size)
        for name, limit, (rows, pages, planning) in ask(bench):
            print("%-50s %12d %8d %8d %8d %10d" % (name, size, rows, pages, limit, planning), flush=True)
