# SPDX-License-Identifier: MPL-2.0
"""An example as a process of its own, for tests that share no code with it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest


def program(name: str) -> str:
    return os.path.join(os.environ["MIOCO_BUILD_DIR"], "examples", name)


def is_thread_sanitized() -> bool:
    cache = os.path.join(os.environ["MIOCO_BUILD_DIR"], "CMakeCache.txt")
    with open(cache, encoding="utf-8") as lines:
        return any(line.startswith("MIOCO_SANITIZE:") and line.endswith("=thread\n") for line in lines)


def cpu_time(process: subprocess.Popen) -> list[str]:
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[11:13]


def signal_when_idle(process: subprocess.Popen, number: int) -> None:
    """ThreadSanitizer keeps a signal that comes while a fiber runs until that fiber makes its next system call, which one that
    accepts never does if nobody connects any more."""
    before = None
    while is_thread_sanitized() and before != (before := cpu_time(process)):
        time.sleep(0.1)
    process.send_signal(number)


class ExampleServer:
    """Starts an example on a free port; ends it as Ctrl-C does, and expects status 0."""

    def __init__(self, name: str, *arguments: str, **options):
        # A shell that starts a test in the background has SIGINT ignored, which the program would inherit.
        self.process = subprocess.Popen([program(name), *(arguments or ["127.0.0.1:0"])],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options)
        self.stderr = ""
        self.greeting = self.process.stdout.readline()
        if not self.greeting.startswith("Starting "):
            self.process.kill()
            raise AssertionError(f"unexpected greeting {self.greeting!r}: {self.process.stderr.read()}")
        match = re.search(r" on (\S+):(\d+)", self.greeting)
        if match:
            self.host, self.port = match[1], int(match[2])

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port))

    def interrupt(self) -> int:
        signal_when_idle(self.process, signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Its status, when it has ended by itself."""
        status = self.process.wait()
        self.stderr = self.process.stderr.read()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace) -> None:
        if self.process.poll() is not None and (kind is not None or self.process.stdout.closed):
            return
        status = self.interrupt()
        if kind is None and (status != 0 or self.stderr):
            raise AssertionError(f"the server ended with status {status}: {self.stderr}")


def main() -> None:
    os.environ.setdefault("MIOCO_BUILD_DIR", sys.argv[1])
    unittest.main(argv=sys.argv[:1], module="__main__")
