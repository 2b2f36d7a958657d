"""A server that plays AWS STS and checks signatures (Signature Version 4) as AWS describes it, and one that gives out a task's credentials."""
import hashlib
import hmac
import http.server
import json
import os
import ssl
import subprocess
import threading

HOSTS = ("sts.eu-central-1.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.amazonaws.com")
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


def sign(secret, method, path, headers, names, body, date, scope):
    """The signature of a request; headers: lower case names -> values."""
    canonical = "\n".join([method, path, "", *["%s:%s" % (name, " ".join(headers[name].split())) for name in names], "",
                           ";".join(names), hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", date, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def verify(callers, method, path, headers, body):
    """(caller, None), or (None, what AWS calls what is wrong)."""
    try:
        algorithm, rest = headers["authorization"].split(" ", 1)
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        access_key, *scope = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
    except (KeyError, ValueError):
        return None, "IncompleteSignature"
    caller = callers.get(access_key)
    if algorithm != "AWS4-HMAC-SHA256" or not caller:
        return None, "InvalidClientTokenId"
    if names != sorted(names) or any(name not in headers for name in ("host", "x-amz-date", *names)):
        return None, "IncompleteSignature"
    expected = sign(caller["secret"], method, path, headers, names, body, headers["x-amz-date"], scope)
    if not hmac.compare_digest(expected, parts["Signature"]):
        return None, "SignatureDoesNotMatch"
    # AWS checks this of all headers of its own; others may be left unsigned
    if any(name.startswith("x-amz-") and name not in names for name in headers):
        return None, "AccessDenied"
    if headers.get("x-amz-security-token") != caller.get("session"):
        return None, "InvalidClientTokenId"
    return caller, None


class Server:
    def __init__(self, handler, wrap=lambda listener: listener):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.socket = wrap(self.http.socket)
        self.http.owner = self
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class StsHandler(Handler):
    def do_GET(self):
        self.server.owner.strays.append(self.path)
        self.answer(404)

    def do_POST(self):
        sts = self.server.owner
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        sts.seen.append(headers)
        if self.path != "/" or body != BODY:
            sts.strays.append(self.path)
        if sts.mode == "redirect":
            return self.answer(307, b"", Location="https://sts.us-east-1.amazonaws.com/elsewhere")
        if sts.mode == "endless":
            return self.answer(200, b"x" * (1 << 20))
        if sts.mode == "broken":
            return self.answer(500, b"{}")
        if sts.mode == "markup":
            return self.answer(200, b"<GetCallerIdentityResponse/>")
        caller, wrong = verify(sts.callers, "POST", self.path, headers, body)
        if wrong:
            return self.answer(403, json.dumps({"Error": {"Code": wrong, "Message": str(headers), "Type": "Sender"},
                                                "RequestId": "1"}).encode())
        result = {"Account": caller["arn"].split(":")[4], "Arn": caller["arn"], "UserId": "AROA:x"}
        return self.answer(200, json.dumps({"GetCallerIdentityResponse": {
            "GetCallerIdentityResult": result, "ResponseMetadata": {"RequestId": "1"}}}).encode())


class Sts(Server):
    """callers: access key -> {secret, session, arn}"""

    def __init__(self, folder, callers):
        self.callers, self.mode, self.seen, self.strays = callers, "", [], []
        self.trust = folder + "/sts-root.pem"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certify(folder))
        super().__init__(StsHandler, lambda listener: context.wrap_socket(listener, server_side=True))
        self.address = "127.0.0.1:%d" % self.port

    def certify(self, folder):
        """A root of its own and a certificate for the hosts; openssl writes both."""
        names, key, certificate = folder + "/sts.ext", folder + "/sts.key", folder + "/sts.pem"
        with open(names, "w", encoding="utf-8") as file:
            file.write("subjectAltName=" + ",".join("DNS:" + host for host in HOSTS))
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl("req", "-x509", *new, "-keyout", folder + "/sts-root.key", "-out", self.trust, "-days", "30", "-subj", "/CN=root")
        self.openssl("req", *new, "-keyout", key, "-out", folder + "/sts.csr", "-subj", "/CN=sts")
        self.openssl("x509", "-req", "-in", folder + "/sts.csr", "-CA", self.trust, "-CAkey", folder + "/sts-root.key", "-out", certificate,
                     "-days", "30", "-extfile", names)
        os.chmod(self.trust, 0o644)
        return certificate, key

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)


class CredentialsHandler(Handler):
    def do_GET(self):
        if self.headers.get("Authorization") != self.server.owner.token or self.path != "/v1/role":
            return self.answer(403)
        return self.answer(200, json.dumps(self.server.owner.credentials).encode())


class Credentials(Server):
    """The endpoint that a container asks for the credentials of its role."""

    def __init__(self, credentials, token):
        self.credentials, self.token = credentials, token
        super().__init__(CredentialsHandler)
        self.url = "http://127.0.0.1:%d/v1/role" % self.port
