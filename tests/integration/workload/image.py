"""Root file systems for workloads, made by copying programs of this machine with the libraries they need."""
import glob
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWD = "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/sh\napp:x:1000:1000:app:/tmp:/bin/sh\n"
GROUP = "root:x:0:\ntty:x:5:\nwww-data:x:33:\nsudo:x:27:app\napp:x:1000:\n"
APPLETS = ("sh", "cat", "echo", "ls", "mkdir", "rm", "mv", "touch", "sleep", "true", "false", "sort", "head", "wc", "env", "kill",
           "id", "seq", "tr", "grep", "ln", "chmod", "tee")


BARE = ("-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector")  # a program that is linked with no library


class Missing(Exception):
    """What an image needs and this machine does not have."""


def libraries(path):
    """Shared libraries of a program, its loader among them; none of a static one."""
    done = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        words = [word for word in line.split() if word.startswith("/")]
        if words:
            yield words[0]


class Image:
    """A folder that becomes the root of containers, read-only."""

    def __init__(self, folder, cache):
        self.root, self.cache = folder, cache
        for name in ("bin", "etc", "proc", "dev", "tmp", "run", "clewline", "root", "sys", "var/log"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        os.chmod(os.path.join(folder, "tmp"), 0o1777)  # runc gives a mounted tmpfs the mode of what is below
        self.write("/etc/passwd", PASSWD)
        self.write("/etc/group", GROUP)
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
        self.write("/etc/hosts", "127.0.0.1 localhost ip-10-0-1-23\n")

    def write(self, path, text, mode=0o644):
        target = self.root + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(target, mode)

    def put(self, source, path):
        target = self.root + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            shutil.copy2(source, target)  # with the capabilities of a file
            os.chmod(target, os.stat(source).st_mode & 0o7777)

    def program(self, source, path=None):
        """A program of this machine and all libraries it is linked with, at the paths they have here."""
        found = shutil.which(source)
        if not found:
            raise Missing(source)
        real = os.path.realpath(found)
        self.put(real, path or found)
        for library in libraries(real):
            self.put(library, library)

    def tree(self, folder):
        if not os.path.isdir(folder):
            raise Missing(folder)
        shutil.copytree(folder, self.root + folder, symlinks=True, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("test", "tests", "__pycache__", "idlelib", "lib2to3"))
        for where, _, names in os.walk(folder):
            for name in names:
                if ".so" in name:
                    for library in libraries(os.path.join(where, name)):
                        self.put(library, library)

    def busybox(self):
        self.program("busybox", "/bin/busybox")
        for applet in APPLETS:
            os.symlink("busybox", self.root + "/bin/" + applet)

    def compiled(self, name, *options, compiler="gcc"):
        """One of the C programs beside this file, as /bin/NAME."""
        if not shutil.which(compiler):
            raise Missing(compiler)
        subprocess.run([compiler, "-O1", "-Wall", "-D_GNU_SOURCE", "-pthread", *options, "-o", self.root + "/bin/" + os.path.basename(name),
                        os.path.join(HERE, name + ".c")], check=True)


def empty(image):
    """What the sidecar needs of an image: nothing."""
    assert image


def shell(image):
    image.busybox()
    for name in ("ends", "first", "held", "signals", "threads", "processes", "memory", "pause"):
        image.compiled(name, "-static")
    image.compiled("instant", *BARE)


AGENT_FOLDER = "/managed-agents/execute-command"


def session(image):
    """A container with what ECS mounts into it for ECS Exec, and programs that need others."""
    shell(image)
    image.program("bash")
    image.compiled("session", "-static")
    for name in ("amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker"):
        image.put(image.root + "/bin/session", AGENT_FOLDER + "/" + name)


def nginx(image):
    image.busybox()
    image.program("nginx")
    image.program("ab")
    image.put("/etc/nginx/mime.types", "/etc/nginx/mime.types")
    image.write("/etc/nginx.conf", """daemon off; user www-data; worker_processes 2; pid /run/nginx.pid; error_log stderr error;
events { worker_connections 128; }
http {
  access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u;
  scgi_temp_path /tmp/s; server { listen 127.0.0.1:8080; root /srv; }
}
""")
    image.write("/srv/index.html", "served\n")
    for library in ("libnss_files.so.2", "libnss_compat.so.2"):
        path = "/lib/x86_64-linux-gnu/" + library
        if os.path.exists(path):
            image.put(path, path)


def redis(image):
    image.busybox()
    image.program("redis-check-rdb", "/usr/bin/redis-server")  # the server by this name
    image.program("redis-benchmark")
    image.program("redis-cli")


def python(image):
    image.busybox()
    image.program("bash")
    image.program("/usr/bin/python3")
    image.tree("/usr/lib/" + os.path.basename(os.path.realpath("/usr/bin/python3")))


def node(image):
    image.busybox()
    image.program("node")
    if os.path.isdir("/usr/share/nodejs"):  # where Debian keeps what others have inside the program
        image.tree("/usr/share/nodejs")


def go(image):
    compiler = shutil.which("go")
    if not compiler:
        raise Missing("go")
    # The standard library is compiled once a build folder.
    env = dict(os.environ, CGO_ENABLED="0", GO111MODULE="off", GOFLAGS="", GOPATH=image.cache + "/go-path", GOCACHE=image.cache + "/go")
    subprocess.run([compiler, "build", "-o", image.root + "/app", os.path.join(HERE, "runtime.go")], check=True, env=env, cwd="/")


def musl(image):
    image.busybox()
    image.compiled("hello", compiler="musl-gcc")
    loader = "/lib/ld-musl-x86_64.so.1"
    if not os.path.exists(loader):
        raise Missing(loader)
    image.put(os.path.realpath(loader), loader)


def distroless(image):
    image.compiled("hello", "-static")
    os.rmdir(image.root + "/root")


def setuid(image):
    image.busybox()
    image.tree("/usr/libexec/sudo")
    image.put(glob.glob("/usr/lib/*/security/pam_permit.so")[0], "/lib/security/pam_permit.so")
    for program in ("su", "sudo", "ping"):
        image.program(program)
    image.write("/etc/sudoers", "app ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    image.write("/etc/shadow", "root:*:19000:0:99999:7:::\napp:*:19000:0:99999:7:::\n", 0o640)
    for service in ("su", "sudo"):
        image.write("/etc/pam.d/" + service, "".join(kind + " required /lib/security/pam_permit.so\n"
                                                     for kind in ("auth", "account", "session", "password")))


# Names under which the program of acts stands for others.
ACTORS = ("act", "apt-get", "curl", "debugfs", "find", "httpd", "login", "mount", "mysqld", "nc", "nmap", "scp", "sha1sum", "shred", "ssh",
          "su", "vipw", "wget")


def actions(image):
    image.busybox()
    image.compiled("../actions/act", "-static")
    for name in ACTORS:
        image.put(image.root + "/bin/act", "/act/" + name)
    image.write("/etc/shadow", "root:*:19000:0:99999:7:::\n", 0o640)
    image.write("/etc/hostname", "task\n")
    image.write("/root/.bash_history", "ls\n")
    image.write("/root/.bashrc", "\n")
    image.write("/root/.ssh/known_hosts", "\n")
    image.write("/var/log/auth.log", "line\n")
    image.write("/srv/readme", "\n")
    os.makedirs(image.root + "/etc/cron.d")


MAKERS = {maker.__name__: maker for maker in (empty, shell, session, nginx, redis, python, node, go, musl, distroless, setuid,
                                             actions)}


class Images:
    """Each image is made when a row first needs it."""

    def __init__(self, folder, cache):
        self.folder, self.cache = folder, cache
        self.made = {}

    def root(self, name):
        if name not in self.made:
            try:
                image = Image(os.path.join(self.folder, name), self.cache)
                MAKERS[name](image)
                self.made[name] = image.root
            except Missing as missing:
                self.made[name] = missing
        if isinstance(self.made[name], Missing):
            raise self.made[name]
        return self.made[name]
