#!/usr/bin/env python3
"""The story, end to end, with the released programs: plays it and checks the answer, not only that something was printed.

usage: story_test.py BIN-FOLDER [--plain]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
PLAIN = "--plain" in sys.argv
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def secctl(state, *args, expect=0):
    done = subprocess.run([BIN + "/secctl", *args, "--state", state], capture_output=True, text=True, timeout=120)
    check(done.returncode == expect, "secctl %s exits with %d" % (" ".join(args), expect))
    if done.returncode != expect:
        print(done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


def investigate(state, reference):
    return json.loads(secctl(state, "investigate", reference, "-o", "json").stdout)


class Document:
    """An investigation with its entities by id, so that checks read as sentences."""

    def __init__(self, document):
        self.document = document
        self.entities = {e["entity"]: e for e in document["entities"]}

    def entity(self, kind, key):
        for entity in self.document["entities"]:
            if entity["kind"] == kind and key in (entity["key"], entity.get("name")):
                return entity
        return None

    def links(self, from_kind, to_kind):
        for link in self.document["links"]:
            ends = self.entities.get(link["from"]), self.entities.get(link["to"])
            if all(ends) and (ends[0]["kind"], ends[1]["kind"]) == (from_kind, to_kind):
                yield link, ends[0], ends[1]

    def has_link(self, from_kind, to_kind, strength, test):
        return any(l["strength"] == strength and test(l, a, b) for l, a, b in self.links(from_kind, to_kind))


def check_runtime_alerts(story, alerts):
    mine = [a for a in alerts if story["uuid"] in a["output"] and a["source"] == "syscall"]
    created = [a for a in mine if a["rule"] == "Write below binary dir"]
    modified = [a for a in mine if a["rule"] == "Modify binary dirs"]
    check(len(created) == 1, "touch fires Write below binary dir, once")
    check(len(modified) == 2, "the renaming and the removal fire Modify binary dirs, once each")
    acts = sorted(a["output_fields"].get("evt.type", "?")[:6] for a in modified)
    check(acts == ["rename", "unlink"], "each of the two for its own act: " + " ".join(acts))
    for alert in created + modified:
        check("Suspicious Filesystem Changes" in alert["policies"] and alert["severity"] == "high",
              "%s names the policy Suspicious Filesystem Changes, severity high" % alert["rule"])
        where = (alert["task"], alert["cluster"], alert["account"], alert["region"])
        expected = (story["task_arn"], story["cluster_arn"], story["account"], story["region"])
        check(where == expected, "%s carries task, cluster, account, region" % alert["rule"])
        container = alert["container"] or {}
        check((container.get("name"), container.get("image"), container.get("image_id")) ==
              ("QASecureEventGenerator", story["image"], story["image_id"]), "%s carries container and image" % alert["rule"])
    return created[0]["id"] if created else None


def check_cloud_alerts(story, alerts):
    mine = [a for a in alerts if a["source"] == "aws_cloudtrail"]
    for rule, region in (("Console login without MFA", "us-east-1"), ("ECS cluster deleted", story["region"]),
                         ("CloudTrail trail deleted", story["region"])):
        found = [a for a in mine if a["rule"] == rule and a["user"] == "badlugo" and a["region"] == region]
        check(len(found) == 1, "%s, by badlugo in %s, exactly once" % (rule, region))
    check(not [a for a in mine if a["user"] == "deploy-bot"], "the refused DeleteCluster of deploy-bot fires nothing")


def check_links(story, doc):
    ours = story["cluster_arn"]
    check(doc.has_link("alert", "task", "identity", lambda l, a, b: b["key"] == story["task_arn"]), "alert -> task: identity")
    check(doc.has_link("task", "cluster", "identity", lambda l, a, b: b["key"] == ours), "task -> cluster: identity")
    check(doc.has_link("container", "image", "identity", lambda l, a, b: b["key"] == story["image_id"]),
          "container -> image: identity, by digest")
    check(doc.has_link("user", "cluster", "performed", lambda l, a, b: a["name"] == "badlugo" and b["key"] == ours and
                       l["relation"] == "deleted"), "badlugo -> cluster: deleted, performed")
    check(doc.has_link("user", "trail", "performed", lambda l, a, b: a["name"] == "badlugo"), "badlugo -> trail: performed")
    check(doc.has_link("user", "cluster", "attempted", lambda l, a, b: a["name"] == "deploy-bot" and b["key"] == ours),
          "deploy-bot -> cluster: attempted only")
    check(not doc.has_link("user", "cluster", "performed", lambda l, a, b: a["name"] == "deploy-bot" and
                           l["relation"] == "deleted"), "deploy-bot deleted nothing")
    ties = [l for l, a, b in doc.links("alert", "user") if l["strength"] == "association"]
    check(ties and all(0 < l["confidence"] <= 0.65 and l["cause"] is False for l in ties),
          "alert ~ badlugo: association, at most 0.65, no cause")
    check(not [l for l, a, b in doc.links("alert", "user") if l["strength"] != "association" and
               a["key"] == doc.document["subject"].get("id")], "nothing ties the alert to a user more strongly")
    for link in doc.document["links"]:
        check(bool(link["methods"]) and all(m["events"] for m in link["methods"]),
              "link %d (%s) has a method with evidence" % (link["id"], link["relation"]))
    check(doc.entity("user", "badlug") is None and "AIDAQ3EGRTSEXAMPLEX9" not in json.dumps(doc.document["entities"]),
          "badlug, a look-alike who deleted a cluster of the same name elsewhere, is not linked")


def check_gap(story, document):
    begin = story["delete_trail"][:19]
    gaps = [g for g in document["gaps"] if g["source"].startswith("cloudtrail") and g["from"].startswith(begin)]
    check(len(gaps) == 1 and gaps[0]["until"] is None and not gaps[0]["closed"],
          "the blind window begins with DeleteTrail and is still open")


def tree_find(nodes, name, uuid, above=()):
    """Names above the process called name that has uuid among its arguments, or None."""
    for node in nodes:
        if node["name"] == name and any(uuid in arg for arg in node["args"]) and node["uid"] == 0:
            return list(above)
        found = tree_find(node.get("children", []), name, uuid, (*above, " ".join(node["args"])))
        if found is not None:
            return found
    return None


def check_image(story, doc):
    image = doc.entity("image", story["image_id"])
    check(image is not None and "root" in json.dumps(image["facts"]), "the image's facts say that it runs as root")
    check(any(row["source"] == "scan" for row in doc.document["timeline"]), "the scan stands in the timeline")


def check_alert_document(story, document):
    doc = Document(document)
    check(document["subject"]["kind"] == "alert", "the subject is the alert")
    check_links(story, doc)
    check_gap(story, document)
    check_image(story, doc)
    above = tree_find(document["process_tree"], "touch", story["uuid"])
    check(above is not None and "event-generator" in " ".join(above), "process tree: touch, as root, below event-generator")
    check(len(document["timeline"]) >= 6 and document["next"], "a timeline, and what to do next")
    rules = {a["rule"] for a in document["alerts"]}
    check({"Console login without MFA", "ECS cluster deleted", "CloudTrail trail deleted", "Write below binary dir"} <= rules,
          "one document holds the alerts of both worlds")


def check_text(text):
    for word in ("badlugo", "association", "NOT cause", "deleted", "MFA", "root", "Next:", "Data complete to"):
        check(word.lower() in text.lower(), "the screen says " + word)
    check(all(c == "\n" or c.isprintable() for c in text), "the screen holds nothing but printable text")


def check_references(state, story):
    for reference in ("user/badlugo", story["task"], story["cluster_arn"], "task/" + story["task"]):
        document = investigate(state, reference)
        check("ECS cluster deleted" in {a["rule"] for a in document["alerts"]}, reference + " leads to the cluster's deletion")
    done = secctl(state, "investigate", story["cluster"], expect=2)
    check(story["cluster_arn"] in done.stderr and story["cluster_arn"].replace(story["region"], "eu-west-1") in done.stderr,
          "the cluster's bare name, which two regions have, is refused with both")
    done = secctl(state, "investigate", "user/nobody-here", expect=5)
    check(done.stderr.count("\n") <= 2 and "user/nobody-here" in done.stderr, "an unknown reference gives one clear line")


def stable(document):
    """Without what depends on the moment of asking."""
    document = json.loads(json.dumps(document))
    for name in ("window", "completeness", "next"):
        document.pop(name, None)
    return document


def check_rebuild(state, alert):
    before = stable(investigate(state, alert))
    secctl(state, "admin", "rebuild")
    check(stable(investigate(state, alert)) == before, "the rebuilt store gives the same answer")


def play(state):
    secctl(state, "up")
    command = [TOP + "/deploy/story/play.sh", "--bin", BIN, "--state", state] + (["--plain"] if PLAIN else [])
    story = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    check(story.returncode == 0, "the story plays")
    print(story.stdout, story.stderr)
    with open(state + "/story/last.json", encoding="utf-8") as file:
        last = json.load(file)
    if not PLAIN:
        check(last["plain"] == "", "it was played in containers " + last["plain"])
    return last


def check_answer(state):
    story = play(state)
    alerts = json.loads(secctl(state, "alerts", "list", "-o", "json").stdout)["alerts"]
    alert = check_runtime_alerts(story, alerts)
    check_cloud_alerts(story, alerts)
    if alert:
        check_alert_document(story, investigate(state, alert))
        check_text(secctl(state, "investigate", alert).stdout)
        check_references(state, story)
        check_rebuild(state, alert)
    secctl(state, "down")
    secctl(state, "status", expect=8)
    check(not os.path.exists(state + "/collector.pid"), "nothing is left running")


def main():
    if os.geteuid() != 0:
        print("skipped: the story needs root")
        return SKIP
    if not os.path.exists(BIN + "/secctl"):
        print("skipped: no release build at " + BIN)
        return SKIP
    state = tempfile.mkdtemp(prefix="clewline-state.", dir="/tmp")
    os.chmod(state, 0o755)
    try:
        check_answer(state)
    finally:
        subprocess.run([BIN + "/secctl", "down", "--state", state], capture_output=True, check=False)
        shutil.rmtree(state, ignore_errors=True)
    return conclude()


if __name__ == "__main__":
    sys.exit(main())
