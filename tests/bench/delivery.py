#!/usr/bin/env python3
"""What delivery costs, from spools to committed rows, beside bare binary COPY into the same table. tests/bench/run.sh delivery

Modes (--modes), interleaved, medians of ROUNDS:
  bare    the same rows of 8 agents by COPY, ready before the clock starts, as many connections as the collector has writers, groups of 5000
  claim   the same, with the batches' keys in the same transaction: what exactness costs
  group   everything the collector writes, without wire and decoding: what derivation costs on top
  e2e     agents' spools -> sender -> intake -> commit -> acknowledgement, over a Unix socket
  tls     the same over mutual TLS 1.3
With --apart the database has one processor and everything else another, as on machines of their own: in all modes the database then has the
same, and the ratio says whether the rest keeps up with it.
CPU time is what counts on a machine that does other things: of the database's processes, of the collector, and of the client, which is COPY's
client, or the process that drains the spools: all agents' sending. Making events, filling spools and counting rows are outside the clock in
all modes. What end to end has inside it and bare has not: the start of that process and eight handshakes, 45 ms of the clock and 55 ms of CPU
time, so runs should be long.
Then: how long until an alert can be read while bulk runs, what memory a connected agent takes, and how many pages questions touch.
"""
import argparse
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import delivery_citus
import delivery_pages

TICKS = os.sysconf("SC_CLK_TCK")
MODES = ("bare", "claim", "group", "e2e", "tls")


def stat_of(pid):
    """utime + stime of the process, and of its children that have ended; 0 when it is gone"""
    try:
        fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return (int(fields[11]) + int(fields[12])) / TICKS, (int(fields[13]) + int(fields[14])) / TICKS


def own_children_cpu():
    """of the processes that this one has started and waited for"""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def children_of(pid):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(path.parent.name))
    return found


class Bench:
    def __init__(self, bin_folder, folder, options):
        self.bin, self.folder, self.options = bin_folder, folder, options
        self.state = folder / "state"
        self.database = "host=%s/pg.sock user=clewline dbname=clewline" % self.state
        self.url = "ipc://%s/intake.sock" % self.state
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.tls_url = "tls+tcp://127.0.0.1:%d" % probe.getsockname()[1]

    def run(self, *command):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def traffic(self, *arguments):
        return self.run(str(self.bin / "clewline_traffic"), *[str(argument) for argument in arguments])

    def start(self):
        log = open(self.folder / "collector.log", "wb")
        self.child = subprocess.Popen([str(self.bin / "seccollector"), "--state", str(self.state), "--intake", self.tls_url], stderr=log)
        while b" ready: " not in (self.folder / "collector.log").read_bytes():
            if self.child.poll() is not None:
                raise SystemExit((self.folder / "collector.log").read_text())
            time.sleep(0.1)
        token = self.run(str(self.bin / "secctl"), "agents", "enrol", "--uses", "1000", "--ttl", "1d", "--state", str(self.state)).strip()
        self.tls = ("--url", self.tls_url, "--identity", self.folder / "identity", "--enrol-token", token)
        self.collector = int((self.state / "collector.pid").read_text())
        self.postmaster = int((self.state / "pg/postmaster.pid").read_text().splitlines()[0])
        if self.options.apart:
            self.set_apart()

    def set_apart(self):
        """The server's new processes, and what this one starts, stay where their parents are."""
        first, last = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
        for pid in (self.postmaster, *children_of(self.postmaster)):
            os.sched_setaffinity(pid, {first})
        for task in pathlib.Path("/proc/%d/task" % self.collector).iterdir():
            os.sched_setaffinity(int(task.name), {last})
        os.sched_setaffinity(0, {last})

    def stop(self):
        self.child.terminate()
        self.child.wait()

    def sql(self, text):
        return self.run("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", text, self.database).strip()

    @staticmethod
    def cpu_of(postmaster):
        own, ended = stat_of(postmaster)
        return own + ended + sum(sum(stat_of(pid)) for pid in children_of(postmaster))

    def database_cpu(self):
        return self.cpu_of(self.postmaster)

    def clear(self):
        self.sql("TRUNCATE event, ingest_batch, ingest_run, stream, origin, declared_drop, alert, entity, entity_fact, "
                 "entity_alias, assertion, coverage_mark, watermark")
        self.sql("CHECKPOINT")

    def fill(self, name, agents, events, **more):
        spool = self.folder / name
        shutil.rmtree(spool, ignore_errors=True)
        spool.mkdir()
        arguments = [word for key, value in more.items() for word in ("--" + key.replace("_", "-"), value)]
        self.traffic("drain", "--fill", "--url", "ipc://%s/nobody" % self.folder, "--spool", spool, "--agents", agents,
                     "--events", events, *arguments)
        return spool

    def measure(self, mode):
        rows = self.options.events // 8 * 8
        spool = self.fill("spool", 8, rows // 8) if mode in ("e2e", "tls") else None
        self.clear()
        database, collector, client = self.database_cpu(), sum(stat_of(self.collector)), own_children_cpu()
        if spool:
            way = self.tls if mode == "tls" else ("--url", self.url)
            wall = float(self.traffic("drain", *way, "--spool", spool, "--agents", 8).split()[-1])
            client = own_children_cpu() - client
        else:
            answer = self.traffic("copy", "--database", self.database, "--mode", mode, "--events", rows, "--writers", 2,
                                  "--agents", 4, "--batch", 1250)
            wall, client = map(float, answer.split())
        result = {"wall": wall, "db": self.database_cpu() - database, "client": client,
                  "collector": sum(stat_of(self.collector)) - collector if spool else 0}
        result["all"] = result["db"] + result["collector"] + result["client"]
        stored = int(self.sql("SELECT count(*) FROM event"))
        if stored < rows * 0.99 or stored > rows:
            raise SystemExit("%s: %d rows stored of %d" % (mode, stored, rows))
        result["rows"] = stored
        return result

    def throughput(self):
        modes = self.options.modes.split(",")
        results = {mode: [] for mode in modes}
        for _ in range(self.options.rounds):
            for mode in modes:
                results[mode].append(self.measure(mode))
        print("%d rows a run, %d rounds, medians; load %.1f" % (self.options.events, self.options.rounds, os.getloadavg()[0]))
        print("%-6s %12s   CPU us a row: %8s %10s %8s %22s" % ("mode", "rows/s", "database", "collector", "client", "rows/collector-CPU-s"))
        for mode in modes:
            middle = lambda value: statistics.median(value(run) for run in results[mode])
            micro = {part: middle(lambda run: 1e6 * run[part] / run["rows"]) for part in ("db", "collector", "client")}
            is_sent = mode in ("e2e", "tls")
            print("%-6s %12.0f   %22.2f %10s %8s %22s" % (
                mode, middle(lambda run: run["rows"] / run["wall"]), micro["db"], "%.2f" % micro["collector"] if is_sent else "-",
                "%.2f" % micro["client"],
                "%.0f" % (1e6 / micro["collector"]) if is_sent and micro["collector"] else "-"))
        paired = lambda mode, part: statistics.median((run["rows"] / run[part]) / (bare["rows"] / bare[part])
                                                      for run, bare in zip(results[mode], results["bare"]) if run[part] and bare[part])
        for part, name in (("wall", "wall"), ("db", "database CPU"), ("all", "CPU of all parts, what processors that all share can give")):
            if "bare" in modes:
                print("%s, ratios within a round: %s" % (name, ", ".join("%s/bare %.2f" % (mode, paired(mode, part)) for mode in modes if mode != "bare")))
        print("goals: tls/bare >= 0.80, claim/bare >= 0.90, rows/collector-CPU-s >= 90000")

    def visibility(self):
        """Spools enough for the whole time are filled before; one set after the other is drained until the alerts are through."""
        spools = [self.fill("spool-%d" % i, 32, self.options.events // 32) for i in range(self.options.sets)]
        self.clear()
        done, drained = threading.Event(), []

        def drain():
            for spool in spools:
                if not done.is_set():
                    self.traffic("drain", *self.tls, "--spool", spool, "--agents", 32, "--wait", "600s")
                    drained.append(spool)

        bulk = threading.Thread(target=drain)
        bulk.start()
        time.sleep(0.5)
        (self.folder / "visible").mkdir(exist_ok=True)
        began = time.monotonic()
        sent, seen, p50, p99, worst = self.traffic(
            "visible", "--url", self.url, "--spool", self.folder / "visible/spool", "--api", "unix:%s/api.sock" % self.state,
            "--alerts", self.options.alerts, "--every", "50ms").split()
        spent, busy = time.monotonic() - began, bulk.is_alive()
        done.set()
        bulk.join()
        print("alerts by the API in %.0f s, while %d events of bulk by 32 agents %s: %s of %s seen, p50 %s ms, p99 %s ms, worst %s ms; goal "
              "p99 < 1000" % (spent, self.options.events * len(drained), "ran all the time" if busy else "ENDED BEFORE THEM", seen, sent,
                              p50, p99, worst))
        for spool in spools:
            shutil.rmtree(spool, ignore_errors=True)

    def memory(self):
        def rss():
            for line in pathlib.Path("/proc/%d/status" % self.collector).read_text().splitlines():
                if line.startswith("RssAnon:"):
                    return int(line.split()[1])
            return 0

        spool = self.fill("spool", self.options.agents, 50)
        before = rss()
        drain = subprocess.Popen([str(self.bin / "clewline_traffic"), "drain", *map(str, self.tls), "--spool", str(spool), "--agents",
                                  str(self.options.agents), "--hold", "10s"], stdout=subprocess.PIPE, text=True)
        wall = float(drain.stdout.readline())
        grown = rss() - before
        print("%d agents at once: all delivered after %.1f s, collector grew by %.0f kB each (%d kB before); goal <= 150" % (
            self.options.agents, wall, grown / self.options.agents, before))
        drain.wait()

    def citus(self):
        delivery_citus.run(self)

    def rls(self):
        delivery_pages.run_rls(self, [int(size) for size in self.options.rows.split(",")])

    def pages(self):
        delivery_pages.run(self, [int(size) for size in self.options.rows.split(",")])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=400000)
    parser.add_argument("--modes", default=",".join(MODES), help="of throughput; ratios need bare")
    parser.add_argument("--apart", action="store_true", help="a processor for the database alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--sets", type=int, default=5, help="for visibility: how often --events of bulk are made ready")
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--rows", default="1000000,10000000", help="sizes of the table for pages; 100000000 takes an hour and 60 GB")
    parser.add_argument("--only", default="throughput,visibility,memory,pages")
    options = parser.parse_args()
    subprocess.run(["ninja", "-C", str(options.bin.parent), "clewline_traffic"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="clewline-bench-") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(options.bin, pathlib.Path(folder), options)
        bench.start()
        try:
            for part in options.only.split(","):
                getattr(bench, part)()
        finally:
            bench.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
