#!/usr/bin/env python3
"""Connections as rules see them, by packets and by calls, in a network namespace of this test's own.

usage: network_test.py BIN-FOLDER
"""
import os
import re
import subprocess
import sys
import tempfile

SKIP = 77
AGENT = os.path.abspath(sys.argv[1]) + "/secagent"
failures = []

RULES = """
- rule: Connection
  desc: both ends
  condition: evt.type in (connect, accept, accept4) and fd.sport in (7001, 7002)
  output: "%evt.type %fd.name %fd.l4proto %fd.type %fd.cip %fd.sip %fd.sport %evt.res %proc.name"
  priority: NOTICE
- rule: Named
  desc: a name from DNS
  condition: evt.type = connect and fd.sip.name = "shop.example"
  output: "named %fd.sip.name %fd.sport"
  priority: NOTICE
- rule: Query
  desc: DNS
  condition: evt.type = sendto and dns.question.name exists
  output: "query %dns.question.name %dns.question.type %dns.response_code %dns.resolved_ip %fd.sport"
  priority: NOTICE
- rule: Datagram
  desc: the first one
  condition: evt.type = sendto and fd.sport = 7003
  output: "datagram %fd.name %fd.l4proto"
  priority: NOTICE
"""

# DNS on loopback, a connection held until the watcher has looked, a refused one, datagrams
WORKLOAD = r"""
import os, socket, threading, time
answer = bytes.fromhex("818000010001000000000473686f70076578616d706c650000010001c00c000100010000003c00047f000001")
dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dns.bind(("127.0.0.1", 53))
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.sendto(bytes.fromhex("777701000001000000000000" + "0473686f70076578616d706c650000010001"), ("127.0.0.1", 53))
query, peer = dns.recvfrom(512)
dns.sendto(query[:2] + answer, peer)
asker.recv(512)
time.sleep(0.2)
listener = socket.create_server(("127.0.0.1", 7001))
client = socket.create_connection(("127.0.0.1", 7001))
taken, _ = listener.accept()
refused = socket.socket()
try:
    refused.connect(("127.0.0.1", 7002))
except ConnectionRefusedError:
    pass
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(20):
    sender.sendto(b"x", ("127.0.0.1", 7003))
time.sleep(0.5)
"""

COMMON = [
    r"connect 127\.0\.0\.1:\d+->127\.0\.0\.1:7001 tcp ipv4 127\.0\.0\.1 127\.0\.0\.1 7001 SUCCESS python3",
    r"accept4? 127\.0\.0\.1:\d+->127\.0\.0\.1:7001 tcp ipv4 127\.0\.0\.1 127\.0\.0\.1 7001 SUCCESS python3",
]
# over before anybody could ask for its process, which "run" needs to know; see docs/sensors.md
CALLS = [
    r"connect \S+:\d+->127\.0\.0\.1:7002 tcp ipv4 \S+ 127\.0\.0\.1 7002 ECONNREFUSED python3",
]
PACKETS = [
    r"query shop\.example A NOERROR 127\.0\.0\.1 53",
    r"named shop\.example 7001",
    r"datagram 127\.0\.0\.1:\d+->127\.0\.0\.1:7003 udp",
]


def run(how, rules):
    command = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", AGENT, "run", "--network", how, "-r", rules, "--",
               "/usr/bin/python3", "-c", WORKLOAD]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return [re.sub(r"^\S+ \S+ ", "", line) for line in done.stdout.splitlines()], done


def expect(how, lines, done, wanted):
    for pattern in wanted:
        found = [line for line in lines if re.fullmatch(pattern, line)]
        if len(found) != 1:
            failures.append("%s: %d lines like %s in:\n  %s\n%s" % (how, len(found), pattern, "\n  ".join(lines), done.stderr))


def main():
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode != 0:
        print("skipped: no network namespace can be made here")
        return SKIP
    with tempfile.TemporaryDirectory() as folder:
        rules = folder + "/rules.yaml"
        with open(rules, "w", encoding="utf-8") as file:
            file.write(RULES)
        lines, done = run("packets", rules)
        expect("packets", lines, done, COMMON + PACKETS)
        lines, done = run("calls", rules)
        expect("calls", lines, done, COMMON + CALLS)
        lines, done = run("telepathy", rules)
        if done.returncode != 2 or "telepathy" not in done.stderr:
            failures.append("an unknown way: %d, %s" % (done.returncode, done.stderr))
    for failure in failures:
        print(failure)
    print("%d failed" % len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
