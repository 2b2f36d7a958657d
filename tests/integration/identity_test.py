#!/usr/bin/env python3
"""Agents that enrol, deliver, renew, change roots and are revoked, with a real collector and its PostgreSQL: nothing is lost or doubled.

usage: identity_test.py BIN-FOLDER FEEDER
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from programs import environment, free_port, until, WAIT_S
from verdict import check, conclude, failures, SKIP

BIN, FEEDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Collector:
    def __init__(self, folder, life, database=None):
        self.state, self.life = folder + "/state", life
        self.env = {**environment(), **({"DATABASE_URL": database} if database else {})}
        self.log = open(folder + "/collector.log", "ab+")
        # a port that was free a moment ago may be another test's by now
        for _ in range(5):
            self.url = "tls+tcp://127.0.0.1:%d" % free_port()
            if self.start():
                break
        else:
            raise SystemExit("the collector does not start: " + self.text()[-2000:])

    def start(self):
        self.child = subprocess.Popen([BIN + "/seccollector", "--state", self.state, "--intake", self.url,
                                       "--certificate-life", self.life], stderr=self.log, env=self.env)
        until(lambda: self.child.poll() is not None or self.ask("status")[0] == 0)
        return self.child.poll() is None

    def ask(self, *words):
        done = subprocess.run([BIN + "/secctl", *words, "--state", self.state, "-o", "json"], capture_output=True, text=True,
                              env=environment())
        return done.returncode, json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else done.stderr

    def events(self):
        return self.ask("status")[1]["counts"]["events"]

    def token(self, *more):
        return self.ask("agents", "enrol", *more)[1]["token"]

    def agents(self):
        return {agent["id"]: agent for agent in self.ask("agents", "list")[1]["agents"]}

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(WAIT_S)

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")


class Feeder:
    """A running feeder with all that it said so far."""

    def __init__(self, url, spool, identity, token="-", clock=None):
        self.lines = []
        env = environment()
        if clock:
            # the sanitizer's library wants to come first, and waits are measured by the clock that nobody sets
            env.update(FAKETIME_DONT_FAKE_MONOTONIC="1", ASAN_OPTIONS="verify_asan_link_order=0")
        self.child = subprocess.Popen([*(("faketime", "-f", clock) if clock else ()), FEEDER, url, spool, identity, token],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, word):
        return [line for line in list(self.lines) if line.startswith(word)]

    def state(self):
        states = self.said("state")
        return dict(pair.split("=", 1) for pair in states[-1][6:].split(" ", 5)) if states else {}

    def acked(self, least):
        return until(lambda: int(self.state().get("acked", 0)) >= least)

    def goes_on(self):
        """True when batches sent from now on are acknowledged."""
        return self.acked(int(self.state().get("acked", 0)) + 3)

    def end(self):
        """How many events it sent, all of them delivered; None if they were not."""
        self.child.stdin.close()
        self.child.wait(WAIT_S)
        self.reader.join()
        last = self.said("sent")
        return int(last[0][5:]) if last and self.state().get("waiting") == "0" else None

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.reader.join()


def agent_of(feeder):
    granted = feeder.said("granted")
    return granted[0].split('"')[1] if granted else None


def enrol_and_renew(collector, folder, others):
    feeder = Feeder(collector.url, folder + "/spool-a", folder + "/id-a", collector.token("--tag", "blue"))
    check(until(lambda: feeder.said("granted")), "an agent with a token gets a certificate", feeder.lines[-3:])
    check(feeder.acked(3), "and delivers", feeder.lines[-3:])
    agent = collector.agents().get(agent_of(feeder), {})
    check(agent.get("state") == "valid" and agent.get("tags") == ["blue"] and agent.get("name") == "feeder" and
          "last_seen" in agent, "it is listed with what its token says", agent)
    check(os.stat(folder + "/id-a/agent.pem").st_mode & 0o777 == 0o600, "its key is for nobody else's eyes")
    check(until(lambda: len(feeder.said("renewed")) >= 2), "its certificate is renewed, again and again", feeder.lines[-3:])
    check(feeder.goes_on(), "and it goes on delivering", feeder.lines[-3:])
    known = {agent_of(feeder), *(agent_of(other) for other in others)}
    check(set(collector.agents()) == known, "as the same agent", (list(collector.agents()), known))
    return feeder


def tokens_are_bounded(collector, folder):
    token = collector.token()
    first = Feeder(collector.url, folder + "/spool-b", folder + "/id-b", token)
    check(until(lambda: first.said("granted")), "a token serves its one agent", first.lines[-3:])
    second = Feeder(collector.url, folder + "/spool-c", folder + "/id-c", token)
    check(until(lambda: second.said("failed")) and "used up" in second.said("failed")[0], "and no second one",
          second.lines[-3:])
    second.kill()
    # the answer to the first may have been lost: the same key may ask again
    sent = first.end()
    with open(folder + "/id-b/agent.pem", encoding="utf-8") as file:
        key = file.read().split("-----BEGIN CERTIFICATE")[0]
    with open(folder + "/id-b/agent.pem", "w", encoding="utf-8") as file:
        file.write(key)
    again = Feeder(collector.url, folder + "/spool-b", folder + "/id-b", token)
    check(until(lambda: again.said("granted")) and agent_of(again) == agent_of(first),
          "but its own key may ask again, and stays the same agent", again.lines[-3:])
    more = again.end()
    check(sent is not None and more is not None, "both times all was delivered", (sent, more))
    late = Feeder(collector.url, folder + "/spool-d", folder + "/id-d", collector.token("--ttl", "1s"))
    # either it was quick enough, or the token had expired: which of the two, the collector says
    until(lambda: late.said("granted") or late.said("failed"))
    rest = late.end() if late.said("granted") else late.kill()
    return (sent or 0) + (more or 0) + (rest or 0)


def roots_change(collector, folder, feeder):
    check(collector.ask("authority", "show")[1]["stage"] == "steady", "a change of roots begins from one root")
    stages = []
    for _ in range(3):
        done = until(lambda: (lambda answer: answer if answer[0] == 0 else None)(collector.ask("authority", "rotate")))
        stages.append(done[1]["stage"] if done else None)
        check(feeder.goes_on(), "delivery goes on at stage %s" % stages[-1], feeder.lines[-3:])
    check(stages == ["prepared", "switched", "steady"], "the three steps were taken under load", stages)
    with open(folder + "/id-a/trust.pem", encoding="utf-8") as file:
        check(until(lambda: file.seek(0) == 0 and file.read().count("BEGIN") >= 1), "the agent has roots")
    newcomer = Feeder(collector.url, folder + "/spool-e", folder + "/id-e", collector.token())
    check(until(lambda: newcomer.said("granted")), "who enrols now trusts the new root", newcomer.lines[-3:])
    return newcomer.end()


def streams_have_owners(collector, folder):
    """A spool that was copied to another agent."""
    first = Feeder(collector.url, folder + "/spool-f", folder + "/id-f", collector.token())
    check(first.acked(2), "an agent delivers", first.lines[-3:])
    sent = first.end()
    shutil.copytree(folder + "/spool-f", folder + "/spool-g")
    before = collector.events()
    thief = Feeder(collector.url, folder + "/spool-g", folder + "/id-g", collector.token())
    check(until(lambda: int(thief.state().get("rejected", 0)) >= 1), "another may not go on with its stream", thief.lines[-3:])
    check("stream-foreign" in collector.text(), "the collector says so")
    check(thief.acked(2), "but goes on under a name of its own", thief.lines[-3:])
    total = thief.end()
    stored = collector.events() - before
    # what was rejected before it took a new name is kept apart on its disk, and declared
    dropped = int(thief.state().get("dropped", 0))
    check(total == stored + dropped, "and what was rejected is declared, event by event", (total, stored, dropped))
    return (sent or 0), stored


def collectors_die(collector, feeder):
    for _ in range(3):
        collector.kill()
        collector.start()
        check(feeder.goes_on(), "after a kill -9 of the collector delivery goes on", feeder.lines[-3:])


def copy_authority(collector, other):
    """By the line that docs/operations.md gives, run as it stands, the other machine being this one."""
    with open(TOP + "/docs/operations.md", encoding="utf-8") as file:
        line = next(line.strip() for line in file if line.startswith("    tar -C STATE --exclude=root.key"))
    here, there = line.replace("ssh OTHER", "sh -c").split("|", 1)
    owner = "clewline:" if os.geteuid() == 0 else "%d:" % os.geteuid()
    command = here.replace("STATE", collector.state) + "|" + there.replace("STATE", other).replace("clewline:", owner)
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    check(done.returncode == 0, "the documented command copies the authority", done.stderr[-300:])
    check(not glob.glob(other + "/ca/*/root.key") and os.stat(other + "/ca").st_mode & 0o777 == 0o700, "without the root's key, for its user alone")


def collectors_share(collector, folder):
    """Two collectors on one database, and a change of roots that one of them begins."""
    database = "host=%s/pg.sock user=clewline dbname=clewline" % collector.state
    work = folder + "/second"
    os.mkdir(work)
    os.chmod(work, 0o755)
    alone = subprocess.run([BIN + "/seccollector", "--state", work + "/state", "--intake", "tls+tcp://127.0.0.1:%d" % free_port()],
                           capture_output=True, text=True, env={**environment(), "DATABASE_URL": database}, timeout=WAIT_S)
    check(alone.returncode == 4 and "copy ca/ without root.key" in alone.stderr, "a collector with an authority of its own does not start",
          (alone.returncode, alone.stderr[-400:]))
    copy_authority(collector, work + "/state")
    second = Collector(work, "12s", database)
    feeder = Feeder(second.url, folder + "/spool-s", folder + "/id-s", collector.token())
    check(feeder.acked(2), "with the same one it does, and takes agents with tokens of the first", feeder.lines[-3:])
    behind = 0
    for stage in ("prepared", "switched", "steady"):
        done = until(lambda: (lambda answer: answer if answer[0] == 0 else None)(collector.ask("authority", "rotate")))
        check(done and done[1]["stage"] == stage, "the first takes a step: " + stage, done)
        behind += 1
        check(until(lambda: second.text().count("authority-behind") >= behind), "the second says that it is behind", second.text()[-300:])
        reloaded = second.text().count("authority-reloaded")
        copy_authority(collector, second.state)
        check(until(lambda: second.text().count("authority-reloaded") > reloaded), "and takes over what is copied, without a restart",
              second.text()[-300:])
        check(second.ask("authority", "show")[1]["stage"] == stage and feeder.goes_on(), "agents go on", feeder.lines[-3:])
    sent = feeder.end()
    check(sent is not None and second.stop() == 0, "all was delivered by the second", feeder.lines[-3:])


def revocation(collector, folder):
    feeder = Feeder(collector.url, folder + "/spool-h", folder + "/id-h", collector.token("--uses", "5"))
    check(feeder.acked(2), "an agent delivers before it is revoked", feeder.lines[-3:])
    agent = agent_of(feeder)
    check(collector.ask("agents", "revoke", agent, "--reason", "a test")[0] == 0, "it is revoked while it is connected")
    check(until(lambda: "revoked" in feeder.state().get("error", "")), "its connection ends, and it is told why",
          feeder.lines[-3:])
    acked = int(feeder.state()["acked"])
    until(lambda: int(feeder.state()["sent"]) > int(feeder.state()["acked"]) + 1000, 50)
    check(int(feeder.state()["acked"]) == acked, "nothing of its is taken any more", feeder.lines[-3:])
    feeder.kill()
    agents = collector.agents()
    check(agents[agent]["state"] == "revoked" and agents[agent]["revoked_reason"] == "a test", "it is listed as revoked",
          agents.get(agent))
    again = Feeder(collector.url, folder + "/spool-h", folder + "/id-h", collector.token())
    check(until(lambda: any("revoked" in line for line in again.lines)) and not again.said("granted"),
          "with its old key it cannot enrol again", again.lines[-3:])
    again.kill()
    check(collector.ask("agents", "revoke", "ag_nobody")[0] == 5, "who does not exist cannot be revoked")


CLOCKS = (("fast", "+48h", -48), ("slow", "-48h", 48))  # name, how the agent's is set, what it must be told to add, in hours


def wrong_clocks(collector, folder):
    """Agents whose clocks are wrong, by name; they wait for their renewal while others do."""
    if not shutil.which("faketime"):
        print("skipped: faketime is not installed, so every clock here is right")
        return {}
    return {name: Feeder(collector.url, folder + "/spool-" + name, folder + "/id-" + name, collector.token(), clock)
            for name, clock, _ in CLOCKS}


def clocks_differ(collector, feeders):
    for name, clock, hours in CLOCKS:
        feeder = feeders.get(name)
        if not feeder:
            continue
        check(until(lambda: feeder.said("granted")), "an agent whose clock is wrong by %s enrols" % clock, feeder.lines[-3:])
        check(until(lambda: feeder.said("renewed")), "its certificate is renewed when it is due, not before", feeder.lines[-3:])
        check(len(feeder.said("renewed")) <= 3, "and not again and again", feeder.said("renewed"))
        streams = collector.ask("status")[1]["streams"]
        check(sum(abs(stream.get("clock_offset_ms", 0) - hours * 3600000) < 3600000 for stream in streams) == 1,
              "and status says how far its clock is away", streams)
        table = subprocess.run([BIN + "/secctl", "status", "--state", collector.state], capture_output=True, text=True, env=environment())
        check("2d behind" in table.stdout or "1d23h behind" in table.stdout if name == "slow" else " ahead" in table.stdout,
              "on the screen, too", table.stdout)


def main():
    if not shutil.which("pg_config") and not os.path.isdir("/usr/lib/postgresql"):
        print("skipped: PostgreSQL is not installed")
        return SKIP
    folder = tempfile.mkdtemp(prefix="clewline-identity.")
    os.chmod(folder, 0o755)
    collector = Collector(folder, "12s")
    try:
        wrong = wrong_clocks(collector, folder)
        feeder = enrol_and_renew(collector, folder, set(wrong.values()))
        clocks_differ(collector, wrong)
        others = roots_change(collector, folder, feeder) or 0
        for other in wrong.values():
            sent = other.end()
            check(sent is not None, "all of an agent whose clock is wrong is delivered", other.lines[-3:])
            others += sent or 0
        others += tokens_are_bounded(collector, folder)
        collectors_die(collector, feeder)
        sent = feeder.end()
        check(sent is not None, "all that the first agent had was delivered", feeder.lines[-3:])
        check(collector.events() == (sent or 0) + others, "every event is stored, and none twice",
              (collector.events(), sent, others))
        collectors_share(collector, folder)
        streams_have_owners(collector, folder)
        revocation(collector, folder)
        check(collector.stop() == 0, "the collector ends in order")
    finally:
        if collector.child.poll() is None:
            collector.kill()
        if failures:
            print(collector.text()[-6000:])
        shutil.rmtree(folder, ignore_errors=True)
    return conclude()


sys.exit(main())
