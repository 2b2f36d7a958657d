#!/usr/bin/env python3
"""Runs the cases of a folder and compares what they print: run.py BIN-FOLDER CASES-FOLDER [--update] [CASE...]

A case is a folder with "cmd" (one shell line, run in the cases folder with BIN in PATH), "stdout", "exit" and, where anything is
printed there, "stderr". A server on a Unix socket ($API) answers from CASES-FOLDER/api.json while the cases run. --update writes
what is printed now.
"""
import http.server
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
import urllib.parse

BIN, CASES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
UPDATE = "--update" in sys.argv
ONLY = [name for name in sys.argv[3:] if name != "--update"]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the first row of api.json whose method, path and query members all fit."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        for row in self.server.rows:
            if (row["method"], row["path"]) == (self.command, url.path) and row.get("query", {}).items() <= query.items():
                return self.send(row["status"], row["body"] if "body" in row else self.document(row["file"]))
        return self.send(404, {"error": 'unrecognized path "%s"' % url.path})

    @staticmethod
    def document(name):
        with open(os.path.join(CASES, name), encoding="utf-8") as file:
            return json.load(file)

    def send(self, status, document):
        body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    rows = []


def run_case(folder, scratch):
    with open(folder + "/cmd", encoding="utf-8") as file:
        command = file.read()
    environment = {name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LLVM_"))}
    environment.update(PATH=BIN + ":/usr/bin:/bin", LC_ALL="C", TZ="UTC", HOME=scratch, API="unix:%s/api.sock" % scratch,
                       TMP=scratch)
    done = subprocess.run(["sh", "-c", command], cwd=CASES, env=environment, capture_output=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)
    clean = [text.decode("utf-8", "backslashreplace").replace(scratch, "$TMP") for text in (done.stdout, done.stderr)]
    return {"stdout": clean[0], "stderr": clean[1], "exit": "%d\n" % done.returncode}


def read(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def update(folder, printed):
    for name, text in printed.items():
        if text:
            with open(folder + "/" + name, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        elif os.path.exists(folder + "/" + name):
            os.remove(folder + "/" + name)


def compare(name, folder, printed):
    bad = False
    for member, text in printed.items():
        wanted = read(folder + "/" + member)
        if text == wanted:
            continue
        bad = True
        print("FAILED  %s: %s differs" % (name, member))
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as now:
            now.write(text)
            now.flush()
            subprocess.run(["diff", "-u", folder + "/" + member if wanted else "/dev/null", now.name], check=False)
    return bad


def main():
    scratch = tempfile.mkdtemp(prefix="clewline-golden.", dir="/tmp")
    if os.path.exists(CASES + "/api.json"):
        server = Server(scratch + "/api.sock", Handler)
        server.rows = json.loads(read(CASES + "/api.json"))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    names = sorted(name for name in os.listdir(CASES) if os.path.exists("%s/%s/cmd" % (CASES, name)))
    failed = 0
    for name in names:
        if ONLY and name not in ONLY:
            continue
        folder = CASES + "/" + name
        printed = run_case(folder, scratch)
        if UPDATE:
            update(folder, printed)
        else:
            failed += compare(name, folder, printed)
    subprocess.run(["rm", "-rf", scratch], check=False)
    print("%d cases, %d failed" % (len(names), failed))
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
