#!/usr/bin/env python3
"""From a shell in a container to the cloud user who opened it: the sidecar on a real kernel, CloudTrail's record, a real collector.

usage: exec_session_test.py BIN-FOLDER RELEASE-BIN-FOLDER

A program stands in for the session agent of ECS (workload/session.c). As that one it is put into the container from outside, and is no child
of the launcher.
"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload"))
import bench  # noqa: E402
from entrance import RULES, SESSION, Entrance  # noqa: E402

BIN = os.path.abspath(sys.argv[1])
ACCOUNT = "123456789012"
CLUSTER = "arn:aws:ecs:us-west-1:%s:cluster/shop" % ACCOUNT
TASK = "arn:aws:ecs:us-west-1:%s:task/shop/1dddc34c0a574b74a2a3d9e2b8b5a111" % ACCOUNT
def run(*args, **options):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, check=False, **options)


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


def check_answers(check, state, folder):
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


def play(setup):
    check, state = setup.check, setup.shared + "/state"
    up = run(BIN + "/secctl", "up", "--state", state)
    check(up.returncode == 0, "a collector runs", up.stderr)
    try:
        stage = Entrance(setup, "--collector", "ipc:///clewline/state/intake.sock", "--spool", "/tmp/spool")
        try:
            stage.enter_agent()
            check(stage.open_session(SESSION, "/bin/touch /tmp/made-in-session"), "a session is opened")
            stage.container.enter(["/bin/touch", "/tmp/made-outside"])
            events, sidecar = stage.end()
        finally:
            stage.close()
        check(sidecar.code == 0 and "not-delivered" not in sidecar.err, "all is delivered", sidecar)
        sessions = {e["output_fields"]["fd.name"]: e["output_fields"]["ecs.exec.session_id"] for e in events if e["rule"] == "Create"}
        check(sessions.get("/tmp/made-in-session") == SESSION, "what the shell does has its session", sessions)
        check(sessions.get("/tmp/made-outside", "") is None, "what others do has none", sessions)
        check_answers(check, state, setup.work)
    finally:
        run(BIN + "/secctl", "down", "--state", state)


if __name__ == "__main__":
    sys.exit(bench.run(os.path.abspath(sys.argv[2]), RULES, play))
