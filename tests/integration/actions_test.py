#!/usr/bin/env python3
"""Acts of attackers, one for each official rule that the event generator has an action for: the rule fires, ours too, and no other.

usage: actions_test.py BIN-FOLDER [--only ACTION] [--show]

Each row of actions/table.py runs in a fresh container (Fargate's capabilities, Docker's seccomp profile, an overlay as root) under
`secagent run -o json`, once with the official rule files of $CLEWLINE_SHARED and once with ours. Whether it is a container for rules is
said by a metadata endpoint. --show prints what fired.
"""
import concurrent.futures
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "actions"))
import image  # noqa: E402
import network  # noqa: E402
import table  # noqa: E402
import task  # noqa: E402
from verdict import check, conclude, SKIP  # noqa: E402

WORKERS = 3
TOP = os.path.join(task.HERE, "..", "..", "..")
CONTAINER = "0123456789abcdef0123456789abcdef-1234567890"
ANSWER = {"DockerId": CONTAINER, "Name": "app", "DockerName": "app", "Image": "shop/app:1", "ImageID": "sha256:" + "1" * 64,
          "Labels": {"com.amazonaws.ecs.cluster": "shop", "com.amazonaws.ecs.container-name": "app"}, "Type": "NORMAL"}
OFFICIAL = ("falco_rules.yaml", "falco-incubating_rules.yaml")


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"Containers": [ANSWER]} if self.path.endswith("/task") else ANSWER).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Stage:
    def __init__(self, work, official):
        self.work, self.count, self.lock = work, 0, threading.Lock()
        shared = work + "/shared"
        os.makedirs(shared + "/official")
        os.chmod(work, 0o711)
        shutil.copy(BIN + "/secagent", shared)
        for name in OFFICIAL:
            shutil.copy(os.path.join(official, name), shared + "/official")
        shutil.copytree(TOP + "/rules/runtime", shared + "/ours", ignore=shutil.ignore_patterns("tests"))
        self.images = image.Images(work + "/images", work)
        self.lower = self.images.root("actions")
        self.template = task.Template(shared)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.endpoint = "ECS_CONTAINER_METADATA_URI_V4=http://127.0.0.1:%d/v4/%s" % (server.server_port, CONTAINER)

    def run(self, row, rules):
        """Names of the rules that fired, and what the container said."""
        with self.lock:
            self.count += 1
            name = "clewline-act-%d-%d" % (os.getpid(), self.count)
        folder = os.path.join(self.work, name)
        for part in ("upper", "work", "root"):
            os.makedirs(os.path.join(folder, part))
        os.chmod(folder + "/upper", 0o755)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", "lowerdir=%s,upperdir=%s/upper,workdir=%s/work" % (
            self.lower, folder, folder), folder + "/root"], check=True)
        capabilities = task.CAPABILITIES
        args = ["/clewline/secagent", "run", "-o", "json", *(["-r", "/clewline/" + rules]), "--"]
        args += row.script if isinstance(row.script, list) else ["/bin/sh", "-c", row.script]
        config = self.template.config(capabilities, folder + "/root", args, [self.endpoint] if row.where else [])
        config["root"]["readonly"] = False
        config["process"]["user"] = {"uid": row.user, "gid": row.user}
        for kind in config["process"]["capabilities"]:
            config["process"]["capabilities"][kind] = capabilities + row.capabilities if not row.user else []
        with open(folder + "/config.json", "w", encoding="utf-8") as file:
            json.dump(config, file)
        try:
            done = subprocess.run(["runc", "--root", self.work + "/runc", "run", name], cwd=folder, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=120)
        finally:
            subprocess.run(["umount", "-l", folder + "/root"], check=False)
        return {json.loads(line)["rule"] for line in done.stdout.splitlines() if line.startswith('{"hostname"')}, done


def official_folder():
    shared = os.environ.get("CLEWLINE_SHARED") or os.path.join(TOP, "..", "shared")
    folder = os.path.join(shared, "corpora", "falco")
    return folder if os.path.isdir(folder) else None


def why_not():
    if os.geteuid() != 0:
        return "containers need root"
    if not shutil.which("runc") or not os.path.exists(task.PROFILE):
        return "runc or Docker's seccomp profile is not installed"
    if not os.path.exists(BIN + "/secagent"):
        return "no release build at %s" % BIN
    if not official_folder():
        return "no official rules: neither $CLEWLINE_SHARED nor ../shared is there"
    return None


def check_table(folder):
    """Every action that has a rule in the files is in the table, under the rule that it names."""
    with open(folder + "/event-generator-actions.json", encoding="utf-8") as file:
        actions = json.load(file)["actions"]
    wanted = {a["action"].split(".")[1]: a["rule"] for a in actions if a["rule_file"] in OFFICIAL}
    ours = {row.action: row.official for row in table.ROWS}
    check(ours == wanted, "the table has all %d actions" % len(wanted), set(wanted.items()) ^ set(ours.items()))


def show(row, official, ours):
    print("%s\n    official: %s\n    ours:     %s" % (row.action, ", ".join(sorted(official)), ", ".join(sorted(ours))), flush=True)


def check_row(row, result):
    for kind, name, others, (fired, done) in (("official", row.official, row.also_official, result[0]), ("our", row.ours, row.also_ours, result[1])):
        check(fired == others | {name}, "%s: the %s rule \"%s\" fires%s" % (
            row.action, kind, name, ", and " + ", ".join(sorted(others)) if others else ", alone"),
            {"missing": (others | {name}) - fired, "besides": fired - others - {name}, "exit": done.returncode, "err": done.stderr[-600:]})


def main():
    reason = why_not()
    if reason:
        print("skipped: " + reason)
        return SKIP
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    network.enter()
    network.add_address(1, table.PEER)
    network.add_address(2, table.METADATA)
    servers = [network.listen(table.PEER, 443), network.listen(table.METADATA, 80)]
    work = tempfile.mkdtemp(prefix="clewline-actions.", dir="/tmp")
    try:
        check_table(official_folder())
        stage = Stage(work, official_folder() + "/rules")
        rows = [row for row in table.ROWS if only in row.action]
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            results = list(pool.map(lambda row: (stage.run(row, "official"), stage.run(row, "ours")), rows))
        for row, result in zip(rows, results):
            if "--show" in sys.argv:
                show(row, result[0][0], result[1][0])
            else:
                check_row(row, result)
    finally:
        subprocess.run(["rm", "-rf", work], check=False)
        for server in servers:
            server.close()
    return conclude()


BIN = os.path.abspath(sys.argv[1])
sys.exit(main())
