"""Two PostgreSQL servers, a primary and its synchronous standby, that change places: what Patroni and its like do."""
import glob
import os
import shutil
import signal
import subprocess
import time

from world import Broken, Process, send

AS_USER = ["setpriv", "--reuid=clewline", "--regid=clewline", "--clear-groups", "env", "HOME=/nonexistent"]
USER, PATIENCE_S = "clewline", 60


def programs():
    return os.path.dirname(sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))[-1])


class Server:
    def __init__(self, world, name, port):
        self.world, self.name, self.port = world, name, port
        self.data = os.path.join(world.folder, name)
        os.mkdir(self.data, 0o700)
        shutil.chown(self.data, USER, USER)
        self.process = Process(world, name, AS_USER + [programs() + "/postgres", "-D", self.data, "-p", str(port), "-c",
                                                       "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
        world.others.append(self.process)

    def conninfo(self, database="postgres"):
        return "host=127.0.0.1 port=%d user=clewline dbname=%s sslmode=disable connect_timeout=5" % (self.port, database)

    def run(self, program, *words):
        done = subprocess.run(AS_USER + [programs() + "/" + program, *words], capture_output=True, text=True, check=False,
                              env=self.world.environment())
        if done.returncode:
            raise Broken("%s: %s" % (program, done.stderr.strip()[-300:]))

    def ask(self, statement, database="postgres"):
        done = subprocess.run(["psql", "-XqAt", "-c", statement, self.conninfo(database)], capture_output=True, text=True, check=False,
                              env={**self.world.environment(), "HOME": "/nonexistent"})
        return done.stdout.strip() if done.returncode == 0 else None

    def make(self):
        self.run("initdb", "-D", self.data, "-U", "clewline", "--auth=trust", "--no-locale", "--encoding=UTF8", "--data-checksums")
        return self

    def start(self):
        self.process.start()
        self.world.wait_until(lambda: self.ask("SELECT 1") == "1", self.name + " does not start", PATIENCE_S)
        return self

    def kill(self):
        """The postmaster and all that it started: nothing more comes from it, and nothing is put in order."""
        send(self.process.pid, signal.SIGKILL)
        self.process.end(signal.SIGKILL)
        time.sleep(0.2)

    def follow(self, primary):
        """Begins anew as a copy of the primary, which from then on commits only what is on both disks."""
        shutil.rmtree(self.data)
        os.mkdir(self.data, 0o700)
        shutil.chown(self.data, USER, USER)
        self.run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "-d", primary.conninfo() + " application_name=" + self.name)
        self.start()
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.ask("SELECT pg_reload_conf()")
        self.world.wait_until(lambda: primary.ask("SELECT sync_state FROM pg_stat_replication") == "sync",
                              self.name + " does not become a synchronous standby", PATIENCE_S)

    def promote(self):
        """Alone it may commit by itself: no second disk is there."""
        self.run("pg_ctl", "promote", "-D", self.data)
        self.world.wait_until(lambda: self.ask("SELECT pg_is_in_recovery()") == "f", self.name + " does not become the primary", PATIENCE_S)
        self.ask("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.ask("SELECT pg_reload_conf()")


def fail_over(world, rounds):
    """The primary is killed, its standby takes its place, and the old one comes back as the new one's standby."""
    primary = Server(world, "primary", next(world.ports)).make().start()
    standby = Server(world, "standby", next(world.ports))
    primary.ask("CREATE DATABASE clewline")
    standby.follow(primary)
    url = "host=127.0.0.1,127.0.0.1 port=%d,%d user=clewline dbname=clewline sslmode=disable target_session_attrs=read-write" % (
        primary.port, standby.port)
    collector = world.add_collector()
    collector.env["DATABASE_URL"] = url
    collector.start_ready()
    world.conninfo = url
    for tag in "ab":
        world.add_generator(tag).start()
    world.wait_for_progress(world.acked())
    servers = [primary, standby]

    def change_places():
        servers[0].kill()
        servers[1].promote()
        servers.reverse()

    for _ in world.rounds(rounds):
        world.pause(0.5, 2)
        world.fault(change_places)
        servers[1].follow(servers[0])
        world.wait_for_progress(world.acked())
    if servers[0].ask("SELECT timeline_id FROM pg_control_checkpoint()") == "1":
        raise Broken("no server was promoted")
    return world.finish()
