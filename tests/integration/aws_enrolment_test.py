#!/usr/bin/env python3
"""Agents that enrol by a role of AWS: a real collector asks a real HTTPS server on the loopback that checks signatures itself.

usage: aws_enrolment_test.py BIN-FOLDER FEEDER PROVER
"""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sts as fake  # noqa: E402
from programs import environment, free_port, until, WAIT_S  # noqa: E402
from verdict import check, conclude, failures, SKIP  # noqa: E402

BIN, FEEDER, PROVER = (os.path.abspath(word) for word in sys.argv[1:4])
ACCOUNT, TASK = "111122223333", "f8ae635548f7a98a29c64d879089e04f"
SESSION = "FwoGZXIvYXdzEXAMPLE+/session=="
ROLE = "arn:aws:iam::%s:role/service/web" % ACCOUNT
WEB = "arn:aws:sts::%s:assumed-role/web/%s" % (ACCOUNT, TASK)
CALLERS = {
    "ASIAWEB0000000000001": {"secret": "secret-of-web", "session": SESSION, "arn": WEB},
    "AKIAENV0000000000001": {"secret": "secret-of-env", "arn": WEB.replace(TASK, "by-hand")},
    "ASIAOTHER00000000001": {"secret": "secret-of-other", "arn": WEB.replace("/web/", "/other/")},
    "AKIAUSER000000000001": {"secret": "secret-of-user", "arn": "arn:aws:iam::%s:user/anna" % ACCOUNT},
}


class Collector:
    def __init__(self, folder, sts):
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        self.state, self.log = folder + "/state", open(folder + "/collector.log", "ab+")
        for _ in range(5):  # a port that was free a moment ago may be another test's by now
            self.url = "tls+tcp://127.0.0.1:%d" % free_port()
            self.child = subprocess.Popen([BIN + "/seccollector", "--state", self.state, "--intake", self.url, "--sts-address",
                                           sts.address, "--sts-trust-file", sts.trust], stderr=self.log, env=environment())
            until(lambda: self.child.poll() is not None or self.ask("status")[0] == 0)
            if self.child.poll() is None:
                break
        else:
            raise SystemExit("the collector does not start: " + self.text()[-2000:])

    def ask(self, *words):
        done = subprocess.run([BIN + "/secctl", *words, "--state", self.state, "-o", "json"], capture_output=True, text=True,
                              env=environment())
        return done.returncode, json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else done.stderr

    def agents(self):
        return {agent["id"]: agent for agent in self.ask("agents", "list")[1]["agents"]}

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def stop(self):
        self.child.terminate()
        return self.child.wait(WAIT_S)


class Feeder:
    def __init__(self, url, folder, name, invitation, env, clock=None):
        self.lines, words = [], [FEEDER, url, folder + "/spool-" + name, folder + "/id-" + name, invitation]
        if clock:
            env = {**env, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0"}
            words = ["faketime", "-f", clock, *words]
        self.child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(**env))
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, word):
        return [line for line in list(self.lines) if line.startswith(word)]

    def delivers(self):
        return until(lambda: any("acked=0 " not in line for line in self.said("state")))

    def fails_with(self, words):
        return until(lambda: self.said("granted") or any(words in line for line in self.said("failed"))) and not self.said("granted")

    def end(self, kill=False):
        self.child.kill() if kill else self.child.stdin.close()
        self.child.wait(WAIT_S)
        self.reader.join()


def keys(access_key, session=None, region="eu-central-1"):
    env = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": CALLERS[access_key]["secret"], "AWS_REGION": region}
    return {**env, "AWS_SESSION_TOKEN": session} if session else env


def others_agree():
    """The checking half is checked by signers that nobody here wrote."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "x-clewline-enrolment": "1 root=00 tenant=1 key=ff"}
    try:
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
    except ImportError:
        print("skipped: botocore is not installed, so it does not sign here; unit.aws.sigv4 asks libcurl")
        return
    request = botocore.awsrequest.AWSRequest("POST", "https://sts.eu-central-1.amazonaws.com/", headers, fake.BODY)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials("ASIAWEB0000000000001", "secret-of-web", SESSION), "sts",
                            "eu-central-1").add_auth(request)
    sent = {name.lower(): value for name, value in request.headers.items()}
    sent["host"] = "sts.eu-central-1.amazonaws.com"
    check(fake.verify(CALLERS, "POST", "/", sent, fake.BODY)[0] == CALLERS["ASIAWEB0000000000001"], "what botocore signs is taken", sent)
    for name in ("content-type", "x-clewline-enrolment", "host", "x-amz-date"):
        check(fake.verify(CALLERS, "POST", "/", {**sent, name: sent[name] + "x"}, fake.BODY)[1] == "SignatureDoesNotMatch",
              "but not with another " + name)


def a_task_enrols(collector, sts, folder):
    with open(folder + "/token", "w", encoding="utf-8") as file:
        file.write("Basic of-the-file\n")
    web = CALLERS["ASIAWEB0000000000001"]
    endpoint = fake.Credentials({"AccessKeyId": "ASIAWEB0000000000001", "SecretAccessKey": web["secret"], "Token": web["session"],
                                 "Expiration": "2030-01-01T00:00:00Z"}, "Basic of-the-file")
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": folder + "/token",
           "AWS_REGION": "eu-central-1"}
    invitation = collector.ask("agents", "roles")[1]["invitation"]
    early = Feeder(collector.url, folder, "a", invitation, env)
    check(early.fails_with("no role of AWS is allowed") and not sts.seen, "while no role is allowed, nobody enrols and AWS is not asked",
          early.lines[-3:])
    allowed = collector.ask("agents", "allow-role", ROLE, "--tag", "blue")
    check(allowed[0] == 0 and allowed[1]["invitation"] == invitation, "a role is allowed", allowed)
    check(until(lambda: early.said("granted")), "the agent, which goes on trying, gets a certificate", early.lines[-3:])
    check(early.delivers(), "and delivers", early.lines[-3:])
    agent = next(iter(collector.agents().values()), {})
    check(agent.get("enrolled_by") == WEB and agent.get("tags") == ["blue"], "it is listed with its task and the role's tags", agent)
    seen = sts.seen[-1]
    check(seen.get("accept") == "application/json" and seen["host"] == "sts.eu-central-1.amazonaws.com" and not sts.strays,
          "AWS was asked for JSON, by its own name", seen)
    early.end()
    endpoint.stop()
    return invitation, agent.get("id")


def real_agent(collector, folder, invitation):
    done = subprocess.run([BIN + "/secagent", "run", "--collector", collector.url, "--enrol-aws", invitation, "--identity", folder + "/id-real",
                           "--spool", folder + "/spool-real", "--", "sh", "-c",
                           "while [ ! -e %s/id-real/trust.pem ]; do sleep 0.1; done; echo $CLEWLINE_ENROL_AWS" % folder],
                          capture_output=True, text=True, env=environment(**keys("AKIAENV0000000000001")), timeout=WAIT_S)
    check(done.returncode == 0, "secagent itself enrols with keys of its environment", (done.stderr[-500:], done.stdout))
    check(any(agent["enrolled_by"].endswith("/by-hand") for agent in collector.agents().values()), "as the role's session",
          list(collector.agents().values()))


def who_is_refused(collector, sts, folder, invitation):
    for name, env, words in (
            ("wrong secret", {**keys("AKIAENV0000000000001"), "AWS_SECRET_ACCESS_KEY": "guessed"}, "SignatureDoesNotMatch"),
            ("unknown key", {**keys("AKIAENV0000000000001"), "AWS_ACCESS_KEY_ID": "AKIANOBODY0000000001"}, "InvalidClientTokenId"),
            ("missing session token", keys("ASIAWEB0000000000001"), "InvalidClientTokenId"),
            ("role that is not allowed", keys("ASIAOTHER00000000001"), "assumed-role/other/%s may not enrol" % TASK),
            ("user", keys("AKIAUSER000000000001"), "has no role"),
            ("no region", {**keys("AKIAENV0000000000001"), "AWS_REGION": ""}, "AWS_REGION does not say"),
            ("no credentials", {"AWS_REGION": "eu-central-1"}, "there are no credentials of AWS"),
            ("credentials of a stranger", {"AWS_REGION": "eu-central-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.169.254/x"},
             "only from this machine")):
        feeder = Feeder(collector.url, folder, "refused", invitation, env)
        check(feeder.fails_with(words), "refused: " + name, feeder.lines[-3:])
        feeder.end(kill=True)
    check(len(collector.agents()) == 2, "none of them is an agent", collector.agents())


def proof_of(sts, env, collector, folder, invitation):
    """A proof as AWS saw it, from an agent that was refused for another reason."""
    sts.mode = "broken"
    feeder = Feeder(collector.url, folder, "captured", invitation, env)
    check(until(lambda: any("AWS cannot say now" in line for line in feeder.said("failed"))), "while AWS fails, an agent is put off",
          feeder.lines[-3:])
    feeder.end(kill=True)
    sts.mode = ""
    seen = sts.seen[-1]
    return [seen["host"], seen["x-amz-date"], seen.get("x-amz-security-token", "-"), seen["authorization"]]


def prove(collector, invitation, proof):
    return subprocess.run([PROVER, collector.url, invitation, *proof], capture_output=True, text=True, env=environment(), timeout=WAIT_S).stdout


def proofs_are_bound(collector, other, sts, folder, invitation):
    proof = proof_of(sts, keys("ASIAWEB0000000000001", SESSION), collector, folder, invitation)
    host, date, session, authorization = proof
    answer = prove(collector, invitation, proof)
    check("SignatureDoesNotMatch" in answer, "a captured proof is of no use for another key", answer)
    other.ask("agents", "allow-role", ROLE)
    answer = prove(other, other.ask("agents", "roles")[1]["invitation"], proof)
    check("SignatureDoesNotMatch" in answer, "nor at another collector", answer)
    asked = len(sts.seen)
    old = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=16)).strftime("%Y%m%dT%H%M%SZ")
    for name, changed, words in (
            ("a host of somebody else", ["example.org", date, session, authorization], "no endpoint of STS"),
            ("the metadata of the collector's own machine", ["169.254.169.254", date, session, authorization], "no endpoint of STS"),
            ("a host with more in it", [host + "/@example.org", date, session, authorization], "no endpoint of STS"),
            ("another region's host", ["sts.us-east-1.amazonaws.com", date, session, authorization], "another day, region or service"),
            ("a date 16 minutes old", [host, old, session, authorization], "before the collector's time"),
            ("no binding signed", [host, date, session, authorization.replace(";x-clewline-enrolment", "")], "must sign the headers"),
            ("more headers signed", [host, date, session, authorization.replace("host;", "host;x-amz-target;")], "must sign the headers"),
            ("a header in the session token", [host, date, "a\r\nX-Amz-Target: b", authorization], "session token is none"),
            ("a header in the signature", [host, date, session, authorization + "\r\nX: y"], "64 hexadecimal digits")):
        answer = prove(collector, invitation, changed)
        check(answer.startswith("failed") and words in answer, "refused: " + name, answer)
    check(len(sts.seen) == asked and not sts.strays, "and AWS was asked for none of them", sts.strays)


def answers_are_bounded(collector, sts, folder, invitation):
    env = keys("ASIAWEB0000000000001", SESSION)
    for mode, words in (("redirect", "AWS refuses the proof (status 307)"), ("endless", "no certificate can be given now"),
                        ("markup", "does not say who asks")):
        sts.mode = mode
        feeder = Feeder(collector.url, folder, mode, invitation, env)
        check(feeder.fails_with(words), "an answer that is %s gives no certificate" % mode, feeder.lines[-3:])
        sts.mode = ""
        check(mode != "endless" or "reply of AWS" in collector.text(), "the log says why", collector.text()[-300:])
        check(until(lambda: feeder.said("granted")), "once AWS answers again, it enrols", feeder.lines[-3:])
        feeder.end()
    check(not sts.strays, "no redirect was followed", sts.strays)


def clocks_differ(collector, folder, invitation):
    if not shutil.which("faketime"):
        print("skipped: faketime is not installed, so every clock here is right")
        return
    feeder = Feeder(collector.url, folder, "slow", invitation, keys("ASIAWEB0000000000001", SESSION), "-48h")
    check(until(lambda: feeder.said("granted")), "an agent whose clock is wrong by 48 hours enrols by the collector's", feeder.lines[-3:])
    check(len(feeder.said("failed")) == 1, "at the second try", feeder.said("failed"))
    feeder.end()


def the_end_of_a_role(collector, folder, invitation, agent):
    check(collector.ask("agents", "forbid-role", ROLE)[0] == 0, "a role is forbidden")
    check(collector.ask("agents", "forbid-role", ROLE)[0] == 5, "which can be done once")
    check(collector.ask("agents", "allow-role", WEB)[0] == 2, "a session is no role to allow")
    collector.ask("agents", "allow-role", "arn:aws:iam::999999999999:role/web")
    feeder = Feeder(collector.url, folder, "late", invitation, keys("ASIAWEB0000000000001", SESSION))
    check(feeder.fails_with("may not enrol"), "its holders enrol no more, whatever another account's role is called", feeder.lines[-3:])
    feeder.end(kill=True)
    check(collector.agents()[agent]["state"] == "valid", "who did stays")
    collector.ask("agents", "allow-role", ROLE)
    collector.ask("agents", "revoke", agent)
    with open(folder + "/id-a/agent.pem", encoding="utf-8") as file:
        key = file.read().split("-----BEGIN CERTIFICATE")[0]
    with open(folder + "/id-a/agent.pem", "w", encoding="utf-8") as file:
        file.write(key)
    feeder = Feeder(collector.url, folder, "a", invitation, keys("ASIAWEB0000000000001", SESSION))
    check(until(lambda: any("revoked" in line for line in feeder.lines)) and not feeder.said("granted"),
          "a revoked agent's key does not enrol by its role either", feeder.lines[-3:])
    feeder.end(kill=True)


def main():
    if not os.path.isdir("/usr/lib/postgresql") or not shutil.which("openssl"):
        print("skipped: PostgreSQL or openssl is not installed")
        return SKIP
    others_agree()
    folder = tempfile.mkdtemp(prefix="clewline-aws.")
    os.chmod(folder, 0o755)
    sts = fake.Sts(folder, CALLERS)
    collector, other = Collector(folder + "/one", sts), Collector(folder + "/two", sts)
    try:
        invitation, agent = a_task_enrols(collector, sts, folder)
        real_agent(collector, folder, invitation)
        who_is_refused(collector, sts, folder, invitation)
        proofs_are_bound(collector, other, sts, folder, invitation)
        answers_are_bounded(collector, sts, folder, invitation)
        clocks_differ(collector, folder, invitation)
        the_end_of_a_role(collector, folder, invitation, agent)
        told = collector.text()
        check(not any(secret in told for caller in CALLERS.values() for secret in (caller["secret"], SESSION)), "no log has a secret in it")
        check(collector.stop() == 0 and other.stop() == 0, "the collectors end in order")
    finally:
        for one in (collector, other):
            if one.child.poll() is None:
                one.child.kill()
                one.child.wait()
        sts.stop()
        if failures:
            print(collector.text()[-6000:])
        shutil.rmtree(folder, ignore_errors=True)
    return conclude()


sys.exit(main())
