"""A stranger at the intake's socket: nonsense before, instead of and inside of frames."""
import os
import socket
import struct

GREETING = b"\0SP\0" + struct.pack(">HH", 0x30, 0)  # REQ, as nng's peers greet each other
FRAME_TOO_LARGE = (4 << 20) + 4096
PATIENCE_S = 5


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF


def frame(message, version=1, codec=0):
    return struct.pack("<BBBBI", version, codec, 0, 0, crc32c(message)) + message


# One zstd frame that says it unpacks to 1 GiB: magic, single segment with 8 bytes of size, then nothing.
BOMB = struct.pack("<IBQ", 0xFD2FB528, 0xE0, 1 << 30) + b"\x01\x00\x00"


class Stranger:
    def __init__(self, path, random):
        self.path, self.random = path, random

    def say(self, *parts, greet=True):
        """What comes back is of no interest, and the other side may hang up at any time."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.settimeout(PATIENCE_S)
            try:
                stream.connect(self.path)
                if greet:
                    stream.sendall(GREETING)
                    stream.recv(len(GREETING))
                for part in parts:
                    stream.sendall(part)
                if parts and greet:
                    stream.recv(4096)
            except OSError:
                pass

    @staticmethod
    def request(content):
        body = struct.pack(">I", 0x80000001) + content
        return b"\x01" + struct.pack(">Q", len(body)) + body

    def attack(self):
        garbage = os.urandom(self.random.randrange(1, 4096))
        good = frame(b"\x08\x01")
        self.random.choice([
            lambda: self.say(garbage, greet=False),
            lambda: self.say(),
            lambda: self.say(self.request(garbage)),
            lambda: self.say(self.request(b"")),
            lambda: self.say(self.request(frame(garbage))),
            lambda: self.say(self.request(frame(garbage, version=9))),
            lambda: self.say(self.request(frame(BOMB, codec=1))),
            lambda: self.say(self.request(good)),
            lambda: self.say(self.request(good[:-1])),
            lambda: self.say(self.request(bytes(FRAME_TOO_LARGE))),
            lambda: self.say(b"\x01" + struct.pack(">Q", 1 << 62)),
            lambda: self.say(self.request(good)[:-1]),
        ])()
