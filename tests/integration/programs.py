"""What tests need to start our programs and to wait for them."""
import os
import socket
import time

WAIT_S = 90  # ends a test that would hang; nothing waits for it
SETTINGS = ("CLEWLINE_", "AWS_", "ECS_")


def environment(**more):
    """That of the test without anybody's settings, and with those."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS) and name != "DATABASE_URL"}
    return {**kept, **more}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, tries=WAIT_S * 10):
    """Asks again and again until the answer is true; the last answer."""
    for _ in range(tries):
        answer = what()
        if answer:
            return answer
        time.sleep(0.1)
    return what()
