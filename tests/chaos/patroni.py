"""Three PostgreSQL servers that the real Patroni keeps, with etcd beside them: switchovers, and primaries that die with and without their Patroni.

Neither is part of the product, nor needed by it: where they are not installed (Debian: patroni, etcd-server) the scenario is skipped.
"""
import json
import os
import shutil
import signal
import urllib.error
import urllib.request

from standby import AS_USER, USER, Server, programs
from world import Broken, Process, descendants, ended, send

NODES = ("one", "two", "three")
TTL_S, LOOP_S, RETRY_S = 20, 1, 3  # the least that Patroni takes; its default is 30, 10, 10
PATIENCE_S = 120                   # for a server to be copied, or a primary to be found
ANSWER_S = 5
SWITCHOVER_S = 60

CONFIGURATION = """
scope: clewline
name: %(name)s
restapi: {listen: '127.0.0.1:%(api)d', connect_address: '127.0.0.1:%(api)d'}
etcd3: {host: '127.0.0.1:%(etcd)d'}
bootstrap:
  dcs:
    ttl: %(ttl)d
    loop_wait: %(loop)d
    retry_timeout: %(retry)d
    primary_start_timeout: 0
    master_start_timeout: 0
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {wal_keep_size: '512MB', max_connections: 60}
  initdb: [{encoding: UTF8}, no-locale, data-checksums]
postgresql:
  listen: '127.0.0.1:%(port)d'
  connect_address: '127.0.0.1:%(port)d'
  data_dir: %(data)s
  bin_dir: %(programs)s
  pgpass: %(folder)s/pgpass
  authentication:
    superuser: {username: clewline, password: no-secret}
    replication: {username: replicator, password: no-secret}
    rewind: {username: clewline, password: no-secret}
  parameters: {unix_socket_directories: ''}
  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
"""


def not_installed():
    missing = [name for name in ("patroni", "etcd") if not shutil.which(name)]
    return "%s is not installed (Debian: patroni, etcd-server)" % " and ".join(missing) if missing else None


class Node:
    """Patroni and the server that it starts."""

    def __init__(self, world, name, etcd):
        self.world, self.name, self.api = world, name, next(world.ports)
        folder = os.path.join(world.folder, name)
        os.mkdir(folder, 0o700)
        self.server = Server(world, os.path.join(name, "data"), next(world.ports))
        values = {"name": name, "api": self.api, "etcd": etcd, "port": self.server.port, "data": self.server.data, "folder": folder,
                  "programs": programs(), "ttl": TTL_S, "loop": LOOP_S, "retry": RETRY_S}
        path = os.path.join(folder, "patroni.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION % values)
        for one in (folder, path):
            shutil.chown(one, USER, USER)
        self.process = Process(world, "patroni-" + name, AS_USER + [shutil.which("patroni"), path])
        world.others.append(self.process)

    def start(self):
        self.process.start()
        return self

    def ask(self, path, body=None):
        """The answer of its REST interface, or None."""
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.api, path), json.dumps(body).encode() if body else None)
        try:
            with urllib.request.urlopen(request, timeout=SWITCHOVER_S if body else ANSWER_S) as answer:
                text = answer.read().decode()
        except (OSError, urllib.error.URLError):
            return None
        return text if body else json.loads(text)

    def postmaster(self):
        try:
            with open(self.server.data + "/postmaster.pid", encoding="ascii") as file:
                return int(file.readline())
        except (OSError, ValueError):
            return None

    def kill_server(self):
        if self.postmaster():
            send(self.postmaster(), signal.SIGKILL)

    def kill_machine(self):
        """Patroni first, so that it cannot tell anybody; then all that it started."""
        family = descendants(self.process.pid) + ([self.postmaster()] if self.postmaster() else [])
        self.process.signal(signal.SIGKILL)
        for pid in family:
            send(pid, signal.SIGKILL)
        self.process.end(signal.SIGKILL)
        self.world.wait_until(lambda: all(ended(pid) for pid in family), "a killed machine lives on")


class Cluster:
    def __init__(self, world):
        self.world = world
        client, peer = next(world.ports), next(world.ports)
        folder = os.path.join(world.folder, "etcd")
        urls = ["--listen-client-urls", "http://127.0.0.1:%d" % client, "--advertise-client-urls", "http://127.0.0.1:%d" % client,
                "--listen-peer-urls", "http://127.0.0.1:%d" % peer, "--initial-advertise-peer-urls", "http://127.0.0.1:%d" % peer,
                "--initial-cluster", "default=http://127.0.0.1:%d" % peer]
        world.others.append(Process(world, "etcd", [shutil.which("etcd"), "--data-dir", folder, "--log-level", "error", *urls]).start())
        self.nodes = [Node(world, name, client) for name in NODES]

    def members(self):
        for node in self.nodes:
            answer = node.ask("/cluster") if node.process.is_running() else None
            if answer:
                return answer["members"]
        return []

    def leader(self):
        """The node that leads, once its server says so itself and a synchronous standby follows."""
        roles = {member["name"]: member for member in self.members()}
        names = [name for name, member in roles.items() if member["role"] == "leader" and member["state"] == "running"]
        if len(names) != 1 or not any(member["role"] == "sync_standby" for member in roles.values()):
            return None
        return next(node for node in self.nodes if node.name == names[0])

    def wait_until_whole(self):
        """A leader, a synchronous standby, and everybody there."""
        self.world.wait_until(lambda: self.leader() and len(self.members()) == len(self.nodes) and
                              all(member["state"] in ("running", "streaming") for member in self.members()),
                              "the servers do not come together: %s" % self.members(), PATIENCE_S)
        return self.leader()

    def make(self):
        self.nodes[0].start()
        self.world.wait_until(lambda: self.nodes[0].server.ask("SELECT pg_is_in_recovery()") == "f", "the first server does not start", PATIENCE_S)
        self.nodes[0].server.ask("CREATE DATABASE clewline")
        for node in self.nodes[1:]:
            node.start()
        self.wait_until_whole()
        return self

    def url(self):
        """All of them, in the form that docs/operations.md has."""
        return "postgresql://clewline@%s/clewline?sslmode=disable&target_session_attrs=read-write" % (
            ",".join("127.0.0.1:%d" % node.server.port for node in self.nodes))

    # what is done to it

    def switch_over(self, leader):
        candidate = next(member["name"] for member in self.members() if member["role"] == "sync_standby")
        if leader.ask("/switchover", {"leader": leader.name, "candidate": candidate}) is None:
            raise Broken("Patroni refuses to switch over from %s to %s" % (leader.name, candidate))

    @staticmethod
    def kill_primary(leader):
        leader.kill_server()

    @staticmethod
    def kill_machine(leader):
        leader.kill_machine()


def change_primaries(world, rounds):
    """The primary changes on request, when its server is killed, and when its server and its Patroni are."""
    cluster = Cluster(world).make()
    collector = world.add_collector()
    world.conninfo = collector.env["DATABASE_URL"] = cluster.url()
    collector.start_ready()
    for tag in "ab":
        world.add_generator(tag).start()
    world.wait_for_progress(world.acked())
    acts = (cluster.switch_over, cluster.kill_primary, cluster.kill_machine)
    led = []
    for round_ in world.rounds(rounds):
        world.pause(0.5, 2)
        leader = cluster.wait_until_whole()
        led.append(leader.name)
        world.fault(acts[round_ % len(acts)], leader)
        if not leader.process.is_running():
            leader.start()
    led.append(cluster.wait_until_whole().name)
    if rounds and len(set(led)) < 2:
        raise Broken("the primary never changed: %s" % led)
    result = world.finish()
    result.note("primaries in turn: " + ", ".join(led))
    return result
