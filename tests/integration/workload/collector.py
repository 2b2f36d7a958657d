"""A collector with its own database on the volume that the containers of a bench have."""
import json
import os
import shutil
import subprocess
from datetime import datetime

URL = "ipc:///clewline/state/intake.sock"  # as containers see it
PATIENCE_S = 120  # ends a test that would hang


def why_not(binaries):
    """Why there can be none here; None if there can."""
    if not os.path.exists(binaries + "/seccollector"):
        return "no collector at " + binaries
    return None if shutil.which("pg_config") or os.path.isdir("/usr/lib/postgresql") else "PostgreSQL is not installed"


def seconds(time):
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


class Collector:
    def __init__(self, setup):
        self.program, self.state = setup.binaries + "/secctl", setup.shared + "/state"
        up = self.secctl("up")
        setup.check(up.returncode == 0, "a collector runs", up.stderr)

    def secctl(self, *args):
        return subprocess.run([self.program, *args, "--state", self.state], capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    def ask(self, *args):
        done = self.secctl(*args, "-o", "json")
        return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr}

    def declared(self, reason):
        """What agents said is lost for that reason: since when, until when (seconds since 1970), how much."""
        query = "SELECT extract(epoch FROM from_ts), extract(epoch FROM until_ts), events FROM declared_drop WHERE reason = '%s'" % reason
        done = subprocess.run(["psql", "-h", self.state + "/pg.sock", "-U", "clewline", "-AtF", " ", "-c", query, "clewline"],
                              capture_output=True, text=True, check=True, timeout=PATIENCE_S)
        return [(float(since), float(until), int(count)) for since, until, count in (line.split() for line in done.stdout.splitlines())]

    def close(self):
        self.secctl("down")
        shutil.rmtree(self.state, ignore_errors=True)
