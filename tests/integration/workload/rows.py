"""The table of workloads: what runs, in which image, how it must end, and what the sensor must have told of it."""
import os
import re
from collections import Counter

EXECS, CREATES = "Exec", "Create"
UID_APP = 1000

SHELL = """
set -u
/bin/echo begin
for i in 1 2 3 4 5 6 7 8 9 10; do /bin/echo "$i" | /bin/cat >/tmp/n$i; done
/bin/cat /tmp/n1 /tmp/n2 | /bin/sort -r | /bin/wc -l
(exit 3); echo "subshell $?"
/bin/sleep 0.05 & wait $!; echo "background $?"
trap 'echo trapped' USR1; kill -USR1 $$
/bin/mv /tmp/n1 /tmp/m1; /bin/rm /tmp/m1
/bin/false || echo "false $?"
/bin/cat <<END
here $0
END
/no/such/program 2>/dev/null || echo "absent $?"
exit 5
"""
SHELL_EXECS = Counter({"echo begin": 1, "cat": 11, "cat /tmp/n1 /tmp/n2": 1, "sort -r": 1, "wc -l": 1, "sleep 0.05": 1,
                       "mv /tmp/n1 /tmp/m1": 1, "rm /tmp/m1": 1, "false": 1}) + Counter("echo %d" % i for i in range(1, 11))

NGINX = """
/usr/sbin/nginx -c /etc/nginx.conf &
pid=$!
tries=0
until /usr/bin/ab -q -n 1 http://127.0.0.1:8080/index.html >/dev/null 2>&1 || [ $tries -ge 200 ]; do tries=$((tries + 1)); /bin/sleep 0.02; done
/usr/bin/ab -q -n %(requests)d -c 8 http://127.0.0.1:8080/index.html
/usr/bin/ab -q -k -n %(requests)d -c 8 http://127.0.0.1:8080/index.html
kill -HUP $pid; /bin/sleep 0.1
/usr/bin/ab -q -n 100 -c 2 http://127.0.0.1:8080/index.html
kill -QUIT $pid; wait $pid; echo "nginx ends with $?"
"""
AB_KEEPS = re.compile(r"^(Complete requests|Failed requests|Non-2xx responses|Document Length|nginx ends).*$", re.M)

REDIS = """
/usr/bin/redis-server --port 6399 --bind 127.0.0.1 --dir /tmp --save '' --daemonize no >/tmp/redis.log 2>&1 &
pid=$!
tries=0
until [ "$(/usr/bin/redis-cli -p 6399 ping 2>/dev/null)" = PONG ] || [ $tries -ge 200 ]; do tries=$((tries + 1)); /bin/sleep 0.02; done
/usr/bin/redis-benchmark -p 6399 -n %(requests)d -c 20 -t set,get,incr,lpush,hset --csv
/usr/bin/redis-cli -p 6399 set key value
/usr/bin/redis-cli -p 6399 bgsave
tries=0
until [ -s /tmp/dump.rdb ] || [ $tries -ge 200 ]; do tries=$((tries + 1)); /bin/sleep 0.02; done
/usr/bin/redis-cli -p 6399 get key
/usr/bin/redis-cli -p 6399 shutdown nosave; wait $pid; echo "redis ends with $?"
"""

PYTHON = r"""
import multiprocessing, os, signal, socket, subprocess, sys, threading
def square(n):
    return n * n
for i in range(5):
    print(subprocess.run(["/bin/echo", "child", str(i)], capture_output=True, text=True).stdout.strip())
with multiprocessing.Pool(4) as pool:
    print(sum(pool.map(square, range(1000))))
def files(i):
    for k in range(25):
        path = "/tmp/py-%d-%d" % (i, k)
        open(path, "w").close(); os.unlink(path)
threads = [threading.Thread(target=files, args=(i,)) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
server = socket.create_server(("127.0.0.1", 0))
def echo():
    for _ in range(100):
        peer = server.accept()[0]; peer.sendall(peer.recv(64)); peer.close()
helper = threading.Thread(target=echo); helper.start()
good = 0
for _ in range(100):
    with socket.create_connection(server.getsockname()) as client:
        client.sendall(b"x"); good += client.recv(64) == b"x"
helper.join(); print("connections", good)
signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()
pid = os.fork()
if pid == 0: os._exit(77)
print("forked", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("failed exec", subprocess.run("exit 9", shell=True, executable="/bin/sh").returncode)
sys.stdout.flush(); sys.exit(13)
"""

NODE = r"""
const { execFileSync, spawnSync } = require('child_process'), fs = require('fs'), http = require('http');
const { Worker } = require('worker_threads');
for (let i = 0; i < 3; i++) process.stdout.write(execFileSync('/bin/echo', ['child', String(i)]));
console.log('code', spawnSync('/bin/sh', ['-c', 'exit 6']).status);
for (let i = 0; i < 50; i++) { fs.writeFileSync('/tmp/node-' + i, 'x'); fs.unlinkSync('/tmp/node-' + i); }
const worker = new Worker("require('worker_threads').parentPort.postMessage(6 * 7)", { eval: true });
worker.on('message', (answer) => {
  console.log('worker', answer);
  const server = http.createServer((request, response) => response.end('yes')).listen(0, '127.0.0.1', async () => {
    let good = 0;
    for (let i = 0; i < 30; i++) good += await (await fetch('http://127.0.0.1:' + server.address().port)).text() === 'yes';
    console.log('served', good);
    process.exit(17);
  });
});
"""

TERMINAL = r"""
import os, pty, re, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.environ["PS1"] = "$ "
    os.execv("/usr/bin/bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
seen = b""
def until(pattern):
    global seen
    limit = time.monotonic() + 20
    while not re.search(pattern, seen):
        if not select.select([terminal], [], [], max(0, limit - time.monotonic()))[0]:
            print("waited in vain for", pattern, "after", seen[-300:]); sys.exit(1)
        seen += os.read(terminal, 4096)
    print("saw", pattern.decode()); seen = seen[re.search(pattern, seen).end():]
def say(text):
    os.write(terminal, text)
until(rb"\$ "); say(b"/bin/sleep 1000\n"); until(rb"sleep 1000\r\n"); time.sleep(0.2)
say(b"\x1a"); until(rb"Stopped"); say(b"jobs -l\n"); until(rb"Stopped +/bin/sleep 1000")
say(b"bg\n"); until(rb"sleep 1000 &"); say(b"jobs\n"); until(rb"Running +/bin/sleep 1000")
say(b"fg\n"); until(rb"sleep 1000\r\n"); time.sleep(0.2); say(b"\x03"); until(rb"\$ ")
say(b"echo code $?\n"); until(rb"code 130")
say(b"/bin/sleep 1000 & kill -STOP $!; wait $!; echo stop $?\n"); until(rb"stop 147")
say(b"kill -CONT %1; kill -TERM %1; wait %1; echo term $?\n"); until(rb"term 143")
say(b"/bin/sh -c 'kill -STOP $$; exit 4'; echo self $?\n"); until(rb"self 147"); say(b"fg\n"); until(rb"exit 4")
time.sleep(0.1); say(b"echo fg $?\n"); until(rb"fg 4"); say(b"exit 21\n")
print("bash ends with", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); sys.stdout.flush()
os._exit(0)
"""

NON_ROOT = "/bin/id; for i in 1 2 3; do /bin/touch /tmp/u$i; done; /bin/ls /tmp; /bin/rm /tmp/u1 /tmp/u2 /tmp/u3; exit 8"
SETUID = """
/bin/id -u; /usr/bin/sudo -n /bin/id -u; /usr/bin/su root -c '/bin/id -u'; /usr/bin/ping -c 1 -q 127.0.0.1 >/dev/null && echo pong
exit 0
"""


SETUID_EXECS = Counter({"id -u": 3, "sudo -n /bin/id -u": 1, "su root -c /bin/id -u": 1, "sh -c /bin/id -u": 1, "ping -c 1 -q 127.0.0.1": 1})


def has_memory_limits():
    """Control groups of version 1 or 2 that can limit memory."""
    try:
        with open("/sys/fs/cgroup/cgroup.controllers", encoding="ascii") as file:
            return "memory" in file.read().split()
    except OSError:
        return os.path.isdir("/sys/fs/cgroup/memory")


def as_user(uid):
    def adapt(config):
        config["process"]["user"] = {"uid": uid, "gid": uid}
        for kind in ("effective", "permitted"):
            config["process"]["capabilities"][kind] = []
    return adapt


def with_memory(limit):
    def adapt(config):
        config["linux"]["resources"] = {"memory": {"limit": limit, "swap": limit}}
    return adapt


def keep(pattern):
    return lambda text: "\n".join(match.group(0) for match in pattern.finditer(text))


def whole(text):
    return text


def first_column(text):
    return "\n".join(line.split(",")[0] for line in text.splitlines())


class Row:
    """code: what the container ends with. execs: command lines that must be told, each as often as it says here; None: not
    compared. told(check, events): further checks of what was told. lacks: why it cannot run here. options: of the sidecar. is_long: only with --long."""

    def __init__(self, name, image, args, code, execs=None, told=None, adapt=None, same=whole, lacks=None, options=(), is_long=False):
        self.name, self.image, self.args, self.code = name, image, args, code
        self.execs, self.told, self.adapt, self.same, self.lacks = execs, told, adapt, same, lacks
        self.options, self.is_long = options, is_long


def paths(events, rule, field="fd.name"):
    """Of acts that succeeded."""
    return Counter(e["output_fields"][field] for e in events if e["rule"] == rule and not e["output_fields"]["evt.res"].startswith("E"))


def tells_files(prefix, count, removed=True):
    """Each of count files under prefix is made once, and removed once."""
    def told(check, events):
        made = {p: n for p, n in paths(events, "Create").items() if p.startswith(prefix)}
        gone = {p: n for p, n in paths(events, "Remove", "fs.path.name").items() if p.startswith(prefix)}
        check(len(made) == count and set(made.values()) == {1}, "%d files are told as made, each once" % count, len(made))
        if removed:
            check(len(gone) == count and set(gone.values()) == {1}, "and as removed, each once", len(gone))
    return told


def tells_threads(count):
    def told(check, events):
        tells_files("/tmp/thread-", count, removed=False)(check, events)
        acts = [e for e in events if e["rule"] in ("Create", "Rename", "Remove")]
        check(len(acts) == 3 * count and len({e["output_fields"]["proc.pid"] for e in acts}) == 1,
              "all of them by one process", len(acts))
        check(len(paths(events, "Rename", "fs.path.target")) == count, "each renamed once")
    return told


def children(count):
    return Counter("instant child %d" % i for i in range(count))


def sh(script, **values):
    return ["/bin/sh", "-c", script % values if values else script]


def script_exec(args):
    """The command line of args as a field shows it."""
    return Counter({" ".join([args[0].rsplit("/", 1)[-1]] + args[1:]): 1})


def rows():
    table = [
        Row("shell script", "shell", sh(SHELL), 5, execs=SHELL_EXECS, told=tells_files("/tmp/n", 10, removed=False)),
        Row("exit codes and core dumps", "shell", ["/bin/ends"], 137, execs=Counter()),
        Row("signals", "shell", ["/bin/signals"], 64, execs=Counter()),
        Row("job control on a terminal", "python", ["/usr/bin/python3", "-c", TERMINAL], 0),
        Row("500 threads", "shell", ["/bin/threads", "500"], 0, execs=Counter({"echo by a thread": 1}), told=tells_threads(500)),
        Row("20,000 short-lived processes", "shell", ["/bin/processes", "/bin/instant", "20000"], 0, execs=children(20000)),
        Row("nginx under load", "nginx", sh(NGINX, requests=2000), 0, same=keep(AB_KEEPS)),
        Row("redis under load", "redis", sh(REDIS, requests=5000), 0, same=first_column),
        Row("python", "python", ["/usr/bin/python3", "-c", PYTHON], 13, told=tells_files("/tmp/py-", 200),
            execs=Counter("echo child %d" % i for i in range(5)) + Counter({"sh -c exit 9": 1})),
        Row("node", "node", ["/usr/bin/node", "-e", NODE], 17, told=tells_files("/tmp/node-", 50),
            execs=Counter("echo child %d" % i for i in range(3)) + Counter({"sh -c exit 6": 1})),
        Row("static Go program", "go", ["/app"], 11, execs=Counter(["app a", "app bb", "app ccc"]), told=tells_files("/tmp/go-", 400)),
        Row("musl image", "musl", ["/bin/hello", "musl"], 9, execs=Counter(), told=tells_files("/tmp/made", 1, removed=False)),
        Row("image of one static program, no shell", "distroless", ["/bin/hello", "alone"], 9, execs=Counter(),
            adapt=as_user(65532), told=tells_files("/tmp/made", 1, removed=False)),
        Row("not root", "shell", sh(NON_ROOT), 8, adapt=as_user(UID_APP), told=tells_files("/tmp/u", 3),
            execs=Counter(["id", "ls /tmp", "touch /tmp/u1", "touch /tmp/u2", "touch /tmp/u3", "rm /tmp/u1 /tmp/u2 /tmp/u3"])),
        Row("setuid programs, in tier events", "setuid", sh(SETUID), 0, adapt=as_user(UID_APP), options=("--tier", "events"), execs=SETUID_EXECS),
        Row("out of memory", "shell", ["/bin/memory"], 137, adapt=with_memory(48 << 20), execs=Counter(),
            lacks=None if has_memory_limits() else "control groups cannot limit memory here"),
        Row("200,000 short-lived processes", "shell", ["/bin/processes", "/bin/instant", "200000"], 0, execs=children(200000), is_long=True),
        Row("nginx under long load", "nginx", sh(NGINX, requests=50000), 0, same=keep(AB_KEEPS), is_long=True),
        Row("redis under long load", "redis", sh(REDIS, requests=100000), 0, same=first_column, is_long=True),
        Row("4,000 threads", "shell", ["/bin/threads", "4000"], 0, execs=Counter({"echo by a thread": 1}), told=tells_threads(4000),
            is_long=True),
    ]
    for row in table:
        if row.execs is not None:
            row.execs = row.execs + script_exec(row.args)
    return table
