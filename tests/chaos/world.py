"""A world of its own for each scenario: state folder, spools, and the processes between them, known by their ids."""
import errno
import itertools
import json
import os
import random
import re
import signal
import subprocess
import time

import ledger as ledgers

START_S = 60     # for a collector to be ready
PROGRESS_S = 30  # after a fault is over
FINISH_S = 60    # without an acknowledgement at the end, while something waits for one
DRAIN_S = 1800   # until everything is acknowledged
MISSED_S = 90    # until the collector says of a batch that it never arrived
POLL_S = 0.02


class Broken(Exception):
    """The world itself does not work: nothing was proved."""


def ended(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def send(pid, number):
    try:
        os.kill(pid, number)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise


def descendants(pid):
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir("/proc/%d/task" % parent):
                with open("/proc/%d/task/%s/children" % (parent, task), encoding="ascii") as file:
                    found += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


class Process:
    """A program that is started again after each end we caused, with the same arguments."""

    def __init__(self, world, name, command, env=None):
        self.world, self.name, self.command = world, name, command
        self.env = env or {}
        self.child = None
        self.log = os.path.join(world.folder, name + ".log")

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.world.enter + self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={**self.world.environment(), **self.env})
        return self

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        if self.is_running():
            self.child.send_signal(number)

    def end(self, number, patience_s=START_S):
        """Sends the signal and waits; the exit code."""
        self.signal(number)
        try:
            return self.child.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return None

    def log_tail(self, lines=3):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()[-lines:]


class Collector(Process):
    def __init__(self, world, name="collector", state="state", url=None, more=()):
        self.state = os.path.join(world.folder, state)
        self.url = url or "ipc://%s/intake.sock" % self.state
        super().__init__(world, name, [world.bin + "/seccollector", "--state", self.state, "--intake", self.url, *more])

    def start(self):
        self.log_start = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        return super().start()

    def is_ready(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            file.seek(self.log_start)
            return " ready: " in file.read()

    def start_ready(self):
        self.start()
        until = time.monotonic() + START_S
        while not self.is_ready():
            if not self.is_running() or time.monotonic() > until:
                raise Broken("the collector is not ready: " + " | ".join(self.log_tail()))
            time.sleep(POLL_S)
        return self

    def postmaster(self):
        """Process id of its PostgreSQL, or None while there is none."""
        try:
            with open(self.state + "/pg/postmaster.pid", encoding="ascii") as file:
                pid = int(file.readline())
        except (OSError, ValueError):
            return None
        return None if ended(pid) else pid


class Generator(Process):
    def __init__(self, world, tag, url, **options):
        spool = options.pop("spool", None) or os.path.join(world.folder, "spool-" + tag)
        os.makedirs(spool, exist_ok=True)
        path = os.path.join(world.folder, "ledger-" + tag)
        self.ledger = ledgers.Ledger(path, tag, spool)
        self.lives = 0
        values = {"url": url, "spool": spool, "ledger": path, "tag": tag, "rate": 300, "batch": 40,
                  "finish": "%ds" % DRAIN_S, **options}
        self.options = values
        super().__init__(world, "generator-" + tag, [])

    def start(self):
        # a new seed for each life, from the first: what is repeated is the whole
        self.lives += 1
        values = {"seed": self.world.random.randrange(1 << 32), **self.options}
        self.command = [self.world.traffic, "generate"]
        for name, value in values.items():
            self.command += ["--" + name.replace("_", "-"), str(value)]
        return super().start()


class World:
    ports = itertools.count(6000)  # of the network that is ours alone

    def __init__(self, options, name):
        self.bin, self.traffic = options.bin, options.bin + "/clewline_traffic"
        self.folder = os.path.join(options.scratch, name)
        self.random = random.Random("%s %s" % (options.seed, name))
        self.is_short = options.short
        self.time_s, self.is_cut_short = 60 * options.minutes, False
        self.enter = []  # command that begins in another namespace
        self.collectors, self.generators, self.others, self.mounts = [], [], [], []
        self.guests = []  # ledgers of agents that were shut out: what they handed over may be stored, and need not
        self.conninfo = None
        self.supervised = True  # what ends by itself is started again
        self.result = ledgers.Result()
        self.faults = 0
        self.slowest = 0.0
        self.started = time.monotonic()
        os.mkdir(self.folder, 0o755)

    @staticmethod
    def environment():
        return {name: value for name, value in os.environ.items() if not name.startswith("CLEWLINE_") and name != "DATABASE_URL"}

    # building it

    def add_collector(self, **options):
        collector = Collector(self, **options)
        self.collectors.append(collector)
        return collector

    def add_generator(self, tag="a", url=None, **options):
        url = url or self.collectors[0].url
        if url.startswith("tls+tcp://"):
            options = {**options, "identity": os.path.join(self.folder, "identity-" + tag), "enrol_token": self.secctl("agents", "enrol")[1].strip()}
        generator = Generator(self, tag, url, **options)
        self.generators.append(generator)
        return generator

    def secctl(self, *words):
        done = subprocess.run([self.bin + "/secctl", *words, "--state", self.collectors[0].state], capture_output=True, text=True,
                              env=self.environment(), check=False)
        return done.returncode, done.stdout, done.stderr

    def begin(self, generators=2, tls_life=None, **options):
        """One collector with its database, and generators that send to it; with tls_life by TLS, with certificates that live so long."""
        if tls_life:
            self.add_collector(url="tls+tcp://127.0.0.1:%d" % next(self.ports), more=("--certificate-life", tls_life)).start_ready()
        else:
            self.add_collector().start_ready()
        for i in range(generators):
            self.add_generator("abcdefgh"[i], **options).start()
        self.wait_for_progress(self.acked())

    def mount(self, path, size):
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d,mode=755" % size, "chaos", path], check=True)
        self.mounts.append(path)
        return path

    # watching it

    def keep_alive(self):
        """What systemd does: a program that ends by itself is started again."""
        for process in self.collectors + self.generators if self.supervised else []:
            if process.child is not None and not process.is_running():
                process.start()
                time.sleep(0.2)

    def wait_until(self, condition, complaint, patience_s=PROGRESS_S):
        """For what belongs to the fault itself: if it does not happen, nothing is proved."""
        until = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > until:
                raise Broken(complaint)
            time.sleep(5 * POLL_S)
            self.acked()

    def acked(self):
        return {(generator.ledger.tag, index): count for generator in self.generators for index, count in generator.ledger.acked().items()}

    def wait_for_progress(self, before, patience_s=PROGRESS_S):
        """Until every sender has got an acknowledgement more; those that do not are stuck."""
        begun = time.monotonic()
        while True:
            now = self.acked()
            behind = [key for key, count in before.items() if now[key] <= count]
            waited = time.monotonic() - begun
            if not behind and all(len(generator.ledger.senders) for generator in self.generators):
                break
            if waited > patience_s:
                self.result.stuck += len(behind) or 1
                self.result.note("no acknowledgement within %d s" % patience_s, {"%s.%d" % key for key in behind})
                break
            self.keep_alive()
            time.sleep(POLL_S)
        self.slowest = max(self.slowest, waited)

    def fault(self, act, *args):
        """Does it, and everything must move again once it is over."""
        act(*args)
        self.faults += 1
        self.wait_for_progress(self.acked())

    def rounds(self, count):
        """Numbers of rounds, until there were so many or the scenario's time is up."""
        for round_ in range(count):
            if time.monotonic() - self.started > self.time_s:
                self.result.note("the time was up after %d of %d rounds" % (round_, count))
                self.is_cut_short = True
                return
            yield round_

    def pause(self, least_s, most_s):
        time.sleep(self.random.uniform(least_s, most_s))

    def logs_say(self, text):
        """How often, in what the collectors, their databases and the generators printed."""
        paths = [path for collector in self.collectors for path in (collector.log, collector.state + "/postgres.log")]
        count = 0
        for path in paths + [generator.log for generator in self.generators]:
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    count += file.read().count(text)
        return count

    # the end, and the comparison

    def query(self, statement):
        conninfo = self.conninfo or "host=%s/pg.sock user=clewline dbname=clewline" % self.collectors[0].state
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-c", statement, conninfo], capture_output=True, text=True,
                              env=self.environment(), check=False)
        if done.returncode:
            raise Broken("could not ask the database: " + done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines()]

    def can_ask(self):
        try:
            return self.query("SELECT 1") == [["1"]]
        except Broken:
            return False

    def end_generators(self):
        """They make nothing more, and end once all is acknowledged; a backlog may take long, but not stand still."""
        for generator in self.generators:
            generator.signal(signal.SIGTERM)
        acked, moved = None, time.monotonic()
        while any(generator.is_running() for generator in self.generators) and time.monotonic() - moved < FINISH_S:
            now = sum(self.acked().values())
            if now != acked:
                acked, moved = now, time.monotonic()
            time.sleep(5 * POLL_S)
        for generator in self.generators:
            code = generator.end(signal.SIGKILL) if generator.is_running() else generator.child.returncode
            if code:
                self.result.note("%s ended with %s: %s" % (generator.name, code, " ".join(generator.log_tail(1))))

    def rows(self):
        found = self.query("SELECT mark, count(*) FROM (SELECT substring(encode(raw, 'escape') FROM "
                           "'mark=([a-z0-9]+\\.[0-9]+\\.[0-9]+);') AS mark FROM event) m WHERE mark IS NOT NULL GROUP BY mark")
        return {mark: int(count) for mark, count in found}

    def declared(self):
        return {agent: int(count) for agent, count in self.query(
            "SELECT s.agent, sum(d.events) FROM declared_drop d JOIN stream s USING (tenant_id, stream_id) GROUP BY s.agent")}

    def never_arrived(self):
        """What the collector says of each agent: how many batches are missing although later ones came."""
        gaps = json.loads(self.secctl("status", "-o", "json")[1] or "{}").get("gaps", [])
        told = (re.match(r"(\d+) batch(?:es)? of agent (\S+) never arrived", gap["reason"]) for gap in gaps)
        return {one.group(2): int(one.group(1)) for one in told if one}

    def compare(self):
        self.wait_until(self.can_ask, "the database does not come back")
        rows, declared = self.rows(), self.declared()
        if any(generator.ledger.removed for generator in self.generators):
            # of what came in the last minute it says nothing: what is missing before that may still come
            until = time.monotonic() + MISSED_S
            while sum(self.never_arrived().values()) < sum(len(generator.ledger.removed) for generator in self.generators) and \
                    time.monotonic() < until:
                time.sleep(1)
            for generator in self.generators:
                generator.ledger.never_arrived = self.never_arrived()
        dead = {row[0] for row in self.query("SELECT replace(dead_letter_id::text, '-', '') FROM dead_letter")}
        for generator in self.generators:
            self.result.add(ledgers.Check(generator.ledger, rows, declared).run())
            ledgers.check_dead_letters(generator.ledger, dead, self.result)
        for guest in self.guests:
            guest.read_handed()
            self.result.doubled += sum(count - 1 for mark, count in rows.items() if mark.startswith(guest.tag + "."))
        ledgers.check_foreign(rows, [generator.ledger for generator in self.generators] + self.guests, self.result)
        return self.result

    def finish(self):
        self.end_generators()
        return self.compare()

    def destroy(self):
        for process in self.generators + self.others + self.collectors:
            if process.child is not None:
                send(process.pid, signal.SIGCONT)
                process.end(signal.SIGKILL)
        for collector in self.collectors:
            until = time.monotonic() + START_S
            # it shuts down by itself when its collector is gone
            while collector.postmaster() and time.monotonic() < until:
                for pid in descendants(collector.postmaster() or os.getpid()):
                    if pid != os.getpid():
                        send(pid, signal.SIGCONT)
                time.sleep(POLL_S)
        for path in reversed(self.mounts):
            subprocess.run(["umount", "--lazy", path], check=False)
