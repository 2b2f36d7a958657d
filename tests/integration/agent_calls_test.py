#!/usr/bin/env python3
"""The system calls of agent/sensor/calls.def on the real kernel: each is made, and told with its parameters under Falco's names.

usage: agent_calls_test.py BIN-FOLDER

CALLS has one row for each: what to run (Python, `sys` makes the call by its name in numbers.def), and what has to be told of it. A result
that depends on the rights of whoever runs the test is left open.
"""
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from verdict import check, conclude, SKIP

BIN = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
NUMBERS = HERE + "/../../agent/sensor/numbers.def"
AGENT = BIN + "/secagent"
PYTHON = "/usr/bin/python3"
RES = r"res=\S+"  # whatever became of it

PRELUDE = r"""
import ctypes, os, re, socket, struct, sys as system
libc = ctypes.CDLL(None, use_errno=True)
numbers = {m[0]: int(m[1]) for m in re.findall(r"NUMBER\(\w+, (\w+), (-?\d+),", open(%r).read())}
def sys(name, *args):
    converted = [ctypes.c_char_p(a.encode()) if isinstance(a, str) else ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_long(a) for a in args]
    return libc.syscall(numbers[name], *converted)
os.chdir(%r)
open("file", "w").close()
fd = os.open("file", os.O_RDWR)
folder = os.open(".", os.O_DIRECTORY)
AT_FDCWD = -100
"""

# what to do, and the lines that have to be told: "type parameters | fields"
CALLS = [
    ("sys('open', 'file', os.O_RDWR)", r"open fd=\d+ name=W/file flags=O_RDWR mode=00 dev=\d+ ino=\d+ \| fd=W/file file"),
    ("sys('openat', folder, 'file', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)",
     r"openat fd=\d+ dirfd=\d+ name=W/file flags=O_APPEND\|O_CREAT\|O_WRONLY mode=0640 dev=\d+ ino=\d+ \| fd=W/file file"),
    ("sys('openat2', AT_FDCWD, 'file', struct.pack('QQQ', os.O_RDWR | os.O_CREAT, 0o600, 0), 24)",
     r"openat2 fd=\d+ dirfd=AT_FDCWD name=W/file flags=O_CREAT\|O_RDWR mode=0600 dev=\d+ ino=\d+ \| fd=W/file file"),
    ("sys('creat', 'made', 0o755)", r"creat fd=\d+ name=W/made mode=0755 dev=\d+ ino=\d+ flags=O_TRUNC\|O_CREAT\|O_WRONLY \| fd=W/made file"),
    ("sys('open_by_handle_at', AT_FDCWD, struct.pack('II8s', 8, 1, b''), os.O_RDWR)", r"open_by_handle_at fd=-\d+ mountfd=-100 flags=O_RDWR"),
    ("sys('truncate', 'file', 7)", r"truncate res=0 path=W/file length=7"),
    ("sys('ftruncate', fd, 9)", r"ftruncate res=0 fd=\d+ length=9 \| fd=W/file file"),
    ("sys('link', 'file', 'hard')", r"link res=0 oldpath=W/file newpath=W/hard"),
    ("sys('linkat', folder, 'file', AT_FDCWD, 'hard2', 0x400)",
     r"linkat res=0 olddir=\d+ oldpath=W/file newdir=AT_FDCWD newpath=W/hard2 flags=AT_SYMLINK_FOLLOW"),
    ("sys('symlink', '/etc/passwd', 'soft')", r"symlink res=0 target=/etc/passwd linkpath=W/soft"),
    ("sys('symlinkat', '../x', folder, 'soft2')", r"symlinkat res=0 target=\.\./x linkdirfd=\d+ linkpath=W/soft2"),
    ("sys('rename', 'hard', 'hard3')", r"rename res=0 oldpath=W/hard newpath=W/hard3"),
    ("sys('renameat', folder, 'hard2', AT_FDCWD, 'hard4')", r"renameat res=0 olddirfd=\d+ oldpath=W/hard2 newdirfd=AT_FDCWD newpath=W/hard4"),
    ("sys('renameat2', AT_FDCWD, 'hard3', AT_FDCWD, 'hard4', 1)",
     r"renameat2 res=EEXIST olddirfd=AT_FDCWD oldpath=W/hard3 newdirfd=AT_FDCWD newpath=W/hard4 flags=RENAME_NOREPLACE"),
    ("sys('unlink', 'hard3')", r"unlink res=0 path=W/hard3"),
    ("sys('unlinkat', folder, 'hard4', 0)", r"unlinkat res=0 dirfd=\d+ name=W/hard4 flags=0"),
    ("sys('mkdir', 'new', 0o700)", r"mkdir res=0 path=W/new mode=0700"),
    ("sys('mkdirat', AT_FDCWD, 'new2', 0o750)", r"mkdirat res=0 dirfd=AT_FDCWD path=W/new2 mode=0750"),
    ("sys('rmdir', 'new')", r"rmdir res=0 path=W/new"),
    ("sys('mknod', 'pipe', 0o010644, 0)", r"mknod res=0 path=W/pipe mode=\S*S_IRUSR dev=0"),
    ("sys('mknodat', AT_FDCWD, 'pipe2', 0o010600, 0)", r"mknodat res=0 dirfd=AT_FDCWD path=W/pipe2 mode=S_IWUSR\|S_IRUSR dev=0"),
    ("sys('chmod', 'file', 0o4711)", r"chmod res=0 filename=W/file mode=S_IXOTH\|S_IXGRP\|S_IXUSR\|S_IWUSR\|S_IRUSR\|S_ISUID"),
    ("sys('fchmod', fd, 0o2700)", r"fchmod res=0 fd=\d+ mode=S_IXUSR\|S_IWUSR\|S_IRUSR\|S_ISGID \| fd=W/file file"),
    ("sys('fchmodat', folder, 'file', 0o600)", r"fchmodat res=0 dirfd=\d+ filename=W/file mode=S_IWUSR\|S_IRUSR"),
    ("sys('chown', 'file', -1, -1)", r"chown res=0 path=W/file uid=-1 gid=-1"),
    ("sys('lchown', 'file', 0, -1)", r"lchown " + RES + " path=W/file uid=root gid=-1"),
    ("sys('fchown', fd, -1, 0)", r"fchown " + RES + " fd=\\d+ uid=-1 gid=root \\| fd=W/file file"),
    ("sys('fchownat', AT_FDCWD, 'file', -1, -1, 0x100)",
     r"fchownat res=0 dirfd=AT_FDCWD pathname=W/file uid=-1 gid=-1 flags=AT_SYMLINK_NOFOLLOW"),
    ("sys('setxattr', 'file', 'security.capability', b'x', 1, 0)", r"setxattr " + RES + " path=W/file name=security.capability size=1"),
    ("sys('lsetxattr', 'file', 'user.a', b'x', 1, 0)", r"lsetxattr " + RES + " path=W/file name=user.a size=1"),
    ("sys('fsetxattr', fd, 'user.b', b'xy', 2, 0)", r"fsetxattr " + RES + " fd=\\d+ name=user.b size=2 \\| fd=W/file file"),
    ("sys('removexattr', 'file', 'user.a')", r"removexattr " + RES + " path=W/file name=user.a"),
    ("sys('lremovexattr', 'file', 'user.a')", r"lremovexattr " + RES + " path=W/file name=user.a"),
    ("sys('fremovexattr', fd, 'user.b')", r"fremovexattr " + RES + " fd=\\d+ name=user.b \\| fd=W/file file"),
    ("server = socket.socket(); server.bind(('127.0.0.1', 0)); port = server.getsockname()[1]",
     r"bind res=0 addr=127\.0\.0\.1:0 fd=\d+"),
    ("server.listen(3)", r"listen res=0 fd=\d+ backlog=3 \| fd=127\.0\.0\.1:\d+ ipv4"),
    ("client = socket.socket(); client.connect(('127.0.0.1', port))",
     r"connect res=0 tuple=127\.0\.0\.1:\d+->127\.0\.0\.1:\d+ fd=\d+ addr=127\.0\.0\.1:\d+ \| fd=127\.0\.0\.1:\d+->127\.0\.0\.1:\d+ ipv4"),
    ("peer, _ = server.accept()", r"accept4 fd=\d+ tuple=127\.0\.0\.1:\d+->127\.0\.0\.1:\d+ flags=\d+"),
    ("client2 = socket.socket(); client2.connect(('127.0.0.1', port)); sys('accept', server.fileno(), 0, 0)",
     r"accept fd=\d+ tuple=127\.0\.0\.1:\d+->127\.0\.0\.1:\d+"),
    ("local = socket.socket(socket.AF_UNIX); local.connect_ex('/nowhere.sock')",
     r"connect res=ENOENT fd=\d+ addr=/nowhere\.sock \| fd=/nowhere\.sock unix|connect res=ENOENT tuple=/nowhere\.sock fd=\d+ addr=/nowhere\.sock \| fd=/nowhere\.sock unix"),
    ("udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.sendto(b'abc', ('127.0.0.1', port))",
     r"sendto res=3 fd=\d+ size=3 tuple=\S+->127\.0\.0\.1:\d+ addr=127\.0\.0\.1:\d+"),
    ("udp.sendmsg([b'abcd'], [], 0, ('127.0.0.1', port))", r"sendmsg res=4 fd=\d+ tuple=\S+->127\.0\.0\.1:\d+ addr=127\.0\.0\.1:\d+"),
    # struct mmsghdr: name, length, one part, no control data; the second message goes elsewhere
    ("to = struct.pack('=HH4s8x', 2, socket.htons(port), socket.inet_aton('127.0.0.1')); away = struct.pack('=HH4s8x', 2, socket.htons(port), "
     "socket.inet_aton('127.0.0.2')); names = [ctypes.create_string_buffer(to), ctypes.create_string_buffer(away)]; "
     "text = ctypes.create_string_buffer(b'abcde'); part = struct.pack('QQ', ctypes.addressof(text), 5); parts = ctypes.create_string_buffer(part); "
     "messages = b''.join(struct.pack('QIxxxxQQQQIxxxxIxxxx', ctypes.addressof(name), 16, ctypes.addressof(parts), 1, 0, 0, 0, 0) for name in names); "
     "sys('sendmmsg', udp.fileno(), messages, 2, 0)",
     r"sendmmsg res=2 fd=\d+ tuple=\S+->127\.0\.0\.1:\d+ addr=127\.0\.0\.1:\d+"),
    ("sys('socket', 17, 3, 0)", r"socket fd=-?\d+ domain=AF_PACKET type=3 proto=0"),
    ("sys('dup', client.fileno())", r"dup res=\d+ oldfd=\d+ \| fd=127\.0\.0\.1:\d+->127\.0\.0\.1:\d+ ipv4"),
    ("sys('dup2', client.fileno(), 0)", r"dup2 res=0 oldfd=\d+ newfd=0 \| fd=127\.0\.0\.1:\d+->127\.0\.0\.1:\d+ ipv4"),
    ("sys('dup3', fd, 0, 0o2000000)", r"dup3 res=0 oldfd=\d+ newfd=0 flags=O_CLOEXEC \| fd=W/file file"),
    ("sys('ptrace', 0, 0, 0, 0)", r"ptrace res=EPERM addr=0 data=0 request=PTRACE_TRACEME pid=0"),
    ("sys('ptrace', 0x4206, 1, 0, 0)", r"ptrace " + RES + " addr=0 data=0 request=PTRACE_SEIZE pid=1"),
    ("sys('process_vm_writev', os.getpid(), 0, 0, 0, 0, 0)", r"process_vm_writev res=0 pid=\d+"),
    ("pidfd = os.pidfd_open(os.getpid()); sys('pidfd_getfd', pidfd, fd, 0)", r"pidfd_getfd fd=\d+ pid_fd=\d+ target_fd=\d+ flags=0"),
    ("sys('pidfd_send_signal', pidfd, 0, 0, 0)", r"pidfd_send_signal res=0 pidfd=\d+ sig=0"),
    ("sys('kill', os.getppid(), 0)", r"kill res=0 pid=\d+ sig=0"),
    ("sys('tkill', os.getpid(), 0)", r"tkill res=0 tid=\d+ sig=0"),
    ("sys('tgkill', os.getpid(), os.getpid(), 0)", r"tgkill res=0 pid=\d+ tid=\d+ sig=0"),
    ("sys('rt_sigqueueinfo', os.getpid(), 0, struct.pack('iii116x', 0, 0, -1))", r"rt_sigqueueinfo res=0 pid=\d+ sig=0"),
    ("sys('rt_tgsigqueueinfo', os.getpid(), os.getpid(), 0, struct.pack('iii116x', 0, 0, -1))", r"rt_tgsigqueueinfo res=0 pid=\d+ tid=\d+ sig=0"),
    ("sys('setuid', os.getuid())", r"setuid res=0 uid=\S+"),
    ("sys('setgid', os.getgid())", r"setgid res=0 gid=\S+"),
    ("sys('setreuid', -1, -1)", r"setreuid res=0 ruid=-1 euid=-1"),
    ("sys('setregid', -1, -1)", r"setregid res=0 rgid=-1 egid=-1"),
    ("sys('setresuid', -1, 0, -1)", r"setresuid " + RES + " ruid=-1 euid=root suid=-1"),
    ("sys('setresgid', -1, -1, -1)", r"setresgid res=0 rgid=-1 egid=-1 sgid=-1"),
    ("sys('setfsuid', 0)", r"setfsuid res=\d+ uid=root"),
    ("sys('setfsgid', 0)", r"setfsgid res=\d+ gid=root"),
    ("sys('capset', struct.pack('Ii', 0x20080522, 0), struct.pack('IIIIII', 1, 3, 0, 0, 0, 0))",
     r"capset " + RES + " cap_inheritable= cap_permitted=CAP_CHOWN CAP_DAC_OVERRIDE cap_effective=CAP_CHOWN"),
    ("sys('prctl', 4, 0)", r"prctl res=0 option=PR_SET_DUMPABLE arg2_int=0"),
    ("sys('personality', 0x0040000)", r"personality res=\d+ persona=40000"),
    ("sys('landlock_create_ruleset', 0, 0, 1)", r"landlock_create_ruleset fd=-?\d+ size=0 flags=1"),
    ("sys('landlock_add_rule', 99, 1, 0, 0)", r"landlock_add_rule res=E\w+ ruleset_fd=99 rule_type=1 flags=0"),
    ("sys('landlock_restrict_self', 99, 0)", r"landlock_restrict_self res=E\w+ ruleset_fd=99 flags=0"),
    ("sys('seccomp', 1, 8, 0)", r"seccomp res=E\w+ op=1 flags=8"),
    ("sys('mount', 'none', 'new2', 'tmpfs', 3, 0)", r"mount " + RES + " dev=none dir=W/new2 type=tmpfs flags=RDONLY\\|NOSUID"),
    ("sys('umount2', 'new2', 2)", r"umount2 " + RES + " name=W/new2 flags=DETACH"),
    ("sys('pivot_root', 'new2', 'absent')", r"pivot_root res=E\w+ new_root=W/new2 put_old=W/absent"),
    ("sys('chroot', 'absent')", r"chroot res=E\w+ path=W/absent"),
    ("sys('fsopen', 'tmpfs', 0)", r"fsopen fd=-?\d+ fsname=tmpfs flags=0"),
    ("sys('fsconfig', 99, 1, 'size', 0, 0)", r"fsconfig res=E\w+ fd=99 cmd=1 key=size aux=0"),
    ("sys('fsmount', 99, 0, 0)", r"fsmount fd=-\d+ fs_fd=99 flags=0 attr_flags=0"),
    ("sys('fspick', AT_FDCWD, 'absent', 0)", r"fspick fd=-\d+ dirfd=AT_FDCWD path=W/absent flags=0"),
    ("sys('move_mount', AT_FDCWD, 'absent', AT_FDCWD, 'absent2', 0)",
     r"move_mount res=E\w+ from_dirfd=AT_FDCWD from_path=W/absent to_dirfd=AT_FDCWD to_path=W/absent2 flags=0"),
    ("sys('open_tree', AT_FDCWD, 'absent', 1)", r"open_tree fd=-\d+ dirfd=AT_FDCWD path=W/absent flags=1"),
    ("sys('mount_setattr', AT_FDCWD, 'absent', 0, 0, 0)", r"mount_setattr res=E\w+ dirfd=AT_FDCWD path=W/absent flags=0"),
    ("sys('setns', 99, 0x20000)", r"setns res=E\w+ fd=99 nstype=CLONE_NEWNS"),
    ("sys('unshare', 0x04000000)", r"unshare " + RES + " flags=CLONE_NEWUTS"),
    ("sys('init_module', b'x', 1, 'a=b')", r"init_module res=E\w+ length=1 uargs=a=b"),
    ("sys('finit_module', 99, 'c=d', 0)", r"finit_module res=E\w+ fd=99 uargs=c=d flags=0"),
    ("sys('delete_module', 'absent_module', 0)", r"delete_module res=E\w+ name=absent_module flags=0"),
    ("sys('kexec_load', 1, 0, 0, 99 << 16)", r"kexec_load res=E\w+ entry=1 nr_segments=0 flags=630000"),
    ("sys('kexec_file_load', 99, 98, 0, 0, 0)", r"kexec_file_load res=E\w+ kernel_fd=99 initrd_fd=98 flags=0"),
    ("sys('bpf', 5, 0, 0)", r"bpf fd=-\d+ cmd=BPF_PROG_LOAD"),
    ("sys('perf_event_open', 0, 0, -1, -1, 0)", r"perf_event_open fd=-\d+ pid=0 cpu=-1 group_fd=-1 flags=0"),
    ("sys('userfaultfd', 0o2000000)", r"userfaultfd res=-?\d+ flags=O_CLOEXEC"),
    ("sys('keyctl', 0, -1, 0)", r"keyctl res=\S+ operation=0"),
    ("sys('memfd_create', 'ghost', 1)", r"memfd_create fd=\d+ name=ghost flags=MFD_CLOEXEC"),
    ("sys('mprotect', 4096, 4096, 7)", r"mprotect res=ENOMEM addr=1000 length=4096 prot=PROT_READ\|PROT_WRITE\|PROT_EXEC"),
    ("sys('mmap', 0, 4096, 5, 0x22, -1, 0)", r"mmap res=[0-9a-f]+ addr=0 length=4096 prot=PROT_READ\|PROT_EXEC flags=MAP_PRIVATE\|MAP_ANONYMOUS fd=-1 offset=0"),
    ("sys('io_uring_setup', 4, 0)", r"io_uring_setup res=-\d+ entries=4"),
]


def calls_of_the_table():
    """Names of calls that this machine has, but for those that tell of process life."""
    with open(NUMBERS, encoding="ascii") as file:
        rows = re.findall(r"NUMBER\((\w+), \w+, (-?\d+),", file.read())
    return {name.lower() for name, number in rows if int(number) >= 0} - {"execve", "execveat"}


def run(work, script, rules):
    with open(work + "/rules.yaml", "w", encoding="ascii") as file:
        file.write(rules)
    with open(work + "/script.py", "w", encoding="ascii") as file:
        file.write(PRELUDE % (NUMBERS, work) + script)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CLEWLINE_", "ECS_"))}
    return subprocess.run([AGENT, "run", "-r", work + "/rules.yaml", "--", PYTHON, work + "/script.py"], capture_output=True, text=True,
                          timeout=100, env=env, errors="surrogateescape", check=False)


RULE = """- rule: Call
  desc: every call of the table
  condition: evt.type in (%s) and proc.name startswith python
  output: "%%evt.type %%evt.args | fd=%%fd.name %%fd.type"
  priority: INFO
"""


def every_call_is_told(work):
    names = calls_of_the_table()
    script = "".join("try:\n    %s\nexcept Exception as error:\n    print(%r, error)\n" % (call, call) for call, _ in CALLS)
    done = run(work, script, RULE % ", ".join(sorted(names)))
    lines = [line.split(": Informational ", 1)[1] for line in done.stdout.splitlines() if ": Informational " in line]
    check(done.returncode == 0 and done.stderr == "", "the script runs to its end", (done.returncode, done.stderr, done.stdout[-500:]))
    for call, expected in CALLS:
        kind = re.match(r"\w+", expected).group(0)
        same = [line for line in lines if line.startswith(kind + " ")]
        pattern = re.compile("(?:" + expected.replace("W/", re.escape(os.path.realpath(work)) + "/") + ")")
        check(any(pattern.match(line) for line in same), call, same[-3:])
    untested = names - {re.match(r"\w+", expected).group(0) for _, expected in CALLS}
    check(not untested, "every call of the table is made here", untested)


EVASIONS = r"""
import mmap
os.symlink("file", "alias")
open("alias", "w").close()
open("/proc/self/root" + os.getcwd() + "/rooted", "w").close()
print("x32", libc.syscall(0x40000000 | 2, b"x32", 0o101, 0o600), ctypes.get_errno(), os.path.exists("x32"))
print("clone3", libc.syscall(435, 0, 0), ctypes.get_errno())
if libc.syscall(56, 0x00800000 | 17, 0, 0, 0, 0) == 0:
    open("untraced", "w").close()
    os._exit(0)
os.wait()
# creat() by int 0x80: code and path below 4 GiB
libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(None, 4096, 7, 0x22 | 0x40, -1, 0)
code = bytes.fromhex("5389fb89f1b808000000cd805bc3")
ctypes.memmove(page, code, len(code))
ctypes.memmove(page + 256, b"gate", 5)
print("int80", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_uint)(page)(page + 256, 0o600) >= 0)
ghost = os.memfd_create("ghost")
os.write(ghost, open("/bin/true", "rb").read())
if os.fork() == 0:
    os.execve(ghost, ["ghost"], {})
os.wait()
if os.fork() == 0:
    os.execv("/bin/true", ["long", "x" * 100000, "end"])
os.wait()
"""
EVASION_RULE = """- rule: Act
  desc: what must not be hidden
  condition: >
    (evt.type in (open, openat, creat) and evt.is_open_write = true and fd.name contains /agent_calls.) or
    (evt.type in (execve, execveat) and (proc.is_exe_from_memfd = true or proc.args startswith xxx))
  output: "%evt.type %fd.name memfd=%proc.is_exe_from_memfd"
  priority: INFO
"""


def nothing_hides(work):
    done = run(work, EVASIONS, EVASION_RULE)
    told = [line.split(": Informational ", 1)[1] for line in done.stdout.splitlines() if ": Informational " in line]
    place = os.path.realpath(work) + "/"
    for name, sentence in (("file", "a link does not hide the file behind it"), ("rooted", "/proc/self/root does not"),
                           ("untraced", "a child made with CLONE_UNTRACED is followed"), ("gate", "int 0x80 is read")):
        check(any(line.startswith(("open", "creat")) and line.split()[1] == place + name for line in told), sentence, (told, done))
    check("x32 -1 38 False" in done.stdout and "clone3 -1 38" in done.stdout, "x32 and clone3 fail with ENOSYS", done.stdout[-300:])
    check("int80 True" in done.stdout, "a call by int 0x80 works", done.stdout[-300:])
    check(any("memfd=true" in line for line in told), "a program in memory alone is known as one", told[-3:])
    check(sum(line.startswith("execve <NA> memfd=false") for line in told) == 1, "very long arguments do not hide an exec", told[-3:])


def main():
    if not os.path.exists(AGENT) or platform.machine() != "x86_64":
        print("skipped: no secagent in %s, or not x86-64" % BIN)
        return SKIP
    for part in (every_call_is_told, nothing_hides):
        work = tempfile.mkdtemp(prefix="agent_calls.")
        try:
            part(work)
        finally:
            subprocess.run(["umount", work + "/new2"], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(work)
    return conclude()


sys.exit(main())
