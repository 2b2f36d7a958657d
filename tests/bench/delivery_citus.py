"""The same delivery into tables that Citus distributes, and into plain ones on its coordinator: delivery.py --only citus.

CLEWLINE_CITUS_URL names the coordinator; its database is called clewline_test or begins so, and whatever is in it is dropped. The plain one is
made beside it. One tenant, as one tenant stays on one node: what is measured is the way there. CPU time is that of all servers.
"""
import os
import pathlib
import statistics
import subprocess
import time

AGENTS = 8
PLAIN = "clewline_test_plain"


def other(url, **parts):
    """libpq's connection string with other parts."""
    known = dict(word.split("=", 1) for word in url.split())
    return " ".join("%s=%s" % part for part in {**known, **parts}.items())


class Place:
    """A database, and a collector of its own that stores into it."""

    def __init__(self, bench, name, url, servers):
        self.bench, self.name, self.url, self.servers = bench, name, url, servers
        self.state = bench.folder / name
        self.environment = {**os.environ, "DATABASE_URL": url}

    def sql(self, text):
        return self.bench.run("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", text, self.url).strip()

    def start(self, is_distributed):
        secctl = [str(self.bench.bin / "secctl"), "db"]
        subprocess.run(secctl + ["migrate"], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        if is_distributed:
            subprocess.run(secctl + ["distribute"], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        log = open(self.bench.folder / (self.name + ".log"), "w+b")
        self.child = subprocess.Popen([str(self.bench.bin / "seccollector"), "--state", str(self.state)], stderr=log, env=self.environment)
        while b" ready: " not in pathlib.Path(log.name).read_bytes():
            if self.child.poll() is not None:
                raise SystemExit(pathlib.Path(log.name).read_text())
            time.sleep(0.1)
        return self

    def stop(self):
        self.child.terminate()
        self.child.wait()

    def database_cpu(self):
        return sum(self.bench.cpu_of(pid) for pid in self.servers)

    def measure(self, events):
        spool = self.bench.fill("spool-citus", AGENTS, events // AGENTS)
        self.sql("TRUNCATE event, ingest_batch, ingest_run, stream, origin, declared_drop, alert, entity, entity_fact, entity_alias, assertion,"
                 " coverage_mark, watermark")
        before = self.database_cpu()
        wall = float(self.bench.traffic("drain", "--url", "ipc://%s/intake.sock" % self.state, "--spool", spool, "--agents", AGENTS).split()[-1])
        rows = int(self.sql("SELECT count(*) FROM event"))
        if rows != events // AGENTS * AGENTS:
            raise SystemExit("%s: %d rows stored of %d" % (self.name, rows, events))
        return {"wall": rows / wall, "cpu": rows / max(self.database_cpu() - before, 0.01)}


def postmasters(bench, url):
    """Process ids of the coordinator's server and of all others, which must run here."""
    ports = bench.run("psql", "-qAtX", "-c", "SELECT nodeport FROM pg_dist_node ORDER BY 1", url).split()
    folders = [bench.run("psql", "-qAtX", "-c", "SHOW data_directory", other(url, port=port)).strip() for port in ports]
    return [int((pathlib.Path(folder) / "postmaster.pid").read_text().split()[0]) for folder in folders]


def run(bench):
    url = os.environ.get("CLEWLINE_CITUS_URL")
    if not url:
        print("skipped: CLEWLINE_CITUS_URL names no Citus")
        return
    bench.run("psql", "-qAtX", "-c", "DROP DATABASE IF EXISTS %s WITH (FORCE)" % PLAIN, "-c", "CREATE DATABASE " + PLAIN, other(url, dbname="postgres"))
    servers = postmasters(bench, url)
    places = [Place(bench, "plain", other(url, dbname=PLAIN), servers).start(False), Place(bench, "distributed", url, servers).start(True)]
    try:
        results = {place.name: [] for place in places}
        for _ in range(bench.options.rounds):
            for place in places:
                results[place.name].append(place.measure(bench.options.events))
    finally:
        for place in places:
            place.stop()
    for name, measured in results.items():
        print("%-12s %8.0f rows/s %8.0f rows/db-CPU-s" % (name, statistics.median(one["wall"] for one in measured),
                                                         statistics.median(one["cpu"] for one in measured)))
    for part, word in (("wall", "wall"), ("cpu", "database CPU")):
        print("%s, distributed/plain within a round: %.2f (goal 0.6)" % (word, statistics.median(
            b[part] / a[part] for a, b in zip(results["plain"], results["distributed"]))))
