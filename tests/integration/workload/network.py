"""A network of the test's own, as a task has one: ports are free, and nothing leaves it."""
import ctypes
import fcntl
import socket
import struct

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_REC_PRIVATE = 0x4000 | (1 << 18)
IFF_UP_RUNNING = 0x41
SIOCSIFADDR, SIOCSIFFLAGS = 0x8916, 0x8914


def enter():
    """Must come before any thread. Mounts that are made from now on are the test's own as well."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 or libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC_PRIVATE), None) != 0:
        raise OSError(ctypes.get_errno(), "could not make namespaces")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP_RUNNING))


def add_address(number, address):
    """The loopback device answers for this address too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sHH4s8x", b"lo:%d" % number, socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(any_socket, SIOCSIFADDR, request)


def listen(address, port):
    server = socket.create_server((address, port), backlog=64)
    return server
