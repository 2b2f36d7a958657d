"""The scenarios: one row each. A scenario builds its world, breaks it, and returns what the checker says of it."""
import dataclasses
import glob
import os
import re
import signal
import subprocess
import time
import typing

import hostile
import ledger as ledgers
import patroni
import spool
import standby
from world import Broken, PROGRESS_S, Process, descendants, ended, send

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
CLOCK_H = 48
RUNS_MAX = 10  # of secagent, at the end


@dataclasses.dataclass
class Scenario:
    name: str
    sentence: str
    run: typing.Callable
    short: int  # rounds; 0 = only in the long form
    long: int
    needs: typing.Callable = lambda: None  # why it cannot run here, or None


# kill -9

def kill_agent(world):
    process = world.random.choice(world.generators)
    process.end(signal.SIGKILL)
    process.start()


def kill_collector(world):
    world.collectors[0].end(signal.SIGKILL)
    world.collectors[0].start()


def kill_postmaster(world):
    world.wait_until(world.collectors[0].postmaster, "there is no postmaster to kill")
    send(world.collectors[0].postmaster(), signal.SIGKILL)


def kill_all(world):
    victims = world.generators + world.collectors
    postmaster = world.collectors[0].postmaster()
    world.random.shuffle(victims)
    if postmaster:
        send(postmaster, signal.SIGKILL)
    for process in victims:
        process.signal(signal.SIGKILL)
    for process in victims:
        process.end(signal.SIGKILL)
    world.random.shuffle(victims)
    for process in victims:
        process.start()


def killing(act):
    def run(world, rounds):
        world.begin()
        for _ in world.rounds(rounds):
            world.pause(0, 0.4)
            world.fault(act, world)
        return world.finish()
    return run


# SIGSTOP

def stopping(find):
    def stop(world, seconds):
        victims = find(world)
        for pid in victims:
            send(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in reversed(victims):
            send(pid, signal.SIGCONT)

    def run(world, rounds):
        # longer than the watchdog, so that connections are made anew while nobody answers
        world.begin(watchdog="1s" if world.is_short else "15s")
        for _ in world.rounds(rounds):
            world.pause(0, 1)
            world.fault(stop, world, 2 if world.is_short else world.random.choice((5, 20, 60)))
        return world.finish()
    return run


def agent_pids(world):
    return [world.random.choice(world.generators).pid]


def collector_pid(world):
    return [world.collectors[0].pid]


def database_pids(world):
    return descendants(world.collectors[0].postmaster() or world.collectors[0].pid)


# full disks

def spool_disk_full(world, rounds):
    """Nobody takes batches while a small disk and a small bound fill up; what is given up must be declared."""
    world.add_collector().start_ready()
    disk = world.mount(os.path.join(world.folder, "small"), 1 << 20)
    world.add_generator("a", spool=disk, rate=2000, alerts=20).start()
    world.add_generator("b", spool_max=600000, rate=2000, alerts=20).start()
    world.wait_for_progress(world.acked())

    def fill():
        before = [generator.ledger.lines["drop"] for generator in world.generators]
        world.collectors[0].signal(signal.SIGSTOP)
        world.wait_until(lambda: all(generator.ledger.lines["drop"] > count + 20 for generator, count in zip(world.generators, before)),
                         "the spools do not become full")
        world.collectors[0].signal(signal.SIGCONT)

    for _ in world.rounds(rounds):
        world.pause(0, 1)
        world.fault(fill)
    return world.finish()


def database_disk_full(world, rounds):
    state = world.mount(os.path.join(world.folder, "state"), (200 if world.is_short else 600) << 20)
    ballast = os.path.join(state, "pg.ballast")

    def fill():
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        # nothing can be committed soon: the log of the database has no room
        time.sleep(2 if world.is_short else world.random.uniform(2, 20))
        os.unlink(ballast)

    world.begin(rate=500)
    for _ in world.rounds(rounds):
        world.pause(0.5, 2)
        world.fault(fill)
    if not world.logs_say("No space left on device"):
        raise Broken("the disk was not full")
    return world.finish()


# clocks

def no_faketime():
    return None if os.path.exists(FAKETIME) else "the package faketime is not installed"


def clock(find):
    def run(world, rounds):
        def shift(hours):
            process = find(world)
            process.env = {"LD_PRELOAD": FAKETIME, "FAKETIME": "%+dh" % hours, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                           "ASAN_OPTIONS": "verify_asan_link_order=0"}
            process.end(world.random.choice((signal.SIGTERM, signal.SIGKILL)))
            process.start()

        world.begin()
        for i in world.rounds(rounds):
            world.pause(0.2, 0.8)
            world.fault(shift, (CLOCK_H, -CLOCK_H, 0)[i % 3])
        spans = world.query("SELECT extract(epoch FROM max(ts) - min(ts)), extract(epoch FROM max(received_at) - min(received_at)) FROM event")
        if max(float(span) for span in spans[0]) < CLOCK_H * 3600 - 600:
            raise Broken("no clock was shifted")
        return world.finish()
    return run


# what must not stop the rest

def poison(world, rounds):
    """Batches that no collector takes, events that are too large, and strangers who talk nonsense, among good batches."""
    world.begin(batch=10, poison=8, large=8)
    guest = hostile.Stranger(world.collectors[0].state + "/intake.sock", world.random)
    for _ in world.rounds(rounds):
        world.pause(0, 0.2)
        world.fault(guest.attack)
    world.wait_until(lambda: all(sum(generator.ledger.lines[word] for generator in world.generators) for word in ("rej", "fail")),
                     "no batch is refused, or no event too large")
    return world.finish()


def spoiling(spoil):
    """Something happens to the files of the spool while the agent is down and its batches wait."""
    def run(world, rounds):
        world.begin(generators=1, rate=200, batch=20)
        generator, collector = world.generators[0], world.collectors[0]

        def is_settled(keys):
            aside = generator.ledger.quarantined(0) | {key[1:] for key in generator.ledger.removed}
            return all(generator.ledger.senders[0].batches[key].state != "waiting" or key in aside for key in keys)

        def settle():
            # what the last time cost is told by now: a declaration in a batch that is damaged itself cannot be read either, and which
            # numbers do not come any more stands in batches that are made when those before them were acknowledged
            for _ in range(2):
                keys = list(generator.ledger.senders[0].batches)
                world.wait_until(lambda: is_settled(keys), "batches wait although the collector is there", 4 * PROGRESS_S)
                made = generator.ledger.lines["put"]
                world.wait_until(lambda: generator.ledger.lines["put"] > made, "no batch is made")

        def act():
            settle()
            collector.end(signal.SIGTERM)
            begun = generator.ledger.lines["put"]
            world.wait_until(lambda: generator.ledger.lines["put"] > begun + 20, "the spool does not fill")
            generator.end(signal.SIGKILL)
            generator.ledger.quarantined(0)
            spoil(generator.ledger, os.path.join(generator.ledger.spool, "0"), world.random)
            collector.start_ready()
            generator.start()

        for _ in world.rounds(rounds):
            world.fault(act)
        settle()
        result = world.finish()
        if not result.declared:
            raise Broken("no batch was spoilt")
        return result
    return run


def damage_files(_ledger, folder, random):
    spool.damage(folder, random)


def remove_files(ledger, folder, random):
    ledger.removed |= {(0, *key) for key in spool.remove(folder, random)}


# many at once

def herd(world, rounds):
    """All agents lose their collector in the same moment, and come back in the next."""
    processes, senders = (2, 50) if world.is_short else (10, 100)
    world.begin(generators=0, tls_life="1h")
    for i in range(processes):
        world.add_generator("h%d" % i, senders=senders, rate=200, batch=8).start()
    world.wait_until(lambda: len(world.acked()) == processes * senders and min(world.acked().values()), "not all agents have begun",
                     4 * PROGRESS_S)
    for _ in world.rounds(rounds):
        world.fault(kill_collector, world)
    return world.finish()


# networks that lose packets

def no_loss_tool():
    return None if any(os.access(path, os.X_OK) for path in ("/usr/sbin/tc", "/usr/sbin/nft")) else "neither tc nor nft is installed"


NETEM = ["/usr/sbin/tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", "5%", "delay", "5ms", "reorder", "25%"]
NFT = "table inet chaos { chain lose { type filter hook input priority 0; numgen random mod 100 < 5 counter drop; }; }"


def lose_packets(enter):
    """By netem where the kernel has it, else by a rule that throws away what comes in; returns what counts them."""
    if os.access(NETEM[0], os.X_OK) and subprocess.run(enter + NETEM, capture_output=True, check=False).returncode == 0:
        return ["tc", "-s", "qdisc", "show", "dev", "lo"], r"dropped (\d+)", "netem"
    subprocess.run(enter + ["nft", NFT], check=True)
    return ["nft", "list", "ruleset"], r"packets (\d+)", "nftables, as this kernel has no netem"


def packet_loss(world, rounds):
    holder = Process(world, "network", ["unshare", "--net", "sh", "-c", "ip link set lo up && exec sleep 100000"]).start()
    world.others.append(holder)
    network = "/proc/%d/ns/net" % holder.pid
    while not ended(holder.pid) and os.readlink(network) == os.readlink("/proc/self/ns/net"):
        time.sleep(0.01)
    time.sleep(0.2)
    world.enter = ["nsenter", "--net=" + network]
    world.add_collector(url="tcp://127.0.0.1:5555").start_ready()
    for tag in "ab":
        world.add_generator(tag, watchdog="5s").start()
    world.wait_for_progress(world.acked())
    count, pattern, way = lose_packets(world.enter)

    def restart():
        if world.random.random() < 0.5:
            kill_collector(world)
        else:
            kill_agent(world)

    for _ in world.rounds(rounds):
        world.pause(1, 3)
        world.fault(restart)
    result = world.finish()
    said = subprocess.run(world.enter + count, capture_output=True, text=True, check=True).stdout
    packets = int(re.search(pattern, said).group(1))
    if not packets:
        raise Broken("no packet was lost: " + said)
    result.note("%d packets were lost by %s" % (packets, way))
    return result


# the real agent

class Workload:
    """secagent with a workload whose every process has a mark of its own, and says so once it has been run."""

    def __init__(self, world, total):
        self.world, self.total = world, total
        self.done, self.spool = os.path.join(world.folder, "done"), os.path.join(world.folder, "spool-agent")
        self.cuts = []  # marks at which a life after a kill began
        self.agent = None

    def start(self):
        first = self.executed() + 1
        script = ("exec 3>>%s; i=%d; while [ $i -le %d ]; do /bin/true \"mark=agent.0.$i;\" || exit 9; echo $i >&3; i=$((i+1)); done"
                  % (self.done, first, self.total))
        self.cuts.append(first)
        self.agent = Process(self.world, "secagent-%d" % len(self.cuts), [
            self.world.bin + "/secagent", "run", "--collector", self.world.collectors[0].url, "--spool", self.spool, "--", "/bin/sh", "-c", script])
        self.world.others.append(self.agent.start())

    def executed(self):
        if not os.path.exists(self.done):
            return 0
        with open(self.done, "rb") as file:
            return file.read().count(b"\n")

    def stored(self):
        """Rows, or None while the database is away."""
        try:
            return int(self.world.query("SELECT count(*) FROM event")[0][0])
        except Broken:
            return None

    def expect_more(self):
        before, until = None, time.monotonic() + PROGRESS_S
        while self.agent.is_running():
            now = self.stored()
            if before is not None and now is not None and now > before:
                return
            before = now if before is None else before
            if time.monotonic() > until:
                self.world.result.stuck += 1
                self.world.result.note("no event of secagent arrives within %d s" % PROGRESS_S)
                return
            self.world.keep_alive()
            time.sleep(0.1)

    def wait_until(self, count):
        while self.executed() < count and self.agent.is_running():
            time.sleep(0.02)

    def kill(self):
        family = descendants(self.agent.pid)
        self.agent.end(signal.SIGKILL)
        for pid in family[1:]:
            send(pid, signal.SIGKILL)
        while not all(ended(pid) for pid in family):
            time.sleep(0.01)
        self.start()

    def deliver_rest(self):
        """secagent ends some seconds after its workload: what could not be delivered until then goes with the next run."""
        for _ in range(RUNS_MAX):
            if not glob.glob(self.spool + "/*.batch"):
                break
            self.world.keep_alive()
            run = Process(self.world, "secagent-rest", [self.world.bin + "/secagent", "run", "--collector", self.world.collectors[0].url,
                                                        "--spool", self.spool, "--", "/bin/true"])
            run.start().child.wait(4 * PROGRESS_S)

    def check(self, result):
        """An exec that the agent had not put on disk when it was killed is excused, if it was among the last before."""
        rows = {mark: int(n) for mark, n in self.world.query(
            "SELECT mark, count(*) FROM (SELECT substring(encode(raw, 'escape') FROM 'mark=agent.0.([0-9]+);') AS mark FROM event "
            "WHERE kind = 1) m WHERE mark IS NOT NULL GROUP BY mark")}
        missing = {mark for mark in range(1, self.executed() + 1) if "%d" % mark not in rows}
        excused = set()
        for cut in self.cuts:
            while cut > 1 and cut - 1 in missing:
                cut -= 1
                excused.add(cut)
        lost = missing - excused
        result.sent, result.stored, result.unspooled = self.executed() - len(excused), len(rows), len(excused)
        result.doubled += sum(n - 1 for n in rows.values())
        if lost:
            declared = sum(self.world.declared().values())
            result.declared = min(declared, len(lost))
            result.lost += len(lost) - result.declared
            result.note("executed under secagent, but not stored (%d declared)" % declared, lost)
        if glob.glob(self.spool + "/*.batch"):
            result.stuck += 1
            result.note("secagent has ended with batches in its spool: " + " | ".join(self.agent.log_tail()))


def real_agent(world, rounds):
    """A workload under secagent goes on while the collector, the database and the agent itself are killed."""
    world.add_collector().start_ready()
    workload = Workload(world, 400 * rounds)
    workload.start()
    kills = (lambda: kill_collector(world), lambda: kill_postmaster(world), workload.kill)

    for round_ in world.rounds(rounds):
        workload.wait_until(400 * round_ + 100)
        kills[round_ % len(kills)]()
        world.faults += 1
        workload.expect_more()
    workload.agent.child.wait(4 * PROGRESS_S)
    workload.deliver_rest()
    world.wait_until(world.can_ask, "the database does not come back")
    workload.check(world.result)
    return world.result


# several collectors

def two_collectors(world, rounds):
    """One database, two collectors behind one address; the one in use dies, and the other takes over what may be stored already."""
    keeper = world.add_collector(name="keeper", state="keeper").start_ready()
    keeper.end(signal.SIGTERM)
    server = Process(world, "postgres", ["setpriv", "--reuid=clewline", "--regid=clewline", "--clear-groups",
                                         glob.glob("/usr/lib/postgresql/*/bin/postgres")[0], "-D", keeper.state + "/pg", "-c", "listen_addresses=",
                                         "-c", "unix_socket_directories=" + keeper.state + "/pg.sock"]).start()
    world.collectors.clear()
    world.others.append(server)
    world.conninfo = "host=%s/pg.sock user=clewline dbname=clewline" % keeper.state
    world.wait_until(world.can_ask, "PostgreSQL does not start")
    for name in ("one", "two"):
        collector = world.add_collector(name=name, state=name)
        collector.env["DATABASE_URL"] = world.conninfo
        collector.start_ready()
    address = os.path.join(world.folder, "intake.sock")

    def point_to(collector):
        os.symlink(collector.state + "/intake.sock", address + ".new")
        os.rename(address + ".new", address)

    point_to(world.collectors[0])
    for tag in "ab":
        world.add_generator(tag, url="ipc://" + address).start()
    world.add_generator("c", url=world.collectors[1].url).start()
    world.wait_for_progress(world.acked())

    def fail_over(round_):
        dying, other = world.collectors[round_ % 2], world.collectors[1 - round_ % 2]
        dying.signal(signal.SIGKILL)
        point_to(other)
        dying.end(signal.SIGKILL)
        dying.start()

    for round_ in world.rounds(rounds):
        world.pause(0.2, 1)
        world.fault(fail_over, round_)
    return world.finish()


# identity

def renewal(world, rounds):
    """Certificates end all the time, and are renewed while agents and the collector die."""
    world.begin(tls_life="9s" if world.is_short else "30s", alerts=100)
    for _ in world.rounds(rounds):
        world.pause(2, 6)
        world.fault(world.random.choice((kill_agent, kill_collector)), world)
    world.wait_until(lambda: world.logs_say("renewed") >= len(world.generators), "no certificate is renewed")
    return world.finish()


def rotation(world, rounds):
    """The authority's root is changed in its three steps under load; each waits until all agents have taken over the one before."""
    world.begin(tls_life="1h", alerts=100)

    def step():
        world.wait_until(lambda: world.secctl("authority", "rotate")[0] == 0, "the root cannot be changed: " +
                         world.secctl("authority", "show")[1], 4 * PROGRESS_S)

    for _ in world.rounds(rounds):
        for _ in range(3):
            world.fault(step)
            world.pause(0, 1)
            world.fault(world.random.choice((kill_agent, kill_collector)), world)
    return world.finish()


def revocation(world, rounds):
    """A revoked agent is out, with what it had not delivered on its disk; the others go on."""
    world.begin(tls_life="1h")
    # Who joins later is told from the others by not having been listed before: they must all be.
    world.wait_until(lambda: all(sum(generator.ledger.acked().values()) for generator in world.generators), "an agent does not begin")
    for round_ in world.rounds(rounds):
        before = {line.split()[0] for line in world.secctl("agents", "list")[1].splitlines()[1:] if line.split()}
        guest = world.add_generator("r%d" % round_, rate=50).start()
        world.wait_until(lambda: sum(guest.ledger.acked().values()), "an agent does not begin")
        named = {line.split()[0] for line in world.secctl("agents", "list")[1].splitlines()[1:] if line.split()} - before
        if len(named) != 1:
            raise Broken("the new agent is not listed: %s" % named)
        world.generators.remove(guest)
        world.others.append(guest)
        code, _, said = world.secctl("agents", "revoke", named.pop())
        if code:
            raise Broken("could not revoke: " + said)
        world.pause(4, 5)
        acked = sum(guest.ledger.acked().values())
        world.fault(world.pause, 1, 2)
        if sum(guest.ledger.acked().values()) != acked:
            raise Broken("a revoked agent still delivers")
        guest.end(signal.SIGKILL)
        world.guests.append(guest.ledger)
    return world.finish()


def alert_lane(world, rounds):
    """Alerts overtake bulk that comes as fast as it can, while the collector dies."""
    world.begin(alerts=100, rate=4000)
    for _ in world.rounds(rounds):
        world.pause(0.5, 2)
        world.fault(kill_collector, world)
    return world.finish()


# the checker itself

def self_test(world, _rounds):
    """A checker that cannot fail is worthless: one event removed, one written twice, one batch that nobody takes."""
    world.begin(generators=1, rate=2000)
    world.pause(1, 1)
    clean = world.finish()
    if clean.lost or clean.doubled or clean.stuck or not clean.stored:
        return clean
    generator = world.generators[0]
    world.supervised = False

    def expect(what, **expected):
        world.result = ledgers.Result()
        found = world.compare()
        if any(getattr(found, name) != expected.get(name, 0) for name in ("lost", "doubled", "stuck")) or not found.notes:
            raise Broken("%s is not caught: %s" % (what, found))
        return found

    # the copy is told apart from the first by its time: only the mark says that it is the same
    one = "(SELECT ctid FROM event WHERE encode(raw, 'escape') LIKE '%mark=a.0.17;%')"
    columns = "tenant_id, event_id, received_at, kind, type, origin_id, stream_id, task_id, actor_id, raw"
    world.query("INSERT INTO event (ts, %s) SELECT ts + interval '1 microsecond', %s FROM event WHERE ctid IN %s" % (columns, columns, one))
    expect("a doubled event", doubled=1)
    world.query("DELETE FROM event WHERE encode(raw, 'escape') LIKE '%mark=a.0.17;%'")
    expect("a lost event", lost=1)
    world.collectors[0].end(signal.SIGTERM)
    generator.options.update(count=1, finish="0s")
    generator.start().child.wait()
    world.collectors[0].start_ready()
    expect("a batch that nobody takes", lost=1, stuck=1)
    world.result = ledgers.Result()
    world.wait_for_progress(world.acked(), 0.1)
    if world.result.stuck != 1:
        raise Broken("a sender that does not move is not caught")
    generator.options.update(finish="60s")
    generator.start().child.wait()
    expect("nothing but the lost event", lost=1)
    clean.notes.append("a lost, a doubled and a stuck one were caught")
    return clean


SCENARIOS = [
    Scenario("self-test", "the checker catches a lost, a doubled and a stuck batch", self_test, 1, 1),
    Scenario("kill-agent", "kill -9 of an agent", killing(kill_agent), 4, 100),
    Scenario("kill-collector", "kill -9 of the collector", killing(kill_collector), 3, 100),
    Scenario("kill-postmaster", "kill -9 of the postmaster", killing(kill_postmaster), 3, 100),
    Scenario("kill-all", "kill -9 of agents, collector and postmaster at once", killing(kill_all), 3, 100),
    Scenario("stop-agent", "SIGSTOP of an agent", stopping(agent_pids), 1, 3),
    Scenario("stop-collector", "SIGSTOP of the collector", stopping(collector_pid), 1, 3),
    Scenario("stop-database", "SIGSTOP of PostgreSQL, all its processes", stopping(database_pids), 1, 3),
    Scenario("full-spool", "no room in the spool: a small disk, and its bound", spool_disk_full, 1, 10),
    Scenario("full-database", "no room on the database's disk", database_disk_full, 1, 10),
    Scenario("clock-agent", "an agent's clock is 48 h ahead, then behind", clock(lambda world: world.generators[0]), 2, 9, no_faketime),
    Scenario("clock-collector", "the collector's clock is 48 h ahead, then behind", clock(lambda world: world.collectors[0]), 2, 9,
             no_faketime),
    Scenario("poison", "poison and oversize batches, and strangers, among good batches", poison, 5, 50),
    Scenario("spool-damage", "bit flips and cuts in the spool while the agent is down", spoiling(damage_files), 2, 30),
    Scenario("spool-removed", "files of the spool are taken away while the agent is down", spoiling(remove_files), 1, 20),
    Scenario("herd", "many agents reconnect over TLS at once: 1000 in the long form", herd, 1, 5),
    Scenario("packet-loss", "5 % of the packets are lost, over TCP, while programs die", packet_loss, 1, 20, no_loss_tool),
    Scenario("alert-lane", "kill -9 of the collector while alerts overtake bulk", alert_lane, 1, 30),
    Scenario("renewal", "certificates are renewed while programs die", renewal, 2, 20),
    Scenario("rotation", "the authority's root is changed while programs die", rotation, 1, 3),
    Scenario("revocation", "agents are revoked while others deliver", revocation, 0, 5),
    Scenario("real-agent", "a workload under secagent while it, collector and database die", real_agent, 3, 30),
    Scenario("failover", "kill -9 of the primary of two PostgreSQL servers, and its standby takes over", standby.fail_over, 1, 20),
    Scenario("patroni", "Patroni changes the primary of three servers, on request and when it dies", patroni.change_primaries, 0, 9,
             patroni.not_installed),
    Scenario("two-collectors", "two collectors on one database, and the one in use dies", two_collectors, 2, 30),
]
