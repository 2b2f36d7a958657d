#!/usr/bin/env python3
"""From what a task did to what was called in AWS with its keys: the endpoint of credentials, CloudTrail's record, a real collector.

usage: role_test.py BIN-FOLDER

The endpoint answers at the address that ECS has, in a network of the test's own. What signs requests must be found nowhere in the agent.
"""
import http.server
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench  # noqa: E402
import network  # noqa: E402
import task  # noqa: E402
from programs import environment  # noqa: E402
from verdict import check, conclude, SKIP  # noqa: E402

BIN = os.path.abspath(sys.argv[1])
ACCOUNT = "123456789012"
CLUSTER = "arn:aws:ecs:us-west-1:%s:cluster/shop" % ACCOUNT
TASK = "arn:aws:ecs:us-west-1:%s:task/shop/1dddc34c0a574b74a2a3d9e2b8b5a111" % ACCOUNT
ROLE = "arn:aws:iam::%s:role/shop-task" % ACCOUNT
CONTAINER = "1dddc34c0a574b74a2a3d9e2b8b5a111-1265927825"
KEYS = ["ASIAQ3EGRTSEXAMPLET1", "ASIAQ3EGRTSEXAMPLET2"]
SECRET, TOKEN = secrets.token_hex(20), secrets.token_hex(400)
HOST = "169.254.170.2"
RELATIVE = "/v2/credentials/0f8a6bb0"

RULES = """
- rule: Made
  desc: a file made
  condition: evt.type in (open, openat, openat2, creat) and evt.is_open_write = true and fd.name contains role-test-made
  output: "made %fd.name role=%ecs.task.role_arn key=%ecs.task.access_key_id task=%ecs.task.id az=%ecs.availability_zone type=%ecs.launch_type vpc=%ecs.vpc ips=%ecs.task.ips dns=%ecs.task.private_dns mac=%ecs.task.macs service=%ecs.service family=%ecs.task.family:%ecs.task.revision image=%container.image.id"
  priority: ERROR
"""


def run(*args, **options):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, check=False, **options)


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Metadata, and credentials that last a second the first time, so that they are asked for again."""
    asked = 0

    def do_GET(self):
        if self.path == RELATIVE:
            Endpoint.asked += 1
            key = KEYS[0] if Endpoint.asked == 1 else KEYS[1]
            ends = time.time() + (1 if Endpoint.asked == 1 else 6 * 3600)
            body = {"RoleArn": ROLE, "AccessKeyId": key, "SecretAccessKey": SECRET, "Token": TOKEN,
                    "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))}
        elif self.path.endswith("/task"):
            body = {"Cluster": "shop", "TaskARN": TASK, "Family": "shop", "Revision": "17", "LaunchType": "FARGATE", "ServiceName": "web",
                    "AvailabilityZone": "us-west-1b", "VPCID": "vpc-0abc",
                    "Containers": [{"DockerId": CONTAINER, "Name": "app", "Image": "shop:1", "ImageID": "sha256:aa",
                                    "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.2.106"], "IPv6Addresses": ["2001:db8::6a"],
                                                  "MACAddress": "0e:9e:32:c7:48:85", "IPv4SubnetCIDRBlock": "10.0.2.0/24",
                                                  "PrivateDNSName": "ip-10-0-2-106.us-west-1.compute.internal"}]}]}
        else:
            self.send_error(404)
            return
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def memory_has(pid, needles):
    """Which of the texts stand anywhere in the memory of a process."""
    found = set()
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            found |= {needle for needle in needles if needle.encode() in data}
    return found


def record(number, key, name):
    return {
        "eventVersion": "1.08", "eventID": "11111111-2222-3333-4444-55555555555%d" % number,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "awsRegion": "us-west-1", "eventSource": "s3.amazonaws.com",
        "eventName": name, "recipientAccountId": ACCOUNT, "readOnly": False, "eventType": "AwsApiCall", "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.15", "requestParameters": {"bucketName": "shop-invoices"}, "responseElements": None,
        # a name that is not the task's: the key alone ties it
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAQ3EGRTSEXAMPLER%d:somebody" % number, "accountId": ACCOUNT,
                         "arn": "arn:aws:sts::%s:assumed-role/shop-task/somebody" % ACCOUNT, "accessKeyId": key,
                         "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAQ3EGRTSEXAMPLER%d" % number, "arn": ROLE,
                                                              "accountId": ACCOUNT, "userName": "shop-task"}}},
    }


def tells_the_role(work, state):
    go = work + "/go"
    err = open(work + "/agent.err", "w+", encoding="utf-8")
    agent = subprocess.Popen(
        [BIN + "/secagent", "run", "-r", work + "/rules.yaml", "--spool", work + "/spool", "--collector",
         "ipc://" + state + "/intake.sock", "--", "/bin/sh", "-c",
         "while [ ! -e %s ]; do sleep 0.05; done; : >%s/role-test-made" % (go, work)], stdout=subprocess.PIPE, stderr=err, text=True,
        env=environment(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=RELATIVE, ECS_CONTAINER_METADATA_URI_V4="http://%s/v4/%s" % (HOST, CONTAINER)))

    def log():
        with open(err.name, encoding="utf-8") as file:
            return file.read()
    check(bench.wait_until(lambda: KEYS[1] in log()), "the role and its key are told, and the next key when it comes", log())
    check(KEYS[0] in log() and ROLE in log(), "the first one as well", log())
    found = memory_has(agent.pid, [SECRET, TOKEN[:40], TOKEN[100:140], KEYS[1]])
    check(found == {KEYS[1]}, "the secret key and the token are nowhere in the agent's memory", found)
    with open(go, "w", encoding="ascii"):
        pass
    out = agent.communicate(timeout=60)[0]
    check("role=%s key=%s task=1dddc34c0a574b74a2a3d9e2b8b5a111" % (ROLE, KEYS[1]) in out, "rules can print both", out)
    check("az=us-west-1b type=FARGATE vpc=vpc-0abc ips=(10.0.2.106,2001:db8::6a) dns=(ip-10-0-2-106.us-west-1.compute.internal) "
          "mac=(0e:9e:32:c7:48:85) service=web family=shop:17 image=sha256:aa" in out, "and where the task runs", out)
    spooled = b"".join(open(os.path.join(where, name), "rb").read() for where, _, names in os.walk(work + "/spool") for name in names)
    check(SECRET.encode() not in spooled and TOKEN[:40].encode() not in spooled, "nor on disk")
    err.close()


def secctl(state, *args):
    return run(BIN + "/secctl", *args, "--state", state, "-o", "json")


def ties_the_calls(work, state):
    trail = work + "/trail"
    os.mkdir(trail)
    with open(trail + "/record.json", "w", encoding="ascii") as file:
        json.dump({"Records": [record(1, KEYS[0], "DeleteBucket"), record(2, KEYS[1], "PutBucketPolicy"),
                               record(3, "ASIAQ3EGRTSEXAMPLEZ9", "DeleteBucketPolicy")]}, file)
    done = run(BIN + "/seccloudtrail", "run", "--once", "--files", trail, "--collector", "ipc://" + state + "/intake.sock",
               "--spool", work + "/trail-spool")
    check(done.returncode == 0, "the records are delivered", done.stderr)
    alerts = json.loads(secctl(state, "alerts", "list").stdout)["alerts"]
    made = next(alert for alert in alerts if alert["rule"] == "Made")
    document = json.loads(secctl(state, "investigate", made["id"]).stdout)
    keys = {entity["entity"]: entity["key"] for entity in document["entities"]}
    called = {keys[link["to"]]: link for link in document["links"] if link["relation"] == "called_as" and keys[link["from"]] == TASK}
    check(set(called) == {"AROAQ3EGRTSEXAMPLER1:somebody", "AROAQ3EGRTSEXAMPLER2:somebody"},
          "who called with the task's keys, the former one too, is tied to it; nobody else is", (called, document["links"]))
    for link in called.values():
        check(link["strength"] == "identity" and link["confidence"] == 0.99 and
              [method["method"] for method in link["methods"]] == ["task-access-key"] and len(link["methods"][0]["events"]) >= 2,
              "exactly, with what the agent and the record say as evidence", link)
    facts = next(entity for entity in document["entities"] if entity["key"] == TASK)["facts"]
    check(facts.get("role_arn") == ROLE and facts.get("access_key_id") == KEYS[1], "the task has its role and its newest key", facts)
    check(facts.get("addresses") == "10.0.2.106 2001:db8::6a" and facts.get("vpc") == "vpc-0abc" and facts.get("mac") and
          facts.get("availability_zone") == "us-west-1b" and facts.get("private_dns"), "and its place and addresses", facts)
    told = " ".join(entry["text"] for entry in document["timeline"])
    check("called DeleteBucket" in told and "called PutBucketPolicy" in told and "DeleteBucketPolicy" not in told, "what was called is in the timeline", told)
    document = json.loads(secctl(state, "investigate", KEYS[0]).stdout)
    check(TASK in [entity["key"] for entity in document["entities"]], "the key itself leads to the task", document["entities"])


def sidecar_asks_by_its_containers(work):
    """The sidecar without the variable learns where to ask from what is launched."""
    stand = bench.Bench(work, BIN, work + "/rules.yaml")
    stage = stand.task(True)
    try:
        uri = "ECS_CONTAINER_METADATA_URI_V4=http://%s/v4/%s" % (HOST, CONTAINER)
        container = stage.launch("workload", "shell", ["/bin/sh", "-c", "while [ ! -e /clewline/enough ]; do /bin/sleep 0.05; done"],
                                 ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=" + RELATIVE, uri])
        check(bench.wait_until(lambda: "key " + KEYS[1] in stage.sidecar.text("err")), "a sidecar asks where its container does",
              stage.sidecar.text("err"))
        with open(stand.shared + "/enough", "w", encoding="ascii"):
            pass
        check(container.finish().code == 0 and stage.sidecar.finish().code == 0, "both end in order")
    finally:
        stage.close()


def main():
    if os.geteuid() != 0 or not os.path.exists(BIN + "/secagent"):
        print("skipped: needs root and a release build at %s" % BIN)
        return SKIP
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that containers are ended
    network.enter()
    network.add_address(1, HOST)
    server = http.server.ThreadingHTTPServer((HOST, 80), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    work = tempfile.mkdtemp(prefix="clewline-role.", dir="/tmp")
    os.chmod(work, 0o755)
    state = work + "/state"
    try:
        with open(work + "/rules.yaml", "w", encoding="ascii") as file:
            file.write(RULES)
        up = run(BIN + "/secctl", "up", "--state", state)
        check(up.returncode == 0, "a collector runs", up.stderr)
        try:
            tells_the_role(work, state)
            ties_the_calls(work, state)
        finally:
            run(BIN + "/secctl", "down", "--state", state)
        if shutil.which("runc") and os.path.exists(task.PROFILE):
            sidecar_asks_by_its_containers(work)
        else:
            print("skipped: runc or Docker's seccomp profile is not installed")
    finally:
        subprocess.run(["rm", "-rf", work], check=False)
    return conclude()


sys.exit(main())
