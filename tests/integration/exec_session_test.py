#!/usr/bin/env python3
"""From a shell in a container to the cloud user who opened it: the agent on a real kernel, CloudTrail's record, a real collector.

usage: exec_session_test.py BIN-FOLDER

The session agent of ECS is played: a program of its name, at its place, in a root of its own, starts a shell.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIP = 77
BIN = os.path.abspath(sys.argv[1])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SESSION = "ecs-execute-command-0dfcb1f8c2e47585a"
ACCOUNT = "123456789012"
CLUSTER = "arn:aws:ecs:us-west-1:%s:cluster/shop" % ACCOUNT
TASK = "arn:aws:ecs:us-west-1:%s:task/shop/1dddc34c0a574b74a2a3d9e2b8b5a111" % ACCOUNT
FOLDER = "/managed-agents/execute-command"
failures = []

RULES = """
- rule: Made
  desc: a file made
  condition: evt.type in (open, openat, openat2, creat) and evt.is_open_write = true and fd.name startswith /usr/local/bin/made
  output: "made %fd.name session=%ecs.exec.session_id by=%proc.name"
  priority: ERROR
"""

ROOT = r"""
set -e
root=$1
mkdir -p $root/bin $root%s $root/usr/local/bin $root/proc
cp "$(command -v busybox)" $root/bin/busybox
ln -s busybox $root/bin/sh
"""


def check(condition, sentence, seen=None):
    print(("ok      " if condition else "FAILED  ") + sentence, flush=True)
    if not condition:
        failures.append(sentence)
        print("        %s" % (seen,))


def run(*args, **options):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, check=False, **options)


def make_worker(root):
    """A static program that runs /bin/sh -c with what its environment says, as a child."""
    source = root + "/worker.c"
    with open(source, "w", encoding="ascii") as file:
        file.write('#include <stdlib.h>\nint main(void) { return system(getenv("WORK")); }\n')
    return run("gcc", "-static", "-o", root + FOLDER + "/ssm-session-worker", source).returncode == 0


def play(root, rules, collector):
    script = "touch /usr/local/bin/made-in-session"
    return run(BIN + "/secagent", "run", "-r", rules, "--spool", root + ".spool", "--collector", collector, "--", "chroot", root,
               "/bin/sh", "-c", "WORK='%s' %s/ssm-session-worker %s; touch /usr/local/bin/made-outside" % (script, FOLDER, SESSION))


def record(when):
    return {
        "eventVersion": "1.08", "eventID": "11111111-2222-3333-4444-555555555555", "eventTime": when, "awsRegion": "us-west-1",
        "eventSource": "ecs.amazonaws.com", "eventName": "ExecuteCommand", "recipientAccountId": ACCOUNT, "readOnly": False,
        "eventType": "AwsApiCall", "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2.15",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAQ3EGRTSEXAMPLEQ7", "accountId": ACCOUNT, "userName": "badlugo",
                         "arn": "arn:aws:iam::%s:user/badlugo" % ACCOUNT, "accessKeyId": "AKIAQ3EGRTSEXAMPLEK1"},
        "requestParameters": {"cluster": "shop", "task": TASK.rsplit("/", 1)[1], "container": "app", "command": "/bin/sh",
                              "interactive": True},
        "responseElements": {"clusterArn": CLUSTER, "taskArn": TASK, "containerName": "app", "interactive": True,
                             "session": {"sessionId": SESSION, "streamUrl": "HIDDEN_DUE_TO_SECURITY_REASONS",
                                         "tokenValue": "HIDDEN_DUE_TO_SECURITY_REASONS"}},
    }


def alerts(state):
    done = run(BIN + "/secctl", "alerts", "list", "--state", state, "-o", "json")
    return json.loads(done.stdout)["alerts"] if done.returncode == 0 else []


def investigate(state, alert):
    done = run(BIN + "/secctl", "investigate", alert["id"], "--state", state, "-o", "json")
    return json.loads(done.stdout)


def check_answers(state, folder):
    inside = next(a for a in alerts(state) if "made-in-session" in a["output"])
    outside = next(a for a in alerts(state) if "made-outside" in a["output"])
    verdict = investigate(state, inside)["verdict"]
    check(not any("was in the container" in s["text"] for s in verdict), "before the record nobody is named", verdict)
    trail = folder + "/trail"
    os.mkdir(trail)
    with open(trail + "/record.json", "w", encoding="ascii") as file:
        json.dump({"Records": [record(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))]}, file)
    done = run(BIN + "/seccloudtrail", "run", "--once", "--files", trail, "--collector", "ipc://" + state + "/intake.sock",
               "--spool", folder + "/trail-spool")
    check(done.returncode == 0, "the record is delivered", done.stderr)
    document = investigate(state, inside)
    check("badlugo was in the container: opened ECS Exec session " + SESSION in document["verdict"][0]["text"],
          "with the record the user is named, in the first sentence", document["verdict"])
    check(document["verdict"][0]["strength"] == "performed", "as a deed")
    verdict = investigate(state, outside)["verdict"]
    check(not any("was in the container" in s["text"] for s in verdict), "what happened outside of the session is not theirs", verdict)


def main():
    if os.geteuid() != 0 or not shutil.which("busybox"):
        print("skipped: needs root and busybox")
        return SKIP
    with tempfile.TemporaryDirectory() as folder:
        root, state, rules = folder + "/root", folder + "/state", folder + "/rules.yaml"
        os.chmod(folder, 0o755)
        made = run("sh", "-c", ROOT % FOLDER, "sh", root)
        if made.returncode != 0 or not make_worker(root):
            print("skipped: no static program can be made here: %s" % made.stderr)
            return SKIP
        with open(rules, "w", encoding="ascii") as file:
            file.write(RULES)
        up = run(BIN + "/secctl", "up", "--state", state)
        check(up.returncode == 0, "a collector runs", up.stderr)
        try:
            done = play(root, rules, "ipc://" + state + "/intake.sock")
            lines = done.stdout.splitlines()
            check(any("made-in-session session=%s by=sh" % SESSION in line for line in lines), "what the shell does has its session",
                  done.stdout + done.stderr)
            check(any("made-outside session=<NA>" in line for line in lines), "what others do has none", done.stdout)
            check_answers(state, folder)
        finally:
            run(BIN + "/secctl", "down", "--state", state)
    print("%d failed" % len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
